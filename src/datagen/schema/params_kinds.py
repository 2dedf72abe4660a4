"""Tells of settings from outside that are another sort of value than the parameter they set: dates, numbers, yes or no.

A parameter may be set to anything, an expression for a number, say. But where a document is refused, such a setting is
likely the cause, and what is said of the places that read it does not name it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic_core import PydanticCustomError

from datagen.errors import Finding, SchemaError, quoted
from datagen.schema.model_values import COUNT, RATIO, read_time
from datagen.schema.tree import Document, Map


@contextmanager
def telling_settings(
    document: Document, sets: Sequence[tuple[str, Any]], params: Mapping[str, Any] | None
) -> Iterator[None]:
    """Puts before the errors of a document the settings that are of another sort than what it declares."""
    try:
        yield
    except SchemaError as error:
        odd = [one for one in odd_settings(document, sets, params) if one not in error.findings]
        if not odd:
            raise
        raise SchemaError([*odd, *error.findings]) from error


def odd_settings(
    document: Document, sets: Sequence[tuple[str, Any]], params: Mapping[str, Any] | None
) -> list[Finding]:
    """One finding for each setting whose value is of another sort than the value that the document declares."""
    declared = document.root.get("params")
    if not isinstance(declared, Map):
        return []
    known = {name.lower(): name for name in declared}
    found = []
    for path, value in [*(params or {}).items(), *sets]:
        name = known.get(str(path).lower())
        if name is None:
            continue
        wanted, given = sort_of(declared[name]), _read(value)
        if wanted and _is_other(given, wanted):
            mark = declared.key_marks[name]
            found.append(
                Finding(
                    "params.other_sort", path=document.path, line=mark.line, column=mark.column,
                    json_path=mark.json_path, found=f"{name} set to {quoted(given)}",
                    expected=f"{wanted}; the document has {quoted(declared[name])}",
                )
            )  # fmt: skip
    return found


def _read(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def sort_of(value: Any) -> str:
    """What sort of value a parameter has; an empty text for one that may be anything."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float) or (isinstance(value, str) and re.fullmatch(f"{COUNT}|{RATIO}", value)):
        return "a number"
    return "a date or time" if _is_time(value) else ""


def _is_other(value: Any, wanted: str) -> bool:
    """Whether a value is surely no such thing. A text with more than a word in it may be an expression."""
    if isinstance(value, str) and not sort_of(value):
        return wanted == "a date or time" or re.fullmatch(r"\s*[A-Za-z_]*\s*", value) is not None
    return value is not None and sort_of(value) != wanted


def _is_time(value: Any) -> bool:
    try:
        read_time(value)
    except PydanticCustomError:
        return False
    return True
