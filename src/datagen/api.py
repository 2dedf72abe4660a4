"""The verbs: load, validate, plan, preview, generate, verify. No logic of their own; every door calls these."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.errors import Finding, MachineError, SchemaError, UsageError, did_you_mean
from datagen.version import __version__

if TYPE_CHECKING:
    import polars as pl

    from datagen.engine.executor import Made
    from datagen.plan.model import Plan, TablePlan
    from datagen.plan.prepare import Prepared
    from datagen.sinks.manifest import Manifest, TableEntry

GATES = ("structural", "all", "none")
FORMATS = ("parquet", "csv", "ndjson")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How `generate` runs. None means: as the schema says, else the default."""

    format: str | None = None
    gate: str | None = None
    workers: int | None = None
    memory: int | None = None  # bytes for all workers together
    select: tuple[str, ...] = ()
    max_rows: int = 1_000_000_000
    block_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """A published data set: where, what is in it, and what was noticed."""

    directory: Path
    rows: Mapping[str, int]
    content_hash: str
    findings: tuple[Finding, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)
    workers: int = 1


def schema_path(name: str) -> Path:
    """The file behind SCHEMA|NAME: a path if it has a suffix or a slash, else a shipped data set.

    Raises UsageError "dataset.unknown" for a name that is not shipped.
    """
    from datagen.datasets import shipped

    if "/" in name or os.sep in name or Path(name).suffix:
        return Path(name)
    known = shipped()
    if name in known:
        return known[name]
    hint = did_you_mean(name, known)
    if Path(name).exists():
        hint = f"for the file of this name write ./{name}"
    raise UsageError(
        Finding("dataset.unknown", found=f"'{name}'", expected=f"a schema file, or a shipped data set: {', '.join(known)}", hint=hint)
    )


def prepare(source: str | os.PathLike[str] | Mapping[str, Any], **overrides: Any) -> Prepared:
    """Load and check a schema: a path, a shipped name, or a Python object. Raises SchemaError with all findings.

    overrides: sets, params, scenario, seed, scale (see datagen.plan.prepare.Overrides).
    """
    from datagen.plan.prepare import Overrides, prepare
    from datagen.schema.load import from_object, load

    if isinstance(source, Mapping):
        document = from_object(dict(source))
    else:
        document = load(schema_path(os.fspath(source)))
    return prepare(document, Overrides(**overrides))


def generate(prepared: Prepared, target: str | os.PathLike[str], options: Options = Options(), progress: Progress | None = None) -> Generated:
    """Make a data set and publish it at `target`, whole or not at all.

    Raises SchemaError (the schema, or the gate), UsageError (the options, the target), MachineError (the machine).
    """
    from datagen.checks.structural import check_structure
    from datagen.engine.executor import Job, execute
    from datagen.sinks.manifest import write_manifest, write_text
    from datagen.sinks.publish import Stage

    started = time.perf_counter()
    plan = prepared.bind()
    format_, gate = chosen_format(plan, options), chosen_gate(plan, options)
    tables = tables_of(plan, options)
    workers = options.workers
    memory = refuse_without_memory(plan, options)
    seconds: dict[str, float] = {"plan": time.perf_counter() - started}
    with Stage(Path(target)) as stage:
        spec = {"schema": prepared.schema, "document": prepared.document, "seed": prepared.overrides.seed, "scale": prepared.overrides.scale}
        job = Job(format_, stage.path, workers, tables=tables, spec=spec, max_rows=options.max_rows)
        if options.block_rows is not None:
            job = replace(job, block_rows=options.block_rows)
        made = execute(plan, job, progress)
        seconds |= made.seconds
        entries = table_entries(plan, made)
        findings: list[Finding] = list(plan.findings)
        at = time.perf_counter()
        if gate != "none":
            structural = check_structure(stage.path, entries, format=format_, memory=memory, threads=cores())
            if structural:
                raise SchemaError([*structural, Finding("gate.structural", found="the made tables break their own schema", hint="nothing was published; --gate none publishes all the same")])
        seconds["check"] = time.perf_counter() - at
        manifest = manifest_of(prepared, plan, made, entries, format_, gate, stage.path)
        seconds["total"] = time.perf_counter() - started
        write_text(stage.path, "run.json", run_facts(made, seconds, memory))
        write_text(stage.path, "log.jsonl", run_log(made, seconds))
        write_manifest(manifest, stage.path)
        stage.publish()
    return Generated(Path(target), made.rows, made.content_hash, tuple(findings), seconds, made.workers)


