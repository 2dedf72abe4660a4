"""Products of many small things: amounts, durations, sizes; never negative, with a long upper tail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from datagen.kernel.elementary import exp, log, normal_quantile
from datagen.laws._law import ANY, POSITIVE, Continuous, Floats, Parameter, Params, Relation, squared
from datagen.laws.normal import STANDARD, Normal, normal_below

LARGEST_LOG = 709.78  # ln 1.8e308
WIDEST = 20.0  # a wider law is the standard deviation of the values, taken for that of their logarithm
Z_999 = 3.0902323061678132  # 99.9 % of a normal lie below


class Lognormal(Continuous):
    """e^x of a normal x.

    Params: mean, of the logarithm (unitless), or median > 0, in the column's unit; sigma > 0, the standard deviation of
    the logarithm (unitless; 0.5 is moderate, 1 is wide).
    """

    MAIN: ClassVar[str | None] = "mean"
    DOMAINS: ClassVar = {"mean": ANY, "median": POSITIVE, "sigma": POSITIVE}
    TIMES: ClassVar[frozenset[str]] = frozenset({"median"})
    NO_TIMES: ClassVar = {"mean": "median"}
    CENTRE: ClassVar[str | None] = "mean"  # or median, whichever is given
    VIA_EXP: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"lognormal": {"median": 30, "sigma": 0.5}},
        {"lognormal": {"mean": 3.4, "sigma": 0.5}},
    ]

    mean: Parameter | None = Field(default=None, description="mean of the logarithm, without a unit")
    median: Parameter | None = Field(default=None, description="median, above 0, in the column's unit; instead of mean")
    sigma: Parameter = Field(description="standard deviation of the logarithm: 0.5 is moderate, 1 is wide")

    @model_validator(mode="after")
    def _one_centre(self) -> Lognormal:
        if (self.mean is None) == (self.median is None):
            both = "both mean and median" if self.mean is not None else "neither mean nor median"
            raise ValueError(f"{both}: mean (of the logarithm) or median (in the column's unit), exactly one of them")
        return self

    def relations(self, p: Params) -> Sequence[Relation]:
        with np.errstate(all="ignore"):
            fits = np.less_equal(_log_centre(p) + Z_999 * p["sigma"], LARGEST_LOG)
        hint = "sigma is of the logarithm: 0.5 spreads by a factor of 1.6, 1 by 2.7; reduce sigma"
        return [
            Relation(fits, "sigma", "a 99.9th percentile below 1e308", hint),
            Relation(
                np.less_equal(p["sigma"], WIDEST),
                "sigma",
                f"sigma up to {WIDEST:g}: 1 value in 1,000 is then 1e27 times the median already",
                hint,
            ),
        ]

    def inverse(self, u: Floats, p: Params) -> Floats:
        return exp(_log_centre(p) + normal_quantile(u) * p["sigma"])

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        return exp(_log_centre(p) - normal_quantile(v) * p["sigma"])

    def below(self, x: float, p: Params) -> float:
        return 0.0 if x <= 0 else normal_below((math.log(x) - float(_log_centre(p))) / p["sigma"])

    def above(self, x: float, p: Params) -> float:
        return 1.0 if x <= 0 else normal_below((float(_log_centre(p)) - math.log(x)) / p["sigma"])

    def cdf(self, x: Floats, p: Params) -> Floats:
        logs = log(np.maximum(x, 0.0))
        return Normal.model_construct(mean=0.0, std=1.0).cdf((logs - _log_centre(p)) / p["sigma"], STANDARD)

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        return _log_centre(p), p["sigma"], Normal.model_construct(mean=0.0, std=1.0), STANDARD

    def mean_of(self, p: Params) -> float:
        return _exp(float(_log_centre(p)) + squared(p["sigma"]) / 2.0)

    def variance_of(self, p: Params) -> float:
        square = squared(p["sigma"])
        return _exp(square + 2.0 * float(_log_centre(p)) + math.log(math.expm1(square)) if square < 700 else math.inf)

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, math.inf


def _log_centre(p: Params) -> Any:
    """The mean of the logarithm, whichever parameter gives it."""
    if "median" not in p:
        return p["mean"]
    median = p["median"]
    return log(median) if isinstance(median, np.ndarray) else float(log(np.array([median]))[0])


def _exp(x: float) -> float:
    return math.exp(x) if x < LARGEST_LOG else math.inf
