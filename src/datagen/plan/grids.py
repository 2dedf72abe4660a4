"""Grids: a table with one row per driving parent and row of another table, such as every user in every week."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import NUMBERS, Block, Fill
from datagen.errors import did_you_mean, listed
from datagen.plan.fanout import FixedCounts
from datagen.plan.names import TableDraft, ancestors, declared, find_table

if TYPE_CHECKING:
    from datagen.plan.binding import Binding
    from datagen.plan.drafts import Drafting


@dataclass(frozen=True, slots=True)
class EachCounts:
    """One row per row of another table, whose number the ledger tells."""

    other: str
    expected: float
    largest: float
    description: str
    guessed: bool
    fills: Mapping[str, Fill] = field(default_factory=dict)

    def expected_pairs(self) -> float:
        """Pairs of rows of one parent."""
        return self.expected * max(self.expected - 1.0, 0.0) / 2.0

    def __call__(self, parent: Block) -> NDArray[np.int64]:
        return np.full(parent.rows, parent.total(self.other), dtype=np.int64)


def settle_each(made: Drafting, refuse: Callable[..., None]) -> None:
    """Find the other table of every grid. Faults go to `refuse(code, loc, **facts)`."""
    for table in made.tables.values():
        spec = made.nodes[table.id].get("fanout")
        if not isinstance(spec, Mapping) or spec.get("each") is None or table.parent is None:
            continue
        name = str(spec["each"])
        at = (*table.loc, "fanout", "each")
        other = find_table(made.tables, name)
        if other is None:
            refuse(
                "ref.unknown_table",
                at,
                found=f"'{name}'",
                expected=f"a table: {listed(declared(made.tables))}",
                hint=did_you_mean(name, made.tables),
            )
            continue
        above = ancestors(made.tables, table)
        if other is table or other.id in above or table.id in ancestors(made.tables, other):
            what = (
                "the table itself"
                if other is table
                else f"above {table.id}: its rows have that one already"
                if other.id in above
                else f"below {table.id}: its rows come from it"
            )
            refuse(
                "fanout.each_table",
                at,
                found=f"each: {other.id}, which is {what}",
                expected=f"a table beside {table.id}, whose rows are there without it",
            )
            continue
        beside = sorted(key for key, value in spec.items() if key != "each" and value not in (None, {}, [], False))
        if beside:
            refuse(
                "fanout.each_shaped",
                (*table.loc, "fanout", beside[0]),
                key=True,
                found=f"{listed(beside)} beside each: {other.id}, which has one row of every pair",
                expected="each alone",
                hint="`when` on a column leaves values out, and a law instead of `each` picks rows by a lookup",
            )
        table.each = other.id


def bind_grid(binding: Binding, table: TableDraft) -> None:
    """The number of rows of a grid: as many as the other table has, for every parent."""
    assert table.each is not None
    other, behaviors = table.each, binding.behaviors
    picks = any(
        column.points_to is not None and column.points_to[0] == other and (table.id, column.name) in behaviors.picks
        for column in table.columns.values()
    )
    shaped = [
        text
        for text, there in (
            ("segments", behaviors.rates.get(table.id)),
            ("ages", behaviors.ages.get(table.id) or behaviors.leaving.get(table.id)),
            ("segments or ages of what it pairs", picks),
            ("experiments", binding.trials.rates.get(table.id)),
            ("effects on its volume", binding.drafting.table_modifiers[table.id]),
        )
        if there
    ]
    if shaped:
        binding.refuse(
            "fanout.each_shaped",
            (*table.loc, "fanout", "each"),
            found=f"{listed(shaped)} that would change the rows of {table.id}, which has one of every pair",
            expected="what changes rows on other tables only",
            hint=f"name the tables that it is meant for under applies_to, without {table.id}",
        )
    rows, text = binding.known_rows(other), f"one row per row of {other}"
    if rows is not None:
        binding.counts[table.id] = FixedCounts(rows, float(rows), float(rows), text)
        return
    counts = binding.counts.get(other)
    binding.counts[table.id] = EachCounts(
        other=other,
        expected=binding.expected_rows(other),
        largest=most_rows(binding, other),
        description=text,
        guessed=counts is None or counts.guessed,
    )


def most_rows(binding: Binding, table: str) -> float:
    """The most rows that a table can have at all; infinite where a fan-out is open."""
    parent = binding.tables[table].parent
    if parent is None:
        return float(binding.drafting.rows[table] or 0)
    above = most_rows(binding, parent)
    return 0.0 if above == 0 else above * binding.most_rows(table)


def grid_reads(table: TableDraft) -> list[tuple[str, str]]:
    """What the rows of a grid depend on: how many rows the other table has."""
    return [] if table.each is None else [(table.each, NUMBERS)]
