"""An area around a place: a delivery zone, a plot, a catchment, as text that every map tool reads (WKT)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.generators._wkt import centre_of, names_of_centre, no_text, texts, within_reach
from datagen.kernel.sphere import away
from datagen.schema.model_values import Count, Positive

FEWEST, MOST = 3, 1_000  # corners
ROOM = 0.8  # of its share of the circle in which a corner lies: two never meet


class Polygon(Generator):
    """An area whose corners lie on a circle around a place, at uneven distances from each other.

    Params: place, a key to `places` or to any table with the numbers lat and lon, as in `point`; radius_km, of the
    circle, in kilometres along the ground, default 5; vertices, the number of corners, 3 to 1,000, default 8. Fills texts
    `POLYGON ((longitude latitude, …))` in degrees with six decimals, counter-clockwise, whose last corner is the first
    again; null where there is no place. Longitudes run on beyond 180 where an area crosses the date line, so that it
    stays in one piece. One draw per corner.
    """

    MAIN: ClassVar[str | None] = "place"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"polygon": {"place": "place", "radius_km": 12, "vertices": 6}}]

    place: str = Field(description="key to places, or to a table with lat and lon")
    radius_km: Positive = Field(default=5.0, description="radius of the circle in kilometres")
    vertices: Count = Field(default=8, description="number of corners, 3 to 1,000")

    def reads(self, scope: Scope) -> Iterable[str]:
        return names_of_centre(self.place, scope) or ()

    def infer(self, scope: Scope) -> ColumnType:
        return "string"

    def bind(self, scope: Scope) -> Fill:
        scope.fits("string", "")
        within_reach(self.radius_km, "radius_km", scope)
        corners = int(self.vertices)
        if not FEWEST <= corners <= MOST:
            scope.refuse(
                "geo.corners",
                "vertices",
                found=f"{corners:,} corners",
                expected=f"{FEWEST} to {MOST:,}",
            )
            return no_text()
        centre = centre_of(self.place, scope)
        if centre is None:
            return no_text()
        salts = [scope.salt("corner", number) for number in range(corners)]
        turned, radius = scope.salt("turned"), float(self.radius_km)

        def fill(block: Block) -> Values:
            lat, lon, valid = centre(block)
            first = block.uniform(turned)
            distance = np.full(block.rows, radius)
            ring = [
                away(lat, lon, first - (number + ROOM * block.uniform(salt)) / corners, distance)
                for number, salt in enumerate(salts)
            ]
            return texts("POLYGON ((", [*ring, ring[0]], "))", valid, wrap=False)

        return fill
