"""Local time: how far the clocks of a time zone are ahead of UTC at any moment, from the tables of the `tzdata` package.

The tables of the computer itself are never asked: they differ from machine to machine, and values may not. A zone's
changes are found year by year, to the second, and kept. Before the year 2 and behind 9998 nothing changes any more.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from datagen.kernel import clock
from datagen.kernel.clock import HOUR_US, SECOND_US, Times

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2, 9998
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_SECONDS = 86_400


@cache
def zone_names() -> frozenset[str]:
    """Every time zone there is, such as Europe/Prague."""
    from importlib import resources

    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def offsets(zone: str, times: Times) -> Times:
    """(n,) microseconds by which the clocks of a zone are ahead of UTC at each time; negative where they are behind."""
    if not len(times):
        return np.zeros(0, dtype=np.int64)
    inside = np.clip(times, _year_start(FIRST_YEAR), _year_start(LAST_YEAR + 1) - 1)
    first, last = (int(year) for year in clock.year(np.array([inside.min(), inside.max()])))
    years = range(first, last + 1) if last - first < 100 else np.unique(clock.year(inside)).tolist()
    changes = [change for year in years for change in _changes(zone, year)]
    moments = np.array([moment for moment, _ in changes], dtype=np.int64)
    ahead = np.array([offset for _, offset in changes], dtype=np.int64)
    return ahead[np.searchsorted(moments, inside, side="right") - 1]


def local(zone: str, times: Times) -> Times:
    """(n,) what the clocks of a zone show at each time, as if it were UTC."""
    return times + offsets(zone, times)


def whole_hours(zone: str, start: int, end: int) -> bool:
    """Whether the clocks of a zone are whole hours from UTC during the years that a window touches."""
    first, last = (int(year) for year in clock.year(np.array([start, end - 1], dtype=np.int64)))
    years = range(max(first, FIRST_YEAR), min(last, LAST_YEAR) + 1)
    return all(offset % HOUR_US == 0 for year in years for _, offset in _changes(zone, year))


@cache
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """(moment, offset) at the start of a UTC year and wherever the offset changes in it, in microseconds."""
    clocks = _clocks(zone)
    start, end = _year_start(year) // SECOND_US, _year_start(year + 1) // SECOND_US
    found = [(start, _offset(clocks, start))]
    for day in range(start + DAY_SECONDS, end + 1, DAY_SECONDS):  # days of a year
        after = _offset(clocks, day)
        if after == found[-1][1]:
            continue
        low, high = day - DAY_SECONDS, day  # the change lies in (low, high]
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(clocks, middle) == found[-1][1] else (low, middle)
        if high < end:
            found.append((high, after))
    return tuple((moment * SECOND_US, offset * SECOND_US) for moment, offset in found)


@cache
def _clocks(zone: str) -> ZoneInfo:
    from importlib import resources
    from zoneinfo import ZoneInfo

    with resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)


def _offset(clocks: ZoneInfo, second: int) -> int:
    ahead = (EPOCH + timedelta(seconds=second)).astimezone(clocks).utcoffset()
    assert ahead is not None  # a ZoneInfo always knows
    return ahead.days * DAY_SECONDS + ahead.seconds


def _year_start(year: int) -> int:
    return int(clock.month_start(np.array([(year - 1970) * 12]))[0])
