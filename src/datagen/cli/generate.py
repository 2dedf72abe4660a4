"""`datagen generate`: makes a data set and publishes it, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import click

from datagen.cli import screen
from datagen.cli.options import Given, schema_options


@click.command("generate")
@schema_options
@click.option("-o", "--output", "--output-dir", "output", metavar="DIR")
@click.option("-f", "--format", "format")
@click.option("--workers", type=int)
@click.option("--gate")
@click.option("--select", multiple=True)
def command(
    output: str | None, format: str | None, workers: int | None, gate: str | None, select: tuple[str, ...], **given: object
) -> None:
    """Make a data set and publish it."""
    from datagen import api
    from datagen.engine.options import Options

    prepared = Given(given).prepared()
    target = Path(output or f"out/{prepared.bind().name}")
    made = api.generate(prepared, target, Options(format=format, workers=workers, gate=gate, select=select))
    screen.findings(made.findings)
    for table, rows in made.rows.items():
        screen.say(f"{table}: {rows:,} rows")
    screen.say(f"{made.directory}: {made.content_hash}, {made.seconds['total']:.1f} s")
