"""Who has the rows of a table that come in time: representative parents, when they were there and how often they act."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import SchemaError
from datagen.kernel.intensity import Intensity, Pieces
from datagen.plan.binding import Binding
from datagen.plan.model import TablePlan
from datagen.plan.representative import FEWEST_ROOTS, SampleBlock, UntoldError, samples
from datagen.rows._exposure import Exposure

Floats = NDArray[np.float64]
DRAWS = 2_000  # representative parents that no row was looked at for
ENOUGH = 16_384  # parents that are looked at: more of them tell hardly more, and cost as much more


@dataclass(slots=True)
class Population:
    """Representative parents of a table in time: when they came, when they left, and their expected rows."""

    created: NDArray[np.int64]
    intensity: Intensity
    per_parent: float  # expected rows of a parent with factor 1
    spread: float  # squared coefficient of variation of the expected rows between parents, factors left out
    uneven: float  # E[m²] / E[m]² of the factors m of a parent
    disturbed: bool  # effects on the volume act too: they are known when their table is made, not before
    tied: bool  # the rate follows a state, or begins and ends by a column, which may follow a segment too
    block: SampleBlock | None = None  # rows that were looked at; their intensity has all that acts on it

    def unsure(self, parents: float) -> float:
        """What the variance of a figure over so many parents is multiplied by, as some rows stand for them here.

        Parents that are those of the run themselves do not vary.
        """
        if self.block is None:
            return 1.0
        return 0.0 if self.block.sample.real else 1.0 + parents / self.block.rows


def population_of(binding: Binding, table: str) -> Population | None:
    """Representative parents of a table whose rows come at a rate; None for all other tables."""
    rows = binding.counts.get(table)
    shape = getattr(rows, "shape", None)
    if shape is None or binding.tables[table].parent is None or not shape.calendar.rates.any():
        return None
    scope = binding.row_scopes.get(table)
    created = scope.creations() if scope is not None and scope.creation is not None else None
    start = shape.exposure.start
    times = np.full(DRAWS, start, dtype=np.int64) if created is None else np.resize(created, DRAWS).astype(np.int64)
    if created is not None:
        times = np.sort(times)
    low = np.clip(times, start, shape.exposure.end)
    high = np.full(DRAWS, shape.exposure.end, dtype=np.int64)
    # golden-ratio sequences stand in for draws: evenly spread, and never the same as a row's
    k = np.arange(DRAWS, dtype=np.float64)
    for place, curve in enumerate(scope.leaving if scope is not None else ()):
        u = (0.5 + k * (0.6180339887498949 + 0.1 * place)) % 1.0
        v = (0.25 + k * 0.7548776662466927) % 1.0
        ages = curve.leaving(u, v, max(1.0, float((high - times).max()) / curve.unit))
        gone = np.where(np.isfinite(ages), times + np.where(np.isfinite(ages), ages, 0.0) * curve.unit, high)
        high = np.minimum(high, np.maximum(gone.astype(np.int64), low))
    pieces: Pieces | None = None
    for age in shape.ages:
        one = age.curve.pieces(times, low, high)
        pieces = one if pieces is None else pieces.times(one)
    plain = Intensity(shape.calendar, low, high, np.ones(DRAWS), pieces=pieces)
    mean = float(plain.rows.mean())
    if mean <= 0:
        return None
    spread = float(plain.rows.var()) / mean**2
    # what other tables do to the rate, and calendars that differ between parents, are not foreseen here
    bounded = shape.exposure.begins is not None or shape.exposure.ends is not None
    unknown = scope is not None and scope.creation is not None and created is None  # when parents come
    disturbed = bool(shape.windows or shape.stays or shape.calendar.groups > 1 or bounded or unknown)
    tied = bool(shape.stays) or bounded
    factor = uneven = 1.0
    for one in shape.factors:
        factor *= 1.0 if one.mean is None else one.mean
        if one.mean and one.second is not None:
            uneven *= one.second / one.mean**2
    expected = 0.0 if rows is None else getattr(rows, "free", rows.expected)  # a clamp acts on what comes out
    scaled = Intensity(shape.calendar, low, high, np.full(DRAWS, expected / mean), pieces=pieces)
    return Population(times, scaled, expected / factor if factor else expected, spread, uneven, disturbed, tied)


def looked_at(binding: Binding, table: TablePlan, population: Population | None) -> Population | None:
    """The population with everything that acts on it, from rows that are looked at where the laws alone do not tell."""
    if population is None or not (population.disturbed or population.tied) or not binding.look or table.parent is None:
        return population
    rows = binding.counts[table.id]
    low, high = rows.clamp
    if low > 0 or math.isfinite(high):
        return population  # what a clamp leaves is not in proportion to the rate
    for sample in samples(binding):
        try:
            block = sample.block(table.parent)
            if block.rows > ENOUGH and sample.roots > FEWEST_ROOTS:
                continue
            scale = rows.scale(block) if hasattr(rows, "scale") else rows.shape.factor(block)
            found = rows.shape.intensity(block, scale)
            created = _creation(rows.shape.exposure, block)
        except (UntoldError, SchemaError):  # a run that meets the same error tells it
            continue
        mean = float(found.rows.mean())
        if mean <= 0:
            return population
        spread = float((found.rows / mean).var())  # the square of a tiny mean is 0
        return Population(created, found, mean, spread, 1.0, disturbed=False, tied=population.tied, block=block)
    return population


def _creation(exposure: Exposure, block: Any) -> NDArray[np.int64]:
    """(n,) when each parent came: the last of those above it too."""
    found = np.full(block.rows, exposure.start, dtype=np.int64)
    for place, reader in enumerate(exposure.created):
        values = reader(block)
        times = np.asarray(values.array, dtype=np.int64)
        times = times if values.valid is None else np.where(values.valid, times, exposure.start)
        found = times if not place else np.maximum(found, times)
    return found
