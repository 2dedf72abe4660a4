"""Heavy-tailed amounts: few very large, many small (wealth, file sizes, order values)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import exp, log, power
from datagen.laws._law import POSITIVE, Continuous, Floats, Parameter, Params, Relation, squared
from datagen.laws.exponential import minus_log_rest

LARGEST_LOG = 709.0
E_999 = 6.9078  # the standard exponential's 99.9th percentile


class Pareto(Continuous):
    """Values of at least min, P(X > x) = (min / x)^alpha.

    Params: alpha > 0, tail index, unitless (1.16 gives "20 % own 80 %"; the mean is infinite at 1 and below);
    min > 0, the smallest value, in the column's unit.
    """

    MAIN: ClassVar[str | None] = "alpha"
    DOMAINS: ClassVar = {"alpha": POSITIVE, "min": POSITIVE}
    TIMES: ClassVar[frozenset[str]] = frozenset({"min"})
    CENTRE: ClassVar[str | None] = "min"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"pareto": {"alpha": 1.16, "min": 20}}]

    alpha: Parameter = Field(description="tail index, above 0: 1.16 gives 20 % that own 80 %")
    min: Parameter = Field(description="smallest value, above 0, in the column's unit")

    def relations(self, p: Params) -> Sequence[Relation]:
        with np.errstate(all="ignore"):
            fits = np.less_equal(E_999 / p["alpha"], LARGEST_LOG)
        return [Relation(fits, "alpha", "a 99.9th percentile below 1e308", "use a larger alpha")]

    def inverse(self, u: Floats, p: Params) -> Floats:
        values: Floats = exp(minus_log_rest(u) / p["alpha"]) * p["min"]
        return values

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        values: Floats = exp(-log(v) / p["alpha"]) * p["min"]
        return values

    def below(self, x: float, p: Params) -> float:
        return 0.0 if x <= p["min"] else -math.expm1(-p["alpha"] * math.log(x / p["min"]))

    def above(self, x: float, p: Params) -> float:
        return 1.0 if x <= p["min"] else math.exp(-p["alpha"] * math.log(x / p["min"]))

    def cdf(self, x: Floats, p: Params) -> Floats:
        return 1.0 - power(p["min"] / np.maximum(x, p["min"]), p["alpha"])

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return 0.0, p["min"], self, {"alpha": p["alpha"], "min": 1.0}

    def mean_of(self, p: Params) -> float:
        alpha = float(p["alpha"])
        return p["min"] * alpha / (alpha - 1.0) if alpha > 1.0 else math.inf

    def variance_of(self, p: Params) -> float:
        alpha = float(p["alpha"])
        return squared(p["min"]) * alpha / (squared(alpha - 1.0) * (alpha - 2.0)) if alpha > 2.0 else math.inf

    def support_of(self, p: Params) -> tuple[float, float]:
        return (p["min"], math.inf) if math.isfinite(p["min"]) else (0.0, math.inf)
