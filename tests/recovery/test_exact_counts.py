"""Exact totals, means and regular grids: counts that are right to the row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.errors import SchemaError
from tests.written import written


def document(fanout: dict[str, Any], *, users: int = 500, columns: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": "counts",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {"name": "users", "rows": users, "columns": {"joined": {"datetime_series": {}, "role": "created"}}},
            {
                "name": "cards",
                "parents": ["users"],
                "fanout": fanout,
                "columns": columns or {"kind": {"choices": ["a", "b"]}},
            },
        ],
    }


@pytest.mark.parametrize("total", [500, 777, 1_000, 1_250, 1_999, 2_000])
def test_a_total_is_kept_to_the_row_inside_min_and_max(tmp_path: Path, total: int) -> None:
    tables = written(document({"min": 1, "max": 4, "total": total}), tmp_path / "data")
    counts = tables.rows("select n, count(*) from (select count(*) as n from cards group by users_id) group by 1")
    assert sum(n * users for n, users in counts) == total
    assert sum(users for _, users in counts) == 500
    assert min(n for n, _ in counts) >= 1
    assert max(n for n, _ in counts) <= 4


def test_without_a_total_the_sum_is_what_chance_makes_it(tmp_path: Path) -> None:
    tables = written(document({"min": 1, "max": 4}), tmp_path / "data")
    assert tables.value("select count(*) from cards") != 1_250


def test_a_tilted_law_is_the_nearest_to_the_one_declared(tmp_path: Path) -> None:
    """Uniform on 1..4 tilted to a mean of 2: chances proportional to e^(-0.4198 x) (maximum entropy)."""
    tables = written(document({"min": 1, "max": 4, "mean": 2}, users=20_000), tmp_path / "data")
    found = dict(
        tables.rows("select n, count(*) / 20000 from (select count(*) as n from cards group by users_id) group by 1")
    )
    # solve for the tilt by hand: 0.4174, 0.2743, 0.1803, 0.1185 have the mean 2.01; the exact values are below
    weights = {n: 2.718281828459045 ** (-0.4198 * n) for n in (1, 2, 3, 4)}
    for n, weight in weights.items():
        assert abs(found[n] - weight / sum(weights.values())) < 0.002


def test_a_total_out_of_reach_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(SchemaError) as refused:
        api.prepare(document({"min": 1, "max": 4, "total": 2_001})).bind()
    [finding] = refused.value.findings
    assert finding.code == "fanout.total_out_of_reach"
    assert "500 to 2,000" in finding.expected


def test_stretch_lets_the_ends_give_way(tmp_path: Path) -> None:
    tables = written(document({"min": 1, "max": 4, "total": 3_000, "stretch": True}), tmp_path / "data")
    assert tables.value("select count(*) from cards") == 3_000


def test_any_law_can_be_tilted_to_a_total(tmp_path: Path) -> None:
    tables = written(document({"poisson": 2, "total": 1_700}), tmp_path / "data")
    assert tables.value("select count(*) from cards") == 1_700
    variance = tables.value(
        "select var_pop(n) from (select count(cards_id) as n from users left join cards using (users_id) group by users_id)"
    )
    assert 2.5 < variance < 4.5  # a Poisson tilted by e^(theta x) is a Poisson of mean 3.4


AT = {"moment": {"role": "time"}}


def test_a_grid_has_a_row_at_every_point_while_the_parent_is_there(tmp_path: Path) -> None:
    tables = written(document({"every": "12h"}, columns=AT), tmp_path / "data")
    wrong = tables.value("select count(*) from cards where epoch(moment) % 43200 != 0")
    gaps = tables.value(
        "select count(*) from (select moment - lag(moment) over (partition by users_id order by moment) as gap from cards) where gap != interval '12 hours'"
    )
    early = tables.value("select count(*) from cards join users using (users_id) where moment < joined")
    assert (wrong, gaps, early) == (0, 0, 0)
    late = tables.value(
        "select count(*) from (select min(moment) as first, any_value(joined) as joined from cards join users using (users_id) group by users_id) "
        "where first - joined >= interval '12 hours'"
    )
    assert late == 0
    assert str(tables.value("select max(moment) from cards")) == "2024-12-31 12:00:00"


def test_a_monthly_grid_stands_on_the_first_of_the_month(tmp_path: Path) -> None:
    tables = written(document({"every": "month", "until": "2024-06-30"}, columns=AT), tmp_path / "data")
    days, months = tables.row("select max(day(moment)), count(distinct month(moment)) from cards")
    assert (days, months) == (1, 5)  # nobody was there before the second month began
    assert tables.value("select max(moment) < '2024-07-01' from cards")


def test_a_grid_ends_where_the_parent_says(tmp_path: Path) -> None:
    changed = document({"every": "day", "from": "joined", "until": "joined + interval 10 days"}, columns=AT)
    tables = written(changed, tmp_path / "data")
    most = tables.value("select max(n) from (select count(*) as n from cards group by users_id)")
    assert most == 10
