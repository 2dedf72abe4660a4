"""Picks among the rows that have this row's value, by weight, where a condition holds.

A row is proposed out of its group and asked whether its weight, the time and the condition allow it. One that was turned
down some times is offered candidates that are there by its time, where the condition has such a bound; at last it looks at
its whole group, and takes the candidate that holds with the least hash over weight. One more row in the group moves
hardly more than the picks it wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Values
from datagen.generators._candidate_condition import Part
from datagen.generators._comparisons import Asked, Comparison
from datagen.generators._pool import Pool, Salts
from datagen.generators._up_to import Sorted, UpTo
from datagen.generators._windows import Runs, Windows
from datagen.kernel.address import GOLDEN
from datagen.kernel.draws import bits, uniform
from datagen.kernel.elementary import log
from datagen.kernel.picks import pick_row

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

THROWS = 64  # proposals before the whole group is looked at
FEW_THROWS, FEW = 8, 128  # and fewer where the group has no more rows than this
STABLE_THROWS = 32  # then candidates are proposed in the order of a bound: there a new row moves those behind it
TINY_THROWS, TINY = 2, 16  # then rows of groups as small as this see whether anybody holds at all
TOGETHER = 32_768  # proposals that are made at once for rows that were turned down often
SMALL = 48  # candidates of a group for which no run of them is looked for
PAIRS = 2_000_000  # of a row and a candidate that are looked at at once


def _several(throw: int, rows: int) -> int:
    """How many throws are made at once: few rows would otherwise wait for the calls rather than for the work."""
    end = STABLE_THROWS if throw < STABLE_THROWS else THROWS
    return min(end - throw, max(TOGETHER // rows, 1))


@dataclass(slots=True)
class _Chosen:
    """What the rows of one draw have: their groups, times, what is taken, comparisons, and runs by place of the row."""

    groups: Ints
    now: Ints | None
    taken: Any
    asked: Asked | None
    runs: Runs | None = None
    place: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class FilteredPick:
    """How one lookup picks. pool: of the whole table; keys: the values of this row that lead to its group; limits: what
    time and behaviors allow (datagen.generators._weighted_pick.Picking)."""

    table: str
    home: str
    pool: Callable[[Block], Pool]
    keys: Sequence[Callable[[Block], Values]]
    condition: Part | None
    limits: Any
    salt: Callable[..., int]
    upto: UpTo | None = None
    compared: tuple[Comparison, ...] = ()

    @property
    def one_by_one(self) -> bool:
        """Whether a candidate may hold for one row of a group and not for another."""
        return bool(self.compared) or self.condition is not None or self.limits is not None

    def groups(self, block: Block) -> tuple[Ints, Bools]:
        """(n,) the group of each row, -1 where it has none, and (n,) whether a value that leads there is null."""
        pool = self.pool(block)
        unknown = np.zeros(block.rows, dtype=np.bool_)
        if pool.groups is None:
            return np.zeros(block.rows, dtype=np.int64), unknown
        values: list[Values] = [key(block) for key in self.keys]
        for one in values:
            if one.valid is not None:
                unknown |= ~one.valid
        return pool.groups.groups(values), unknown

    def picks(self, block: Block, groups: Ints, wanted: Bools) -> Ints:
        """(n,) row numbers of the picked table, -1 where no row can be picked. wanted: (n,) rows that need one."""
        return self.draw(block, groups, np.flatnonzero(wanted), np.full(block.rows, -1, dtype=np.int64), None)

    def asked(self, block: Block, rows: Ints) -> Asked | None:
        """The comparisons with the values of some rows; None where there are none."""
        return Asked(block, self.compared, rows) if self.compared else None

    def draw(self, block: Block, groups: Ints, left: Ints, picks: Ints, taken: Any, asked: Asked | None = None) -> Ints:
        """The picks of some rows, put into `picks`. taken: (rows by place, candidates) -> which may be taken no more.

        asked: the comparisons, where they have been read for these rows before.
        """
        pool, address = self.pool(block), block.address
        now = None if self.limits is None else self.limits.moments(block)
        room = np.zeros(block.rows, dtype=np.int64)
        if len(pool.sizes):
            room[left] = np.where(groups[left] >= 0, pool.sizes[np.maximum(groups[left], 0)], 0)
        left = left[room[left] > 0]
        whole: list[Ints] = []
        asked = asked or self.asked(block, left)
        asks = asked is not None or self.condition is not None or self.limits is not None or taken is not None
        chosen = _Chosen(groups, now, taken, asked)
        plain = isinstance(pool, Pool) and self.limits is None and self.condition is None and taken is None
        throw = 0
        while throw < THROWS and len(left):
            several = _several(throw, len(left)) if plain and throw >= FEW_THROWS else 1
            salts = [self._salts(one) for one in range(throw, throw + several)]
            throw += several
            if several > 1:
                rows, kept = self._first_that_holds(address[left], salts, left, chosen, pool)
            else:
                rows, told = pool.propose(address[left], salts[0], groups[left])
                kept = np.ones(len(left), dtype=np.bool_) if told is None else told
                if asks:
                    self._ask(block, left, rows, kept, self.salt("allowed", throw - 1), chosen)
            picks[left[kept]] = rows[kept]
            left = left[~kept]
            if throw == TINY_THROWS and asked is not None:
                left = self._of_tiny_groups(left, room, chosen, pool)
            if throw == FEW_THROWS:
                left = self._where_some_may_hold(block, left, room, chosen)
                few = room[left] <= FEW
                whole.append(left[few])
                left = left[~few]
            if throw == STABLE_THROWS and self.upto is not None:
                break
        left = np.sort(np.concatenate([*whole, left]))
        if self.upto is None:
            self._look_at_all(block, left, None, picks, chosen)
        elif len(left):
            self._draw_up_to(block, left, picks, chosen)
        return picks

    def _salts(self, throw: int) -> Salts:
        return Salts(self.salt("class", throw), self.salt("pick", throw), self.salt("keep", throw))

    def _first_that_holds(
        self, address: NDArray[np.uint64], salts: Sequence[Salts], left: Ints, chosen: _Chosen, pool: Pool
    ) -> tuple[Ints, Bools]:
        """Of several throws at once the first that holds: (n,) its row, and (n,) whether there is one."""
        rows, kept = pool.propose_several(address, salts, chosen.groups[left])
        kept = np.ones(len(rows), dtype=np.bool_) if kept is None else kept
        if chosen.asked is not None:
            at = np.flatnonzero(kept)
            kept[at] = chosen.asked.holds(left[at % len(left)], rows[at])
        of_throws, every = kept.reshape(len(salts), len(left)), np.arange(len(left))
        first = of_throws.argmax(axis=0)
        return rows.reshape(of_throws.shape)[first, every], of_throws[first, every]

    def _of_tiny_groups(self, left: Ints, room: Ints, chosen: _Chosen, pool: Any) -> Ints:
        """Rows without those whose group has few candidates, none of which the comparisons leave: no throw can hit one."""
        at = np.flatnonzero(room[left] <= TINY)
        if chosen.asked is None or not len(at) or int(room[left[at]].sum()) > PAIRS:
            return left
        owner, rows = pool.members(chosen.groups[left[at]])
        kept = np.ones(len(left), dtype=np.bool_)
        kept[at] = False
        kept[at[owner[chosen.asked.holds(left[at][owner], rows)]]] = True
        return left[kept]

    def _where_some_may_hold(self, block: Block, left: Ints, room: Ints, chosen: _Chosen) -> Ints:
        """Those of some rows for which a candidate may hold at all; which ones is kept in `chosen`.

        Rows whose group has no more than SMALL candidates look at all of them in the end: that is quicker.
        """
        pool = self.pool(block)
        ordered = any(one.ordered for one in self.compared)
        large = room[left] > SMALL
        if chosen.asked is None or not ordered or not large.any() or not isinstance(pool, Pool):
            return left
        small, left = left[~large], left[large]
        windows: Windows = block.once(("windows", self.home, pool), lambda: Windows(block, pool, self.compared))
        chosen.runs = windows.runs(chosen.asked, left, chosen.groups[left])
        chosen.place = np.full(block.rows, -1, dtype=np.int64)
        if chosen.runs is not None:
            chosen.place[left] = np.arange(len(left))
            left = left[chosen.runs.sizes > 0]
        return np.sort(np.concatenate([small, left]))

    def _draw_up_to(self, block: Block, left: Ints, picks: Ints, chosen: _Chosen) -> None:
        """The picks of some rows among the candidates up to their bound."""
        groups = chosen.groups
        assert self.upto is not None
        candidates = self._sorted(block)
        room = np.zeros(block.rows, dtype=np.int64)
        room[left] = self.upto.room(block, candidates, left, groups[left])
        left = left[room[left] > 0]
        few = room[left] <= (FEW if self.pool(block).weight is None else np.inf)  # weighed ones have no classes here
        whole, left = left[few], left[~few]
        for throw in range(STABLE_THROWS, THROWS):
            if not len(left):
                break
            words = bits(block.address[left], self.salt("pick", throw))
            rows = candidates.order[candidates.first[groups[left]] + pick_row(words, room[left])]
            kept = np.ones(len(left), dtype=np.bool_)
            self._ask(block, left, rows, kept, self.salt("allowed", throw), chosen)
            picks[left[kept]] = rows[kept]
            left = left[~kept]
        self._look_at_all(block, np.sort(np.concatenate([whole, left])), room, picks, chosen)

    def _sorted(self, block: Block) -> Sorted:
        assert self.upto is not None
        upto, pool = self.upto, self.pool(block)
        found: Sorted = block.once(("sorted", self.home, pool), lambda: upto.sorted(block, pool))
        return found

    def _ask(self, block: Block, left: Ints, rows: Ints, kept: Bools, salt: int, chosen: _Chosen) -> None:
        """Take away from `kept` what the time, the condition or an earlier pick turns down."""
        now, taken = chosen.now, chosen.taken
        if chosen.asked is not None:
            at = np.flatnonzero(kept)
            kept[at] = chosen.asked.holds(left[at], rows[at])
        if self.limits is not None:
            at = np.flatnonzero(kept)
            weight = self.limits.weight(block, rows[at], None if now is None else now[left[at]])
            chance = uniform(block.address[left[at]], salt) * self.limits.largest(block)
            kept[at[chance >= weight]] = False
        if taken is not None:
            at = np.flatnonzero(kept)
            kept[at[taken(left[at], rows[at])]] = False
        if self.condition is not None:
            at = np.flatnonzero(kept)
            if len(at):
                kept[at[~self.condition.holds(block, left[at], rows[at])]] = False

    def _look_at_all(self, block: Block, left: Ints, room: Ints | None, picks: Ints, chosen: _Chosen) -> None:
        """The picks of rows whose proposals were all turned down, by weight among the candidates that hold.

        room: how many candidates up to its bound each row of the block has; None: its whole group. Where comparisons
        leave a run of fewer, only those are looked at.
        """
        if chosen.runs is not None:
            run = chosen.place[left] >= 0
            self._look_at(block, left[run], room, picks, chosen, chosen.runs)
            left = left[~run]
        self._look_at(block, left, room, picks, chosen, None)

    def _look_at(
        self, block: Block, left: Ints, room: Ints | None, picks: Ints, chosen: _Chosen, runs: Runs | None
    ) -> None:
        pool, groups, now, taken = self.pool(block), chosen.groups, chosen.now, chosen.taken
        sizes = pool.sizes[groups[left]] if room is None else room[left]
        if runs is not None and (ours := runs.sizes[chosen.place[left]]).sum() <= sizes.sum():
            sizes = ours
        else:
            runs = None
        ends = np.cumsum(sizes)
        start = 0
        while start < len(left):  # chunks of rows
            done = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + PAIRS, side="right")))
            mine = left[start:stop]
            if runs is not None:
                owner, rows = runs.members(chosen.place[mine])
            elif room is None:
                owner, rows = pool.members(groups[mine])
            else:
                owner, rows = self._sorted(block).members(groups[mine], room[mine])
            if chosen.asked is not None:
                there = np.flatnonzero(chosen.asked.holds(mine[owner], rows))
                owner, rows = owner[there], rows[there]
            weight = np.ones(len(rows)) if pool.weight is None else pool.weight[rows]
            if self.limits is not None:
                weight = weight * self.limits.weight(block, rows, None if now is None else now[mine[owner]])
            at = np.flatnonzero(weight > 0)
            if taken is not None:
                at = at[~taken(mine[owner[at]], rows[at])]
            if self.condition is not None and len(at):
                at = at[self.condition.holds(block, mine[owner[at]], rows[at])]
            self._lightest(block, mine, owner[at], rows[at], weight[at], picks)
            start = stop

    def _lightest(
        self, block: Block, mine: Ints, owner: Ints, rows: Ints, weight: NDArray[np.float64], picks: Ints
    ) -> None:
        """The candidate of each row with the least exponential draw over its weight (Efraimidis and Spirakis 2006)."""
        numbers = self.pool(block).numbers(rows).astype(np.uint64)
        words = bits(block.address[mine], self.salt("weighed", 0))[owner] + numbers * np.uint64(GOLDEN)
        draws = -log(1.0 - uniform(words, self.salt("weighed", 1))) / weight
        if not len(owner):
            return
        begins = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        least = np.minimum.reduceat(draws, begins)
        hits = np.flatnonzero(draws == np.repeat(least, np.diff(begins, append=len(owner))))
        picks[mine[owner[hits][::-1]]] = rows[hits][::-1]  # the first of equal draws is written last
