"""Lengths of time and grids, in every spelling that the language takes."""

from __future__ import annotations

from typing import Any

import pytest

from datagen.schema.durations import Frequency, duration_text, parse_duration, parse_frequency

DAY = 86_400_000_000
HOUR = DAY // 24


@pytest.mark.parametrize(
    ("written", "microseconds"),
    [
        ("3d", 3 * DAY),
        ("36h", 36 * HOUR),
        ("5min", 300_000_000),
        ("5T", 300_000_000),
        ("2w", 14 * DAY),
        ("90s", 90_000_000),
        ("250ms", 250_000),
        ("10us", 10),
        ("1.5 days", 36 * HOUR),
        (" 2 Hours ", 2 * HOUR),
        ("-3d", -3 * DAY),
        ("+1h", HOUR),
        ("1mo", 2_629_800_000_000),
        ("12 months", 31_557_600_000_000),
        ("1y", 31_557_600_000_000),
        ("1q", 7_889_400_000_000),
        ({"days": 3}, 3 * DAY),
        ({"days": 1, "hours": 12}, 36 * HOUR),
        ({"weeks": 0.5}, 84 * HOUR),
        ({"minute": 1}, 60_000_000),
        ("0d", 0),
        ("0.1s", 100_000),
        ("0.3 us", 0),
    ],
)
def test_durations(written: Any, microseconds: int) -> None:
    assert parse_duration(written) == microseconds


@pytest.mark.parametrize(
    "written",
    [
        "3",
        "d",
        "5m",
        "3 fortnights",
        "1e3d",
        "d3",
        "",
        "3dd",
        "3d 2h",
        "9" * 18 + "y",
        3,
        3.0,
        None,
        True,
        [],
        {},
        {"d": 3},
        {"days": "3"},
        {"days": True},
        {"days": float("nan")},
        {"days": float("inf")},
        {"days": 1, "moons": 2},
        {1: 2},
    ],
)
def test_what_is_no_duration(written: Any) -> None:
    assert parse_duration(written) is None


@pytest.mark.parametrize(
    ("written", "count", "unit"),
    [
        ("h", 1, "hour"),
        ("H", 1, "hour"),
        ("D", 1, "day"),
        ("w", 1, "week"),
        ("M", 1, "month"),
        ("m", 1, "month"),
        ("MS", 1, "month"),
        ("ms", 1, "millisecond"),
        ("Q", 1, "quarter"),
        ("Y", 1, "year"),
        ("min", 1, "minute"),
        ("T", 1, "minute"),
        ("15min", 15, "minute"),
        ("15T", 15, "minute"),
        ("S", 1, "second"),
        ("us", 1, "microsecond"),
        ("day", 1, "day"),
        ("2 weeks", 2, "week"),
        ("monthly", 1, "month"),
        ("QS", 1, "quarter"),
        ("07d", 7, "day"),
    ],
)
def test_frequencies(written: str, count: int, unit: str) -> None:
    assert parse_frequency(written) == Frequency(count, unit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written", ["", "5", "0d", "00h", "1.5h", "-1d", "fortnight", "W-MON", None, 5, "1" * 10 + "d"]
)
def test_what_is_no_frequency(written: Any) -> None:
    assert parse_frequency(written) is None


def test_steps_of_grids_that_follow_the_calendar_are_not_fixed() -> None:
    assert Frequency(15, "minute").microseconds == 900_000_000
    assert Frequency(2, "week").microseconds == 14 * DAY
    assert Frequency(1, "month").microseconds is None


def test_lengths_as_messages_show_them() -> None:
    shown = [duration_text(length) for length in (DAY, 36 * HOUR, 25 * HOUR, 90_000_000, 1_500, 3, 0, -2 * DAY)]
    assert shown == ["1d", "1.5d", "25h", "1.5min", "1.5ms", "3us", "0us", "-2d"]
