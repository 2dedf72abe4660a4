"""`datagen datasets`: the schemas that come with the program."""

from __future__ import annotations

import textwrap
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

    known = map(facts_of, shipped())  # each takes a part of a second, so it is shown as soon as it is known
    if as_json:
        screen.document({"datasets": list(known)})
        return
    for one in known:
        tables = ", ".join([*(f"{table} {rows:,}" for table, rows in one["tables"].items()), *one["derived"]])
        about = textwrap.fill(f"{one['description']}", 96, initial_indent="  ", subsequent_indent="  ")
        screen.say(f"{one['name']}\n{about}\n  {tables}\n")


def facts_of(name: str) -> dict[str, Any]:
    """What a shipped data set is."""
    from datagen import api

    prepared = api.prepare(name)
    plan = prepared.bind()
    first = prepared.written.text.splitlines()[0]
    places = (prepared.written.root, plan.metadata)
    remarks = [place.get(key) for key in ("description", "title", "domain") for place in places]
    said = [*remarks[:2], first.lstrip("# ") if first.startswith("#") else "", *remarks[2:]]
    return {
        "name": name,
        "description": str(next((text for text in said if text), "")),
        "tables": {table.id: round(table.expected_rows) for table in plan.made_tables if not table.hidden},
        "derived": [name for name, one in plan.by_sql.items() if not one.table.hidden],
    }
