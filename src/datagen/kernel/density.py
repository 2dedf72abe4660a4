"""When things happen: points of a time grid with a relative chance each, drawn by inverse distribution function.

A density is a run of cells (quarter hours, hours, days, months or the whole window, in UTC). All points of one cell are
equally likely; the cell's weight is shared out among them. Cells are found by a guide table, the place inside one by a
multiplication.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import clock
from datagen.kernel.clock import DAY_US, HOUR_US, Times
from datagen.kernel.digits import round_bits
from datagen.kernel.guides import GuideTable
from datagen.kernel.seasons import Season, Unit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
QUARTER_US = HOUR_US // 4
STEPS: dict[Unit, int] = {"quarter": QUARTER_US, "hour": HOUR_US, "day": DAY_US}
ORDER: list[Unit] = ["quarter", "hour", "day", "month"]
MOST_CELLS = 10_000_000  # an hourly pattern over 1,140 years: 0.5 GB of tables
JUST_BELOW = 1.0 - 2.0**-50  # keeps the last point of a cell from rounding into the next cell


class Shaper(Protocol):
    """Something that makes some times likelier than others: a season, a growth."""

    def unit(self, start: int, end: int) -> Unit:
        """The longest unit of a window inside which it hardly changes."""

    def written(self, times: Times) -> Floats:
        """(n,) relative weight of each time."""


Pattern = tuple[str, Sequence[float]] | Shaper  # (dimension, weights), or what it stands for


def shaper_of(pattern: Pattern) -> Shaper:
    """The season that a dimension and its weights are; anything else as it is."""
    return Season(pattern[0], tuple(pattern[1])) if isinstance(pattern, tuple) else pattern


def relative(times: Times, patterns: Sequence[Pattern]) -> Floats:
    """(n,) product of the patterns' weights at each time."""
    weight = np.ones(len(times))
    for pattern in patterns:
        weight *= shaper_of(pattern).written(times)
    return weight


class TimeDensity:
    """Points at first[k] + j·step, j < count[k], in cells k, with the chance `weights`[k] of each cell.

    first, count (k,) int64: cells in order of time, none overlapping; weights (k,) float64 >= 0, any scale, not all 0
    (0 where a cell has no point). starts (k,) int64: where each cell begins, which may be before its first point. unit
    says how the cell of a time is found. Raises ValueError when no point has a weight.
    """

    def __init__(self, starts: Times, first: Times, count: Ints, step: int, weights: Floats, unit: Unit) -> None:
        table = GuideTable(weights)
        self.step, self.unit = step, unit
        self.starts, self.first, self.count = starts, first, count
        self.borders = table.borders  # (k,) chance of a point up to the end of each cell
        self._table = table if len(first) > 1 else None
        self._low = np.concatenate([[0.0], table.borders[:-1]])
        share = table.borders - self._low
        with np.errstate(divide="ignore", invalid="ignore"):
            # points per chance, just below, so that a uniform below the border stays below the count
            self._slope = np.where(share > 0, count / share * JUST_BELOW, 0.0)
            self._each = np.where(count > 0, share / count, 0.0)
        self._points = np.concatenate([[0], np.cumsum(count)])
        self._origin = _cell_number(starts[:1], unit)[0] if unit in ORDER else 0
        self.single = bool((count <= 1).all())  # every cell is one point

    @property
    def earliest(self) -> int:
        """The first point that can be drawn."""
        return int(self.first[np.flatnonzero(self._slope)[0]])

    @property
    def latest(self) -> int:
        """The last point that can be drawn."""
        last = np.flatnonzero(self._slope)[-1]
        return int(self.first[last] + (self.count[last] - 1) * self.step)

    @property
    def points(self) -> int:
        """Number of points of the grid, those without a chance included."""
        return int(self._points[-1])

    def time(self, u: Floats) -> Times:
        """(n,) int64 times at uniforms u in [0, 1): the inverse distribution function. u is left as it is."""
        if self._table is None:
            place = np.multiply(u, self._slope[0])
            return self._stepped(place.astype(np.int64), self.first[0])
        cell = self._table.draw(u)
        first = self.first[cell]
        if self.single:
            return first
        place = np.subtract(u, self._low[cell])
        np.multiply(place, self._slope[cell], out=place)
        return self._stepped(place.astype(np.int64), first)

    def _stepped(self, place: Ints, first: Times | np.int64) -> Times:
        if self.step != 1:
            np.multiply(place, self.step, out=place)
        return np.add(place, first, out=place)

    def below(self, times: Times) -> Floats:
        """(n,) chance of a point before each time: the distribution function, in [0, 1]."""
        if len(times) > 1 and times[0] == times[-1] and (times == times[0]).all():
            return np.full(len(times), self.below(times[:1])[0])  # a bound that is the same in every row
        if len(self.first) == 1 and not self.single:
            return self._below_in_one(times)
        cell = self._cell(times)
        if self.single:
            return np.where(times > self.first[cell], self.borders[cell], self._low[cell])
        inside = self._inside(times, cell)
        chance = np.multiply(inside, self._each[cell])
        np.add(chance, self._low[cell], out=chance)
        # behind the last point of a cell the chance is exactly that of the next cell's start
        return np.where(inside < self.count[cell], chance, self.borders[cell])

    def _below_in_one(self, times: Times) -> Floats:
        """The same where there is only one cell."""
        count = self.count[0]
        before = np.subtract(times, self.first[0] - (self.step - 1))
        np.floor_divide(before, self.step, out=before)  # rounded up, because of what was added
        np.maximum(before, 0, out=before)
        np.minimum(before, count, out=before)
        chance: Floats = np.multiply(before, self._each[0])
        np.putmask(chance, before == count, self.borders[0])
        return chance

    def points_below(self, times: Times) -> Ints:
        """(n,) number of points before each time, whatever their chance."""
        cell = self._cell(times)
        return self._points[cell] + self._inside(times, cell)

    def point(self, index: Ints) -> Times:
        """(n,) time of the index-th point of the grid, from 0."""
        cell = np.searchsorted(self._points, index, side="right") - 1
        times: Times = self.first[cell] + (index - self._points[cell]) * self.step
        return times

    def _inside(self, times: Times, cell: Ints) -> Ints:
        """(n,) points of the cell before each time."""
        before = np.subtract(times, self.first[cell])
        np.negative(np.floor_divide(np.negative(before, out=before), self.step, out=before), out=before)  # rounded up
        return np.clip(before, 0, self.count[cell], out=before)

    def _cell(self, times: Times) -> Ints:
        """(n,) the cell that each time falls in; the first or last one outside the window."""
        if len(self.first) == 1:
            return np.zeros(len(times), dtype=np.int64)
        if self.unit in ORDER:
            cell = _cell_number(times, self.unit)
            np.subtract(cell, self._origin, out=cell)
        else:
            cell = np.searchsorted(self.starts, times, side="right") - 1
        return np.clip(cell, 0, len(self.first) - 1, out=cell)


