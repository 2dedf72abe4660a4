"""Which candidates may hold for a row at all: a run of those that stand in the order of a value that a condition bounds.

Candidates stand by group and in the order of one compared value; the row's bound on it cuts a run out of its group by
bisection. The other comparisons cut the run shorter: before the first place where the largest value so far reaches the
bound, and behind the last, nobody holds. So `candidate.begun <= at and candidate.ended > at` leaves those around `at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.generators._comparisons import Asked, Comparison, numbers
from datagen.generators._pool import Pool

Ints = NDArray[np.int64]

SIDES = 4  # compared values that are tried as the order of the candidates


@dataclass(frozen=True, slots=True)
class Runs:
    """For some rows the places begin to end (exclusive) in an order of the candidates: only there may one hold."""

    order: Ints
    begin: Ints
    end: Ints

    @property
    def sizes(self) -> Ints:
        found: Ints = np.maximum(self.end - self.begin, 0)
        return found

    def members(self, places: Ints) -> tuple[Ints, Ints]:
        """The candidates of some of the rows: (pairs,) place of the row asked for, (pairs,) candidate."""
        sizes = self.sizes[places]
        owner = np.repeat(np.arange(len(places), dtype=np.int64), sizes)
        within = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return owner, self.order[within + self.begin[places][owner]]


class Windows:
    """The candidates of a pool under comparisons that have an order."""

    def __init__(self, block: Block, pool: Pool, comparisons: Sequence[Comparison]) -> None:
        self._pool = pool
        self._places = [place for place, one in enumerate(comparisons) if one.ordered]
        self._sides: dict[tuple[str, bool], _Side] = {}
        self._of: dict[int, tuple[str, bool]] = {}
        for place in self._places:
            one = comparisons[place]
            key = (one.side, one.missing)
            if key not in self._sides:
                values = one.theirs(block)
                self._sides[key] = _Side(numbers(values), values.valid, one.missing)
            self._of[place] = key
            self._sides[key].bounded(one.op)
        self._comparisons = comparisons
        self._orders: dict[tuple[str, bool], _Order] = {}

    def runs(self, asked: Asked, rows: Ints, groups: Ints) -> Runs | None:
        """The runs of rows, by place in the block, in their groups, in the order that leaves the fewest candidates."""
        bounds: dict[tuple[str, bool], tuple[Ints | None, Ints | None]] = {}
        for place in self._places:
            key = self._of[place]
            low, high = self._sides[key].bounds(self._comparisons[place].op, *asked.mine(place, rows))
            before = bounds.get(key, (None, None))
            bounds[key] = _tighter(before[0], low, np.maximum), _tighter(before[1], high, np.minimum)
        best: Runs | None = None
        for key in [key for key, side in self._sides.items() if side.sortable][:SIDES]:
            if key not in self._orders:
                self._orders[key] = _Order(self._pool, self._sides, key)
            runs = self._orders[key].runs(groups, bounds)
            if best is None or runs.sizes.sum() < best.sizes.sum():
                best = runs
        return best


def _tighter(one: Ints | None, other: Ints | None, choose: Any) -> Ints | None:
    if one is None or other is None:
        return other if one is None else one
    found: Ints = choose(one, other)
    return found


class _Side:
    """One compared value of the candidates as ranks: 1 to n for its distinct values.

    Two ways to write a missing one: low (n + 1 where it holds, else 0) under bounds from below, high (0 where it holds,
    else n + 1) under bounds from above.
    """

    def __init__(self, values: NDArray[Any], valid: Any, missing: bool) -> None:
        self.missing = missing
        known = values if valid is None else values[valid]
        self._distinct = np.unique(known)
        self.size = len(self._distinct)
        rank = np.searchsorted(self._distinct, values, side="left").astype(np.int64) + 1
        ends = (self.size + 1, 0) if missing else (0, self.size + 1)
        self.low = rank if valid is None else np.where(valid, rank, ends[0])
        self.high = rank if valid is None else np.where(valid, rank, ends[1])
        self.gaps = valid is not None and not valid.all()
        self.from_below = self.from_above = False

    def bounded(self, op: str) -> None:
        """Take note of a comparison."""
        self.from_below |= op in (">", ">=", "=")
        self.from_above |= op in ("<", "<=", "=")

    @property
    def width(self) -> int:
        return self.size + 4

    @property
    def sortable(self) -> bool:
        return not (self.gaps and self.missing and self.from_below and self.from_above)

    def bounds(self, op: str, mine: NDArray[Any], there: Any) -> tuple[Ints | None, Ints | None]:
        """(least rank, rank that is too large) for each row; None: no bound. Without a value only a missing one holds."""
        left = np.searchsorted(self._distinct, mine, side="left").astype(np.int64) + 1
        right = (
            np.searchsorted(self._distinct, mine, side="right").astype(np.int64) + 1 if op not in (">=", "<") else left
        )
        low = {">": right, ">=": left, "=": left}.get(op)
        high = {"<": left, "<=": right, "=": right}.get(op)
        if there is not None:
            nobody = (self.size + 1, 1) if self.missing else (self.size + 2, 0)
            low = None if low is None else np.where(there, low, nobody[0])
            high = None if high is None else np.where(there, high, nobody[1])
        return low, high


class _Order:
    """The candidates of a pool by group and by one side, with what cuts runs of them."""

    def __init__(self, pool: Pool, sides: dict[tuple[str, bool], _Side], key: tuple[str, bool]) -> None:
        side = sides[key]
        rank = side.low if side.from_below else side.high
        rows = np.arange(len(rank), dtype=np.int64) if pool.order is None else pool.order
        if not side.missing and side.gaps:
            rows = rows[(rank[rows] > 0) & (rank[rows] <= side.size)]
        groups = np.zeros(len(rank), dtype=np.int64) if pool.groups is None else pool.groups.of_rows
        self.order: Ints = rows[np.lexsort((rows, rank[rows], groups[rows]))]
        group = groups[self.order]
        last = int(group[-1]) if len(group) else 0
        self._cuts: list[tuple[tuple[str, bool], bool, _Cut]] = []
        for other, one in sides.items():
            if one.from_below:
                self._cuts.append((other, False, _Cut(group, last, one.low[self.order], one.width)))
            if one.from_above:
                turned = one.width - 2 - one.high[self.order]
                self._cuts.append((other, True, _Cut(group, last, turned, one.width)))
        self._group = group

    def runs(self, groups: Ints, bounds: dict[tuple[str, bool], tuple[Ints | None, Ints | None]]) -> Runs:
        begin = np.searchsorted(self._group, groups, side="left").astype(np.int64)
        end = np.searchsorted(self._group, groups, side="right").astype(np.int64)
        for key, above, cut in self._cuts:
            low, high = bounds[key]
            least = low if not above else None if high is None else cut.width - 1 - high
            assert least is not None  # there is a cut for what is bounded alone
            begin = np.maximum(begin, cut.first(groups, least))
            end = np.minimum(end, cut.last(groups, least))
        return Runs(self.order, begin, end)


class _Cut:
    """Ranks of candidates in groups: the first and the last place where one is at least a bound."""

    def __init__(self, group: Ints, last: int, rank: Ints, width: int) -> None:
        self.width, self._last, self._size = width, last, len(group)
        self._so_far = np.maximum.accumulate(group * width + rank)
        self._from_behind = np.maximum.accumulate(((last - group) * width + rank)[::-1])

    def first(self, groups: Ints, least: Ints) -> Ints:
        return np.searchsorted(self._so_far, groups * self.width + least, side="left").astype(np.int64)

    def last(self, groups: Ints, least: Ints) -> Ints:
        """One behind the last place."""
        wanted = (self._last - groups) * self.width + least
        return self._size - np.searchsorted(self._from_behind, wanted, side="left").astype(np.int64)
