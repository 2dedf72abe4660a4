"""The ledger: exact rows of every table in every grain, hence row numbers, dense keys, quotas and progress, before a row is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datagen.engine.grain import Grain
from datagen.plan.graph import ROWS, closure
from datagen.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Ledger:
    """rows: of each table; offsets: by grain number, the row number at which each table's rows of that grain begin."""

    rows: Mapping[str, int]
    offsets: Mapping[int, Mapping[str, int]]
    per_grain: Mapping[int, Mapping[str, int]]


def summed(plan: Plan, cut: Sequence[Grain], counted: Mapping[int, Mapping[str, int]]) -> Ledger:
    """The ledger from the totals of the grains, by a running sum in grain order."""
    rows = {table: 0 for table in plan.tables}
    offsets: dict[int, dict[str, int]] = {}
    for grain in cut:
        offsets[grain.number] = {table: rows[table] for table in counted[grain.number]}
        for table, number in counted[grain.number].items():
            rows[table] += number
    return Ledger(rows, offsets, dict(counted))


def counting_order(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Root tables in waves: a tree whose numbers of rows read another tree's rows is counted after it."""
    root_of: dict[str, str] = {}
    for table in plan.tables.values():
        step = table
        while step.parent is not None:
            step = plan.tables[step.parent]
        root_of[table.id] = step.id
    needs: dict[str, set[str]] = {root.id: set() for root in plan.roots}
    for table in plan.tables.values():
        if table.parent is None:
            continue
        for other, column in closure([(table.id, ROWS)], plan.reads):
            if column == ROWS and root_of[other] != root_of[table.id] and plan.tables[other].parent is not None:
                needs[root_of[table.id]].add(root_of[other])
    waves: list[tuple[str, ...]] = []
    done: set[str] = set()
    while len(done) < len(needs):
        wave = tuple(root for root, wanted in needs.items() if root not in done and wanted <= done)
        if not wave:
            raise AssertionError("the plan let numbers of rows depend on each other in a circle")
        waves.append(wave)
        done.update(wave)
    return tuple(waves)
