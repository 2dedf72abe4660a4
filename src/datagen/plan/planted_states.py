"""What an analyst should find of a state model: the share lost per period at risk, and who is left after some periods."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from datagen.plan.effects import PlantedEffect
from datagen.plan.planted_processes import FEW, Floats, Segment, Setting, Trial
from datagen.plan.planted_sql import quoted_text
from datagen.rows._states_history import Ints
from datagen.rows._states_outlook import outlook, raised
from datagen.rows._states_rows import StateRows

DIFFERENT = 500  # equally likely starts by which experiments are foreseen
SURVIVAL = 12  # periods after which is asked who is left
UNEVEN = ("heterogeneity", "term", "hazard_curve")  # keys that make the chance of loss differ from period to period


def planted_states(rows: StateRows, setting: Setting) -> Iterator[PlantedEffect]:
    """Losses per period by state and segment, and survival."""
    chain, declared = rows.rules.chain, setting.declared
    known = {"state", "previous_state", "time"} <= setting.columns.keys()
    if rows.output != "transitions" or not known or rows.rules.periods.calendar or not chain.lost.any():
        return
    starts = rows.starts.astype(np.int64)
    _, passed = rows.rules.periods.passed(starts, setting.end)
    complete = np.where(starts < setting.end, np.floor(passed), 0.0)  # periods that each saw whole
    if complete.max(initial=0.0) < 1:
        return
    if all(declared.get(key) is None for key in UNEVEN):
        for segment in setting.segments:
            yield from _losses(rows, setting, segment, complete)
    if setting.segment_column is None:
        yield from _survival(rows, setting, complete)


def planted_state_arms(rows: StateRows, setting: Setting) -> Iterator[PlantedEffect]:
    """What experiments do to the losses per period, by state, all segments together."""
    chain, rules = rows.rules.chain, rows.rules
    known = {"state", "previous_state", "time"} <= setting.columns.keys()
    uneven = any(setting.declared.get(key) is not None for key in UNEVEN)
    if rows.output != "transitions" or not known or rules.periods.calendar or uneven or rules.arms.guessed:
        return
    starts = rows.starts.astype(np.int64)
    starts = starts[np.linspace(0, len(starts) - 1, min(len(starts), DIFFERENT)).astype(np.int64)]
    complete = np.where(starts < setting.end, np.floor(rules.periods.passed(starts, setting.end)[1]), 0.0).astype(
        np.int64
    )
    for trial in setting.trials:
        begun = np.zeros_like(starts) if trial.since is None else rules.periods.passed(starts, trial.since)[0]
        risks = [_at_risk(rows, setting, trial.name, arm, begun, complete) for arm in trial.arms]
        for place in range(chain.declared):
            (lost_0, risk_0), (lost_1, risk_1) = (
                setting.entities * share * one[:, place] for one, share in zip(risks, trial.shares, strict=True)
            )
            if min(lost_0, lost_1) >= FEW:
                yield _lost_by_arm(rows, setting, trial, place, (lost_0, lost_1), (risk_0, risk_1))


def _at_risk(rows: StateRows, setting: Setting, trial: str, arm: str, begun: Ints, complete: Ints) -> Floats:
    """(2, states) losses and periods at risk of an entity of an arm, in the whole periods since an experiment started.

    begun, complete (n,): periods of equally likely entities that began before it, and that lie before the end.
    """
    rules, since = rows.rules, [effect.since for effect in rows.rules.arms.effects]
    found = np.zeros((2, rules.chain.declared))
    pairs, weights = np.unique(np.stack([begun, complete], axis=1), axis=0, return_counts=True)
    most = int(complete.max(initial=0))
    levels = [level for level in rules.arms.levels if level.arms[trial] == arm]
    total = sum(level.share for level in levels)
    for first in np.unique(pairs[:, 0]):  # few: when it started, in periods of an entity
        for level in levels:
            before = [0 if one is None else int(first) for one in since]
            for segment in setting.segments:
                factor = np.array([_factor(setting, segment)])
                seen = outlook(rules, rows.output, factor, most, level.sizes, before)
                chance = rules.chain.losses.total * raised(rules, factor, level.sizes)[0]
                for (_, last), weight in zip(pairs[pairs[:, 0] == first], weights[pairs[:, 0] == first], strict=True):
                    here = seen.states[int(first) : int(last)].sum(axis=0)
                    here = here * (level.share / total * segment.share * weight / len(begun))
                    found += np.stack([here * chance, here])
    return found


def _factor(setting: Setting, segment: Segment) -> float:
    variation = (setting.declared.get("segment_variation") or {}).get(segment.name) or {}
    return float(variation.get("churn_multiplier", 1.0))


def _lost_by_arm(
    rows: StateRows, setting: Setting, trial: Trial, place: int, lost: tuple[float, float], risk: tuple[float, float]
) -> PlantedEffect:
    chain, unit, of = rows.rules.chain, rows.rules.periods.unit, trial.arms
    name, ratio = chain.names[place], lost[1] / risk[1] / (lost[0] / risk[0])
    gone = ", ".join(quoted_text(one) for one, away in zip(chain.names, chain.lost, strict=True) if away)
    began = (
        "0"
        if trial.since is None
        else f"if(start >= {_stamp(trial.since)}, 0, "
        f"date_sub('{unit}', start, {_stamp(trial.since)} - interval 1 microsecond) + 1)"
    )
    parts = [
        f"""({_periods(rows, setting, Segment("", 1.0, where))},
since as (select *, {began} as b from followed)
select count(*) filter (previous = {quoted_text(name)} and state in ({gone}) and k > b and k <= seen)
    / sum(if(after = {quoted_text(name)}, greatest(least(coalesce(following, seen), seen) - greatest(k, b), 0), 0))::double
from since)"""
        for where in trial.where
    ]
    return PlantedEffect(
        id=f"{trial.name}.{setting.table}.{name}.loss",
        kind="experiment_churn",
        table=setting.table,
        columns=(trial.column, *setting.columns_of("state", "previous_state", "time")),
        parameters={"state": name, "arms": list(of), "losses": [lost[1] / risk[1], lost[0] / risk[0]]},
        statement=f"{setting.parent} that are {name} are lost {ratio:.3g} times as often in a {unit} in {of[1]} of "
        f"{trial.name}",
        statistic=f"losses from {name} per {unit} at risk that begins since {trial.name} started and ends before the end, "
        f"in {of[1]} divided by those in {of[0]}",
        expected=ratio,
        absent=1.0,
        standard_error=ratio * math.sqrt(sum((1 - n / at) / n for n, at in zip(lost, risk, strict=True))),
        json_path=trial.json_path,
        sql=f"select {parts[1]}\n    / {parts[0]}",
        question=f"How many times as often is a {name} one of {setting.parent} lost in {of[1]} as in {of[0]}?",
        rubric={"relative_tolerance": 0.1},
    )


def _stamp(time: int) -> str:
    return f"make_timestamp({time})"


def _periods(rows: StateRows, setting: Setting, segment: Segment) -> str:
    """SQL: rows with the period in which each falls, when the next one does, and how many periods each entity saw whole."""
    chain, columns, unit = rows.rules.chain, setting.columns, rows.rules.periods.unit
    time, state, previous = columns["time"], columns["state"], columns["previous_state"]
    declared = ", ".join(quoted_text(name) for name in chain.names[: chain.declared])
    end = f"make_timestamp({setting.end})"
    return f"""with moved as (
    select t."{setting.key}" as entity, t."{state}" as state, t."{previous}" as previous, t."{time}"::timestamp as since,
        min(t."{time}"::timestamp) over (partition by t."{setting.key}") as start
    from {setting.source}{f" where {segment.where}" if segment.where else ""}),
