"""Entities that are looked up: picked only while they are there, and as often as their segment and age say."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.engine.options import Options
from tests.written import Tables, written

SELLERS = 300


def document(*, factor: float = 4.0, fade: bool = False, process: bool = True) -> dict[str, Any]:
    seller: dict[str, Any] = {
        "name": "sellers",
        "rows": SELLERS,
        "columns": {
            "size": {"choices": {"big": "20%", "small": "80%"}},
            "opened": {"datetime_series": {"within": {"start": "2023-01-01", "end": "2024-10-31"}}, "role": "created"},
        },
        "segment_behavior": {"big": {"fanout_multiplier": factor}, "small": {}},
    }
    if fade:
        seller["vintage_behavior"] = {
            "age_based_multipliers": {"fade": {"curve": [1, 0.6, 0.3], "time_unit": "month", "mode": "rate"}}
        }
    return {
        "name": "market",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {"name": "buyers", "rows": 2_000, "columns": {"country": {"choices": ["DE", "FR"]}}},
            seller,
            {
                "name": "sales",
                "parents": ["buyers", "sellers"],
                "fanout": {"poisson": 2, "per": "month"} if process else {"poisson": 24},
                "columns": {
                    "seller": {"ref": "sellers"},
                    "sold": {"role": "time"} if process else {"datetime_series": {}, "role": "time"},
                },
            },
        ],
    }


def asks_for_the_ratio(tables: Tables) -> None:
    """Sales per open seller and day: big sellers have four times those of small ones."""
    rows = dict(
        tables.rows(
            """select size, sum(n) / sum(days) from (
            select s.size, count(b.sales_id) as n, 365 - greatest(0, any_value(date_diff('day', timestamp '2024-01-01', s.opened))) as days
            from sellers s left join sales b on b.seller = s.sellers_id group by s.sellers_id, s.size) group by 1"""
        )
    )
    ratio = rows["big"] / rows["small"]
    # later sellers meet more competitors: days are worth less, alike for both sizes; 60 big sellers of about 600 sales
    error = 4 * math.sqrt((0.4**2 + 1 / 600) / 60)
    assert abs(ratio - 4) < 4 * error, f"estimate {ratio:.2f}, target 4 ± {error:.2f}"


def test_a_segment_that_is_looked_up_is_picked_as_often_as_declared(tmp_path: Path) -> None:
    asks_for_the_ratio(written(document(), tmp_path / "data"))


def test_without_the_multiplier_it_is_not(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="target 4"):
        asks_for_the_ratio(written(document(factor=1.0), tmp_path / "data"))


@pytest.mark.parametrize("process", [True, False], ids=["rate", "datetime_series"])
def test_nobody_sells_before_opening(tmp_path: Path, process: bool) -> None:
    tables = written(document(process=process), tmp_path / "data")
    early, sales = tables.row(
        "select count(*) filter (sold < opened), count(*) from sales join sellers on seller = sellers_id"
    )
    assert early == 0
    assert sales > 40_000
    # sellers that opened during the year do sell in it
    assert (
        tables.value(
            "select count(distinct seller) from sales join sellers on seller = sellers_id where opened > '2024-06-01'"
        )
        > 30
    )


def asks_for_fading(tables: Tables) -> None:
    """Sales per month of age, against all sellers that were open then: 1, 0.6, 0.3, relative."""
    shares = dict(
        tables.rows(
            """select age, count(*) from (
            select floor(epoch(sold - opened) / 86400 / 30.4375) as age from sales join sellers on seller = sellers_id
            where opened between '2024-02-01' and '2024-06-01') group by 1"""
        )
    )
    ratio = shares[2] / shares[0]
    assert abs(ratio - 0.3) < 0.06, f"estimate {ratio:.3f}, target 0.3"


def test_the_age_of_who_is_looked_up_weighs_the_picks(tmp_path: Path) -> None:
    asks_for_fading(written(document(fade=True), tmp_path / "data"))


def test_without_the_curve_it_does_not(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"target 0\.3"):
        asks_for_fading(written(document(), tmp_path / "data"))


def test_workers_leave_no_trace(tmp_path: Path) -> None:
    made = [
        api.generate(api.prepare(document(fade=True)), tmp_path / str(workers), Options(workers=workers))
        for workers in (1, 2)
    ]
    assert made[0].content_hash == made[1].content_hash
