"""What a plan will cost before it runs: expected rows, bytes and seconds per table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from datagen.plan.model import ColumnPlan, Plan, TablePlan
from datagen.structures import leaves

# bytes per value in a Parquet file (zstd 1) and in memory, measured on the shipped schemas: rough on purpose
FILE_BYTES = {"int": 3.0, "float": 6.5, "bool": 0.15, "datetime": 6.0, "date": 2.0, "string": 1.5}
TEXT_BYTES = 14.0  # a text that few rows share
MEMORY_BYTES = {"int": 8.0, "float": 8.0, "bool": 1.0, "datetime": 8.0, "date": 4.0, "string": 4.0}
TEXT_MEMORY = 40.0
SECONDS_PER_VALUE = 60e-9  # one core, made and written
TEXTS = {"faker", "uuid", "expression", "point", "polygon"}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected size of a run: files in bytes, seconds on one core."""

    rows: float
    bytes: float
    seconds: float


def expected_tables(tables: Mapping[str, TablePlan], told: Mapping[str, float]) -> dict[str, TablePlan]:
    """The tables with expected and largest possible rows, and bytes per row in memory.

    told: expected rows per parent by table, where rows were looked at because the laws alone do not say.
    """
    known: dict[str, TablePlan] = {}

    def settle(table: TablePlan) -> TablePlan:
        if table.id not in known:
            if table.parent is None:
                planned = expected = largest = float(table.rows or 0)
            else:
                parent = settle(tables[table.parent])
                each = told.get(table.id, table.counts.expected if table.counts is not None else 0.0)
                most = table.counts.largest if table.counts is not None else 0.0
                planned = parent.planned_rows * (table.counts.expected if table.counts is not None else 0.0)
                expected = parent.expected_rows * each
                largest = (
                    parent.largest_rows * most
                    if parent.largest_rows and most
                    else 0.0
                    if not math.isinf(most)
                    else math.inf
                )
            known[table.id] = replace(
                table,
                planned_rows=planned,
                expected_rows=expected,
                rows_guessed=table.parent is not None
                and (
                    known[table.parent].rows_guessed
                    or (table.counts is not None and table.counts.guessed and table.id not in told)
                ),
                largest_rows=largest,
                row_bytes=sum(memory_bytes(column) for column in table.visible),
            )
        return known[table.id]

    return {name: settle(table) for name, table in tables.items()}


def memory_bytes(column: ColumnPlan) -> float:
    """Bytes of one value of a column in memory."""
    if column.structure is not None:
        return TEXT_MEMORY * leaves(column.structure)
    return TEXT_MEMORY if column.type == "string" and column.word in TEXTS else MEMORY_BYTES[column.type]


def file_bytes(column: ColumnPlan) -> float:
    """Bytes of one value of a column in a Parquet file."""
    if column.word == "sequence":
        return 1.0
    if column.structure is not None:
        return TEXT_BYTES * leaves(column.structure)
    return TEXT_BYTES if column.type == "string" and column.word in TEXTS else FILE_BYTES[column.type]


def estimate(table: TablePlan) -> Estimate:
    """Expected rows, file bytes and seconds of one table."""
    columns = table.visible
    return Estimate(
        table.expected_rows,
        table.expected_rows * sum(file_bytes(column) for column in columns),
        table.expected_rows * SECONDS_PER_VALUE * max(len(table.columns), 1),
    )


def estimate_all(plan: Plan) -> Estimate:
    """Expected rows, bytes and seconds of the visible tables together."""
    each = [estimate(table) for table in plan.made_tables if not table.hidden]
    return Estimate(sum(e.rows for e in each), sum(e.bytes for e in each), sum(e.seconds for e in each))
