"""Makes generators and modifiers from what the document says of them: plain ones, those with `by`, and `case`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from datagen.contracts import Generator
from datagen.errors import Finding, did_you_mean, listed
from datagen.generators.case import Made
from datagen.generators.nested import Nested
from datagen.plan.by import by_part
from datagen.plan.names import null_branch
from datagen.registry import find, words
from datagen.schema.model_findings import check_part
from datagen.schema.model_values import comment_like
from datagen.schema.model_words import LawSpec

Loc = tuple[str | int, ...]


def make_part(
    kind: str, word: str, model: Any, params: Mapping[str, Any], document: Any, loc: Loc
) -> tuple[Any, list[Finding]]:
    """The part, or None and every finding that says why not. loc: where its parameters stand."""
    if "by" in params and "by" not in model.model_fields and kind in ("generator", "modifier"):
        found: tuple[Any, list[Finding]] = by_part(kind, word, model, params, document, loc)
        return found
    part, findings = check_part(model, params, document, loc, suggest=_words_of)
    if (kind, word) == ("generator", "case") and part is not None:
        return _with_branches(part, params, document, loc)
    if isinstance(part, Nested):
        return _with_members(part, document, loc)
    return part, findings


def _words_of(model: type[BaseModel]) -> tuple[str, ...]:
    """What an unknown key may have been meant to be: the short form of a law is its word."""
    return words("law") if model is LawSpec else ()


def _with_members(part: Nested, document: Any, loc: Loc) -> tuple[Any, list[Finding]]:
    """A structure or a list with the generators of what it holds."""
    made: dict[str, Generator] = {}
    findings: list[Finding] = []
    for name, member in part.members.items():
        at = (*loc, *part.steps(name))
        model = find("generator", member.word)
        if model is None:
            findings.append(_unknown(member.word, document, at))
            continue
        own, more = make_part("generator", member.word, model, member.generator[member.word], document, at)
        findings += more
        if isinstance(own, Generator):
            made[name] = own
    return (None, findings) if findings else (part.with_parts(made), [])


def _unknown(word: str, document: Any, loc: Loc) -> Finding:
    found: Finding = document.finding(
        "language.unknown_generator",
        loc,
        key=True,
        found=f"'{word}'",
        expected=f"a generator: {listed(words('generator'), most=20)}",
        hint=did_you_mean(word, (*words("generator"), *words("law"))),
    )
    return found


def branches(cases: Any) -> list[tuple[int, str, Mapping[str, Any], Loc]]:
    """(place, word, parameters, where they stand inside the case) of the generator of every branch."""
    found: list[tuple[int, str, Mapping[str, Any], Loc]] = []
    for place, branch in enumerate(cases):
        rest = {key: value for key, value in branch.items() if key != "when" and not comment_like(key)}
        inside = tuple(rest) == ("generator",)
        [(word, params)] = (rest["generator"] if inside else rest).items()
        at: Loc = ("cases", place, *(("generator",) if inside else ()), word)
        found.append((place, word, params or {}, at))
    return found


def _with_branches(part: Any, params: Mapping[str, Any], document: Any, loc: Loc) -> tuple[Any, list[Finding]]:
    made: list[Made] = []
    findings: list[Finding] = []
    for place, word, inner, at in branches(params["cases"]):
        model = find("generator", word)
        if model is None:
            findings.append(_unknown(word, document, (*loc, *at)))
            continue
        own: Any = None
        if not null_branch(word, inner):
            own, more = make_part("generator", word, model, inner, document, (*loc, *at))
            findings += more
        if own is None or isinstance(own, Generator):
            made.append(Made(part.cases[place].get("when"), word, own, at))
    if findings:
        return None, findings
    if all(one.part is None for one in made):
        found = "a case whose branches are all null"
        return None, [document.finding("case.empty", (*loc, "cases"), found=found, expected="a branch with a value")]
    return part.with_parts(made), []
