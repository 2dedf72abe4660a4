"""The two pieces of work that workers share out: counting a grain, and making and writing it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen.columns import DAY_US, to_series
from datagen.engine.behind import Behind
from datagen.engine.block import BLOCK_ROWS, TableBlock
from datagen.engine.grain import Grain, Walk, tree
from datagen.engine.parts import Outputs, Part
from datagen.engine.run import Run
from datagen.engine.spoil import cells, exported, row_places
from datagen.kernel.content_hash import ColumnSum, TableSums, canonical, prepare
from datagen.plan.model import TablePlan
from datagen.sinks.disk import disk_errors
from datagen.sinks.manifest import FileFacts
from datagen.sinks.target import SPOILED
from datagen.sinks.writer import open_writer
from datagen.structures import dtype_of

if TYPE_CHECKING:
    import polars as pl

Spoilt = tuple[str, str | None, str]  # table, column (none of a row that stands twice), kind of imperfection
STAGED = ".datagen-sql"  # inside the stage: what SQL reads, and its scratch; gone before publishing
Progress = Callable[[str, int], None]  # table, rows made since the last call


@dataclass(slots=True)
class Written:
    """What one grain became."""

    grain: int
    parts: list[Part] = field(default_factory=list)
    spoiled: list[Part] = field(default_factory=list)  # what was done to the cells of a table, a file for each of them
    staged: list[Part] = field(default_factory=list)  # files that SQL reads and nobody publishes
    sums: dict[str, TableSums] = field(default_factory=dict)
    cells: dict[Spoilt, int] = field(default_factory=dict)
    values: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)  # per table: making; "write:<table>": writing


def empty_sums(table: TablePlan) -> TableSums:
    """Sums of a table of no rows."""
    return TableSums({column.name: ColumnSum(column.written_type) for column in table.visible})


def add_block(sums: TableSums, block: TableBlock) -> None:
    """Take a block into the content hash of its table."""
    lanes = prepare(row_places(block))
    for column in block.table.visible:
        values = exported(block, column.name)
        if values.kind == "text":
            bits = canonical(to_series(values, column.name, "string"))
        elif values.kind == "category":
            assert values.dictionary is not None
            codes = values.array if values.valid is None else np.where(values.valid, values.array, 0)
            bits = canonical(codes, values.valid, texts=values.dictionary.hashes)
        elif column.type == "date":
            bits = canonical(values.array // DAY_US, values.valid)
        else:
            bits = canonical(values.array, values.valid)
        sums.columns[column.name].add_lanes(lanes, bits)


def write_grain(
    run: Run,
    grain: Grain,
    offsets: Mapping[str, int],
    directory: Path,
    format: str,
    progress: Progress,
    *,
    block_rows: int = BLOCK_ROWS,
    tables: frozenset[str] | None = None,
    staged: frozenset[str] = frozenset(),
    behind: Behind | None = None,
) -> Written:
    """Make the blocks of a grain and write their visible tables as parts into `directory`.

    tables: only these are written (None: all that are not hidden); the others are made as far as these need them.
    staged: tables, hidden ones too, that are also written as Parquet into STAGED, for SQL to read. behind: encodes blocks
    while the next ones are made.
    """
    shown = {
        table.id
        for table in tree(run.plan, run.plan.tables[grain.root])
        if not table.hidden and (tables is None or table.id in tables)
    }
    aside = staged & {table.id for table in tree(run.plan, run.plan.tables[grain.root])}
    wanted = shown | aside
    done = Written(grain.number)
    for table in shown:
        done.sums[table] = empty_sums(run.plan.tables[table])
        done.rows[table] = 0
    told: dict[str, list[pl.DataFrame]] = {table: [] for table in shown if run.plan.tables[table].spoiled}
    walk = Walk(run, grain, dict(offsets), block_rows=block_rows)
    with Outputs(behind, done.seconds) as outputs:
        for name in shown:
            outputs.add(run.plan.tables[name], grain.number, directory, format, done.parts)
        for name in aside:
            outputs.add(run.plan.tables[name], grain.number, directory / STAGED, "parquet", done.staged)
        for block in walk.blocks(frozenset(wanted)):
            table = block.table.id
            if table not in wanted:
                continue
            started = time.perf_counter()
            frame = block.frame()
            if table in shown:
                add_block(done.sums[table], block)
                done.rows[table] += frame.height
            if table in told:
                told[table].append(tell_cells(done, block))
            done.seconds[table] = done.seconds.get(table, 0.0) + time.perf_counter() - started
            outputs.append(block.table, frame)
            if table in shown:
                progress(table, frame.height)
        outputs.finish()
    for table, frames in told.items():
        if frames:
            done.spoiled.append(Part(grain.number, table, 0, _write_aside(directory / SPOILED, frames, table, grain)))
    return done


def spoiled_name(table: str, grain: int) -> str:
    """The file in SPOILED that tells of the cells of a table in one grain."""
    return f"{table}-{grain:08}.parquet"


def _write_aside(directory: Path, frames: list[pl.DataFrame], table: str, grain: Grain) -> FileFacts:
    with disk_errors("making a directory", directory), suppress(FileExistsError):  # another worker came first
        os.mkdir(directory)
    return open_writer("parquet", directory).write_part(frames, spoiled_name(table, grain.number))


def tell_cells(done: Written, block: TableBlock) -> pl.DataFrame:
    """What was done to the cells of a block, counted into the grain."""
    table, found = block.table, cells(block)
    for column, kind, number in found.group_by("column", "kind").len().rows():
        spoilt = (table.id, column, kind)
        done.cells[spoilt] = done.cells.get(spoilt, 0) + number
    for one in table.visible:
        if one.spoils:
            valid = block.column(one.name).valid
            number = block.rows if valid is None else int(np.count_nonzero(valid))
            done.values[table.id, one.name] = done.values.get((table.id, one.name), 0) + number
    return found


def empty_frame(table: TablePlan) -> pl.DataFrame:
    """A frame without rows in the types of the table's visible columns."""
    import polars as pl

    types: dict[str, Any] = {
        "int": pl.Int64,
        "float": pl.Float64,
        "bool": pl.Boolean,
        "string": pl.String,
        "datetime": pl.Datetime("us"),
        "date": pl.Date,
    }
    return pl.DataFrame(
        schema={
            column.name: types[column.type] if column.structure is None else dtype_of(column.structure)
            for column in table.visible
        }
    )
