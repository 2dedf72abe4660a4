"""`datagen datasets`: the schemas that come with the program."""

from __future__ import annotations

from typing import Any

import click

from datagen.cli import screen
from datagen.cli.options import errors_option, json_option

EXAMPLES = """\
\b
Examples:
  datagen datasets
  datagen datasets --json
  datagen generate orders --scale 0.01"""


@click.command("datasets", epilog=EXAMPLES, short_help="List the data sets that come with Datagen.")
@json_option
@errors_option
def command(as_json: bool, errors: str) -> None:
    """List the shipped data sets: what they are, their tables and rows."""
    from datagen.datasets import shipped

    known = [facts_of(name) for name in shipped()]
    if as_json:
        screen.document({"datasets": known})
        return
    for one in known:
        tables = ", ".join(f"{table} {rows:,}" for table, rows in one["tables"].items())
        screen.say(f"{one['name']}\n  {one['description']}\n  {tables}\n")


def facts_of(name: str) -> dict[str, Any]:
    """What a shipped data set is."""
    from datagen import api

    plan = api.prepare(name).bind()
    return {
        "name": name,
        "description": str(plan.metadata.get("description", "")),
        "tables": {table.id: round(table.expected_rows) for table in plan.tables.values() if not table.hidden},
    }
