"""Effects on a whole table: more (or fewer) rows while a window is open, for parents or picked rows whose key matches.

With f the density of the child's time and e(key, t) the factor, a parent gets ∫ f·e / ∫ f times its rows, over the
times that are open to it, and f·e is the density on which they fall: inside a window the rate is e times what it was,
outside it stays. Where the key is that of a picked row, rows are multiplied by the mean over the candidates, and a
candidate is picked in proportion to its own multiple.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.generators._interval import Interval, TimeBounds, refuse_no_density
from datagen.kernel.density import TimeDensity
from datagen.kernel.draws import bits, uniform
from datagen.kernel.effects import Stretches, averaged, multiplied
from datagen.kernel.keyed_density import KeyedLaw, TimeLaw
from datagen.kernel.picks import pick_row
from datagen.modifiers._effect_table import BoundEffect
from datagen.modifiers._shapes import Shapes, combinations, shaped

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Part = tuple[Stretches, Ints | None]

THROWS = 64  # picks proposed before the candidates are weighed one by one
CHUNK = 1_000_000  # masses weighed at once


@dataclass(frozen=True, slots=True)
class Picked:
    """The lookup whose picks carry the key: candidates are weighed by how many rows their windows call for."""

    column: str  # of the child table: the lookup that picks
    table: str  # that it picks from
    remote: tuple[tuple[str, ...], ...]  # per effect: the columns of the picked row that are its keys


class Candidates(NamedTuple):
    """All effects of the table as one, and (m,) the key of each candidate row in it."""

    joint: Stretches
    codes: Ints


@dataclass(frozen=True, slots=True)
class VolumeEffect:
    """The effects of a table on its number of rows, and on what its lookup picks."""

    density: TimeDensity
    before: Shapes  # effects of the time column itself
    effects: tuple[BoundEffect, ...]  # the table's
    bounds: TimeBounds
    picked: Picked | None
    home: str  # table.column of the time, for messages and as the name of what is kept for the run

    def factor(self, parent: Block) -> Floats:
        """(n,) by how much each row of the driving parent has more children than without the effects."""
        interval = self.bounds.interval(parent)
        before, parts = self._laws(parent)
        average = self._average(parent) if self.picked is not None else None
        if average is not None:
            parts.append((average, None))
        else:
            parts += [Shapes.part(effect, parent) for effect in self.effects]
        law, codes = shaped(self.density, parts, parent, ("volume", self.home))
        without = before[0].mass(before[1], interval.low, interval.high, parent.rows)
        mass = law.mass(codes, interval.low, interval.high, parent.rows)
        # where no time is open there is nothing to multiply; the time column says what becomes of such rows
        return np.divide(mass, without, out=np.ones(parent.rows), where=without > 0)

    def picks(self, block: Block, salt: Callable[[str, int], int]) -> Ints:
        """(n,) row numbers of the picked table: each candidate in proportion to ∫ f·e / ∫ f of its own key.

        Proposals are the lookup's own stable picks; the first one that is kept counts. salt: of the lookup column.
        """
        assert self.picked is not None
        total, rows = block.total(self.picked.table), block.rows
        interval, address = self.bounds.interval(block), block.address
        before, parts = self._laws(block)
        without = before[0].mass(before[1], interval.low, interval.high, rows)
        candidates = self._candidates(block)
        largest = self._largest(block, candidates)
        picks = np.zeros(rows, dtype=np.int64)
        closed = np.flatnonzero(~(without > 0))  # no time is open: the time column says what becomes of such rows
        picks[closed] = pick_row(bits(address[closed], salt("pick", 0)), total)
        left = np.flatnonzero(without > 0)
        for throw in range(THROWS if largest > 0 else 0):
            if not len(left):
                break
            proposed = pick_row(bits(address[left], salt("pick", throw)), total)
            mass = self._mass(block, parts, left, candidates, candidates.codes[proposed], interval)
            kept = uniform(address[left], salt("keep", throw)) * largest * without[left] < mass
            picks[left[kept]] = proposed[kept]
            left = left[~kept]
        if len(left):
            picks[left] = self._weighed(block, left, parts, candidates, interval, salt)
        return picks

    def weights(self, block: Block) -> Floats:
        """(m,) the multiple of each candidate row over the whole window, without bounds."""
        candidates = self._candidates(block)
        law, codes = shaped(self.density, [(candidates.joint, candidates.codes)], block, ("candidates", self.home))
        return law.mass(codes, None, None, len(candidates.codes))

    # --- pieces

    def _laws(self, block: Block) -> tuple[tuple[TimeLaw, Ints | None], list[Part]]:
        """The density without the table's effects, and the parts that it is made of."""
        parts = [Shapes.part(effect, block) for effect in self.before.effects]
        return shaped(self.density, parts, block, ("before volume", self.home)), parts

    def _mass(
        self, block: Block, parts: Sequence[Part], rows: Ints, candidates: Candidates, codes: Ints, interval: Interval
    ) -> Floats:
        """(m,) the mass open to some rows of the block, were they to pick candidates with these codes."""
        own = [(one, None if key is None else key[rows]) for one, key in parts]
        chosen: list[Part] = [*own, (candidates.joint, codes)]
        at = interval.rows(rows)
        if own:
            tuples, key = combinations([code for _, code in chosen], len(rows))
            joint = multiplied([(one, tuples[:, place]) for place, (one, _) in enumerate(chosen)])
            return KeyedLaw(self.density, joint).mass(key, at.low, at.high, len(rows))
        law, _ = shaped(self.density, chosen, block, ("candidates", self.home))
        return law.mass(codes, at.low, at.high, len(rows))

    def _candidates(self, block: Block) -> Candidates:
        assert self.picked is not None
        table, remote = self.picked.table, self.picked.remote

        def made() -> Candidates:
            found: list[Ints] = []
            sources = []
            for effect, names in zip(self.effects, remote, strict=True):
                source = effect.source(block)
                effect.refuse_negative(source)
                columns = [block.whole(table, name) for name in names]
                none = np.zeros(block.total(table), dtype=np.int64)
                found.append(none if source.match is None else source.match.codes(columns))
                sources.append(source.stretches)
            if len(sources) == 1:
                return Candidates(sources[0], found[0])
            tuples, codes = combinations(found, len(found[0]))
            return Candidates(multiplied([(one, tuples[:, k]) for k, one in enumerate(sources)]), codes)

        candidates: Candidates = block.once(("candidates of", self.home, self.effects), made)
        return candidates

    def _average(self, block: Block) -> Stretches:
        """The mean factor of the candidates at every time."""

        def made() -> Stretches:
            joint, codes = self._candidates(block)
            if len(codes) == 0:  # nothing to pick: the lookup refuses
                return Stretches(np.array([0, 1]), joint.edges[:1], np.ones(1))
            return averaged(joint, np.bincount(codes, minlength=joint.keys) / len(codes))

        average: Stretches = block.once(("average", self.home, self.effects), made)
        return average

    def _largest(self, block: Block, candidates: Candidates) -> float:
        """A bound of ∫ f·e / ∫ f over candidates and rows: exact where all rows are open to the whole window."""

        def made() -> float:
            if not self.bounds and not self.before.effects:
                return float(self.weights(block).max(initial=0.0))
            present = np.zeros(candidates.joint.keys, dtype=np.bool_)
            present[candidates.codes] = True
            factors = candidates.joint.factors[np.repeat(present, np.diff(candidates.joint.offsets))]
            return float(factors.max(initial=0.0))

        largest: float = block.once(("largest", self.home, self.effects), made)
        return largest

    def _weighed(
        self,
        block: Block,
        rows: Ints,
        parts: Sequence[Part],
        candidates: Candidates,
        interval: Interval,
        salt: Callable[[str, int], int],
    ) -> Ints:
        """Picks of rows whose proposals were all turned down: a class of candidates by weight, then one of it."""
        classes, place = np.unique(candidates.codes, return_inverse=True)
        order = np.argsort(place, kind="stable")
        sizes = np.bincount(place, minlength=len(classes))
        starts = np.cumsum(sizes) - sizes
        picks = np.empty(len(rows), dtype=np.int64)
        step = max(1, CHUNK // len(classes))
        for start in range(0, len(rows), step):  # a loop over chunks, seldom more than one
            mine = rows[start : start + step]
            codes = np.tile(classes, len(mine))
            mass = self._mass(block, parts, np.repeat(mine, len(classes)), candidates, codes, interval)
            ends = np.cumsum(mass.reshape(len(mine), -1) * sizes, axis=1)
            dead = int((ends[:, -1] <= 0).sum())
            if dead:
                refuse_no_density(self.home, dead, "whatever row they pick")
            target = uniform(block.address[mine], salt("class", 0)) * ends[:, -1]
            which = np.minimum((ends <= target[:, None]).sum(axis=1), len(classes) - 1)
            inside = pick_row(bits(block.address[mine], salt("member", 0)), sizes[which])
            picks[start : start + step] = order[starts[which] + inside]
        return picks
