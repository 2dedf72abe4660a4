"""`datagen schema`: the JSON Schema of the language, for completion and hover texts in editors."""

from __future__ import annotations

import click

from datagen.cli import screen
from datagen.cli.options import errors_option, json_option

EXAMPLES = """\
\b
Examples:
  datagen schema > datagen.schema.json
  datagen schema | head -40
  echo '# yaml-language-server: $schema=datagen.schema.json' | cat - shop.yaml"""


@click.command("schema", epilog=EXAMPLES, short_help="Print the JSON Schema of the language.")
@json_option
@errors_option
def command(as_json: bool, errors: str) -> None:
    """Print the JSON Schema (draft 7) of the language, made from the models of every part that is installed."""
    from datagen.registry import KINDS, find, words
    from datagen.schema.json_schema import json_schema

    parts = {kind: {word: part for word in words(kind) if (part := find(kind, word)) is not None} for kind in KINDS}
    screen.document(json_schema(parts), own=False)
