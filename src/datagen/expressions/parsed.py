"""A formula read: its text, the names it reads and its tree. Nothing is known yet about types, and nothing has run."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from datagen.expressions.faults import ExpressionFault, Fault, not_allowed, pointed, syntax
from datagen.expressions.grammar import mark
from datagen.expressions.scan import Token, scan
from datagen.expressions.times import LONGEST_US, MONTHS, read_interval, read_time
from datagen.expressions.tree import Call, Constant, Name, Node
from datagen.expressions.walk import Leaf, Marked
from datagen.expressions.words import PARSER_TYPES

if TYPE_CHECKING:
    from datagen.expressions.check import Checked
    from datagen.expressions.types import ExpressionType

LARGEST_INT = 2**63 - 1
VALUE_TYPES: dict[type, str] = {
    int: "int",
    float: "float",
    str: "string",
    bool: "bool",
    datetime: "datetime",
    date: "date",
    timedelta: "duration",
    type(None): "null",
}

# Nodes of the SQL parser by class name, and the operator they are. Whatever is not listed is refused.
_OPERATORS = {
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "Div": "/",
    "IntDiv": "//",
    "Mod": "%",
    "Pow": "**",
    "DPipe": "||",
    "EQ": "=",
    "NEQ": "<>",
    "LT": "<",
    "LTE": "<=",
    "GT": ">",
    "GTE": ">=",
    "And": "and",
    "Or": "or",
    "NullSafeEQ": "is not distinct from",
    "NullSafeNEQ": "is distinct from",
    "Neg": "unary -",
    "Not": "not",
    "BitwiseNot": "not",
    "Like": "like",
    "ILike": "ilike",
    "Between": "between",
}
_ARGUMENTS = {"Between": ("this", "low", "high")}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A formula that can be read. `names`: dotted names in order of appearance, each once, as first written."""

    text: str
    names: tuple[str, ...]
    tree: Node

    def bound(self, values: Mapping[str, Any]) -> Parsed:
        """The same formula with some names replaced by values: numbers, texts, truth values, times or None.

        With all names bound, `check(…).constant_value()` gives the value of arithmetic and conditions without polars.
        """
        spelled = {name.lower(): value for name, value in values.items()}
        names = tuple(name for name in self.names if name.lower() not in spelled)
        return Parsed(self.text, names, _bound(self.tree, spelled))

    def check(self, type_of: Callable[[str], ExpressionType | None], known: Iterable[str]) -> Checked:
        """The formula with types. type_of gives the type of a name or None; `known` names are what it may have meant.

        Raises ExpressionFault with all faults: unknown names and functions, types, constants out of range.
        """
        from datagen.expressions.check import check

        return check(self, type_of, tuple(known))


def _bound(node: Node, values: Mapping[str, Any]) -> Node:
    if isinstance(node, Call):
        return Call(node.function, tuple(_bound(one, values) for one in node.arguments), node.start, node.end)
    if isinstance(node, Constant) or node.text.lower() not in values:
        return node
    value = values[node.text.lower()]
    return Constant(value, VALUE_TYPES[type(value)], node.start, node.end)


@functools.lru_cache(maxsize=1024)  # a plan reads a formula twice: for its names, then to bind it
def parse(text: str) -> Parsed:
    """Read a formula. Raises ExpressionFault when it is too large, cannot be read or leaves the language."""
    tokens = scan(text)
    marked = mark(text, tokens)
    lowering = _Lowering(text, tokens, marked)
    tree = lowering.lower(_sql_tree(text, "".join(marked.sql)))
    if lowering.faults:
        raise ExpressionFault(lowering.faults)
    seen: dict[str, str] = {}
    for place in sorted(marked.leaves):
        leaf = marked.leaves[place]
        if leaf.kind == "name":
            seen.setdefault(leaf.value.lower(), leaf.value)
    return Parsed(text, tuple(seen.values()), tree)


