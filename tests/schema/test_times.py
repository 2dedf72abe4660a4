"""Times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.schema.times import DAY_US, FIRST_US, LAST_US, parse_time, show_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01", 0),
        ("2024-02-29", 1_709_164_800_000_000),
        ("2024-02-29T12:30:00Z", 1_709_209_800_000_000),
        ("2024-02-29 12:30", 1_709_209_800_000_000),
        ("2024-02-29t12:30:00z", 1_709_209_800_000_000),
        ("2024-02-29T14:30:00+02:00", 1_709_209_800_000_000),
        ("2024-02-29T07:30:00-0500", 1_709_209_800_000_000),
        ("2024-02-29T12:30:00.25Z", 1_709_209_800_250_000),
        ("2024-02-29T12:30:00.1234567Z", 1_709_209_800_123_456),
        ("0001-01-01", FIRST_US),
    ],
)
def test_a_time_is_read_as_utc(text: str, expected: int) -> None:
    assert parse_time(text) == expected


def test_a_date_as_end_includes_its_whole_day_and_a_time_does_not_move() -> None:
    assert parse_time("2024-12-31", end=True) == parse_time("2025-01-01")
    assert parse_time("2024-12-31T23:59:59Z", end=True) == parse_time("2024-12-31T23:59:59Z")
    assert parse_time("9999-12-31", end=True) == LAST_US


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("2024-02-30", "February 2024 has 29 days"),
        ("2025-02-29", "February 2025 has 28 days"),
        ("1900-02-29", "February 1900 has 28 days"),
        ("2024-04-31", "April 2024 has 30 days"),
        ("2024-01-00", "January 2024 has 31 days"),
        ("2025-13-01", "months run from 01 to 12"),
        ("2025-00-01", "months run from 01 to 12"),
        ("0000-01-01", "supported years are 0001 to 9999"),
        ("10000-01-01", "supported years are 0001 to 9999"),
        ("99999999-01-01", "supported years are 0001 to 9999"),
        ("-0044-03-15", "supported years are 0001 to 9999"),
        ("0001-01-01T00:00+05:00", "supported years are 0001 to 9999, in UTC"),
        ("9999-12-31T23:00-05:00", "supported years are 0001 to 9999, in UTC"),
        ("2024-01-01T24:61", "hours run from 00 to 23"),
        ("2024-01-01T24:00", "write 00:00 of the next day"),
        ("2024-01-01T12:60", "minutes run from 00 to 59"),
        ("2016-12-31T23:59:60Z", "leap seconds do not exist here"),
        ("2024-01-01T12:00:61", "seconds run from 00 to 59"),
        ("2024-01-01T12:00+19:00", "from -14:00 to +14:00"),
        ("24:61", "is not a time such as"),
        ("2024-1-1", "is not a time such as"),
        ("01/02/2024", "is not a time such as"),
        ("", "is not a time such as"),
        (20240101, "20240101 is not a time such as"),
        (None, "null is not a time such as"),
    ],
)
def test_an_impossible_time_says_why(text: object, fault: str) -> None:
    found = parse_time(text)
    assert isinstance(found, str)
    assert fault in found


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)), st.integers(-14 * 60, 14 * 60))
def test_every_iso_spelling_of_a_moment_is_the_same_moment(naive: datetime, offset: int) -> None:
    moment = naive.replace(tzinfo=UTC)
    assert parse_time(moment.isoformat()) == micros(moment)
    assert parse_time(moment.astimezone(timezone(timedelta(minutes=offset))).isoformat()) == micros(moment)
    assert parse_time(naive.isoformat(sep=" ")) == micros(moment)


@given(st.integers(FIRST_US, LAST_US - 1))
def test_a_shown_time_reads_back_as_itself(instant: int) -> None:
    assert parse_time(show_time(instant)) == instant


def test_times_beyond_the_calendar_are_shown_in_words() -> None:
    assert show_time(LAST_US) == "the end of 9999-12-31"
    assert show_time(LAST_US + 1) == "after the year 9999"
    assert show_time(FIRST_US - 1) == "before the year 0001"
    assert show_time(DAY_US) == "1970-01-02"
