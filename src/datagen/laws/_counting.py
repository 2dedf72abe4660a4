"""What counting laws share: weights from the ratio of neighbours, and exact inversion where rows differ."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datagen.laws._law import Floats

NEGLIGIBLE = 2.0**-66  # of the largest weight: below the smallest step of a uniform
MOST_WEIGHTS = 10_000_000  # of one table
LAST_UNIFORM = 1.0 - 2.0**-48  # distribution functions are exact to some 2^-50: beyond this they may never be passed


def weights_around(peak: float, ratio: Callable[[Floats], Floats], low: float, high: float) -> tuple[float, Floats]:
    """The first whole number in [low, high] with a weight that matters, and (k,) weights of it and the following ones.

    peak: a most likely number; ratio(k): (n,) chance of k + 1 over that of k, falling through 1 at the peak. The weight
    of the likeliest number in the window is 1, so that a window far out in a tail has weights too.
    """
    first, last = math.ceil(low), math.floor(high) if math.isfinite(high) else math.inf
    start = float(min(max(math.floor(peak), first), last))
    up = _run(lambda steps: ratio(start + steps), last - start)
    down = _run(lambda steps: 1.0 / ratio(start - 1.0 - steps), start - first)
    return start - len(down), np.concatenate([down[::-1], [1.0], up])


def _run(step: Callable[[Floats], Floats], most: float) -> Floats:
    """(k,) products of the first 1, 2, … factors, until they no longer matter or `most` are there."""
    runs, done, product, size = [np.empty(0)], 0, 1.0, 256
    while done < most and product > NEGLIGIBLE:
        steps = np.arange(done, min(done + size, most), dtype=np.float64)
        with np.errstate(divide="ignore", under="ignore", invalid="ignore"):
            factors = step(steps)
            run = np.cumprod(np.concatenate([[product], factors]))[1:]  # one after the other: the same on every machine
        product = float(run[-1])
        keep = int(np.searchsorted(-run, -NEGLIGIBLE)) if product <= NEGLIGIBLE else len(run)
        runs.append(run[:keep])
        done, size = done + len(steps), min(2 * size, 65_536)
        if done > MOST_WEIGHTS:
            raise ValueError(f"more than {MOST_WEIGHTS} possible values")
    return np.concatenate(runs)


def search(u: Floats, guess: Floats, cdf: Callable[[Floats, NDArray[np.int64]], Floats]) -> Floats:
    """(n,) the smallest whole number k >= 0 with cdf(k) > u, from a guess, by doubling steps and bisection.

    cdf(k, rows): distribution functions of some rows at k. Each row goes its own way: no row's result depends on the
    others.
    """
    level = np.minimum(u, LAST_UNIFORM)
    k = np.maximum(np.floor(guess), 0.0)
    rows = np.arange(len(u))
    above = cdf(k, rows) > level
    high = np.where(above, k, np.inf)
    low = np.where(above, -1.0, k)
    # upwards until the distribution function passes the uniform, downwards until it does not
    for rows, sign in ((np.flatnonzero(~above), 1.0), (np.flatnonzero(above & (k > 0)), -1.0)):
        step = 1.0
        while len(rows):
            tried = np.maximum(k[rows] + sign * step, 0.0)
            passed = cdf(tried, rows) > level[rows]
            high[rows[passed]] = tried[passed]
            low[rows[~passed]] = tried[~passed]
            rows = rows[~passed] if sign > 0 else rows[passed & (tried > 0)]
            step *= 2.0
    rows = np.flatnonzero(high - low > 1.0)
    while len(rows):
        middle = np.floor((low[rows] + high[rows]) / 2.0)
        passed = cdf(middle, rows) > level[rows]
        high[rows[passed]] = middle[passed]
        low[rows[~passed]] = middle[~passed]
        rows = rows[high[rows] - low[rows] > 1.0]
    return high


def bell_guess(z: Floats, mean: Floats, variance: Floats, skewness: Floats) -> Floats:
    """(n,) about the quantile of a law with these moments, from normal quantiles z (Cornish and Fisher 1938)."""
    result: Floats = mean + np.sqrt(variance) * (z + skewness * (z * z - 1.0) / 6.0)
    return result
