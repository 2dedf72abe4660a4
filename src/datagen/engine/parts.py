"""The files of the tables of a grain: blocks are appended to them as they are made, and one that is full is closed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.engine.behind import Behind
from datagen.engine.block import BLOCK_ROWS
from datagen.engine.grain import GRAIN_BYTES, GRAIN_ROWS
from datagen.plan.model import TablePlan
from datagen.sinks.manifest import FileFacts
from datagen.sinks.writer import Part as OpenPart
from datagen.sinks.writer import Writer, open_writer

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Part:
    """A written file, before it has its final name: grain, table, which of that grain's files it is."""

    grain: int
    table: str
    place: int
    facts: FileFacts


def writer_of(table: TablePlan, directory: Path, format: str) -> Writer:
    """The writer of one table's parts."""
    return open_writer(
        format,
        directory,
        precisions={column.name: column.seal.precision for column in table.visible if column.type == "datetime"},
    )


def part_path(table: str, grain: int, place: int, format: str) -> str:
    """Where a part lies until every part is known and they get their numbers."""
    return f"{table}/grain-{grain:08}-{place:05}.{format}"


def part_rows(table: TablePlan) -> int:
    """Rows at which a part file is full: what a grain is meant to hold, with room for its random size."""
    return max(BLOCK_ROWS, min(int(GRAIN_ROWS * 1.2), int(1.2 * GRAIN_BYTES / max(table.row_bytes, 8.0))))


@dataclass(slots=True)
class Output:
    """The parts of one table of a grain in one format, one after another."""

    table: TablePlan
    grain: int
    writer: Writer
    parts: list[Part]  # those that are closed
    place: int = 0
    part: OpenPart | None = None

    def append(self, frame: pl.DataFrame) -> None:
        """Add a block to the part that is open."""
        if self.part is None:
            self.part = self.writer.open_part(part_path(self.table.id, self.grain, self.place, self.writer.format))
        self.part.append(frame)

    def close(self) -> None:
        """Finish the part that is open, if there is one."""
        if self.part is not None:
            self.parts.append(Part(self.grain, self.table.id, self.place, self.part.close()))
            self.part = None
            self.place += 1


@dataclass(slots=True)
class Outputs:
    """The files of all tables of a grain. With `behind`, blocks are encoded in its thread while the next are made.

    seconds: "write:<table>" counts what writing takes. Leaving the `with` block lets go of parts that are not finished.
    """

    behind: Behind | None
    seconds: dict[str, float]
    by_table: dict[str, list[Output]] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)  # rows in the part that is open

    def add(self, table: TablePlan, grain: int, directory: Path, format: str, parts: list[Part]) -> None:
        """Write a table into a directory; what is finished comes into `parts`."""
        self.by_table.setdefault(table.id, []).append(Output(table, grain, writer_of(table, directory, format), parts))

    def append(self, table: TablePlan, frame: pl.DataFrame) -> None:
        """Add a block to the parts of its table, which are closed when they are full."""
        if self.behind is None:
            self._each(table.id, Output.append, frame)
        else:
            self.behind.do(self._each, table.id, Output.append, frame)
        self.waiting[table.id] = self.waiting.get(table.id, 0) + frame.height
        if self.waiting[table.id] >= part_rows(table):
            self._close(table.id)

    def finish(self) -> None:
        """Close every part."""
        for table in sorted(self.by_table):
            self._close(table)

    def _close(self, table: str) -> None:
        if self.behind is not None:
            self.behind.wait()
        self._each(table, Output.close)
        self.waiting[table] = 0

    def _each(self, table: str, do: Callable[..., None], *given: Any) -> None:
        started = time.perf_counter()
        for output in self.by_table[table]:
            do(output, *given)
        key = f"write:{table}"
        self.seconds[key] = self.seconds.get(key, 0.0) + time.perf_counter() - started

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        try:
            if self.behind is not None:
                self.behind.wait()  # nobody writes to a file that is let go of
        finally:
            for output in (one for several in self.by_table.values() for one in several):
                if output.part is not None:
                    output.part.__exit__(kind, error, trace)
