"""One slip of the keyboard in each of many texts, worked out for all of them at once on their code points."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
SHIFTS = (0.0, 0.5, 0.75, 1.25)  # how far a row begins to the right of the first, in keys
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NEIGHBOUR, DROP, SWAP = 0.40, 0.65, 0.85  # running shares; the rest doubles
CELLS = 1 << 18  # code points in memory at a time

Floats = NDArray[np.float64]
Codes = NDArray[np.uint32]


def slips(texts: pl.Series, kind: Floats, place: Floats, key: Floats) -> pl.Series:
    """(n,) String of (n,) String without nulls, each with one slip and none as it was.

    kind, place, key: (n,) uniforms that choose the slip, the sign that it hits and the key that is hit instead.
    """
    import polars as pl

    found: list[str] = []
    widest = max(int(texts.str.len_chars().max() or 0), 1) if len(texts) else 1  # type: ignore[arg-type]
    step = max(1, CELLS // widest)
    for start in range(0, len(texts), step):
        part = slice(start, start + step)
        found += _slips(texts[part], kind[part], place[part], key[part])
    return pl.Series(texts.name, found, dtype=pl.String)


def _slips(texts: pl.Series, kind: Floats, place: Floats, key: Floats) -> list[str]:
    length = texts.str.len_chars().to_numpy().astype(np.int64)
    width = int(length.max()) + 1
    codes = np.array(texts.to_list(), dtype=f"<U{width}").view(np.uint32).reshape(len(texts), width)
    rows = np.arange(len(texts))
    near, keys = neighbours()
    keyed = (codes < 128) & (keys[np.minimum(codes, 127)] > 0)
    at = np.where(keyed.any(axis=1), _nth_true(keyed, place), np.floor(place * length).astype(np.int64))
    at = np.minimum(at, np.maximum(length - 1, 0))
    sign = codes[rows, at]
    after = codes[rows, np.minimum(at + 1, width - 1)]
    hit = (kind < NEIGHBOUR) & keyed[rows, at]
    drop = (kind >= NEIGHBOUR) & (kind < DROP) & (length > 1)
    swap = (kind >= DROP) & (kind < SWAP) & (at + 1 < length) & (after != sign)
    double = ~(hit | drop | swap)
    plain = np.minimum(sign, 127)
    other = near[plain, np.minimum((key * np.maximum(keys[plain], 1)).astype(np.int64), np.maximum(keys[plain] - 1, 0))]
    # where each sign of the new text comes from: one further for what is behind a dropped one, one back behind a doubled one
    steps = np.arange(width, dtype=np.int64)[None, :]
    behind = at[:, None]
    source = np.where(drop[:, None] & (steps >= behind), steps + 1, steps)
    source = np.where(double[:, None] & (steps > behind), steps - 1, source)
    source = np.where(swap[:, None] & (steps == behind), steps + 1, source)
    source = np.where(swap[:, None] & (steps == behind + 1), steps - 1, source)
    made = np.take_along_axis(codes, np.minimum(source, width - 1), axis=1)
    made[rows[hit], at[hit]] = other[hit]
    empty = length == 0
    letters = np.frombuffer(LETTERS.encode("utf-32-le"), dtype=np.uint32)
    made[rows[empty], 0] = letters[np.floor(key[empty] * len(letters)).astype(np.int64)]
    whole: list[str] = np.ascontiguousarray(made).view(f"<U{width}").reshape(-1).tolist()
    return whole


def _nth_true(mask: NDArray[np.bool_], u: Floats) -> NDArray[np.int64]:
    """(n,) the place of one of the True entries of each row, each as likely; 0 where there is none."""
    running = np.cumsum(mask, axis=1)
    wanted = np.floor(u * running[:, -1]).astype(np.int64) + 1
    places: NDArray[np.int64] = np.argmax(running >= wanted[:, None], axis=1).astype(np.int64)
    return places


@cache
def neighbours() -> tuple[Codes, NDArray[np.int64]]:
    """(128, 8) the signs on the keys beside each sign's key, and (128,) how many those are; 0 for what is on no key."""
    places = {
        sign: (column + shift, line)
        for line, (signs, shift) in enumerate(zip(ROWS, SHIFTS, strict=True))
        for column, sign in enumerate(signs)
    }
    near, keys = np.zeros((128, 8), dtype=np.uint32), np.zeros(128, dtype=np.int64)
    for sign, (across, down) in places.items():
        beside = [
            other
            for other, (x, y) in places.items()
            if other != sign and abs(x - across) <= 1.0 and abs(y - down) <= 1 and other.isdigit() == sign.isdigit()
        ]
        for form in {sign, sign.upper()}:
            signs = [other.upper() if form.isupper() else other for other in beside]
            near[ord(form), : len(signs)] = [ord(other) for other in signs]
            keys[ord(form)] = len(signs)
    return near, keys
