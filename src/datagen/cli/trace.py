"""`datagen trace`: how one value came to be, from the base draw through every step."""

from __future__ import annotations

from typing import Any

import click

from datagen.cli import screen, starting
from datagen.cli.options import MOST_ROWS, Given, json_option, schema_options

EXAMPLES = """\
\b
Examples:
  datagen trace shop.yaml orders.amount --row 17
  datagen trace shop.yaml orders.ordered_at --row 17 --json
  datagen trace shop.yaml orders --row 17"""


@click.command("trace", epilog=EXAMPLES, short_help="Show how one value came to be.")
@schema_options
@click.argument("reference", metavar="TABLE[.COLUMN]")
@click.option("-r", "--row", "row", required=True, metavar="N", help="The row of the table, from 1.")
@json_option
def command(reference: str, row: str, as_json: bool, **given: Any) -> None:
    """Show how the value of a column in one row came to be: base draw, modifiers, segment, age, trend, season, effect.

    For the time of a row, and for a table without a column, the expected number of rows of its parent is shown factor by
    factor. SCHEMA is a file, the name of a shipped data set, or - for standard input.
    """
    from datagen import api

    reading = Given({**given, "row": row})
    number = reading.whole("row", 1, MOST_ROWS)
    reading.stop()
    plan = reading.prepared().bind(look=False)
    starting.finish()
    traced = api.trace(plan, reference, number or 1)
    if as_json:
        screen.document({"name": plan.name, "seed": plan.seed, **traced.facts})
    else:
        screen.say("\n".join(screen.printable(line) for line in str(traced).splitlines()))
