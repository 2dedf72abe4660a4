"""What the arms of experiments do to the chances of a process: to go on to a stage, to be lost in a period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ArmEffect:
    """One effect on chances. size: (n,) factors of a block of driving parents, 1 in the control.

    since: microseconds from which it acts, None for always; stage: the one that it is on, None for all.
    """

    name: str  # of the experiment
    size: Callable[[Block], Floats]
    op: str
    since: int | None
    stage: str | None = None

    def on(self, stage: str) -> bool:
        """Whether it changes the chance of a stage."""
        return self.stage is None or self.stage == stage


@dataclass(frozen=True, slots=True)
class Level:
    """Driving parents for which all effects are of one size. share: of all; arms: by experiment; sizes: by effect."""

    share: float
    arms: Mapping[str, str]
    sizes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Arms:
    """All effects on the chances of one table. guessed: the shares of the levels are not known and taken as equal."""

    effects: tuple[ArmEffect, ...] = ()
    levels: tuple[Level, ...] = (Level(1.0, {}, ()),)
    guessed: bool = False


def changed(chance: Floats, size: Floats | float, op: str) -> Floats:
    """(n,) chances times their sizes, or with their odds times them; a multiplied chance ends at 1."""
    if op == "odds":
        found: Floats = np.where(chance < 1.0, size * chance / (1.0 - chance + size * chance), chance)
        return found
    return np.minimum(chance * size, np.maximum(chance, 1.0))
