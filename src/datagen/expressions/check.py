"""A formula with types: every name known, every call one of the table's, every constant part inside of its range."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from datagen.errors import did_you_mean, listed
from datagen.expressions.faults import ExpressionFault, Fault, not_allowed, pointed
from datagen.expressions.functions import FUNCTIONS, SPELLINGS, callable_names
from datagen.expressions.functions.table import Function, Overload
from datagen.expressions.resolve import Mismatch, resolve
from datagen.expressions.times import PARTS, read_time
from datagen.expressions.tree import Call, Constant, Name, Node
from datagen.expressions.types import ExpressionType
from datagen.expressions.words import AGGREGATES, ELSEWHERE, RANDOM

if TYPE_CHECKING:
    import polars as pl

    from datagen.expressions.compile import Program
    from datagen.expressions.parsed import Parsed


class Unknown(Enum):
    """The value of what is no constant. An enum, so that it stays the same object in another process."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Typed:
    """A node with its type. kind: name, constant, call. `value`: what it always is, or UNKNOWN.

    name and overload point into the table of functions, so that a formula can be sent to another process. wanted: the
    types that the arguments are read as. nulls: may be null though no name in it is.
    """

    kind: str
    type: str
    start: int
    end: int
    name: str = ""
    value: Any = UNKNOWN
    overload: int = 0
    arguments: tuple[Typed, ...] = ()
    wanted: tuple[str, ...] = ()
    nulls: bool = False


