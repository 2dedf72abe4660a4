"""Regular expressions of constraints, read by the engine that will match them (RE2: linear time, no backtracking)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from datagen.errors import listed
from datagen.plan.model import ConstraintPlan


@dataclass(frozen=True, slots=True)
class Matched:
    """Which of some texts a pattern matches as a whole; or what is wrong with the pattern."""

    matches: tuple[bool, ...] = ()
    fault: str = ""


def match(regex: str, texts: Sequence[str]) -> Matched:
    """Match a pattern against whole texts, and against none to see whether it can be read."""
    import duckdb

    with duckdb.connect(":memory:", config={"enable_external_access": False, "threads": 1}) as database:
        try:
            rows = database.execute(
                "select regexp_full_match(value, $regex) from unnest($texts) as _(value)",
                {"regex": regex, "texts": ["", *texts]},
            ).fetchall()
        except duckdb.Error as error:
            text = str(error).splitlines()[0]
            return Matched(fault=text.rpartition("Error: ")[2] or text)
    return Matched(tuple(bool(row[0]) for row in rows[1:]))


def settled_pattern(constraint: ConstraintPlan, values: Sequence[object] | None) -> tuple[ConstraintPlan, str]:
    """A pattern against the closed list that a generator draws from: (the constraint, why it cannot hold or "").

    values: every value that the generator makes, or None when there is no closed list.
    """
    found = match(constraint.facts["regex"], [str(value) for value in values or ()])
    if found.fault:
        return constraint, f"the pattern cannot be read: {found.fault}"
    if not values:
        return constraint, ""
    wrong = [str(value) for value, fits in zip(values, found.matches, strict=True) if not fits]
    if len(wrong) == len(values):
        return constraint, f"the generator makes {listed(wrong)} only"
    if wrong:
        return constraint, ""
    return replace(constraint, status="held", reason="every value that the generator makes matches"), ""
