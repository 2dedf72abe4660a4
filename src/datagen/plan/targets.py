"""`targets`: goals that the made data is measured against. They never refuse a plan; what will miss one is said beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from datagen.errors import listed
from datagen.kernel import clock
from datagen.plan import composite
from datagen.plan.binding import Binding
from datagen.plan.model import ConstraintPlan, DerivedPlan
from datagen.plan.names import ColumnDraft, NameFault, TableDraft, find_column, find_table
from datagen.plan.predicted import Ends, predicted_mean
from datagen.plan.told import told_name
from datagen.schema.weights import share

KINDS = {"weekend_share": "timestamp", "mean_in_range": "column", composite.KIND: "metric"}
NUMBERS = ("int", "float")
TYPES = {"weekend_share": ("datetime", "date"), "mean_in_range": NUMBERS, composite.KIND: NUMBERS}
SATURDAY = 5


def read_targets(binding: Binding) -> list[ConstraintPlan]:
    """The targets of a document as constraints that are looked at. Unknown names are refused.

    Those on tables that are made after all others wait for `targets_of_derived`.
    """
    return _targets(binding, binding.tables, later=False)


def targets_of_derived(binding: Binding, derived: Mapping[str, DerivedPlan]) -> list[ConstraintPlan]:
    """The targets on tables by SQL and on streams that are put in order at the end."""
    if set(derived) != set(binding.drafting.derived):
        return []  # what is wrong with the tables is told already
    from datagen.plan.derived import drafts_of  # with a reader of SQL, for documents that have such tables

    return _targets(binding, {**binding.tables, **drafts_of(derived)}, later=True)


def _targets(binding: Binding, tables: Mapping[str, TableDraft], *, later: bool) -> list[ConstraintPlan]:
    made_later = {name.lower() for name in binding.drafting.derived}
    declared = binding.document.root.get("targets") or {}
    found: list[ConstraintPlan] = []
    for kind, key in KINDS.items():
        entries: Any = declared.get(kind)
        several = isinstance(entries, Sequence) and not isinstance(entries, str)
        listed_entries: list[Any] = list(entries) if several else [] if entries is None else [entries]
        for place, entry in enumerate(listed_entries):
            at = ("targets", kind, place) if several else ("targets", kind)
            waits = str(entry["table"]).lower() in made_later and find_table(binding.tables, entry["table"]) is None
            one = _target(binding, tables, kind, key, entry, at) if waits == later else None
            if one is not None:
                found.append(one)
    return found


def _target(
    binding: Binding, tables: Mapping[str, TableDraft], kind: str, key: str, entry: Mapping[str, Any],
    at: tuple[str | int, ...],
) -> ConstraintPlan | None:  # fmt: skip
    column = find_column(tables, f"{entry['table']}.{entry[key]}")
    if isinstance(column, NameFault):
        unknown = column.code == "ref.unknown_table"
        binding.refuse(column.code, (*at, "table" if unknown else key), **column.facts)
        return None
    if column.type not in TYPES[kind]:
        binding.refuse(
            "target.column_type",
            (*at, key),
            found=f"{column.table}.{column.name} of type {column.type}",
            expected=f"a column of type {listed(TYPES[kind])}",
        )
        return None
    if kind == composite.KIND:
        return _composite(binding, tables, column, entry, at)
    low, high = (None if entry.get(end) is None else share(entry[end]) for end in ("min", "max"))
    what = (
        f"share of {told_name(column.table)} rows at weekends"
        if kind == "weekend_share"
        else f"mean of {told_name(column.table)}.{column.name}"
    )
    text = f"{what} by {column.name}" if kind == "weekend_share" else what
    text += f" in {'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"
    facts = {"table": told_name(column.table), "column": column.name, "min": low, "max": high}
    return ConstraintPlan(kind, text, "checked", "a target, measured afterwards", facts, at)


def _composite(
    binding: Binding, tables: Mapping[str, TableDraft], column: ColumnDraft, entry: Mapping[str, Any],
    at: tuple[str | int, ...],
) -> ConstraintPlan | None:  # fmt: skip
    influences = composite.read_influences(binding, tables, column, entry, at)
    if not influences:
        return None
    tolerance = composite.tolerance_of(entry)
    names = listed(tuple(dict.fromkeys(one["name"] for one in influences)))
    within = listed(tuple(f"{key} {value:g}" for key, value in tolerance.items()))
    text = f"mean of {told_name(column.table)}.{column.name} by {names} within {within} of the product of their factors"
    facts = {"table": told_name(column.table), "column": column.name, "influences": influences, "tolerance": tolerance}
    return ConstraintPlan(composite.KIND, text, "checked", "a target, measured afterwards", facts, at)


def say_missed(binding: Binding, targets: Sequence[ConstraintPlan]) -> None:
    """Warn of targets that what is declared is predicted to miss, as far as a column's numbers are known."""
    for one in targets:
        if one.kind == composite.KIND:
            continue
        ends = _predicted(binding, one)
        if ends is None or not all(map(math.isfinite, ends)):
            continue
        slack = 0.02 * max(*map(abs, ends), 1e-12)  # the numbers foreseen are a thousand representative ones
        low, high = one.facts["min"], one.facts["max"]
        if (low is None or ends[1] >= low - slack) and (high is None or ends[0] <= high + slack):
            continue
        told = " to ".join(dict.fromkeys(f"{end:.4g}" for end in ends))
        binding.refuse(
            "target.predicted_miss",
            one.loc,
            found=f"{one.text}: what is declared gives about {told}",
            expected="laws that meet the target, or a target that they can meet",
            severity="warning",
        )


def _predicted(binding: Binding, target: ConstraintPlan) -> Ends | None:
    """The ends between which the figure of a target will lie."""
    table, column = target.facts["table"], target.facts["column"]
    if target.kind != "weekend_share":
        return predicted_mean(binding, table, column)
    tell = binding.foreseen.get((table, column))
    times = tell() if tell is not None else None
    if times is None or not len(times):
        return None
    found = float(np.mean(clock.dow(np.asarray(times).astype(np.int64)) >= SATURDAY))
    return found, found
