"""`check` on when rows fall: hours, weekdays, months and months of the window that are not what was declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.checks.broken import TIMES, Edit, edited, failures, judged, publish

DAY = [1, 1, 1, 1, 1, 1, 2, 4, 8, 9, 9, 8, 7, 7, 8, 9, 8, 6, 4, 3, 2, 2, 1, 1]
DESK: dict[str, Any] = {
    "name": "desk",
    "timeframe": {"start": "2023-01-01", "end": "2024-12-31"},
    "tables": [
        {
            "name": "clients",
            "rows": 2_000,
            "columns": {
                "joined_at": {"datetime_series": {}, "role": "created", "modifiers": [{"trend": {"growth_rate": "80%", "applies_to": "acquisition"}}]},
                "born": {"datetime_series": {"within": {"start": "1960-01-01", "end": "1999-12-31"}, "pattern": {"dimension": "month", "weights": [1, 1, 1, 1, 1, 1, 1, 2, 2, 1, 1, 1]}}, "type": "date"},
            },
            "vintage_behavior": {"age_based_multipliers": {"decay": {"curve": [1, 0.6, 0.4, 0.3], "time_unit": "month", "applies_to": "fanout"}}},
        },
        {
            "name": "calls",
            "parents": ["clients"],
            "fanout": {"poisson": 1, "per": "month", "heterogeneity": {"gamma": 1.5}, "multipliers": [{"seasonality": {"dimension": "month", "weights": [1, 1, 1, 1, 1, 1, 2, 2, 1, 1, 1, 2]}}]},
            "columns": {"called_at": {"datetime_series": {"pattern": [{"dimension": "hour", "weights": DAY}, {"dimension": "dow", "weights": [1, 1, 1, 1, 1, 2, 0.5]}]}}},
        },
        {"name": "letters", "rows": 4_000, "columns": {"kind": {"choices": ["web", "shop"]}, "closed_at": {"datetime_series": {"by": {"kind": {"shop": {"pattern": {"dimension": "dow", "weights": [1, 1, 1, 1, 1, 2, 2]}}, "else": {}}}}}, "filed_at": {"datetime_series": {"pattern": {"dimension": "hour", "weights": DAY}}}, "sent_at": {"datetime_series": {}}, "read_at": {"datetime_series": {}}}},
    ],
    "constraints": {"inequalities": [{"left": "letters.sent_at", "op": "<=", "right": "letters.read_at"}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(DESK, tmp_path_factory.mktemp("whole") / "desk")


def test_times_fall_as_declared(whole: Path) -> None:
    checked = judged(whole, DESK)
    assert failures(checked) == {}
    judged_ones = {one.place for one in checked.report.results if one.code == "law.calendar" and one.score is not None}
    assert judged_ones == {"clients.joined_at", "clients.born", "calls.called_at", "letters.filed_at"}


def moved(column: str, duration: str) -> Edit:
    later = pl.col(column).str.to_datetime(TIMES, strict=False).dt.offset_by(duration)
    return lambda frame: frame.with_columns(later.dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias(column))


def time(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime(TIMES, strict=False)


def even(frame: pl.DataFrame) -> pl.DataFrame:
    """Clients that came evenly over the window: nobody came later than others."""
    span = pl.int_range(pl.len()) * (2 * 365 * 86_400 // pl.len())
    days = (pl.lit("2023-01-01T00:00:00Z").str.to_datetime(TIMES) + pl.duration(seconds=span)).shuffle(seed=1)
    return frame.with_columns(joined_at=days.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


CASES: list[Any] = [
    ("calls", moved("called_at", "1h"), "calls.called_at", "hour "),
    pytest.param("letters", moved("filed_at", "-1h"), "letters.filed_at", "hour ", marks=pytest.mark.slow),
    pytest.param("calls", moved("called_at", "1d"), "calls.called_at", "days)", marks=pytest.mark.slow),
    pytest.param(
        "calls",
        lambda frame: frame.filter(time("called_at").dt.month() != 7),
        "calls.called_at",
        "2024-07",
        marks=pytest.mark.slow,
    ),
    pytest.param("clients", even, "clients.joined_at", "2023-0", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("table", "edit", "place", "worst"), CASES)
def test_times_that_fall_otherwise_fail(
    whole: Path, tmp_path: Path, table: str, edit: Edit, place: str, worst: str
) -> None:
    found = failures(judged(edited(whole, tmp_path / "desk", table, edit), DESK))
    result = found["law.calendar", place]
    assert worst in result.about
    assert result.tolerance is not None


SALES: dict[str, Any] = {
    "name": "sales",
    "timeframe": {"start": "2024-01-01", "end": "2025-12-31"},
    "tables": [
        {"name": "users", "rows": 3_000, "columns": {"plan": {"choices": {"a": "50%", "b": "50%"}}, "created_at": {"datetime_series": {}, "role": "created"}}},
        {"name": "campaigns", "kind": "vocab", "columns": {"campaign": {"type": "string"}, "of": {"type": "string"}, "first": {"type": "date"}, "last": {"type": "date"}, "lift": {"type": "float"}}, "data": [{"campaign": "x", "of": "a", "first": "2024-11-05", "last": "2024-12-01", "lift": 4.0}]},
        {"name": "visits", "parents": ["users"], "fanout": {"poisson": 0.8, "per": "month", "multipliers": [{"effect": {"effect_table": "campaigns", "window": {"start_col": "first", "end_col": "last"}, "map": {"field": "lift"}}}]}, "columns": {"at": {"datetime_series": {"pattern": [{"dimension": "hour", "weights": DAY}]}, "role": "time"}}},
        {"name": "offers", "parents": ["users"], "fanout": {"poisson": 0.5, "per": "month", "multipliers": [{"effect": {"effect_table": "campaigns", "on": {"plan": "of"}, "window": {"start_col": "first", "end_col": "last"}, "map": {"field": "lift"}}}]}, "columns": {"at": {"datetime_series": {}, "role": "time"}}},
        {"name": "calls", "parents": ["users"], "fanout": {"poisson": 0.1, "per": "month", "noise": {"std": 0.2}}, "columns": {"at": {"datetime_series": {}, "role": "time"}}},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(SALES, tmp_path_factory.mktemp("sales") / "sales")


def cut_out(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(time("at").dt.strftime("%Y-%m") != "2024-06")


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Without most of the rows that the effect brings."""
    return frame.filter((time("at").dt.strftime("%Y-%m") != "2024-11") | (pl.int_range(pl.len()) % 3 == 0))


def test_windows_of_an_effect_are_in_the_shares(sales: Path, tmp_path: Path) -> None:
    checked = judged(sales, SALES)
    assert failures(checked) == {}
    told = {one.place: one.reason for one in checked.report.results if one.code == "law.calendar" and one.score is None}
    assert list(told) == ["calls.at"]
    assert "noise" in told["calls.at"]
    for table in ("visits", "offers"):
        for edit, month in ((cut_out, "2024-06"), (flat, "2024-11")):
            found = failures(judged(edited(sales, tmp_path / table / month, table, edit), SALES))
            assert month in found["law.calendar", f"{table}.at"].about
