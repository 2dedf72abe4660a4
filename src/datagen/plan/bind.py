"""From a schema to a plan: tables and columns are bound to functions, in the order in which they read each other.

All findings are gathered on the way and raised together; a plan that comes back can be made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import Any

from datagen.errors import Finding
from datagen.kernel.address import table_key
from datagen.plan import graph
from datagen.plan.behaviors import lower
from datagen.plan.below import look_below
from datagen.plan.bind_columns import bind_column, make_parts
from datagen.plan.bind_rows import bind_counts
from datagen.plan.binding import Binding
from datagen.plan.clamped import clamp_expected
from datagen.plan.column_laws import column_laws
from datagen.plan.correlations import find_correlations
from datagen.plan.drafts import time_column_of
from datagen.plan.emits import with_emits
from datagen.plan.estimate import expected_tables
from datagen.plan.expected import told_rows
from datagen.plan.experiments import add_arms, find_trials
from datagen.plan.invisible import placed
from datagen.plan.limits import say_too_many
from datagen.plan.model import ConstraintPlan, DerivedPlan, MetricPlan, Plan, TablePlan
from datagen.plan.outcomes import outcomes_of
from datagen.plan.planted import planted_effects
from datagen.plan.processes import find_makers
from datagen.plan.reading import find_reads, order
from datagen.plan.segments import kept_shares_of, texts_of_values
from datagen.plan.settle import leave_room, read_constraints, settle
from datagen.plan.sorted_streams import refuse_reads_of_ranks, refuse_siblings, with_passage
from datagen.plan.spoils import bind_spoils, copies_of
from datagen.plan.statistics import statistics
from datagen.plan.time_shares import time_shares
from datagen.schema.tree import Document
from datagen.version import DATA_VERSION


def bind(
    document: Document, *, seed: int, scale: float = 1.0, findings: Sequence[Finding] = (), look: bool = True
) -> Plan:
    """The plan of a validated canonical tree. `scale` multiplies the rows of parentless tables.

    look: whether some rows are looked at for what is expected where the laws alone do not tell. What a run makes does
    not depend on it.
    Raises SchemaError with every finding when anything cannot be made as declared.
    """
    document, refused = with_emits(document)
    binding = Binding(document, look=look, seed=seed, scale=scale, findings=[*findings, *refused])
    binding.stop_on_errors()
    add_arms(binding)
    for column in binding.columns():
        make_parts(binding, column)
    binding.stop_on_errors()
    for column in binding.columns():
        column.infer = binding.infer
        column.texts = lambda one: texts_of_values(binding, one)
        column.shares = lambda one: kept_shares_of(binding, one)
    binding.trials = find_trials(binding)
    binding.stop_on_errors()
    binding.behaviors = lower(binding)
    find_makers(binding, binding.behaviors)
    binding.stop_on_errors()
    binding.correlated = find_correlations(binding)
    binding.stop_on_errors()
    find_reads(binding)
    refuse_siblings(binding)
    refuse_reads_of_ranks(binding)
    constraints = read_constraints(binding)
    nodes = order(binding, constraints.found)
    binding.stop_on_errors()
    leave_room(binding, constraints)
    binding.stop_on_errors()
    for table, name in nodes:
        if name == graph.ROWS:
            bind_counts(binding, binding.tables[table], constraints.found.steering)
        elif name not in graph.COUNTS:
            bind_column(binding, binding.tables[table].columns[name], constraints)
    bind_spoils(binding, constraints.found.declared)
    clamp_expected(binding)
    tables = expected_tables(table_plans(binding), told_rows(binding) if look and not binding.has_errors() else {})
    declared = settle(binding, constraints)
    say_too_many(tables, binding.refuse)
    derived, constraints_of_queries, metrics = queries_of(binding, tables)
    declared += constraints_of_queries
    binding.stop_on_errors()
    return finished(binding, tables, nodes, declared, derived, metrics)


def table_plans(binding: Binding) -> dict[str, TablePlan]:
    plans: dict[str, TablePlan] = {}
    for table in binding.tables.values():
        node = binding.drafting.nodes[table.id]
        plans[table.id] = TablePlan(
            id=table.id,
            kind=binding.drafting.kinds[table.id],
            key=table_key(binding.seed, table.id),
            pk=table.pk,
            parent=table.parent,
            parents=tuple(node.get("parents") or ()),
            rows=binding.drafting.rows[table.id] if table.parent is None else None,
            counts=binding.counts.get(table.id),
            columns={name: binding.plans[table.id, name] for name in table.columns},
            children=children_of(binding, table.id),
            addresses=getattr(binding.counts.get(table.id), "addresses", None),
            hidden=bool(node.get("hidden", False)),
            arriving=table.id in binding.arrivals,
            time_column=time_column_of(table),
            outcomes=outcomes_of(binding, table.id),
            copies=copies_of(binding, table.id),
            loc=table.loc,
        )
    return plans


def queries_of(
    binding: Binding, tables: Mapping[str, TablePlan]
) -> tuple[dict[str, DerivedPlan], tuple[ConstraintPlan, ...], tuple[MetricPlan, ...]]:
    """What SQL makes and measures, in a document that has any."""
    if not binding.drafting.derived and not binding.document.root.get("metrics"):
        return {}, (), ()
    from datagen.plan.metrics import bind_queries

    return bind_queries(binding, tables)


def children_of(binding: Binding, table: str) -> tuple[str, ...]:
    """The tables that a table drives, streams first: they make rows of the others, which are kept for their turn."""
    found = [other.id for other in binding.tables.values() if other.parent == table]
    return tuple(sorted(found, key=lambda name: binding.drafting.kinds[name] != "stream"))


def finished(
    binding: Binding, tables: Mapping[str, TablePlan], nodes: Sequence[graph.Node], declared: tuple[ConstraintPlan, ...],
    derived: Mapping[str, DerivedPlan],
    metrics: tuple[MetricPlan, ...],
) -> Plan:  # fmt: skip
    effects = placed(binding, planted_effects(binding, binding.behaviors, tables))
    root = binding.document.root
    metadata = root.get("metadata") or {}
    tables = with_passage(tables, derived)
    reads = {node: tuple(dict.fromkeys(needs)) for node, needs in binding.reads.items()}
    below = look_below(tables, reads)
    return Plan(
        name=metadata.get("name") or (PurePath(binding.document.path).stem if binding.document.path else "dataset"),
        seed=binding.seed,
        timeframe=binding.timeframe,
        tables=tables,
        order=tuple(node for node in nodes if node[1] not in graph.COUNTS),
        reads=reads,
        constraints=declared,
        findings=tuple(finding for finding in binding.findings if finding.severity != "error"),
        fingerprint=fingerprint(binding.document, binding.seed, binding.drafting.rows),
        format=metadata.get("format"),
        gate=metadata.get("gate"),
        notes=remarks(root.get("notes")),
        assumptions=tuple(root.get("assumptions") or ()),
        params=dict(root.get("params") or {}),
        metadata=dict(metadata),
        effects=effects,
        anomalies=tuple(binding.anomalies),
        numbered=below.numbered,
        walked=below.walked,
        root_rows=below.root_rows,
        derived=derived,
        metrics=metrics,
        laws=partial(column_laws, binding, tables),
        times=partial(time_shares, binding, tables),
        statistics=partial(statistics, binding, tables),
        order_written=tuple(node["id"] for node in root.get("nodes") or []),
    )


def remarks(written: Any) -> tuple[Any, ...]:
    """The notes of a document one by one: they may be a list, or a single remark of any kind."""
    return () if written is None else tuple(written) if isinstance(written, list) else (written,)


def fingerprint(document: Document, seed: int, rows: Mapping[str, int | None]) -> str:
    """32 hexadecimal digits that change with anything that can change a value."""
    facts = json.dumps(
        [DATA_VERSION, seed, document.root, dict(rows)],
        sort_keys=True,
        ensure_ascii=True,
        separators=(",", ":"),
        default=str,
    )
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()
