"""Adopters of a novelty: who adopts and when, and their uses afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, ColumnType, Dictionary, Fill, Reader, Values
from datagen.kernel.clock import Times
from datagen.kernel.draws import uniform
from datagen.rows._adoption_curve import AdoptionCurve
from datagen.rows._contract import Variation, whole
from datagen.rows._exposure import Exposure
from datagen.rows._journeys import Siblings
from datagen.rows._rate import RateRows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LATEST = 2.0**61  # microseconds: beyond every window
STAGES = Dictionary(["adopted", "used"])


@dataclass(frozen=True, slots=True)
class Adoption:
    """Of a block of parents: (n,) whether and when each adopts, and its class."""

    adopts: NDArray[np.bool_]
    time: Times
    category: Ints


class Adopting(Protocol):
    """Whatever says who adopts and when."""

    @property
    def own(self) -> str: ...
    @property
    def exposure(self) -> Exposure: ...
    def __call__(self, parent: Block) -> Adoption:
        """The adoptions of a block of parents, worked out once."""


def origins(origin: int | Reader, parent: Block, start: Times) -> Times:
    """(n,) when the clock of each parent starts."""
    if isinstance(origin, int):
        return np.full(parent.rows, origin, dtype=np.int64)
    values = origin(parent)
    found = np.asarray(values.array, dtype=np.int64)
    return found if values.valid is None else np.where(values.valid, found, start)


@dataclass(frozen=True, slots=True)
class Adopters:
    """What makes adoptions. origin: microseconds, or a reader of each parent's own; unit: microseconds of the curve's time.

    bands (k,): upper ends of the classes, as shares of adopters; speed: (n,) factors of a block of parents.
    """

    own: str
    curve: AdoptionCurve
    ceiling: float
    unit: int
    origin: int | Reader
    exposure: Exposure
    bands: Floats
    speed: Callable[[Block], Floats] | None
    salt: int
    ever_salt: int

    def __call__(self, parent: Block) -> Adoption:
        """The adoptions of a block of parents, worked out once."""
        return whole(parent, f"{self.own} adoptions", lambda: self._make(parent))  # type: ignore[no-any-return]

    def _make(self, parent: Block) -> Adoption:
        start, end = self.exposure(parent)
        origin = origins(self.origin, parent, start)
        speed = np.ones(parent.rows) if self.speed is None else self.speed(parent)
        late = np.maximum(start - origin, 0).astype(np.float64) / self.unit * speed
        left = self.curve.left(late) * (1.0 - uniform(parent.address, self.salt))
        after = np.minimum(self.curve.time(left) / speed * self.unit, LATEST).astype(np.int64)
        time = origin + after
        step = self.exposure.step
        time = np.maximum(time - time % step, start)
        ever = uniform(parent.address, self.ever_salt) < self.ceiling
        category = np.searchsorted(self.bands[:-1], 1.0 - left, side="right")
        return Adoption(ever & (time < end), time, category.astype(np.int64))

    def share_by(self, moment: float, begins: Floats, speed: float) -> float:
        """Share of parents that have adopted by a moment of the window, of those that are there from `begins` on."""
        origin = np.full(len(begins), float(self.origin)) if isinstance(self.origin, int) else begins
        late = np.maximum(np.maximum(begins, self.exposure.start) - origin, 0.0) / self.unit
        until = np.maximum(np.maximum(moment - origin, 0.0) / self.unit, late)
        before = np.maximum(self.curve.left(late * speed), 1e-300)
        there = (
            np.maximum(begins, self.exposure.start) <= moment
        )  # where all have adopted, who comes later does at once
        return self.ceiling * float(np.where(there, 1.0 - self.curve.left(until * speed) / before, 0.0).mean())


@dataclass(frozen=True, slots=True)
class FromAdoption:
    """Reads from when on a parent can use what it adopted: the next moment after its adoption, null where it never does."""

    adopters: Adopting
    type: ColumnType = "datetime"

    def __call__(self, block: Block) -> Values:
        made = self.adopters(block)
        return Values("time", made.time + self.adopters.exposure.step, valid=made.adopts)


@dataclass(frozen=True, slots=True)
class AdoptionRows:
    """One row per adoption, then one per use."""

    adopters: Adopting
    uses: RateRows | None
    categories: Dictionary
    parent: str
    expected: float
    largest: float
    description: str
    guessed: bool
    begins: Floats  # equally likely moments from which parents are there
    variation: Variation | None  # the segments that are faster, and by which factors
    speeds: Mapping[str, float]

    def __call__(self, parent: Block) -> Ints:
        adopted = self.adopters(parent).adopts.astype(np.int64)
        return adopted if self.uses is None else adopted + self.uses(parent)

    @property
    def fills(self) -> Mapping[str, Fill]:
        """What fills the columns of a role."""
        return {"time": self._time, "segment": self._category, "stage": self._stage}

    def _time(self, block: Block) -> Values:
        parent, index = block.ancestor(self.parent)
        owner = np.zeros(block.rows, dtype=np.int64) if index is None else index
        time = self.adopters(parent).time[owner]
        later = np.flatnonzero(block.ordinal > 0)
        if self.uses is not None and len(later):
            rows = cast(Block, Siblings(parent, owner[later], block.ordinal[later] - 1))
            time[later] = self.uses.times(rows).array
        return Values("time", time)

    def _category(self, block: Block) -> Values:
        parent, index = block.ancestor(self.parent)
        found = self.adopters(parent).category
        codes = (found if index is None else found[index]).astype(np.uint8)
        return Values("category", codes, dictionary=self.categories)

    def _stage(self, block: Block) -> Values:
        return Values("category", (block.ordinal > 0).astype(np.uint8), dictionary=STAGES)
