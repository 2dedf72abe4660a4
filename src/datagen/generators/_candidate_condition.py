"""`where` of a lookup: a condition over `candidate.column` and names of the row that picks.

Its parts that are joined by `and` are taken apart. What looks at the candidate alone is settled once for the whole table;
an equality of one column with a name of the row makes groups; the rest is asked of every proposal. A condition that
is null does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import from_series, take, to_series, where_true
from datagen.contracts import Block, ColumnType, Reader, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.expressions import Checked, ExpressionFault, ExpressionOverflow, Parsed, parse
from datagen.expressions.tree import Call, Name, Node

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

CANDIDATE = "candidate."
EQUAL_TYPES = ("int", "string", "bool", "datetime", "date")


def candidate_columns(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Names of the candidate among those of a condition, with the column that each means."""
    for name in names:
        if name.lower().startswith(CANDIDATE):
            yield name, name[len(CANDIDATE) :]


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, ready to be asked of pairs of a row and a candidate."""

    checked: Checked
    table: str
    columns: Mapping[str, tuple[str, ColumnType]]  # of the candidate, by name in the condition
    readers: Mapping[str, Reader]  # of the row
    home: str

    def holds(self, block: Block, rows: Ints | None, candidates: Ints) -> Bools:
        """(n,) whether it holds for candidates and rows of the block by place (None: it reads none, or all)."""
        series = {
            name: to_series(block.gather(self.table, column, candidates), name, kind)
            for name, (column, kind) in self.columns.items()
        }
        for name, reader in self.readers.items():
            values: Values = block.memo(("where", self.home, name), partial(reader, block))
            series[name] = to_series(values if rows is None else take(values, rows), name, reader.type)
        try:
            found = from_series(self.checked.evaluate(series, len(candidates)))
        except ExpressionOverflow as error:
            fault = error.fault
            raise SchemaError(
                Finding(code=fault.code, json_path=self.home, found=fault.found, expected=fault.expected)
            ) from error
        return where_true(found)


@dataclass(frozen=True, slots=True)
class Condition:
    """A `where`: its part over the candidate alone, its equalities (column, name of the row and how to read it), the rest.

    upto: an inequality of the rest, (column of the candidate, whether it is below, a value of the row): no other is needed
    to know among which candidates to look.
    """

    alone: Part | None
    equal: tuple[tuple[str, str, Reader], ...]
    rest: Part | None
    upto: tuple[str, bool, Reader] | None = None


def bind_condition(scope: Scope, text: str, table: str, *, split: bool = True) -> Condition | None:
    """The condition of a lookup into a table; None after a refusal. split: its parts are taken apart."""
    try:
        parsed = parse(text)
    except ExpressionFault:
        scope.checked(text, "where")  # says what is wrong
        return None
    columns: dict[str, tuple[str, ColumnType]] = {}
    for name, column in candidate_columns(parsed.names):
        target = scope.target(f"{table}.{column}", "where")
        if target is None:
            return None
        columns[name] = (target.name, target.type or "string")
    types = {name: kind for name, (_, kind) in columns.items()}
    checked = scope.checked(text, "where", extra=types)
    if checked is None:
        return None
    if checked.type != "bool":
        scope.refuse(
            "lookup.where_type",
            "where",
            found=f"an expression of type {checked.type}",
            expected="a condition, such as candidate.status = 'active'",
        )
        return None
    if not columns:
        scope.refuse(
            "lookup.where_no_candidate",
            "where",
            found=f"'{text}', which names no column of the candidate",
            expected=f"a condition over candidate.column, a column of {table}",
            hint="a condition on this row alone is the column's `when`",
        )
        return None
    home = f"{scope.table}.{scope.column}"

    def part(nodes: list[Node]) -> Part | None:
        if not nodes:
            return None
        tree = nodes[0]
        for node in nodes[1:]:
            tree = Call("and", (tree, node), tree.start, node.end)
        inner = {name.lower() for name in _names(tree)}
        names = tuple(name for name in parsed.names if name.lower() in inner)
        typed = Parsed(text, names, tree).check(lambda name: types.get(name) or scope.type_of(name), names)
        own = {name: scope.read(name, "where") for name in names if name not in columns}
        return Part(typed, table, {name: columns[name] for name in names if name in columns}, own, home)

    if not split:
        return Condition(None, (), part([parsed.tree]))
    alone: list[Node] = []
    rest: list[Node] = []
    equal: list[tuple[str, str, Reader]] = []
    for node in _conjuncts(parsed.tree):
        named = [name.lower().startswith(CANDIDATE) for name in _names(node)]
        pair = _equality(node)
        if named and all(named):
            alone.append(node)
        elif pair is not None and _groups(scope, pair, columns):
            column, name = pair
            equal.append((columns[_written(column, columns)][0], name, scope.read(name, "where")))
        else:
            rest.append(node)
    ends = [end for node in rest if (end := _end(scope, node, columns)) is not None]
    return Condition(part(alone), tuple(equal), part(rest), ends[0] if ends else None)


def equalities(text: str) -> list[tuple[str, str]]:
    """(column of the candidate, name of the row) that a condition makes equal; none in a text that is no condition."""
    try:
        pairs = [_equality(node) for node in _conjuncts(parse(text).tree)]
    except ExpressionFault:
        return []  # refused where the lookup is bound
    return [(column[len(CANDIDATE) :], name) for column, name in filter(None, pairs)]


def _conjuncts(node: Node) -> Iterator[Node]:
    if isinstance(node, Call) and node.function == "and":
        for argument in node.arguments:
            yield from _conjuncts(argument)
    else:
        yield node


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, Name):
        yield node.text
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from _names(argument)


def _equality(node: Node) -> tuple[str, str] | None:
    """(candidate's name, row's name) of `candidate.x = y`."""
    if not isinstance(node, Call) or node.function != "=":
        return None
    sides = [argument.text for argument in node.arguments if isinstance(argument, Name)]
    sides.sort(key=lambda name: not name.lower().startswith(CANDIDATE))
    return (sides[0], sides[1]) if len(sides) == 2 and not sides[1].lower().startswith(CANDIDATE) else None


def _end(scope: Scope, node: Node, columns: Mapping[str, Any]) -> tuple[str, bool, Reader] | None:
    """`candidate.x <= y` or `y > candidate.x`, of one type on both sides: the column, whether strictly, and y."""
    if not isinstance(node, Call) or node.function not in ("<", "<=", ">", ">="):
        return None
    sides = [argument.text for argument in node.arguments if isinstance(argument, Name)]
    if node.function in (">", ">="):
        sides.reverse()
    if len(sides) < 2 or not sides[0].lower().startswith(CANDIDATE) or sides[1].lower().startswith(CANDIDATE):
        return None
    column, kind = columns[_written(sides[0], columns)]
    if kind != scope.type_of(sides[1]) or kind not in ("int", "float", "datetime", "date"):
        return None
    return column, node.function in ("<", ">"), scope.read(sides[1], "where")


def _groups(scope: Scope, pair: tuple[str, str], columns: Mapping[str, Any]) -> bool:
    column, name = pair
    kind = columns[_written(column, columns)][1]
    return kind in EQUAL_TYPES and scope.type_of(name) == kind


def _written(name: str, columns: Mapping[str, Any]) -> str:
    return next(one for one in columns if one.lower() == name.lower())
