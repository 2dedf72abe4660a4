"""A table of rows and a scope as small as they can be: the faker generator without an engine or a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datagen.columns import as_text, take, to_series
from datagen.contracts import Values
from datagen.generators.faker import Faker
from datagen.kernel import draws
from datagen.kernel.address import root_addresses, salt_of, table_key

Columns = Mapping[str, tuple[str, Mapping[str, Any]]]


class FakeBlock:
    """Rows of one root table, from `start`, as the engine makes them. `columns`: whole columns that may be read."""

    def __init__(
        self,
        rows: int,
        *,
        start: int = 0,
        total: int | None = None,
        seed: int = 42,
        columns: Mapping[str, Values] | None = None,
    ) -> None:
        self.row_number = np.arange(start, start + rows, dtype=np.int64)
        self.address: NDArray[np.uint64] = root_addresses(table_key(seed, "person"), self.row_number)
        self._total = start + rows if total is None else total
        self._columns = columns or {}

    @property
    def rows(self) -> int:
        return len(self.row_number)

    def uniform(self, salt: int) -> NDArray[np.float64]:
        return draws.uniform(self.address, salt)

    def bits(self, salt: int) -> NDArray[np.uint64]:
        return draws.bits(self.address, salt)

    def total(self, table: str) -> int:
        return self._total

    def column(self, name: str) -> Values:
        return take(self._columns[name], self.row_number)


class FakeReader:
    """Reads a column that the block was given whole."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.type = "string"

    def __call__(self, block: Any) -> Values:
        values: Values = block.column(self.name)
        return values


class FakeTimeframe:
    def __init__(self, end: int) -> None:
        self.end = end


class FakeScope:
    """Binds one column and keeps what it was refused."""

    def __init__(
        self,
        column: str = "value",
        *,
        unique: bool = False,
        column_type: str | None = None,
        rows: int = 10,
        own: Columns | None = None,
        end: int | None = None,
    ) -> None:
        self.table, self.column = "person", column
        self.unique, self.column_type, self.rows = unique, column_type, rows
        self.timeframe = None if end is None else FakeTimeframe(end)
        self.own_columns: Columns = own or {column: ("faker", {})}
        self.refused: list[tuple[str, str, str, str, str]] = []

    def salt(self, part: str, use: int = 0) -> int:
        return salt_of(self.table, self.column, "faker", part, use)

    def seeded(self, part: str) -> int:
        return salt_of("seeded", self.table, self.column, "faker", part)

    def read(self, name: str, field: str = "") -> FakeReader:
        return FakeReader(name)

    def fixed_rows(self, table: str) -> int:
        return self.rows

    def type_of(self, name: str) -> str:
        return "string"

    def fits(self, made: str, field: str) -> None:
        if self.column_type not in (None, made) and {self.column_type, made} not in (
            {"int", "float"},
            {"date", "datetime"},
        ):
            self.refuse("column.type_mismatch", field, found=f"{made} values in a {self.column_type} column")

    def domain(self, size: int, field: str) -> None:
        if self.rows > size:
            self.refuse(
                "unique.domain_too_small", field, found=f"{size:,} possible values < {self.rows:,} rows of {self.table}"
            )

    def refuse(
        self,
        code: str,
        field: Any = (),
        *,
        found: str = "",
        expected: str = "",
        hint: str = "",
        severity: str = "error",
    ) -> None:
        self.refused.append((code, str(field), found, expected, hint))

    @property
    def codes(self) -> list[str]:
        return [one[0] for one in self.refused]


def bound(method: str, scope: FakeScope | None = None, **params: Any) -> Callable[[Any], Values]:
    """The filling function of one faker column; whatever it refuses fails the test."""
    scope = scope or FakeScope()
    fill = Faker(method=method, **params).bind(scope)  # type: ignore[arg-type]
    assert not scope.refused, scope.refused
    return fill


def filled(
    method: str,
    rows: int = 10,
    *,
    start: int = 0,
    total: int | None = None,
    columns: Mapping[str, Values] | None = None,
    scope: FakeScope | None = None,
    **params: Any,
) -> Values:
    """Some rows of one faker column."""
    return bound(method, scope, **params)(FakeBlock(rows, start=start, total=total, columns=columns))


def texts(method: str, rows: int = 10, **more: Any) -> list[str]:
    """Some rows of one faker column of texts."""
    return as_text(filled(method, rows, **more)).array.to_list()  # type: ignore[no-any-return]


def refusals(method: str, scope: FakeScope | None = None, **params: Any) -> list[tuple[str, str, str, str, str]]:
    """What one faker column refuses: (code, field, found, expected, hint)."""
    scope = scope or FakeScope()
    Faker(method=method, **params).bind(scope)  # type: ignore[arg-type]
    return scope.refused


def column(series: list[Any]) -> Values:
    """A text column, null where None."""
    whole = pl.Series(series, dtype=pl.String)
    valid = None if whole.null_count() == 0 else whole.is_not_null().to_numpy()
    return Values("text", whole.fill_null(""), valid)


def series(values: Values, type: Any = "string") -> pl.Series:
    """Values as the Series that a file would hold."""
    return to_series(values, "value", type)
