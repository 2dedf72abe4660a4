"""A data set in Python: tables that are made when they are asked for, as frames, batches, a database or files."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from datagen import api
from datagen.errors import Finding, UsageError, did_you_mean, listed, quoted

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars as pl
    import pyarrow

    from datagen.engine.run import Run
    from datagen.plan.model import Plan, TablePlan
    from datagen.plan.prepare import Prepared
    from datagen.report.report import DataReport


class Dataset:
    """The tables of a schema under one seed. `ds["orders"]` is a table; nothing is made before it is asked for."""

    def __init__(self, prepared: Prepared, plan: Plan) -> None:
        self._prepared = prepared
        self._plan = plan

    @property
    def name(self) -> str:
        return self._plan.name

    @property
    def seed(self) -> int:
        return self._plan.seed

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables, in the order of the schema; hidden ones left out."""
        return tuple(table.id for table in self._plan.all_tables.values() if not table.hidden)

    def __getitem__(self, name: str) -> Table:
        known = {table.lower(): table for table in self.tables}
        found = known.get(name.lower()) if isinstance(name, str) else None
        if found is None:
            expected = listed(self.tables, most=20)
            hint = did_you_mean(str(name), self.tables)
            raise UsageError(Finding("dataset.unknown_table", found=quoted(name), expected=expected, hint=hint))
        return Table(self, self._plan.all_tables[found])

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __contains__(self, name: object) -> bool:
        return name in self.tables

    def write(
        self, output: str | os.PathLike[str], *, format: str | None = None, select: Sequence[str] = (),
        workers: int | None = None, memory: int | str | None = None, gate: str | None = None,
        max_rows: int = 1_000_000_000, truth: bool = False, clean: bool = False, min_score: float | None = None,
        profile: bool | None = None, resume: bool = False,
    ) -> api.Generated:  # fmt: skip
        """Publish the data set as files in the directory `output`, whole or not at all.

        The arguments are those of `datagen generate`; memory in bytes or as `"2GB"`; with truth, what is planted is
        told in a second directory, `output` + ".truth", which `datagen.truth.read` reads; with clean, the imperfections that
        the schema declares are left out; with profile, the data as one page lie beside them, as they do anyway where the
        schema names metrics; with resume, an interrupted run is gone on with, and what is finished of this one is kept
        when it is interrupted. Raises UsageError for what is
        wrong with them, SchemaError where the made tables break their own schema, MachineError for the machine.
        """
        from datagen.engine.options import Options

        tables = (select,) if isinstance(select, str) else tuple(select)
        options = Options(
            format=format, gate=gate, workers=read_workers(workers), memory=read_memory(memory), select=tables,
            max_rows=max_rows, truth=truth, clean=clean, min_score=min_score,
            profile=profile, resume=resume,
        )  # fmt: skip
        return api.generate(self._prepared, output, options, plan=self._plan)

    def report(
        self, directory: str | os.PathLike[str] | None = None, *, blind: bool = False, memory: int | str | None = None
    ) -> DataReport:  # fmt: skip
        """The report on the data set: `.save("shop.html")` writes its page, `.facts` are its figures, `.chart("orders.amount")`
        is one picture; in a notebook it shows itself.

        directory: where the data set was published; left out, it is made in a temporary place and thrown away again.
        blind: leave out everything that was declared; memory: bytes, or as `"2GB"`.
        """
        if directory is not None:
            return api.report(directory, self._prepared, blind=blind, memory=read_memory(memory))
        with tempfile.TemporaryDirectory(prefix="datagen-") as scratch:
            gate = self._plan.gate or "none"
            made = self.write(Path(scratch) / "tables", format="parquet", gate=gate, memory=memory, profile=False)
            return api.report(made.directory, self._prepared, blind=blind, memory=read_memory(memory))

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """A new in-memory DuckDB database that holds all the tables."""
        import duckdb

        from datagen.sinks.manifest import read_manifest

        connection = duckdb.connect()
        with tempfile.TemporaryDirectory(prefix="datagen-") as scratch:
            made = self.write(Path(scratch) / "tables", format="parquet", gate=self._plan.gate or "none")
            for table in read_manifest(made.directory).tables:
                files = [str(made.directory / file.name) for file in table.files]
                sql = f'create table "{table.name}" as select * from read_parquet($files)'
                connection.execute(sql, {"files": files})
        return connection

    def __repr__(self) -> str:
        tables = ", ".join(self.tables)
        return f"<data set {self.name}, seed {self.seed}: {tables}>"

    def _repr_html_(self) -> str:
        from datagen.report.outline import drawn

        return drawn(self._plan) + "".join(self[name]._repr_html_() for name in self.tables)

    @cached_property
    def _by_sql(self) -> dict[str, pl.DataFrame]:
        """The derived tables that were asked for, made once: SQL has to see all rows of what it reads."""
        return {}

    @cached_property
    def _run(self) -> Run:
        from datagen.engine.run import Run

        return Run(self._plan)


