"""Rows looked at before a run: a fixed sample of every table, made by the laws of the plan itself, for what it expects.

The rows stand for those of any run: their draws are spread evenly over [0, 1), column by column in another order, so that
a few thousand of them tell a mean far better than as many random ones (McKay, Beckman and Conover 1979). What is a fact
of a small table as a whole, such as the rows of a vocabulary, is read from its own rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import take, where_true
from datagen.contracts import Values
from datagen.kernel import draws
from datagen.kernel.address import child_addresses, root_addresses, salt_of, table_key
from datagen.kernel.permute import permuted_rank
from datagen.plan.seal import seal

if TYPE_CHECKING:
    from datagen.plan.binding import Binding
    from datagen.plan.names import TableDraft

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

ROOTS = 4_096  # rows of a sample's first table
FEWEST_ROOTS = 64  # with fewer, a mean says too little
MOST = 131_072  # rows of any of its tables; fewer roots are taken until they fit
NOT_IN_A_RUN = 1 << 50  # row numbers from here on give the addresses of rows that no run has


class UntoldError(Exception):
    """Something reads what only a run has."""


class Sample:
    """Some rows of every table, of as many roots as asked for; facts: the tables as they are, None for these themselves."""

    def __init__(self, binding: Binding, roots: int, facts: Sample | None) -> None:
        self.binding, self.roots, self._facts = binding, roots, facts
        self._blocks: dict[str, SampleBlock] = {}
        self._made: dict[object, Any] = {}

    @property
    def real(self) -> bool:
        """Whether the rows are those of the run, all of them."""
        return self._facts is None

    @property
    def facts(self) -> Sample:
        return self if self._facts is None else self._facts

    def block(self, table: str) -> SampleBlock:
        """The rows of a table. Raises UntoldError where they are too many."""
        found = self._blocks.get(table)
        if found is None:
            found = self._blocks[table] = self._make(table)
        return found

    def _make(self, table: str) -> SampleBlock:
        parent = self.binding.tables[table].parent
        if parent is not None:
            return self.block(parent).children(table)
        rows = self.binding.drafting.rows[table]
        if rows is None or not rows or (self.real and rows > MOST):
            raise UntoldError(table)
        if self.real:
            return SampleBlock(self, table, np.arange(rows, dtype=np.int64))
        # quotas and the like look at the place of a row in its table
        return SampleBlock(self, table, np.arange(self.roots, dtype=np.int64) * rows // self.roots)

    def total(self, table: str) -> int:
        if self.binding.tables[table].parent is None:
            rows = self.binding.drafting.rows[table]
            if rows is None:
                raise UntoldError(table)
            return int(rows)
        return self.facts.block(table).rows

    def whole(self, table: str, column: str) -> Values:
        return self.facts.block(table).column(column)

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


class SampleBlock:
    """All sampled rows of one table, as `datagen.contracts.Block` describes them."""

    def __init__(
        self, sample: Sample, table: str, row_number: Places,
        parent: SampleBlock | None = None, parent_index: Places | None = None, ordinal: Places | None = None,
    ) -> None:  # fmt: skip
        self.sample, self.id, self._numbers = sample, table, row_number
        self.table = sample.binding.tables[table]
        self.parent, self.parent_index = parent, parent_index
        self.ordinal = np.arange(len(row_number), dtype=np.int64) if ordinal is None else ordinal
        self._columns: dict[str, Values] = {}
        self._counts: dict[str, Places] = {}
        self._memo: dict[object, Any] = {}

    @property
    def rows(self) -> int:
        return len(self._numbers)

    @property
    def row_number(self) -> Places:
        if self.parent is not None and not self.sample.real:
            raise UntoldError(self.id)  # a run numbers its rows otherwise
        return self._numbers

    @cached_property
    def address(self) -> NDArray[np.uint64]:
        rows = self.sample.binding.counts.get(self.id)
        if getattr(rows, "addresses", None) is not None:
            raise UntoldError(self.id)  # the rows were made by those of other tables
        key = table_key(self.sample.binding.seed, self.id)
        if self.parent is None or self.parent_index is None:
            return root_addresses(key, self._numbers if self.sample.real else self.ordinal + NOT_IN_A_RUN)
        return child_addresses(self.parent.address[self.parent_index], key, self.ordinal)

    @property
    def sibling_count(self) -> Places:
        if self.parent is None or self.parent_index is None:
            return np.full(self.rows, self.rows, dtype=np.int64)
        return self.parent.child_counts(self.id)[self.parent_index]

    def child_counts(self, table: str) -> Places:
        """(n,) rows of a child table below each row here."""
        found = self._counts.get(table)
        if found is None:
            rows = self.sample.binding.counts.get(table)
            if rows is None:
                raise UntoldError(table)
            found = self._counts[table] = np.asarray(rows(self), dtype=np.int64)
        return found

    def children(self, table: str) -> SampleBlock:
        """The rows of a child table below all rows here."""
        counts = self.child_counts(table)
        total = int(counts.sum())
        if total > MOST:
            raise UntoldError(table)
        index = np.repeat(np.arange(self.rows, dtype=np.int64), counts)
        ordinal = np.arange(total, dtype=np.int64) - (np.cumsum(counts) - counts)[index]
        return SampleBlock(self.sample, table, np.arange(total, dtype=np.int64), self, index, ordinal)

    def uniform(self, salt: int) -> Floats:
        """(n,) draws: those of a run, or all of [0, 1) in equal steps in the order of a shuffle."""
        if self.sample.real or not self.rows:
            return draws.uniform(self.address, salt)
        places = np.arange(self.rows, dtype=np.int64)
        rank = permuted_rank(places, self.rows, salt_of("representative", self.id, salt))
        spread: Floats = (rank + 0.5) / self.rows
        return spread

    def bits(self, salt: int) -> NDArray[np.uint64]:
        return draws.bits(self.address, salt)

    def column(self, name: str) -> Values:
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._make(name)
        return found

    def _make(self, name: str) -> Values:
        plan = self.sample.binding.plans.get((self.id, name))
        if plan is None:
            raise UntoldError(f"{self.id}.{name}")
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            values = plan.fill(self)
            for change in plan.changes:
                values = change(self, values)
        if plan.when is not None:
            keep = where_true(plan.when(self))
            values = values.changed(valid=keep if values.valid is None else keep & values.valid)
        return seal(values, plan)

    def ancestor(self, table: str) -> tuple[SampleBlock, Places | None]:
        block: SampleBlock = self
        index: Places | None = None
        while block.id != table:
            if block.parent is None or block.parent_index is None:
                raise UntoldError(table)
            index = block.parent_index if index is None else block.parent_index[index]
            block = block.parent
        return block, index

    def below(self, table: str) -> Iterator[tuple[SampleBlock, Places]]:
        block, index = self.sample.block(table).ancestor(self.id)
        del block
        if index is None or self is not self.sample.block(self.id):
            raise UntoldError(table)
        yield self.sample.block(table), index

    def count_below(self, table: str) -> Places:
        if self.sample.binding.tables[table].parent == self.id:
            return self.child_counts(table)
        [(_, index)] = self.below(table)
        return np.bincount(index, minlength=self.rows)

    def rank_in(self, ancestor: str) -> tuple[Places, Places]:
        _, index = self.ancestor(ancestor)
        if index is None:
            raise UntoldError(ancestor)
        counts = np.bincount(index)
        return np.arange(self.rows, dtype=np.int64) - (np.cumsum(counts) - counts)[index], counts[index]

    def blocks_of(self, table: str) -> Iterator[SampleBlock]:
        self._look_elsewhere(table)
        yield self.sample.facts.block(table)

    def _look_elsewhere(self, table: str) -> None:
        """Refuse facts of the tables that these rows stand for: what is true of a run's rows may not be of these."""
        tables = self.sample.binding.tables
        if not self.sample.real and _root(tables, table) == _root(tables, self.id):
            raise UntoldError(table)

    def total(self, table: str) -> int:
        return self.sample.total(table)

    def gather(self, table: str, column: str, rows: Places, valid: NDArray[np.bool_] | None = None) -> Values:
        return take(self.whole(table, column), rows, valid)

    def whole(self, table: str, column: str) -> Values:
        self._look_elsewhere(table)
        return self.sample.whole(table, column)

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        return self.sample.once(key, make)

    def before(self) -> None:
        """All rows are here: none stand before them."""

    def memo(self, key: object, make: Callable[[], Any]) -> Any:
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]


def _root(tables: Mapping[str, TableDraft], table: str) -> str:
    while (parent := tables[table].parent) is not None:
        table = parent
    return table


def samples(binding: Binding) -> Iterator[Sample]:
    """Samples to try one after the other: fewer and fewer roots, then the tables as a run has them, if they are small.

    The last is for what hangs on facts of all rows of a table, such as exact totals.
    """
    kept: dict[int, Sample] = binding.samples
    facts = kept.setdefault(0, Sample(binding, 0, None))
    roots = ROOTS
    while roots >= FEWEST_ROOTS:
        yield kept.setdefault(roots, Sample(binding, roots, facts))
        roots //= 4
    yield facts