def chosen_format(plan: Plan, options: Options) -> str:
    """The file format: the command's, else the schema's, else Parquet."""
    wanted = options.format or plan.format or "parquet"
    if wanted not in FORMATS:
        raise UsageError(Finding("format.unknown", found=f"'{wanted}'", expected=", ".join(FORMATS), hint=did_you_mean(wanted, FORMATS)))
    return wanted


def chosen_gate(plan: Plan, options: Options) -> str:
    """The publishing gate: the schema's, which the command may only raise; `none` is the command's alone."""
    order = {"none": 0, "structural": 1, "all": 2}
    for gate in (options.gate, plan.gate):
        if gate is not None and gate not in order:
            raise UsageError(Finding("gate.unknown", found=f"'{gate}'", expected=", ".join(GATES), hint=did_you_mean(gate, GATES)))
    if plan.gate is not None and options.gate is not None and order[options.gate] < order[plan.gate]:
        raise UsageError(Finding("gate.lowered", found=f"--gate {options.gate} on a schema that says gate: {plan.gate}", expected="the same gate, or a higher one"))
    wanted = options.gate or plan.gate or "structural"
    if wanted == "all":
        raise UsageError(Finding("language.not_available_yet", found="gate all", expected="structural or none", hint="value and behavioural checks at the gate come in a later version"))
    return wanted


def tables_of(plan: Plan, options: Options) -> frozenset[str] | None:
    """The tables to write, by `--select`."""
    from datagen.selection import selected

    parents = {
        table.id: tuple(dict.fromkeys(
            [*([table.parent] if table.parent else []), *(column.points_to[0] for column in table.columns.values() if column.points_to and column.points_to[0] != table.id)]
        ))
        for table in plan.tables.values() if not table.hidden
    }
    visible = {name: tuple(other for other in above if other in parents) for name, above in parents.items()}
    return selected(options.select, visible)


def default_memory() -> int:
    """Bytes that a run may use unless told otherwise: 2 GB, or a quarter of the machine where that is less."""
    return min(2_000_000_000, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)


def refuse_without_memory(plan: Plan, options: Options) -> int:
    """The memory limit in bytes. Raises MachineError "memory.too_small" when one worker alone is expected to need more."""
    from datagen.engine.grain import GRAIN_BYTES
    from datagen.plan.memory import kept_columns, worker_bytes

    limit = options.memory if options.memory is not None else default_memory()
    need = worker_bytes(plan, GRAIN_BYTES)
    if need > limit:
        kept = sorted(kept_columns(plan), key=lambda one: -one.bytes)
        largest = ", ".join(f"{one.table}.{one.column} {one.bytes / 1e6:,.0f} MB" for one in kept[:3])
        raise MachineError(
            Finding(
                "memory.too_small", found=f"a worker is expected to need {need / 1e6:,.0f} MB, the limit is {limit / 1e6:,.0f} MB",
                expected="a limit above the need" + (f"; kept for lookups: {largest}" if kept else ""), hint="say --memory, or make fewer rows",
            )
        )
    return limit


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def table_entries(plan: Plan, made: Made) -> tuple[TableEntry, ...]:
    """The written tables as the manifest and the structural check describe them."""
    from datagen.sinks.manifest import ColumnEntry, ForeignKey, TableEntry

    entries: list[TableEntry] = []
    for name in made.files:
        table = plan.tables[name]
        columns = tuple(
            ColumnEntry(column.name, column.type, column.seal.nullable, column.role, column.seal.precision if column.type == "datetime" else None)
            for column in table.visible
        )
        shown = {column.name for column in table.visible}
        keys = tuple(key for key in foreign_keys(plan, table) if key.column in shown and key.table in made.files and not plan.tables[key.table].columns[key.to_column].hidden)
        unique = tuple(
            tuple(constraint.facts["columns"]) for constraint in plan.constraints
            if constraint.kind == "unique" and constraint.facts["table"] == name and list(constraint.facts["columns"]) != [table.pk] and set(constraint.facts["columns"]) <= shown
        )
        entries.append(
            TableEntry(
                name, made.rows[name], columns, made.files[name], (table.pk,) if table.pk in shown else (), unique, keys,
                {column: total.hex for column, total in made.sums[name].columns.items()},
            )
        )
    return tuple(entries)


