"""The published JSON Schema: draft 7, takes what users write, refuses what is misspelt, follows the models."""

import json
from typing import ClassVar

import jsonschema
import pytest
from language import GENERATORS, LAWS, MODIFIERS
from model_documents import FIXTURES
from pydantic import BaseModel, ConfigDict, Field

from datagen import registry
from datagen.schema import later
from datagen.schema.json_schema import json_schema
from datagen.schema.json_schema_dialect import draft7
from datagen.schema.load import load, load_text

VERSION_1 = sorted((FIXTURES / "version-1").glob("*.json"))


class Anything(BaseModel):
    """Parameters that nobody checks."""

    model_config = ConfigDict(extra="allow")
    MAIN: ClassVar[str] = "value"


class Choice(BaseModel):
    """One of several values."""

    model_config = ConfigDict(extra="forbid")
    MAIN: ClassVar[str] = "choices"

    choices: list[str | int] | None = Field(default=None, description="the values")
    choices_ref: str | None = None
    weights: list[float | str] | None = None
    weights_kind: str | None = None
    exact: bool | str | None = None
    at_least: dict[str, int] | None = None
    clustered: float | None = None


class Bernoulli(BaseModel):
    """Yes or no."""

    model_config = ConfigDict(extra="forbid")
    MAIN: ClassVar[str] = "p"

    p: float | str
    exact: bool | str | None = None


class Normal(BaseModel):
    """The bell curve."""

    model_config = ConfigDict(extra="forbid")

    mean: float
    std: float = Field(gt=0)


class Trend(BaseModel):
    """A level that moves in time."""

    model_config = ConfigDict(extra="forbid")

    type: str = "exponential"
    growth_rate: float | str = 0.0
    time_unit: str = "year"
    time_reference: str | None = None
    applies_to: str = "value"


def parts():
    """A class for every word of the language; four of them say what their parameters are."""
    words = {"generator": GENERATORS, "modifier": MODIFIERS, "law": LAWS}
    every = {kind: dict.fromkeys(text.split(), Anything) for kind, text in words.items()}
    for word in later.GENERATORS:
        del every["generator"][word]
    every["generator"]["bernoulli"] = Bernoulli
    every["generator"]["choice"], every["law"]["normal"], every["modifier"]["trend"] = Choice, Normal, Trend
    return every


SCHEMA = json_schema(parts())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def refused(text):
    return list(VALIDATOR.iter_errors(load_text(text, syntax="yaml").root))


def document(column="{sequence: {}}", node="", top=""):
    return f"nodes:\n- id: a\n  columns: {{x: {column}}}\n  {node}\n{top}\n"


def test_it_is_a_valid_draft_7_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    text = json.dumps(SCHEMA)
    for word in ("prefixItems", "$defs", "discriminator", "unevaluated"):
        assert f'"{word}' not in text


def test_every_reference_leads_somewhere():
    def references(node):
        if isinstance(node, dict):
            found = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            assert not found or set(node) == {"$ref"}  # draft 7 ignores what stands beside
            return found + [one for value in node.values() for one in references(value)]
        return [one for value in node for one in references(value)] if isinstance(node, list) else []

    names = {reference.removeprefix("#/definitions/") for reference in references(SCHEMA)}
    assert names <= set(SCHEMA["definitions"])
    assert {"Node", "ColumnBody", "Fanout", "law", "generator", "param"} <= names


def test_it_is_the_same_every_time():
    assert json.dumps(json_schema(parts())) == json.dumps(SCHEMA)


@pytest.mark.parametrize("path", VERSION_1, ids=lambda path: path.stem)
def test_documents_of_the_first_version_are_valid(path):
    assert list(VALIDATOR.iter_errors(load(path).root)) == []


@pytest.mark.parametrize("name", ["shop.yaml", "every_key.yaml"])
def test_documents_in_short_forms_are_valid(name):
    assert list(VALIDATOR.iter_errors(load(FIXTURES / name).root)) == []


def test_parts_that_are_built_describe_their_parameters():
    real = parts()
    for kind in real:
        real[kind].update({word: registry.find(kind, word) for word in registry.words(kind)})
    schema = json_schema(real)
    jsonschema.Draft7Validator.check_schema(schema)
    for path in VERSION_1:
        assert list(jsonschema.Draft7Validator(schema).iter_errors(load(path).root)) == []
    for name in ("shop.yaml", "every_key.yaml"):
        assert list(jsonschema.Draft7Validator(schema).iter_errors(load(FIXTURES / name).root)) == []


def test_without_parts_any_parameters_pass():
    open_schema = jsonschema.Draft7Validator(json_schema())
    for path in VERSION_1:
        assert list(open_schema.iter_errors(load(path).root)) == []
    assert list(open_schema.iter_errors({"nodes": [{"id": "a", "colums": []}]})) != []


