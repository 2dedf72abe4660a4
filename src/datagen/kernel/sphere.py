"""Positions on the globe: sines, arcs and points at a distance, with the same bits on every processor.

Angles come as turns (1 is the whole circle) where they go in and as degrees where they come out. Only + - × ÷, square
roots and rounding are used, which IEEE 754 fixes to the bit; errors are below 1e-15.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_KM = 6371.0088  # mean radius (IUGG)
HALF_PI = 1.5707963267948966
TURN = 4.0 * HALF_PI
DEGREES = 360.0

# 1/17!, -1/15! … -1/3!, and 1/16! … -1/2!: sine and cosine up to an eighth of a turn
_SINE = tuple(sign / product for sign, product in
              ((1.0, 355687428096000.0), (-1.0, 1307674368000.0), (1.0, 6227020800.0), (-1.0, 39916800.0),
               (1.0, 362880.0), (-1.0, 5040.0), (1.0, 120.0), (-1.0, 6.0)))  # fmt: skip
_COSINE = tuple(sign / product for sign, product in
                ((1.0, 20922789888000.0), (-1.0, 87178291200.0), (1.0, 479001600.0), (-1.0, 3628800.0),
                 (1.0, 40320.0), (-1.0, 720.0), (1.0, 24.0), (-1.0, 2.0)))  # fmt: skip
# 1/25, -1/23 … -1/3: the arc of a small slope
_ARC = tuple((1.0 if odd % 4 == 1 else -1.0) / odd for odd in range(25, 1, -2))


def cosine_and_sine(turns: Floats) -> tuple[Floats, Floats]:
    """(n,) cosine and sine of angles in turns."""
    quarters = np.rint(turns * 4.0)
    rest = (turns * 4.0 - quarters) * HALF_PI  # at most an eighth of a turn
    square = rest * rest
    sine = rest + rest * square * _series(_SINE, square)
    cosine = 1.0 + square * _series(_COSINE, square)
    quadrant = quarters.astype(np.int64) & 3
    swapped = (quadrant & 1) == 1
    first, second = np.where(swapped, sine, cosine), np.where(swapped, cosine, sine)
    return np.where((quadrant == 1) | (quadrant == 2), -first, first), np.where(quadrant >= 2, -second, second)


def arc(y: Floats, x: Floats) -> Floats:
    """(n,) the angle of the vector (x, y), in degrees from -180 to 180; 0 for no vector."""
    across, along = np.abs(y), np.abs(x)
    steep = across > along
    low, high = np.where(steep, along, across), np.where(steep, across, along)
    slope = low / np.where(high == 0.0, 1.0, high)
    for _ in range(2):  # half the angle, twice: the series then ends after a few terms
        slope = slope / (1.0 + np.sqrt(1.0 + slope * slope))
    square = slope * slope
    angle = 4.0 * (slope + slope * square * _series(_ARC, square))
    angle = np.where(steep, HALF_PI - angle, angle)
    angle = np.where(x < 0.0, 2.0 * HALF_PI - angle, angle)
    return np.where(y < 0.0, -angle, angle) * (DEGREES / TURN)


def away(lat: Floats, lon: Floats, bearing: Floats, kilometres: Floats) -> tuple[Floats, Floats]:
    """(n,) latitude and longitude, in degrees, at a distance along a great circle.

    lat, lon: degrees; bearing: turns, clockwise from north. The longitude is not wrapped: it lies within 180 degrees of
    `lon`, so that rings stay whole where they cross the date line.
    """
    cos_lat, sin_lat = cosine_and_sine(lat / DEGREES)
    cos_way, sin_way = cosine_and_sine(kilometres / (EARTH_KM * TURN))
    cos_bearing, sin_bearing = cosine_and_sine(bearing)
    out = cos_lat * cos_way - sin_lat * sin_way * cos_bearing  # seen from the meridian of the start
    east = sin_way * sin_bearing
    north = sin_lat * cos_way + cos_lat * sin_way * cos_bearing
    return arc(north, np.sqrt(out * out + east * east)), lon + arc(east, out)


def _series(coefficients: tuple[float, ...], x: Floats) -> Floats:
    """A polynomial, highest power first."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value
