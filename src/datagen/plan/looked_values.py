"""Values on which several things act at once, as a segment and an experiment: what is expected of them, from rows looked at.

The values of one entity go together then, and not only the rows vary but whose they are: errors are those of sums over the
rows that share their root, which are independent of each other (Liang and Zeger 1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from datagen.errors import SchemaError
from datagen.plan.behaviors import AgeFactor, Factors
from datagen.plan.binding import Binding
from datagen.plan.representative import SampleBlock, UntoldError, samples
from datagen.plan.told import told_name

Floats = NDArray[np.float64]
T = TypeVar("T")
FEWEST = 30  # rows of each kind
UNKNOWN = "other factors act on the same values, and no rows could be looked at"


def acting(binding: Binding, table: str, column: str) -> int:
    """How many things that differ between entities act on the values of a column; of an emit's, on its stream's too."""
    seats = [*binding.behaviors.values.get((table, column), ()), *_of_stream(binding, table, column)]
    return len(seats) + len(binding.trials.values.get((table, column), ()))


def _of_stream(binding: Binding, table: str, column: str) -> list[Factors | AgeFactor]:
    """What acts on the column of an emit where it is its stream's."""
    nodes = [node for node in binding.behaviors.values if node[1] == column and told_name(node[0]) == told_name(table)]
    above = [node for node in nodes if node[0] != table and binding.drafting.kinds[node[0]] == "stream"]
    return [one for node in above for one in binding.behaviors.values[node]]


def ratio_error(
    binding: Binding,
    table: str,
    measure: str,
    column: tuple[str, str],
    values: Sequence[str],
    since: tuple[str, int] | None = None,
) -> float | None:
    """Relative standard error of the mean of a measure with one value of a column by that with another.

    since: (time column, moment) from which on rows count.
    """  # fmt: skip

    def told(rows: SampleBlock) -> float:
        y, there = _numbers(binding, rows, measure)
        kinds = _kinds(rows, column)
        if since is not None:
            there = there & (np.asarray(rows.column(since[0]).array) >= since[1])
        added = np.zeros(rows.rows)
        for name, sign in zip(values[:2], (1.0, -1.0), strict=True):
            own = there & (kinds == name)
            mean = float(y[own].mean()) if own.sum() >= FEWEST else 0.0
            if not mean:
                raise UntoldError(measure)
            added[own] += sign * (y[own] - mean) / (mean * own.sum())
        variance, roots, all_roots = _of_roots(binding, rows, added)
        return math.sqrt(variance * roots / all_roots)

    return _looked(binding, table, told)


def slope_seen(
    binding: Binding, table: str, measure: str, time: str, unit: float, column: tuple[str, str] | None
) -> tuple[float, float] | None:
    """The slope of the logarithm of a measure over time in units of so many seconds, within the values of a column, and its
    standard error."""

    def told(rows: SampleBlock) -> tuple[float, float]:
        y, there = _numbers(binding, rows, measure)
        there &= y > 0
        if there.sum() < FEWEST:
            raise UntoldError(measure)
        moments = np.asarray(rows.column(time).array, dtype=np.float64)[there] / 1e6 / unit
        kinds = np.zeros(rows.rows) if column is None else _kinds(rows, column)
        group = np.unique(kinds[there], return_inverse=True)[1]
        sizes = np.bincount(group)
        x, logs = (
            one - (np.bincount(group, one) / sizes)[group] for one in (moments, np.log(y[there]))
        )  # fmt: skip
        whole = float((x * x).sum())
        slope = float((x * logs).sum()) / whole
        added = np.zeros(rows.rows)
        added[there] = x * (logs - slope * x) / whole
        variance, roots, all_roots = _of_roots(binding, rows, added)
        unsure = 1.0 if rows.sample.real else 1.0 + all_roots / roots
        return slope, math.sqrt(variance * roots / all_roots * unsure)

    return _looked(binding, table, told)


def _looked(binding: Binding, table: str, told: Callable[[SampleBlock], T]) -> T | None:
    """What rows of a table tell; None where none can be looked at."""
    for sample in samples(binding) if binding.look else ():
        try:
            return told(sample.block(table))
        except (UntoldError, SchemaError):  # a run that meets the same error tells it
            continue
    return None


def _numbers(binding: Binding, rows: SampleBlock, measure: str) -> tuple[Floats, NDArray[np.bool_]]:
    """(n,) values of a column, and which of them there are."""
    held = rows.column(measure)
    values = np.asarray(held.array, dtype=np.float64)
    for one in _of_stream(binding, rows.id, measure):
        if isinstance(one, AgeFactor):
            raise UntoldError(measure)
        kinds = _kinds(rows, (one.entity, one.column))
        factors = [np.where(kinds == value, factor, 1.0) for value, factor in one.by_value.items()]
        values = values * np.prod(factors, axis=0)
    return values, np.isfinite(values) if held.valid is None else held.valid & np.isfinite(values)


def _kinds(rows: SampleBlock, column: tuple[str, str]) -> NDArray[Any]:
    """(n,) the text that a column of an entity holds for each row."""
    above, index = rows.ancestor(column[0])
    held = above.column(column[1])
    if held.dictionary is None:
        raise UntoldError(column[1])
    texts: NDArray[Any] = np.asarray(held.dictionary.values, dtype=object)[held.array]
    return texts if index is None else texts[index]


def _of_roots(binding: Binding, rows: SampleBlock, added: Floats) -> tuple[float, int, float]:
    """The sum of the squares of what each root's rows add, how many roots there are here, and in a run."""
    root, index = rows, None
    while root.parent is not None:
        root, index = rows.ancestor(root.parent.id)
    sums = added if index is None else np.bincount(index, weights=added, minlength=root.rows)
    return float((sums * sums).sum()), root.rows, max(binding.expected_rows(root.id), 1.0)
