"""How unlike each other the rows of a looked-up table are in how often they are picked, apart from what was planted.

Every row picks on its own, by weight, among those that are there at its time: given their chances the picks are
multinomial, and neither how many rows there are nor which parents have them moves the ratio of two segments. But who came
early was there for more picks, and met fewer others. That is the same for all segments on average, not in one data set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.errors import SchemaError
from datagen.plan.behaviors import Factors
from datagen.plan.binding import Binding
from datagen.plan.model import TablePlan
from datagen.plan.picking import Limits
from datagen.plan.representative import Sample, SampleBlock, UntoldError, samples
from datagen.rows._mapped import mapped

Floats = NDArray[np.float64]

MOMENTS = 512  # equally likely times of rows that stand for all
CANDIDATES = 4_096


def picked_spread(binding: Binding, table: TablePlan, one: Factors) -> float | None:
    """Squared coefficient of variation of the expected picks between entities of a segment; None where it is not known."""
    total = 0.0
    for (owner, lookup), seats in binding.behaviors.picks.items():
        limits: Limits | None = binding.picking.get((owner, lookup)) if owner == table.id and one in seats else None
        if limits is None or limits.time is None:
            continue  # all rows may pick all of them
        target = binding.tables[owner].columns[lookup].points_to
        found = _looked_at(binding, table.id, target[0], limits, one) if binding.look and target is not None else None
        if found is None:
            return None
        total += found
    return total


def _looked_at(binding: Binding, table: str, target: str, limits: Limits, one: Factors) -> float | None:
    for sample in samples(binding):
        try:
            return _spread(sample, table, target, limits, one)
        except (UntoldError, SchemaError):  # a run that meets the same error tells it
            continue
    return None


def _spread(sample: Sample, table: str, target: str, limits: Limits, one: Factors) -> float:
    candidates, rows = sample.block(target), sample.block(table)
    if not rows.rows or not 0 < candidates.rows <= CANDIDATES:
        raise UntoldError(target)
    times = np.sort(_times(rows, str(limits.time), -1))
    now = times[((np.arange(MOMENTS) + 0.5) * len(times) / MOMENTS).astype(np.int64)]
    there = np.ones((candidates.rows, MOMENTS), dtype=np.float64)
    if limits.created is not None:
        created = _times(candidates, limits.created, np.iinfo(np.int64).min)[:, None]
        there[(created >= now) if limits.strict else (created > now)] = 0.0
    if limits.departed is not None:
        there[_times(candidates, limits.departed, np.iinfo(np.int64).max)[:, None] <= now] = 0.0
    for age in limits.ages:
        since = now - _times(candidates, age.created, 0)[:, None]
        there *= age.curve.value(np.maximum(since, 0) / age.curve.unit)
    weight = np.ones(candidates.rows, dtype=np.float64)
    for factor in limits.factors:
        weight *= mapped(candidates.column(factor.column), factor.by_value)
    others = weight @ there
    own = (there / np.where(others > 0, others, np.inf)).sum(axis=1)  # of a candidate whose own weight is 1
    above, index = candidates.ancestor(one.entity)
    each = own if index is None else np.bincount(index, weights=own, minlength=above.rows)
    return float(each.var() / each.mean() ** 2) if each.any() else 0.0


def _times(block: SampleBlock, column: str, missing: int) -> NDArray[np.int64]:
    values = block.column(column)
    times = np.asarray(values.array, dtype=np.int64)
    return times if values.valid is None else np.where(values.valid, times, missing)
