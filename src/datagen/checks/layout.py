"""Looks whether tables are what was declared: there, readable, with their columns, types, values in every row, and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.checks.database import row_of
from datagen.checks.declared import DeclaredTable
from datagen.checks.files import RAW, Files, Opened, format_of, open_table, strangers, untypable
from datagen.checks.result import Result, ruled
from datagen.checks.unreadable import UnreadableError, unpackable, why
from datagen.errors import listed
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

PACKED = {"gz": "gunzip", "zip": "unzip", "zst": "unzstd", "bz2": "bunzip2", "xz": "unxz"}
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def missing_tables(
    declared: Mapping[str, DeclaredTable], found: Mapping[str, Files], directory: Path
) -> Iterator[Result]:
    """Whether every declared table has files, of one format."""
    for name in declared:
        files = found.get(name)
        seen, hint = "no such files", ""
        if files is None:
            names = strangers(directory, name)
            if names:
                seen, hint = f"no files that can be read, but {listed(names, most=5)}", _way_out(name, names[0])
        elif files.beside:
            seen = f"{files.paths[0].name} and {listed(files.beside, most=5)}: the table in two formats"
            hint = f"{files.format} was judged: remove the others"
        yield ruled(
            "structure.table", "constraints", name, f"the table {name} is there, in {name}.parquet, .csv or .ndjson",
            broken=int(files is None or bool(files.beside)), rows=1, structural=True, seen=seen, hint=hint,
        )  # fmt: skip


def _way_out(table: str, name: str) -> str:
    """What to do about a file that is not read."""
    format, suffix = format_of(Path(name.lower())), name.lower().rpartition(".")[2]
    if format is not None:
        return f"name it {table}.{format}: names are spelled as the schema spells them"
    if suffix in PACKED:
        return f"unpack it: {PACKED[suffix]} {name}"
    return f"write it as {table}.parquet, {table}.csv or {table}.ndjson"


def extra_tables(found: Mapping[str, Files], known: Sequence[str]) -> Iterator[Result]:
    """Files of tables that nobody declared; not of those that a missing one is told to be spelled like."""
    missing = {name.lower() for name in known if name not in found}
    for name in found:
        if name not in known and name.lower() not in missing:
            about = f"only declared tables: {listed(known, most=20)}"
            yield ruled(
                "structure.table",
                "constraints",
                name,
                about,
                broken=1,
                rows=1,
                structural=True,
                seen="files of no table",
            )


def opened_table(
    database: duckdb.DuckDBPyConnection, declared: DeclaredTable, files: Files
) -> tuple[Opened | None, list[Result]]:
    """A table made known to the database, and what is wrong with its columns; None where it cannot be read."""
    import _duckdb as duckdb

    about = f"the files of {declared.name} can be read"
    more: dict[str, Any] = {"rows": 1, "structural": True}
    try:
        unpackable(files.paths)
        opened = open_table(database, files, declared.columns)
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, UnreadableError) as error:
        seen, hint = why(error, files.paths)
        more["hint"] = hint
        return None, [ruled("structure.unreadable", "constraints", declared.name, about, broken=1, seen=seen, **more)]
    results = [ruled("structure.unreadable", "constraints", declared.name, about, broken=0, **more)]
    return opened, [*results, *_columns(declared, opened, files)]


def _columns(declared: DeclaredTable, opened: Opened, files: Files) -> Iterator[Result]:
    """Whether the declared columns are there and no others; told at once where their names are all of another sort."""
    names = tuple(declared.columns)
    more: dict[str, Any] = {"rows": 1, "structural": True}
    about = f"only declared columns: {listed(names, most=20)}"
    otherwise = _spelled_otherwise(declared, opened, files)
    if otherwise is not None:
        seen, hint = otherwise
        yield ruled(
            "structure.columns", "constraints", declared.name, about.removeprefix("only declared "), broken=1, seen=seen,
            hint=hint, **more,
        )  # fmt: skip
        return
    for name in names:
        place, there = f"{declared.name}.{name}", f"{declared.name} has a column {name}"
        broken = int(name in opened.missing)
        yield ruled("structure.columns", "constraints", place, there, broken=broken, seen="no such column", **more)
    for name in opened.extra:
        seen, place = "a column that nobody declared", f"{declared.name}.{name}"
        yield ruled("structure.columns", "constraints", place, about, broken=1, seen=seen, **more)


def _spelled_otherwise(declared: DeclaredTable, opened: Opened, files: Files) -> tuple[str, str] | None:
    """What the names of the columns are instead, and what to do, where one reason explains all that are missing."""
    if not opened.missing:
        return None
    file, names = files.paths[0].name, listed(opened.extra, most=10)
    lower = {name.lower().strip(): name for name in opened.extra}
    same = [name for name in opened.missing if name.lower() in lower]
    if same == opened.missing and len(opened.extra) == len(same):
        return (
            f"{file} names them {names}",
            "names are spelled as the schema spells them: small and capital letters differ",
        )
    if opened.columns:
        return None
    for sign, word in SEPARATORS.items():
        if len(opened.extra) == 1 and set(opened.extra[0].split(sign)) & set(declared.columns):
            return f"{file} has one column, {names}: its columns are separated by {word}", "separate them by commas"
    if files.format.startswith("csv") and len(opened.extra) == len(declared.columns):
        return f"{file} begins with {names}: is there a header?", "the first line of a CSV file names its columns"
    return f"{file} has none of them, but {names}", "are these the data of another schema?"


def contents(
    database: duckdb.DuckDBPyConnection, declared: DeclaredTable, opened: Opened, examples: int
) -> Iterator[Result]:
    """Types, nulls and the number of rows, in one pass over the files."""
    names = list(opened.columns)
    wanted = ["count(*)"]
    for name in names:
        wanted += [f"count({identifier(name)})", f"count(*) filter ({untypable(opened, name)})"]
    raw = f"{RAW}.{identifier(declared.name)}"
    row: list[Any] = list(row_of(database, f"select {', '.join(wanted)} from {raw}"))
    rows = row.pop(0)
    if declared.rows is not None:
        yield ruled(
            "structure.row_count", "constraints", declared.name, f"{declared.rows:,} rows",
            broken=abs(rows - declared.rows), rows=max(rows, declared.rows), structural=True, seen=f"{rows:,} rows",
        )  # fmt: skip
    elif declared.expected is not None:
        yield ruled(
            "structure.row_count", "constraints", declared.name, f"about {declared.expected:,.0f} rows",
            broken=int(not rows), rows=1, structural=True, seen="no rows at all",
        )  # fmt: skip
    for name in names:
        present, strange = row.pop(0), row.pop(0)
        place, kind = f"{declared.name}.{name}", declared.columns[name]
        broken = rows if name in opened.unfit else strange
        shown: tuple[str, ...] = (opened.kinds[name],) if name in opened.unfit else ()
        if strange and not shown and examples:
            values = f"select distinct {identifier(name)}::varchar as v from {raw} where {untypable(opened, name)}"
            shown = tuple(str(one) for (one,) in database.execute(f"{values} order by v limit {examples}").fetchall())
        yield ruled(
            "structure.type", "constraints", place, f"values of type {kind}", broken=broken, rows=max(rows, 1),
            examples=shown, structural=True,
        )  # fmt: skip
        if name not in declared.nullable and rows:
            nulls = rows - present
            yield ruled(
                "structure.null", "constraints", place, f"a value of {place} in every row", broken=nulls, rows=rows,
                examples=keys_where(database, declared, f"{identifier(name)} is null", examples) if nulls else (),
                structural=True,
            )  # fmt: skip


def keys_where(
    database: duckdb.DuckDBPyConnection, declared: DeclaredTable, condition: str, examples: int
) -> tuple[str, ...]:
    """Keys of rows of a table that meet a condition; nothing where it has no key."""
    key = declared.primary_key
    if key is None or not examples:
        return ()
    query = f"select {identifier(key)} from {identifier(declared.name)} where {condition} order by 1 limit {examples}"
    return tuple(f"{key} {one}" for (one,) in database.execute(query).fetchall())
