"""Turns each text of a column into 64 bits that are the same on every machine, quickly enough to do it for all of them.

The hash of a text is a final mix of: its length in bytes times a constant, plus, over its 8-byte words (little endian,
zero padded, at least two), the splitmix64 finaliser of the word plus (place + 1) × GOLDEN. A sum has no order, so words
are taken place by place over a few thousand texts at once, never text by text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datagen.kernel.address import FIRST_MULTIPLIER, GOLDEN, SECOND_MULTIPLIER, mix
from datagen.kernel.text_bytes import INLINE, TextChunk, text_chunks

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

NULL = 0xA0761D6478BD642F  # what stands for no value
TEXTS = 8192  # texts per step: a dozen work arrays stay in the second-level cache
LOOPED = 32  # words of a text taken one place at a time; the words behind them are taken all at once
FEW_BUFFERS = 8  # that are looked for one by one, because sorting their numbers takes longer
FAR_WORDS = 1 << 20  # words taken all at once, at most: 8 MiB
MODULUS = 1 << 64
_HALF = np.uint64(32)  # bits
_LOW = np.uint64(0xFFFFFFFF)


def text_hash(series: pl.Series) -> NDArray[np.uint64]:
    """(n,) hash of each text's UTF-8 bytes; nulls have their own.

    series: String. About 10 ns for texts up to 12 bytes, 40-50 ns for an e-mail address, 10 ns for every word more.
    """
    hashes = np.empty(len(series), np.uint64)
    missing = series.is_null().to_numpy() if series.null_count() else None
    done = 0
    with text_chunks(series) as chunks:
        for chunk in chunks:
            for start in range(0, chunk.views.shape[0], TEXTS):
                piece = TextChunk(chunk.views[start : start + TEXTS], chunk.buffers)
                place = slice(done, done + piece.views.shape[0])
                hashes[place] = _hash_chunk(piece, None if missing is None else missing[place])
                done = place.stop
    if missing is not None:
        hashes[missing] = NULL
    return hashes


def _hash_chunk(chunk: TextChunk, missing: NDArray[np.bool_] | None) -> NDArray[np.uint64]:
    """(n,) hashes of a few thousand texts; those of missing ones are any number."""
    head, tail = chunk.views[:, 0], chunk.views[:, 1]
    length = head & _LOW
    if missing is not None:
        length[missing] = 0  # the view of a missing text may hold anything
    hashes = length * np.uint64(SECOND_MULTIPLIER)
    scratch = np.empty_like(hashes)
    long = np.flatnonzero(length > INLINE)
    if long.size < hashes.size:
        sums = _sum_inline(head, tail, scratch)
        sums[long] = 0
        hashes += sums
    if long.size:
        hashes[long] += _sum_buffers(chunk.buffers, tail[long], length[long].view(np.int64))
    np.right_shift(hashes, 32, out=scratch)
    np.bitwise_xor(hashes, scratch, out=hashes)
    np.multiply(hashes, FIRST_MULTIPLIER, out=hashes)
    np.right_shift(hashes, 29, out=scratch)
    np.bitwise_xor(hashes, scratch, out=hashes)
    return hashes


def _sum_inline(head: NDArray[np.uint64], tail: NDArray[np.uint64], scratch: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(n,) sum over the two words of short texts, taken out of their views."""
    sums = head >> _HALF
    second = tail >> _HALF
    np.left_shift(tail, 32, out=scratch)
    np.bitwise_or(sums, scratch, out=sums)
    for number, word in enumerate((sums, second)):
        np.add(word, _place(number), out=word)
        mix(word, scratch)
    sums += second
    return sums


def _sum_buffers(
    buffers: list[NDArray[np.uint8]], places: NDArray[np.uint64], size: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """(n,) sum over the words of longer texts. places: second halves of their views, buffer number and offset."""
    numbers, start = places & _LOW, (places >> _HALF).view(np.int64)
    lowest, highest = int(numbers.min()), int(numbers.max())
    if lowest == highest:
        return _sum_words(buffers[lowest], start, size)
    sums = np.empty_like(places)
    # a loop over buffers of bytes, seldom more than two in a chunk
    some = range(lowest, highest + 1) if highest - lowest < FEW_BUFFERS else np.unique(numbers).tolist()
    for number in some:
        inside = (numbers == number).nonzero()[0]
        if inside.size:
            sums[inside] = _sum_words(buffers[number], start[inside], size[inside])
    return sums


def _sum_words(buffer: NDArray[np.uint8], start: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(n,) sum over the words of texts that are all longer than one word."""
    every_byte: NDArray[np.uint64] = np.ndarray((buffer.shape[0] - 7,), "<u8", buffer, strides=(1,))
    whole = size >> 3
    # the word at the end is read so that it ends where the text ends, and the bytes read twice are shifted out
    rest = size & 7
    sums: NDArray[np.uint64] = every_byte[start + size - 8]
    sums >>= ((8 - rest) << 3).view(np.uint64) & 63
    sums += (whole + 1).view(np.uint64) * GOLDEN
    scratch = np.empty_like(sums)
    mix(sums, scratch)
    sums[rest == 0] = 0
    least, most = int(whole.min()), int(whole.max())
    for number in range(min(most, LOOPED)):  # a loop over places in a text, not over texts
        longer = slice(None) if number < least else (whole > number).nonzero()[0]
        word = every_byte[start[longer] + 8 * number]
        word += _place(number)
        mix(word, scratch[: word.shape[0]])
        sums[longer] += word
    if most > LOOPED:
        longer = np.flatnonzero(whole > LOOPED)
        sums[longer] += _sum_far_words(every_byte, start[longer], whole[longer])
    return sums


def _sum_far_words(
    every_byte: NDArray[np.uint64], start: NDArray[np.int64], whole: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """(n,) the same sum over whole words number LOOPED and further, for texts of any length at once."""
    count = whole - LOOPED
    total = int(count.sum())
    if total > FAR_WORDS and count.shape[0] > 1:
        half = count.shape[0] // 2
        halves = (slice(None, half), slice(half, None))
        return np.concatenate([_sum_far_words(every_byte, start[part], whole[part]) for part in halves])
    first = np.cumsum(count) - count
    number = np.arange(total) - np.repeat(first - LOOPED, count)
    word = every_byte[np.repeat(start, count) + (number << 3)]
    word += (number + 1).view(np.uint64) * GOLDEN
    mix(word, np.empty_like(word))
    sums: NDArray[np.uint64] = np.add.reduceat(word, first)
    return sums


def _place(number: int) -> np.uint64:
    return np.uint64((number + 1) * GOLDEN % MODULUS)
