"""Numbers of rows as people write them: `2000`, `1_000_000`, `10M`, `500k`."""

from __future__ import annotations

import re
from typing import Any

COUNT = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*([kKmMbB]?)$")
SCALE = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


def read_count(value: Any) -> int | None:
    """The count, or None when the value is none. Fractions are allowed before a letter: `1.5M`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if not isinstance(value, str) or (match := COUNT.match(value.strip())) is None:
        return None
    digits, letter = match[1].replace("_", ""), match[2].lower()
    if "." in digits:
        whole, _, part = digits.partition(".")
        number = (int(whole) * 10 ** len(part) + int(part)) * SCALE[letter]
        return number // 10 ** len(part) if number % 10 ** len(part) == 0 else None
    return int(digits) * SCALE[letter]
