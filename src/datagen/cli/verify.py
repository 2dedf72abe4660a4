"""`datagen verify`: is a data set what was published, and are these the values that its schema makes?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen.cli import screen, starting
from datagen.cli.options import Given, json_option, override_options
from datagen.errors import Finding, SchemaError, UsageError

if TYPE_CHECKING:
    from datagen.checks.regenerate import Compared
    from datagen.sinks.manifest import Manifest

EXAMPLES = """\
\b
Examples:
  datagen verify out/shop
  datagen verify out/shop --json
  datagen verify out/shop --regenerate shop.yaml"""


@click.command("verify", epilog=EXAMPLES, short_help="Compare a data set with its manifest.")
@click.argument("directory", metavar="DIR")
@click.option(
    "--regenerate", "schema", metavar="SCHEMA|NAME",
    help="Also make 1 % of the blocks again from this schema, and compare. Give the options of the run again.",
)  # fmt: skip
@override_options
@json_option
def command(directory: str, schema: str | None, as_json: bool, **given: Any) -> None:
    """Compare a published data set with its manifest: every file, every byte, every value."""
    from datagen.checks.verify import verify
    from datagen.sinks.manifest import read_manifest

    starting.finish()
    place = Path(directory)
    if schema is None and (extra := [name for name in ("seed", "scale", "sets", "params", "scenario") if given[name]]):
        found = f"--{extra[0].replace('sets', 'set')} without --regenerate"
        raise UsageError(Finding("verify.nothing_to_change", found=found, expected="--regenerate SCHEMA"))
    manifest = read_manifest(place)
    findings = verify(place)
    compared = None if schema is None else again(schema, place, manifest, given, findings)
    if findings:
        raise SchemaError(findings)
    rows = {table.name: table.rows for table in manifest.tables}
    if as_json:
        again_facts = None if compared is None else {"blocks": compared.blocks, "rows": compared.rows}
        screen.document(
            {
                "ok": True, "name": manifest.name, "tables": rows, "content_hash": manifest.content_hash,
                "regenerated": again_facts, "findings": [],
            }
        )  # fmt: skip
        return
    files, tables = screen.counted(len(manifest.files), "file"), screen.counted(len(rows), "table")
    screen.say(f"{directory} is as published: {files}, {sum(rows.values()):,} rows in {tables}")
    screen.say(f"content hash {manifest.content_hash}, seed {manifest.seed}")
    if manifest.gate == "none":
        screen.say("it was published without checks (gate none)")
    if compared is not None:
        blocks, again_rows = screen.counted(compared.blocks, "block"), sum(compared.rows.values())
        screen.say(f"{blocks} made again, {again_rows:,} rows: the same values")


def again(
    schema: str, place: Path, manifest: Manifest, given: dict[str, Any], findings: list[Finding]
) -> Compared | None:
    """Make some blocks again, and add what differs to the findings."""
    from datagen.checks.regenerate import compare, same_schema
    from datagen.plan.labels import labels_plan
    from datagen.plan.spoils import clean
    from datagen.sinks.describe import schema_hash

    # without --seed it is that of the data set: a seed is no part of what a schema says
    seed = given["seed"] if given["seed"] is not None else str(manifest.seed)
    prepared = Given({**given, "schema": schema, "seed": seed}).prepared(data=place)
    plan = clean(prepared.bind(look=False)) if manifest.clean else prepared.bind(look=False)
    if manifest.truth_of is not None:
        plan = labels_plan(plan)
    other = same_schema(plan, schema_hash(prepared.document), manifest, place)
    if other or findings:
        findings.extend(other)
        return None
    compared = compare(plan, place, manifest)
    findings.extend(compared.findings)
    return compared
