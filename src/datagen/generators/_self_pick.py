"""Keys into the own table: managers, replies, parts of parts. A row points to one of a lower number, a root to nobody.

Rows of one group (`same`, `within`) make trees of their own. `levels` says how many rows each level has, by their place in
the group; `depth` how long a chain may be: rows that would come too deep pick again among rows that are not so deep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.errors import Finding, SchemaError
from datagen.generators._candidate_condition import Part
from datagen.generators._comparisons import Comparison
from datagen.generators._filtered_pick import FilteredPick
from datagen.generators._key_codes import Groups
from datagen.generators._lookup_keys import Key
from datagen.generators._pool import Salts
from datagen.kernel.draws import bits
from datagen.kernel.picks import pick_row

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trees:
    """The groups of a table in which its self keys stay. order: rows by group; rank: of each row in its group, -1 outside."""

    group: Ints
    order: Ints | None  # None: all rows as they are
    first: Ints
    sizes: Ints
    rank: Ints


def one_tree(total: int) -> Trees:
    none = np.zeros(total, dtype=np.int64)
    every = np.arange(total, dtype=np.int64)
    return Trees(none, None, np.zeros(1, dtype=np.int64), np.full(1, total, dtype=np.int64), every)


def trees_of(groups: Groups) -> Trees:
    """The rows of a table by group."""
    order = np.argsort(groups.of_rows, kind="stable")
    order = order[np.searchsorted(groups.of_rows[order], 0) :]
    sizes = np.bincount(groups.of_rows[order], minlength=groups.size).astype(np.int64)
    first = np.cumsum(sizes) - sizes
    rank = np.full(len(groups.of_rows), -1, dtype=np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(first, sizes)
    return Trees(groups.of_rows, order, first, sizes, rank)


class Lower:
    """Of some rows of a table, those before each in its group, as a pool (see datagen.generators._pool.Pool)."""

    weight = None
    groups = None

    def __init__(self, trees: Trees, rows: Ints) -> None:
        self.order, self._rank = trees.order, trees.rank
        self.sizes = np.maximum(trees.rank[rows], 0)
        self.first = trees.first[np.maximum(trees.group[rows], 0)] if len(trees.first) else np.zeros_like(rows)

    def propose(self, address: NDArray[np.uint64], salts: Salts, places: Ints) -> tuple[Ints, None]:
        place = self.first[places] + pick_row(bits(address, salts.pick), self.sizes[places])
        return (place if self.order is None else self.order[place]), None

    def numbers(self, rows: Ints) -> Ints:
        return self._rank[rows]

    def members(self, places: Ints) -> tuple[Ints, Ints]:
        sizes = self.sizes[places]
        owner = np.repeat(np.arange(len(places), dtype=np.int64), sizes)
        place = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        place += self.first[places][owner]
        return owner, place if self.order is None else self.order[place]


@dataclass(frozen=True, slots=True)
class SelfPick:
    """How a self key picks. Rows point to -1 where they are roots, to -2 where nobody may be picked."""

    table: str
    home: str
    keys: Sequence[Key]
    condition: Part | None
    root_share: float | None
    depth: int | None
    levels: Sequence[int] | None
    salt: Callable[..., int]
    compared: tuple[Comparison, ...] = ()

    def trees(self, block: Block) -> Trees:
        def make() -> Trees:
            if not self.keys:
                return one_tree(block.total(self.table))
            return trees_of(Groups([key.theirs(block) for key in self.keys]))

        made: Trees = block.once(("trees", self.home), make)
        return made

    def picks(self, block: Block, wanted: Bools) -> Ints:
        """(n,) the row that each row points to."""
        if self.depth is None:
            return self._picks(block, wanted)
        whole: Ints = block.once(("tree", self.home), lambda: self._not_too_deep(block))
        return whole[block.row_number]

    def _picks(self, block: Block, wanted: Bools) -> Ints:
        trees, rows = self.trees(block), block.row_number
        rank = trees.rank[rows]
        lower = Lower(trees, rows)
        if self.levels is not None:
            return self._by_level(block, lower, rank)
        size = trees.sizes[np.maximum(trees.group[rows], 0)] if len(trees.sizes) else np.ones(len(rows))
        share = np.maximum(size, 1) ** -0.5 if self.root_share is None else self.root_share
        root = (rank == 0) | (block.uniform(self.salt("root")) < share)
        if self.condition is None and not self.compared:
            place = np.minimum((block.uniform(self.salt("pick")) * rank).astype(np.int64), rank - 1) + lower.first
            place = np.where((rank > 0) & ~root, place, 0)
            picks = place if lower.order is None or not len(lower.order) else lower.order[place]
            return np.where(rank < 0, -2, np.where(root, -1, picks))
        picks = np.where((rank >= 0) & root, -1, -2)
        left = np.flatnonzero((rank > 0) & ~root & wanted)
        pool: Any = lower
        way = FilteredPick(
            self.table, self.home, lambda _: pool, (), self.condition, None, self.salt, compared=self.compared
        )
        return way.draw(block, np.arange(block.rows, dtype=np.int64), left, picks, None)

    def _by_level(self, block: Block, lower: Lower, rank: Ints) -> Ints:
        """A row of one level points to a row of the level above it."""
        assert self.levels is not None
        ends = np.cumsum(np.asarray(self.levels[:-1], dtype=np.int64))  # the last level takes the rows that are left
        level = np.searchsorted(ends, rank, side="right")
        starts = np.concatenate([[0], ends])
        above = np.maximum(level - 1, 0)
        place = lower.first + starts[above] + pick_row(block.bits(self.salt("pick")), np.diff(starts, append=0)[above])
        place = np.where(level > 0, place, 0)
        picks = place if lower.order is None or not len(lower.order) else lower.order[place]
        return np.where(rank < 0, -2, np.where(level == 0, -1, picks))

    def _not_too_deep(self, block: Block) -> Ints:
        """The picks of the whole table, with chains of at most `depth` rows."""
        assert self.depth is not None
        blocks = list(block.blocks_of(self.table))
        if not blocks:
            return np.zeros(0, dtype=np.int64)
        picks = np.concatenate([self._picks(one, np.ones(one.rows, dtype=np.bool_)) for one in blocks])
        address = np.concatenate([one.address for one in blocks])
        trees = self.trees(block)
        level = np.where(picks == -1, 1, 0)
        for step in range(2, self.depth + 1):  # levels
            below = np.flatnonzero((level == 0) & (picks >= 0))
            below = below[level[picks[below]] == step - 1]
            if not len(below):
                break
            level[below] = step
        deep = np.flatnonzero((level == 0) & (picks >= 0))
        if self.depth == 1:
            picks[deep] = -1
            return picks
        order = np.arange(len(picks)) if trees.order is None else trees.order
        fits = (level[order] >= 1) & (level[order] < self.depth)
        before = np.concatenate([[0], np.cumsum(fits)])  # how many in group order stand before each place
        first = trees.first[trees.group[deep]]
        begin = before[first]
        room = before[first + trees.rank[deep]] - begin
        picks[deep] = order[fits][begin + pick_row(bits(address[deep], self.salt("pick", 64)), room)]
        return picks


def refuse_few_rows(levels: Sequence[int], rows: int, home: str) -> None:
    """Refuse levels that leave no row for the last one."""
    if 0 < rows <= sum(levels[:-1]):
        found, expected = few_rows(levels, rows, home.split(".")[0])
        raise SchemaError(Finding(code="lookup.levels", json_path=home, found=found, expected=expected))


def few_rows(levels: Sequence[int], rows: int, table: str) -> tuple[str, str]:
    """What was found and expected of levels that leave no row for the last one."""
    total, written = sum(levels[:-1]), " + ".join(f"{one:,}" for one in levels[:-1])
    return (
        f"{written} = {total:,} rows above the last level, of {rows:,} rows of {table}",
        f"more than {total:,} rows: the last level takes what is left",
    )
