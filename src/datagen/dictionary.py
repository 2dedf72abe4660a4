"""The distinct texts of a category column, whose values are codes into them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


class Dictionary:
    """The distinct texts of a category column, in code order, with what is worth making once: a Series and an Enum type."""

    __slots__ = ("_enum", "_hashes", "_members", "_series", "values")

    def __init__(self, values: Iterable[str]) -> None:
        self.values: tuple[str, ...] = tuple(values)
        self._series: Any = None
        self._enum: Any = None
        self._hashes: Any = None
        self._members: Any = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def series(self) -> pl.Series:
        """(k,) String: text of every code."""
        if self._series is None:
            import polars as pl

            self._series = pl.Series(self.values, dtype=pl.String)
        series: pl.Series = self._series
        return series

    @property
    def hashes(self) -> NDArray[np.uint64]:
        """(k,) content hash of every text."""
        if self._hashes is None:
            from datagen.kernel.text_hash import text_hash

            self._hashes = text_hash(self.series)
        return self._hashes  # type: ignore[no-any-return]

    @property
    def enum(self) -> pl.Enum:
        """The Polars type whose physical value is the code. Needs distinct texts."""
        if self._enum is None:
            import polars as pl

            self._enum = pl.Enum(self.values)
        enum: pl.Enum = self._enum
        return enum

    @property
    def members(self) -> pl.Series:
        """(k,) Enum: every text once, in code order."""
        if self._members is None:
            self._members = self.series.cast(self.enum)
        members: pl.Series = self._members
        return members
