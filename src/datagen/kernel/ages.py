"""Curves over the age of an entity: how active or how dear it is after so many weeks or months, and when it leaves.

An age curve is a list of values, one per unit of age (the value for age in [k, k + 1)), or a formula. As a factor of a
rate it becomes pieces of time; as a survival function it gives the age at which an entity leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import elementary
from datagen.kernel.clock import Times
from datagen.kernel.intensity import Pieces

Floats = NDArray[np.float64]
Tail = Literal["hold", "zero", "geometric"]

FINE_STEPS = 16  # pieces per unit of age where a curve is not a staircase, in the first YOUNG units
YOUNG = 4  # from there on a piece is twice as long whenever the age has doubled
FINER = 4  # times more pieces where only one curve, not one per entity, is looked at
JITTER = 0.2  # of a unit: leaving is spread backwards from the end of the last active bin, so that no atom shows


@dataclass(frozen=True, slots=True)
class AgeCurve:
    """A multiplier by age. unit: microseconds of one unit of age.

    steps: values of whole units of age, joined by lines where `linear`; or formula (n,) ages in units -> (n,) values;
    exponent: to which all of it is raised.
    """

    unit: int
    steps: tuple[float, ...] = ()
    tail: Tail = "hold"
    linear: bool = False
    formula: Callable[[Floats], Floats] | None = None
    exponent: float = 1.0

    @property
    def staircase(self) -> bool:
        """Whether the value changes at whole units of age only."""
        return self.formula is None and not self.linear

    def value(self, ages: Floats) -> Floats:
        """(n,) the value at ages in units; that of age 0 before it. Never below 0."""
        values = self._plain(np.maximum(ages, 0.0))
        return values if self.exponent == 1.0 else elementary.power(values, self.exponent)

    def _plain(self, ages: Floats) -> Floats:
        """(n,) the value before the exponent."""
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
            past = (ages[beyond] if self.linear else np.floor(ages[beyond])) - last
            values[beyond] = steps[-1] * elementary.power(np.full(len(beyond), self.ratio), past)
        return values

    @property
    def ratio(self) -> float:
        """By how much a geometric tail falls per unit: as the last two steps did."""
        if len(self.steps) < 2 or self.steps[-2] <= 0:
            return 1.0
        return min(self.steps[-1] / self.steps[-2], 1.0)

    def marks(self, horizon: float, finer: int = 1) -> Floats:
        """(k,) ages in units at which pieces of the curve begin, up to a horizon: a longer one only adds some.

        finer: so many times more of them where the curve is no staircase.
        """
        if self.staircase:
            known = len(self.steps) + (self.tail == "zero")
            count = math.ceil(horizon) if self.tail == "geometric" else known
            return np.arange(max(count, 1), dtype=np.float64)
        found = [np.arange(YOUNG * FINE_STEPS * finer, dtype=np.float64) / (FINE_STEPS * finer)]
        age, width = float(YOUNG), 2.0 / (FINE_STEPS * finer)
        while age < horizon:
            if self.linear and age < len(self.steps):
                width = min(width, 1.0)  # a piece never lies on both sides of a step
            found.append(np.arange(age, 2.0 * age, width))
            age, width = 2.0 * age, 2.0 * width
        return np.concatenate(found)

    def pieces(self, created: Times, start: Times, end: Times) -> Pieces:
        """The curve over [start, end) of entities created at some time: (n, j) pieces."""
        marks = self.marks(_horizon(created, end) / self.unit)
        middle = marks if self.staircase else (marks + np.append(marks[1:], 2.0 * marks[-1] - marks[-2])) / 2.0
        return self._between(marks, middle, created, start, end)

    def bins(self, created: Times, start: Times, end: Times) -> Pieces:
        """The same with one piece per whole unit of age, piece k for age in [k, k + 1)."""
        count = max(math.ceil(_horizon(created, end) / self.unit), 1)
        marks = np.arange(count, dtype=np.float64)
        return self._between(marks, marks if self.staircase else marks + 0.5, created, start, end)

    def _between(self, marks: Floats, middle: Floats, created: Times, start: Times, end: Times) -> Pieces:
        count = len(marks)
        steps = np.rint(marks * self.unit).astype(np.int64)
        edges = np.empty((len(created), count + 1), dtype=np.int64)
        np.add(created[:, None], steps[None, :], out=edges[:, :-1])
        edges[:, -1] = end
        np.clip(edges, start[:, None], end[:, None], out=edges)
        return Pieces(edges, np.broadcast_to(self.value(middle), (len(created), count)).copy())

    def powered(self, exponent: float) -> AgeCurve:
        """The curve raised to a power."""
        return replace(self, exponent=self.exponent * exponent)

    @property
    def falls(self) -> bool:
        """Whether it starts at 1 and never rises: a survival function."""
        if self.formula is not None:
            ages = np.linspace(0.0, 120.0, 1_921)
            values = self.value(ages)
        else:
            values = np.array(self.steps)
        with np.errstate(invalid="ignore"):  # a formula that grows beyond all numbers does not fall
            return bool(abs(values[0] - 1.0) < 1e-9 and (np.diff(values) <= 1e-12).all())

    @property
    def survival(self) -> AgeCurve:
        """The share of entities that is still there by age when they leave as `leaving` says."""
        if not self.staircase:
            return self

        def share(ages: Floats) -> Floats:
            whole = np.floor(ages)
            here, next_ = self.value(whole), self.value(whole + 1.0)
            return next_ + (here - next_) * np.minimum((whole + 1.0 - ages) / JITTER, 1.0)

        return AgeCurve(self.unit, formula=share)

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
        marks = self.marks(most, FINER)
        marks = np.append(marks, 2.0 * marks[-1] - marks[-2])
        values = np.minimum.accumulate(self.value(marks))
        place = np.searchsorted(-values, -u, side="left")
        inside = np.clip(place, 1, len(marks) - 1)
        above, below = values[inside - 1], values[inside]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(above > below, (above - u) / (above - below), 0.0)
        ages = marks[inside - 1] + share * (marks[inside] - marks[inside - 1])
        return np.where(place >= len(marks), np.inf, np.where(place == 0, 0.0, ages))


def _horizon(created: Times, end: Times) -> int:
    """The oldest that any of some entities becomes, in microseconds."""
    return max(int((end - created).max(initial=0)), 1)
