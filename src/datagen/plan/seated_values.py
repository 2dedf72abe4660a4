"""Multipliers of segments and ages on the values of a column: what they read, and the step behind its modifiers."""

from __future__ import annotations

from typing import Any

import numpy as np

from datagen.contracts import Block, Change, Reader, Values
from datagen.modifiers._scaled import scaled
from datagen.plan.behaviors import AgeFactor, Factors, path_to
from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.names import ColumnDraft
from datagen.rows._mapped import mapped


def seated_reads(binding: Binding, column: ColumnDraft) -> list[str]:
    """Names that the multipliers of a column read in its row."""
    table = binding.tables[column.table]
    found: list[str] = []
    for one in binding.behaviors.values.get((column.table, column.name), ()):
        name = path_to(binding, table, one.entity, one.column if isinstance(one, Factors) else one.created)
        found += [] if name is None else [name]
        time = time_column_of(table)
        if isinstance(one, AgeFactor) and time is not None:
            found.append(time)
    return found


def seated_texts(binding: Binding, column: ColumnDraft) -> list[str]:
    """What each of the multipliers of a column does, in words, in the order of `seated_changes`."""
    return [one.text for one in binding.behaviors.values.get((column.table, column.name), ())]


def seated_changes(binding: Binding, column: ColumnDraft) -> list[Change]:
    """The multipliers of a column, segments first, as steps; findings where they cannot act."""
    table = binding.tables[column.table]
    seats = binding.behaviors.values.get((column.table, column.name), ())
    scope = binding.scope_of(column)
    changes: list[Change] = []
    if seats and column.type not in ("int", "float"):
        binding.refuse(
            "behavior.not_a_number",
            column.loc,
            found=f"{seats[0].text} on {column.name} of type {column.type}",
            expected="a column of numbers",
        )
        return []
    for one in seats:
        name = path_to(binding, table, one.entity, one.column if isinstance(one, Factors) else one.created)
        if name is None:
            raise AssertionError(f"{column.table} was found to refer to {one.entity}")
        if isinstance(one, Factors):
            changes.append(_by_segment(scope.read(name), one))
            continue
        time = time_column_of(table)
        if time is None or time == column.name:
            binding.refuse(
                "vintage.rows_without_time",
                column.loc,
                found=f"{one.text} on {column.table}.{column.name}, whose rows have no time",
                expected=f"a datetime column in {column.table}",
            )
            continue
        changes.append(_by_age(scope.read(name), scope.read(time), one))
    return changes


def _by_segment(reader: Reader, one: Factors) -> Change:
    def change(block: Block, values: Values) -> Values:
        return values.changed(kind="float", array=scaled(values, mapped(reader(block), one.by_value)))

    return change


def _by_age(created: Reader, time: Reader, one: AgeFactor) -> Change:
    def change(block: Block, values: Values) -> Values:
        start, now = created(block), time(block)
        known: Any = None
        for valid in (start.valid, now.valid):
            known = valid if known is None else known if valid is None else known & valid
        ages = (np.asarray(now.array, dtype=np.int64) - np.asarray(start.array, dtype=np.int64)) / one.curve.unit
        factors = one.curve.value(ages if known is None else np.where(known, ages, 0.0))
        if known is not None:
            factors = np.where(known, factors, 1.0)
        return values.changed(kind="float", array=scaled(values, factors))

    return change
