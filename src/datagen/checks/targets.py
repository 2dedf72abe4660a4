"""Measures targets in the written files, by SQL: shares of rows at weekends, means of columns, joint effects on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datagen.checks.composite import ERRORS, composite_sql, figure_of
from datagen.checks.database import locked_database, row_of, table_source
from datagen.checks.values import ValueCheck
from datagen.errors import Finding
from datagen.sinks.manifest import TableEntry
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

KINDS = ("weekend_share", "mean_in_range", "composite_effect")


def check_targets(
    directory: Path,
    tables: Sequence[TableEntry],
    checks: Sequence[ValueCheck],
    format: str,
    *,
    memory: int,
    threads: int,
) -> list[Finding]:
    """Every target that is missed, with what was measured. A table without rows misses none."""
    if not checks:
        return []
    known = {table.name: table for table in tables}
    findings: list[Finding] = []
    with locked_database(directory, memory=memory, threads=threads) as database:
        for check in checks:
            table = known[check.table]
            if check.kind == "composite_effect":
                findings.extend(_composite(database, check, lambda name: table_source(directory, known[name], format)))
                continue
            rows = table_source(directory, table, format)
            column = identifier(check.column)
            [measured] = row_of(database, f"select {figure_of(check.kind, column)} from {rows}")
            low, high = check.facts["min"], check.facts["max"]
            if measured is None or ((low is None or measured >= low) and (high is None or measured <= high)):
                continue
            findings.append(
                Finding(
                    code="target.missed",
                    found=f"{measured:.4g} in the files",
                    expected=check.text,
                    hint="targets are measured, not steered: change the laws of the column, or the target",
                    **check.place,
                )
            )
    return findings


def _composite(database: duckdb.DuckDBPyConnection, check: ValueCheck, source: Callable[[str], str]) -> list[Finding]:
    """A finding where the means of the groups are further from the product of their factors than tolerated."""
    row = row_of(database, composite_sql(check.table, check.column, check.facts["influences"], source))
    measured = dict(zip(ERRORS, row, strict=False))
    over = [
        f"{key} {measured[key]:.4g}"
        for key, most in check.facts["tolerance"].items()
        if measured[key] is not None and measured[key] > most
    ]
    if not over:
        return []
    return [
        Finding(
            code="target.missed",
            found=f"{' and '.join(over)} over {row[2]:,} groups in the files",
            expected=check.text,
            hint="what else moves the column is no declared influence, or there are too few rows in a group",
            **check.place,
        )
    ]
