"""When things happen, row by row: a density cut to each row's interval and raised or lowered inside windows of its key.

`PlainLaw` is the density alone, `KeyedLaw` the density times an effect's factors. Both draw from the part of it that
lies in [low, high], by inverse distribution function: u' = C(low) + u·(C(high) − C(low)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.clock import Times
from datagen.kernel.density import TimeDensity
from datagen.kernel.effects import DAWN, Stretches

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BELOW_ONE = 1.0 - 2.0**-53
FINE = 52  # bits of a key's running mass: floats hold it exactly


class PlainLaw:
    """A density, the same for all rows."""

    def __init__(self, density: TimeDensity) -> None:
        self.density = density

    def mass(self, codes: Ints | None, low: Times | None, high: Times | None, rows: int) -> Floats:
        """(n,) the part of the density inside [low, high], ends included; None is the window's end."""
        first, last = _chances(self.density, low, high, rows)
        return last - first

    def draw(self, codes: Ints | None, u: Floats, low: Times | None, high: Times | None) -> tuple[Times, Floats]:
        """(n,) times inside [low, high], and the mass there. Where the mass is 0 the time has no meaning."""
        if low is None and high is None:
            return self.density.time(u), np.ones(len(u))
        if high is None and low is not None:
            first = self.density.below(low)
            np.minimum(first, 1.0, out=first)
            mass = np.subtract(1.0, first)
            chance = np.multiply(u, mass)
            np.add(chance, first, out=chance)
            np.minimum(chance, BELOW_ONE, out=chance)
        else:
            first, last = _chances(self.density, low, high, len(u))
            mass = last - first
            chance = np.add(first, u * mass)
            np.minimum(chance, np.nextafter(last, 0.0), out=chance)
        np.maximum(chance, 0.0, out=chance)
        return nudged(self.density, self.density.time(chance), low, high), mass


class KeyedLaw:
    """A density times the factor of each row's key at each time.

    The running mass of every key is held in whole numbers of its own scale, so that a key's times do not depend on
    which other keys there are.
    """

    def __init__(self, density: TimeDensity, stretches: Stretches) -> None:
        self.density, self.stretches = density, stretches
        offsets, edges, factors = stretches.offsets, stretches.edges, stretches.factors
        base = density.below(np.maximum(edges, density.starts[0]))
        base[edges == DAWN] = 0.0
        after = np.append(base[1:], 1.0)
        after[offsets[1:] - 1] = 1.0
        scale = np.frexp(np.maximum.reduceat(factors, offsets[:-1]))[1]
        sizes = np.diff(offsets)
        fine = np.repeat(FINE - scale, sizes)
        steps = np.rint(np.ldexp(factors * (after - base), fine)).astype(np.int64)
        running = np.cumsum(steps)  # may wrap around: only differences inside one key are used
        start = np.repeat(running[offsets[:-1]] - steps[offsets[:-1]], sizes)
        ends = running - start
        self._mass_after = np.ldexp(ends.astype(np.float64), -fine)
        self._mass = np.ldexp((ends - steps).astype(np.float64), -fine)
        self._base, self._base_after = base, after
        self._edge_after = np.append(edges[1:], DAWN)
        self._edge_after[offsets[1:] - 1] = -DAWN

    def _running(self, codes: Ints | None, times: Times) -> Floats:
        """(n,) mass of the key before each time."""
        at = self.stretches.stretch(codes, times)
        chance = self.density.below(times)
        mass = np.add(self._mass[at], np.maximum(chance - self._base[at], 0.0) * self.stretches.factors[at])
        after = self._mass_after[at]
        # behind the last point of a stretch exactly the next one's start: no mass where there is no point
        found: Floats = np.where(chance < self._base_after[at], np.minimum(mass, after), after)
        return found

    def _ends(self, codes: Ints | None, low: Times | None, high: Times | None, rows: int) -> tuple[Floats, Floats]:
        key = np.zeros(rows, dtype=np.int64) if codes is None else codes
        first = np.zeros(rows) if low is None else self._running(key, low)
        last = self._mass_after[self.stretches.offsets[key + 1] - 1] if high is None else self._running(key, high + 1)
        return first, last

    def mass(self, codes: Ints | None, low: Times | None, high: Times | None, rows: int) -> Floats:
        """(n,) the integral of density × factor over [low, high]."""
        first, last = self._ends(codes, low, high, rows)
        return np.maximum(last - first, 0.0)

    def draw(self, codes: Ints | None, u: Floats, low: Times | None, high: Times | None) -> tuple[Times, Floats]:
        """(n,) times inside [low, high], and the mass there. Where the mass is 0 the time has no meaning."""
        key = np.zeros(len(u), dtype=np.int64) if codes is None else codes
        first, last = self._ends(key, low, high, len(u))
        mass = np.maximum(last - first, 0.0)
        target = np.add(first, u * mass)
        np.minimum(target, np.nextafter(last, 0.0), out=target)
        np.maximum(target, 0.0, out=target)
        at = self._find(key, target)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = (target - self._mass[at]) / self.stretches.factors[at]
        chance = np.add(self._base[at], np.where(mass > 0, inside, 0.0))
        np.minimum(chance, np.nextafter(self._base_after[at], 0.0), out=chance)
        times = self.density.time(np.maximum(chance, 0.0, out=chance))
        floor, ceiling = self.stretches.edges[at], self._edge_after[at] - 1
        floor = floor if low is None else np.maximum(floor, low)
        ceiling = ceiling if high is None else np.minimum(ceiling, high)
        good = mass > 0
        return nudged(self.density, times, np.where(good, floor, DAWN), np.where(good, ceiling, -DAWN)), mass

    def _find(self, key: Ints, target: Floats) -> Ints:
        """(n,) the first stretch of each key whose running mass rises above the target, by bisection."""
        low, high = self.stretches.offsets[key], self.stretches.offsets[key + 1] - 1
        rows = np.flatnonzero(low < high)
        while len(rows):
            middle = (low[rows] + high[rows]) >> 1
            above = self._mass_after[middle] > target[rows]
            high[rows[above]] = middle[above]
            low[rows[~above]] = middle[~above] + 1
            rows = rows[low[rows] < high[rows]]
        return low


TimeLaw = PlainLaw | KeyedLaw


def _chances(density: TimeDensity, low: Times | None, high: Times | None, rows: int) -> tuple[Floats, Floats]:
    first = np.zeros(rows) if low is None else density.below(low)
    last = np.ones(rows) if high is None else density.below(high + 1)
    return first, np.maximum(last, first)


def nudged(density: TimeDensity, times: Times, low: Times | None, high: Times | None) -> Times:
    """Times that rounding moved past an end, on the grid point at that end; where there is none, on any."""
    if low is not None:
        under = np.flatnonzero(times < low)
        if len(under):
            first = density.points_below(low[under])
            times[under] = density.point(np.minimum(first, density.points - 1))
    if high is not None:
        over = np.flatnonzero(times > high)
        if len(over):
            last = density.points_below(high[over] + 1) - 1
            times[over] = density.point(np.maximum(last, 0))
    return times
