"""`enum_list`: the rows of a vocabulary, in the order written."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from datagen.errors import SchemaError
from tests.parts.columns import column, refused, schema
from tests.parts.proofs import proof
from tests.support import codes_of, made, plan_of, table_of


def vocabulary(*columns: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return schema({"id": "v", "kind": "vocab", "pk": columns[0]["name"], "columns": list(columns), **keys})


def listed(name: str, values: list[Any], **keys: Any) -> dict[str, Any]:
    return column(name, {"enum_list": {"values": values}}, **keys)


@proof("generator", "enum_list")
def test_each_value_is_a_row_in_the_order_written() -> None:
    frame = made(vocabulary(listed("status", ["new", "paid", "shipped"]), listed("rank", [3, 1, 2])), "v")
    assert frame.rows() == [("new", 3), ("paid", 1), ("shipped", 2)]
    assert frame.dtypes == [pl.String, pl.Int64]


def test_the_list_may_stand_alone() -> None:
    assert made(vocabulary(column("status", {"enum_list": ["new", "paid"]})), "v")["status"].to_list() == [
        "new",
        "paid",
    ]


def test_the_type_is_told_from_the_values_or_given() -> None:
    frame = made(
        vocabulary(
            listed("a", ["x", "y"]),
            listed("b", [1, 2.5]),
            listed("c", [True, False]),
            listed("d", ["2024-01-31", "2024-02-29"], type="date"),
        ),
        "v",
    )
    assert frame.dtypes == [pl.String, pl.Float64, pl.Boolean, pl.Date]
    told = refused(vocabulary(listed("a", ["1", "x"], type="int")), "column.value_type")
    assert told.json_path.endswith("values[1]")


def test_a_key_whose_values_repeat_is_refused() -> None:
    assert "a" in refused(vocabulary(listed("name", ["a", "b", "a"])), "enum_list.repeats").found
    assert codes_of(vocabulary(listed("name", ["a", "b", "c"]), listed("tax", [0.2, 0.2, 0.1]))) == []
    assert refused(vocabulary(listed("name", [1, 1.0], type="float")), "enum_list.repeats")


def test_null_needs_a_nullable_column() -> None:
    assert made(vocabulary(listed("name", ["a", "b"]), listed("tax", [0.2, None], nullable=True)), "v")[
        "tax"
    ].to_list() == [0.2, None]
    assert refused(
        vocabulary(listed("name", ["a", "b"]), listed("tax", [0.2, None])), "column.null_value"
    ).json_path.endswith("values[1]")


def test_lists_of_one_table_have_one_length_and_give_its_rows() -> None:
    assert (
        "3, 2" in refused(vocabulary(listed("name", ["a", "b", "c"]), listed("tax", [1, 2])), "enum_list.lengths").found
    )
    assert refused(vocabulary(listed("name", ["a", "b"]), rows=5), "enum_list.rows")
    assert plan_of(vocabulary(listed("name", ["a", "b"])), scale=10).tables["v"].rows == 2
    assert refused(vocabulary(listed("name", [])), "enum_list.empty")


def test_a_vocabulary_without_values_is_refused() -> None:
    assert refused(vocabulary(column("name", {"uuid": {}})), "vocab.no_values")


def test_a_row_of_data_per_value_is_the_same_thing() -> None:
    data = [{"tier": "starter", "price": 299}, {"tier": "pro", "price": 999.5}]
    frame = made(schema({"id": "v", "kind": "vocab", "data": data}), "v")
    assert frame.rows() == [("starter", 299.0), ("pro", 999.5)]


def test_a_list_belongs_into_a_table_without_parents() -> None:
    document = schema(
        {"id": "v", "kind": "vocab", "pk": "name", "columns": [listed("name", ["a", "b"])]},
        {
            "id": "w",
            "kind": "fact",
            "parents": ["v"],
            "fanout": 3,
            "columns": [column("v_name", {"lookup": {"from": "v.name"}}), listed("x", [1, 2])],
        },
    )
    assert refused(document, "enum_list.of_a_child")


def test_a_vocabulary_written_as_rows_is_looked_up_by_a_computed_column() -> None:
    tiers = [
        {"tier": "Starter", "price": 299, "share": 0.5, "api": False, "hours": None},
        {"tier": "Pro", "price": 999.5, "share": 1, "api": True, "hours": 24},
    ]
    found = {
        name: {"lookup": {"from": f"tiers.{name}", "on": {"this_key": "tier"}}, **keys}
        for name, keys in (("price", {}), ("api", {}), ("hours", {"nullable": True}))
    }
    accounts = {
        "name": "accounts",
        "rows": 500,
        "columns": {
            "devices": {"uniform": {"low": 0, "high": 20, "integers": True}},
            "tier": {"expression": "case when devices < 10 then 'Starter' else 'Pro' end"},
            **found,
        },
    }
    plan = plan_of({"tables": [{"name": "tiers", "hidden": True, "data": tiers}, accounts]})
    types = {column.name: column.type for column in plan.tables["tiers"].columns.values()}
    assert types == {"tier": "string", "price": "float", "share": "float", "api": "bool", "hours": "int"}
    rows = table_of(plan, "accounts").select("tier", "price", "api", "hours").unique().rows()
    assert sorted(rows) == [("Pro", 999.5, True, 24), ("Starter", 299.0, False, None)]


def test_a_key_that_the_vocabulary_does_not_have_is_told() -> None:
    tiers = {"name": "tiers", "data": [{"tier": "Starter", "price": 299}, {"tier": "Pro", "price": 999}]}
    price = {"lookup": {"from": "tiers.price", "on": {"this_key": "tier"}}}
    accounts = {"name": "accounts", "rows": 5, "columns": {"tier": {"expression": "'Prof'"}, "price": price}}
    with pytest.raises(SchemaError) as error:
        made({"tables": [tiers, accounts]}, "accounts")
    [finding] = error.value.findings
    assert finding.code == "lookup.no_match"
    assert "Prof" in finding.found
