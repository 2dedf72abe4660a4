"""Finds the tables in a directory, ours or anybody's, and opens them for SQL in the types that were declared.

A table lies in TABLE.parquet, TABLE.csv or TABLE.ndjson (or packed: TABLE.csv.gz), or in parts in a directory of its name.
What is there is what is judged: a manifest is not needed, and where there is one nothing of it is believed but the format.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from datagen.checks.database import LONGEST_LINE, SQL_TYPES, file_list, packed, text_source
from datagen.checks.unreadable import GZIP, NO_GZIP, UnreadableError, named
from datagen.sinks.disk import disk_errors
from datagen.sinks.gzipped import BROKEN, reading, unpacked
from datagen.sinks.manifest import FORMATS, NAME, RUN_FILES, SIDE_FILES
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

    from datagen.sql.database import Database

    Asked = duckdb.DuckDBPyConnection | Database

RAW = "raw"  # the SQL schema in which tables are as they lie in their files
# what a column of a Parquet file may be, by its declared type; a file of somebody else's may say it with other words
ACCEPTED: Mapping[str, tuple[str, ...]] = {
    "int": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "HUGEINT"),
    "float": ("DOUBLE", "FLOAT", "DECIMAL", "BIGINT", "INTEGER", "SMALLINT", "TINYINT"),
    "string": ("VARCHAR", "ENUM"),
    "bool": ("BOOLEAN",),
    "datetime": ("TIMESTAMP",),
    "date": ("DATE",),
    "nested": ("STRUCT", "MAP", "JSON"),
}


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one table, all of one format, in order. beside: names of others that hold it in another format."""

    table: str
    format: str
    paths: tuple[Path, ...]
    beside: tuple[str, ...] = ()


@dataclass(slots=True)
class Opened:
    """A table that SQL can ask: under its own name in the declared types, under `raw.` as it lies in the files.

    columns: (name, declared type) of those that are there; kinds: as they lie there; declared: (name, type) of all; unfit:
    columns of a kind that no value of the declared type has.
    """

    table: str
    format: str
    columns: dict[str, str]
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)

    @property
    def unfit(self) -> list[str]:
        """Columns whose values are of another kind altogether: nothing is asked of them."""
        return [name for name, kind in self.columns.items() if not _fits(kind, self.kinds[name], self.format)]


def find_files(directory: Path, preferred: str | None = None) -> dict[str, Files]:
    """The tables in a directory by name. preferred: the format that counts where a table is there in several."""
    found: dict[str, list[Files]] = {}
    with disk_errors("reading", directory):
        entries = sorted(directory.iterdir())
        for entry in entries:
            if entry.is_dir():
                for format in FORMATS:
                    parts = tuple(
                        sorted(path for path in entry.iterdir() if format_of(path) == format and path.is_file())
                    )
                    if parts:
                        found.setdefault(entry.name, []).append(Files(entry.name, format, parts))
            elif (kind := format_of(entry)) and entry.is_file() and entry.name not in (NAME, *RUN_FILES, *SIDE_FILES):
                table = entry.name.removesuffix(f".{kind}")
                found.setdefault(table, []).append(Files(table, kind, (entry,)))
    order = [preferred, *FORMATS]
    return {
        name: _chosen(sorted(own, key=lambda one: order.index(one.format)), directory) for name, own in found.items()
    }


def _chosen(several: Sequence[Files], directory: Path) -> Files:
    """The first of several, which knows of the others."""
    others = [path for one in several[1:] for path in one.paths]
    return replace(several[0], beside=tuple(path.relative_to(directory).as_posix() for path in others))


def strangers(directory: Path, table: str) -> list[str]:
    """Names in a directory that look like a table, but are none that can be read: packed, in capitals, of another format."""
    with disk_errors("reading", directory):
        names = sorted(entry.name for entry in directory.iterdir())
    return [name for name in names if name.lower().split(".")[0] == table.lower() and name != table]


def format_of(file: Path) -> str | None:
    """The format that the name of a file tells; None where it tells none."""
    return next((format for format in FORMATS if file.name[1:].endswith(f".{format}")), None)


