"""Counts of things that happen independently at a steady rate: orders per customer, calls per hour."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import exp, normal_quantile
from datagen.laws._counting import LAST_UNIFORM, bell_guess, search, weights_around
from datagen.laws._law import Discrete, Domain, Floats, Parameter, Params

FEW = 12.0  # means up to which counting up from 0 is the fastest


class Poisson(Discrete):
    """Whole numbers from 0.

    Params: lambda, the mean (and the variance), 0 to 1e9.
    """

    MAIN: ClassVar[str | None] = "lambda"
    DOMAINS: ClassVar = {"lambda": Domain(low=0.0, high=1e9)}
    CENTRE: ClassVar[str | None] = "lambda"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"poisson": {"lambda": 3}}]

    lambda_: Parameter = Field(alias="lambda", description="mean, and the variance, 0 to 1e9")

    def atoms(self, p: Params, low: float, high: float) -> tuple[float, Floats]:
        mean = p["lambda"]
        return weights_around(mean, lambda k: mean / (k + 1.0), max(low, 0.0), high)

    def inverse(self, u: Floats, p: Params) -> Floats:
        return poisson_quantile(u, p["lambda"])

    def cdf(self, x: Floats, p: Params) -> Floats:
        return _cdf(np.floor(x), np.broadcast_to(np.asarray(p["lambda"], dtype=np.float64), x.shape))

    def mean_of(self, p: Params) -> float:
        return float(p["lambda"])

    def variance_of(self, p: Params) -> float:
        return float(p["lambda"])

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, 0.0 if p["lambda"] == 0 else math.inf


def poisson_quantile(u: Floats, mean: float | Floats) -> Floats:
    """(n,) the smallest k with P(N <= k) > u for Poisson counts N of each row's own mean >= 0."""
    means = np.broadcast_to(np.asarray(mean, dtype=np.float64), u.shape)
    few = means <= FEW
    counts = np.empty(len(u), dtype=np.float64)
    counts[few] = _counted_up(u[few], means[few])
    many = ~few
    if many.any():
        means = means[many]
        guess = bell_guess(normal_quantile(np.maximum(u[many], 2.0**-53)), means, means, 1.0 / np.sqrt(means))
        counts[many] = search(u[many], guess, lambda k, rows: _cdf(k, means[rows]))
    return counts


def _counted_up(u: Floats, means: Floats) -> Floats:
    """(n,) quantiles by adding up the chances of 0, 1, 2, …"""
    level = np.minimum(u, LAST_UNIFORM)
    counts = np.zeros(len(u), dtype=np.float64)
    chance = exp(-means)
    total = chance.copy()
    rows = np.flatnonzero(total <= level)
    chance, total, level, means = chance[rows], total[rows], level[rows], means[rows]
    k = 0.0
    while len(rows):
        k += 1.0
        chance = chance * (means / k)
        total = total + chance
        counts[rows] = k
        left = total <= level
        rows, chance, total, level, means = rows[left], chance[left], total[left], level[left], means[left]
    return counts


def _cdf(k: Floats, means: Floats) -> Floats:
    from scipy.special import pdtr

    result: Floats = np.where(k < 0, 0.0, pdtr(np.maximum(k, 0.0), means))
    return result
