"""What a worker carries through a run: the plan, the ledger's totals, and columns kept whole because lookups read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import joined, take
from datagen.contracts import Values
from datagen.engine.block import BLOCK_ROWS, TableBlock
from datagen.engine.grain import Grain, Walk, grains, totals, tree
from datagen.plan.model import Plan, TablePlan

if TYPE_CHECKING:
    from datagen.engine.ledger import Ledger

KEPT_COUNTS = 2_097_152  # parents whose numbers of children are remembered, 8 bytes each
KEPT_ROWS = 2_000_000  # a root table up to this many rows is read from memory, a larger one is made again by address


class Run:
    """One run over a plan. `rows` are the ledger's totals per table, `offsets[g]` where each table begins in grain g."""

    def __init__(
        self, plan: Plan, rows: Mapping[str, int] | None = None, offsets: Mapping[int, Mapping[str, int]] | None = None
    ) -> None:
        self.plan = plan
        self.rows: dict[str, int] = dict(rows or {})
        self.offsets: dict[int, Mapping[str, int]] = dict(offsets or {})
        self._kept: dict[tuple[str, str], Values] = {}
        self._made: dict[Any, Any] = {}
        self._counts: dict[tuple[str, int, int], NDArray[np.int64]] = {}  # by child table, first address and rows
        self._counted = 0  # parents in there
        self._waves: dict[str, int] | None = None
        self._wave: int | None = None  # of the table whose rows are being counted: tables of this wave are no help
        self.counting = False  # the ledger is being made: what it does not know yet, nobody who is asked needs
        for table in plan.roots:
            self.rows.setdefault(table.id, table.rows or 0)

    def total(self, table: str) -> int:
        """Rows of a table. Where nobody has told the ledger (a preview), it is counted when it is first asked for."""
        if table not in self.rows:
            if self.counting:
                raise AssertionError(f"rows of {table} are asked for before they are counted")
            self._count()
        return self.rows[table]

    def _count(self) -> None:
        from datagen.engine.ledger import taken

        taken(
            self.plan,
            grains(self.plan),
            lambda cut, tables: {grain.number: totals(self, grain, tables) for grain in cut},
            self.know,
        )

    def counts_of(self, block: TableBlock, table: TablePlan) -> NDArray[np.int64]:
        """(n,) rows of a child table below each row of a block.

        The ledger asks for them wave by wave, and again whoever writes the rows: as many as fit are remembered, under the
        address of the first row.
        """
        if table.counts is None:
            raise AssertionError(f"{table.id} has a parent and no fan-out")
        key = (table.id, int(block.address[0]), block.rows) if block.rows and block.of_walk else None
        found = None if key is None else self._counts.get(key)
        if found is None:
            with self.counting_below(table.id):
                found = table.counts(block)
            if key is not None and self._counted + block.rows <= KEPT_COUNTS:
                self._counts[key] = found
                self._counted += block.rows
        return found

    @contextmanager
    def counting_below(self, table: str) -> Iterator[None]:
        """While the rows of a table are counted, walks do not go through tables that are counted with it or after it.

        Its counts need nothing of them, or they would have been counted before; but they may need its counts.
        """
        if self._waves is None:
            from datagen.engine.ledger import waves

            self._waves = waves(self.plan)
        before, own = self._wave, self._waves[table]
        self._wave = own if before is None else min(before, own)
        try:
            yield
        finally:
            self._wave = before

    def know(self, ledger: Ledger) -> None:
        """Take the rows and offsets of a ledger."""
        self.rows.update(ledger.rows)
        self.offsets.update(ledger.offsets)

    def once(self, key: Any, make: Any) -> Any:
        """Something made once per run and worker, such as the index of an effect table."""
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = make()
        return found

    def gather(
        self, table: str, column: str, rows: NDArray[np.int64], valid: NDArray[np.bool_] | None = None
    ) -> Values:
        """The column at row numbers of a table; null where `valid` is False."""
        plan = self.plan.tables[table]
        walked = (table, column) in self.plan.walked
        if plan.columns[column].by_row_number or (plan.parent is None and self.total(table) > KEPT_ROWS and not walked):
            made = TableBlock(self, plan, rows if valid is None else np.where(valid, rows, 0)).column(column)
            return made if valid is None else take(made, np.arange(len(rows)), valid)
        return take(self.whole(table, column), rows, valid)

    def whole(self, table: str, column: str) -> Values:
        """A whole column, in row order, kept for later."""
        found = self._kept.get((table, column))
        if found is None:
            walked = (table, column) in self.plan.walked
            pieces = [block.column(column) for block in self.blocks_of(table, numbered=walked)]
            found = joined(pieces) if pieces else self._no_rows(table).column(column)
            self._kept[table, column] = found
        return found

    def _no_rows(self, table: str) -> TableBlock:
        """A block of no rows, below parents of no rows."""
        plan, none = self.plan.tables[table], np.zeros(0, dtype=np.int64)
        zeros = dict.fromkeys(self.plan.tables, 0)
        if plan.parent is None:
            return TableBlock(self, plan, none, starts=zeros)
        above = self._no_rows(plan.parent)
        return TableBlock(self, plan, none, parent=above, parent_index=none, ordinal=none, starts=zeros)

    def blocks_of(self, table: str, *, numbered: bool = True) -> Any:
        """Every block of one table, in row order. numbered: rows below those of a root are asked for their numbers."""
        plan = self.plan.tables[table]
        if plan.parent is None and not (numbered and self.plan.numbered):
            for first in range(0, self.total(table), BLOCK_ROWS):
                last = min(first + BLOCK_ROWS, self.total(table))
                yield TableBlock(self, plan, np.arange(first, last, dtype=np.int64))
            return
        self.total(table)  # makes the offsets known
        root = plan
        while root.parent is not None:
            root = self.plan.tables[root.parent]
        if numbered and not self.counting:
            for one in tree(self.plan, root):
                if one.id in self.plan.numbered:
                    self.total(one.id)
        for grain in grains(self.plan):
            if grain.root == root.id:
                walk = self._walk(grain)
                yield from (block for block in walk.blocks(frozenset({table})) if block.table.id == table)

    def _walk(self, grain: Grain) -> Walk:
        """A walk through a grain, as far as its tables have been counted."""
        offsets = self.offsets.get(grain.number, {})
        names = [one.id for one in tree(self.plan, self.plan.tables[grain.root])]
        known = frozenset(name for name in offsets if self._wave is None or (self._waves or {})[name] < self._wave)
        return Walk(self, grain, dict.fromkeys(names, 0) | dict(offsets), known=known | {grain.root})
