"""`point`: positions near a place, at the distances that were asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen.errors import SchemaError
from datagen.kernel.sphere import EARTH_KM
from tests.parts.columns import near_mean
from tests.parts.proofs import proof
from tests.support import codes_of, findings_of, made

DEPOTS = [
    {"depot": "north", "lat": 78.2, "lon": 15.6}, {"depot": "equator", "lat": 0, "lon": 32.5},
    {"depot": "south", "lat": -54.8, "lon": -68.3}, {"depot": "date line", "lat": -18.1, "lon": 179.95},
]  # fmt: skip


def vans(point: Any, rows: int = 20_000, **keys: Any) -> pl.DataFrame:
    """Depot, its position, and longitude and latitude of a point near it."""
    columns = {
        "depot": {"ref": "depots"}, "lat0": {"expression": "depot.lat"}, "lon0": {"expression": "depot.lon"},
        "at": {"point": point, **keys},
    }  # fmt: skip
    found = made(
        {"tables": [{"name": "depots", "data": DEPOTS}, {"name": "vans", "rows": rows, "columns": columns}]}, "vans"
    )
    pieces = pl.col("at").str.extract_groups(r"^POINT \((?<lon>-?\d+\.\d{6}) (?<lat>-?\d+\.\d{6})\)$").struct
    return found.with_columns(pieces.field("lon").cast(pl.Float64), pieces.field("lat").cast(pl.Float64))


def kilometres(found: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(n,) distance to the north and to the east of the depot."""
    lat, lon, lat0, lon0 = (found[name].to_numpy().astype(float) for name in ("lat", "lon", "lat0", "lon0"))
    east = (lon - lon0 + 180.0) % 360.0 - 180.0
    degree = EARTH_KM * np.pi / 180.0
    return (lat - lat0) * degree, east * degree * np.cos(np.radians((lat + lat0) / 2))


@proof("generator", "point")
def test_points_spread_alike_in_all_directions_everywhere_on_earth() -> None:
    """With the cosine of the latitude left out, a point at 78 degrees north would be five times too near."""
    found = vans({"place": "depot", "spread_km": 3})
    assert found["at"].null_count() == 0
    for depot in ("north", "equator", "south", "date line"):
        some = found.filter(pl.col("depot") == depot)
        assert len(some) > 4_000
        for way in kilometres(some):
            assert near_mean(way, 0.0, 3.0)
            assert (
                abs(way.std() / 3 - 1) < 4 / np.sqrt(2 * len(way)) + 0.001
            )  # standard error of a deviation, and the plane
    assert found["lon"].min() > -180.0
    assert found["lon"].max() < 180.0
    assert (found.filter(pl.col("depot") == "date line")["lon"] < 0).any()


def test_the_same_question_fails_where_the_globe_is_taken_for_a_plane() -> None:
    found = vans({"place": "depot", "spread_km": 3}).filter(pl.col("depot") == "north")
    east = (found["lon"] - found["lon0"]).to_numpy() * EARTH_KM * np.pi / 180.0
    with pytest.raises(AssertionError):
        assert abs(east.std() / 3 - 1) < 4 / np.sqrt(2 * len(east)) + 0.001


def test_no_spread_is_the_place_itself() -> None:
    found = vans({"place": "depot", "spread_km": 0}, rows=20)
    assert found["lat"].to_list() == found["lat0"].to_list()
    assert found["lon"].to_list() == found["lon0"].to_list()


def test_without_a_spread_it_follows_the_population() -> None:
    """0.03 degrees at 100,000 people, and by the square root elsewhere."""
    columns = {
        "place": {"ref": "places"}, "people": {"expression": "place.population"},
        "lat0": {"expression": "place.lat"}, "lon0": {"expression": "place.lon"}, "at": {"point": "place"},
    }  # fmt: skip
    found = made({"tables": [{"name": "shops", "rows": 20_000, "columns": columns}]}, "shops")
    lat = found["at"].str.extract(r" (-?[0-9.]+)\)").cast(pl.Float64).to_numpy()
    north = (lat - found["lat0"].to_numpy()) / (0.03 * np.sqrt(found["people"].to_numpy() / 1e5))
    assert abs(north.std() - 1) < 4 / np.sqrt(2 * len(north)) + 0.001
    assert abs(kilometres(vans("depot"))[0].std() / 5 - 1) < 4 / np.sqrt(2 * 20_000) + 0.001


def test_a_row_without_a_place_has_no_point() -> None:
    columns = {
        "placed": {"bernoulli": {"p": 0.5}}, "place": {"ref": "places", "when": "placed"},
        "at": {"point": {"place": "place", "spread_km": 1}, "nullable": True},
    }  # fmt: skip
    found = made({"tables": [{"name": "shops", "rows": 200, "columns": columns}]}, "shops")
    assert (found["at"].is_null() == ~found["placed"]).all()


def test_the_place_may_stand_in_a_row_above() -> None:
    shops = {"name": "shops", "rows": 30, "columns": {"place": {"ref": "places"}, "lat": {"expression": "place.lat"}}}
    visits = {
        "name": "visits", "parents": ["shops"], "fanout": 3,
        "columns": {
            "near": {"point": {"place": "shops.place", "spread_km": 0}}, "lat": {"expression": "shops.place.lat"},
        },
    }  # fmt: skip
    found = made({"tables": [shops, visits]}, "visits")
    assert (found["near"].str.extract(r" (-?[0-9.]+)\)").cast(pl.Float64) == found["lat"]).all()


def test_what_is_no_place_is_refused() -> None:
    table = {"name": "t", "rows": 3}
    [finding] = findings_of(
        {"tables": [{**table, "columns": {"town": {"choices": ["Brno"]}, "at": {"point": "town"}}}]}
    )
    assert (finding.code, finding.json_path) == ("geo.no_place", "tables[0].columns.at.point")
    far = {"town": {"ref": "places"}, "at": {"point": {"place": "town", "spread_km": 5_000}}}
    assert codes_of({"tables": [{**table, "columns": far}]}) == ["geo.too_far"]
    typed = {"town": {"ref": "places"}, "at": {"point": "town", "type": "float"}}
    assert codes_of({"tables": [{**table, "columns": typed}]}) == ["column.type_mismatch"]


def test_a_latitude_that_is_none_is_told() -> None:
    depots = {"name": "depots", "data": [{"depot": "a", "lat": 501, "lon": 14}]}
    vans = {"name": "vans", "rows": 3, "columns": {"depot": {"ref": "depots"}, "at": {"point": "depot"}}}
    with pytest.raises(SchemaError) as error:
        made({"tables": [depots, vans]}, "vans")
    assert [finding.code for finding in error.value.findings] == ["geo.not_on_earth"]
