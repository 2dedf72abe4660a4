"""Builds the located tree of a schema while it is read, and gathers what is wrong with it.

JSON, YAML and Python objects are read by different readers into this one builder, so that the rules for keys, numbers,
texts and sizes are the same behind every door. The builder is told places as offsets into the text.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import NoReturn

from datagen.errors import Finding, SchemaError, quoted
from datagen.schema.load_text import Places
from datagen.schema.tree import Map, Mark, Seq

MAX_DEPTH = 32
MAX_NODES = 50_000  # values, objects and lists
MAX_PATH = 2_000  # characters; a mark per node carries its path, so this bounds the memory of 50,000 marks
LONG_PATH = 200  # a longer one helps nobody to find the place
MAX_FAULTS = 20  # findings of one document
MAX_FAULTS_OF_A_KIND = 8  # so that forty tags do not hide the one duplicate key
MAX_COUNTED = 1_000  # faults that are counted beyond those; a megabyte of commas holds a million
ONCE = frozenset({"load.comment", "load.single_quotes"})  # one such finding says it all

INT_MIN, INT_MAX = -(2**63), 2**64 - 1  # what an int64 or uint64 column can hold
LONGEST_INT = 20  # digits of 2**64 - 1
SMALLEST_FLOAT = "5e-324"

Scalar = str | int | float | bool | None

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Control characters, bidirectional embeddings, overrides and isolates, and the byte order mark: none can be seen.
_HIDDEN_IN_KEY = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
_NONZERO_DIGIT = re.compile(r"[1-9]")


class Stop(Exception):  # noqa: N818  (a signal between reader and door, never seen by a user)
    """Reading cannot go on; the faults gathered so far are the answer."""


class Faults:
    """The findings of one document, at most 20 of them, in the order of the text."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.broken_syntax = False  # the text is no JSON at all, as opposed to JSON with bad values
        self._kept: list[Finding] = []
        self._kinds: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._kept)

    def add(self, finding: Finding) -> None:
        """Gather one finding; what is too much is counted, and at last not even that."""
        kind = finding.code
        most = 1 if kind in ONCE else MAX_FAULTS_OF_A_KIND
        if self._kinds[kind] < most and len(self._kept) < MAX_FAULTS:
            self._kinds[kind] += 1
            self._kept.append(finding.moved(path=self.path))
        else:
            self._left_out[kind] += 1
            if self._left_out.total() == MAX_COUNTED:
                raise Stop

    def stop(self, finding: Finding) -> NoReturn:
        """Gather the finding after which nothing can be read, and leave the reader."""
        self._kept.append(finding.moved(path=self.path))
        raise Stop

    def error(self) -> SchemaError:
        """The findings as one error, first line first."""
        findings = sorted(self._kept, key=lambda fault: (fault.line or 0, fault.column or 0))
        if self._left_out:
            more = ", ".join(f"{count:,} of {kind}" for kind, count in sorted(self._left_out.items()))
            end = "; reading stopped there" if self._left_out.total() == MAX_COUNTED else ""
            findings.append(Finding("load.more", f"more like these: {more}{end}", severity="info", path=self.path))
        return SchemaError(findings)


class _Open:
    """An object or list that is being filled, with the key that waits for its value."""

    __slots__ = ("key", "key_mark", "node")

    def __init__(self, node: Map | Seq) -> None:
        self.node = node
        self.key = ""
        self.key_mark = node.mark


