"""The timeframe of a document as a window of microseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datagen.plan.model import DAY_US, Timeframe
from datagen.schema.durations import parse_frequency
from datagen.schema.times import LAST_US, parse_time


def read_timeframe(document: Any, refuse: Callable[..., None]) -> Timeframe | None:
    """The window, or None when the document has none or it is wrong (then refused)."""
    spec = document.root.get("timeframe")
    if not spec:
        return None
    start = _time(spec, "start", refuse)
    end = _time(spec, "end", refuse)
    days = spec.get("days")
    if (spec.get("end") is None) == (days is None):
        refuse(
            "time.one_end",
            ("timeframe",),
            found="both end and days" if days is not None else "neither end nor days",
            expected="exactly one of them",
        )
        return None
    if days is not None and start is not None:
        if days <= 0:
            refuse("time.days", ("timeframe", "days"), found=str(days), expected="a number of days above 0")
            return None
        if start + days * DAY_US > LAST_US:
            refuse(
                "time.days",
                ("timeframe", "days"),
                found=f"{days:g} days, which end after the year 9999",
                expected="a window that ends by 9999-12-31",
            )
            return None
        end = start + int(days * DAY_US)
    freq = spec.get("freq")
    if freq is not None and parse_frequency(freq) is None:
        refuse(
            "time.freq",
            ("timeframe", "freq"),
            found=repr(freq),
            expected="a frequency such as h, D, W, M, 15min, day or month",
        )
    if start is None or end is None:
        return None
    if end <= start:
        refuse(
            "time.reversed",
            ("timeframe", "end"),
            found=f"start {spec.get('start')}, end {spec.get('end', days)}",
            expected="an end after the start",
        )
        return None
    return Timeframe(start, end, freq)


def _time(spec: Any, key: str, refuse: Callable[..., None]) -> int | None:
    value = spec.get(key)
    if value is None:
        if key == "start":
            refuse(
                "time.no_start", ("timeframe",), found="a timeframe without start", expected="start: a date or a time"
            )
        return None
    time = parse_time(value, end=key == "end")
    if isinstance(time, str):
        refuse(
            "time.unreadable",
            ("timeframe", key),
            found=time,
            expected="a date or a time, such as 2024-01-31 or 2024-01-31T12:00:00Z",
        )
        return None
    return time
