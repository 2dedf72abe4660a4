"""`datagen explain`: what a code means, with an example that gets it and one that does not."""

from __future__ import annotations

import difflib
import textwrap

import click

from datagen.cli import screen
from datagen.cli.options import errors_option, json_option
from datagen.errors import Finding, UsageError

EXAMPLES = """\
\b
Examples:
  datagen explain weights.sum
  datagen explain weights
  datagen explain --json"""

SHAPES = {"column": "columns of a table", "tables": "tables", "document": "", "text": "", "command": "", "words": ""}


@click.command("explain", epilog=EXAMPLES, short_help="Say what the code of a finding means.")
@click.argument("code", required=False)
@json_option
@errors_option
def command(code: str | None, as_json: bool, errors: str) -> None:
    """Say what CODE means: its cause, a bad example and a good one. A subject, such as weights, lists its codes.

    Without CODE all codes are listed.
    """
    from datagen.codes import catalogue

    known = catalogue()
    word = (code or "").strip().strip("[]").lower()
    if word in known:
        one = known[word]
        if as_json:
            screen.document(
                {"code": one.code, "cause": one.cause, "bad": one.bad, "good": one.good, "shape": one.shape}
            )
        else:
            screen.say(as_text(one.code, one.cause, one.bad, one.good, SHAPES[one.shape]))
        return
    listed = [name for name in known if not word or name.split(".")[0] == word]
    if not listed:
        near = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "datagen explain lists all of them"
        raise UsageError(
            Finding("explain.unknown_code", found=f"'{word[:60]}'", expected="the code of a finding", hint=hint)
        )
    if as_json:
        screen.document({"codes": {name: known[name].cause for name in listed}})
        return
    width = max(map(len, listed))
    for name in listed:
        first = known[name].cause.split(". ")[0].rstrip(".")
        screen.say(f"{name:<{width}}  {textwrap.shorten(first, 100 - min(width, 40), placeholder=' …')}")


def as_text(code: str, cause: str, bad: str, good: str, what: str) -> str:
    """An explanation for people."""
    head = f" ({what})" if what else ""
    parts = (
        code,
        textwrap.fill(cause, 96, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False),
        f"  bad{head}\n{textwrap.indent(bad, '    ')}",
        f"  good{head}\n{textwrap.indent(good, '    ')}",
    )
    return "\n\n".join(parts)
