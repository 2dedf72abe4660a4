"""Values that remember the ones before them: x[t] = φ₁ x[t-1] + … + φ_p x[t-p] + e[t], for many series at once.

Series are cut into pieces of 64 steps counted from their own beginning. Inside the pieces all series step together; from
piece to piece only the last p values are carried. So a series of n steps costs about 64 + n / 64 passes, and what a value
is depends on its own series alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIECE = 64
FORGOTTEN = 1e-13  # a response below this is over
MOST_STEPS = 400_000  # of a response that is worked out


@dataclass(frozen=True, slots=True)
class Series:
    """Which steps belong to which series: (n,) steps in order, series after series. lengths: (s,) steps of each."""

    lengths: Ints

    @property
    def firsts(self) -> Ints:
        """(s,) where each series begins."""
        found: Ints = np.cumsum(self.lengths) - self.lengths
        return found

    @property
    def owner(self) -> Ints:
        """(n,) the series of each step."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int64), self.lengths)

    @property
    def step(self) -> Ints:
        """(n,) place of each step in its series, from 0."""
        return np.arange(int(self.lengths.sum()), dtype=np.int64) - np.repeat(self.firsts, self.lengths)


def recur(series: Series, weights: Sequence[float] | Floats, shocks: Floats, start: Floats) -> Floats:
    """(n,) the values of all series.

    weights: p numbers φ₁ … φ_p, or (n,) φ₁ that differs by step. shocks (n,). start (s, p): values before the first
    step, the latest first.
    """
    step, owner = series.step, series.owner
    pieces = -(-series.lengths // PIECE)
    begin = np.cumsum(pieces) - pieces
    row, place = begin[owner] + step // PIECE, step % PIECE
    steps = np.zeros((int(pieces.sum()), PIECE), dtype=np.float64)
    steps[row, place] = shocks
    varying = isinstance(weights, np.ndarray)
    if varying:
        own = np.zeros_like(steps)
        own[row, place] = weights
        lags = [own]
    else:
        lags = [np.full((1, PIECE), float(weight)) for weight in weights]
    values = _alone(steps, lags)
    responses = [_response(lags, lag) for lag in range(len(lags))]
    state = start.copy()
    for piece in range(int(pieces.max(initial=0))):
        alive = np.flatnonzero(pieces > piece)
        at = begin[alive] + piece
        here = values[at]
        for lag, response in enumerate(responses):
            here += (response[at] if varying else response) * state[alive, lag][:, None]
        values[at] = here
        for lag in range(len(lags)):
            state[alive, lag] = here[:, PIECE - 1 - lag]
    result: Floats = values[row, place]
    return result


def _alone(steps: Floats, lags: Sequence[Floats]) -> Floats:
    """(k, PIECE) values of pieces whose past is nought."""
    values = steps.copy()
    for place in range(PIECE):
        for lag, weight in enumerate(lags[:place]):
            values[:, place] += weight[:, place] * values[:, place - 1 - lag]
    return values


def _response(lags: Sequence[Floats], start: int) -> Floats:
    """(1 or k, PIECE) values of pieces without shocks whose past is 1 at one lag and nought at the others."""
    past = [1.0 if lag == start else 0.0 for lag in range(len(lags))]
    values = np.zeros_like(lags[0])
    for place in range(PIECE):
        for lag, weight in enumerate(lags):
            before = values[:, place - 1 - lag] if lag < place else past[lag - place]
            values[:, place] += weight[:, place] * before
    return values


def moving(series: Series, weights: Sequence[float], shocks: Floats, before: Floats) -> Floats:
    """(n,) shocks with a share of the last q added: e[t] + θ₁ e[t-1] + …; before (s, q): the latest first."""
    found = shocks.copy()
    step, owner = series.step, series.owner
    for lag, weight in enumerate(weights, start=1):
        inside = np.flatnonzero(step >= lag)
        found[inside] += weight * shocks[inside - lag]
        outside = np.flatnonzero(step < lag)
        found[outside] += weight * before[owner[outside], lag - 1 - step[outside]]
    return found


def slowest(ar: Sequence[float]) -> float:
    """How much of a shock is left per step in the end: the largest root; below 1 the series returns to its mean."""
    roots = np.roots([1.0, *(-weight for weight in ar)]) if ar else np.zeros(0)
    return float(np.abs(roots).max(initial=0.0))


def responses(ar: Sequence[float], ma: Sequence[float]) -> Floats:
    """(k,) ψ: what is left of a shock of 1 after 0, 1, 2, … steps."""
    found = [1.0]
    quiet = 0
    while quiet <= len(ar) + len(ma) and len(found) < MOST_STEPS:
        step = len(found)
        value = ma[step - 1] if step <= len(ma) else 0.0
        for lag, weight in enumerate(ar[:step], start=1):
            value += weight * found[step - lag]
        found.append(value)
        quiet = quiet + 1 if abs(value) < FORGOTTEN else 0
    return np.array(found)


def stationary_start(ar: Sequence[float], ma: Sequence[float]) -> Floats:
    """(p + q, p + q) covariance of the last p values and the last q shocks of a series that has always run."""
    psi = responses(ar, ma)
    p, q = len(ar), len(ma)
    gamma = [math.fsum((psi[: len(psi) - lag] * psi[lag:]).tolist()) for lag in range(max(p, 1))]
    found = np.zeros((p + q, p + q))
    for i in range(p):
        for j in range(p):
            found[i, j] = gamma[abs(i - j)]
        for j in range(q):
            if j >= i and j - i < len(psi):
                found[i, p + j] = found[p + j, i] = psi[j - i]
    found[p:, p:] = np.eye(q)
    return np.round(found, 9)
