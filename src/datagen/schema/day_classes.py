"""Reads classes of whole days such as `same_day`, `1d` and `1-3d`."""

from __future__ import annotations

import re

_DAYS = re.compile(r"\s*(\d{1,4})(?:\s*(?:-|\.\.)\s*(\d{1,4}))?\s*d(?:ays?)?\s*")


def day_class(text: str) -> tuple[int, int] | None:
    """The fewest and the most days of a class, (0, 0) of `same_day`; None for what is no class."""
    if text.strip().lower() == "same_day":
        return 0, 0
    found = _DAYS.fullmatch(text)
    if found is None:
        return None
    low = int(found[1])
    high = low if found[2] is None else int(found[2])
    return (low, high) if low <= high and high > 0 else None
