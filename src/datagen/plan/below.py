"""What looks at rows below: which tables are numbered on the way, which columns need that, and how large root blocks are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from datagen.contracts import NUMBERS
from datagen.plan.graph import COUNTS, ROWS, Node, closure
from datagen.plan.model import Plan, TablePlan

ROWS_AT_ONCE = 262_144  # rows of the widest table that is looked at from above, per root block
FEWEST_ROWS = 16


@dataclass(frozen=True, slots=True)
class Below:
    """numbered: tables whose row numbers somebody above looks at; walked: the columns that do; root_rows: by root table."""

    numbered: frozenset[str]
    walked: frozenset[Node]
    root_rows: Mapping[str, int]


def look_below(tables: Mapping[str, TablePlan], reads: Mapping[Node, tuple[Node, ...]]) -> Below:
    """Who looks below itself, from the dependency graph."""
    above = {name: tuple(_above(tables, name)) for name in tables}
    seen = {other for node, needs in reads.items() for other, _ in needs if _home(tables, node) in above[other]}
    if not seen:
        return Below(frozenset(), frozenset(), {})
    numbered: set[str] = set()
    walked: set[Node] = set()
    for node in reads:
        home = _home(tables, node)
        needs = closure([node], reads)
        found = {
            other for other, name in needs if name == NUMBERS and home in above[other] and other != node[0]
        }  # a stream knows its own numbers
        if found:
            numbered |= found
            walked.add(node)
    numbered |= {one for name in numbered for one in above[name][:-1]}  # they are gone through on the way
    widest: dict[str, float] = {}
    for name in seen:
        root = above[name][-1]
        each = tables[name].expected_rows / max(tables[root].rows or 1, 1)
        widest[root] = max(widest.get(root, 1.0), each)
    rows = {root: max(FEWEST_ROWS, int(ROWS_AT_ONCE / each)) for root, each in widest.items()}
    return Below(frozenset(numbered), frozenset(walked), rows)


def counted_from_below(plan: Plan) -> dict[str, tuple[Node, ...]]:
    """By table, the columns of rows below its parents that its number of rows is made of: the ledger makes them too."""
    found: dict[str, tuple[Node, ...]] = {}
    for table in plan.tables.values():
        above = () if table.parent is None else (table.parent, *_above(plan.tables, table.parent))
        needs = closure([(table.id, ROWS)], plan.reads)
        made = sorted(
            node
            for node in needs
            if node[1] not in COUNTS
            and any(one in above for one in _above(plan.tables, node[0]))
            and node[0] not in above
        )
        if made:
            found[table.id] = tuple(made)
    return found


def _home(tables: Mapping[str, TablePlan], node: Node) -> str:
    """From whose row a node looks: a stream's rows are made from those of its parent."""
    table = tables[node[0]]
    return table.parent if table.kind == "stream" and table.parent is not None else table.id


def _above(tables: Mapping[str, TablePlan], name: str) -> Iterator[str]:
    step = tables[name].parent
    while step is not None:
        yield step
        step = tables[step].parent
