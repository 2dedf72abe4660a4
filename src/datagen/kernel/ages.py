"""Curves over the age of an entity: how active or how dear it is after so many weeks or months, and when it leaves.

An age curve is a list of values, one per unit of age (the value for age in [k, k + 1)), or a formula. As a factor of a
rate it becomes pieces of time; as a survival function it gives the age at which an entity leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import elementary
from datagen.kernel.clock import Times
from datagen.kernel.intensity import Pieces

Floats = NDArray[np.float64]
Tail = Literal["hold", "zero", "geometric"]

FINE_STEPS = 16  # pieces per unit of age where a curve is not a staircase
MOST_PIECES = 256  # of one curve; beyond it pieces grow coarser
JITTER = 0.2  # of a unit: leaving is spread backwards from the end of the last active bin, so that no atom shows


@dataclass(frozen=True, slots=True)
class AgeCurve:
    """A multiplier by age. unit: microseconds of one unit of age.

    steps: values of whole units of age, joined by lines where `linear`; or formula (n,) ages in units -> (n,) values.
    """

    unit: int
    steps: tuple[float, ...] = ()
    tail: Tail = "hold"
    linear: bool = False
    formula: Callable[[Floats], Floats] | None = None

    @property
    def staircase(self) -> bool:
        """Whether the value changes at whole units of age only."""
        return self.formula is None and not self.linear

    def value(self, ages: Floats) -> Floats:
        """(n,) the value at ages in units; that of age 0 before it. Never below 0."""
        ages = np.maximum(ages, 0.0)
        if self.formula is not None:
            return np.maximum(self.formula(ages), 0.0)
        steps = np.array(self.steps, dtype=np.float64)
        last = len(steps) - 1
        place = np.minimum(np.floor(ages), last).astype(np.int64)
        values = steps[place]
        if self.linear:
            following = steps[np.minimum(place + 1, last)]
            values = values + (following - values) * np.where(place < last, ages - place, 0.0)
        beyond = np.flatnonzero(ages >= (last if self.linear else last + 1))
        if len(beyond) and self.tail == "zero":
            values[beyond] = 0.0
        elif len(beyond) and self.tail == "geometric":
            past = np.floor(ages[beyond]) - last
            values[beyond] = steps[-1] * elementary.power(np.full(len(beyond), self._ratio), past)
        return values

    @property
    def _ratio(self) -> float:
        """By how much a geometric tail falls per unit: as the last two steps did."""
        if len(self.steps) < 2 or self.steps[-2] <= 0:
            return 1.0
        return min(self.steps[-1] / self.steps[-2], 1.0)

    def pieces(self, created: Times, start: Times, end: Times) -> Pieces:
        """The curve over [start, end) of entities created at some time: (n, j) pieces."""
        horizon = max(int((end - created).max(initial=0)), 1) / self.unit  # in units
        whole = self.staircase and self.tail != "geometric"
        width = 1.0 if self.staircase else 1.0 / FINE_STEPS
        count = len(self.steps) + (self.tail == "zero") if whole else max(1, math.ceil(horizon / width))
        while count > MOST_PIECES and not self.staircase:
            width *= 2.0
            count = max(1, math.ceil(horizon / width))
        marks = np.arange(count, dtype=np.float64) * width
        middle = marks if self.staircase else marks + width / 2.0
        values = self.value(middle)
        steps = np.rint(marks * self.unit).astype(np.int64)
        edges = np.empty((len(created), count + 1), dtype=np.int64)
        np.add(created[:, None], steps[None, :], out=edges[:, :-1])
        edges[:, -1] = end
        np.clip(edges, start[:, None], end[:, None], out=edges)
        return Pieces(edges, np.broadcast_to(values, (len(created), count)).copy())

    def powered(self, exponent: float) -> AgeCurve:
        """The curve raised to a power."""
        if self.formula is not None:
            formula = self.formula
            return AgeCurve(
                self.unit,
                formula=lambda ages: elementary.power(np.maximum(formula(ages), 0.0), exponent),
            )
        steps = elementary.power(np.maximum(np.array(self.steps), 0.0), exponent)
        return AgeCurve(self.unit, tuple(float(step) for step in steps), self.tail, self.linear)

    @property
    def falls(self) -> bool:
        """Whether it starts at 1 and never rises: a survival function."""
        if self.formula is not None:
            ages = np.linspace(0.0, 120.0, 1_921)
            values = self.value(ages)
        else:
            values = np.array(self.steps)
        return bool(abs(values[0] - 1.0) < 1e-9 and (np.diff(values) <= 1e-12).all())

    def leaving(self, u: Floats, v: Floats, most: float) -> Floats:
        """(n,) ages in units at which entities leave, infinite for those still there at age `most`.

        u, v (n,) uniforms: u decides how long (alive in the bins whose value is above u), v where in the last one.
        """
        if self.staircase:
            bins = max(len(self.steps), math.ceil(most) + 1)
            values = self.value(np.arange(bins, dtype=np.float64))
            alive = np.searchsorted(-values, -u, side="left").astype(np.float64)  # bins whose value is above u
            ages = alive - JITTER * v
            return np.where(alive >= bins, np.inf, np.maximum(ages, 0.0))
        marks = np.linspace(0.0, max(most, 1.0), 4_097)
        values = np.minimum.accumulate(self.value(marks))
        place = np.searchsorted(-values, -u, side="left")
        inside = np.clip(place, 1, len(marks) - 1)
        above, below = values[inside - 1], values[inside]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(above > below, (above - u) / (above - below), 0.0)
        ages = marks[inside - 1] + share * (marks[inside] - marks[inside - 1])
        return np.where(place >= len(marks), np.inf, np.where(place == 0, 0.0, ages))
