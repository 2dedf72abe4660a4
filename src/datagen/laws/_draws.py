"""Laws bound to their parameters: what generators, modifiers and fan-outs draw from.

Laws with constant parameters draw from a table, which is made at the first draw and not before: binding stays fast.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.kernel.guides import GuideTable
from datagen.kernel.quantiles import LARGEST, QuantileTable
from datagen.laws._law import Continuous, Discrete, Floats, Parametric, Params
from datagen.laws.uniform import Uniform

LAST_UNIFORM = 1.0 - 2.0**-53
MOST_LISTED = 1_000_000  # values of a law that are worth listing one by one


class Row(Protocol):
    """A law as it is in the rows of one block."""

    missing: NDArray[np.bool_] | None  # rows where a parameter is null: what is calculated there has no meaning

    def quantile(self, u: Floats) -> Floats: ...
    def cdf(self, x: Floats) -> Floats: ...


class BoundDraw(ABC):
    """A law bound to its parameters: the `Draw` of the contracts."""

    discrete: bool  # every value is a whole number
    constant: bool  # no parameter depends on the row
    is_listed: bool = False  # a list of single values, which `atoms` gives

    @abstractmethod
    def at(self, block: Block | None) -> Row:
        """The law in the rows of a block, its parameters read once."""

    @abstractmethod
    def support(self) -> tuple[float, float]: ...

    def quantile(self, u: Floats, block: Block | None = None) -> Floats:
        row = self.at(block)
        return _null(row.quantile(u), row.missing)

    def cdf(self, x: Floats, block: Block | None = None) -> Floats:
        row = self.at(block)
        return _null(row.cdf(x), row.missing)

    def edges(self, block: Block) -> tuple[Floats, Floats]:
        """(n,) smallest and largest possible value in each row: of all rows where that is known, else at the last uniforms."""
        low, high = (np.full(block.rows, end) for end in self.support())
        if not self.constant and math.isinf(self.support()[0]):
            low = self.quantile(np.zeros(block.rows), block)
        if not self.constant and math.isinf(self.support()[1]):
            high = self.quantile(np.full(block.rows, LAST_UNIFORM), block)
        return low, high

    def mean(self) -> float | None:
        moments = self.moments_inside(-math.inf, math.inf)
        return None if moments is None else moments[0]

    def variance(self) -> float | None:
        moments = self.moments_inside(-math.inf, math.inf)
        return None if moments is None else moments[1]

    def moments_inside(self, low: float, high: float) -> tuple[float, float] | None:
        """Mean and variance of values clamped to [low, high]; None when a parameter depends on the row."""
        return None

    def atoms(self) -> tuple[Floats, Floats]:
        """(k,) rising values and (k,) their chances, of a listed law."""
        raise TypeError("this law has no list of values")

    def beyond(self, low: float, high: float) -> float:
        """The share of values outside [low, high], of a constant law."""
        edges = self.cdf(np.array([np.nextafter(low, -math.inf), high]))
        return float(edges[0] + (1.0 - edges[1]))


def _null(values: Floats, missing: NDArray[np.bool_] | None) -> Floats:
    return values if missing is None else np.where(missing, math.nan, values)


class FixedDraw(BoundDraw):
    """A law whose parameters are the same in every row: it is its own `Row`."""

    constant = True
    missing: NDArray[np.bool_] | None = None

    def at(self, block: Block | None) -> Row:
        return self

    @abstractmethod
    def quantile(self, u: Floats, block: Block | None = None) -> Floats: ...

    @abstractmethod
    def cdf(self, x: Floats, block: Block | None = None) -> Floats: ...

    def moments_inside(self, low: float, high: float) -> tuple[float, float]:
        return QuantileTable(lambda u: self.quantile(np.minimum(u, LAST_UNIFORM))).moments(low, high)


class ClosedDraw(FixedDraw):
    """A law whose inverse is a short formula; whole numbers are equally likely."""

    def __init__(self, law: Parametric, p: Params) -> None:
        self._law, self._p = law, p
        self.discrete = whole_numbers(law)
        first, last = law.support_of(p)
        self.is_listed = self.discrete and last - first < MOST_LISTED

    def atoms(self) -> tuple[Floats, Floats]:
        first, last = self.support()
        values = np.arange(first, last + 1.0)
        return values, np.full(len(values), 1.0 / len(values))

    def quantile(self, u: Floats, block: Block | None = None) -> Floats:
        return self._law.inverse(u, self._p)

    def cdf(self, x: Floats, block: Block | None = None) -> Floats:
        return self._law.cdf(x, self._p)

    def support(self) -> tuple[float, float]:
        return self._law.support_of(self._p)

    def moments_inside(self, low: float, high: float) -> tuple[float, float]:
        first, last = self.support()
        if low <= first and high >= last:
            return self._law.mean_of(self._p), self._law.variance_of(self._p)
        return super().moments_inside(low, high)


class ConstantDraw(ClosedDraw):
    """Always one number."""

    def __init__(self, law: Parametric, p: Params) -> None:
        super().__init__(law, p)
        self.discrete = float(p["value"]).is_integer()
        self.is_listed = True

    def atoms(self) -> tuple[Floats, Floats]:
        return np.array([self._p["value"]]), np.ones(1)

    def moments_inside(self, low: float, high: float) -> tuple[float, float]:
        return min(max(float(self._p["value"]), low), high), 0.0


class TableDraw(FixedDraw):
    """A continuous law, or the part of it in [low, high], from a table of quantiles."""

    discrete = False

    def __init__(self, law: Continuous, p: Params, low: float = -math.inf, high: float = math.inf) -> None:
        self._law, self._p = law, p
        first, last = law.support_of(p)
        self._low, self._high = max(low, first), min(high, last)
        self._cut = low > first or high < last

    @property
    def mass(self) -> float:
        """The probability of [low, high] under the whole law, exact in both tails."""
        if not self._cut:
            return 1.0
        below, above = self._law.below, self._law.above
        if below(self._low, self._p) < 0.5:
            return below(self._high, self._p) - below(self._low, self._p)
        return above(self._low, self._p) - above(self._high, self._p)

    @cached_property
    def table(self) -> QuantileTable:
        law, p = self._law, self._p
        if not self._cut:
            return QuantileTable(lambda u: law.inverse(u, p), lambda v: law.inverse_upper(v, p))
        below = law.below(self._low, p), law.below(self._high, p)
        above = law.above(self._low, p), law.above(self._high, p)
        mass = self.mass

        def either(chance: Floats, rest: Floats) -> Floats:
            # from the nearer end: the other probability has lost its digits
            values, near = np.empty(len(chance), dtype=np.float64), chance <= 0.5
            values[near] = law.inverse(chance[near], p)
            values[~near] = law.inverse_upper(rest[~near], p)
            return np.clip(values, self._low, self._high)

        return QuantileTable(
            lambda u: either(below[0] + u * mass, above[0] - u * mass),
            lambda v: either(below[1] - v * mass, above[1] + v * mass),
            low=max(self._low, -LARGEST),
            high=min(self._high, LARGEST),
        )

    def quantile(self, u: Floats, block: Block | None = None) -> Floats:
        return self.table.draw(u)

    def cdf(self, x: Floats, block: Block | None = None) -> Floats:
        return self.table.cdf(x)

    def support(self) -> tuple[float, float]:
        return self._low, self._high

    def moments_inside(self, low: float, high: float) -> tuple[float, float]:
        if not self._cut and low <= self._low and high >= self._high:
            return self._law.mean_of(self._p), self._law.variance_of(self._p)
        return self.table.moments(low, high)

    def beyond(self, low: float, high: float) -> float:
        if self._cut:
            return super().beyond(low, high)
        below = self._law.below(low, self._p) if math.isfinite(low) else 0.0
        return below + (self._law.above(high, self._p) if math.isfinite(high) else 0.0)


class AtomsDraw(FixedDraw):
    """A law over listed values, from a guide table.

    make() gives (k,) rising values and (k,) weights; moments() mean and variance where they are known without them.
    """

    is_listed = True

    def __init__(
        self,
        make: Callable[[], tuple[Floats, Floats]],
        support: tuple[float, float],
        *,
        discrete: bool,
        moments: Callable[[], tuple[float, float]] | None = None,
    ) -> None:
        self._make, self._support, self._moments = make, support, moments
        self.discrete = discrete

    @cached_property
    def _table(self) -> tuple[Floats, GuideTable, bool]:
        """Values, their guide, and whether they are consecutive whole numbers: an addition then replaces a look-up."""
        values, weights = self._make()
        return values, GuideTable(weights), self.discrete and bool(values[-1] - values[0] == len(values) - 1)

    def atoms(self) -> tuple[Floats, Floats]:
        return self._table[0], self._table[1].probabilities

    def quantile(self, u: Floats, block: Block | None = None) -> Floats:
        values, guide, consecutive = self._table
        if not consecutive:
            return values.take(guide.draw(u))
        numbers = guide.numbers(u)
        if values[0] != 0.0:
            np.add(numbers, values[0], out=numbers)
        return numbers

    def cdf(self, x: Floats, block: Block | None = None) -> Floats:
        values, guide, _ = self._table
        return guide.cdf(np.searchsorted(values, x, side="right") - 1)

    def support(self) -> tuple[float, float]:
        return self._support

    def moments_inside(self, low: float, high: float) -> tuple[float, float]:
        if self._moments is not None and low <= self._support[0] and high >= self._support[1]:
            return self._moments()
        values, chances = self.atoms()
        clipped = np.clip(values, low, high)
        mean = math.fsum(clipped * chances)
        return mean, math.fsum((clipped - mean) ** 2 * chances)


def merged(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """(k,) rising distinct values that are possible, and their weights."""
    rising, places = np.unique(values + 0.0, return_inverse=True)
    sums = np.zeros(len(rising), dtype=np.float64)
    np.add.at(sums, places, weights)  # one after the other: the same on every machine
    possible = sums > 0.0
    return rising[possible], sums[possible]


def atoms_of(law: Discrete, p: Params, low: float = -math.inf, high: float = math.inf) -> AtomsDraw:
    """A counting law, or the part of it in [low, high]."""
    first, last = law.support_of(p)
    cut = low > first or high < last
    ends = (
        max(first, float(math.ceil(low)) if math.isfinite(low) else low),
        min(last, math.floor(high) if math.isfinite(high) else high),
    )

    def make() -> tuple[Floats, Floats]:
        start, weights = law.atoms(p, low, high)
        return start + np.arange(len(weights), dtype=np.float64), weights

    known = None if cut else lambda: (law.mean_of(p), law.variance_of(p))
    return AtomsDraw(make, ends, discrete=True, moments=known)


def whole_numbers(law: Parametric) -> bool:
    """Whether every value is a whole number, whatever the parameters."""
    return law.discrete or (isinstance(law, Uniform) and law.integers)


def drawn(law: Parametric, p: Params) -> BoundDraw:
    """A law with constant parameters."""
    if law.CLOSED:
        return ConstantDraw(law, p) if p.keys() == {"value"} else ClosedDraw(law, p)
    if isinstance(law, Continuous):
        return TableDraw(law, p)
    return atoms_of(cast(Discrete, law), p)