class Table:
    """One table of a data set."""

    def __init__(self, dataset: Dataset, plan: TablePlan) -> None:
        self._dataset = dataset
        self._plan = plan

    @property
    def name(self) -> str:
        return self._plan.id

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns; hidden ones left out."""
        return tuple(column.name for column in self._plan.visible)

    def __len__(self) -> int:
        """Its number of rows; counting them makes no values but those that numbers of rows depend on."""
        if self._made_by_sql:
            return self._whole().height
        from datagen.engine.chosen import copies_among

        rows = self._dataset._run.total(self.name)
        return rows + len(copies_among(self._plan, rows))

    def polars(self) -> pl.DataFrame:
        """The whole table as a Polars frame."""
        import polars as pl

        return self._whole() if self._made_by_sql else pl.concat([*self._frames(), self._empty()], rechunk=True)

    def batches(self, rows: int = 100_000) -> Iterator[pl.DataFrame]:
        """The table as Polars frames of `rows` rows each, the last one of what is left. One is in memory at a time."""
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
            raise UsageError(
                Finding("option.out_of_range", found=f"batches({quoted(rows)})", expected="a whole number above 0")
            )
        return self._cut(rows)

    def pandas(self) -> pandas.DataFrame:
        """The whole table as a pandas frame. Needs pandas and pyarrow."""
        self._need("pandas", "pandas", "pyarrow")
        frame: pandas.DataFrame = self.polars().to_pandas()
        return frame

    def arrow(self) -> pyarrow.Table:
        """The whole table as an Arrow table. Needs pyarrow."""
        self._need("arrow", "pyarrow")
        table: pyarrow.Table = self.polars().to_arrow()
        return table

    def head(self, rows: int = 5) -> pl.DataFrame:
        """The first rows; only what they need is made."""
        return api.preview_of(self._dataset._plan, rows, (self.name,))[self.name]

    def __repr__(self) -> str:
        return f"<table {self.name}: {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        from datagen.handle import html_table

        frame = self.head()
        expected = f"{self._plan.expected_rows:,.0f}"
        rows = expected if self._plan.rows is not None else f"about {expected}"
        if self._made_by_sql:
            rows = f"{len(self):,}"
        return f"<b>{self.name}</b>, {rows} rows" + html_table(frame.columns, frame.rows())

    @property
    def _made_by_sql(self) -> bool:
        return self.name in self._dataset._plan.derived

    def _whole(self) -> pl.DataFrame:
        """A derived table. The first one asked for is made together with all others."""
        kept = self._dataset._by_sql
        if self.name not in kept:
            from datagen.engine.derived_frames import derived_frames

            plan = self._dataset._plan
            kept.update(derived_frames(plan, [name for name, one in plan.derived.items() if not one.table.hidden]))
        return kept[self.name]

    def _frames(self) -> Iterator[pl.DataFrame]:
        if self._made_by_sql:
            yield self._whole()
            return
        for block in self._dataset._run.blocks_of(self.name):
            yield _plain(block.frame())

    def _cut(self, rows: int) -> Iterator[pl.DataFrame]:
        import polars as pl

        waiting: list[pl.DataFrame] = []
        height = 0
        for frame in self._frames():
            waiting.append(frame)
            height += frame.height
            if height < rows:
                continue
            joined = pl.concat(waiting)
            whole = height - height % rows
            for first in range(0, whole, rows):
                yield joined.slice(first, rows)
            waiting, height = [joined.slice(whole)], height - whole
        if height:
            yield pl.concat(waiting)

    def _empty(self) -> pl.DataFrame:
        from datagen.engine.work import empty_frame

        return empty_frame(self._plan)

    def _need(self, extra: str, *libraries: str) -> None:
        for library in libraries:
            try:
                importlib.import_module(library)
            except ModuleNotFoundError:
                hint = f"pip install 'datagen[{extra}]'"
                missing = Finding("extra.missing", found=f"{library} is not installed", hint=hint)
                raise UsageError(missing) from None


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with Enums as texts: their categories may differ from block to block."""
    import polars as pl

    return frame.cast({name: pl.String for name, kind in frame.schema.items() if isinstance(kind, pl.Enum)})


def read_workers(workers: int | None) -> int | None:
    """A number of workers. Raises UsageError for one that is none."""
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= 256):
        found = f"workers={quoted(workers)}"
        raise UsageError(Finding("option.out_of_range", found=found, expected="a whole number from 1 to 256"))
    return workers


def read_memory(memory: int | str | None) -> int | None:
    """Bytes of `2_000_000_000` or `"2GB"`. Raises UsageError for what is no size."""
    from datagen.plan.memory import parse_size

    size = parse_size(memory) if isinstance(memory, str) else memory
    if memory is not None and (size is None or isinstance(size, bool) or size < 1):
        found = f"memory={quoted(memory)}"
        raise UsageError(Finding("option.not_a_size", found=found, expected="bytes, or a size such as '2GB'"))
    return size
