"""Marks an analyst's answers against the answer key: points for what was found with sign and size, less for placebos.

An answer names a question of the data (see `questions`) or describes what it is about: a table, columns, and values such
as `{"value": "vip", "reference": "standard"}`. Its size is in the unit of the statistic: a ratio of two means, a share, a
slope of logarithms.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from datagen.errors import Finding, UsageError
from datagen.truth import Truth, read

FORMAT_VERSION = 1
LARGEST = 16 << 20  # bytes of a file of answers
SIGN_ONLY = 0.5  # points for an effect whose size is off
WRONG_SIGN = -0.5
PLACEBO = -1.0  # points for a difference where there is none
CHANCE = 3.0  # standard errors by which one data set may be off

Verdict = Literal["right", "sign only", "wrong", "placebo", "rightly nothing", "not in the key", "ambiguous", "again"]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Answer(BaseModel):
    """One claim: what it is about, and its size or its direction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str | None = Field(
        default=None, description="code of a question, as `datagen grade --questions` lists them"
    )
    kind: str | None = Field(default=None, description="segment_rows, segment_values, trend, …; rarely needed")
    table: str | None = Field(default=None, description="the table whose rows or values are meant")
    columns: tuple[str, ...] = Field(default=(), description="`table.column`s that take part, in any order")
    where: Mapping[str, str | float | int | bool] = Field(
        default={}, description="what singles it out: value and reference, stage, state, segment, channel, dimension"
    )
    size: Number | None = Field(default=None, description="the statistic: 3.5 for 3.5 times as many")
    direction: Literal["up", "down", "none"] | None = Field(default=None, description="where no size is claimed")
    note: str | None = Field(default=None, description="for people; nothing reads it")

    @model_validator(mode="after")
    def _whole(self) -> Answer:
        if self.question is None and self.table is None:
            raise ValueError("an answer names a question, or a table with columns")
        if self.size is None and self.direction is None:
            raise ValueError("an answer has a size or a direction")
        return self


class Answers(BaseModel):
    """A file of answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1] = Field(description="of this format")
    content_hash: str = Field(description="of the data, as manifest.json and every report show it")
    analyst: str | None = Field(default=None, description="who answers")
    answers: tuple[Answer, ...] = Field(max_length=10_000)


@dataclass(frozen=True, slots=True)
class Mark:
    """What one answer is worth. number: its place, from 1; effect: what it is about, if the key has it."""

    number: int
    verdict: Verdict
    points: float
    effect: str | None = None
    statement: str = ""
    claimed: float | str | None = None
    expected: float | None = None
    tolerance: float | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """All marks. most: points of all effects that can be seen at this size; missed: those that no answer has found."""

    marks: tuple[Mark, ...]
    points: float
    most: float
    missed: tuple[Mapping[str, Any], ...]
    analyst: str | None

    @property
    def share(self) -> float:
        """0 to 1: points of those that could be had."""
        return max(0.0, min(1.0, self.points / self.most)) if self.most else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The grade as JSON-ready facts."""
        return {
            "analyst": self.analyst, "points": round(self.points, 4), "most": self.most, "grade": round(100 * self.share, 1),
            "marks": [
                {
                    "answer": one.number, "verdict": one.verdict, "points": one.points, "effect_id": one.effect,
                    "statement": one.statement, "claimed": one.claimed, "expected": one.expected, "tolerance": one.tolerance,
                }
                for one in self.marks
            ],
            "missed": [dict(one) for one in self.missed],
        }  # fmt: skip


