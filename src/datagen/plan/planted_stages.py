"""What an analyst should find of a funnel: of those who reach a stage, the share that goes on within some days."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from datagen.kernel.clock import DAY_US
from datagen.plan.effects import PlantedEffect
from datagen.plan.planted_processes import FEW, Floats, Segment, Setting
from datagen.plan.planted_sql import quoted_text
from datagen.rows._stages_outlook import imagined_times
from datagen.rows.stage_config import StageRows

FOLLOWED = 0.99  # of the times to the next stage lie within the days that are waited
LONGEST_WAIT = 0.4  # of the window


def planted_stages(rows: StageRows, setting: Setting) -> Iterator[PlantedEffect]:
    """The conversion of every step that is not certain, by segment."""
    rules, columns = rows.rules, setting.columns
    if not {"stage", "time"} <= columns.keys() or (rules.instances is not None and "journey" not in columns):
        return
    delayed = rules.delay is not None and not rules.delay.constant
    begin_known = rules.begin is None or isinstance(rules.begin, int) or setting.starts is not None
    asked_elsewhere = setting.declared.get("start") is not None and not isinstance(rules.begin, int)
    if delayed or not begin_known or asked_elsewhere or rules.factors:
        return
    starts = np.array([float(rules.begin)]) if isinstance(rules.begin, int) else setting.starts
    passages = 1.0 if rules.instances is None else rules.instances.draw.mean()
    if passages is None:
        return
    times = [now[taken] for now, taken in imagined_times(rules, starts, passages)]
    for segment in setting.segments:
        reached = 1.0
        for place, stage in enumerate(rules.stages):
            chance = stage.chance_of(segment.name)
            if place and not stage.certain:
                before = setting.entities * passages * segment.share * reached
                yield from _step(rows, setting, segment, place, chance, before, times[place - 1])
            reached *= chance


def _step(
    rows: StageRows, setting: Setting, segment: Segment, place: int, chance: float, before: float, times: Floats
) -> Iterator[PlantedEffect]:
    """before: passages that reach the stage before; times: when they do."""
    rules, columns = rows.rules, setting.columns
    first, stage = rules.stages[place - 1], rules.stages[place]
    if stage.dwell is None or not stage.dwell.constant:
        return
    most = LONGEST_WAIT * (setting.end - setting.opens)
    wait = min(float(stage.dwell.quantile(np.array([FOLLOWED]), None)[0]), most)
    wait = math.ceil(max(wait, stage.least) / DAY_US) * DAY_US
    inside = 1.0 if rules.compress else float(stage.dwell.cdf(np.array([float(wait)]), None)[0])
    expected = chance * (1.0 - stage.skip) * inside
    seen = (times >= setting.opens) & (times <= setting.end - wait)
    n = before * (1.0 - first.skip) * float(np.mean(seen)) if len(seen) else 0.0
    if n < FEW:
        return
    by = ", ".join(f't."{name}"' for name in (setting.key, columns.get("journey")) if name is not None)
    within = "" if rules.compress else f" and b - a <= {wait / 1e6:.0f}"
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
        sql=f"""with passage as (
    select min(epoch(t."{columns["time"]}")) filter (t."{columns["stage"]}" = {quoted_text(first.name)}) as a,
        min(epoch(t."{columns["time"]}")) filter (t."{columns["stage"]}" = {quoted_text(stage.name)}) as b
    from {setting.source}{f" where {segment.where}" if segment.where else ""} group by {by})
select count(*) filter (b is not null{within}) / count(*)::double from passage where a <= {(setting.end - wait) / 1e6:.0f}""",
        question=f"What share of {setting.named(segment)} that reach {first.name} go on to {stage.name}{soon}?",
        rubric={"absolute_tolerance": 0.02},
    )
