"""The rank of a row in a shuffled table, without shuffling: a keyed bijection of [0, n).

"Exactly 4 %" is `rank < round(0.04 n)`; the same ranks give values that never repeat. Rounds of add, odd multiply and
xor-shift permute the b-bit numbers, b = ⌈log2 n⌉; a number that lands at n or above is permuted again until it is below
(cycle walking: Black and Rogaway 2002), on average less than twice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.address import salt_of
from datagen.kernel.draws import bits as random_bits

ROUNDS = 4  # with 3, one key in some hundred leaves neighbours correlated (13 standard errors at n = 5,000)
ROUNDS_WITHIN = 12  # groups are small: with 8, pairs of rows of groups of six are still uneven (200,000 groups)
LARGEST = 1 << 62
PIECE = 16_384  # rows per piece, so that the working arrays stay in cache

Turn = Callable[[NDArray[np.uint64], NDArray[np.uint64]], None]


def permuted_rank(row_numbers: NDArray[np.int64], n: int, key: int) -> NDArray[np.int64]:
    """(m,) int64 ranks in [0, n) of row numbers in [0, n): another rank for every row. 1 <= n <= 2^62; key: 64 bits."""
    return _walk(row_numbers, n, _Rounds(n, key).forward)


def unpermute(ranks: NDArray[np.int64], n: int, key: int) -> NDArray[np.int64]:
    """(m,) int64 row numbers that have these ranks: the inverse of `permuted_rank`."""
    return _walk(ranks, n, _Rounds(n, key).backward)


class _Rounds:
    """The constants of one key, and the b-bit permutation both ways, in place."""

    def __init__(self, n: int, key: int) -> None:
        if not 1 <= n <= LARGEST:
            raise ValueError(f"cannot permute {n} rows: 1 to 2^62")
        width = (n - 1).bit_length()
        self.mask = (1 << width) - 1
        self.shift = max(1, (width + 1) // 2)  # at least half the width: the xor-shift is its own inverse
        steps = [salt_of("permute", key, turn) & self.mask for turn in range(ROUNDS)]
        # 5 modulo 8: the multipliers of longest period, never 1
        odds = [(salt_of("permute odd", key, turn) & ~7 | 5) & self.mask | 1 for turn in range(ROUNDS)]
        self.rounds = list(zip(steps, odds, strict=True))
        self.inverse = [(-step & self.mask, pow(odd, -1, self.mask + 1)) for step, odd in reversed(self.rounds)]

    def forward(self, x: NDArray[np.uint64], scratch: NDArray[np.uint64]) -> None:
        for step, odd in self.rounds:
            np.add(x, step, out=x)
            np.multiply(x, odd, out=x)
            np.bitwise_and(x, self.mask, out=x)
            np.right_shift(x, self.shift, out=scratch)
            np.bitwise_xor(x, scratch, out=x)

    def backward(self, x: NDArray[np.uint64], scratch: NDArray[np.uint64]) -> None:
        for step, odd in self.inverse:
            np.right_shift(x, self.shift, out=scratch)
            np.bitwise_xor(x, scratch, out=x)
            np.multiply(x, odd, out=x)
            np.add(x, step, out=x)
            np.bitwise_and(x, self.mask, out=x)


def _walk(places: NDArray[np.int64], n: int, turn: Turn) -> NDArray[np.int64]:
    """Permute every place until it is below n."""
    ranks = np.array(places, dtype=np.int64)
    for start in range(0, len(ranks), PIECE):
        piece = ranks[start : start + PIECE].view(np.uint64)
        scratch = np.empty_like(piece)
        turn(piece, scratch)
        outside = np.flatnonzero(piece >= n)
        while len(outside):
            walking = piece[outside]
            turn(walking, scratch[: len(walking)])
            piece[outside] = walking
            outside = outside[walking >= n]
    return ranks


def permuted_within(rank: NDArray[np.int64], count: NDArray[np.int64], key: NDArray[np.uint64]) -> NDArray[np.int64]:
    """(m,) int64 ranks in [0, count) inside groups, another one for every row of a group.

    rank (m,) in [0, count), each once in a group; count (m,) 1 to 2^62 and key (m,) uint64 random bits, the same in all
    rows of a group. The rounds of `permuted_rank` with constants that differ by group.
    """
    found = np.array(rank, dtype=np.int64)
    for start in range(0, len(found), PIECE):
        piece, n = found[start : start + PIECE].view(np.uint64), count[start : start + PIECE].astype(np.uint64)
        _turn_within(piece, n, key[start : start + PIECE])
        outside = np.flatnonzero(piece >= n)
        while len(outside):
            walking = piece[outside]
            _turn_within(walking, n[outside], key[start : start + PIECE][outside])
            piece[outside] = walking
            outside = outside[walking >= n[outside]]
    return found


def _turn_within(x: NDArray[np.uint64], n: NDArray[np.uint64], key: NDArray[np.uint64]) -> None:
    """One permutation of the b-bit numbers of every group, in place."""
    mask = _mask(n)
    width = np.bitwise_count(mask).astype(np.uint64)
    shift = np.maximum((width + np.uint64(1)) >> np.uint64(1), np.uint64(1))
    for turn in range(ROUNDS_WITHIN):
        step = random_bits(key, salt_of("permute within", turn))
        np.add(x, step & mask, out=x)
        np.multiply(x, (step >> np.uint64(32)) | np.uint64(1), out=x)
        np.bitwise_and(x, mask, out=x)
        np.bitwise_xor(x, x >> shift, out=x)


def _mask(n: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(m,) 2^b - 1 for the fewest bits b that hold n - 1."""
    mask = n - np.uint64(1)
    for shift in (1, 2, 4, 8, 16, 32):
        mask |= mask >> np.uint64(shift)
    return mask
