"""Passages through the stages of a funnel, made for a block of parents: who reaches which stage, and when.

A truncated absorbing chain: a stage is reached if the one before was and a draw by (passage, stage) allows it. Lasting
times add up in whole steps of the time column, so that times of one passage strictly increase. Loops over stages only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.kernel.address import child_addresses
from datagen.kernel.clock import Times
from datagen.kernel.draws import uniform
from datagen.rows._contract import product
from datagen.rows._stages_rules import FAR, LONGEST, Floats, Ints, Passages, Rules, StageRule, refuse_null

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Passed:
    """The rows of a block of parents in order: by parent, passage and stage.

    counts (n,) and offsets (n,): rows of each parent and the place of its first. stage (r,): from 0, the number of stages
    where somebody dropped out; index (r,): from 1; journey (r,): from 1; time (r,) in microseconds.
    """

    counts: Ints
    offsets: Ints
    stage: Ints
    index: Ints
    journey: Ints
    time: Times


def passed(parent: Block, rules: Rules) -> Passed:
    """All rows of a block of parents."""
    low, high = rules.exposure(parent)
    passages, begins = _passages(parent, rules, low, high)
    here, lost = _reached(passages, rules, begins)
    times = _times(passages, rules, begins, here, lost, high[passages.owner])
    written = here & (times >= rules.opens) & (times < high[passages.owner][:, None])
    flat = np.flatnonzero(written)
    passage, stage = np.divmod(flat, written.shape[1])
    dropped = stage == len(rules.stages)
    index = np.where(dropped, lost[passage], stage) + 1
    counts = np.bincount(passages.owner[passage], minlength=parent.rows).astype(np.int64)
    return Passed(counts, np.cumsum(counts) - counts, stage, index, passages.number[passage] + 1, times.ravel()[flat])


def _passages(parent: Block, rules: Rules, low: Times, high: Times) -> tuple[Passages, Times]:
    """The passages of each parent, numbered in the order in which they begin, and (m,) when they do."""
    count = _instances(parent, rules)
    base = None
    if isinstance(rules.begin, int):
        base = np.full(parent.rows, rules.begin, dtype=np.int64)
    elif rules.begin is not None:
        values = rules.begin(parent)
        base = np.asarray(values.array, dtype=np.int64)
        if values.valid is not None:  # what has no beginning does not begin
            count = np.where(values.valid, count, 0)
            base = np.where(values.valid, base, 0)
    owner = np.repeat(np.arange(parent.rows, dtype=np.int64), count)
    number = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
    passages = Passages(parent, owner, number, child_addresses(parent.address[owner], rules.key, number))
    every = np.arange(len(owner), dtype=np.int64)
    first = np.maximum(low, rules.opens) if base is None else base
    begins = first[owner]
    anywhere = every if base is None else every[number > 0] if rules.delay is None else every[:0]
    if len(anywhere):
        room = np.maximum(high - first, 0)[owner[anywhere]]
        u = uniform(passages.address[anywhere], rules.salts["begin"])
        begins[anywhere] += np.floor(u * room).astype(np.int64)
    if rules.delay is not None:
        u = uniform(passages.address, rules.salts["delay"])
        delay = passages.quantile(rules.delay, u, every, rules.home)
        begins += np.clip(np.rint(delay), 0.0, LONGEST).astype(np.int64)
    if len(owner) and int(number.max()) > 0:
        begins = begins[np.lexsort((begins, owner))]
    begins = np.maximum(begins, low[owner])
    return passages, -(-begins // rules.step) * rules.step


def _instances(parent: Block, rules: Rules) -> Ints:
    if rules.instances is None:
        return np.ones(parent.rows, dtype=np.int64)
    u, v = parent.uniform(rules.salts["instances"]), parent.uniform(rules.salts["rounding"])
    counts = rules.instances.counts(u, v, product(rules.factors, parent), parent)
    refuse_null(counts, rules.home, "parents of one block whose number of passages is null")
    return np.clip(counts, 0, 2.0**31).astype(np.int64)


def _reached(passages: Passages, rules: Rules, begins: Times) -> tuple[Mask, Ints]:
    """(m, stages + 1) where a passage has a row, the last for dropping out; (m,) the stage that was not reached."""
    rows = len(passages.owner)
    here = np.zeros((rows, len(rules.stages) + 1), dtype=np.bool_)
    lost = np.full(rows, -1, dtype=np.int64)
    live = np.arange(rows, dtype=np.int64)
    now = begins.copy() if rules.begun else None
    for place, stage in enumerate(rules.stages):
        if not stage.certain:
            chance = rules.chance(stage, passages, live, now)
            on = uniform(passages.address[live], stage.reach_salt) < chance
            if rules.dropoff and place:
                lost[live[~on]] = place
            live = live[on]
        seen = live
        if stage.skip:
            seen = live[uniform(passages.address[live], stage.skip_salt) >= stage.skip]
        here[seen, place] = True
        if now is not None:
            now[seen] = np.minimum(now[seen] + _lasting(passages, stage, rules, seen), FAR)
    here[:, -1] = lost >= 0
    return here, lost


def _times(passages: Passages, rules: Rules, begins: Times, here: Mask, lost: Ints, end: Times) -> Times:
    """(m, stages + 1) when each stage is reached; only where there is a row."""
    times = np.full(here.shape, FAR, dtype=np.int64)
    now = begins.copy()
    last = end - rules.step  # the last moment that is still inside
    reserved = np.zeros(len(now), dtype=np.int64)
    movers = [here[:, place] | (lost == place) for place in range(len(rules.stages))]
    if rules.compress:
        for stage, moves in zip(rules.stages, movers, strict=True):
            reserved += moves * stage.least
    for place, (stage, moves) in enumerate(zip(rules.stages, movers, strict=True)):
        at = np.flatnonzero(moves)
        if rules.compress:
            reserved[at] -= stage.least
            room = last[at] - now[at] - reserved[at]
            now[at] += _fitted(passages, stage, rules, at, room)
        else:
            now[at] += _lasting(passages, stage, rules, at)
        np.minimum(now, FAR, out=now)
        times[at, place] = now[at]
        out = lost[at] == place
        times[at[out], -1] = now[at[out]]
    return times


def _lasting(passages: Passages, stage: StageRule, rules: Rules, at: Ints) -> Times:
    """(k,) microseconds that it takes some passages from the stage before to this one."""
    if stage.dwell is None:
        return np.full(len(at), stage.least, dtype=np.int64)
    drawn = passages.quantile(stage.dwell, uniform(passages.address[at], stage.dwell_salt), at, rules.home)
    return np.maximum(_whole(drawn, rules.step), stage.least)


def _fitted(passages: Passages, stage: StageRule, rules: Rules, at: Ints, room: Times) -> Times:
    """The same, drawn from the part of the law that leaves room for what follows.

    Where the law has no value so short it is any time in the room, and where there is no room it is the least.
    """
    if stage.dwell is None:
        return np.full(len(at), stage.least, dtype=np.int64)
    u = uniform(passages.address[at], stage.dwell_salt)
    free = np.maximum(room, stage.least).astype(np.float64)
    chance = passages.cdf(stage.dwell, free, at)
    drawn = passages.quantile(stage.dwell, u * chance, at, rules.home)
    drawn = np.where(chance > 0, drawn, stage.least + u * (free - stage.least))
    most = np.maximum(room // rules.step * rules.step, stage.least)
    return np.clip(_whole(drawn, rules.step), stage.least, most)


def _whole(lengths: Floats, step: int) -> Times:
    """(k,) lengths of time to the nearest whole step."""
    return np.rint(np.clip(lengths, 0.0, LONGEST) / step).astype(np.int64) * step
