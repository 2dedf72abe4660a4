"""Positive amounts that are neither as wild as lognormal nor as tame as normal: rainfall, loads, rates."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from datagen.laws._law import POSITIVE, Continuous, Floats, Parameter, Params


class Gamma(Continuous):
    """Values above 0.

    Params: shape > 0, unitless (1 is exponential, large is bell-shaped; the standard deviation is mean / √shape);
    mean > 0, in the column's unit. Source: inverse of the incomplete gamma function.
    """

    MAIN: ClassVar[str | None] = "shape"
    DOMAINS: ClassVar = {"shape": POSITIVE, "mean": POSITIVE}
    TIMES: ClassVar[frozenset[str]] = frozenset({"mean"})
    CENTRE: ClassVar[str | None] = "mean"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"gamma": {"shape": 2, "mean": 50}}]

    shape: Parameter
    mean: Parameter

    def inverse(self, u: Floats, p: Params) -> Floats:
        from scipy.special import gammaincinv

        result: Floats = gammaincinv(p["shape"], u) * (p["mean"] / p["shape"])
        return result

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        from scipy.special import gammainccinv

        result: Floats = gammainccinv(p["shape"], v) * (p["mean"] / p["shape"])
        return result

    def above(self, x: float, p: Params) -> float:
        from scipy.special import gammaincc

        return float(gammaincc(p["shape"], max(x, 0.0) * p["shape"] / p["mean"]))

    def cdf(self, x: Floats, p: Params) -> Floats:
        from scipy.special import gammainc

        result: Floats = gammainc(p["shape"], np.maximum(x, 0.0) * (p["shape"] / p["mean"]))
        return result

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return 0.0, p["mean"], self, {"shape": p["shape"], "mean": 1.0}

    def mean_of(self, p: Params) -> float:
        return float(p["mean"])

    def variance_of(self, p: Params) -> float:
        return float(p["mean"]) ** 2 / float(p["shape"])

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, math.inf
