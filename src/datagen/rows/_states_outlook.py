"""What a state model leads to on average, worked out before a row is made: rows by period, who is left, who is where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.rows._arms import changed
from datagen.rows._states_history import Rules

Floats = NDArray[np.float64]

SURVIVAL = 12  # periods after which the plan tells who is left
MOST_CELLS = 40_000_000  # additions after which the outlook stops at an earlier period


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of one kind of entities, by period from 0: rows written until it ends, share never lost (of the first periods),
    share in each state."""

    rows: Floats
    kept: Floats
    states: Floats

    def rows_after(self, periods: Floats) -> Floats:
        """(n,) expected rows after so many periods, parts of a period included."""
        place = np.clip(periods, 0.0, len(self.rows) - 1.0)
        whole = np.minimum(place.astype(np.int64), max(len(self.rows) - 2, 0))
        following = self.rows[np.minimum(whole + 1, len(self.rows) - 1)]
        found: Floats = self.rows[whole] + (following - self.rows[whole]) * (place - whole)
        return found


def outlook(
    rules: Rules, output: str, factors: Floats, periods: int, sizes: Sequence[float] = (), before: Sequence[int] = ()
) -> Outlook:
    """The mean over equally likely multipliers of the probability of loss, (q,) factors.

    sizes: of the effects of experiments, none for the control; before: full periods that pass before each of them acts.
    """
    chain = rules.chain
    levels = max(len(chain.ladder), 1)
    ways = [
        (state, int(to), float(share), bool(chain.lost[to]))
        for exits in (chain.others, chain.losses)
        for state in range(chain.declared)
        for to, share in zip(exits.to[state], np.diff(exits.running[state], prepend=0.0), strict=True)
        if share > 0
    ]
    periods = max(1, min(periods, MOST_CELLS // max(1, len(factors) * levels * max(1, len(ways)))))
    shape = (len(factors), chain.declared, levels)
    here = np.zeros(shape)
    here[:, chain.initial, 0] = 1.0
    never = here.copy()  # of those who were never lost
    waiting = np.zeros((*shape, len(chain.names)))
    never_waiting = np.zeros_like(waiting)
    rows, kept, states = (
        np.zeros(periods + 1),
        np.ones(min(periods, SURVIVAL) + 1),
        np.zeros((periods + 1, chain.declared)),
    )
    rows[0], states[0] = 1.0, here.sum(axis=(0, 2)) / len(factors)
    for k in range(1, periods + 1):
        alive = 1.0 - states[k - 1][chain.terminal].sum()
        acting = [size if k > first else 1.0 for size, first in zip(sizes, before, strict=True)]
        own = raised(rules, factors, acting)
        here, written = _step(here, waiting, rules, ways, own, output, k)
        if k < len(kept):
            never, _ = _step(never, never_waiting, rules, ways, own, output, k, leaves=True)
            kept[k] = (never.sum() + never_waiting.sum()) / len(factors)
        states[k] = (here.sum(axis=(0, 2)) + waiting.sum(axis=(0, 2, 3))) / len(factors)
        rows[k] = rows[k - 1] + (alive if output == "snapshots" else written / len(factors))
    return Outlook(rows, kept, states)


def raised(rules: Rules, factors: Floats, sizes: Sequence[float]) -> Floats:
    """(q, states) multipliers of the probability of loss in each state, with effects of experiments of some sizes."""
    plain = rules.chain.losses.total[None, :] * factors[:, None]
    chance = plain
    for effect, size in zip(rules.arms.effects, sizes, strict=False):  # no sizes: the control
        chance = changed(chance, size, effect.op)
    found: Floats = factors[:, None] * np.where(plain > 0.0, chance / np.where(plain > 0.0, plain, 1.0), 1.0)
    return found


def _step(
    here: Floats,
    waiting: Floats,
    rules: Rules,
    ways: Sequence[tuple[int, int, float, bool]],
    factors: Floats,
    output: str,
    k: int,
    *,
    leaves: bool = False,
) -> tuple[Floats, float]:
    """Shares by multiplier, state and level after period k, and the rows that the moves write.

    factors (q, states). waiting, changed in place: shares that wait for the end of a term. leaves: those who are lost
    are not counted on.
    """
    hazard = rules.hazard(k)
    term = rules.term > 1 and k % rules.term != 0
    new, written = here.copy(), 0.0
    for state, to, share, lost in ways:  # few
        chance = np.minimum(share * hazard * (factors[:, state] if lost else np.ones(len(factors))), 1.0)
        moved = here[:, state, :] * chance[:, None]
        new[:, state, :] -= moved
        if lost and term:
            waiting[:, state, :, to] += moved * (1.0 - rules.early)
            moved = moved * rules.early
        written += _arrive(new, moved, state, to, rules, output, away=leaves and lost)
    if rules.term > 1 and not term:
        for state, to in {(state, to) for state, to, _, lost in ways if lost}:
            written += _arrive(new, waiting[:, state, :, to], state, to, rules, output, away=leaves)
            waiting[:, state, :, to] = 0.0
    return np.maximum(new, 0.0), written


def _arrive(new: Floats, moved: Floats, state: int, to: int, rules: Rules, output: str, *, away: bool) -> float:
    """Put shares (q, levels) where they go; the rows that this writes."""
    chain = rules.chain
    levels = np.arange(new.shape[2])
    target = chain.climbed(levels, np.full(len(levels), to))
    after = to if to < chain.declared else state
    written = 0.0
    for level in range(len(levels)):  # few
        changed = after != state or target[level] != level
        if output == "transitions" or changed:
            written += float(moved[:, level].sum())
        if not away:
            new[:, after, target[level]] += moved[:, level]
    return written
