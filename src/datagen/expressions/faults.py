"""What can be wrong with a formula: facts with a place in its text, which the plan turns into findings.

expression.too_long, too_many_parts, too_deep      it is larger than the language allows
expression.character, syntax, literal              it cannot be read
expression.not_allowed                             it is readable, but no part of the language
expression.unknown_name, unknown_function          a word that nobody declared
expression.arguments, type                         a call or an operator on values that do not fit
expression.out_of_range                            a constant part has no value that a column could hold
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from datagen.errors import LIMIT_FOUND

MESSAGE = 72  # characters of the words above the formula
WINDOW = 48  # characters of the formula that a message shows around the place
INDENT = " " * 12  # where `errors.render` starts the text of a fact, so that the caret stands under its word


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong. offset: where in the formula, in characters from 0. found may hold lines with a caret."""

    code: str
    found: str = ""
    expected: str = ""
    hint: str = ""
    offset: int = 0


class ExpressionFault(Exception):  # noqa: N818 - it holds faults; findings are the errors of users
    """A formula that cannot be used, with everything found wrong in it. The plan turns it into findings."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        gathered = (faults,) if isinstance(faults, Fault) else faults
        self.faults = tuple(replace(one, expected=cut(one.expected), hint=cut(one.hint)) for one in gathered)
        super().__init__("\n".join(f"[{fault.code}] {fault.found}" for fault in self.faults))

    def __reduce__(self) -> tuple[type[ExpressionFault], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class ExpressionOverflow(Exception):  # noqa: N818
    """A value that left the range of its type while the columns were computed. `fault` says in which part."""

    def __init__(self, operation: str, fault: Fault) -> None:
        self.operation = operation
        self.fault = fault
        super().__init__(f"[{fault.code}] {fault.found}")

    def __reduce__(self) -> tuple[type[ExpressionOverflow], tuple[str, Fault]]:
        return type(self), (self.operation, self.fault)


def cut(text: str, most: int = LIMIT_FOUND) -> str:
    """Text of the user, or a list of names, no longer than a message can bear."""
    return text if len(text) <= most else text[: most - 1] + "…"


def pointed(message: str, text: str, start: int, end: int) -> str:
    """The message, and under it the piece of the formula with carets below `text[start:end]`."""
    left = max(0, min(start, len(text)) - WINDOW // 2)
    right = min(len(text), left + WINDOW)
    before, after = "…" if left else "", "…" if right < len(text) else ""
    carets = "^" * max(1, min(end, right) - start)
    lines = cut(_printable(message), MESSAGE), f"{before}{_printable(text[left:right])}{after}"
    return f"{lines[0]}\n{INDENT}{lines[1]}\n{INDENT}{' ' * (len(before) + start - left)}{carets}"


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " if mark.isspace() else "?" for mark in text)


def syntax(text: str, start: int, end: int, found: str, expected: str = "", hint: str = "") -> Fault:
    """The formula cannot be read from here on."""
    expected = expected or "a formula such as unit_price * quantity"
    return Fault("expression.syntax", pointed(found, text, start, end), expected, hint, start)


def not_allowed(text: str, start: int, end: int, what: str, hint: str = "") -> Fault:
    """A construct that is no part of the language, by name."""
    found = pointed(f"not part of the expression language: {what}", text, start, end)
    return Fault("expression.not_allowed", found, "names, values, operators and the listed functions", hint, start)
