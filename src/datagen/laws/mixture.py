"""A blend of several laws: most orders small and a few very large, mostly nought, fast and slow deliveries."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block
from datagen.errors import did_you_mean, listed
from datagen.kernel.guides import GuideTable
from datagen.kernel.quantiles import LARGEST, QuantileTable
from datagen.laws._draws import LAST_UNIFORM, AtomsDraw, BoundDraw, FixedDraw, Row, merged
from datagen.laws._law import Floats, Law, squared

if TYPE_CHECKING:
    from datagen.laws._bind import Binding

MOST_ATOMS = 500  # single values among continuous laws of one table; with more, each draw is inverted by itself
FINEST = 1e-14  # shares below this are rounding


class Mixture(Law):
    """One of several laws, chosen by weight.

    Params: components, a list of {weight, law}. Weights all at most 1 must sum to 1, any above 1 makes them relative,
    with % they sum to 100; they cannot be expressions, the parameters of the laws can. One uniform per row: the draw is
    the inverse of the blended distribution function.
    """

    MAIN: ClassVar[str | None] = "components"
    TIMES: ClassVar[frozenset[str]] = frozenset({"components"})
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {
            "mixture": {
                "components": [
                    {"weight": 0.3, "law": {"type": "constant", "params": {"value": 0}}},
                    {"weight": 0.7, "law": {"type": "lognormal", "params": {"median": 30, "sigma": 0.5}}},
                ]
            }
        }
    ]

    components: list[dict[str, Any]] = Field(description="list of {weight, law}")

    def bound(self, binding: Binding) -> BoundDraw | None:
        from datagen.registry import words

        if not self.components:
            binding.refuse("law.no_components", "components", found="no components", expected="at least one component")
            return None
        draws: list[BoundDraw | None] = []
        for place, component in enumerate(self.components):
            for key in component:
                if key not in ("weight", "law"):
                    binding.refuse(
                        "law.unknown_key",
                        "components",
                        place,
                        key,
                        found=f"'{key}' in a component",
                        expected="weight and law",
                        hint=did_you_mean(key, ("weight", "law", *words("law"))),
                    )
            missing = [key for key in ("weight", "law") if key not in component]
            if missing:
                binding.refuse(
                    "law.missing_parameter",
                    "components",
                    place,
                    found=f"a component without {listed(missing)}",
                    expected="{weight, law}",
                )
            draws.append(binding.law(component["law"], "components", place, "law") if "law" in component else None)
        if not all("weight" in component for component in self.components):
            return None
        shares = binding.shares([component["weight"] for component in self.components], "components", inside="weight")
        parts = [draw for draw in draws if draw is not None]
        if shares is None or len(parts) < len(draws):
            return None
        return blended(parts, shares)


def blended(parts: list[BoundDraw], shares: list[float]) -> BoundDraw:
    """The mixture of bound laws."""
    support = min(part.support()[0] for part in parts), max(part.support()[1] for part in parts)
    if all(part.is_listed for part in parts):

        def make() -> tuple[Floats, Floats]:
            atoms = [part.atoms() for part in parts]
            values = np.concatenate([values for values, _ in atoms])
            return merged(
                values, np.concatenate([chances * share for (_, chances), share in zip(atoms, shares, strict=True)])
            )

        return AtomsDraw(make, support, discrete=all(part.discrete for part in parts))
    smooth = all(part.constant and (part.is_listed or not part.discrete) for part in parts)
    if smooth and sum(len(part.atoms()[0]) for part in parts if part.is_listed) <= MOST_ATOMS:
        return MixtureDraw(parts, shares, support)
    return RowMixtureDraw(parts, shares, support)


class RowMixtureDraw(BoundDraw):
    """A mixture whose parameters vary by row: every draw is inverted by bisection, by itself."""

    def __init__(self, parts: list[BoundDraw], shares: list[float], support: tuple[float, float]) -> None:
        self._parts, self._shares, self._support = parts, shares, support
        self.constant = all(part.constant for part in parts)
        self.discrete = all(part.discrete for part in parts)

    def at(self, block: Block | None) -> Row:
        return _Blend([part.at(block) for part in self._parts], self._shares)

    def support(self) -> tuple[float, float]:
        return self._support

    def moments_inside(self, low: float, high: float) -> tuple[float, float] | None:
        return _blended_moments(self._parts, self._shares, low, high)


class MixtureDraw(FixedDraw):
    """A mixture from tables: one for each stretch between the single values and the ends of its laws."""

    discrete = False

    def __init__(self, parts: list[BoundDraw], shares: list[float], support: tuple[float, float]) -> None:
        self._parts, self._shares, self._support = parts, shares, support
        self._blend = _Blend([part.at(None) for part in parts], shares)

    @cached_property
    def _breaks(self) -> Floats:
        """(b,) rising: where the distribution function jumps or bends."""
        ends = [end for part in self._parts if not part.is_listed for end in part.support() if math.isfinite(end)]
        single = [part.atoms()[0] for part in self._parts if part.is_listed]
        return np.unique(np.concatenate([np.array(ends), *single]))

    @cached_property
    def _levels(self) -> tuple[Floats, GuideTable]:
        """(2b + 2,) borders of the shares of: the stretch below the first break, that break, the next stretch, …"""
        breaks = self._breaks
        at, before = self._blend.cdf(breaks), self._blend.cdf(np.nextafter(breaks, -math.inf))
        shares = np.empty(2 * len(breaks) + 1)
        shares[1::2] = at - before
        shares[0::2] = np.append(before, 1.0) - np.concatenate([[0.0], at])
        shares[shares < FINEST] = 0.0
        guide = GuideTable(shares)
        return np.concatenate([[0.0], guide.borders]), guide

    @cached_property
    def _tables(self) -> list[QuantileTable | None]:
        """The law inside each stretch; None where nothing falls."""
        borders, breaks = self._levels[0], self._breaks
        ends = np.concatenate([[-math.inf], breaks, [math.inf]])
        tables: list[QuantileTable | None] = []
        for place in range(len(breaks) + 1):
            start, end = borders[2 * place], borders[2 * place + 1]
            if end <= start:
                tables.append(None)
                continue
            low, high = float(ends[place]), float(ends[place + 1])
            tables.append(self._stretch(float(start), float(end), low, high))
        return tables

    def _stretch(self, start: float, end: float, low: float, high: float) -> QuantileTable:
        share = end - start

        def between(level: Floats) -> Floats:
            return np.clip(self._blend.quantile(np.minimum(level, LAST_UNIFORM)), low, high)

        return QuantileTable(
            lambda u: between(start + u * share),
            lambda v: between(end - v * share),
            low=max(low, -LARGEST),
            high=min(high, LARGEST),
        )

    def quantile(self, u: Floats, block: Block | None = None) -> Floats:
        if not len(self._breaks):
            return self._stretch_values(0, u)
        borders, guide = self._levels
        place = guide.draw(u)
        values: Floats = np.append(self._breaks, 0.0)[place >> 1]
        for stretch in range(len(self._breaks) + 1):
            rows = np.flatnonzero(place == 2 * stretch)
            if len(rows):
                start, end = borders[2 * stretch], borders[2 * stretch + 1]
                values[rows] = self._stretch_values(
                    stretch, np.clip((u[rows] - start) / (end - start), 0.0, LAST_UNIFORM)
                )
        return values

    def _stretch_values(self, stretch: int, u: Floats) -> Floats:
        table = self._tables[stretch]
        if table is None:
            raise AssertionError("a uniform fell where the mixture has no share")
        return table.draw(u)

    def cdf(self, x: Floats, block: Block | None = None) -> Floats:
        borders, breaks = self._levels[0], self._breaks
        stretch = np.searchsorted(breaks, x, side="right")
        shares = borders[2 * stretch].copy()  # the end of the break below, or 0
        for place, table in enumerate(self._tables):
            rows = np.flatnonzero(stretch == place)
            if len(rows) and table is not None:
                start, end = float(borders[2 * place]), float(borders[2 * place + 1])
                shares[rows] = start + (end - start) * table.cdf(x[rows])
        result: Floats = shares
        return result

    def support(self) -> tuple[float, float]:
        return self._support

    def moments_inside(self, low: float, high: float) -> tuple[float, float]:
        moments = _blended_moments(self._parts, self._shares, low, high)
        return moments if moments is not None else (math.nan, math.nan)


def _blended_moments(
    parts: list[BoundDraw], shares: list[float], low: float, high: float
) -> tuple[float, float] | None:
    """Mean and variance of a mixture clamped to [low, high]; None when a parameter depends on the row."""
    moments = [part.moments_inside(low, high) for part in parts]
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments):
        return None
    mean = math.fsum(share * own for share, (own, _) in zip(shares, known, strict=True))
    if not math.isfinite(mean):
        return mean, math.inf
    square = math.fsum(
        share * (variance + squared(own - mean)) for share, (own, variance) in zip(shares, known, strict=True)
    )
    return mean, square


class _Blend:
    """The blended law in the rows of a block."""

    def __init__(self, rows: list[Row], shares: list[float]) -> None:
        self._rows, self._shares = rows, shares
        missing = [row.missing for row in rows if row.missing is not None]
        self.missing = np.logical_or.reduce(missing) if missing else None

    def cdf(self, x: Floats) -> Floats:
        total = np.zeros(len(x), dtype=np.float64)
        for row, share in zip(self._rows, self._shares, strict=True):
            total += share * row.cdf(x)
        return total

    def quantile(self, u: Floats) -> Floats:
        """(n,) the smallest float whose blended distribution function is above u.

        It lies between the smallest and the largest of the parts' own quantiles.
        """
        own = [row.quantile(u) for row in self._rows]
        smallest, largest = np.minimum.reduce(own), np.maximum.reduce(own)
        low, high = _ordered(smallest) - 1, _ordered(largest)
        while True:
            # half the sum, without overflow; floats are tried in their own order, so 64 halvings reach any of them
            middle = (low >> 1) + (high >> 1) + (low & high & 1)
            open_rows = low + 1 < high  # their difference may be no int64
            if not open_rows.any():
                break
            passed = self.cdf(_ordered_back(middle)) > u
            high = np.where(open_rows & passed, middle, high)
            low = np.where(open_rows & ~passed, middle, low)
        return _ordered_back(high)


def _ordered(x: Floats) -> NDArray[np.int64]:
    """(n,) int64 that rise as the floats do, one apart where the floats are neighbours."""
    words = (x + 0.0).view(np.int64)
    return np.where(words < 0, np.int64(-(2**63)) - words, words)


def _ordered_back(places: NDArray[np.int64]) -> Floats:
    words = np.where(places < 0, np.int64(-(2**63)) - places, places)
    return words.view(np.float64)
