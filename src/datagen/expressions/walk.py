"""A walk over the tokens of a formula: the place, the brackets that are open, and what is written for the parser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from datagen.expressions.faults import ExpressionFault, not_allowed, syntax
from datagen.expressions.scan import Token
from datagen.expressions.words import CONSTRUCTS


@dataclass(slots=True)
class Open:
    """A bracket or case that is open. kind: group, call, in, cast, extract, interval, case."""

    kind: str
    token: int
    state: str = ""  # case: "", when, then, else
    compared: bool = False  # a comparison stands in the part now being read
    between: bool = False  # the next `and` belongs to a between
    empty: bool = True
    prefixes: int = 0  # signs in front of it


@dataclass(slots=True)
class Marked:
    """The formula for the parser, and what its numbered marks stand for."""

    sql: list[str] = field(default_factory=list)
    leaves: dict[int, Leaf] = field(default_factory=dict)
    calls: dict[int, str] = field(default_factory=dict)  # function by number of its token
    ends: dict[int, int] = field(default_factory=dict)  # where each of them ends in the text


@dataclass(frozen=True, slots=True)
class Leaf:
    """kind: name, number, text, null, bool, date, timestamp, interval (its value is the text of an interval)."""

    kind: str
    value: str
    start: int
    end: int


class Walk:
    """Where the walk is, what is open, and what has been written. The rules of the grammar move it."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text, self.tokens = text, tokens
        self.out = Marked()
        self.stack: list[Open] = [Open("start", 0)]
        self.place = 0
        self.operand = True  # a value is expected next; otherwise an operator
        self.boundary = True  # `not` may stand here
        self.prefixes = 0  # signs and `not` in a row
        self.pending = 0  # signs in front of everything that is open

    # what is where

    def peek(self, ahead: int = 0) -> Token:
        place = self.place + ahead
        end = len(self.text)
        return self.tokens[place] if place < len(self.tokens) else Token("end", "", end, end)

    @property
    def top(self) -> Open:
        return self.stack[-1]

    def fail(self, found: str, expected: str = "", hint: str = "", token: Token | None = None) -> ExpressionFault:
        token = token or self.peek()
        before = self.tokens[self.place - 1] if self.place else token
        for suspect in (token, before):  # `a if b`: the fault is seen at b, the cause is `if`
            if suspect.kind == "word" and suspect.word in CONSTRUCTS:
                what, advice = CONSTRUCTS[suspect.word]
                return ExpressionFault(
                    not_allowed(self.text, suspect.start, suspect.end, f"{what} (`{suspect.value}`)", advice)
                )
        return ExpressionFault(syntax(self.text, token.start, token.end, found, expected, hint))

    def refuse(self, what: str, hint: str = "", token: Token | None = None) -> ExpressionFault:
        token = token or self.peek()
        return ExpressionFault(not_allowed(self.text, token.start, token.end, what, hint))

    # moving on

    def write(self, sql: str) -> None:
        self.out.sql.append(sql)

    def leaf(self, kind: str, value: str, taken: int = 1) -> None:
        first, last = self.peek(), self.peek(taken - 1)
        self.out.leaves[self.place] = Leaf(kind, value, first.start, last.end)
        self.write(f'"t{self.place}"')
        self.after_value(taken)

    def after_value(self, taken: int = 1) -> None:
        self.place += taken
        self.operand, self.boundary, self.prefixes = False, False, 0
        self.top.empty = False

    def before_value(self, taken: int = 1, *, boundary: bool = False) -> None:
        self.place += taken
        self.operand, self.boundary = True, boundary

    def open(self, kind: str, taken: int, *, state: str = "") -> None:
        self.stack.append(Open(kind, self.place, state, prefixes=self.prefixes))
        self.pending += self.prefixes
        self.prefixes = 0
        self.before_value(taken, boundary=True)

    def shut(self, taken: int = 1) -> None:
        opened = self.stack.pop()
        self.pending -= opened.prefixes
        self.out.ends[opened.token] = self.peek(taken - 1).end
        self.after_value(taken)

    def call(self, function: str, taken: int, kind: str = "call") -> None:
        self.out.calls[self.place] = function
        self.write(f"f{self.place}(")
        self.open(kind, taken)

    def finish_part(self, token: Token) -> None:
        """A condition or an argument ends here: the next comparison starts afresh."""
        if self.top.between:
            raise self.fail("`between` without its `and`", "x between low and high", token=token)
        self.top.compared = False
