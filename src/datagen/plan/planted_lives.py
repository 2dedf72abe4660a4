"""What an analyst should find of lives in stages: who is where at the end, and how long stays last in the median."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from datagen.errors import listed
from datagen.plan.effects import PlantedEffect
from datagen.plan.planted_processes import FEW, Floats, Setting
from datagen.plan.planted_sql import quoted_text
from datagen.rows._lifecycle_course import LifeStage
from datagen.rows._lifecycle_outlook import survival
from datagen.rows.lifecycle_model import OPENING, LifecycleRows

RARE = 0.005  # a share that is not told
FOLLOWED = 1.5  # medians that a stay is followed at least
JUMP = 0.05  # of a law at its median: then the median is as good as declared


def planted_lives(rows: LifecycleRows, setting: Setting) -> Iterator[PlantedEffect]:
    """The share of every stage at the end of the window, and the medians of stays."""
    if why_untold(rows, setting) is not None:
        return
    if why_no_shares(rows, setting) is None:
        yield from _shares(rows, setting)
    for place, stage in enumerate(rows.rules.stages):
        yield from _median(rows, setting, place, stage)


def why_untold(rows: LifecycleRows, setting: Setting) -> str | None:
    """Why nothing can be told of lives; None where it can."""
    rules = rows.rules
    if not {"stage", "time"} <= setting.columns.keys():
        return "no column shows the stage and the time"
    unknown = [one.name for one in rules.stages if one.duration is not None and not one.duration.constant]
    if unknown:
        return f"how long {listed(unknown)} lasts differs by row"
    if any(stage.rate for stage in rules.stages) and "event_type" not in setting.columns:
        return "no column tells what opens a stay from the events in it"
    if rules.begin is not None and setting.starts is None:
        return "when they begin is known of no row before a run"
    return None


def why_no_shares(rows: LifecycleRows, setting: Setting) -> str | None:
    """Why it cannot be told who is where at the end, though lengths of stays can; None where it can."""
    starts = setting.starts
    if rows.rules.begin is not None and starts is not None and starts.min(initial=setting.end) < setting.opens:
        return "some begin before the timeframe, and what happens then is not written"
    if rows.last is None:
        return "they stay in step for more stays than can be imagined"
    return None


def _opened(setting: Setting, *values: str) -> str:
    """SQL: the rows that open a stay."""
    event = setting.columns.get("event_type")
    only = "" if event is None else f' where "{event}" = {quoted_text(OPENING)}'
    return f'select "{setting.key}" as entity, {", ".join(values)} from "{setting.table}"{only}'


def _shares(rows: LifecycleRows, setting: Setting) -> Iterator[PlantedEffect]:
    last = rows.last
    if last is None:
        return
    begun = float(last.shares.sum())
    stage, time = setting.columns["stage"], setting.columns["time"]
    for place, name in enumerate(rows.rules.names.values):
        expected, n = float(last.shares[place]) / begun if begun > 0 else 0.0, setting.entities * begun
        if not RARE < expected < 1.0 - RARE or n * expected < FEW:
            continue
        yield PlantedEffect(
            id=f"{setting.table}.{name}.share",
            kind="stage_share",
            table=setting.table,
            columns=setting.columns_of("stage", "time"),
            parameters={"stage": name},
            statement=f"at the end {expected:.1%} of {setting.parent} are in {name}",
            statistic=f"share of {setting.parent} whose last stage in the data is {name}",
            expected=expected,
            absent=0.0 if place else 1.0,  # all would stay where they begin
            standard_error=math.sqrt(
                expected * (1.0 - expected) * (1.0 / n + (1.0 / last.lives + 1.0 / setting.seen) / begun)
            ),
            sql=f"""with opened as ({_opened(setting, f'"{stage}" as stage', f'"{time}" as since')}),
latest as (select arg_max(stage, since) as stage from opened group by entity)
select count(*) filter (stage = {quoted_text(name)}) / count(*)::double from latest""",
            question=f"What share of {setting.parent} is in {name} at the end of the data?",
            rubric={"absolute_tolerance": 0.02},
        )


def _median(rows: LifecycleRows, setting: Setting, place: int, stage: LifeStage) -> Iterator[PlantedEffect]:
    if not stage.ends:
        return
    window = float(setting.end - setting.opens)
    low, high = 0.0, window
    if _left(stage, high, window) > 0.5:
        return
    for _ in range(60):  # halvings
        middle = (low + high) / 2
        low, high = (middle, high) if _left(stage, middle, window) > 0.5 else (low, middle)
    median, days = high, high / 86_400e6
    fall = _left(stage, median * 0.99, window) - _left(stage, median * 1.01, window)
    until = setting.end - FOLLOWED * median
    n = setting.entities * rows.outlook.begun(place, until)
    if n < FEW or not 0 < fall < JUMP:
        return
    name, time = setting.columns["stage"], setting.columns["time"]
    yield PlantedEffect(
        id=f"{setting.table}.{stage.name}.median",
        kind="stay_median",
        table=setting.table,
        columns=setting.columns_of("stage", "time"),
        parameters={"stage": stage.name},
        statement=f"half of the stays in {stage.name} last {days:.3g} days or longer",
        statistic=f"median days in {stage.name}, of stays that begin {FOLLOWED * days:.3g} days before the end or earlier",
        expected=days,
        absent=0.0,
        standard_error=0.5 / math.sqrt(n) / (fall / (0.02 * days)),
        sql=f"""with opened as ({_opened(setting, f'"{name}" as stage', f'epoch("{time}") as since')}),
stay as (select *, lead(since) over (partition by entity order by since) as until from opened)
select median(coalesce((until - since) / 86400, 1e9)) from stay
where stage = {quoted_text(stage.name)} and since <= {until / 1e6:.0f}""",
        question=f"How many days does a stay in {stage.name} last in the median?",
        rubric={"relative_tolerance": 0.05},
    )


def _left(stage: LifeStage, time: float, window: float) -> float:
    """The share of stays that last longer."""
    lasting, kept = survival(stage, np.array([time]), window)
    found: Floats = lasting * kept
    return float(found[0])
