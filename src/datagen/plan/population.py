"""Who has the rows of a table that come in time: representative parents, when they were there and how often they act."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import SchemaError
from datagen.kernel.intensity import Intensity, Pieces
from datagen.plan.binding import Binding
from datagen.plan.clamped import UNCLAMPED, poisson_moments
from datagen.plan.model import TablePlan
from datagen.plan.representative import FEWEST_ROOTS, SampleBlock, UntoldError, samples
from datagen.rows._exposure import Exposure

Floats = NDArray[np.float64]
DRAWS = 2_000  # representative parents that no row was looked at for
EDGES = 129  # moments between which rows are counted, for the spread of their times
ENOUGH = 16_384  # parents that are looked at: more of them tell hardly more, and cost as much more


@dataclass(frozen=True, slots=True)
class Behind:
    """A clamp on the rows of parents that were looked at. moments(low, high): (n,) means and mean squares of their rows."""

    low: float
    high: float
    moments: Callable[[float, float], tuple[Floats, Floats]]


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
    behind: Behind | None = None  # of those, where a clamp acts on them

    @property
    def excess(self) -> Floats | float:
        """(n,) variance of each parent's rows less its expected rows: 0 for those of a Poisson process."""
        if self.behind is None:
            return 0.0
        first, second = self.behind.moments(self.behind.low, self.behind.high)
        return second - first * first - first

    def unsure(self, parents: float) -> float:
        """What the variance of a figure over so many parents is multiplied by, as some rows stand for them here.

        Parents that are those of the run themselves do not vary.
        """
        if self.block is None:
            return 1.0
        return 0.0 if self.block.sample.real else 1.0 + parents / self.block.rows


def population_of(binding: Binding, table: str) -> Population | None:
    """Representative parents of a table whose rows come at a rate; None for all other tables."""
    rows = binding.fanned(table)
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


def looked_at(
    binding: Binding, table: TablePlan, population: Population | None, *, clamped: bool = False
) -> Population | None:
    """The population with everything that acts on it, from rows that are looked at where the laws alone do not tell.

    clamped: also where they tell all but what a clamp does, which is not in proportion to the rate.
    """
    rows = binding.fanned(table.id)
    if population is None or table.parent is None:
        return population
    forced = clamped and rows.clamp != UNCLAMPED
    if not (population.disturbed or population.tied or forced):
        return population
    for sample in samples(binding) if binding.look else ():
        try:
            block = sample.block(table.parent)
            if block.rows > ENOUGH and sample.roots > FEWEST_ROOTS:
                continue
            scale = rows.scale(block) if hasattr(rows, "scale") else rows.shape.factor(block)
            found = rows.shape.intensity(block, scale)
            created = _creation(rows.shape.exposure, block)
            behind = _behind(rows, block, found)
        except (UntoldError, SchemaError):  # a run that meets the same error tells it
            continue
        if behind is not None and found.rows.any():
            kept = behind.moments(behind.low, behind.high)[0] / np.where(found.rows > 0, found.rows, 1.0)
            found = rows.shape.intensity(block, scale * np.where(found.rows > 0, kept, 0.0))
        mean = float(found.rows.mean())
        if mean <= 0:
            return population
        spread = float((found.rows / mean).var())  # the square of a tiny mean is 0
        tied = population.tied or behind is not None
        return Population(
            created, found, mean, spread, 1.0, disturbed=False, tied=tied, block=block, behind=behind
        )  # fmt: skip
    return replace(population, disturbed=True) if forced else population


def _behind(rows: Any, block: SampleBlock, found: Intensity) -> Behind | None:
    """What a clamp makes of the rows of parents: worked out of a Poisson law, else drawn."""
    if rows.clamp == UNCLAMPED:
        return None
    if hasattr(rows, "per_day"):
        return Behind(rows.clamp[0], rows.clamp[1], lambda low, high: poisson_moments(found.rows, low, high))
    free, there = rows.made(block).rows.sum(axis=1), found.rows > 0

    def moments(low: float, high: float) -> tuple[Floats, Floats]:
        counts = np.where(there, np.clip(free.astype(np.float64), max(low, 0.0), high), free)
        return counts, counts * counts

    return Behind(rows.clamp[0], rows.clamp[1], moments)


