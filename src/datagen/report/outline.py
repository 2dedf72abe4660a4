"""The entity diagram of a plan, before anything is made: for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datagen.report.diagram import diagram
from datagen.sinks.describe import foreign_keys

if TYPE_CHECKING:
    from datagen.plan.model import Plan, TablePlan


def drawn(plan: Plan) -> str:
    """The SVG of the visible tables, with the rows that are expected."""
    shown = {table.id: table for table in plan.all_tables.values() if not table.hidden}
    return diagram([_facts(plan, table, shown) for table in shown.values()])


def _facts(plan: Plan, table: TablePlan, shown: dict[str, TablePlan]) -> dict[str, Any]:
    columns = {column.name for column in table.visible}
    keys = [
        {"column": key.column, "table": key.table, "to": key.to_column}
        for key in foreign_keys(plan, table)
        if key.column in columns and key.table in shown
    ]
    return {
        "table": table.id, "rows": None if table.id in plan.derived else round(table.expected_rows),
        "primary_key": [table.pk] if table.pk in columns else [], "foreign_keys": keys,
        "columns": [{"name": column.name} for column in table.visible],
    }  # fmt: skip
