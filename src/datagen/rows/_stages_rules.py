"""What a funnel is made of: its stages with their chances and lasting times, and when a passage begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Draw, Reader
from datagen.errors import Finding, SchemaError
from datagen.kernel.clock import Times
from datagen.rows._arms import Arms, changed
from datagen.rows._contract import RateFactor
from datagen.rows._exposure import Exposure
from datagen.rows._mapped import mapped
from datagen.rows._scaled_law import ScaledLaw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SECOND = 1_000_000
LONGEST = 2.0**57  # microseconds, 4,566 years: no stage lasts longer
FAR = 2**61  # after all times


@dataclass(frozen=True, slots=True)
class StageRule:
    """One stage. rate: the chance of going on to it; by_segment: where it differs; least: microseconds it takes."""

    name: str
    rate: float
    by_segment: Mapping[str, float]
    skip: float
    dwell: Draw | None  # from the stage before; None: none, the first stage is where the passage begins
    least: int
    reach_salt: int
    skip_salt: int
    dwell_salt: int

    @property
    def certain(self) -> bool:
        """Nobody drops out before it."""
        return self.rate == 1.0

    def chance(self, segment: Reader | None, parent: Block) -> Floats:
        """(n,) chance of each parent."""
        if segment is None:
            return np.full(parent.rows, self.rate)
        return mapped(segment(parent), self.by_segment, self.rate)

    def chance_of(self, segment: str) -> float:
        """The chance in one segment."""
        return self.by_segment.get(segment, self.rate)


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole funnel. begin: where passages begin; a reader of the parent's row, a moment, or None: anywhere in time."""

    stages: tuple[StageRule, ...]
    segment: Reader | None
    begin: Reader | int | None
    delay: Draw | None
    instances: ScaledLaw | None  # passages per parent; None: one
    factors: tuple[RateFactor, ...]
    exposure: Exposure  # of each parent, the window's beginning left out
    opens: int  # the window's beginning
    compress: bool
    dropoff: bool
    key: int  # of the addresses of passages
    salts: Mapping[str, int]
    home: str  # of the table, for messages
    arms: Arms = field(default_factory=Arms)  # what experiments change

    def chance(self, stage: StageRule, passages: Passages, at: Ints, now: Times | None) -> Floats:
        """(k,) the chance of some passages to go on to a stage. now (m,): when each stands before it; None: not asked."""
        parent, owner = passages.parent, passages.owner[at]
        chance = stage.chance(self.segment, parent)[owner]
        for effect in self.arms.effects:
            if effect.on(stage.name):
                size = effect.size(parent)[owner]
                if effect.since is not None:
                    assert now is not None
                    size = np.where(now[at] >= effect.since, size, 1.0)
                chance = changed(chance, size, effect.op)
        return chance

    @property
    def begun(self) -> bool:
        """Whether something acts from a moment on."""
        return any(effect.since is not None for effect in self.arms.effects)

    @property
    def step(self) -> int:
        """Microseconds to which times are cut."""
        return self.exposure.step


@dataclass(frozen=True, slots=True)
class Passages:
    """The passages of a block of parents: (m,) the parent of each, its number from 0, its address."""

    parent: Block
    owner: Ints
    number: Ints
    address: NDArray[np.uint64]

    def quantile(self, draw: Draw, u: Floats, at: Ints, home: str) -> Floats:
        """(k,) values of a law at uniforms u, for the passages `at`."""
        found = self._each(lambda one, x: one.quantile(x, self.parent), draw, u, at, 0.5)
        refuse_null(found, home, "passages of one block with a parameter of a time that is null")
        return found

    def cdf(self, draw: Draw, x: Floats, at: Ints) -> Floats:
        """(k,) probability of a value of at most x, for the passages `at`."""
        return self._each(lambda one, values: one.cdf(values, self.parent), draw, x, at, 0.0)

    def _each(self, ask: Callable[[Draw, Floats], Floats], draw: Draw, x: Floats, at: Ints, otherwise: float) -> Floats:
        if draw.constant:
            return ask(draw, x)
        owner, number = self.owner[at], self.number[at]
        found = np.empty(len(at), dtype=np.float64)
        for one in range(int(number.max(initial=-1)) + 1):  # over the numbers of passages: the law is one per parent
            mine = number == one
            whole = np.full(self.parent.rows, otherwise)
            whole[owner[mine]] = x[mine]
            found[mine] = ask(draw, whole)[owner[mine]]
        return found


def refuse_null(values: Floats, home: str, what: str) -> None:
    """Stop where a law has no value because a parameter is null."""
    unknown = int(np.isnan(values).sum())
    if unknown:
        raise SchemaError(
            Finding(
                code="stage.null",
                json_path=home,
                found=f"{unknown:,} {what}",
                expected="a value in every row of the parent",
                hint="coalesce(…, …) in the parameter gives the others one",
            )
        )
