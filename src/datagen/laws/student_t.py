"""A bell curve with heavier tails: returns, measurement errors with blunders."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import exp
from datagen.kernel.inversion import SmoothLaw, exp_curve, log_one_more
from datagen.laws._law import ANY, POSITIVE, Continuous, Domain, Floats, Parameter, Params, squared

LN_2 = 0.6931471805599453


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

    df: Parameter = Field(description="degrees of freedom, above 2: 3 is wild, 30 nearly normal")
    mean: Parameter = Field(default=0.0, description="mean, in the column's unit")
    std: Parameter = Field(default=1.0, description="standard deviation, above 0, in the column's unit")

    def inverse(self, u: Floats, p: Params) -> Floats:
        if isinstance(p["df"], np.ndarray):
            from scipy.special import stdtrit

            result: Floats = p["mean"] + _scale(p) * stdtrit(p["df"], u)
            return result
        return self._from(_stretched(p["df"]).inverse(u), p)

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        return self._from(_stretched(p["df"]).inverse_upper(v), p)

    def _from(self, place: Floats, p: Params) -> Floats:
        values: Floats = p["mean"] + _scale(p) * _sinh(place)
        return values

    def below(self, x: float, p: Params) -> float:
        return float(_stretched(p["df"]).below(_asinh((x - p["mean"]) / _scale(p)))[0])

    def above(self, x: float, p: Params) -> float:
        return float(_stretched(p["df"]).above(_asinh((x - p["mean"]) / _scale(p)))[0])

    def cdf(self, x: Floats, p: Params) -> Floats:
        from scipy.special import stdtr

        result: Floats = stdtr(p["df"], (x - p["mean"]) / _scale(p))
        return result

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return p["mean"], p["std"], self, {"df": p["df"], "mean": 0.0, "std": 1.0}

    def mean_of(self, p: Params) -> float:
        return float(p["mean"])

    def variance_of(self, p: Params) -> float:
        return squared(p["std"])

    def support_of(self, p: Params) -> tuple[float, float]:
        return -math.inf, math.inf


def _scale(p: Params) -> Any:
    """Student's own unit, whose variance is df / (df - 2)."""
    return p["std"] * np.sqrt(1.0 - 2.0 / p["df"])


@lru_cache(maxsize=64)
def _stretched(df: float) -> SmoothLaw:
    """The law of asinh(t), whose tails fall exponentially."""

    def log_density(y: Floats) -> Floats:
        size = np.minimum(np.abs(y), 340.0)
        sinh = _sinh(size)
        log_cosh = size + log_one_more(exp(-2.0 * size)) - LN_2
        result: Floats = log_cosh - (df + 1.0) / 2.0 * log_one_more(sinh * sinh / df)
        return result

    return SmoothLaw(log_density, 1.0)


def _sinh(y: Floats) -> Floats:
    size = np.minimum(np.abs(y), 700.0)
    grown = exp_curve(size) + size  # e^|y| - 1
    sinh = np.copysign((grown + grown / (grown + 1.0)) / 2.0, y)
    result: Floats = np.where(np.isinf(y), y, sinh)
    return result


def _asinh(t: float) -> Floats:
    """(1,)"""
    size = np.array([min(abs(t), 1e150)])
    return np.copysign(log_one_more(size + size * size / (np.sqrt(size * size + 1.0) + 1.0)), t)
