"""What to expect of a funnel before a row is made: the share of passages with a row of each stage, by segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Draw
from datagen.kernel.address import root_addresses
from datagen.kernel.draws import uniform
from datagen.rows._arms import changed
from datagen.rows._stages_rules import LONGEST, Rules, StageRule

Floats = NDArray[np.float64]

SAMPLE = 4_096  # imagined passages: a share is off by 0.8 % at most


@dataclass(frozen=True, slots=True)
class Outlook:
    """Shares of passages. reached (s,): that go on to each stage at last; written (s + 1,): with a row in the window,
    the last for dropping out; by_segment: `reached` of each listed segment."""

    reached: Floats
    written: Floats
    by_segment: Mapping[str, Floats]


def outlook(rules: Rules, shares: Mapping[str, float], starts: Floats | None, mean_instances: float) -> Outlook:
    """shares: of the segments that differ, those that are known; starts (k,): equally likely beginnings, None: evenly
    over the window."""
    stages = rules.stages
    names = sorted({name for stage in stages for name in stage.by_segment})
    by_segment = {name: _reached([stage.chance_of(name) for stage in stages]) for name in names}
    others = max(0.0, 1.0 - sum(shares.get(name, 0.0) for name in names))
    if rules.arms.effects:
        return _with_arms(
            rules, {**{name: shares.get(name, 0.0) for name in names}, "": others}, starts, mean_instances
        )
    reached = _reached([stage.rate for stage in stages]) * others
    for name in names:
        reached = reached + shares.get(name, 0.0) * by_segment[name]
    inside = _inside(rules, starts, mean_instances)
    skips = np.array([stage.skip for stage in stages])
    lost = np.maximum(-np.diff(reached), 0.0) @ inside[1:] if rules.dropoff else 0.0
    return Outlook(reached, np.append(reached * (1.0 - skips) * inside, lost), by_segment)


def _with_arms(rules: Rules, shares: Mapping[str, float], starts: Floats | None, mean_instances: float) -> Outlook:
    """The same where experiments change the chances. shares: of the segments, "" for those that do not differ."""
    opens, end = float(rules.opens), float(rules.exposure.end)
    times = list(imagined_times(rules, starts, mean_instances))
    begun = imagined_begins(rules, starts, mean_instances)
    whole: dict[str, Floats] = {name: np.zeros((len(rules.stages), SAMPLE)) for name in shares}
    for level in rules.arms.levels:  # few: sizes of the effects
        for name in shares:
            whole[name] += level.share * chances_to_reach(rules, name, level.sizes, begun, times)
    mixed = np.zeros((len(rules.stages), SAMPLE))
    for name, share in shares.items():
        mixed += share * whole[name]
    skips = np.array([stage.skip for stage in rules.stages])
    written, lost = np.zeros(len(rules.stages)), 0.0
    for place, (now, taken) in enumerate(times):
        there = taken & (now >= opens) & (now < end)
        written[place] = float((mixed[place] * there).sum()) / max(int(taken.sum()), 1)
        if rules.dropoff and place:
            lost += float(((mixed[place - 1] - mixed[place]) * there).sum()) / max(int(taken.sum()), 1)
    by_segment = {name: found.mean(axis=1) for name, found in whole.items() if name}
    return Outlook(mixed.mean(axis=1), np.append(written * (1.0 - skips), lost), by_segment)


def chances_to_reach(
    rules: Rules, segment: str, sizes: Sequence[float], begun: Floats, times: Sequence[tuple[Floats, NDArray[np.bool_]]]
) -> Floats:
    """(s, SAMPLE) the chance of each imagined passage to reach each stage at last, with effects of some sizes."""
    found = np.ones((len(rules.stages), len(begun)))
    before, now = np.ones(len(begun)), begun
    for place, stage in enumerate(rules.stages):
        if not stage.certain:
            chance = np.full(len(begun), stage.chance_of(segment))
            for effect, size in zip(rules.arms.effects, sizes, strict=True):
                if effect.on(stage.name):
                    own = size if effect.since is None else np.where(now >= effect.since, size, 1.0)
                    chance = changed(chance, own, effect.op)
            before = before * chance
        found[place], now = before, times[place][0]
    return found


def _reached(chances: Sequence[float]) -> Floats:
    return np.cumprod(np.array(chances, dtype=np.float64), dtype=np.float64)


def _inside(rules: Rules, starts: Floats | None, mean_instances: float) -> Floats:
    """(s,) the share of those who reach a stage at last that reach it before the window ends."""
    opens, end = float(rules.opens), float(rules.exposure.end)
    shares = np.empty(len(rules.stages))
    for place, (now, taken) in enumerate(imagined_times(rules, starts, mean_instances)):
        shares[place] = np.mean(((now >= opens) & (now < end))[taken]) if taken.any() else 0.0
    return shares


def imagined_times(
    rules: Rules, starts: Floats | None, mean_instances: float
) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """For every stage: when imagined passages that go all the way reach it, and which of them do not skip it."""
    imagined = root_addresses(rules.key, np.arange(SAMPLE, dtype=np.int64))
    now = imagined_begins(rules, starts, mean_instances)
    for stage in rules.stages:
        lasting = np.maximum(_drawn(stage.dwell, uniform(imagined, stage.dwell_salt)), stage.least)
        if rules.compress:
            lasting = np.full(SAMPLE, float(stage.least))
        taken = uniform(imagined, stage.skip_salt) >= stage.skip
        now = now + np.where(taken, lasting, 0.0)
        yield now, taken


def imagined_begins(rules: Rules, starts: Floats | None, mean_instances: float) -> Floats:
    """(SAMPLE,) when imagined passages begin."""
    opens, end = float(rules.opens), float(rules.exposure.end)
    imagined = root_addresses(rules.key, np.arange(SAMPLE, dtype=np.int64))
    even = (np.arange(SAMPLE) + 0.5) / SAMPLE
    if starts is None:
        now = opens + even * (end - opens)
    else:
        now = np.sort(starts)[(even * len(starts)).astype(np.int64)]
        if rules.delay is None and mean_instances > 1:  # passages after the first begin anywhere later
            later = uniform(imagined, rules.salts["instances"]) >= 1.0 / mean_instances
            moved = now + uniform(imagined, rules.salts["begin"]) * np.maximum(end - now, 0.0)
            now = np.where(later, moved, now)
    found: Floats = now + _drawn(rules.delay, uniform(imagined, rules.salts["delay"]))
    return found


def _drawn(draw: Draw | None, u: Floats) -> Floats:
    """(k,) lengths of time; none where they depend on the row."""
    if draw is None or not draw.constant:
        return np.zeros(len(u))
    return np.clip(draw.quantile(u, None), 0.0, LONGEST)


def unsure(rules: Rules) -> bool:
    """Whether a time depends on the parent's row."""
    laws = [rules.delay, *(stage.dwell for stage in rules.stages)]
    return any(law is not None and not law.constant for law in laws)


def said(stages: Sequence[StageRule], seen: Outlook, *, dropoff: str | None) -> str:
    """The expected shares in a line; in brackets what they would be in a window that never ends."""
    parts = []
    for place, stage in enumerate(stages):
        share, at_last = seen.written[place], seen.reached[place] * (1.0 - stage.skip)
        more = f" ({at_last:.1%} in the end)" if at_last - share > 0.0005 else ""
        parts.append(f"{stage.name} {share:.1%}{more}")
    if dropoff is not None:
        parts.append(f"{dropoff} {seen.written[-1]:.1%}")
    text = ", ".join(parts)
    if seen.by_segment:
        text += f"; to {stages[-1].name} in the end: " + ", ".join(
            f"{name} {shares[-1]:.1%}" for name, shares in seen.by_segment.items()
        )
    return text
