"""The publishing gate: looks at the written files, refuses a broken structure, and reports values that break a constraint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen.checks.imperfections import Declared, SpoiledTable, check_imperfections
from datagen.checks.structural import Tally, check_structure
from datagen.checks.targets import KINDS, check_targets
from datagen.checks.values import Hop, ValueCheck, check_values, plain_conditions
from datagen.errors import Finding, SchemaError
from datagen.plan.model import ConstraintPlan, Plan, TablePlan
from datagen.plan.spoils import may_repeat, unique_groups
from datagen.plan.value_checks import looked_at
from datagen.schema.tree import Document
from datagen.sinks.manifest import TableEntry

VALUES = ("range", "enum", "pattern", "inequality", *KINDS)  # kinds of constraints that values keep or break


def pass_gate(
    plan: Plan, document: Document, directory: Path, tables: Sequence[TableEntry], format: str,
    *, memory: int, threads: int, ledger: Mapping[str, Sequence[Path]] | None = None,
) -> list[Finding]:  # fmt: skip
    """What the values of the written files break, as errors, and which constraints the files cannot tell, as warnings.

    The data set may be published all the same. memory: bytes. Raises SchemaError when its structure is broken: keys,
    foreign keys, nulls, types, numbers of rows; or where imperfections are not as declared. ledger: of imperfections, the
    files of each table. Constraints are asked of the cells that are not in it.
    """
    spoiled, ledger = spoiled_tables(plan), ledger or {}
    copied = frozenset(one.table for one in spoiled if one.copies is not None)
    checks, findings = _value_checks(plan, document, {table.name for table in tables})
    goals = [check for check in checks if check.kind in KINDS]
    values = [check for check in checks if check.kind not in KINDS]
    tally = Tally()
    for table, condition in plain_conditions(values, ledger).values():
        tally.asked.setdefault(table, []).append(condition)
    broken = check_structure(directory, tables, format, memory=memory, threads=threads, copied=copied, tally=tally)
    if not broken:
        broken = check_imperfections(directory, tables, spoiled, ledger, format, memory=memory, threads=threads)
    if broken:
        found = "the made tables break their own schema; nothing was published"
        broken = [_in_document(plan, document, one) for one in broken]  # the files that it lies in are taken away
        raise SchemaError([*broken, Finding("gate.structural", found=found, hint="--gate none publishes all the same")])
    return [
        *findings,
        *check_values(
            directory, tables, values, format, memory=memory, threads=threads, ledger=ledger, counted=tally.found
        ),
        *check_targets(directory, tables, goals, format, memory=memory, threads=threads),
    ]


def spoiled_tables(plan: Plan) -> list[SpoiledTable]:
    """What the tables of a plan were declared to suffer."""
    return [_spoiled(plan, table) for table in plan.made_tables if table.spoiled and not table.hidden]


def _spoiled(plan: Plan, table: TablePlan) -> SpoiledTable:
    columns = tuple(
        Declared(
            column.name,
            tuple((spoil.kind, spoil.rate, spoil.exact) for spoil in column.spoils),
            column.seal.nullable,
        )
        for column in table.visible
        if column.spoils
    )
    copies = None if table.copies is None else (table.copies.rate, table.copies.exact)
    shown = {column.name for column in table.visible}
    groups = [group for group in unique_groups(plan, table) if set(group) <= shown and may_repeat(table, group)]
    return SpoiledTable(table.id, columns, copies, tuple(groups))


def _value_checks(plan: Plan, document: Document, written: set[str]) -> tuple[list[ValueCheck], list[Finding]]:
    checks: list[ValueCheck] = []
    findings: list[Finding] = []
    for constraint in plan.constraints:
        if constraint.status != "checked" or constraint.kind not in VALUES:
            continue
        place = _place(document, constraint)
        facts = looked_at(plan, constraint, written)
        if facts is not None:
            hops = tuple(Hop(*hop) for hop in facts.pop("hops"))
            checks.append(ValueCheck(**facts, hops=hops, place=place))
        elif all(table.id in written for table in plan.all_tables.values() if not table.hidden):
            findings.append(
                Finding(
                    "value.not_visible", found=f"{constraint.text}: not looked at", severity="warning",
                    expected="columns that are written, and a written key that leads from one side to the other",
                    **place,
                )
            )  # fmt: skip
    return checks, findings


def _in_document(plan: Plan, document: Document, finding: Finding) -> Finding:
    """A fault of the files at the line of the constraint that it breaks, where one is declared, else in the document."""
    table, _, columns = finding.found.partition(":")[0].partition(".")
    broken = {f"{table}.{columns}", f"{table}({columns.replace('+', ', ')})"}
    declared = (one for one in plan.constraints if one.kind == "unique" and one.loc and one.text in broken)
    constraint = next(declared, None) if finding.code == "structure.unique" else None
    place = {"path": document.path} if constraint is None else _place(document, constraint)
    return finding.moved(**place)


def _place(document: Document, constraint: ConstraintPlan) -> dict[str, Any]:
    mark = document.place(constraint.loc)
    return {"path": document.path, "line": mark.line, "column": mark.column, "json_path": mark.json_path}
