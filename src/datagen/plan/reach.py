"""How far each column of an inequality can reach, so that the side made first leaves room for the side made later.

Along `a < b < c` the largest b is the largest point of its grid below the largest c, and so on down the chain; the
smallest values go up the same way. Where nothing is left of a column, or a chain of strict inequalities comes back to
where it began, no row can ever hold them, and that is said before a row is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from datagen.contracts import Generator, Scope
from datagen.errors import listed
from datagen.plan.constraints import SHOWN, Steering
from datagen.plan.graph import Node
from datagen.plan.model import ConstraintPlan

OPEN = 1e300  # beyond this a bound bounds nothing


@dataclass(frozen=True, slots=True)
class Edge:
    """`small` is below `large`, as the constraint `of` steers it. loose: a modifier may take a side anywhere."""

    small: Node
    large: Node
    strict: bool
    loose: bool
    of: Steering

    @classmethod
    def made(cls, one: Steering, moved: Collection[Node]) -> Edge:
        """The edge of a steering inequality; `moved` are the columns that modifiers may take anywhere."""
        bounded = (one.table, one.column)
        small, large = (one.other, bounded) if one.above else (bounded, one.other)
        return cls(small, large, one.strict, small in moved or large in moved, one)


@dataclass(slots=True)
class Reaches:
    """Smallest and largest possible value by column, as far as generators and the inequalities between them say."""

    low: dict[Node, float] = field(default_factory=dict)
    high: dict[Node, float] = field(default_factory=dict)

    def farthest(self, one: Steering) -> float | None:
        """The last value of the bounded side of an inequality, None where it is open."""
        reach = self.high if one.above else self.low
        edge = reach.get((one.table, one.column), math.inf)
        return edge if abs(edge) < OPEN else None


def find_reaches(
    steering: Sequence[Steering],
    generators: dict[Node, Generator],
    scope_of: Callable[[Node], Scope],
    moved: Collection[Node],
    refuse: Callable[[Edge, float, float], None],
) -> Reaches:
    """The reaches of every column that inequalities steer. refuse: told the edge that leaves a column nothing, and why.

    Each round carries every edge one step on; after as many rounds as there are columns every chain has been walked.
    """
    edges = [Edge.made(one, moved) for one in steering]
    nodes = dict.fromkeys(node for edge in edges for node in (edge.small, edge.large))
    found, scopes = Reaches(), {node: scope_of(node) for node in nodes}
    for node in nodes:
        found.low[node], found.high[node] = generators[node].support(scopes[node]) or (-math.inf, math.inf)
    for _ in nodes:
        for edge in edges:
            top, bottom = found.high[edge.large], found.low[edge.small]
            most, least = math.inf, -math.inf
            if abs(top) < OPEN:
                most = generators[edge.small].nearest(scopes[edge.small], top, "below", edge.strict)
            if abs(bottom) < OPEN:
                least = generators[edge.large].nearest(scopes[edge.large], bottom, "above", edge.strict)
            if most < found.low[edge.small] or least > found.high[edge.large]:
                if edge.loose:
                    continue  # what is drawn says little of what comes out
                refuse(edge, bottom, top)
                return found
            found.high[edge.small] = min(found.high[edge.small], most)
            found.low[edge.large] = max(found.low[edge.large], least)
    return found


def circles(declared: Sequence[ConstraintPlan]) -> list[list[ConstraintPlan]]:
    """Inequalities that come back to where they began although one of them is strict, as constraints in order."""
    below: dict[Node, list[tuple[Node, bool, ConstraintPlan]]] = {}
    for one in declared:
        if one.kind == "inequality":
            left, op, right = one.facts["left"], one.facts["op"], one.facts["right"]
            small, large = (left, right) if op in ("<", "<=") else (right, left)
            below.setdefault(small, []).append((large, op in ("<", ">"), one))
    found: list[list[ConstraintPlan]] = []
    told: set[int] = set()
    for small, steps in below.items():
        for large, strict, one in steps:
            way = _way(below, large, small) if strict and id(one) not in told else None
            if way is not None:
                found.append([one, *way])
                told.update(id(step) for step in found[-1])
    return found


def _way(
    below: dict[Node, list[tuple[Node, bool, ConstraintPlan]]], start: Node, goal: Node
) -> list[ConstraintPlan] | None:
    """The constraints along which a column is below another, None if it is not."""
    reached: dict[Node, list[ConstraintPlan]] = {start: []}
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node == goal:
            return reached[node]
        for large, _, one in below.get(node, ()):
            if large not in reached:
                reached[large] = [*reached[node], one]
                waiting.append(large)
    return None


def shown(value: float, type: str | None) -> str:
    """A reach as a message shows it."""
    return SHOWN.get(type or "float", SHOWN["float"])(value)


def spelled(circle: Sequence[ConstraintPlan]) -> str:
    """The inequalities of a circle as a message lists them."""
    return listed([one.text for one in circle])
