"""Reads JSON strictly, with the line and column of every key and value, and says in plain words what is not JSON.

One loop over tokens, no recursion: a hundred thousand brackets cost no more than thirty-three. Where the meaning of a
mistake is plain (a comment, a comma too many, a Python word) it is noted and reading goes on: one run shows them all.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Literal, NoReturn

from datagen.errors import Finding
from datagen.schema.load_tree import Builder, Scalar, bare, not_finite, real_number, whole_number
from datagen.schema.tree import Map, Seq

# Possessive repeats (++, *+): a megabyte of one character is walked once and never backtracked into.
_TOKEN = re.compile(
    r"""[ \t\n\r]*+(?:
      (?P<text>"[^"\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*+")
    | (?P<mark>[\[\]{}:,])
    | (?P<word>[\w.+-]++)
    | (?P<comment>\#[^\n\r]*+|//[^\n\r]*+|/\*(?:[^*]++|\*(?!/))*+\*/)
    | (?P<single>'[^'\\\n\r]*+(?:\\.[^'\\\n\r]*+)*+')
    | (?P<end>\Z)
    | (?P<odd>.))""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][-+]?[0-9]++)?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_FOREIGN_WORDS: dict[str, tuple[bool | None, str]] = {
    "True": (True, "true"),
    "TRUE": (True, "true"),
    "False": (False, "false"),
    "FALSE": (False, "false"),
    "None": (None, "null"),
    "NULL": (None, "null"),
    "Null": (None, "null"),
    "undefined": (None, "null"),
}
_NOT_FINITE = frozenset({"NaN", "nan", "Infinity", "-Infinity", "+Infinity", "inf", "-inf", "Inf", "-Inf"})
_CLOSER = {"{": "}", "[": "]"}

# What may come next: a value after ':' (or the document itself), anything but a comma after an opening bracket, a
# further entry after a comma, ':' after a key, ',' or a closing bracket after a value, nothing after the document.
_Expected = Literal["value", "first", "next", "colon", "comma", "nothing"]


def read_json(text: str, build: Builder) -> None:
    """Read a JSON text into the builder; faults go to `build.faults`, and Stop is raised where reading cannot go on."""
    _Reader(text, build).run()


class _Reader:
    def __init__(self, text: str, build: Builder) -> None:
        self.text = text
        self.build = build
        self.expected: _Expected = "value"
        self.opened: list[int] = []  # offsets of the brackets that are open
        self.comma = 0  # offset of the last comma
        self.done = 0  # where the last token ended
        self.last_text = ""  # the last text or key, as written

    def run(self) -> None:
        text, match, position = self.text, _TOKEN.match, 0
        while found := match(text, position):
            kind, position = found.lastgroup, found.end()
            start = found.start(kind or "end")
            if kind == "comment":
                self._note(
                    "load.comment",
                    "a comment",
                    start,
                    "JSON without comments",
                    'remove it, use a "description" key, or name the file .yaml and write # comments',
                )
                continue
            if kind == "end":
                self._finish(start)
                return
            if self.expected == "nothing":
                self._too_much(start)
            if kind == "mark":
                self._mark(text[start], start)
            elif kind == "odd":
                self._odd(start)
            else:
                self._scalar(kind or "", found[kind or "end"], start)
            self.done = position
        raise AssertionError("the token pattern matches everywhere")

    def _mark(self, mark: str, start: int) -> None:
        if mark in "{[":
            self._open(mark, start)
        elif mark in "}]":
            self._close(mark, start)
        elif mark == ",":
            if self.expected == "comma":
                self.expected = "next"
            elif self.expected in ("first", "next"):
                self._note(
                    "load.json_syntax",
                    "a comma with nothing before it",
                    start,
                    "one comma between two entries",
                    "remove the comma",
                )
            else:
                self._refuse("a comma where a value should stand", start, "a value", f"give {self.last_text} a value")
            self.comma = start
        elif self.expected == "colon":
            self.expected = "value"
        elif self.opened and not self.build.in_map:
            self._refuse(
                "a ':' inside a list", start, "values with commas between them", "keys and values stand in {…}"
            )
        else:
            self._refuse("a ':' with no key before it", start, 'a key in double quotes, then ":"')

    def _open(self, mark: str, start: int) -> None:
        self._before_value(start, f"'{mark}'")
        self.build.begin(Map if mark == "{" else Seq, start)
        self.opened.append(start)
        self.expected = "first"

    def _close(self, mark: str, start: int) -> None:
        if not self.opened:
            self._refuse(f"a '{mark}' that closes nothing", start, "a schema that begins with '{'")
        opener = self.text[self.opened[-1]]
        if _CLOSER[opener] != mark:
            found = f"the '{opener}' opened here is met by '{mark}' at {self.build.place(start)}"
            self._refuse(found, self.opened[-1], f"'{_CLOSER[opener]}'", code="load.unclosed")
        if self.expected == "next":
            self._note(
                "load.trailing_comma",
                f"a comma before '{mark}'",
                self.comma,
                "no comma after the last entry",
                "remove the comma",
            )
        elif self.expected in ("colon", "value"):
            self._refuse(f"the key {self.last_text} without a value", start, f"{self.last_text}: value")
        self.opened.pop()
        self.build.end()
        self.expected = "comma" if self.opened else "nothing"

    def _scalar(self, kind: str, written: str, start: int) -> None:
        if self.build.in_map and self.expected in ("first", "next", "comma"):
            self._before_key(start, kind, written)
            key = self._text(kind, written, start, what="key")
            self.last_text = f'"{bare(key, 40)}"'
            self.build.key(key, start)
            self.expected = "colon"
            return
        self._before_value(start, written if kind != "single" else "a text")
        if kind == "word" and not self.opened and written not in _WORDS and not _NUMBER.fullmatch(written):
            self._not_json(bare(written), start)
        if kind == "word":
            self.build.value(self._word(written, start), start)
        else:
            self.build.value(self._text(kind, written, start, what="text"), start)
        self.expected = "comma" if self.opened else "nothing"

    def _before_key(self, start: int, kind: str, written: str) -> None:
        if self.expected == "comma":
            self._missing_comma(start)
        if kind == "word":
            self._note(
                "load.unquoted",
                f"{bare(written)} without quotes",
                start,
                "keys in double quotes",
                f'write "{bare(written, 40)}", or name the file .yaml',
            )

    def _before_value(self, start: int, what: str) -> None:
        if self.expected == "comma" and not self.build.in_map:
            self._missing_comma(start)
        elif self.expected == "colon":
            self._refuse(f"no ':' after the key {self.last_text}", start, f"{self.last_text}: value")
        elif self.build.in_map and self.expected != "value":
            self._refuse(f"{bare(what)} where a key should stand", start, "a key in double quotes")

    def _missing_comma(self, start: int) -> None:
        between = self.text[self.done : start]
        if "\n" not in between and "\r" not in between:
            hint = 'inside a text, a quote is written \\"' if self.text[self.done - 1] == '"' else "is a comma missing?"
            self._refuse("more text right after a value", start, "a comma or a closing bracket", hint)
        self._note(
            "load.missing_comma",
            "no comma after this value",
            self.done - 1,
            "a comma between two entries",
            f"add a comma at the end of line {self.build.line(self.done - 1)}",
        )

    def _text(self, kind: str, written: str, start: int, *, what: str) -> str:
        if kind == "word":
            return written
        if kind == "single":
            self._note(
                "load.single_quotes",
                f"a {what} in single quotes",
                start,
                "double quotes",
                "JSON knows only \"…\"; name the file .yaml to write '…'",
            )
            return written[1:-1]
        if "\\" not in written:
            return written[1:-1]
        try:
            value: str = json.loads(written)
        except json.JSONDecodeError as error:
            escape = start + written.rindex("\\", 0, error.pos + 1)
            self._note(
                "load.escape",
                f"{bare(self.text[escape : escape + 2])} is no escape of JSON",
                escape,
                '\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u with four hexadecimal digits',
                "a backslash itself is written twice",
            )
            return written[1:-1]
        return value

    def _word(self, written: str, start: int) -> Scalar | Finding:
        if written in _WORDS:
            return _WORDS[written]
        if number := _NUMBER.fullmatch(written):
            return whole_number(written) if number[1] is None and number[2] is None else real_number(written)
        if written in _NOT_FINITE:
            return not_finite(written)
        if written in _FOREIGN_WORDS:
            value, spelling = _FOREIGN_WORDS[written]
            self._note("load.unquoted", written, start, "true, false or null", f"write {spelling}")
            return value
        short = bare(written)
        if written[0] in "+-.0123456789":
            self._note(
                "load.json_syntax",
                f"{short} is not a JSON number",
                start,
                "digits such as 12, -3.5 or 1e6",
                "no leading 0 or +, no digits parted by _, a digit on both sides of the point; text goes in quotes",
            )
        else:
            self._note(
                "load.unquoted",
                f"{short} without quotes",
                start,
                "texts in double quotes",
                f'write "{bare(written, 40)}", or name the file .yaml',
            )
        return written

    def _odd(self, start: int) -> NoReturn:
        character = self.text[start]
        if character in "\"'":
            line_end = re.compile(r"[\n\r]|\Z").search(self.text, start)
            stray = self.text.find("\t", start, line_end.start() if line_end else None)
            if character == '"' and stray >= 0:
                self._refuse("a tab inside a text", stray, "\\t", "write \\t for a tab", code="load.escape")
            self._refuse(
                f"the quote {character} opened here is not closed on its line",
                start,
                f"a closing {character}",
                "a line end inside a text is written \\n",
                code="load.unclosed",
            )
        if character == "/":
            self._refuse("a comment or a '/'", start, "JSON without comments", code="load.comment")
        name = unicodedata.name(character, "unnamed").lower()
        what = f"'{character}'" if character.isascii() else f"U+{ord(character):04X} ({name})"
        hint = 'use the straight quotes "…"' if "quotation mark" in name else ""
        if self.expected == "value" and not self.opened:
            self._not_json(what, start)
        self._refuse(f"{what}, which means nothing here", start, "a key, a value, a comma or a bracket", hint)

    def _not_json(self, what: str, start: int) -> NoReturn:
        self._refuse(
            f"text that begins with {what}", start, "JSON begins with '{'", "name the file .yaml if it is YAML"
        )

    def _finish(self, end: int) -> None:
        if self.opened:
            offset = self.opened[-1]
            opener = self.text[offset]
            lines = [str(self.build.line(place)) for place in self.opened[:-1]]
            others = f"; still open are also those of lines {', '.join(lines[-6:])}" if lines else ""
            found = f"the '{opener}' opened here is never closed{others}"
            self._refuse(found, offset, f"'{_CLOSER[opener]}' before the end", code="load.unclosed")
        if self.expected == "value":
            self._refuse("no value", end, "an object: {…}")

    def _too_much(self, start: int) -> NoReturn:
        if self.text[start] in "{[":
            self._refuse(
                f"a second document starts at line {self.build.line(start)}",
                start,
                "one document",
                "put each schema in a file of its own",
                code="load.several_documents",
            )
        found = "a closing bracket too many" if self.text[start] in "}]" else "more text after the end of the document"
        self._refuse(found, start, "nothing after the last bracket")

    def _note(self, code: str, found: str, offset: int, expected: str, hint: str) -> None:
        self.build.faults.broken_syntax = True
        self.build.fault(Finding(code, found, expected, hint), offset)

    def _refuse(
        self, found: str, offset: int, expected: str, hint: str = "", *, code: str = "load.json_syntax"
    ) -> NoReturn:
        self.build.faults.broken_syntax = True
        self.build.stop(Finding(code, found, expected, hint), offset)
