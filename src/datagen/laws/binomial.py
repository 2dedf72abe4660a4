"""How many of n succeed: items returned of an order, answers that are right."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.kernel.elementary import normal_quantile
from datagen.laws._counting import bell_guess, search, weights_around
from datagen.laws._law import PROBABILITY, Discrete, Domain, Floats, Parameter, Params


class Binomial(Discrete):
    """Whole numbers from 0 to n.

    Params: n, trials, a whole number, 0 to 1e9; p, chance of each, 0 to 1.
    """

    MAIN: ClassVar[str | None] = "n"
    DOMAINS: ClassVar = {"n": Domain(low=0.0, high=1e9, whole=True), "p": PROBABILITY}
    CENTRE: ClassVar[str | None] = "p"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"binomial": {"n": 10, "p": 0.3}}]

    n: Parameter = Field(description="number of trials, whole")
    p: Parameter = Field(description="chance of each, 0 to 1")

    def atoms(self, p: Params, low: float, high: float) -> tuple[float, Floats]:
        trials, chance = p["n"], p["p"]
        peak = min(math.floor((trials + 1.0) * chance), trials)
        odds = chance / (1.0 - chance) if chance < 1.0 else math.inf
        return weights_around(peak, lambda k: (trials - k) / (k + 1.0) * odds, max(low, 0.0), min(high, trials))

    def inverse(self, u: Floats, p: Params) -> Floats:
        trials = np.broadcast_to(np.asarray(p["n"], dtype=np.float64), u.shape)
        chance = np.broadcast_to(np.asarray(p["p"], dtype=np.float64), u.shape)
        variance = np.maximum(trials * chance * (1.0 - chance), 1e-9)
        z = normal_quantile(np.maximum(u, 2.0**-53))
        guess = bell_guess(z, trials * chance, variance, (1.0 - 2.0 * chance) / np.sqrt(variance))
        return search(u, np.clip(guess, 0.0, trials), lambda k, rows: _cdf(k, trials[rows], chance[rows]))

    def cdf(self, x: Floats, p: Params) -> Floats:
        return _cdf(np.floor(x), p["n"], p["p"])

    def mean_of(self, p: Params) -> float:
        return float(p["n"] * p["p"])

    def variance_of(self, p: Params) -> float:
        return float(p["n"] * p["p"] * (1.0 - p["p"]))

    def support_of(self, p: Params) -> tuple[float, float]:
        return 0.0, p["n"] if math.isfinite(p["n"]) else math.inf


def _cdf(k: Floats, trials: Any, chance: Any) -> Floats:
    from scipy.special import betainc

    inside = np.clip(k, 0.0, np.maximum(np.subtract(trials, 1.0), 0.0))
    share = 1.0 - betainc(inside + 1.0, np.maximum(np.subtract(trials, inside), 1.0), chance)
    result: Floats = np.where(k < 0, 0.0, np.where(np.greater_equal(k, trials), 1.0, share))
    return result
