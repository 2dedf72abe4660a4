"""Adoption along the edges of a graph: an independent cascade from its seeds.

Source: Goldenberg, Libai and Muller 2001; Kempe, Kleinberg and Tardos 2003. Every adopter has one chance at each of its
edges, from source to target, to convert the row at the other end one unit of time later. Which edges convert is drawn once
per edge, so that who adopts when is a fact of the whole graph: the shortest way from a seed along the edges that convert.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.columns import where_true
from datagen.contracts import Block, Reader
from datagen.errors import Finding, SchemaError
from datagen.kernel.clock import Times
from datagen.kernel.draws import uniform
from datagen.rows._adopters import Adoption, origins
from datagen.rows._contract import whole
from datagen.rows._exposure import Exposure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = 2**62  # microseconds: beyond every window
CLASSES = ("seeds", "reached")


@dataclass(frozen=True, slots=True)
class Seeds:
    """Who begins: so many rows, a share of those that are there, or the rows for which a condition holds."""

    count: int | None = None
    share: float | None = None
    condition: Reader | None = None

    def wanted(self, there: int) -> int:
        """How many of the rows that are there begin, where no condition tells."""
        return self.count if self.count is not None else round((self.share or 0.0) * there)


@dataclass(frozen=True, slots=True)
class Cascade:
    """What spreads. edges: (graph, column of the source, column of the target); p: chance of each edge; unit: of one step.

    origin: microseconds, or a reader of each parent's own.
    """

    own: str
    parent: str
    edges: tuple[str, str, str]
    p: float
    unit: int
    seeds: Seeds
    origin: int | Reader
    exposure: Exposure
    salt: int
    seed_salt: int

    def __call__(self, parent: Block) -> Adoption:
        """The adoptions of a block of parents, worked out once."""
        return whole(parent, f"{self.own} adoptions", lambda: self._make(parent))  # type: ignore[no-any-return]

    def _make(self, parent: Block) -> Adoption:
        times, category = parent.once(("cascade", self.own), lambda: self._everybody(parent))
        time = times[parent.row_number]
        return Adoption(time < NEVER, time, category[parent.row_number].astype(np.int64))

    def _everybody(self, block: Block) -> tuple[Times, NDArray[np.uint8]]:
        """(rows of the parent,) when each adopts, NEVER where it does not, and its class."""
        start, end, begins, first = self._rows(block)
        times = np.full(len(start), NEVER, dtype=np.int64)
        times[first] = start[first]
        self._spread(times, first, start, end, *self._live(block, len(start)))
        category = np.ones(len(start), dtype=np.uint8)
        category[first] = 0
        step = self.exposure.step
        cut = np.where(times < NEVER, np.maximum(times - times % step, begins), NEVER)
        return cut, category

    def _rows(self, block: Block) -> tuple[Times, Times, Times, Ints]:
        """(n,) from when and until when each row can adopt, from when it is there; (k,) the rows that begin."""
        found: list[tuple[NDArray[np.generic], ...]] = []
        for rows in block.blocks_of(self.parent):
            begins, end = self.exposure(rows)
            start = np.maximum(begins, origins(self.origin, rows, begins))
            found.append((start, end, begins, self._score(rows)))
        if not found:
            none = np.zeros(0, dtype=np.int64)
            return none, none, none, none
        start, end, begins, score = (np.concatenate(one) for one in zip(*found, strict=True))
        there = start < end
        if self.seeds.condition is not None:
            return start, end, begins, np.flatnonzero(there & (score < 1.0))
        candidates = np.flatnonzero(there)
        wanted = self.seeds.wanted(len(candidates))
        if wanted > len(candidates):
            found_rows = f"{wanted:,} seeds, where {len(candidates):,} rows of {self.parent} are there in the window"
            expected = f"at most {len(candidates):,}"
            raise SchemaError(Finding("adoption.seeds", json_path=self.own, found=found_rows, expected=expected))
        order = np.argsort(score[candidates], kind="stable")
        return start, end, begins, np.sort(candidates[order[:wanted]])

    def _score(self, rows: Block) -> Floats:
        """(n,) the smaller, the sooner a row is a seed; below 1 where a condition holds, 1 where it does not."""
        if self.seeds.condition is None:
            return rows.uniform(self.seed_salt)
        return np.where(where_true(self.seeds.condition(rows)), 0.0, 1.0)

    def _live(self, block: Block, rows: int) -> tuple[Ints, Ints]:
        """The edges that convert, by their source: (rows + 1,) where those of each row begin, (m,) their targets."""
        graph, source, target = self.edges
        sources, targets = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for edges in block.blocks_of(graph):
            one, other = edges.column(source).picks, edges.column(target).picks
            assert one is not None
            assert other is not None
            live = np.flatnonzero((uniform(edges.address, self.salt) < self.p) & (one >= 0) & (other >= 0))
            sources.append(one[live])
            targets.append(other[live])
        from_, to = np.concatenate(sources), np.concatenate(targets)
        order = np.argsort(from_, kind="stable")
        return np.searchsorted(from_[order], np.arange(rows + 1)), to[order]

    def _spread(self, times: Times, frontier: Ints, start: Times, end: Times, first: Ints, to: Ints) -> None:
        """Carry the times on along the edges, round by round, until nobody is reached sooner than before."""
        while len(frontier):
            counts = first[frontier + 1] - first[frontier]
            begun = np.cumsum(counts) - counts
            edge = np.arange(int(counts.sum())) + np.repeat(first[frontier] - begun, counts)
            reached = to[edge]
            when = np.maximum(np.repeat(times[frontier], counts) + self.unit, start[reached])
            sooner = np.flatnonzero((when < end[reached]) & (when < times[reached]))
            np.minimum.at(times, reached[sooner], when[sooner])
            frontier = np.unique(reached[sooner])


def reached_by(steps: int, seeds: float, p: float, edges: float) -> Floats:
    """(steps + 1,) share of rows that have adopted after each step, where every row has about so many edges to it.

    The mean field of a graph whose edges fall anywhere: a row stays out as long as none of its edges has converted it.
    """
    found = [seeds]
    for _ in range(steps):
        found.append(1.0 - (1.0 - seeds) * (1.0 - p * found[-1]) ** edges)
    return np.array(found)