def open_table(database: Asked, files: Files, declared: Mapping[str, str]) -> Opened:
    """Make a table known to a database. declared: column name -> type. Raises duckdb.Error or
    UnreadableError for files that say nothing.

    Texts are read once, into the database, which keeps what does not fit into memory on the disk.
    """
    readers = _readers(database, files, declared)
    whole = " union all by name ".join(f"select * from {reader}" for reader in readers)
    database.execute(f"create schema if not exists {RAW}")
    # of texts a table, not a view: a cast behind a view would be done by the reader of the file, which refuses the whole
    # file for one text that is no number
    what = "view" if files.format == "parquet" else "table"
    database.execute(f"create {what} {RAW}.{identifier(files.table)} as {whole}")
    rows = database.execute(
        f"select column_name, column_type from (describe {RAW}.{identifier(files.table)})"
    ).fetchall()
    kinds = {str(name): str(kind) for name, kind in rows}
    there = {name: kind for name, kind in declared.items() if name in kinds}
    opened = Opened(
        files.table, files.format, there, [name for name in declared if name not in kinds],
        [name for name in kinds if name not in declared], {name: kinds[name] for name in there}, declared,
    )  # fmt: skip
    selected = ", ".join(f"{typed(opened, name)} as {identifier(name)}" for name in there) or "null as nothing"
    database.execute(
        f"create {what} {identifier(files.table)} as select {selected} from {RAW}.{identifier(files.table)}"
    )
    return opened


def typed(opened: Opened, name: str) -> str:
    """SQL of a column in its declared type; null where its text says no such value."""
    kind, column = opened.columns[name], identifier(name)
    if kind == "nested":
        return column
    if opened.kinds[name] == SQL_TYPES[kind]:
        return column
    return f"try_cast({column} as {SQL_TYPES[kind]})"


def forget_texts(database: Asked, opened: Opened) -> None:
    """Drop the texts of a table that has been looked at; its values stay."""
    if opened.format != "parquet":
        database.execute(f"drop table {RAW}.{identifier(opened.table)}")


def untypable(opened: Opened, name: str) -> str:
    """The SQL condition of values that are none of the declared type."""
    kind, column = opened.columns[name], identifier(name)
    cast = typed(opened, name)
    broken = f"{column} is not null and {cast} is null"
    if kind == "float":  # infinity and "not a number" are no figures
        return f"({broken} or not isfinite({cast}))"
    if kind == "int" and opened.format != "parquet":  # 1.5 is no whole number, though a cast would make it one
        return f"({broken} or {cast} <> try_cast({column} as double))"
    return f"({broken})"


def _readers(database: Asked, files: Files, declared: Mapping[str, str]) -> list[str]:
    """The SQL table functions that read the files: one for each order of columns in them."""
    if files.format == "parquet":
        return [f"read_parquet({file_list(files.paths)}, union_by_name = true)"]
    if unpacked(files.format) == "ndjson":
        return [_ndjson(database, files, declared)]
    headers: dict[tuple[str, ...], list[Path]] = {}
    for path in files.paths:
        headers.setdefault(_header(path), []).append(path)
    return [text_source(paths, files.format, dict.fromkeys(names, "VARCHAR")) for names, paths in headers.items()]


def _ndjson(database: Asked, files: Files, declared: Mapping[str, str]) -> str:
    objects = (
        f"read_ndjson_objects({file_list(files.paths)}, maximum_object_size = {LONGEST_LINE}{packed(files.format)})"
    )
    rows = database.execute(f"select distinct unnest(json_keys(json)) as k from {objects} order by k").fetchall()
    keys = tuple(str(key) for (key,) in rows)
    # a file without rows has no keys: its columns are those that it would have
    names = [name for name in declared if name in keys] + [key for key in keys if key not in declared] or list(declared)
    named(names, files.paths[0])
    kinds = {name: "JSON" if declared.get(name) == "nested" else "VARCHAR" for name in names}
    return text_source(files.paths, files.format, kinds)


def _header(path: Path) -> tuple[str, ...]:
    with (
        disk_errors("reading", path),
        io.TextIOWrapper(reading(path), newline="", encoding="utf-8-sig", errors="replace") as stream,
    ):
        try:
            return named(tuple(next(csv.reader(stream), ())), path)
        except BROKEN as error:
            raise UnreadableError(f"{path.name}: {NO_GZIP}", GZIP) from error
        except csv.Error as error:
            raise UnreadableError(
                f"{path.name}: the header is no line of CSV: {error}", "is this a CSV file, in UTF-8 and with a header?"
            ) from error


def _fits(declared: str, kind: str, format: str) -> bool:
    if format != "parquet":
        return True  # texts are looked at one by one
    return kind.startswith(ACCEPTED[declared]) or (declared == "nested" and kind.endswith("[]"))
