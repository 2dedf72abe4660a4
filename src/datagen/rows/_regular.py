"""Rows on a regular grid of times: a heartbeat every five minutes, a snapshot every month."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Fill, Values
from datagen.kernel import clock
from datagen.kernel.clock import Times
from datagen.rows._contract import RateFactor, product, spread, whole
from datagen.rows._exposure import Exposure
from datagen.schema.durations import Frequency

Ints = NDArray[np.int64]

MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Grid:
    """Points origin + k·step, or the beginnings of every `months` calendar months."""

    origin: int
    step: int | None
    months: int = 1

    @classmethod
    def of(cls, freq: Frequency, origin: int) -> Grid:
        """The grid of a frequency; steps are counted from the origin, months from January 1970."""
        step = freq.microseconds
        return cls(origin, step) if step is not None else cls(origin, None, MONTHS[freq.unit] * freq.count)

    def first(self, times: Times) -> Ints:
        """(n,) number of the first point at or after each time."""
        if self.step is not None:
            return -(-(times - self.origin) // self.step)
        index = clock.month_index(times)
        number = -(-index // self.months)
        late = clock.month_start(number * self.months) < times
        return number + late

    def point(self, number: Ints) -> Times:
        """(n,) time of each point."""
        if self.step is not None:
            return self.origin + number * self.step
        return clock.month_start(number * self.months)


@dataclass(frozen=True, slots=True)
class RegularRows:
    """One row per point of the grid while a parent is there."""

    grid: Grid
    exposure: Exposure
    factors: tuple[RateFactor, ...]  # 0 or 1: parents without rows
    clamp: tuple[float, float]
    name: str
    parent: str
    expected: float
    largest: float
    description: str
    guessed: bool
    most_expected: float = math.inf
    fills: Mapping[str, Fill] = field(default_factory=dict)

    def __call__(self, parent: Block) -> Ints:
        start, end = self._interval(parent)
        counts = np.maximum(self.grid.first(end) - self.grid.first(start), 0)
        counts = np.where(product(self.factors, parent) > 0, counts, 0)
        if np.isfinite(self.clamp[1]):
            counts = np.minimum(counts, int(self.clamp[1]))
        return counts

    def expected_pairs(self) -> float | None:
        """Pairs of rows of one parent; None where it is not known how many parents have none."""
        rows, uneven = min(self.most_expected, self.largest), spread(self.factors)
        return None if uneven is None else rows * max(rows * uneven - 1.0, 0.0) / 2.0

    def _interval(self, parent: Block) -> tuple[Times, Times]:
        found: tuple[Times, Times] = whole(parent, f"{self.name} interval", lambda: self.exposure(parent))
        return found

    def times(self, block: Block) -> Values:
        """The points of the grid, in order."""
        parent, index = block.ancestor(self.parent)
        if index is None or not block.rows:
            return Values("time", np.zeros(block.rows, dtype=np.int64))
        start, _ = self._interval(parent)
        return Values("time", self.grid.point(self.grid.first(start)[index] + block.ordinal))
