"""Pairs of nodes inside blocks and between them, numbered without gaps, so that so many different ones can be drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.attachment import triangular

Ints = NDArray[np.int64]


class NodeBlocks:
    """codes (n,) the block of each node, whole numbers from 0. Pairs have no order, and nobody is paired with itself."""

    def __init__(self, codes: Ints) -> None:
        self.order = np.argsort(codes, kind="stable").astype(np.int64)  # nodes, block by block
        sizes = np.bincount(codes).astype(np.int64)
        self.ends = np.cumsum(sizes)
        self.starts = self.ends - sizes
        self.later = len(codes) - self.ends  # nodes of the blocks behind each
        self._inside = np.cumsum(sizes * (sizes - 1) // 2)
        self._between = np.cumsum(sizes * self.later)

    @property
    def pairs_inside(self) -> int:
        return int(self._inside[-1]) if len(self._inside) else 0

    @property
    def pairs_between(self) -> int:
        return int(self._between[-1]) if len(self._between) else 0

    def inside(self, number: Ints) -> tuple[Ints, Ints]:
        """(n,) two nodes of one block, of the pair with that number."""
        block = np.searchsorted(self._inside, number, side="right")
        before = np.concatenate([[0], self._inside])[block]
        larger, smaller = triangular(number - before)
        return self.order[self.starts[block] + larger], self.order[self.starts[block] + smaller]

    def between(self, number: Ints) -> tuple[Ints, Ints]:
        """(n,) two nodes of different blocks."""
        block = np.searchsorted(self._between, number, side="right")
        local = number - np.concatenate([[0], self._between])[block]
        own, other = local // self.later[block], local % self.later[block]
        return self.order[self.starts[block] + own], self.order[self.ends[block] + other]
