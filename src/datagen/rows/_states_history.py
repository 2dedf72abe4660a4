"""What happens to each entity, period after period: a dense loop over periods, all living entities of a block at once.

An entity draws once per period by its own address and the number of the period: the upper end of the unit interval is
loss, the lower end every other way out, in the middle it stays. So another chance of loss moves losses only, and a longer
window only adds what comes later. When in its period something falls is a second draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.kernel.address import salt_of
from datagen.kernel.clock import Times
from datagen.kernel.draws import uniform
from datagen.rows._states_chain import Chain
from datagen.rows._states_periods import Periods

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOBODY = -1  # no state before the first, nothing that waits


@dataclass(frozen=True, slots=True)
class Rules:
    """What moves entities between states. curve: factors on leaving by period, the last one held; step: microseconds to
    which times are cut; factor: (n,) multipliers of the probability of loss of a block of parents, None where all are 1.
    """

    chain: Chain
    periods: Periods
    curve: tuple[float, ...]
    term: int
    early: float
    factor: Callable[[Block], Floats] | None
    salt: int
    step: int

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
    """Entities that can still do something, as parallel arrays."""

    __slots__ = ("address", "end", "factor", "owner", "rows", "rung", "seen", "start", "state", "waiting")

    def __init__(self, owner: Ints, parent: Block, start: Times, end: Times, initial: int, rules: Rules) -> None:
        alive = len(owner)
        self.owner = owner
        self.address = parent.address[owner]
        self.start, self.end = start[owner], end[owner]
        self.state = np.full(alive, initial, dtype=np.int64)
        self.rung = np.zeros(alive, dtype=np.int64)
        self.rows = np.zeros(alive, dtype=np.int64)  # written so far
        self.seen = np.full(alive, NOBODY, dtype=np.int64)  # state in the last snapshot
        self.waiting = np.full(alive, NOBODY, dtype=np.int64)  # where somebody goes when the term ends
        self.factor = np.ones(alive) if rules.factor is None else rules.factor(parent)[owner]

    def keep(self, kept: NDArray[np.bool_]) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name)[kept])


class _Rows:
    """Rows in the order in which they are found, put into the order of their parents at the end."""

    def __init__(self, parents: int) -> None:
        self.counts = np.zeros(parents, dtype=np.int64)
        self.pieces: list[tuple[Ints, ...]] = []

    def add(self, living: _Living, at: Ints, time: Times, to: Ints, after: Ints, before: Ints, k: int) -> None:
        """One row of some of the living."""
        owner, place = living.owner[at], living.rows[at]
        living.rows[at] = place + 1
        self.counts[owner] += 1
        period = np.full(len(at), k, dtype=np.int64)
        self.pieces.append((owner, place, time, to, after, before, living.rung[at], period))

    def log(self) -> Log:
        offsets = _offsets(self.counts)
        columns = [np.empty(int(offsets[-1]), dtype=np.int64) for _ in range(6)]
        for owner, place, *values in self.pieces:
            at = offsets[owner] + place
            for column, value in zip(columns, values, strict=True):
                column[at] = value
        return Log(offsets, *columns)


def run(parent: Block, start: Times, end: Times, rules: Rules, *, snapshots: bool = False) -> Log:
    """What happens to the entities of a block between their start and end; nothing to those whose end is their start.

    snapshots: a row where each period begins instead of one per change, until the first in a terminal state.
    """
    chain = rules.chain
    found = _Rows(parent.rows)
    there = np.flatnonzero(start < end)
    if not len(there):
        return found.log()
    living = _Living(there, parent, start, end, chain.initial, rules)
    everyone = np.arange(len(there), dtype=np.int64)
    if snapshots:
        _look(living, found, rules, 0)
    else:
        nobody = np.full(len(there), NOBODY, dtype=np.int64)
        state = living.state.copy()  # the living move on
        found.add(living, everyone, living.start.copy(), state, state, nobody, 0)
    gone = chain.terminal[living.state]
    first, last = int(living.start.min()), int(living.end.max())
    for k in range(1, rules.periods.most(first, last) + 1):
        if np.count_nonzero(gone) * 16 >= len(gone):
            living.keep(~gone)
            gone = np.zeros(len(living.owner), dtype=np.bool_)
        if not len(gone):
            break
        at, to = _leaving(living, rules, k)
        moved, gone_now = _move(living, found, rules, at, to, k, write=not snapshots)
        if snapshots:
            _look(living, found, rules, k, ~gone)
        gone[gone_now] = True
        gone[moved[chain.terminal[living.state[moved]]]] = True
    return found.log()


def _leaving(living: _Living, rules: Rules, k: int) -> tuple[Ints, Ints]:
    """Who of the living leaves in period k, and where to."""
    chain, hazard = rules.chain, rules.hazard(k)
    u = uniform(living.address, salt_of("leave", rules.salt, k))
    others = chain.others.total[living.state] * hazard
    losses = chain.losses.total[living.state] * living.factor
    losses *= hazard
    np.subtract(1.0, losses, out=losses)
    lost = u >= losses
    at = np.flatnonzero(lost | (u < others))
    if rules.term > 1:
        at = at[living.waiting[at] == NOBODY]
    u, state, lost = u[at], living.state[at], lost[at]
    scale = np.where(lost, living.factor[at] * hazard, hazard)
    share = np.where(lost, 1.0 - u, u) / scale
    to = np.where(lost, chain.losses.pick(state, share), chain.others.pick(state, share))
    if rules.term <= 1:
        return at, to
    if k % rules.term:
        waits = lost & (uniform(living.address[at], salt_of("early", rules.salt, k)) >= rules.early)
        living.waiting[at[waits]] = to[waits]
        return at[~waits], to[~waits]
    due = np.flatnonzero(living.waiting != NOBODY)
    at, to = np.concatenate([at, due]), np.concatenate([to, living.waiting[due]])
    living.waiting[due] = NOBODY
    return at, to


def _move(living: _Living, found: _Rows, rules: Rules, at: Ints, to: Ints, k: int, *, write: bool) -> tuple[Ints, Ints]:
    """Move those who leave in period k. Returns who did, and whose time lies after the end: they are not seen again."""
    start = living.start[at]
    low, high = rules.periods.edges(start, k - 1), rules.periods.edges(start, k)
    # after the edge, by a whole step: no two rows of an entity fall together
    places = np.maximum((high - low) // rules.step - 1, 1)
    u = uniform(living.address[at], salt_of("time", rules.salt, k))
    time = low + rules.step * (1 + (u * places).astype(np.int64))
    seen = time < living.end[at]
    late, at, to, time = at[~seen], at[seen], to[seen], time[seen]
    before = living.state[at]
    after = rules.chain.landed(before, to)
    living.rung[at] = rules.chain.climbed(living.rung[at], to)
    living.state[at] = after
    if write:
        found.add(living, at, time, to, after, before, k)
    return at, late


def _look(living: _Living, found: _Rows, rules: Rules, k: int, there: NDArray[np.bool_] | None = None) -> None:
    """A row of everybody who is there where period k ends."""
    time = rules.periods.edges(living.start, k)
    seen = time < living.end
    at = np.flatnonzero(seen if there is None else seen & there)
    state = living.state[at]
    found.add(living, at, time[at], state, state, living.seen[at], k)
    living.seen[at] = state


def _offsets(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
