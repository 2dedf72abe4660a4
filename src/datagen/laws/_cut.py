"""Laws inside bounds: `clamp` moves what is outside to the bound, `truncate` draws only what is inside.

`keep_mean` moves a truncated law until its mean is the one that was written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datagen.contracts import Block
from datagen.errors import Finding, SchemaError
from datagen.kernel.digits import round_bits
from datagen.kernel.quantiles import QuantileTable
from datagen.laws._draws import LAST_UNIFORM, BoundDraw, Row, merged
from datagen.laws._law import Floats

MOST_STEPS = 80  # of a search for a mean


class ClampedDraw(BoundDraw):
    """A law whose values beyond low or high are moved there."""

    def __init__(self, base: BoundDraw, low: float, high: float) -> None:
        self._base, self._low, self._high = base, low, high
        self.constant = base.constant
        ends = [end for end in (low, high) if math.isfinite(end)]
        self.discrete = base.discrete and all(end.is_integer() for end in ends)

    def at(self, block: Block | None) -> Row:
        return _Clamped(self._base.at(block), self._low, self._high)

    def moments_inside(self, low: float, high: float) -> tuple[float, float] | None:
        if low > self._high or high < self._low:
            return (low if low > self._high else high), 0.0
        return self._base.moments_inside(max(low, self._low), min(high, self._high))

    @property
    def is_listed(self) -> bool:  # type: ignore[override]
        return self._base.is_listed

    def atoms(self) -> tuple[Floats, Floats]:
        values, chances = self._base.atoms()
        return merged(np.clip(values, self._low, self._high), chances)

    def support(self) -> tuple[float, float]:
        low, high = self._base.support()
        return min(max(low, self._low), self._high), max(min(high, self._high), self._low)


class _Clamped:
    def __init__(self, base: Row, low: float, high: float) -> None:
        self._base, self._low, self._high = base, low, high
        self.missing = base.missing

    def quantile(self, u: Floats) -> Floats:
        values = self._base.quantile(u)
        return np.clip(values, self._low, self._high, out=values)

    def cdf(self, x: Floats) -> Floats:
        inside = self._base.cdf(x)
        return np.where(x < self._low, 0.0, np.where(x >= self._high, 1.0, inside))


class TruncatedDraw(BoundDraw):
    """A law of which only the part in [low, high] is drawn, by cutting its uniforms.

    Raises SchemaError "law.empty_truncation" for rows whose law has nothing inside (below some 1e-15).
    """

    def __init__(self, base: BoundDraw, low: float, high: float, home: str) -> None:
        self._base, self._low, self._high, self._home = base, low, high, home
        self.discrete, self.constant = base.discrete, base.constant

    def at(self, block: Block | None) -> Row:
        return _Truncated(self._base.at(block), self._low, self._high, self._home)

    def moments_inside(self, low: float, high: float) -> tuple[float, float] | None:
        if not self.constant:
            return None
        row = self.at(None)
        return QuantileTable(lambda u: row.quantile(np.minimum(u, LAST_UNIFORM))).moments(low, high)

    def support(self) -> tuple[float, float]:
        low, high = self._base.support()
        if self.discrete:
            return max(low, float(np.ceil(self._low))), min(high, float(np.floor(self._high)))
        return max(low, self._low), min(high, self._high)


class _Truncated:
    def __init__(self, base: Row, low: float, high: float, home: str) -> None:
        self._base, self._low, self._high, self._home = base, low, high, home
        self.missing = base.missing

    def _edges(self, rows: int) -> tuple[Floats, Floats]:
        """(n,) probability below low and up to high, in each row."""
        before = np.full(rows, np.nextafter(self._low, -math.inf))
        low, high = self._base.cdf(before), self._base.cdf(np.full(rows, self._high))
        empty = high <= low if self.missing is None else (high <= low) & ~self.missing
        if empty.any():
            raise SchemaError(
                Finding(
                    code="law.empty_truncation",
                    json_path=self._home,
                    found=f"{int(empty.sum()):,} rows of one block with no value possible in "
                    f"[{self._low:.10g}, {self._high:.10g}]",
                    expected="parameters whose law reaches the interval in every row",
                    hint="widen truncate, or use clamp",
                )
            )
        return low, high

    def quantile(self, u: Floats) -> Floats:
        low, high = self._edges(len(u))
        values = self._base.quantile(np.minimum(low + u * (high - low), LAST_UNIFORM))
        return np.clip(values, self._low, self._high, out=values)

    def cdf(self, x: Floats) -> Floats:
        low, high = self._edges(len(x))
        return np.clip((self._base.cdf(x) - low) / np.maximum(high - low, 2.0**-60), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Reach:
    """The mean that no parameter goes beyond, on the side of the target."""

    limit: float


def solve_centre(
    mean_at: Callable[[float], float | None], start: float, target: float, *, positive: bool
) -> float | Reach:
    """The parameter at which a rising mean equals the target, to 40 bits; the reachable means when none does.

    mean_at gives None where the parameter cannot be. Brackets the target by growing steps from start (factors where
    positive), then closes in by secants (Illinois).
    """
    at_start = mean_at(start)
    if at_start is None:
        return Reach(math.nan)
    low = high = start
    low_mean = high_mean = at_start
    step = abs(target - at_start) + max(abs(start), abs(target), 1e-9) * 0.1
    for _ in range(MOST_STEPS):
        if low_mean <= target <= high_mean:
            break
        down = target < low_mean
        tried = (low / 2.0 if positive else low - step) if down else (high * 2.0 if positive else high + step)
        mean = mean_at(tried)
        if mean is None and down:
            return Reach(low_mean)
        if mean is None:
            # up to where the parameter may be, such as a probability of 1
            tried, mean = _last_possible(mean_at, high, tried)
        settled = abs(mean - (low_mean if down else high_mean)) <= 1e-9 * abs(mean)
        low, low_mean, high, high_mean = (tried, mean, low, low_mean) if down else (high, high_mean, tried, mean)
        step *= 2.0
        if settled:
            break
    if not low_mean <= target <= high_mean:
        return Reach(low_mean if target < low_mean else high_mean)
    return _between(mean_at, low, high, low_mean - target, high_mean - target, target)


def _last_possible(mean_at: Callable[[float], float | None], low: float, high: float) -> tuple[float, float]:
    """The largest parameter that may be, from one that may and one that may not, and its mean."""
    best = mean_at(low) or 0.0
    for _ in range(40):
        middle = low / 2.0 + high / 2.0
        mean = mean_at(middle)
        if mean is None:
            high = middle
        else:
            low, best = middle, mean
    return low, best


def _between(
    mean_at: Callable[[float], float | None], low: float, high: float, below: float, above: float, target: float
) -> float:
    """The parameter between low and high at which the mean is the target, given how far the means there are from it."""
    side = 0
    for _ in range(MOST_STEPS):
        if high - low <= 2.0**-44 * max(abs(low), abs(high)) or below == above:
            break
        middle = (low * above - high * below) / (above - below)
        if not low < middle < high:
            middle = low / 2.0 + high / 2.0
        gap = (mean_at(middle) or 0.0) - target
        if gap <= 0.0:
            low, below, above, side = middle, gap, above / 2.0 if side < 0 else above, -1
        if gap >= 0.0:
            high, above, below, side = middle, gap, below / 2.0 if side > 0 else below, 1
    return float(round_bits(np.array([low / 2.0 + high / 2.0]))[0])
