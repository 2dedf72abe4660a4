"""Writes the results of queries, part by part."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datagen.engine.parts import writer_of
from datagen.engine.work import empty_frame
from datagen.kernel.content_hash import TableSums
from datagen.plan.model import TablePlan
from datagen.sinks.manifest import FileFacts
from datagen.sinks.writer import part_name

if TYPE_CHECKING:
    import polars as pl


@dataclass(slots=True)
class Output:
    """Where the parts of a result go, and those that are there."""

    format: str
    directory: Path
    files: list[FileFacts] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Result:
    """A table that a query makes: where it is written to, and the sums of its values so far."""

    table: TablePlan
    outputs: list[Output]
    sums: TableSums

    def write(self, frames: list[pl.DataFrame], first: int, place: int | None) -> None:
        """Write one part, whose rows begin with number `first`. place: of the part; None where there is only one."""
        for output in self.outputs:
            name = part_name(self.table.id, output.format, place)
            writer = writer_of(self.table, output.directory, output.format)
            output.files.append(writer.write_part(frames or [empty_frame(self.table)], name))
        for frame in frames:
            self.sums.add(np.arange(first, first + frame.height, dtype=np.int64), frame)
            first += frame.height