def _cell_number(times: Times, unit: Unit) -> Ints:
    if unit == "month":
        return clock.month_index(times)
    return np.floor_divide(times, STEPS[unit])


def regular(start: int, end: int, step: int, patterns: Sequence[Pattern]) -> TimeDensity:
    """Points start, start + step, … below end, as likely as the patterns say; steps of at most a day.

    Raises ValueError when the patterns leave no point, OverflowError when they need more than MOST_CELLS cells.
    """
    units = [shaper_of(pattern).unit(start, end) for pattern in patterns]
    unit: Unit = min(units, key=ORDER.index, default="window")
    edges = _edges(start, end, unit)
    number = -(-(edges - start) // step)  # points before each edge
    count = np.diff(number)
    starts = edges[:-1]
    middles = starts + (edges[1:] - starts) // 2  # of what changes inside a cell the middle stands for it
    weights = round_bits(relative(middles, patterns)) * count
    return TimeDensity(starts, start + number[:-1] * step, count, step, weights, unit)


def listed(points: Times, end: int, patterns: Sequence[Pattern]) -> TimeDensity:
    """The given points, each standing for the time up to the next one (the last one up to end): its chance is the
    pattern's weight at the point times that length."""
    lengths = np.diff(np.append(points, end)).astype(np.float64)
    weights = round_bits(relative(points, patterns)) * (lengths / float(lengths.max()))
    return TimeDensity(points, points, np.ones(len(points), dtype=np.int64), 1, weights, "point")


def _edges(start: int, end: int, unit: Unit) -> Times:
    """(k + 1,) borders of the cells of a window: start, every full unit in between, end."""
    if unit == "window":
        return np.array([start, end], dtype=np.int64)
    ends = np.array([start, end - 1], dtype=np.int64)
    first, last = (int(number) for number in _cell_number(ends, unit))
    if last - first >= MOST_CELLS:
        raise OverflowError(f"{last - first + 1:,} {'quarter hour' if unit == 'quarter' else unit}s")
    inner = np.arange(first + 1, last + 1, dtype=np.int64)
    inner = clock.month_start(inner) if unit == "month" else inner * STEPS[unit]
    return np.concatenate([[start], inner, [end]]).astype(np.int64)
