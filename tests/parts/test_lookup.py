"""`lookup`: keys of other tables, and columns copied along them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import (
    chi_square,
    child,
    column,
    fails,
    law,
    modified,
    near_share,
    refused,
    schema,
    table,
)
from tests.parts.proofs import proof
from tests.support import codes_of, made, plan_of, table_of

ROWS = 20_000


def lookup(reference: str, **keys: Any) -> dict[str, Any]:
    return {"lookup": {"from": reference, **keys}}


def along(reference: str, key: str) -> dict[str, Any]:
    return lookup(reference, on={"this_key": key})


def customers(rows: int = 40, *more: dict[str, Any]) -> dict[str, Any]:
    city = column("city", {"choice": {"choices": ["Brno", "Graz", "Turin"]}})
    return table("customer", rows, city, column("age", law("uniform", low=18, high=90, integers=True)), *more)


# --- the driving parent and ancestors


@proof("generator", "lookup")
def test_the_driving_parents_key_is_never_random() -> None:
    document = schema(
        customers(), child("purchase", "customer", fanout={"distribution": "uniform", "min": 2, "max": 5})
    )
    keys = made(document, "purchase")["customer_id"].to_list()
    assert keys == sorted(keys)
    assert set(keys) == set(range(1, 41))
    counts = np.unique(keys, return_counts=True)[1]
    assert counts.min() >= 2
    assert counts.max() <= 5


@proof("generator", "lookup")
def test_other_columns_of_the_driving_parent_are_its_own() -> None:
    document = schema(
        customers(),
        child(
            "purchase",
            "customer",
            column("city", lookup("customer.city")),
            column("age", lookup("customer.age")),
            fanout=3,
        ),
    )
    plan = plan_of(document)
    frame = table_of(plan, "purchase").join(table_of(plan, "customer"), on="customer_id", suffix="_there")
    assert frame.height == 120
    assert (frame["city"] == frame["city_there"]).all()
    assert (frame["age"] == frame["age_there"]).all()
    assert frame["city"].n_unique() == 3


def test_ancestors_further_up_are_the_rows_own_too() -> None:
    document = schema(
        customers(),
        child("purchase", "customer", fanout={"poisson": 2.0}),
        child(
            "line",
            "purchase",
            column("customer_id", lookup("customer.customer_id")),
            column("city", lookup("customer.city")),
            fanout={"poisson": 2.0},
        ),
    )
    plan = plan_of(document)
    frame = table_of(plan, "line").join(table_of(plan, "purchase"), on="purchase_id", suffix="_there")
    assert frame.height > 50
    assert (frame["customer_id"] == frame["customer_id_there"]).all()
    cities = dict(table_of(plan, "customer").select("customer_id", "city").iter_rows())
    assert all(cities[key] == city for key, city in frame.select("customer_id", "city").iter_rows())


# --- random picks


@proof("generator", "lookup")
def test_rows_of_another_table_are_picked_evenly() -> None:
    document = schema(customers(23), table("visit", ROWS, column("customer_id", lookup("customer.customer_id"))))
    keys = made(document, "visit")["customer_id"].to_numpy()
    assert chi_square(np.bincount(keys, minlength=24)[1:], [ROWS / 23] * 23) > 1e-4


def test_a_growing_table_moves_only_the_picks_that_its_new_rows_win() -> None:
    def keys(rows: int) -> np.ndarray:
        document = schema(customers(rows), table("visit", ROWS, column("customer_id", lookup("customer.customer_id"))))
        return made(document, "visit")["customer_id"].to_numpy()

    before, after = keys(1_000), keys(1_010)
    moved = before != after
    assert (after[moved] > 1_000).all()
    assert near_share(moved.mean(), 10 / 1_010, ROWS)


def test_any_column_may_be_picked_not_only_the_key() -> None:
    document = schema(customers(), table("visit", 500, column("city", lookup("customer.city"))))
    plan = plan_of(document)
    assert set(table_of(plan, "visit")["city"]) == set(table_of(plan, "customer")["city"])


def test_further_parents_are_picked_and_the_first_drives() -> None:
    goods = table("product", 10)
    document = schema(
        customers(), goods, child("purchase", "customer", column("product_id", lookup("product.product_id")), fanout=50)
    )
    document["nodes"][2]["parents"] = ["customer", "product"]
    frame = made(document, "purchase")
    assert frame["customer_id"].to_list() == [k for k in range(1, 41) for _ in range(50)]
    assert chi_square(np.bincount(frame["product_id"].to_numpy(), minlength=11)[1:], [200] * 10) > 1e-4


def test_rows_of_a_child_table_can_be_picked() -> None:
    document = schema(
        customers(),
        child("purchase", "customer", column("price", law("uniform", low=1, high=9)), fanout={"poisson": 3.0}),
        table(
            "complaint",
            3_000,
            column("purchase_id", lookup("purchase.purchase_id")),
            column("price", along("purchase.price", "purchase_id")),
        ),
    )
    plan = plan_of(document)
    purchases = table_of(plan, "purchase")
    complaints = table_of(plan, "complaint")
    assert set(complaints["purchase_id"]) == set(purchases["purchase_id"])
    joined = complaints.join(purchases, on="purchase_id", suffix="_there")
    assert joined.height == 3_000
    assert (joined["price"] == joined["price_there"]).all()


# --- along a key


@proof("generator", "lookup")
def test_a_column_is_copied_along_a_key_and_two_copies_agree() -> None:
    document = schema(
        customers(),
        table(
            "visit",
            2_000,
            column("customer_id", lookup("customer.customer_id")),
            column("city", along("customer.city", "customer_id")),
            column("age", along("customer.age", "customer_id")),
        ),
    )
    plan = plan_of(document)
    frame = table_of(plan, "visit").join(table_of(plan, "customer"), on="customer_id", suffix="_there")
    assert frame.height == 2_000
    assert (frame["city"] == frame["city_there"]).all()
    assert (frame["age"] == frame["age_there"]).all()


def test_a_key_made_another_way_is_matched_by_its_value() -> None:
    document = schema(
        customers(40),
        table(
            "visit",
            300,
            column("customer_id", {"expression": {"code": "row_number % 40 + 1"}}),
            column("age", along("customer.age", "customer_id")),
        ),
    )
    plan = plan_of(document)
    ages = dict(table_of(plan, "customer").select("customer_id", "age").iter_rows())
    assert all(ages[key] == age for key, age in table_of(plan, "visit").select("customer_id", "age").iter_rows())


def test_text_keys_are_matched_by_their_value() -> None:
    countries = table(
        "country",
        3,
        column("country_id", {"expression": {"code": "concat('c', row_number)"}}),
        column("tax", law("uniform", low=0, high=1)),
    )
    visits = table(
        "visit",
        500,
        column("country_id", {"choice": {"choices": ["c1", "c2", "c3"]}}),
        column("tax", along("country.tax", "country_id")),
    )
    plan = plan_of(schema(countries, visits))
    taxes = dict(table_of(plan, "country").select("country_id", "tax").iter_rows())
    assert all(taxes[key] == tax for key, tax in table_of(plan, "visit").select("country_id", "tax").iter_rows())


def test_a_value_that_is_no_key_there_stops_the_run_with_an_example() -> None:
    document = schema(
        customers(40),
        table(
            "visit",
            50,
            column("customer_id", {"expression": {"code": "row_number"}}),
            column("age", along("customer.age", "customer_id")),
        ),
    )
    told = fails(document, "visit", "lookup.no_match")
    assert told.json_path == "visit.age"
    assert "41" in told.found
    assert "10 rows" in told.found


def test_a_null_key_gives_a_null() -> None:
    keys = {"expression": {"code": "case when row_number % 5 = 0 then null else row_number end"}}
    for generator in (keys, lookup("customer.customer_id")):
        visits = table(
            "visit",
            40,
            column("customer_id", generator, nullable=True, when="row_number % 5 != 0"),
            column("age", along("customer.age", "customer_id"), nullable=True),
        )
        frame = made(schema(customers(40), visits), "visit")
        assert frame["customer_id"].null_count() == 8
        assert (frame["age"].is_null() == frame["customer_id"].is_null()).all()
    strict = schema(
        customers(40),
        table(
            "visit",
            40,
            column("customer_id", lookup("customer.customer_id"), when="row_number % 5 != 0"),
            column("age", along("customer.age", "customer_id")),
        ),
    )
    assert fails(strict, "visit", "generate.null").json_path == "visit.age"


def test_keys_of_another_type_are_refused() -> None:
    document = schema(
        customers(40),
        table(
            "visit",
            50,
            column("customer_id", {"choice": {"choices": ["1", "2"]}}),
            column("age", along("customer.age", "customer_id")),
        ),
    )
    told = refused(document, "lookup.key_type")
    assert "string" in told.found
    assert "int" in told.expected


def test_a_key_that_is_no_column_is_refused_with_the_nearest() -> None:
    document = schema(
        customers(),
        table(
            "visit",
            5,
            column("customer_id", lookup("customer.customer_id")),
            column("age", along("customer.age", "custmer_id")),
        ),
    )
    assert "customer_id" in refused(document, "ref.unknown_column").hint
    assert refused(
        schema(customers(), table("visit", 5, column("age", lookup("custmer.age")))), "ref.unknown_table"
    ).hint
    assert (
        "age"
        in refused(
            schema(customers(), table("visit", 5, column("age", lookup("customer.agee")))), "ref.unknown_column"
        ).hint
    )


def test_a_copied_key_can_be_followed() -> None:
    document = schema(
        table("region", 5, column("tax", law("uniform", low=0, high=1))),
        customers(40, column("region_id", lookup("region.region_id"))),
        table(
            "visit",
            200,
            column("customer_id", lookup("customer.customer_id")),
            column("region_id", along("customer.region_id", "customer_id")),
            column("tax", along("region.tax", "region_id")),
            column("twice", {"expression": {"code": "customer_id.region_id.tax * 2"}}),
        ),
    )
    plan = plan_of(document)
    homes = dict(table_of(plan, "customer").select("customer_id", "region_id").iter_rows())
    taxes = dict(table_of(plan, "region").select("region_id", "tax").iter_rows())
    for key, region, tax, twice in (
        table_of(plan, "visit").select("customer_id", "region_id", "tax", "twice").iter_rows()
    ):
        assert homes[key] == region
        assert taxes[region] == tax
        assert twice == pytest.approx(2 * tax)


# --- the own table


def employees(rows: int = 2_000, *, nullable: bool = True, **keys: Any) -> dict[str, Any]:
    return table("employee", rows, column("boss_id", lookup("employee.employee_id", **keys), nullable=nullable))


@proof("generator", "lookup")
def test_a_self_key_points_to_a_lower_row() -> None:
    frame = made(schema(employees()), "employee")
    assert frame["boss_id"].null_count() > 0
    with_boss = frame.drop_nulls()
    assert (with_boss["boss_id"] < with_boss["employee_id"]).all()
    spread = (with_boss["boss_id"] / with_boss["employee_id"]).to_numpy()
    assert (
        abs(spread.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(spread)) + 0.01
    )  # even over the lower rows; small rows are coarse


def test_one_in_the_root_of_all_rows_is_a_root() -> None:
    frame = made(schema(employees(10_000)), "employee")
    assert near_share(frame["boss_id"].null_count() / 10_000, 0.01 + 1 / 10_000, 10_000)
    assert frame["boss_id"][0] is None


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_of_roots_may_be_given(share: float) -> None:
    frame = made(schema(employees(10_000, root_share=share)), "employee")
    roots = frame["boss_id"].null_count() / 10_000
    assert near_share(roots, share, 10_000) or roots == 1 / 10_000  # the first row has nobody above it


def test_a_root_of_a_column_without_nulls_is_its_own_key() -> None:
    frame = made(schema(employees(nullable=False)), "employee")
    assert frame["boss_id"].null_count() == 0
    own = frame.filter(pl.col("boss_id") == pl.col("employee_id")).height
    assert frame.filter(pl.col("boss_id") > pl.col("employee_id")).height == 0
    assert own == made(schema(employees()), "employee")["boss_id"].null_count()


def test_a_self_key_of_a_child_table_points_to_a_lower_row_too() -> None:
    document = schema(
        customers(30),
        child(
            "post",
            "customer",
            column("reply_to", lookup("post.post_id"), nullable=True),
            column("text", {"uuid": {}}),
            fanout={"poisson": 10.0},
        ),
    )
    frame = made(document, "post").drop_nulls()
    assert frame.height > 200
    assert (frame["reply_to"] < frame["post_id"]).all()


def test_along_a_self_key_other_columns_are_the_bosss_own() -> None:
    document = schema(employees())
    document["nodes"][0]["columns"] += [
        column("desk", law("uniform", low=0, high=1)),
        column("boss_desk", along("employee.desk", "boss_id"), nullable=True),
    ]
    frame = made(document, "employee")
    desks = dict(frame.select("employee_id", "desk").iter_rows())
    assert all(desks.get(boss) == desk for boss, desk in frame.select("boss_id", "boss_desk").iter_rows())


def test_a_lookup_of_itself_is_refused() -> None:
    document = schema(table("employee", 10, column("boss_id", lookup("employee.boss_id"), type="int")))
    assert "plan.loop" in codes_of(document) or "lookup.itself" in codes_of(document)


def test_a_root_share_is_for_self_keys_only() -> None:
    document = schema(
        customers(), table("visit", 5, column("customer_id", lookup("customer.customer_id", root_share=0.1)))
    )
    assert refused(document, "lookup.key_without_meaning").json_path.endswith("root_share")


# --- types, empty targets, uniqueness


def test_the_type_of_the_target_is_taken_or_must_fit() -> None:
    frame = made(schema(customers(), table("visit", 5, column("city", lookup("customer.city")))), "visit")
    assert frame["city"].dtype == pl.String
    document = schema(customers(), table("visit", 5, column("city", lookup("customer.city"), type="int")))
    assert "string" in refused(document, "column.type_mismatch").found


def test_a_table_without_rows_has_nothing_to_pick() -> None:
    assert (
        "0 rows"
        in refused(
            schema(customers(0), table("visit", 5, column("customer_id", lookup("customer.customer_id")))),
            "lookup.no_rows",
        ).found
    )
    document = schema(
        customers(5),
        child("purchase", "customer", fanout={"poisson": 1e-6}),
        table("visit", 5, column("purchase_id", lookup("purchase.purchase_id"))),
    )
    assert fails(document, "visit", "lookup.no_rows").json_path == "visit.purchase_id"
    nobody = schema(
        customers(5),
        child("purchase", "customer", fanout={"poisson": 1e-6}),
        table("visit", 0, column("purchase_id", lookup("purchase.purchase_id"))),
    )
    assert made(nobody, "visit").height == 0


@pytest.mark.parametrize("rows", [0, 5])
def test_a_child_table_without_rows_can_be_looked_into(rows: int) -> None:
    none = child(
        "purchase",
        "customer",
        column("purchase_id", {"uuid": {}}),
        column("city", lookup("customer.city")),
        fanout={"poisson": 1e-6},
    )
    looking = table(
        "visit",
        rows,
        column("purchase_id", {"uuid": {}}, when="false"),
        column("city", along("purchase.city", "purchase_id"), nullable=True),
    )
    frame = made(schema(customers(5), none, looking), "visit")
    assert frame["city"].null_count() == rows


def test_no_children_of_a_table_without_rows() -> None:
    document = schema(customers(0), child("purchase", "customer", column("city", lookup("customer.city")), fanout=3))
    frame = made(document, "purchase")
    assert frame.height == 0
    assert frame["city"].dtype == pl.String


@proof("generator", "lookup")
def test_unique_picks_never_repeat() -> None:
    document = schema(
        customers(200), table("badge", 150, column("customer_id", lookup("customer.customer_id"), unique=True))
    )
    keys = made(document, "badge")["customer_id"]
    assert keys.n_unique() == 150
    assert keys.to_list() != sorted(keys)
    short = schema(
        customers(100), table("badge", 150, column("customer_id", lookup("customer.customer_id"), unique=True))
    )
    assert "100 possible values < 150 rows" in refused(short, "unique.domain_too_small").found


def test_a_key_copied_from_a_parent_with_many_children_is_no_key_of_theirs() -> None:
    document = schema(customers(), child("purchase", "customer", fanout={"poisson": 3.0}, pk="customer_id"))
    assert "customer" in refused(document, "unique.many_children").found
    once = schema(customers(), child("purchase", "customer", fanout=1, pk="customer_id"))
    plan = plan_of(once)
    assert table_of(plan, "purchase")["customer_id"].to_list() == list(range(1, 41))
    assert next(one for one in plan.constraints if one.text == "purchase.customer_id").status == "held"


def test_a_changed_key_is_a_value_and_no_key() -> None:
    document = schema(
        customers(),
        table(
            "visit",
            9,
            column("customer_id", lookup("customer.customer_id"), modifiers=[modified("add", value=1000)]),
            column("age", {"expression": {"code": "customer_id.age"}}),
        ),
    )
    assert "customer_id.age" in refused(document, "expression.unknown_name").found
