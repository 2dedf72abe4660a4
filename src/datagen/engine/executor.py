"""Runs a plan: counts, then makes and writes every table into a directory. Knows no generator and no behaviour."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datagen.engine.block import BLOCK_ROWS
from datagen.engine.checkpoint import Checkpoint, Kept
from datagen.engine.chosen import copies_among
from datagen.engine.grain import Grain, grains
from datagen.engine.ledger import Ledger, taken
from datagen.engine.parts import Part, writer_of
from datagen.engine.refusals import refused_counts, refused_rows
from datagen.engine.runners import Here, Processes, Runner
from datagen.engine.work import STAGED, Spoilt, Written, empty_frame, empty_sums
from datagen.errors import Finding, SchemaError
from datagen.kernel.content_hash import TableSums, root_hash
from datagen.plan.estimate import estimate_all
from datagen.plan.limits import MOST_ROWS
from datagen.plan.model import Plan, TablePlan
from datagen.plan.reserved import overflowing
from datagen.sinks.disk import disk_errors
from datagen.sinks.manifest import FileFacts
from datagen.sinks.writer import part_name

PROCESSES_FROM_SECONDS = 3.0  # expected seconds on one core from which starting worker processes pays


@dataclass(slots=True)
class Made:
    """What a run made: files, content sums and rows by table, the content hash, seconds by stage."""

    files: dict[str, tuple[FileFacts, ...]] = field(default_factory=dict)
    sums: dict[str, TableSums] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    content_hash: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    workers: int = 1
    spoiled: dict[str, tuple[FileFacts, ...]] = field(default_factory=dict)  # by table: what was done to its cells
    cells: dict[Spoilt, int] = field(default_factory=dict)  # how many, by table, column and kind
    values: dict[tuple[str, str], int] = field(default_factory=dict)  # of spoiled columns, before, by table and column
    staged: dict[str, tuple[Path, ...]] = field(default_factory=dict)  # Parquet files that SQL reads, in row order
    pieces: int = 0  # grains of the run
    taken: int = 0  # of these, taken over from an interrupted run


@dataclass(frozen=True, slots=True)
class Job:
    """How to run. spec: what worker processes need to bind the same plan (document, seed, scale)."""

    format: str
    directory: Path
    workers: int | None = None  # None: all cores for runs that are worth it
    block_rows: int = BLOCK_ROWS
    tables: frozenset[str] | None = None  # written tables; None: all that are not hidden
    spec: dict[str, Any] | None = None
    max_rows: int = MOST_ROWS
    own_process: bool = False  # this process belongs to the run: it may limit its threads and make grains itself
    most_workers: int | None = None  # as many as there is memory for
    staged: frozenset[str] = frozenset()  # tables that SQL reads and that are not written as Parquet
    checkpoint: Checkpoint | None = None  # keeps what is finished


def count(plan: Plan, runner: Runner, cut: tuple[Grain, ...], kept: Mapping[int, Kept] | None = None) -> Ledger:
    """The ledger of a plan, table after table where one needs the row numbers of another. kept: grains that are counted."""
    there = kept or {}

    def totals(wanted: Sequence[Grain], tables: frozenset[str]) -> Mapping[int, Mapping[str, int]]:
        counted = runner.count([grain for grain in wanted if grain.number not in there], tables)
        for grain in wanted:
            if (known := there.get(grain.number)) is not None:
                counted[grain.number] = {name: rows for name, rows in known.counts.items() if name in tables}
        return counted

    return taken(plan, cut, totals, runner.tell)


def execute(plan: Plan, job: Job, progress: Callable[[str, int, int], None] | None = None) -> Made:
    """Make and write every table; `progress(table, rows done, rows in all)` is told on the way.

    Raises SchemaError "rows.too_many" when the ledger comes to more than `max_rows`, or "range.overflow" when a table has
    grown out of the range of its key, before anything is written.
    """
    cut = grains(plan)
    made = Made(pieces=len(cut))
    started = time.perf_counter()
    kept = {} if job.checkpoint is None else job.checkpoint.take(cut, job.format)
    left = tuple(grain for grain in cut if grain.number not in kept)
    if kept:
        made.taken, made.seconds["taken"] = len(kept), time.perf_counter() - started
    workers = made.workers = worker_count(plan, job, len(left))
    runner: Runner
    if workers == 1:
        runner = Here(plan, job.directory, job.format, block_rows=job.block_rows, tables=job.tables, staged=job.staged)
    else:
        runner = Processes(
            plan,
            workers,
            {
                **(job.spec or {}),
                "format": job.format,
                "directory": str(job.directory),
                "block_rows": job.block_rows,
                "tables": job.tables,
                "staged": job.staged,
            },
            works_here=job.own_process and one_thread(),
        )
    if job.staged:
        with disk_errors("making a directory", job.directory / STAGED):
            (job.directory / STAGED).mkdir(exist_ok=bool(kept))
    with ExitStack() as ends:
        if job.checkpoint is not None:
            ends.enter_context(closing(job.checkpoint))
        ends.enter_context(closing(runner))
        started = time.perf_counter()
        try:
            ledger = count(plan, runner, cut, kept)
        except SchemaError as error:
            raise refused_counts(plan, error) from error
        made.seconds["ledger"] = time.perf_counter() - started
        wanted = with_copies(plan, ledger.rows)
        refuse_too_many(plan, wanted, job.max_rows)
        refuse_overflow(plan, ledger.rows)
        started = time.perf_counter()
        done: dict[str, int] = {}

        def tell(table: str, rows: int) -> None:
            done[table] = done.get(table, 0) + rows
            if progress is not None:
                progress(table, done[table], wanted[table])

        def finished(one: Written) -> None:
            if job.checkpoint is not None:
                job.checkpoint.keep(cut[one.grain], ledger.per_grain[one.grain], one)

        written = [one.written for one in kept.values()]
        for one in written:
            for table, rows in one.rows.items():
                tell(table, rows)
        try:
            written.extend(runner.write(left, tell, finished))
        except SchemaError as error:
            undone = [grain for grain in left if grain.number not in runner.done]
            raise refused_rows(plan, ledger, undone, made_tables(plan, job), error) from error
        written.sort(key=lambda one: one.grain)
        if job.checkpoint is not None:
            job.checkpoint.done()
        made.seconds["tables"] = time.perf_counter() - started
    gather_up(plan, job, written, made)
    made.rows = wanted
    return made


def shown(table: TablePlan, job: Job) -> bool:
    """Whether a table is published."""
    return not table.hidden and (job.tables is None or table.id in job.tables)


def made_tables(plan: Plan, job: Job) -> frozenset[str]:
    """The tables whose rows are made: those that are written, and those that SQL reads."""
    return frozenset(name for name, table in plan.tables.items() if shown(table, job)) | job.staged


def with_copies(plan: Plan, rows: Mapping[str, int]) -> dict[str, int]:
    """Rows of every table as it is written, with those that are written twice."""
    return {table: number + len(copies_among(plan.tables[table], number)) for table, number in rows.items()}


def one_thread() -> bool:
    """Hold Polars to one thread in this process. Only possible before it is loaded."""
    if "polars" in sys.modules:
        return False
    os.environ["POLARS_MAX_THREADS"] = "1"
    return True


def worker_count(plan: Plan, job: Job, pieces: int) -> int:
    """Worker processes for a run: never more than grains, one for what is soon done anyway."""
    if job.spec is None or pieces < 2:
        return 1
    most = pieces if job.most_workers is None else min(pieces, job.most_workers)
    if job.workers is not None:
        return max(1, min(job.workers, most))
    if estimate_all(plan).seconds < PROCESSES_FROM_SECONDS:
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), most))


def refuse_too_many(plan: Plan, rows: Any, most: int) -> None:
    """Refuse a data set of more rows than allowed."""
    total = sum(number for table, number in rows.items() if not plan.tables[table].hidden)
    if total > most:
        widest = max(rows, key=lambda table: rows[table])
        raise SchemaError(
            Finding(
                code="rows.too_many",
                found=f"{total:,.0f} rows, {rows[widest]:,.0f} of them in {widest}",
                expected=f"at most {most:,} rows",
                hint="say --max-rows to allow more",
            )
        )


def refuse_overflow(plan: Plan, rows: Any) -> None:
    """Refuse tables that have grown out of the reserved ranges of their keys; those that nobody needs are not counted."""
    findings = [
        Finding(
            code="range.overflow",
            json_path=f"{one.facts['table']}.{one.facts['column']}",
            found=f"{number:,} rows of {one.facts['table']}",
            expected=f"{one.facts['room']:,} rows at most, for {one.text}",
            hint="a total or a mean in the fanout keeps the number of rows; another seed may fit",
        )
        for one in plan.constraints
        if one.facts.get("table") in rows and (number := overflowing(one, rows)) is not None
    ]
    if findings:
        raise SchemaError(findings)


def gather_up(plan: Plan, job: Job, written: list[Written], made: Made) -> None:
    """Number the parts of each table in row order, give them their final names, and add up the content sums."""
    shown_tables = [table for table in plan.tables.values() if shown(table, job)]
    parts_of = {
        table.id: _in_order(part for one in written for part in one.parts if part.table == table.id)
        for table in shown_tables
    }
    if job.checkpoint is not None:
        job.checkpoint.moving(
            (part.facts.name, _name(part, k, len(parts), job))
            for parts in parts_of.values()
            for k, part in enumerate(parts)
        )
    for table in shown_tables:
        parts = parts_of[table.id]
        made.sums[table.id] = empty_sums(table)
        for one in written:
            if table.id in one.sums:
                made.sums[table.id].join(one.sums[table.id])
        if not parts:
            writer = writer_of(table, job.directory, job.format)
            made.files[table.id] = (writer.write_part([empty_frame(table)], part_name(table.id, job.format)),)
        else:
            made.files[table.id] = tuple(_renamed(part, k, len(parts), job) for k, part in enumerate(parts))
        if len(parts) == 1:
            with disk_errors("tidying", job.directory / table.id):
                (job.directory / table.id).rmdir()
        spoiled = _in_order(part for one in written for part in one.spoiled if part.table == table.id)
        if spoiled:
            made.spoiled[table.id] = tuple(part.facts for part in spoiled)
    for name in job.staged:
        parts = _in_order(part for one in written for part in one.staged if part.table == name)
        made.staged[name] = tuple(job.directory / STAGED / part.facts.name for part in parts)
    for one in written:
        for spoilt, number in one.cells.items():
            made.cells[spoilt] = made.cells.get(spoilt, 0) + number
        for column, number in one.values.items():
            made.values[column] = made.values.get(column, 0) + number
        for stage, seconds in one.seconds.items():
            made.seconds[stage] = made.seconds.get(stage, 0.0) + seconds
    made.content_hash = root_hash(made.sums)


def _in_order(parts: Iterable[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (part.grain, part.place))


def _name(part: Part, place: int, of: int, job: Job) -> str:
    return part_name(part.table, job.format, None if of == 1 else place)


def _renamed(part: Part, place: int, of: int, job: Job) -> FileFacts:
    name = _name(part, place, of, job)
    with disk_errors("naming", job.directory / name):
        os.rename(job.directory / part.facts.name, job.directory / name)
    return replace(part.facts, name=name)
