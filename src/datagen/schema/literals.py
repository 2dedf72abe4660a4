"""Values that a user wrote in a list (choices, enum values, map keys), read in the type of their column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datagen.errors import quoted

EMPTY: dict[str, Any] = {"int": 0, "float": 0.0, "bool": False, "string": "", "datetime": 0, "date": 0}


@dataclass(frozen=True, slots=True)
class Items:
    """Typed values (times as microseconds; nulls as a neutral value), where they are not null, and what does not fit."""

    values: list[Any]
    valid: list[bool]
    faults: list[tuple[int, str]]


def as_column(values: Sequence[Any], type: str) -> Items:
    """Literals in a column type. Texts that spell a number, a bool or a time are read as such; numbers are no texts' fault."""
    typed: list[Any] = []
    valid: list[bool] = []
    faults: list[tuple[int, str]] = []
    for place, value in enumerate(values):
        made, fault = as_type(value, type)
        if fault:
            faults.append((place, fault))
        typed.append(EMPTY[type] if made is None else made)
        valid.append(made is not None)
    return Items(typed, valid, faults)


def as_type(value: Any, type: str) -> tuple[Any, str]:
    """One literal in a column type, and the fault when it does not fit (the value is then None)."""
    if value is None:
        return None, ""
    if isinstance(value, (list, dict)):
        return None, f"{quoted(value)} is not a single value"
    match type:
        case "string":
            return (("true" if value else "false") if isinstance(value, bool) else str(value)), ""
        case "int":
            return _int(value)
        case "float":
            return _float(value)
        case "bool":
            if isinstance(value, bool):
                return value, ""
            return (
                ({"true": True, "false": False}[value.lower()], "")
                if isinstance(value, str) and value.lower() in ("true", "false")
                else (None, f"{quoted(value)} is neither true nor false")
            )
        case _:
            from datagen.schema.times import parse_time

            if not isinstance(value, str):
                return None, f"{quoted(value)} is not a time"
            time = parse_time(value)
            return (None, time) if isinstance(time, str) else (time, "")


def _int(value: Any) -> tuple[int | None, str]:
    if isinstance(value, bool):
        return None, f"{quoted(value)} is not a whole number"
    try:
        number = int(value) if isinstance(value, (int, str)) else int(value) if float(value).is_integer() else None
    except ValueError:
        number = None
    if number is None:
        return None, f"{quoted(value)} is not a whole number"
    return (number, "") if -(2**63) <= number < 2**63 else (None, f"{quoted(value)} does not fit 64 bits")


def _float(value: Any) -> tuple[float | None, str]:
    if isinstance(value, bool):
        return None, f"{quoted(value)} is not a number"
    try:
        return float(value), ""
    except ValueError:
        return None, f"{quoted(value)} is not a number"


def common_type(values: Sequence[Any]) -> str | None:
    """The column type that holds all the values: bool, int, float or string (times only when told); None for no values."""
    present = [value for value in values if value is not None]
    if not present:
        return None
    if all(isinstance(value, bool) for value in present):
        return "bool"
    if any(isinstance(value, bool) for value in present):
        return "string"
    if all(isinstance(value, int) for value in present):
        return "int"
    if all(isinstance(value, (int, float)) for value in present):
        return "float"
    return "string"
