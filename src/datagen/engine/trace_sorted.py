"""Which event has a number in a stream that is put in order at the end: all its events are made and ordered to tell that."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from datagen.engine.block import BLOCK_ROWS, TableBlock
from datagen.engine.derived import staged_tables
from datagen.engine.executor import Job, execute
from datagen.engine.memory import share_out
from datagen.engine.options import default_memory
from datagen.engine.run import Run
from datagen.engine.sorting import put_in_order, reading
from datagen.engine.work import STAGED
from datagen.plan.model import DerivedPlan, Plan
from datagen.plan.needed import narrowed
from datagen.plan.sorted_streams import ADDRESS, EMIT_PLACE
from datagen.sinks.disk import disk_errors
from datagen.sql import database as sql
from datagen.sql.spelling import literal


@dataclass(frozen=True, slots=True)
class InOrder:
    """All events of a stream, in order. files: of its pieces, each in the order of the piece's rows."""

    plan: Plan
    stream: DerivedPlan
    file: Path
    files: dict[str, tuple[Path, ...]]
    rows: int

    def block(self, number: int) -> tuple[TableBlock, int]:
        """The rows of the stream among which one is (from 0), with its place there."""
        table = reading(self.stream.table, self.file, self.rows)
        alone = replace(
            self.plan, tables={table.id: table}, derived={}, order=(), reads={}, numbered=frozenset(),
            walked=frozenset(), root_rows={},
        )  # fmt: skip
        first = number - number % BLOCK_ROWS
        run = Run(alone, {table.id: self.rows}, {0: {table.id: 0}})
        return TableBlock(run, table, np.arange(first, min(first + BLOCK_ROWS, self.rows))), number - first

    def origin(self, number: int) -> tuple[str, int]:
        """The piece that a row of the stream comes from, and its row number there."""
        import polars as pl

        keys = (EMIT_PLACE, ADDRESS)
        [wanted] = pl.scan_parquet(self.file, glob=False).slice(number, 1).select(keys).collect().rows()
        alike = [pl.col(key) == value for key, value in zip(keys, wanted, strict=True)]
        for name, files in self.files.items():
            found = pl.scan_parquet(list(files), glob=False).select(keys).with_row_index("row").filter(*alike).collect()
            if found.height:
                return name, int(found["row"][0])
        raise AssertionError(f"row {number} of {self.stream.table.id} comes from no piece")


@contextmanager
def in_order(plan: Plan, stream: DerivedPlan) -> Iterator[InOrder]:
    """The events of a stream, made for as long as somebody looks at them."""
    wanted = frozenset({stream.table.id})
    with tempfile.TemporaryDirectory(prefix="datagen-") as scratch:
        place = Path(scratch)
        job = Job("parquet", place, tables=wanted, staged=staged_tables(plan, "parquet", wanted))
        made = execute(narrowed(plan, job.staged), job)
        files = {name: made.staged[name] for name in stream.reads if made.staged.get(name)}
        file = place / STAGED / "rows-in-order"
        with disk_errors("making a directory", file.parent):
            file.parent.mkdir(exist_ok=True)
        cells = sum(made.rows.get(name, 0) * len(plan.tables[name].visible) for name in stream.reads)
        memory = share_out(default_memory()).queries
        with sql.sql_database(file.parent, readable=(place,), memory=memory, cells=cells) as database:
            put_in_order(database, plan, stream, files, file)
            [row] = database.execute(f"select count(*) from read_parquet({literal(os.fspath(file))})").fetchall()
        yield InOrder(plan, stream, file, files, int(row[0]))
