"""From when to when a parent can have rows: inside the window, after it was created, before it left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Reader
from datagen.generators._interval import TimeBounds
from datagen.kernel import clock
from datagen.kernel.clock import Times

STEPS = {"s": 1_000_000, "ms": 1_000, "us": 1}


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """The points on which times stand: every `step` microseconds from `origin`, or the first of every so many months."""

    origin: int
    step: int
    months: int

    def before(self, times: Times) -> Times:
        """(n,) the last point at or before each time."""
        if self.months:
            return clock.month_start(clock.month_index(times) // self.months * self.months)
        cut: Times = times - (times - self.origin) % self.step
        return cut

    def after(self, times: Times) -> Times:
        """(n,) the first point at or after each time."""
        if self.months:
            return clock.month_start((clock.month_index(times - 1) // self.months + 1) * self.months)
        cut: Times = times + (self.origin - times) % self.step
        return cut

    def inside(self, times: Times, start: Times, end: Times) -> Times:
        """(n,) times cut to the grid; where that falls before the start the first point after it, if the end allows one."""
        cut = self.before(times)
        early = np.flatnonzero(cut < start)
        first = self.after(start[early])
        cut[early] = np.where(first < end[early], first, start[early])
        return cut


@dataclass(frozen=True, slots=True)
class Exposure:
    """The interval of each parent.

    start, end: of the window, microseconds, end exclusive; bounds: inequalities of the time column that the parent
    knows; begins, ends: `from` and `until` as readers; step: microseconds to which times will be cut; created, departed:
    when who the rows belong to came and left, which bounds the number of rows also where they have no time of their own.
    """

    start: int
    end: int
    bounds: TimeBounds
    step: int
    begins: Reader | None = None
    ends: Reader | None = None
    created: tuple[Reader, ...] = ()
    departed: tuple[Reader, ...] = ()

    def __call__(self, parent: Block) -> tuple[Times, Times]:
        """(n,) first moment and end of each parent; equal where it has none."""
        low = np.full(parent.rows, self.start, dtype=np.int64)
        high = np.full(parent.rows, self.end, dtype=np.int64)
        closed = np.zeros(parent.rows, dtype=np.bool_)
        interval = self.bounds.interval(parent)
        if interval.low is not None:
            strict = 0 if interval.low_allowed is None else np.where(interval.low_allowed, 0, self.step)
            low = np.maximum(low, _later(interval.low, strict))
        if interval.high is not None:
            allowed = 1 if interval.high_allowed is None else interval.high_allowed.astype(np.int64)
            high = np.minimum(high, _later(interval.high, allowed))
        for reader in self.created:
            low = np.maximum(low, _times(reader, parent, self.start))
        for reader in self.departed:
            high = np.minimum(high, _times(reader, parent, self.end))
        if self.begins is not None:
            values = self.begins(parent)
            if values.valid is not None:
                closed |= ~values.valid
            low = np.maximum(low, np.asarray(values.array, dtype=np.int64))
        if self.ends is not None:
            high = np.minimum(high, _times(self.ends, parent, self.end))
        low = -(-low // self.step) * self.step  # times are cut to this: they must not fall before the start by that
        high = np.where(closed, low, np.maximum(high, low))
        return low, high


def _times(reader: Reader, parent: Block, missing: int) -> Times:
    """(n,) a time of each parent, another one where it is null."""
    values = reader(parent)
    times: Times = np.asarray(values.array, dtype=np.int64)
    return times if values.valid is None else np.where(values.valid, times, missing)


def _later(times: Times, by: NDArray[np.int64] | int) -> Times:
    """(n,) times moved on, those that bound nothing left alone."""
    moved: Times = np.where(np.abs(times) < 2**61, times + by, times)
    return moved
