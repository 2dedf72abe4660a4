"""Who reads whom: the edges of the dependency graph, and the order that they leave."""

from __future__ import annotations

from typing import Any

from datagen.contracts import NUMBERS
from datagen.plan import graph
from datagen.plan.arms import rate_reads, value_reads
from datagen.plan.bind_rows import edges, volume_reads
from datagen.plan.binding import Binding
from datagen.plan.column_anomalies import anomaly_reads
from datagen.plan.constraints import Constraints
from datagen.plan.drafts import time_column_of
from datagen.plan.grids import grid_reads
from datagen.plan.names import NameFault, resolve
from datagen.plan.processes import maker_of, maker_reads, row_scope
from datagen.plan.seated_values import seated_reads


def find_reads(binding: Binding) -> None:
    """The edges of the dependency graph."""
    for column in binding.columns():
        node = (column.table, column.name)
        binding.reads[node] = []
        scope = binding.scope_of(column)
        wanted: list[Any] = list(binding.generators[node].reads(scope))
        for place, modifier in enumerate(binding.modifiers[node]):
            more = binding.scope_of(column, loc=(*column.loc, "modifiers", place, "args"))
            wanted.extend(modifier.reads(more))
        if binding.generators[node].BY_ROW_NUMBER:
            wanted.append((column.table, NUMBERS))
        when = binding.drafting.specs[node].get("when")
        if when is not None:
            wanted.extend(scope.names_in(when))
        wanted.extend(seated_reads(binding, column))
        wanted.extend(value_reads(binding, column))
        wanted.extend(anomaly_reads(binding, column))
        binding.reads[node] = edges(binding, scope, wanted, node)
    for table in binding.tables.values():
        binding.reads[table.id, NUMBERS] = [(table.id, graph.ROWS)]
        for column in table.columns.values():
            if binding.drafting.table_modifiers[table.id] and column.word == "lookup":
                binding.reads[table.id, column.name].append((table.id, NUMBERS))  # its picks may carry the effect
        if table.parent is not None:
            scope = binding.fanout_scope(table)
            spec = binding.drafting.fanouts[table.id]
            wanted = list(scope.law_reads(spec.law)) if spec.law is not None else []
            wanted += maker_reads(binding, binding.behaviors, table)
            wanted += rate_reads(binding, table)
            wanted += grid_reads(table)
            if table.id in binding.makers:
                maker = maker_of(binding, table, row_scope(binding, binding.behaviors, table, None))
                wanted += [] if maker is None else list(maker.reads())
            node = (table.id, graph.ROWS)
            binding.reads[node] = [*edges(binding, scope, wanted, node), (table.parent, graph.ROWS)]
            # what an effect reads of its own table is refused when the rows are bound, with better words than a loop
            binding.reads[node] += [one for one in volume_reads(binding, table, node) if one[0] != table.id]
        else:
            binding.reads[table.id, graph.ROWS] = []


def order(binding: Binding, constraints: Constraints) -> tuple[graph.Node, ...]:
    for node in constraints.unique:
        binding.reads[node].append((node[0], NUMBERS))  # no value twice: by the rank of the row
    for one in constraints.steering:
        path = resolve(binding.tables, binding.tables[one.table], one.name)
        if not isinstance(path, NameFault):
            binding.reads[one.table, one.column].extend(path.reads)
            table = binding.tables[one.table]
            process = table.columns[one.column].process == "time"
            if (binding.drafting.table_modifiers[one.table] or process) and one.column == time_column_of(table):
                binding.reads[one.table, graph.ROWS].extend(node for node in path.reads if node[0] != one.table)
    for name, source in binding.sources.items():
        binding.reads[name, graph.ROWS].extend(binding.reads[source.id, graph.ROWS])
    nodes, loops = graph.ordered(binding.reads)
    for loop in loops:
        first = loop[0]
        binding.refuse(
            "plan.loop",
            binding.loc_of(first),
            found=graph.spelled(loop, lambda node: binding.document.place(binding.loc_of(node)).line),
            expected="columns that do not need each other in a circle",
            hint="take one of these references away",
        )
    return nodes
