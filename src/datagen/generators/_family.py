"""Whole families of rows behind the rows of a block: all children of each parent, or all rows of a table without one.

Blocks hold whole families, except of parents with more rows than a block and where only some rows are asked for. Then the
families are made from the parent, and the figures of the last ones are kept with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import as_text, joined, take
from datagen.contracts import Block, Fill, Reader, Values
from datagen.kernel.families import Families

Ints = NDArray[np.int64]
# of Families and the columns (or None) in family order; the last is the value before the first row
Figure = Callable[[Families, Values | None, Values | None, Values | None], Values]
Columns = list[Values | None]


@dataclass(slots=True)
class Kept:
    """Figures of the families of a run of parents, the last that were asked for."""

    parents: tuple[int, int] = (-1, -1)
    begins: Ints | None = None
    values: Values | None = None


def over_families(
    table: str, column: str, parent: str | None, names: Sequence[str | None], start: Reader | None, figure: Figure
) -> Fill:
    """The function that fills a column with a figure over whole families, whatever rows a block holds.

    names: the two columns of the table that the figure is taken of and ordered by, None where there is none.
    """

    def of_the_table(block: Block) -> Values:
        rows = block.total(table)
        of, order = (None if name is None else block.whole(table, name) for name in names)
        begin = None if start is None else take(start(block), np.zeros(rows, dtype=np.int64))
        return figure(Families(np.array([rows], dtype=np.int64)), of, order, begin)

    def read(block: Block) -> Columns:
        own: Columns = [None if name is None else block.column(name) for name in names]
        return [*own, None if start is None else start(block)]

    def alone(block: Block) -> Values:
        of, order, begin = read(block)
        return figure(Families(block.sibling_count[block.ordinal == 0]), of, order, begin)

    def fill_root(block: Block) -> Values:
        if not block.rows:
            of, order, begin = read(block)
            return figure(Families(np.zeros(0, dtype=np.int64)), of, order, begin)
        whole: Values = block.once(("siblings", table, column), lambda: of_the_table(block))
        return take(whole, block.row_number)

    def fill(block: Block) -> Values:
        if whole_families(block):
            return alone(block)
        above, index = block.ancestor(str(parent))
        if index is None:
            raise AssertionError(f"{parent} is no parent of {table}")
        kept: Kept = above.memo(("siblings", table, column), Kept)
        around = int(index.min()), int(index.max())
        if kept.parents != around:
            kept.begins, kept.values = made(above, *around)
            kept.parents = around
        assert kept.begins is not None
        assert kept.values is not None
        return take(kept.values, kept.begins[index - around[0]] + block.ordinal)

    def made(above: Block, low: int, high: int) -> tuple[Ints, Values]:
        """Where the family of each parent from `low` to `high` begins, and the figures of all their rows."""
        counts = np.zeros(high - low + 1, dtype=np.int64)
        pieces: list[Columns] = []
        for child, index in above.below(table):
            mine = np.flatnonzero((index >= low) & (index <= high))
            if len(mine):
                counts += np.bincount(index[mine] - low, minlength=len(counts))
                every = len(mine) == child.rows
                pieces.append([one if one is None or every else take(one, mine) for one in read(child)])
        columns = ([one for one in column if one is not None] for column in zip(*pieces, strict=True))
        of, order, begin = (joined(column) if column else None for column in columns)
        pieces.clear()  # of a parent of millions of rows
        return np.cumsum(counts) - counts, figure(Families(counts[counts > 0]), of, order, begin)

    return fill_root if parent is None else fill


def whole_families(block: Block) -> bool:
    """Whether a block holds all rows of every parent that it has a row of, in order."""
    lengths = block.sibling_count[block.ordinal == 0]
    if int(lengths.sum()) != block.rows:
        return False
    return bool(np.array_equal(block.ordinal, Families(lengths).place))


def place_in_order(values: Values, desc: bool) -> tuple[NDArray[Any], ...]:
    """Keys that sort rows by their values, the smallest or the largest first; rows without a value come last."""
    if values.kind in ("text", "category"):
        if values.kind == "category" and values.dictionary is not None:
            ranks = values.dictionary.series.rank("dense").to_numpy()
            codes = values.array if values.valid is None else np.where(values.valid, values.array, 0)
            key = ranks[codes].astype(np.int64)
        else:
            key = as_text(values).array.rank("dense").to_numpy().astype(np.int64)
    else:
        key = values.array.astype(np.int64) if values.kind == "bool" else values.array
    if desc:
        key = -key if key.dtype.kind == "f" else ~key
    if values.valid is None:
        return (key,)
    return (~values.valid, np.where(values.valid, key, key.dtype.type(0)))
