"""Exact totals of parents of several classes: small ones have few rows each, large ones many, and all together so many.

Every class has a law of its own. A total over all classes tilts all laws by one θ, p(x)·e^(θx): of all ways to reach the
total it is the nearest to the laws (maximum entropy). Totals of classes are then whole numbers by the largest remainder,
and each class is spread over its parents as a total of its own. Which parent is of which class is looked at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Fill
from datagen.errors import Finding, SchemaError
from datagen.kernel import elementary
from datagen.kernel.address import salt_of
from datagen.kernel.permute import permuted_rank
from datagen.kernel.quotas import largest_remainder
from datagen.rows._exact_total import TURNS, Settled, refuse_out_of_reach, spread, stretched, tilted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassLaw:
    """The rows that a parent of one class may have: whole numbers in a run, and their weights. name: for messages."""

    name: str
    values: Ints
    weights: Floats
    total: int | None = None
    mean: float | None = None
    stretch: bool = False

    @property
    def span(self) -> str:
        """`5..10`."""
        return f"{self.values[0]}..{self.values[-1]}"


@dataclass(frozen=True, slots=True)
class ClassTotals(Settled):
    """Rows of parents by class. classes: code of each parent; total: of all classes together, or None.

    law: of a code, None where the rows of the class have no total.
    """

    classes: Callable[[Block], Ints]
    law: Callable[[int], ClassLaw | None]
    total: int | None
    mean: float | None  # of all classes together
    stretch: bool
    key: int
    parent: str
    home: str
    expected: float
    largest: float
    description: str
    least: float = 0.0
    guessed: bool = False
    fills: Mapping[str, Fill] = field(default_factory=dict)

    def __call__(self, parent: Block) -> Ints:
        counts: Ints = parent.once(("class totals", self.home), lambda: self._counts(parent))
        found: Ints = counts[parent.row_number]
        return found

    def _counts(self, parent: Block) -> Ints:
        """(parents,) rows of each; 0 in classes without a total."""
        pieces = [self.classes(block) for block in parent.blocks_of(self.parent)]
        codes = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64)
        present, parents = np.unique(codes, return_counts=True)
        laws = [self.law(int(code)) for code in present]
        there = [place for place, law in enumerate(laws) if law is not None]
        known = [law for law in laws if law is not None]
        each = [int(parents[place]) for place in there]
        if self.total is not None or self.mean is not None:
            total = self.total if self.total is not None else round((self.mean or 0.0) * sum(each))
            spreads = together(known, each, total, self.stretch, self.home)
        else:
            spreads = [
                alone(law, number, f"{self.home} by {law.name}") for law, number in zip(known, each, strict=True)
            ]
        counts = np.zeros(len(codes), dtype=np.int64)
        for place, rising in zip(there, spreads, strict=True):  # a loop over classes
            at = np.flatnonzero(codes == present[place])
            law = known[there.index(place)]
            ranks = permuted_rank(np.arange(len(at), dtype=np.int64), len(at), salt_of("class", self.key, law.name))
            counts[at] = rising[ranks]
        return counts


@dataclass(frozen=True, slots=True)
class RowsOfClass:
    """The rows of parents of one class among those that are settled together."""

    totals: ClassTotals
    expected: float
    largest: float
    least: float
    description: str
    guessed: bool = False
    fills: Mapping[str, Fill] = field(default_factory=dict)

    @property
    def moves(self) -> str:
        """Why parents that are added change the rows of those that were there before."""
        return self.totals.moves

    def __call__(self, parent: Block) -> Ints:
        return self.totals(parent)


def alone(law: ClassLaw, parents: int, home: str) -> Ints:
    """(parents,) rising counts of a class with a total or a mean of its own."""
    total = law.total if law.total is not None else round((law.mean or 0.0) * parents)
    refuse_out_of_reach(total, parents, law.values, law.stretch, home)
    values, weights = stretched(law.values, law.weights, total, parents)
    return spread(values, tilted(values.astype(np.float64), weights, total / max(parents, 1)), parents, total)


def together(laws: Sequence[ClassLaw], parents: Sequence[int], total: int, stretch: bool, home: str) -> list[Ints]:
    """For each class (parents,) rising counts; all of them sum to the total. Raises SchemaError out of reach."""
    low = sum(int(law.values[0]) * number for law, number in zip(laws, parents, strict=True))
    high = sum(int(law.values[-1]) * number for law, number in zip(laws, parents, strict=True))
    if not low <= total <= high:
        if not stretch or (sum(parents) == 0 and total > 0) or (total > 0 and high == 0):
            raise out_of_reach(laws, parents, total, low, high, home)
        laws = [widened(law, total / high if total > high else total / low) for law in laws]
    chances = tilted_together(laws, parents, total)
    wanted = [
        number * float((chance * law.values).sum()) for law, number, chance in zip(laws, parents, chances, strict=True)
    ]
    totals = class_totals(laws, parents, wanted, total)
    return [
        spread(law.values, chance, number, own)
        for law, number, chance, own in zip(laws, parents, chances, totals.tolist(), strict=True)
    ]


def widened(law: ClassLaw, factor: float) -> ClassLaw:
    """A class whose range gives way by a factor: up at its upper end, or down at its lower end."""
    low, high = int(law.values[0]), int(law.values[-1])
    if factor > 1.0:
        values = np.arange(low, int(np.ceil(high * factor)) + 1, dtype=np.int64)
        weights = np.full(len(values), float(law.weights[-1]))
        weights[: len(law.weights)] = law.weights
    else:
        values = np.arange(int(np.floor(low * factor)), high + 1, dtype=np.int64)
        weights = np.full(len(values), float(law.weights[0]))
        weights[len(values) - len(law.weights) :] = law.weights
    return ClassLaw(law.name, values, weights)


def tilted_together(laws: Sequence[ClassLaw], parents: Sequence[int], total: int) -> list[Floats]:
    """For each class (k,) chances of its counts, all tilted by one θ so that the expected rows are the total."""
    narrow = min(max(int(law.values[-1] - law.values[0]), 1) for law in laws)
    low, high = -1_400.0 / narrow, 1_400.0 / narrow
    chances: list[Floats] = []
    for _ in range(TURNS):
        theta = (low + high) / 2.0
        chances = [_tilted_by(theta, law) for law in laws]
        rows = sum(
            number * float((chance * law.values).sum())
            for law, number, chance in zip(laws, parents, chances, strict=True)
        )
        low, high = (theta, high) if rows < total else (low, theta)
    return chances


def _tilted_by(theta: float, law: ClassLaw) -> Floats:
    exponent = theta * (law.values - (law.values[0] + law.values[-1]) / 2.0)
    shaped = law.weights * elementary.exp(np.maximum(exponent - float(exponent.max()), -700.0))
    chances: Floats = shaped / shaped.sum()
    return chances


def class_totals(laws: Sequence[ClassLaw], parents: Sequence[int], wanted: Sequence[float], total: int) -> Ints:
    """(classes,) whole rows of each class, near the wanted ones, inside its reach, which sum to the total."""
    low = np.array([int(law.values[0]) * number for law, number in zip(laws, parents, strict=True)], dtype=np.int64)
    high = np.array([int(law.values[-1]) * number for law, number in zip(laws, parents, strict=True)], dtype=np.int64)
    if not sum(wanted):
        return low
    totals = np.clip(largest_remainder(list(wanted), total), low, high)
    while (missing := total - int(totals.sum())) != 0:  # at an end of the reach, where rounding left it
        room = np.flatnonzero(totals < high if missing > 0 else totals > low)
        place = room[0]
        step = min(abs(missing), int(abs((high if missing > 0 else low)[place] - totals[place])))
        totals[place] += step if missing > 0 else -step
    return totals


def out_of_reach(
    laws: Sequence[ClassLaw], parents: Sequence[int], total: int, low: int, high: int, home: str
) -> SchemaError:
    """A total that no counts of the classes can have, with the arithmetic."""
    parts = [f"{number:,} × {law.span} ({law.name})" for law, number in zip(laws, parents, strict=True)]
    return SchemaError(
        Finding(
            code="fanout.total_out_of_reach",
            json_path=home,
            found=f"a total of {total:,} rows from {sum(parents):,} parents: {' + '.join(parts[:6])}"
            + (" + …" if len(parts) > 6 else ""),
            expected=f"a total from {low:,} to {high:,}",
            hint="widen min and max, or say stretch: true to let them give way",
        )
    )
