"""The first rows of every table, related to each other, exactly as a full run makes them; only the needed blocks are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from datagen.engine.block import TableBlock
from datagen.engine.derived_frames import derived_frames
from datagen.engine.grain import Grain, Walk
from datagen.engine.run import Run
from datagen.engine.work import empty_frame
from datagen.plan.model import Plan
from datagen.structures import with_json

if TYPE_CHECKING:
    import polars as pl


SOON = 2_000_000  # rows, a few seconds of work


def preview(plan: Plan, rows: int = 10, tables: Sequence[str] = ()) -> dict[str, pl.DataFrame]:
    """Up to `rows` rows of each visible table (or of those named): children of the shown parents, in document order.

    Derived tables are made from all rows of what they read, as in a full run; with sources of more than SOON rows only
    where they are named.

    A parent without children early in its table may leave a child table empty: then parents further on are looked at.
    """
    run = Run(plan)
    wanted = [table for table in plan.all_tables.values() if not table.hidden and (not tables or table.id in tables)]
    by_sql = derived_frames(plan, names, rows=rows) if (names := shown_by_sql(plan, tables)) else {}
    found: dict[str, list[pl.DataFrame]] = {table.id: [] for table in plan.tables.values()}
    for root in plan.roots:
        _first_rows(run, root.id, rows, found)
    shown: dict[str, pl.DataFrame] = {}
    for table in wanted:
        if table.id in plan.derived:
            if table.id in by_sql:
                shown[table.id] = by_sql[table.id]
            continue
        frames = found[table.id]
        shown[table.id] = (
            (frames[0].vstack(frames[1]) if len(frames) > 1 else frames[0]).head(rows) if frames else empty_frame(table)
        )
    return shown


def shown_by_sql(plan: Plan, tables: Sequence[str] = ()) -> list[str]:
    """The derived tables of a preview: those named, else those whose sources are soon made, for SQL needs all their rows."""
    rows = sum(plan.tables[name].expected_rows for name in sources_of(plan, plan.derived))
    return [
        name for name, one in plan.derived.items()
        if not one.table.hidden and (name in tables or (not tables and rows <= SOON))
    ]  # fmt: skip


def sources_of(plan: Plan, names: Iterable[str]) -> set[str]:
    """The tables that are made for some derived ones."""
    found: set[str] = set()
    for name in names:
        found |= sources_of(plan, plan.derived[name].reads) if name in plan.derived else {name}
    return found


def _first_rows(run: Run, root: str, rows: int, found: dict[str, list[pl.DataFrame]]) -> None:
    import polars as pl

    total = run.plan.tables[root].rows or 0
    if total == 0:
        return
    first = Walk(run, Grain(0, root, 0, min(rows, total)), _zeros(run, root), block_rows=max(rows * 64, 64))
    made = _collect(first, rows)
    if total > rows and any(count == 0 for count in made.counts.values()):
        # nothing below the first parents: look further, as far as a block goes
        made = _collect(Walk(run, Grain(0, root, 0, min(4096, total)), _zeros(run, root)), rows)
    for table, blocks in made.frames.items():
        found[table] = (
            [
                pl.concat(
                    [
                        frame.cast(
                            {name: pl.String for name, kind in frame.schema.items() if isinstance(kind, pl.Enum)}
                        )
                        for frame in blocks
                    ]
                )
            ]
            if blocks
            else []
        )


class _Collected:
    def __init__(self) -> None:
        self.frames: dict[str, list[pl.DataFrame]] = {}
        self.counts: dict[str, int] = {}


def _collect(walk: Walk, rows: int) -> _Collected:
    """Frames of the first rows of each table of a walk; blocks beyond them are passed over without being made."""
    from datagen.engine.grain import tree

    made = _Collected()
    for table in tree(walk.plan, walk.plan.tables[walk.grain.root]):
        made.frames[table.id], made.counts[table.id] = [], 0
    for block in walk.blocks():
        name = block.table.id
        if made.counts[name] < rows and not block.table.hidden:
            wanted = rows - made.counts[name]
            made.frames[name].append(with_json(_head(block, wanted).frame().head(wanted)))
        made.counts[name] += block.rows
        if all(count >= rows for count in made.counts.values()):
            break
    return made


def _head(block: TableBlock, rows: int) -> TableBlock:
    """The first rows of a block, and as many more as their last parent has: times of its rows are found all at once."""
    if block.rows <= rows:
        return block
    index = block.parent_index
    if index is not None and index[0] != index[rows - 1]:
        rows = int(np.searchsorted(index, index[rows - 1], side="right"))
    return TableBlock(
        block.run,
        block.table,
        block.row_number[:rows],
        parent=block.parent,
        parent_index=None if block.parent_index is None else block.parent_index[:rows],
        ordinal=None if block.parent is None else block.ordinal[:rows],
        starts=block.starts,
        block_rows=block.block_rows,
    )


def _zeros(run: Run, root: str) -> dict[str, int]:
    """Row numbers at which the first rows of a tree begin."""
    from datagen.engine.grain import tree

    return {table.id: 0 for table in tree(run.plan, run.plan.tables[root])}