def _sql_tree(text: str, sql: str) -> Any:
    """The SQL parser's tree. A deep formula is parsed on a thread of its own when the caller's stack is nearly full."""
    import sqlglot

    try:
        return sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ExpressionFault(
            syntax(text, 0, len(text), "this cannot be read", hint="brackets make the order plain")
        ) from error
    except RecursionError:
        if threading.current_thread().name.startswith(_OWN_THREAD):
            raise
        return _on_own_thread(lambda: _sql_tree(text, sql))


_OWN_THREAD = "datagen-formula"


def _on_own_thread(work: Callable[[], Any]) -> Any:
    """Run with an empty stack: Python counts the depth of calls for each thread."""
    with ThreadPoolExecutor(1, thread_name_prefix=_OWN_THREAD) as pool:
        return pool.submit(work).result()


class _Lowering:
    """From the SQL parser's tree to ours; marks become what the user wrote. Faults in constants are gathered."""

    def __init__(self, text: str, tokens: list[Token], marked: Marked) -> None:
        self.text, self.tokens, self.marked = text, tokens, marked
        self.faults: list[Fault] = []

    def lower(self, sql: Any) -> Node:
        kind = type(sql).__name__
        if kind in ("Column", "Literal"):
            return self.leaf(self.marked.leaves[int(sql.name[1:])])
        if kind == "Paren":
            return self.lower(sql.this)
        if kind == "Anonymous":
            return self.call(sql)
        if kind in _OPERATORS:
            name = _OPERATORS[kind]
            parts = [
                sql.args[part]
                for part in _ARGUMENTS.get(kind, ("this", "expression"))
                if sql.args.get(part) is not None
            ]
            arguments = [self.lower(part) for part in parts]
            if name == "||" and isinstance(arguments[0], Call) and arguments[0].function == "||":
                arguments[:1] = arguments[0].arguments  # a || b || c is joined once
            node = self.over(name, *arguments)
            return self.over("not", node) if sql.args.get("negate") else node
        if kind == "Case":
            return self.case(sql)
        if kind == "In":
            return self.over("in", self.lower(sql.this), *map(self.lower, sql.expressions))
        if kind == "Is":
            return self.is_(sql)
        if kind == "Escape":
            return self.escape(sql)
        if kind == "Cast":
            # The parser knows our six types by its own names.
            wanted = next(type for type, name in PARSER_TYPES.items() if sql.to.sql("duckdb") == name)
            return self.over(f"cast as {wanted}", self.lower(sql.this))
        raise ExpressionFault(not_allowed(self.text, 0, len(self.text), kind))

    def over(self, function: str, *arguments: Node) -> Call:
        """A call without a word of its own: it stands where its arguments stand, with the brackets around them."""
        start, end = min(one.start for one in arguments), max(one.end for one in arguments)
        inside = [token for token in self.tokens if start <= token.start < end]
        level = lowest = 0
        for token in inside:
            level += token.is_sign("(") - token.is_sign(")")
            lowest = min(lowest, level)
        before = [token.start for token in self.tokens if token.end <= start and token.is_sign("(")]
        after = [token.end for token in self.tokens if token.start >= end and token.is_sign(")")]
        start = before[lowest] if lowest and len(before) >= -lowest else start
        left_open = level - lowest
        end = after[left_open - 1] if left_open and len(after) >= left_open else end
        return Call(function, arguments, start, end)

    def call(self, sql: Any) -> Call:
        token = int(sql.this[1:])
        arguments = tuple(map(self.lower, sql.expressions))
        return Call(self.marked.calls[token].lower(), arguments, self.tokens[token].start, self.marked.ends[token])

    def case(self, sql: Any) -> Call:
        subject = None if sql.this is None else self.lower(sql.this)
        parts: list[Node] = []
        for branch in sql.args["ifs"]:
            condition = self.lower(branch.this)
            parts.append(condition if subject is None else self.over("=", subject, condition))
            parts.append(self.lower(branch.args["true"]))
        if sql.args.get("default") is not None:
            parts.append(self.lower(sql.args["default"]))
        return self.over("case", *parts)

    def is_(self, sql: Any) -> Call:
        kind = type(sql.expression).__name__
        negated = False
        right = sql.expression
        if kind == "Not":
            negated, right = True, right.this
            kind = type(right).__name__
        name = {"Null": "is null", "Boolean": "is true" if kind == "Boolean" and right.this else "is false"}[kind]
        node = self.over(name, self.lower(sql.this))
        return self.over("not", node) if negated else node

    def escape(self, sql: Any) -> Call:
        like = self.lower(sql.this)
        inner = like.arguments[0] if isinstance(like, Call) and like.function == "not" else like
        if not isinstance(inner, Call) or inner.function not in ("like", "ilike"):
            raise ExpressionFault(
                syntax(self.text, like.start, like.end, "`escape` without `like`", "like '10$%' escape '$'")
            )
        node = self.over(inner.function, *inner.arguments, self.lower(sql.expression))
        return self.over("not", node) if inner is not like else node

    def leaf(self, leaf: Leaf) -> Node:
        if leaf.kind == "name":
            return Name(leaf.value, leaf.start, leaf.end)
        value, type = getattr(self, f"{leaf.kind}_value")(leaf)
        return Constant(value, type, leaf.start, leaf.end)

    def fault(self, code: str, leaf: Leaf, found: str, expected: str) -> None:
        self.faults.append(Fault(code, pointed(found, self.text, leaf.start, leaf.end), expected, offset=leaf.start))

    def text_value(self, leaf: Leaf) -> tuple[Any, str]:
        return leaf.value, "string"

    def null_value(self, leaf: Leaf) -> tuple[Any, str]:
        return None, "null"

    def bool_value(self, leaf: Leaf) -> tuple[Any, str]:
        return leaf.value == "true", "bool"

    def number_value(self, leaf: Leaf) -> tuple[Any, str]:
        digits = leaf.value.replace("_", "")
        if digits.isdigit():
            if len(digits.lstrip("0")) > 19 or int(digits) > LARGEST_INT:
                self.fault(
                    "expression.out_of_range", leaf, "a whole number of more than 64 bits", f"at most {LARGEST_INT:,}"
                )
                return 0, "int"
            return int(digits), "int"
        number = float(digits)
        if number == float("inf"):
            self.fault("expression.out_of_range", leaf, "a number that is too large", "at most 1.797e308")
            return 0.0, "float"
        return number, "float"

    def date_value(self, leaf: Leaf) -> tuple[Any, str]:
        return self.timestamp_value(leaf, "date")

    def timestamp_value(self, leaf: Leaf, wanted: str = "datetime") -> tuple[Any, str]:
        time = read_time(leaf.value)
        if time is None:
            self.fault(
                "expression.literal",
                leaf,
                f"'{leaf.value}' is no {wanted}",
                "2024-12-31 or 2024-12-31 23:59:59, in UTC",
            )
            return None, wanted
        if wanted == "date":
            return (time.date() if isinstance(time, datetime) else time), "date"
        return (time if isinstance(time, datetime) else datetime(time.year, time.month, time.day)), "datetime"

    def interval_value(self, leaf: Leaf) -> tuple[Any, str]:
        interval = read_interval(leaf.value)
        if interval is None:
            self.fault(
                "expression.literal",
                leaf,
                f"'{leaf.value}' is no interval",
                "interval '3 days', '1 hour 30 minutes', '2 months'",
            )
            return None, "duration"
        months, microseconds = interval
        if months and microseconds:
            self.fault(
                "expression.literal",
                leaf,
                "months mixed with days",
                "two intervals: + interval '1 month' + interval '3 days'",
            )
            return None, "duration"
        if max(abs(microseconds), abs(months) * 28 * 86_400_000_000) > LONGEST_US:
            self.fault("expression.out_of_range", leaf, "an interval that is too long", "less than 10,000 years")
            return None, "duration"
        calendar = months or any(unit in leaf.value.lower() for unit in MONTHS)
        return (months, "months") if calendar else (timedelta(microseconds=microseconds), "duration")
