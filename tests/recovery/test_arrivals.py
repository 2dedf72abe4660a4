"""Entities that arrive at a rate: how many, how fast they grow, and that a longer window only adds more."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen import api
from datagen.engine.options import Options
from datagen.errors import SchemaError
from tests.written import Tables, written

MONTHS = 24


def document(
    *, growth: float | None = 0.05, rate: float = 500, end: str = "2025-12-31", visits: bool = False
) -> dict[str, Any]:
    rows: dict[str, Any] = {"per": "month", "rate": rate}
    if growth is not None:
        rows["multipliers"] = [{"trend": {"growth_rate": growth, "time_unit": "month"}}]
    tables: list[dict[str, Any]] = [
        {
            "name": "users",
            "rows": rows,
            "columns": {"plan": {"choices": ["free", "pro"]}, "joined": {"role": "created"}},
        }
    ]
    if visits:
        tables.append(
            {
                "name": "visits",
                "parents": ["users"],
                "fanout": {"poisson": 1, "per": "month"},
                "columns": {"at": {"role": "time"}},
            }
        )
    return {"name": "growth", "timeframe": {"start": "2024-01-01", "end": end}, "tables": tables}


def growth_of(tables: Tables) -> tuple[float, float]:
    """Slope of log monthly arrivals and its standard error."""
    counts = np.array(
        [
            n
            for _, n in tables.rows(
                "select date_trunc('month', joined) as m, count(*) from users group by 1 order by 1"
            )
        ]
    )
    x = np.arange(len(counts)) - (len(counts) - 1) / 2
    slope = float((x * np.log(counts)).sum() / (x * x).sum())
    return slope, math.sqrt(float((x * x / counts).sum())) / float((x * x).sum())


def asks_for_growth(tables: Tables) -> None:
    slope, error = growth_of(tables)
    assert abs(slope - math.log(1.05)) < 4 * error, f"estimate {slope:.4f}, target {math.log(1.05):.4f} ± {error:.4f}"


def test_arrivals_grow_as_declared(tmp_path: Path) -> None:
    asks_for_growth(written(document(), tmp_path / "data"))


def test_without_a_trend_they_do_not(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"target 0\.0488"):
        asks_for_growth(written(document(growth=None), tmp_path / "data"))


def test_as_many_arrive_as_the_rate_says(tmp_path: Path) -> None:
    tables = written(document(growth=None), tmp_path / "data")
    rows, first, last = tables.row("select count(*), min(joined), max(joined) from users")
    expected = 500 * 731 / 30.4375
    assert abs(rows - expected) < 4 * math.sqrt(expected), f"{rows} rows, target {expected:.0f}"
    assert (str(first)[:7], str(last)[:7]) == ("2024-01", "2025-12")
    assert tables.value(
        "select bool_and(joined >= before) from (select joined, lag(joined) over (order by users_id) as before from users)"
    )


def test_a_longer_window_only_adds_rows(tmp_path: Path) -> None:
    short = written(document(end="2024-12-31", visits=True), tmp_path / "short")
    long = written(document(end="2025-12-31", visits=True), tmp_path / "long")
    ask = "select users_id, joined, plan from users where joined < '2025-01-01' order by 1"
    assert short.rows(ask) == long.rows(ask)
    assert long.value("select count(*) from users") > 1.5 * short.value("select count(*) from users")
    ask = 'select users_id, v."at" from visits as v where v."at" < \'2025-01-01\' order by 1, 2'
    assert short.rows(ask) == long.rows(ask)


def test_workers_leave_no_trace(tmp_path: Path) -> None:
    made = [
        api.generate(api.prepare(document(visits=True)), tmp_path / str(workers), Options(workers=workers))
        for workers in (1, 2)
    ]
    assert made[0].content_hash == made[1].content_hash


def test_the_scale_multiplies_the_rate() -> None:
    one, three = (api.prepare(document(growth=None), scale=scale).bind().tables["users"].rows for scale in (1.0, 3.0))
    assert one is not None
    assert three is not None
    assert abs(three / one - 3) < 0.1


def test_arrivals_without_a_column_for_their_time_are_refused() -> None:
    broken = document()
    del broken["tables"][0]["columns"]["joined"]
    with pytest.raises(SchemaError) as refused:
        api.prepare(broken).bind()
    assert [one.code for one in refused.value.findings] == ["arrivals.no_time"]
