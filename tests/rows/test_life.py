"""Rows belong to somebody who is there: created before them, not departed yet, with a time of their own or without."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.recovery.shops import decay, shop
from tests.support import codes_of, made, plan_of, table_of

RATE = {"poisson": 4, "per": "month"}
MONTHS = 731 / 30.4375
# of the life of someone who comes at a uniform time in 24 months, the part before leaving: the integral of (24 - a) · curve
# over 24² / 2, less the last fifths of months. 2,000 customers give it a standard error of 0.009
STAY = 0.497


def without_time(fanout: dict[str, Any], **keys: Any) -> dict[str, Any]:
    document = shop(2_000, fanout, **keys)
    document["tables"][1]["columns"] = {"amount": {"lognormal": {"median": 30, "sigma": 0.5}}}
    return document


@pytest.mark.parametrize("fanout", [RATE, {"negative_binomial": {"mean": 4, "shape": 3}, "per": "month"}])
def test_rows_without_a_time_are_counted_over_the_life_of_their_customer(fanout: dict[str, Any]) -> None:
    whole = made(without_time(fanout, created="start"), "orders").height
    half = made(without_time(fanout), "orders").height  # created over the window: half of it is left on average
    leaving = made(without_time(fanout, ages=decay()), "orders").height
    # 2,000 customers who come at a uniform time: a relative standard error of 1.3 %
    assert abs(whole / (2_000 * 4 * MONTHS) - 1) < 0.02
    assert abs(half / whole - 0.5) < 0.03
    assert abs(leaving / half - STAY) < 0.03


def test_the_plan_expects_what_is_made() -> None:
    for keys in ({}, {"ages": decay()}, {"ages": decay(mode="rate")}):
        plan = plan_of(without_time(RATE, **keys))
        assert abs(table_of(plan, "orders").height / plan.tables["orders"].expected_rows - 1) < 0.05


def test_days_are_not_before_the_creation_nor_after_the_departure() -> None:
    document = shop(500, RATE, ages=decay(), time={"datetime_series": {}, "type": "date", "role": "time"})
    document["tables"][0]["columns"]["left_at"] = {"expression": "departed_at", "type": "datetime", "nullable": True}
    plan = plan_of(document)
    both = table_of(plan, "orders").join(table_of(plan, "customers"), on="customers_id")
    assert both.height > 5_000
    assert both.filter(pl.col("ordered_at") < pl.col("created_at").dt.date()).height == 0
    assert both.filter(pl.col("ordered_at") > pl.col("left_at").dt.date()).height == 0
    assert abs(both.height / plan.tables["orders"].expected_rows - 1) < 0.1


def test_lives_of_grandparents_bound_rows_as_well() -> None:
    document = without_time(RATE, ages=decay(applies_to=["items"]))
    document["tables"][1]["fanout"] = 1
    document["tables"].append(
        {"name": "items", "parents": ["orders"], "fanout": RATE, "columns": {"n": {"uniform": {"low": 1, "high": 5}}}}
    )
    plain = without_time(RATE)
    plain["tables"][1]["fanout"] = 1
    plain["tables"].append(document["tables"][2])
    items, all_items = made(document, "items").height, made(plain, "items").height
    assert abs(items / all_items - STAY) < 0.03


@pytest.mark.parametrize(("freq", "truncated"), [("D", "1d"), ("h", "1h"), ("6h", "6h"), ("M", "1mo")])
def test_times_stand_on_their_grid_wherever_a_life_has_a_point_of_it(freq: str, truncated: str) -> None:
    document = shop(300, {"poisson": 3, "per": "month"}, ages=decay(), time={"datetime_series": {"freq": freq}})
    document["tables"][0]["columns"]["left_at"] = {"expression": "departed_at", "type": "datetime", "nullable": True}
    plan = plan_of(document)
    both = table_of(plan, "orders").join(table_of(plan, "customers"), on="customers_id")
    assert both.filter(pl.col("ordered_at") < pl.col("created_at")).height == 0
    assert both.filter(pl.col("ordered_at") >= pl.col("left_at")).height == 0
    off = both.filter(pl.col("ordered_at") != pl.col("ordered_at").dt.truncate(truncated))
    point = pl.col("created_at").dt.truncate(truncated).dt.offset_by(truncated)  # the next one after the creation
    there = (pl.col("left_at").is_null() | (point < pl.col("left_at"))) & (point < pl.datetime(2025, 1, 1))
    assert off.filter((pl.col("ordered_at") != pl.col("created_at")) | there).height == 0
    assert off.height < 0.02 * both.height or freq == "M"


@pytest.mark.parametrize(
    ("law", "code"),
    [
        ({"uniform": {"low": -3, "high": -1}}, "fanout.negative"),
        ({"pareto": {"alpha": 0.5, "min": 1}}, "fanout.unbounded"),
    ],
)
def test_laws_per_unit_that_cannot_count_are_refused(law: dict[str, Any], code: str) -> None:
    assert code in codes_of(shop(10, {**law, "per": "week"}))
    assert "fanout.unbounded" not in codes_of(shop(10, {**law, "per": "week", "clamp": [0, 9]}))


def test_an_age_curve_that_grows_beyond_all_numbers_is_refused_and_one_that_a_window_bounds_is_not() -> None:
    fanout = {"poisson": 1, "per": "month"}
    assert "fanout.unbounded" in codes_of(
        shop(10, fanout, ages={"boom": {"curve": "exponential", "params": {"a": 1, "b": 50}, "time_unit": "day"}})
    )
    assert not codes_of(
        shop(10, fanout, ages={"boom": {"curve": "exponential", "params": {"a": 1, "b": 8}, "time_unit": "year"}})
    )
