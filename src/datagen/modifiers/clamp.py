"""Keeps a number between two bounds; what lies outside piles up at the bound."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, Change, Modifier, Scope, Values
from datagen.modifiers._numbers import floats, needs_number


class Clamp(Modifier):
    """min(max(value, min), max). Params: min, max; one may be left out. Put it last: later modifiers may leave it."""

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"transform": "clamp", "args": {"min": 0, "max": 100}}]

    min: float | int | None = Field(default=None, description="smallest value; lower ones are moved to it")
    max: float | int | None = Field(default=None, description="largest value; higher ones are moved to it")

    @property
    def ends(self) -> tuple[float, float]:
        """Both bounds, infinite where there is none."""
        return -np.inf if self.min is None else float(self.min), np.inf if self.max is None else float(self.max)

    def foreseen(self, scope: Scope, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        return np.clip(values, *self.ends)

    def bind(self, scope: Scope) -> Change:
        needs_number(scope, "clamp")
        if self.min is None and self.max is None:
            scope.refuse("clamp.no_bound", (), found="neither min nor max", expected="at least one of them")
        low, high = self.ends
        if low > high:
            scope.refuse("clamp.reversed", "min", found=f"min {self.min} above max {self.max}", expected="min <= max")

        def change(block: Block, values: Values) -> Values:
            numbers = floats(values)
            return values.changed(kind="float", array=np.clip(numbers, low, high, out=numbers))

        return change
