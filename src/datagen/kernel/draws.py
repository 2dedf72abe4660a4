"""Random bits and uniforms of rows: a function of the row's address and of a salt, and of nothing else.

The splitmix64 finaliser of (address xor salt), in pieces that stay in the processor's cache. There is no stream and no
order: one row's draw is the same alone, in a block, or in the whole table, on every machine and thread.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.address import mix

PIECE = 32_768  # rows per piece: 256 KiB of values and 256 KiB of scratch stay in a level-2 cache
EXPONENT_OF_ONE = 0x3FF0000000000000

_threads = threading.local()


def bits(address: NDArray[np.uint64], salt: int, out: NDArray[np.uint64] | None = None) -> NDArray[np.uint64]:
    """(n,) uint64, 64 random bits per row. `out` receives them when given (it may be `address` itself)."""
    values = np.empty(len(address), dtype=np.uint64) if out is None else out
    scratch = _scratch()
    for start in range(0, len(address), PIECE):
        piece = values[start : start + PIECE]
        np.bitwise_xor(address[start : start + PIECE], salt, out=piece)
        mix(piece, scratch[: len(piece)])
    return values


def uniform(address: NDArray[np.uint64], salt: int, out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """(n,) float64 in [0, 1), multiples of 2^-52, one per row. `out` receives them when given."""
    values = np.empty(len(address), dtype=np.float64) if out is None else out
    words = values.view(np.uint64)
    scratch = _scratch()
    for start in range(0, len(address), PIECE):
        piece = words[start : start + PIECE]
        np.bitwise_xor(address[start : start + PIECE], salt, out=piece)
        mix(piece, scratch[: len(piece)])
        np.right_shift(piece, 12, out=piece)
        np.bitwise_or(piece, EXPONENT_OF_ONE, out=piece)
        fractions = values[start : start + PIECE]
        np.subtract(fractions, 1.0, out=fractions)  # the bits are a float in [1, 2)
    return values


def _scratch() -> NDArray[np.uint64]:
    """(PIECE,) uint64 of this thread's own, reused from call to call."""
    try:
        return _threads.scratch  # type: ignore[no-any-return]
    except AttributeError:
        _threads.scratch = np.empty(PIECE, dtype=np.uint64)
        return _threads.scratch  # type: ignore[no-any-return]
