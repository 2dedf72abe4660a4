"""What an analyst should find of a funnel: of those who reach a stage, the share that goes on within some days."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from datagen.kernel.clock import DAY_US
from datagen.plan.effects import PlantedEffect
from datagen.plan.planted_processes import FEW, Floats, Segment, Setting, Trial
from datagen.plan.planted_sql import quoted_text
from datagen.rows._stages_outlook import chances_to_reach, imagined_begins, imagined_times
from datagen.rows.stage_config import StageRows

FOLLOWED = 0.99  # of the times to the next stage lie within the days that are waited
SECOND, MINUTE = 1_000_000, 60_000_000
LONGEST_WAIT = 0.4  # of the window


def planted_stages(rows: StageRows, setting: Setting) -> Iterator[PlantedEffect]:
    """The conversion of every step that is not certain, by segment."""
    rules, begun = rows.rules, _begun(rows, setting)
    if begun is None:
        return
    starts, passages = begun
    times = [now[taken] for now, taken in imagined_times(rules, starts, passages)]
    for segment in setting.segments:
        reached = 1.0
        for place, stage in enumerate(rules.stages):
            chance = stage.chance_of(segment.name)
            if place and not stage.certain:
                before = setting.entities * passages * segment.share * reached
                yield from _step(rows, setting, segment, place, chance, before, times[place - 1])
            reached *= chance


def _begun(rows: StageRows, setting: Setting) -> tuple[Floats | None, float] | None:
    """When passages begin (None: evenly over the window) and how many a parent has; None where that is not known."""
    rules, columns = rows.rules, setting.columns
    if not {"stage", "time"} <= columns.keys() or (rules.instances is not None and "journey" not in columns):
        return None
    delayed = rules.delay is not None and not rules.delay.constant
    begin_known = rules.begin is None or isinstance(rules.begin, int) or setting.starts is not None
    asked_elsewhere = setting.declared.get("start") is not None and not isinstance(rules.begin, int)
    if delayed or not begin_known or asked_elsewhere or rules.factors:
        return None
    starts = np.array([float(rules.begin)]) if isinstance(rules.begin, int) else setting.starts
    passages = 1.0 if rules.instances is None else rules.instances.draw.mean()
    return None if passages is None else (starts, passages)


def _wait(rows: StageRows, setting: Setting, place: int) -> tuple[int, float] | None:
    """Microseconds in which nearly all reach a stage after the one before, and the share that does; None: not known."""
    stage = rows.rules.stages[place]
    if stage.dwell is None or not stage.dwell.constant:
        return None
    most = LONGEST_WAIT * (setting.end - setting.opens)
    wait = min(float(stage.dwell.quantile(np.array([FOLLOWED]), None)[0]), most)
    wait = math.ceil(max(wait, stage.least) / DAY_US) * DAY_US
    return wait, 1.0 if rows.rules.compress else float(stage.dwell.cdf(np.array([float(wait)]), None)[0])


def _passages(rows: StageRows, setting: Setting, place: int, wait: int, where: str) -> tuple[str, str]:
    """SQL: passages with the times a, b of two stages, and when b follows in time."""
    columns = setting.columns
    first, stage = rows.rules.stages[place - 1], rows.rules.stages[place]
    by = ", ".join(f't."{name}"' for name in (setting.key, columns.get("journey")) if name is not None)
    return (
        f"""
    select min(epoch(t."{columns["time"]}")) filter (t."{columns["stage"]}" = {quoted_text(first.name)}) as a,
        min(epoch(t."{columns["time"]}")) filter (t."{columns["stage"]}" = {quoted_text(stage.name)}) as b
    from {setting.source}{f" where {where}" if where else ""} group by {by}""",
        "" if rows.rules.compress else f" and b - a <= {wait / 1e6:.0f}",
    )


def planted_stage_arms(rows: StageRows, setting: Setting) -> Iterator[PlantedEffect]:
    """What experiments do to the conversion of every step that they are on, all segments together."""
    rules, begun = rows.rules, _begun(rows, setting)
    if begun is None or rules.arms.guessed or not setting.trials:
        return
    starts, passages = begun
    times = list(imagined_times(rules, starts, passages))
    begins = imagined_begins(rules, starts, passages)
    for trial in setting.trials:
        reached = []  # by arm: (s, imagined passages) chance to reach each stage
        for arm, share in zip(trial.arms, trial.shares, strict=True):
            own = np.zeros((len(rules.stages), len(begins)))
            for level in rules.arms.levels:
                if level.arms[trial.name] == arm:
                    for segment in setting.segments:
                        weight = level.share / share * segment.share
                        own += weight * chances_to_reach(rules, segment.name, level.sizes, begins, times)
            reached.append(own)
        for place, stage in enumerate(rules.stages):
            own_effects = [one for one in rules.arms.effects if one.name == trial.name and one.on(stage.name)]
            if place and own_effects and not stage.certain:
                yield from _compared(rows, setting, trial, place, reached, times[place - 1][0], passages)


def _compared(
    rows: StageRows, setting: Setting, trial: Trial, place: int, reached: list[Floats], times: Floats, passages: float
) -> Iterator[PlantedEffect]:
    """One step in the other arm and in the control. times: when imagined passages reach the stage before."""
    first, stage = rows.rules.stages[place - 1], rows.rules.stages[place]
    waited = _wait(rows, setting, place)
    if waited is None:
        return
    wait, inside = waited
    opens = setting.opens if trial.since is None else max(setting.opens, trial.since)
    seen = (times >= opens) & (times <= setting.end - wait)
    shares, numbers = [], []
    for own, share in zip(reached, trial.shares, strict=True):
        before = float(np.mean(own[place - 1] * seen))
        numbers.append(setting.entities * passages * share * before * (1.0 - first.skip))
        if numbers[-1] < FEW:
            return
        shares.append(float(np.mean(own[place] * seen)) / before * (1.0 - stage.skip) * inside)
    of, days = trial.arms, wait // DAY_US
    soon = "" if rows.rules.compress else f" within {days} days"
    parts = []
    for where in trial.where:
        passage, within = _passages(rows, setting, place, wait, where)
        parts.append(
            f"""(select count(*) filter (b is not null{within}) / count(*)::double from ({passage})
    where a >= {opens / 1e6:.0f} and a <= {(setting.end - wait) / 1e6:.0f})"""
        )
    yield PlantedEffect(
        id=f"{trial.name}.{setting.table}.{stage.name}",
        kind="experiment_stage",
        table=setting.table,
        columns=(trial.column, *setting.columns_of("stage", "time")),
        parameters={"stage": stage.name, "after": first.name, "arms": list(of), "shares": [shares[1], shares[0]]},
        statement=f"of {setting.parent} in {of[1]} of {trial.name} that reach {first.name}, {shares[1]:.1%} reach "
        f"{stage.name}{soon}, in {of[0]} {shares[0]:.1%}",
        statistic=f"share that reaches {stage.name}{soon}, of passages that reached {first.name} since {trial.name} "
        f"started, in {of[1]} less that in {of[0]}",
        expected=shares[1] - shares[0],
        absent=0.0,
        standard_error=math.sqrt(sum(p * (1 - p) / n for p, n in zip(shares, numbers, strict=True))) or None,
        json_path=trial.json_path,
        sql=f"select {parts[1]}\n    - {parts[0]}",
        question=f"By how much does {of[1]} of {trial.name} change the share that goes on from {first.name} to {stage.name}?",
        rubric={"absolute_tolerance": 0.02},
    )


def _step(
    rows: StageRows, setting: Setting, segment: Segment, place: int, chance: float, before: float, times: Floats
) -> Iterator[PlantedEffect]:
    """before: passages that reach the stage before; times: when they do."""
    rules = rows.rules
    first, stage = rules.stages[place - 1], rules.stages[place]
    waited = _wait(rows, setting, place)
    if waited is None:
        return
    wait, inside = waited
    expected = chance * (1.0 - stage.skip) * inside
    seen = (times >= setting.opens) & (times <= setting.end - wait)
    n = before * (1.0 - first.skip) * float(np.mean(seen)) if len(seen) else 0.0
    if n < FEW:
        return
    passage, within = _passages(rows, setting, place, wait, segment.where)
    days = wait // DAY_US
    soon = "" if rules.compress else f" within {days} days"
    of = f".{segment.name}" if segment.name else ""
    yield PlantedEffect(
        id=f"{setting.table}.{stage.name}.conversion{of}",
        kind="step_conversion",
        table=setting.table,
        columns=setting.columns_of("stage", "time"),
        parameters={"stage": stage.name, "after": first.name, "chance": chance, "segment": segment.name or None},
        statement=f"of {setting.named(segment)} that reach {first.name}, {expected:.1%} reach {stage.name}{soon}",
        statistic=f"share with a row of {stage.name}{soon}, of passages that reached {first.name} {days} days before the end",
        expected=expected,
        absent=stage.rate * (1.0 - stage.skip) * inside if chance != stage.rate else (1.0 - stage.skip) * inside,
        standard_error=math.sqrt(expected * (1.0 - expected) / n) or None,
        sql=f"""with passage as ({passage})
