"""Counts that vary more than Poisson, because those who are counted differ: purchases, visits, messages."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import normal_quantile
from datagen.laws._counting import bell_guess, search, weights_around
from datagen.laws._law import POSITIVE, Discrete, Domain, Floats, Parameter, Params, squared


class NegativeBinomial(Discrete):
    """Whole numbers from 0: Poisson counts whose own means follow a gamma law.

    Params: mean, 0 to 1e9; shape > 0, unitless: the variance is mean + mean² / shape (1 is very uneven, 100 nearly
    Poisson).
    """

    MAIN: ClassVar[str | None] = "mean"
    DOMAINS: ClassVar = {"mean": Domain(low=0.0, high=1e9), "shape": POSITIVE}
    CENTRE: ClassVar[str | None] = "mean"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"negative_binomial": {"mean": 4, "shape": 0.8}}]

    mean: Parameter = Field(description="mean, 0 to 1e9")
    shape: Parameter = Field(description="evenness, above 0: the variance is mean + mean² / shape")

    def atoms(self, p: Params, low: float, high: float) -> tuple[float, Floats]:
        mean, shape = p["mean"], p["shape"]
        odds = mean / (mean + shape)
        peak = max(0.0, math.floor((shape - 1.0) * mean / shape))
        return weights_around(peak, lambda k: (k + shape) / (k + 1.0) * odds, max(low, 0.0), high)

    def entries(self, p: Params) -> float:
        return float(12.0 * math.sqrt(self.variance_of(p)) + 46.0 * (1.0 + p["mean"] / p["shape"]))

    def inverse(self, u: Floats, p: Params) -> Floats:
        mean = np.broadcast_to(np.asarray(p["mean"], dtype=np.float64), u.shape)
        shape = np.broadcast_to(np.asarray(p["shape"], dtype=np.float64), u.shape)
        variance = np.maximum(mean + mean * mean / shape, 1e-9)
        skewness = np.minimum((1.0 + 2.0 * mean / shape) / np.sqrt(variance), 2.0)
        guess = bell_guess(normal_quantile(np.maximum(u, 2.0**-53)), mean, variance, skewness)
        return search(u, guess, lambda k, rows: _cdf(k, mean[rows], shape[rows]))

    def cdf(self, x: Floats, p: Params) -> Floats:
        return _cdf(np.floor(x), p["mean"], p["shape"])

    def mean_of(self, p: Params) -> float:
        return float(p["mean"])

    def variance_of(self, p: Params) -> float:
        return float(p["mean"] + squared(p["mean"]) / p["shape"])

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, 0.0 if p["mean"] == 0 else math.inf


def _cdf(k: Floats, mean: Any, shape: Any) -> Floats:
    from scipy.special import betainc

    share = 1.0 - betainc(np.maximum(k, 0.0) + 1.0, shape, mean / (mean + shape))
    result: Floats = np.where(k < 0, 0.0, share)
    return result
