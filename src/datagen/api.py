"""The verbs: load, validate, plan, preview, generate, check, verify. No logic of their own; every door calls these."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from datagen.errors import DatagenError, Finding, UsageError, did_you_mean, listed, quoted

if TYPE_CHECKING:
    import polars as pl

    from datagen.checks.judge import Report
    from datagen.engine.executor import Job, Made
    from datagen.engine.options import Options, Settled
    from datagen.engine.trace import Traced
    from datagen.plan.model import Plan
    from datagen.plan.prepare import Prepared
    from datagen.report.report import DataReport
    from datagen.schema.tree import Document
    from datagen.sinks.manifest import Manifest

Source = str | os.PathLike[str] | Mapping[str, Any]


class Watcher(Protocol):
    """Whoever wants to know how far a run is."""

    def stage(self, name: str) -> None:
        """A stage begins: plan, count, make, check, publish."""

    def rows(self, table: str, done: int, total: int) -> None:
        """So many rows of a table are made."""

    def note(self, text: str) -> None:
        """Something to be known at once."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A data set as its files show it. notes: what to know of it besides."""

    plan: Plan
    report: Report
    notes: tuple[Finding, ...] = ()


class Nobody:
    """Does not watch."""

    def stage(self, name: str) -> None:
        return

    def rows(self, table: str, done: int, total: int) -> None:
        return

    def note(self, text: str) -> None:
        return


@dataclass(frozen=True, slots=True)
class Generated:
    """A published data set: where, what is in it, and what was noticed. seconds: by stage, and "total".

    findings: warnings, and as errors the constraints that some of the values break.
    """

    directory: Path
    format: str
    gate: str
    rows: Mapping[str, int]
    bytes: Mapping[str, int]
    content_hash: str
    findings: tuple[Finding, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)
    workers: int = 1
    truth: Path | None = None  # the truth set, if one was made
    answer_key: str = ""  # SHA-256 of its answer key
    metrics: Mapping[str, float | None] = field(default_factory=dict)  # None: nothing to measure
    pieces: int = 0  # that the run was cut into
    taken: int = 0  # of these, taken over from an interrupted run


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
    if os.path.isfile(name):
        hint = f"for the file of this name write ./{name}"
    expected = f"a schema file, or a shipped data set: {', '.join(known)}"
    raise UsageError(Finding("dataset.unknown", found=quoted(name), expected=expected, hint=hint))


def load(source: Source) -> Document:
    """The document behind a path, a shipped name or a Python object. Raises SchemaError, UsageError."""
    from datagen.schema.load import from_object, load

    if isinstance(source, Mapping):
        return from_object(dict(source))
    return load(schema_path(os.fspath(source)))


def prepare(source: Source | Document, *, data: Path | None = None, **overrides: Any) -> Prepared:
    """Load and check a schema, and tune the parameters that its metrics solve for. Raises SchemaError with all findings.

    data: a published data set of this schema, whose run has tuned them: its values are taken over.
    overrides: sets, params, scenario, seed, scale (see datagen.plan.prepare.Overrides).
    """
    from datagen.plan.prepare import Overrides, prepare
    from datagen.schema.tree import Document

    document = source if isinstance(source, Document) else load(source)
    prepared = prepare(document, Overrides(**overrides))
    if not any(metric.solve_for is not None for metric in prepared.schema.metrics.values()):
        return prepared
    from datagen.checks.origin import solved_in
    from datagen.solving import solved

    return solved(prepared, known={} if data is None else solved_in(data))


