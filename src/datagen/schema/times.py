"""Reads times as people write them (ISO 8601, dates, offsets) into microseconds UTC, and shows them in messages."""

from __future__ import annotations

import re
from datetime import date

from datagen.errors import quoted

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
EPOCH_DAY = date(1970, 1, 1).toordinal()
FIRST_US = (date(1, 1, 1).toordinal() - EPOCH_DAY) * DAY_US
LAST_US = (date(9999, 12, 31).toordinal() - EPOCH_DAY + 1) * DAY_US  # exclusive

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
FORM = re.compile(
    r"(?P<year>[+-]?[0-9]{4,})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"\s?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.ASCII,
)
EXAMPLES = "2024-01-31 or 2024-01-31T14:00:00Z"


def parse_time(value: object, *, end: bool = False) -> int | str:
    """Microseconds since 1970-01-01 UTC of an ISO date or time, or the text of the fault.

    Without a zone a time is UTC. A date is its midnight; with `end` it is the midnight after, so that the whole day
    lies before it. Digits beyond microseconds are cut.
    """
    if not isinstance(value, str):
        return f"{quoted(value)} is not a time such as {EXAMPLES}"
    found = FORM.fullmatch(value.strip())
    if found is None:
        return f"{quoted(value)} is not a time such as {EXAMPLES}"
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    fault = _day_fault(year, month, day)
    if fault:
        return f"{quoted(value)}: {fault}"
    instant = (date(year, month, day).toordinal() - EPOCH_DAY) * DAY_US
    if found["hour"] is None:
        return instant + DAY_US if end else instant
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    fault = _clock_fault(hour, minute, second)
    if fault:
        return f"{quoted(value)}: {fault}"
    instant += hour * HOUR_US + minute * MINUTE_US + second * SECOND_US
    instant += int((found["fraction"] or "0").ljust(6, "0")[:6])
    shift = _offset(found["zone"])
    if shift is None:
        return f"{quoted(value)}: an offset from UTC runs from -14:00 to +14:00"
    if not FIRST_US <= instant - shift < LAST_US:
        return f"{quoted(value)}: supported years are 0001 to 9999, in UTC"
    return instant - shift


def _day_fault(year: int, month: int, day: int) -> str:
    if not 1 <= year <= 9999:
        return "supported years are 0001 to 9999"
    if not 1 <= month <= 12:
        return "months run from 01 to 12"
    days = days_in_month(year, month)
    return "" if 1 <= day <= days else f"{MONTHS[month - 1]} {year} has {days} days"


def _clock_fault(hour: int, minute: int, second: int) -> str:
    if hour == 24 and minute == 0 and second == 0:
        return "hours run from 00 to 23: write 00:00 of the next day"
    if hour > 23:
        return "hours run from 00 to 23"
    if minute > 59:
        return "minutes run from 00 to 59"
    if second == 60:
        return "leap seconds do not exist here: seconds run from 00 to 59"
    return "" if second < 60 else "seconds run from 00 to 59"


def _offset(zone: str | None) -> int | None:
    """Microseconds by which a local time is ahead of UTC; None when no place on earth is."""
    if zone is None or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        return None
    return (-1 if zone[0] == "-" else 1) * (hours * HOUR_US + minutes * MINUTE_US)


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def show_time(instant: int) -> str:
    """Microseconds UTC as people read them: `2024-01-31` at midnight, else `2024-01-31T14:00:00Z`."""
    if instant < FIRST_US:
        return "before the year 0001"
    if instant == LAST_US:
        return "the end of 9999-12-31"
    if instant > LAST_US:
        return "after the year 9999"
    days, rest = divmod(instant, DAY_US)
    day = date.fromordinal(days + EPOCH_DAY).isoformat()
    if rest == 0:
        return day
    hour, rest = divmod(rest, HOUR_US)
    minute, rest = divmod(rest, MINUTE_US)
    second, fraction = divmod(rest, SECOND_US)
    tail = f".{fraction:06d}".rstrip("0") if fraction else ""
    return f"{day}T{hour:02d}:{minute:02d}:{second:02d}{tail}Z"