placed as (select *, if(previous is null, 0, date_sub('{unit}', start, since) + 1) as k, date_sub('{unit}', start, {end}) as seen,
    if(state in ({declared}), state, previous) as after from moved),
followed as (select *, lead(k) over (partition by entity order by since) as following from placed)"""


def _losses(rows: StateRows, setting: Setting, segment: Segment, complete: Floats) -> Iterator[PlantedEffect]:
    chain = rows.rules.chain
    factor = _factor(setting, segment)
    periods = int(complete.max())
    seen = outlook(rows.rules, rows.output, np.array([factor]), periods)
    at_risk = np.array([np.mean(complete >= k) for k in range(1, periods + 1)])
    lost = ", ".join(quoted_text(name) for name, gone in zip(chain.names, chain.lost, strict=True) if gone)
    for place in range(chain.declared):
        plain = float(chain.losses.total[place])
        chance = min(plain * factor, 1.0)
        here = seen.states[: len(at_risk), place]
        n = setting.entities * segment.share * float((here * at_risk[: len(here)]).sum())
        if not 0 < chance < 1 or n * chance < FEW:
            continue
        name = chain.names[place]
        of = f".{segment.name}" if segment.name else ""
        yield PlantedEffect(
            id=f"{setting.table}.{name}.loss{of}",
            kind="loss_per_period",
            table=setting.table,
            columns=setting.columns_of("state", "previous_state", "time"),
            parameters={"state": name, "chance": chance, "churn_multiplier": factor, "segment": segment.name or None},
            statement=f"of {setting.named(segment)} that are {name}, {chance:.2%} are lost in a {rows.rules.periods.unit}",
            statistic=f"losses from {name} per {rows.rules.periods.unit} at risk, of periods that lie before the end",
            expected=chance,
            absent=plain if factor != 1.0 else 0.0,
            standard_error=math.sqrt(chance * (1.0 - chance) / n),
            sql=f"""{_periods(rows, setting, segment)}
