"""Random formulas in two spellings, ours and DuckDB's: what they are, and the choices that any type can be made by.

The two spellings differ only where the language differs on purpose: numbers are 64-bit (DuckDB would read 1.5 as a
decimal), and what has no value is null (DuckDB gives an infinity or an error there).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from tests.expressions.columns import DUCK, TEXTS, TYPES


@dataclass(frozen=True)
class Formula:
    """The same formula in our spelling and in DuckDB's; `steps`: DuckDB's spelling of each number made on the way."""

    ours: str
    duck: str
    steps: tuple[str, ...] = ()


def joined(pattern: str, *parts: Formula, duck: str | None = None, stepping: bool = False) -> Formula:
    """A formula of parts: `{0}`, `{1}`, … in the pattern."""
    ours = pattern.format(*(part.ours for part in parts))
    theirs = (duck or pattern).format(*(part.duck for part in parts))
    steps = tuple(one for part in parts for one in part.steps)
    return Formula(ours, theirs, (*steps, theirs) if stepping else steps)


def literal(value: Any) -> Formula:
    if isinstance(value, bool):
        return Formula(str(value).lower(), str(value).lower())
    if isinstance(value, int):
        return Formula(f"({value})" if value < 0 else str(value), f"CAST({value} AS BIGINT)")
    if isinstance(value, float):
        return Formula(f"({value!r})" if value < 0 else repr(value), f"CAST({value!r} AS DOUBLE)")
    if isinstance(value, str):
        quoted = "'" + value.replace("'", "''") + "'"
        return Formula(quoted, quoted)
    if isinstance(value, datetime):
        return Formula(f"timestamp '{value}'", f"TIMESTAMP '{value}'")
    return Formula(f"date '{value}'", f"DATE '{value}'")


LITERALS: dict[str, st.SearchStrategy[Any]] = {
    "int": st.sampled_from([0, 1, 2, -1, 3, 10, -7, 1000]),
    "float": st.sampled_from([0.0, 0.5, -1.5, 2.0, 100.0, 3.25, 1e-3]),
    "string": st.sampled_from(TEXTS),
    "bool": st.booleans(),
    "datetime": st.sampled_from([datetime(2024, 1, 31, 10), datetime(1999, 12, 31, 23, 59, 59)]),
    "date": st.sampled_from([date(2024, 2, 29), date(1999, 12, 31)]),
}


class General:
    """Draws formulas of a type. `approximate` ones come from libm: nothing rounds their last bit."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def pick(self, options: list[Any]) -> Any:
        return self.draw(st.sampled_from(options))

    def make(self, type: str, depth: int) -> Formula:
        if depth <= 0 or self.draw(st.integers(0, 5)) == 0:
            return self.leaf(type)
        general = [self.case, self.simple_case, self.iff, self.coalesce, self.nullif, self.extremes]
        own = getattr(self, f"{type}_makers")()
        if self.draw(st.integers(0, 4)) == 0:
            return self.pick(general)(type, depth - 1)
        return self.pick(own)(depth - 1)

    def leaf(self, type: str) -> Formula:
        if type == "duration":
            text = self.pick(["interval '3 days'", "interval 90 minutes"])
            return Formula(text, text)
        columns = [name for name, own in TYPES.items() if own == type]
        if type in LITERALS and self.draw(st.integers(0, 2)) == 0:
            if self.draw(st.integers(0, 9)) == 0:
                return Formula(f"cast(null as {DUCK[type].lower()})", f"CAST(NULL AS {DUCK[type]})")
            return literal(self.draw(LITERALS[type]))
        name = self.pick(columns)
        return Formula(name, name)

    # of any type

    def case(self, type: str, depth: int) -> Formula:
        parts = [
            self.make("bool", depth),
            self.make(type, depth),
            self.make("bool", depth),
            self.make(type, depth),
            self.make(type, depth),
        ]
        pattern = self.pick(
            [
                "case when {0} then {1} else {4} end",
                "case when {0} then {1} when {2} then {3} end",
                "case when {0} then {1} when {2} then {3} else {4} end",
            ]
        )
        return joined(pattern, *parts)

    def simple_case(self, type: str, depth: int) -> Formula:
        subject = self.pick(["int", "string", "bool", "date"])
        parts = [self.make(subject, depth), self.make(subject, depth), self.make(type, depth), self.make(type, depth)]
        return joined("case {0} when {1} then {2} else {3} end", *parts)

    def iff(self, type: str, depth: int) -> Formula:
        return joined("if({0}, {1}, {2})", self.make("bool", depth), self.make(type, depth), self.make(type, depth))

    def coalesce(self, type: str, depth: int) -> Formula:
        return joined(
            self.pick(["coalesce({0}, {1})", "ifnull({0}, {1})"]), self.make(type, depth), self.make(type, depth)
        )

    def nullif(self, type: str, depth: int) -> Formula:
        return joined("nullif({0}, {1})", self.make(type, depth), self.make(type, depth))

    def extremes(self, type: str, depth: int) -> Formula:
        if type == "duration":  # DuckDB's least takes 2 days 35 hours for less than 3 days
            return self.leaf(type)
        pattern = self.pick(["least({0}, {1})", "greatest({0}, {1})", "greatest({0}, {1}, {0})"])
        return joined(pattern, self.make(type, depth), self.make(type, depth))
