"""The formula cut into words, numbers, texts and signs, with everything foreign to the language refused at its place.

This runs before the parser and bounds what it will ever see: length, number of parts, ASCII outside of texts, and only
signs that the language has.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from datagen.errors import Meant
from datagen.expressions.faults import ExpressionFault, Fault, not_allowed, pointed, syntax

LONGEST = 2_000  # characters
MOST_PARTS = 200  # words, numbers, texts and operators; brackets and commas are free
PUNCTUATION = frozenset("(),")


@dataclass(frozen=True, slots=True)
class Token:
    """kind: word, name (dotted or in double quotes), number, text, sign. `value`: without quotes; words as written."""

    kind: str
    value: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The word in lower case, or an empty text for anything that is no bare word."""
        return self.value.lower() if self.kind == "word" else ""

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.value in signs


_PART = r'(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\n]|"")*")'
_TOKEN = re.compile(
    rf"""
    (?P<space>[ \t\r\n]+)
  | (?P<text>'(?:[^']|'')*')
  | (?P<name>{_PART}(?:\.{_PART})*)
  | (?P<number>(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?)
  | (?P<foreign>--|/\*|\*/|:=|->>?|=>|<=>|<<|>>|&&|===|@>|<@|!~|\^@)
  | (?P<sign>\*\*|//|\|\||::|==|!=|<>|<=|>=|[-+*/%=<>&|~(),.])
    """,
    re.VERBOSE,
)

# Signs of other languages: what they are, and what to write instead.
_FOREIGN = {
    "--": ("a comment", "write - (-x) to subtract a negative value"),
    "/*": ("a comment", ""),
    "*/": ("a comment", ""),
    ";": ("a second statement", "a formula is one expression"),
    ":=": ("an assignment", ""),
    "->": ("an arrow (lambda or JSON access)", ""),
    "->>": ("an arrow (lambda or JSON access)", ""),
    "=>": ("a named argument", "give arguments by their place"),
    "<=>": ("`<=>`", "write a is not distinct from b"),
    "<<": ("a bit shift", "write x * 2 ** n"),
    ">>": ("a bit shift", "write x // 2 ** n"),
    "&&": ("`&&`", "write `and`"),
    "===": ("`===`", "write `=`"),
    "@": ("`@`", ""),
    "$": ("a parameter", "`$name` stands for a value under `params`, whole words only"),
    "?": ("a parameter or a ternary", "write if(condition, a, b)"),
    ":": ("a colon (lambda, slice or parameter)", ""),
    "[": ("a list or a subscript", "write x in (1, 2), substr(x, 1, 3)"),
    "]": ("a list or a subscript", "write x in (1, 2), substr(x, 1, 3)"),
    "{": ("a map, a set or a template", "join text with ||"),
    "}": ("a map, a set or a template", "join text with ||"),
    "^": ("`^`", "write a ** b for a power"),
    "!": ("`!`", "write `not`, or `<>` for different"),
    "#": ("`#`", ""),
    "`": ("a backtick", "names need no quotes, or double quotes"),
    "\\": ("a backslash", ""),
}
_CURLY = {"‘": "'", "’": "'", "“": '"', "”": '"', "−": "-", "×": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "<>"}
_CURLY |= dict.fromkeys(("\xa0", "\u2007", "\u202f", "\u2009"), "a plain space")


def scan(text: str) -> list[Token]:
    """The tokens of a formula. Raises ExpressionFault on what is too large or foreign."""
    if len(text) > LONGEST:
        raise ExpressionFault(
            Fault(
                "expression.too_long",
                f"a formula of {len(text):,} characters",
                f"at most {LONGEST:,} characters",
                "split it over several columns; `hidden: true` keeps the steps out of the files",
            )
        )
    tokens: list[Token] = []
    place, parts = 0, 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup == "foreign":
            raise ExpressionFault(_foreign(text, place, match.group() if match else text[place]))
        kind, piece = str(match.lastgroup), match.group()
        if kind != "space":
            token = _token(text, kind, piece, place, match.end())
            if token.kind == "number" and text[match.end() : match.end() + 1].isalnum():
                raise ExpressionFault(syntax(text, match.end(), match.end() + 1, "a letter right behind a number"))
            tokens.append(token)
            parts += piece not in PUNCTUATION
            if parts > MOST_PARTS:
                raise ExpressionFault(
                    Fault(
                        "expression.too_many_parts",
                        pointed(
                            f"more than {MOST_PARTS} parts; this is the {MOST_PARTS + 1}st", text, place, match.end()
                        ),
                        f"at most {MOST_PARTS} names, values and operators",
                        "split it over several columns; long case lists are shorter as a `map_values` modifier",
                        place,
                    )
                )
        place = match.end()
    return tokens


def _token(text: str, kind: str, piece: str, start: int, end: int) -> Token:
    if kind == "text":
        value = piece[1:-1].replace("''", "'")
        if "\x00" in value or any("\ud800" <= mark <= "\udfff" for mark in value):
            raise ExpressionFault(
                Fault(
                    "expression.character",
                    pointed("a text with a NUL or half a character", text, start, end),
                    "whole characters",
                    offset=start,
                )
            )
        return Token("text", value, start, end)
    if kind == "name":
        if "." not in piece and '"' not in piece:
            return Token("word", piece, start, end)
        return Token("name", _unquoted(text, piece, start, end), start, end)
    return Token(kind, piece, start, end)


def _unquoted(text: str, piece: str, start: int, end: int) -> str:
    """A dotted or quoted name without its quotes. Each part must be a name that a column can have."""
    parts = [part[1:-1] if part.startswith('"') else part for part in re.findall(_PART, piece)]
    for part in parts:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", part):
            if part.startswith("_"):
                found, hint = f"an attribute ({part})", ""
            else:
                found, hint = "double quotes around something that is no name", "text stands in single quotes"
            raise ExpressionFault(
                Fault(
                    "expression.not_allowed",
                    pointed(f"not part of the expression language: {found}", text, start, end),
                    "names of columns: letters, digits and _",
                    hint,
                    start,
                )
            )
    return ".".join(parts)


def _instead(mark: str) -> str:
    sign = _CURLY.get(mark, "")
    hint = f"write {sign}" if sign else ""
    return Meant(hint, mark, " " if mark.isspace() else sign) if sign else hint


def _foreign(text: str, place: int, piece: str) -> Fault:
    """Why the scan stops here."""
    mark = text[place]
    if mark in "'\"":
        return syntax(text, place, place + 1, "a quote that is never closed")
    if not mark.isascii() or not mark.isprintable():
        name = unicodedata.name(mark, "a control character" if unicodedata.category(mark) == "Cc" else "without a name")
        what = "non-ASCII letter" if mark.isalpha() else "foreign character"
        return Fault(
            "expression.character",
            pointed(f"{what} U+{ord(mark):04X} ({name})", text, place, place + 1),
            "plain ASCII outside of texts in single quotes",
            _instead(mark),
            place,
        )
    what, hint = _FOREIGN.get(piece, _FOREIGN.get(mark, (f"`{piece}`", "")))
    if mark == ":" and re.search(r"\blambda\b", text):
        what, hint = "a lambda", ""
    return not_allowed(text, place, place + len(piece), what, hint)
