"""Looks whether tables are what was declared: there, readable, with their columns, types, values in every row, and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datagen.checks.database import row_of
from datagen.checks.declared import DeclaredTable
from datagen.checks.files import RAW, Files, Opened, open_table, untypable
from datagen.checks.result import Result, ruled
from datagen.checks.unreadable import UnreadableError, why
from datagen.errors import listed
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb


def missing_tables(declared: Mapping[str, DeclaredTable], found: Mapping[str, Files]) -> Iterator[Result]:
    """Whether every declared table has files, and every file is of a declared table."""
    for name in declared:
        broken = int(name not in found)
        yield ruled(
            "structure.table", "constraints", name, f"the table {name} is there", broken=broken, rows=1, structural=True,
            seen="no such files",
        )  # fmt: skip


def extra_tables(found: Mapping[str, Files], known: Sequence[str]) -> Iterator[Result]:
    """Files of tables that nobody declared."""
    for name in found:
        if name not in known:
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
    import duckdb

    about = f"the files of {declared.name} can be read"
    more: dict[str, Any] = {"rows": 1, "structural": True}
    try:
        opened = open_table(database, files, declared.columns)
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, UnreadableError) as error:
        seen = why(error, files.paths)
        return None, [ruled("structure.unreadable", "constraints", declared.name, about, broken=1, seen=seen, **more)]
    results = [ruled("structure.unreadable", "constraints", declared.name, about, broken=0, **more)]
    for name in declared.columns:
        place, about = f"{declared.name}.{name}", f"{declared.name} has a column {name}"
        broken = int(name in opened.missing)
        results.append(
            ruled("structure.columns", "constraints", place, about, broken=broken, seen="no such column", **more)
        )
    for name in opened.extra:
        about = f"only declared columns: {listed(tuple(declared.columns), most=20)}"
        place = f"{declared.name}.{name}"
        results.append(
            ruled(
                "structure.columns", "constraints", place, about, broken=1, seen="a column that nobody declared", **more
            )
        )
    return opened, results


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
