"""Between what ends the mean of a column of numbers will lie, told before any row is made: its law, and what is seated on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from datagen.plan.behaviors import AgeFactor, Behaviors, Factors
from datagen.plan.binding import Binding
from datagen.plan.column_laws import as_drawn
from datagen.plan.names import TableDraft, ancestors, chooses
from datagen.plan.segments import kept_shares_of
from datagen.schema.expand_processes import PROCESS_KEYS

Ends = tuple[float, float]
APART = ("by", "by_state", "from", "until", "clamp")  # keys of a fan-out by which parents may have more rows or fewer


def predicted_mean(binding: Binding, table: str, column: str) -> Ends | None:
    """The mean of a column, twice where it can be told exactly; None where nothing is known of it.

    The rows of a segment are as many as its share times what it does to their number; where that cannot be told, the mean
    lies anywhere between the least and the largest factor. So it does for ages and experiments.
    """
    tell = binding.foreseen.get((table, column))
    plan = binding.plans.get((table, column))
    if tell is None or plan is None or not as_drawn(plan) or binding.drafting.specs[table, column].get("anomalies"):
        return None
    numbers = tell()
    if numbers is None or not len(numbers):
        return None
    low = high = float(np.mean(numbers))
    for least, most in _factors(binding, binding.tables[table], column):
        found = [end * factor for end in (low, high) for factor in (least, most)]
        low, high = min(found), max(found)
    return low, high


def _factors(binding: Binding, table: TableDraft, column: str) -> Iterator[Ends]:
    """The ends of each factor on the column, segments of one column of an entity taken together."""
    seats: list[Factors | AgeFactor] = binding.behaviors.values.get((table.id, column), [])
    segments: dict[tuple[str, str], dict[str, float]] = {}
    for one in seats:
        if isinstance(one, Factors):
            known = segments.setdefault((one.entity, one.column), {})
            for value, factor in one.by_value.items():
                known[value] = known.get(value, 1.0) * factor
        else:
            yield _ages(binding, one)
    for (entity, name), factors in segments.items():
        shares = _row_shares(binding, table, entity, name)
        if shares is None:
            yield min(1.0, *factors.values()), max(1.0, *factors.values())
        else:
            mean = sum(share * factors.get(value, 1.0) for value, share in shares.items())
            yield mean, mean
    for effect in binding.trials.values.get((table.id, column), ()):
        sizes = (effect.size, *(() if effect.by is None else effect.by[1].values()))
        yield min(1.0, *sizes), max(1.0, *sizes)


def _ages(binding: Binding, one: AgeFactor) -> Ends:
    """The least and the largest value of a curve within the window; anything at all where there is none."""
    if binding.timeframe is None:
        return 0.0, float("inf")
    values = one.curve.value(one.curve.marks(binding.timeframe.length / one.curve.unit))
    return float(values.min()), float(values.max())


def _row_shares(binding: Binding, table: TableDraft, entity: str, column: str) -> dict[str, float] | None:
    """The share of a table's rows that belong to each value of an entity's column; None where it cannot be told."""
    shares = kept_shares_of(binding, binding.tables[entity].columns[column])
    between = _between(binding, table, entity)
    if shares is None or between is None:
        return None
    for one in _multipliers(binding.behaviors, between, binding.tables, entity):
        if (one.entity, one.column) == (entity, column):
            shares = {value: share * one.by_value.get(value, 1.0) for value, share in shares.items()}
    whole = sum(shares.values())
    return {value: share / whole for value, share in shares.items()} if whole else None


def _between(binding: Binding, table: TableDraft, entity: str) -> list[TableDraft] | None:
    """The tables from this one up to the entity, or to the one that picks it; None where rows are counted by more."""
    found: list[TableDraft] = []
    for one in (table, *ancestors(binding.tables, table).values()):
        if one.id == entity:
            break
        node: Mapping[str, Any] = binding.drafting.nodes[one.id]
        picked = (key for key in one.columns.values() if key.points_to is not None and key.points_to[0] == entity)
        if one.emits or any(node.get(key) is not None for key in PROCESS_KEYS) or _counted_apart(node.get("fanout")):
            return None
        if any(key.word != "lookup" or chooses(key.params) for key in picked if key.params.get("on") is None):
            return None
        found.append(one)
    return found


def _counted_apart(fanout: Any) -> bool:
    """Whether a fan-out may give the parents of one segment other numbers of rows than factors tell."""
    if not isinstance(fanout, Mapping):
        return isinstance(fanout, str)
    params = fanout.get("params")
    by_parent = isinstance(params, Mapping) and any(isinstance(value, str | Mapping) for value in params.values())
    return by_parent or any(fanout.get(key) is not None for key in APART)


def _multipliers(
    behaviors: Behaviors, tables: list[TableDraft], known: Mapping[str, TableDraft], entity: str
) -> Iterator[Factors]:
    """What segments do to the rows of these tables, by their number or by which row of the entity they pick."""
    for table in tables:
        seats: list[Factors | AgeFactor] = list(behaviors.rates.get(table.id, ()))
        for name, column in table.columns.items():
            if column.points_to is not None and column.points_to[0] == entity:
                seats += behaviors.picks.get((table.id, name), ())
        yield from (one for one in seats if isinstance(one, Factors))
