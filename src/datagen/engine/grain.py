"""Grains and blocks: how the rows of a tree of tables are cut into work, the same for every worker.

A grain is a run of rows of a root table with all their descendants, the unit that workers share out. Inside it blocks are
made depth first: a root block, its children cut into blocks of whole parents, their children, and so on. How the work is
cut never shows in the values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datagen.engine.block import BLOCK_ROWS, TableBlock
from datagen.plan.model import Plan, TablePlan

if TYPE_CHECKING:
    from datagen.engine.run import Run

WIDE_PARENT = 1_048_576  # a parent with more children than this is continued over several blocks
GRAIN_ROWS = 1_500_000  # expected rows of the widest table of a grain: one part file
GRAIN_BYTES = 96_000_000  # and the most its widest table may hold in memory


@dataclass(frozen=True, slots=True)
class Grain:
    """Root rows `first` up to `last` (exclusive) of one root table, with their descendants."""

    number: int
    root: str
    first: int
    last: int


def grains(plan: Plan) -> tuple[Grain, ...]:
    """The grains of a plan, in order. Their number depends on the schema alone."""
    cut: list[Grain] = []
    for root in plan.roots:
        rows = root.rows or 0
        size = grain_size(plan, root)
        starts = range(0, rows, size) if rows else [0]
        cut.extend(Grain(len(cut) + k, root.id, first, min(first + size, rows)) for k, first in enumerate(starts))
    return tuple(Grain(number, grain.root, grain.first, grain.last) for number, grain in enumerate(cut))


def grain_size(plan: Plan, root: TablePlan) -> int:
    """Root rows per grain."""
    rows = max(root.rows or 1, 1)
    size = rows
    for table in tree(plan, root):
        each = max(table.planned_rows / rows, 1e-9)
        size = min(size, max(1, int(GRAIN_ROWS / each)), max(1, int(GRAIN_BYTES / (each * max(table.row_bytes, 8.0)))))
    pieces = -(-rows // size)
    if pieces > 2:
        pieces = -(-pieces // 4) * 4  # so that two or four workers get the same number of grains
    return -(-rows // pieces)  # equal grains: the last is not a sliver


def tree(plan: Plan, root: TablePlan) -> Iterator[TablePlan]:
    """A table and its descendants by driving parents, depth first."""
    yield root
    for child in root.children:
        yield from tree(plan, plan.tables[child])


class Walk:
    """Makes the blocks of a grain in order. `offsets` are the row numbers at which each table's rows of the grain begin."""

    def __init__(
        self,
        run: Run,
        grain: Grain,
        offsets: dict[str, int],
        *,
        block_rows: int = BLOCK_ROWS,
        known: frozenset[str] | None = None,
    ) -> None:
        self.run = run
        self.plan = run.plan
        self.grain = grain
        self.block_rows = block_rows
        self.next_row = dict(offsets)
        self.known = known  # tables that may be gone through; None: every one
        self.below: dict[str, tuple[str, ...]] = {}

    def ways(self, wanted: frozenset[str] | None) -> dict[str, tuple[str, ...]]:
        """For each table of the tree, the children that are wanted or lead to wanted ones.

        Tables whose row numbers those above them look at are always gone through, so that the numbers go on.
        """
        wanted = None if wanted is None else wanted | self.numbered()
        return {
            table.id: tuple(
                child
                for child in table.children
                if wanted is None or any(one.id in wanted for one in tree(self.plan, self.plan.tables[child]))
            )
            for table in tree(self.plan, self.plan.tables[self.grain.root])
        }

    def numbered(self) -> frozenset[str]:
        """The tables that are gone through in any case: whose row numbers somebody above them looks at."""
        return self.plan.numbered if self.known is None else self.plan.numbered & self.known

    def blocks(self, wanted: frozenset[str] | None = None) -> Iterator[TableBlock]:
        """The blocks of the grain, parents before their children; of the wanted tables and what leads to them only.

        What a block has worked out is let go of when the next one of its table is asked for.
        """
        self.below = self.ways(wanted)
        for block in self.roots():
            yield from self._below(block)
            block.let_go()

    def roots(self) -> Iterator[TableBlock]:
        """The blocks of the root table; each must be gone through before the next is asked for."""
        root = self.plan.tables[self.grain.root]
        size = min(self.block_rows, self.plan.root_rows.get(root.id, BLOCK_ROWS))
        for first in range(self.grain.first, self.grain.last, size):
            rows = np.arange(first, min(first + size, self.grain.last), dtype=np.int64)
            yield TableBlock(self.run, root, rows, starts=dict(self.next_row), block_rows=self.block_rows)

    def _below(self, block: TableBlock) -> Iterator[TableBlock]:
        yield block
        for name in self.below[block.table.id]:
            table = self.plan.tables[name]
            for child in self.children(block, table):
                yield from self._below(child)
                if table.id not in block.kept_children:
                    child.let_go()

    def children(self, parent: TableBlock, table: TablePlan) -> Iterator[TableBlock]:
        """The blocks of one child table below one parent block."""
        kept = parent.kept_children.get(table.id)
        if kept and table.id not in self.plan.numbered and int(kept[0].row_number[0]) != self.next_row[table.id]:
            kept = None  # made for a figure that asks for no numbers: other tables were not counted on the way
        for child in child_blocks(parent, table, self.next_row) if kept is None else kept:
            if child.rows and int(child.row_number[0]) != self.next_row[table.id]:
                raise AssertionError(f"rows of {table.id} were numbered from {child.row_number[0]:,} on")
            self.next_row[table.id] += child.rows
            yield child


