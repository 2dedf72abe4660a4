"""The shipped schemas, with the library of version 1, use everything that the language offers today.

A new key, word, parameter or mode fails here until a schema that people can read shows it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen import api
from datagen.datasets import shipped
from datagen.schema.load import load
from tests.house.offered import offered
from tests.house.used import used

LIBRARY = Path(__file__).parents[1] / "version_1" / "library.json"

# Ways to write the same thing, or to use one thing, that no model lists.
FORMS = """
top tables; top nodes; top name; dag of levels; dag as a list
timeframe ends with a date; timeframe ends with a time; timeframe in days
params value; params computed; params null; a parameter; a percentage
node id; node name; columns as a map; columns as a list; rows with a suffix; key added
column generator; column ref; column choices_ref; column choices as a map; column choices as a seq
column generator with parameters; column generator with one value; column law; column of data
modifier in full; modifier with flat arguments
fanout left out; fanout a number; fanout a..b; fanout {law: value}; fanout {law: parameters}; fanout with type
fanout with distribution; fanout per_parent
law with a parameter from the row; law open at one end
weights left out; weights one by one; weights uniform; weights zipf; weights head_tail
weights above 1; weights as shares
pattern one; pattern several; within the timeframe; within a window
lookup of the driving parent; lookup of another table; lookup of the own table; lookup along a key
locale_from a column; locale_from another row
expression with ordinal; expression with sibling_count; expression with row_number; expression of another row
effect on a table; effect with keys; effect without keys; outliers of times; outliers of numbers
add a int; add a str; add a Map
"""
ALL_FORMS = {f"form {form.strip()}" for line in FORMS.strip().splitlines() for form in line.split(";")}


@pytest.fixture(scope="module")
def schemas() -> dict[str, set[str]]:
    """The facts of every schema that is shipped, and of the library."""
    return {path.name: used(path) for path in (*shipped().values(), LIBRARY)}


def test_everything_that_is_offered_is_used_in_a_schema(schemas: dict[str, set[str]]) -> None:
    found = set().union(*schemas.values())
    assert sorted(offered() - found) == []


def test_every_form_is_used_in_a_shipped_schema(schemas: dict[str, set[str]]) -> None:
    found = set().union(*schemas.values())
    assert sorted(ALL_FORMS - found) == []


def test_what_is_used_is_found_by_name(schemas: dict[str, set[str]]) -> None:
    """The search itself sees differences: what one schema alone uses is missed without it."""
    rest = set().union(*(facts for name, facts in schemas.items() if name != "energy.yaml"))
    missed = offered() - rest
    assert {"outliers.mode = burst", "effect.map.combine = sum", "trend.type = logarithmic"} <= missed


def test_both_formats_are_shipped() -> None:
    assert {path.suffix for path in shipped().values()} == {".json", ".yaml"}


# a lift of 15 % in the sessions of accounts that differ by up to five times among themselves
UNSEEN = {"saas": ["onboarding.sessions.rows"]}


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_schema_is_valid_without_a_warning_and_has_room_to_grow(name: str) -> None:
    scale = 1 if name == "tapflow" else 10  # its ids are reserved ranges, which its own size fits
    findings = api.prepare(name, scale=scale).bind().findings
    assert {one.severity for one in findings} <= {"info"}
    unseen = [one.found.partition(":")[0] for one in findings if one.code != "effect.untold"]
    assert unseen == UNSEEN.get(name, [])


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_schema_begins_by_saying_what_it_is(name: str) -> None:
    path = shipped()[name]
    lines = path.read_text().splitlines()
    said = lines[0].startswith("# ") if path.suffix == ".yaml" else {"description", "comment"} & set(load(path).root)
    assert said
