"""The calendar for arrays of times: hour, weekday, day, month and year of microseconds UTC, years 1 to 9999.

Everything is whole-number arithmetic on the proleptic Gregorian calendar, which repeats after 400 years = 146,097 days.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
CYCLE_DAYS = 146_097  # 400 years
CYCLE_START = 135_140  # days from 1600-01-01 to 1970-01-01: a cycle starts in 1600

Times = NDArray[np.int64]


def _modulo(values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """values mod size, changed in place. numpy's own remainder of int64 takes five times as long."""
    whole = np.floor_divide(values, size)
    np.multiply(whole, size, out=whole)
    np.subtract(values, whole, out=values)
    return values


def day_number(times: Times) -> NDArray[np.int64]:
    """(n,) whole days since 1970-01-01."""
    return np.floor_divide(times, DAY_US)


def hour(times: Times) -> NDArray[np.int64]:
    """(n,) 0 to 23."""
    return _modulo(np.floor_divide(times, HOUR_US), 24)


def dow(times: Times) -> NDArray[np.int64]:
    """(n,) 0 to 6, Monday first."""
    days = day_number(times)
    np.add(days, 3, out=days)  # 1970-01-01 was a Thursday
    return _modulo(days, 7)


def month(times: Times) -> NDArray[np.int64]:
    """(n,) 1 to 12."""
    return _cycle_months()[_day_of_cycle(times)].astype(np.int64)


def day(times: Times) -> NDArray[np.int64]:
    """(n,) day of the month, 1 to 31."""
    return _cycle_days()[_day_of_cycle(times)].astype(np.int64)


def year(times: Times) -> NDArray[np.int64]:
    """(n,) 1 to 9999."""
    days = np.add(day_number(times), CYCLE_START)
    cycle = np.floor_divide(days, CYCLE_DAYS)
    np.subtract(days, cycle * CYCLE_DAYS, out=days)
    np.multiply(cycle, 400, out=cycle)
    np.add(cycle, 1600, out=cycle)
    return np.add(cycle, _cycle_years()[days])


def month_index(times: Times) -> NDArray[np.int64]:
    """(n,) whole calendar months since January 1970."""
    days = np.add(day_number(times), CYCLE_START)
    cycle = np.floor_divide(days, CYCLE_DAYS)
    np.subtract(days, cycle * CYCLE_DAYS, out=days)
    np.multiply(cycle, 4800, out=cycle)
    np.subtract(cycle, 370 * 12, out=cycle)
    return np.add(cycle, _cycle_month_indexes()[days])


def month_start(indexes: NDArray[np.int64]) -> Times:
    """(n,) first microsecond of each month, by its number since January 1970."""
    return np.asarray(indexes, dtype=np.int64).astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)


def _day_of_cycle(times: Times) -> NDArray[np.int64]:
    days = day_number(times)
    np.add(days, CYCLE_START, out=days)
    return _modulo(days, CYCLE_DAYS)


def _cycle_dates() -> NDArray[np.datetime64]:
    return np.arange(-CYCLE_START, CYCLE_DAYS - CYCLE_START, dtype=np.int64).astype("datetime64[D]")


@cache
def _cycle_month_indexes() -> NDArray[np.int16]:
    """(146097,) months since 1600-01 of every day of a cycle."""
    return (_cycle_dates().astype("datetime64[M]").astype(np.int64) + 370 * 12).astype(np.int16)


@cache
def _cycle_months() -> NDArray[np.uint8]:
    return (_cycle_month_indexes() % 12 + 1).astype(np.uint8)


@cache
def _cycle_years() -> NDArray[np.int16]:
    return _cycle_month_indexes() // np.int16(12)


@cache
def _cycle_days() -> NDArray[np.uint8]:
    days = np.arange(-CYCLE_START, CYCLE_DAYS - CYCLE_START, dtype=np.int64)
    first = _cycle_dates().astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return (days - first + 1).astype(np.uint8)
