"""`datagen init`: a small commented schema to begin with."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from datagen.cli import screen
from datagen.cli.options import errors_option, json_option
from datagen.errors import Finding, UsageError, did_you_mean

EXAMPLES = """\
\b
Examples:
  datagen init
  datagen init shop
  datagen init clinic --template starter"""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
DEFAULT = "starter"
HEAD = "# yaml-language-server: $schema=datagen.schema.json   (datagen schema > datagen.schema.json)\n"


def templates() -> dict[str, Path]:
    """Name and file of every template: our own, then the shipped data sets."""
    from datagen.datasets import shipped

    own = {path.stem: path for path in sorted((Path(__file__).parent / "templates").glob("*.yaml"))}
    return own | {name: path for name, path in shipped().items() if path.suffix == ".yaml" and name not in own}


@click.command("init", epilog=EXAMPLES, short_help="Write a small commented schema.")
@click.argument("name", required=False)
@click.option("--template", "-t", metavar="T", help="What to begin with [the template called NAME, else starter].")
@json_option
@errors_option
def command(name: str | None, template: str | None, as_json: bool, errors: str) -> None:
    """Write NAME.yaml, a small commented schema, and say what to do next. Without NAME list the templates.

    A file that is there is never overwritten.
    """
    known = templates()
    if name is None:
        if template is not None:
            raise UsageError(Finding("init.no_name", found="no NAME", expected=f"datagen init NAME -t {template}"))
        about = {word: about_template(path) for word, path in known.items()}
        if as_json:
            screen.document({"templates": about})
        else:
            width = max(map(len, about))
            screen.say("\n".join(f"{word:<{width}}  {text}" for word, text in about.items()))
            screen.note("datagen init NAME --template T writes one of them to NAME.yaml")
        return
    plain = name.removesuffix(".yaml").removesuffix(".yml")
    faults = []
    if not NAME.fullmatch(plain):
        expected = "letters, digits, _ and -, beginning with a letter"
        faults.append(Finding("init.name", found=f"{name[:100]!r}", expected=expected))
    chosen = template or (plain if plain in known else DEFAULT)
    if chosen not in known:
        hint = did_you_mean(chosen, known)
        faults.append(Finding("init.unknown_template", found=f"'{chosen}'", expected=", ".join(known), hint=hint))
    if faults:
        raise UsageError(faults)
    file = Path(f"{plain}.yaml")
    write_new(file, renamed(known[chosen].read_text(encoding="utf-8"), chosen, plain))
    if as_json:
        screen.document({"file": str(file), "template": chosen})
        return
    screen.say(f"wrote {file} from the template {chosen}. Next:")
    for verb in ("validate", "preview", "generate"):
        screen.say(f"  datagen {verb} {file}")


def about_template(path: Path) -> str:
    """The first comment of a template."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("#").strip()


def renamed(text: str, old: str, name: str) -> str:
    """The template under another name: every data set says its own once, above its tables."""
    return HEAD + re.sub(rf"\bname: {old}\b", f"name: {name}", text, count=1)


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet. Raises UsageError "init.exists", MachineError where the disk refuses."""
    from datagen.sinks.disk import disk_errors

    with disk_errors("writing", file):
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
        except FileExistsError:
            hint = "choose another name, or move the file away"
            raise UsageError(Finding("init.exists", path=str(file), found="a file of this name", hint=hint)) from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