class Builder:
    """Puts keys, values, objects and lists, as a reader meets them, into one located tree.

    A reader calls `begin`, `key`, `value` and `end`; it must call `key` before every value of an object. `root` is the
    finished tree. Raises Stop where reading on would cost too much (depth, number of nodes).
    """

    def __init__(self, places: Places, faults: Faults) -> None:
        self.faults = faults
        self.root: Map | Seq | Scalar = None
        self.root_offset = 0
        self._places = places
        self._stack: list[_Open] = []
        self._nodes = 0

    @property
    def depth(self) -> int:
        """How many objects and lists are open."""
        return len(self._stack)

    @property
    def in_map(self) -> bool:
        """Whether the innermost open node is an object."""
        return bool(self._stack) and isinstance(self._stack[-1].node, Map)

    def placed(self, finding: Finding, offset: int, json_path: str | None = None) -> Finding:
        """The finding at a place of the text, by default with the path of what is being read there."""
        line, column = self._places.at(offset)
        return finding.moved(line=line, column=column, json_path=self._path() if json_path is None else json_path)

    def fault(self, finding: Finding, offset: int) -> None:
        """Gather a finding and read on."""
        self.faults.add(self.placed(finding, offset))

    def stop(self, finding: Finding, offset: int) -> NoReturn:
        """Gather a finding and stop reading."""
        self.faults.stop(self.placed(finding, offset))

    def place(self, offset: int) -> str:
        """A place in words."""
        line, column = self._places.at(offset)
        return f"line {line}, column {column}"

    def line(self, offset: int) -> int:
        """The line of an offset."""
        return self._places.at(offset)[0]

    def begin(self, kind: type[Map] | type[Seq], offset: int) -> None:
        """Open an object or a list."""
        self.count(offset, len(self._stack) + 1)
        mark = self._mark(offset)
        node = kind(mark)
        self._put(node, mark, offset)
        self._stack.append(_Open(node))

    def end(self) -> None:
        """Close the innermost object or list."""
        self._stack.pop()

    def key(self, text: str, offset: int, *, fault: Finding | None = None) -> None:
        """Say the key of the next value. `fault`: what the reader already holds against it."""
        top = self._stack[-1]
        assert isinstance(top.node, Map)
        fault = fault or _key_fault(text)
        path = joined(top.node.mark.json_path, text)
        if fault is None and len(path) > MAX_PATH:
            fault = Finding(
                "load.key_too_long",
                f"keys of {len(path):,} characters down to here: {shown(text, 40)}",
                f"at most {MAX_PATH:,} characters from the top to a value",
                "a long text is a value, not a key: use a list of objects",
            )
            path = top.node.mark.json_path
        if fault is None and text in top.node.key_marks:
            first = top.node.key_marks[text]
            fault = Finding(
                "load.duplicate_key",
                f"{shown(text)} a second time in this object; first at line {first.line}, column {first.column}",
                "every key once",
                "keep one of the two, or join them",
            )
        line, column = self._places.at(offset)
        top.key = text
        # A key written three times is told twice, both times with the place of the first.
        top.key_mark = top.node.key_marks.get(text) or Mark(line, column, path)
        if fault is not None:
            self.fault(fault, offset)

    def value(self, value: Scalar | Finding, offset: int) -> None:
        """Put a scalar, or gather the finding that stands for one that cannot be read."""
        self.count(offset, len(self._stack))
        if isinstance(value, str):
            value = _text_fault(value) or value
        if isinstance(value, Finding):
            self.fault(value, offset)
            value = None
        self._put(value, self._mark(offset), offset)

    def count(self, offset: int, depth: int) -> None:
        """Count one more node at a depth and stop where the document gets too deep or too large."""
        self._nodes += 1
        if depth > MAX_DEPTH:
            path = self._path()
            where = path if len(path) <= LONG_PATH else ""
            self.faults.stop(
                self.placed(
                    Finding(
                        "load.too_deep",
                        f"nesting deeper than {MAX_DEPTH}",
                        f"at most {MAX_DEPTH} objects and lists in each other",
                        "is a closing bracket missing above?",
                    ),
                    offset,
                    where,
                )
            )
        if self._nodes > MAX_NODES:
            self.stop(
                Finding(
                    "load.too_many_nodes",
                    f"more than {MAX_NODES:,} values",
                    f"at most {MAX_NODES:,} in one schema",
                    "a schema describes data and does not hold it",
                ),
                offset,
            )

    def _put(self, value: Map | Seq | Scalar, mark: Mark, offset: int) -> None:
        if not self._stack:
            self.root, self.root_offset = value, offset
            return
        top = self._stack[-1]
        if isinstance(top.node, Map):
            top.node.put(top.key, value, key_mark=top.key_mark, value_mark=mark)
            top.key_mark = top.node.mark  # what comes next is not yet about a key
        else:
            top.node.add(value, mark=mark)

    def _mark(self, offset: int) -> Mark:
        line, column = self._places.at(offset)
        return Mark(line, column, self._path())

    def _path(self) -> str:
        if not self._stack:
            return ""
        top = self._stack[-1]
        if isinstance(top.node, Map):
            return top.key_mark.json_path
        return f"{top.node.mark.json_path}[{len(top.node)}]"


