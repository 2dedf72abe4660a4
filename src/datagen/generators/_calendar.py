"""Weights of the hours, weekdays or months of a year, as `pattern` and `seasonality` take them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from datagen.contracts import Scope
from datagen.schema.model_values import Weight

Dimension = Literal["hour", "dow", "month"]
LENGTHS = {"hour": 24, "dow": 7, "month": 12}
NAMES = {"hour": "hours, from 00 to 23", "dow": "weekdays, Monday first", "month": "months, January first"}


class Pattern(BaseModel):
    """Relative densities over the hours of a day, the days of a week or the months of a year."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dimension: Dimension
    weights: list[Weight]
    timezone: str | None = None

    @property
    def fault(self) -> bool:
        """Whether the weights cannot be used."""
        return len(self.weights) != LENGTHS[self.dimension] or not any(self.weights)

    def check(self, scope: Scope, word: str, field: tuple[str | int, ...] = ()) -> None:
        """Refuse a wrong number of weights, weights that are all 0, and keys that are not built yet."""
        check_weights(scope, word, self.dimension, self.weights, field)
        if self.timezone is not None:
            scope.refuse(
                "language.not_available_yet",
                (*field, "timezone"),
                found="`timezone`, which this version does not build yet",
                hint="weights are those of UTC; leave it out for now",
            )


def check_weights(
    scope: Scope, word: str, dimension: str, weights: list[float], field: tuple[str | int, ...] = ()
) -> None:
    """Refuse a wrong number of weights and weights that are all 0."""
    wanted = LENGTHS[dimension]
    if len(weights) != wanted:
        scope.refuse(
            f"{word}.weights_length",
            (*field, "weights"),
            found=f"{len(weights)} weights for dimension {dimension}",
            expected=f"{wanted} weights, one for each of the {NAMES[dimension]}",
            hint="24/7/12 weights for hour/dow/month",
        )
    elif not any(weights):
        scope.refuse(
            f"{word}.no_weight",
            (*field, "weights"),
            found=f"{wanted} weights that are all 0",
            expected="at least one weight above 0",
        )
