"""Positions around a named place as WKT texts: where the place lies, and how numbers are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Reader, Scope, Values
from datagen.errors import Finding, SchemaError

Floats = NDArray[np.float64]

PAIRS = (("lat", "lon"), ("latitude", "longitude"))  # what the columns of a position may be called
MICRO = 1_000_000  # six decimals: 11 cm
FARTHEST_KM = 1_000.0  # what lies farther around a place is no neighbourhood, and may reach over a pole


@dataclass(frozen=True, slots=True)
class Centre:
    """Where the place of each row lies, in degrees."""

    latitude: Reader
    longitude: Reader
    home: str

    def __call__(self, block: Block) -> tuple[Floats, Floats, NDArray[np.bool_] | None]:
        """(n,) latitude, longitude, and where there is a place at all (None: everywhere)."""
        lat, lon = self.latitude(block), self.longitude(block)
        valid = lat.valid if lon.valid is None else lon.valid if lat.valid is None else lat.valid & lon.valid
        here = [np.asarray(one.array, dtype=np.float64) for one in (lat, lon)]
        if valid is not None:
            here = [np.where(valid, one, 0.0) for one in here]
        wrong = ~((np.abs(here[0]) <= 90.0) & (np.abs(here[1]) <= 180.0))
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise SchemaError(
                Finding(
                    code="geo.not_on_earth",
                    json_path=self.home,
                    found=f"{int(wrong.sum()):,} rows of one block, such as {here[0][first]:g} by {here[1][first]:g}",
                    expected="a latitude from -90 to 90 and a longitude from -180 to 180",
                )
            )
        return here[0], here[1], valid


def names_of_centre(place: str, scope: Scope) -> tuple[str, str] | None:
    """The names under which a row reads latitude and longitude of its place, None where it cannot."""
    for first, second in PAIRS:
        names = f"{place}.{first}", f"{place}.{second}"
        if all(scope.type_of(name) in ("int", "float") for name in names):
            return names
    return None


def centre_of(place: str, scope: Scope) -> Centre | None:
    """Where the place lies; None after a refusal."""
    names = names_of_centre(place, scope)
    if names is None:
        scope.refuse(
            "geo.no_place",
            "place",
            found=f"'{place}', under which no lat and lon can be read",
            expected="a key to places, or to a table with the numbers lat and lon",
            hint="add a column such as {name: place, ref: places}",
        )
        return None
    return Centre(scope.read(names[0], "place"), scope.read(names[1], "place"), f"{scope.table}.{scope.column}")


def within_reach(kilometres: float | None, key: str, scope: Scope) -> None:
    """Refuse distances that are no neighbourhood of a place."""
    if kilometres is not None and kilometres > FARTHEST_KM:
        scope.refuse(
            "geo.too_far",
            key,
            found=f"{kilometres:,.0f} km around a place",
            expected=f"at most {FARTHEST_KM:,.0f} km",
        )


def texts(
    head: str, positions: Sequence[tuple[Floats, Floats]], tail: str, valid: NDArray[np.bool_] | None, *, wrap: bool
) -> Values:
    """WKT with six decimals: head, `longitude latitude` of each position, tail. wrap: bring longitudes to ±180."""
    import polars as pl

    parts: list[Any] = [pl.lit(head)]
    columns: dict[str, pl.Series] = {}
    for place, (lat, lon) in enumerate(positions):
        for axis, degrees in (("x", lon), ("y", lat)):
            micro = np.rint(degrees * MICRO).astype(np.int64)
            if wrap and axis == "x":
                micro = (micro + 180 * MICRO) % (360 * MICRO) - 180 * MICRO
            name = f"{axis}{place}"
            columns[name] = pl.Series(name, micro)
            parts += [pl.lit(", ")] if axis == "x" and place else []
            parts += [pl.lit(" ")] if axis == "y" else []
            parts += _spelled(pl.col(name))
    found = pl.DataFrame(columns).select(pl.concat_str([*parts, pl.lit(tail)]).alias("text")).to_series()
    return Values("text", found, valid)


def _spelled(micro: Any) -> list[Any]:
    """Millionths of a degree with a point: -14420760 is -14.420760."""
    import polars as pl

    size = micro.abs()
    sign = pl.when(micro < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, part = (size // MICRO).cast(pl.String), (size % MICRO).cast(pl.String).str.zfill(6)
    return [sign, whole, pl.lit("."), part]


def no_text() -> Callable[[Block], Values]:
    """What fills a column that was refused."""
    import polars as pl

    return lambda block: Values("text", pl.Series([""] * block.rows, dtype=pl.String))
