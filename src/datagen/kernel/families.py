"""Figures along the rows of families (children of one parent, in an order): running sums, least so far, sums and extremes.

Rows stand family after family. No figure mixes families, and each is worked out in the order of its rows, one after the
other, so that it is the same wherever the rows are cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

SHORT = 128  # families up to this many rows go on together, row after row; each longer one by itself


@dataclass(frozen=True)
class Families:
    """lengths: (f,) rows of each family, none of them 0."""

    lengths: Ints

    @cached_property
    def ends(self) -> Ints:
        """(f,) where each family ends."""
        found: Ints = np.cumsum(self.lengths)
        return found

    @cached_property
    def firsts(self) -> Ints:
        """(f,) where each family begins."""
        return self.ends - self.lengths

    @cached_property
    def owner(self) -> Ints:
        """(n,) the family of each row."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int64), self.lengths)

    @cached_property
    def place(self) -> Ints:
        """(n,) place of each row in its family, from 0."""
        return np.arange(int(self.lengths.sum()), dtype=np.int64) - np.repeat(self.firsts, self.lengths)

    def order(self, *keys: NDArray[Any]) -> Ints:
        """(n,) the rows, family after family, each in the order of keys, the first key first; ties stay as they stand."""
        return np.lexsort((*reversed(keys), self.owner))

    def along(self, step: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        """(n,) what `step` makes of each family's values up to each row, one after the other: np.add gives running sums."""
        found = values.copy()
        short = np.flatnonzero(self.lengths <= SHORT)
        waiting = short[
            np.argsort(-self.lengths[short], kind="stable")
        ]  # the longest first: those that go on come first
        lengths, firsts = self.lengths[waiting], self.firsts[waiting]
        for place in range(1, int(lengths[0]) if len(lengths) else 0):
            rows = firsts[: int(np.searchsorted(-lengths, -place, side="left"))] + place
            found[rows] = step(found[rows - 1], found[rows])
        for family in np.flatnonzero(self.lengths > SHORT):
            here = slice(int(self.firsts[family]), int(self.ends[family]))
            found[here] = step.accumulate(found[here])
        return found

    def total(self, values: NDArray[Any], keep: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """(f,) sum of the values of each family, of the rows to keep, in row order."""
        found = np.zeros(len(self.lengths), dtype=values.dtype)
        owner = self.owner
        np.add.at(found, owner if keep is None else owner[keep], values if keep is None else values[keep])
        return found

    def largest(self, values: NDArray[Any], keep: NDArray[np.bool_]) -> NDArray[Any]:
        """(f,) largest value of each family among the rows to keep; the smallest number there is where none is kept."""
        least = -np.inf if values.dtype.kind == "f" else np.iinfo(values.dtype).min
        found = np.full(len(self.lengths), least, dtype=values.dtype)
        np.maximum.at(found, self.owner[keep], values[keep])
        return found


def balances(families: Families, moves: NDArray[Any], start: NDArray[Any], floor: float | None) -> NDArray[Any]:
    """(n,) running sums of moves from a start (f,) on; with a floor x[k] = max(floor, x[k-1] + moves[k]).

    With T the running sums without a floor, x = T while no T so far was below it, else floor + T - min(T so far).
    """
    opened = moves.copy()
    opened[families.firsts] = start + moves[families.firsts]
    sums = families.along(np.add, opened)
    if floor is None:
        return sums
    least = families.along(np.minimum, sums)
    edge = sums.dtype.type(floor)
    held: NDArray[Any] = np.where(least < edge, edge + (sums - least), sums)
    return held
