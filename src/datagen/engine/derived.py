"""Makes the tables that SQL makes: runs each query over the made tables and writes its result like any other table.

What SQL reads is copied into tables of a scratch database first, whatever files it lies in, so that rows come in the same
order and in the same pieces in every run: sums of floats do not depend on workers, blocks or formats.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen.columns import DAY_US
from datagen.contracts import Values
from datagen.engine.behind import Behind
from datagen.engine.derived_parts import Output, Result
from datagen.engine.executor import shown
from datagen.engine.parts import part_rows, writer_of
from datagen.engine.sorting import make_sorted
from datagen.engine.work import STAGED, empty_frame, empty_sums
from datagen.errors import Finding, MachineError, SchemaError
from datagen.kernel.content_hash import root_hash
from datagen.plan.model import ColumnPlan, DerivedPlan, Plan, TablePlan
from datagen.plan.seal import seal
from datagen.sinks.disk import disk_errors
from datagen.sinks.writer import part_name
from datagen.sql import database as sql
from datagen.sql.spelling import identifier, literal

if TYPE_CHECKING:
    import polars as pl

    from datagen.engine.executor import Job, Made

ROWS = 262_144  # of a result in memory at a time
UNCOUNTED = 1 << 32  # rows of a table that another run has made: they may be many
RESULT = "the result"  # no table of a document has a name with a blank
FIRST, LAST = -62_135_596_800_000_000, 253_402_300_800_000_000  # years 1 to 9999, in microseconds


def chosen(plan: Plan, tables: frozenset[str] | None) -> dict[str, DerivedPlan]:
    """The derived tables of a run: those to be written, and those that these read, each after those it reads."""
    wanted = {name for name, one in plan.derived.items() if not one.table.hidden and (tables is None or name in tables)}
    for name in reversed(list(plan.derived)):
        if name in wanted:
            wanted |= {other for other in plan.derived[name].reads if other in plan.derived}
    return {name: one for name, one in plan.derived.items() if name in wanted}


def staged_tables(plan: Plan, format: str, tables: frozenset[str] | None) -> frozenset[str]:
    """The tables that SQL reads and that are not published in a format with types."""
    needed = {name for one in chosen(plan, tables).values() for name in one.reads if name in plan.tables}
    published = {
        name for name in needed
        if format == "parquet" and not plan.tables[name].hidden and (tables is None or name in tables)
    }  # fmt: skip
    return frozenset(needed - published)


def make_derived(
    plan: Plan, job: Job, made: Made, *, memory: int, progress: Callable[[str, int, int], None] | None = None,
    readable: Sequence[Path] = (),
) -> None:  # fmt: skip
    """Run the queries, write their tables into the directory of the job, and add them to what was made.

    memory: bytes for DuckDB; readable: directories outside that of the job in which files of tables lie.
    Raises SchemaError for a query that fails on the data, or never ends; MachineError.
    """
    queries = chosen(plan, job.tables)
    scratch = job.directory / STAGED
    read = {name for one in queries.values() for name in one.reads if name in plan.tables}
    cells = sum(made.rows.get(name, UNCOUNTED) * len(plan.tables[name].visible) for name in read)
    results: dict[str, Result] = {}
    try:
        if queries:
            with disk_errors("making a directory", scratch):
                scratch.mkdir(exist_ok=True)
            with (
                sql.sql_database(scratch, readable=(job.directory, *readable), memory=memory, cells=cells) as database,
                Behind() as behind,
            ):
                loaded = _Loaded(database, plan, job, made)
                for name, one in queries.items():
                    with _query_errors(one, memory, scratch):
                        read_later = any(name in other.reads for other in queries.values())
                        if one.sorting is not None:
                            behind.wait()
                            make_sorted(database, plan, one, job, made, read_later=read_later, progress=progress)
                            continue
                        for other in one.reads:
                            loaded.need(other)
                        results[name] = _make_one(loaded, one, job, made, behind, read_later, memory, progress)
                    loaded.forget(name, queries)
            for name, result in results.items():
                if shown(result.table, job):
                    made.files[name], made.sums[name] = tuple(result.outputs[0].files), result.sums
            made.content_hash = root_hash(made.sums)
    finally:
        if job.checkpoint is None:  # else what SQL has read is kept too, until the run is published
            shutil.rmtree(scratch, ignore_errors=True)  # what is left of it goes with the stage


class _Loaded:
    """Tables of the scratch database, each copied from its Parquet files when a query first reads it, or left by its query."""

    def __init__(self, database: sql.Database, plan: Plan, job: Job, made: Made) -> None:
        self.database, self.plan, self.job, self.made = database, plan, job, made
        self.there: set[str] = set()

    def need(self, name: str) -> None:
        if name in self.there:
            return
        self.there.add(name)
        table = self.plan.all_tables[name]
        sql.create_table(self.database, name, {column.name: column.type for column in table.visible})
        files = self.made.staged.get(name)
        if files is None:
            files = tuple(self.job.directory / file.name for file in self.made.files[name])
        if files:
            copy_files(self.database, name, table, files)

    def made_here(self, name: str) -> None:
        """The result of a query is kept under the name of its table: it is what was written."""
        self.database.execute(f"alter table {identifier(RESULT)} rename to {identifier(name)}")
        self.there.add(name)

    def forget(self, done: str, queries: Mapping[str, DerivedPlan]) -> None:
        """Drop what no later query reads."""
        later = list(queries)[list(queries).index(done) + 1 :]
        for name in sorted(self.there - {read for one in later for read in queries[one].reads}):
            self.database.execute(f"drop table {identifier(name)}")
            self.there.remove(name)


def copy_files(database: sql.Database, name: str, table: TablePlan, files: Sequence[Path]) -> None:
    """Fill an empty table from Parquet files, rows in their order."""
    listed = ", ".join(literal(os.fspath(file)) for file in files)
    columns = ", ".join(f"cast({identifier(column.name)} as {sql.SQL_TYPES[column.type]})" for column in table.visible)
    database.execute(f"insert into {identifier(name)} select {columns} from read_parquet([{listed}])")


def _make_one(
    loaded: _Loaded, one: DerivedPlan, job: Job, made: Made, behind: Behind, read_later: bool, memory: int,
    progress: Callable[[str, int, int], None] | None,
) -> Result:  # fmt: skip
    """Run a query and have its result written; the last part of it may still be waiting when this returns."""
    table, database, scratch = one.table, loaded.database, job.directory / STAGED
    with sql.limits(database, sql.RUN_SECONDS):
        database.execute(f"create table {identifier(RESULT)} as {one.text}")
    total = _one_number(database, f"select count(*) from {identifier(RESULT)}")
    others = sum(rows for name, rows in made.rows.items() if shown(loaded.plan.all_tables[name], job))
    if others + total > job.max_rows and shown(table, job):
        found = f"{total:,} rows of {table.id}, which with the other tables are too many"
        hint = "say --max-rows to allow more"
        raise SchemaError(Finding("rows.too_many", found=found, expected=f"at most {job.max_rows:,} rows", hint=hint))
    if shown(table, job):
        made.rows[table.id] = total
    outputs = [Output(job.format, job.directory)] if shown(table, job) else []
    # a later query reads what is written: the result itself where sealing has changed nothing in it, else Parquet files
    same = read_later and _has_types_of(database, table)
    if read_later and not same and not (outputs and job.format == "parquet"):
        outputs.append(Output("parquet", scratch))
    result = Result(table, outputs, empty_sums(table))
    size = part_rows(table)
    starts = range(0, max(total, 1), size)
    for place, first in enumerate(starts):
        behind.wait()
        last = min(first + size, total)
        frames: list[pl.DataFrame] = []
        for read in _frames(database, table, scratch, first, last):
            frames.append(_sealed_frame(read, table))
            same = same and _equal(read, frames[-1])
        behind.do(result.write, frames, first, None if len(starts) == 1 else place)
        if progress is not None and shown(table, job):
            progress(table.id, last, total)
    if read_later and same:
        loaded.made_here(table.id)
        return result
    behind.wait()
    if read_later and not any(output.format == "parquet" for output in outputs):
        # it has the right types, and sealing has changed some value
        outputs.append(Output("parquet", scratch))
        for place, first in enumerate(starts):
            read_again = _frames(database, table, scratch, first, min(first + size, total))
            again = [_sealed_frame(frame, table) for frame in read_again] or [empty_frame(table)]
            name = part_name(table.id, "parquet", None if len(starts) == 1 else place)
            outputs[-1].files.append(writer_of(table, scratch, "parquet").write_part(again, name))
    database.execute(f"drop table {identifier(RESULT)}")
    if read_later:
        last_one = outputs[-1]
        made.staged[table.id] = tuple(last_one.directory / file.name for file in last_one.files)
    return result


def _one_number(database: sql.Database, text: str) -> int:
    [row] = database.execute(text).fetchall()
    return int(row[0])


def _has_types_of(database: sql.Database, table: TablePlan) -> bool:
    """Whether the result has the columns of its table, in their order and types."""
    result = [row[:2] for row in database.execute(f"describe {identifier(RESULT)}").fetchall()]
    return result == [(column.name, sql.SQL_TYPES[column.type]) for column in table.visible]


def _equal(read: pl.DataFrame, sealed: pl.DataFrame) -> bool:
    """Whether sealing has changed nothing, down to the bits of floats."""
    import polars as pl

    for one, other in zip(read.iter_columns(), sealed.iter_columns(), strict=True):
        if one is other:
            continue
        if one.dtype == pl.Float64:
            before, after = (series.fill_null(0.0).to_numpy().view(np.int64) for series in (one, other))
            if not np.array_equal(before, after):
                return False
        elif not one.equals(other, check_dtypes=True):
            return False
    return True


def _frames(database: sql.Database, table: TablePlan, scratch: Path, first: int, last: int) -> Iterator[pl.DataFrame]:
    """Rows of the result in the types of their table, some at a time.

    They come through a file: DuckDB's Arrow streams leave things behind that it complains of when Python ends.
    """
    import polars as pl

    passage = scratch / "rows-of-the-result"
    columns = ", ".join(
        f"cast({identifier(column.name)} as {sql.SQL_TYPES[column.type]}) as {identifier(column.name)}"
        for column in table.visible
    )
    for start in range(first, last, ROWS):
        end = min(start + ROWS, last)
        text = f"select {columns} from {identifier(RESULT)} where rowid >= {start} and rowid < {end}"
        database.execute(f"copy ({text}) to {literal(os.fspath(passage))} (format parquet, compression uncompressed)")
        with disk_errors("reading", passage):
            frame = pl.read_parquet(passage.read_bytes())
            passage.unlink()
        yield frame


def _sealed_frame(frame: pl.DataFrame, table: TablePlan) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame([_sealed(frame.get_column(column.name), column) for column in table.visible])


def _sealed(series: pl.Series, column: ColumnPlan) -> pl.Series:
    """A column of a result in its declared form. Raises SchemaError naming it, as for columns made block by block."""
    import polars as pl

    valid = series.is_not_null().to_numpy() if series.null_count() else None
    match column.type:
        case "float":
            sealed = seal(Values("float", series.fill_null(0.0).to_numpy(), valid), column).array
            made = pl.Series(column.name, sealed)
        case "datetime" | "date":
            step = DAY_US if column.type == "date" else 1
            whole = series.to_physical().cast(pl.Int64).fill_null(0).to_numpy()
            days = FIRST // DAY_US, LAST // DAY_US
            if ((whole < (days[0] if step > 1 else FIRST)) | (whole >= (days[1] if step > 1 else LAST))).any():
                raise _too_far(column)
            sealed = seal(Values("time", whole * step, valid), column).array
            made = pl.Series(column.name, sealed // step).cast(pl.Int32 if step > 1 else pl.Int64)
            made = made.cast(pl.Date if step > 1 else pl.Datetime("us"))
        case "int":
            seal(Values("int", series.fill_null(0).to_numpy(), valid), column)
            return series
        case _:
            seal(Values("text", series, valid) if column.type == "string" else _truth(series, valid), column)
            return series
    return made if valid is None else pl.select(pl.when(pl.Series(valid)).then(made).alias(column.name)).to_series()


def _truth(series: pl.Series, valid: Any) -> Values:
    return Values("bool", series.fill_null(False).to_numpy(), valid)


def _too_far(column: ColumnPlan) -> SchemaError:
    found = "times before the year 1 or behind 9999"
    where = f"{column.table}.{column.name}"
    return SchemaError(Finding("sql.failed", json_path=where, found=found, expected="times of the years 1 to 9999"))


class _query_errors:  # noqa: N801 - used like a function
    """Turns what DuckDB says while a query runs into a finding at its SQL."""

    def __init__(self, one: DerivedPlan, memory: int, scratch: Path) -> None:
        self.one, self.memory, self.scratch = one, memory, scratch

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        place: dict[str, Any] = {
            "path": self.one.path, "line": self.one.line, "column": self.one.column, "json_path": self.one.json_path,
        }  # fmt: skip
        name = self.one.table.id
        if isinstance(error, sql.QueryError) and error.no_memory:
            raise sql.out_of_memory(self.scratch, self.memory, error, f"the SQL of {name}") from error
        if isinstance(error, sql.QueryError) and error.kind == "IOException":
            found = f"the SQL of {name}: {sql.first_line(error)}"
            raise MachineError(Finding("disk.error", path=os.fspath(self.scratch), found=found)) from error
        if isinstance(error, sql.QueryError):
            raise SchemaError(
                Finding(
                    "sql.failed",
                    found=f"{name}: {sql.first_line(error)}",
                    expected="SQL that holds for every row",
                    hint="try_cast and nullif give null where a value does not fit",
                    **place,
                )
            ) from error
        if isinstance(error, SchemaError | MachineError) and error.findings[0].code in ("sql.too_long", "sql.memory"):
            raise type(error)(one.moved(found=f"{name}: {one.found}", **place) for one in error.findings) from error
