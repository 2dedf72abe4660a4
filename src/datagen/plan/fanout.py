"""How many rows each parent gets: a law drawn once per parent, rounded to whole rows, capped last."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Draw, Fill
from datagen.errors import Finding, SchemaError
from datagen.rows._scaled_law import ScaledLaw, scaled_law

MOST_PER_PARENT = 2.0**40  # a count beyond this is a mistake, not a data set


@dataclass(frozen=True, slots=True)
class Volume:
    """What multiplies the rows of each parent; mean: over the parents, None when it is not known before they are."""

    factor: Callable[[Block], NDArray[np.float64]]
    mean: float | None

    def __call__(self, parent: Block) -> NDArray[np.float64]:
        return self.factor(parent)


@dataclass(frozen=True, slots=True)
class LawCounts:
    """Counts from a law. Whole-number laws are taken as drawn; others are rounded up with the chance of their fraction.

    `volume` multiplies the expected count of each parent (effects on the volume); the clamp comes after everything.
    """

    draw: Draw
    salt: int
    rounding_salt: int
    clamp: tuple[float, float]
    expected: float
    largest: float
    description: str
    volume: Volume | None = None
    scaled: ScaledLaw | None = None  # the law with a factor, where there is a volume
    home: str = ""  # where the fan-out stands in the document

    @property
    def least(self) -> float:
        """Rows that every parent has for sure."""
        if self.volume is not None:
            return self.clamp[0]
        lowest = self.draw.support()[0]  # of a law that nobody knows before its rows: infinite
        return min(max(self.clamp[0], math.floor(lowest) if math.isfinite(lowest) else 0.0, 0.0), self.clamp[1])

    @property
    def guessed(self) -> bool:
        return (self.volume is not None and self.volume.mean is None) or not self.draw.constant

    def expected_pairs(self) -> float:
        """Mean number of pairs of rows of one parent, for constant laws."""
        u = (np.arange(2_000) + 0.5) / 2_000
        counts = np.clip(self.draw.quantile(u, None), max(self.clamp[0], 0.0), min(self.clamp[1], MOST_PER_PARENT))
        return max(float(np.mean(counts * (counts - 1.0))) / 2.0, 0.0)

    def __call__(self, parent: Block) -> NDArray[np.int64]:
        u = parent.uniform(self.salt)
        if self.volume is not None and self.scaled is not None:
            v = parent.uniform(self.rounding_salt)
            return self._whole(self.scaled.counts(u, v, self.volume(parent), parent), parent, whole=True)
        return self._whole(self.draw.quantile(u, parent), parent, whole=self.draw.discrete)

    def _whole(self, counts: NDArray[np.float64], parent: Block, *, whole: bool) -> NDArray[np.int64]:
        if not whole:
            counts = np.floor(counts + parent.uniform(self.rounding_salt))
        unknown = np.isnan(counts)
        if unknown.any():
            raise SchemaError(
                Finding(
                    code="fanout.null",
                    json_path=self.home,
                    found=f"{int(unknown.sum()):,} parents of one block whose number of rows is null",
                    expected="a number in every row of the parent",
                    hint="coalesce(…, 0) in the parameter gives them no rows",
                )
            )
        counts = np.clip(counts, max(self.clamp[0], 0.0), min(self.clamp[1], MOST_PER_PARENT))
        return counts.astype(np.int64)


@dataclass(frozen=True, slots=True)
class FixedCounts:
    """The same number of rows for every parent."""

    number: int
    expected: float
    largest: float
    description: str
    guessed: bool = False
    fills: Mapping[str, Fill] = field(default_factory=dict)

    @property
    def least(self) -> float:
        """Rows that every parent has for sure."""
        return float(self.number)

    def expected_pairs(self) -> float:
        """Pairs of rows of one parent."""
        return self.number * (self.number - 1) / 2.0

    def __call__(self, parent: Block) -> NDArray[np.int64]:
        return np.full(parent.rows, self.number, dtype=np.int64)


def fixed(number: int) -> FixedCounts:
    """One row per parent, or any other fixed number."""
    return FixedCounts(number, float(number), float(number), f"exactly {number}")


def bind_counts(spec: dict[str, Any], clamp: tuple[float | None, float | None], scope: Any, volume: Any = None) -> Any:
    """Counts for a canonical law. `scope` is that of the fan-out: bare names are the driving parent's columns."""
    if spec.get("type") == "constant" and isinstance(spec["params"].get("value"), (int, float)) and volume is None:
        value = spec["params"]["value"]
        if value < 0 or not float(value).is_integer():
            scope.refuse(
                "fanout.not_whole", (), found=f"{value} rows per parent", expected="a whole number of rows, 0 or more"
            )
            return fixed(0)
        low, high = clamp[0] or 0, math.inf if clamp[1] is None else clamp[1]
        return fixed(int(min(max(value, low), high)))
    draw = scope.law(spec, "")
    if draw is None:
        return fixed(1)
    low = 0.0 if clamp[0] is None else float(clamp[0])
    high = math.inf if clamp[1] is None else float(clamp[1])
    support = draw.support()
    if support[1] < 0 or (draw.constant and support[0] < 0 and draw.discrete):
        scope.refuse(
            "fanout.negative",
            (),
            found=f"a law with values down to {support[0]:g}",
            expected="numbers of rows, 0 or more",
            hint="clamp it: clamp: [0, …]",
        )
    expected = _expected(draw, low, high)
    if volume is not None and volume.mean is not None:
        expected = min(max(expected * volume.mean, low), high)
    if not expected <= MOST_PER_PARENT:
        scope.refuse(
            "fanout.unbounded",
            (),
            found=f"{expected:.3g} rows per parent expected",
            expected="a finite number of rows",
            hint="cap it: clamp: [0, 1000]",
        )
        return fixed(1)
    return LawCounts(
        draw=draw,
        salt=scope.salt("count"),
        rounding_salt=scope.salt("rounding"),
        clamp=(low, high),
        volume=volume,
        expected=expected,
        largest=min(max(_next_whole(support[1]), 0.0), high),
        description=_described(spec, low, high),
        home=scope.document.place(scope.loc).json_path,
        scaled=None if volume is None else scaled_law(spec, scope, draw),
    )


def _expected(draw: Draw, low: float, high: float) -> float:
    """Mean of the clamped law; where parameters vary by row, the middle of what is possible, 1 where that is open."""
    mean = draw.mean()
    first, last = draw.support()
    if mean is None:
        least, most = max(first, low), min(last, high)
        return (least + most) / 2 if math.isfinite(least) and math.isfinite(most) else max(low, 1.0)
    if low <= max(first, 0.0) and not math.isfinite(high):
        return mean
    u = (np.arange(20_000) + 0.5) / 20_000
    return float(np.clip(draw.quantile(u, None), low, high).mean())


def _next_whole(number: float) -> float:
    return float(math.ceil(number)) if math.isfinite(number) else number


def _described(spec: dict[str, Any], low: float, high: float) -> str:
    inside = ", ".join(f"{key} {value}" for key, value in spec.get("params", {}).items())
    text = f"{spec.get('type')}({inside})"
    if low > 0 or math.isfinite(high):
        text += f", clamped to {low:g}..{high:g}"
    return text
