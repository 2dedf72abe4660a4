"""Which tables are made by a row maker, and the columns that it fills: the rows' own time, their stage, their state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from datagen.contracts import ColumnType, Fill, Generator, Scope
from datagen.errors import listed
from datagen.kernel.address import salt_of, table_key
from datagen.plan import graph
from datagen.plan.arms import arm_chances, arm_factors, arm_windows
from datagen.plan.arrivals import arriving, bind_arrivals
from datagen.plan.behaviors import DEPARTED, Behaviors, Factors, factors_above, names_of, path_to
from datagen.plan.binding import Binding
from datagen.plan.by_rows import ByMaker, every, faults_of_by, has_by, idle_stretches
from datagen.plan.constraints import Steering
from datagen.plan.conversions import find_conversions, refuse_moved, refuse_multiplied
from datagen.plan.drafts import FALLBACK, time_column_of
from datagen.plan.emits import EMIT
from datagen.plan.graphs import fill_graph
from datagen.plan.names import ColumnDraft, TableDraft
from datagen.plan.row_scope import PlanRowScope
from datagen.plan.variation import find_variation
from datagen.registry import find
from datagen.rows._contract import Ageing, RateFactor
from datagen.rows._mapped import mapped
from datagen.schema.expand_processes import PROCESS_KEYS
from datagen.schema.model_fanout import Fanout
from datagen.schema.model_findings import check_part

FANOUT_IN_TIME = (
    "heterogeneity", "p_zero", "holidays", "bursts", "noise", "by_state", "every", "from", "until", "multipliers",
    "total", "mean", "anomalies",
)  # fmt: skip


class ProcessColumn(Generator):
    """A column that the table's row maker fills; what was written as its generator only shapes it."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    role: str
    type: ColumnType
    binding: Any

    def infer(self, scope: Scope) -> ColumnType:
        return self.type

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        return ((scope.table, graph.ROWS), *self.binding.reads.get((scope.table, graph.ROWS), ()))

    def foreseen(self, scope: Scope) -> NDArray[np.float64] | None:
        arrivals = self.binding.arrivals.get(scope.table) if self.role == "arrival" else None
        return None if arrivals is None else arrivals.foreseen()

    def bind(self, scope: Scope) -> Fill:
        scope.fits(self.type, "")
        if self.role == "arrival":
            arrivals = self.binding.arrivals.get(scope.table)
            return _nothing if arrivals is None else arrivals.times
        rows = self.binding.counts.get(scope.table)
        fill: Fill | None = None if rows is None else rows.fills.get(self.role)
        return fill if fill is not None else _nothing


def _nothing(block: Any) -> Any:
    from datagen.contracts import Values

    return Values("time", np.zeros(block.rows, dtype=np.int64))


def find_makers(binding: Binding, behaviors: Behaviors) -> None:
    """Decide which tables a row maker makes, and which of their columns it fills. Sets `binding.makers`."""
    binding.sources = find_conversions(binding)
    refuse_multiplied(binding, behaviors)
    for table in binding.tables.values():
        if table.id in binding.sources:
            from datagen.rows.attribution_chain import Conversions

            binding.makers[table.id] = ("attribution_chain", Conversions)
            _fill(binding, table, Conversions.FILLS)
            refuse_moved(binding, table)
            continue
        node = binding.drafting.nodes[table.id]
        if binding.drafting.kinds[table.id] == "stream":
            from datagen.plan.streams import find_stream

            find_stream(binding, table)
            continue
        words = [key for key in PROCESS_KEYS if node.get(key) is not None]
        if len(words) > 1:
            binding.refuse(
                "process.two",
                (*table.loc, words[1]),
                key=True,
                found=f"{listed(words)} on one table",
                expected="one process per table",
            )
            continue
        if words:
            maker = find("rows", words[0])
            _refuse_rows_of_its_own(binding, table, words[0])
            if maker is not None and table.parent is not None:
                binding.makers[table.id] = (words[0], maker)
                _fill(binding, table, maker.FILLS)
                if words[0] in ("attribution_chain", "adoption_model"):
                    refuse_moved(binding, table)
            continue
        if binding.drafting.kinds[table.id] == "graph":
            fill_graph(binding, table)
            continue
        column = arriving(binding, table)
        if column is not None:
            arrivals = bind_arrivals(binding, table, column, binding.scale)
            if arrivals is not None:
                binding.arrivals[table.id] = arrivals
                binding.drafting.rows[table.id] = arrivals.rows
            _take(binding, column, "arrival", "datetime")
        if table.parent is None or table.each is not None:
            continue
        spec = node.get("fanout")
        if isinstance(spec, Mapping) and not faults_of_by(spec, binding.document, ()):
            for steps in idle_stretches(spec):
                binding.refuse(
                    "fanout.stretch_alone",
                    (*table.loc, "fanout", *steps),
                    key=True,
                    found="stretch: true without a total or a mean",
                    expected="total or mean beside it: stretch lets min and max give way to them",
                )
        unmade = [column for column in table.columns.values() if column.word == "process"]
        wanted = isinstance(spec, Mapping) and any(
            any(one.get(key) is not None for key in FANOUT_IN_TIME) or one.get("per") not in (None, "parent")
            for one in (every(spec) if not faults_of_by(spec, binding.document, ()) else ())
        )
        if wanted or (spec is not None and (behaviors.ages.get(table.id) or behaviors.leaving.get(table.id))) or unmade:
            binding.makers[table.id] = ("fanout", find("rows", "fanout"))
            given = spec if isinstance(spec, Mapping) else {}
            total = given.get("total") is not None or given.get("mean") is not None
            if not total or given.get("per") not in (None, "parent"):
                _fill_time(binding, table)
    if binding.emitting:
        from datagen.plan.streams import find_emits

        find_emits(binding)
    for table in binding.tables.values():
        for column in table.columns.values():
            if column.word == "process" and column.process is None:
                binding.refuse(
                    "column.no_generator",
                    column.loc,
                    found=f"{column.name} without a generator",
                    expected="a generator, such as choice, distribution or lookup",
                    hint=f"role: {column.role} is filled in a table whose rows a process makes, and {table.id} is none"
                    if column.role
                    else "",
                )