select count(*) filter (previous = {quoted_text(name)} and state in ({lost}) and k <= seen)
    / sum(if(after = {quoted_text(name)}, greatest(least(coalesce(following, seen), seen) - k, 0), 0))::double from followed""",
            question=f"What share of {setting.named(segment)} that are {name} is lost in a {rows.rules.periods.unit}?",
            rubric={"relative_tolerance": 0.1},
        )


def _survival(rows: StateRows, setting: Setting, complete: Floats) -> Iterator[PlantedEffect]:
    chain = rows.rules.chain
    k = min(SURVIVAL, int(complete.max()) // 2, len(rows.control.kept) - 1)
    if k < 1:
        return
    expected, n = float(rows.control.kept[k]), setting.entities * float(np.mean(complete >= k))
    if not 0 < expected < 1 or n < FEW:
        return
    lost = ", ".join(quoted_text(name) for name, gone in zip(chain.names, chain.lost, strict=True) if gone)
    unit = rows.rules.periods.unit
    yield PlantedEffect(
        id=f"{setting.table}.kept.{k}",
        kind="survival",
        table=setting.table,
        columns=setting.columns_of("state", "time"),
        parameters={"periods": k},
        statement=f"{expected:.1%} of {setting.parent} are not lost in {k} {unit}s",
        statistic=f"share never lost in its first {k} {unit}s, of {setting.parent} seen that long",
        expected=expected,
        absent=1.0,
        standard_error=math.sqrt(expected * (1.0 - expected) / n),
        sql=f"""{_periods(rows, setting, setting.segments[0])},
lives as (select entity, any_value(seen) as seen, min(k) filter (previous is not null and state in ({lost})) as gone
    from followed group by 1)
select count(*) filter (gone is null or gone > {k}) / count(*)::double from lives where seen >= {k}""",
        question=f"What share of {setting.parent} is still there after {k} {unit}s?",
        rubric={"absolute_tolerance": 0.03},
    )
