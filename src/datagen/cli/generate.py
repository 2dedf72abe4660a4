"""`datagen generate`: makes a data set and publishes it, whole or not at all."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen.cli import screen, starting
from datagen.cli.options import Given, json_option, run_options, schema_options
from datagen.errors import Finding, UsageError

if TYPE_CHECKING:
    from datagen.api import Generated
    from datagen.engine.options import Options
    from datagen.plan.model import Plan
    from datagen.plan.prepare import Prepared

EXAMPLES = """\
\b
Examples:
  datagen generate orders --scale 0.01
  datagen generate shop.yaml -o out/shop --format csv --seed 7
  datagen generate shop.yaml --set nodes.users.rows=1M --workers 4 --dry-run"""

DIRECTORY_NAME = re.compile(r"[\w-][\w .-]*")


@click.command("generate", epilog=EXAMPLES, short_help="Make a data set and publish it.")
@schema_options
@click.option("-o", "--output", "--output-dir", "output", metavar="DIR", help="Where to publish [out/NAME].")
@run_options
@click.option("--truth", is_flag=True, help="Also write OUT.truth: planted effects, placebos, and labels of rows.")
@click.option("--clean", is_flag=True, help="Leave out the imperfections that the schema declares: the clean twin.")
@click.option(
    "--profile/--no-profile",
    "profile",
    default=None,
    help="Write data_profile.html, the data as one page [if the schema names metrics].",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with an interrupted run, and keep what is finished if this one is interrupted.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan, look at the output directory, and write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print the time of every stage and table.")
@json_option
@click.pass_context
def command(
    context: click.Context, /, output: str | None, truth: bool, clean: bool, profile: bool | None,
    resume: bool, dry_run: bool, quiet: bool, verbose: bool, as_json: bool, **given: Any,
) -> None:  # fmt: skip
    """Make a data set and publish it, whole or not at all.

    SCHEMA is a file, the name of a shipped data set, or - for standard input. A data set that Datagen has published
    before is replaced; any other directory that is not empty is refused.
    """
    from datagen import api
    from datagen.cli.progress import watching
    from datagen.engine.options import compares

    reading = Given(given)
    options = replace(reading.run(), truth=truth, clean=clean, profile=profile, resume=resume)
    with watching(quiet=quiet or dry_run, verbose=verbose) as watcher:
        watcher.stage("plan")
        began = time.perf_counter()
        prepared = reading.prepared()
        plan = prepared.bind(look=dry_run or compares(prepared, options))
        target = Path(output) if output is not None else default_output(plan)
        if not dry_run:
            starting.finish()
            planned = time.perf_counter() - began
            made = api.generate(prepared, target, options, watcher, plan=plan, planned=planned)
    if dry_run:
        show_plan(prepared, plan, options, target, as_json=as_json, quiet=quiet)
        return
    wrong = [finding for finding in made.findings if finding.severity == "error"]
    if as_json:
        screen.document(facts_of_run(plan, made))
    else:
        screen.findings(wrong if quiet else made.findings, form=given["errors"])
        if not quiet:
            screen.say(summary(plan, made, verbose=verbose))
    if wrong:
        context.exit(1)


def default_output(plan: Plan) -> Path:
    """`out/<name>`, for names that are fit for a directory."""
    name = plan.name.strip().rstrip(".")
    if not DIRECTORY_NAME.fullmatch(name) or len(name.encode()) > 200:
        found = f"the name of the data set, {plan.name[:100]!r}, is no name of a directory"
        raise UsageError(Finding("output.no_name", found=found, hint="say where with --output DIR"))
    return Path("out") / name


def show_plan(
    prepared: Prepared, plan: Plan, options: Options, target: Path, *, as_json: bool, quiet: bool
) -> None:  # fmt: skip
    """What a run would do, after a look at the options and the place."""
    from datagen.cli.plan import facts_of, text_of
    from datagen.engine.options import settle
    from datagen.engine.resume import Resuming
    from datagen.sinks.target import absolute, examine, refuse_place
    from datagen.sinks.truth import refuse_other_sets, truth_place

    settled = settle(plan, options)
    place = absolute(target)
    refuse_place(place)
    refuse_other_sets(place)
    state = {"absent": "is new", "empty": "is empty", "published": "holds a data set, which would be replaced"}
    there = examine(place)
    outlook = Resuming(prepared, plan, settled, options, target, lambda _: None).outlook() if options.resume else ""
    if as_json:
        run = {"output": str(target), "format": settled.format, "gate": settled.gate, "replaces": there == "published"}
        run |= {"truth": str(truth_place(target)) if options.truth else None}
        run |= {"resume": outlook} if outlook else {}
        screen.document({"dry_run": True, **run, **facts_of(plan)})
    elif not quiet:
        screen.findings(plan.findings)
        screen.say(text_of(plan))
        screen.say(f"dry run, nothing was written: {settled.format} files would go to {target}, which {state[there]}")
        if outlook:
            screen.say(outlook)
        if options.truth:
            screen.say(f"the truth set would go to {truth_place(target)}")


def facts_of_run(plan: Plan, made: Generated) -> dict[str, Any]:
    """A finished run as JSON-ready facts."""
    return {
        "ok": not any(finding.severity == "error" for finding in made.findings),
        "name": plan.name, "seed": plan.seed, "directory": str(made.directory), "format": made.format,
        "gate": made.gate, "content_hash": made.content_hash,
        "truth": None if made.truth is None else {"directory": str(made.truth), "answer_key_sha256": made.answer_key},
        "tables": {table: {"rows": rows, "bytes": made.bytes[table]} for table, rows in made.rows.items()},
        "seconds": {stage: round(seconds, 3) for stage, seconds in made.seconds.items()}, "workers": made.workers,
        "pieces": {"all": made.pieces, "taken_over": made.taken},
        "metrics": dict(made.metrics), "findings": [finding.as_dict() for finding in made.findings],
    }  # fmt: skip


def summary(plan: Plan, made: Generated, *, verbose: bool) -> str:
    """A finished run in a few lines."""
    from datagen.plan.explain import spell_bytes

    width = max(map(len, made.rows), default=0)
    lines = []
    for table, rows in made.rows.items():
        times = ""
        if verbose and table in made.seconds:
            written = made.seconds.get(f"write:{table}", 0.0)
            times = f"   made in {made.seconds[table]:.2f} s, written in {written:.2f} s"
        lines.append(f"  {table:<{width}}  {rows:>14,} rows  {spell_bytes(made.bytes[table]):>9}{times}")
    rows, size, seconds = sum(made.rows.values()), sum(made.bytes.values()), made.seconds["total"]
    workers = screen.counted(made.workers, "worker")
    lines.append(f"{rows:,} rows, {spell_bytes(size)} of {made.format} in {seconds:.1f} s by {workers}")
    if made.taken:
        lines.append(f"{made.taken} of {screen.counted(made.pieces, 'piece')} taken over from an interrupted run")
    for name, value in made.metrics.items():
        lines.append(f"  {name}: {'nothing to measure' if value is None else f'{value:,.6g}'}")
    unchecked = ", not checked (gate none)" if made.gate == "none" else ""
    lines.append(f"content hash {made.content_hash}, seed {plan.seed}")
    lines.append(f"published in {made.directory}{unchecked}")
    if made.truth is not None:
        lines.append(f"truth set in {made.truth}, its answer key has the SHA-256 {made.answer_key}")
    return "\n".join(lines)
