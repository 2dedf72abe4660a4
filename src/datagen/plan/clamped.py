"""What a clamp on the rows of a table does to the ratios that are planted in it: a cap cuts the many, not the few.

A segment with 3.5 times the rows of another has fewer than that once both are capped at the same number. How many is a
matter of arithmetic: the mean of the clamped law at the segment's own rate, over representative parents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.clock import DAY_US
from datagen.plan.arms import Effect
from datagen.plan.behaviors import Factors
from datagen.plan.binding import Binding
from datagen.schema.weights import share

if TYPE_CHECKING:
    from datagen.plan.model import TablePlan
    from datagen.plan.population import Behind, Population, Seen

Floats = NDArray[np.float64]
MOVED = 0.02  # of a planted ratio, from which on a clamp is told
POINTS = 64  # quantiles that stand for the parents' own rates, and for what parents differ in
LAW_POINTS = 2_000
FEW_UNITS = 12  # of time, up to which draws are added up one by one; the sum of more is nearly normal
FEW_FACTORS = 24  # products of factors that stand for all, where sums of many draws are looked at
LATTICE = 500  # sums that stand for all
SUMMED = 12  # parents of which sums are made
MOST = 2.0**40
UNCLAMPED = (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Clamped:
    """Rows of a parent behind a clamp. moments(factor) -> (mean, variance) with a multiplier, clamped or not."""

    low: float
    high: float
    plain: float  # mean of a parent with factor 1 without the clamp
    moments: Callable[[float, float, float], tuple[float, float]]  # (factor, low, high)
    free: float | None = None  # the ratio without a clamp, where it is not the factor

    def mean(self, factor: float) -> float:
        """Expected rows of a parent with this factor."""
        return self.moments(factor, self.low, self.high)[0]

    def planted(self, factor: float) -> float:
        """How many times as many rows it would have without the clamp."""
        return factor if self.free is None else self.free

    def moved(self, factor: float) -> bool:
        """Whether the clamp moves that by more than should be."""
        return abs(self.ratio(factor) / self.planted(factor) - 1.0) > MOVED

    def ratio(self, factor: float) -> float:
        """How many times as many rows a parent with this factor has, as an analyst finds it."""
        base = self.mean(1.0)
        return self.mean(factor) / base if base > 0 else factor

    def error(self, factor: float, parents: float, others: float) -> float | None:
        """Standard error of that ratio between so many parents with the factor and others without."""
        (one, wide), (base, narrow) = (self.moments(each, self.low, self.high) for each in (factor, 1.0))
        if min(one, base, parents, others) <= 0:
            return None
        return one / base * math.sqrt(wide / one**2 / parents + narrow / base**2 / others)

    def enough(self, factor: float) -> int | None:
        """The cap from which on the ratio stays within what is told; None where the floor is what moves it."""

        def off(high: float) -> float:
            base = self.moments(1.0, self.low, high)[0]
            return (
                abs(self.moments(factor, self.low, high)[0] / base / self.planted(factor) - 1.0)
                if base > 0
                else math.inf
            )

        least, most = self.high, max(2.0 * self.high, 2.0)
        if not math.isfinite(least):
            return None
        while off(most) > MOVED:
            least, most = most, most * 2
            if most > MOST:
                return None
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (middle, most) if off(middle) > MOVED else (least, middle)
        return int(most)


def clamped_rows(binding: Binding, table: TablePlan, seat: Factors, population: Population | None) -> Clamped | None:
    """What the clamp of a table does to the multiplier of a segment; None without a clamp, or where it cannot be told."""
    clamp = getattr(binding.fanned(table.id), "clamp", UNCLAMPED)
    if clamp == UNCLAMPED or (population is not None and (population.disturbed or population.tied)):
        return None
    return behind(binding, table.id, seat, population, clamp)


def clamp_expected(binding: Binding) -> None:
    """Let the expected rows of tables in time know of their clamp, which acts on each parent's rows together."""
    from datagen.plan.population import population_of

    for name, made in binding.counts.items():
        rows = binding.fanned(name)
        clamp = getattr(rows, "clamp", UNCLAMPED)
        if not hasattr(rows, "free") or clamp == UNCLAMPED:
            continue
        clamped = behind(binding, name, None, population_of(binding, name), clamp)
        if clamped is not None:
            binding.counts[name] = replace(made, expected=clamped.mean(1.0))
    for name, made in binding.counts.items():
        if hasattr(made, "merging"):  # a stream has the rows of its emits
            emitted = sum(binding.expected_rows(one.table) for one in made.merging.emits)
            above = binding.expected_rows(str(binding.tables[name].parent))
            binding.counts[name] = replace(made, expected=emitted / max(above, 1.0))


