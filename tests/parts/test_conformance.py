"""What every part promises, for free: the same values however rows are cut, the declared type, no NaN, no unknown parameter.

The parts come from the registry and their parameters from EXAMPLES, so a new part is held to all of this by being there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen import registry
from datagen.errors import SchemaError
from tests.support import blocks_of, codes_of, plan_of, table_of

ROWS = 2_311  # no multiple of any block size below
TYPES = {"int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "string": pl.String, "datetime": pl.Datetime("us"), "date": pl.Date}

# the names that examples refer to: a parent to look at, an effect table, columns of the row
SURROUNDINGS: list[dict[str, Any]] = [
    {
        "id": "customer", "pk": "customer_id", "rows": 50,
        "columns": [
            {"name": "customer_id", "generator": {"sequence": {"start": 1}}},
            {"name": "country", "generator": {"choice": {"choices": ["US", "DE", "CZ"]}}},
        ],
    },
    {
        "id": "product", "pk": "product_id", "rows": 40,
        "columns": [
            {"name": "product_id", "generator": {"sequence": {"start": 1}}},
            {"name": "price", "type": "float", "generator": {"distribution": {"type": "uniform", "params": {"low": 1, "high": 9}}}},
        ],
    },
    {
        "id": "campaign", "pk": "campaign_id", "rows": 5,
        "columns": [
            {"name": "campaign_id", "generator": {"sequence": {"start": 1}}},
            {"name": "start_at", "type": "datetime", "generator": {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-06-30"}}}},
            {"name": "end_at", "type": "datetime", "generator": {"datetime_series": {"within": {"start": "2024-07-01", "end": "2024-12-31"}}}},
            {"name": "lift", "type": "float", "generator": {"distribution": {"type": "uniform", "params": {"low": 1.2, "high": 1.8}}}},
            {"name": "country", "generator": {"choice": {"choices": ["US", "DE", "CZ"]}}},
        ],
    },
]  # fmt: skip


def schema_with(column: dict[str, Any], *, unique: bool = False) -> dict[str, Any]:
    """A document with a table `subject` of ROWS rows whose column `made` is the subject of the test."""
    subject = {
        "id": "subject", "kind": "fact", "pk": "subject_id", "rows": ROWS,
        "columns": [
            {"name": "subject_id", "type": "int", "generator": {"sequence": {"start": 1}}},
            {"name": "customer_id", "generator": {"lookup": {"from": "customer.customer_id"}}},
            {"name": "product_id", "generator": {"lookup": {"from": "product.product_id"}}},
            {"name": "country", "generator": {"lookup": {"from": "customer.country", "on": {"this_key": "customer_id"}}}},
            {"name": "at", "type": "datetime", "role": "time", "generator": {"datetime_series": {"within": "timeframe"}}},
            {"name": "amount", "type": "float", "generator": {"distribution": {"type": "normal", "params": {"mean": 50, "std": 9}}}},
            {"name": "made", "nullable": True, **({"unique": True} if unique else {}), **column},
        ],
    }  # fmt: skip
    return {"timeframe": {"start": "2024-01-01", "end": "2024-12-31"}, "nodes": [*SURROUNDINGS, subject]}


def vocab_with(column: dict[str, Any]) -> dict[str, Any]:
    return {"timeframe": {"start": "2024-01-01", "end": "2024-12-31"}, "nodes": [*SURROUNDINGS, {"id": "subject", "kind": "vocab", "pk": "made", "columns": [{"name": "made", **column}]}]}


def subjects() -> list[Any]:
    found = []
    for word in registry.words("generator"):
        part = registry.find("generator", word)
        for place, example in enumerate(part.EXAMPLES):
            build = vocab_with if word == "enum_list" else schema_with
            found.append(pytest.param(build({"generator": example}), id=f"generator-{word}-{place}"))
    for word in registry.words("modifier"):
        part = registry.find("modifier", word)
        for place, example in enumerate(part.EXAMPLES):
            found.append(pytest.param(schema_with(carrier_of(word, example)), id=f"modifier-{word}-{place}"))
    for word in registry.words("law"):
        law = registry.find("law", word)
        for place, example in enumerate(law.EXAMPLES):
            spec = {"type": word, "params": example[word]} if word in example else example
            found.append(pytest.param(schema_with({"type": "float", "generator": {"distribution": spec}}), id=f"law-{word}-{place}"))
    return found


def carrier_of(word: str, example: dict[str, Any]) -> dict[str, Any]:
    """A column on which a modifier can stand."""
    if word == "time_jitter":
        return {"type": "datetime", "generator": {"datetime_series": {"within": "timeframe", "freq": "D"}}, "modifiers": [example]}
    if word == "map_values":
        return {"type": "string", "generator": {"distribution": {"type": "poisson", "params": {"lambda": 1}}}, "modifiers": [example]}
    return {"type": "float", "generator": {"distribution": {"type": "normal", "params": {"mean": 50, "std": 9}}}, "modifiers": [example]}


@pytest.mark.parametrize("schema", subjects())
def test_values_do_not_depend_on_how_rows_are_cut(schema: dict[str, Any]) -> None:
    plan = plan_of(schema)
    whole = table_of(plan, "subject")
    for block_rows in (97, 1_000):
        assert table_of(plan, "subject", block_rows=block_rows).equals(whole, null_equal=True)
    tail = blocks_of(plan, "subject", block_rows=7)[-1]
    from datagen.engine.block import TableBlock

    alone = TableBlock(tail.run, plan.tables["subject"], tail.row_number)
    assert alone.frame().cast(whole.schema).equals(whole.tail(tail.rows), null_equal=True)
    again = plan_of(schema)
    assert table_of(again, "subject").equals(whole, null_equal=True)


@pytest.mark.parametrize("schema", subjects())
def test_values_have_the_declared_type_and_are_finite(schema: dict[str, Any]) -> None:
    plan = plan_of(schema)
    frame = table_of(plan, "subject")
    column = plan.tables["subject"].columns["made"]
    assert frame["made"].dtype == TYPES[column.type]
    if column.type == "float":
        numbers = frame["made"].drop_nulls().to_numpy()
        assert np.isfinite(numbers).all()
    empty = blocks_of(plan, "subject")[0]
    from datagen.engine.block import TableBlock

    none = TableBlock(empty.run, plan.tables["subject"], np.zeros(0, dtype=np.int64))
    assert none.frame().height == 0


@pytest.mark.parametrize("schema", subjects())
def test_another_seed_gives_other_values_and_another_column_does_not(schema: dict[str, Any]) -> None:
    plan = plan_of(schema)
    node = schema["nodes"][-1]
    if node["kind"] == "vocab" or not drawn(node["columns"][-1]):
        return
    whole = table_of(plan, "subject")["made"]
    assert not table_of(plan_of(schema, seed=7), "subject")["made"].equals(whole, null_equal=True)
    extra = {"name": "extra", "type": "float", "generator": {"distribution": {"type": "normal", "params": {"mean": 0, "std": 1}}}}
    wider = {**schema, "nodes": [*schema["nodes"][:-1], {**node, "columns": [node["columns"][0], extra, *node["columns"][1:]]}]}
    assert table_of(plan_of(wider), "subject")["made"].equals(whole, null_equal=True)


def drawn(column: dict[str, Any]) -> bool:
    """Whether a column draws anything at all."""
    word, params = next(iter(column["generator"].items()))
    if word in ("sequence", "expression", "enum_list", "trend"):
        return False
    return not (word == "distribution" and params["type"] in ("constant",))


@pytest.mark.parametrize("kind", ["generator", "modifier", "law"])
def test_an_unknown_parameter_is_refused_at_its_place(kind: str) -> None:
    for word in registry.words(kind):
        part = registry.find(kind, word)
        example = part.EXAMPLES[0]
        if kind == "generator":
            params = {**next(iter(example.values())), "no_such_thing": 1}
            build = vocab_with if word == "enum_list" else schema_with
            schema = build({"generator": {word: params}})
        elif kind == "modifier":
            schema = schema_with(carrier_of(word, {**example, "args": {**example["args"], "no_such_thing": 1}}))
        else:
            params = example[word] if word in example else example["params"]
            schema = schema_with({"type": "float", "generator": {"distribution": {"type": word, "params": {**params, "no_such_thing": 1}}}})
        with pytest.raises(SchemaError) as caught:
            plan_of(schema)
        told = [finding for finding in caught.value.findings if "no_such_thing" in finding.json_path or "no_such_thing" in finding.found]
        assert told, f"{kind} {word}: {caught.value}"


def test_every_part_shows_an_example() -> None:
    for kind in ("generator", "modifier", "law"):
        for word in registry.words(kind):
            assert registry.find(kind, word).EXAMPLES, f"{kind} {word} has no EXAMPLES"


def test_the_surroundings_are_a_schema_themselves() -> None:
    assert codes_of(schema_with({"generator": {"sequence": {}}})) == []
