"""Where something is: a point on the map near a place, as text that every map tool reads (WKT)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Reader, Scope, Values
from datagen.generators._wkt import centre_of, names_of_centre, no_text, texts, within_reach
from datagen.kernel.elementary import log
from datagen.kernel.sphere import away
from datagen.schema.model_values import Weight

USUAL_KM = 5.0  # where the place tells no population
CITY_KM = 3.336  # 0.03 degrees of latitude: of a city of 100,000; others by the root of their population
CITY = 100_000.0


class Point(Generator):
    """A point near a place: as far to the north or south, and to the east or west, as a normal law says.

    Params: place, a key to `places` or to any table with the numbers lat and lon (`latitude` and `longitude` are read
    too), of this row or, after a dot, of a row above; spread_km, the standard deviation along each axis in kilometres
    (half of the points lie within 1.18 times that), 0 for the place itself. Without it the spread of a city follows its
    population, 3.3 km at 100,000 people and by the square root elsewhere; 5 km where no population is known. Fills texts
    `POINT (longitude latitude)` in degrees with six decimals, null where there is no place. Two draws per row, laid along
    great circles of a globe of radius 6,371 km.
    """

    MAIN: ClassVar[str | None] = "place"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"point": {"place": "place", "spread_km": 2.5}},
        {"point": {"place": "place"}},
    ]

    place: str = Field(description="key to places, or to a table with lat and lon")
    spread_km: Weight | None = Field(
        default=None, description="standard deviation along each axis in kilometres; 0 is the place itself"
    )

    def reads(self, scope: Scope) -> Iterable[str]:
        names = names_of_centre(self.place, scope) or ()
        return (*names, f"{self.place}.population") if self._crowded(scope) else names

    def infer(self, scope: Scope) -> ColumnType:
        return "string"

    def _crowded(self, scope: Scope) -> bool:
        return self.spread_km is None and scope.type_of(f"{self.place}.population") in ("int", "float")

    def bind(self, scope: Scope) -> Fill:
        scope.fits("string", "")
        within_reach(self.spread_km, "spread_km", scope)
        centre = centre_of(self.place, scope)
        if centre is None:
            return no_text()
        near, angle = scope.salt("distance"), scope.salt("bearing")
        people: Reader | None = scope.read(f"{self.place}.population", "place") if self._crowded(scope) else None
        fixed = USUAL_KM if self.spread_km is None else float(self.spread_km)

        def fill(block: Block) -> Values:
            lat, lon, valid = centre(block)
            spread = np.full(block.rows, fixed)
            if people is not None:
                number = people(block)
                living = np.asarray(number.array, dtype=np.float64)
                spread = CITY_KM * np.sqrt(np.maximum(living, 0.0) / CITY)
                spread = spread if number.valid is None else np.where(number.valid, spread, USUAL_KM)
            distance = spread * np.sqrt(-2.0 * log(1.0 - block.uniform(near)))  # of two normal axes
            return texts("POINT (", [away(lat, lon, block.uniform(angle), distance)], ")", valid, wrap=True)

        return fill