def behind(
    binding: Binding,
    table: str,
    seat: Factors | Effect | None,
    population: Population | None,
    clamp: tuple[float, float],
) -> Clamped | None:
    """The rows of a parent behind a clamp, or none; None where the law does not tell. seat: what the factor is of."""
    rows, (low, high) = binding.fanned(table), clamp
    others = _others(binding, table, seat)
    if hasattr(rows, "per_day"):
        if population is None:
            return None
        own = population.intensity.rows / max(float(population.intensity.rows.mean()), 1e-300) * population.per_parent
        return _poisson(_thin(own), others, low, high)
    draw, law = getattr(rows, "draw", None) or getattr(getattr(rows, "law", None), "draw", None), _law(binding, table)
    if draw is None or not draw.constant or draw.mean() is None:
        return None
    if getattr(rows, "units", None) is not None:
        return None if population is None else _sums(rows, draw, population, others, low, high)
    mean = draw.mean()
    plain = law.get("truncate") is None  # a law that is cut is multiplied and rounded; these two take the factor in
    if law.get("type") == "poisson" and plain:
        return _poisson(np.array([float(mean)]), others, low, high)
    variance = draw.variance()
    if law.get("type") == "negative_binomial" and plain and variance is not None and variance > mean:
        gamma = _gamma(mean * mean / (variance - mean))
        return _poisson(np.array([float(mean)]), np.multiply.outer(others, gamma).ravel(), low, high)
    counts = np.maximum(draw.quantile((np.arange(LAW_POINTS) + 0.5) / LAW_POINTS, None), 0.0)
    return _rounded(counts, others, low, high, lifted=not hasattr(rows, "free"))


def seen_clamped(population: Population, seat: Factors, values: Sequence[str], reference: str) -> dict[str, Clamped]:
    """The same for some values of a segment, of rows that were looked at."""
    from datagen.plan.population import seen_kinds

    found: dict[str, Clamped] = {}
    acting = population.behind
    for value in values if acting is not None else ():
        seen = seen_kinds(population, (seat.entity, seat.column), (value, reference))
        if seen is None or acting is None:
            continue

        def moments(
            factor: float, low: float, high: float, seen: Seen = seen, acting: Behind = acting
        ) -> tuple[float, float]:
            own = seen.per_entity(acting.moments(low, high)[0])[seen.of[0 if factor != 1.0 else 1]]
            return float(own.mean()), float(own.var())

        base, own = (moments(factor, *UNCLAMPED)[0] for factor in (1.0, seat.by_value[value]))
        if base > 0 and own > 0:
            found[value] = Clamped(acting.low, acting.high, base, moments, free=own / base)
    return found


def say_dilution(
    binding: Binding, table: TablePlan, seat: Factors, reference: str, told: Mapping[str, Clamped]
) -> None:
    """Warn where a clamp moves a planted ratio by more than it should."""
    moved = {value: clamped for value, clamped in told.items() if clamped.moved(seat.by_value[value])}
    if not moved:
        return
    said, needed = [], []
    for value, clamped in moved.items():
        factor = seat.by_value[value]
        said.append(
            f"{value} x{factor:g} becomes x{clamped.ratio(factor):.3g}: "
            f"{clamped.mean(factor):.3g} rows instead of {clamped.plain * clamped.planted(factor):.3g} per {table.parent}, "
            f"{clamped.mean(1.0):.3g} instead of {clamped.plain:.3g} of {reference}"
        )
        needed.append(clamped.enough(factor))
    caps = [one for one in needed if one is not None]
    one = next(iter(moved.values()))
    binding.refuse(
        "fanout.clamp_dilutes",
        (*binding.tables[table.id].loc, "fanout", "clamp"),
        found=f"{table.id} clamped to {one.low:g}..{one.high:g}; {seat.entity}.{seat.column} " + "; ".join(said),
        expected="a clamp that leaves planted ratios within 2 %",
        hint=f"a cap of {max(caps):,} does" if len(caps) == len(needed) else "lower the floor of the clamp",
        severity="warning",
    )


def _law(binding: Binding, table: str) -> Mapping[str, Any]:
    law = binding.drafting.fanouts[table].law if table in binding.drafting.fanouts else None
    if law is not None:
        return dict(law)
    spec = binding.drafting.nodes[table].get("fanout")
    return (
        {key: spec[key] for key in ("type", "params", "truncate") if key in spec} if isinstance(spec, Mapping) else {}
    )


