"""DuckDB as the second opinion on a formula: a table of COLUMNS, and the same formula run over it."""

from __future__ import annotations

import functools
import math
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from datagen.expressions import ExpressionOverflow, parse
from tests.expressions.columns import COLUMNS, DUCK, TYPES
from tests.expressions.making import Formula

DTYPES = {
    "int": pl.Int64,
    "float": pl.Float64,
    "string": pl.String,
    "bool": pl.Boolean,
    "datetime": pl.Datetime("us"),
    "date": pl.Date,
    "duration": pl.Duration("us"),
}
ROWS = len(COLUMNS["i"][1])


@functools.cache
def series() -> dict[str, pl.Series]:
    return {name: pl.Series(name, values, dtype=DTYPES[type]) for name, (type, values) in COLUMNS.items()}


@functools.cache
def connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET threads = 1")
    con.execute(
        f"CREATE TABLE r (row_id INTEGER, {', '.join(f'{name} {DUCK[type]}' for name, (type, _) in COLUMNS.items())})"
    )
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    con.executemany(
        f"INSERT INTO r VALUES ({marks})",
        [[row, *(values[row] for _, values in COLUMNS.values())] for row in range(ROWS)],
    )
    return con


def theirs(sql: str) -> list[Any]:
    """The formula's values by DuckDB; an Exception in place of a value that it refuses."""
    con = connection()
    try:
        return [row[0] for row in con.execute(f"SELECT {sql} FROM r ORDER BY row_id").fetchall()]
    except duckdb.Error as error:
        if isinstance(error, (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)):
            raise
    values: list[Any] = []
    for row in range(ROWS):
        try:
            values.append(con.execute(f"SELECT {sql} FROM r WHERE row_id = {row}").fetchone()[0])  # type: ignore[index]
        except duckdb.Error as error:
            values.append(error)
    return values


def ours(text: str) -> tuple[str, list[Any]]:
    """(type, values) by this package; values are [ExpressionOverflow] when the run stops."""
    checked = parse(text).check(TYPES.get, TYPES)
    columns = {name: series()[name] for name in checked.names}
    try:
        result = checked.evaluate(columns, ROWS)
    except ExpressionOverflow as error:
        return checked.type, [error]
    assert result.dtype == DTYPES[checked.type]
    assert len(result) == ROWS
    return checked.type, result.to_list()


def same(mine: Any, other: Any) -> bool:
    if mine is None or other is None:
        return mine is other
    if isinstance(mine, float):
        return math.isclose(mine, other, rel_tol=1e-9, abs_tol=1e-300)
    if type(mine) is int and type(other) is float:  # DuckDB makes a double of some parts of a time that is always null
        return mine == other
    return bool(mine == other) and type(mine) is type(other)


def leaves_range(formula: Formula) -> bool:
    """Whether DuckDB finds an overflow anywhere in the formula."""
    for part in (formula.duck, *formula.steps):
        for value in theirs(part):
            if isinstance(
                value, (duckdb.OutOfRangeException, duckdb.ConversionException, duckdb.InvalidInputException)
            ):
                return True
            if isinstance(value, float) and not math.isfinite(value):
                return True
            if isinstance(value, timedelta) and abs(value) > timedelta(days=3_652_058):
                return True
            if isinstance(value, (date, datetime)) and not 1 <= value.year <= 9999:
                return True
    return False
