"""What moves the values of a column row by row, as facts with which SQL can undo it: segments, ages, trends, seasons, arms.

A number that is only ever multiplied by factors which the files tell is its law times those factors. Divided by them it
must follow the law again, as a whole and in every segment, month, weekday and hour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.generators._reading import quiet
from datagen.plan.behaviors import AgeFactor, Factors
from datagen.plan.composite import by_value, effect_facts
from datagen.plan.drafts import time_column_of
from datagen.plan.value_checks import hops_between
from datagen.schema.durations import LENGTHS
from datagen.schema.weights import share

if TYPE_CHECKING:
    from datagen.plan.arms import Effect
    from datagen.plan.binding import Binding
    from datagen.plan.model import ColumnPlan, TablePlan

Floats = NDArray[np.float64]
Facts = dict[str, Any]
KNOWN = ("multiply", "add", "clamp")  # modifiers whose numbers are known, where they stand before all factors
FACTORS = ("seasonality", "trend", "effect")
RATIOS = 200  # that stand for the law of a magnitude
DIMENSIONS = ("hour", "dow", "month")


@dataclass(frozen=True, slots=True)
class Moved:
    """How the values of a column come from numbers of a law: times factors, plus a shift, cut to ends.

    numbers (k,): sorted, equally likely, before all factors; factors: facts of each, see `datagen.checks.influences`;
    outliers: shares of the values that are multiplied by one of some equally likely ratios as well; grouped: no column by
    which rows are grouped is drawn together with this one.
    """

    numbers: Floats
    factors: tuple[Facts, ...]
    shift: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    outliers: tuple[tuple[float, Floats], ...] = ()
    grouped: bool = True

    def below(self, edge: float) -> float:
        """The share of values up to an edge, with those that are outliers."""
        plain = self._below(np.array([edge]))
        share = 1.0 - sum(rate for rate, _ in self.outliers)
        return share * plain + sum(rate * self._below(edge / ratios) for rate, ratios in self.outliers)

    def _below(self, edges: Floats) -> float:
        return float(np.searchsorted(self.numbers, edges, side="right").mean()) / len(self.numbers)


def moved_law(binding: Binding, tables: Mapping[str, TablePlan], column: ColumnPlan) -> Moved | None:
    """How the values of a column come from its law; None where the files cannot tell."""
    node = (column.table, column.name)
    draft = binding.tables[column.table].columns[column.name]
    scope = binding.scope_of(draft, column_type=column.type)
    if draft.process is not None or node in binding.bounded or binding.drafting.specs[node].get("anomalies"):
        return None
    numbers = binding.generators[node].foreseen(scope)
    factors: list[Facts | None] = []
    shift, ends, outliers = 0.0, (-math.inf, math.inf), list[tuple[float, Floats] | None]()
    for modifier, (word, _) in zip(binding.modifiers[node], draft.modifiers, strict=True):
        if word == "outliers" and not shift and ends == (-math.inf, math.inf):
            outliers.append(_outliers(modifier, scope))
        elif word in KNOWN and (numbers is None or modifier.foreseen(scope, np.ones(1)) is None):
            return None
        elif word in KNOWN and not factors and not outliers:
            numbers = modifier.foreseen(scope, numbers)  # type: ignore[arg-type]  # None was looked for above
        elif ends != (-math.inf, math.inf) or (shift and word != "clamp"):
            return None  # what follows would act on what was cut or moved
        elif word in FACTORS:
            factors.append(_of_modifier(binding, column, word, modifier))
        elif word == "multiply":
            numbers = modifier.foreseen(scope, numbers)  # type: ignore[arg-type]
        elif word == "add":
            shift = float(modifier.value)  # type: ignore[attr-defined]
        elif word == "clamp":
            ends = modifier.ends  # type: ignore[attr-defined]
        else:
            return None
    seats = [_of_seat(binding, column, one) for one in binding.behaviors.values.get(node, ())]
    seats += [_of_arm(binding, column, one) for one in binding.trials.values.get(node, ())]
    if seats and (shift or ends != (-math.inf, math.inf)):
        return None
    factors += seats
    led = [None if one is None else _led(tables, column.table, one) for one in factors]
    told = tuple(one for one in led if one is not None)
    far = tuple(one for one in outliers if one is not None)
    if numbers is None or len(told) < len(factors) or len(far) < len(outliers) or not (told or far):
        return None
    grouped = node not in binding.correlated
    return Moved(np.sort(numbers, kind="stable"), told, shift, *ends, far, grouped)


def _outliers(modifier: Any, scope: Any) -> tuple[float, Floats] | None:
    """The share of outliers, and equally likely ratios by which they are multiplied; None where rows differ in them."""
    from datagen.modifiers.outliers import DEFAULT

    rate, law = share(modifier.rate), quiet(scope).law(modifier.magnitude_dist or DEFAULT, "magnitude_dist")
    if rate is None or law is None or not law.constant:
        return None
    ratios = 1.0 + law.quantile((np.arange(RATIOS) + 0.5) / RATIOS, None)
    return rate, 1.0 / ratios if modifier.mode == "drop" else ratios


def _of_modifier(binding: Binding, column: ColumnPlan, word: str, modifier: Any) -> Facts | None:
    time = time_column_of(binding.tables[column.table])
    if word == "seasonality":
        if time is None or modifier.timezone is not None or modifier.smooth or modifier.dimension not in DIMENSIONS:
            return None
        return {
            "kind": "season", "name": modifier.dimension, "table": column.table, "column": time,
            "dimension": modifier.dimension, "weights": [float(one) for one in modifier.weights],
        }  # fmt: skip
    if word == "effect":
        draft = binding.tables[column.table].columns[column.name]
        return None if time is None else effect_facts(binding, draft, modifier, time)
    return _of_trend(binding, column, modifier, time)


def _of_trend(binding: Binding, column: ColumnPlan, trend: Any, time: str | None) -> Facts | None:
    from datagen.modifiers.trend import anchor_of, curve_of

    draft = binding.tables[column.table].columns[column.name]
    named = binding.tables[column.table].column(trend.time_reference) if trend.time_reference else None
    time = time if named is None else named.name
    scope = quiet(binding.scope_of(draft, column_type=column.type))
    if time is None or (trend.time_reference and named is None) or (trend.anchor and scope.names_in(trend.anchor)):
        return None
    anchor = anchor_of(trend, scope)
    curve = None if anchor is None else curve_of(trend, scope, anchor)
    if curve is None:
        return None
    return {
        "kind": "trend", "name": f"{trend.type} trend", "table": column.table, "column": time, "shape": curve.kind,
        "rate": curve.rate, "a": curve.a, "b": curve.b, "ceiling": curve.ceiling, "moments": list(curve.moments),
        "levels": list(curve.levels), "anchor": anchor, "unit": LENGTHS[trend.time_unit],
    }  # fmt: skip


def _of_seat(binding: Binding, column: ColumnPlan, one: Factors | AgeFactor) -> Facts | None:
    if isinstance(one, Factors):
        return by_value(f"{one.entity}.{one.column}", one.entity, one.column, one.by_value)
    time = time_column_of(binding.tables[column.table])
    if time is None or one.curve.formula is not None or not one.curve.steps:
        return None
    return {
        "kind": "age", "name": one.name, "table": one.entity, "column": one.created, "time": time,
        "unit": one.curve.unit, "steps": list(one.curve.steps), "tail": one.curve.tail, "linear": one.curve.linear,
        "exponent": one.curve.exponent, "ratio": one.curve.ratio,
    }  # fmt: skip


def _of_arm(binding: Binding, column: ColumnPlan, effect: Effect) -> Facts | None:
    time = time_column_of(binding.tables[column.table])
    if (effect.by is not None and effect.by[0] != effect.name) or (effect.since is not None and time is None):
        return None  # of an effect that differs by a second column both would have to be told
    factors = {arm: effect.factor_of(arm, None) for arm in effect.arms}
    found = by_value(effect.name, effect.unit, effect.name, factors)
    return {**found, "since": effect.since, "time": time}


def nodes_of(home: str, factors: Iterable[Facts]) -> Iterator[tuple[str, str]]:
    """The (table, column)s that some factors of the rows of a table read."""
    for one in factors:
        yield from _read(home, one, one["hops"])


def _led(tables: Mapping[str, TablePlan], home: str, one: Facts) -> Facts | None:
    """The same with the way to its table; None where a column that it reads is not written as it was."""
    hops = () if one["table"] == home else hops_between(tables, home, one["table"])
    if hops is None or not all(_as_made(tables, *node) for node in _read(home, one, hops)):
        return None
    return {**one, "hops": hops}


def _read(home: str, one: Facts, hops: tuple[tuple[str, str, str], ...]) -> Iterator[tuple[str, str]]:
    """The columns that a factor and the way to it read."""
    yield one["table"], one["column"]
    if one.get("time") is not None:
        yield home, one["time"]
    for (key, table, to), start in zip(hops, (home, *(hop[1] for hop in hops)), strict=False):
        yield from ((start, key), (table, to))
    if one["kind"] == "effect":
        yield from ((home, own) for own in one["on"])
        yield from (
            (one["of"], name) for name in (one["pk"], one["start"], one["end"], one["field"], *one["on"].values())
        )


def _as_made(tables: Mapping[str, TablePlan], table: str, name: str) -> bool:
    column = tables[table].columns[name]
    return not (tables[table].hidden or column.hidden or column.spoils)
