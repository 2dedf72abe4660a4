"""Says in the user's words what a YAML scanner found wrong, and where the cause stands.

The scanners (C and Python) word their errors for people who write scanners, and each its own way. Both are recognised
here by the part they share, by the character they stopped at and by what stands before it on the line.
"""

from __future__ import annotations

import yaml

from datagen.errors import Finding
from datagen.schema.load_text import Places
from datagen.schema.load_tree import bare, shown

_SYNTAX = "load.yaml_syntax"
_QUOTE = "put the whole text in quotes"

_Answer = tuple[Finding, int]  # what is wrong, and the offset where its cause stands


def yaml_fault(error: yaml.YAMLError, text: str, last: int, opened: list[int]) -> tuple[Finding, int]:
    """The finding for an error of the YAML scanner, and the offset where its cause stands.

    last: the offset of the last thing that was read well. opened: those of the objects and lists that are open.
    """
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Finding(_SYNTAX, f"text that is not YAML ({error})"), 0
    at = min(error.problem_mark.index, len(text))
    began = at if error.context_mark is None else min(error.context_mark.index, len(text))
    brackets = [offset for offset in opened if text[offset] in "[{"]
    if brackets and not text[at:].strip():
        began = brackets[-1]
    return _Trouble(error.problem or "", error.context or "", text, at, began, last).finding()


class _Trouble:
    """One error of the scanner: its words, where it stopped, where the broken thing and the last good one began."""

    def __init__(self, problem: str, context: str, text: str, at: int, began: int, last: int) -> None:
        self.problem = problem
        self.context = context
        self.text = text
        self.at = at
        self.began = began
        self.last = last
        self.here = text[at : at + 1]
        self.opener = text[began : began + 1]
        self.before = text[max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1 : at]  # on the same line

    def says(self, *parts: str) -> bool:
        """Whether the scanner's words hold one of these."""
        return any(part in self.problem for part in parts)

    def finding(self) -> _Answer:
        """Ask the likeliest causes in turn; the last one always answers."""
        return self._tab() or self._unclosed() or self._sign() or self._escape() or self._entry() or self._other()

    def _tab(self) -> _Answer | None:
        if self.here != "\t" and not self.says("tab character"):
            return None
        where = "between two parts of a line" if self.before.strip() else "at the start of the line"
        return _answer(self.at, "load.tab", f"a tab {where}", "spaces: YAML does not indent with tabs", "use spaces")

    def _unclosed(self) -> _Answer | None:
        sign = self.opener
        if self.says("unexpected end of stream") and sign in ('"', "'"):
            found = f"the quote {sign} opened here is never closed"
            return _answer(self.began, "load.unclosed", found, f"a closing {sign}")
        if ("flow" not in self.context and self.text[self.at :].strip()) or sign not in ("[", "{"):
            return None
        closer = "]" if sign == "[" else "}"
        rest = self.text[self.at :].split(maxsplit=1)
        found = f"the '{sign}' opened here is never closed"
        if rest:
            found = f"the '{sign}' opened here is not closed before {shown(rest[0], 30)} on line {self._line(self.at)}"
        hint = f"a text that begins with {sign} goes in quotes"
        return _answer(self.began, "load.unclosed", found, f"a ',' or '{closer}'", hint)

    def _sign(self) -> _Answer | None:
        """A value that begins with a sign of YAML: & * ! @ ` % | >."""
        if "alias" in self.context or "anchor" in self.context:
            expected = "a schema without anchors and aliases"
            return _answer(self.began, "load.alias", f"a value that begins with {bare(self.opener)}", expected, _QUOTE)
        if "tag" in self.context or self.says("tag handle"):
            found = "a tag (a word that begins with !)"
            return _answer(self.began, "load.tag", found, "plain values, without tags", f"remove it, or {_QUOTE}")
        if self.says("cannot start any token"):
            return _answer(self.at, _SYNTAX, f"a value that begins with {shown(self.here)}", "a value", _QUOTE)
        if "block scalar" in self.context:
            sign = self.opener
            hint = f"a text that begins with {sign} goes in quotes"
            return _answer(
                self.began, _SYNTAX, f"text on the same line as the sign {sign}", f"a line end after {sign}", hint
            )
        return None

    def _escape(self) -> _Answer | None:
        if self.says("invalid Unicode character escape"):
            found = "an escape that is not a valid Unicode character"
            return _answer(self.at, "load.surrogate", found, "whole characters", "write the character itself")
        if not self.says("unknown escape", "hexdecimal", "hexadecimal"):
            return None
        # One scanner points at the backslash, the other behind it.
        at = self.at if self.here == "\\" else max(self.text.rfind("\\", 0, self.at + 1), 0)
        found = f"{bare(self.text[at : at + 2])} is no escape of YAML"
        hint = "in single quotes a backslash is just a backslash"
        return _answer(at, "load.escape", found, "an escape such as \\n, or \\\\ for a backslash", hint)

    def _entry(self) -> _Answer | None:
        """Keys, values and list items that stand where they cannot."""
        if self.says("mapping values are not allowed"):
            if ": " in self.before or self.before.lstrip().startswith(('"', "'")):
                return _answer(self.at, _SYNTAX, "a second ': ' on one line", "key: value", _QUOTE)
            hint = "look at the indentation, and above for 'key:value' without a space"
            found = "a key inside the text of the line above"
            return _answer(self.at, _SYNTAX, found, "keys of one object in one column", hint)
        if self.says("sequence entries are not allowed", "mapping keys are not allowed"):
            found, hint = (
                f"{shown(self.here)} on the same line as a key",
                f"a text that begins with {self.here} goes in quotes",
            )
            return _answer(self.at, _SYNTAX, found, "a list on lines of its own, or [a, b]", hint)
        if self.says("could not find expected ':'"):
            line = (self.text[self.began :].splitlines() or [""])[0]
            hint = "write key: value, with a space after the colon"
            if line.startswith("-"):
                hint = "put a space after the dash"
            return _answer(self.began, _SYNTAX, f"the line {shown(line)} with no key", "key: value", hint)
        if self.says("<document start>"):
            found = "more text after the end of the document"
            return _answer(self.at, "load.several_documents", found, "one document")
        return None

    def _other(self) -> _Answer:
        before = self.before.rstrip()
        if before.endswith(('"', "'")):
            found = "more text after a closing quote"
            if "\n" in self.text[self.last : self.at]:
                found += f"; the quote was opened on line {self._line(self.last)}"
            hint = _QUOTE if before[-1] == '"' else "a ' inside single quotes is written ''"
            return _answer(self.at, _SYNTAX, found, "nothing after it", hint)
        if before.endswith(("]", "}")):
            return _answer(self.at, _SYNTAX, f"more text after a closing '{before[-1]}'", "nothing after it", _QUOTE)
        if self.here in ("]", "}", ","):
            return _answer(self.at, _SYNTAX, f"'{self.here}' with nothing before it", "a value", _QUOTE)
        if "block" in self.context:
            found = f"{shown(self.here)}, which cannot stand here" if before else "a line that fits no level above"
            hint = "look at the indentation"
            return _answer(self.at, _SYNTAX, found, "the items of one object or list in one column", hint)
        return _answer(self.at, _SYNTAX, self.problem.removeprefix("found ")[:150], "YAML")

    def _line(self, offset: int) -> int:
        return Places(self.text).at(offset)[0]


def _answer(offset: int, code: str, found: str, expected: str, hint: str = "") -> _Answer:
    return Finding(code, found, expected, hint), offset
