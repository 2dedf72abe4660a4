"""The candidates of a group in the order of one of their values: those up to a value of the row that picks stand first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Values
from datagen.generators._pool import Pool

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class UpTo:
    """A bound that every picked row keeps: its value of `column` is at most, or below, a value of this row.

    value: of the rows of a block; missing: what a null in the column counts as, None: such a row is never picked.
    """

    table: str
    column: str
    strict: bool
    value: Callable[[Block], Values]
    missing: int | None = None

    def sorted(self, block: Block, pool: Pool) -> Sorted:
        """The candidates of a pool in the order of the column, in each group."""
        values = block.whole(self.table, self.column)
        numbers = np.asarray(values.array)
        rows = np.arange(len(numbers)) if pool.order is None else pool.order
        if values.valid is not None and self.missing is not None:
            numbers = np.where(values.valid, numbers, self.missing)
        elif values.valid is not None:
            rows = rows[values.valid[rows]]
        groups = np.zeros(len(numbers), dtype=np.int64) if pool.groups is None else pool.groups.of_rows
        order = rows[np.lexsort((rows, numbers[rows], groups[rows]))]
        sizes = np.bincount(groups[order], minlength=len(pool.sizes)).astype(np.int64)
        return Sorted(order, numbers[order], np.cumsum(sizes) - sizes, sizes)

    def room(self, block: Block, candidates: Sorted, left: Ints, groups: Ints) -> Ints:
        """How many candidates some rows have, by place in the block."""
        values = self.value(block)
        found = candidates.upto(np.asarray(values.array)[left], groups, self.strict)
        return found if values.valid is None else np.where(values.valid[left], found, 0)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Candidates by group and value. first, sizes: where a group begins and how many it has."""

    order: Ints
    values: NDArray[Any]
    first: Ints
    sizes: Ints

    def upto(self, wanted: NDArray[Any], groups: Ints, strict: bool) -> Ints:
        """(n,) how many candidates of each group have at most (strict: less than) the wanted value."""
        low = self.first[groups]
        high = low + self.sizes[groups]
        begin = low
        for _ in range(int(self.sizes.max(initial=0)).bit_length()):  # bisection of all rows at once
            middle = (low + high) >> 1
            value = self.values[np.minimum(middle, len(self.values) - 1)]
            before = (value < wanted if strict else value <= wanted) & (low < high)
            low, high = np.where(before, middle + 1, low), np.where(before, high, middle)
        return low - begin

    def members(self, groups: Ints, room: Ints) -> tuple[Ints, Ints]:
        """The candidates of each group up to its bound: (pairs,) place of the group asked for, (pairs,) row."""
        owner = np.repeat(np.arange(len(groups), dtype=np.int64), room)
        place = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(room) - room, room)
        return owner, self.order[place + self.first[groups][owner]]
