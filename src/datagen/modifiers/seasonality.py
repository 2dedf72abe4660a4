"""Hours, weekdays, months or holidays that are busier or dearer than others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Change, Modifier, Scope, Values
from datagen.errors import listed
from datagen.generators._calendar import Pattern
from datagen.modifiers._numbers import needs_number
from datagen.modifiers._scaled import scaled
from datagen.modifiers._shapes import SEASONED, makers, takes_seasons


class Seasonality(Modifier, Pattern):
    """On a number: multiplies it by the weight of the row's time, as written. On a datetime: shapes when the rows fall.

    Params: dimension, hour (24 weights), dow (7, Monday first), month (12) or holiday (2: other days, public holidays
    of `country`); weights of 0 or more; timezone, a zone such as Europe/Prague or a column of zones, in whose local time
    the weights are (times stay UTC); smooth, months without steps, with the same monthly means. On a datetime they are
    relative densities and multiply the generator's own pattern; on a rate they are divided by their mean over the day,
    week or year. A number in a row without a time stays as it is.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"transform": "seasonality", "args": {"dimension": "dow", "weights": [1, 1, 1, 1.1, 1.3, 1.6, 0.4]}},
        {"transform": "seasonality", "args": {"dimension": "holiday", "country": "CZ", "weights": [1, 0.3]}},
    ]

    def reads(self, scope: Scope) -> Iterable[str]:
        times = () if takes_seasons(scope) or scope.time_column in (None, scope.column) else (scope.time_column,)
        return (*(name for name in times if name is not None), *self.zone_reads())

    def foreseen(self, scope: Scope, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        return values if scope.value_type in ("datetime", "date") else None  # times have it in their density

    def bind(self, scope: Scope) -> Change:
        self.check(scope, "seasonality")
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
                hint="mark it with role: time when there are several, or when it is a date",
            )
            return _unchanged
        zones = self.zones(scope)
        if self.fault or (self.zone_column is not None and zones is None):
            return _unchanged
        when, season = scope.read(scope.time_column), self.season()

        def change(block: Block, values: Values) -> Values:
            times = when(block)
            moments = np.asarray(times.array, dtype=np.int64)
            if zones is None:
                factors = season.written(moments)
            else:
                factors = np.empty(len(moments), dtype=np.float64)
                names, codes = zones.codes(block)
                for code, zone in enumerate(names):  # over zones, not rows
                    mine = codes == code
                    factors[mine] = self.season({zones.name: zone}).written(moments[mine])
            if times.valid is not None:
                factors[~times.valid] = 1.0
            return values.changed(kind="float", array=scaled(values, factors))

        return change

    def _shape(self, scope: Scope) -> Change:
        """On a datetime column: the weights are in the generator's density, nothing is left to change."""
        if not takes_seasons(scope):
            rate = "process" in makers(scope)
            made = "the rows' own process" if rate else listed(sorted(set(makers(scope)) - set(SEASONED)))
            scope.refuse(
                "seasonality.no_density",
                (),
                found=f"seasonality on times made by {made}",
                expected="a datetime_series or `after`, whose density it can shape",
                hint="where a fan-out makes the rows, put it under its `multipliers`" if rate else "",
            )
        elif not self.fault:
            self.zones(scope)  # says what is wrong with them
        return _unchanged


def _unchanged(block: Block, values: Values) -> Values:
    return values
