"""Laws bound to their parameters: what generators, modifiers and fan-outs draw from.

Laws with constant parameters draw from a table made at the first draw; a mean or a scale that varies by row moves and
stretches a standard table; other parameters that vary by row go through the exact inverse. Each row's value depends on
its own uniform and parameters alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Reader
from datagen.errors import Finding, SchemaError
from datagen.kernel.elementary import exp, log
from datagen.kernel.guides import GuideTable
from datagen.kernel.quantiles import QuantileTable
from datagen.laws._law import Continuous, Discrete, Domain, Floats, Parametric, Params
from datagen.laws.constant import Constant
from datagen.laws.uniform import Uniform

LAST_UNIFORM = 1.0 - 2.0**-53
MOST_LISTED = 1_000_000  # values of a law that are worth listing one by one


class Row(Protocol):
    """A law as it is in the rows of one block."""

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
        return self.at(block).quantile(u)

    def cdf(self, x: Floats, block: Block | None = None) -> Floats:
        return self.at(block).cdf(x)

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


class FixedDraw(BoundDraw):
    """A law whose parameters are the same in every row: it is its own `Row`."""

    constant = True

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
            lower = np.minimum(chance, 0.5)
            values = np.where(chance <= 0.5, law.inverse(lower, p), law.inverse_upper(np.minimum(rest, 0.5), p))
            return np.clip(values, self._low, self._high)

        return QuantileTable(
            lambda u: either(below[0] + u * mass, above[0] - u * mass),
            lambda v: either(below[1] - v * mass, above[1] + v * mass),
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
        places = guide.draw(u)
        result: Floats = places + values[0] if consecutive else values.take(places)
        return result

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


class RowDraw(BoundDraw):
    """A law with parameters that vary by row.

    home: `table.column`, for messages. NaN where a parameter is null. Raises SchemaError "law.parameter_out_of_range".
    """

    constant = False

    def __init__(self, law: Parametric, p: Mapping[str, float | Reader], home: str) -> None:
        self._law, self._p, self._home = law, p, home
        self._facts = {name: math.nan if callable(value) else value for name, value in p.items()}
        only_whole = all(value.type == "int" if callable(value) else value.is_integer() for value in p.values())
        self.discrete = whole_numbers(law) or (isinstance(law, Constant) and only_whole)
        standard = law.affine(self._facts) if isinstance(law, Continuous) else None
        fixed = standard is not None and not any(math.isnan(value) for value in standard[3].values())
        self._standard = TableDraw(standard[2], standard[3]) if standard is not None and fixed else None

    def at(self, block: Block | None) -> Row:
        if block is None:
            raise TypeError("this law's parameters depend on the row: quantile and cdf need the block")
        p, missing = read_parameters(self._law, self._p, block, self._home)
        return _RowsOfLaw(self._law, p, missing, self._standard)

    def support(self) -> tuple[float, float]:
        low, high = self._law.support_of(self._facts)
        return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


class _RowsOfLaw:
    """A law in the rows of one block."""

    def __init__(
        self, law: Parametric, p: Params, missing: NDArray[np.bool_] | None, standard: TableDraw | None
    ) -> None:
        self._law, self._p, self._missing = law, p, missing
        self._standard = standard
        if standard is not None and isinstance(law, Continuous):
            affine = law.affine(p)
            self._via_exp = law.VIA_EXP
            self._location: Any = affine[0] if affine else 0.0
            self._scale: Any = affine[1] if affine else 1.0

    def quantile(self, u: Floats) -> Floats:
        if self._standard is None:
            values = self._law.inverse(u, self._p)
        else:
            values = self._standard.quantile(u)
            np.multiply(values, self._scale, out=values)
            np.add(values, self._location, out=values)
            if self._via_exp:
                values = exp(values)
        return self._null(values)

    def cdf(self, x: Floats) -> Floats:
        if self._standard is None:
            return self._null(self._law.cdf(x, self._p))
        if self._via_exp:
            x = log(np.maximum(x, 0.0))
        return self._null(self._standard.cdf((x - self._location) / self._scale))

    def _null(self, values: Floats) -> Floats:
        if self._missing is not None:
            values[self._missing] = math.nan
        return values


def read_parameters(
    law: Parametric, p: Mapping[str, float | Reader], block: Block, home: str
) -> tuple[dict[str, Any], NDArray[np.bool_] | None]:
    """Parameters in the rows of a block, checked; and the rows where one is null (they get a harmless number)."""
    values: dict[str, Any] = {}
    missing = np.zeros(block.rows, dtype=np.bool_)
    for name, value in p.items():
        if not callable(value):
            values[name] = value
            continue
        column = value(block)
        numbers = np.array(column.array, dtype=np.float64)
        if column.valid is not None:
            numbers[~column.valid] = harmless(law.DOMAINS[name])
            missing |= ~column.valid
        wrong = ~law.DOMAINS[name].holds(numbers)
        if wrong.any():
            raise out_of_range(home, wrong, numbers, name, law.DOMAINS[name].text(name))
        values[name] = numbers
    for holds, field, expected, hint in law.relations(values):
        wrong = np.broadcast_to(~np.asarray(holds), missing.shape) & ~missing
        if wrong.any():
            shown = np.broadcast_to(np.asarray(values.get(field, math.nan), dtype=np.float64), missing.shape)
            raise out_of_range(home, wrong, shown, field, expected, hint)
    return values, missing if missing.any() else None


def whole_numbers(law: Parametric) -> bool:
    """Whether every value is a whole number, whatever the parameters."""
    return law.discrete or (isinstance(law, Uniform) and law.integers)


def harmless(domain: Domain) -> float:
    """A number inside a domain, to calculate with where there is none."""
    return next(number for number in (1.0, 3.0, 0.5, 0.0) if domain.holds(number))


def out_of_range(
    home: str, wrong: NDArray[np.bool_], numbers: Floats, name: str, expected: str, hint: str = ""
) -> SchemaError:
    """What a run says when an expression gives a parameter that the law cannot have."""
    example = numbers[wrong][0]
    return SchemaError(
        Finding(
            code="law.parameter_out_of_range",
            json_path=home,
            found=f"{int(wrong.sum()):,} rows of one block, such as {name} = {example:.10g}",
            expected=expected,
            hint=hint or f"bound the expression of {name}: greatest(…, …), least(…, …)",
        )
    )


def drawn(law: Parametric, p: Params) -> BoundDraw:
    """A law with constant parameters."""
    if law.CLOSED:
        return ConstantDraw(law, p) if p.keys() == {"value"} else ClosedDraw(law, p)
    if isinstance(law, Continuous):
        return TableDraw(law, p)
    return atoms_of(cast(Discrete, law), p)
