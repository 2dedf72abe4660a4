"""Measures what a document aims at in whole tables: metrics with bounds, shares of weekends, means, joint effects."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.checks.composite import ERRORS, composite_sql, figure_of
from datagen.checks.database import row_of
from datagen.checks.files import Files, Opened, forget_texts, open_table
from datagen.checks.result import Result, closeness
from datagen.checks.rules import place_of
from datagen.checks.targets import KINDS
from datagen.plan.value_checks import looked_at
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.model import MetricPlan, Plan
    from datagen.schema.tree import Document
    from datagen.sql.database import Database


def metric_results(
    directory: Path, plan: Plan, found: Mapping[str, Files], opened: Mapping[str, Opened], rows: Mapping[str, int],
    memory: int,
) -> Iterator[Result]:  # fmt: skip
    """Every metric with a bound whose tables are there, measured in a process of its own as a run does.

    found: the files of the tables, opened: what was found in them; memory: bytes for DuckDB, which nobody else has now.
    """
    from datagen.sql import database as sql

    bounded = [metric for metric in plan.metrics if metric.low is not None or metric.high is not None]
    there = dict.fromkeys(name for metric in bounded for name in metric.reads if name in opened)
    cells = sum(rows[name] * len(opened[name].columns) for name in there)
    with (
        tempfile.TemporaryDirectory(prefix="datagen-check-") as scratch,
        ExitStack() as asked,
    ):
        database: sql.Database | None = None
        known: set[str] = set()
        for metric in bounded:
            where = {"path": metric.path, "line": metric.line, "column": metric.column, "json_path": metric.json_path}
            about = f"the metric {metric.name} is {metric.bounds}"
            if any(name not in opened for name in metric.reads):
                reason = "a table that it reads is missing"
                yield Result("metric.missed", "behaviour", metric.name, about, None, reason=reason, where=where)
                continue
            if database is None:
                readable = (directory.resolve(),)
                database = asked.enter_context(
                    sql.sql_database(Path(scratch), readable=readable, memory=memory, cells=cells)
                )
            for name in metric.reads:
                if name not in known:
                    known.add(name)
                    forget_texts(database, open_table(database, found[name], opened[name].declared))
            value, fault = _figure(database, metric, Path(scratch))
            if fault:
                yield Result("metric.missed", "behaviour", metric.name, about, None, reason=fault, where=where)
                continue
            yield _between(
                "metric.missed", metric.name, about, value, metric.low, metric.high, where, metric.description
            )


def target_results(
    database: duckdb.DuckDBPyConnection, plan: Plan, document: Document | None, columns: Mapping[str, Collection[str]]
) -> Iterator[Result]:
    """Every target on a column that is there."""
    for one in plan.constraints:
        facts = looked_at(plan, one, set(columns)) if one.kind in KINDS else None
        if facts is None or facts["column"] not in columns[facts["table"]]:
            continue
        table, column = identifier(facts["table"]), identifier(facts["column"])
        place = f"{facts['table']}.{facts['column']}"
        where = {} if document is None or not one.loc else place_of(document, one.loc)
        if one.kind == "composite_effect":
            yield from _composite(database, facts, one.text, place, where)
            continue
        [measured] = row_of(database, f"select {figure_of(one.kind, column)} from {table}")
        low, high = facts["facts"]["min"], facts["facts"]["max"]
        yield _between("target.missed", place, one.text, measured, low, high, where, "")


def _composite(
    database: duckdb.DuckDBPyConnection, facts: Mapping[str, Any], text: str, place: str, where: Mapping[str, Any]
) -> Iterator[Result]:
    row = row_of(database, composite_sql(facts["table"], facts["column"], facts["facts"]["influences"], identifier))
    measured = dict(zip(ERRORS, row, strict=False))
    for key, most in facts["facts"]["tolerance"].items():
        if measured[key] is None:
            yield Result("target.missed", "behaviour", place, text, None, reason="there is nothing to measure it on")
            continue
        score, reason = closeness(measured[key], most), f"the declared tolerance, over {row[2]:,} groups"
        yield Result(
            "target.missed", "behaviour", place, f"{text} ({key})", score, measured[key], 0.0, most, reason, where=where
        )


def _between(
    code: str, place: str, about: str, value: float | None, low: float | None, high: float | None,
    where: Mapping[str, Any], hint: str,
) -> Result:  # fmt: skip
    """A figure between two bounds: half their distance is the tolerance; with one bound alone it is kept or not."""
    if value is None:
        return Result(code, "behaviour", place, about, None, reason="there is nothing to measure it on", where=where)
    inside = (low is None or value >= low) and (high is None or value <= high)
    if low is None or high is None:
        bound = low if high is None else high
        reason = "declared as a bound"
        return Result(
            code, "behaviour", place, about, float(inside), value, bound, None, reason, hint=hint, where=where
        )
    middle, width = (low + high) / 2, (high - low) / 2
    score = 1.0 if inside else min(closeness(abs(value - middle), width), 1.0 - 1e-9)
    reason = "half the distance of the declared bounds"
    return Result(code, "behaviour", place, about, score, value, middle, width, reason, hint=hint, where=where)


def _figure(database: Database, metric: MetricPlan, scratch: Path) -> tuple[float | None, str]:
    """The number that a metric gives, or why it gives none."""
    from datagen.sql import database as sql

    try:
        with sql.limits(database, sql.RUN_SECONDS):
            rows = database.execute(f"select * from ({metric.text}) limit 2").fetchall()
    except sql.QueryError as error:
        if error.no_memory:
            raise sql.out_of_memory(scratch, database.memory, error, f"the metric {metric.name}") from error
        return None, f"it cannot be measured: {sql.first_line(error)}"
    value = rows[0][0] if len(rows) == 1 else None
    value = float(value) if isinstance(value, Decimal) else value
    return (None if value is None or not math.isfinite(value) else value), ""
