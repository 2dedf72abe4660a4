"""`datagen preview`: the first rows of every table, related to each other, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from datagen.cli import screen, starting
from datagen.cli.options import Given, json_option, schema_options

if TYPE_CHECKING:
    import polars as pl

EXAMPLES = """\
\b
Examples:
  datagen preview shop.yaml
  datagen preview orders customer -n 3
  datagen preview shop.yaml --seed 7 --json"""

MOST_ROWS = 1000


@click.command("preview", epilog=EXAMPLES, short_help="Show the first related rows of each table.")
@schema_options
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("-n", "--rows", "rows", default="10", metavar="N", help="Rows of each table [10].")
@json_option
def command(tables: tuple[str, ...], rows: str, as_json: bool, **given: Any) -> None:
    """Show the first rows of each table: children of the shown parents, exactly as a full run makes them.

    SCHEMA is a file, the name of a shipped data set, or - for standard input. Only the needed rows are made.
    """
    from datagen import api

    reading = Given({**given, "rows": rows})
    number = reading.whole("rows", 1, MOST_ROWS)
    reading.stop()
    prepared = reading.prepared()
    plan = prepared.bind(look=False)
    starting.finish()
    frames = api.preview_of(plan, number or 10, tables, document=prepared.document)
    if as_json:
        screen.document({"name": plan.name, "tables": {name: facts_of(frame) for name, frame in frames.items()}})
        return
    for name, frame in frames.items():
        show(name, frame)
    left = [name for name, one in plan.derived.items() if not one.table.hidden and name not in frames]
    if left and not tables:
        screen.say(f"not shown: {', '.join(left)}; SQL makes them from all rows of large tables, name them to see them")
    screen.findings(plan.findings, form=given["errors"])


def facts_of(frame: pl.DataFrame) -> dict[str, Any]:
    """A frame as JSON-ready facts: columns with types, then rows in their order; times as text."""
    from datagen.cli.table import plain_value

    types = {name: str(kind).lower() for name, kind in frame.schema.items()}
    return {"columns": types, "rows": [[plain_value(value) for value in row] for row in frame.iter_rows()]}


def show(name: str, frame: pl.DataFrame) -> None:
    """One table with its name above."""
    from datagen.cli.table import cell, print_table

    right = [column.dtype.is_numeric() for column in frame.iter_columns()]
    rows = [[cell(value) for value in row] for row in frame.iter_rows()]
    print_table(name, frame.columns, rows, right, empty="no rows here")
