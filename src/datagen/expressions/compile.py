"""A checked formula as steps over columns: Polars expressions, and between them questions whether anything overflowed.

Whole numbers wrap silently in Polars and floats become infinite, so an operation that may leave its range keeps its
operands as columns of their own (`hold`) and asks one question of them (`refuse`); the first question answered with yes
stops the run and names the operation. Inside a `case`, `if`, `coalesce`, `and` or `or`, a question counts only in the
rows that need the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from datagen.expressions.check import Typed
from datagen.expressions.faults import ExpressionOverflow, Fault, pointed
from datagen.expressions.functions import FUNCTIONS
from datagen.expressions.functions.casts import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datagen.expressions.check import Checked

DTYPES: dict[str, Any] = {
    "int": pl.Int64,
    "float": pl.Float64,
    "string": pl.String,
    "bool": pl.Boolean,
    "datetime": pl.Datetime("us"),
    "date": pl.Date,
    "duration": pl.Duration("us"),
    "months": pl.Int64,
    "null": pl.Int64,
}
# Functions whose texts may each be thousands of characters long: they run on few rows at a time, to bound memory.
GROWING = frozenset({"repeat", "replace", "lpad", "rpad"})
SMALL = 50  # times, or characters
SLICE = 512
ZEROS = "#zeros"  # no column can have such a name
FLOAT_RANGE = "floats stay within ±1.79e308"


@dataclass(frozen=True, slots=True)
class Step:
    """Keep a value under a name."""

    value: pl.Expr
    name: str


@dataclass(frozen=True, slots=True)
class Question:
    """Stop when `bad` is true in any row."""

    bad: pl.Expr
    why: str
    node: Typed


class Program:
    """The steps of one formula, made once; `run` fills them with columns."""

    def __init__(self, text: str, names: tuple[str, ...], tree: Typed) -> None:
        self.text, self.names = text, names
        self.dtype = DTYPES[tree.type]
        compiler = _Compiler(text)
        self.result = compiler.root(tree)
        self.steps = compiler.steps
        self.zeros = compiler.zeros
        self.slice = SLICE if _grows(tree) else None

    def run(self, columns: Mapping[str, pl.Series], rows: int) -> pl.Series:
        """The values for all rows, of the formula's type and without a name."""
        taken = [_plain(columns[name]).alias(name) for name in self.names]
        for series in taken:
            if len(series) != rows:
                raise ValueError(f"{series.name} has {len(series)} rows where {rows} are wanted")
        if not taken:
            return self._part(pl.DataFrame({"": [0, 0]})).new_from_index(0, rows)
        frame = pl.DataFrame(taken)
        if rows == 1:  # Polars takes a column of one row for a scalar (see Making.full)
            return self._part(pl.concat([frame, frame])).head(1)
        if self.slice is None or rows <= self.slice:
            return self._part(frame)
        # The last slice takes what is left over, so that none has a single row.
        starts = range(0, rows - self.slice + 1, self.slice)
        lengths = [self.slice] * (len(starts) - 1) + [rows - starts[-1]]
        return pl.concat([self._part(frame.slice(*place)) for place in zip(starts, lengths, strict=True)])

    def _part(self, frame: pl.DataFrame) -> pl.Series:
        if self.zeros:
            frame = frame.with_columns(pl.Series(ZEROS, np.zeros(frame.height)))
        questions: list[Question] = []
        for step in self.steps:
            if isinstance(step, Question):
                questions.append(step)
                continue
            self._ask(frame, questions)
            questions = []
            frame = frame.with_columns(step.value.alias(step.name))
        self._ask(frame, questions)
        series = frame.select(self.result.cast(self.dtype).alias("")).to_series()
        return series if len(series) == frame.height else series.new_from_index(0, frame.height)

    def _ask(self, frame: pl.DataFrame, questions: Sequence[Question]) -> None:
        if not questions:
            return
        answers = frame.select(question.bad.any().alias(str(place)) for place, question in enumerate(questions)).row(0)
        for question, bad in zip(questions, answers, strict=True):
            if bad:
                node = question.node
                operation = self.text[node.start : node.end]
                found = pointed(f"a value leaves its range: {question.why}", self.text, node.start, node.end)
                hint = "least(…), greatest(…) or a clamp on the columns that it reads keeps it inside"
                raise ExpressionOverflow(operation, Fault("expression.overflow", found, question.why, hint, node.start))


