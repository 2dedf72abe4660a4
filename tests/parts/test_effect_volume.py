"""Effects on a table: more rows inside open windows for matching parents or picks, and the same rate outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.time_schemas import choice, key, lookup, modifier, schema, series
from tests.support import codes_of, findings_of, made, plan_of, table_of

Spec = dict[str, Any]
WINDOW = {"start_col": "start_at", "end_col": "end_at"}
LIFT = {"vip": 3.0, "new": 0.5}


def formula(name: str, type: str, code: str) -> Spec:
    return {"name": name, "type": type, "generator": {"expression": {"code": code}}}


def promo() -> Spec:
    """Two windows that do not touch: in spring for vip and toys (three times), in summer for new and books (half)."""
    return {
        "id": "promo", "kind": "entity", "pk": "promo_id", "rows": 2,
        "columns": [
            key("promo_id"),
            formula("segment", "string", "if(promo_id = 1, 'vip', 'new')"),
            formula("category", "string", "if(promo_id = 1, 'toy', 'book')"),
            formula("start_at", "datetime", "if(promo_id = 1, timestamp '2024-04-10', timestamp '2024-07-19')"),
            formula("end_at", "datetime", "start_at + interval 58 day + interval 86399 second"),
            formula("lift", "float", "if(promo_id = 1, 3.0, 0.5)"),
        ],
    }  # fmt: skip


def effect(**on: str) -> Spec:
    names = {local.replace("__", "."): remote for local, remote in on.items()}
    return modifier("effect", effect_table="promo", on=names, window=WINDOW, map={"field": "lift"})


def shop(
    effects: Sequence[Spec] = (), *, bounded: bool = False, shapes: Sequence[Spec] = (), extra: Sequence[Spec] = (),
    fanout: Spec | None = None, customers: int = 2_000, **top: Any,
) -> Spec:  # fmt: skip
    """Customers order products; the effects stand on the orders."""
    customer = {
        "id": "customer", "kind": "entity", "pk": "customer_id", "rows": customers,
        "columns": [
            key("customer_id"),
            choice("segment", ["vip", "std", "new"], weights=[0.3, 0.4, 0.3]),
            series({"within": {"start": "2024-01-01", "end": "2024-12-01"}}, name="created_at"),
        ],
    }  # fmt: skip
    product = {
        "id": "product", "kind": "entity", "pk": "product_id", "rows": 30,
        "columns": [key("product_id"), choice("category", ["toy", "book", "food"], weights=[0.3, 0.4, 0.3])],
    }  # fmt: skip
    pattern = {"dimension": "dow", "weights": [1, 1, 1, 1, 1, 2, 2]}
    order = {
        "id": "orders", "kind": "fact", "pk": "order_id", "parents": ["customer", "product"],
        "fanout": fanout or {"distribution": "poisson", "lambda": 20},
        "modifiers": list(effects),
        "columns": [
            key("order_id"),
            lookup("customer_id", "customer.customer_id"),
            lookup("segment", "customer.segment", "customer_id", type="string"),
            lookup("product_id", "product.product_id"),
            lookup("category", "product.category", "product_id", type="string"),
            series({"pattern": pattern}, shapes, name="ordered_at", role="time"),
            *extra,
        ],
    }  # fmt: skip
    rules = [("customer.created_at", "<=", "orders.ordered_at")] if bounded else []
    return schema(promo(), customer, product, order, inequalities=rules, **top)


@cache
def plain(bounded: bool) -> pl.DataFrame:
    return made(shop(bounded=bounded), "orders")


def inside(frame: pl.DataFrame, promo_id: int) -> pl.DataFrame:
    start, end = ("2024-04-10", "2024-06-08") if promo_id == 1 else ("2024-07-19", "2024-09-16")
    return frame.filter(
        (pl.col("ordered_at") >= pl.lit(start).str.to_datetime())
        & (pl.col("ordered_at") < pl.lit(end).str.to_datetime())
    )


def outside(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.join(pl.concat([inside(frame, 1), inside(frame, 2)]), on="order_id", how="anti")


def ratio_is(found: pl.DataFrame, base: pl.DataFrame, wanted: float) -> bool:
    """Whether the number of rows is that many times the other, to 4 standard errors of a ratio of Poisson counts."""
    error = wanted * np.sqrt(1 / found.height + 1 / base.height)
    return bool(abs(found.height / base.height - wanted) < 4 * error)


KEYED = {
    "by a copied column of the parent": ("segment", "vip", "new", [effect(segment="segment")]),
    "by the parent's name": ("segment", "vip", "new", [effect(customer__segment="segment")]),
    "by a column of the picked row": ("category", "toy", "book", [effect(category="category")]),
    "along the key of the picked row": ("category", "toy", "book", [effect(product_id__category="category")]),
}


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("case", KEYED)
def test_the_rate_changes_inside_the_windows_of_matching_rows_and_nowhere_else(case: str, bounded: bool) -> None:
    column, up, down, effects = KEYED[case]
    plan = plan_of(shop(effects, bounded=bounded))
    orders, base = table_of(plan, "orders"), plain(bounded)
    for value in ("vip", "std", "new", "toy", "book", "food"):
        mine, before = (frame.filter(pl.col(column) == value) for frame in (orders, base))
        if not before.height:
            continue
        assert ratio_is(inside(mine, 1), inside(before, 1), 3.0 if value == up else 1.0)
        assert ratio_is(inside(mine, 2), inside(before, 2), 0.5 if value == down else 1.0)
        assert ratio_is(outside(mine), outside(before), 1.0)
    if bounded:
        created = table_of(plan, "customer").select("customer_id", "created_at")
        joined = orders.join(created, on="customer_id")
        assert (joined["created_at"] <= joined["ordered_at"]).all()


def test_rows_of_parents_that_no_window_touches_stay_exactly_the_same() -> None:
    orders = made(shop([effect(segment="segment")]), "orders")
    same = ["customer_id", "product_id", "ordered_at"]
    untouched = [frame.filter(pl.col("segment") == "std").select(same) for frame in (orders, plain(False))]
    assert untouched[0].equals(untouched[1])


def test_an_effect_without_keys_lifts_everybody() -> None:
    orders, base = made(shop([effect()]), "orders"), plain(False)
    assert ratio_is(inside(orders, 1), inside(base, 1), 3.0)
    assert ratio_is(inside(orders, 2), inside(base, 2), 0.5)
    assert ratio_is(outside(orders), outside(base), 1.0)


@pytest.mark.parametrize("column", ["segment", "category"])
def test_two_effects_multiply_where_both_are_open(column: str) -> None:
    value = {"segment": "vip", "category": "toy"}[column]
    orders = made(shop([effect(**{column: column}), effect()]), "orders")
    mine, base = (frame.filter(pl.col(column) == value) for frame in (orders, plain(False)))
    assert ratio_is(inside(mine, 1), inside(base, 1), 9.0)
    assert ratio_is(inside(mine, 2), inside(base, 2), 0.5)
    assert ratio_is(outside(mine), outside(base), 1.0)


@pytest.mark.parametrize("throws", [64, 1, 0])
@pytest.mark.parametrize("bounded", [False, True])
def test_picks_weighed_one_by_one_are_as_likely_as_proposed_ones(
    throws: int, bounded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datagen.modifiers._volume.THROWS", throws)
    orders = made(shop([effect(category="category")], bounded=bounded), "orders")
    for value, wanted in (("toy", 3.0), ("book", 1.0), ("food", 1.0)):
        mine, before = (frame.filter(pl.col("category") == value) for frame in (orders, plain(bounded)))
        assert ratio_is(inside(mine, 1), inside(before, 1), wanted)
        assert ratio_is(outside(mine), outside(before), 1.0)


def test_rows_of_one_class_are_picked_equally_often() -> None:
    orders = made(shop([effect(category="category")]), "orders")
    toys = orders.filter(pl.col("category") == "toy")["product_id"].value_counts()["count"].to_numpy()
    expected = toys.sum() / len(toys)
    # 5 standard errors of a count, about ten products
    assert (np.abs(toys - expected) < 5 * np.sqrt(expected)).all()


def test_a_fixed_fanout_is_multiplied_and_rounded_by_chance() -> None:
    orders = made(shop([effect()], fanout={"distribution": "uniform", "min": 4, "max": 4}), "orders")
    base = made(shop(fanout={"distribution": "uniform", "min": 4, "max": 4}), "orders")
    assert base.height == 8_000
    assert ratio_is(inside(orders, 1), inside(base, 1), 3.0)
    assert ratio_is(outside(orders), outside(base), 1.0)


def test_a_shape_of_the_time_column_stays_beside_the_volume() -> None:
    shape = effect(segment="segment")
    orders = made(shop([effect(segment="segment")], shapes=[shape]), "orders")
    base = made(shop(shapes=[shape]), "orders")
    mine, before = (frame.filter(pl.col("segment") == "vip") for frame in (orders, base))
    assert ratio_is(inside(mine, 1), inside(before, 1), 3.0)
    assert ratio_is(outside(mine), outside(before), 1.0)


@pytest.mark.parametrize("column", ["segment", "category"])
def test_values_do_not_depend_on_how_rows_are_cut(column: str) -> None:
    plan = plan_of(shop([effect(**{column: column})], bounded=True, customers=60))
    whole = table_of(plan, "orders")
    for block_rows in (7, 97, 400):
        assert table_of(plan, "orders", block_rows=block_rows).equals(whole)


def test_a_key_drawn_for_each_row_is_not_known_before_the_rows() -> None:
    document = shop([effect(channel="segment")], extra=[choice("channel", ["vip", "std"])])
    (finding,) = findings_of(document)
    assert finding.code == "effect.key_not_known_before_rows"
    assert finding.json_path == "nodes[3].modifiers[0].args.on.channel"
    assert "orders.channel" in finding.found


def test_a_constant_key_is_known() -> None:
    for column in (formula("channel", "string", "'vip'"), choice("channel", ["vip"])):
        orders = made(shop([effect(channel="segment")], extra=[column]), "orders")
        assert ratio_is(inside(orders, 1), inside(plain(False), 1), 3.0)
        assert ratio_is(inside(orders, 2), inside(plain(False), 2), 1.0)


def test_a_changed_copy_is_not_the_parents_value() -> None:
    copy = lookup("group", "customer.segment", "customer_id", type="string")
    copy["modifiers"] = [modifier("map_values", mapping={"vip": "new", "new": "vip", "std": "std"})]
    assert codes_of(shop([effect(group="segment")], extra=[copy])) == ["effect.key_not_known_before_rows"]


@pytest.mark.parametrize(
    ("effects", "keys", "code"),
    [
        ([effect(segment="segment", category="category")], {}, "effect.keys_of_two_rows"),
        ([effect(segment="segment"), effect(category="category")], {}, "effect.keys_of_two_rows"),
        ([effect(segment="segment")], {"shapes": [effect(category="category")]}, "effect.two_levels"),
        ([effect(segmnt="segment")], {}, "effect.unknown_column"),
        ([effect(segment="segmnt")], {}, "effect.unknown_column"),
    ],
)
def test_what_cannot_be_is_refused(effects: list[Spec], keys: Spec, code: str) -> None:
    assert codes_of(shop(effects, **keys)) == [code]


def test_dangling_effects_of_old_documents_change_nothing() -> None:
    document = {"version": "1.0", **shop([effect(segmnt="segment")])}
    assert [(finding.code, finding.severity) for finding in findings_of(document)] == [
        ("effect.unknown_column", "warning")
    ]
    assert made(document, "orders").equals(made({"version": "1.0", **shop()}, "orders"))


def test_a_time_that_its_own_row_bounds_leaves_the_volume_unknown() -> None:
    floor = formula("floor", "datetime", "timeframe.start + interval (order_id % 30) day")
    document = shop([effect(segment="segment")], extra=[floor])
    document["constraints"] = {"inequalities": [{"left": "orders.floor", "op": "<=", "right": "orders.ordered_at"}]}
    assert "effect.bounded_by_row" in codes_of(document)


def test_a_table_without_a_parent_has_no_volume_to_scale() -> None:
    document = shop()
    document["nodes"][1]["modifiers"] = [effect(segment="segment")]
    assert codes_of(document) == ["effect.no_fanout"]


def test_a_table_cannot_scale_its_own_volume() -> None:
    own = effect()
    own["args"]["effect_table"] = "orders"
    extra = [column for column in promo()["columns"] if column["name"] in ("start_at", "end_at", "lift")]
    extra[0]["generator"] = {"expression": {"code": "timeframe.start"}}
    extra[2]["generator"] = {"expression": {"code": "2.0"}}
    assert codes_of(shop([own], extra=extra)) == ["effect.own_table"]


def test_a_volume_needs_a_density() -> None:
    document = shop([effect(segment="segment")])
    document["nodes"][3]["columns"][5] = formula("ordered_at", "datetime", "timeframe.start")
    assert codes_of(document) == ["effect.no_density"]


@pytest.mark.parametrize(
    ("combine", "default", "both"),
    [(None, 1, 2), ("first", 0.5, 2), ("product", 1, 6), ("sum", 1, 5), ("max", 1, 3)],
)
def test_windows_that_overlap_are_combined_as_declared_on_volumes(
    combine: str | None, default: float, both: float
) -> None:
    """Twice the rows in 20 days, three times in the last 10 of them and 10 more, the default in the 70 that are left."""
    lift: Spec = {"field": "lift", "default": default} | ({"combine": combine} if combine else {})
    document = f"""
