"""What a run of some tables needs: their columns and rows, what these are made of, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from datagen.contracts import NUMBERS
from datagen.plan.below import look_below
from datagen.plan.graph import Node, closure
from datagen.plan.model import Plan, TablePlan


def narrowed(plan: Plan, wanted: Iterable[str]) -> Plan:
    """The plan of the wanted tables and of all that they need, for counting and making them; values stay the same.

    Other tables are neither counted nor made, unless a number, a pick or a figure of a wanted one depends on them.
    """
    nodes = _needed_nodes(plan, wanted)
    kept = {table for table, _ in nodes}
    if len(kept) == len(plan.tables):
        return plan
    tables = {
        name: replace(table, children=tuple(child for child in table.children if child in kept))
        for name, table in plan.tables.items()
        if name in kept
    }
    reads = {node: needs for node, needs in plan.reads.items() if node in nodes}
    below = look_below(tables, reads)
    return replace(
        plan,
        tables=tables,
        reads=reads,
        order=tuple(node for node in plan.order if node in nodes),
        numbered=below.numbered,
        walked=below.walked,
        root_rows=below.root_rows,
    )


def _needed_nodes(plan: Plan, wanted: Iterable[str]) -> set[Node]:
    """Everything that the rows and visible columns of the wanted tables read, and the rows of all tables above any of it."""
    start: list[Node] = []
    for name in wanted:
        table = plan.tables[name]
        start.append((name, NUMBERS))
        start.extend((name, column.name) for column in table.visible)
        if table.spoiled:  # what an error of recording leans on is any column that the row can name
            start.extend((one.id, column) for one in _chain(plan, table) for column in one.columns)
    while True:
        found = closure(start, plan.reads)
        above = {(one.id, NUMBERS) for name in {table for table, _ in found} for one in _chain(plan, plan.tables[name])}
        if above <= found:
            return found
        start = [*found, *above]


def _chain(plan: Plan, table: TablePlan) -> list[TablePlan]:
    """A table and those above it by driving parents."""
    chain = [table]
    while chain[-1].parent is not None:
        chain.append(plan.tables[chain[-1].parent])
    return chain
