"""A level that only moves with time: list prices, exchange rates, targets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.modifiers import trend as modifier
from datagen.schema.model_values import Number, Scalar


class Trend(Generator):
    """start_value times the factor of a trend at the row's time.

    Params: start_value, the level at the start of the timeframe; and those of the modifier `trend`: type, growth_rate,
    params, time_unit, time_reference, anchor. Fills float64; null where the time is null. No draw.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"trend": {"start_value": 100, "type": "linear", "growth_rate": "3%"}}]

    start_value: Number = Field(description="level at the start of the timeframe")
    type: modifier.Kind = Field(default="exponential", description="form of the curve")
    growth_rate: Number | None = Field(default=None, description="growth per time_unit, a share: 0.05 or 5%")
    params: modifier.Curve | None = Field(
        default=None, description="further parameters of the form: a, b, ceiling, levels"
    )
    time_unit: Literal["hour", "day", "week", "month", "year"] = Field(
        default="year", description="unit of growth_rate"
    )
    time_reference: str | None = Field(default=None, description="datetime column that counts as the row's time")
    anchor: Scalar | None = Field(default=None, description="where the clock starts instead of timeframe.start")

    @property
    def curve(self) -> modifier.Trend:
        """The same arguments as a modifier."""
        return modifier.Trend(
            type=self.type,
            growth_rate=self.growth_rate,
            params=self.params,
            time_unit=self.time_unit,
            time_reference=self.time_reference,
            anchor=self.anchor,
        )

    def reads(self, scope: Scope) -> Iterable[str]:
        return self.curve.reads(scope)

    def infer(self, scope: Scope) -> ColumnType:
        return "float"

    def bind(self, scope: Scope) -> Fill:
        scope.fits("float", "")
        factor, level = modifier.bind_trend(self.curve, scope), float(self.start_value)
        if factor is None:
            return lambda block: Values("float", np.zeros(block.rows))

        def fill(block: Block) -> Values:
            factors, valid = factor(block)
            with np.errstate(over="ignore"):  # sealing refuses what is not finite
                return Values("float", np.multiply(factors, level, out=factors), valid)

        return fill
