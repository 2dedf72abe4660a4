"""Counts that add up to an exact total: a law tilted to the wanted mean, drawn stratified over all parents, and mended.

With weights p(x) on whole numbers a..b, p(x)·e^(θx) is the law nearest to p whose mean is the wanted one (maximum
entropy). Every parent's rank under a keyed permutation gives its quantile, so that the counts of all parents are one
fixed list, whose sum is made equal to the total by moving single counts by one. Source: Jaynes 1957.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Fill
from datagen.errors import Finding, SchemaError
from datagen.kernel import elementary
from datagen.kernel.permute import permuted_rank

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TURNS = 200  # of the bisection for the tilt


def tilted(values: Floats, weights: Floats, mean: float) -> Floats:
    """(k,) chances of whole numbers, nearest to the weights and with the given mean (inside their range)."""
    span = max(float(values[-1] - values[0]), 1.0)
    middle = values - (values[0] + values[-1]) / 2.0
    low, high = -700.0 / span * 2.0, 700.0 / span * 2.0
    chances = weights / weights.sum()
    for _ in range(TURNS):
        theta = (low + high) / 2.0
        exponent = theta * middle
        shaped = weights * elementary.exp(exponent - float(exponent.max()))
        chances = shaped / shaped.sum()
        if float((chances * values).sum()) < mean:
            low = theta
        else:
            high = theta
    found: Floats = chances
    return found


def spread(values: Ints, chances: Floats, parents: int, total: int) -> Ints:
    """(parents,) counts in rising order of rank: the law's quantiles, moved by single rows until they sum to `total`.

    Whole numbers between values[0] and values[-1]; total must lie in their reach.
    """
    ends = np.cumsum(chances)
    u = (np.arange(parents, dtype=np.float64) + 0.5) / max(parents, 1)
    counts = values[np.minimum(np.searchsorted(ends, u, side="right"), len(values) - 1)]
    while (missing := total - int(counts.sum())) != 0:
        room = np.flatnonzero(counts < values[-1] if missing > 0 else counts > values[0])
        chosen = room[(np.arange(min(abs(missing), len(room))) * len(room)) // min(abs(missing), len(room))]
        counts[chosen] += 1 if missing > 0 else -1
    return counts


class Settled:
    """What counts that add up over all parents tell of themselves. total: declared rows of the whole table, if any."""

    __slots__ = ()
    total: int | None

    @property
    def whole(self) -> int | None:
        """Rows of the whole table, where they are declared."""
        return self.total

    @property
    def moves(self) -> str:
        """Why parents that are added change the rows of those that were there before."""
        return "its number of rows is exact over all parents"


@dataclass(frozen=True, slots=True)
class ExactTotal(Settled):
    """Counts of a total. total None: the mean times the number of parents, rounded."""

    values: Ints
    weights: Floats
    total: int | None
    mean: float | None
    stretch: bool
    key: int
    parent: str
    home: str
    expected: float
    largest: float
    description: str
    guessed: bool = False
    fills: Mapping[str, Fill] = field(default_factory=dict)

    @property
    def least(self) -> float:
        """Rows that every parent has for sure."""
        return 0.0 if self.stretch else float(self.values[0])

    def __call__(self, parent: Block) -> Ints:
        parents = parent.total(self.parent)
        counts = parent.once(("exact total", self.home), lambda: self._counts(parents))
        found: Ints = counts[permuted_rank(parent.row_number, parents, self.key)]
        return found

    def _counts(self, parents: int) -> Ints:
        total = self.total if self.total is not None else round((self.mean or 0.0) * parents)
        refuse_out_of_reach(total, parents, self.values, self.stretch, self.home)
        values, weights = stretched(self.values, self.weights, total, parents)
        return spread(values, tilted(values.astype(np.float64), weights, total / max(parents, 1)), parents, total)


def stretched(values: Ints, weights: Floats, total: int, parents: int) -> tuple[Ints, Floats]:
    """The range of counts, widened so that the total lies in it (only where `stretch` allows that)."""
    low, high = int(values[0]), int(values[-1])
    need_high = -(-total // max(parents, 1))
    if total > high * parents:
        more = np.arange(high + 1, need_high + 2, dtype=np.int64)
        return np.concatenate([values, more]), np.concatenate([weights, np.full(len(more), float(weights[-1]))])
    if total < low * parents:
        less = np.arange(max(total // max(parents, 1) - 1, 0), low, dtype=np.int64)
        return np.concatenate([less, values]), np.concatenate([np.full(len(less), float(weights[0])), weights])
    return values, weights


def refuse_out_of_reach(total: int, parents: int, values: Ints, stretch: bool, home: str) -> None:
    """Refuse a total that no counts inside the range can have."""
    low, high = int(values[0]) * parents, int(values[-1]) * parents
    if low <= total <= high or (stretch and parents > 0) or (parents == 0 and total == 0):
        return
    raise SchemaError(
        Finding(
            code="fanout.total_out_of_reach",
            json_path=home,
            found=f"a total of {total:,} rows from {parents:,} parents with {values[0]} to {values[-1]} each",
            expected=f"a total from {low:,} to {high:,}",
            hint="widen min and max, or say stretch: true to let them give way",
        )
    )
