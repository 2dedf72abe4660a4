"""Puts the events of a stream in one order over all its pieces, numbers them, and writes them like any other table.

The pieces lie staged with the place of each row's emit and its address. DuckDB puts them in order into one file, out of
core; behind that the stream is a table whose blocks read that file: errors of recording, labels, hidden columns and
formats are those of any table. Ties go by the emit's name, then by the address, so that nothing of how the work was cut shows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datagen.columns import from_series
from datagen.contracts import Block, Fill, Values
from datagen.engine.block import BLOCK_ROWS
from datagen.engine.chosen import copies_among
from datagen.engine.executor import Job, Made, gather_up, shown
from datagen.engine.grain import Grain
from datagen.engine.run import Run
from datagen.engine.work import STAGED, write_grain
from datagen.errors import Finding, SchemaError
from datagen.plan.labels import ROW
from datagen.plan.model import ColumnPlan, DerivedPlan, Plan, TablePlan
from datagen.plan.sorted_streams import ADDRESS, EMIT_PLACE, TOP
from datagen.sinks.disk import disk_errors
from datagen.sql import database as sql
from datagen.sql.spelling import identifier, literal
from datagen.structures import Tree, dtype_of, json_texts

if TYPE_CHECKING:
    import polars as pl


def make_sorted(
    database: sql.Database, plan: Plan, one: DerivedPlan, job: Job, made: Made, *, read_later: bool,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:  # fmt: skip
    """Write a stream out of its staged pieces into the directory of the job, and add it to what was made."""
    file = job.directory / STAGED / "rows-in-order"
    with sql.limits(database, sql.RUN_SECONDS):
        put_in_order(database, plan, one, made.staged, file)
    [row] = database.execute(f"select count(*) from read_parquet({literal(os.fspath(file))})").fetchall()
    table = reading(one.table, file, int(row[0]))
    published = shown(table, job)
    rows = int(row[0]) + len(copies_among(table, int(row[0])))
    others = sum(number for name, number in made.rows.items() if shown(plan.all_tables[name], job))
    if published and others + rows > job.max_rows:
        found = f"{rows:,} rows of {table.id}, which with the other tables are too many"
        hint = "say --max-rows to allow more"
        raise SchemaError(Finding("rows.too_many", found=found, expected=f"at most {job.max_rows:,} rows", hint=hint))
    alone = replace(
        plan, tables={table.id: table}, derived={}, order=(), reads={}, numbered=frozenset(), walked=frozenset(),
        root_rows={},
    )  # fmt: skip
    aside = read_later and not (published and job.format == "parquet")
    own = replace(
        job, tables=frozenset({table.id} if published else ()), staged=frozenset({table.id} if aside else ()),
        spec=None, checkpoint=None,
    )  # fmt: skip
    done = 0

    def tell(name: str, number: int) -> None:
        nonlocal done
        done += number
        if progress is not None:
            progress(name, done, rows)

    run = Run(alone, {table.id: int(row[0])}, {0: {table.id: 0}})
    written = write_grain(
        run, Grain(0, table.id, 0, int(row[0])), {table.id: 0}, job.directory, job.format, tell,
        block_rows=job.block_rows, tables=own.tables, staged=own.staged,
    )  # fmt: skip
    told = Made()
    gather_up(alone, own, [written], told)
    if published:
        made.files |= told.files
        made.sums |= told.sums
        made.rows[table.id] = rows
        made.spoiled |= told.spoiled
        made.cells |= told.cells
        made.values |= told.values
    made.staged |= told.staged
    for stage, seconds in told.seconds.items():
        made.seconds[stage] = made.seconds.get(stage, 0.0) + seconds
    with disk_errors("tidying", file):
        file.unlink()


def put_in_order(
    database: sql.Database,
    plan: Plan,
    one: DerivedPlan,
    staged: Mapping[str, tuple[Path, ...]],
    file: Path,
) -> None:
    """Write the rows of all pieces into one Parquet file, in the order of the stream."""
    assert one.sorting is not None
    types = {
        column.name: sql_type(column.structure or column.type)
        for name in one.reads for column in plan.tables[name].visible
    } | {
        column.name: sql_type(column.structure or column.type)
        for column in one.table.columns.values() if column.name not in (one.sorting.rank, ROW)
    }  # fmt: skip
    pieces = []
    for name in one.reads:
        has = {column.name for column in plan.tables[name].visible}
        columns = ", ".join(
            f"cast({identifier(column) if column in has else 'null'} as {type_}) as {identifier(column)}"
            for column, type_ in types.items()
        )
        if files := staged.get(name, ()):
            listed = ", ".join(literal(os.fspath(path)) for path in files)
            pieces.append(f"select {columns} from read_parquet([{listed}])")
        else:
            nothing = ", ".join(f"cast(null as {type_}) as {identifier(column)}" for column, type_ in types.items())
            pieces.append(f"select {nothing} where false")
    order = [f"{identifier(name)} asc nulls last" for name in (*one.sorting.order_by, EMIT_PLACE, ADDRESS)]
    text = f"select * from ({' union all '.join(pieces)}) order by {', '.join(order)}"
    database.execute(
        f"copy ({text}) to {literal(os.fspath(file))} (format parquet, compression lz4, row_group_size {BLOCK_ROWS})"
    )


def sql_type(tree: Tree) -> str:
    """The type of a column in DuckDB: of plain values, or of structures and lists of them."""
    if isinstance(tree, str):
        return sql.SQL_TYPES[tree]
    if "list" in tree:
        return f"{sql_type(tree['list'])}[]"
    return f"struct({', '.join(f'{identifier(name)} {sql_type(inner)}' for name, inner in tree['struct'].items())})"


def reading(table: TablePlan, file: Path, rows: int) -> TablePlan:
    """A stream as a table whose blocks read the file that its rows were put in order in."""
    columns: dict[str, ColumnPlan] = {}
    for column in table.columns.values():
        numbered = column.by_row_number or (column.name == ROW and column.word == "label")
        columns[column.name] = column if numbered else replace(column, fill=_fill(file, column.name, column.structure))

    def addresses(block: Block) -> NDArray[np.uint64]:
        found: NDArray[np.int64] = _rows(file, block).get_column(ADDRESS).to_numpy()
        return found.view(np.uint64) ^ TOP

    return replace(
        table, columns=columns, rows=rows, planned_rows=float(rows), expected_rows=float(rows), addresses=addresses
    )


def _fill(file: Path, name: str, structure: Tree | None) -> Fill:
    def fill(block: Block) -> Values:
        return from_series(_rows(file, block).get_column(name))

    def fill_structures(block: Block) -> Values:
        made = _rows(file, block).get_column(name).cast(dtype_of(structure or ""))
        valid = None if made.null_count() == 0 else made.is_not_null().to_numpy()
        return Values("text", json_texts(made).fill_null(""), valid, pieces=made)

    return fill if structure is None else fill_structures


def _rows(file: Path, block: Block) -> pl.DataFrame:
    """The rows of a block, which follow each other in the file."""
    import polars as pl

    def read() -> pl.DataFrame:
        first = int(block.row_number[0]) if block.rows else 0
        with disk_errors("reading", file):
            return pl.scan_parquet(file, glob=False).slice(first, block.rows).collect()

    found: pl.DataFrame = block.memo("rows in order", read)
    return found