def generate(
    prepared: Prepared, target: str | os.PathLike[str], options: Options | None = None,
    watcher: Watcher | None = None, *, plan: Plan | None = None, planned: float = 0.0,
) -> Generated:  # fmt: skip
    """Make a data set and publish it at `target`, whole or not at all.

    plan: of `prepared`, if it is bound already (having looked at rows where `engine.options.compares` says so), and
    `planned` the seconds that this has taken.
    Raises SchemaError (the schema, or the gate), UsageError (the options, the target), MachineError (the machine).
    """
    from datagen.checks.gate import pass_gate
    from datagen.checks.metrics import measure
    from datagen.checks.origin import noted
    from datagen.engine.derived import make_derived, staged_tables
    from datagen.engine.executor import Job, execute
    from datagen.engine.memory import share_out
    from datagen.engine.options import Options, compares, cores, fewer_workers, settle
    from datagen.engine.resume import Resuming
    from datagen.plan.needed import narrowed
    from datagen.plan.spoils import clean
    from datagen.report.beside import lay_profile, profiled
    from datagen.schema.placed import placing
    from datagen.sinks.describe import manifest_of, run_facts, table_entries
    from datagen.sinks.imperfections import spoiled_files
    from datagen.sinks.manifest import write_manifest, write_text
    from datagen.sinks.run_log import RunLog
    from datagen.sinks.truth import refuse_other_sets, truth_place

    options, watcher = options or Options(), watcher or Nobody()
    watcher.stage("plan")
    started = time.perf_counter() - planned
    plan = plan or prepared.bind(look=compares(prepared, options))
    twin = options.clean and plan.spoiled
    if twin:
        plan = clean(plan)
    settled = settle(plan, options)
    shares = share_out(settled.memory)
    seconds: dict[str, float] = {"plan": time.perf_counter() - started}
    log = RunLog()
    log.stage("plan", seconds["plan"])
    noticed = [*plan.findings, *fewer_workers(options, settled)]
    refuse_other_sets(Path(target))
    resuming = Resuming(prepared, plan, settled, options, Path(target), watcher.note)
    with resuming.told(), placing(prepared.document), ExitStack() as stages:
        stage = stages.enter_context(resuming.stage(Path(target)))
        truth = stages.enter_context(resuming.stage(truth_place(target), labels=True)) if options.truth else None
        watcher.stage("count")
        staged = staged_tables(plan, settled.format, settled.tables)
        only = None if settled.tables is None else sorted((settled.tables | staged) & set(plan.tables))
        job = Job(
            settled.format, stage.path, options.workers, tables=settled.tables,
            spec=worker_spec(prepared) | {"clean": options.clean, "only": only},
            max_rows=options.max_rows, most_workers=settled.most_workers, own_process=options.own_process,
            staged=staged, checkpoint=resuming.checkpoint(stage),
        )  # fmt: skip
        if options.block_rows is not None:
            job = replace(job, block_rows=options.block_rows)
        making = Making(watcher)
        made = execute(plan if only is None else narrowed(plan, only), job, making)
        make_derived(plan, job, made, memory=shares.queries, progress=making)
        seconds |= made.seconds
        if made.taken:
            log.stage("taken", seconds["taken"], pieces=made.taken, of=made.pieces)
        entries = table_entries(plan, made)
        for name in ("ledger", "tables"):
            log.stage(name, seconds.get(name, 0.0), sum(made.rows.values()))
        if settled.gate != "none":
            watcher.stage("check")
            at = time.perf_counter()
            if settled.gate == "all":
                from datagen.checks.score import LEAST
                from datagen.checks.stages import pass_stages

                passed = pass_stages(
                    plan, prepared.document, stage.path, list(made.files), settled.format,
                    least=LEAST if options.min_score is None else options.min_score, memory=shares.checks,
                    threads=cores(), log=log, rows=made.rows,
                )  # fmt: skip
                noticed += passed.findings
            noticed += pass_gate(
                plan,
                prepared.document,
                stage.path,
                entries,
                settled.format,
                memory=shares.checks,
                threads=cores(),
                ledger=spoiled_files(stage.path, made),
            )
            seconds["check"] = time.perf_counter() - at
            log.stage("gate", seconds["check"], sum(made.rows.values()))
        metrics, missed = measure(stage.path, entries, plan.metrics, settled.format, memory=shares.checks)
        if settled.gate != "none":
            noticed += missed
        watcher.stage("publish")
        manifest = manifest_of(
            plan, prepared.document, made, entries, format=settled.format, gate=settled.gate, directory=stage.path,
            metrics=metrics,
        )  # fmt: skip
        manifest = replace(manifest, clean=twin)
        if profiled(plan, options):
            watcher.stage("profile")
            at = time.perf_counter()
            manifest, left = lay_profile(
                plan, prepared, manifest, stage.path, settled.memory, asked=options.profile is True
            )
            noticed += left
            seconds["profile"] = time.perf_counter() - at
            log.stage("profile", seconds["profile"], sum(made.rows.values()))
        seconds["total"] = time.perf_counter() - started
        origin = noted(source_of(prepared.written), prepared.overrides)
        write_text(stage.path, "run.json", run_facts(made, seconds, settled.memory, origin))
        log.tables({table: rows for table, rows in made.rows.items() if table not in plan.inner}, made.seconds)
        log.stage("run", seconds["total"], sum(made.rows.values()))
        write_text(stage.path, "log.jsonl", log.text)
        write_manifest(manifest, stage.path)
        answers = ""
        if truth is None:
            stage.publish()
        else:
            job = replace(job, checkpoint=resuming.checkpoint(truth, labels=True))
            answers = tell_truth(plan, prepared, settled, manifest, job, stage.path, truth.path, made)
            stage.publish_behind(truth)
    notes = [
        *resuming.findings(),
        *stage.notes,
        *(truth.notes if truth is not None else remove_stale(Path(target), manifest.content_hash)),
    ]
    seconds["total"] = time.perf_counter() - started
    return Generated(
        Path(target), settled.format, settled.gate, {entry.name: entry.rows for entry in entries},
        {entry.name: sum(file.bytes for file in entry.files) for entry in entries}, made.content_hash,
        (*noticed, *notes), seconds, made.workers, truth_place(target) if truth is not None else None, answers, metrics,
        made.pieces, made.taken,
    )  # fmt: skip


