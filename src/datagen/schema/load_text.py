"""Turns the bytes of a schema file into characters, or says why they are not text.

Also knows which line and column a character stands at, and what a text that is no schema looks like (CSV, Python, SQL).
"""

from __future__ import annotations

import re
from bisect import bisect_right

from datagen.errors import Finding

_BREAK = re.compile(r"\r\n|\r|\n")
# Everything below the space except tab and line ends, DEL, and the second control block (it holds U+0085, a line end
# to some readers and not to others).
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_HALF = re.compile("[\ud800-\udfff]")
_HEAD = 4_096  # characters that are looked at to name a foreign text

_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MAGIC = (
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
)
_FOREIGN = (
    ("a Markdown code block", re.compile(r"\s*```")),
    ("HTML or XML", re.compile(r"\s*<[!?A-Za-z]")),
    ("Python", re.compile(r"^(?:#!.*python|import \w|from [\w.]+ import |def \w+\(|class \w+[(:]|@\w+|print\()", re.M)),
    ("SQL", re.compile(r"(?:\s|--.*\n)*(?:create\s+(?:or|temp|table|view)|select|insert\s+into)\s", re.I)),
    ("TOML or INI", re.compile(r"(?:\s|#.*\n|[\w.-]+[ \t]*=.*\n)*+\[+[A-Za-z][\w. -]*\]+[ \t]*\n\s*[\w.-]+[ \t]*=")),
)
_DELIMITERS = (",", ";", "\t", "|")


class Places:
    """Line and column, both from 1 and counted in characters, of every offset of a text."""

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def decoded(source: bytes | str) -> str | Finding:
    """The characters of a schema: UTF-8 only, a byte order mark dropped, control characters refused."""
    if isinstance(source, bytes):
        text = _from_bytes(source)
        if isinstance(text, Finding):
            return text
    else:
        text = source
        if half := _HALF.search(text):
            found = f"\\u{ord(half[0]):04x}, half of a pair and not a valid Unicode character"
            return _placed(Finding("load.surrogate", found, "whole characters"), text, half.start())
    text = text.removeprefix("\ufeff")
    if control := _CONTROL.search(text):
        offset = control.start()
        line, column = Places(text[:offset]).at(offset)
        found = f"control character U+{ord(control[0]):04X} at line {line}, column {column}"
        return _placed(
            Finding("load.control_character", found, "text", "remove it, or write it as an escape in quotes"),
            text,
            offset,
        )
    return text


def foreign(text: str) -> Finding | None:
    """What a text that could not be read as a schema looks like, or None when it resembles nothing known."""
    head = text[:_HEAD]
    for name, pattern in _FOREIGN:
        if pattern.search(head) if name == "Python" else pattern.match(head):
            hint = "remove the lines that begin with ```" if name.startswith("a Markdown") else ""
            return _not_a_schema(f"text that looks like {name}", hint)
    return _not_a_schema("text that looks like CSV") if _looks_like_csv(head) else None


def is_empty(text: str) -> bool:
    """Whether a text holds nothing but spaces and `#` comments."""
    return all(not line or line.startswith("#") for line in map(str.strip, text.splitlines()))


def _from_bytes(data: bytes) -> str | Finding:
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _not_utf8(f"{name} text (it begins with the bytes {bom.hex(' ')})")
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return _not_a_schema(name)
    if len(data) >= 4 and data[:4].count(0) == 2 and data[0:3:2].count(0) in (0, 2):
        return _not_utf8("what looks like UTF-16 text: every second byte is 0")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        finding = _not_utf8(f"byte 0x{data[error.start]:02x} at offset {error.start}, which is not UTF-8")
        return _placed(finding, before, len(before))


def _looks_like_csv(head: str) -> bool:
    lines = [line for line in head.splitlines() if line.strip()][:5]
    if len(lines) == 5 and len(head) == _HEAD:
        lines = lines[:4]  # the last one may be cut
    if len(lines) < 2 or lines[0].lstrip()[0] in "{[-#%" or re.search(r":(?:\s|\Z)", "\n".join(lines[:2])):
        return False
    return any(0 < lines[0].count(mark) == lines[1].count(mark) for mark in _DELIMITERS)


def _not_utf8(found: str) -> Finding:
    return Finding("load.encoding", found, "UTF-8 text", "save the file as UTF-8")


def _not_a_schema(found: str, hint: str = "") -> Finding:
    return Finding("load.not_a_schema", found, "a schema in JSON or YAML", hint, line=1, column=1)


def _placed(finding: Finding, text: str, offset: int) -> Finding:
    line, column = Places(text[: offset + 1]).at(offset)
    return finding.moved(line=line, column=column)
