"""What an analyst should find of a state model: the share lost per period at risk, and who is left after some periods."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from datagen.plan.effects import PlantedEffect
from datagen.plan.planted_processes import FEW, Floats, Segment, Setting
from datagen.plan.planted_sql import quoted_text
from datagen.rows._states_outlook import outlook
from datagen.rows._states_rows import StateRows

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
    variation = (setting.declared.get("segment_variation") or {}).get(segment.name) or {}
    factor = float(variation.get("churn_multiplier", 1.0))
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
    k = min(SURVIVAL, int(complete.max()) // 2, len(rows.outlook.kept) - 1)
    if k < 1:
        return
    expected, n = float(rows.outlook.kept[k]), setting.entities * float(np.mean(complete >= k))
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
