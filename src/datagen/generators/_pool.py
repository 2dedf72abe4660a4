"""The rows that a lookup may pick, in groups and by weight: proposals that one more row moves only where it wins.

Within a group rows stand in weight classes, each twice as heavy as the one before, and in a class in the order of the
table. A class is drawn by the most its rows can weigh, a row in it by BinomialHash over their number, and kept with the
chance that its weight says: at least one half. So a row that joins a group moves hardly more than the picks it wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.generators._key_codes import Groups
from datagen.kernel.draws import bits, uniform
from datagen.kernel.picks import pick_row

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Salts:
    """The salts of one throw: which weight class, which row in it, whether it is kept."""

    weight_class: int
    pick: int
    keep: int


class Pool:
    """Candidates by group.

    rows: how many the table has. groups: of its rows, None where all are one group. weight: (rows,) of each row, None
    where all weigh the same. among: (rows,) False where a row is never picked.
    """

    def __init__(self, rows: int, groups: Groups | None, weight: Floats | None, among: Bools | None) -> None:
        self.weight = weight
        self.groups = groups
        member = np.ones(rows, dtype=np.bool_) if among is None else among.copy()
        if weight is not None:
            member &= weight > 0
        if groups is not None:
            member &= groups.of_rows >= 0
        self.order: Ints | None = None  # None: the rows as they are
        self._classes: _Classes | None = None
        self._numbers: Ints | None = None
        if groups is None and weight is None and among is None:
            self.first, self.sizes = np.zeros(1, dtype=np.int64), np.full(1, rows, dtype=np.int64)
            return
        candidates = np.flatnonzero(member)
        of_rows = np.zeros(rows, dtype=np.int64) if groups is None else groups.of_rows
        mine, number = of_rows[candidates], 1 if groups is None else groups.size
        if weight is None:
            by_group = np.argsort(mine, kind="stable")
        else:
            exponents = np.frexp(weight[candidates])[1].astype(np.int64)
            by_group = np.lexsort((exponents, mine))
            self._classes = _Classes(mine[by_group], exponents[by_group], number)
        self.order = candidates[by_group]
        self.sizes = np.bincount(mine, minlength=number).astype(np.int64)
        self.first = np.cumsum(self.sizes) - self.sizes

    def propose(self, address: NDArray[np.uint64], salts: Salts, groups: Ints) -> tuple[Ints, Bools | None]:
        """(n,) a row of each group, and (n,) whether its weight keeps it (None: always). Groups have rows."""
        return self.propose_several(address, (salts,), groups)

    def propose_several(
        self, address: NDArray[np.uint64], salts: Sequence[Salts], groups: Ints
    ) -> tuple[Ints, Bools | None]:
        """The same for several throws at once, one throw after the other: (k * n,) each."""
        words = _after_each_other([bits(address, one.pick) for one in salts])
        groups = groups if len(salts) == 1 else np.tile(groups, len(salts))
        if self._classes is None:
            if len(self.sizes) == 1:
                place = pick_row(words, int(self.sizes[0]))
                return (place if self.order is None else self.order[place]), None
            place = self.first[groups] + pick_row(words, self.sizes[groups])
            assert self.order is not None  # there are groups
            return self.order[place], None
        assert self.order is not None
        assert self.weight is not None
        cell = self._classes.draw(_after_each_other([uniform(address, one.weight_class) for one in salts]), groups)
        place = self._classes.first[cell] + pick_row(words, self._classes.sizes[cell])
        rows = self.order[place]
        keep = _after_each_other([uniform(address, one.keep) for one in salts])
        return rows, keep * self._classes.most[cell] < self.weight[rows]

    def numbers(self, rows: Ints) -> Ints:
        """(n,) the place of rows in their groups by the order of the table: it stays when other groups grow."""
        if self.groups is None:
            return rows
        if self._numbers is None:
            by_group = np.argsort(self.groups.of_rows, kind="stable")
            groups = self.groups.of_rows[by_group]
            self._numbers = np.empty(len(groups), dtype=np.int64)
            self._numbers[by_group] = np.arange(len(groups)) - np.searchsorted(groups, groups)
        return self._numbers[rows]

    def members(self, groups: Ints) -> tuple[Ints, Ints]:
        """Every candidate of each group, one group after the other: (pairs,) place of the group asked for, (pairs,) row."""
        sizes = self.sizes[groups]
        owner = np.repeat(np.arange(len(groups), dtype=np.int64), sizes)
        place = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        place += self.first[groups][owner]
        return owner, place if self.order is None else self.order[place]


def _after_each_other(pieces: list[NDArray[Any]]) -> NDArray[Any]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


class _Classes:
    """The weight classes of the groups, heaviest last: where they begin, how many rows they have, how much they weigh."""

    def __init__(self, group: Ints, exponent: Ints, number: int) -> None:
        begins = np.ones(len(group), dtype=np.bool_)
        begins[1:] = (group[1:] != group[:-1]) | (exponent[1:] != exponent[:-1])
        self.first = np.flatnonzero(begins)
        self.sizes = np.diff(self.first, append=len(group))
        self.most = np.ldexp(1.0, exponent[self.first])  # the least power of two that no weight of the class reaches
        of_group = group[self.first]
        each = np.bincount(of_group, minlength=number)
        self.begin = np.cumsum(each) - each  # the first class of each group
        self.each = each
        self.upto = self.sizes * self.most
        place = np.arange(len(of_group)) - self.begin[of_group]
        for step in range(1, int(each.max(initial=0))):  # classes of a group, summed up in order: at most some dozens
            here = np.flatnonzero(place == step)
            self.upto[here] += self.upto[here - 1]

    def draw(self, u: Floats, groups: Ints) -> Ints:
        """(n,) a class of each group, in proportion to the most that its rows weigh."""
        low, high = self.begin[groups], self.begin[groups] + self.each[groups] - 1
        wanted = u * self.upto[high]
        for _ in range(int(self.each.max(initial=1)).bit_length()):  # bisection of all rows at once
            middle = (low + high) >> 1
            above = self.upto[middle] > wanted
            high = np.where(above, middle, high)
            low = np.where(above, low, np.minimum(middle + 1, high))
        return high
