"""Any value of an interval is as likely as any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.laws._law import ANY, Continuous, Floats, Parameter, Params, Relation, squared

MOST_WHOLE = 2.0**53  # whole numbers beyond this are no floats


class Uniform(Continuous):
    """Numbers between low and high.

    Params: low <= high, in the column's unit; integers: true for whole numbers, both ends included (`1..6` is a die).
    """

    MAIN: ClassVar[str | None] = "low"
    DOMAINS: ClassVar = {"low": ANY, "high": ANY}
    TIMES: ClassVar[frozenset[str]] = frozenset({"low", "high"})
    CLOSED: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"uniform": {"low": 0, "high": 1}},
        {"uniform": {"low": 1, "high": 6, "integers": True}},
    ]

    low: Parameter = Field(description="smallest value, in the column's unit")
    high: Parameter = Field(description="largest value")
    integers: bool = Field(default=False, description="whole numbers, both ends included")

    def relations(self, p: Params) -> Sequence[Relation]:
        low, high = p["low"], p["high"]
        ordered = Relation(np.less_equal(low, high), "high", "low <= high", "swap them")
        if not self.integers:
            return [ordered]
        with np.errstate(all="ignore"):
            whole = np.equal(np.floor(low), low) & np.equal(np.floor(high), high)
            exact = (np.abs(low) <= MOST_WHOLE) & (np.abs(high) <= MOST_WHOLE)
        return [
            ordered,
            Relation(whole, "integers", "whole numbers for low and high, because integers is true", "drop integers"),
            Relation(exact, "integers", "whole numbers between -2^53 and 2^53"),
        ]

    def truncated(self, p: Params, low: float, high: float) -> Params | None:
        first, last = (float(np.ceil(low)), float(np.floor(high))) if self.integers else (low, high)
        return {"low": max(p["low"], first), "high": min(p["high"], last)}

    def inverse(self, u: Floats, p: Params) -> Floats:
        low, high = p["low"], p["high"]
        values = np.floor(u * (high - low + 1.0)) if self.integers else u * (high - low)
        result: Floats = np.minimum(values + low, high)
        return result

    def cdf(self, x: Floats, p: Params) -> Floats:
        low, high = p["low"], p["high"]
        if self.integers:
            share = (np.floor(x) - low + 1.0) / (high - low + 1.0)
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                share = np.where(np.greater(high, low), (x - low) / (high - low), np.greater_equal(x, low))
        result: Floats = np.clip(share, 0.0, 1.0)
        return result

    def mean_of(self, p: Params) -> float:
        return float(p["low"] / 2.0 + p["high"] / 2.0)

    def variance_of(self, p: Params) -> float:
        width = float(p["high"] - p["low"])
        return (squared(width + 1.0) - 1.0 if self.integers else squared(width)) / 12.0

    def support_of(self, p: Params) -> tuple[float, float]:
        return p["low"], p["high"]
