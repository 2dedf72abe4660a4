"""What happens to each entity, period after period: a dense loop over periods, all living entities of a block at once.

An entity draws once per period by its own address and the number of the period: the upper end of the unit interval is
loss, the lower end every other way out, in the middle it stays. So another chance of loss moves losses only, and a longer
window only adds what comes later. When in its period something falls is a second draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.kernel.address import salt_of
from datagen.kernel.clock import Times
from datagen.kernel.draws import uniform
from datagen.rows._arms import Arms, changed
from datagen.rows._states_chain import Chain
from datagen.rows._states_periods import Periods

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BURIED = 8  # one part of so many being gone is worth leaving them out
NOBODY = -1  # no state before the first, nothing that waits


@dataclass(frozen=True, slots=True)
class Rules:
    """What moves entities between states. curve: factors on leaving by period, the last one held; step: microseconds to
    which times are cut; factor: (n,) multipliers of the probability of loss of a block of parents, None where all are 1;
    arms: what experiments change of it, in periods that begin at their start or later.
    """

    chain: Chain
    periods: Periods
    curve: tuple[float, ...]
    term: int
    early: float
    factor: Callable[[Block], Floats] | None
    salt: int
    step: int
    arms: Arms = field(default_factory=Arms)

    def hazard(self, k: int) -> float:
        """The factor on leaving in period k."""
        return self.curve[min(k, len(self.curve)) - 1] if self.curve else 1.0


@dataclass(frozen=True, slots=True)
class Log:
    """Rows of a block of parents, parent by parent in the order of time. offsets (n + 1,) where each parent's begin.

    to: the name that a row shows; after: the declared state from then on; before: the state until then, -1 at first;
    rung: on the ladder, from then on; period: number of the period, 0 at the start.
    """

    offsets: Ints
    time: Times
    to: Ints
    after: Ints
    before: Ints
    rung: Ints
    period: Ints

    @property
    def counts(self) -> Ints:
        return np.diff(self.offsets)

    @property
    def owner(self) -> Ints:
        """(rows,) place of each row's parent."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), self.counts)

    def only(self, kept: NDArray[np.bool_]) -> Log:
        """Some of the rows."""
        counts = np.bincount(self.owner[kept], minlength=len(self.offsets) - 1)
        columns = (self.time, self.to, self.after, self.before, self.rung, self.period)
        return Log(_offsets(counts), *(column[kept] for column in columns))

    def stays(self, *, rungs: bool) -> Log:
        """The first row of every stay in a state; with `rungs`, on a rung of it."""
        first = self.before == NOBODY
        moved = self.after != self.before
        if rungs:
            moved = moved | (self.rung != np.concatenate([self.rung[:1], self.rung[:-1]]))
        return self.only(first | moved)


class _Living:
    """The entities of a block: who can still do something (places into the other arrays), and what is known of each.

    low, high: below the one and from the other on a draw means leaving, with a factor of 1 on leaving. These two, who and
    address belong to those who can still do something; all else to every entity that ever began.
    """

    def __init__(self, owner: Ints, parent: Block, start: Times, end: Times, rules: Rules) -> None:
        count, chain = len(owner), rules.chain
        self.owner, self.start, self.end = owner, start[owner], end[owner]
        self.state = np.full(count, chain.initial, dtype=np.int64)
        self.rung = np.zeros(count, dtype=np.int64)
        self.rows = np.zeros(count, dtype=np.int64)  # written so far
        self.seen = np.full(count, NOBODY, dtype=np.int64)  # state in the last snapshot
        self.waiting = np.full(count, NOBODY, dtype=np.int64) if rules.term > 1 else None  # where to when the term ends
        self.factor = np.ones(count) if rules.factor is None else rules.factor(parent)[owner]
        self.sizes = [effect.size(parent)[owner] for effect in rules.arms.effects]
        self.edges = rules.periods.of(self.start)
        self.who = np.arange(count, dtype=np.int64)
        self.address = parent.address[owner]
        self.low, self.high = self._limits(self.who, rules)
        self.gone = chain.terminal[self.state]

    def _limits(self, who: Ints, rules: Rules) -> tuple[Floats, Floats]:
        state = self.state[who]
        return rules.chain.others.total[state], 1.0 - rules.chain.losses.total[state] * self.factor[who]

    def raised(self, rules: Rules, k: int) -> Floats | None:
        """(living,) what experiments multiply the probability of loss in period k by; None without any."""
        if not self.sizes:
            return None
        plain = 1.0 - self.high
        chance = plain
        for effect, sizes in zip(rules.arms.effects, self.sizes, strict=True):  # few
            size = sizes[self.who]
            if effect.since is not None:
                size = np.where(self.edges.at(self.who, k - 1) >= effect.since, size, 1.0)
            chance = changed(chance, size, effect.op)
        return chance / np.where(plain > 0.0, plain, 1.0)

    def settle(self, at: Ints, rules: Rules) -> None:
        """What a new state means for some who can still do something."""
        who = self.who[at]
        self.gone[at] |= rules.chain.terminal[self.state[who]]
        self.low[at], self.high[at] = self._limits(who, rules)

    def bury(self) -> None:
        """Leave those out who are gone, when they are many."""
        if np.count_nonzero(self.gone) * BURIED >= len(self.gone):
            kept = np.flatnonzero(~self.gone)
            self.who, self.address = self.who[kept], self.address[kept]
            self.low, self.high = self.low[kept], self.high[kept]
            self.gone = np.zeros(len(kept), dtype=np.bool_)


