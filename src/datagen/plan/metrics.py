"""`metrics`: named figures, each one SELECT that gives one number over the written tables; with bounds they are checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datagen.errors import listed, quoted
from datagen.plan.derived import type_of
from datagen.plan.model import DerivedPlan, MetricPlan, TablePlan
from datagen.plan.queries import bind_query, read_query
from datagen.schema.weights import share
from datagen.sql.database import create_table, sql_database
from datagen.sql.grammar import Fault, columns_named

if TYPE_CHECKING:
    from datagen.plan.binding import Binding

NUMBERS = ("int", "float", "bool")


def bind_metrics(
    binding: Binding, tables: Mapping[str, TablePlan], derived: Mapping[str, DerivedPlan]
) -> tuple[MetricPlan, ...]:
    """The metrics of a document, bound to the tables that are written. Faults go to the binding."""
    declared = binding.document.root.get("metrics") or {}
    if not declared or set(derived) != set(binding.drafting.derived):
        return ()  # what is wrong with the tables is told already
    every = {**tables, **{name: one.table for name, one in derived.items()}}
    shown = {name: table for name, table in every.items() if not table.hidden}
    made: list[MetricPlan] = []
    with sql_database() as database:
        for name, table in shown.items():
            create_table(database, name, {column.name: column.type for column in table.visible})
        for name, metric in declared.items():
            at = ("metrics", name, "sql")
            read = read_query(database, metric["sql"], {one.lower(): one for one in shown}, needs_order=False)
            if isinstance(read, list):
                for fault in read:
                    _say(binding, name, fault, every)
                continue
            seen = {table: {one.name: one.type for one in every[table].visible} for table in read.reads}
            hidden = {
                table: {one.name: one.type for one in every[table].columns.values() if one.hidden}
                for table in read.reads
            }
            query = bind_query(database, read, seen, hidden)
            if isinstance(query, Fault):
                _say(binding, name, query, every)
                continue
            if len(query.columns) != 1 or type_of(query.columns[0][1]) not in NUMBERS:
                columns = [f"{column} ({kind.lower()})" for column, kind in query.columns]
                binding.refuse(
                    "metric.not_a_number",
                    at,
                    found=f"{name}: columns {listed(columns)}",
                    expected="one column of numbers",
                )
                continue
            ends = [None if metric.get(end) is None else share(metric[end]) for end in ("min", "max")]
            if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
                binding.refuse(
                    "metric.bounds", ("metrics", name, "max"), found=f"{name}: min {ends[0]:g}, max {ends[1]:g}",
                    expected="a max that is not below the min",
                )  # fmt: skip
                continue
            mark = binding.document.place(("metrics", name))
            where = (binding.document.path, mark.line, mark.column, mark.json_path)
            made.append(
                MetricPlan(
                    name,
                    query.text,
                    query.reads,
                    str(metric.get("description") or ""),
                    ends[0],
                    ends[1],
                    *where,
                    columns=columns_named(read.tree),
                )
            )
    return tuple(made)


def _say(binding: Binding, name: str, fault: Fault, tables: Mapping[str, TablePlan]) -> None:
    """What is wrong, with the name of the metric; a table that is hidden is told as that."""
    hidden = [table for table, one in tables.items() if one.hidden and fault.found.lower() == quoted(table).lower()]
    hint = f"{hidden[0]} is hidden, and metrics are measured in the written files" if hidden else fault.hint
    binding.refuse(
        fault.code, ("metrics", name, "sql"), found=f"{name}: {fault.found}", expected=fault.expected, hint=hint
    )
