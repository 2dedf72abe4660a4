"""`experiments`: arms of a unit's rows, and what they change from a moment on: rates of tables, values, chances.

The arm is a column of the unit. Both potential outcomes of a value come from the same draws and stand in hidden columns
(`amount_if_control`, `amount_if_treatment`). Rates have the same process of events under every arm; only its pace differs.
What units would have under each arm is in their labels (`plan.outcomes`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen.errors import did_you_mean, listed
from datagen.plan.arms import Effect, Outcome
from datagen.plan.behaviors import Reach, path_to
from datagen.plan.binding import Binding
from datagen.plan.chances import PROCESSES, seat_chance
from datagen.plan.drafts import time_column_of
from datagen.plan.names import ColumnDraft, NameFault, TableDraft, declared, find_column, find_table
from datagen.plan.trials_of_streams import in_emits, measures_named, rates_named, show_outcomes, values_named
from datagen.schema.times import parse_time

Node = tuple[str, str]


@dataclass(slots=True)
class Trials:
    """The effects of all experiments, by where they act."""

    rates: dict[str, list[Effect]] = field(default_factory=dict)
    values: dict[Node, list[Effect]] = field(default_factory=dict)
    chances: dict[str, list[Effect]] = field(default_factory=dict)  # of stages and states


def add_arms(binding: Binding) -> None:
    """Give every unit the column of its arm."""
    for place, one in enumerate(binding.document.root.get("experiments") or ()):
        loc: tuple[str | int, ...] = ("experiments", place)
        table = find_table(binding.tables, one["unit"])
        if table is None:
            binding.refuse(
                "ref.unknown_table",
                (*loc, "unit"),
                found=f"'{one['unit']}'",
                expected=f"a table: {listed(declared(binding.tables))}",
                hint=did_you_mean(one["unit"], binding.tables),
            )
            continue
        if len(one["arms"]) < 2:
            binding.refuse(
                "experiment.arms", (*loc, "arms"), found=f"{len(one['arms'])} arm", expected="two arms or more"
            )
            continue
        params = {"choices": list(one["arms"]), "weights": list(one["arms"].values())}
        _add(binding, table, one["name"], "choice", params, {"type": "string"}, loc)


def _add(
    binding: Binding,
    table: TableDraft,
    name: str,
    word: str,
    params: Mapping[str, Any],
    spec: Mapping[str, Any],
    loc: Any,
) -> bool:
    if table.column(name) is not None:
        binding.refuse(
            "experiment.column",
            loc,
            found=f"a column {name} of {table.id}",
            expected=f"another name: the experiment makes a column {name} itself",
        )
        return False
    column = ColumnDraft(table.id, name, word, params, loc, (), spec.get("type"), None)
    table.columns[name] = column
    binding.drafting.specs[table.id, name] = {"name": name, **spec}
    return True


def find_trials(binding: Binding) -> Trials:
    """Where the experiments act; adds the hidden columns of potential outcomes."""
    made = Trials()
    reach = Reach(binding)
    for place, one in enumerate(binding.document.root.get("experiments") or ()):
        loc: tuple[str | int, ...] = ("experiments", place)
        table = find_table(binding.tables, one["unit"])
        if table is None or table.column(one["name"]) is None:
            continue
        since = _moment(binding, one["start"], (*loc, "start"))
        for at, effect in enumerate(one.get("effects") or ()):
            _seat(binding, reach, made, table, one, effect, since, (*loc, "effects", at))
    outcomes = {
        (table_id, name): _add_outcomes(binding, binding.tables[table_id].columns[name], effects)
        for (table_id, name), effects in made.values.items()
    }
    show_outcomes(binding, outcomes, ("experiments",))
    return made


def _moment(binding: Binding, written: Any, loc: Any) -> int | None:
    """When an experiment starts: microseconds, None for the beginning of everything."""
    start = None if binding.timeframe is None else binding.timeframe.start
    if written == "timeframe.start":
        return None
    time = parse_time(written) if isinstance(written, str) else "no time"
    if isinstance(time, str):
        binding.refuse("experiment.start", loc, found=f"{written!r}", expected="a time, or timeframe.start")
        return None
    return None if start is not None and time <= start else int(time)


def _seat(
    binding: Binding, reach: Reach, made: Trials, unit: TableDraft, one: Any, effect: Any, since: int | None, loc: Any
) -> None:
    on = effect["on"]
    by = _sizes(binding, unit, effect.get("by"), (*loc, "by"))
    size = float(effect["size"])
    sizes = [size, *(by[1].values() if by else ())]
    if any(value < 0 for value in sizes) or (effect.get("op") == "odds" and min(sizes) <= 0):
        binding.refuse("experiment.size", (*loc, "size"), found=f"{min(sizes):g}", expected="a factor above 0")
        return
    weights = binding.tables[unit.id].columns[one["name"]]
    shares = weights.shares(weights) if weights.shares is not None else None
    arms = tuple(one["arms"])
    made_of = Effect(
        one["name"], unit.id, arms, tuple((shares or {}).get(arm, 0.0) for arm in arms), since,
        effect.get("op") or "mul", size, by, loc,
    )  # fmt: skip
    if on == "fanout":
        for table in _tables(binding, reach, unit, effect.get("table"), loc):
            _seat_rate(binding, made, table, made_of)
        return
    if on in PROCESSES:
        seat_chance(binding, made.chances, effect.get("table"), on, made_of)
        return
    for column in _columns(binding, reach, unit, effect.get("table"), loc):
        _seat_value(binding, made, column, made_of)


def _sizes(binding: Binding, unit: TableDraft, by: Any, loc: Any) -> tuple[str, Mapping[str, float]] | None:
    if by is None:
        return None
    item = next(iter(by.items())) if isinstance(by, Mapping) and len(by) == 1 else None
    sound = item is not None and isinstance(item[1], Mapping) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in item[1].values()
    )  # fmt: skip
    column = unit.column(item[0]) if item is not None else None
    if not sound or item is None or column is None or column.type not in ("string", "int", "bool"):
        binding.refuse(
            "experiment.by",
            loc,
            found=f"{by!r}",
            expected=f"sizes by the values of one column of {unit.id}: {{column: {{value: size}}}}",
        )
        return None
    return column.name, {text: float(value) for text, value in item[1].items()}


def _tables(binding: Binding, reach: Reach, unit: TableDraft, named: str | None, loc: Any) -> list[TableDraft]:
    if named is None:
        found = reach.children(unit.id, multiplied=True)
    elif (of_stream := rates_named(binding, named, unit, loc)) is not None:
        return of_stream
    else:
        table = find_table(binding.tables, named)
        found = [] if table is None else [table]
    if not found:
        binding.refuse(
            "experiment.not_reached",
            (*loc, "table") if named else loc,
            found=f"'{named}'" if named else f"no table with a fanout below {unit.id}",
            expected=f"a table below {unit.id}: {listed(declared(binding.tables))}",
        )
    return found


def _columns(binding: Binding, reach: Reach, unit: TableDraft, named: str | None, loc: Any) -> list[ColumnDraft]:
    of_stream = values_named(binding, named, unit, loc) if named is not None and "." in named else None
    if of_stream is not None:
        return of_stream
    if named is not None and "." in named:
        found = find_column(binding.tables, named)
        if isinstance(found, NameFault):
            binding.refuse(found.code, (*loc, "table"), **found.facts)
            return []
        return [found]
    of_stream = measures_named(binding, named, unit, loc) if named is not None else None
    if of_stream is not None:
        return of_stream
    table = find_table(binding.tables, named) if named is not None else None
    tables = [table] if table is not None else [] if named else reach.children(unit.id, multiplied=False)
    columns = [one.columns[name] for one in tables for name in reach.measures(one)]
    if not columns:
        binding.refuse(
            "experiment.not_reached",
            (*loc, "table") if named else loc,
            found=f"'{named}'" if named else f"no single amount in the tables below {unit.id}",
            expected="table.column, or a table with a column with role: measure",
        )
    return in_emits(binding, columns, unit, loc)


def _seat_rate(binding: Binding, made: Trials, table: TableDraft, effect: Effect) -> None:
    parent = binding.tables[table.parent] if table.parent is not None else None
    if parent is None or path_to(binding, parent, effect.unit, effect.name) is None:
        binding.refuse(
            "experiment.not_reached",
            effect.loc,
            found=f"{table.id}, whose rows are not made for a {effect.unit}",
            expected=f"a table below {effect.unit}",
        )
    elif effect.op == "odds":
        binding.refuse(
            "experiment.op", (*effect.loc, "op"), found="odds of a number of rows", expected="mul for a fanout"
        )
    else:
        made.rates.setdefault(table.id, []).append(effect)


def _seat_value(binding: Binding, made: Trials, column: ColumnDraft, effect: Effect) -> None:
    table = binding.tables[column.table]
    if path_to(binding, table, effect.unit, effect.name) is None:
        binding.refuse(
            "experiment.not_reached",
            effect.loc,
            found=f"{column.table}.{column.name}, whose rows refer to no {effect.unit}",
            expected=f"a column of {effect.unit} or of a table below it",
        )
    elif not (column.word == "bernoulli" or (effect.op == "mul" and column.type in ("int", "float"))):
        binding.refuse(
            "experiment.op",
            (*effect.loc, "op"),
            found=f"{effect.op} on {column.table}.{column.name} of type {column.type}, made by {column.word}",
            expected="mul on a number, mul or odds on a bernoulli column",
        )
    elif effect.since is not None and time_column_of(table) in (None, column.name):
        binding.refuse(
            "experiment.no_time",
            effect.loc,
            found=f"a start in {column.table}, whose rows have no time",
            expected="start: timeframe.start, or a datetime column",
        )
    else:
        made.values.setdefault((column.table, column.name), []).append(effect)


def _add_outcomes(binding: Binding, column: ColumnDraft, effects: list[Effect]) -> list[str]:
    """Hidden columns of a value under every arm of the experiments that change it; gives their names."""
    added = []
    spec = binding.drafting.specs[column.table, column.name]
    kept = {key: spec[key] for key in ("decimals", "precision", "when", "nullable") if spec.get(key) is not None}
    for effect in {one.name: one for one in effects}.values():
        for arm in effect.arms:
            name = f"{column.name}_if_{re.sub(r'[^A-Za-z0-9_]', '_', arm)}"
            own = {**kept, "type": column.type, "hidden": True}
            if _add(binding, binding.tables[column.table], name, "outcome", {}, own, effect.loc):
                node = (column.table, name)
                binding.generators[node] = Outcome(
                    of=(column.table, column.name), experiment=effect.name, arm=arm, binding=binding
                )
                binding.modifiers[node] = []
                added.append(name)
    return added
