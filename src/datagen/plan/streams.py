"""Streams in the plan: who counts the rows of emits, and what fills the columns of the stream that they become."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict

from datagen.contracts import Block, ColumnType, Fill, Generator, Only, Scope, Values
from datagen.errors import listed
from datagen.plan import graph
from datagen.plan.averages import averages_of
from datagen.plan.binding import Binding
from datagen.plan.emits import EMIT
from datagen.plan.names import TableDraft, ancestors
from datagen.plan.told import told_name
from datagen.rows._emits import EmitRows, EmitSpec, Shares, Source, share_factor
from datagen.rows._stream import EMITTED, StreamRows, StreamSpec, own_column, sources_of, type_of


@dataclass(slots=True)
class Emitting:
    """One emit: what it says of its number of events, with whom it shares a total and a stream."""

    spec: EmitSpec
    source: Source
    shares: Shares | None
    in_time: bool  # its fan-out gives its rows times of their own


class EmittedColumn(Generator):
    """A column of a stream, as its emits fill it."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    spec: Any
    binding: Any

    def infer(self, scope: Scope) -> ColumnType | None:
        return type_of(self.spec, self.name, scope.find_target)

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        found = [Only(scope.table, graph.ROWS)]
        for name in (self.name, *self.spec.order_by):
            for one, source in sources_of(self.spec, name):
                if source[0] == "own":
                    found.append(Only(one.table, own_column(source, name)))
                elif source[0] == "above":
                    found.append(Only(source[1], source[2]))
        return found

    def bind(self, scope: Scope) -> Fill:
        if scope.unique:
            scope.refuse(
                "stream.unique",
                (),
                found=f"unique {self.name}, which the emits fill from their sources' rows",
                expected="a key of the stream, or a column with a generator of its own",
            )
        sources = sources_of(self.spec, self.name)
        made = self.infer(scope)
        if not sources:
            scope.refuse(
                "stream.unfilled",
                (),
                found=f"{self.name}, which no emit fills and no source has",
                expected="a value in one emit at least, under columns",
            )
        elif made is None:
            scope.refuse(
                "stream.types",
                (),
                found=f"{self.name} of several types in its emits: {listed(self._types(scope))}",
                expected="one type in all of them",
            )
        else:
            scope.fits(made, "")
        rows = self.binding.counts.get(scope.table)
        fill: Fill | None = None if rows is None else rows.fills.get(f"{EMITTED} {self.name}")
        return _nothing if fill is None else fill

    def _types(self, scope: Scope) -> list[str]:
        kinds = {str(type_of(StreamSpec(emits=[one], order_by=[], time=""), self.name, scope.find_target)): one.table
                 for one, _ in sources_of(self.spec, self.name)}  # fmt: skip
        return [f"{kind} in {table.split(':')[-1]}" for kind, table in kinds.items()]


def find_stream(binding: Binding, table: TableDraft) -> None:
    """The maker of a stream's rows, and its columns."""
    written = binding.drafting.nodes[table.id]["stream"]
    spec = StreamSpec.model_validate(written)
    binding.makers[table.id] = ("stream", StreamRows)
    for column in table.columns.values():
        if column.word == "process":
            node = (table.id, column.name)
            column.process = f"{EMITTED} {column.name}"
            column.points_to = _points_to(binding, spec, column.name)
            binding.generators[node] = EmittedColumn(name=column.name, spec=spec, binding=binding)
    _find_emitting(binding, table, spec)


def _points_to(binding: Binding, spec: StreamSpec, name: str) -> tuple[str, str] | None:
    """The key that a column of a stream holds, when all its emits agree on it."""
    found = set()
    for one, source in sources_of(spec, name):
        if source[0] == "constant":
            return None
        table = binding.tables[one.table if source[0] == "own" else source[1]]
        column = table.columns[own_column(source, name) if source[0] == "own" else source[2]]
        found.add((table.id, column.name) if source[0] == "above" and table.pk == column.name else column.points_to)
    return found.pop() if len(found) == 1 else None


