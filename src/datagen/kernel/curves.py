"""Levels that move in time: factors of a clock that starts at 0, growing by a formula or along given levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import elementary
from datagen.kernel.clock import Times
from datagen.kernel.seasons import Unit

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrendCurve:
    """A factor of time t: (1 + rate)^t, 1 + rate·t, 1 + a·ln(1 + b·t), K / (1 + (K - 1)·e^(-rate·t)), or given levels.

    It is 1 at t = 0 and before. ceiling: K, what a logistic curve comes to. moments, levels: rising times from 0 on and
    the factor at each; `piecewise` joins them by lines, `step` holds each until the next; the last one stays.
    """

    kind: Literal["exponential", "linear", "logarithmic", "logistic", "piecewise", "step"]
    rate: float = 0.0
    a: float = 0.1
    b: float = 1.0
    ceiling: float = 2.0
    moments: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()

    def factor(self, t: Floats) -> Floats:
        """(n,) the factor at each t; the same bits on every processor. Defined up to `zero()`."""
        t = np.maximum(t, 0.0)
        if self.kind == "exponential":
            growth = elementary.log(np.array([1.0 + self.rate]))[0]
            return elementary.exp(t * growth)
        if self.kind == "linear":
            return 1.0 + t * self.rate
        if self.kind == "logistic":
            fading = elementary.exp(np.maximum(t * -self.rate, -700.0))
            return self.ceiling / (1.0 + (self.ceiling - 1.0) * fading)
        if self.kind in ("piecewise", "step"):
            return self._level(t)
        return 1.0 + self.a * elementary.log(1.0 + self.b * t)

    def _level(self, t: Floats) -> Floats:
        """(n,) the factor along the given levels."""
        x, y = np.array([0.0, *self.moments]), np.array([1.0, *self.levels])
        place = np.searchsorted(x, t, side="right") - 1
        if self.kind == "step":
            return y[place]
        after = np.minimum(place + 1, len(x) - 1)
        gap = x[after] - x[place]
        share = np.where(gap > 0, t - x[place], 0.0) / np.where(gap > 0, gap, 1.0)
        found: Floats = y[place] + share * (y[after] - y[place])
        return found

    def zero(self) -> float | None:
        """The first t at which the factor is 0, below 0 or undefined; None when there is none."""
        if self.kind == "exponential":
            return 1.0 if self.rate <= -1.0 else None  # after one unit (1 + rate) is what is left
        if self.kind == "linear":
            return -1.0 / self.rate if self.rate < 0 else None
        if self.kind != "logarithmic":
            return None  # a ceiling above 0, levels as they were asked for
        return self._logarithmic_zero()

    def _logarithmic_zero(self) -> float | None:
        if self.a == 0 or self.b == 0:
            return -1.0 / self.b if self.b < 0 else None
        power = -1.0 / self.a  # ln(1 + b·t) there
        if power > 700:
            return None
        reached = (math.exp(power) - 1.0) / self.b
        edge = -1.0 / self.b if self.b < 0 else math.inf  # 1 + b·t is 0
        first = min((t for t in (reached, edge) if t > 0), default=math.inf)
        return None if math.isinf(first) else first

    def reaches(self, level: float) -> float | None:
        """The t at which the factor reaches a level above 1; None when it never does."""
        if self.kind == "exponential":
            return math.log(level) / math.log1p(self.rate) if self.rate > 0 else None
        if self.kind == "linear":
            return (level - 1.0) / self.rate if self.rate > 0 else None
        if self.kind == "logistic":
            if self.ceiling <= level:
                return None
            return math.log((self.ceiling - 1.0) / (self.ceiling / level - 1.0)) / self.rate
        if self.kind in ("piecewise", "step"):
            return next((at for at, one in zip(self.moments, self.levels, strict=True) if one > level), None)
        if self.a <= 0 or self.b <= 0 or (level - 1.0) / self.a > 700:
            return None
        return (math.exp((level - 1.0) / self.a) - 1.0) / self.b


@dataclass(frozen=True, slots=True)
class Growth:
    """How much likelier times become along a curve. anchor: where its clock starts; length of its unit, microseconds."""

    curve: TrendCurve
    anchor: int
    length: int

    def unit(self, start: int, end: int) -> Unit:
        """A day: within one a curve hardly moves."""
        return "day"

    def written(self, times: Times) -> Floats:
        """(n,) the factor at each time."""
        return self.curve.factor((times - self.anchor) / self.length)
