"""Which declared constraints are looked at in the written files, and along which keys their two sides meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen.plan import composite
from datagen.plan.model import ConstraintPlan, Plan, TablePlan

FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def hops_between(tables: Mapping[str, TablePlan], start: str, goal: str) -> tuple[tuple[str, str, str], ...] | None:
    """(key, table, column) steps from a row of `start` to its one row of `goal`: along a key, else by driving parents."""
    table = tables[start]
    own = [column for column in table.visible if column.points_to is not None and not column.picks_another]
    direct = [column for column in own if column.points_to is not None and column.points_to[0] == goal]
    keys = [column for column in direct if column.points_to == (goal, tables[goal].pk)] or direct
    if len(keys) == 1 and keys[0].points_to is not None:
        return ((keys[0].name, *keys[0].points_to),)
    if table.parent is None:
        return None
    up = [column for column in own if column.points_to == (table.parent, tables[table.parent].pk)]
    if not up or up[0].points_to is None:
        return None
    step = (up[0].name, *up[0].points_to)
    if table.parent == goal:
        return (step,)
    rest = hops_between(tables, table.parent, goal)
    return None if rest is None else (step, *rest)


def looked_at(plan: Plan, constraint: ConstraintPlan, written: set[str]) -> dict[str, Any] | None:
    """A value constraint as the check wants it: {kind, text, table, column, facts, hops}; None when the files cannot tell.

    They cannot where a side is hidden or not written, or no written key leads from one side to the other.
    """
    facts = dict(constraint.facts)
    if constraint.kind in ("range", "enum", "pattern", "weekend_share", "mean_in_range"):
        if "enum_ref" in facts and not _shown(plan, facts["enum_ref"], written):
            return None
        if not _shown(plan, (facts["table"], facts["column"]), written):
            return None
        return {
            "kind": constraint.kind,
            "text": constraint.text,
            "table": facts["table"],
            "column": facts["column"],
            "facts": facts,
            "hops": (),
        }
    if constraint.kind == composite.KIND:
        return _composite(plan, constraint, written)
    if constraint.kind != "inequality":
        return None
    left, op, right = facts["left"], facts["op"], facts["right"]
    if not (_shown(plan, left, written) and _shown(plan, right, written)):
        return None
    for row, other, sign in ((left, right, op), (right, left, FLIPPED[op])):
        hops = () if row[0] == other[0] else _hops(plan, row[0], other[0], facts.get("along"))
        if hops is not None and all(hop[1] in written for hop in hops):
            return {
                "kind": "inequality",
                "text": constraint.text,
                "table": row[0],
                "column": row[1],
                "facts": {"op": sign, "other": other[1]},
                "hops": hops,
            }
    return None


def _hops(plan: Plan, start: str, goal: str, along: str | None) -> tuple[tuple[str, str, str], ...] | None:
    """The steps of `hops_between`, or the one along a key that the constraint names."""
    key = None if along is None else plan.all_tables[start].columns.get(along)
    if along is None:
        return hops_between(plan.all_tables, start, goal)
    if key is None or key.hidden or key.points_to is None or key.points_to[0] != goal:
        return None
    return ((along, *key.points_to),)


def _composite(plan: Plan, constraint: ConstraintPlan, written: set[str]) -> dict[str, Any] | None:
    facts = dict(constraint.facts)
    found: list[dict[str, Any]] = []
    for one in facts["influences"]:
        hops = () if one["table"] == facts["table"] else hops_between(plan.all_tables, facts["table"], one["table"])
        nodes = [(facts["table"], facts["column"]), *composite.nodes_of(one)]
        if hops is None or not all(hop[1] in written for hop in hops):
            return None
        if not all(_shown(plan, node, written) for node in nodes):
            return None
        found.append({**one, "hops": hops})
    return {
        "kind": constraint.kind, "text": constraint.text, "table": facts["table"], "column": facts["column"],
        "facts": {**facts, "influences": found}, "hops": (),
    }  # fmt: skip


def _shown(plan: Plan, node: tuple[str, str], written: set[str]) -> bool:
    table, column = node
    return table in written and not plan.all_tables[table].columns[column].hidden
