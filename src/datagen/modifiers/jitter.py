"""Adds noise to a number, or scales it by noise around 1."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, Change, Modifier, Scope, Values
from datagen.modifiers._numbers import floats, needs_number

SQRT_3 = 3**0.5  # half the width of a uniform law with standard deviation 1
NOISES = 101  # shifts that stand for all when the values are foreseen


class Jitter(Modifier):
    """value + e (mode add) or value × (1 + e) (mode mul), e of mean 0.

    Params: std, the standard deviation of e whatever the distribution; mode add or mul; distribution normal or uniform.
    One draw per row.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"transform": "jitter", "args": {"std": 0.05, "mode": "mul"}}]

    std: float = Field(ge=0, description="standard deviation of the noise")
    mode: Literal["add", "mul"] = Field(
        default="add", description="add to the value, or multiply it by 1 plus the noise"
    )
    distribution: Literal["normal", "uniform"] = Field(default="normal", description="form of the noise")

    @property
    def law(self) -> dict[str, Any]:
        """Of the noise."""
        if self.distribution == "normal":
            return {"type": "normal", "params": {"mean": 0.0, "std": float(self.std)}}
        return {"type": "uniform", "params": {"low": -SQRT_3 * self.std, "high": SQRT_3 * self.std}}

    def foreseen(self, scope: Scope, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        noise = None if self.std == 0 else scope.law(self.law, "std")
        if noise is None:
            return values
        shifts = noise.quantile((np.arange(NOISES) + 0.5) / NOISES, None)
        every = (values[:, None] * (shifts + 1.0) if self.mode == "mul" else values[:, None] + shifts).ravel()
        return np.sort(every, kind="stable")[NOISES // 2 :: NOISES]

    def bind(self, scope: Scope) -> Change:
        needs_number(scope, "jitter")
        if self.std == 0:
            return lambda block, values: values
        noise, salt, scales = scope.law(self.law, "std"), scope.salt("noise"), self.mode == "mul"
        if noise is None:
            return lambda block, values: values

        def change(block: Block, values: Values) -> Values:
            shift = noise.quantile(block.uniform(salt), block)
            numbers = floats(values)
            return values.changed(
                kind="float", array=numbers * (shift + 1.0) if scales else numbers + np.asarray(shift)
            )

        return change
