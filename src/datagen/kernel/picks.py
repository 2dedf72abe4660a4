"""Picks a row of another table so that an added row moves only the few picks it wins.

With one per cent more rows, one per cent of the picks move, all of them to new rows; all rows are equally likely.
BinomialHash (Coluzzi, Brocco, Antonucci, Leidi 2024, arXiv:2406.19836): rows are the leaves of a binomial tree, level k
holding rows 2^(k-1) to 2^k - 1. A pick falls into the smallest full tree that holds all rows; if it falls past the last
row it is thrown again, until it hits an existing row of the last level or leaves that level for the smaller tree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.address import GOLDEN, mix

PIECE = 16_384  # rows per piece, so that the working arrays stay in cache
THROWS = 64  # a throw misses with chance below 1/2: 64 misses happen once in 2^64 picks
MOST_ROWS = 1 << 52  # the level of a row is read from a float's exponent


def pick_row(bits: NDArray[np.uint64], n_rows: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) int64 rows in [0, n_rows), uniform, from 64 random bits each; -1 where there is no row.

    n_rows: the number of rows to pick from, or (n,) int64 with one for each pick (each pick is the one it would be for
    that number alone, so it can be a growing table: rows created so far, rows above this one).
    """
    if np.ndim(n_rows) == 0:
        n_rows = int(n_rows)
    limit = n_rows if isinstance(n_rows, int) else int(np.max(n_rows, initial=0))
    if limit > MOST_ROWS:
        raise ValueError(f"cannot pick among {limit} rows: at most 2^52")
    picks = np.empty(len(bits), dtype=np.int64)
    for start in range(0, len(bits), PIECE):
        piece = slice(start, start + PIECE)
        sizes = n_rows if isinstance(n_rows, int) else n_rows[piece].astype(np.uint64)
        picks[piece] = _pick(bits[piece], sizes).view(np.int64)
    if isinstance(n_rows, int):
        if n_rows < 1:
            picks.fill(-1)
    else:
        picks[n_rows < 1] = -1
    return picks


def _pick(bits: NDArray[np.uint64], sizes: int | NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(m,) uint64 picks for one piece; what stands where there is no row has no meaning."""
    if isinstance(sizes, int):
        full: int | NDArray[np.uint64] = (1 << max(0, sizes - 1).bit_length()) - 1
    else:
        full = _below_power(np.maximum(sizes, 1) - np.uint64(1))
    picks = _in_full_tree(bits, full)
    outside = np.flatnonzero(picks >= sizes)
    for throw in range(THROWS):
        if not len(outside):
            break
        words = bits[outside]
        own_sizes = sizes if isinstance(sizes, int) else sizes[outside]
        own_full = full if isinstance(full, int) else full[outside]
        # even multiples of GOLDEN; those of the levels are odd, so that no throw repeats a level's hash
        thrown = words + np.uint64((2 * throw + 2) * GOLDEN & 0xFFFFFFFFFFFFFFFF)
        mix(thrown, np.empty_like(thrown))
        np.bitwise_and(thrown, own_full, out=thrown)
        small = own_full >> 1 if isinstance(own_full, int) else own_full >> np.uint64(1)
        falls = thrown <= small
        if falls.any():
            thrown[falls] = _in_full_tree(words[falls], small if isinstance(small, int) else small[falls])
        hits = thrown < own_sizes
        picks[outside[hits]] = thrown[hits]
        outside = outside[~hits]
    return picks


def _in_full_tree(bits: NDArray[np.uint64], full: int | NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(m,) uint64 picks among 2^k rows, full = 2^k - 1: the level from the low bits, the place in it from a new hash.

    Without the new hash, those who leave the last level would all fall on the same rows of the smaller tree.
    """
    low = np.bitwise_and(bits, full)
    inside = _below_power(low)
    np.right_shift(inside, 1, out=inside)  # 2^(level - 1) - 1: the mask of places within the level
    level_hash = np.multiply(inside, GOLDEN)
    np.add(level_hash, bits, out=level_hash)
    scratch = np.empty_like(level_hash)
    mix(level_hash, scratch)
    np.bitwise_and(level_hash, inside, out=level_hash)
    np.subtract(low, np.bitwise_and(low, inside, out=scratch), out=low)  # the first row of the level
    np.add(low, level_hash, out=low)
    return low


def _below_power(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(m,) uint64: 2^b - 1 for numbers of b bits (below 2^52), read from the exponent of the number as a float."""
    exponent = numbers.astype(np.float64).view(np.uint64)
    np.right_shift(exponent, 52, out=exponent)
    np.subtract(np.maximum(exponent, 1022, out=exponent), 1022, out=exponent)
    ones = np.left_shift(np.uint64(1), exponent, out=exponent)
    np.subtract(ones, 1, out=ones)
    return ones