timeframe: {{start: 2024-01-01, days: 100}}
tables:
  - name: promo
    kind: vocab
    data: [{{start_at: 2024-02-01, end_at: 2024-02-20, lift: 2}}, {{start_at: 2024-02-11, end_at: 2024-03-01, lift: 3}}]
    columns: [{{name: start_at, type: date}}, {{name: end_at, type: date}}]
  - {{name: shop, rows: 100}}
  - name: sale
    parents: [shop]
    fanout: {{poisson: 1, per: day}}
    modifiers: [{{effect: {{effect_table: promo, on: {{}}, window: {WINDOW}, map: {lift}}}}}]
    columns: {{sold_at: {{role: time}}}}
"""
    day = table_of(plan_of(document), "sale")["sold_at"].dt.date()
    counted = [
        day.is_between(date.fromisoformat(first), date.fromisoformat(last)).sum()
        for first, last in (
            ("2024-02-01", "2024-02-10"),
            ("2024-02-11", "2024-02-19"),
            ("2024-02-22", "2024-02-29"),
            ("2024-03-03", "2024-04-09"),
        )
    ]
    wanted = [1_000 * 2, 900 * both, 800 * 3, 3_800 * default]  # 100 shops, one sale a day each
    assert all(abs(seen - mean) < 4 * mean**0.5 for seen, mean in zip(counted, wanted, strict=True)), counted
