"""How fast things happen: a rate over the calendar and, row by row, pieces of time on which it is raised or lowered.

A calendar holds relative rates on a regular grid (hours or days), one line per group of rows (such as a time zone), and
their running sum in days, so that C(t) is "how many average days" passed from the origin to t. A row's operational time
is scale × ∫ rate × pieces; its inverse turns the places of a unit-rate process into times. Nothing depends on where the
window ends, so a longer window leaves every earlier time alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.clock import DAY_US, Times

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def running(each: Floats) -> Floats:
    """(g, k + 1) the sum of each line up to every cell, line by line: groups never mix."""
    sums = np.zeros((each.shape[0], each.shape[1] + 1), dtype=np.float64)
    np.cumsum(each, axis=1, out=sums[:, 1:])
    return sums


class Calendar:
    """Relative rates on a grid of equal cells.

    origin: microseconds at which the grid begins; step: length of a cell in microseconds; rates (g, k) float64 >= 0, one
    line per group. Outside the grid nothing happens.
    """

    def __init__(self, origin: int, step: int, rates: Floats) -> None:
        self.rates = np.ascontiguousarray(rates, dtype=np.float64)
        each = self.rates * (step / DAY_US)  # days per cell
        self._lay(origin, step, each, running(each))

    @classmethod
    def of_lines(cls, origin: int, step: int, each: Floats, sums: Floats) -> Calendar:
        """A calendar of lines that are worked out: (g, k) days per cell, and (g, k + 1) their sum up to each cell.

        The first sums need not be 0: the lines may have begun before the origin.
        """
        made = cls.__new__(cls)
        made.rates = each[:0]
        made._lay(origin, step, each, sums)
        return made

    def _lay(self, origin: int, step: int, each: Floats, sums: Floats) -> None:
        self.origin, self.step = origin, step
        self._each, self._sums = each, sums
        groups, cells = each.shape
        self.cells: int = int(cells)
        self._flat_each, self._flat_sums = self._each.ravel(), self._sums.ravel()
        # guide: the cell in which each of 2·k equal parts of a line's sum begins
        self._parts = 2 * cells
        self._guide = np.empty((groups, self._parts + 1), dtype=np.int32)
        for group in range(groups):  # few: a loop over groups, not over rows
            begins, ends = self._sums[group, 0], self._sums[group, -1]
            marks = begins + np.arange(self._parts + 1) * ((ends - begins) / self._parts)
            self._guide[group] = np.clip(np.searchsorted(self._sums[group], marks, side="right") - 1, 0, cells - 1)
        self._flat_guide = self._guide.ravel()

    @property
    def lines(self) -> tuple[Floats, Floats]:
        """(g, k) days per cell and (g, k + 1) their sums, as `of_lines` takes them."""
        return self._each, self._sums

    @property
    def groups(self) -> int:
        return len(self._each)

    @property
    def end(self) -> int:
        """Where the grid ends, in microseconds."""
        return self.origin + self.cells * self.step

    @property
    def starts(self) -> Times:
        """(k,) where each cell begins."""
        return self.origin + np.arange(self.cells, dtype=np.int64) * self.step

    def days(self, times: Times, group: Ints | None = None) -> Floats:
        """(n,) average days from the origin to each time, in the line of each row's group."""
        place = np.subtract(times, self.origin)
        np.clip(place, 0, self.cells * self.step, out=place)
        cell = np.floor_divide(place, self.step)
        np.minimum(cell, self.cells - 1, out=cell)
        inside = np.subtract(place, cell * self.step).astype(np.float64)
        np.divide(inside, self.step, out=inside)
        at = cell if group is None else cell + group * self.cells
        low = cell if group is None else cell + group * (self.cells + 1)
        np.multiply(inside, self._flat_each[at], out=inside)
        found: Floats = np.add(inside, self._flat_sums[low], out=inside)
        return found

    def time(self, days: Floats, group: Ints | None = None) -> Times:
        """(n,) the last microsecond at which so many average days have not yet passed: the inverse of `days`."""
        base = 0 if group is None else group * (self.cells + 1)
        begins = self._flat_sums[base]
        total = self._flat_sums[base + self.cells] - begins
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(total > 0, (days - begins) * (self._parts / total), 0.0)
        place = np.clip(part.astype(np.int64), 0, self._parts)
        cell = self._flat_guide[place if group is None else place + group * (self._parts + 1)].astype(np.int64)
        # the guide is right or a few cells early; rounding can make it one late
        late = np.flatnonzero((self._flat_sums[base + cell] > days) & (cell > 0))
        while len(late):
            cell[late] -= 1
            here = cell[late] + (0 if group is None else base[late])  # type: ignore[index]
            late = late[(self._flat_sums[here] > days[late]) & (cell[late] > 0)]
        early = np.flatnonzero((self._flat_sums[base + cell + 1] <= days) & (cell < self.cells - 1))
        while len(early):
            cell[early] += 1
            here = cell[early] + 1 + (0 if group is None else base[early])  # type: ignore[index]
            early = early[(self._flat_sums[here] <= days[early]) & (cell[early] < self.cells - 1)]
        each = self._flat_each[cell if group is None else cell + group * self.cells]
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.where(each > 0, (days - self._flat_sums[base + cell]) / each, 0.0)
        np.clip(inside, 0.0, 1.0, out=inside)
        times = np.multiply(inside, self.step).astype(np.int64)
        np.minimum(times, self.step - 1, out=times)
        np.add(times, cell * self.step, out=times)
        return np.add(times, self.origin, out=times)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Per row, runs of time with a factor each. edges (n, j + 1) int64 rising; factors (n, j) float64 >= 0."""

    edges: Times
    factors: Floats

    def rows(self, at: Ints) -> Pieces:
        """Those of some rows."""
        return Pieces(self.edges[at], self.factors[at])

    def times(self, other: Pieces) -> Pieces:
        """Both factors at once: pieces between all edges, each with the product. Rows must begin and end alike."""
        edges = np.sort(np.concatenate([self.edges, other.edges[:, 1:-1]], axis=1), axis=1, kind="stable")
        middle = edges[:, :-1]
        return Pieces(edges, self.factor_at(middle) * other.factor_at(middle))

    def factor_at(self, times: Times) -> Floats:
        """(n, m) the factor at each of a row's times; the first piece before its beginning, the last after its end."""
        place = np.zeros(times.shape, dtype=np.int64)
        for k in range(1, self.factors.shape[1]):  # over pieces
            place += times >= self.edges[:, k : k + 1]
        return np.take_along_axis(self.factors, place, axis=1)


