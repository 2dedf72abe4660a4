"""`vintage_behavior`: entities that grow less (or more) active, or whose values rise, as they grow older."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import did_you_mean, listed
from datagen.kernel import elementary
from datagen.kernel.ages import AgeCurve
from datagen.kernel.draws import uniform
from datagen.plan.behaviors import DEPARTED, AgeFactor, Behaviors, Reach, seat_rate
from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.names import ColumnDraft, TableDraft, find_table
from datagen.plan.segments import default_columns, emitted
from datagen.schema.durations import LENGTHS
from datagen.schema.model_behaviors import AgeMultiplier, CurveSpec, VintageBehavior
from datagen.schema.model_findings import check_part

MIXED = 0.5  # under `mixed` the curve's square root is the survival, the other root the rate


def lower_vintages(binding: Binding, reach: Reach, made: Behaviors, table: TableDraft, spec: Mapping[str, Any]) -> None:
    """Seat the age curves of one entity."""
    at = (*table.loc, "vintage_behavior")
    model, findings = check_part(VintageBehavior, spec, binding.document, at)
    binding.findings.extend(findings)
    if model is None:
        return
    created = _created(binding, table, model, at)
    if created is None:
        return
    made.created[table.id] = created
    for name, one in model.age_based_multipliers.items():
        _seat(binding, reach, made, table, created, name, one, (*at, "age_based_multipliers", name))
    if made.departed.get(table.id):
        _add_departure(binding, table, created, made.departed[table.id], at)


def _created(binding: Binding, table: TableDraft, model: VintageBehavior, at: Any) -> str | None:
    named = model.created_at_column
    if named is None:
        marked = [column.name for column in table.columns.values() if column.role == "created"]
        found = marked[0] if marked else time_column_of(table)
        if found is None:
            binding.refuse(
                "vintage.no_time",
                at,
                found=f"a vintage_behavior on {table.id}, which has no datetime column",
                expected="a datetime column that says when a row was created",
                hint="add one: created_at: {datetime_series: {}}",
            )
        return found
    column = table.column(named)
    if column is None:
        binding.refuse(
            "vintage.unknown_column",
            (*at, "created_at_column"),
            found=f"'{named}'",
            expected=f"a datetime column of {table.id}: {listed(tuple(table.columns))}",
            hint=did_you_mean(named, table.columns),
        )
        return None
    if column.type not in ("datetime", "date", None):
        binding.refuse(
            "vintage.unknown_column",
            (*at, "created_at_column"),
            found=f"{column.name} of type {column.type}",
            expected=f"a datetime column of {table.id}",
        )
        return None
    return column.name


def _seat(
    binding: Binding,
    reach: Reach,
    made: Behaviors,
    table: TableDraft,
    created: str,
    name: str,
    one: AgeMultiplier,
    at: Any,
) -> None:
    curve = curve_of(binding, one, at)
    if curve is None:
        return
    fanout, tables, columns = _targets(binding, reach, table, one, at)
    if fanout:
        reached = tables or [child.id for child in reach.children(table.id, multiplied=True)]
        if not reached:
            binding.refuse(
                "vintage.reaches_nothing",
                at,
                found=f"{name}, an age curve of {table.id}, to which no table with a fanout refers",
                expected=f"a fact with parents: [{table.id}] and a fanout",
            )
        mode = one.mode or ("dropout" if curve.falls else "rate")
        if mode in ("dropout", "mixed") and not curve.falls:
            binding.refuse(
                "vintage.not_survival",
                (*at, "mode"),
                found=f"mode: {mode} with a curve that does not start at 1, or that rises",
                expected="a curve such as [1, 0.75, 0.6]: the share that is still there",
                hint="mode: rate multiplies the activity, mode: active_share switches it on and off",
            )
            return
        if mode == "active_share" and not _at_most_one(curve):
            binding.refuse(
                "vintage.above_one",
                (*at, "curve"),
                found="mode: active_share with values above 1",
                expected="shares between 0 and 1",
            )
            return
        parts: list[AgeFactor] = []
        if mode == "mixed":
            half = curve.powered(MIXED)
            parts = [
                AgeFactor(table.id, created, half, "dropout", name),
                AgeFactor(table.id, created, half, "rate", name),
            ]
        else:
            parts = [AgeFactor(table.id, created, curve, mode, name)]
        for part in parts:
            if part.mode == "dropout":
                made.departed.setdefault(table.id, []).append(part)
            for other in reached:
                way = reach.way(binding.tables[other], table.id)
                if way is not None:
                    seat_rate(made, way, part)
    for node in columns:
        made.values.setdefault(node, []).append(AgeFactor(table.id, created, curve, "value", name))


def _at_most_one(curve: AgeCurve) -> bool:
    return bool((curve.value(np.linspace(0.0, 120.0, 1_921)) <= 1.0 + 1e-12).all())


def _targets(
    binding: Binding, reach: Reach, table: TableDraft, one: AgeMultiplier, at: Any
) -> tuple[bool, list[str], list[tuple[str, str]]]:
    """(whether rows are multiplied, tables named for that, columns whose values are multiplied)."""
    named = one.applies_to
    if named is None or named == "fanout":
        return True, [], []
    facts = reach.children(table.id, multiplied=False)
    if named == "all":
        return True, [], default_columns(binding, reach, table, facts, None, at, "age curves")
    names = (named,) if isinstance(named, str) else tuple(named)
    fanout, tables, columns = False, [], []
    for place, name in enumerate(names):
        where = (*at, "applies_to") if isinstance(named, str) else (*at, "applies_to", place)
        if name == "fanout":
            fanout = True
            continue
        target = find_table(binding.tables, name) if "." not in name else None
        if target is not None:
            if reach.way(target, table.id) is None or target.id == table.id:
                binding.refuse(
                    "segment.not_reached",
                    where,
                    found=f"{target.id}, whose rows refer to no {table.id}",
                    expected=f"a table below {table.id}, or one with a lookup of it",
                )
            else:
                fanout = True
                tables += emitted(binding, target, where)
            continue
        head, _, tail = name.rpartition(".")
        below = [other for other in binding.tables.values() if other.id != table.id and reach.way(other, table.id)]
        within = below if head else facts
        hits = [
            (fact.id, column.name)
            for fact in within
            if (not head or fact.id.lower() == head.lower()) and (column := fact.column(tail)) is not None
        ]
        columns += hits
        if not hits:
            known = sorted({column for fact in within for column in fact.columns})
            binding.refuse(
                "behavior.unknown_column",
                where,
                found=f"'{name}', a column of no fact of {table.id}"
                + (": declared, not applied, because nothing has that name" if binding.version_1 else ""),
                expected=f"fanout, all, or columns of {listed([fact.id for fact in facts]) or 'its facts'}",
                hint=did_you_mean(name, ("fanout", "all", *known)),
                severity="warning" if binding.version_1 else "error",
            )
    return fanout, tables, columns


def curve_of(binding: Binding, one: AgeMultiplier, at: Any) -> AgeCurve | None:
    """An age curve as written, or None after a refusal."""
    unit = LENGTHS[one.time_unit]
    if not isinstance(one.curve, str | CurveSpec):
        return AgeCurve(
            unit, tuple(float(step) for step in one.curve), one.tail or "hold", linear=one.interpolate == "linear"
        )
    for key in ("tail", "interpolate"):
        if getattr(one, key) is not None:
            binding.refuse(
                "vintage.steps_only",
                (*at, key),
                key=True,
                found=f"{key} on a curve given by a formula",
                expected=f"{key} beside a list of steps",
            )
            return None
    word = one.curve if isinstance(one.curve, str) else one.curve.curve_type
    given = dict((one.params or {}) if isinstance(one.curve, str) else one.curve.params)
    strange = [key for key in given if key not in ("a", "b")]
    if strange or not given:
        binding.refuse(
            "vintage.curve_params",
            at,
            found=f"parameters {listed(strange)}" if strange else f"a {word} curve without params",
            expected="params: {a, b}",
        )
        return None
    return AgeCurve(unit, formula=formula(word, float(given.get("a", 1.0)), float(given.get("b", 0.0))))


def formula(word: str, a: float, b: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """a + b·ln(1 + age), a·e^(b·age) or a + b·age."""
    if word == "logarithmic":
        return lambda age: a + b * elementary.log(1.0 + age)
    if word == "exponential":
        return lambda age: a * elementary.exp(b * age)
    return lambda age: a + b * age


class Departure(Generator):
    """When an entity leaves for good: the age at which its survival curve passes its own draw, null while it is there."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    created: str
    curves: tuple[AgeFactor, ...]  # the earliest of them counts

    def infer(self, scope: Scope) -> ColumnType:
        return "datetime"

    def reads(self, scope: Scope) -> Iterable[str]:
        return (self.created,)

    def bind(self, scope: Scope) -> Fill:
        created, curves = scope.read(self.created), self.curves
        salts = [(scope.salt(f"leaving {one.name}", 0), scope.salt(f"leaving {one.name}", 1)) for one in curves]
        timeframe = scope.timeframe
        end = timeframe.end if timeframe is not None else 2**61

        def fill(block: Block) -> Values:
            values = created(block)
            start = np.asarray(values.array, dtype=np.int64)
            left = np.full(block.rows, end, dtype=np.int64)
            for one, (which, where) in zip(curves, salts, strict=True):
                most = max(1.0, float((end - start).max(initial=0)) / one.curve.unit)
                ages = one.curve.leaving(uniform(block.address, which), uniform(block.address, where), most)
                gone = np.where(np.isfinite(ages), ages, 0.0) * one.curve.unit
                at = np.where(np.isfinite(ages), start + np.rint(gone).astype(np.int64), end)
                left = np.minimum(left, at)
            valid = left < end
            if values.valid is not None:
                valid &= values.valid
            return Values("time", np.maximum(left, start), valid)

        return fill


def _add_departure(binding: Binding, table: TableDraft, created: str, curves: list[AgeFactor], at: Any) -> None:
    """Give the entity its hidden column `departed_at`."""
    if table.column(DEPARTED) is not None:
        binding.refuse(
            "vintage.departed_at",
            table.columns[table.column(DEPARTED).name].loc,  # type: ignore[union-attr]
            found=f"a column {DEPARTED} of {table.id}, whose age curve makes entities leave",
            expected=f"another name: {DEPARTED} is the time at which the curve says they leave",
        )
        return
    column = ColumnDraft(table.id, DEPARTED, "departure", {}, at, (), "datetime", None)
    table.columns[DEPARTED] = column
    binding.drafting.specs[table.id, DEPARTED] = {
        "name": DEPARTED,
        "type": "datetime",
        "nullable": True,
        "hidden": True,
    }
    binding.generators[table.id, DEPARTED] = Departure(created=created, curves=tuple(curves))
    binding.modifiers[table.id, DEPARTED] = []
