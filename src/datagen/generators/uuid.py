"""Random identifiers in the form of a version 4 UUID."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values


class Uuid(Generator):
    """One UUID per row, from 122 bits of the row's address: two equal ones are not expected below 10^17 rows.

    No params. Fills texts such as `1b4e28ba-2fa1-4d2e-883f-0016d3cca427`. Reads nothing. Source: RFC 9562, version 4.
    """

    MAKES_UNIQUE: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"uuid": {}}]

    def infer(self, scope: Scope) -> ColumnType:
        return "string"

    def bind(self, scope: Scope) -> Fill:
        scope.fits("string", "")
        high, low = scope.salt("high"), scope.salt("low")

        def fill(block: Block) -> Values:
            first = (block.bits(high) & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
            second = (block.bits(low) & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
            return Values("text", spell(first, second))

        return fill


def spell(high: np.ndarray, low: np.ndarray) -> object:
    """(n,) high and low 64 bits as a Series of 36-character texts."""
    import polars as pl

    rows = len(high)
    raw = np.empty((rows, 2), dtype=">u8")
    raw[:, 0], raw[:, 1] = high, low
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    octets = raw.view(np.uint8).reshape(rows, 16)
    pairs = np.empty((rows, 16, 2), dtype=np.uint8)
    pairs[:, :, 0], pairs[:, :, 1] = digits[octets >> 4], digits[octets & 15]
    hexadecimal = pairs.reshape(rows, 32)
    text = np.full((rows, 36), ord("-"), dtype=np.uint8)
    for source, place, width in ((0, 0, 8), (8, 9, 4), (12, 14, 4), (16, 19, 4), (20, 24, 12)):
        text[:, place : place + width] = hexadecimal[:, source : source + width]
    return pl.Series(text.view("S36").reshape(rows)).cast(pl.String) if rows else pl.Series([], dtype=pl.String)
