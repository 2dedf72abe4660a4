"""Picks that never repeat among the rows below one row of an ancestor: the courses of a student, the items of an order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.errors import Finding, SchemaError
from datagen.generators._filtered_pick import FilteredPick
from datagen.kernel.draws import bits
from datagen.kernel.permute import permuted_within

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LOOKED_BACK = 32  # earlier rows of a parent that are compared one by one; more are searched


@dataclass(frozen=True, slots=True)
class UniquePick:
    """One lookup whose picks differ below each row of `ancestor`, None: in the whole table.

    direct: the ancestor is the driving parent. several: the rows below one ancestor may look into several groups.
    """

    pick: FilteredPick
    ancestor: str | None
    direct: bool
    several: bool
    key: int

    def picks(self, block: Block, groups: Ints, wanted: Bools) -> Ints:
        """(n,) row numbers of the picked table, -1 where none is left."""
        pool = self.pick.pool(block)
        if pool.weight is not None or self.pick.one_by_one:
            return self._one_after_the_other(block, groups, wanted)
        rank, keys = self._ranks(block, groups, wanted)
        found = np.full(block.rows, -1, dtype=np.int64)
        if not len(pool.sizes):
            return found
        sizes = np.where(groups >= 0, pool.sizes[np.maximum(groups, 0)], 0)
        at = np.flatnonzero(wanted & (rank < sizes))
        place = pool.first[groups[at]] + permuted_within(rank[at], sizes[at], keys[at])
        found[at] = place if pool.order is None else pool.order[place]
        return found

    def _ranks(self, block: Block, groups: Ints, wanted: Bools) -> tuple[Ints, NDArray[np.uint64]]:
        """(n,) the place of each row among those that must differ, and (n,) the key of their permutation."""
        if self.ancestor is None:
            return block.row_number, np.full(block.rows, self.key, dtype=np.uint64)
        above, index = block.ancestor(self.ancestor)
        assert index is not None  # an ancestor is no row of this table
        keys = bits(above.address, self.key)[index]
        if not self.direct:
            return block.rank_in(self.ancestor)[0], keys
        if wanted.all() and not self.several:
            return block.ordinal, keys
        _refuse_continued(block, self.pick.home)
        at = np.flatnonzero(wanted)
        order = at[np.lexsort((groups[at], index[at]))]  # stable: siblings of one group in their order
        begins = np.ones(len(order), dtype=np.bool_)
        begins[1:] = (index[order][1:] != index[order][:-1]) | (groups[order][1:] != groups[order][:-1])
        first = np.flatnonzero(begins)
        rank = np.zeros(block.rows, dtype=np.int64)
        rank[order] = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
        return rank, keys

    def _one_after_the_other(self, block: Block, groups: Ints, wanted: Bools) -> Ints:
        """Each row picks among what its earlier siblings have left: weighted sampling without replacement."""
        assert self.ancestor is not None
        _refuse_continued(block, self.pick.home)
        picks = np.full(block.rows, -1, dtype=np.int64)
        _, index = block.ancestor(self.ancestor)
        assert index is not None
        ordinal, stride = block.ordinal, block.total(self.pick.table) + 1
        by_ordinal = np.argsort(ordinal, kind="stable")
        begins = np.searchsorted(ordinal[by_ordinal], np.arange(int(ordinal.max(initial=-1)) + 2))
        asked = self.pick.asked(block, np.flatnonzero(wanted & (groups >= 0)))
        for step in range(len(begins) - 1):  # ordinals
            rows = by_ordinal[begins[step] : begins[step + 1]]
            seen = None
            if step > LOOKED_BACK:
                earlier = (rows[:, None] - np.arange(1, step + 1)).ravel()
                seen = np.sort(index[earlier] * stride + picks[earlier] + 1)

            def taken(at: Ints, candidates: Ints, step: int = step, seen: Ints | None = seen) -> Bools:
                if seen is not None:
                    wanted_pairs = index[at] * stride + candidates + 1
                    place = np.minimum(np.searchsorted(seen, wanted_pairs), len(seen) - 1)
                    return np.asarray(seen[place] == wanted_pairs)
                found = np.zeros(len(at), dtype=np.bool_)
                for back in range(1, step + 1):
                    found |= picks[at - back] == candidates
                return found

            self.pick.draw(block, groups, rows[wanted[rows]], picks, taken if step else None, asked)
        return picks


def _refuse_continued(block: Block, home: str) -> None:
    if block.rows and int(block.ordinal[0]) > 0:
        raise SchemaError(
            Finding(
                code="lookup.too_many_siblings",
                json_path=home,
                found=f"more than {int(block.ordinal[0]):,} rows below one row",
                expected="at most 1,048,576, where picks that must differ are weighed or have conditions",
            )
        )
