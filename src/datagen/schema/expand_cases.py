"""Reads a `case` that is written with `then` and `else`, as programs write it: refused once, with the form that is meant."""

from __future__ import annotations

from typing import Any

from datagen.schema.expand_reading import Reading, key_mark, made
from datagen.schema.model_forms import flow
from datagen.schema.tree import Map, Mark, Seq

WORDS = frozenset({"when", "then", "else"})
MOST = 160  # letters of a form made of what was written


def branches_of(value: Any, mark: Mark, reading: Reading) -> Any:
    """The branches of a case as a list. What is written otherwise is reported, and goes on as what it means."""
    alone = isinstance(value, Map) and "cases" not in value and bool(WORDS & set(value))
    parts = [value] if alone else value
    told = [part for part in parts if _of_programs(part, alone)] if isinstance(parts, list) else []
    if not told:
        return value
    branches: list[Any] = []
    for part in parts:
        branches += _meant(part) if any(part is one for one in told) else [part]
    key = next(key for key in ("then", "else", "when") if key in told[0])
    form = f"a list of branches, each a `when` and a generator: {flow(branches)}"
    reading.report(
        "case.then_else",
        key_mark(told[0], key),
        found=f"`{key}` in a case" if value is not told[0] else "a case that is one object",
        expected=form if len(form) <= MOST else "a list of branches, each a `when` and a generator",
        hint="the last branch leaves `when` out and takes the rest",
    )
    meant = Seq(mark)
    for branch in branches:
        meant.add(branch if isinstance(branch, Map) else made(mark, branch), mark=mark)
    return meant


def _of_programs(part: Any, alone: bool) -> bool:
    return isinstance(part, Map) and (alone or bool({"then", "else"} & set(part)))


def _meant(part: Map) -> list[Any]:
    """The branches that one object with `when`, `then` and `else` means."""
    first = {key: inner for key, inner in part.items() if key not in ("then", "else")}
    first |= _generator(part["then"]) if "then" in part else {}
    rest = _generator(part["else"]) if "else" in part else {}
    return [one for one in (first, rest) if one]


def _generator(value: Any) -> dict[str, Any]:
    """A generator that gives what was written: itself, a number, a truth value or a text."""
    if isinstance(value, Map):
        return dict(value)
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return {"expression": f"'{quoted}'"}
    return {"expression": "null" if value is None else str(value).lower()}