def _refuse_rows_of_its_own(binding: Binding, table: TableDraft, word: str) -> None:
    """A process follows the rows of a driving parent, and says itself how many rows that makes."""
    node = binding.drafting.nodes[table.id]
    if not node.get("parents"):
        binding.refuse(
            "process.no_parent",
            (*table.loc, word),
            key=True,
            found=f"{word} on {table.id}, which has no parent",
            expected="parents: [table], the table whose rows go through it",
        )
    elif node.get("fanout") is not None and word != "attribution_chain":  # there it counts the journeys
        binding.refuse(
            "process.fanout",
            (*table.loc, "fanout"),
            key=True,
            found=f"a fanout beside {word}, which makes the rows of {table.id}",
            expected="one of them",
            hint="instances_per_parent is the number of passages per parent" if word == "stage_config" else "",
        )


def _fill_time(binding: Binding, table: TableDraft) -> None:
    """The time of a rate: the column with role time that has no generator, else the table's datetime_series."""
    name = time_column_of(table)
    column = table.columns[name] if name is not None else None
    if column is not None and column.word in ("process", "datetime_series"):
        _take(binding, column, "time", "datetime")


def _fill(binding: Binding, table: TableDraft, fills: Mapping[str, ColumnType]) -> None:
    """The columns of a process table, by role, else by the names that old documents use."""
    taken: set[str] = set()
    for column in table.columns.values():
        copied = column.role == "segment" and column.word != "process"  # a segment of the parent, say
        if column.role is not None and column.role in fills and column.role not in taken and not copied:
            taken.add(column.role)
            _take(binding, column, column.role, fills[column.role])
    for role, type_ in fills.items():
        if role in taken:
            continue
        names = FALLBACK.get(role, ())
        named = [column for column in table.columns.values() if column.name.lower() in names and column.process is None]
        if role == "time" and not named:
            name = time_column_of(table)
            named = [table.columns[name]] if name is not None and table.columns[name].process is None else []
        if named:
            _take(binding, named[0], role, type_)
    for name, column in table.columns.items():
        if column.process is not None and column.word != "process":
            binding.refuse(
                "process.placeholder",
                (*column.loc, "generator"),
                found=f"a generator of {name}, which the process of {table.id} fills"
                + (": declared, not applied" if binding.version_1 else ""),
                expected=f"{name} with role: {column.process} and without a generator",
                severity="warning" if binding.version_1 else "error",
            )


def _take(binding: Binding, column: ColumnDraft, role: str, type_: ColumnType) -> None:
    node = (column.table, column.name)
    column.process = role
    column.known_type = column.known_type or type_
    binding.generators[node] = ProcessColumn(role=role, type=type_, binding=binding)


