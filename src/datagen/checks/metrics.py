"""Measures metrics in the written files: one number each, and a finding where a bound is not kept."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.checks.database import source
from datagen.errors import Finding, SchemaError
from datagen.plan.model import MetricPlan
from datagen.sinks.disk import disk_errors
from datagen.sql import database as sql
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    from datagen.sinks.manifest import TableEntry

SCRATCH = ".datagen-metrics"  # inside the directory, and gone afterwards
DIGITS = 10  # of a figure that is no whole number
Measured = dict[str, int | float | None]


def measure(
    directory: Path, tables: Sequence[TableEntry], metrics: Sequence[MetricPlan], format: str, *, memory: int
) -> tuple[Measured, list[Finding]]:
    """The figures by name, and what was found: bounds that are not kept, and metrics of tables that were not written.

    A figure is None where there is nothing to measure. Raises SchemaError where a query fails on the data.
    """
    known = {table.name: table for table in tables}
    measured: Measured = {}
    findings: list[Finding] = []
    if not metrics:
        return measured, findings
    scratch = directory / SCRATCH
    with disk_errors("making a directory", scratch):
        scratch.mkdir()
    try:
        with sql.sql_database(
            scratch, readable=(directory,), memory=memory, cells=cells_read(known, metrics)
        ) as connection:
            loaded: set[str] = set()
            for metric in metrics:
                missing = [name for name in metric.reads if name not in known]
                if missing:
                    found = f"{metric.name}: {missing[0]} was not written"
                    finding = Finding("metric.not_measured", found=found, severity="warning", **_place(metric))
                    findings.append(finding)
                    continue
                for name in metric.reads:
                    if name not in loaded:
                        loaded.add(name)
                        _load(connection, directory, known[name], format, columns_read(name, metrics))
                measured[metric.name] = value = _figure(connection, metric, memory, scratch)
                if not _kept(metric, value):
                    findings.append(
                        Finding(
                            "metric.missed", found=f"{metric.name} is {_spelled(value)} in the files",
                            expected=metric.bounds, hint=metric.description, **_place(metric),
                        )
                    )  # fmt: skip
    finally:
        shutil.rmtree(scratch, ignore_errors=True)  # what is left of it goes with the stage
    return measured, findings


def cells_read(tables: Mapping[str, TableEntry], metrics: Sequence[MetricPlan]) -> int:
    """Values of the columns that metrics read."""
    names = {name for metric in metrics for name in metric.reads if name in tables}
    return sum(tables[name].rows * len(kept_columns(tables[name], columns_read(name, metrics))) for name in names)


def columns_read(table: str, metrics: Sequence[MetricPlan]) -> frozenset[str] | None:
    """The columns of a table that metrics may read, by their names in lower case; None for all of them."""
    named = [metric.columns for metric in metrics if table in metric.reads]
    return None if None in named else frozenset().union(*(one for one in named if one is not None))


def kept_columns(table: TableEntry, read: frozenset[str] | None) -> dict[str, str]:
    """The columns of a table that are read, with their types."""
    types = {column.name: column.type for column in table.columns}
    kept = {name: kind for name, kind in types.items() if read is None or name.lower() in read}
    return kept or dict([next(iter(types.items()))])  # only the number of rows is asked for


def _load(
    connection: sql.Database, directory: Path, table: TableEntry, format: str, read: frozenset[str] | None
) -> None:
    """The columns that are read of the written rows as a table, in their order: the same pieces whatever the files."""
    types = {column.name: column.type for column in table.columns}
    kept = kept_columns(table, read)
    sql.create_table(connection, table.name, kept)
    columns = ", ".join(f"cast({identifier(name)} as {sql.SQL_TYPES[kind]})" for name, kind in kept.items())
    rows = source([directory / file.name for file in table.files], format, types)
    connection.execute(f"insert into {identifier(table.name)} select {columns} from {rows}")


def _figure(connection: sql.Database, metric: MetricPlan, memory: int, scratch: Path) -> Any:
    try:
        with sql.limits(connection, sql.RUN_SECONDS):
            rows = connection.execute(f"select * from ({metric.text}) limit 2").fetchall()
    except sql.QueryError as error:
        if error.no_memory:
            raise sql.out_of_memory(scratch, memory, error, f"the metric {metric.name}") from error
        found = f"{metric.name}: {sql.first_line(error)}"
        raise SchemaError(
            Finding("sql.failed", found=found, expected="SQL that holds for every row", **_place(metric))
        ) from error
    if len(rows) != 1:
        found = f"{metric.name}: {'no row' if not rows else 'several rows'}"
        raise SchemaError(Finding("metric.rows", found=found, expected="one row with one number", **_place(metric)))
    value = rows[0][0]
    if isinstance(value, bool | int) or value is None:
        return None if value is None else int(value)
    if not math.isfinite(value):
        return None
    return float(f"{float(value) if isinstance(value, Decimal) else value:.{DIGITS}g}")


def _kept(metric: MetricPlan, value: float | None) -> bool:
    if metric.low is None and metric.high is None:
        return True
    if value is None:
        return False
    return (metric.low is None or value >= metric.low) and (metric.high is None or value <= metric.high)


def _spelled(value: float | None) -> str:
    return "no number" if value is None else f"{value:,.6g}"


def _place(metric: MetricPlan) -> dict[str, Any]:
    return {"path": metric.path, "line": metric.line, "column": metric.column, "json_path": metric.json_path}
