"""When adopters adopt: Bass diffusion, or a curve through the classes of adopters; time counts from the origin.

Both are curves of who is left: `left(t)` is the share of adopters that has not adopted by t, `time(share)` its inverse. An
entity that came later draws from what was left at that time, so it meets the same eagerness as everybody else then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import elementary

Floats = NDArray[np.float64]

FINE = 256  # straight pieces between two classes
TINY = 1e-300  # share that is never reached


class AdoptionCurve(Protocol):
    """Shares of adopters by time in the curve's unit."""

    def left(self, t: Floats) -> Floats:
        """(n,) share of adopters that has not adopted by t >= 0."""

    def time(self, left: Floats) -> Floats:
        """(n,) when that share is left; infinite where it never is."""


@dataclass(frozen=True, slots=True)
class Bass:
    """Hazard p + q·F(t). Source: Bass 1969, F(t) = (1 - e^-(p+q)t) / (1 + (q/p)·e^-(p+q)t)."""

    p: float
    q: float

    def left(self, t: Floats) -> Floats:
        decay = elementary.exp(-(self.p + self.q) * t)
        ratio = self.q / self.p
        return (1.0 + ratio) * decay / (1.0 + ratio * decay)

    def time(self, left: Floats) -> Floats:
        ratio = self.q / self.p
        share = np.maximum(left, TINY)
        return elementary.log((1.0 + ratio * (1.0 - share)) / share) / (self.p + self.q)


class Classes:
    """Adopters in classes: `ends` (k,) times by which each class has adopted, `shares` (k,) of each class.

    Between them a monotone cubic (Fritsch and Carlson 1980), cut into straight pieces so that both directions are exact.
    """

    def __init__(self, ends: Sequence[float], shares: Sequence[float]) -> None:
        u = np.concatenate([[0.0], np.cumsum(np.array(shares, dtype=np.float64))])
        self._u, self._t = _smoothed(u / u[-1], np.concatenate([[0.0], np.array(ends, dtype=np.float64)]))

    def left(self, t: Floats) -> Floats:
        return 1.0 - _between(np.minimum(t, self._t[-1]), self._t, self._u)

    def time(self, left: Floats) -> Floats:
        return _between(1.0 - left, self._u, self._t)


def _between(x: Floats, knots: Floats, values: Floats) -> Floats:
    """(n,) values between knots, along straight lines."""
    cell = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    low, high = knots[cell], knots[cell + 1]
    share = np.clip((x - low) / (high - low), 0.0, 1.0)
    found: Floats = values[cell] + share * (values[cell + 1] - values[cell])
    return found


def _smoothed(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Knots of a monotone cubic through rising points, FINE pieces between two of them, the points themselves kept."""
    step, slope = np.diff(x), np.diff(y) / np.diff(x)
    if len(step) == 1:
        return x, y
    first, second = 2.0 * step[1:] + step[:-1], step[1:] + 2.0 * step[:-1]
    inside = (first + second) / (first / slope[:-1] + second / slope[1:])  # weighted harmonic means: all slopes are > 0
    tangent = np.concatenate([[_edge(step, slope)], inside, [_edge(step[::-1], slope[::-1])]])
    s = np.arange(FINE, dtype=np.float64) / FINE
    curve = (
        y[:-1, None] * ((1 + 2 * s) * (1 - s) ** 2)
        + (step * tangent[:-1])[:, None] * (s * (1 - s) ** 2)
        + y[1:, None] * (s * s * (3 - 2 * s))
        + (step * tangent[1:])[:, None] * (s * s * (s - 1))
    )
    knots = x[:-1, None] + step[:, None] * s
    return np.append(knots.ravel(), x[-1]), np.append(curve.ravel(), y[-1])


def _edge(step: Floats, slope: Floats) -> float:
    """The tangent at an end: three points, never against the first slope, at most three times it."""
    found = ((2.0 * step[0] + step[1]) * slope[0] - step[0] * slope[1]) / (step[0] + step[1])
    return float(min(max(found, 0.0), 3.0 * slope[0]))