class Checked:
    """A formula ready to run. type, names, nullable_by_domain (may be null though nothing it reads is), is_constant."""

    def __init__(self, text: str, names: tuple[str, ...], tree: Typed) -> None:
        self.text = text
        self.names = names
        self.tree = tree
        self.type = cast("ExpressionType", tree.type)
        self.nullable_by_domain = tree.nulls
        self.is_constant = not names
        self._program: Program | None = None

    def constant_value(self) -> Any:
        """The value of a formula without names: int, float, str, bool, datetime, date, timedelta or None.

        Numbers and conditions are known since the check; other functions load polars and run once.
        Raises ValueError when the formula reads a name, ExpressionOverflow.
        """
        if not self.is_constant:
            raise ValueError(f"{self.text} is no constant: it reads {listed(self.names)}")
        return self.evaluate({}, 1).item() if self.tree.value is UNKNOWN else self.tree.value

    def evaluate(self, columns: Mapping[str, pl.Series], rows: int) -> pl.Series:
        """The values for `rows` rows. columns: a Series of that length for each of `names`, texts as String or Enum.

        Gives Int64, Float64, String, Boolean, Datetime("us"), Date or Duration("us"), never an infinity or NaN when the
        columns hold none. Raises ExpressionOverflow when a value leaves the range of its type.
        """
        if self._program is None:
            from datagen.expressions.compile import compile

            self._program = compile(self)
        return self._program.run(columns, rows)

    def __getstate__(self) -> tuple[str, tuple[str, ...], Typed]:
        return self.text, self.names, self.tree

    def __setstate__(self, state: tuple[str, tuple[str, ...], Typed]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"Checked({self.text!r}: {self.type})"


def check(parsed: Parsed, type_of: Callable[[str], ExpressionType | None], known: Iterable[str]) -> Checked:
    """Types for a formula that was read. See `Parsed.check`."""
    visit = _Visit(parsed.text, type_of, tuple(known), {name.lower(): name for name in parsed.names})
    tree = visit.node(parsed.tree)
    if tree is not None and not visit.faults and tree.type in ("null", "months"):
        found, hint = (
            ("always null", "cast(null as int) has a type")
            if tree.type == "null"
            else ("a calendar interval", "add it to a time")
        )
        visit.fault("expression.type", parsed.tree, found, "a formula with a value", hint)
    if tree is None or visit.faults:
        raise ExpressionFault(visit.faults)
    return Checked(parsed.text, parsed.names, tree)


class _Visit:
    def __init__(
        self, text: str, type_of: Callable[[str], str | None], known: tuple[str, ...], spellings: dict[str, str]
    ) -> None:
        self.text, self.type_of, self.known = text, type_of, known
        self.spellings = spellings
        self.types: dict[str, str | None] = {}
        self.faults: list[Fault] = []

    def fault(self, code: str, node: Node | Typed, found: str, expected: str = "", hint: str = "") -> None:
        self.faults.append(Fault(code, pointed(found, self.text, node.start, node.end), expected, hint, node.start))

    def node(self, node: Node) -> Typed | None:
        """The typed node, or None after a fault in it."""
        if isinstance(node, Name):
            return self.name(node)
        if isinstance(node, Constant):
            return Typed("constant", node.type, node.start, node.end, value=node.value, nulls=node.value is None)
        return self.call(node)

    def name(self, node: Name) -> Typed | None:
        name = self.spellings[node.text.lower()]
        if name not in self.types:
            self.types[name] = self.type_of(name)
        type = self.types[name]
        if type is not None:
            return Typed("name", type, node.start, node.end, name=name)
        hint = _accessor(node.text) or did_you_mean(node.text, self.known)
        if not hint and self.text[node.start] == '"':
            hint = f"text stands in single quotes: '{node.text}'"
        elif not hint:
            hint = ELSEWHERE.get(node.text.lower(), "")
        self.fault(
            "expression.unknown_name",
            node,
            f"unknown name '{node.text}'",
            f"one of {listed(self.known)}" if self.known else "a column of the row",
            hint,
        )
        return None

    def call(self, node: Call) -> Typed | None:
        arguments = [self.node(argument) for argument in node.arguments]
        name = SPELLINGS.get(node.function)
        if name is None:
            self.unknown_function(node)
            return None
        if any(argument is None for argument in arguments):
            return None
        typed = [argument for argument in arguments if argument is not None]
        if name == "date_part":
            return self.date_part(node, typed)
        return self.resolved(node, FUNCTIONS[name], typed)

    def unknown_function(self, node: Call) -> None:
        name = node.function
        word = self.text[node.start : node.start + len(name)]
        if name in AGGREGATES:
            what, hint = f"an aggregate ({word})", "`rollup` and `siblings` read other rows"
        elif name in RANDOM:
            what, hint = f"a random function ({word})", "randomness belongs to generators, such as `distribution`"
        else:
            hint = ELSEWHERE.get(name) or did_you_mean(name, callable_names())
            self.fault(
                "expression.unknown_function",
                node,
                f"unknown function '{word}'",
                "a function of the expression language",
                hint,
            )
            return
        self.faults.append(not_allowed(self.text, node.start, node.end, what, hint))

    def date_part(self, node: Call, arguments: list[Typed]) -> Typed | None:
        """`date_part('month', t)` is `month(t)`."""
        if len(arguments) != 2 or not isinstance(arguments[0].value, str):
            self.fault(
                "expression.arguments",
                node,
                "date_part without a part",
                "date_part('month', t) or extract(month from t)",
            )
            return None
        part = arguments[0].value.lower()
        function = PARTS.get(part) or PARTS.get(part.removesuffix("s"))
        if function is None:
            self.fault(
                "expression.literal",
                arguments[0],
                f"unknown part '{part}'",
                listed(tuple(PARTS), most=20),
                did_you_mean(part, PARTS),
            )
            return None
        return self.resolved(node, FUNCTIONS[function], arguments[1:])

    def resolved(self, node: Call, function: Function, arguments: list[Typed]) -> Typed | None:
        outcome = resolve(function, arguments)
        if isinstance(outcome, Mismatch):
            self.fault(outcome.code, node, outcome.found, outcome.expected, outcome.hint)
            return None
        place, wanted, result = outcome
        overload = function.overloads[place]
        read = [self.read_as(argument, type) for argument, type in zip(arguments, wanted, strict=True)]
        if any(argument is None for argument in read):
            return None
        taken = [argument for argument in read if argument is not None]
        values = [argument.value for argument in taken]
        constants = [None if value is UNKNOWN else value for value in values]
        takes = overload.signature
        if any(takes.at(at).constant and value is None for at, value in enumerate(values)):
            return Typed("constant", result, node.start, node.end, value=None, nulls=True)
        wrong = overload.accepts(*constants) if overload.accepts else ""
        if wrong:
            self.fault("expression.literal", node, wrong, function.written)
            return None
        value = self.folded(node, function, overload, values)
        if value is not UNKNOWN:
            return Typed("constant", result, node.start, node.end, value=value, nulls=value is None)
        nulls = may_be_null(function, overload, taken, constants)
        return Typed(
            "call", result, node.start, node.end, function.name, UNKNOWN, place, tuple(taken), tuple(wanted), nulls
        )

    def read_as(self, argument: Typed, type: str) -> Typed | None:
        """A constant in the type that it is read as: a whole number as a float, a text as a time."""
        value = argument.value
        if argument.kind != "constant" or value is None or type in (argument.type, "any"):
            return argument
        if type == "float":
            value = float(value)
        elif type in ("datetime", "date") and isinstance(value, str):
            value = read_time(value)
            if value is None:
                self.fault(
                    "expression.literal",
                    argument,
                    f"'{argument.value}' is no {type}",
                    "2024-12-31 or 2024-12-31 23:59:59, in UTC",
                )
                return None
        if type == "datetime" and isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        return Typed("constant", type, argument.start, argument.end, value=value)

    def folded(self, node: Call, function: Function, overload: Overload, values: list[Any]) -> Any:
        """What the call always gives, when that can be told without polars."""
        if overload.fold is None or any(value is UNKNOWN for value in values):
            return UNKNOWN
        if function.strict and any(value is None for value in values):
            return None
        try:
            return overload.fold(*values)
        except OverflowError:
            self.fault(
                "expression.out_of_range",
                node,
                "the result is out of range",
                "whole numbers within ±9.22e18, floats within ±1.79e308, years 1 to 9999",
            )
            return None


def _accessor(name: str) -> str:
    """`order_date.dt.year` of pandas is `year(order_date)` here."""
    parts = name.split(".")
    return f"write {parts[-1]}({'.'.join(parts[:-2])})" if len(parts) > 2 and parts[-2] in ("dt", "str") else ""


def may_be_null(function: Function, overload: Overload, arguments: list[Typed], constants: list[Any]) -> bool:
    """Whether a call may give null though no column that it reads is null."""
    inner = [argument.nulls for argument in arguments]
    if function.name in ("case", "if"):
        values = [*inner[1::2], *inner[len(inner) - len(inner) % 2 :]]
        return any(values) or len(inner) % 2 == 0
    if function.name.startswith("is "):
        return False
    if function.name.startswith("concat"):
        return False
    if function.absorbs:
        return all(inner)
    own = overload.nulls(*constants) if callable(overload.nulls) else overload.nulls
    return own or any(inner)