def maker_of(binding: Binding, table: TableDraft, scope: PlanRowScope) -> Any:
    """The row maker of a table with its parameters, or None after a refusal."""
    word, maker = binding.makers[table.id]
    source = binding.sources.get(table.id, table)
    written = binding.drafting.nodes[source.id].get(word) or {}
    loc = (*source.loc, word)
    if word == EMIT:
        from datagen.plan.streams import emit_maker

        return emit_maker(binding, table, scope, lambda one, inner: _inner(binding, one, inner))
    if word == "fanout" and has_by(written):
        faults = faults_of_by(written, binding.document, loc)
        binding.findings.extend(faults)
        return None if faults else _by(binding, written, scope, maker)
    return _made(binding, written, scope, maker)


def _inner(binding: Binding, table: TableDraft, scope: Any) -> Any:
    """The fan-out of an emit as a row maker, None after a refusal."""
    from datagen.plan.bind_rows import plain_maker

    written: Any = binding.drafting.nodes[table.id].get("fanout")
    if not binding.emitting[table.id].in_time:
        return plain_maker(binding, table, written, scope)
    maker = find("rows", "fanout")
    if has_by(written):
        faults = faults_of_by(written, binding.document, scope.loc)
        binding.findings.extend(faults)
        return None if faults else _by(binding, written, scope, maker)
    return _made(binding, written, scope, maker)


def _by(binding: Binding, written: Mapping[str, Any], scope: Any, maker: Any) -> Any:
    """A row maker by the value of a column of the parent, or one that knows no further `by`."""
    if has_by(written):
        return ByMaker(written, scope, lambda own, inner: _by(binding, own, inner, maker))
    return _made(binding, written, scope, maker)


def _made(binding: Binding, written: Mapping[str, Any], scope: Any, maker: Any) -> Any:
    model, findings = check_part(maker.SPEC, written, binding.document, scope.loc)
    binding.findings.extend(findings)
    return None if model is None else maker(model, scope)


def row_scope(
    binding: Binding, behaviors: Behaviors, table: TableDraft, steering: tuple[Steering, ...] | None
) -> PlanRowScope:
    """The scope of a row maker. steering None: before bounds are known, to ask what it reads.

    That of a table whose rows another one's process makes is the other one's.
    """
    table = binding.sources.get(table.id, table)
    parent = binding.tables[table.parent or ""]
    word = binding.makers[table.id][0] if table.id in binding.makers else "fanout"
    time = time_column_of(table)
    own = None
    if time is not None and table.columns[time].process == "time":
        lower, upper = binding.bounds(table.columns[time], steering) if steering is not None else ([], [])
        own = binding.scope_of(table.columns[time], column_type="datetime", lower=lower, upper=upper)
    creation = _creation(binding, behaviors, parent)
    begin = _begin(behaviors, parent, creation)
    scope = PlanRowScope(
        own=table.id,
        key=table_key(binding.seed, table.id),
        seed=binding.seed,
        time=own,
        creation=creation,
        begin=begin,
        time_type=None if time is None else table.columns[time].known_type,
        filled={column.process: column.name for column in table.columns.values() if column.process is not None},
        find_variation=lambda scope, names, key: find_variation(binding, scope, parent, names, key),
        rows_of=binding.counts.get,
        makers=binding.makers,
        fanout_beside=_fanout_beside(binding, table, word),
        anomalies=binding.anomalies,
        table_effects=[
            (binding.table_scope(table, (*table.loc, "modifiers", place, "args")), args)
            for place, (word, args) in enumerate(binding.drafting.table_modifiers[table.id])
            if word == "effect"
        ],
        document=binding.document,
        findings=binding.findings,
        tables=binding.tables,
        table=parent,
        column=graph.ROWS,
        loc=(*table.loc, word),
        timeframe=binding.timeframe,
        version_1=binding.version_1,
        salt_path=(table.id, graph.ROWS),
        fixed_rows=binding.known_rows,
        expected_rows=binding.expected_rows,
    )
    if creation is not None:
        entity, column = _entity_of(binding, behaviors, parent)
        scope.creations = lambda: _creations(binding, entity, column)
    if begin is not None:
        scope.begins = lambda: _begins(binding, parent, begin, scope)
    scope.factors = rate_factors(binding, behaviors, table, scope)
    scope.arms = arm_windows(binding, table, scope)
    scope.chances = arm_chances(binding, table, scope)
    scope.ages = [
        Ageing(scope.read(name), one.curve, one.mode, salt_of(one.entity, "age", one.name), one.entity, one.text)
        for one in behaviors.ages.get(table.id, ())
        if (name := path_to(binding, parent, one.entity, one.created)) is not None
    ]
    scope.life = life_of(binding, behaviors, table)
    scope.leaving = [
        one.curve.survival
        for entity in behaviors.leaving.get(table.id, ())
        for one in behaviors.departed.get(entity, ())
    ]
    return scope


