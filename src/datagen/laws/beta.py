"""Shares between 0 and 1: rates, scores, progress."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from datagen.laws._law import POSITIVE, Continuous, Floats, Parameter, Params


class Beta(Continuous):
    """Values in 0..1 with mean a / (a + b); the larger a + b, the closer to it.

    Params: a > 0, b > 0, unitless. Source: inverse of the incomplete beta function.
    """

    MAIN: ClassVar[str | None] = "a"
    DOMAINS: ClassVar = {"a": POSITIVE, "b": POSITIVE}
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"beta": {"a": 2, "b": 8}}]

    a: Parameter
    b: Parameter

    def inverse(self, u: Floats, p: Params) -> Floats:
        from scipy.special import betaincinv

        result: Floats = betaincinv(p["a"], p["b"], u)
        return result

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        from scipy.special import betaincinv

        result: Floats = 1.0 - betaincinv(p["b"], p["a"], v)
        return result

    def above(self, x: float, p: Params) -> float:
        from scipy.special import betainc

        return float(betainc(p["b"], p["a"], min(max(1.0 - x, 0.0), 1.0)))

    def cdf(self, x: Floats, p: Params) -> Floats:
        from scipy.special import betainc

        result: Floats = betainc(p["a"], p["b"], np.clip(x, 0.0, 1.0))
        return result

    def mean_of(self, p: Params) -> float:
        return float(p["a"] / (p["a"] + p["b"]))

    def variance_of(self, p: Params) -> float:
        whole = p["a"] + p["b"]
        return float(p["a"] / whole * (p["b"] / whole) / (whole + 1.0))

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, 1.0