def child_blocks(parent: TableBlock, table: TablePlan, next_row: Mapping[str, int]) -> Iterator[TableBlock]:
    """The blocks of one child table below one parent block. `next_row` is looked at when each block is made."""
    counts = parent.child_counts(table)
    ends = np.cumsum(counts)
    number = next_row[table.id]
    for first, last, skip, rows in cuts(counts, ends, parent.block_rows):
        index, ordinal = places(counts, first, last, skip, rows)
        yield TableBlock(
            parent.run,
            table,
            np.arange(number, number + rows, dtype=np.int64),
            parent=parent,
            parent_index=index,
            ordinal=ordinal,
            starts=dict(next_row),
            block_rows=parent.block_rows,
        )
        number += rows


def cuts(counts: NDArray[np.int64], ends: NDArray[np.int64], block_rows: int) -> Iterator[tuple[int, int, int, int]]:
    """Cuts the children of a run of parents into blocks: (first parent, last parent exclusive, children to skip, rows).

    Blocks hold whole parents, except that a parent with more than WIDE_PARENT children is continued over several.
    """
    parents = len(counts)
    first = 0
    while first < parents:
        done = int(ends[first - 1]) if first else 0
        if counts[first] > max(WIDE_PARENT, block_rows):
            wide = int(counts[first])
            for skip in range(0, wide, block_rows):
                yield first, first + 1, skip, min(block_rows, wide - skip)
            first += 1
            continue
        last = int(np.searchsorted(ends, done + block_rows, side="right"))
        last = max(last, first + 1)
        wide_ones = np.flatnonzero(counts[first:last] > max(WIDE_PARENT, block_rows))
        if len(wide_ones):
            last = first + int(wide_ones[0])
        rows = int(ends[last - 1]) - done
        if rows:
            yield first, last, 0, rows
        first = last


def places(
    counts: NDArray[np.int64], first: int, last: int, skip: int, rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row of a cut: the place of its parent in the parent block, and its ordinal among that parent's children."""
    if last == first + 1:
        return np.full(rows, first, dtype=np.int64), np.arange(skip, skip + rows, dtype=np.int64)
    mine = counts[first:last]
    index = np.repeat(np.arange(first, last, dtype=np.int64), mine)
    starts = np.cumsum(mine) - mine
    ordinal = np.arange(rows, dtype=np.int64) - np.repeat(starts, mine)
    return index, ordinal


def totals(run: Run, grain: Grain, tables: frozenset[str] | None = None) -> dict[str, int]:
    """Rows of tables in a grain (all of its tree, or those named): the ledger pass. Makes only what the counts need.

    Rows of tables whose offsets in the grain are known have their right numbers.
    """
    root = run.plan.tables[grain.root]
    names = [table.id for table in tree(run.plan, root)]
    found = {name: 0 for name in names if tables is None or name in tables}
    if root.id in found:
        found[root.id] = grain.last - grain.first
    offsets = run.offsets.get(grain.number, {})
    known = None if tables is None else frozenset(offsets) | frozenset(found)
    walk = Walk(run, grain, dict.fromkeys(names, 0) | dict(offsets), known=known)
    walk.below = walk.ways(frozenset(found))
    if not walk.below[root.id]:
        return found
    before, run.counting = run.counting, True
    try:
        for block in walk.roots():
            _count(walk, block, found)
            block.let_go()
    finally:
        run.counting = before
    return found


def _count(walk: Walk, block: TableBlock, found: dict[str, int]) -> None:
    for name in walk.below[block.table.id]:
        table = walk.plan.tables[name]
        if not walk.below[name]:
            rows = int(block.child_counts(table).sum())  # nothing below it: no block is needed to know how many
            walk.next_row[name] += rows
            if name in found:
                found[name] += rows
            continue
        for child in walk.children(block, table):
            if name in found:
                found[name] += child.rows
            _count(walk, child, found)
            if name not in block.kept_children:
                child.let_go()
