"""Imperfections as they show in the files: values that are missing, far from all others, and rows that are there twice."""

from __future__ import annotations

import math
from typing import Any

from datagen.checks.database import identifier
from datagen.report.files import Files, plain

FAR = 8.0  # robust standard deviations from the middle
LEAST = 200  # values of a column, to say what is far


def imperfections(files: Files) -> dict[str, Any]:
    """missing: columns with nulls; far: columns of numbers with values far out; twice: tables with repeated rows."""
    missing = [
        {"table": table, "column": column.name, "nulls": column.nulls, "share": plain(column.nulls / files.rows(table))}
        for table in files.entries
        for column in files.columns[table].values()
        if column.nulls
    ]
    return {"missing": missing, "far": list(_far(files)), "twice": list(_twice(files))}


def _far(files: Files) -> Any:
    for table in files.entries:
        for column in files.columns[table].values():
            if column.kind != "number" or files.rows(table) - column.nulls < LEAST or column.distinct < 30:
                continue
            positive = column.low > 0
            x = f"ln({column.sql}::double)" if positive else f"{column.sql}::double"
            name, there = identifier(table), f"{column.sql} is not null"
            (middle,) = files.one(f"select approx_quantile({x}, 0.5) from {name} where {there}")
            below, above = files.one(
                f"select approx_quantile({middle!r} - {x}, 0.5) filter ({x} < {middle!r}), "
                f"approx_quantile({x} - {middle!r}, 0.5) filter ({x} > {middle!r}) from {name} where {there}"
            )
            if not below or not above:
                continue
            low, high = middle - FAR * 1.4826 * below, middle + FAR * 1.4826 * above  # laws may lean to one side
            (number,) = files.one(f"select count(*) from {name} where {there} and not {x} between {low!r} and {high!r}")
            if number:
                ends = (math.exp(low), math.exp(high)) if positive else (low, high)
                yield {
                    "table": table, "column": column.name, "rows": number, "share": plain(number / files.rows(table)),
                    "usual_from": plain(ends[0]), "usual_to": plain(ends[1]), "logarithmic": positive,
                }  # fmt: skip


def _twice(files: Files) -> Any:
    for table, entry in files.entries.items():
        proved = {group for group in entry.unique if group}
        if proved or not entry.rows:
            continue  # the gate has proved that no two rows are alike
        columns = ", ".join(identifier(column.name) for column in entry.columns)
        (rows,) = files.one(f"select count(*) - count(distinct hash({columns})) from {identifier(table)}")
        if rows:
            yield {"table": table, "rows": rows, "share": plain(rows / entry.rows)}
