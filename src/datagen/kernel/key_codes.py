"""Finds keys by value: the place of a number in a list of numbers, by a dense table where they lie close together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DENSE_SPAN = 4_000_000  # keys whose largest and smallest differ by less are found by one look-up


class NumberCodes:
    """The place of each number among the distinct ones of `keys`. keys (m,) int64 or float64, repeats allowed."""

    def __init__(self, keys: NDArray[Any]) -> None:
        self.distinct = np.unique(keys)
        self.count = len(self.distinct)
        self._table: Ints | None = None
        whole = self.distinct.dtype.kind in "iu"
        if whole and self.count and int(self.distinct[-1]) - int(self.distinct[0]) < DENSE_SPAN:
            self._low = int(self.distinct[0])
            self._span = int(self.distinct[-1]) - self._low + 1
            # one place more on either side, for numbers below and above all keys
            self._table = np.full(self._span + 2, self.count, dtype=np.int64)
            self._table[self.distinct - self._low + 1] = np.arange(self.count)

    def codes(self, values: NDArray[Any]) -> Ints:
        """(n,) the place of each value, `count` where it is none of the keys."""
        if not self.count:
            return np.zeros(len(values), dtype=np.int64)
        if self._table is not None and values.dtype.kind in "iu":
            place = np.clip(values, self._low - 1, self._low + self._span)
            np.subtract(place, self._low - 1, out=place)
            dense: Ints = self._table[place]
            return dense
        place = np.minimum(np.searchsorted(self.distinct, values), self.count - 1)
        found: Ints = np.where(self.distinct[place] == values, place, self.count)
        return found


class PairCodes:
    """The place of each combination of codes among those that occur. parts: (m,) codes, each in [0, counts[k])."""

    def __init__(self, parts: list[Ints], counts: list[int]) -> None:
        self._counts = counts
        self._numbers = NumberCodes(self._mixed(parts))
        self.count = self._numbers.count

    def codes(self, parts: list[Ints]) -> Ints:
        """(n,) the place of each combination, `count` where it is none, as when one of its codes is that of no key."""
        found = self._numbers.codes(self._mixed(parts))
        for part, count in zip(parts, self._counts, strict=True):
            found[part >= count] = self.count
        return found

    def _mixed(self, parts: list[Ints]) -> Ints:
        mixed = parts[0].copy()
        for part, count in zip(parts[1:], self._counts[1:], strict=True):
            mixed *= count + 1
            mixed += part
        return mixed
