"""A bell curve with heavier tails: returns, measurement errors with blunders."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from datagen.laws._law import ANY, POSITIVE, Continuous, Domain, Floats, Parameter, Params


class StudentT(Continuous):
    """Student's t, moved and scaled.

    Params: df > 2, degrees of freedom, unitless (3 is wild, 30 nearly normal; at 2 and below there is no standard
    deviation to give); mean = 0; std = 1 > 0, the standard deviation. Both in the column's unit.
    """

    MAIN: ClassVar[str | None] = "df"
    DOMAINS: ClassVar = {"df": Domain(low=2.0, low_open=True), "mean": ANY, "std": POSITIVE}
    TIMES: ClassVar[frozenset[str]] = frozenset({"mean", "std"})
    CENTRE: ClassVar[str | None] = "mean"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"student_t": {"df": 4, "mean": 0, "std": 2}}]

    df: Parameter
    mean: Parameter = 0.0
    std: Parameter = 1.0

    def inverse(self, u: Floats, p: Params) -> Floats:
        from scipy.special import stdtrit

        result: Floats = p["mean"] + _scale(p) * stdtrit(p["df"], u)
        return result

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        from scipy.special import stdtrit

        result: Floats = p["mean"] - _scale(p) * stdtrit(p["df"], v)
        return result

    def above(self, x: float, p: Params) -> float:
        return self.below(2.0 * p["mean"] - x, p)

    def cdf(self, x: Floats, p: Params) -> Floats:
        from scipy.special import stdtr

        result: Floats = stdtr(p["df"], (x - p["mean"]) / _scale(p))
        return result

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return p["mean"], p["std"], self, {"df": p["df"], "mean": 0.0, "std": 1.0}

    def mean_of(self, p: Params) -> float:
        return float(p["mean"])

    def variance_of(self, p: Params) -> float:
        return float(p["std"]) ** 2

    def support_of(self, p: Params) -> tuple[float, float]:
        return -math.inf, math.inf


def _scale(p: Params) -> Any:
    """Student's own unit, whose variance is df / (df - 2)."""
    return p["std"] * np.sqrt(1.0 - 2.0 / p["df"])