def joined(path: str, key: str) -> str:
    """The path of an object's entry: `a.b`, or `a["odd key"]` when the key is no simple word."""
    if _SIMPLE.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{json.dumps(key, ensure_ascii=not key.isprintable())}]"


def shown(text: str, most: int = 60) -> str:
    """A text as a message shows it: in quotes, shortened, hidden characters escaped."""
    return quoted(text if len(text) <= most else text[: most - 1] + "…")


def bare(text: str, most: int = 60) -> str:
    """The same without quotes, for signs and words of the syntax itself."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return short if short.isprintable() else shown(text, most)[1:-1]


def whole_number(text: str) -> int | Finding:
    """An integer of the document, decimal or `0x`/`0o`, its digits already checked. Refused outside 64 bits."""
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    base = {"0x": 16, "0o": 8}.get(digits[:2], 10)
    digits = (digits if base == 10 else digits[2:]).lstrip("0") or "0"
    # Counting digits first keeps Python's own limit (4,300 digits) and its quadratic time out of the way.
    longest = LONGEST_INT if base == 10 else 22
    value = sign * int(digits, base) if len(digits) <= longest else None
    if value is None or not INT_MIN <= value <= INT_MAX:
        found = f"{text}" if value is not None else f"an integer of {len(digits):,} digits"
        return Finding(
            "load.number_range",
            found,
            f"an integer from {INT_MIN} to {INT_MAX} (64 bits)",
            "an identifier of more digits is text: put it in quotes",
        )
    return value


def real_number(text: str) -> float | Finding:
    """A decimal number of the document. Refused when a float of 64 bits cannot hold its size."""
    value = float(text)
    if math.isinf(value):
        return Finding("load.number_range", f"{bare(text)}, too large for a number", "at most 1.79e308")
    if value == 0 and _NONZERO_DIGIT.search(re.split("[eE]", text)[0]):
        return Finding(
            "load.number_range",
            f"{bare(text)}, too small: it would be read as 0",
            f"0, or at least {SMALLEST_FLOAT}",
        )
    return value


def not_finite(text: str) -> Finding:
    """The finding for NaN and the infinities."""
    return Finding(
        "load.not_finite", text, "a finite number", "leave the key out, or write null, where nothing is meant"
    )


def surrogate(text: str, index: int) -> Finding:
    """The finding for half of a UTF-16 pair."""
    return Finding(
        "load.surrogate",
        f"\\u{ord(text[index]):04x}, half of a pair and not a valid Unicode character",
        "whole characters",
        "write the character itself",
    )


def _text_fault(text: str) -> Finding | None:
    if text.isascii():
        half = None
    elif half := _SURROGATE.search(text):
        return surrogate(text, half.start())
    if "\0" in text:
        return Finding(
            "load.control_character",
            "control character U+0000 in a text",
            "text without it",
            "CSV files and databases cannot hold it",
        )
    return None


def _key_fault(text: str) -> Finding | None:
    if text.isascii() and text.isprintable():
        return None
    if half := _SURROGATE.search(text):
        return surrogate(text, half.start())
    if hidden := _HIDDEN_IN_KEY.search(text):
        character = hidden[0]
        kind = "control" if ord(character) < 0xA0 else "invisible"
        return Finding(
            "load.control_character",
            f"{kind} character U+{ord(character):04X} in the key {shown(text)}",
            "keys of characters that can be seen",
            "write the key anew, by hand",
        )
    return None
