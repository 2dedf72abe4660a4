"""`datagen validate`: all that is wrong with a schema, and nothing else; it accepts exactly what `generate` accepts."""

from __future__ import annotations

import click

from datagen.cli import screen
from datagen.cli.options import Given, schema_options


@click.command("validate")
@schema_options
def command(**given: object) -> None:
    """Say all that is wrong with a schema."""
    prepared = Given(given).prepared()
    plan = prepared.bind()
    screen.findings(plan.findings)
    screen.say(f"{plan.name}: fine, {len(plan.tables)} tables")
