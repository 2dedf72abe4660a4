"""Sums of many small things: heights, errors, scores."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from pydantic import Field

from datagen.kernel.elementary import normal_quantile
from datagen.laws._law import ANY, POSITIVE, Continuous, Floats, Parameter, Params, squared

STANDARD = {"mean": 0.0, "std": 1.0}


def normal_below(z: float) -> float:
    """P(Z <= z) of the standard normal, exact in the lower tail."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


class Normal(Continuous):
    """The bell curve.

    Params: mean; std > 0, the standard deviation. Both in the column's unit.
    """

    MAIN: ClassVar[str | None] = "mean"
    DOMAINS: ClassVar = {"mean": ANY, "std": POSITIVE}
    TIMES: ClassVar[frozenset[str]] = frozenset({"mean", "std"})
    CENTRE: ClassVar[str | None] = "mean"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"normal": {"mean": 40, "std": 12}}]

    mean: Parameter = Field(description="mean, in the column's unit")
    std: Parameter = Field(description="standard deviation, above 0, in the column's unit")

    def inverse(self, u: Floats, p: Params) -> Floats:
        values: Floats = normal_quantile(u) * p["std"] + p["mean"]
        return values

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        values: Floats = p["mean"] - normal_quantile(v) * p["std"]
        return values

    def below(self, x: float, p: Params) -> float:
        return normal_below((x - p["mean"]) / p["std"])

    def above(self, x: float, p: Params) -> float:
        return normal_below((p["mean"] - x) / p["std"])

    def cdf(self, x: Floats, p: Params) -> Floats:
        from scipy.special import ndtr

        result: Floats = ndtr((x - p["mean"]) / p["std"])
        return result

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return p["mean"], p["std"], self, STANDARD

    def mean_of(self, p: Params) -> float:
        return float(p["mean"])

    def variance_of(self, p: Params) -> float:
        return squared(p["std"])

    def support_of(self, p: Params) -> tuple[float, float]:
        return -math.inf, math.inf
