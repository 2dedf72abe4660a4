"""Effects on a whole table: more (or fewer) rows while a window is open, for parents or picked rows whose key matches.

With f the density of the child's time and e(key, t) the factor, a parent gets ∫ f·e / ∫ f times its rows, over the
times that are open to it, and f·e is the density on which they fall: inside a window the rate is e times what it was,
outside it stays. Where the key is that of a picked row, rows are multiplied by the mean over the candidates, and a
candidate is picked in proportion to its own multiple.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.generators._interval import TimeBounds, refuse_no_density
from datagen.kernel.density import TimeDensity
from datagen.kernel.draws import bits, uniform
from datagen.kernel.effects import Stretches, averaged, multiplied
from datagen.kernel.keyed_density import KeyedLaw, TimeLaw
from datagen.kernel.picks import pick_row
from datagen.modifiers._effect_table import BoundEffect
from datagen.modifiers._shapes import Shapes, combinations, shaped

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

THROWS = 64  # picks proposed before the candidates are weighed one by one
CHUNK = 1_000_000  # masses weighed at once


@dataclass(frozen=True, slots=True)
class Picked:
    """The lookup whose picks carry the key: candidates are weighed by how many rows their windows call for."""

    column: str  # of the child table: the lookup that picks
    table: str  # that it picks from
    remote: tuple[tuple[str, ...], ...]  # per effect: the columns of the picked row that are its keys


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
        sources = [effect.source(block).stretches for effect in self.effects]
        largest = float(np.prod([one.factors.max() for one in sources]))
        codes = self._candidates(block)
        picks = np.zeros(rows, dtype=np.int64)
        left = np.flatnonzero(without > 0)
        for throw in range(THROWS):
            if not len(left) or largest <= 0:
                break
            proposed = pick_row(bits(address[left], salt("pick", throw)), total)
            at = interval.rows(left)
            chosen = [(one, None if own is None else own[left]) for one, own in parts]
            chosen += [(one, own[proposed]) for one, own in zip(sources, codes, strict=True)]
            law, key = self._law_of(chosen, block, len(left))
            mass = law.mass(key, at.low, at.high, len(left))
            kept = uniform(address[left], salt("keep", throw)) * largest * without[left] < mass
            picks[left[kept]] = proposed[kept]
            left = left[~kept]
        closed = np.flatnonzero(~(without > 0))
        picks[closed] = pick_row(bits(address[closed], salt("pick", 0)), total)
        if len(left):
            picks[left] = self._weighed(block, left, parts, sources, codes, salt)
        return picks

    def weights(self, block: Block) -> Floats:
        """(m,) the multiple of each candidate row over the whole window, without bounds."""
        codes = self._candidates(block)
        parts = [(effect.source(block).stretches, own) for effect, own in zip(self.effects, codes, strict=True)]
        law, key = self._law_of(parts, block, len(codes[0]))
        return law.mass(key, None, None, len(codes[0]))

    # --- pieces

    def _laws(self, block: Block) -> tuple[tuple[TimeLaw, Ints | None], list[tuple[Stretches, Ints | None]]]:
        """The density without the table's effects, and the parts that it is made of."""
        parts = [Shapes.part(effect, block) for effect in self.before.effects]
        return shaped(self.density, parts, block, ("before volume", self.home)), parts

    def _law_of(
        self, parts: Sequence[tuple[Stretches, Ints | None]], block: Block, rows: int
    ) -> tuple[TimeLaw, Ints | None]:
        if len(parts) == 1:
            return shaped(self.density, parts, block, ("picked volume", self.home))
        tuples, codes = combinations([own for _, own in parts], rows)
        joint = multiplied([(one, tuples[:, place]) for place, (one, _) in enumerate(parts)])
        return KeyedLaw(self.density, joint), codes

    def _candidates(self, block: Block) -> list[Ints]:
        """Per effect: (m,) the key of each candidate row."""
        assert self.picked is not None
        table, remote = self.picked.table, self.picked.remote

        def made() -> list[Ints]:
            found = []
            for effect, names in zip(self.effects, remote, strict=True):
                source = effect.source(block)
                effect.refuse_negative(source)
                columns = [block.whole(table, name) for name in names]
                none = np.zeros(block.total(table), dtype=np.int64)
                found.append(none if source.match is None else source.match.codes(columns))
            return found

        codes: list[Ints] = block.once(("candidates", self.home, self.effects), made)
        return codes

    def _average(self, block: Block) -> Stretches:
        """The mean factor of the candidates at every time."""

        def made() -> Stretches:
            sources = [effect.source(block).stretches for effect in self.effects]
            codes = self._candidates(block)
            if len(codes[0]) == 0:
                return Stretches(np.array([0, 1]), sources[0].edges[:1], np.ones(1))
            if len(sources) == 1:
                return averaged(sources[0], np.bincount(codes[0], minlength=sources[0].keys) / len(codes[0]))
            tuples, place = combinations(codes, len(codes[0]))
            joint = multiplied([(one, tuples[:, k]) for k, one in enumerate(sources)])
            return averaged(joint, np.bincount(place, minlength=joint.keys) / len(place))

        average: Stretches = block.once(("average", self.home, self.effects), made)
        return average

    def _weighed(
        self,
        block: Block,
        rows: Ints,
        parts: Sequence[tuple[Stretches, Ints | None]],
        sources: Sequence[Stretches],
        codes: Sequence[Ints],
        salt: Callable[[str, int], int],
    ) -> Ints:
        """Picks of rows whose proposals were all turned down: a class of candidates by weight, then one of it."""
        classes, place = combinations(codes, len(codes[0]))
        order = np.argsort(place, kind="stable")
        sizes = np.bincount(place, minlength=len(classes))
        starts = np.cumsum(sizes) - sizes
        picks = np.empty(len(rows), dtype=np.int64)
        step = max(1, CHUNK // len(classes))
        for start in range(0, len(rows), step):  # a loop over chunks, seldom more than one
            mine = rows[start : start + step]
            grid = np.repeat(mine, len(classes))
            at = self.bounds.interval(block).rows(grid)
            chosen = [(one, None if own is None else own[grid]) for one, own in parts]
            chosen += [(one, np.tile(classes[:, k], len(mine))) for k, one in enumerate(sources)]
            law, key = self._law_of(chosen, block, len(grid))
            weight = law.mass(key, at.low, at.high, len(grid)).reshape(len(mine), -1) * sizes
            ends = np.cumsum(weight, axis=1)
            dead = int((ends[:, -1] <= 0).sum())
            if dead:
                refuse_no_density(self.home, dead, "whatever row they pick")
            target = uniform(block.address[mine], salt("class", 0)) * ends[:, -1]
            which = np.minimum((ends <= target[:, None]).sum(axis=1), len(classes) - 1)
            inside = pick_row(bits(block.address[mine], salt("member", 0)), sizes[which])
            picks[start : start + step] = order[starts[which] + inside]
        return picks