@dataclass(frozen=True, slots=True)
class Seen:
    """Two kinds of an entity's rows in those that were looked at: (n,) whose each is, and of both the share of entities."""

    of: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    index: NDArray[np.int64] | None  # of the entity of each parent, None where these are the parents
    rows: int  # entities
    shares: tuple[float, float]

    def per_entity(self, rows: Floats) -> Floats:
        """(entities,) of what parents have."""
        if self.index is None:
            return rows
        found: Floats = np.bincount(self.index, weights=rows, minlength=self.rows).astype(np.float64)
        return found


def seen_kinds(population: Population, column: tuple[str, str], values: Sequence[str]) -> Seen | None:
    """The entities with each of two values of a column; None where no rows were looked at, or none has one of them."""
    if population.block is None:
        return None
    above, index = population.block.ancestor(column[0])
    held = above.column(column[1])
    if held.dictionary is None:
        return None
    texts = held.dictionary.values
    own = [np.isin(held.array, [code for code, text in enumerate(texts) if text == name]) for name in values[:2]]
    shares = [float(one.mean()) if len(one) else 0.0 for one in own]
    if min(shares) <= 0:
        return None
    return Seen((own[0], own[1]), index, above.rows, (shares[0], shares[1]))


def seen_ratio(
    population: Population,
    column: tuple[str, str],
    values: Sequence[str],
    entities: float,
    since: int | None = None,
    *,
    known: bool = False,
) -> tuple[float, float] | None:
    """Rows per entity of a value by those of another, and the standard error, where rows were looked at; else None.

    since: only rows from a moment on; known: the ratio is not that of these rows, but is known without them.
    """
    seen = seen_kinds(population, column, values)
    if seen is None or population.block is None:
        return None
    every = population.intensity.rows
    rows = late_rows(population, since)
    part = rows / np.where(every > 0, every, 1.0)
    each = seen.per_entity(rows)
    within = seen.per_entity(rows + population.excess * part * part)  # variance, given the parents
    unsure = 1.0 if known else 0.0 if population.block.sample.real else 1.0 + entities / seen.rows
    told = []
    for own, share in zip(seen.of, seen.shares, strict=True):
        mean = float(each[own].mean())
        if mean <= 0:
            return None
        spread = float(within[own].mean()) + unsure * float(each[own].var())
        told.append((mean, spread / mean**2 / (entities * share)))
    (high, wide), (low, narrow) = told
    return high / low, high / low * math.sqrt(wide + narrow)


def late_rows(population: Population, since: int | None) -> Floats:
    """(k,) expected rows of representative parents from a moment on."""
    rows = population.intensity.rows
    if since is None:
        return rows
    found: Floats = rows - population.intensity.until(np.full(len(rows), since, dtype=np.int64))
    return found


def time_deviation(population: Population) -> float:
    """Standard deviation of the times of rows, in microseconds."""
    calendar = population.intensity.calendar
    edges = np.linspace(calendar.starts[0], calendar.end, EDGES).astype(np.int64)
    until = [float(population.intensity.until(np.full(len(population.created), edge)).sum()) for edge in edges]
    middles, rows = (edges[1:] + edges[:-1]) / 2, np.diff(until)
    off = middles - float((middles * rows).sum()) / float(rows.sum())
    return math.sqrt(float((off * off * rows).sum()) / float(rows.sum()))


def _creation(exposure: Exposure, block: Any) -> NDArray[np.int64]:
    """(n,) when each parent came: the last of those above it too."""
    found = np.full(block.rows, exposure.start, dtype=np.int64)
    for place, reader in enumerate(exposure.created):
        values = reader(block)
        times = np.asarray(values.array, dtype=np.int64)
        times = times if values.valid is None else np.where(values.valid, times, exposure.start)
        found = times if not place else np.maximum(found, times)
    return found
