"""`datagen validate`: all that is wrong with a schema, and nothing else; it accepts exactly what `generate` accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from datagen.cli import screen
from datagen.cli.options import Given, json_option, schema_options
from datagen.errors import SchemaError

if TYPE_CHECKING:
    from datagen.plan.model import Plan
    from datagen.schema.tree import Document

DEFAULTS = {"select": (), "examples": None, "min_score": None, "memory": None}  # of the options of `datagen check`

EXAMPLES = """\
\b
Examples:
  datagen validate shop.yaml --fix
  datagen validate shop.yaml --strict --errors json
  cat shop.yaml | datagen validate - --set rows=500"""


@click.command("validate", epilog=EXAMPLES, short_help="Say all that is wrong with a schema.")
@schema_options
@click.option("--strict", is_flag=True, help="Warnings are errors: what version 1 tolerates is refused.")
@click.option("--data-dir", metavar="DIR", help="Check the data in DIR by the schema, as `datagen check` does.")
@click.option("--fix", is_flag=True, help="Write into the file what is surely meant, and say what is left.")
@click.option("--diff", "--dry-run", "dry", is_flag=True, help="Show what --fix would change, and write nothing.")
@json_option
@click.pass_context
def command(
    context: click.Context, /, strict: bool, data_dir: str | None, fix: bool, dry: bool, as_json: bool, **given: object
) -> None:
    """Say all that is wrong with a schema, with places and ways out.

    SCHEMA is a file, the name of a shipped data set, or - for standard input. With --fix comments, order and quotes stay
    as they are.
    """
    if data_dir is not None and (fix or dry):
        raise click.UsageError("--fix changes a schema, --data-dir judges data: one after the other")
    if data_dir is not None:
        from datagen.cli.check import look

        look(context, data_dir, Given({**given, **DEFAULTS}), as_json=as_json)
        return
    asked = Given(given)
    if fix or dry:
        _mend(context, asked, dry=dry, strict=strict, as_json=as_json)
    else:
        _say(_plan(asked, strict=strict), form=str(given["errors"]), as_json=as_json)


def _mend(context: click.Context, asked: Given, *, dry: bool, strict: bool, as_json: bool) -> None:
    """Mend the schema, or show how, and judge what came of it; leave with 1 where there is still something to do."""
    from datagen.cli import fixing

    fixing.refuse_no_file(asked, dry=dry)
    fixed = fixing.fixed(asked)
    if not dry:
        fixing.write(fixed)
    what = fixed.facts(written=bool(fixed.done) and not dry)
    if not as_json:
        fixing.show(fixed, dry=dry)
    try:
        plan = _plan(asked, strict=strict, document=fixed.after)
    except SchemaError as error:
        if not as_json:
            raise
        screen.document({"ok": False, "findings": [one.as_dict() for one in error.findings], **what})
        context.exit(1)
    _say(plan, form=str(asked.options["errors"]), as_json=as_json, **what)
    if dry and fixed.done:
        context.exit(1)


def _plan(asked: Given, *, strict: bool, document: Document | None = None) -> Plan:
    plan = asked.prepared(document=document).bind()
    if strict and any(finding.severity == "warning" for finding in plan.findings):
        raise SchemaError(finding.moved(severity="error") for finding in plan.findings)
    return plan


def _say(plan: Plan, *, form: str, as_json: bool, **besides: object) -> None:
    """Say that a schema is valid, and what it makes."""
    shown = [table for table in plan.all_tables.values() if not table.hidden]
    sizes = {table.id: round(table.expected_rows) for table in shown if table.id not in plan.by_sql}
    if as_json:
        screen.document(
            {
                "ok": True, "name": plan.name, "tables": sizes, "derived": list(plan.by_sql),
                "findings": [finding.as_dict() for finding in plan.findings], **besides,
            }
        )  # fmt: skip
        return
    screen.findings(plan.findings, form=form)
    rows = sum(table.expected_rows for table in shown)
    about = "" if all(table.rows is not None for table in shown if table.id not in plan.by_sql) else "about "
    more = ", and those that SQL makes" if any(table.id in plan.by_sql for table in shown) else ""
    screen.say(f"{plan.name} is valid: {screen.counted(len(shown), 'table')}, {about}{rows:,.0f} rows{more}")
