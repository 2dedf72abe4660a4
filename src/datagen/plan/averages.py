"""What expressions over a row come to on average, told before any row is made from the laws of the columns they read.

Columns with a law of their own are taken as independent of each other; expressions over them are worked out as they stand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.plan.names import ColumnDraft, TableDraft
from datagen.schema.weights import share

if TYPE_CHECKING:
    import polars as pl

    from datagen.plan.binding import Binding

ROWS = 4096  # evenly spread, so that a share is off by about 0.002
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)  # as many columns as an average may rest on
POLARS = {"int": "Int64", "float": "Float64", "bool": "Boolean", "string": "String"}

Floats = NDArray[np.float64]


class Averages:
    """Representative rows of one table, made column by column as they are asked for."""

    def __init__(self, binding: Binding, table: TableDraft) -> None:
        self.binding, self.table = binding, table
        self._columns: dict[str, pl.Series | None] = {}
        self._drawn = 0
        self._names = {name.lower(): column for name, column in table.columns.items()}

    def __call__(self, text: str | float | bool | None) -> float | None:
        """The mean of a number, or the share of rows where a condition holds; None where it cannot be told."""
        if not isinstance(text, str):
            return None if text is None else float(text)
        values = self._evaluated(text)
        if values is None or not (values.dtype.is_numeric() or str(values.dtype) == "Boolean"):
            return None
        mean = values.cast(_type("float")).fill_null(0.0).mean()
        return float(mean) if isinstance(mean, float) and math.isfinite(mean) else None

    def _evaluated(self, text: str) -> pl.Series | None:
        from datagen.expressions import ExpressionFault, ExpressionOverflow, parse

        def type_of(name: str) -> Any:
            column = self._names.get(name.lower())
            return None if column is None else column.type

        try:
            checked = parse(text).check(type_of, tuple(self.table.columns))
            columns: dict[str, pl.Series] = {}
            for name in checked.names:
                column = self._names.get(name.lower())
                made = None if column is None else self._made(column)
                if made is None:
                    return None
                columns[name] = made
            return checked.evaluate(columns, ROWS)
        except (ExpressionFault, ExpressionOverflow):
            return None  # what is wrong with it is told where it is bound

    def _made(self, column: ColumnDraft) -> pl.Series | None:
        if column.name not in self._columns:
            self._columns[column.name] = None  # a circle cannot be told
            self._columns[column.name] = self._make(column)
        return self._columns[column.name]

    def _make(self, column: ColumnDraft) -> pl.Series | None:
        import polars as pl

        if self._drawn == len(PRIMES):
            return None
        spec = self.binding.drafting.specs[column.table, column.name]
        if column.modifiers or getattr(spec, "when", None) is not None or column.type not in POLARS:
            return None
        if column.word == "expression":
            made = self._evaluated(str(column.params.get("code")))
            return None if made is None else made.cast(_type(column.type))
        if column.word == "bernoulli":
            chance = share(column.params.get("p"))
            return None if chance is None else pl.Series(column.name, self._even() < chance)
        if column.type == "string":
            shares = None if column.shares is None else column.shares(column)
            if not shares:
                return None
            return pl.Series(column.name, list(shares))[_places(self._even(), list(shares.values()))]
        if column.type == "bool":
            return None
        numbers = self.binding.generators[column.table, column.name].foreseen(
            self.binding.scope_of(column, column_type=column.type)
        )
        if numbers is None:
            return None
        values = pl.Series(column.name, numbers[(self._even() * len(numbers)).astype(np.int64)])
        return values.round(0).cast(pl.Int64) if column.type == "int" else values

    def _even(self) -> Floats:
        """(ROWS,) even in [0, 1], and together with those of other columns even in the square, the cube, …"""
        step = math.sqrt(PRIMES[self._drawn]) % 1.0
        self._drawn += 1
        return np.asarray(((np.arange(ROWS) + 0.5) * step) % 1.0, dtype=np.float64)


def _places(even: Floats, shares: list[float]) -> NDArray[np.int64]:
    ends = np.cumsum(shares)
    return np.minimum(np.searchsorted(ends / ends[-1], even, side="right"), len(shares) - 1)


def _type(name: str | None) -> Any:
    import polars as pl

    return getattr(pl, POLARS[str(name)])


def averages_of(binding: Binding, table: TableDraft) -> Callable[[str | float | bool | None], float | None]:
    """The averages of one table; those of a source are the same rows for all its emits."""
    return Averages(binding, table)
