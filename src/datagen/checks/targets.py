"""Measures targets in the written files, by SQL: shares of rows at weekends, means of columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datagen.checks.database import identifier, locked_database, table_source
from datagen.checks.values import ValueCheck
from datagen.errors import Finding
from datagen.sinks.manifest import TableEntry

KINDS = ("weekend_share", "mean_in_range")


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
            rows = table_source(directory, table, format)
            column = identifier(check.column)
            figure = f"avg((isodow({column}) > 5)::int)" if check.kind == "weekend_share" else f"avg({column})"
            row = database.execute(f"select {figure} from {rows}").fetchone()
            assert row is not None
            [measured] = row
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
