"""`datagen expand`: a schema with every short form written out, as the program reads it."""

from __future__ import annotations

import click

from datagen.cli import screen
from datagen.cli.options import Given, json_option, schema_options

EXAMPLES = """\
\b
Examples:
  datagen expand shop.yaml
  datagen expand shop.yaml --yaml > shop.long.yaml
  datagen expand shop.yaml --scenario black_friday"""


@click.command("expand", epilog=EXAMPLES, short_help="Print a schema with its short forms written out.")
@schema_options
@json_option
@click.option("--yaml", "as_yaml", is_flag=True, help="Print YAML instead of JSON.")
def command(as_json: bool, as_yaml: bool, **given: object) -> None:
    """Print a schema in its canonical form: short forms written out, parameters put in.

    SCHEMA is a file, the name of a shipped data set, or - for standard input.
    """
    prepared = Given(given).prepared()
    root = prepared.document.root
    if as_yaml and not as_json:
        from datagen.schema.write import yaml_text

        screen.say(yaml_text(root))
    else:
        screen.document(root, own=False)
    screen.findings(prepared.findings, form=str(given["errors"]))
