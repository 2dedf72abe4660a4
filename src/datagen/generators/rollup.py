"""A figure of a row over the rows below it: how many devices an account has, what its active subscriptions bring in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.columns import where_true
from datagen.contracts import Block, ColumnType, Fill, Generator, Kind, Only, Scope, Values
from datagen.errors import did_you_mean, listed

Figure = Literal["count", "sum", "mean", "min", "max", "share"]
NUMBERS_AND_TIMES = ("int", "float", "datetime", "date")


class Rollup(Generator):
    """A figure over descendant rows, made before them from their addresses.

    Params: from, a table below this one (children, their children, …); agg, the figure: `count` of rows, `sum`, `mean`,
    `min` or `max` of `column`, or `share` of the rows for which `where` holds; where, a condition in the descendant's
    row that limits which rows count. Without a row: count and sum are 0, the others null. Fills int for counts, the
    column's type for sum, min and max, float for mean and share. Nulls in the column are left out. No draw. Source:
    definition; sums are taken in row order.
    """

    MAIN: ClassVar[str | None] = "from"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"rollup": {"from": "device", "agg": "count"}},
        {"rollup": {"from": "device", "agg": "share", "where": "status = 'online'"}},
        {"rollup": {"from": "subscription", "agg": "sum", "column": "monthly_price", "where": "status = 'active'"}},
    ]

    from_: str = Field(alias="from", description="the descendant table")
    agg: Figure = Field(description="which figure")
    column: str | None = Field(default=None, description="its column, where the figure needs one")
    where: str | bool | None = Field(default=None, description="condition on the descendant rows")

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        table = scope.table_below(self.from_)
        if table is None:
            return ()
        among = scope.among(table)
        names = [*(among.names_in(self.where) if isinstance(self.where, str) else ())]
        names += [] if self.column is None else [self.column]
        nodes = [node for name in names for node in among.path_reads(name)]
        return [Only(*node) for node in (*scope.counts_down(table), *nodes)]

    def infer(self, scope: Scope) -> ColumnType | None:
        if self.agg in ("count", "mean", "share"):
            return "int" if self.agg == "count" else "float"
        table = scope.table_below(self.from_)
        return None if table is None or self.column is None else scope.among(table).type_of(self.column)

    def support(self, scope: Scope) -> tuple[float, float] | None:
        return (0.0, float("inf")) if self.agg == "count" else (0.0, 1.0) if self.agg == "share" else None

    def bind(self, scope: Scope) -> Fill:
        table = scope.table_below(self.from_)
        if table is None:
            below = scope.tables_below
            scope.refuse(
                "rollup.not_below",
                "from",
                found=f"'{self.from_}', which is no table below {scope.table}",
                expected=f"a table whose driving parents lead to {scope.table}: {listed(below) if below else 'there is none'}",
                hint="a figure over other rows is a kind: derived table"
                if scope.knows_table(self.from_)
                else did_you_mean(self.from_, below),
            )
            return _nothing
        if not self._keys_fit(scope):
            return _nothing
        among = scope.among(table)
        where = None if self.where is None else among.expression(self.where, "where")
        if where is not None and where.type != "bool":
            scope.refuse(
                "rollup.where_type",
                "where",
                found=f"an expression of type {where.type}",
                expected="a condition, such as status = 'online'",
            )
        column = None if self.column is None else among.read(self.column, "column")
        if column is not None and column.type not in NUMBERS_AND_TIMES[: 2 if self.agg in ("sum", "mean") else 4]:
            scope.refuse(
                "rollup.column_type",
                "column",
                found=f"{self.agg} of {self.column}, of type {column.type}",
                expected="a column of numbers" + (" or times" if self.agg in ("min", "max") else ""),
            )
            return _nothing
        made = self.infer(scope)
        if made is not None:
            scope.fits(made, "agg")
        agg = self.agg
        if agg == "count" and where is None:
            return lambda block: Values("int", block.count_below(table))

        def fill(block: Block) -> Values:
            found = _Figure(agg, block.rows, None if column is None else column.type)
            for child, index in block.below(table):
                holds = None if where is None else where_true(where(child))
                found.take(index, holds, None if column is None else column(child))
            return found.values()

        return fill

    def _keys_fit(self, scope: Scope) -> bool:
        """Whether `column` and `where` stand just where the figure needs them."""
        needs = self.agg in ("sum", "mean", "min", "max")
        if needs != (self.column is not None):
            scope.refuse(
                "rollup.column",
                "agg" if needs else "column",
                found=f"agg: {self.agg} {'without' if needs else 'with'} a column",
                expected="a column of the rows below" if needs else "no column",
            )
        if self.agg == "share" and self.where is None:
            scope.refuse(
                "rollup.share_of_what",
                "agg",
                found="agg: share without `where`",
                expected="a condition: the share of the rows for which it holds",
            )
        return needs == (self.column is not None) and not (self.agg == "share" and self.where is None)


class _Figure:
    """One figure for every row of a block, gathered from the blocks below in their order."""

    def __init__(self, agg: Figure, rows: int, type: ColumnType | None) -> None:
        self.agg, self.type = agg, type
        self.count = np.zeros(rows, dtype=np.int64)  # rows that were looked at
        self.all = np.zeros(rows, dtype=np.int64)  # rows below, of a share
        floats = type == "float" or agg == "mean"
        start = {
            "min": np.inf if floats else np.iinfo(np.int64).max,
            "max": -np.inf if floats else np.iinfo(np.int64).min,
        }
        self.sum = np.full(rows, start.get(agg, 0), dtype=np.float64 if floats else np.int64)

    def take(self, index: NDArray[np.int64], holds: NDArray[np.bool_] | None, values: Values | None) -> None:
        if self.agg == "share":
            np.add.at(self.all, index, 1)
        keep = holds
        if values is not None and values.valid is not None:
            keep = values.valid if keep is None else keep & values.valid
        if keep is not None:
            index = index[keep]
        np.add.at(self.count, index, 1)
        if values is None:
            return
        array = values.array if keep is None else values.array[keep]
        way = {"min": np.minimum, "max": np.maximum}.get(self.agg, np.add)
        way.at(self.sum, index, array.astype(self.sum.dtype, copy=False))

    def values(self) -> Values:
        if self.agg == "count":
            return Values("int", self.count)
        if self.agg == "sum":
            return Values(self._kind(), self.sum)
        of = self.all if self.agg == "share" else self.count
        some = of > 0
        if self.agg in ("min", "max"):
            return Values(self._kind(), np.where(some, self.sum, 0), None if some.all() else some)
        top = self.count if self.agg == "share" else self.sum
        return Values("float", top / np.maximum(of, 1), None if some.all() else some)

    def _kind(self) -> Kind:
        return "time" if self.type in ("datetime", "date") else "int" if self.type == "int" else "float"


def _nothing(block: Block) -> Values:
    return Values("int", np.zeros(block.rows, dtype=np.int64))
