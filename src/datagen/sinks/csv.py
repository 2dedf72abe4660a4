"""CSV files, quoted as RFC 4180 says, lines ending in LF: nothing between two commas is null, `""` is an empty text.

Times are `2024-05-17T08:30:00Z`, dates `2024-05-17`, truth values `true` and `false`, and a float has the fewest digits
that give back the same number. Structures and lists are JSON texts. Every part has the header line.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from datagen.errors import Finding, SchemaError, listed
from datagen.sinks.part import PartFile
from datagen.sinks.times import Precision, texts_of_times
from datagen.structures import with_json


class Csv:
    """Writes block after block; the header goes before the first one."""

    def __init__(self, file: PartFile, precisions: Mapping[str, Precision]) -> None:
        self.file = file
        self.precisions = precisions
        self._started = False
        self._nul = False

    def append(self, frame: pl.DataFrame) -> None:
        """Write one block. Raises SchemaError for what a CSV cannot say."""
        if frame.width == 1 and frame.to_series().null_count():
            raise SchemaError(_null_alone(self.file.name, frame.columns[0]))
        texts_of_times(with_json(frame), self.precisions).write_csv(
            self,  # type: ignore[call-overload]  # polars asks for `write` only
            include_header=not self._started,
        )
        self._started = True
        if self._nul:
            texts = [column for column in frame.iter_columns() if column.dtype in (pl.String, pl.Enum, pl.Categorical)]
            nul = [column.name for column in texts if column.cast(pl.String).str.contains("\0", literal=True).any()]
            raise SchemaError(_nul_character(self.file.name, nul))

    def write(self, piece: bytes) -> int:
        """Pass on what the encoder has made, after a look for NUL: on the bytes it costs next to nothing."""
        self._nul = self._nul or b"\0" in piece
        return self.file.write(piece)

    def finish(self) -> None:
        """All blocks are written already."""


def _null_alone(name: str, column: str) -> Finding:
    return Finding(
        "csv.null_alone",
        found=f"{name}: the only column, {column}, is null in some rows",
        expected="a value in every row, because most readers skip an empty line of a CSV",
        hint="add a key column, or choose --format parquet or ndjson",
    )


def _nul_character(name: str, columns: list[str]) -> Finding:
    return Finding(
        "csv.nul_character",
        found=f"{name}: texts with the character U+0000 in {listed(columns)}",
        expected="texts without it, because no reader of CSV files takes it",
        hint="replace it, or choose --format parquet or ndjson",
    )
