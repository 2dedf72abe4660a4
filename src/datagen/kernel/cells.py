"""Rows of a unit-rate Poisson process, cell by cell: how many there are and where, each from its parent's address alone.

Operational time is cut into cells of length 1. A cell holds a Poisson(1) number of rows, drawn as 16 random bits (four
cells to a hash); their places inside it are sorted 32-bit fractions. Asking for more of the process never moves what is
there: a longer time only adds cells. Where a law other than Poisson gives the number in a cell, only `fractions` and
`sorted_places` are used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.address import child_addresses

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Addresses = NDArray[np.uint64]

LANES = 4  # cells drawn from one hash of 64 bits
FRACTION_BITS = 32
ONE = 2.0**FRACTION_BITS
PLACES = 0x5DEECE66D  # tells the key of places from the key of numbers
CHUNK = 4_096  # cells between two kept running sums of a parent with very many

# how many of 2^16 equally likely words mean 0, 1, 2, … rows: Poisson(1), with a mean of exactly 1
_WORDS = (24_109, 24_112, 12_052, 4_018, 1_005, 201, 33, 5, 1)
_ROWS_OF = np.repeat(np.arange(len(_WORDS), dtype=np.uint8), _WORDS)


class Cells:
    """The rows of n parents whose processes run for `length` (n,) units of operational time.

    address (n,) of the parents; key: of the child table's process. `counts` (n,) int64 rows of each parent.
    """

    def __init__(self, address: Addresses, length: Floats, key: int) -> None:
        self.address, self.key = address, key
        self.length = length
        self.whole = np.floor(length).astype(np.int64)
        part = length - self.whole
        self.cells = self.whole + (part > 0)
        groups = -(-self.cells // LANES)
        self.starts = np.concatenate([[0], np.cumsum(groups)]) * LANES  # of each parent's cells in `drawn`
        self.drawn = self._draw(groups)
        self.counts = self._sums()
        self._cut_last(part)

    def _draw(self, groups: Ints) -> NDArray[np.uint8]:
        """(Σ cells, rounded up to whole hashes) rows in every cell; those past a parent's length are 0."""
        total = int(groups.sum())
        parent = np.repeat(np.arange(len(groups)), groups)
        place = np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(groups) - groups, groups)
        words = child_addresses(self.address[parent], self.key, place)
        drawn: NDArray[np.uint8] = _ROWS_OF[words.astype("<u8", copy=False).view("<u2")]
        idle = groups * LANES - self.cells  # 0 to 3 cells at the end of each parent's last hash
        ends = self.starts[1:]
        for lane in range(1, LANES):
            drawn[ends[idle >= lane] - lane] = 0
        return drawn

    def _sums(self) -> Ints:
        counts = np.zeros(len(self.cells), dtype=np.int64)
        some = np.flatnonzero(self.cells)
        if len(some):
            counts[some] = np.add.reduceat(self.drawn, self.starts[some], dtype=np.int64)
        return counts

    def _cut_last(self, part: Floats) -> None:
        """Rows of the last cell that lie past the end of the process are none."""
        partial = np.flatnonzero(part > 0)
        last = self.starts[partial] + self.whole[partial]
        inside = self.drawn[last].astype(np.int64)
        some = inside > 0
        partial, last, inside = partial[some], last[some], inside[some]
        before = self.counts[partial] - inside
        owner = np.repeat(np.arange(len(partial)), inside)
        ordinal = np.arange(len(owner)) - np.repeat(np.cumsum(inside) - inside, inside) + before[owner]
        fraction = fractions(self.address[partial[owner]], self.key, ordinal)
        kept = np.bincount(owner[fraction < part[partial[owner]] * ONE], minlength=len(partial))
        self.counts[partial] = before + kept

    def places(self, first: int, last: int, skip: int, rows: int) -> tuple[Ints, Floats]:
        """(parent, place) of the rows of parents `first` up to `last`, in order; of one parent, `rows` after `skip`.

        place (rows,) float64: operational time of each row, rising within a parent.
        """
        if last == first + 1:
            return np.full(rows, first, dtype=np.int64), self._of_one(first, skip, rows)
        cells = self.cells[first:last]
        flat = self.drawn[self.starts[first] : self.starts[last]]
        starts = self.starts[first:last] - self.starts[first]  # of each parent in `flat`
        cell = np.repeat(np.arange(len(flat), dtype=np.int64), flat)  # counted over all parents here
        every = np.zeros(len(cells), dtype=np.int64)
        some = np.flatnonzero(cells)
        if len(some):
            every[some] = np.add.reduceat(flat, starts[some], dtype=np.int64)
        parent = np.repeat(np.arange(first, last, dtype=np.int64), every)
        ordinal = np.arange(len(cell), dtype=np.int64) - np.repeat(np.cumsum(every) - every, every)
        fraction = fractions(self.address[parent], self.key, ordinal)
        sorted_places(cell, fraction)
        place = (cell - np.repeat(starts, every)) + fraction / ONE
        kept = ordinal < self.counts[parent]  # those cut away are the last of the last cell
        return parent[kept], place[kept]

    def _of_one(self, parent: int, skip: int, rows: int) -> Floats:
        """(rows,) places of one parent's rows after the first `skip`."""
        start, cells = int(self.starts[parent]), int(self.cells[parent])
        flat = self.drawn[start : start + cells]
        chunks = np.add.reduceat(flat, np.arange(0, max(cells, 1), CHUNK), dtype=np.int64) if cells else np.zeros(1)
        ends = np.cumsum(chunks)
        low = int(np.searchsorted(ends, skip, side="right"))
        high = min(int(np.searchsorted(ends, skip + rows, side="left")), len(ends) - 1)
        before = int(ends[low - 1]) if low else 0
        piece = flat[low * CHUNK : (high + 1) * CHUNK]
        cell = np.repeat(np.arange(len(piece), dtype=np.int64), piece)
        ordinal = np.arange(len(cell), dtype=np.int64) + before
        fraction = fractions(np.broadcast_to(self.address[parent], cell.shape), self.key, ordinal)
        sorted_places(cell, fraction)
        place = (cell + low * CHUNK) + fraction / ONE
        return place[skip - before : skip - before + rows]


def fractions(parent: Addresses, key: int, ordinal: Ints) -> NDArray[np.uint64]:
    """(n,) 32-bit fractions of the ordinal-th candidates of each parent's process."""
    found = child_addresses(parent, key ^ PLACES, ordinal)
    np.right_shift(found, 64 - FRACTION_BITS, out=found)
    return found


def sorted_places(cell: Ints, fraction: NDArray[np.uint64]) -> None:
    """Sort the fractions inside each cell, in place. cell (n,) int64 is rising and below 2^31."""
    keys = cell.astype(np.uint64)
    np.left_shift(keys, FRACTION_BITS, out=keys)
    np.bitwise_or(keys, fraction, out=keys)
    keys.sort()  # values alone: every sort gives the same
    np.bitwise_and(keys, np.uint64(0xFFFFFFFF), out=fraction)
