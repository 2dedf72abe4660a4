"""The rows below a block: children of its rows, their children, made again by address and numbered as in the whole run.

Facts of a parent about its descendants (roll-ups, streams, ranks inside an ancestor) are taken from here. Blocks that were
made for such a fact are kept with their parent block, so that the walk which writes them finds their columns made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from datagen.engine.block import TableBlock
    from datagen.plan.model import Plan, TablePlan

KEPT_BELOW = 1_048_576  # rows of one child table that are kept with their parent block


def way_down(plan: Plan, above: str, table: str) -> tuple[TablePlan, ...]:
    """The tables from below `above` down to `table`, along driving parents."""
    steps = [plan.tables[table]]
    while steps[0].parent != above:
        if steps[0].parent is None:
            raise AssertionError(f"{table} is not below {above}")
        steps.insert(0, plan.tables[steps[0].parent])
    return tuple(steps)


def children(block: TableBlock, table: TablePlan) -> Iterator[TableBlock]:
    """The blocks of one child table below one block, in order, with the row numbers that they have in the run."""
    kept = block.kept_children.get(table.id)
    if kept is not None:
        yield from kept
        return
    from datagen.engine.grain import child_blocks, tree

    plan = block.run.plan
    numbered = [one.id for one in tree(plan, table) if one.id in plan.numbered and one.id != table.id]
    starts = {one.id: block.first_below(one.id) for one in tree(plan, table)}
    made: list[TableBlock] | None = [] if int(block.child_counts(table).sum()) <= KEPT_BELOW else None
    for child in child_blocks(block, table, starts):
        if made is not None:
            made.append(child)
        yield child
        starts[table.id] += child.rows
        for name in numbered:
            starts[name] += int(count_below(child, name).sum())
    if made is not None:
        block.kept_children[table.id] = made


def below(block: TableBlock, table: str) -> Iterator[tuple[TableBlock, NDArray[np.int64]]]:
    """The blocks of a descendant table below one block, and for each row the place of its ancestor in this block."""
    first, *rest = way_down(block.run.plan, block.table.id, table)
    for child in children(block, first):
        assert child.parent_index is not None  # a child block has parents
        if not rest:
            yield child, child.parent_index
            continue
        for further, index in below(child, table):
            yield further, child.parent_index[index]


def count_below(block: TableBlock, table: str) -> NDArray[np.int64]:
    """(n,) rows of a descendant table below each row of a block."""
    first, *rest = way_down(block.run.plan, block.table.id, table)
    if not rest:
        return block.child_counts(first)

    def make() -> NDArray[np.int64]:
        found = np.zeros(block.rows, dtype=np.int64)
        for child in children(block, first):
            assert child.parent_index is not None  # a child block has parents
            np.add.at(found, child.parent_index, count_below(child, table))
        return found

    counts: NDArray[np.int64] = block.memo(("count below", table), make)
    return counts


def rank_in(block: TableBlock, ancestor: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) place of each row, from 0, among the rows of its table below the same row of an ancestor, and (n,) how many."""
    if ancestor == block.table.parent:
        return block.ordinal, block.sibling_count
    above, index = block.ancestor(ancestor)
    if index is None:
        raise AssertionError(f"{ancestor} is no ancestor of itself")
    counts = count_below(above, block.table.id)
    begins = above.first_below(block.table.id) + np.cumsum(counts) - counts
    return block.row_number - begins[index], counts[index]