class _Rows:
    """Rows in the order in which they are found, put into the order of their parents at the end."""

    def __init__(self, parents: int) -> None:
        self.parents = parents
        self.pieces: list[tuple[Ints, ...]] = []

    def add(self, living: _Living, who: Ints, time: Times, to: Ints, after: Ints, before: Ints, k: int) -> None:
        """One row of some entities."""
        place = living.rows[who]
        living.rows[who] = place + 1
        period = np.full(len(who), k, dtype=np.int64)
        self.pieces.append((who, place, time, to, after, before, living.rung[who], period))

    def log(self, living: _Living | None) -> Log:
        counts = np.zeros(self.parents, dtype=np.int64)
        if living is None:
            nothing = np.zeros(0, dtype=np.int64)
            return Log(_offsets(counts), *[nothing] * 6)
        counts[living.owner] = living.rows
        offsets = _offsets(counts)
        who, place, *values = (np.concatenate(column) for column in zip(*self.pieces, strict=True))
        at = offsets[living.owner][who] + place
        columns = [np.empty(int(offsets[-1]), dtype=np.int64) for _ in values]
        for column, value in zip(columns, values, strict=True):
            column[at] = value
        return Log(offsets, *columns)


def run(parent: Block, start: Times, end: Times, rules: Rules, *, snapshots: bool = False) -> Log:
    """What happens to the entities of a block between their start and end; nothing to those whose end is their start.

    snapshots: a row where each period begins instead of one per change, until the first in a terminal state.
    """
    found = _Rows(parent.rows)
    there = np.flatnonzero(start < end)
    if not len(there):
        return found.log(None)
    living = _Living(there, parent, start, end, rules)
    if snapshots:
        _look(living, found, living.who, 0)
    else:
        state = living.state.copy()  # the living move on
        found.add(living, living.who, living.start, state, state, np.full(len(there), NOBODY, dtype=np.int64), 0)
    for k in range(1, rules.periods.most(int(living.start.min()), int(living.end.max())) + 1):
        living.bury()
        if not len(living.who):
            break
        at, to = _leaving(living, rules, k)
        moved = _move(living, found, rules, at, to, k, write=not snapshots)
        if snapshots:
            _look(living, found, living.who[~living.gone], k)
        living.settle(moved, rules)
    return found.log(living)


def _leaving(living: _Living, rules: Rules, k: int) -> tuple[Ints, Ints]:
    """Who of the living leaves in period k, and where to. Places among those who can still do something."""
    chain, hazard = rules.chain, rules.hazard(k)
    u = uniform(living.address, salt_of("leave", rules.salt, k))
    low, high = living.low, living.high
    raised = living.raised(rules, k)
    if raised is not None:
        high = 1.0 - (1.0 - high) * raised
    if hazard != 1.0:
        low, high = low * hazard, 1.0 - (1.0 - high) * hazard
    at = np.flatnonzero((u >= high) | (u < low))
    if living.waiting is not None:
        at = at[living.waiting[living.who[at]] == NOBODY]
    who, u, lost = living.who[at], u[at], u[at] >= high[at]
    state = living.state[who]
    to = np.empty(len(at), dtype=np.int64)
    mine, rest = np.flatnonzero(lost), np.flatnonzero(~lost)
    factor = living.factor[who[mine]] * hazard
    if raised is not None:
        factor = factor * raised[at[mine]]
    to[mine] = chain.losses.pick(state[mine], (1.0 - u[mine]) / factor)
    to[rest] = chain.others.pick(state[rest], u[rest] / hazard)
    if living.waiting is None:
        return at, to
    if k % rules.term:
        waits = lost & (uniform(living.address[at], salt_of("early", rules.salt, k)) >= rules.early)
        living.waiting[who[waits]] = to[waits]
        return at[~waits], to[~waits]
    due = np.flatnonzero(living.waiting[living.who] != NOBODY)
    at, to = np.concatenate([at, due]), np.concatenate([to, living.waiting[living.who[due]]])
    living.waiting[living.who[due]] = NOBODY
    return at, to


def _move(living: _Living, found: _Rows, rules: Rules, at: Ints, to: Ints, k: int, *, write: bool) -> Ints:
    """Move those who leave in period k; whose time lies after the end is gone. Returns those who moved."""
    who = living.who[at]
    low, high = living.edges.at(who, k - 1), living.edges.at(who, k)
    # after the edge, by a whole step: no two rows of an entity fall together
    places = np.maximum((high - low) // rules.step - 1, 1)
    u = uniform(living.address[at], salt_of("time", rules.salt, k))
    time = low + rules.step * (1 + (u * places).astype(np.int64))
    late = time >= living.end[who]
    if late.any():
        living.gone[at[late]] = True
        at, who, to, time = at[~late], who[~late], to[~late], time[~late]
    before = living.state[who]
    after = rules.chain.landed(before, to)
    if rules.chain.ladder:
        living.rung[who] = rules.chain.climbed(living.rung[who], to)
    living.state[who] = after
    if write:
        found.add(living, who, time, to, after, before, k)
    return at


def _look(living: _Living, found: _Rows, who: Ints, k: int) -> None:
    """A row of some entities where period k ends, if that is before their own end."""
    time = living.edges.at(who, k)
    seen = time < living.end[who]
    who = who[seen]
    state = living.state[who]
    found.add(living, who, time[seen], state, state, living.seen[who], k)
    living.seen[who] = state


def _offsets(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
