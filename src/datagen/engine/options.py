"""How a run is asked for: format, gate, tables, workers and memory, read against the plan before anything is made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datagen.engine.grain import GRAIN_BYTES
from datagen.errors import Finding, MachineError, SchemaError, UsageError, did_you_mean
from datagen.plan.limits import MOST_ROWS, too_many
from datagen.plan.memory import kept_columns, worker_bytes
from datagen.plan.model import DerivedPlan, Plan, TablePlan
from datagen.plan.needed import narrowed
from datagen.selection import selected
from datagen.sinks.manifest import FORMATS

if TYPE_CHECKING:
    from datagen.plan.prepare import Prepared

GATES = ("structural", "all", "none")
STRICTNESS = {"none": 0, "structural": 1, "all": 2}
DEFAULT_MEMORY = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is made. None means: as the schema says, else the default."""

    format: str | None = None
    gate: str | None = None
    min_score: float | None = None  # of the gate `all`; None: the usual one
    workers: int | None = None
    memory: int | None = None  # bytes for all workers together
    select: tuple[str, ...] = ()
    max_rows: int = MOST_ROWS
    block_rows: int | None = None
    clean: bool = False  # without any imperfection: the clean twin
    truth: bool = False  # also write the truth set, beside the data
    profile: bool | None = None  # also write the page of the data; None: where the schema names metrics
    resume: bool = False  # go on with an interrupted run, and keep what is finished if this one is
    own_process: bool = False  # the run may limit the threads of this process and work in it


@dataclass(frozen=True, slots=True)
class Settled:
    """Options with every answer known. tables: None for all; most_workers: as many as the memory is enough for."""

    format: str
    gate: str
    tables: frozenset[str] | None
    memory: int
    most_workers: int


def settle(plan: Plan, options: Options) -> Settled:
    """The options of a run of this plan.

    Raises UsageError for what is wrong with them, SchemaError for more rows than allowed, MachineError for memory.
    """
    faults: list[Finding] = []
    answers: list[object] = []
    for read in (chosen_format, chosen_gate, chosen_tables):
        try:
            answers.append(read(plan, options))
        except UsageError as error:
            faults.extend(error.findings)
    if faults:
        raise UsageError(faults)
    format, gate, tables = answers
    assert isinstance(format, str)
    assert isinstance(gate, str)
    assert tables is None or isinstance(tables, frozenset)
    if (large := too_many(plan, options.max_rows)) is not None:
        raise SchemaError(large)
    from datagen.engine.derived import staged_tables

    made = plan if tables is None else narrowed(plan, (tables | staged_tables(plan, format, tables)) & set(plan.tables))
    memory, most_workers = enough_memory(made, options)
    return Settled(format, gate, tables, memory, most_workers)


def chosen_format(plan: Plan, options: Options) -> str:
    """The file format: the command's, else the schema's, else Parquet."""
    wanted = options.format or plan.format or "parquet"
    if wanted not in FORMATS:
        raise UsageError(unknown_format(wanted))
    return wanted


def unknown_format(wanted: str) -> Finding:
    """The finding for a format that is none."""
    return Finding(
        "format.unknown", found=f"'{wanted}'", expected=", ".join(FORMATS), hint=did_you_mean(wanted, FORMATS)
    )  # fmt: skip


def unknown_gate(wanted: str) -> Finding:
    """The finding for a gate that is none."""
    return Finding("gate.unknown", found=f"'{wanted}'", expected=", ".join(GATES), hint=did_you_mean(wanted, GATES))


def chosen_gate(plan: Plan, options: Options) -> str:
    """The publishing gate: the schema's, which the command may only raise; without one, the command's own."""
    for gate in (options.gate, plan.gate):
        if gate is not None and gate not in STRICTNESS:
            raise UsageError(unknown_gate(gate))
    if plan.gate is not None and options.gate is not None and STRICTNESS[options.gate] < STRICTNESS[plan.gate]:
        raise UsageError(
            Finding(
                "gate.lowered", found=f"--gate {options.gate} on a schema that says gate: {plan.gate}",
                expected="the same gate, or a higher one",
            )
        )  # fmt: skip
    wanted = options.gate or plan.gate or "structural"
    if options.min_score is not None and wanted != "all":
        found, hint = (
            f"--min-score {options.min_score:g} with the gate {wanted}",
            "`datagen check` judges what is published",
        )
        raise UsageError(Finding("gate.min_score", found=found, expected="--gate all", hint=hint))
    return wanted


def compares(prepared: Prepared, options: Options) -> bool:
    """Whether a run compares what it makes with what is expected, so that its plan has to look at some rows."""
    return options.truth or "all" in (options.gate, prepared.schema.metadata.gate)


def chosen_tables(plan: Plan, options: Options) -> frozenset[str] | None:
    """The tables to write, by `--select`."""
    shown = {table.id: table for table in plan.all_tables.values() if not table.hidden}
    above = {
        name: tuple(other for other in _refers_to(table, plan.derived) if other in shown)
        for name, table in shown.items()
    }
    return selected(options.select, above)


def _refers_to(table: TablePlan, derived: Mapping[str, DerivedPlan]) -> tuple[str, ...]:
    if table.id in derived:
        return derived[table.id].reads
    pointed = (column.points_to[0] for column in table.columns.values() if column.points_to is not None)
    found = [*([table.parent] if table.parent else []), *(other for other in pointed if other != table.id)]
    return tuple(dict.fromkeys(found))


def default_memory() -> int:
    """Bytes that a run may use unless told otherwise: 2 GB, or a quarter of the machine where that is less."""
    return min(DEFAULT_MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)


def enough_memory(plan: Plan, options: Options) -> tuple[int, int]:
    """The memory limit in bytes, and how many workers fit into it.

    Raises MachineError "memory.too_small" when one worker alone is expected to need more.
    """
    limit = options.memory if options.memory is not None else default_memory()
    need = worker_bytes(plan, GRAIN_BYTES)
    if need <= limit:
        return limit, int(limit // need)
    kept = sorted(kept_columns(plan), key=lambda one: -one.bytes)
    largest = ", ".join(f"{one.table}.{one.column} {one.bytes / 1e6:,.0f} MB" for one in kept[:3])
    found = f"a worker is expected to need {need / 1e6:,.0f} MB, the limit is {limit / 1e6:,.0f} MB"
    expected = "a limit above the need" + (f"; kept for lookups: {largest}" if kept else "")
    hint = "say --memory, or make fewer rows"
    raise MachineError(Finding("memory.too_small", found=found, expected=expected, hint=hint))


def fewer_workers(options: Options, settled: Settled) -> list[Finding]:
    """A warning where the memory is not enough for as many workers as were asked for."""
    if options.workers is None or options.workers <= settled.most_workers:
        return []
    found = f"{options.workers} workers, and memory for {settled.most_workers}"
    hint = f"give them more with --memory; the limit is {settled.memory / 1e6:,.0f} MB for all together"
    return [Finding("memory.fewer_workers", found=found, expected="fewer workers", hint=hint, severity="warning")]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
