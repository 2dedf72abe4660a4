"""The types of values in a formula, which of them may stand for which, and how a function says what it takes.

A signature is written as text: `"int, float -> float"`. Words in it: a type; `T` (all of them become one common type);
`any`; `written` (anything that can be written as text). Marks behind a word: `!` must be a constant, `?` may be left
out, `...` once or more.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

ExpressionType = Literal["int", "float", "string", "bool", "datetime", "date", "duration"]

# Inside a formula there are two more: `months` (a calendar interval, which only moves a time) and `null`.
TYPES = ("int", "float", "string", "bool", "datetime", "date", "duration", "months", "null")

# Cost of reading a value of one type as another.
PROMOTIONS: dict[tuple[str, str], int] = {("int", "float"): 1, ("date", "datetime"): 1}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One place of a signature."""

    kind: str
    constant: bool = False
    optional: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    parameters: tuple[Parameter, ...]
    result: str

    @property
    def least(self) -> int:
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """The largest number of arguments; None when there is no end."""
        repeats = any(parameter.repeated for parameter in self.parameters)
        return None if repeats else len(self.parameters)

    def at(self, place: int) -> Parameter:
        return self.parameters[min(place, len(self.parameters) - 1)]

    def __str__(self) -> str:
        return ", ".join(parameter.kind + "?" * parameter.optional for parameter in self.parameters)


@functools.cache
def signature(text: str) -> Signature:
    """Read a signature such as `"string, int!, string? -> string"`."""
    takes, _, result = text.partition("->")
    parameters = []
    for word in filter(None, (part.strip() for part in takes.split(","))):
        kind = word.rstrip("!?.")
        parameters.append(Parameter(kind, "!" in word, "?" in word, "..." in word))
    return Signature(tuple(parameters), result.strip())


def common(types: Iterable[str]) -> str | None:
    """The one type that all values can take, or None. `null` when there are only nulls."""
    distinct = {type for type in types if type != "null"}
    if not distinct:
        return "null"
    if distinct == {"int", "float"}:
        return "float"
    if distinct == {"date", "datetime"}:
        return "datetime"
    return distinct.pop() if len(distinct) == 1 else None


def cost(type: str, wanted: str) -> int | None:
    """What it costs to read a value of a type as another; None when it cannot be."""
    if type == wanted or type == "null" or wanted == "any":
        return 0
    if wanted == "written":
        return None if type in ("duration", "months") else 0
    return PROMOTIONS.get((type, wanted))
