"""Hours, weekdays or months that are busier or dearer than others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import WithJsonSchema

from datagen.contracts import Block, Change, Modifier, Scope, Values
from datagen.generators._calendar import Dimension, check_weights
from datagen.kernel.density import relative
from datagen.modifiers._numbers import needs_number
from datagen.modifiers._scaled import scaled
from datagen.schema.model_values import Weight


class Seasonality(Modifier):
    """On a number: multiplies it by the weight of the row's time, as written. On a datetime: shapes when the rows fall.

    Params: dimension, hour (24 weights), dow (7, Monday first) or month (12); weights of 0 or more. On a datetime they
    are relative densities and multiply the generator's own pattern. A number in a row without a time stays as it is.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"transform": "seasonality", "args": {"dimension": "dow", "weights": [1, 1, 1, 1.1, 1.3, 1.6, 0.4]}}
    ]

    # `holiday` is refused by name before a part is read; the JSON Schema knows it
    dimension: Annotated[Dimension, WithJsonSchema({"enum": ["hour", "dow", "month", "holiday"]})]
    weights: list[Weight]

    @property
    def fault(self) -> bool:
        """Whether the weights cannot be used."""
        return len(self.weights) != {"hour": 24, "dow": 7, "month": 12}[self.dimension] or not any(self.weights)

    def reads(self, scope: Scope) -> Iterable[str]:
        shapes = scope.own_columns[scope.column][0] == "datetime_series"
        return () if shapes or scope.time_column in (None, scope.column) else (scope.time_column,)

    def bind(self, scope: Scope) -> Change:
        check_weights(scope, "seasonality", self.dimension, self.weights)
        if scope.value_type in ("datetime", "date"):
            return self._shape(scope)
        if not needs_number(scope, "seasonality"):
            return _unchanged
        if scope.time_column is None or scope.time_column == scope.column:
            scope.refuse(
                "seasonality.no_time",
                (),
                found=f"seasonality of {scope.table}.{scope.column}, whose table has no time column",
                expected="a datetime column in the table",
                hint="mark it with role: time when there are several",
            )
            return _unchanged
        if self.fault:
            return _unchanged
        when, pattern = scope.read(scope.time_column), [(self.dimension, self.weights)]

        def change(block: Block, values: Values) -> Values:
            times = when(block)
            factors = relative(np.asarray(times.array, dtype=np.int64), pattern)
            if times.valid is not None:
                factors[~times.valid] = 1.0
            return values.changed(kind="float", array=scaled(values, factors))

        return change

    def _shape(self, scope: Scope) -> Change:
        """On a datetime column: the weights are in the generator's density, nothing is left to change."""
        word = scope.own_columns[scope.column][0]
        if word != "datetime_series":
            scope.refuse(
                "seasonality.no_density",
                (),
                found=f"seasonality on times made by {word}",
                expected="a datetime_series, whose density it can shape",
            )
        return _unchanged


def _unchanged(block: Block, values: Values) -> Values:
    return values