def compile(checked: Checked) -> Program:
    """Make the steps of a formula."""
    return Program(checked.text, checked.names, checked.tree)


def _plain(series: pl.Series) -> pl.Series:
    """A column in the one dtype that its type has here."""
    dtype = series.dtype
    if isinstance(dtype, (pl.Enum, pl.Categorical)):
        return series.cast(pl.String)
    if dtype.is_integer():
        return series.cast(pl.Int64)
    return (
        series.cast(pl.Float64)
        if dtype.is_float()
        else series.cast(pl.Datetime("us"))
        if dtype == pl.Datetime
        else series
    )


def _grows(node: Typed) -> bool:
    """Whether texts may become long in one step: by a number or a text that is no small constant."""
    if node.kind == "call" and node.name in GROWING:
        by = node.arguments[2 if node.name == "replace" else 1].value
        if not (isinstance(by, int) and by <= SMALL) and not (isinstance(by, str) and len(by) <= SMALL):
            return True
    return any(map(_grows, node.arguments))


def _reads(node: Typed) -> bool:
    """Whether a column is read anywhere in it."""
    return node.kind == "name" or any(map(_reads, node.arguments))


class _Compiler:
    """Builds expressions from typed nodes, and gathers the steps that they need. The functions know it as `Making`."""

    pl = pl

    def __init__(self, formula: str) -> None:
        self.formula = formula
        self.whole: Typed | None = None
        self.steps: list[Step | Question] = []
        self.zeros = False
        self.mask: pl.Expr | None = None
        self.current: Typed | None = None
        self.result = ""
        self.taken: tuple[str, ...] = ()

    def root(self, node: Typed) -> pl.Expr:
        self.whole = node
        if node.type != "float":
            return self.value(node)
        # Also what no operation made infinite is looked at: nothing leaves that is no number.
        value, _ = self.build(node)
        return self.finite(node, value)

    # what functions use

    def hold(self, value: pl.Expr) -> pl.Expr:
        if value.meta.is_column() or value.meta.is_literal():
            return value
        name = f"#{len(self.steps)}"
        self.steps.append(Step(value, name))
        return pl.col(name)

    def refuse(self, bad: pl.Expr, why: str) -> None:
        assert self.current is not None
        self.steps.append(Question(bad if self.mask is None else bad & self.mask, why, self.current))

    def where(self, condition: pl.Expr, value: Any, other: Any = None) -> pl.Expr:
        return pl.when(condition).then(_literal(value)).otherwise(_literal(other))

    def known(self, value: pl.Expr, *arguments: pl.Expr) -> pl.Expr:
        return pl.when(pl.all_horizontal(argument.is_not_null() for argument in arguments)).then(value)

    def full(self, value: pl.Expr) -> pl.Expr:
        self.zeros = True
        return value + pl.col(ZEROS)

    def text(self, value: pl.Expr, type: str) -> pl.Expr:
        return as_text(pl, value, type)  # type: ignore[no-any-return]

    # nodes

    def value(self, node: Typed, wanted: str | None = None) -> pl.Expr:
        """A node as an expression without infinities, read as a type."""
        value, unsure = self.build(node, wanted)
        return self.finite(node, value) if unsure else value

    def finite(self, node: Typed, value: pl.Expr) -> pl.Expr:
        value = self.hold(value)
        before, self.current = self.current, node
        self.refuse(~value.is_finite(), FLOAT_RANGE)
        self.current = before
        return value

    def build(self, node: Typed, wanted: str | None = None) -> tuple[pl.Expr, bool]:
        """(expression, whether it may be infinite or NaN)."""
        wanted = wanted or node.type
        if node.kind == "constant":
            return pl.lit(node.value, dtype=DTYPES[wanted if wanted != "any" else node.type]), False
        if node.kind == "name":
            value, unsure = pl.col(node.name), False
        elif (constant := self.constant(node, wanted)) is not None:
            return constant, False
        elif node.name in ("case", "if"):
            value, unsure = self.case(node)
        elif node.name == "coalesce":
            value, unsure = self.coalesce(node)
        elif node.name in ("and", "or"):
            value, unsure = self.logic(node), False
        else:
            value, unsure = self.call(node)
        return (value if wanted in (node.type, "any") else value.cast(DTYPES[wanted])), unsure

    def constant(self, node: Typed, wanted: str) -> pl.Expr | None:
        """The value of a call that reads no column, worked out once; None for others, and where it leaves its range."""
        if any(_reads(argument) for argument in node.arguments):
            return None
        if node is self.whole:
            return None
        try:
            series = Program(self.formula, (), node).run({}, 1)
        except ExpressionOverflow:
            return None  # it may stand in a branch that no row takes
        dtype = DTYPES[wanted if wanted != "any" else node.type]
        return pl.lit(series.cast(dtype).item(), dtype=dtype)

    def call(self, node: Typed) -> tuple[pl.Expr, bool]:
        overload = FUNCTIONS[node.name].overloads[node.overload]
        takes = overload.signature
        arguments: list[Any] = []
        unsure = overload.overflows
        for place, (argument, wanted) in enumerate(zip(node.arguments, node.wanted, strict=True)):
            if takes.at(place).constant:
                arguments.append(argument.value)
            elif place in overload.passes:
                value, more = self.build(argument, wanted)
                unsure |= more
                arguments.append(value)
            else:
                arguments.append(self.value(argument, wanted))
        self.current, self.result, self.taken = node, node.type, node.wanted
        value = overload.build(self, *arguments)
        # Polars counts in small integers (months in 8 bits), which would wrap in the next operation.
        return (value.cast(pl.Int64) if node.type == "int" else value), unsure

    def inside(self, mask: pl.Expr | None, node: Typed, wanted: str) -> tuple[pl.Expr, bool]:
        """A node whose questions count only where the mask holds."""
        before, self.mask = self.mask, mask
        try:
            return self.build(node, wanted)
        finally:
            self.mask = before

    def both(self, condition: pl.Expr) -> pl.Expr:
        return condition if self.mask is None else self.mask & condition

    def case(self, node: Typed) -> tuple[pl.Expr, bool]:
        parts = list(zip(node.arguments, node.wanted, strict=True))
        otherwise = parts.pop() if len(parts) % 2 else None
        open_rows = self.mask
        chain: Any = pl
        unsure = False
        before = self.mask
        for place in range(0, len(parts), 2):
            self.mask = open_rows
            condition = self.value(*parts[place])
            if any(part.kind == "call" for part, _ in parts[place + 1 :]) or (
                otherwise and otherwise[0].kind == "call"
            ):
                condition = self.hold(condition.fill_null(False))
            value, more = self.inside(self.both(condition), *parts[place + 1])
            unsure |= more
            chain = chain.when(condition).then(value)
            open_rows = self.both(~condition)
        self.mask = open_rows
        value, more = (pl.lit(None, dtype=DTYPES[node.type]), False) if otherwise is None else self.build(*otherwise)
        self.mask = before
        return chain.otherwise(value), unsure | more

    def coalesce(self, node: Typed) -> tuple[pl.Expr, bool]:
        before = self.mask
        values, unsure = [], False
        last = len(node.arguments) - 1
        for place, (argument, wanted) in enumerate(zip(node.arguments, node.wanted, strict=True)):
            value, more = self.build(argument, wanted)
            unsure |= more
            if place < last and node.arguments[place + 1].kind == "call":
                value = self.hold(value)
                self.mask = self.both(value.is_null())
            values.append(value)
        self.mask = before
        return pl.coalesce(values), unsure

    def logic(self, node: Typed) -> pl.Expr:
        """`and` asks nothing of its right side where the left one is false; `or` where it is true."""
        left = self.value(node.arguments[0], "bool")
        right = node.arguments[1]
        before = self.mask
        if right.kind == "call":
            left = self.hold(left)
            self.mask = self.both(left.fill_null(True) if node.name == "and" else ~left.fill_null(False))
        second = self.value(right, "bool")
        self.mask = before
        return left & second if node.name == "and" else left | second


def _literal(value: Any) -> Any:
    return value if isinstance(value, pl.Expr) else pl.lit(value)
