"""Values as they were observed, each with its weight: sizes of packages, classes of delay, a histogram of last year."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.errors import quoted
from datagen.laws._draws import AtomsDraw, BoundDraw, merged
from datagen.laws._law import Floats, Law

if TYPE_CHECKING:
    from datagen.laws._bind import Binding


class Empirical(Law):
    """One of the listed numbers.

    Params: values, numbers in the column's unit; weights, one per value (all at most 1: they must sum to 1; any above
    1: relative; with %: they sum to 100); without them all values are equally likely. Neither can be an expression.
    """

    MAIN: ClassVar[str | None] = "values"
    TIMES: ClassVar[frozenset[str]] = frozenset({"values"})
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"empirical": {"values": [1, 2, 5], "weights": [0.7, 0.2, 0.1]}}]

    values: list[float | int | str | dict[str, float]] = Field(
        description="numbers that are drawn from, in the column's unit"
    )
    weights: list[float | int | str] | None = Field(
        default=None, description="one per value; without them all are equally likely"
    )

    def bound(self, binding: Binding) -> BoundDraw | None:
        if not self.values:
            binding.refuse("law.no_values", "values", found="no values", expected="at least one value")
            return None
        numbers = [binding.plain(value, times=True) for value in self.values]
        if self.weights is not None and len(self.weights) != len(self.values):
            binding.refuse(
                "law.weights_length",
                "weights",
                found=f"{len(self.weights)} weights for {len(self.values)} values",
                expected=f"{len(self.values)} weights",
                hint="give one weight per value",
            )
            return None
        shares = [1.0] * len(numbers) if self.weights is None else binding.shares(self.weights, "weights")
        for place, number in enumerate(numbers):
            if number is None or not math.isfinite(number):
                expected = "a duration such as 3d" if binding.durations else "a number"
                binding.refuse(
                    "law.parameter_type", "values", place, found=quoted(self.values[place]), expected=expected
                )
        if shares is None or not all(number is not None and math.isfinite(number) for number in numbers):
            return None
        return listed_values(np.array(numbers, dtype=np.float64), np.array(shares))


def listed_values(values: Floats, shares: Floats) -> AtomsDraw:
    """A law over values in any order, equal ones counted together."""
    rising, weights = merged(values, shares)
    whole = bool((np.floor(rising) == rising).all())
    return AtomsDraw(lambda: (rising, weights), (float(rising[0]), float(rising[-1])), discrete=whole)
