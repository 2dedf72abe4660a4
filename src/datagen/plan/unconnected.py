"""Which columns have nothing to do with each other: no declared effect, no common cause and no common selection.

Two columns are apart when nothing that the one depends on is among what the other depends on. Where that is not sure they
count as connected: a placebo must be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from datagen.contracts import NUMBERS
from datagen.plan.graph import COUNTS, ROWS, Node
from datagen.plan.model import Plan
from datagen.schema.tree import Document

AMONG_SIBLINGS = re.compile(
    r"\b(?:ordinal|sibling_count|siblings)\b", re.IGNORECASE
)  # what knows how many rows there are
TOGETHER = "#together"  # what the correlated columns of a table are drawn from
NUMBERED = ("", NUMBERS)  # all row numbers count as one: those of children follow those of their parents


class Connections:
    """What every column of a plan depends on."""

    def __init__(self, plan: Plan, document: Document) -> None:
        self.plan = plan
        self._reads: dict[Node, list[Node]] = {node: list(needs) for node, needs in plan.reads.items()}
        self._causes: dict[Node, frozenset[Node]] = {}
        for table in plan.tables.values():
            for column in table.columns.values():
                if AMONG_SIBLINGS.search(_text(document.root, column.loc)):
                    self._reads.setdefault((table.id, column.name), []).append((table.id, ROWS))
            node = _at(document.root, table.loc)
            own = {name.lower(): name for name in table.columns}
            for group in (node.get("correlations") if isinstance(node, Mapping) else None) or ():
                for name in group.get("columns") or ():
                    drawn = (table.id, own.get(str(name).lower(), str(name)))
                    self._reads.setdefault(drawn, []).append((table.id, TOGETHER))

    def causes(self, node: Node) -> frozenset[Node]:
        """Everything that a column depends on, itself included; keys left out, which are numbers and say nothing."""
        if node not in self._causes:
            found: set[Node] = set()
            waiting = [node]
            while waiting:
                one = waiting.pop()
                if one in found:
                    continue
                found.add(one)
                if one != NUMBERED:  # which number a row has says nothing of what made the rows before it
                    waiting += [_number(need) for need in self._reads.get(one, ()) if not self._key(need)]
            self._causes[node] = frozenset(found)
        return self._causes[node]

    def apart(self, one: Node, other: Node, selected_by: Iterable[Node] = ()) -> bool:
        """Whether two columns are independent among rows that were chosen by certain numbers of rows and picks."""
        ours, theirs = self.causes(one), self.causes(other)
        if ours & theirs:
            return False
        return not any((chosen := self.causes(node)) & ours and chosen & theirs for node in selected_by)

    def declared(self, segment: Node, table: str, measure: str | None = None) -> bool:
        """Whether an effect of a column on the rows of a table (or on a column in them) is declared."""
        time = self.plan.tables[table].time_column
        for effect in self.plan.effects:
            if effect.table != table or segment not in effect.columns:
                continue
            values = {name for home, name in effect.columns if home == table and name != time}
            if measure in values or (measure is None and not values):
                return True
        return False

    def by_row(self, node: Node) -> bool:
        """Whether the values of a column are drawn row by row, with nothing in common between rows."""
        return all(one == NUMBERED or (one[0] == node[0] and one[1] not in COUNTS) for one in self.causes(node))

    def _key(self, node: Node) -> bool:
        table, name = node
        plan = self.plan.tables.get(table)
        return plan is not None and (name == plan.pk or (name == ROWS and plan.parent is None))


def _number(node: Node) -> Node:
    return NUMBERED if node[1] == NUMBERS else node


def _at(tree: Any, loc: Iterable[str | int]) -> Any:
    for step in loc:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _text(tree: Any, loc: Iterable[str | int]) -> str:
    found = _at(tree, loc)
    return "" if found is None else repr(found)
