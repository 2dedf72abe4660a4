"""`datagen validate`: all that is wrong with a schema, and nothing else; it accepts exactly what `generate` accepts."""

from __future__ import annotations

import click

from datagen.cli import screen
from datagen.cli.options import Given, json_option, schema_options
from datagen.errors import SchemaError

DEFAULTS = {"select": (), "examples": None, "min_score": None, "memory": None}  # of the options of `datagen check`

EXAMPLES = """\
\b
Examples:
  datagen validate shop.yaml
  datagen validate shop.yaml --strict --errors json
  cat shop.yaml | datagen validate - --set rows=500"""


@click.command("validate", epilog=EXAMPLES, short_help="Say all that is wrong with a schema.")
@schema_options
@click.option("--strict", is_flag=True, help="Warnings are errors: what version 1 tolerates is refused.")
@click.option("--data-dir", metavar="DIR", help="Check the data in DIR by the schema, as `datagen check` does.")
@json_option
@click.pass_context
def command(context: click.Context, /, strict: bool, data_dir: str | None, as_json: bool, **given: object) -> None:
    """Say all that is wrong with a schema, with places and ways out.

    SCHEMA is a file, the name of a shipped data set, or - for standard input.
    """
    if data_dir is not None:
        from datagen.cli.check import look

        look(context, data_dir, Given({**given, **DEFAULTS}), as_json=as_json)
        return
    plan = Given(given).prepared().bind()
    if strict and any(finding.severity == "warning" for finding in plan.findings):
        raise SchemaError(finding.moved(severity="error") for finding in plan.findings)
    shown = [table for table in plan.all_tables.values() if not table.hidden]
    sizes = {table.id: round(table.expected_rows) for table in shown if table.id not in plan.by_sql}
    if as_json:
        screen.document(
            {
                "ok": True, "name": plan.name, "tables": sizes, "derived": list(plan.by_sql),
                "findings": [finding.as_dict() for finding in plan.findings],
            }
        )  # fmt: skip
        return
    screen.findings(plan.findings, form=str(given["errors"]))
    rows = sum(table.expected_rows for table in shown)
    about = "" if all(table.rows is not None for table in shown if table.id not in plan.by_sql) else "about "
    more = ", and those that SQL makes" if any(table.id in plan.by_sql for table in shown) else ""
    screen.say(f"{plan.name} is valid: {screen.counted(len(shown), 'table')}, {about}{rows:,.0f} rows{more}")
