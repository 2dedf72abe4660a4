"""Scales a number: by a constant, another column or an expression."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, Change, Modifier, Scope, Values
from datagen.modifiers._numbers import both, floats, needs_number


class Multiply(Modifier):
    """value × factor. Params: factor, a number, a column or an expression. Null where the factor is null."""

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"transform": "multiply", "args": {"factor": 1.21}},
        {"transform": "multiply", "args": {"factor": "1 + row_number * 0.001"}},
    ]

    factor: float | int | str = Field(description="a number, a column or an expression")

    def reads(self, scope: Scope) -> Iterable[str]:
        return scope.names_in(self.factor)

    def foreseen(self, scope: Scope, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        return None if isinstance(self.factor, str) else values * float(self.factor)

    def bind(self, scope: Scope) -> Change:
        needs_number(scope, "multiply")
        factor = scope.expression(self.factor, "factor")
        if factor.type not in ("int", "float"):
            scope.refuse("modifier.type", "factor", found=f"a factor of type {factor.type}", expected="a number")

        def change(block: Block, values: Values) -> Values:
            by = factor(block)
            return values.changed(kind="float", array=floats(values) * by.array, valid=both(values.valid, by.valid))

        return change
