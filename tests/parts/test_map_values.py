"""The modifier `map_values`: codes become words, grades become numbers."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.parts.columns import column, fails, law, modified, one_column, refused, schema, table, values
from tests.parts.proofs import proof
from tests.support import made, plan_of

LETTERS = {"choice": {"choices": ["a", "b", "c"]}}


def mapped(mapping: dict[str, Any], **args: Any) -> list[dict[str, Any]]:
    return [modified("map_values", mapping=mapping, **args)]


@proof("modifier", "map_values")
def test_every_value_is_replaced_by_its_own() -> None:
    plain = values(LETTERS)
    words = values(LETTERS, modifiers=mapped({"a": "one", "b": "two", "c": "three"}))
    assert words.to_list() == [{"a": "one", "b": "two", "c": "three"}[letter] for letter in plain]


@proof("modifier", "map_values")
def test_a_default_stands_for_all_others() -> None:
    words = values(LETTERS, modifiers=mapped({"a": "one"}, default="other"))
    assert words.to_list() == ["one" if letter == "a" else "other" for letter in values(LETTERS)]


def test_a_value_that_is_not_named_is_refused_before_a_row_is_made() -> None:
    told = refused(one_column(LETTERS, modifiers=mapped({"a": "one", "b": "two"})), "map_values.missing")
    assert "c" in told.found
    assert told.json_path == "nodes[0].columns[1].modifiers[0].args.mapping"


def test_where_the_values_are_not_known_before_the_run_stops() -> None:
    document = one_column(law("poisson", **{"lambda": 1}), type="string", modifiers=mapped({"0": "none", "1": "one"}))
    told = fails(document, "t", "map_values.missing")
    assert told.json_path == "t.x"
    assert "2" in told.found


@pytest.mark.parametrize(
    ("generator", "mapping", "type", "expected"),
    [
        ({"choice": {"choices": [1, 2]}}, {"1": "one", "2": "two"}, None, pl.String),
        ({"choice": {"choices": [1, 2]}}, {"1": 10, "2": 20}, None, pl.Int64),
        ({"choice": {"choices": [1.5, 2.5]}}, {"1.5": 0.1, "2.5": 0.2}, None, pl.Float64),
        ({"choice": {"choices": ["a", "b"]}}, {"a": True, "b": False}, None, pl.Boolean),
        ({"choice": {"choices": ["a", "b"]}}, {"a": "2024-01-31", "b": "2024-02-29"}, "date", pl.Date),
        ({"bernoulli": 0.5}, {"true": "yes", "false": "no"}, None, pl.String),
        ({"choice": {"choices": ["a", "b"]}}, {"a": "1", "b": "2"}, "int", pl.Int64),
        ({"choice": {"choices": ["a", "b"]}}, {"a": 1, "b": 2.5}, None, pl.Float64),
    ],
)  # fmt: skip
def test_keys_are_read_in_the_type_before_and_values_in_the_type_after(
    generator: dict[str, Any], mapping: dict[str, Any], type: str | None, expected: Any
) -> None:
    found = values(generator, modifiers=mapped(mapping), **({} if type is None else {"type": type}))
    assert found.dtype == expected
    assert found.n_unique() == 2


def test_keys_and_values_that_do_not_fit_are_refused_where_they_stand() -> None:
    numbers = {"choice": {"choices": [1, 2]}}
    told = refused(one_column(numbers, modifiers=mapped({"1": "one", "two": "two"})), "map_values.key_type")
    assert told.json_path.endswith("args.mapping.two")
    told = refused(one_column(numbers, type="int", modifiers=mapped({"1": 10, "2": "twenty"})), "column.value_type")
    assert told.json_path.endswith('args.mapping["2"]')
    assert refused(one_column(numbers, modifiers=mapped({})), "map_values.empty")


def test_two_keys_that_are_one_value_are_refused() -> None:
    assert (
        "01"
        in refused(
            one_column({"choice": {"choices": [1, 2]}}, modifiers=mapped({"1": "a", "01": "b", "2": "c"})),
            "map_values.repeats",
        ).found
    )


def test_nulls_stay_null_and_null_may_be_a_value_of_a_nullable_column() -> None:
    half = {"expression": {"code": "case when row_number % 2 = 0 then 'a' end"}}
    assert values(half, rows=4, nullable=True, modifiers=mapped({"a": "one"})).to_list() == [None, "one", None, "one"]
    found = values(LETTERS, nullable=True, modifiers=mapped({"a": None}, default="other"))
    assert found.is_null().to_list() == [letter == "a" for letter in values(LETTERS)]
    assert refused(
        one_column(LETTERS, modifiers=mapped({"a": None}, default="x")), "column.null_value"
    ).json_path.endswith("mapping.a")


def test_a_mapping_may_stand_between_other_modifiers() -> None:
    steps = [modified("expression", code="value % 3"), *mapped({"0": 10, "1": 20, "2": 30}), modified("add", value=1)]
    found = values({"sequence": {}}, rows=6, modifiers=steps)
    assert found.to_list() == [21, 31, 11, 21, 31, 11]
    words = values(
        {"sequence": {}},
        rows=3,
        type="string",
        modifiers=[modified("expression", code="value % 2"), *mapped({"0": "even", "1": "odd"})],
    )
    assert words.to_list() == ["odd", "even", "odd"]
    chain = [*mapped({"a": 1, "b": 2, "c": 3}), *mapped({"1": "x", "2": "y", "3": "z"})]
    assert values(LETTERS, modifiers=chain).to_list() == [
        {"a": "x", "b": "y", "c": "z"}[letter] for letter in values(LETTERS)
    ]


def test_whole_numbers_are_rounded_before_they_are_looked_up() -> None:
    found = values(law("uniform", low=0.6, high=2.4), type="int", modifiers=mapped({"1": 10, "2": 20}))
    plain = values(law("uniform", low=0.6, high=2.4), type="int")
    assert found.to_list() == [value * 10 for value in plain]


def test_texts_of_a_formula_are_mapped_too() -> None:
    found = values(
        {"expression": {"code": "concat('n', row_number % 2)"}}, rows=4, modifiers=mapped({"n0": "even", "n1": "odd"})
    )
    assert found.to_list() == ["odd", "even", "odd", "even"]


def test_a_copied_value_may_be_mapped() -> None:
    document = schema(
        table("a", 3, column("name", LETTERS)),
        table("b", 50, column("word", {"lookup": {"from": "a.name"}}, modifiers=mapped({"a": 1, "b": 2, "c": 3}))),
    )
    assert plan_of(document).tables["b"].columns["word"].type == "int"
    assert set(made(document, "b")["word"]) <= {1, 2, 3}