def _others(binding: Binding, table: str, seat: Factors | Effect | None) -> Floats:
    """(k,) equally likely products of everything else that makes parents differ."""
    from datagen.plan.segments import shares_of

    found = np.ones(1)
    for one in binding.behaviors.rates.get(table, ()):
        shares = None if one is seat else shares_of(binding, binding.tables[one.entity].columns[one.column])
        if shares:
            found = _mixed(found, [one.by_value.get(value, 1.0) for value in shares], list(shares.values()))
    for effect in binding.trials.rates.get(table, ()):
        if effect is not seat and effect.since is None and effect.mean is not None:
            found = _mixed(found, [effect.factor_of(arm, None) for arm in effect.arms], effect.shares)
    spec = binding.drafting.nodes[table].get("fanout")
    uneven = spec.get("heterogeneity") if isinstance(spec, Mapping) else None
    shape = uneven.get("gamma") if isinstance(uneven, Mapping) else None
    if isinstance(shape, int | float):
        found = np.multiply.outer(found, _gamma(float(shape))).ravel()
    silent = share(spec.get("p_zero")) if isinstance(spec, Mapping) else None
    if silent:
        some = (np.arange(POINTS) + 0.5) / POINTS >= silent
        found = np.multiply.outer(_thin(found), some * ((1.0 - silent) / max(float(some.mean()), 1e-12))).ravel()
    return found


def _mixed(others: Floats, values: Sequence[float], shares: Sequence[float]) -> Floats:
    """Equally likely products with one more factor, of which some values have some shares."""
    at = np.minimum(np.searchsorted(np.cumsum(shares), (np.arange(POINTS) + 0.5) / POINTS), len(values) - 1)
    return _thin(np.multiply.outer(others, np.array(values)[at]).ravel())


def _gamma(shape: float) -> Floats:
    """(k,) equally likely values of a gamma law of mean 1."""
    found: Floats = gammas(np.array([shape]))[0]
    return found


def _thin(values: Floats, most: int = POINTS) -> Floats:
    """A few of many equally likely values, their mean kept."""
    if len(values) <= most:
        return values
    ordered = np.sort(values, kind="stable")
    return np.array([piece.mean() for piece in np.array_split(ordered, most)])


def _poisson(rates: Floats, others: Floats, low: float, high: float) -> Clamped:
    every = np.multiply.outer(rates, others).ravel()

    def moments(factor: float, low: float, high: float) -> tuple[float, float]:
        first, second = poisson_moments(every * factor, low, high)
        mean = float(first.mean())
        return mean, float(second.mean()) - mean * mean

    return Clamped(low, high, float(every.mean()), moments)


