"""Writes the results of queries part by part, in a thread: while the database works on the next query."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen.engine.work import empty_frame, writer_of
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


class Behind:
    """Does one thing at a time in a thread. Nobody holds the rows of more than one part."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writing")
        self._last: Future[None] | None = None

    def do(self, what: Callable[..., None], *given: Any) -> None:
        """Begin with something, when what was given before is done. What goes wrong is raised by the next `wait`."""
        self.wait()
        self._last = self._thread.submit(partial(what, *given))

    def wait(self) -> None:
        """Until nothing is being done."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def __enter__(self) -> Behind:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        try:
            if kind is None or issubclass(kind, Exception):
                self.wait()  # what was wrong with an earlier table is told in place of what is wrong with a later one
        finally:
            self._thread.shutdown()
