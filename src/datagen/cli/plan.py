"""`datagen plan`: what would be made, what it costs and what holds, without making it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from datagen.cli import screen
from datagen.cli.options import Given, json_option, schema_options

if TYPE_CHECKING:
    from datagen.plan.model import Plan

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
    plan = Given(given).prepared().bind()
    if as_json:
        screen.document(facts_of(plan))
        return
    screen.say(text_of(plan))
    screen.findings(plan.findings, form=str(given["errors"]))


def facts_of(plan: Plan) -> dict[str, Any]:
    """The plan, and what a worker needs, as JSON-ready facts."""
    from datagen.engine.grain import GRAIN_BYTES
    from datagen.plan.explain import as_facts
    from datagen.plan.memory import worker_bytes

    return {**as_facts(plan), "bytes_in_memory_of_a_worker": round(worker_bytes(plan, GRAIN_BYTES))}


def text_of(plan: Plan) -> str:
    """The plan, and what a worker needs, for people."""
    from datagen.engine.grain import GRAIN_BYTES
    from datagen.plan.explain import as_text, spell_bytes
    from datagen.plan.memory import worker_bytes

    return f"{as_text(plan)}a worker needs about {spell_bytes(worker_bytes(plan, GRAIN_BYTES))} of memory\n"
