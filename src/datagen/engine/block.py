"""A block: a run of rows of one table, made by address, whose columns are computed when somebody asks and only once.

A root block knows its row numbers; a child block knows its parent block, which parent each row belongs to and its place
among that parent's children. Everything else follows from addresses, so any block can be made alone and comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import to_series, where_true
from datagen.contracts import Values
from datagen.engine import below
from datagen.engine.looked_at import looked_at
from datagen.errors import SchemaError
from datagen.kernel import draws
from datagen.kernel.address import child_addresses, root_addresses
from datagen.plan.model import TablePlan
from datagen.plan.seal import seal
from datagen.structures import masked

if TYPE_CHECKING:
    import polars as pl

    from datagen.engine.run import Run


BLOCK_ROWS = 65_536


class TableBlock:
    """Rows of one table. See `datagen.contracts.Block` for what parts may look at."""

    def __init__(
        self,
        run: Run,
        table: TablePlan,
        row_number: NDArray[np.int64],
        *,
        parent: TableBlock | None = None,
        parent_index: NDArray[np.int64] | None = None,
        ordinal: NDArray[np.int64] | None = None,
        starts: Mapping[str, int] | None = None,
        block_rows: int = BLOCK_ROWS,
    ) -> None:
        self.run = run
        self.table = table
        self.row_number = row_number
        self.parent = parent
        self.parent_index = parent_index
        self._ordinal = ordinal
        self.starts = starts  # the row numbers at which the tables below begin; None where only addresses are asked for
        self.block_rows = block_rows  # of the blocks below
        self.kept_children: dict[str, list[TableBlock]] = {}
        self._columns: dict[str, Values] = {}
        self._counts: dict[str, NDArray[np.int64]] = {}
        self._memo: dict[object, Any] = {}

    @property
    def rows(self) -> int:
        return len(self.row_number)

    @cached_property
    def address(self) -> NDArray[np.uint64]:
        if self.table.addresses is not None:
            return self.table.addresses(self)
        if self.table.parent is None:
            return root_addresses(self.table.key, self.row_number)
        if self.parent is None or self.parent_index is None:
            raise AssertionError(
                f"rows of {self.table.id} were asked for by number alone; their values need their parents"
            )
        return child_addresses(self.parent.address[self.parent_index], self.table.key, self.ordinal)

    @property
    def ordinal(self) -> NDArray[np.int64]:
        return self.row_number if self._ordinal is None else self._ordinal

    @cached_property
    def sibling_count(self) -> NDArray[np.int64]:
        """(n,) rows that share each row's driving parent; at a root, the rows of the table."""
        if self.parent is None or self.parent_index is None:
            return np.full(self.rows, self.total(self.table.id), dtype=np.int64)
        return self.parent.child_counts(self.table)[self.parent_index]

    def child_counts(self, table: TablePlan) -> NDArray[np.int64]:
        """(n,) rows of a child table below each row here."""
        found = self._counts.get(table.id)
        if found is None:
            try:
                found = self._counts[table.id] = self.run.counts_of(self, table)
            except SchemaError as error:
                raise looked_at(error, self.rows) from error
        return found

    @cached_property
    def of_walk(self) -> bool:
        """Whether these are rows that follow each other, as a walk cuts them, not rows that somebody has picked."""
        return self.starts is not None and (self.parent is None or self.parent.of_walk)

    def first_below(self, table: str) -> int:
        """The row number of the first row of a descendant table; 0 where this block stands for itself."""
        return 0 if self.starts is None else self.starts[table]

    def below(self, table: str) -> Iterator[tuple[TableBlock, NDArray[np.int64]]]:
        return below.below(self, table)

    def count_below(self, table: str) -> NDArray[np.int64]:
        return below.count_below(self, table)

    def rank_in(self, ancestor: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return below.rank_in(self, ancestor)

    def blocks_of(self, table: str) -> Iterator[TableBlock]:
        blocks: Iterator[TableBlock] = self.run.blocks_of(table)
        return blocks

    def uniform(self, salt: int) -> NDArray[np.float64]:
        return draws.uniform(self.address, salt)

    def bits(self, salt: int) -> NDArray[np.uint64]:
        return draws.bits(self.address, salt)

    def total(self, table: str) -> int:
        return self.run.total(table)

    def gather(
        self, table: str, column: str, rows: NDArray[np.int64], valid: NDArray[np.bool_] | None = None
    ) -> Values:
        return self.run.gather(table, column, rows, valid)

    def whole(self, table: str, column: str) -> Values:
        return self.run.whole(table, column)

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        return self.run.once(key, make)

    def before(self) -> TableBlock | None:
        """The rows of the first row's driving parent (at a root, of the table) that stand before this block, if any."""
        first = int(self.ordinal[0]) if self.rows else 0
        if not first:
            return None
        places = np.arange(first, dtype=np.int64)
        numbers = int(self.row_number[0]) - first + places
        if self.parent is None or self.parent_index is None:
            return TableBlock(self.run, self.table, numbers)
        index = np.full(first, self.parent_index[0], dtype=np.int64)
        return TableBlock(self.run, self.table, numbers, parent=self.parent, parent_index=index, ordinal=places)

    def let_go(self) -> None:
        """Forget what was worked out for these rows and the blocks below them; what is asked for again is made again.

        A block and those below it hold each other: without this they would stay until Python looks for such circles.
        """
        for blocks in self.kept_children.values():
            for block in blocks:
                block.let_go()
        self.kept_children.clear()
        self._columns.clear()
        self._counts.clear()
        self._memo.clear()

    def memo(self, key: object, make: Callable[[], Any]) -> Any:
        """Something made once for these rows."""
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = make()
        return found

    def column(self, name: str) -> Values:
        """A column of this block in its declared type, computed on first use."""
        found = self._columns.get(name)
        if found is None:
            if self.starts is None and (self.table.id, name) in self.run.plan.walked:
                raise AssertionError(f"{self.table.id}.{name} needs the row numbers of the tables below it")
            try:
                found = self._columns[name] = self._make(name)
            except SchemaError as error:
                raise looked_at(error, self.rows) from error
        return found

    def draft(self, name: str) -> Values:
        """A column before `when`, rounding and the cast, for tests and traces."""
        plan = self.table.columns[name]
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # sealing says which column, in words
            values = plan.fill(self)
            for change in plan.changes:
                values = change(self, values)
        return values

    def _make(self, name: str) -> Values:
        plan = self.table.columns[name]
        values = self.draft(name)
        if plan.when is not None:
            keep = where_true(plan.when(self))
            values = values.changed(valid=keep if values.valid is None else keep & values.valid)
            if values.picks is not None:
                values = values.changed(picks=np.where(keep, values.picks, -1))
        return seal(values, plan)

    def series(self, name: str) -> pl.Series:
        """A column as a Polars Series."""
        values, plan = self.column(name), self.table.columns[name]
        if plan.structure is not None and values.pieces is not None:
            return masked(values.pieces.alias(name), values.valid)
        return to_series(values, name, plan.type)

    def frame(self) -> pl.DataFrame:
        """The visible columns, in document order, as they are written: with errors of recording and copied rows."""
        import polars as pl

        if self.table.spoiled:
            from datagen.engine.spoil import frame

            return frame(self)

        return pl.DataFrame([self.series(column.name) for column in self.table.visible])

    def ancestor(self, table: str) -> tuple[TableBlock, NDArray[np.int64] | None]:
        """The block of an ancestor (or this one) and, for each row here, the place of its ancestor in that block."""
        block: TableBlock = self
        index: NDArray[np.int64] | None = None
        while block.table.id != table:
            if block.parent is None or block.parent_index is None:
                raise AssertionError(f"{table} is no ancestor of {self.table.id}")
            index = block.parent_index if index is None else block.parent_index[index]
            block = block.parent
        return block, index
