"""The one dependency graph: which column needs which, over all tables; loops are named with their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from datagen.contracts import NUMBERS

# (table, column); (table, ROWS) is how many rows each parent gets, (table, NUMBERS) are the numbers of all its rows
Node = tuple[str, str]

ROWS = "#n"
COUNTS = frozenset({ROWS, NUMBERS})


def ordered(reads: Mapping[Node, Iterable[Node]]) -> tuple[tuple[Node, ...], list[tuple[Node, ...]]]:
    """Nodes so that each comes after what it reads, and the loops found (each closed: first = last).

    Every loop is cut at its first edge and the search goes on, so that independent loops are reported together; of
    loops that share a column the first is told.
    """
    edges = {node: list(dict.fromkeys(needs)) for node, needs in reads.items()}
    loops: list[tuple[Node, ...]] = []
    while True:
        try:
            return tuple(TopologicalSorter(edges).static_order()), loops
        except CycleError as error:
            loop = tuple(reversed(error.args[1]))  # graphlib lists predecessors first: reversed, each reads the next
            if not any(set(loop) & set(other) for other in loops):
                loops.append(loop)
            reader, read = loop[0], loop[1]
            edges[reader] = [node for node in edges[reader] if node != read]


def spelled(loop: Iterable[Node], line_of: Callable[[Node], int | None]) -> str:
    """`a.x (line 3) -> b.y (line 9) -> a.x (line 3)`."""
    return " -> ".join(_name(node, line_of(node)) for node in loop)


def closure(start: Iterable[Node], reads: Mapping[Node, Iterable[Node]]) -> set[Node]:
    """Everything that the nodes read, directly or not, themselves included."""
    found: set[Node] = set()
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(reads.get(node, ()))
    return found


def _name(node: Node, line: int | None) -> str:
    table, column = node
    name = {ROWS: f"number of {table} rows", NUMBERS: f"row numbers of {table}"}.get(column, f"{table}.{column}")
    return name if line is None else f"{name} (line {line})"
