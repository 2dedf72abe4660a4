"""The ledger of imperfections: what was done to which cell, kept beside a run's files until the truth set takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen.engine.chosen import quotas
from datagen.engine.spoil import COPY
from datagen.kernel.content_hash import ColumnSum, TableSums
from datagen.plan.model import Plan
from datagen.sinks.manifest import CELLS, ColumnEntry, TableEntry
from datagen.sinks.target import SPOILED
from datagen.sinks.writer import open_writer, part_name

if TYPE_CHECKING:
    import polars as pl

    from datagen.engine.executor import Made

NAME = "imperfections"
BATCH = 262_144  # rows in memory at a time


def spoiled_files(directory: Path, made: Made) -> dict[str, tuple[Path, ...]]:
    """The files that say what was done to the cells of a table, by table, in row order."""
    return {table: tuple(directory / SPOILED / file.name for file in files) for table, files in made.spoiled.items()}


def write_ledger(
    directory: Path, files: Mapping[str, Sequence[Path]], taken: Sequence[str]
) -> tuple[TableEntry, TableSums]:
    """Write the ledger of all tables as one table of a truth set; its name gets a _ behind it where that is taken."""
    name = NAME
    while name in taken:
        name += "_"
    sums = TableSums({column: ColumnSum("string") for column in CELLS})
    first = 0
    with open_writer("parquet", directory).open_part(part_name(name, "parquet")) as part:
        part.append(_nothing())
        for frame in _frames(files):
            sums.add(np.arange(first, first + frame.height, dtype=np.int64), frame)
            part.append(frame)
            first += frame.height
        facts = part.close()
    columns = tuple(ColumnEntry(column, "string", column in CELLS[2:3] + CELLS[4:]) for column in CELLS)
    told = {column: total.hex for column, total in sums.columns.items()}
    return TableEntry(name, first, columns, (facts,), sums=told), sums


def _frames(files: Mapping[str, Sequence[Path]]) -> Iterator[pl.DataFrame]:
    import polars as pl

    for several in files.values():
        for file in several:
            lazy = pl.scan_parquet(file, glob=False)
            rows = lazy.select(pl.len()).collect().item()
            for start in range(0, rows, BATCH):
                yield lazy.slice(start, BATCH).collect()


def _nothing() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=dict.fromkeys(CELLS, pl.String))


def asked_and_found(plan: Plan, made: Made) -> list[dict[str, Any]]:
    """Every imperfection of the written tables: what was declared, of how many values, and how many were asked and found.

    asked is exact, or with `exact: false` the mean. column is None for rows that were written twice.
    """
    told: list[dict[str, Any]] = []
    for table in plan.made_tables:
        if table.id not in made.files:
            continue
        for column in table.visible:
            values = made.values.get((table.id, column.name), 0)
            wanted = quotas([spoil.rate for spoil in column.spoils], values)
            for kind in dict.fromkeys(spoil.kind for spoil in column.spoils):
                mine = [
                    (spoil, asked) for spoil, asked in zip(column.spoils, wanted, strict=True) if spoil.kind == kind
                ]
                told.append(
                    {
                        "table": table.id, "column": column.name, "kind": kind, "of": values,
                        "declared": "; ".join(spoil.text for spoil, _ in mine),
                        "rate": round(sum(spoil.rate for spoil, _ in mine), 12),
                        "exact": all(spoil.exact for spoil, _ in mine), "asked": sum(asked for _, asked in mine),
                        "found": made.cells.get((table.id, column.name, kind), 0),
                    }
                )  # fmt: skip
        if table.copies is not None:
            copied = made.cells.get((table.id, None, COPY), 0)
            rows = made.rows[table.id] - copied
            [asked] = quotas([table.copies.rate], rows)
            told.append(
                {
                    "table": table.id, "column": None, "kind": COPY, "of": rows, "declared": table.copies.text,
                    "rate": table.copies.rate, "exact": table.copies.exact, "asked": asked, "found": copied,
                }
            )  # fmt: skip
    return told
