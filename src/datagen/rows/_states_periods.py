"""The periods of a state model: k = 1, 2, … units after an entity's start, or whole units of the calendar after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import clock
from datagen.kernel.clock import DAY_US, HOUR_US, Times
from datagen.schema.durations import LENGTHS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MONDAY = 4 * DAY_US  # 1970-01-05 was a Monday
MONTHS = {"month": 1, "quarter": 3, "year": 12}
STEPS = {"hour": HOUR_US, "day": DAY_US, "week": 7 * DAY_US}


@dataclass(frozen=True, slots=True)
class Periods:
    """unit: hour to year; calendar: whether periods are units of the calendar, of which the first whole one counts."""

    unit: str
    calendar: bool = False

    @property
    def length(self) -> int:
        """Microseconds of an average period."""
        return LENGTHS[self.unit]  # type: ignore[index]

    def edges(self, start: Times, k: int | Ints) -> Times:
        """(n,) when period k ends and the next one begins; edge 0 is where the first period begins.

        A start on the 31st has its month end on the last day of a shorter month.
        """
        if self.unit in MONTHS:
            each = MONTHS[self.unit]
            if self.calendar:
                first = -(-self._months_begun(start) // each)
                return clock.month_start((first + k) * each)
            return _months_later(start, k * each)
        step = STEPS[self.unit]
        if self.calendar:
            shift = MONDAY if self.unit == "week" else 0
            return -(-(start - shift) // step) * step + (shift + k * step)
        return start + k * step

    def of(self, start: Times) -> Edges:
        """The edges of some starts, for many periods of few of them."""
        if self.unit not in MONTHS or self.calendar:
            return Edges(self, self.edges(start, 0))
        month = clock.month_index(start)
        inside = start - clock.month_start(month)
        day = np.floor_divide(inside, DAY_US)
        return Edges(self, month, day, inside - day * DAY_US)

    def passed(self, start: Times, end: int) -> tuple[Ints, Floats]:
        """(n,) periods that begin before the end, and how many have passed by then, parts included."""
        begun = np.maximum((end - self.edges(start, 0)) // self.length, 0)
        while (late := self.edges(start, begun) < end).any():
            begun = begun + late
        while (early := (begun > 0) & (self.edges(start, np.maximum(begun - 1, 0)) >= end)).any():
            begun = begun - early
        low, high = self.edges(start, np.maximum(begun - 1, 0)), self.edges(start, np.maximum(begun, 1))
        passed = np.where(begun > 0, begun - 1 + (end - low) / (high - low), 0.0)
        return begun, passed

    def most(self, start: int, end: int) -> int:
        """The most periods that begin in a window."""
        if self.unit in MONTHS:
            first, last = clock.month_index(np.array([start, max(end - 1, start)], dtype=np.int64))
            return int(last - first) // MONTHS[self.unit] + 1
        return -(-(end - start) // STEPS[self.unit])

    @staticmethod
    def _months_begun(start: Times) -> Ints:
        """(n,) number of the month that begins at or next after each time."""
        month = clock.month_index(start)
        begun: Ints = month + (clock.month_start(month) < start)
        return begun


@dataclass(slots=True)
class Edges:
    """Periods of n starts. first (n,): edge 0, or the number of its month with the day (from 0) and time of day."""

    periods: Periods
    first: Ints
    day: Ints | None = None
    rest: Times | None = None

    def at(self, rows: Ints, k: int) -> Times:
        """(m,) edge k of some of them."""
        periods, first = self.periods, self.first[rows]
        if periods.unit not in MONTHS:
            return first + k * STEPS[periods.unit]
        if self.day is None or self.rest is None:
            return clock.month_start(clock.month_index(first) + k * MONTHS[periods.unit])
        month = first + k * MONTHS[periods.unit]
        if not len(month):
            return month
        low = int(month.min())
        starts = clock.month_start(np.arange(low, int(month.max()) + 2, dtype=np.int64))
        day = np.minimum(self.day[rows], np.diff(starts)[month - low] // DAY_US - 1)
        moved: Times = starts[month - low] + day * DAY_US + self.rest[rows]
        return moved


def _months_later(times: Times, months: int | Ints) -> Times:
    """(n,) the same day and hour some months later, the last day where a month is shorter."""
    month = clock.month_index(times)
    inside = times - clock.month_start(month)
    day = np.floor_divide(inside, DAY_US)
    begins, ends = clock.month_start(month + months), clock.month_start(month + (months + 1))
    last = (ends - begins) // DAY_US - 1
    moved: Times = begins + np.minimum(day, last) * DAY_US + (inside - day * DAY_US)
    return moved
