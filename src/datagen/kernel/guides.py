"""Turns uniforms into one of many weighted possibilities by a guide table: one look-up, an exact finish where needed.

The guide cuts [0, 1) into equal cells and knows the possibility of every cell that holds only one; the few uniforms
that fall into a cell with a border in it are finished by bisection (Chen and Asau 1974). Unlike an alias table it is
the inverse of the distribution function, so a larger uniform never gives an earlier possibility.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.digits import round_bits

PIECE = 16_384  # values per piece, so that the working arrays stay in cache
SMALL_GUIDE = 12  # bits of the smallest guide: it fits a level-1 cache
MIDDLE_GUIDE = 18  # bits up to which a guide has 64 cells per possibility
LARGE_GUIDE = 24  # bits of the largest guide, 64 MB
FIXED_POINT = 61  # bits of the running sums


class GuideTable:
    """The inverse distribution function of 0, 1, … k - 1 with given weights.

    weights (k,) float64 >= 0, any scale, not all 0. They are rounded to 40 bits of mantissa and summed as integers, so
    that the borders are the same on every machine. Raises ValueError for weights that are negative, infinite or all 0.
    """

    def __init__(self, weights: NDArray[np.float64] | Sequence[float]) -> None:
        self.borders = _borders(weights)  # (k,) P(index <= k), the last one 1
        count = len(self.borders)
        bits = min(max(SMALL_GUIDE, (count - 1).bit_length() + 6), MIDDLE_GUIDE)
        bits = min(max(bits, (count - 1).bit_length() + 1), LARGE_GUIDE)
        self._cells = 1 << bits
        # borders at or below the start of each cell, and those below its end: exact, because cells are a power of two
        place = self.borders * self._cells
        first = np.cumsum(np.bincount(np.ceil(place).astype(np.int64), minlength=self._cells + 1))[:-1]
        last = np.cumsum(np.bincount(place.astype(np.int64), minlength=self._cells + 1))[:-1]
        self._first, self._last = first, np.minimum(last, count - 1)
        kind = np.int16 if count < 1 << 15 else np.int32
        # the possibility of a cell, or -1 where a border lies in it
        self._guide: NDArray[Any] = np.where(first == self._last, first, -1).astype(kind)
        self.code_type: type[Any] = np.uint8 if count <= 1 << 8 else np.uint16 if count <= 1 << 16 else np.uint32

    def draw(self, u: NDArray[np.float64]) -> NDArray[np.int64]:
        """(n,) int64 indexes at uniforms u in [0, 1)."""
        return self._fill(u, np.empty(len(u), dtype=np.int64))

    def codes(self, u: NDArray[np.float64]) -> NDArray[Any]:
        """(n,) the same indexes in the smallest unsigned type that holds them all."""
        return self._fill(u, np.empty(len(u), dtype=self.code_type))

    def numbers(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) the same indexes as floats."""
        return self._fill(u, np.empty(len(u), dtype=np.float64))

    def _fill(self, u: NDArray[np.float64], out: NDArray[Any]) -> NDArray[Any]:
        size = min(PIECE, len(u))
        place = np.empty(size, dtype=np.float64)
        cell = np.empty(size, dtype=np.int64)
        found = np.empty(size, dtype=self._guide.dtype)
        open_rows: list[NDArray[np.int64]] = []
        for start in range(0, len(u), PIECE):
            piece = u[start : start + PIECE]
            cells, index = cell[: len(piece)], found[: len(piece)]
            np.multiply(piece, self._cells, out=place[: len(piece)])
            np.copyto(cells, place[: len(piece)], casting="unsafe")
            self._guide.take(cells, out=index, mode="clip")
            np.copyto(out[start : start + PIECE], index, casting="unsafe")
            open_rows.append((index < 0).nonzero()[0] + start)
        unsure = open_rows[0] if len(open_rows) == 1 else np.concatenate(open_rows or [np.zeros(0, dtype=np.int64)])
        if len(unsure):
            rest = u[unsure]
            out[unsure] = self._finish(rest, (rest * self._cells).astype(np.int64))
        return out

    def _finish(self, u: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) the first index whose border is above u, by bisection between the ends of the cell."""
        cells = np.minimum(cells, self._cells - 1)
        low, high = self._first[cells], self._last[cells]
        open_rows = np.flatnonzero(low < high)
        while len(open_rows):
            middle = (low[open_rows] + high[open_rows]) >> 1
            above = self.borders[middle] > u[open_rows]
            high[open_rows[above]] = middle[above]
            low[open_rows[~above]] = middle[~above] + 1
            open_rows = open_rows[low[open_rows] < high[open_rows]]
        return low

    def cdf(self, index: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n,) probability of an index <= the given one."""
        count = len(self.borders)
        inside = self.borders[np.clip(index, 0, count - 1)]
        return np.where(np.less(index, 0), 0.0, inside)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """(k,) the share of each possibility."""
        return np.diff(self.borders, prepend=0.0)


def _borders(weights: NDArray[np.float64] | Sequence[float]) -> NDArray[np.float64]:
    """(k,) running shares of the weights, by integers: exact, in any order of adding, on every machine."""
    whole = round_bits(np.asarray(weights, dtype=np.float64))
    largest = float(whole.max(initial=0.0))
    if not len(whole) or not np.isfinite(largest) or largest <= 0.0 or not (whole >= 0.0).all():
        raise ValueError("weights must be finite, 0 or more, and not all 0")
    exponent = int(np.frexp(largest)[1])
    # a coarse sum that cannot overflow tells how fine the real one may be
    room = FIXED_POINT - len(whole).bit_length()
    coarse = int(np.rint(np.ldexp(whole, room - exponent)).astype(np.int64).sum())
    fine = FIXED_POINT - coarse.bit_length()
    running = np.cumsum(np.rint(np.ldexp(whole, room - exponent + fine)).astype(np.int64))
    borders: NDArray[np.float64] = running.astype(np.float64) / float(running[-1])
    return borders
