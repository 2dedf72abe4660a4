"""`datagen grade`: marks an analyst's answers against the answer key of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from datagen.cli import screen, starting
from datagen.cli.options import errors_option, json_option
from datagen.errors import Finding, UsageError

if TYPE_CHECKING:
    from datagen.grading import Grade

EXAMPLES = """\
\b
Examples:
  datagen grade --questions --truth out/shop.truth > questions.json
  datagen grade answers.json --truth out/shop.truth
  datagen grade answers.json --truth out/shop.truth --json"""


@click.command("grade", epilog=EXAMPLES, short_help="Mark an analyst's answers against the answer key.")
@click.argument("answers", metavar="[ANSWERS]", required=False)
@click.option("--truth", metavar="DIR", help="The truth set, which `datagen generate --truth` has written.")
@click.option("--data", metavar="DIR", help="Also look whether these data are the ones that the truth set tells of.")
@click.option(
    "--questions", is_flag=True, help="Print what can be asked of the data, placebos among it, and mark nothing."
)
@click.option("--json-schema", "schema", is_flag=True, help="Print the JSON Schema of a file of answers.")
@errors_option
@json_option
def command(
    answers: str | None, truth: str | None, data: str | None, questions: bool, schema: bool, as_json: bool, errors: str
) -> None:  # fmt: skip
    """Mark answers: a point for every effect found with sign and size, half of one for its sign, one less for every placebo."""
    from datagen import grading
    from datagen.truth import read

    if schema:
        screen.document(grading.answers_schema(), own=False)
        return
    missing = [] if truth is not None else ["--truth DIR"]
    if answers is None and not questions:
        missing.insert(0, "ANSWERS")
    if missing or truth is None:
        raise UsageError(
            Finding("usage.missing_argument", found=f"no {one}", hint="datagen grade --help shows how it is called")
            for one in missing
        )
    starting.finish()
    if questions:
        told = read(truth, data)
        screen.document({"content_hash": told.manifest.truth_of, "questions": grading.questions(told)})
        return
    marked = grading.grade(grading.read_answers(str(answers)), truth, data)
    if as_json:
        screen.document(marked.as_dict())
    else:
        show(marked)


def show(marked: Grade) -> None:
    """The marks, what was missed, and the sum."""
    for one in marked.marks:
        claimed = f"{one.claimed:.4g}" if isinstance(one.claimed, float) else str(one.claimed)
        line = f"{one.number:>4}  {one.points:+5.1f}  {one.verdict:<15}  {claimed}"
        if one.expected is not None and one.verdict not in ("rightly nothing",):
            line += f", expected {one.expected:.4g} ± {one.tolerance:.2g}"
        screen.say(f"{line}  {one.statement}".rstrip())
    for missing in marked.missed:
        screen.say(f"      0.0  missed           {missing['statement']}")
    screen.say(f"{marked.points:g} of {marked.most:g} points: grade {100 * marked.share:.1f} of 100")
