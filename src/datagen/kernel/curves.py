"""Levels that move in time: exponential, linear and logarithmic factors of a clock that starts at 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import elementary

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrendCurve:
    """A factor of time t: (1 + rate)^t, 1 + rate·t or 1 + a·ln(1 + b·t). It is 1 at t = 0 and before."""

    kind: Literal["exponential", "linear", "logarithmic"]
    rate: float = 0.0
    a: float = 0.1
    b: float = 1.0

    def factor(self, t: Floats) -> Floats:
        """(n,) the factor at each t; the same bits on every processor. Defined up to `zero()`."""
        t = np.maximum(t, 0.0)
        if self.kind == "exponential":
            growth = elementary.log(np.array([1.0 + self.rate]))[0]
            return elementary.exp(t * growth)
        if self.kind == "linear":
            return 1.0 + t * self.rate
        return 1.0 + self.a * elementary.log(1.0 + self.b * t)

    def zero(self) -> float | None:
        """The first t at which the factor is 0, below 0 or undefined; None when there is none."""
        if self.kind == "exponential":
            return 1.0 if self.rate <= -1.0 else None  # after one unit (1 + rate) is what is left
        if self.kind == "linear":
            return -1.0 / self.rate if self.rate < 0 else None
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
        if self.a <= 0 or self.b <= 0 or (level - 1.0) / self.a > 700:
            return None
        return (math.exp((level - 1.0) / self.a) - 1.0) / self.b
