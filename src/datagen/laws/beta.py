"""Shares between 0 and 1: rates, scores, progress."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import exp, log
from datagen.kernel.inversion import SmoothLaw, exp_curve, log_one_more
from datagen.laws._law import Continuous, Domain, Floats, Parameter, Params, Relation

SHAPE = Domain(low=1e-9, high=1e15)
APART = 1e12  # times one shape may be the other: beyond, the smaller share is lost in the rounding of the larger


class Beta(Continuous):
    """Values in 0..1 with mean a / (a + b); the larger a + b, the closer to it.

    Params: a and b from 1e-9 to 1e15, unitless, neither more than 1e12 times the other.
    Source: numerical inversion of the density.
    """

    MAIN: ClassVar[str | None] = "a"
    DOMAINS: ClassVar = {"a": SHAPE, "b": SHAPE}
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"beta": {"a": 2, "b": 8}}]

    a: Parameter = Field(description="first shape, above 0: large draws to 1")
    b: Parameter = Field(description="second shape, above 0: large draws to 0")

    def relations(self, p: Params) -> Sequence[Relation]:
        apart = np.maximum(p["a"], p["b"]) <= APART * np.minimum(p["a"], p["b"])
        return [Relation(apart, "b", "neither more than 1e12 times the other")]

    def inverse(self, u: Floats, p: Params) -> Floats:
        if isinstance(p["a"], np.ndarray) or isinstance(p["b"], np.ndarray):
            from scipy.special import betaincinv

            result: Floats = betaincinv(p["a"], p["b"], u)
            return result
        return _share(_log_odds(p["a"], p["b"]).inverse(u), p)

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        return _share(_log_odds(p["a"], p["b"]).inverse_upper(v), p)

    def below(self, x: float, p: Params) -> float:
        return float(_log_odds(p["a"], p["b"]).below(_place(x, p))[0])

    def above(self, x: float, p: Params) -> float:
        return float(_log_odds(p["a"], p["b"]).above(_place(x, p))[0])

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


@lru_cache(maxsize=64)
def _log_odds(a: float, b: float) -> SmoothLaw:
    """The law of ln(x / (1 - x)) less its value at the mean, where its density peaks."""
    centre, rest = a / (a + b), b / (a + b)

    def log_density(t: Floats) -> Floats:
        # the same in both directions, with the sides exchanged: nothing overflows
        own = np.where(t < 0, centre, rest)
        down = -np.abs(t)
        grown = exp_curve(down) + down  # e^-|t| - 1
        result: Floats = (a + b) * (own * down - log_one_more(own * grown))
        return result

    return SmoothLaw(log_density, 1.0 / math.sqrt(max(a * b / (a + b), 1.0)))


def _share(t: Floats, p: Params) -> Floats:
    """(n,) shares at places of `_log_odds`."""
    a, b = p["a"], p["b"]
    down = exp(-np.abs(t))
    result: Floats = np.where(t < 0, a * down / (a * down + b), a / (a + b * down))
    return result


def _place(x: float, p: Params) -> Floats:
    """(1,) the place of a share in `_log_odds`."""
    inside = np.array([min(max(x, 0.0), 1.0)])
    with np.errstate(divide="ignore"):
        result: Floats = log(inside) - log(1.0 - inside) - math.log(p["a"] / p["b"])
    return result
