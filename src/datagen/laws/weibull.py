"""Lifetimes: parts that wear out (shape above 1) or fail early (below 1)."""

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
LOG_E_999 = 1.9326  # ln of the standard exponential's 99.9th percentile


class Weibull(Continuous):
    """Values above 0, P(X > x) = e^-(x / scale)^shape.

    Params: shape > 0, unitless; scale > 0, in the column's unit: 63.2 % of the values lie below it.
    """

    MAIN: ClassVar[str | None] = "shape"
    DOMAINS: ClassVar = {"shape": POSITIVE, "scale": POSITIVE}
    TIMES: ClassVar[frozenset[str]] = frozenset({"scale"})
    CENTRE: ClassVar[str | None] = "scale"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"weibull": {"shape": 1.5, "scale": 400}}]

    shape: Parameter = Field(description="shape, above 0: below 1 early failures, above 1 wear")
    scale: Parameter = Field(description="scale, above 0, in the column's unit: 63.2 % of the values lie below it")

    def relations(self, p: Params) -> Sequence[Relation]:
        with np.errstate(all="ignore"):
            fits = np.less_equal(LOG_E_999 / p["shape"], LARGEST_LOG)
        return [Relation(fits, "shape", "a 99.9th percentile below 1e308", "use a larger shape")]

    def inverse(self, u: Floats, p: Params) -> Floats:
        values: Floats = power(minus_log_rest(u), 1.0 / p["shape"]) * p["scale"]
        return values

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        values: Floats = power(-log(v), 1.0 / p["shape"]) * p["scale"]
        return values

    def below(self, x: float, p: Params) -> float:
        return -math.expm1(-self._hazard(x, p))

    def above(self, x: float, p: Params) -> float:
        return math.exp(-self._hazard(x, p))

    def _hazard(self, x: float, p: Params) -> float:
        return float(power(np.array([max(x, 0.0) / p["scale"]]), p["shape"])[0])

    def cdf(self, x: Floats, p: Params) -> Floats:
        return 1.0 - exp(-power(np.maximum(x, 0.0) / p["scale"], p["shape"]))

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return 0.0, p["scale"], self, {"shape": p["shape"], "scale": 1.0}

    def mean_of(self, p: Params) -> float:
        return float(p["scale"]) * _gamma(1.0 + 1.0 / p["shape"])

    def variance_of(self, p: Params) -> float:
        first, second = _gamma(1.0 + 1.0 / p["shape"]), _gamma(1.0 + 2.0 / p["shape"])
        return squared(p["scale"]) * (second - first * first) if math.isfinite(second) else math.inf

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, math.inf


def _gamma(x: float) -> float:
    return math.gamma(x) if x < 85 else math.inf  # its square must stay a float
