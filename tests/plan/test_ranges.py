"""Ranges of times: an end is a date or a time, what a generator can never reach is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import codes_of, findings_of, plan_of


def schema(low: Any, high: Any, column: dict[str, Any]) -> dict[str, Any]:
    ends = {key: end for key, end in (("min", low), ("max", high)) if end is not None}
    return {
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "nodes": [{"id": "visit", "rows": 5, "columns": [{"name": "at", **column}]}],
        "constraints": {"ranges": [{"attr": "visit.at", **ends}]},
    }


DAYS = {"datetime_series": {"freq": "D"}}


def status_of(low: Any, high: Any, column: dict[str, Any]) -> str:
    return next(one.status for one in plan_of(schema(low, high, column)).constraints if one.kind == "range")


@pytest.mark.parametrize("type", ["datetime", "date"])
@pytest.mark.parametrize(
    ("low", "high"), [("2024-01-01", None), (None, "2024-12-31"), ("2000-01-01", "2024-12-31T12:00:00Z")]
)
def test_a_range_of_times_that_the_generator_keeps_is_held(type: str, low: str | None, high: str | None) -> None:
    assert status_of(low, high, {"type": type, **DAYS}) == "held"


def test_a_range_that_cuts_the_window_is_looked_at_afterwards() -> None:
    assert status_of("2024-06-01", None, DAYS) == "checked"


def test_a_range_outside_the_window_is_refused_with_the_dates_that_are_made() -> None:
    [finding] = findings_of(schema("2030-01-01", None, DAYS))
    assert finding.code == "constraint.cannot_hold"
    assert "2024-01-01" in finding.found
    assert "2024-12-31" in finding.found


@pytest.mark.parametrize("end", [5, "soon", "2024-13-01"])
def test_an_end_that_is_no_time_is_refused(end: Any) -> None:
    assert codes_of(schema(end, None, DAYS)) == ["constraint.cannot_hold"]


def test_an_end_that_is_no_number_is_refused() -> None:
    assert codes_of(schema("2024-01-01", None, {"uniform": {"low": 1, "high": 2}})) == ["constraint.cannot_hold"]
