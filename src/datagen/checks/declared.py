"""What a plan declares of the tables in the files: columns, keys, references, numbers of rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from datagen.plan.fanout import FixedCounts, LawCounts
from datagen.plan.model import Plan, TablePlan
from datagen.plan.spoils import may_repeat, unique_groups
from datagen.sinks.describe import foreign_keys
from datagen.sinks.manifest import ForeignKey

ENOUGH = 100  # parents, and rows of theirs, that are not all without rows by chance
NEVER = 1e-6  # how often chance may leave a table empty that is reported
EVEN = (np.arange(2_000) + 0.5) / 2_000


@dataclass(frozen=True, slots=True)
class DeclaredTable:
    """One written table. columns: name -> type; nullable: those that may be null, as written.

    unique: groups of columns besides the key; spoiled: column -> share of its values that errors of recording change to
    others; nulled: column -> share that they take away; copied: rows may stand twice. rows: where they are declared, None
    where they are drawn; expected: about how many, of a table that cannot be empty by chance. free: columns whose values
    may repeat because of such errors.
    """

    name: str
    columns: Mapping[str, str]
    nullable: frozenset[str]
    primary_key: str | None
    unique: tuple[tuple[str, ...], ...]
    foreign_keys: tuple[ForeignKey, ...]
    rows: int | None
    expected: float | None = None
    copied: float | None = None
    spoiled: Mapping[str, float] = field(default_factory=dict)
    nulled: Mapping[str, float] = field(default_factory=dict)

    def share_spoiled(self, *columns: str) -> float:
        """The share of rows in which errors of recording may change one of the columns."""
        return min(sum(self.spoiled.get(column, 0.0) for column in columns), 1.0)


def declared_tables(plan: Plan, written: Collection[str], *, same: bool = False) -> dict[str, DeclaredTable]:
    """The visible tables of a plan that should be in the files, in document order.

    same: the data were made from this very plan.
    """
    shown = [table for table in plan.all_tables.values() if not table.hidden and table.id in written]
    return {table.id: _declared(plan, table, written, same=same) for table in shown}


def _declared(plan: Plan, table: TablePlan, written: Collection[str], *, same: bool) -> DeclaredTable:
    shown = {column.name for column in table.visible}
    keys = tuple(
        key for key in foreign_keys(plan, table)
        if key.column in shown and key.table in written and not plan.all_tables[key.table].columns[key.to_column].hidden
    )  # fmt: skip
    copies = table.copies
    rows = exact_rows(plan, table, same=same)
    return DeclaredTable(
        name=table.id,
        columns={column.name: column.written_type for column in table.visible},
        nullable=frozenset(
            column.name for column in table.visible
            if column.seal.nullable or any(spoil.nulls for spoil in column.spoils)
        ),
        primary_key=table.pk if table.pk in shown else None,
        unique=tuple(
            dict.fromkeys(
                group for group in unique_groups(plan, table)
                if set(group) <= shown and (not may_repeat(table, group) or table.copies is not None)
            )
        ),
        foreign_keys=keys,
        rows=rows if rows is None or copies is None else None,
        expected=surely_rows(plan, table),
        copied=None if copies is None else copies.rate,
        spoiled={
            column.name: sum(spoil.rate for spoil in column.spoils if not spoil.nulls)
            for column in table.visible if column.spoils
        },
        nulled={
            column.name: sum(spoil.rate for spoil in column.spoils if spoil.nulls)
            for column in table.visible if any(spoil.nulls for spoil in column.spoils)
        },
    )  # fmt: skip


def surely_rows(plan: Plan, table: TablePlan) -> float | None:
    """The expected rows of a table whose rows are drawn; None where chance may leave it without any.

    Under a law that all parents share the chance of a parent without rows is known. Elsewhere a hundred parents with a
    hundred rows between them are taken to have one.
    """
    if table.id in plan.derived or table.parent is None or table.rows_guessed or not table.expected_rows:
        return None
    parents = plan.tables[table.parent].expected_rows
    counts: Any = table.counts
    if isinstance(counts, LawCounts) and counts.volume is None and counts.draw.constant:
        without = float((counts.draw.quantile(EVEN, None) < 1).mean()) if counts.clamp[0] < 1 else 0.0
        sure = parents >= 1 and without**parents < NEVER
    else:
        sure = min(parents, table.expected_rows) >= ENOUGH
    return table.expected_rows if sure else None


def exact_rows(plan: Plan, table: TablePlan, *, same: bool = False) -> int | None:
    """The rows that a document declares; None where they are drawn, or made by SQL.

    same: rows that arrive at a rate are told as well; how many there are follows from the seed while the plan is made.
    """
    if table.id in plan.derived:
        return None
    if table.parent is None:
        return table.rows if same or not table.arriving else None
    whole = getattr(table.counts, "whole", None)
    if whole is not None:
        return int(whole)
    above = exact_rows(plan, plan.tables[table.parent], same=same)
    counts: Any = table.counts
    return None if above is None or not isinstance(counts, FixedCounts) else counts.number * above
