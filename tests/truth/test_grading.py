"""Answers are marked: points for sign and size, less for placebos, nothing for answers about other data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from datagen import api, grading, truth
from datagen.engine.options import Options
from datagen.errors import UsageError
from datagen.schema.load import load_text
from tests.cli.running import call

SCHEMA = """
name: graded
timeframe: {start: 2024-01-01, days: 120}
tables:
  - name: people
    rows: 2000
    columns:
      kind: {choices: {calm: 60%, keen: 30%, rare: 10%}}
      coin: {choices: {head: 60%, tail: 40%}}
      joined_at: {datetime_series: {}, role: created}
    segment_behavior: {keen: {fanout_multiplier: 2, value_multiplier: 3}, calm: {}, rare: {value_multiplier: 0.5}}
  - name: visits
    parents: [people]
    fanout: {poisson: 3, per: month}
    columns:
      seen_at: {datetime_series: {}, role: time}
      spent: {lognormal: {median: 20, sigma: 0.4}, decimals: 2, role: measure}
"""
ROWS = {"table": "visits", "columns": ["people.kind"]}
VALUES = {"table": "visits", "columns": ["visits.spent", "people.kind"]}
COIN = {"table": "visits", "columns": ["people.coin", "visits.spent"], "where": {"value": "tail", "reference": "head"}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("graded") / "data"
    api.generate(api.prepare(load_text(SCHEMA)), directory, Options(truth=True))
    return directory


@pytest.fixture(scope="module")
def told(place: Path) -> truth.Truth:
    return truth.read(f"{place}.truth")


def graded(place: Path, told: truth.Truth, *answers: Mapping[str, Any]) -> grading.Grade:
    facts = {"format_version": 1, "content_hash": told.manifest.truth_of, "answers": list(answers)}
    jsonschema.validate(facts, grading.answers_schema())
    return grading.grade(grading.Answers.model_validate(facts), f"{place}.truth")


def keen(**claim: Any) -> dict[str, Any]:
    return {**ROWS, "where": {"value": "keen"}, **claim}


@pytest.mark.parametrize(
    ("answer", "verdict", "points"),
    [
        (keen(size=2.05), "right", 1.0),
        (keen(size=2.0, kind="segment_rows"), "right", 1.0),
        (keen(size=3.5), "sign only", 0.5),
        (keen(direction="up"), "sign only", 0.5),
        (keen(size=0.6), "wrong", -0.5),
        (keen(direction="none"), "wrong", -0.5),
        ({**VALUES, "where": {"value": "keen", "reference": "calm"}, "size": 3.0}, "right", 1.0),
        ({**VALUES, "where": {"value": "rare"}, "size": 0.5}, "right", 1.0),
        ({**VALUES, "where": {"value": "rare"}, "direction": "up"}, "wrong", -0.5),
        ({**COIN, "size": 1.4}, "placebo", -1.0),
        ({**COIN, "direction": "down"}, "placebo", -1.0),
        ({**COIN, "size": 1.005}, "rightly nothing", 0.0),
        ({**COIN, "direction": "none"}, "rightly nothing", 0.0),
        ({**VALUES, "size": 3.0}, "ambiguous", 0.0),
        ({**VALUES, "where": {"value": "wild"}, "size": 3.0}, "not in the key", 0.0),
        ({"table": "nowhere", "size": 3.0}, "not in the key", 0.0),
        ({"question": "ffff", "size": 3.0}, "not in the key", 0.0),
    ],
)  # fmt: skip
def test_an_answer_is_worth_what_it_found(
    answer: dict[str, Any], verdict: str, points: float, place: Path, told: truth.Truth
) -> None:
    [mark] = graded(place, told, answer).marks
    assert (mark.verdict, mark.points) == (verdict, points)


def test_questions_are_answered_by_their_codes(place: Path, told: truth.Truth) -> None:
    answers = [{"question": grading.code(told, one), "size": one["expected"]} for one in told.effects]
    marked = graded(place, told, *answers)
    assert {one.verdict for one in marked.marks} == {"right"}
    assert marked.share == 1.0
    assert marked.missed == ()


def test_questions_do_not_tell_placebos_apart(told: truth.Truth) -> None:
    asked = grading.questions(told)
    assert len(asked) == len(told.effects) + len(told.placebos)
    assert [one["question"] for one in asked] == sorted({one["question"] for one in asked})
    placebos = {grading.code(told, one) for one in told.placebos}
    shapes = [
        {one["about"].split(" = ")[0].split("people.")[0] for one in asked if (one["question"] in placebos) == kind}
        for kind in (True, False)
    ]
    assert shapes[0] <= shapes[1]  # the same words before the column
    assert not [one for one in asked if "placebo" in one["about"] or "expected" in one]


def test_an_effect_counts_once_and_what_was_missed_is_told(place: Path, told: truth.Truth) -> None:
    marked = graded(place, told, keen(size=2.0), keen(size=2.0), {**COIN, "size": 2.0})
    assert [one.verdict for one in marked.marks] == ["right", "again", "placebo"]
    assert marked.points == 0.0
    missed = {one["effect_id"] for one in marked.missed}
    assert "people.kind.keen.rows_of_visits" not in missed
    assert "people.kind.keen.visits.spent" in missed
    assert marked.most == len([one for one in told.effects if one["visible"] is not False])


def test_guessing_everything_does_not_pay(place: Path, told: truth.Truth) -> None:
    """Who claims a difference everywhere loses more on placebos than signs by luck bring."""
    guesses = [{"question": one["question"], "size": 1.5} for one in grading.questions(told)]
    assert graded(place, told, *guesses).points < 0.25 * len(told.effects)


def test_answers_about_other_data_are_refused(place: Path, told: truth.Truth) -> None:
    with pytest.raises(UsageError) as refused:
        grading.grade(grading.Answers(format_version=1, content_hash="0" * 64, answers=()), f"{place}.truth")
    assert refused.value.findings[0].code == "grade.other_data"
    with pytest.raises(UsageError) as refused:
        grading.grade(grading.Answers(format_version=1, content_hash="0" * 64, answers=()), place)
    assert refused.value.findings[0].code == "truth.not_a_truth_set"


def test_the_command_marks_a_file(place: Path, told: truth.Truth, tmp_path: Path) -> None:
    answers = {
        "format_version": 1, "content_hash": told.manifest.truth_of, "analyst": "Ada",
        "answers": [keen(size=2.0, note="by eye"), {**COIN, "size": 9}],
    }  # fmt: skip
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(answers))
    done = call("grade", file, "--truth", f"{place}.truth", "--data", place)
    assert (done.code, done.err) == (0, "")
    assert (
        "+1.0  right            2, expected 2 ± 0.2  people with kind keen have 2 times as many visits rows" in done.out
    )
    assert "-1.0  placebo" in done.out
    assert done.out.rstrip().endswith("grade 0.0 of 100")
    facts = call("grade", file, "--truth", f"{place}.truth", "--json").document
    assert [one["verdict"] for one in facts["marks"]] == ["right", "placebo"]
    assert facts["analyst"] == "Ada"
    asked = call("grade", "--questions", "--truth", f"{place}.truth").document
    assert asked["content_hash"] == told.manifest.truth_of
    assert len(asked["questions"]) == len(grading.questions(told))
    assert call("grade", "--json-schema").document == grading.answers_schema()


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("{", ["not a JSON document"]),
        ("[" * 100_000, ["not a JSON document"]),
        ("[]", ["$: "]),
        ('{"answers": []}', ["$.format_version: ", "$.content_hash: "]),
        ('{"format_version": 2, "content_hash": "a", "answers": []}', ["$.format_version: "]),
        ('{"format_version": 1, "content_hash": "a", "answers": [{"size": 1}]}', ["$.answers[0]: "]),
        ('{"format_version": 1, "content_hash": "a", "answers": [{"table": "t"}]}', ["$.answers[0]: "]),
        ('{"format_version": 1, "content_hash": "a", "answers": [{"table": "t", "size": NaN, "siez": 2}]}', ["$.answers[0].size: ", "$.answers[0].siez: "]),
    ],
)  # fmt: skip
def test_files_that_are_no_answers_are_refused_with_their_places(
    text: str, places: list[str], place: Path, tmp_path: Path
) -> None:
    file = tmp_path / "answers.json"
    file.write_text(text)
    done = call("grade", file, "--truth", f"{place}.truth")
    assert done.code == UsageError.exit_code
    assert done.codes == ["grade.not_answers"] * len(places)
    assert all(one in done.err for one in places)


def test_the_command_says_what_is_missing(place: Path) -> None:
    assert call("grade").codes == ["usage.missing_argument"] * 2
    assert call("grade", "--questions").codes == ["usage.missing_argument"]
    assert call("grade", "nowhere.json", "--truth", f"{place}.truth").code == 3