select count(*) filter (b is not null{within}) / count(*)::double from passage where a <= {(setting.end - wait) / 1e6:.0f}""",
        question=f"What share of {setting.named(segment)} that reach {first.name} go on to {stage.name}{soon}?",
        rubric={"absolute_tolerance": 0.02},
    )


def planted_dwells(rows: StageRows, setting: Setting) -> Iterator[PlantedEffect]:
    """Of those who go on to a stage in the days that are waited, the share that does so within the median time."""
    rules, begun = rows.rules, _begun(rows, setting)
    if begun is None or rules.compress:
        return
    starts, passages = begun
    times = [now[taken] for now, taken in imagined_times(rules, starts, passages)]
    for place, stage in enumerate(rules.stages[1:], start=1):
        waited = _wait(rows, setting, place)
        if waited is None or stage.dwell is None:
            continue
        wait, inside = waited
        median = float(stage.dwell.quantile(np.array([inside / 2]), None)[0])
        middle = max(int(median), stage.least) // SECOND * SECOND
        expected = float(stage.dwell.cdf(np.array([float(middle)]), None)[0]) / inside
        reached = sum(
            one.share * math.prod(rule.chance_of(one.name) for rule in rules.stages[: place + 1])
            for one in setting.segments
        )
        before = times[place - 1]
        seen = (before >= setting.opens) & (before <= setting.end - wait)
        n = setting.entities * passages * reached * inside * (1.0 - stage.skip) * (1.0 - rules.stages[place - 1].skip)
        n *= float(np.mean(seen)) if len(seen) else 0.0
        if n < FEW or middle < MINUTE or not 0 < expected < 1:
            continue  # of times that are hardly longer than the seconds in which they are written
        first = rules.stages[place - 1].name
        passage, within = _passages(rows, setting, place, wait, "")
        yield PlantedEffect(
            id=f"{setting.table}.{stage.name}.dwell",
            kind="dwell",
            table=setting.table,
            columns=setting.columns_of("stage", "time"),
            parameters={"stage": stage.name, "after": first},
            statement=f"half of those who go on from {first} to {stage.name} do so within {middle / 3_600e6:.3g} hours",
            statistic=f"share within {middle / 3_600e6:.3g} hours, of passages that reach {stage.name} in {wait // DAY_US} days",
            expected=expected,
            absent=0.0,
            standard_error=math.sqrt(expected * (1.0 - expected) / n),
            sql=f"""with passage as ({passage})
select count(*) filter (b - a <= {middle / 1e6:.0f}) / count(*)::double from passage
where a <= {(setting.end - wait) / 1e6:.0f}{within} and b is not null""",
        )
