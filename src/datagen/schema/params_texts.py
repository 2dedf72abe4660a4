"""Finds `$name` in texts and puts values in: as a literal inside expressions and SQL, as plain text elsewhere.

A parameter is a dollar sign and a name. `$$` is a dollar sign; one before anything but a letter is left alone, so
regular expressions keep theirs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

NAME = r"[A-Za-z][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$\$|\$({NAME})")
_WHOLE = re.compile(rf"\$({NAME})")
# quotes decide how a text is put into SQL; a remark is left as it is, quotes and dollars included
_SQL = re.compile(rf"--[^\n]*|/\*.*?\*/|'|\"|\$\$|\$({NAME})", re.DOTALL)
_SHARE = re.compile(r"\s*([+-]?\d{1,18}(?:\.\d{1,18})?)\s*%\s*")


class Unwritable(Exception):  # noqa: N818  (a signal between this file and `params`, never seen by a user)
    """A value that cannot stand inside a longer text; the message says why."""


def reference(text: str) -> str | None:
    """The name when the whole text is one `$name`."""
    match = _WHOLE.fullmatch(text)
    return match[1] if match else None


def names_in(text: str, *, expression: bool) -> list[str]:
    """Every name that a text refers to, in order."""
    if expression:
        return [name for _, name, _ in _scanned(text) if name]
    return [match[1] for match in _REFERENCE.finditer(text) if match[1]]


def filled(text: str, value_of: Callable[[str], Any]) -> str:
    """A plain text with every `$name` replaced by its value's text and `$$` by a dollar sign."""
    return _REFERENCE.sub(lambda match: _plain(match[1], value_of(match[1])) if match[1] else "$", text)


def filled_expression(text: str, value_of: Callable[[str], Any]) -> str:
    """An expression or SQL text with every `$name` replaced by a literal; inside quotes by the text, quotes doubled."""
    return _put_in(text, value_of, literal)


def bare_names(text: str, names: Mapping[str, Any]) -> str:
    """An expression over parameters as it is evaluated: `$name` as a name without the dollar sign, null where it is null."""
    return _put_in(text, names.__getitem__, lambda name, value: "null" if value is None else name)


def _put_in(text: str, value_of: Callable[[str], Any], write: Callable[[str, Any], str]) -> str:
    parts: list[str] = []
    for plain, name, quote in _scanned(text):
        parts.append(plain)
        if name:
            value = value_of(name)
            parts.append(_plain(name, value).replace(quote, quote * 2) if quote else write(name, value))
    return "".join(parts)


def _scanned(text: str) -> Iterator[tuple[str, str, str]]:
    """An SQL text as pieces: plain text, the name behind it ("" at the end), the quotes that the name stands in."""
    plain: list[str] = []
    place, quote = 0, ""
    while match := _SQL.search(text, place):
        found = match[0]
        plain.append(text[place : match.start()])
        place = match.end()
        if match[1]:
            yield "".join(plain), match[1], quote
            plain = []
            continue
        if quote and found.startswith(("--", "/*")):
            place = match.start() + 2  # inside quotes this is no remark
            found = found[:2]
        elif found in ("'", '"'):
            quote = "" if quote == found else quote or found
        plain.append("$" if found == "$$" else found)
    plain.append(text[place:])
    yield "".join(plain), "", ""


def literal(name: str, value: Any) -> str:
    """A value as SQL writes it. A share such as `4%` is the number 0.04."""
    share = number_of_share(value)
    if share is not None:
        value = share
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        # `a -$x` with a negative x would begin a remark
        return f"({value!r})" if value < 0 else repr(value)
    return "'" + _plain(name, value).replace("'", "''") + "'"


def number_of_share(value: Any) -> float | None:
    """0.04 for `4%`; None for anything else."""
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    return float(Decimal(match[1]) / 100) if match else None


def _plain(name: str, value: Any) -> str:
    if value is None:
        raise Unwritable(f"${name} is null, which cannot stand inside a longer text")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, str)):
        return str(value)
    kind = "an object" if isinstance(value, Mapping) else "a list"
    raise Unwritable(f"${name} is {kind}, which cannot stand inside a longer text")


def plain_value(value: Any) -> Any:
    """What an expression gave, as a schema writes it: times as ISO 8601 in UTC, spans of time in seconds.

    Raises Unwritable for what a schema cannot say, such as infinity.
    """
    if hasattr(value, "item"):
        value = value.item()  # a number or time of an array library
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise Unwritable(f"{value}, which is not a finite number")
    if isinstance(value, datetime):
        utc = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return utc.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = Decimal(value // timedelta(microseconds=1)) / 1_000_000
        return f"{seconds.normalize():f}s"
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise Unwritable(f"a value of type {type(value).__name__}")
