"""JSON lines: one object per line with every column in it, nulls as `null`, times as in our CSV files."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from datagen.errors import Finding, SchemaError, listed
from datagen.sinks.part import PartFile
from datagen.sinks.times import Precision, texts_of_times
from datagen.structures import with_plain_times


class Ndjson:
    """Writes block after block."""

    def __init__(self, file: PartFile, precisions: Mapping[str, Precision]) -> None:
        self.file = file
        self.precisions = precisions

    def append(self, frame: pl.DataFrame) -> None:
        """Write one block. Raises SchemaError for numbers that JSON does not have."""
        floats = [column for column in frame.iter_columns() if column.dtype.is_float()]
        endless = [column.name for column in floats if not column.is_finite().all()]
        if endless:
            raise SchemaError(
                Finding(
                    "ndjson.not_finite",
                    found=f"{self.file.name}: infinite values or NaN in {listed(endless)}",
                    expected="finite numbers: JSON has no others",
                    hint="clamp the column, or choose --format parquet or csv",
                )
            )
        texts_of_times(with_plain_times(frame), self.precisions).write_ndjson(self.file)  # type: ignore[call-overload]

    def finish(self) -> None:
        """All blocks are written already."""
