"""Reserved ranges of numbered keys: how many rows fit into one, and whether a table can grow out of it.

The sure and the expected rows must fit, or the document is refused; where the largest possible number does not, the plan
says how likely that is, and the run stops after counting, before a row is written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from datagen.plan.binding import Binding
from datagen.plan.model import ConstraintPlan
from datagen.rows._contract import most_expected

UNLIKELY = 4.75  # standard deviations: one seed in a million
MOST_ROWS = 2**62

Ends = Callable[[int], tuple[float, float] | None]


def room(ends: Ends, low: float, high: float) -> int:
    """The most rows whose values, numbered from the first on, all lie in a range."""

    def fits(rows: int) -> bool:
        found = ends(rows)
        return found is not None and low <= found[0] and found[1] <= high

    least, most = 0, MOST_ROWS
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if fits(middle) else (least, middle - 1)
    return least


def spread_of(binding: Binding, table: str) -> float | None:
    """The standard deviation of a table's number of rows over the seeds; None where it is not known."""
    variance = _variance(binding, table)
    return None if variance is None else math.sqrt(max(variance, 0.0))


def most_expected_rows(binding: Binding, table: str) -> float:
    """No less than the expected rows of a table, also where these are a guess; infinite where nobody can tell."""
    parent, counts = binding.tables[table].parent, binding.counts.get(table)
    if parent is None or getattr(counts, "whole", None) is not None:
        return binding.expected_rows(table)
    if counts is None:
        return math.inf
    if binding.drafting.kinds[table] == "stream":
        return sum(most_expected_rows(binding, one.table) for one in counts.merging.emits)
    each, above = most_expected(counts), most_expected_rows(binding, parent)
    return 0.0 if 0.0 in (each, above) else each * above


def _variance(binding: Binding, table: str) -> float | None:
    parent, counts = binding.tables[table].parent, binding.counts.get(table)
    if parent is None or getattr(counts, "whole", None) is not None:
        return 0.0
    if counts is not None and binding.drafting.kinds[table] == "stream":  # its emits may go together
        parts = [spread_of(binding, one.table) for one in counts.merging.emits]
        known = [part for part in parts if part is not None]
        return sum(known) ** 2 if len(known) == len(parts) else None
    above = _variance(binding, parent)
    if above is None or counts is None:
        return None
    mean = most_expected(counts)
    if not math.isfinite(mean):
        return None
    if getattr(counts, "moves", ""):  # an exact mean: nothing but the parents varies
        return above * mean * mean
    pairs = counts.expected_pairs() if hasattr(counts, "expected_pairs") else None
    if pairs is None:
        return None
    each = 2.0 * float(pairs) + mean - mean * mean
    return above * mean * mean + most_expected_rows(binding, parent) * max(each, 0.0)


def limits(binding: Binding, table: str) -> tuple[float, float]:
    """The fewest and the most rows that a table can have."""
    known = binding.known_rows(table)
    if known is not None:
        return float(known), float(known)
    parent = binding.tables[table].parent
    assert parent is not None  # rows of a root are known
    fewest, most = limits(binding, parent)
    each = binding.most_rows(table)
    return fewest * binding.fewest_rows(table), 0.0 if 0.0 in (most, each) else most * each


def reserved(
    binding: Binding, constraint: ConstraintPlan, ends: Ends, low: float, high: float
) -> tuple[ConstraintPlan, str]:
    """A range on a numbered column: (the constraint with its room, why it can never hold or "")."""
    table, column = constraint.facts["table"], constraint.facts["column"]
    fits = room(ends, low, high)
    fewest, most = limits(binding, table)
    expected = binding.expected_rows(table)
    guessed = _guessed(binding, table)
    if fewest > fits or (expected > fits + 0.5 and not guessed):
        rows = max(int(fewest), round(expected) if not guessed else 0, 1)
        found = ends(rows)
        assert found is not None  # the column is numbered
        count = (
            f"{rows:,} rows"
            if fewest == most
            else f"about {rows:,} rows"
            if rows > fewest
            else f"{rows:,} rows or more"
        )
        return (
            constraint,
            f"its rows count from {found[0]:,.10g} to {found[1]:,.10g}: {count} of {table}, and {fits:,} fit",
        )
    constraint = replace(constraint, facts={**constraint.facts, "room": fits})
    if most <= fits:
        reason = f"{most:,.0f} rows at most, and {fits:,} fit"
        return replace(constraint, status="held", reason=reason), ""
    constraint = replace(constraint, reason=f"counted before writing: {fits:,} rows fit")
    deviation = spread_of(binding, table)
    if deviation is not None and most_expected_rows(binding, table) + UNLIKELY * deviation <= fits:
        return constraint, ""
    known = deviation is not None and not guessed
    likely = f", and more than fit in {_chance(fits + 0.5 - expected, deviation or 0.0)} of seeds" if known else ""
    about = "perhaps" if guessed else "about"
    binding.refuse(
        "range.may_overflow",
        constraint.loc,
        found=f"{table}.{column} has room for {fits:,} rows; {about} {expected:,.0f} are expected, "
        + (f"{most:,.0f} possible" if math.isfinite(most) else "any number possible")
        + likely,
        expected="a table that always fits",
        hint="a total or a mean in the fanout keeps the number of rows; without it the run may stop before it writes",
        severity="warning",
    )
    return constraint, ""


def _guessed(binding: Binding, table: str) -> bool:
    """Whether the expected rows are a guess, here or above."""
    parent, counts = binding.tables[table].parent, binding.counts.get(table)
    if parent is None or getattr(counts, "whole", None) is not None:
        return False
    return bool(counts is None or counts.guessed) or _guessed(binding, parent)


def _chance(gap: float, deviation: float) -> str:
    share = 0.5 * math.erfc(gap / max(deviation, 1e-9) / math.sqrt(2.0))
    return f"{100 * share:.2g} %"


def overflowing(constraint: ConstraintPlan, rows: Any) -> int | None:
    """Rows of a table that has grown out of a reserved range, None where it has not."""
    fits = constraint.facts.get("room")
    table = constraint.facts.get("table")
    return int(rows[table]) if fits is not None and rows[table] > fits else None
