"""Rows counted by a law: once per parent, once per calendar unit, or once for the whole window; then placed in time.

A unit of which a parent was there only in part, or in which its rate is raised, has the law's count times that share.
The rows of a unit fall where the intensity is, sorted; units are numbered by the calendar, so a longer window keeps
what lies before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Fill, Values
from datagen.errors import Finding, SchemaError
from datagen.kernel import clock
from datagen.kernel.address import child_addresses
from datagen.kernel.cells import ONE, fractions, sorted_places
from datagen.kernel.clock import DAY_US, HOUR_US, Times
from datagen.kernel.draws import uniform
from datagen.kernel.intensity import Intensity
from datagen.rows._contract import whole
from datagen.rows._rate import Shape, clamped, forced_places, of_parents
from datagen.rows._scaled_law import ScaledLaw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MONDAY = 4 * DAY_US  # 1970-01-05 was a Monday
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Units:
    """Calendar units of a window: (k + 1,) edges in microseconds and (k,) their numbers."""

    edges: Times
    numbers: Ints


def units_of(per: str, start: int, end: int) -> Units:
    """The hours, days, weeks, months or years that a window touches, whole; or the window itself."""
    if per == "window":
        return Units(np.array([start, end], dtype=np.int64), np.zeros(1, dtype=np.int64))
    ends = np.array([start, end - 1], dtype=np.int64)
    if per in MONTHS:
        first, last = (int(one) // MONTHS[per] for one in clock.month_index(ends))
        numbers = np.arange(first, last + 2, dtype=np.int64)
        edges = clock.month_start(numbers * MONTHS[per])
    else:
        step, shift = {"hour": (HOUR_US, 0), "day": (DAY_US, 0), "week": (7 * DAY_US, MONDAY)}[per]
        first, last = (int(one) for one in np.floor_divide(ends - shift, step))
        numbers = np.arange(first, last + 2, dtype=np.int64)
        edges = numbers * step + shift
    return Units(edges, numbers[:-1])


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of a block of parents: (n, k) rows and (n, k + 1) running operational time by unit, and the counts."""

    rows: Ints
    running: Floats
    counts: Ints
    forced: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class UnitRows:
    """Rows of a law per unit of time. units None: once per parent, whatever its time."""

    shape: Shape
    law: ScaledLaw
    units: Units | None
    clamp: tuple[float, float]
    key: int
    salt: int
    rounding_salt: int
    expected: float
    largest: float
    description: str
    guessed: bool
    free: float  # expected rows without the clamp
    home: str = ""
    fills: Mapping[str, Fill] = field(default_factory=dict)

    def __call__(self, parent: Block) -> Ints:
        return self.made(parent).counts

    def made(self, parent: Block) -> Counted:
        """The rows of a block of parents, worked out once."""
        found: Counted = whole(parent, self.shape.name, lambda: self._make(parent))
        return found

    def _make(self, parent: Block) -> Counted:
        factor = self.shape.factor(parent)
        running = self._running(parent)
        lengths = np.diff(self._edges()) / DAY_US
        # to 9 places: a unit that was lived through whole has a share of exactly 1
        share = np.rint(np.diff(running, axis=1) / lengths * 1e9) / 1e9
        rows = np.zeros(share.shape, dtype=np.int64)
        for k in range(share.shape[1]):  # over units of time
            number = 0 if self.units is None else int(self.units.numbers[k])
            address = child_addresses(parent.address, self.key, np.full(parent.rows, number, dtype=np.int64))
            there = np.ones(parent.rows) if self.units is None else share[:, k]
            counts = self.law.counts(
                uniform(address, self.salt), uniform(address, self.rounding_salt), there * factor, parent
            )
            self._refuse_null(counts)
            rows[:, k] = np.clip(counts, 0, 2.0**40).astype(np.int64)
        rows[running[:, -1] <= 0] = 0
        # who has no rate has no rows, whatever the floor
        kept, forced = clamped(rows.sum(axis=1), self.clamp, np.where(factor > 0, running[:, -1], 0.0))
        return Counted(rows, running, kept, forced)

    def _running(self, parent: Block) -> Floats:
        """(n, k + 1) average days of each parent before each edge."""
        edges = self._edges()
        running = np.empty((parent.rows, len(edges)), dtype=np.float64)
        for at in self.shape.chunks(parent.rows):
            intensity = self._intensity(parent, at)
            for k, edge in enumerate(edges):  # over units of time
                running[at, k] = intensity.until(np.full(len(intensity.start), edge, dtype=np.int64))
        return running

    def _edges(self) -> Times:
        exposure = self.shape.exposure
        return np.array([exposure.start, exposure.end], dtype=np.int64) if self.units is None else self.units.edges

    def _intensity(self, parent: Block, at: slice) -> Intensity:
        size = len(range(*at.indices(parent.rows)))
        return self.shape.intensity(parent, np.ones(size), at)

    def _refuse_null(self, counts: Floats) -> None:
        unknown = int(np.isnan(counts).sum())
        if unknown:
            raise null_counts(unknown, self.home)

    def times(self, block: Block) -> Values:
        """When the rows of a block happen: sorted within each parent."""
        parent, index = block.ancestor(self.shape.parent)
        if index is None or not block.rows:
            return Values("time", np.zeros(block.rows, dtype=np.int64))
        first, last = int(index[0]), int(index[-1]) + 1
        made = self.made(parent)
        owner, place = self._places(made, parent, first, last)
        if last == first + 1:
            skip = int(block.ordinal[0])
            owner, place = owner[skip : skip + block.rows], place[skip : skip + block.rows]
        owner, place = of_parents(owner, place, index)
        intensity = self._intensity(parent, slice(first, last))
        times = intensity.time(owner - first, place)
        return Values("time", self.shape.settle(times, intensity.start[owner - first], intensity.end[owner - first]))

    def _places(self, made: Counted, parent: Block, first: int, last: int) -> tuple[Ints, Floats]:
        rows, running = made.rows[first:last], made.running[first:last]
        width = rows.shape[1]
        kept = np.where(made.forced[first:last, None], 0, rows) if made.forced is not None else rows
        cell = np.repeat(np.arange(kept.size, dtype=np.int64), kept.ravel())
        every = kept.sum(axis=1)
        owner = np.repeat(np.arange(first, last, dtype=np.int64), every)
        ordinal = np.arange(len(cell), dtype=np.int64) - np.repeat(np.cumsum(every) - every, every)
        fraction = fractions(parent.address[owner], self.key, ordinal)
        sorted_places(cell, fraction)
        low = running[:, :-1].ravel()[cell]
        place = low + fraction / ONE * (running[:, 1:].ravel()[cell] - low)
        if width and made.forced is not None and made.forced[first:last].any():
            who = np.flatnonzero(made.forced[first:last]) + first
            own, own_place = forced_places(parent, who, made.counts[who], made.running[who, -1], self.key)
            owner, place = np.concatenate([owner, own]), np.concatenate([place, own_place])
            order = np.argsort(owner, kind="stable")
            owner, place = owner[order], place[order]
        return owner, place


def null_counts(parents: int, home: str) -> SchemaError:
    """What a run says where the parameter of a fan-out is null."""
    return SchemaError(
        Finding(
            code="fanout.null",
            json_path=home,
            found=f"{parents:,} parents of one block whose number of rows is null",
            expected="a number in every row of the parent",
            hint="coalesce(…, 0) in the parameter gives them no rows",
        )
    )
