"""`check` on rows that come first, or late: before their parent, without the stage before, slow stages, tables without rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.checks.broken import TIMES, Edit, edited, failures, judged, publish

CLUB: dict[str, Any] = {
    "name": "club",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {"name": "members", "rows": 300, "columns": {"joined_at": {"datetime_series": {"within": {"start": "2023-10-01", "end": "2024-10-31"}}, "role": "created"}}},
        {
            "name": "contracts",
            "parents": ["members"],
            "state_transition_model": {"initial_state": "active", "states": {"active": {"ended": "20%"}, "ended": {}}},
        },
        {
            "name": "steps",
            "parents": ["members"],
            "stage_config": {"stages": [{"stage_name": "asked"}, {"stage_name": "tried", "transition_rate": 0.8, "skip_rate": 0.3}, {"stage_name": "joined", "transition_rate": 0.9}, {"stage_name": "paid", "transition_rate": 0.9}]},
        },
        {"name": "visits", "parents": ["members"], "fanout": {"poisson": 1, "per": "month"}, "columns": {"visited_at": {"datetime_series": {}}}},
        {"name": "apps", "parents": ["members"], "adoption_model": {"p": 0.05, "q": 0.3, "time_unit": "month"}},
        {"name": "guests", "parents": ["members"], "fanout": {"poisson": 0.2}, "columns": {"name": {"choices": ["a", "b"]}}},
        {"name": "awards", "parents": ["members"], "fanout": {"poisson": 0.002}, "columns": {"name": {"choices": ["a", "b"]}}},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(CLUB, tmp_path_factory.mktemp("whole") / "club")


def test_whole_data_have_no_failure(whole: Path) -> None:
    checked = judged(whole, CLUB)
    assert failures(checked) == {}
    codes = [(one.code, one.place) for one in checked.report.results if one.score is not None]
    assert {("value.before_creation", f"{name}") for name in ("visits.visited_at", "contracts.changed_at")} <= set(
        codes
    )
    assert codes.count(("value.chain", "contracts.changed_at")) == 1
    assert codes.count(("value.stage_order", "steps.stage_name")) == 1


def earlier(column: str, rows: pl.Expr) -> Edit:
    """The times of some rows, two years before."""
    long_ago = pl.when(rows).then(pl.lit("2022-05-01T00:00:00Z")).otherwise(pl.col(column))
    return lambda frame: frame.with_columns(long_ago.alias(column))


def later(frame: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("previous_state").is_null() & (pl.int_range(pl.len()) < 40)
    moved = pl.when(first).then(pl.lit("2024-12-30T00:00:00Z")).otherwise(pl.col("changed_at"))
    return frame.with_columns(changed_at=moved)


CASES: list[Any] = [
    ("contracts", later, "value.chain", "contracts.changed_at"),
    pytest.param("contracts", earlier("changed_at", pl.col("previous_state").is_null()), "value.before_creation", "contracts.changed_at", marks=pytest.mark.slow),
    ("visits", earlier("visited_at", pl.int_range(pl.len()) == 7), "value.before_creation", "visits.visited_at"),
    ("steps", lambda frame: frame.filter(pl.col("stage_name") != "joined"), "value.stage_order", "steps.stage_name"),
    pytest.param("steps", lambda frame: frame.filter(pl.col("stage_name") != "asked"), "value.stage_order", "steps.stage_name", marks=pytest.mark.slow),
    ("visits", lambda frame: frame.clear(), "structure.row_count", "visits"),
    ("guests", lambda frame: frame.clear(), "structure.row_count", "guests"),
    pytest.param("contracts", lambda frame: frame.clear(), "structure.row_count", "contracts", marks=pytest.mark.slow),
]  # fmt: skip


@pytest.mark.parametrize(("table", "edit", "code", "place"), CASES)
def test_broken_beginnings_fail(whole: Path, tmp_path: Path, table: str, edit: Edit, code: str, place: str) -> None:
    checked = judged(edited(whole, tmp_path / "club", table, edit), CLUB)
    assert (code, place) in failures(checked)
    if code == "structure.row_count":
        assert checked.report.score.total <= 50
        assert "no rows at all" in checked.report.failed[0].finding().found


def test_a_stage_that_may_be_skipped_and_a_table_that_may_be_empty_are_no_failures(whole: Path, tmp_path: Path) -> None:
    half = edited(whole, tmp_path / "half", "steps", lambda frame: frame.filter(pl.col("stage_name") != "tried"))
    empty = edited(half, tmp_path / "club", "awards", lambda frame: frame.clear())
    found = failures(judged(empty, CLUB))
    assert ("value.stage_order", "steps.stage_name") not in found
    assert ("structure.row_count", "awards") not in found


def test_stages_that_take_longer_and_fewer_adopters_fail(whole: Path, tmp_path: Path) -> None:
    when = pl.col("event_timestamp").str.to_datetime(TIMES, strict=False)
    later = pl.when(pl.col("stage_name") == "paid").then(when + pl.duration(hours=36)).otherwise(when)
    slow = edited(
        whole, tmp_path / "slow", "steps",
        lambda frame: frame.with_columns(event_timestamp=later.dt.strftime("%Y-%m-%dT%H:%M:%SZ")),
    )  # fmt: skip
    few = edited(slow, tmp_path / "club", "apps", lambda frame: frame.gather_every(3))
    sound = {one.hint: one for one in judged(whole, CLUB).report.results}
    failed = {one.hint: one for one in judged(few, CLUB).report.failed}
    for name in ("steps.paid.dwell", "apps.adopted.0.5"):
        assert sound[name].score == 1.0
        assert failed[name].code == "effect.missed"
        assert failed[name].tolerance == sound[name].tolerance
    assert "steps.joined.dwell" not in failed
