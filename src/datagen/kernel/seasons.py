"""Seasons: how much busier or dearer an hour of the day, a weekday, a month or a holiday is than others.

A season knows its weights as written and its share of them: divided by their mean over the whole cycle (day, week, year),
so that a rate per month stays a rate per month whatever window is looked at. Weights are those of local time where a zone
is named; the times asked about are always UTC, so no hour is lost or doubled when clocks change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import clock, zones
from datagen.kernel.clock import Times
from datagen.packs.public_holidays import holidays_of_year

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Unit = Literal["quarter", "hour", "day", "month", "window", "point"]

LENGTHS = {"hour": 24, "dow": 7, "month": 12, "holiday": 2}  # weights of a dimension
UNITS: dict[str, Unit] = {"hour": "hour", "dow": "day", "month": "month", "holiday": "day"}
DAYS_OF_MONTH = (31.0, 28.2425, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0)  # mean of 400 years
TENTHS = 3_650  # points of a year at which the smooth curve is held to the monthly means
ROUNDS = 200
CLOSE = 0.005  # a smooth month is off its weight by at most this share of the year's mean


@dataclass(frozen=True, slots=True)
class Season:
    """Weights of one dimension: hour (24), dow (7, Monday first), month (12) or holiday (2: other days, holidays).

    zone: the weights are those of its local time; smooth: months without steps between them; country: whose holidays.
    """

    dimension: str
    weights: tuple[float, ...]
    zone: str | None = None
    smooth: bool = False
    country: str = ""

    def unit(self, start: int, end: int) -> Unit:
        """The longest UTC unit inside which the weight of a window's times does not change (or hardly, if smooth)."""
        if self.zone is not None:
            return "hour" if zones.whole_hours(self.zone, start, end) else "quarter"
        return "day" if self.smooth else UNITS[self.dimension]

    def written(self, times: Times) -> Floats:
        """(n,) the weight of each time, as written; months that are smooth keep their means."""
        if self.smooth:
            return self._smooth(times) * self._mean
        return np.asarray(self.weights, dtype=np.float64)[self._place(self._local(times))]

    def relative(self, times: Times) -> Floats:
        """(n,) the weight of each time over the mean of the cycle: of a day, a week, a year."""
        if self.smooth:
            return self._smooth(times)
        moments = self._local(times)
        found: Floats = np.asarray(self.weights, dtype=np.float64)[self._place(moments)]
        mean = self._mean_of_year(clock.year(moments)) if self.dimension == "holiday" else self._mean
        return found / mean

    def scaled(self) -> Season:
        """The same season with its largest weight near 1, by a power of two: products of several cannot overflow."""
        exponent = np.frexp(max(self.weights))[1]
        return replace(self, weights=tuple(np.ldexp(np.asarray(self.weights, dtype=np.float64), -exponent).tolist()))

    @property
    def reachable(self) -> bool:
        """Whether a smooth curve keeps the monthly means: months that differ too much cannot be joined by one."""
        knots, wanted = _knots(self.weights), _shares(self.weights)
        return bool(np.abs(_monthly_means(knots) - wanted).max() <= CLOSE)

    def _local(self, times: Times) -> Times:
        return times if self.zone is None else zones.local(self.zone, times)

    def _place(self, moments: Times) -> Ints:
        """(n,) place of the weight of each local time."""
        if self.dimension == "month":
            return clock.month(moments) - 1
        if self.dimension == "holiday":
            return is_holiday(self.country, moments).astype(np.int64)
        return clock.hour(moments) if self.dimension == "hour" else clock.dow(moments)

    @property
    def _mean(self) -> float:
        table = np.asarray(self.weights, dtype=np.float64)
        if self.dimension == "month":
            return float((table * np.array(DAYS_OF_MONTH)).sum() / sum(DAYS_OF_MONTH))
        return float(table.sum() / len(table))

    def _mean_of_year(self, years: Ints) -> Floats:
        """(n,) mean weight of the days of each year, which has its own number of holidays."""
        ordinary, holiday = self.weights
        means = np.empty(len(years), dtype=np.float64)
        for year in np.unique(years):  # over years, not rows
            share = len(holidays_of_year(self.country, int(year))) / (366 if _leap(int(year)) else 365)
            means[years == year] = ordinary + (holiday - ordinary) * share
        return np.where(means > 0, means, 1.0)  # a year without a holiday, where only holidays have a weight

    def _smooth(self, times: Times) -> Floats:
        moments = self._local(times)
        first = clock.month_start(clock.month_index(moments))
        last = clock.month_start(clock.month_index(moments) + 1)
        month = clock.month(moments) - 1
        days = np.array(DAYS_OF_MONTH)
        day = (np.cumsum(days) - days)[month] + (moments - first) / (last - first) * days[month]
        return _lines(day, _knots(self.weights))


def is_holiday(country: str, times: Times) -> NDArray[np.bool_]:
    """(n,) whether each time falls on a public holiday of a country."""
    days = clock.day_number(times)
    return np.isin(days, holiday_days(country, times))


def holiday_days(country: str, times: Times, *, around: int = 0) -> Ints:
    """(k,) the holidays of the years that some times touch, and so many years around them: days since 1970, rising."""
    if not len(times):
        return np.zeros(0, dtype=np.int64)
    first, last = (int(year) for year in clock.year(np.array([times.min(), times.max()], dtype=np.int64)))
    years = range(max(first - around, 1), min(last + around, 9999) + 1)
    return np.array([day for year in years for day in holidays_of_year(country, year)], dtype=np.int64)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _shares(weights: Sequence[float]) -> Floats:
    """(12,) month weights over their mean over the year."""
    table = np.asarray(weights, dtype=np.float64)
    return table / float((table * np.array(DAYS_OF_MONTH)).sum() / sum(DAYS_OF_MONTH))


@cache
def _knots(weights: tuple[float, ...]) -> Floats:
    """(12,) heights in the middles of the months whose joining lines keep every month's weight, by corrections."""
    wanted = _shares(weights)
    knots: Floats = wanted.copy()
    for _ in range(ROUNDS):  # rounds, not rows
        knots = np.maximum(knots + 0.7 * (wanted - _monthly_means(knots)), 0.0)
    return knots


def _monthly_means(knots: Floats) -> Floats:
    """(12,) means of the curve over each month."""
    fine: Floats = (np.arange(TENTHS, dtype=np.float64) + 0.5) * (sum(DAYS_OF_MONTH) / TENTHS)
    owner = np.minimum(np.searchsorted(np.cumsum(np.array(DAYS_OF_MONTH)), fine, side="right"), 11)
    means: Floats = np.bincount(owner, weights=_lines(fine, knots), minlength=12) / np.bincount(owner, minlength=12)
    return means


def _lines(day: Floats, knots: Floats) -> Floats:
    """(k,) straight lines between the middles of the months, around the year."""
    days = np.array(DAYS_OF_MONTH)
    middle, year = np.cumsum(days) - days / 2.0, float(days.sum())
    x = np.concatenate([[middle[-1] - year], middle, [middle[0] + year]])
    y = np.concatenate([[knots[-1]], knots, [knots[0]]])
    place = np.clip(np.searchsorted(x, day, side="right") - 1, 0, len(x) - 2)
    share = (day - x[place]) / (x[place + 1] - x[place])
    found: Floats = y[place] + share * (y[place + 1] - y[place])
    return found
