"""Ranks where the first are far more popular than the rest: words, products, cities."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import exp, log, power
from datagen.laws._counting import MOST_WEIGHTS, search
from datagen.laws._law import Discrete, Domain, Floats, Parameter, Params

SUMMED = 16  # from here on the sum is an integral with corrections
LOGARITHMS = log(np.arange(1.0, SUMMED))


class Zipf(Discrete):
    """Whole numbers from 1 to n, k with weight k^-s.

    Params: s > 0, the exponent (1 is classic, 2 is steep), at most 100; n, a whole number, 1 to 10,000,000.
    """

    MAIN: ClassVar[str | None] = "s"
    DOMAINS: ClassVar = {
        "s": Domain(low=0.0, low_open=True, high=100.0),
        "n": Domain(low=1.0, high=float(MOST_WEIGHTS), whole=True),
    }
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"zipf": {"s": 1.1, "n": 1000}}]

    s: Parameter = Field(description="exponent, above 0: 1 is classic, 2 is steep")
    n: Parameter = Field(description="number of ranks, whole")

    def atoms(self, p: Params, low: float, high: float) -> tuple[float, Floats]:
        first, last = math.ceil(max(low, 1.0)), math.floor(min(high, p["n"]))
        ranks = np.arange(first, last + 1, dtype=np.float64)
        return float(first), power(ranks / first, -p["s"])

    def entries(self, p: Params) -> float:
        return float(p["n"])

    def inverse(self, u: Floats, p: Params) -> Floats:
        s = np.broadcast_to(np.asarray(p["s"], dtype=np.float64), u.shape)
        whole = _harmonic(np.broadcast_to(np.asarray(p["n"], dtype=np.float64), u.shape), s)
        return search(u, np.ones(len(u)), lambda k, rows: _harmonic(k, s[rows]) / whole[rows])

    def cdf(self, x: Floats, p: Params) -> Floats:
        s = np.broadcast_to(np.asarray(p["s"], dtype=np.float64), x.shape)
        n = np.broadcast_to(np.asarray(p["n"], dtype=np.float64), x.shape)
        return _harmonic(np.clip(np.floor(x), 0.0, n), s) / _harmonic(n, s)

    def mean_of(self, p: Params) -> float:
        return self._moment(1.0, p)

    def variance_of(self, p: Params) -> float:
        return self._moment(2.0, p) - self._moment(1.0, p) ** 2

    def _moment(self, order: float, p: Params) -> float:
        ranks = np.arange(1, int(p["n"]) + 1, dtype=np.float64)
        return math.fsum(power(ranks, order - p["s"])) / math.fsum(power(ranks, -p["s"]))

    def support_of(self, p: Params) -> tuple[float, float]:
        return 1.0, p["n"] if math.isfinite(p["n"]) else math.inf


def _harmonic(k: Floats, s: Floats) -> Floats:
    """(n,) 1 + 2^-s + … + k^-s to 1e-13 (Euler and Maclaurin)."""
    total = np.zeros(len(k), dtype=np.float64)
    for term in range(1, SUMMED):
        total += np.where(k >= term, exp(-s * LOGARITHMS[term - 1]), 0.0)
    far = np.flatnonzero(k >= SUMMED)
    if len(far):
        end, s = k[far], s[far]
        start = np.full(len(far), float(SUMMED))
        span = log(end / SUMMED)
        tilt = (1.0 - s) * span
        with np.errstate(invalid="ignore", divide="ignore"):
            stretch = np.where(np.abs(tilt) < 1e-4, 1.0 + tilt / 2.0 + tilt * tilt / 6.0, (exp(tilt) - 1.0) / tilt)
        tail = power(start, 1.0 - s) * span * stretch
        tail += (power(start, -s) + power(end, -s)) / 2.0
        factor = s / 12.0
        for order, scale in ((1.0, -60.0), (3.0, -42.0), (5.0, 1.0)):
            tail += factor * (power(start, -s - order) - power(end, -s - order))
            factor = factor * (s + order) * (s + order + 1.0) / scale
        total[far] += tail
    return total
