"""Shares that come out exactly: how many rows each value gets, and which rows those are.

Over a whole table by the largest remainder (Hamilton's method). Inside many groups at once by controlled rounding: with
running shares C(k) and one draw u of the group, values up to k get floor(C(k)·n + u) of its n rows. Every count is its
share of the rows, rounded down or up, a whole one is kept, and the mean over groups is the share itself, so that small
groups keep the shares of all. Source: Cox 1987, A constructive procedure for unbiased controlled rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLACK = 1e-9  # 0.6 × 25,000 is 15,000.000000000002 in floats and means 15,000


def largest_remainder(weights: Floats | Sequence[float], total: int) -> Ints:
    """(k,) int64 rows of each value, which sum to `total`.

    weights (k,) >= 0, any scale, not all 0. What is left after rounding down goes to the largest remainders; of equal
    ones to the earlier value.
    """
    sizes = np.asarray(weights, dtype=np.float64)
    wanted = sizes / sizes.sum() * total
    counts: Ints = np.floor(wanted + SLACK * np.maximum(wanted, 1.0)).astype(np.int64)
    remainders = np.round(wanted - counts, 9)
    order = np.argsort(-remainders, kind="stable")
    order = order[sizes[order] > 0]  # what has no share gets no row
    left = total - int(counts.sum())
    counts[order[:left]] += 1
    return counts


def running_shares(weights: Floats | Sequence[float]) -> Floats:
    """(k,) float64 running sums of weights as shares; the last is 1."""
    sizes = np.asarray(weights, dtype=np.float64)
    ends: Floats = np.cumsum(sizes) / sizes.sum()
    ends[np.flatnonzero(sizes)[-1] :] = 1.0
    return ends


def placed_in_groups(ends: Floats, rank: Ints, count: Ints, u: Floats) -> Ints:
    """(n,) int64 the value of each row by its rank in its group, so that every group keeps the shares.

    ends (k,): `running_shares`; rank (n,) in [0, count), each once in a group; u (n,) in [0, 1), one for a group.
    """
    inner = u * (1.0 - 2.0 * SLACK) + SLACK  # away from both ends, where a whole count would depend on the last digit
    places: Ints = np.searchsorted(ends, (rank + 1.0 - inner) / np.maximum(count, 1), side="left").astype(np.int64)
    return np.minimum(places, len(ends) - 1)


def placed(counts: Ints, rank: Ints) -> Ints:
    """(n,) int64 the value of each row by its rank among all of them; counts (k,) rows of each value."""
    found: Ints = np.searchsorted(np.cumsum(counts), rank, side="right").astype(np.int64)
    return found