@pytest.mark.parametrize(
    "text",
    [
        document("{choices: {a: 20%, b: 0.8}}"),
        document("{choices: [a, b], weights: [1, 2]}"),
        document("{choice: {choices: [a, b], weights: [20%, 80%]}}"),
        document("{choice: [a, b]}"),
        document("{choice: {a: 1, b: 2}}"),
        document("{faker: email}"),
        document("{normal: {mean: 3, std: 1}, decimals: 2}"),
        document("{normal: {mu: 3, sigma: 1}}"),
        document("{normal: {mean: a + b, std: $spread, clamp: [0, null]}}"),
        document("{distribution: {type: normal, mean: 3, std: 1}}"),
        document("{distribution: {type: normal, params: {mean: 3, std: 1}, truncate: [0, 9], keep_mean: true}}"),
        document("{generator: {normal: {mean: 3, std: 1}}}"),
        document("{generator: uuid}"),
        document("{ref: a, where: 'candidate.x = 1', unique: true}"),
        document("{after: t, delay: 1d..3d}"),
        document("{sequence: {}, modifiers: [{trend: {growth_rate: 5%}}, {transform: trend, growth_rate: 0.1}]}"),
        document("{sequence: {}, modifiers: [{transform: trend, args: {growth_rate: 0.1}}]}"),
        document("{sequence: {}, description: why, x-unit: 3}"),
        document("{sequence: {}, decimals: $places, hidden: $hide}"),
        document(node="fanout: 3"),
        document(node="fanout: 2..5"),
        document(node="fanout: {distribution: poisson, lambda: 9, min: 0, max: 80}"),
        document(node="fanout: {poisson: 0.8, per: month}"),
        document(node="per_parent: {min: 1, max: 3}"),
        document(node="rows: 10M"),
        document(node="rows: 1_000"),
        document(node="rows: $n", top="params: {n: 3}"),
        document(top="targets: {weekend_share: {table: a, timestamp: t}, mean_in_range: [{table: a, column: x}]}"),
        document(top="version: 1.0"),
        "tables: [{name: a, columns: [{name: x, sequence: {}}]}]\nname: shop\n",
    ],
)
def test_what_users_write_is_valid(text):
    assert refused(text) == []


@pytest.mark.parametrize(
    "text",
    [
        document("{chioce: [a]}"),
        document("{choices: {a: lots}}"),
        document("{choice: {choices: [a], weigths: [1]}}"),
        document("{choices: [a], weigths: [1]}"),
        document("{normel: {mean: 3}}"),
        document("{normal: {maen: 3}}"),
        document("{distribution: {type: normal, maen: 3}}"),
        document("{distribution: {type: normel, mean: 3}}"),
        document("{generator: {chioce: {}}}"),
        document("{generator: uid}"),
        document("{sequence: {}, modifiers: [{trned: {}}]}"),
        document("{sequence: {}, modifiers: [{trend: {growth: 5%}}]}"),
        document("{sequence: {}, modifiers: [{transform: trned}]}"),
        document("{sequence: {}, modifiers: [{transform: trend, args: {growth: 1}}]}"),
        document("{sequence: {}, type: varchr}"),
        document("{sequence: {}, nulable: true}"),
        document("{sequence: {}, nullable: 'yes'}"),
        document("{sequence: {}, role: tim}"),
        document(node="kind: entitty"),
        document(node="colums: []"),
        document(node="rows: '1000'"),
        document(node="rows: 10.5"),
        document(node="rows: -1"),
        document(node="rows: $1"),
        document(node="fanout: {poison: 3}"),
        document(node="fanout: lots"),
        document(node="state_transition_model: {initial_state: a, states: {a: {}}, period_unit: fortnight}"),
        document(node="stage_config: {stages: [{stage_name: a, dwel: 1d}]}"),
        document(top="sede: 3"),
        document(top="seed: -3"),
        document(top="targets: {weekend_share: {table: a, timestamp: t, mxa: 3}}"),
        "tables: [{columns: [{name: x}]}]\n",
        "tables: [{name: a, columns: [{sequence: {}}]}]\n",
        "name: shop\n",
    ],
)
def test_what_is_misspelt_is_refused(text):
    assert refused(text) != []


def test_keys_that_are_not_built_say_so_where_they_are_hovered():
    node = SCHEMA["definitions"]["Node"]["properties"]
    assert not node["duplicates"]["description"].endswith("(not built yet)")
    assert not node["rows"]["description"].endswith("(not built yet)")
    metric, targets = (SCHEMA["definitions"][name]["properties"] for name in ("Metric", "Targets"))
    assert not metric["solve_for"]["description"].endswith("(not built yet)")
    assert not targets["composite_effect"]["description"].endswith("(not built yet)")
    assert not metric["sql"]["description"].endswith("(not built yet)")


def test_every_key_of_a_table_and_a_column_is_explained():
    for name in ("Node", "ColumnBody"):
        properties = SCHEMA["definitions"][name]["properties"]
        assert len(properties) > 20
    for name, schema in SCHEMA["definitions"]["Node"]["properties"].items():
        assert schema.get("description"), name


def test_tuples_become_lists_of_fixed_length():
    assert draft7({"type": "array", "prefixItems": [{"title": "A", "type": "number"}]}) == {
        "type": "array",
        "items": [{"type": "number"}],
        "additionalItems": False,
    }