def tell_truth(
    plan: Plan, prepared: Prepared, settled: Settled, data: Manifest, job: Job, made: Path, directory: Path, run: Made,
) -> str:  # fmt: skip
    """Write the truth set of a data set that lies in `made` into a directory; gives the SHA-256 of its answer key.

    The ledger of imperfections is made of what lies there.
    """
    from datagen.checks.placebos import find_placebos
    from datagen.engine.derived import make_derived, staged_tables
    from datagen.engine.executor import execute
    from datagen.engine.memory import share_out
    from datagen.kernel.content_hash import root_hash
    from datagen.plan.labels import labelled_tables, labels_plan
    from datagen.plan.limits import LARGEST_MOST
    from datagen.plan.unconnected import Connections
    from datagen.sinks.describe import table_entries
    from datagen.sinks.imperfections import asked_and_found, spoiled_files, write_ledger
    from datagen.sinks.truth import lay_labels, write_truth

    labels = labels_plan(plan)
    labelled = labelled_tables(plan, labels, settled.tables)
    spec = None if job.spec is None else {**job.spec, "labels": True, "only": None}
    own = replace(
        job, format="parquet", directory=directory, tables=labelled, spec=spec, max_rows=LARGEST_MOST,
        staged=staged_tables(labels, "parquet", labelled),
    )  # fmt: skip
    told = execute(labels, own)
    make_derived(labels, own, told, memory=share_out(settled.memory).queries)
    lay_labels(directory, told, job.checkpoint)
    connections = Connections(plan, prepared.document)
    looked_at = [entry for entry in data.tables if entry.name in plan.tables]
    placebos = find_placebos(
        plan, connections, made, looked_at, settled.format, memory=share_out(settled.memory).checks
    )
    entries = tuple(replace(entry, unique=(), foreign_keys=()) for entry in table_entries(labels, told))
    sums = dict(told.sums)
    if plan.spoiled:
        ledger, sums_of_ledger = write_ledger(directory, spoiled_files(made, run), tuple(labels.tables))
        sums[ledger.name] = sums_of_ledger
        entries = (*entries, ledger)
    return write_truth(directory, plan, data, entries, root_hash(sums), placebos, asked_and_found(plan, run))


def source_of(document: Document) -> str | None:
    """The shipped name or the whole path by which a document is found again; None where it came from no file."""
    from datagen.datasets import shipped

    if document.path is None or not os.path.isfile(document.path):
        return None
    path = os.path.realpath(document.path)
    return next((name for name, own in shipped().items() if os.path.realpath(own) == path), path)


def prepared_of(directory: Path, manifest: Manifest | None, seed: int | None = None) -> Prepared:
    """The schema that a data set was made from, as it was made. seed: where no manifest tells it.

    Raises UsageError where nothing says which it was, or where it has changed since.
    """
    from datagen.checks.origin import origin_of, refuse_other
    from datagen.sinks.describe import schema_hash

    origin = origin_of(directory)
    prepared = prepare(
        origin.source, sets=origin.sets, params=origin.params, scenario=origin.scenario, scale=origin.scale,
        seed=seed if manifest is None else manifest.seed, data=directory,
    )  # fmt: skip
    refuse_other(directory, manifest, origin.source, schema_hash(prepared.document))
    return prepared


def check(
    directory: str | os.PathLike[str], prepared: Prepared | None = None, *, select: Sequence[str] = (), examples: int = 5,
    memory: int | None = None, seed: int | None = None,
) -> Checked:  # fmt: skip
    """Judge the files of a data set by the schema that it was made from, or by another one.

    prepared: that other schema; select: only these tables; memory: bytes. Raises UsageError where there is no data set or
    nothing says from which schema it was made, MachineError where the machine does not suffice.
    """
    from datagen.checks.judge import judge
    from datagen.checks.origin import manifest_in, notes
    from datagen.engine.memory import share_out
    from datagen.engine.options import cores, default_memory
    from datagen.plan.spoils import clean
    from datagen.sinks.describe import schema_hash

    place = Path(directory)
    manifest = manifest_in(place)
    prepared = prepared or prepared_of(place, manifest, seed)
    plan = prepared.bind()
    hash = schema_hash(prepared.document)
    same = manifest is not None and manifest.fingerprint == plan.fingerprint
    if manifest is not None and manifest.clean:
        plan = clean(plan)
    shown = {table.id.lower(): table.id for table in plan.all_tables.values() if not table.hidden}
    unknown = [name for name in select if name.lower() not in shown]
    if unknown:
        expected = f"tables: {listed(tuple(shown.values()), most=20)}"
        raise UsageError(
            Finding(
                "select.unknown_table", found=quoted(name), expected=expected, hint=did_you_mean(name, shown.values())
            )
            for name in unknown
        )
    written = None if manifest is None or manifest.schema_hash != hash else [table.name for table in manifest.tables]
    report = judge(
        place, plan, prepared.document, written=written, select=[shown[name.lower()] for name in select], same=same,
        format=None if manifest is None else manifest.format, examples=examples,
        memory=share_out(memory or default_memory()).checks, threads=cores(),
    )  # fmt: skip
    return Checked(plan, report, tuple(notes(place, manifest, report.tables, hash)))