class Intensity:
    """The expected rows of each of n parents over time: scale × calendar × pieces on [start, end).

    start, end (n,) int64 microseconds, end >= start; scale (n,) rows per average day, >= 0; group (n,) lines of the
    calendar or None; pieces of these parents or None.
    """

    def __init__(
        self,
        calendar: Calendar,
        start: Times,
        end: Times,
        scale: Floats,
        *,
        group: Ints | None = None,
        pieces: Pieces | None = None,
    ) -> None:
        self.calendar, self.start, self.end, self.scale, self.group = calendar, start, end, scale, group
        self.pieces = pieces
        if pieces is None:
            self._from = calendar.days(start, group)
            self.rows = np.maximum(calendar.days(end, group) - self._from, 0.0) * scale
            return
        parents, edges = pieces.edges.shape
        self._edges = np.clip(pieces.edges, start[:, None], end[:, None])
        lines = None if group is None else np.repeat(group, edges)
        at = calendar.days(self._edges.ravel(), lines).reshape(parents, edges)
        self._days = at
        self._running = np.zeros((parents, edges), dtype=np.float64)
        np.cumsum(np.maximum(np.diff(at, axis=1), 0.0) * pieces.factors, axis=1, out=self._running[:, 1:])
        self._running *= scale[:, None]
        self.rows = self._running[:, -1].copy()

    def until(self, times: Times) -> Floats:
        """(n,) expected rows of each parent before a time of its own."""
        times = np.clip(times, self.start, self.end)
        if self.pieces is None:
            return np.maximum(self.calendar.days(times, self.group) - self._from, 0.0) * self.scale
        edges = self._edges
        piece = np.clip((edges[:, 1:-1] <= times[:, None]).sum(axis=1), 0, edges.shape[1] - 2)
        row = np.arange(len(times))
        inside = self.calendar.days(times, self.group) - self._days[row, piece]
        within = np.maximum(inside, 0.0) * self.pieces.factors[row, piece] * self.scale
        found: Floats = self._running[row, piece] + within
        return found

    def time(self, parent: Ints, place: Floats) -> Times:
        """(m,) when each of m rows happens: the time at which its parent's expected rows reach `place`."""
        group = None if self.group is None else self.group[parent]
        if self.pieces is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                days = self._from[parent] + np.where(self.scale[parent] > 0, place / self.scale[parent], 0.0)
        else:
            piece = self._piece(parent, place)
            width = self._running.shape[1]
            at = parent * width + piece
            factor = self.pieces.factors[parent, piece] * self.scale[parent]
            with np.errstate(divide="ignore", invalid="ignore"):
                inside = np.where(factor > 0, (place - self._running.ravel()[at]) / factor, 0.0)
            days = np.minimum(self._days.ravel()[at] + inside, self._days.ravel()[at + 1])
        times = self.calendar.time(days, group)
        np.minimum(times, self.end[parent] - 1, out=times)
        return np.maximum(times, self.start[parent], out=times)

    def _piece(self, parent: Ints, place: Floats) -> Ints:
        """(m,) the piece whose running sum first rises above the place, by bisection."""
        width = self._running.shape[1]
        flat = self._running.ravel()
        low, size = np.zeros(len(parent), dtype=np.int64), width - 2
        base = parent * width
        step = 1 << max(size, 1).bit_length()
        while step:
            probe = low + step
            good = (probe <= size) & (flat[base + np.minimum(probe, size)] <= place)
            low = np.where(good, probe, low)
            step >>= 1
        return low