def answers_schema() -> dict[str, Any]:
    """The JSON Schema of a file of answers."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Answers.model_json_schema()}


def read_answers(path: str | os.PathLike[str]) -> Answers:
    """The answers in a file. Raises UsageError with everything that is wrong with it, MachineError for the machine."""
    from datagen.sinks.disk import disk_errors

    place = os.fspath(path)
    with disk_errors("reading", place), Path(path).open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise UsageError(_fault(place, f"more than {LARGEST >> 20} MiB"))
    try:
        facts = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UsageError(_fault(place, f"not a JSON document: {str(error)[:200]}")) from None
    try:
        return Answers.model_validate(facts)
    except ValidationError as error:
        raise UsageError(
            _fault(place, f"{_where(one['loc'])}: {one['msg'][:200]}") for one in error.errors(include_url=False)[:50]
        ) from None


def _fault(place: str, found: str) -> Finding:
    hint = "datagen grade --json-schema prints the form"
    return Finding("grade.not_answers", path=place, found=found, expected="a file of answers", hint=hint)


def _where(steps: Sequence[int | str]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{str(step)[:60]}" for step in steps)


def questions(truth: Truth) -> list[dict[str, str]]:
    """What can be asked of the data, placebos among it, in an order and in words that do not tell them apart."""
    found = [{"question": code(truth, one), "about": _neutral(one)} for one in (*truth.effects, *truth.placebos)]
    return sorted(found, key=lambda one: one["question"])


def code(truth: Truth, effect: Mapping[str, Any]) -> str:
    """The code of a question: the same for the same data, and nothing to learn from."""
    text = f"{truth.manifest.truth_of}:{effect['effect_id']}"
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def _neutral(effect: Mapping[str, Any]) -> str:
    told, kind = effect["parameters"], str(effect["kind"])
    if not {"value", "reference"} <= set(told):
        return str(effect["statistic"])
    by, *rest = effect["columns"]
    first, second = f"{by} = {told['value']}", f"{by} = {told['reference']}"
    if kind.endswith("_rows"):
        return f"{effect['table']} rows per row of {by.partition('.')[0]} with {first}, divided by those with {second}"
    if kind.endswith("_values"):
        word = "minus" if effect["without_the_effect"] == 0 else "divided by"
        return f"mean {rest[0]} of rows with {first}, {word} that of rows with {second}"
    return str(effect["statistic"])


def grade(answers: Answers, directory: str | os.PathLike[str], data: str | os.PathLike[str] | None = None) -> Grade:
    """The grade of some answers by the truth set in a directory.

    data: the data set, looked at where it is given. Raises UsageError where the answers, or the data, are about other data
    than the truth set tells of.
    """
    truth = read(directory, data) if data is not None else read(directory, content_hash=_hash_of(directory))
    if answers.content_hash != truth.manifest.truth_of:
        found = f"answers about data with the content hash {answers.content_hash[:80]}"
        raise UsageError(
            Finding(
                "grade.other_data", path=os.fspath(directory), found=found,
                expected=f"about those that the truth set tells of, {truth.manifest.truth_of}",
                hint="manifest.json of the data, and every report on them, show the hash",
            )
        )  # fmt: skip
    marks = tuple(_marks(answers, truth))
    found_ids = {one.effect for one in marks if one.verdict in ("right", "sign only")}
    visible = [one for one in truth.effects if one["visible"] is not False]
    missed = tuple(
        {"effect_id": one["effect_id"], "statement": one["statement"], "expected": one["expected"]}
        for one in visible
        if one["effect_id"] not in found_ids
    )
    return Grade(marks, sum(one.points for one in marks), float(len(visible)), missed, answers.analyst)


def _hash_of(directory: str | os.PathLike[str]) -> str | None:
    """The data that a truth set says it is about; None where it is no truth set, which reading it has its words for."""
    from datagen.sinks.manifest import read_manifest

    return read_manifest(Path(directory)).truth_of


def _marks(answers: Answers, truth: Truth) -> Iterator[Mark]:
    key = [(one, False) for one in truth.effects] + [(one, True) for one in truth.placebos]
    done: set[str] = set()
    for number, answer in enumerate(answers.answers, start=1):
        fitting = [pair for pair in key if _fits(answer, truth, pair[0])]
        claimed: float | str | None = answer.size if answer.size is not None else answer.direction
        if len(fitting) != 1:
            told = ", ".join(str(one["effect_id"]) for one, _ in fitting[:3])
            yield Mark(number, "ambiguous" if fitting else "not in the key", 0.0, statement=told, claimed=claimed)
            continue
        [(effect, placebo)] = fitting
        name = str(effect["effect_id"])
        tolerance = _tolerance(effect)
        verdict = _verdict(answer, effect, tolerance, placebo=placebo)
        points = {"right": 1.0, "sign only": SIGN_ONLY, "wrong": WRONG_SIGN, "placebo": PLACEBO}.get(verdict, 0.0)
        if name in done:
            verdict, points = "again", min(points, 0.0)
        done.add(name)
        yield Mark(
            number, verdict, points, name, str(effect["statement"]), claimed, float(effect["expected"]),
            float(f"{tolerance:.4g}"),
        )  # fmt: skip


def _fits(answer: Answer, truth: Truth, effect: Mapping[str, Any]) -> bool:
    """Whether an answer is about an effect: by its code, or by everything that it says."""
    if answer.question is not None:
        return answer.question == code(truth, effect)
    if answer.table != effect["table"] or (answer.kind is not None and answer.kind != effect["kind"]):
        return False
    if answer.columns and set(answer.columns) != set(effect["columns"]):
        return False
    parameters = effect["parameters"]
    return all(name in parameters and _same(value, parameters[name]) for name, value in answer.where.items())


def _same(told: Any, known: Any) -> bool:
    if isinstance(told, int | float) and isinstance(known, int | float) and not isinstance(told, bool):
        return float(told) == float(known)
    return str(told) == str(known)


def _tolerance(effect: Mapping[str, Any]) -> float:
    """How far an answer may be off: the rubric, or what chance does to one data set where that is more."""
    rubric, expected = effect["rubric"], float(effect["expected"])
    asked = float(rubric.get("absolute_tolerance", 0.0)) or float(rubric.get("relative_tolerance", 0.0)) * abs(expected)
    return max(asked, CHANCE * float(effect["standard_error"] or 0.0))


def _verdict(answer: Answer, effect: Mapping[str, Any], tolerance: float, *, placebo: bool) -> Verdict:
    expected, absent = float(effect["expected"]), float(effect["without_the_effect"])
    if placebo:
        nothing = answer.direction == "none" if answer.size is None else abs(answer.size - absent) <= tolerance
        return "rightly nothing" if nothing else "placebo"
    if answer.size is not None and abs(answer.size - expected) <= tolerance:
        return "right"
    if answer.size is None and answer.direction == "none":
        return "wrong"
    up = answer.direction == "up" if answer.size is None else answer.size > absent
    return "sign only" if up == (expected > absent) else "wrong"