def report(
    directory: str | os.PathLike[str], prepared: Prepared | None = None, *, blind: bool = False, memory: int | None = None
) -> DataReport:  # fmt: skip
    """The report on a published data set: figures measured in its files, and a page that shows them.

    What is declared stands beside them: by the schema that the data were made from, where it is still found, or by
    `prepared`. blind: leave out everything that was declared. memory: bytes. Raises UsageError where there is no data set,
    MachineError where the machine does not suffice.
    """
    from datagen.engine.memory import share_out
    from datagen.engine.options import cores, default_memory
    from datagen.plan.spoils import clean
    from datagen.report.report import Declared, report
    from datagen.sinks.manifest import read_manifest

    place, memory = Path(directory), memory or default_memory()
    told, missing = None, ""
    if not blind:
        manifest = read_manifest(place)
        if prepared is None and manifest.truth_of is None:
            try:
                prepared = prepared_of(place, manifest)
            except DatagenError as error:
                missing = error.findings[0].found
        if prepared is not None:
            checked = check(place, prepared, memory=memory)
            plan = clean(checked.plan) if manifest.clean else checked.plan
            results = [one.as_dict() for one in checked.report.results]
            told = Declared(plan, prepared, results, checked.report.score.as_dict())
    return report(place, blind=blind, told=told, missing=missing, memory=share_out(memory).checks, threads=cores())


def remove_stale(target: Path, content_hash: str) -> list[Finding]:
    """Remove the truth set of data that have been replaced. Where that cannot be done, a warning; readers refuse it."""
    from datagen.sinks.publish import Stage
    from datagen.sinks.truth import told_by, truth_place

    place = truth_place(target)
    told = told_by(place) if os.path.lexists(place) else None
    if told is None or told.truth_of in (None, content_hash):
        return []
    try:
        with Stage(place) as stage:
            stage.discard()
    except DatagenError as error:
        found = f"the truth set of the data that were here before could not be removed: {error.findings[0].found}"
        return [Finding("truth.stale", severity="warning", path=os.fspath(place), found=found)]
    return stage.notes


class Making:
    """Tells a watcher that making has begun when the first rows come, then passes them on."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.begun = False

    def __call__(self, table: str, done: int, total: int) -> None:
        if not self.begun:
            self.begun = True
            self.watcher.stage("make")
        self.watcher.rows(table, done, total)


def worker_spec(prepared: Prepared) -> dict[str, Any]:
    """What worker processes need to bind the same plan."""
    return {"document": prepared.document, "seed": prepared.seed, "scale": prepared.overrides.scale}


def trace(plan: Plan, reference: str, row: int) -> Traced:
    """How the value of `table.column` in a row came to be (of `table` alone: the number of rows), rows from 1.

    Raises UsageError for a name or a row that is not there.
    """
    from datagen.engine.trace import trace

    return trace(plan, reference, row)


def preview(prepared: Prepared, rows: int = 10, tables: Sequence[str] = ()) -> dict[str, pl.DataFrame]:
    """The first rows of each visible table, related: children of the shown parents, as a full run makes them."""
    return preview_of(prepared.bind(look=False), rows, tables, document=prepared.document)


def preview_of(
    plan: Plan, rows: int = 10, tables: Sequence[str] = (), *, document: Document | None = None
) -> dict[str, pl.DataFrame]:
    """The same for a plan. document: what it is made of, for the places of what is refused while rows are made.

    Raises UsageError "preview.unknown_table" for a name that is no table.
    """
    from contextlib import nullcontext

    from datagen.engine.preview import preview
    from datagen.schema.placed import placing

    shown = {table.id.lower(): table.id for table in plan.all_tables.values() if not table.hidden}
    unknown = [name for name in tables if name.lower() not in shown]
    if unknown:
        known = tuple(shown.values())
        raise UsageError(
            Finding(
                "preview.unknown_table", found=f"'{name}'", expected=f"tables: {listed(known, most=20)}",
                hint=did_you_mean(name, known),
            )
            for name in unknown
        )  # fmt: skip
    with nullcontext() if document is None else placing(document):
        return preview(plan, rows, [shown[name.lower()] for name in tables])
