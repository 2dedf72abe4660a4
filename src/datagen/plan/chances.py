"""Effects of experiments on the chances of processes: to go on to a stage (`on: stage`), to be lost (`on: churn`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from datagen.errors import did_you_mean, listed
from datagen.plan.arms import Effect
from datagen.plan.behaviors import path_to
from datagen.plan.binding import Binding
from datagen.plan.names import TableDraft, find_table
from datagen.schema.weights import share

PROCESSES = {"stage": "stage_config", "churn": "state_transition_model"}


def seat_chance(binding: Binding, made: dict[str, list[Effect]], named: str | None, on: str, effect: Effect) -> None:
    """Put an effect on the processes that it is on: a table's, those of all tables below the unit, or one stage's."""
    word = PROCESSES[on]
    name, _, stage = (named or "").partition(".")
    table = find_table(binding.tables, name) if name else None
    able = [one for one in binding.tables.values() if _has(binding, one, word) and _reached(binding, one, effect)]
    if (name and table not in able) or not able or (stage and on == "churn"):
        at = (*effect.loc, "table") if named else effect.loc
        expected = "a table" if on == "churn" else "a table, or table.stage,"
        binding.refuse(
            "experiment.not_reached",
            at,
            found=f"'{named}'" if named else f"no table with {word} below {effect.unit}",
            expected=f"{expected} with {word} below {effect.unit}"
            + (f": {listed([one.id for one in able])}" if able else ""),
        )
        return
    for one in able if table is None else [table]:
        spec = binding.drafting.nodes[one.id][word]
        if on == "churn":
            made.setdefault(one.id, []).append(effect)
        elif _sound_stage(binding, one, spec, stage, effect):
            made.setdefault(one.id, []).append(replace(effect, stage=stage or None))
            _say_clipped(binding, one, spec, stage, effect)


def _has(binding: Binding, table: TableDraft, word: str) -> bool:
    return isinstance(binding.drafting.nodes[table.id].get(word), Mapping)


def _reached(binding: Binding, table: TableDraft, effect: Effect) -> bool:
    parent = binding.tables.get(table.parent or "")
    return parent is not None and path_to(binding, parent, effect.unit, effect.name) is not None


def _rates(spec: Mapping[str, Any]) -> dict[str, float]:
    """The chance of every stage; not a number where it is refused elsewhere."""
    stages = [one for one in spec.get("stages") or () if isinstance(one, Mapping)]
    written = {str(one.get("stage_name")): one.get("transition_rate") for one in stages}
    known = {name: 1.0 if rate is None else share(rate) for name, rate in written.items()}
    return {name: math.nan if rate is None else rate for name, rate in known.items()}


def _sound_stage(binding: Binding, table: TableDraft, spec: Mapping[str, Any], stage: str, effect: Effect) -> bool:
    """Whether there is such a stage, and one that an effect can change: a chance of exactly 1 is certain."""
    rates = _rates(spec)
    free = [name for name, rate in rates.items() if rate != 1.0]
    if (stage and stage in free) or (not stage and free):
        return True
    certain = f"{table.id}.{stage}, a stage that everybody reaches" if stage in rates else f"'{table.id}.{stage}'"
    binding.refuse(
        "experiment.not_reached",
        (*effect.loc, "table") if stage else effect.loc,
        found=certain if stage else f"{table.id}, all stages of which are certain",
        expected=f"a stage with a transition_rate below 1{f': {listed(free)}' if free else ''}",
        hint=did_you_mean(stage, free) if stage else "",
    )
    return False


def _say_clipped(binding: Binding, table: TableDraft, spec: Mapping[str, Any], stage: str, effect: Effect) -> None:
    """Say where a multiplied chance passes 1, and the effect is smaller than declared."""
    if effect.op == "odds":
        return
    size = max([effect.size, *(effect.by[1].values() if effect.by is not None else ())])
    for name, rate in _rates(spec).items():
        if rate != 1.0 and stage in ("", name) and rate * size > 1.0:
            binding.refuse(
                "experiment.clipped",
                (*effect.loc, "size"),
                found=f"{size:g} x {rate:g} = {rate * size:.3g} at stage {name} of {table.id}: taken as 1, "
                "so the arm differs by less than declared",
                expected=f"a size of at most {1 / rate:.3g} there",
                hint="op: odds never leaves 0 to 1",
                severity="warning",
            )
