"""Always the same number, or the one that an expression gives for the row."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.laws._law import ANY, Continuous, Floats, Parameter, Params


class Constant(Continuous):
    """One value.

    Params: value, in the column's unit.
    """

    MAIN: ClassVar[str | None] = "value"
    DOMAINS: ClassVar = {"value": ANY}
    TIMES: ClassVar[frozenset[str]] = frozenset({"value"})
    CLOSED: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"constant": {"value": 3}}]

    value: Parameter = Field(description="the value, in the column's unit")

    def inverse(self, u: Floats, p: Params) -> Floats:
        return np.array(np.broadcast_to(p["value"], len(u)), dtype=np.float64)

    def cdf(self, x: Floats, p: Params) -> Floats:
        return np.asarray(np.greater_equal(x, p["value"]), dtype=np.float64)

    def mean_of(self, p: Params) -> float:
        return float(p["value"])

    def variance_of(self, p: Params) -> float:
        return 0.0

    def support_of(self, p: Params) -> tuple[float, float]:
        return p["value"], p["value"]
