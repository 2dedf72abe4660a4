"""Positive amounts that are neither as wild as lognormal nor as tame as normal: rainfall, loads, rates."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import exp, log
from datagen.kernel.inversion import SmoothLaw, exp_curve
from datagen.laws._law import POSITIVE, Continuous, Domain, Floats, Parameter, Params, squared

SMALLEST_SHAPE = 1e-100  # logarithms of quantiles are -1 / shape, roughly: their squares are floats, too


class Gamma(Continuous):
    """Values above 0.

    Params: shape >= 1e-100, unitless (1 is exponential, large is bell-shaped; the standard deviation is mean / √shape);
    mean > 0, in the column's unit. Source: numerical inversion of the density.
    """

    MAIN: ClassVar[str | None] = "shape"
    DOMAINS: ClassVar = {"shape": Domain(low=SMALLEST_SHAPE), "mean": POSITIVE}
    TIMES: ClassVar[frozenset[str]] = frozenset({"mean"})
    CENTRE: ClassVar[str | None] = "mean"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"gamma": {"shape": 2, "mean": 50}}]

    shape: Parameter = Field(description="shape, above 0: 1 is exponential, large is bell-shaped")
    mean: Parameter = Field(description="mean, above 0, in the column's unit")

    def inverse(self, u: Floats, p: Params) -> Floats:
        if isinstance(p["shape"], np.ndarray):
            from scipy.special import gammaincinv

            result: Floats = gammaincinv(p["shape"], u) * (p["mean"] / p["shape"])
            return result
        values: Floats = exp(_log_ratio(p["shape"]).inverse(u)) * p["mean"]
        return values

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        values: Floats = exp(_log_ratio(p["shape"]).inverse_upper(v)) * p["mean"]
        return values

    def below(self, x: float, p: Params) -> float:
        return float(_log_ratio(p["shape"]).below(log(np.array([max(x, 0.0) / p["mean"]])))[0])

    def above(self, x: float, p: Params) -> float:
        return float(_log_ratio(p["shape"]).above(log(np.array([max(x, 0.0) / p["mean"]])))[0])

    def cdf(self, x: Floats, p: Params) -> Floats:
        from scipy.special import gammainc

        result: Floats = gammainc(p["shape"], np.maximum(x, 0.0) * (p["shape"] / p["mean"]))
        return result

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return 0.0, p["mean"], self, {"shape": p["shape"], "mean": 1.0}

    def mean_of(self, p: Params) -> float:
        return float(p["mean"])

    def variance_of(self, p: Params) -> float:
        return squared(p["mean"]) / float(p["shape"])

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, math.inf


def log_gamma_quantile(shape: float, u: Floats) -> Floats:
    """(n,) logarithms of the quantiles of a gamma law of scale 1, exact where the quantiles themselves are too small."""
    found: Floats = _log_ratio(shape).inverse(u) + log(np.array([shape]))[0]
    return found


@lru_cache(maxsize=64)
def _log_ratio(shape: float) -> SmoothLaw:
    """The law of ln(value / mean), whose density peaks at 0."""
    return SmoothLaw(lambda t: -shape * exp_curve(t), 1.0 / math.sqrt(max(shape, 1.0)))
