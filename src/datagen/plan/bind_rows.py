"""Binds the number of rows of each table: its fan-out, and the effects on its volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import NUMBERS, Block, Only
from datagen.plan import graph
from datagen.plan.arms import refuse_untimed
from datagen.plan.binding import Binding
from datagen.plan.by_rows import ByMaker, faults_of_by, has_by
from datagen.plan.constraints import Steering
from datagen.plan.drafts import time_column_of
from datagen.plan.fanout import Volume, fixed
from datagen.plan.fanout import bind_counts as counts_of
from datagen.plan.grids import bind_grid
from datagen.plan.names import TableDraft
from datagen.plan.processes import maker_of, rate_factors, row_scope
from datagen.plan.scope import PlanScope
from datagen.rows._contract import mean_factor, product
from datagen.schema.model_fanout import Fanout
from datagen.schema.model_findings import check_part

LAW = ("type", "params", "truncate", "keep_mean")


def bind_counts(binding: Binding, table: TableDraft, steering: Sequence[Steering]) -> None:
    if table.each is not None:
        bind_grid(binding, table)
        return
    refuse_untimed(binding, table)
    if table.id in binding.makers:
        bind_maker(binding, table, steering)
        return
    factor = with_segments(binding, table, volume_factor(binding, table, steering))
    if table.parent is None:
        return
    spec = binding.drafting.fanouts[table.id]
    if spec.law is None and factor is not None:
        one = {"type": "constant", "params": {"value": 1}}
        binding.counts[table.id] = counts_of(one, spec.clamp, binding.fanout_scope(table), factor)
    elif spec.law is None:
        binding.counts[table.id] = fixed(1)
    elif has_by(binding.drafting.nodes[table.id]["fanout"]):
        written = binding.drafting.nodes[table.id]["fanout"]
        faults = faults_of_by(written, binding.document, (*table.loc, "fanout"))
        binding.findings.extend(faults)
        maker = None if faults else _by(written, binding.fanout_scope(table), factor)
        rows = None if maker is None else maker.bind()
        binding.counts[table.id] = fixed(1) if rows is None else rows
    else:
        binding.counts[table.id] = counts_of(spec.law, spec.clamp, binding.fanout_scope(table), factor)


@dataclass(frozen=True, slots=True)
class PlainCounts:
    """A law once per parent, in the form of a row maker."""

    written: Mapping[str, Any]
    scope: PlanScope
    factor: Any

    def reads(self) -> Sequence[str]:
        """What the law reads."""
        return self.scope.law_reads(self.written)

    def bind(self) -> Any:
        """The counts, or None after a refusal."""
        made, findings = check_part(Fanout, self.written, self.scope.document, self.scope.loc)
        self.scope.findings.extend(findings)
        if made is None:
            return None
        law = {key: self.written[key] for key in LAW if self.written.get(key) is not None}
        if "type" not in law:
            self.scope.refuse("fanout.no_law", (), found="a fanout without a law", expected="rows per parent")
            return None
        low, high = self.written.get("clamp") or (None, None)
        return counts_of({"params": {}, **law}, (low, high), self.scope, self.factor)


@dataclass(frozen=True, slots=True)
class OneEach:
    """One row per parent, in the form of a row maker."""

    def reads(self) -> Sequence[str]:
        return ()

    def bind(self) -> Any:
        return fixed(1)


def plain_maker(binding: Binding, table: TableDraft, written: Any, scope: Any) -> Any:
    """A fan-out without times as a row maker, None after a refusal."""
    if written is None:
        return OneEach()
    factor = with_segments(binding, table, None)
    if has_by(written):
        faults = faults_of_by(written, binding.document, scope.loc)
        binding.findings.extend(faults)
        return None if faults else _by(written, scope, factor)
    return PlainCounts(written, scope, factor)


def _by(written: Mapping[str, Any], scope: PlanScope, factor: Any) -> Any:
    if has_by(written):
        return ByMaker(written, scope, lambda own, inner: _by(own, inner, factor))
    return PlainCounts(written, scope, factor)


def bind_maker(binding: Binding, table: TableDraft, steering: Sequence[Steering]) -> None:
    """The rows of a table that a row maker makes."""
    scope = row_scope(binding, binding.behaviors, table, tuple(steering))
    if table.id in binding.sources:
        scope.findings = []  # the other table's rows are bound too, and say the same
    binding.row_scopes[table.id] = scope
    maker = maker_of(binding, table, scope)
    rows = None if maker is None else maker.bind()
    binding.counts[table.id] = fixed(1) if rows is None else rows


def with_segments(binding: Binding, table: TableDraft, volume: Any) -> Any:
    """The effects on the volume of a table and its segments' multipliers as one factor per parent, None without any."""
    if table.parent is None:
        return volume
    scope = row_scope(binding, binding.behaviors, table, None)
    factors = rate_factors(binding, binding.behaviors, table, scope)
    if not factors:
        return volume
    mean, unsure = mean_factor(factors)

    def factor(parent: Block) -> NDArray[np.float64]:
        found = product(factors, parent)
        return found if volume is None else found * volume(parent)

    return Volume(factor, None if unsure or volume is not None else mean)


def volume_factor(binding: Binding, table: TableDraft, steering: Sequence[Steering]) -> Any:
    """The effects on the volume of a table, or None when it has none or they were refused."""
    effects = []
    for place, (word, args) in enumerate(binding.drafting.table_modifiers[table.id]):
        loc = (*table.loc, "modifiers", place)
        part = binding.part("modifier", word, args, loc, inside=("args",))
        if part is not None:
            effects.append((part, binding.table_scope(table, (*loc, "args"))))
    if not effects:
        return None
    time = time_column_of(table)
    scope = None
    if time is not None:
        lower, upper = binding.bounds(table.columns[time], steering)
        scope = binding.scope_of(table.columns[time], column_type="datetime", lower=lower, upper=upper)
    from datagen.modifiers._volume_bind import volume

    binding.volumes[table.id] = volume(effects, scope)
    return None if binding.volumes[table.id] is None else Volume(binding.volumes[table.id].factor, None)


def volume_reads(binding: Binding, table: TableDraft, node: graph.Node) -> list[graph.Node]:
    """What effects on the volume of a table make its number of rows read."""
    time = time_column_of(table)
    if time is None or not binding.drafting.table_modifiers[table.id]:
        return []
    from datagen.modifiers._volume_bind import volume_reads

    scope = binding.scope_of(table.columns[time])
    return edges(binding, scope, volume_reads(scope), node)


def edges(binding: Binding, scope: PlanScope, wanted: Sequence[Any], node: graph.Node) -> list[graph.Node]:
    edges: list[graph.Node] = []
    for name in wanted:
        if isinstance(name, Only):
            edges.append((name.table, name.column))
        elif isinstance(name, tuple):
            # a row of any table: its number of rows must be known
            edges.append(name)
            if name[0] != node[0]:
                edges.append((name[0], NUMBERS))
        else:
            edges.extend(scope.path_reads(name))
    return edges