def _fanout_beside(binding: Binding, table: TableDraft, word: str) -> Fanout | None:
    """The fan-out that stands beside a process."""
    written = binding.drafting.nodes[table.id].get("fanout")
    if written is None or word == "fanout":
        return None
    model, findings = check_part(Fanout, written, binding.document, (*table.loc, "fanout"))
    binding.findings.extend(findings)
    return model


def rate_factors(binding: Binding, behaviors: Behaviors, table: TableDraft, scope: Any) -> list[RateFactor]:
    """The segments' multipliers on the rows of a table, as functions of the driving parent."""
    parent = binding.tables[table.parent or ""]
    found: list[RateFactor] = []
    for one in behaviors.rates.get(table.id, ()):
        name = path_to(binding, parent, one.entity, one.column)
        if name is None:
            continue
        reader = scope.read(name)

        def factor(block: Any, reader: Any = reader, one: Factors = one) -> NDArray[np.float64]:
            return mapped(reader(block), one.by_value)

        found.append(RateFactor(factor, *_means(binding, behaviors, table, one)))
    return [*found, *arm_factors(binding, table, scope)]


def _means(
    binding: Binding, behaviors: Behaviors, table: TableDraft, one: Factors
) -> tuple[float | None, str, float | None]:
    """Mean factor, its text and its mean square over the driving rows, of which favoured segments may have more already."""
    from datagen.plan.segments import shares_of

    above = factors_above(behaviors, binding.tables, table, one)
    shares = shares_of(binding, binding.tables[one.entity].columns[one.column]) if above else None
    if shares is None:
        return one.mean, one.text, one.second
    weights = {value: share * above.get(value, 1.0) for value, share in shares.items()}
    total = sum(weights.values())
    if not total:
        return one.mean, one.text, one.second
    factors = {value: one.by_value.get(value, 1.0) for value in weights}
    mean = sum(weight * factors[value] for value, weight in weights.items()) / total
    second = sum(weight * factors[value] ** 2 for value, weight in weights.items()) / total
    return mean, one.text, second


def _entity_of(binding: Binding, behaviors: Behaviors, parent: TableDraft) -> tuple[str, str]:
    for name in (parent.id, *_above(binding, parent)):
        if name in behaviors.created:
            return name, behaviors.created[name]
    return "", ""


def _above(binding: Binding, table: TableDraft) -> Iterable[str]:
    from datagen.plan.names import ancestors

    return ancestors(binding.tables, table)


def _creation(binding: Binding, behaviors: Behaviors, parent: TableDraft) -> str | None:
    entity, column = _entity_of(binding, behaviors, parent)
    return path_to(binding, parent, entity, column) if entity else None


def _begin(behaviors: Behaviors, parent: TableDraft, creation: str | None) -> str | None:
    """The driving parent's own creation, else its time, else the creation of what it belongs to."""
    return behaviors.created.get(parent.id) or time_column_of(parent) or creation


def _begins(binding: Binding, parent: TableDraft, begin: str, scope: PlanRowScope) -> NDArray[np.float64] | None:
    return _creations(binding, parent.id, begin) if begin in parent.columns else scope.creations()


def _creations(binding: Binding, entity: str, column: str) -> NDArray[np.float64] | None:
    tell = binding.foreseen.get((entity, column))
    return None if tell is None else tell()


def life_of(binding: Binding, behaviors: Behaviors, table: TableDraft) -> tuple[list[str], list[str]]:
    """The names under which the driving parent reads when it and those above it were created, and when they departed."""
    parent = binding.tables[table.parent or ""]
    above = (parent.id, *_above(binding, parent))
    created = [(entity, behaviors.created[entity]) for entity in above if entity in behaviors.created]
    departed = [(entity, DEPARTED) for entity in behaviors.leaving.get(table.id, ())]
    names = [[path_to(binding, parent, *node) for node in nodes] for nodes in (created, departed)]
    first, second = ([name for name in some if name is not None] for some in names)
    return first, second


def maker_reads(binding: Binding, behaviors: Behaviors, table: TableDraft) -> list[Any]:
    """What the rows of a table read, as names of the driving parent or (table, column)s."""
    parent = binding.tables[table.parent or ""]
    wanted: list[Any] = list(names_of(behaviors.rates.get(table.id, ()), binding, parent))
    wanted += names_of(behaviors.ages.get(table.id, ()), binding, parent)
    for names in life_of(binding, behaviors, table):
        wanted += names
    return wanted
