"""Values of the wrong sort in places where a plan reads them before their part does: each is a finding, never a crash."""

from __future__ import annotations

import pytest

from tests.support import codes_of


@pytest.mark.parametrize("values", ["-3.7", "true", "{a: 1}", "x"])
def test_listed_values_that_are_no_list_are_refused(values: str) -> None:
    assert codes_of(f"tables: [{{name: sizes, columns: {{size: {{enum_list: {{values: {values}}}}}}}}}]") == [
        "language.wrong_type"
    ]


@pytest.mark.parametrize(("low", "high"), [("5", "2024-01-01"), ("2024-01-01", "5"), ("a", "1.5")])
def test_a_range_from_a_number_to_a_time_is_refused(low: str, high: str) -> None:
    text = f"""
    tables: [{{name: users, columns: {{age: {{uniform: {{low: 1, high: 9}}}}}}}}]
    constraints: {{ranges: [{{attr: users.age, min: {low}, max: {high}}}]}}
    """
    assert codes_of(text) == ["constraint.cannot_hold"]


@pytest.mark.parametrize("days", ["9000000", "1e15", "1e300"])
def test_a_window_beyond_the_calendar_is_refused(days: str) -> None:
    text = f"""
    timeframe: {{start: 2024-01-01, days: {days}}}
    tables: [{{name: users, columns: {{born: {{faker: date_of_birth}}, seen: {{datetime_series: {{}}}}}}}}]
    """
    assert codes_of(text) == ["time.days"]
