"""A DuckDB that can read one directory and nothing else: the tool with which published files are checked."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.errors import Finding, MachineError
from datagen.sinks.gzipped import BROKEN, reading, unpacked
from datagen.sql.spelling import literal

if TYPE_CHECKING:
    import duckdb

    from datagen.sinks.manifest import TableEntry

SCRATCH = ".datagen-check"  # inside the directory: on its disk, and removed with it
INTERRUPTED = "Query interrupted"  # the RuntimeError of DuckDB in place of what a signal raises
LONGEST_LINE = 1 << 24  # bytes of one row in a text file

# column type -> the type under which text files are read; Parquet files say theirs themselves
SQL_TYPES = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "date": "DATE",
    "nested": "VARCHAR",  # its JSON text
}


@contextmanager
def locked_database(
    directory: Path, *, memory: int, threads: int, scratch: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database that reads files below `directory` only; `memory` in bytes.

    What does not fit into memory goes to a scratch directory, in there unless another is given, which is gone afterwards.
    Errors of the machine become MachineError; those of the files stay duckdb.Error. A signal that comes while DuckDB works
    is told by DuckDB in words of its own: here it is KeyboardInterrupt again.
    """
    import _duckdb as duckdb  # the core alone, here and wherever files are read: the package around it loads for longer

    scratch = directory / SCRATCH if scratch is None else scratch
    connection = duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": f"{memory // 1024}KiB",
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    try:
        for setting in (
            "TimeZone = 'UTC'",
            f"temp_directory = {literal(os.fspath(scratch))}",
            f"allowed_directories = [{literal(os.fspath(directory))}]",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            connection.execute(f"SET {setting}")
        yield connection
    except duckdb.OutOfMemoryException as error:
        raise _out_of_memory(directory, memory, error) from error
    except RuntimeError as error:
        if str(error) == INTERRUPTED:
            raise KeyboardInterrupt from error
        raise
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)  # DuckDB has removed it; what it left goes with the stage


def row_of(database: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The row of a query that has one, as an aggregate without groups does."""
    [row] = database.execute(query).fetchall()
    return row


def source(files: Sequence[Path], format: str, types: Mapping[str, str]) -> str:
    """The SQL table function that reads files of one table. types: column name -> column type, in the files' order."""
    if format == "parquet":
        return f"read_parquet({file_list(files)})"
    return text_source(files, format, {name: SQL_TYPES[kind] for name, kind in types.items()})


def text_source(files: Sequence[Path], format: str, types: Mapping[str, str]) -> str:
    """The SQL table function that reads text files. types: column name -> type of SQL, in the files' order."""
    columns = "{" + ", ".join(f"{literal(name)}: '{kind}'" for name, kind in types.items()) + "}"
    if unpacked(format) == "csv":
        return (
            f"read_csv({file_list(files)}, columns = {columns}, header = true, auto_detect = false, strict_mode = true, "
            """delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, """
            f"max_line_size = {LONGEST_LINE}{packed_csv(format)})"
        )
    if unpacked(format) == "ndjson":
        limit = f"maximum_object_size = {LONGEST_LINE}{packed(format)}"
        return f"read_json({file_list(files)}, columns = {columns}, format = 'newline_delimited', {limit})"
    raise ValueError(f"files of format {format!r} cannot be read")


def packed_csv(format: str) -> str:
    """Further options of read_csv for packed files. How long one is shows only at its end, and DuckDB would take sixteen
    times the longest line for each."""
    return f"{packed(format)}, buffer_size = {LONGEST_LINE}" if format != unpacked(format) else ""


def packed(format: str) -> str:
    """The option of a reader for packed files: by their names alone not all of them are told."""
    return ", compression = 'gzip'" if format != unpacked(format) else ""


def file_list(files: Sequence[Path]) -> str:
    """Files as SQL names them."""
    return "[" + ", ".join(literal(os.fspath(file)) for file in files) + "]"


def table_source(directory: Path, table: TableEntry, format: str) -> str:
    """The SQL table function that reads all files of a published table."""
    types = {column.name: column.type for column in table.columns}
    return source([directory / file.name for file in table.files], format, types)


def first_line(file: Path) -> str:
    """The first line of a text file, without its end; cut where it is longer than any line of ours may be."""
    with reading(file) as stream:
        try:
            return stream.readline(LONGEST_LINE).decode(errors="replace").removesuffix("\n")
        except BROKEN:  # what is no gzip has no first line
            return ""


def first_value(file: Path, format: str, column: str) -> int | None:
    """The integer in a column of the first row of a text file; None where there is none."""
    with io.TextIOWrapper(reading(file), newline="", encoding="utf-8", errors="replace") as stream:
        try:
            row = (
                next(csv.DictReader(stream)) if unpacked(format) == "csv" else json.loads(stream.readline(LONGEST_LINE))
            )
            return int(row[column])
        except (StopIteration, ValueError, TypeError, KeyError, csv.Error, *BROKEN):
            return None


def _out_of_memory(directory: Path, memory: int, error: duckdb.Error) -> MachineError:
    text = str(error)
    if os.strerror(errno.ENOSPC) in text or "max_temp_directory_size" in text:
        found = "no space left on the device for the checks"
        return MachineError(Finding("disk.full", path=os.fspath(directory), found=found, hint="free some space"))
    found = f"the checks of the files do not fit into {memory / 1e6:,.0f} MB"
    return MachineError(Finding("check.memory", path=os.fspath(directory), found=found, hint="give more with --memory"))
