"""Waiting times without memory: gaps between visits, delays of unhurried things."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import exp, log
from datagen.laws._law import POSITIVE, Continuous, Floats, Parameter, Params, squared


class Exponential(Continuous):
    """Values above 0 whose chance halves every 0.69 means.

    Params: mean > 0, in the column's unit.
    """

    MAIN: ClassVar[str | None] = "mean"
    DOMAINS: ClassVar = {"mean": POSITIVE}
    TIMES: ClassVar[frozenset[str]] = frozenset({"mean"})
    CENTRE: ClassVar[str | None] = "mean"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"exponential": {"mean": 20}}]

    mean: Parameter = Field(description="mean, above 0, in the column's unit")

    def inverse(self, u: Floats, p: Params) -> Floats:
        values: Floats = minus_log_rest(u) * p["mean"]
        return values

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        values: Floats = -log(v) * p["mean"]
        return values

    def below(self, x: float, p: Params) -> float:
        return -math.expm1(-max(x, 0.0) / p["mean"])

    def above(self, x: float, p: Params) -> float:
        return math.exp(-max(x, 0.0) / p["mean"])

    def cdf(self, x: Floats, p: Params) -> Floats:
        return 1.0 - exp(-np.maximum(x, 0.0) / p["mean"])

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return 0.0, p["mean"], self, {"mean": 1.0}

    def mean_of(self, p: Params) -> float:
        return float(p["mean"])

    def variance_of(self, p: Params) -> float:
        return squared(p["mean"])

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, math.inf


def minus_log_rest(u: Floats) -> Floats:
    """(n,) -ln(1 - u), the standard exponential at u, exact for small u."""
    rest = 1.0 - u
    # ln of the rounded rest, mended by what rounding took away (Kahan): u may be finer than 2^-53
    with np.errstate(invalid="ignore", divide="ignore"):
        mended = log(rest) * (u / (rest - 1.0))
    result: Floats = np.where(rest == 1.0, u, np.where(rest == 0.0, np.inf, mended))
    return result
