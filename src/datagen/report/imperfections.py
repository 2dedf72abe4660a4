"""Imperfections as they show in the files: values that are missing, far from all others, and rows that are there twice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datagen.report.files import Files, plain
from datagen.sql.spelling import identifier

FAR = 8.0  # robust standard deviations from the middle
LEAST, LEAST_VALUES = 200, 30  # values of a column, and different ones, to say what is far


def imperfections(files: Files, distributions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """missing: columns with nulls; far: columns of numbers with values far out; twice: tables with repeated rows."""
    missing = [
        {"table": table, "column": column.name, "nulls": column.nulls, "share": plain(column.nulls / files.rows(table))}
        for table in files.entries
        for column in files.columns[table].values()
        if column.nulls
    ]
    return {"missing": missing, "far": list(_far(files, distributions)), "twice": list(_twice(files))}


def _far(files: Files, distributions: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Values beyond `FAR` robust deviations, worked out on either side of the middle apart: laws may lean to one side."""
    for one in distributions:
        if "quantiles" not in one or one["rows"] - one["nulls"] < LEAST or one["distinct"] < LEAST_VALUES:
            continue
        column = files.columns[one["table"]][one["column"]]
        positive = one["min"] > 0
        quarter, middle, upper = (
            math.log(value) if positive else value for value in (one["quantiles"][q] for q in ("0.25", "0.5", "0.75"))
        )
        low, high = middle - FAR * 1.4826 * (middle - quarter), middle + FAR * 1.4826 * (upper - middle)
        if not quarter < middle < upper:
            continue
        ends = (math.exp(low), math.exp(high)) if positive else (low, high)
        if ends[0] <= one["min"] and one["max"] <= ends[1]:
            continue
        (number,) = files.one(
            f"select count(*) from {identifier(column.table)} where {column.sql}::double < {ends[0]!r} "
            f"or {column.sql}::double > {ends[1]!r}"
        )
        yield {
            "table": column.table, "column": column.name, "rows": number, "share": plain(number / one["rows"]),
            "usual_from": plain(ends[0]), "usual_to": plain(ends[1]), "logarithmic": positive,
        }  # fmt: skip


def _twice(files: Files) -> Iterator[dict[str, Any]]:
    for table, entry in files.entries.items():
        proved = {group for group in entry.unique if group}
        if proved or not entry.rows:
            continue  # the gate has proved that no two rows are alike
        columns, name = ", ".join(identifier(column.name) for column in entry.columns), identifier(table)
        (rows,) = files.one(
            f"select count(*) - (select count(*) from (select distinct {columns} from {name})) from {name}"
        )
        if rows:
            yield {"table": table, "rows": rows, "share": plain(rows / entry.rows)}
