"""The small table that random formulas read: edge cases first, then rows at random."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "i": ("int", [0, 1, -1, 7, -7, None, 100, -1000]),
    "j": ("int", [3, 0, 2, -2, None, 5, 1, 12]),
    "big": ("int", [10**12, -(10**12), 0, 1, 10**9, None, -(10**9), 4 * 10**18]),
    "x": ("float", [0.0, 1.5, -2.5, 1e-3, None, 1234.5678, -0.5, 1e6]),
    "y": ("float", [2.0, 0.0, 0.25, -4.0, 10.0, None, 2.675, 1e200]),
    "s": ("string", ["", "abc", "Hello World", "a,b,,c", None, " pad ", "Ünïcode", "a%b_c"]),
    "u": ("string", ["b", "", "12", "-3.5", "true", None, "2024-02-29", ","]),
    "f": ("bool", [True, False, None, True, False, None, True, False]),
    "g": ("bool", [True, True, True, False, False, False, None, None]),
    "t": (
        "datetime",
        [
            datetime(2024, 2, 29, 23, 59, 59),
            datetime(1970, 1, 1),
            datetime(1969, 12, 31, 23, 59, 58, 500_000),
            None,
            datetime(2023, 12, 31, 12),
            datetime(2024, 1, 31, 0, 0, 1),
            datetime(2000, 3, 1, 5, 30),
            datetime(2024, 12, 30, 6, 7, 8, 90),
        ],
    ),
    "w": (
        "datetime",
        [
            datetime(2024, 3, 1),
            datetime(1969, 12, 31, 22),
            None,
            datetime(2024, 1, 1),
            datetime(2024, 12, 31, 23, 59, 59),
            datetime(2024, 2, 29),
            datetime(2000, 2, 29, 5, 30),
            datetime(2025, 1, 1),
        ],
    ),
    "d": (
        "date",
        [
            date(2024, 1, 31),
            date(2024, 2, 29),
            date(1970, 1, 1),
            date(1969, 12, 31),
            None,
            date(2023, 12, 31),
            date(2021, 1, 3),
            date(2020, 12, 31),
        ],
    ),
    "e": (
        "date",
        [
            date(2024, 2, 29),
            None,
            date(2024, 1, 1),
            date(1970, 1, 5),
            date(2023, 1, 1),
            date(2024, 12, 31),
            date(2021, 1, 4),
            date(2019, 12, 30),
        ],
    ),
}
_random = random.Random(20240229)
MORE: dict[str, Any] = {
    "int": lambda: _random.randint(-50, 50),
    "float": lambda: round(_random.gauss(0, 100), _random.randint(0, 6)),
    "string": lambda: "".join(_random.choice("abcxyzABC ,ü%_'1") for _ in range(_random.randint(0, 12))),
    "bool": lambda: _random.random() < 0.5,
    "datetime": lambda: (
        datetime(1900, 1, 1)
        + timedelta(seconds=_random.randint(0, 6 * 10**9), microseconds=_random.choice([0, 0, 123_456]))
    ),
    "date": lambda: date(1900, 1, 1) + timedelta(days=_random.randint(0, 73_000)),
}
for _type, _values in COLUMNS.values():
    _values += [MORE[_type]() if _random.random() < 0.9 else None for _ in range(16)]
TYPES = {name: type for name, (type, _) in COLUMNS.items()}
DUCK = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "date": "DATE",
}

YEAR_FIRST = "regexp_matches({0}, '^ *[0-9][0-9][0-9][0-9]-')"  # here a year has four digits
UNITS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"]
FINE_UNITS = [*UNITS, "millisecond", "microsecond"]
TEXTS = ["", "a", "b", ",", "abc", "Hello", "l", "it's", " ", "World", "ü", "%"]
PATTERNS = ["%", "a%", "%c", "%b%", "_bc", "abc", "H%o W_rld", "", "%a%b%", "a.c", "%\\%", "_%_"]
FORMATS = ["%Y-%m-%d", "%H:%M:%S", "%j %y", "%b %B %a %A", "%I %p", "100%%"]
