"""`datagen report`: one offline page with the figures and pictures of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from datagen.cli import screen, starting
from datagen.cli.options import Given, json_option, override_options
from datagen.errors import Finding

CHANGES = ("seed", "scale", "sets", "params", "scenario")
EXAMPLES = """\
\b
Examples:
  datagen report out/shop
  datagen report out/shop --schema shop.yaml -o shop.html
  datagen report out/shop --blind -o exercise.html"""


@click.command("report", epilog=EXAMPLES, short_help="Show a data set as one offline page.")
@click.argument("directory", metavar="DIR")
@click.option(
    "--schema",
    metavar="SCHEMA|NAME",
    help="Show what this schema declares beside what was measured [the one of the data].",
)
@override_options
@click.option("-o", "--output", metavar="FILE", help="Where to write the page [NAME.html].")
@click.option(
    "--blind", is_flag=True, help="Leave out everything that was declared: what somebody sees of the files alone."
)
@click.option("--memory", metavar="SIZE", help="Memory of the queries [2GB, or 1/4 of the machine].")
@json_option
def command(directory: str, output: str | None, blind: bool, as_json: bool, **given: Any) -> None:
    """Measure a published data set by SQL and show it as one HTML file that works offline.

    With --json the facts of the page are printed instead, and no file is written unless -o names one.
    """
    from datagen import api
    from datagen.sinks.manifest import read_manifest

    place = Path(directory)
    reading = Given(given)
    memory = reading.memory()
    changed = [name for name in CHANGES if given[name]]
    if given["schema"] is None and changed:
        found = f"--{changed[0].replace('sets', 'set')} without --schema"
        reading.faults.append(Finding("report.nothing_to_change", found=found, expected="--schema SCHEMA"))
    if blind and given["schema"] is not None:
        found = "--blind with --schema"
        reading.faults.append(
            Finding("report.blind_schema", found=found, expected="one of them: a blind page shows nothing declared")
        )
    reading.stop()
    manifest = read_manifest(place)
    prepared = None
    if given["schema"] is not None:
        seed = given["seed"] if given["seed"] is not None else str(manifest.seed)
        prepared = Given({**given, "seed": seed}).prepared(data=place)
    starting.finish()
    made = api.report(place, prepared, blind=blind, memory=memory)
    if output is None and not as_json:
        output = f"{place.resolve().name or manifest.name}.html"
    saved = made.save(output) if output is not None else None
    if as_json:
        screen.document(made.facts)
        return
    head = made.facts["header"]
    tables = screen.counted(head["tables"], "table")
    screen.say(f"{head['name']}: {head['rows']:,} rows in {tables}{', nothing declared shown' if blind else ''}")
    if made.facts.get("score") is not None:
        screen.say(f"quality score {made.facts['score']['total']:.1f} of 100")
    if made.facts.get("missing"):
        screen.say(f"nothing declared is shown: {made.facts['missing']}; --schema SCHEMA says by which")
    screen.say(f"written to {saved}")
