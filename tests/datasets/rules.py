"""Rules of a shipped data set over its published files, and the damage that proves that each of them can fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.written import Tables


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold. sql: one number; low, high: where it must lie. damage: statements after which it does not.

    also: other rules that the damage cannot but break.
    """

    sql: str
    damage: Sequence[str]
    low: float = 0.0
    high: float = 0.0
    also: Sequence[str] = ()


def broken(tables: Tables, rules: Mapping[str, Rule]) -> dict[str, float | None]:
    """The rules that do not hold, with what was found."""
    found: dict[str, float | None] = {}
    for name, rule in rules.items():
        value = tables.value(rule.sql)
        if value is None or not rule.low <= value <= rule.high:
            found[name] = value
    return found


def after_damage(tables: Tables, damage: Sequence[str], rules: Mapping[str, Rule]) -> set[str]:
    """The rules that do not hold once the damage is done; afterwards all is as it was."""
    tables.database.execute("begin transaction")
    try:
        for statement in damage:
            tables.database.execute(statement)
        return set(broken(tables, rules))
    finally:
        tables.database.execute("rollback")
