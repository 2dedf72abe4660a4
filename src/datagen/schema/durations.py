"""Reads lengths of time (`3d`, `36h`, `5min`, `{days: 3}`) and the grids that times fall on (`D`, `15min`, `month`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR

TimeUnit = Literal[
    "microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"
]  # fmt: skip

# A month is a twelfth of a year and a year 365.25 days where only a length is known, not a date to count from.
LENGTHS: Mapping[TimeUnit, int] = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": SECOND,
    "minute": 60 * SECOND,
    "hour": HOUR,
    "day": DAY,
    "week": 7 * DAY,
    "month": 30 * DAY + DAY * 7 // 16,
    "quarter": 91 * DAY + DAY * 5 // 16,
    "year": 365 * DAY + DAY // 4,
}
LONGEST = 2**62  # 146,000 years: beyond any time that fits a column

_SHORT: Mapping[str, TimeUnit] = {
    "us": "microsecond", "µs": "microsecond", "ms": "millisecond", "s": "second", "sec": "second", "secs": "second",
    "t": "minute", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "d": "day", "w": "week",
    "mo": "month", "q": "quarter", "y": "year", "yr": "year", "yrs": "year",
}  # fmt: skip
_WORDS: Mapping[str, TimeUnit] = {word: unit for unit in LENGTHS for word in (unit, unit + "s")}
# In a grid `m` is a month; `MS` is one too, while `ms` is a millisecond.
_GRIDS: Mapping[str, TimeUnit] = {
    **_SHORT, **_WORDS, "m": "month", "me": "month", "qe": "quarter", "qs": "quarter", "ye": "year", "ys": "year",
    "a": "year", "hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter",
    "yearly": "year", "annual": "year",
}  # fmt: skip
_LENGTH = re.compile(r"\s*([+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18}))\s*([A-Za-zµ]{1,12})\s*")
_GRID = re.compile(r"\s*(\d{0,9})\s*([A-Za-zµ]{1,12})\s*")


@dataclass(frozen=True, slots=True)
class Frequency:
    """A grid of times: every `count` units."""

    count: int
    unit: TimeUnit

    @property
    def microseconds(self) -> int | None:
        """The step, or None where it depends on the calendar (months, quarters, years)."""
        return None if self.unit in ("month", "quarter", "year") else self.count * LENGTHS[self.unit]


def parse_duration(value: object) -> int | None:
    """Microseconds of `"3d"`, `"1.5 hours"`, `"1mo"` (30.4375 days) or `{"days": 3, "hours": 12}`; else None.

    `m` alone is not read: it would be minutes for some and months for others.
    """
    if isinstance(value, Mapping):
        parts = [_part(size, unit) for unit, size in value.items()]
        total = sum((part for part in parts if part is not None), Fraction(0))
        return _whole(total) if parts and None not in parts else None
    if not isinstance(value, str):
        return None
    match = _LENGTH.fullmatch(value)
    if match is None:
        return None
    unit = _SHORT.get(match[2].lower()) or _WORDS.get(match[2].lower())
    return None if unit is None else _whole(Fraction(match[1]) * LENGTHS[unit])


def span_of(value: object) -> int:
    """Microseconds of a number of days or of a duration; 0 for None. What neither is has been refused before."""
    if isinstance(value, int | float):
        return round(Fraction(str(value)) * DAY)
    return (parse_duration(value) or 0) if value is not None else 0


def parse_frequency(text: object) -> Frequency | None:
    """The grid that pandas letters (`h`, `D`, `W`, `M`, `15min`, in either case) or a word name, else None."""
    match = _GRID.fullmatch(text) if isinstance(text, str) else None
    if match is None or (match[1] and int(match[1]) == 0):
        return None
    unit = "month" if match[2] == "MS" else _GRIDS.get(match[2].lower())
    return None if unit is None else Frequency(int(match[1] or 1), unit)


def duration_text(microseconds: float) -> str:
    """A length as a message shows it: in the largest unit that leaves at most two decimals, `36h` or `1.5d`."""
    for length, short in ((DAY, "d"), (HOUR, "h"), (60 * SECOND, "min"), (SECOND, "s"), (1_000, "ms")):
        size = microseconds / length
        if abs(size) >= 1 and round(size, 2) == size:
            return f"{size:g}{short}"
    return f"{microseconds:g}us"


def _part(size: object, unit: object) -> Fraction | None:
    if isinstance(size, bool) or not isinstance(size, int | float) or not isinstance(unit, str):
        return None
    word = _WORDS.get(unit.lower())
    if word is None or size != size or abs(size) > LONGEST:
        return None
    return Fraction(str(size)) * LENGTHS[word]


def _whole(length: Fraction) -> int | None:
    microseconds = round(length)
    return microseconds if abs(microseconds) <= LONGEST else None
