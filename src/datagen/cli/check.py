"""`datagen check`: are the data in a directory what their schema declares, and how good are they?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen.cli import screen, starting
from datagen.cli.options import Given, json_option, override_options
from datagen.errors import Finding

if TYPE_CHECKING:
    from datagen.api import Checked
    from datagen.plan.prepare import Prepared

SHOWN = 20  # failures on the screen; --json has all
MOST_EXAMPLES = 1_000
CHANGES = ("seed", "scale", "sets", "params", "scenario")

EXAMPLES = """\
\b
Examples:
  datagen check out/shop
  datagen check out/shop --json --examples 20
  datagen check exports/2024 --schema shop.yaml --select orders --min-score 95"""


@click.command("check", epilog=EXAMPLES, short_help="Judge a data set by what its schema declares.")
@click.argument("directory", metavar="DIR")
@click.option("--schema", metavar="SCHEMA|NAME", help="Judge by this schema [the one that the data were made from].")
@override_options
@click.option("--select", multiple=True, metavar="TABLE", help="Look at these tables only. May be repeated.")
@click.option("--examples", metavar="N", help="Keys to show of rows that break a rule [5].")
@click.option(
    "--min-score",
    metavar="X",
    help="Exit with 1 below this quality score, 0 to 100 [80, and nothing planted that is not there at all].",
)
@click.option("--memory", metavar="SIZE", help="Memory of the checks [2GB, or 1/4 of the machine].")
@json_option
@click.pass_context
def command(context: click.Context, /, directory: str, as_json: bool, **given: Any) -> None:
    """Judge the files of a data set by SQL: structure, values, planted effects and declared laws, and a score of 0 to 100.

    DIR holds TABLE.csv, TABLE.parquet or TABLE.ndjson, or parts in TABLE/; it need not be of Datagen. `verify` compares
    files with their checksums.
    """
    look(context, directory, Given(given), as_json=as_json)


def look(context: click.Context, directory: str, given: Given, *, as_json: bool) -> None:
    """Check a directory, print what was found, and leave with 1 where it is not good enough."""
    from datagen import api
    from datagen.checks.score import LEAST

    least = given.score()
    examples = given.whole("examples", 0, MOST_EXAMPLES)
    memory = given.memory()
    place = Path(directory)
    prepared = judging(place, given)
    given.stop()
    starting.finish()
    checked = api.check(
        place, prepared, select=given.options["select"], examples=5 if examples is None else examples, memory=memory
    )
    enough = LEAST if least is None else least
    lost = len(checked.report.lost) if least is None else 0  # a score that somebody asks for is all that counts
    if as_json:
        screen.document(facts_of(checked, enough, lost))
    else:
        show(checked, enough, lost, form=str(given.options["errors"]))
    if checked.report.score.total < enough or lost:
        context.exit(1)


def judging(place: Path, given: Given) -> Prepared | None:
    """The schema that a user names, with the seed of the data unless another is said; None where none is named."""
    from datagen.checks.origin import manifest_in

    changed = [name for name in CHANGES if given.options[name]]
    if given.options["schema"] is None:
        if changed:
            found = f"--{changed[0].removesuffix('s') if changed[0] == 'sets' else changed[0]} without --schema"
            expected = "--schema SCHEMA: the data are judged by what they were made from"
            given.faults.append(Finding("check.nothing_to_change", found=found, expected=expected))
        return None
    manifest = manifest_in(place)
    if manifest is not None and given.options["seed"] is None:  # a seed is no part of what a schema says
        given.options = {**given.options, "seed": str(manifest.seed)}
    return given.prepared(data=place)


def facts_of(checked: Checked, least: float, lost: int) -> dict[str, Any]:
    """The report as JSON-ready facts, a line for every check. lost: planted figures that are worth nothing, where they count."""
    report = checked.report
    return {
        "ok": report.score.total >= least and not lost, "lost": len(report.lost),
        "name": checked.plan.name, "directory": str(report.directory),
        "tables": dict(report.tables), "min_score": least, "score": report.score.as_dict(),
        "failed": len(report.failed), "checks": [one.as_dict() for one in report.results],
        "findings": [one.as_dict() for one in checked.notes],
    }  # fmt: skip


def show(checked: Checked, least: float, lost: int, *, form: str) -> None:
    """The failures, the worst first, then the sum, and why that is not good enough."""
    report = checked.report
    failed = report.failed
    screen.findings([one.finding() for one in failed[:SHOWN]] + list(checked.notes), form=form, ranked=True)
    if len(failed) > SHOWN:
        screen.note(f"\nand {len(failed) - SHOWN:,} more, which --json lists")
    tables, rows = screen.counted(len(report.tables), "table"), sum(report.tables.values())
    screen.say(f"{checked.plan.name}: {tables}, {rows:,} rows; {_passed(checked)}")
    for line in report.score.lines():
        screen.say(line)
    if report.score.total < least:
        screen.say(f"not good enough: {least:g} is asked for")
    elif lost:
        what = f"{screen.counted(lost, 'check')} of what the schema plants {'is' if lost == 1 else 'are'} worth nothing"
        screen.say(f"not good enough: {what} (--min-score X takes the score alone)")


def _passed(checked: Checked) -> str:
    results = checked.report.results
    unjudged = sum(one.score is None for one in results)
    failed = len(checked.report.failed)
    text = f"{screen.counted(len(results) - unjudged, 'check')}, {failed or 'none'} failed"
    return text + (f"; {unjudged:,} could not be judged (--json says why)" if unjudged else "")
