"""Expert guesses: at least, most likely, at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.laws._law import ANY, Continuous, Floats, Parameter, Params, Relation


class Triangular(Continuous):
    """Values between low and high, most often near mode.

    Params: low <= mode <= high, in the column's unit.
    """

    MAIN: ClassVar[str | None] = "low"
    DOMAINS: ClassVar = {"low": ANY, "mode": ANY, "high": ANY}
    TIMES: ClassVar[frozenset[str]] = frozenset({"low", "mode", "high"})
    CLOSED: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"triangular": {"low": 10, "mode": 15, "high": 40}}]

    low: Parameter = Field(description="smallest value, in the column's unit")
    mode: Parameter = Field(description="most likely value")
    high: Parameter = Field(description="largest value")

    def relations(self, p: Params) -> Sequence[Relation]:
        return [
            Relation(np.less_equal(p["low"], p["high"]), "high", "low <= high", "swap them"),
            Relation(
                np.less_equal(p["low"], p["mode"]) & np.less_equal(p["mode"], p["high"]), "mode", "low <= mode <= high"
            ),
        ]

    def inverse(self, u: Floats, p: Params) -> Floats:
        low, mode, high = p["low"], p["mode"], p["high"]
        width = high - low
        rising = low + np.sqrt(u * width * (mode - low))
        falling = high - np.sqrt((1.0 - u) * width * (high - mode))
        result: Floats = np.where(u * width < mode - low, rising, falling)
        return result

    def cdf(self, x: Floats, p: Params) -> Floats:
        low, mode, high = p["low"], p["mode"], p["high"]
        inside = np.clip(x, low, high)
        with np.errstate(invalid="ignore", divide="ignore"):
            rising = (inside - low) * (inside - low) / ((high - low) * (mode - low))
            falling = 1.0 - (high - inside) * (high - inside) / ((high - low) * (high - mode))
        share = np.where(inside < mode, rising, falling)
        result: Floats = np.where(np.less(x, low), 0.0, np.where(np.greater_equal(x, high), 1.0, share))
        return result

    def mean_of(self, p: Params) -> float:
        return float((p["low"] + p["mode"] + p["high"]) / 3.0)

    def variance_of(self, p: Params) -> float:
        low, mode, high = p["low"], p["mode"], p["high"]
        width = high - low
        return float((width * width - (mode - low) * (high - mode)) / 18.0)

    def support_of(self, p: Params) -> tuple[float, float]:
        return p["low"], p["high"]