def poisson_moments(rate: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """(n,) first and second moments of clamped Poisson numbers; nobody has rows at a rate of 0."""
    from scipy.special import pdtr

    least = max(math.floor(low), 0)

    def below(k: float) -> Floats:
        """P(N <= k)."""
        if k < 0:
            return np.zeros(len(rate))
        found: Floats = np.ones(len(rate)) if math.isinf(k) else pdtr(k, rate)
        return found

    most = math.inf if math.isinf(high) else float(math.floor(high))
    under = below(least - 1)
    over = np.zeros(len(rate)) if math.isinf(most) else 1.0 - below(most - 1)
    inside = [
        below(most - 1 - k) - below(least - 1 - k) for k in (1, 2)
    ]  # of N, and of N (N - 1), with least <= N < most
    cap = 0.0 if math.isinf(most) else most
    first = least * under + rate * inside[0] + cap * over
    second = least**2 * under + rate**2 * inside[1] + rate * inside[0] + cap**2 * over
    return np.where(rate > 0, first, 0.0), np.where(rate > 0, second, 0.0)


def _sums(rows: Any, draw: Any, population: Population, others: Floats, low: float, high: float) -> Clamped | None:
    """Of a law drawn per unit of time, whose draws are added up before the clamp acts on all of them."""
    mean, variance = draw.mean(), draw.variance()
    if mean is None or variance is None or not math.isfinite(variance):
        return None
    intensity, edges = population.intensity, rows.units.edges
    at = np.linspace(0, len(population.created) - 1, SUMMED).astype(np.int64)  # parents in the order of their creation
    until = [intensity.until(np.full(len(population.created), edge, dtype=np.int64))[at] for edge in edges]
    days = np.diff(np.stack(until, axis=1), axis=1) / intensity.scale[at][:, None]
    parts = days / (np.diff(edges) / DAY_US)  # of every unit, that each parent sees
    every = _thin(others)
    dispersion = max(variance / mean - 1.0, 0.0) / mean if mean > 0 else 0.0
    stretches = rows.law.params is not None  # Poisson and negative binomial laws take the factor into their mean
    if not stretches and parts.shape[1] <= FEW_UNITS:
        points = _lattice(parts.shape[1])
        drawn = np.maximum(draw.quantile(points.ravel(), None), 0.0).reshape(points.shape)
        return _added(drawn, parts, every, low, high)
    whole, squared = parts.sum(axis=1), (parts * parts).sum(axis=1)
    if stretches:  # a sum of them is nearly a Poisson number of a gamma rate, whose shape no factor changes
        shape = whole * whole / np.maximum(dispersion * squared, 1e-12)
        points = gammas(np.where(whole > 0, shape, 1.0)) if dispersion > 0 else np.ones((len(whole), 1))
        return _poisson((whole[:, None] * points).ravel() * mean, every, low, high)

    every = _thin(every, FEW_FACTORS)

    def moments(factor: float, low: float, high: float) -> tuple[float, float]:
        each = np.multiply.outer(whole, every).ravel() * (mean * factor)
        square = np.multiply.outer(squared, every * every).ravel() * factor**2
        sums = np.maximum(each[:, None] + np.sqrt(variance * square)[:, None] * _normal()[None, :], 0.0)
        first, second = (float(one.mean()) for one in _whole_moments(sums * (each > 0)[:, None], low, high))
        return first, second - first * first

    return Clamped(low, high, moments(1.0, 0.0, math.inf)[0], moments)


def _added(drawn: Floats, parts: Floats, others: Floats, low: float, high: float) -> Clamped:
    """Of sums of draws (k, units), each multiplied by what a parent sees of the unit and rounded."""
    rounding = _lattice(2 * drawn.shape[1])[:, drawn.shape[1] :]

    def moments(factor: float, low: float, high: float) -> tuple[float, float]:
        first, second = [], []
        for part in parts:  # few
            for other in others:
                rows = np.floor(drawn * (part * (other * factor)) + rounding).sum(axis=1)
                kept = np.clip(rows, max(low, 0.0), high) if part.sum() * other > 0 else rows
                first.append(float(kept.mean()))
                second.append(float((kept * kept).mean()))
        mean = math.fsum(first) / len(first)
        return mean, math.fsum(second) / len(second) - mean * mean

    return Clamped(low, high, moments(1.0, 0.0, math.inf)[0], moments)


def _lattice(units: int) -> Floats:
    """(LATTICE, units) points that fill the unit cube evenly. Source: Kronecker's sequence with square roots of primes."""
    primes = [number for number in range(2, 120) if all(number % small for small in range(2, number))][:units]
    steps = np.sqrt(np.array(primes, dtype=np.float64))
    found: NDArray[np.float64] = np.asarray(((np.arange(LATTICE)[:, None] + 0.5) * steps[None, :]) % 1.0)
    return found


def _whole_moments(numbers: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """First and second powers of numbers that are rounded up with the chance of their fraction, and clamped; 0 stays."""
    down = np.floor(numbers)
    part = numbers - down
    one, two = (np.where(numbers > 0, np.clip(number, max(low, 0.0), high), 0.0) for number in (down, down + 1.0))
    return one * (1 - part) + two * part, one**2 * (1 - part) + two**2 * part


def _normal() -> Floats:
    """(POINTS,) equally likely values of a standard normal law."""
    from scipy.special import ndtri

    found: Floats = ndtri((np.arange(POINTS) + 0.5) / POINTS)
    return found


def gammas(shapes: Floats) -> Floats:
    """(n, POINTS) equally likely values of gamma laws of mean 1."""
    from scipy.special import gammaincinv

    points: Floats = gammaincinv(shapes[:, None], (np.arange(POINTS) + 0.5)[None, :] / POINTS) / shapes[:, None]
    found: Floats = points / points.mean(axis=1)[:, None]
    return found


def _rounded(counts: Floats, others: Floats, low: float, high: float, *, lifted: bool) -> Clamped:
    """Of a law that is multiplied and rounded up with the chance of its fraction. lifted: a floor holds without a rate too."""
    every = np.multiply.outer(counts, others).ravel()
    there = np.multiply.outer(np.ones(len(counts)), (others > 0) | lifted).ravel()

    def moments(factor: float, low: float, high: float) -> tuple[float, float]:
        whole = np.floor(every * factor)
        part = every * factor - whole
        down, up = (np.clip(number, max(low, 0.0), high) * there for number in (whole, whole + 1.0))
        mean = float((down * (1 - part) + up * part).mean())
        return mean, float((down**2 * (1 - part) + up**2 * part).mean()) - mean * mean

    return Clamped(low, high, float(every.mean()), moments)
