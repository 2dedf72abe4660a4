"""What the truth set tells of each row: hidden columns, labels of modifiers and row makers, and expected rows of parents.

The labels of a table are a table of their own, keyed by its primary key. They are a view of the same plan: the same
functions and addresses, other columns shown, so that the engine makes them as it makes any table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from datagen.contracts import Block, ColumnType, Fill, Values
from datagen.plan.model import ColumnPlan, Plan, Seal, TablePlan

ROW = "row_number"  # from 1, as in expressions; keys the labels of a table that shows no primary key


def labels_plan(plan: Plan) -> Plan:
    """The plan of the labels: of every table its key and what is not written otherwise."""
    inner, sorted_ = plan.inner, {name: one for name, one in plan.derived.items() if one.sorting is not None}
    tables = {name: table if name in inner else _labelled(plan, table) for name, table in plan.tables.items()}
    for one in sorted_.values():
        tables |= {name: _with_labels(tables[name]) for name in one.reads}
    derived = {name: replace(one, table=_labelled(plan, one.table)) for name, one in sorted_.items()}
    return replace(plan, tables=tables, derived=derived)


def _with_labels(piece: TablePlan) -> TablePlan:
    """A piece of a stream with the labels of its columns, under the names that they have in the stream."""
    columns = {name: replace(column, spoils=()) for name, column in piece.columns.items()}
    for column in piece.columns.values():
        for name, fill in column.labels.items():
            _add(columns, piece, f"{name}_of_{column.name}", "bool", fill)
    return replace(piece, columns=columns)


def labelled_tables(plan: Plan, labels: Plan, written: frozenset[str] | None) -> frozenset[str]:
    """Tables that have labels: all of a hidden table, of a visible one (one that is written) what is hidden in it."""
    inner, told = plan.inner, labels.all_tables
    return frozenset(
        table.id
        for table in plan.made_tables
        if table.id not in inner  # its rows are written in the stream
        and (
            table.hidden
            or (
                any(column.name not in (ROW, table.pk) for column in told[table.id].visible)
                and (written is None or table.id in written)
            )
        )
    )


def _labelled(plan: Plan, table: TablePlan) -> TablePlan:
    key = table.pk if table.pk is not None and (table.hidden or not table.columns[table.pk].hidden) else None
    columns: dict[str, ColumnPlan] = {}
    if key is None:
        _add(columns, table, ROW, "int", lambda block: Values("int", block.row_number + 1))
    for column in table.columns.values():
        hidden = not (table.hidden or column.hidden or column.name == key)
        columns[column.name] = replace(column, hidden=hidden, spoils=())
    for column in table.columns.values():
        for name, fill in column.labels.items():
            _add(columns, table, f"{name}_of_{column.name}", "bool", fill)
    for name, (type_, fill) in getattr(table.counts, "labels", {}).items():
        _add(columns, table, name, type_, fill)
    for child in table.children:
        latent = getattr(plan.tables[child].counts, "latent", None)
        if latent is not None:
            _add(columns, table, f"expected_rows_of_{child}", "float", _floats(latent))
        for name, (type_, fill) in plan.tables[child].outcomes.items():
            _add(columns, table, name, type_, fill)
    return replace(table, columns=columns, hidden=False, copies=None)


def _add(columns: dict[str, ColumnPlan], table: TablePlan, name: str, type_: ColumnType, fill: Fill) -> None:
    while name in columns:
        name += "_"
    columns[name] = ColumnPlan(table.id, name, Seal(type_, nullable=True), "label", fill)


def _floats(latent: Callable[[Block], Any]) -> Fill:
    return lambda block: Values("float", np.asarray(latent(block), dtype=np.float64))
