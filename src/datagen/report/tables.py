"""The tables: rows, columns, keys, and how many rows of one belong to a row of another."""

from __future__ import annotations

from typing import Any

from datagen.report.files import Files, plain
from datagen.sql.spelling import identifier

MOST_BARS = 25  # numbers of children that are told apart


def tables(files: Files) -> list[dict[str, Any]]:
    """Every table in the order of the manifest, with rows per row of each table that it points to."""
    found = []
    for name, entry in files.entries.items():
        found.append(
            {
                "table": name, "rows": entry.rows, "bytes": sum(file.bytes for file in entry.files),
                "primary_key": list(entry.primary_key),
                "columns": [
                    {
                        "name": column.name, "type": column.type, "nulls": column.nulls, "distinct": column.distinct,
                        "kind": column.kind,
                    }
                    for column in files.columns[name].values()
                ],
                "foreign_keys": [
                    {"column": key.column, "table": key.table, "to": key.to_column, **_children(files, name, key)}
                    for key in entry.foreign_keys
                    if key.table in files.entries
                ],
            }
        )  # fmt: skip
    return found


def _children(files: Files, table: str, key: Any) -> dict[str, Any]:
    """How many rows a row of the other table has: mean, smallest, largest, and how often each number."""
    parents = files.rows(key.table)
    rows = files.ask(
        f"with n as (select count(*) as n from {identifier(table)} where {identifier(key.column)} is not null "
        f"group by {identifier(key.column)}) "
        "select n, count(*) from n group by 1 order by 1"
    )
    some = sum(number for _, number in rows)
    counts = ([(0, parents - some)] if parents > some else []) + rows
    if not counts or not parents:
        return {"mean": None, "min": None, "max": None, "counts": []}
    shown = [{"children": n, "parents": number} for n, number in counts if n < MOST_BARS]
    more = sum(number for n, number in counts if n >= MOST_BARS)
    return {
        "mean": plain(sum(n * number for n, number in counts) / parents), "min": counts[0][0], "max": counts[-1][0],
        "counts": shown, "with_more": more,
    }  # fmt: skip
