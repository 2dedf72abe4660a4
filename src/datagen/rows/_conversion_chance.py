"""How likely a journey is to convert, by its number of touches and by what they add to the log-odds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import elementary

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chance:
    """Probability `base` after one touch, times `each` for every further one up to `most` touches."""

    base: float
    each: float = 1.0
    most: int | None = None

    def plain(self, touches: Ints) -> Floats:
        """(j,) by the number of touches alone, never above 1."""
        counted = touches if self.most is None else np.minimum(touches, self.most)
        if self.each == 1.0:
            return np.full(len(touches), self.base)
        grown = elementary.power(np.full(len(touches), self.each), counted.astype(np.float64) - 1.0)
        return np.minimum(self.base * grown, 1.0)

    def __call__(self, touches: Ints, weight: Floats | None) -> Floats:
        """(j,) with what the touches add to the log-odds."""
        plain = self.plain(touches)
        if weight is None:
            return plain
        sure = plain >= 1.0
        odds = plain / np.where(sure, 1.0, 1.0 - plain) * elementary.exp(np.clip(weight, -700.0, 700.0))
        return np.where(sure, 1.0, odds / (1.0 + odds))

    def passes_one(self, touches: int) -> int | None:
        """The first number of touches up to `touches` after which it would be above 1; None when there is none."""
        last = touches if self.most is None else min(touches, self.most)
        chance = self.base
        for count in range(1, min(last, 10_000) + 1):
            if chance > 1.0 + 1e-9:
                return count
            chance *= self.each
        return None
