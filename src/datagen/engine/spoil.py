"""What is written of a block: its columns with the errors of recording in them, its copied rows, and what was done to which cell.

Everything else reads the block itself, which stays clean.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import as_text, entries_at, take, to_series
from datagen.contracts import Values
from datagen.engine.block import TableBlock
from datagen.engine.chosen import copied_rows, taken
from datagen.plan.model import ColumnPlan
from datagen.plan.seal import seal
from datagen.sinks.manifest import CELLS

if TYPE_CHECKING:
    import polars as pl

COPY = "duplicates"  # the kind of a row that was written twice
TIMES = {"s": "%Y-%m-%dT%H:%M:%SZ", "ms": "%Y-%m-%dT%H:%M:%S%.3fZ", "us": "%Y-%m-%dT%H:%M:%S%.6fZ"}


def written(block: TableBlock, name: str) -> Values:
    """A column as it is written, in its declared type, before rows are copied; also null where it was left out."""
    column = block.table.columns[name]
    if not column.spoils:
        return block.column(name)
    found: Values = block.memo(("written", name), lambda: _written(block, column))
    return found


def _written(block: TableBlock, column: ColumnPlan) -> Values:
    values = block.column(column.name).changed(picks=None, pieces=None)
    loose = replace(column, seal=replace(column.seal, nullable=True))
    for spoil, mask in zip(column.spoils, taken(block, column), strict=True):
        rows = np.flatnonzero(mask)
        if len(rows):
            values = replaced(values, rows, seal(spoil.change(block, rows), loose))
    return values


def replaced(values: Values, rows: NDArray[np.int64], other: Values) -> Values:
    """A column with other values in some of its rows."""
    import polars as pl

    valid = np.ones(len(values), dtype=np.bool_) if values.valid is None else values.valid.copy()
    valid[rows] = True if other.valid is None else other.valid
    if other.valid is not None and not other.valid.any():
        return values.changed(valid=valid)
    if values.kind in ("text", "category"):
        texts = as_text(values)
        array: Any = texts.array.clone().scatter(pl.Series(rows), as_text(other).array)
        return texts.changed(array=array, valid=None if valid.all() else valid)
    array = values.array.copy()
    array[rows] = other.array
    return values.changed(array=array, valid=None if valid.all() else valid)


def copies(block: TableBlock) -> tuple[NDArray[np.int64], int]:
    """(k,) the places of the rows of a block that are written twice, and how many rows before it are."""
    if block.table.copies is None or block.rows == 0:
        return np.zeros(0, dtype=np.int64), 0
    numbers = copied_rows(block.run, block.table)
    first = int(block.row_number[0])
    low, high = np.searchsorted(numbers, [first, first + block.rows])
    return numbers[low:high] - first, int(low)


def order(block: TableBlock) -> NDArray[np.int64] | None:
    """(m,) the places of the written rows in the block, copies behind their originals; None where none is copied."""
    places, _ = copies(block)
    if not len(places):
        return None
    times = np.ones(block.rows, dtype=np.int64)
    times[places] = 2
    return np.repeat(np.arange(block.rows, dtype=np.int64), times)


def row_places(block: TableBlock) -> NDArray[np.int64]:
    """(m,) the places of the written rows of a block in the written table, from 0."""
    here, before = copies(block)
    if not len(here) and not before:
        return block.row_number
    first = int(block.row_number[0]) + before
    return np.arange(first, first + block.rows + len(here), dtype=np.int64)


def exported(block: TableBlock, name: str) -> Values:
    """A column as it is written, rows copied."""
    values, rows = written(block, name), order(block)
    return values if rows is None else take(values, rows)


def frame(block: TableBlock) -> pl.DataFrame:
    """The visible columns as they are written."""
    import polars as pl

    return pl.DataFrame([_exported_series(block, column) for column in block.table.visible])


def _exported_series(block: TableBlock, column: ColumnPlan) -> pl.Series:
    """A column as it is written, as a Polars Series."""
    if column.structure is None:
        return to_series(exported(block, column.name), column.name, column.type)
    rows, series = order(block), block.series(column.name)
    return series if rows is None else entries_at(series, rows)


def cells(block: TableBlock) -> pl.DataFrame:
    """What was done to the cells and rows of a block, in the order of its rows: the columns of `CELLS`."""
    import polars as pl

    table, pieces = block.table, []
    for place, column in enumerate(table.visible):
        for step, (spoil, mask) in enumerate(zip(column.spoils, taken(block, column), strict=bool(column.spoils))):
            rows = np.flatnonzero(mask)
            clean, dirty = (
                _texts(take(one, rows), column) for one in (block.column(column.name), written(block, column.name))
            )
            pieces.append(_piece(rows, place, step, column.name, spoil.kind, clean, dirty))
    here, _ = copies(block)
    nothing = pl.Series([None] * len(here), dtype=pl.String)
    pieces.append(_piece(here, len(table.visible), 0, None, COPY, nothing, nothing))
    told = pl.concat(pieces).sort("row", "place", "step", maintain_order=True)
    assert table.pk is not None
    keys = _texts(take(block.column(table.pk), told.get_column("row").to_numpy()), table.columns[table.pk])
    return told.with_columns(pl.lit(table.id).alias("table"), keys.alias("key")).select(CELLS)


def _piece(
    rows: NDArray[np.int64], place: int, step: int, column: str | None, kind: str, clean: pl.Series, dirty: pl.Series
) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        {"row": rows, "clean_value": clean, "dirty_value": dirty},
        schema={"row": pl.Int64, "clean_value": pl.String, "dirty_value": pl.String},
    ).with_columns(
        pl.lit(place).alias("place"), pl.lit(step).alias("step"),
        pl.lit(column, dtype=pl.String).alias("column"), pl.lit(kind).alias("kind"),
    )  # fmt: skip


def _texts(values: Values, column: ColumnPlan) -> pl.Series:
    """(n,) values as texts that a cast to the column's type reads back: times as in text files, floats in all digits."""
    import polars as pl

    series = to_series(values, column.name, column.type)
    if column.type == "datetime":
        return series.dt.to_string(TIMES[column.seal.precision])
    return series.cast(pl.String)
