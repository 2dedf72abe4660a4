"""What every step of the expansion shares: the language's words, where to report, how an entry keeps its place.

Steps never change the tree they are given: they build new objects and carry entries over with their marks.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from datagen.errors import Finding, Severity
from datagen.schema.model_words import Words as PartWords
from datagen.schema.tree import Map, Mark, Seq


class Words(PartWords, Protocol):
    """The words of the language, those of later versions included."""

    def main(self, kind: str, word: str) -> str | None:
        """The parameter that a bare value stands for; kind is `generator`, `modifier` or `law`."""


@dataclass(slots=True)
class Reading:
    """One document being expanded: its words, its reading mode, and the contradictions found so far."""

    words: Words
    path: str | None
    version_1: bool
    findings: list[Finding] = field(default_factory=list)

    def report(
        self, code: str, mark: Mark, *, found: str, expected: str = "", hint: str = "", severity: Severity = "error"
    ) -> None:
        """Record a finding where the user wrote its cause."""
        self.findings.append(
            Finding(
                code=code,
                found=found,
                expected=expected,
                hint=hint,
                severity=severity,
                path=self.path,
                line=mark.line,
                column=mark.column,
                json_path=mark.json_path,
            )
        )


def key_mark(source: Map, key: str) -> Mark:
    """Where a key was written; the object's own place when it is not known."""
    return source.key_marks.get(key, source.mark)


def value_mark(source: Map, key: str) -> Mark:
    """Where a value was written."""
    return source.value_marks.get(key) or mark_of(source[key], key_mark(source, key))


def item_mark(source: Seq, place: int) -> Mark:
    """Where a list item was written."""
    return source.item_marks[place] if place < len(source.item_marks) else mark_of(source[place], source.mark)


def mark_of(value: Any, otherwise: Mark) -> Mark:
    """The place of an object or list; a scalar has none of its own."""
    mark: Mark = value.mark if isinstance(value, (Map, Seq)) else otherwise
    return mark


_SAME: Any = object()


def carry(target: Map, source: Map, key: str, value: Any = _SAME, *, to: str | None = None) -> None:
    """Put an entry of `source` into `target` with its places, perhaps under another key or with a rewritten value."""
    kept = source[key] if value is _SAME else value
    target.put(to or key, kept, key_mark=key_mark(source, key), value_mark=value_mark(source, key))


def without(source: Map, keys: Container[str]) -> Map:
    """The object without some entries."""
    left = Map(source.mark)
    for key in source:
        if key not in keys:
            carry(left, source, key)
    return left


def renamed(source: Map, spellings: Mapping[str, str]) -> Map:
    """The object with some keys under their first spelling, order kept."""
    result = Map(source.mark)
    for key in source:
        carry(result, source, key, to=spellings.get(key, key))
    return result


def rewritten(source: Map, changes: Mapping[str, Callable[[Any, Mark], Any]]) -> Map:
    """The object with the values of some keys passed through a step of their own."""
    result = Map(source.mark)
    for key, value in source.items():
        change = changes.get(key)
        carry(result, source, key, value if change is None else change(value, value_mark(source, key)))
    return result


def each(source: Seq, change: Callable[[Any, Mark], Any]) -> Seq:
    """The list with every item passed through a step."""
    result = Seq(source.mark)
    for place, value in enumerate(source):
        mark = item_mark(source, place)
        result.add(change(value, mark), mark=mark)
    return result


def made(mark: Mark, entries: Mapping[str, Any]) -> Map:
    """A new object whose entries all stand where `mark` says."""
    result = Map(mark)
    for key, value in entries.items():
        result.put(key, value, key_mark=mark, value_mark=mark_of(value, mark))
    return result


def is_number(value: Any) -> bool:
    """Whether a scalar is a number (true and false are not)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_version_1(root: Map) -> bool:
    """Whether a document says that it is of the first version, which is read leniently."""
    version = root.get("version")
    return not isinstance(version, bool) and str(version) in ("1", "1.0")
