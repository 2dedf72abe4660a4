"""`where` of a lookup: a condition over `candidate.column` and names of the row that picks.

Its parts that are joined by `and` are taken apart. What looks at the candidate alone is settled once for the whole table;
an equality of one column with a name of the row makes groups; the rest is asked of every proposal. A condition that
is null does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from datagen.generators._comparisons import Compared, Comparison, compared
from datagen.generators._comparisons import names_in as _names

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
        return where_true(self.values(block, rows, candidates))

    def values(self, block: Block, rows: Ints | None, candidates: Ints) -> Values:
        """(n,) what it gives for them."""
        series = {
            name: to_series(block.gather(self.table, column, candidates), name, kind)
            for name, (column, kind) in self.columns.items()
        }
        for name, reader in self.readers.items():
            values: Values = block.memo(("where", self.home, name), partial(reader, block))
            series[name] = to_series(values if rows is None else take(values, rows), name, reader.type)
        try:
            return from_series(self.checked.evaluate(series, len(candidates)))
        except ExpressionOverflow as error:
            fault = error.fault
            raise SchemaError(
                Finding(code=fault.code, json_path=self.home, found=fault.found, expected=fault.expected)
            ) from error


@dataclass(frozen=True, slots=True)
class Condition:
    """A `where`: its part over the candidate alone, its equalities (column, name of the row and how to read it), the rest.

    upto: an inequality of the rest, (column of the candidate, whether it is below, a value of the row): no other is needed
    to know among which candidates to look. compared: what of the rest is asked without running a formula.
    """

    alone: Part | None
    equal: tuple[tuple[str, str, Reader], ...]
    rest: Part | None
    upto: tuple[str, bool, Reader] | None = None
    compared: tuple[Comparison, ...] = ()


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

    def comparisons(nodes: list[Node]) -> tuple[list[Comparison], list[Node]]:
        """What compares two values, and the parts of the condition for which that is not all."""
        found: list[Comparison] = []
        others: list[Node] = []
        for node in nodes:
            made = [binder.bind(one) for one in compared(node, _is_candidate)]
            sound = [one for one in made if one is not None]
            found += sound
            if not (made and len(sound) == len(made) and all(one.exact for one in sound)):
                others.append(node)
        return found, others

    binder = _Binder(scope, text, table, parsed.names, types, columns, home)
    if not split:
        asked, others = comparisons(list(_conjuncts(parsed.tree)))
        return Condition(None, (), part(others), compared=tuple(asked))
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
    asked, others = comparisons(rest)
    return Condition(part(alone), tuple(equal), part(others), ends[0] if ends else None, tuple(asked))


@dataclass(frozen=True, slots=True)
class _Binder:
    """Binds the two sides of comparisons."""

    scope: Scope
    text: str
    table: str
    names: tuple[str, ...]
    types: Mapping[str, ColumnType]
    columns: Mapping[str, tuple[str, ColumnType]]
    home: str

    def bind(self, one: Compared) -> Comparison | None:
        """A comparison of numbers, of times, or of texts that must differ; None of anything else."""
        theirs, mine = self._checked(one.theirs), self._checked(one.mine)
        kinds = {theirs.type, mine.type}
        texts = kinds == {"string"}
        named = isinstance(one.theirs, Name) and isinstance(one.mine, Name)
        if texts and not (named and one.op == "<>"):
            return None
        if not (texts or kinds <= {"int", "float"} or (len(kinds) == 1 and kinds <= {"datetime", "date", "bool"})):
            return None
        if kinds == {"bool"} and one.op not in ("=", "<>"):
            return None
        return Comparison(
            *self._theirs(one.theirs, theirs), one.op, self._mine(one.mine, mine), one.missing, one.exact, texts
        )

    def _checked(self, node: Node) -> Checked:
        inner = {name.lower() for name in _names(node)}
        names = tuple(name for name in self.names if name.lower() in inner)
        return Parsed(self.text, names, node).check(
            lambda name: self.types.get(name) or self.scope.type_of(name), names
        )

    def _theirs(self, node: Node, checked: Checked) -> tuple[str, Callable[[Block], Values]]:
        table, columns = self.table, self.columns
        if isinstance(node, Name):
            column = columns[_written(node.text, columns)][0]
            return f"{table}.{column}", lambda block: block.whole(table, column)
        side = f"{table}: {self.text[node.start : node.end]}"
        part = Part(checked, table, {name: columns[name] for name in checked.names}, {}, self.home)

        def values(block: Block) -> Values:
            every = np.arange(block.total(table), dtype=np.int64)
            found: Values = block.once(("compared", side), lambda: part.values(block, None, every))
            return found

        return side, values

    def _mine(self, node: Node, checked: Checked) -> Callable[[Block, Ints], Values]:
        home, readers = self.home, {name: self.scope.read(name, "where") for name in checked.names}
        if isinstance(node, Name):
            [(name, reader)] = readers.items()
            return lambda block, rows: take(block.memo(("where", home, name), partial(reader, block)), rows)
        part = Part(checked, self.table, {}, readers, home)
        return lambda block, rows: part.values(block, rows, rows)


def equalities(text: str) -> list[tuple[str, str]]:
    """(column of the candidate, name of the row) that a condition makes equal; none in a text that is no condition."""
    try:
        pairs = [_equality(node) for node in _conjuncts(parse(text).tree)]
    except ExpressionFault:
        return []  # refused where the lookup is bound
    return [(column[len(CANDIDATE) :], name) for column, name in filter(None, pairs)]


def _is_candidate(name: str) -> bool:
    return name.lower().startswith(CANDIDATE)


def _conjuncts(node: Node) -> Iterator[Node]:
    if isinstance(node, Call) and node.function == "and":
        for argument in node.arguments:
            yield from _conjuncts(argument)
    else:
        yield node


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
