"""Picks of rows that are there at the time, in proportion to weights: segments that are picked more, ages, departures.

A pick is proposed as if all rows were equal and kept with the chance that its weight says; what has been turned down
too often is proposed among the rows created so far, and at last weighed one by one. So the number of rows that point to
an entity has the declared ratio, and a row never points to an entity that is not there yet or no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Reader
from datagen.errors import Finding, SchemaError
from datagen.kernel.ages import AgeCurve
from datagen.kernel.clock import Times
from datagen.kernel.draws import bits, uniform
from datagen.kernel.picks import pick_row
from datagen.schema.times import show_time

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STABLE_THROWS = 16  # proposals among all rows: one more row moves only the picks it wins
THROWS = 64  # proposals among the rows created so far
CHUNK = 4_000_000  # weights looked at at once
FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class AgeWeight:
    """A curve over the age of the picked row."""

    created: str
    curve: AgeCurve

    @property
    def largest(self) -> float:
        """The most that the curve reaches, for ages up to 400 units."""
        return float(self.curve.value(np.linspace(0.0, 400.0, 6_401)).max())


@dataclass(frozen=True, slots=True)
class Picking:
    """How one lookup picks. factors: (column of the picked row, function to its factor by value)."""

    table: str
    home: str  # table.column, for messages
    time: Reader | None  # when the row happens
    created: str | None
    strict: bool  # created before the row, not at the same moment
    departed: str | None
    factors: tuple[tuple[str, Mapping[str, float]], ...]
    ages: tuple[AgeWeight, ...]

    def picks(self, block: Block, salt: Callable[[str, int], int]) -> Ints:
        """(n,) row numbers of the picked table. salt: of the lookup column."""
        total, rows = block.total(self.table), block.rows
        picks = np.full(rows, -1, dtype=np.int64)
        now = self.moments(block)
        largest = self.largest(block)
        left = np.arange(rows, dtype=np.int64)
        for throw in range(STABLE_THROWS):
            if not len(left):
                return picks
            proposed = pick_row(bits(block.address[left], salt("pick", throw)), total)
            left = self._keep(block, picks, left, proposed, now, largest, salt("keep", throw))
        order, so_far = self._created_so_far(block, None if now is None else now[left], len(left))
        self._refuse_nobody(so_far, None if now is None else now[left])
        known = np.zeros(rows, dtype=np.int64)
        known[left] = so_far
        for throw in range(THROWS):
            if not len(left):
                return picks
            place = pick_row(bits(block.address[left], salt("pick", STABLE_THROWS + throw)), known[left])
            left = self._keep(block, picks, left, order[place], now, largest, salt("keep", STABLE_THROWS + throw))
        if len(left):
            picks[left] = self._weighed(block, left, order, known[left], now, salt)
        return picks

    def moments(self, block: Block) -> Times | None:
        """(n,) when each row happens; None where that does not matter."""
        return None if self.time is None else np.asarray(self.time(block).array, dtype=np.int64)

    def _keep(
        self, block: Block, picks: Ints, left: Ints, proposed: Ints, now: Times | None, largest: float, salt: int
    ) -> Ints:
        """Write the proposals that are kept, and return the rows that are left."""
        weight = self.weight(block, proposed, None if now is None else now[left])
        kept = uniform(block.address[left], salt) * largest < weight
        picks[left[kept]] = proposed[kept]
        return left[~kept]

    def weight(self, block: Block, picked: Ints, now: Times | None) -> Floats:
        """(n,) the weight of a row at the time of the row that picks it; 0 when it is not there."""
        weight = self._fixed(block)[picked].copy()
        if now is None:
            return weight
        if self.created is not None:
            created = self._times(block, self.created, -FOREVER)[picked]
            weight[(created >= now) if self.strict else (created > now)] = 0.0
        if self.departed is not None:
            weight[self._times(block, self.departed, FOREVER)[picked] <= now] = 0.0
        for age in self.ages:
            created = self._times(block, age.created, 0)[picked]
            weight *= age.curve.value((now - created) / age.curve.unit)
        return weight

    def _fixed(self, block: Block) -> Floats:
        """(m,) the constant weight of every candidate."""

        def made() -> Floats:
            from datagen.rows._mapped import mapped

            weight = np.ones(block.total(self.table), dtype=np.float64)
            for column, by_value in self.factors:
                weight *= mapped(block.whole(self.table, column), by_value)
            return weight

        found: Floats = block.once(("weights", self.home), made)
        return found

    def _times(self, block: Block, column: str, missing: int) -> Times:
        def made() -> Times:
            values = block.whole(self.table, column)
            times = np.asarray(values.array, dtype=np.int64)
            return times if values.valid is None else np.where(values.valid, times, missing)

        found: Times = block.once(("times", self.home, column), made)
        return found

    def largest(self, block: Block) -> float:
        """The most that a row can weigh."""

        def made() -> float:
            most = float(self._fixed(block).max(initial=0.0))
            for age in self.ages:
                most *= age.largest
            return most

        found: float = block.once(("largest weight", self.home), made)
        return found

    def _created_so_far(self, block: Block, now: Times | None, rows: int) -> tuple[Ints, Ints]:
        """The candidates in order of creation, and (rows,) how many of them there are at each time."""
        total = block.total(self.table)
        if self.created is None or now is None:
            return np.arange(total, dtype=np.int64), np.full(rows, total, dtype=np.int64)
        created = self._times(block, self.created, FOREVER)
        order: Ints = block.once(("by creation", self.home), lambda: np.argsort(created, kind="stable"))
        sorted_times = block.once(("creations", self.home), lambda: created[order])
        return order, np.searchsorted(sorted_times, now, side="left" if self.strict else "right").astype(np.int64)

    def _refuse_nobody(self, so_far: Ints, now: Times | None) -> None:
        none = np.flatnonzero(so_far < 1)
        if len(none):
            first = "" if now is None else f", such as at {show_time(int(now[none[0]]))}"
            raise SchemaError(
                Finding(
                    code="lookup.nobody_yet",
                    json_path=self.home,
                    found=f"{len(none):,} rows of one block at a time when no row of {self.table} is there yet{first}",
                    expected=f"rows of {self.table} that are created before the first row that refers to them",
                    hint=f"let {self.table}.{self.created} begin earlier, or these rows later",
                )
            )

    def _weighed(
        self, block: Block, left: Ints, order: Ints, so_far: Ints, now: Times | None, salt: Callable[[str, int], int]
    ) -> Ints:
        """Picks of the few rows whose proposals were all turned down: every candidate is weighed."""
        picks = np.empty(len(left), dtype=np.int64)
        step = max(1, CHUNK // max(int(so_far.max(initial=1)), 1))
        u = uniform(block.address[left], salt("weighed", 0))
        for start in range(0, len(left), step):  # chunks of rows, seldom more than one
            mine = slice(start, start + step)
            sizes = so_far[mine]
            owner = np.repeat(np.arange(len(sizes)), sizes)
            place = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            candidates = order[place]
            moments = None if now is None else now[left[mine]][owner]
            weight = self.weight(block, candidates, moments)
            table = np.zeros((len(sizes), int(sizes.max(initial=1))), dtype=np.float64)
            table[owner, place] = weight
            ends = np.cumsum(table, axis=1)
            dead = np.flatnonzero(ends[:, -1] <= 0)
            if len(dead):
                self._refuse_gone(None if now is None else int(now[left[mine]][dead[0]]))
            at = (ends <= (u[mine] * ends[:, -1])[:, None]).sum(axis=1)
            picks[mine] = order[np.minimum(at, sizes - 1)]
        return picks

    def _refuse_gone(self, now: int | None) -> None:
        at = "" if now is None else f" at {show_time(now)}"
        raise SchemaError(
            Finding(
                code="lookup.nobody_left",
                json_path=self.home,
                found=f"no row of {self.table} with a weight above 0{at}",
                expected="at least one row that can be picked at every time",
                hint="segments with factor 0, ages with factor 0 and departed rows are never picked",
            )
        )
