"""`polygon`: closed rings whose corners lie at the radius around a place."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from datagen.kernel.sphere import EARTH_KM
from tests.parts.proofs import proof
from tests.support import codes_of, made

PLACES = [{"site": "north", "lat": 78.2, "lon": 15.6}, {"site": "south", "lat": -41.3, "lon": 174.8}]


def rings(polygon: Any, rows: int = 300) -> list[tuple[np.ndarray, float, float]]:
    """(corners, 2) longitude and latitude of each ring, closed as written, with its centre."""
    columns = {
        "site": {"ref": "sites"}, "lat": {"expression": "site.lat"}, "lon": {"expression": "site.lon"},
        "zone": {"polygon": polygon},
    }  # fmt: skip
    found = made({"tables": [{"name": "sites", "data": PLACES}, {"name": "t", "rows": rows, "columns": columns}]}, "t")
    made_of = []
    for text, lat, lon in found.select("zone", "lat", "lon").rows():
        inside = re.fullmatch(r"POLYGON \(\((.*)\)\)", text)
        assert inside is not None
        made_of.append((np.array([pair.split(" ") for pair in inside[1].split(", ")], dtype=float), lat, lon))
    return made_of


def distances(ring: np.ndarray, lat: float, lon: float) -> np.ndarray:
    """Kilometres of each corner from the centre, along the great circle."""
    a, b, step = np.radians(lat), np.radians(ring[:, 1]), np.radians(ring[:, 0] - lon)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(step / 2) ** 2
    found: np.ndarray = 2 * EARTH_KM * np.arcsin(np.sqrt(half))
    return found


@proof("generator", "polygon")
def test_corners_lie_on_the_circle_everywhere_on_earth() -> None:
    for ring, lat, lon in rings({"place": "site", "radius_km": 20, "vertices": 7}):
        assert len(ring) == 8
        assert np.abs(distances(ring, lat, lon) / 20 - 1).max() < 1e-5  # a corner is written to 11 cm


def test_rings_are_closed_counter_clockwise_and_never_cross_themselves() -> None:
    """Seen from the centre the corners follow each other by angle, once around: no two sides can cross."""
    for ring, lat, lon in rings({"place": "site", "radius_km": 3, "vertices": 12}):
        assert (ring[0] == ring[-1]).all()
        angle = np.unwrap(np.arctan2(ring[:, 1] - lat, (ring[:, 0] - lon) * np.cos(np.radians(lat))))
        assert (np.diff(angle) > 0).all()
        assert abs(angle[-1] - angle[0] - 2 * np.pi) < 1e-6


def test_areas_of_one_place_differ() -> None:
    found = {ring.tobytes() for ring, _, _ in rings({"place": "site", "vertices": 3})}
    assert len(found) == 300


def test_without_more_than_a_place_there_are_eight_corners_at_five_kilometres() -> None:
    ring, lat, lon = rings("site", rows=1)[0]
    assert len(ring) == 9
    assert np.abs(distances(ring, lat, lon) - 5).max() < 1e-3


@pytest.mark.parametrize(
    ("polygon", "code"),
    [
        ({"place": "site", "vertices": 2}, "geo.corners"),
        ({"place": "site", "vertices": 1_001}, "geo.corners"),
        ({"place": "site", "radius_km": 1_001}, "geo.too_far"),
        ({"place": "site", "radius_km": 0}, "language.out_of_range"),
        ({"place": "sites", "radius_km": 3}, "geo.no_place"),
        ({"radius_km": 3}, "language.missing_key"),
    ],
)
def test_what_is_no_area_is_refused(polygon: dict[str, Any], code: str) -> None:
    sites = {"name": "sites", "data": PLACES}
    columns = {"site": {"ref": "sites"}, "zone": {"polygon": polygon}}
    assert codes_of({"tables": [sites, {"name": "t", "rows": 3, "columns": columns}]}) == [code]