def _find_emitting(binding: Binding, table: TableDraft, spec: StreamSpec) -> None:
    tables = [*(one.table for one in spec.emits), *spec.beside]
    specs = {name: EmitSpec.model_validate(binding.drafting.nodes[name][EMIT]) for name in tables}
    shares = {name: one.share for name, one in specs.items() if one.share is not None}
    if sum(shares.values()) >= 1.0:
        binding.refuse(
            "stream.shares",
            (*table.loc, "stream"),
            found=f"shares of {told_name(table.id)} that sum to {sum(shares.values()):g}",
            expected="less than 1: the other emits are the rest",
        )
    sharing = Shares(shares, [name for name in specs if name not in shares]) if shares else None
    sources: dict[str, Source] = {}
    for one in spec.emits:
        above = ancestors(binding.tables, binding.tables[one.table])
        if one.source not in sources:
            inner = [
                other.table
                for other in spec.emits
                if other.source != one.source and one.source in ancestors(binding.tables, binding.tables[other.table])
            ]
            members = [other.table for other in spec.emits if other.source == one.source]
            sources[one.source] = Source(one.source, told_name(table.id), members, inner, specs)
        assert one.source in above  # an emit's table is below its source
        fanout = binding.drafting.nodes[one.table].get("fanout")
        unmade = any(column.word == "process" for column in binding.tables[one.table].columns.values())
        binding.emitting[one.table] = Emitting(
            specs[one.table], sources[one.source], sharing, fanout is not None and unmade
        )
    for name, source in sources.items():
        filling = [one for one in source.members if specs[one].fill_to is not None]
        if len(filling) > 1:
            binding.refuse(
                "stream.two_fills",
                (*binding.tables[filling[1]].loc, EMIT, "fill_to"),
                key=True,
                found=f"two emits of {name} that fill up to a total",
                expected="one of them",
            )


def emits_that_multiply(binding: Binding, table: TableDraft) -> list[str]:
    """The tables that a factor on the rows of a table reaches: of a stream those of its emits that have a fan-out."""
    if binding.drafting.kinds[table.id] != "stream":
        return [table.id]
    emits = StreamSpec.model_validate(binding.drafting.nodes[table.id]["stream"]).emits
    return [one.table for one in emits if "fanout" in binding.drafting.nodes[one.table]]


def find_emits(binding: Binding) -> None:
    """The makers of the rows of emits."""
    for name, one in binding.emitting.items():
        table = binding.tables[name]
        unmade = [column for column in table.columns.values() if column.word == "process"]
        fanout = binding.drafting.nodes[name].get("fanout")
        if unmade and fanout is None:
            binding.refuse(
                "stream.no_at",
                (*table.loc,),
                found="an emit without at",
                expected="at: the time of the event, or a fanout per unit of time, whose events have times",
            )
        if one.spec.fill_to is not None and fanout is not None:
            binding.refuse(
                "stream.fill_beside",
                (*table.loc, "fanout"),
                key=True,
                found="fanout beside fill_to",
                expected="fill_to alone: this emit supplies what is missing to the total",
            )
        if one.spec.share is not None and not one.in_time:
            binding.refuse(
                "stream.share_law",
                (*table.loc, EMIT, "share"),
                key=True,
                found="share of an emit without a rate in time",
                expected="a rate to scale and no at, such as fanout: {poisson: 1, per: day}",
            )
        binding.makers[name] = (EMIT, EmitRows)


def emit_maker(binding: Binding, table: TableDraft, scope: Any, inner: Callable[[TableDraft, Any], Any]) -> Any:
    """The row maker of an emit's table. inner: makes that of its fan-out in a scope."""
    one: Emitting = binding.emitting[table.id]
    at = scope.beside("fanout")
    shares = one.shares if one.spec.share is not None else None
    if shares is not None:
        plain = inner(table, at)
        at = scope.beside("fanout")
        at.factors = [*scope.factors, _late_factor(shares, table.id, table.parent or "", plain)]
    made = inner(table, at)
    averages = averages_of(binding, binding.tables[table.parent or ""])
    return None if made is None else EmitRows(one.spec, scope, made, one.source, shares, averages)


def _late_factor(shares: Shares, name: str, source: str, plain: Any) -> Any:
    """The factor of a share; the rate before it is bound when it is first asked for."""
    bound: dict[str, Any] = {}

    def expected(block: Block) -> Any:
        if not bound:
            bound["rows"] = plain.bind()
        return bound["rows"].latent(block)

    return share_factor(shares, name, source, expected)


def _nothing(block: Block) -> Values:
    import numpy as np

    return Values("int", np.zeros(block.rows, dtype=np.int64))
