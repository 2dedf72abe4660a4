"""Parquet files: typed columns, small and quick to read; the format to choose when nothing else decides."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from datagen.sinks.part import PartFile
from datagen.sinks.times import Precision

ROW_GROUP = 262_144  # rows


class Parquet:
    """Gathers the blocks of a part and writes them at once: zstd level 1, statistics, categories as dictionaries."""

    def __init__(self, file: PartFile, precisions: Mapping[str, Precision]) -> None:
        self.file = file
        self.frames: list[pl.DataFrame] = []

    def append(self, frame: pl.DataFrame) -> None:
        """Take a block; it is kept, not copied, until `finish`."""
        self.frames.append(frame)

    def finish(self) -> None:
        """Write the file."""
        frames, self.frames = self.frames, []
        pl.concat(alike(frames), rechunk=False).write_parquet(
            self.file,  # type: ignore[arg-type]  # polars asks for `write` only
            compression="zstd",
            compression_level=1,
            statistics=True,
            row_group_size=ROW_GROUP,
        )


def alike(frames: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """The frames with categories as texts wherever not all of them have the same ones."""
    first = frames[0].schema
    mixed = {name for frame in frames for name, kind in frame.schema.items() if kind != first[name]}
    return [frame.cast(dict.fromkeys(mixed, pl.String)) for frame in frames] if mixed else frames
