"""The built-in places: there when something refers to them, never written, and the same for every document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import polars as pl
import pytest

from datagen import api
from datagen.engine.options import Options
from datagen.packs import PACK_VERSION
from datagen.packs.cities import PARTS_OF_THE_US, cities
from datagen.packs.reading import table
from tests.support import blocks_of, codes_of, findings_of, made, plain, plan_of, table_of

SHOPS: dict[str, Any] = {
    "name": "shops",
    "rows": 300,
    "columns": {
        "place": {"ref": "places"},
        "city": {"lookup": {"from": "places.city", "on": {"this_key": "place"}}},
        "state": {"expression": "place.state"},
        "zone": {"expression": "place.timezone"},
        "lat": {"expression": "place.lat"},
        "postcode": {"expression": "place.postcode", "nullable": True},
    },
}
ANYWHERE = {"tables": [SHOPS]}
COMMENT = {"name": "notes", "rows": 3, "description": "places.city", "columns": {"x": {"choices": ["places", "y"]}}}


def test_places_are_there_only_where_something_refers_to_them() -> None:
    assert "places" in plan_of(ANYWHERE).tables
    assert "places" not in plan_of({"tables": [COMMENT]}).tables


def test_places_are_not_written(tmp_path: Path) -> None:
    api.generate(api.prepare(ANYWHERE), tmp_path / "out", Options(format="csv"))
    assert [path.name for path in (tmp_path / "out").glob("*.csv")] == ["shops.csv"]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["packs"] == {"packs": PACK_VERSION}


def test_a_row_has_everything_of_one_place() -> None:
    known = pl.DataFrame(cities(), strict=False)
    shops = made(ANYWHERE, "shops").join(known, on="place", suffix="_known")
    assert len(shops) == 300
    for name in ("city", "state", "lat", "postcode"):
        assert shops[name].eq_missing(shops[f"{name}_known"]).all()
    assert (shops["zone"] == shops["timezone"]).all()


def test_a_table_of_that_name_wins() -> None:
    own = {"name": "Places", "data": [{"place": "here"}, {"place": "there"}]}
    found = made({"tables": [own, {"name": "shops", "rows": 50, "columns": {"place": {"ref": "places"}}}]}, "shops")
    assert set(found["place"]) == {"here", "there"}


def test_scale_leaves_the_places_as_they_are() -> None:
    plan = plan_of(ANYWHERE, scale=10)
    assert (plan.tables["shops"].rows, plan.tables["places"].rows) == (3_000, len(cities()["place"]))


@pytest.mark.parametrize("rows", [1, 7])
def test_how_rows_are_cut_into_blocks_never_shows(rows: int) -> None:
    plan = plan_of(ANYWHERE, scale=0.2)
    pieces = [plain(block.frame()) for block in blocks_of(plan, "shops", block_rows=rows)]
    assert pl.concat(pieces).equals(table_of(plan, "shops"))


def test_a_column_that_places_do_not_have_is_refused_with_a_near_name() -> None:
    shops = {**SHOPS, "columns": {"city": {"lookup": {"from": "places.citty"}}}}
    [finding] = findings_of({"tables": [shops]})
    assert (finding.code, finding.hint) == ("ref.unknown_column", "did you mean 'city'?")
    assert codes_of({"tables": [{**SHOPS, "columns": {"city": {"ref": "plases"}}}]}) == ["ref.unknown_table"]


def test_a_place_has_one_name_and_a_zone_that_exists() -> None:
    found = cities()
    assert len(set(found["place"])) == len(found["place"])
    assert set(found["timezone"]) <= available_timezones()
    assert all(isinstance(number, int) and number > 0 for number in found["population"])


def test_every_state_of_the_us_lies_in_one_part() -> None:
    known = table("en_US", "places")
    assert known is not None
    listed = [code for codes in PARTS_OF_THE_US.values() for code in codes.split()]
    assert sorted(listed) == sorted(set(known.column("region_code")))
    american = [place for place, country in enumerate(cities()["country"]) if country == "US"]
    counts = pl.Series([cities()["region"][place] for place in american]).value_counts()
    rows = dict(counts.rows())
    assert set(rows) == set(PARTS_OF_THE_US)
    assert min(rows[part] for part in ("Northeast", "West Coast", "Southeast", "Midwest")) > 200


def test_postcodes_lie_in_the_range_of_their_state() -> None:
    found = cities()
    for country, digits in (("US", 5), ("DE", 5), ("CZ", 6), ("FR", 5), ("NL", 4), ("PL", 6), ("BR", 9), ("JP", 8)):
        codes = [code for code, home in zip(found["postcode"], found["country"], strict=True) if home == country]
        assert {len(str(code)) for code in codes} == {digits}
    lyon = found["place"].index("Lyon, ARA, FR")
    assert 69001 <= int(str(found["postcode"][lyon])) <= 69009
    york = found["place"].index("New York, NY, US")
    assert 10001 <= int(str(found["postcode"][york])) <= 14905
    assert {code for code, home in zip(found["postcode"], found["country"], strict=True) if home == "GB"} == {None}
