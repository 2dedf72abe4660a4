"""Which way of calling a function fits the types of its arguments, and what to say when none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from datagen.expressions.functions.table import Function
from datagen.expressions.times import read_time
from datagen.expressions.types import Signature, common, cost

WRITTEN_TIME = 2  # what it costs to read a text that is written out as a time: more than any promotion


class Argument(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def value(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Mismatch:
    """No overload fits."""

    code: str
    found: str
    expected: str
    hint: str = ""


def resolve(function: Function, arguments: Sequence[Argument]) -> tuple[int, list[str], str] | Mismatch:
    """(place of the overload, types that the arguments are read as, result type) of the cheapest way that fits."""
    best: tuple[int, int, list[str], str] | None = None
    counted = False
    for place, overload in enumerate(function.overloads):
        takes = overload.signature
        if len(arguments) < takes.least or (takes.most is not None and len(arguments) > takes.most):
            continue
        counted = True
        fit = _fit(takes, arguments)
        if fit is not None and (best is None or fit[0] < best[0]):
            best = (fit[0], place, fit[1], fit[2])
    if best is not None:
        return best[1], best[2], best[3]
    return _type_mismatch(function, arguments) if counted else _count_mismatch(function, arguments)


def _fit(takes: Signature, arguments: Sequence[Argument]) -> tuple[int, list[str], str] | None:
    """(cost, types wanted, result type), or None."""
    kinds = _kinds(takes, len(arguments))
    shared = _common([argument for argument, (kind, _) in zip(arguments, kinds, strict=True) if kind == "T"])
    if shared is None:
        return None
    total, wanted = 0, []
    for argument, (kind, constant) in zip(arguments, kinds, strict=True):
        if constant and argument.kind != "constant":
            return None
        type = shared if kind == "T" else argument.type if kind in ("any", "written") else kind
        price = _price(argument, kind if kind == "written" else type)
        if price is None:
            return None
        total += price
        wanted.append(type)
    return total, wanted, shared if takes.result == "T" else takes.result


def _kinds(takes: Signature, count: int) -> list[tuple[str, bool]]:
    """The kind wanted at each place. Case repeats its two last places: condition, value, …, value."""
    if [parameter.kind for parameter in takes.parameters[:2]] == ["bool", "T"]:
        return [("bool" if place % 2 == 0 and place < count - 1 else "T", False) for place in range(count)]
    return [(takes.at(place).kind, takes.at(place).constant) for place in range(count)]


def _common(arguments: Sequence[Argument]) -> str | None:
    """The type that all can be read as, or None. Beside a time, texts that are written out count as times."""
    types = [argument.type for argument in arguments if not _written(argument)]
    if not set(types) & {"date", "datetime"}:
        types = [argument.type for argument in arguments]
    else:
        for argument in arguments:
            if _written(argument):
                time = read_time(str(argument.value))
                types.append("datetime" if time is not None and hasattr(time, "hour") else "date")
    return common(types)


def _written(argument: Argument) -> bool:
    return argument.kind == "constant" and argument.type == "string"


def _price(argument: Argument, type: str) -> int | None:
    price = cost(argument.type, type)
    if price is None and type in ("date", "datetime") and _written(argument):
        return WRITTEN_TIME
    return price


def _count_mismatch(function: Function, arguments: Sequence[Argument]) -> Mismatch:
    count = len(arguments)
    return Mismatch("expression.arguments", f"{count} argument{'s' * (count != 1)}", function.written)


def _type_mismatch(function: Function, arguments: Sequence[Argument]) -> Mismatch:
    types = [argument.type for argument in arguments]
    constants = {
        index
        for overload in function.overloads
        for index, parameter in enumerate(overload.signature.parameters)
        if parameter.constant
    }
    for index in sorted(constants):
        if index < len(arguments) and arguments[index].kind != "constant":
            return Mismatch(
                "expression.arguments", f"argument {index + 1} is no constant", function.written, "write the value out"
            )
    near = [one.signature for one in function.overloads if _near(one.signature, arguments)] or [
        one.signature for one in function.overloads
    ]
    ways = dict.fromkeys(str(one) for one in near)
    found = f"{function.written} with {_named(types)}"
    return Mismatch("expression.type", found, " or ".join(_readable(way) for way in ways), _hint(function, types))


def _near(takes: Signature, arguments: Sequence[Argument]) -> bool:
    """Whether the first argument fits, so that this may be the way that was meant."""
    return bool(arguments) and takes.at(0).kind != "T" and _price(arguments[0], takes.at(0).kind) is not None


def _named(types: list[str]) -> str:
    return ", ".join({"months": "a calendar interval", "duration": "duration"}.get(type, type) for type in types)


def _readable(way: str) -> str:
    if "T" in way.split(", "):
        return "values of one type" + (" behind a bool" if way.startswith("bool") else "")
    return way.replace("months", "calendar interval").replace("written", "any type but durations")


def _hint(function: Function, types: list[str]) -> str:
    present = set(types)
    conditions = function.name in ("and", "or", "not", "case", "if", "is true", "is false")
    if conditions and types and types[0] in ("int", "float"):
        return "a number is no condition: compare it, as in x <> 0"
    if conditions and "string" in types[:1]:
        return "a text is no condition: compare it, as in x = 'yes'"
    if function.name == "+" and "string" in present:
        return (
            "join text with ||"
            if present & {"string"} == present or "int" in present or "float" in present
            else "cast(x as timestamp) reads a text as a time"
        )
    if "bool" in present and function.group == "Operators":
        return "if(condition, 1, 0) makes a number of a condition"
    if function.name == "//" and "float" in present:
        return "floor(a / b), or trunc(a / b) to cut towards zero"
    if "string" in present and present & {"int", "float"}:
        return "cast(x as float) reads a text as a number, cast(x as text) writes a number as text"
    if "string" in present and present & {"date", "datetime"}:
        return "cast(x as timestamp) reads a text as a time"
    if "datetime" in present and present & {"int", "float"}:
        return "say what the number counts: to_days(n), to_hours(n), to_seconds(n)"
    if "duration" in present:
        return "epoch(duration) gives its seconds, date_diff('day', a, b) counts days between two times"
    return ""
