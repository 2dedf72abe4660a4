"""The arguments a user gives to a method, read with their kinds and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen.contracts import Scope
from datagen.errors import listed, quoted

MOST_TEXT = 1_000  # characters of a text argument


class Arguments:
    """Takes arguments one by one. A wrong one is refused and its default given, so that all faults come at once."""

    def __init__(self, scope: Scope, given: Mapping[str, Any]) -> None:
        self.scope = scope
        self.given = given

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from low to high."""
        value = self.given.get(name, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self._refuse(name, value, f"a whole number from {low:,} to {high:,}")
            return default
        return value

    def number(self, name: str, default: float | None) -> float | None:
        """A finite number, or nothing."""
        value = self.given.get(name, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
            self._refuse(name, value, "a number between -1e15 and 1e15")
            return default
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self.given.get(name, default)
        if not isinstance(value, bool):
            self._refuse(name, value, "true or false")
            return default
        return value

    def text(self, name: str, default: str, *, most: int = MOST_TEXT, ascii_only: bool = False) -> str:
        """A text without control characters other than line ends."""
        value = self.given.get(name, default)
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            self._refuse(name, value, f"a text of 1 to {most:,} characters")
            return default
        if any(ord(character) < 32 and character != "\n" for character in value) or (
            ascii_only and not value.isascii()
        ):
            self._refuse(name, value, "ASCII characters" if ascii_only else "no control characters")
            return default
        return value

    def one_of(self, name: str, default: str, known: Sequence[str]) -> str:
        value = self.given.get(name, default)
        if value not in known:
            self._refuse(name, value, f"one of: {listed(tuple(known), most=20)}")
            return default
        return str(value)

    def _refuse(self, name: str, value: object, expected: str) -> None:
        self.scope.refuse("faker.argument", name, found=f"{name}: {quoted(value)}", expected=expected)
