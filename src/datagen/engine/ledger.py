"""The ledger: exact rows of every table in every grain, hence row numbers, dense keys, quotas and progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from datagen.engine.grain import Grain
from datagen.plan.graph import COUNTS, ROWS, closure
from datagen.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Ledger:
    """rows: of each table; offsets: by grain number, the row number at which each table's rows of that grain begin."""

    rows: Mapping[str, int]
    offsets: Mapping[int, Mapping[str, int]]
    per_grain: Mapping[int, Mapping[str, int]]


def summed(plan: Plan, cut: Sequence[Grain], counted: Mapping[int, Mapping[str, int]]) -> Ledger:
    """The ledger from the totals of the grains, by a running sum in grain order; it knows the tables that were counted."""
    rows = {table.id: table.rows or 0 for table in plan.roots}
    begun: dict[str, int] = {}
    offsets: dict[int, dict[str, int]] = {}
    for grain in cut:
        offsets[grain.number] = {table: begun.get(table, 0) for table in counted[grain.number]}
        for table, number in counted[grain.number].items():
            begun[table] = begun.get(table, 0) + number
    return Ledger(rows | begun, offsets, {number: dict(totals) for number, totals in counted.items()})


def taken(
    plan: Plan,
    cut: Sequence[Grain],
    count: Callable[[Sequence[Grain], frozenset[str]], Mapping[int, Mapping[str, int]]],
    tell: Callable[[Ledger], None],
) -> Ledger:
    """The ledger of a plan, wave by wave: `count` makes the totals of some tables in some grains, `tell` passes them on."""
    counted: dict[int, dict[str, int]] = {}
    ledger = summed(plan, (), {})
    for wave in counting_order(plan):
        roots = {_root(plan, table) for table in wave}
        for number, totals in count([grain for grain in cut if grain.root in roots], wave).items():
            counted.setdefault(number, {}).update(totals)
        ledger = summed(plan, [grain for grain in cut if grain.number in counted], counted)
        tell(ledger)
    return ledger


def waves(plan: Plan) -> dict[str, int]:
    """The wave of every table: one whose counts read the row numbers of another, or pick from it, is counted after it."""
    found: dict[str, int] = {}

    def wave(table: str) -> int:
        if table not in found:
            parent = plan.tables[table].parent
            if parent is None:
                found[table] = 0
            else:
                # the parents' own counts are needed in any case, their row numbers only where somebody asks for them
                needs = closure([need for need in plan.reads[table, ROWS] if need != (parent, ROWS)], plan.reads)
                known = {other for other, name in needs if name in COUNTS and plan.tables[other].parent is not None}
                found[table] = max([wave(parent), *(wave(other) + 1 for other in known)])
        return found[table]

    for table in plan.tables:
        wave(table)
    return found


def counting_order(plan: Plan) -> tuple[frozenset[str], ...]:
    """The tables wave by wave."""
    found = waves(plan)
    return tuple(
        frozenset(table for table in found if found[table] == place)
        for place in range(max(found.values(), default=-1) + 1)
    )


def _root(plan: Plan, table: str) -> str:
    parent = plan.tables[table].parent
    return table if parent is None else _root(plan, parent)
