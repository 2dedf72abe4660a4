"""Sines, arcs and points at a distance agree with the true functions, and with the distance that they were made for."""

from __future__ import annotations

import numpy as np
import pytest

from datagen.kernel.sphere import EARTH_KM, arc, away, cosine_and_sine


def haversine(lat: np.ndarray, lon: np.ndarray, lat2: np.ndarray, lon2: np.ndarray) -> np.ndarray:
    """Kilometres along the great circle."""
    a, b, step = np.radians(lat), np.radians(lat2), np.radians(lon2 - lon)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(step / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(half))


def test_sines_are_right_to_1e_15() -> None:
    turns = np.linspace(-3.0, 3.0, 100_001)
    cosine, sine = cosine_and_sine(turns)
    exact = turns.astype(np.longdouble) * 2 * np.longdouble("3.14159265358979323846264338327950288")
    assert np.abs(cosine - np.cos(exact)).max() < 1e-15
    assert np.abs(sine - np.sin(exact)).max() < 1e-15
    assert [part.tolist() for part in cosine_and_sine(np.array([0.0, 0.25, 0.5, 0.75]))] == [
        [1, 0, -1, 0],
        [0, 1, 0, -1],
    ]


def test_arcs_are_right_all_around() -> None:
    turns = np.linspace(-0.4999, 0.4999, 100_001)
    y, x = np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)
    assert np.abs(arc(y, x) - np.degrees(np.arctan2(y, x))).max() < 1e-13
    assert arc(np.array([0.0, 1.0, -1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0, -1.0, 0.0])).tolist() == [
        0,
        90,
        -90,
        180,
        0,
    ]


@pytest.mark.parametrize("kilometres", [0.001, 1.0, 50.0, 1_000.0, 9_000.0])
def test_points_lie_at_the_distance_that_was_asked_for(kilometres: float) -> None:
    n = 2_000
    lat, lon = np.linspace(-80, 80, n), np.linspace(-180, 180, n)
    bearing = np.arange(n) * 0.61803398875 % 1.0
    found = away(lat, lon, bearing, np.full(n, kilometres))
    assert np.abs(haversine(lat, lon, *found) / kilometres - 1).max() < 1e-6  # the haversine itself loses digits at 1 m


def test_bearings_are_clockwise_from_north() -> None:
    lat, lon = away(np.full(4, 50.0), np.full(4, 14.0), np.array([0.0, 0.25, 0.5, 0.75]), np.full(4, 10.0))
    assert lat[0] > 50.08
    assert lat[2] < 49.92
    assert lon[1] > 14.13  # 10 km are 0.14 degrees of longitude at 50 degrees north
    assert lon[3] < 13.87


def test_a_way_across_the_date_line_or_the_pole_goes_on() -> None:
    _, lon = away(np.array([0.0]), np.array([179.9]), np.array([0.25]), np.array([111.0]))
    assert 180.8 < lon[0] < 181.0
    lat, lon = away(np.array([89.0]), np.array([10.0]), np.array([0.0]), np.array([333.0]))
    assert 88.0 < lat[0] < 88.1
    assert abs(lon[0] - 190.0) < 1e-9
