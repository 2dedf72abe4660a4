"""Values recorded far off: a slipped decimal point, a wrong unit, a wrong year. Derived columns have read the right ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen.columns import take
from datagen.contracts import Block, Values
from datagen.imperfections._contract import Imperfection, Rows, Spoil, at_rows
from datagen.imperfections._units import smallest_step
from datagen.schema import model_column

DAY_US = 86_400_000_000
FACTOR = {"type": "lognormal", "params": {"median": 10.0, "sigma": 0.5}, "clamp": [3.0, None]}
DAYS = {"type": "uniform", "params": {"low": 30.0, "high": 365.0}}


class Outliers(Imperfection):
    """Writes exactly round(rate × values) numbers multiplied by a factor, or times that many days later.

    Params: rate, a share of the values that are there; magnitude, a law of factors above 0, on a time of days above 0
    (without it lognormal of median 10 and sigma 0.5, at least 3; on a time 30 to 365 days, each as likely). A factor
    below 1 makes a number too small. A 0, which no factor moves, becomes the factor itself; whatever rounding would
    leave as it was moves by the smallest step that the column has.
    """

    SPEC = model_column.RecordedOutliers
    TYPES = ("int", "float", "datetime", "date")
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"outliers": {"rate": "1%", "magnitude": {"type": "uniform", "params": {"low": 3, "high": 9}}}},
        {"outliers": {"rate": 0.5}},
    ]

    def bind(self, written: Mapping[str, Any], text: str) -> tuple[Spoil, ...]:
        scope, times = self.scope, self.scope.column_type in ("datetime", "date")
        default = DAYS if times else FACTOR
        magnitude = scope.law(written.get("magnitude") or default, "magnitude")
        if magnitude is None:
            return ()
        low = magnitude.support()[0]
        if magnitude.constant and (low < 0 or (low == 0 and magnitude.discrete)):
            scope.refuse(
                "outliers.factor",
                "magnitude",
                found=f"magnitudes down to {low:g}",
                expected="days above 0" if times else "factors above 0",
                hint="cut the law with truncate: [low, high]",
            )
            return ()
        step = smallest_step(scope)
        column, salt = scope.column, scope.salt("magnitude")

        def change(block: Block, rows: Rows) -> Values:
            values = take(block.column(column), rows)
            m = at_rows(magnitude, block, rows, salt)
            if times:
                later = np.maximum(np.rint(m * DAY_US).astype(np.int64), int(step))
                return values.changed(array=values.array + later)
            return values.changed(kind="float", array=far_off(values.array.astype(np.float64), m, step))

        return (Spoil("outliers", text, self.spec.rate, self.spec.exact, scope.salt("which"), change),)


def far_off(numbers: NDArray[np.float64], factor: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """(n,) numbers times their factors, at least a step away from where they were. step 0: ten significant digits."""
    far = np.where(numbers == 0.0, factor, numbers * factor)
    least = np.full(len(numbers), step) if step else np.maximum(np.abs(numbers) * 1e-6, 1e-300)
    still = np.abs(far - numbers) < least
    return np.where(still, numbers + np.where(factor < 1.0, -least, least), far)
