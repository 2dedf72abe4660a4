"""`datagen plan`: what would be made, what it costs and what holds, without making it."""

from __future__ import annotations

import click

from datagen.cli import screen
from datagen.cli.options import Given, json_option, schema_options

EXAMPLES = """\
\b
Examples:
  datagen plan shop.yaml
  datagen plan orders --scale 10
  datagen plan shop.yaml --set nodes.users.rows=1M --json"""


@click.command("plan", epilog=EXAMPLES, short_help="Show what would be made, and what it costs.")
@schema_options
@json_option
def command(as_json: bool, **given: object) -> None:
    """Show tables with rows, bytes, time and memory, how columns are made, and which constraints hold by construction.

    SCHEMA is a file, the name of a shipped data set, or - for standard input.
    """
    from datagen.plan.explain import as_facts, as_text

    plan = Given(given).prepared().bind()
    if as_json:
        screen.document(as_facts(plan))
        return
    screen.say(as_text(plan))
    screen.findings(plan.findings, form=str(given["errors"]))
