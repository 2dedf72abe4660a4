"""Times as they are written out in formulas: dates, timestamps, intervals, and the units they are counted in."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

MICROSECOND = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
MONTHS = {"month": 1, "quarter": 3, "year": 12}

# The years that a time may have. Everything that leaves them is out of range, never wrapped.
FIRST_TIME = datetime(1, 1, 1)
LAST_TIME = datetime(9999, 12, 31, 23, 59, 59, 999_999)
EPOCH = datetime(1970, 1, 1)
FIRST_US = (FIRST_TIME - EPOCH) // timedelta(microseconds=1)
LAST_US = (LAST_TIME - EPOCH) // timedelta(microseconds=1)
LONGEST_US = LAST_US - FIRST_US  # the longest duration, 10,000 years less one tick

_SHORT = {
    "min": "minute",
    "mins": "minute",
    "sec": "second",
    "secs": "second",
    "ms": "millisecond",
    "us": "microsecond",
}

# Parts of a time that can be read (date_part, extract), and the function that reads each of them.
PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "day": "day",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "dow": "dow",
    "dayofweek": "dow",
    "weekday": "dow",
    "isodow": "isodow",
    "doy": "dayofyear",
    "dayofyear": "dayofyear",
    "isoyear": "isoyear",
    "epoch": "epoch",
    "weekofyear": "week",
}


def unit_of(word: str) -> str | None:
    """The unit that a word names (`day`, `DAYS`, `mins`), or None."""
    word = word.lower()
    if word in MICROSECOND or word in MONTHS:
        return word
    if word in _SHORT:
        return _SHORT[word]
    return word[:-1] if word.endswith("s") and (word[:-1] in MICROSECOND or word[:-1] in MONTHS) else None


_UNIT_WORDS = [*MICROSECOND, *MONTHS]
# `interval (n) days` is the call to_days(n).
UNIT_MAKERS = {spelling: f"to_{unit}s" for unit in _UNIT_WORDS for spelling in (unit, f"{unit}s")}
UNIT_MAKERS |= {short: f"to_{unit}s" for short, unit in _SHORT.items()}


_TIME = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?\s*Z?)?\s*", re.ASCII
)


def read_time(text: str) -> datetime | date | None:
    """A date or a datetime in ISO 8601 (UTC), whichever is written; None when it is neither."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction = match.groups()
    try:
        if hour is None:
            return date(int(year), int(month), int(day))
        microsecond = int((fraction or "0").ljust(6, "0"))
        return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), microsecond)
    except ValueError:  # February 30th, 25 o'clock
        return None


_COUNT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*,?", re.ASCII)


def read_interval(text: str) -> tuple[int, int] | None:
    """(months, microseconds) of an interval such as `3 days` or `1 hour 30 minutes`; None when it is none."""
    place, months, microseconds = 0, 0, 0
    while place < len(text.rstrip()):
        match = _COUNT.match(text, place)
        unit = unit_of(match.group(2)) if match else None
        if match is None or unit is None or len(match.group(1)) > 18:
            return None
        number = match.group(1)
        if unit in MONTHS:
            if "." in number:
                return None
            months += int(number) * MONTHS[unit]
        else:
            microseconds += (
                round(float(number) * MICROSECOND[unit]) if "." in number else int(number) * MICROSECOND[unit]
            )
        place = match.end()
    return (months, microseconds) if place else None
