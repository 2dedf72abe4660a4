"""Quantiles of a smooth law from nothing but its density, the same bits on every processor and with every library.

For laws whose inverse has no formula (gamma, beta, Student's t). The density is given on a scale where it has one peak
and tails that fall at least exponentially, such as the logarithm of the value. It is integrated over panels that are
narrow at the peak and wide in the tails, from both ends, so that both tails keep their digits; quantiles are found
inside their panel by Newton's method (after the numerical inversion of Derflinger, Hörmann and Leydold 2010).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.elementary import exp, log

Floats = NDArray[np.float64]

PANELS = 160  # on each side of the peak
DEPTH = 110.0  # the density is followed down to e^-110 of its peak: what is beyond is no part of 2^-53
TURNS = 3  # of Newton's method, each doubles the digits: two are enough

# Gauss-Legendre, 16 points: exact to a float for the panels above
_POINTS = (
    0.09501250983763744,
    0.2816035507792589,
    0.45801677765722737,
    0.6178762444026438,
    0.755404408355003,
    0.8656312023878318,
    0.9445750230732326,
    0.9894009349916499,
)
_WEIGHTS = (
    0.1894506104550685,
    0.18260341504492358,
    0.16915651939500254,
    0.14959598881657674,
    0.12462897125553388,
    0.09515851168249279,
    0.062253523938647894,
    0.027152459411754096,
)


class SmoothLaw:
    """A law on the whole line, by the logarithm of its density up to a constant, with its peak at 0.

    log_density: (n,) -> (n,), 0 at its largest and falling on both sides; width: of the peak, roughly.
    """

    def __init__(self, log_density: Callable[[Floats], Floats], width: float) -> None:
        self._log_density = log_density
        left, right = self._edges(-1.0, width), self._edges(1.0, width)
        self._places = np.concatenate([left[::-1], right[1:]])
        masses = self._mass(self._places[:-1], self._places[1:])
        # added up from both ends: each tail is exact where it is small
        whole = float(np.cumsum(masses)[-1])
        self._scale = 1.0 / whole
        self._below = np.concatenate([[0.0], np.cumsum(masses)]) * self._scale
        self._above = np.concatenate([np.cumsum(masses[::-1])[::-1], [0.0]]) * self._scale

    def _edges(self, sign: float, width: float) -> Floats:
        """(PANELS + 1,) places from the peak outwards, in steps that grow with the distance."""
        reach = width
        while float(self._log_density(np.array([sign * reach]))[0]) > -DEPTH:
            reach *= 2.0
        low = reach / 2.0
        for _ in range(20):
            middle = low / 2.0 + reach / 2.0
            deep = float(self._log_density(np.array([sign * middle]))[0]) < -DEPTH
            low, reach = (low, middle) if deep else (middle, reach)
        # width × (e^t - e^-t) / 2 for even steps of t
        grown = reach / width
        last = float(log(np.array([grown + math.sqrt(grown * grown + 1.0)]))[0])
        powers = exp(np.arange(PANELS + 1, dtype=np.float64) * (last / PANELS))
        edges: Floats = sign * width * (powers - 1.0 / powers) / 2.0
        return edges

    def _mass(self, start: Floats, end: Floats) -> Floats:
        """(n,) integrals of the density."""
        centre, half = (start + end) / 2.0, (end - start) / 2.0
        total = np.zeros(len(start), dtype=np.float64)
        for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
            step = half * point
            total += weight * (exp(self._log_density(centre - step)) + exp(self._log_density(centre + step)))
        result: Floats = total * half
        return result

    def below(self, place: Floats) -> Floats:
        """(n,) probability of a value below, exact where it is small."""
        panel = self._panel(place)
        inside = np.clip(place, self._places[0], self._places[-1])
        result: Floats = self._below[panel] + self._mass(self._places[panel], inside) * self._scale
        return result

    def above(self, place: Floats) -> Floats:
        """(n,) probability of a value above, exact where it is small."""
        panel = self._panel(place)
        inside = np.clip(place, self._places[0], self._places[-1])
        result: Floats = self._above[panel + 1] + self._mass(inside, self._places[panel + 1]) * self._scale
        return result

    def _panel(self, place: Floats) -> NDArray[np.int64]:
        return np.clip(np.searchsorted(self._places, place, side="right") - 1, 0, len(self._places) - 2)

    def inverse(self, u: Floats) -> Floats:
        """(n,) places with probability u below; -inf at 0 and inf at 1."""
        return self._either(u, upper=False)

    def inverse_upper(self, v: Floats) -> Floats:
        """(n,) places with probability v above, exact for small v; inf at 0 and -inf at 1."""
        return self._either(v, upper=True)

    def _either(self, chance: Floats, *, upper: bool) -> Floats:
        """(n,) places with a probability on one side, from the nearer end."""
        places = np.empty(len(chance), dtype=np.float64)
        near = chance <= 0.5
        places[near] = self._solve(chance[near], upper=upper)
        places[~near] = self._solve(1.0 - chance[~near], upper=not upper)
        return places

    def _solve(self, chance: Floats, *, upper: bool) -> Floats:
        """(n,) places with a probability on one side, by Newton's method on its logarithm."""
        sums = self._above[::-1] if upper else self._below
        wanted = np.maximum(chance, 1e-40)
        panel = np.clip(np.searchsorted(sums, wanted, side="right") - 1, 0, len(sums) - 2)
        if upper:
            panel = len(sums) - 2 - panel
        start, end = self._places[panel], self._places[panel + 1]
        target, side = log(wanted), self.above if upper else self.below
        # a start that is right where the logarithm of the probability is a straight line, as it nearly is in the tails
        if upper:
            log_from, log_to = log(np.maximum(self._above[panel + 1], 1e-45)), log(self._above[panel])
        else:
            log_from, log_to = log(np.maximum(self._below[panel], 1e-45)), log(self._below[panel + 1])
        portion = np.clip((target - log_from) / (log_to - log_from), 0.0, 1.0)
        place = end - (end - start) * portion if upper else start + (end - start) * portion
        for _ in range(TURNS):
            have = np.maximum(side(place), 1e-300)
            slope = np.maximum(exp(self._log_density(place)) * self._scale, 1e-300) / have
            step = (target - log(have)) / slope
            place = np.clip(place - step if upper else place + step, start, end)
        infinite = math.inf if upper else -math.inf
        result: Floats = np.where(chance <= 0.0, infinite, place)
        return result


def log_one_more(x: Floats) -> Floats:
    """(n,) ln(1 + x), exact for small x (Kahan)."""
    more = 1.0 + x
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Floats = np.where(more == 1.0, x, log(more) * (x / (more - 1.0)))
    return result


def exp_curve(t: Floats) -> Floats:
    """(n,) e^t - 1 - t, exact for small t."""
    small = np.abs(t) < 0.5
    near = np.where(small, t, 0.0)
    series = np.full(len(t), 1.0 / 15.0)
    for divisor in range(14, 2, -1):
        series = (1.0 + near * series) / divisor
    with np.errstate(over="ignore"):
        far = exp(np.minimum(t, 709.0)) - 1.0 - t
    result: Floats = np.where(small, near * near * (1.0 + near * series) / 2.0, far)
    return result
