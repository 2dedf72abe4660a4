"""One with probability p, else nought."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.laws._law import PROBABILITY, Discrete, Floats, Parameter, Params


class Bernoulli(Discrete):
    """0 or 1.

    Params: p, the chance of 1, 0 to 1.
    """

    MAIN: ClassVar[str | None] = "p"
    DOMAINS: ClassVar = {"p": PROBABILITY}
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"bernoulli": {"p": 0.2}}]

    p: Parameter = Field(description="chance of 1, 0 to 1")

    def atoms(self, p: Params, low: float, high: float) -> tuple[float, Floats]:
        first = 0 if low <= 0 else 1
        last = 1 if high >= 1 else 0
        return float(first), np.array([1.0 - p["p"], p["p"]])[first : last + 1]

    def inverse(self, u: Floats, p: Params) -> Floats:
        values: Floats = np.greater_equal(u, 1.0 - p["p"]).astype(np.float64)
        return values

    def cdf(self, x: Floats, p: Params) -> Floats:
        result: Floats = np.where(np.less(x, 0.0), 0.0, np.where(np.less(x, 1.0), 1.0 - p["p"], 1.0))
        return result

    def mean_of(self, p: Params) -> float:
        return float(p["p"])

    def variance_of(self, p: Params) -> float:
        return float(p["p"] * (1.0 - p["p"]))

    def support_of(self, p: Params) -> tuple[float, float]:
        return float(p["p"] == 1), float(p["p"] != 0)
