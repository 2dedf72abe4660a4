"""Effect tables: a factor per key and window of time (promotions, outages, price lists), looked up for arrays of rows.

The windows of a key cut time into stretches with one factor each. They are found once, from the whole effect table; a
row then costs a look-up: its time's rank among all borders by a guide, its factor in a dense table of key × rank.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.clock import Times
from datagen.kernel.digits import round_bits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Combine = Literal["first", "product", "sum", "max"]

DAWN = -(1 << 62)  # before all times, where the first stretch of every key begins
DENSE_CELLS = 4_000_000  # a dense table up to 32 MB; beyond it, bisection
GUIDE_BITS = 20  # the largest guide: 1 M cells


class TimeRanks:
    """How many of some borders lie at or before a time, by a guide with an exact finish.

    borders (k,) int64, rising, distinct.
    """

    def __init__(self, borders: Times) -> None:
        self.borders = borders
        if not len(borders):
            return
        self._origin = int(borders[0])
        span = int(borders[-1]) - self._origin
        bits = min(max(8, (len(borders) - 1).bit_length() + 5), GUIDE_BITS)
        self._shift = max(span.bit_length() - bits, 0)
        cells = (span >> self._shift) + 1
        # cell 0 is everything before the first border; the last cell everything after the last one
        starts = self._origin + (np.arange(cells + 1, dtype=np.int64) << self._shift)
        inside = np.searchsorted(borders, starts, side="left")
        first, last = inside[:-1], inside[1:]
        self._guide = np.concatenate([[0], np.where(first == last, first, -1), [len(borders)]]).astype(np.int32)

    def rank(self, times: Times) -> Ints:
        """(n,) number of borders <= each time."""
        if not len(self.borders):
            return np.zeros(len(times), dtype=np.int64)
        cell = np.subtract(times, self._origin)
        np.right_shift(cell, self._shift, out=cell)
        np.add(cell, 1, out=cell)
        rank = np.take(self._guide, cell, mode="clip").astype(np.int64)
        unsure = np.flatnonzero(rank < 0)
        if len(unsure):
            rank[unsure] = np.searchsorted(self.borders, times[unsure], side="right")
        return rank


class Stretches:
    """Time cut into stretches per key, each with a factor: stretch s of key k runs from edges[s] to the next edge.

    offsets (keys + 1,): where the stretches of each key begin; the first one of a key begins at DAWN. factors (s,)
    float64.
    """

    def __init__(self, offsets: Ints, edges: Times, factors: Floats) -> None:
        self.offsets, self.edges, self.factors = offsets, edges, factors
        self.keys = len(offsets) - 1
        borders = np.unique(edges[edges != DAWN])
        self._ranks = TimeRanks(borders)
        self._width = len(borders) + 1
        place = np.zeros(len(edges), dtype=np.int64)
        place[edges != DAWN] = np.searchsorted(borders, edges[edges != DAWN]) + 1
        place += np.repeat(np.arange(self.keys, dtype=np.int64), np.diff(offsets)) * self._width
        self._places = place  # rising: key by key, edge by edge
        self._dense: NDArray[Any] | None = None
        self._dense_factors: Floats | None = None
        if self.keys * self._width <= DENSE_CELLS:
            dense = np.zeros(self.keys * self._width, dtype=np.int32)
            dense[place] = np.arange(len(edges), dtype=np.int32)
            self._dense = np.maximum.accumulate(dense)
            self._dense_factors = factors[self._dense]

    def factor(self, codes: Ints | None, times: Times) -> Floats:
        """(n,) the factor of each key at each time. codes None: all rows have key 0."""
        cell = self._cell(codes, times)
        if self._dense_factors is not None:
            return self._dense_factors[cell]
        return self.factors[self._bisected(cell)]

    def stretch(self, codes: Ints | None, times: Times) -> Ints:
        """(n,) the stretch that each time falls in."""
        cell = self._cell(codes, times)
        return self._bisected(cell) if self._dense is None else self._dense[cell].astype(np.int64)

    def _cell(self, codes: Ints | None, times: Times) -> Ints:
        cell = self._ranks.rank(times)
        return cell if codes is None else np.add(cell, codes * self._width, out=cell)

    def _bisected(self, cell: Ints) -> Ints:
        return np.searchsorted(self._places, cell, side="right") - 1


def stretches(
    codes: Ints, starts: Times, ends: Times, values: Floats, *, keys: int, default: float, combine: Combine = "first"
) -> Stretches:
    """Stretches of an effect table. Rows count in the order given: with `first` the earliest matching row wins.

    codes (m,) int64 in [0, keys): the key of each effect row; starts, ends (m,): windows, end exclusive (an empty
    window matches nothing); values (m,): their factors. Key number `keys` is added for rows that match no effect row:
    it has the default everywhere. Any number of windows may overlap: m log m steps (a segment tree over the stretches).
    """
    real = starts < ends
    codes, starts, ends, values = codes[real], starts[real], ends[real], values[real]
    count = len(codes)
    all_codes = np.concatenate([codes, codes, np.arange(keys + 1, dtype=np.int64)])
    all_times = np.concatenate([starts, ends, np.full(keys + 1, DAWN)])
    order = np.lexsort((all_times, all_codes))  # a stable sort
    sorted_codes, sorted_times = all_codes[order], all_times[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (sorted_codes[1:] != sorted_codes[:-1]) | (sorted_times[1:] != sorted_times[:-1])
    stretch = np.empty(len(order), dtype=np.int64)
    stretch[order] = np.cumsum(new) - 1
    edges, owner = sorted_times[new], sorted_codes[new]
    offsets = np.searchsorted(owner, np.arange(keys + 2))
    factors = _combined(stretch[:count], stretch[count : 2 * count], values, len(edges), default, combine)
    return Stretches(offsets, edges, factors)


def _combined(low: Ints, high: Ints, values: Floats, size: int, default: float, combine: Combine) -> Floats:
    """(size,) what the ranges [low, high) that cover each place combine to; the default where none does."""
    if not len(low):
        return np.full(size, default)
    opened = np.bincount(low, minlength=size + 1) - np.bincount(high, minlength=size + 1)
    covered = np.cumsum(opened)[:size] > 0
    if combine == "first":
        earliest = _over_ranges(low, high, np.arange(len(low), dtype=np.int64), size, np.minimum, len(low))
        factors = values[np.minimum(earliest, len(low) - 1)]
    elif combine == "max":
        factors = _over_ranges(low, high, values, size, np.maximum, -np.inf)
    else:
        operation, neutral = (np.add, 0.0) if combine == "sum" else (np.multiply, 1.0)
        # the tree decides in which order floats are added; rounding hides it
        factors = round_bits(_over_ranges(low, high, values, size, operation, neutral))
    return np.where(covered, factors, default)


def _over_ranges(
    low: Ints, high: Ints, values: NDArray[Any], size: int, operation: np.ufunc, neutral: Any
) -> NDArray[Any]:
    """(size,) the operation over the values of all ranges that hold each place.

    A segment tree, all ranges at once: a range is left at up to two nodes per level, a place then gathers its
    ancestors.
    """
    leaves = 1 << max(size - 1, 1).bit_length()
    tree = np.full(2 * leaves, neutral, dtype=values.dtype)
    left, right, rows = low + leaves, high + leaves, np.arange(len(low))
    while len(rows):
        odd = (left & 1) == 1
        operation.at(tree, left[odd], values[rows[odd]])
        left += odd
        odd = (right & 1) == 1
        right -= odd
        operation.at(tree, right[odd], values[rows[odd]])
        left >>= 1
        right >>= 1
        wide = left < right
        left, right, rows = left[wide], right[wide], rows[wide]
    node = np.arange(leaves, leaves + size, dtype=np.int64)
    gathered = tree[node]
    for _ in range(leaves.bit_length() - 1):
        node >>= 1
        gathered = operation(gathered, tree[node])
    return gathered


def averaged(parts: Stretches, shares: Floats) -> Stretches:
    """The mean factor over keys at every time, as stretches of a single key. shares (keys,): how common each key is."""
    weight = np.repeat(shares, np.diff(parts.offsets))
    steps = np.diff(parts.factors, prepend=0.0)
    first = parts.offsets[:-1]
    steps[first] = parts.factors[first]
    edges, where = np.unique(parts.edges, return_inverse=True)
    change = np.zeros(len(edges))
    np.add.at(change, where, steps * weight)
    factors = round_bits(np.maximum(np.cumsum(change), 0.0), 36)
    return Stretches(np.array([0, len(edges)], dtype=np.int64), edges, factors)


def multiplied(parts: list[tuple[Stretches, Ints]]) -> Stretches:
    """Several effects as one: key t of the result has the product of the factors of `codes[t]` in each part.

    parts: stretches and (t,) int64 the key in each of them.
    """
    owners, edges = [], []
    for one, codes in parts:
        sizes = one.offsets[codes + 1] - one.offsets[codes]
        ends = np.cumsum(sizes)
        place = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - sizes - one.offsets[codes], sizes)
        owners.append(np.repeat(np.arange(len(codes), dtype=np.int64), sizes))
        edges.append(one.edges[place])
    owner, edge = np.concatenate(owners), np.concatenate(edges)
    order = np.lexsort((edge, owner))
    owner, edge = owner[order], edge[order]
    new = np.ones(len(owner), dtype=np.bool_)
    new[1:] = (owner[1:] != owner[:-1]) | (edge[1:] != edge[:-1])
    owner, edge = owner[new], edge[new]
    factors = np.ones(len(edge))
    for one, codes in parts:
        factors *= one.factor(codes[owner], edge)
    return Stretches(np.searchsorted(owner, np.arange(len(parts[0][1]) + 1)), edge, factors)
