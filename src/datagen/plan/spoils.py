"""Binds imperfections: errors of recording behind everything else, so that nothing reads them; and takes them away again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen.errors import listed
from datagen.imperfections._contract import Copies, Spoil
from datagen.plan.binding import Binding
from datagen.plan.model import ColumnPlan, ConstraintPlan, Plan, TablePlan
from datagen.plan.names import ColumnDraft
from datagen.plan.sorted_emits import PIECE
from datagen.plan.spelling import spelled
from datagen.registry import find
from datagen.schema.model_findings import check_part

KEY_TYPES = ("int", "string")  # of primary keys, by which the ledger of imperfections names rows
SLACK = 1e-9  # of shares that were read from decimals


def bind_spoils(binding: Binding, constraints: Sequence[ConstraintPlan]) -> None:
    """Set the imperfections of every column; findings where they cannot be."""
    keys, referred = _keys(binding, constraints)
    for column in binding.columns():
        node = (column.table, column.name)
        written = list(_written(binding, column))
        if not written or node not in binding.plans:
            continue
        plan = binding.plans[node]
        if _fits(binding, column, written[0][2][:-2], hidden=plan.hidden):
            spoils = _bound(binding, column, plan, written, keys, referred)
            binding.plans[node] = column.plan = replace(plan, spoils=spoils)


def copies_of(binding: Binding, table: str) -> Copies | None:
    """The rows of a table that are written twice, as declared; None without any, or after a refusal."""
    return copies_as_declared(binding, table, binding.drafting.nodes[table], binding.tables[table].loc, table)


def copies_as_declared(
    binding: Binding, name: str, node: Mapping[str, Any], at: Sequence[str | int], keyed: str
) -> Copies | None:
    """The same of a node. keyed: the table that has its primary key."""
    params = node.get("duplicates")
    if params is None:
        return None
    loc = (*at, "duplicates")
    word = find("imperfection", "duplicates")
    assert word is not None
    spec, findings = check_part(word.SPEC, params, binding.document, loc)
    binding.findings.extend(findings)
    if spec is None or not _keyed(binding, keyed, loc):
        return None
    copies: Copies = word(spec).bind(name, spelled("duplicates", params))
    return copies


def clean(plan: Plan) -> Plan:
    """The plan of the same data without any error of recording."""
    tables = {table.id: _cleaned(table) for table in plan.tables.values()}
    derived = {name: replace(one, table=_cleaned(one.table)) for name, one in plan.derived.items()}
    return replace(plan, tables=tables, derived=derived)


def _cleaned(table: TablePlan) -> TablePlan:
    columns = {name: replace(one, spoils=()) for name, one in table.columns.items()}
    return replace(table, copies=None, columns=columns)


def unique_groups(plan: Plan, table: TablePlan) -> Iterator[tuple[str, ...]]:
    """The columns, or groups of them, that repeat in no two rows of the clean table, beside its primary key."""
    for constraint in plan.constraints:
        if constraint.kind == "unique" and constraint.facts["table"] == table.id:
            group = tuple(constraint.facts["columns"])
            if group != (table.pk,):
                yield group


def may_repeat(table: TablePlan, group: Sequence[str]) -> bool:
    """Whether imperfections may make values of columns repeat: rows that stand twice, or values that become others."""
    changed = any(not spoil.nulls for name in group for spoil in table.columns[name].spoils)
    return table.copies is not None or changed


def _written(binding: Binding, column: ColumnDraft) -> Iterator[tuple[str, Mapping[str, Any], tuple[str | int, ...]]]:
    """(kind, parameters, place) of the imperfections of a column, in order."""
    for place, one in enumerate(binding.drafting.specs[column.table, column.name].get("imperfections") or ()):
        for kind, params in one.items():
            yield kind, params, (*column.loc, "imperfections", place, kind)


def _fits(binding: Binding, column: ColumnDraft, loc: tuple[str | int, ...], *, hidden: bool) -> bool:
    if hidden:
        binding.refuse(
            "imperfections.hidden",
            loc,
            found=f"imperfections of {column.name}, which is hidden",
            expected="a column that is written: nothing else sees them",
        )
        return False
    return _keyed(binding, column.table, loc)


def _keyed(binding: Binding, table: str, loc: tuple[str | int, ...]) -> bool:
    """Whether the rows of a table can be named by a key in its files."""
    draft, node = binding.tables[table], binding.drafting.nodes[table]
    if PIECE in node:  # its events are written in the stream
        node = binding.drafting.derived[node[PIECE]][0]
    if node.get("hidden"):
        binding.refuse(
            "imperfections.hidden",
            loc,
            found=f"imperfections in {node['id']}, which is hidden",
            expected="a table that is written: nothing else sees them",
        )
        return False
    key = None if draft.pk is None else binding.plans.get((table, draft.pk))
    shut = any(
        one.get("hidden") for one in node.get("columns") or () if draft.pk is not None and one["name"] == draft.pk
    )
    if key is None or key.hidden or shut or key.type not in KEY_TYPES:
        what = (
            "no primary key"
            if key is None
            else f"the key {key.name}" + (" hidden" if key.hidden or shut else f" of type {key.type}")
        )
        binding.refuse(
            "imperfections.no_key",
            loc,
            found=f"imperfections in {node['id']}, which has {what}",
            expected=f"a written primary key of type {' or '.join(KEY_TYPES)}, by which the ledger names rows",
        )
        return False
    return True


def _bound(
    binding: Binding, column: ColumnDraft, plan: ColumnPlan,
    written: Sequence[tuple[str, Mapping[str, Any], tuple[str | int, ...]]],
    keys: set[tuple[str, str]], referred: set[tuple[str, str]],
) -> tuple[Spoil, ...]:  # fmt: skip
    found: list[Spoil] = []
    seen: set[str] = set()
    node = (column.table, column.name)
    for kind, params, loc in written:
        word = find("imperfection", kind)
        assert word is not None  # the model of the schema knows no other
        if kind in seen:
            binding.refuse(
                "imperfections.twice", loc, key=True, found=f"{kind} twice on {column.name}", expected="each kind once"
            )
            continue
        seen.add(kind)
        if node in referred or (node in keys and kind != "missing"):
            what = "the key of its table, or one that others refer to" if node in referred else "a reference to a key"
            binding.refuse(
                "imperfections.on_a_key",
                loc,
                key=True,
                found=f"{kind} on {column.table}.{column.name}, {what}",
                expected="a column that is no key" if node in referred else "missing, or a column that is no key",
                hint="rows that stand twice are `duplicates` of the table" if node in referred else "",
            )
            continue
        if plan.type not in word.TYPES:
            binding.refuse(
                "imperfections.type",
                loc,
                key=True,
                found=f"{kind} on {column.name} of type {plan.type}",
                expected=f"a column of type {listed(word.TYPES)}",
            )
            continue
        spec, findings = check_part(word.SPEC, params, binding.document, loc)
        binding.findings.extend(findings)
        if spec is not None:
            scope = binding.scope_of(column, f"imperfection {kind}", loc=loc, column_type=plan.type)
            found += word(spec, scope).bind(params, spelled(kind, params))
    total = sum(spoil.rate for spoil in found)
    if total > 1 + SLACK:
        binding.refuse(
            "imperfections.too_much",
            written[0][2][:-2],
            found=f"rates that sum to {total:g}",
            expected="at most 1: each value is spoiled at most once",
        )
    return tuple(found)


def _keys(binding: Binding, constraints: Sequence[ConstraintPlan]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Columns that refer to keys, and those that are keys or that others refer to."""
    refer: set[tuple[str, str]] = set()
    referred = {(table.id, table.pk) for table in binding.tables.values() if table.pk is not None}
    for column in binding.columns():
        if column.points_to is not None and column.points_to[1] == binding.tables[column.points_to[0]].pk:
            refer.add((column.table, column.name))
            referred.add(column.points_to)
    for one in constraints:
        if one.kind == "foreign_key":
            refer.add((one.facts["table"], one.facts["column"]))
            referred.add((one.facts["to_table"], one.facts["to_column"]))
    return refer, referred
