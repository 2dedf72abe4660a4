"""Tells the correlations and the experiments that a plan plants, with what an analyst should find."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.plan.arms import Effect
from datagen.plan.binding import Binding
from datagen.plan.clamped import UNCLAMPED, behind
from datagen.plan.effects import PlantedEffect
from datagen.plan.found_rows import FoundRows
from datagen.plan.looked_values import UNKNOWN, acting, ratio_error
from datagen.plan.model import TablePlan
from datagen.plan.planted_sql import is_written, quoted_text
from datagen.plan.population import Population, late_rows, seen_ratio
from datagen.rows._contract import spread
from datagen.schema.times import show_time
from datagen.schema.weights import share

Floats = NDArray[np.float64]
RANK = 'rank() over (order by "{0}") + (count(*) over (partition by "{0}") - 1) / 2.0'


def planted_together(
    binding: Binding, table: TablePlan, population: Population | None, where: FoundRows
) -> Iterator[PlantedEffect]:
    """The correlations of a table, and what experiments do to its rows and values."""
    yield from _correlations(binding, table)
    for (owner, name), effects in binding.trials.values.items():
        if owner == table.id:
            for effect in effects:
                yield from _value(binding, table, name, effect, population, where)
    for effect in binding.trials.rates.get(table.id, ()):
        yield from _rate(binding, table, effect, population, where)


def _correlations(binding: Binding, table: TablePlan) -> Iterator[PlantedEffect]:
    together = next((one for (owner, _), one in binding.correlated.items() if owner == table.id), None)
    if together is None or table.expected_rows < 4:
        return
    for (i, j), (spearman, loc) in together.pairs.items():
        one, other = together.columns[i], together.columns[j]
        drafts = [binding.tables[table.id].columns[name] for name in (one, other)]
        moved = any(draft.modifiers or binding.behaviors.values.get((table.id, draft.name)) for draft in drafts)
        if moved or not all(is_written(binding, table.id, name) for name in (one, other)):
            continue  # what is written is no longer what was drawn
        yield PlantedEffect(
            id=f"{table.id}.{one}.{other}.spearman",
            kind="correlation",
            table=table.id,
            columns=((table.id, one), (table.id, other)),
            parameters={"spearman": spearman},
            statement=f"{one} and {other} of {table.id} have the rank correlation {spearman:g}",
            statistic=f"Spearman's rank correlation of {one} and {other}",
            expected=spearman,
            absent=0.0,
            # Bonett and Wright (2000)
            standard_error=(1 - spearman**2) * math.sqrt((1 + spearman**2 / 2) / (table.expected_rows - 3)),
            json_path=binding.document.place(loc).json_path,
            sql=f'select corr(a, b) from (select {RANK.format(one)} as a, {RANK.format(other)} as b from "{table.id}")',
            question=f"How closely do {one} and {other} go together, by rank?",
            rubric={"absolute_tolerance": 0.03},
        )


def _rows_of_arms(
    binding: Binding, table: TablePlan, effect: Effect, population: Population | None
) -> tuple[float, float] | None:
    """Expected rows of the control and of another arm after the start, the sizes of effects left out.

    Where it is not known when rows come, they are taken to be even in time.
    """
    since, frame = effect.since, binding.timeframe
    part = 1.0 if since is None or frame is None else (frame.end - since) / frame.length
    if since is not None and population is not None:
        part = float(late_rows(population, since).sum() / population.intensity.rows.sum())
    rows = [table.expected_rows * max(part, 0.0) * one for one in effect.shares[:2]]
    return (rows[0], rows[1]) if min(rows) > 1 else None


def _compared(binding: Binding, table: TablePlan, effect: Effect, where: FoundRows) -> tuple[str, str, str] | None:
    """SQL: what is joined, and the conditions of the control and of the other arm; None where it is not written."""
    own = table.id == effect.unit
    joined = where.rows if own else where.joined(binding, effect.unit)
    if effect.by is not None or joined is None or not is_written(binding, effect.unit, effect.name):
        return None
    name = "t" if own else "e"
    late = "" if effect.since is None else f""" and t."{where.time}" >= timestamp '{show_time(effect.since)}'"""
    arms = [f'{name}."{effect.name}" = {quoted_text(arm)}{late}' for arm in effect.arms[:2]]
    return joined, arms[0], arms[1]


def _value(
    binding: Binding, table: TablePlan, name: str, effect: Effect, population: Population | None, where: FoundRows
) -> Iterator[PlantedEffect]:
    told, rows = _compared(binding, table, effect, where), _rows_of_arms(binding, table, effect, population)
    if told is None or rows is None or not where.has(name):
        return
    joined, control, treated = told
    draft = binding.tables[table.id].columns[name]
    p = share(draft.params.get("p")) if draft.word == "bernoulli" else None
    facts: dict[str, Any] = {
        "table": where.table,
        "columns": ((effect.unit, effect.name), (where.table, name)),
        "parameters": {"op": effect.op, "size": effect.size, "arms": list(effect.arms)},
        "json_path": binding.document.place(effect.loc).json_path,
        "kind": "experiment_value",
        "id": f"{effect.name}.{where.id}.{name}",
    }
    if p is not None:
        chance = effect.size * p / (1 - p + effect.size * p) if effect.op == "odds" else min(effect.size * p, 1.0)
        yield PlantedEffect(
            statement=f"{name} is true in {chance:.3g} of the rows of {effect.arms[1]}, in {p:.3g} of {effect.arms[0]}",
            statistic=f"share of {name} in {effect.arms[1]} less that in {effect.arms[0]}",
            expected=chance - p,
            absent=0.0,
            standard_error=math.sqrt(p * (1 - p) / rows[0] + chance * (1 - chance) / rows[1]),
            sql=f'select avg(t."{name}"::int) filter ({treated})\n    - avg(t."{name}"::int) filter ({control}) from {joined}',
            question=f"By how much does {effect.arms[1]} of {effect.name} change the share of {name}?",
            rubric={"absolute_tolerance": 0.1 * abs(chance - p)},
            **facts,
        )
        return
    if draft.word == "bernoulli":
        return  # a chance that differs by row
    numbers = binding.generators[table.id, name].foreseen(binding.scope_of(draft, column_type=draft.type))
    mean = 0.0 if numbers is None else float(np.mean(numbers))
    deviation = None if numbers is None or not mean else float(np.std(numbers)) / abs(mean)
    error = None if deviation is None else effect.size * deviation * math.sqrt(1 / rows[0] + 1 / rows[1])
    several = error is not None and acting(binding, table.id, name) > 1
    if several:
        since = None if effect.since is None else (str(where.time), effect.since)
        both = (effect.arms[1], effect.arms[0])
        seen = ratio_error(binding, table.id, name, (effect.unit, effect.name), both, since)
        error = None if seen is None else effect.size * seen
    yield PlantedEffect(
        statement=f"{where.id}.{name} is {effect.size:g} times as high in {effect.arms[1]} of {effect.name}",
        statistic=f"mean {name} of {effect.arms[1]}, divided by that of {effect.arms[0]}",
        expected=effect.size,
        absent=1.0,
        standard_error=error,
        unsure=UNKNOWN if several and error is None else "",
        sql=f'select avg(t."{name}") filter ({treated})\n    / avg(t."{name}") filter ({control}) from {joined}',
        question=f"How many times as high is the mean {name} in {effect.arms[1]} as in {effect.arms[0]}?",
        rubric={"relative_tolerance": 0.1},
        **facts,
    )


def _rate(
    binding: Binding, table: TablePlan, effect: Effect, population: Population | None, where: FoundRows
) -> Iterator[PlantedEffect]:
    told, rows = _compared(binding, table, effect, where), _rows_of_arms(binding, table, effect, population)
    if told is None or rows is None:
        return
    joined, control, treated = told
    units = [
        f"""(select count(*) from "{effect.unit}" where "{effect.name}" = {quoted_text(arm)})"""
        for arm in effect.arms[:2]
    ]
    expected, error = _of_rate(binding, table, effect, population, rows)
    yield PlantedEffect(
        id=f"{effect.name}.{where.id}.rows",
        kind="experiment_rows",
        table=where.table,
        columns=((effect.unit, effect.name),),
        parameters={"size": effect.size, "arms": list(effect.arms)},
        statement=f"{effect.unit} in {effect.arms[1]} of {effect.name} have {effect.size:g} times as many {where.id}",
        statistic=f"{where.id} per {effect.unit} of {effect.arms[1]}, divided by those of {effect.arms[0]}",
        expected=expected,
        absent=1.0,
        standard_error=error,
        json_path=binding.document.place(effect.loc).json_path,
        sql=f"""select (count(*) filter ({treated}))::double / {units[1]}
    / ((count(*) filter ({control}))::double / {units[0]}) from {joined}""",
        question=f"How many times as many {where.id} has a {effect.unit} in {effect.arms[1]} as in {effect.arms[0]}?",
        rubric={"relative_tolerance": 0.1},
    )


def _of_rate(
    binding: Binding, table: TablePlan, effect: Effect, population: Population | None, rows: tuple[float, float]
) -> tuple[float, float | None]:
    """What the ratio of the rows of two arms should be, and its standard error; rows: of both, sizes left out."""
    made, number = binding.fanned(table.id), binding.expected_rows(effect.unit)
    if population is not None and population.block is not None:
        both = (effect.arms[1], effect.arms[0])
        seen = seen_ratio(population, (effect.unit, effect.name), both, number, effect.since, known=not population.tied)
        if seen is None:
            return effect.size, None
        return seen if population.tied else (effect.size, effect.size * seen[1] / seen[0])
    driving = table.parent == effect.unit
    if effect.since is None and (not hasattr(made, "per_day") or made.clamp != UNCLAMPED):
        # counted by a law, or clamped: the law itself tells
        clamped = behind(binding, table.id, effect, population, getattr(made, "clamp", UNCLAMPED)) if driving else None
        if clamped is None:
            return effect.size, None
        return clamped.ratio(effect.size), clamped.error(
            effect.size, number * effect.shares[1], number * effect.shares[0]
        )
    if population is None or population.disturbed or not driving:
        return effect.size, None
    uneven = spread(tuple(one for one in made.shape.factors if one.text != effect.text))
    if uneven is None or any(age.mode == "active_share" for age in made.shape.ages):
        return effect.size, None
    late = late_rows(population, effect.since)
    # parents are there for longer and shorter, and differ in more than their arm
    between = (1.0 + float(late.var() / late.mean() ** 2)) * uneven - 1.0
    apart = sum(between / max(number * share, 1.0) for share in effect.shares[:2])
    return effect.size, effect.size * math.sqrt(1 / rows[0] + 1 / (rows[1] * max(effect.size, 1e-9)) + apart)