def foreign_keys(plan: Plan, table: TablePlan) -> tuple[Any, ...]:
    """Keys of a table: declared ones, and columns picked from another table's key."""
    from datagen.sinks.manifest import ForeignKey

    found: dict[tuple[str, str, str], ForeignKey] = {}
    for constraint in plan.constraints:
        if constraint.kind == "foreign_key" and constraint.facts["table"] == table.id:
            facts = constraint.facts
            found[facts["column"], facts["to_table"], facts["to_column"]] = ForeignKey(facts["column"], facts["to_table"], facts["to_column"])
    for column in table.columns.values():
        if column.points_to is not None and column.points_to[1] == plan.tables[column.points_to[0]].pk:
            found.setdefault((column.name, *column.points_to), ForeignKey(column.name, *column.points_to))
    return tuple(found.values())


def manifest_of(
    prepared: Prepared, plan: Plan, made: Made, entries: tuple[TableEntry, ...], format: str, gate: str, directory: Path
) -> Manifest:
    """The manifest, with the side files that it answers for."""
    from datagen.packs import pack_versions
    from datagen.plan.explain import assumptions, generation_notes
    from datagen.sinks.manifest import Manifest, run_summary, write_text

    side = (
        write_text(directory, "run_summary.json", run_summary(entries)),
        write_text(directory, "assumptions.md", assumptions(plan)),
        write_text(directory, "generation_notes.md", generation_notes(plan, made.rows)),
    )
    canonical = json.dumps(prepared.document.root, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Manifest(
        name=plan.name, seed=plan.seed, schema_hash=hashlib.blake2b(canonical.encode(), digest_size=32).hexdigest(),
        fingerprint=plan.fingerprint, format=format, gate=gate, content_hash=made.content_hash, tables=entries, side_files=side,
        packs=pack_versions(),
    )


def run_facts(made: Made, seconds: Mapping[str, float], memory: int) -> str:
    """The text of run.json: what differs from run to run."""
    import importlib.metadata

    libraries = {name: importlib.metadata.version(name) for name in ("numpy", "scipy", "polars", "duckdb", "pydantic", "sqlglot")}
    facts = {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds["total"])), "seconds": {key: round(value, 4) for key, value in seconds.items()},
        "workers": made.workers, "memory_limit": memory, "peak_memory_kib": peak_memory(), "host": platform.node(), "platform": platform.platform(),
        "python": sys.version.split()[0], "datagen": __version__, "libraries": libraries,
    }
    return json.dumps(facts, indent=1) + "\n"


def run_log(made: Made, seconds: Mapping[str, float]) -> str:
    """The text of log.jsonl: one line per stage."""
    stages = [{"stage": stage, "seconds": round(seconds[stage], 4)} for stage in ("plan", "ledger", "tables", "check") if stage in seconds]
    tables = [
        {"stage": "table", "table": table, "rows": rows, "seconds": round(made.seconds.get(table, 0.0), 4), "write_seconds": round(made.seconds.get(f"write:{table}", 0.0), 4)}
        for table, rows in made.rows.items()
    ]
    return "".join(json.dumps(line) + "\n" for line in [*stages, *tables, {"stage": "run", "peak_memory_kib": peak_memory()}])


def peak_memory() -> int:
    """Peak resident memory in KiB of this process, or of its largest worker."""
    return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def preview(prepared: Prepared, rows: int = 10, tables: Sequence[str] = ()) -> dict[str, pl.DataFrame]:
    """The first rows of each visible table, related: children of the shown parents, exactly as a full run makes them."""
    from datagen.engine.preview import preview as first_rows

    return first_rows(prepared.bind(), rows, tables)
