"""Inequalities steer: the side made later is drawn inside the bound, the side made first leaves it room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from datagen.plan.model import Plan
from tests.parts.columns import child, column, law, modified, refused, schema, table
from tests.support import codes_of, plan_of, table_of

SEEDS = (1, 2, 3, 4, 5)
TIME = {"datetime_series": {}}
MONTHS = {"datetime_series": {"freq": "M"}}
DAYS = {"datetime_series": {"freq": "D"}}


def less(left: str, op: str, right: str) -> dict[str, str]:
    return {"left": left, "op": op, "right": right}


def constrained(*nodes: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A document whose keyword `inequalities` are constraints."""
    inequalities = keys.pop("inequalities")
    return schema(*nodes, constraints={"inequalities": [less(*text.split()) for text in inequalities]}, **keys)


def statuses(plan: Plan) -> dict[str, str]:
    return {one.text: one.status for one in plan.constraints if one.kind == "inequality"}


def holds_in_a_row(document: dict[str, Any], table: str, *conditions: str, status: str = "held") -> None:
    """Every condition holds in every row for several seeds, and the plan said so."""
    for seed in SEEDS:
        plan = plan_of(document, seed=seed)
        assert set(statuses(plan).values()) == {status}
        frame = table_of(plan, table)
        assert frame.height > 100
        for condition in conditions:
            wrong = frame.filter(~pl.sql_expr(condition))
            assert wrong.height == 0, f"seed {seed}: not {condition} in {wrong.head(3).rows()}"


PAIRS = {
    "times": (TIME, TIME),
    "a coarse grid": (MONTHS, MONTHS),
    "a fine and a coarse grid": (TIME, MONTHS),
    "a coarse and a fine grid": (MONTHS, TIME),
    "days and months": (DAYS, MONTHS),
    "numbers": (law("uniform", low=0, high=1), law("uniform", low=0, high=1)),
    "dice": ({"distribution": "1..6"}, {"distribution": "1..6"}),
    "open laws": (law("normal", mean=0, std=1), law("lognormal", mean=0, sigma=1)),
    "whole and not": ({"distribution": "1..6"}, law("uniform", low=0, high=8)),
    "not and whole": (law("uniform", low=0, high=8), {"distribution": "1..9"}),
    "other windows": (
        {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-06-30"}}},
        {"datetime_series": {"within": {"start": "2024-03-01", "end": "2024-03-31"}}},
    ),
}


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_columns_of_a_row_keep_their_order(pair: str, op: str) -> None:
    small, large = PAIRS[pair]
    a, b = (small, large) if op in ("<", "<=") else (large, small)
    document = constrained(table("t", 400, column("a", a), column("b", b)), inequalities=[f"t.a {op} t.b"])
    holds_in_a_row(document, "t", f"a {op} b")


@pytest.mark.parametrize("decimals", [0, 1, 3])
def test_decimals_are_a_grid_too(decimals: int) -> None:
    x = law("uniform", low=0, high=2)
    document = constrained(
        table("t", 400, column("a", x, decimals=decimals), column("b", x, decimals=decimals)),
        inequalities=["t.a < t.b"],
    )
    holds_in_a_row(document, "t", "a < b")


@pytest.mark.parametrize("op", ["<", "<="])
@pytest.mark.parametrize(
    "generators",
    [
        (TIME, TIME, TIME),
        (MONTHS, MONTHS, MONTHS),
        (DAYS, MONTHS, DAYS),
        (MONTHS, DAYS, TIME),
        ({"distribution": "1..6"},) * 3,
        (law("uniform", low=0, high=1),) * 3,
        (law("uniform", low=0, high=100), law("uniform", low=0, high=100), law("uniform", low=0, high=5)),
        (law("uniform", low=50, high=100), law("uniform", low=0, high=100), law("uniform", low=0, high=100)),
    ],
    ids=["times", "months", "mixed", "coarse first", "dice", "numbers", "narrow last", "narrow first"],
)
def test_a_chain_of_three_keeps_its_order(generators: tuple[Any, ...], op: str) -> None:
    columns = [column(name, generator) for name, generator in zip("abc", generators, strict=True)]
    document = constrained(table("t", 400, *columns), inequalities=[f"t.a {op} t.b", f"t.b {op} t.c"])
    holds_in_a_row(document, "t", f"a {op} b", f"b {op} c")


def test_the_order_of_declaration_does_not_matter() -> None:
    columns = [column(name, TIME) for name in "cab"]
    document = constrained(table("t", 400, *columns), inequalities=["t.b <= t.c", "t.c >= t.a", "t.a < t.b"])
    holds_in_a_row(document, "t", "a < b", "b <= c", "a <= c")


def test_decimals_in_a_chain_leave_room_for_each_other() -> None:
    columns = [column(name, law("uniform", low=0, high=0.5), decimals=1) for name in "abcd"]
    document = constrained(table("t", 400, *columns), inequalities=["t.a < t.b", "t.b < t.c", "t.c < t.d"])
    holds_in_a_row(document, "t", "a < b", "b < c", "c < d")


def test_two_bounds_on_one_side_are_both_kept() -> None:
    columns = [column("a", TIME), column("b", TIME), column("c", TIME)]
    holds_in_a_row(
        constrained(table("t", 400, *columns), inequalities=["t.a <= t.c", "t.b <= t.c"]), "t", "a <= c", "b <= c"
    )
    holds_in_a_row(
        constrained(table("t", 400, *columns), inequalities=["t.c <= t.a", "t.c < t.b"]), "t", "c <= a", "c < b"
    )


def test_dates_and_times_compare() -> None:
    document = constrained(
        table("t", 400, column("a", TIME, type="date"), column("b", TIME)), inequalities=["t.a <= t.b"]
    )
    holds_in_a_row(document, "t", "a <= b")
    document = constrained(
        table("t", 400, column("a", TIME), column("b", TIME, type="date")), inequalities=["t.a < t.b"]
    )
    holds_in_a_row(document, "t", "a < b")


def test_an_int_and_a_float_compare() -> None:
    document = constrained(
        table(
            "t",
            400,
            column("a", law("uniform", low=0, high=5), type="int"),
            column("b", law("uniform", low=0, high=5), decimals=2),
        ),
        inequalities=["t.a < t.b"],
    )
    holds_in_a_row(document, "t", "a < b")


# --- across tables


def family(op: str, *more: str) -> dict[str, Any]:
    return constrained(
        table("a", 60, column("born", TIME)),
        child("b", "a", column("at", TIME), fanout=4),
        child("c", "b", column("at", TIME), fanout={"poisson": 2.0}),
        inequalities=[f"a.born {op} b.at", *more],
    )


@pytest.mark.parametrize("op", ["<", "<="])
def test_a_child_follows_its_parent(op: str) -> None:
    document = family(op)
    for seed in SEEDS:
        plan = plan_of(document, seed=seed)
        assert statuses(plan) == {f"a.born {op} b.at": "held"}
        joined = table_of(plan, "b").join(table_of(plan, "a"), on="a_id")
        assert joined.height == 240
        assert joined.filter(~pl.sql_expr(f"born {op} at")).height == 0


def test_grandchildren_follow_too() -> None:
    document = family("<", "b.at < c.at", "a.born < c.at")
    for seed in SEEDS:
        plan = plan_of(document, seed=seed)
        assert set(statuses(plan).values()) == {"held"}
        joined = (
            table_of(plan, "c").join(table_of(plan, "b"), on="b_id", suffix="_b").join(table_of(plan, "a"), on="a_id")
        )
        assert joined.height > 100
        assert joined.filter(~pl.sql_expr("born < at_b and at_b < at")).height == 0


def test_a_row_follows_the_row_its_key_points_to() -> None:
    document = constrained(
        table("a", 60, column("born", TIME)),
        table("v", 400, column("a_id", {"lookup": {"from": "a.a_id"}}), column("at", TIME)),
        inequalities=["v.at >= a.born"],
    )
    for seed in SEEDS:
        plan = plan_of(document, seed=seed)
        assert statuses(plan) == {"v.at >= a.born": "held"}
        joined = table_of(plan, "v").join(table_of(plan, "a"), on="a_id")
        assert joined.height == 400
        assert joined.filter(pl.col("at") < pl.col("born")).height == 0


def test_numbers_follow_the_row_a_key_points_to() -> None:
    document = constrained(
        table("a", 60, column("cap", law("uniform", low=10, high=50), decimals=2)),
        table(
            "v",
            400,
            column("a_id", {"lookup": {"from": "a.a_id"}}),
            column("used", law("uniform", low=0, high=100), decimals=2),
        ),
        inequalities=["v.used <= a.cap"],
    )
    plan = plan_of(document)
    assert statuses(plan) == {"v.used <= a.cap": "held"}
    joined = table_of(plan, "v").join(table_of(plan, "a"), on="a_id")
    assert joined.filter(pl.col("used") > pl.col("cap")).height == 0
    assert joined["used"].max() > 40


def test_two_tables_without_a_key_between_them_cannot_be_compared() -> None:
    document = constrained(
        table("a", 5, column("at", TIME)), table("b", 5, column("at", TIME)), inequalities=["a.at < b.at"]
    )
    assert refused(document, "constraint.unrelated").json_path == "constraints.inequalities[0]"
    two_keys = constrained(
        table("a", 5, column("at", TIME)),
        table(
            "b",
            5,
            column("x", {"lookup": {"from": "a.a_id"}}),
            column("y", {"lookup": {"from": "a.a_id"}}),
            column("at", TIME),
        ),
        inequalities=["a.at < b.at"],
    )
    assert refused(two_keys, "constraint.unrelated")


# --- what is only looked at


def test_what_is_computed_is_looked_at_and_the_drawn_side_gives_way() -> None:
    computed = column("a", {"expression": {"code": "row_number / 400.0"}})
    document = constrained(
        table("t", 400, computed, column("b", law("uniform", low=0, high=1))), inequalities=["t.a <= t.b"]
    )
    holds_in_a_row(document, "t", "a <= b")
    both = constrained(
        table("t", 400, computed, column("b", {"expression": {"code": "1.0"}})), inequalities=["t.a <= t.b"]
    )
    assert statuses(plan_of(both)) == {"t.a <= t.b": "checked"}


def test_a_side_that_depends_on_the_other_is_the_one_that_is_bounded() -> None:
    document = constrained(
        table("t", 400, column("b", law("uniform", low=0, high=1)), column("a", law("normal", mean="b", std=1))),
        inequalities=["t.a <= t.b"],
    )
    holds_in_a_row(document, "t", "a <= b")
    derived = constrained(
        table("t", 400, column("b", law("uniform", low=0, high=1)), column("a", {"expression": {"code": "b * 2"}})),
        inequalities=["t.a <= t.b"],
    )
    assert statuses(plan_of(derived)) == {"t.a <= t.b": "checked"}


def test_a_modifier_after_the_draw_may_leave_the_bound() -> None:
    noisy = column("b", law("uniform", low=0, high=1), modifiers=[modified("jitter", std=1)])
    document = constrained(
        table("t", 400, column("a", law("uniform", low=0, high=1)), noisy), inequalities=["t.a <= t.b"]
    )
    assert statuses(plan_of(document)) == {"t.a <= t.b": "checked"}


@pytest.mark.parametrize(
    "modifier",
    [modified("seasonality", dimension="hour", weights=[1] * 12 + [5] * 12), modified("time_jitter", std_minutes=600)],
)
def test_modifiers_of_times_never_leave_a_bound(modifier: dict[str, Any]) -> None:
    document = constrained(
        table("t", 400, column("a", TIME), column("b", TIME, modifiers=[modifier])), inequalities=["t.a <= t.b"]
    )
    holds_in_a_row(document, "t", "a <= b")
    document = constrained(
        table("t", 400, column("a", TIME, modifiers=[modifier]), column("b", TIME)), inequalities=["t.a <= t.b"]
    )
    holds_in_a_row(document, "t", "a <= b")


def test_what_a_mapping_makes_of_a_draw_is_only_looked_at() -> None:
    words = column("a", {"distribution": "1..2"}, modifiers=[modified("map_values", mapping={"1": "x", "2": "y"})])
    document = constrained(table("t", 50, words, column("b", {"uuid": {}})), inequalities=["t.a > t.b"])
    plan = plan_of(document)
    assert statuses(plan) == {"t.a > t.b": "checked"}
    assert set(table_of(plan, "t")["a"]) == {"x", "y"}


# --- what is refused


def test_a_column_is_not_less_than_itself() -> None:
    assert refused(constrained(table("t", 5, column("a", TIME)), inequalities=["t.a < t.a"]), "constraint.itself")


def test_sides_of_different_types_are_refused() -> None:
    for a, b in (
        (TIME, law("uniform", low=0, high=1)),
        ({"uuid": {}}, {"distribution": "1..5"}),
        ({"bernoulli": 0.5}, {"distribution": "1..5"}),
    ):
        document = constrained(table("t", 5, column("a", a), column("b", b)), inequalities=["t.a <= t.b"])
        assert refused(document, "constraint.types").json_path == "constraints.inequalities[0]"
    texts = constrained(
        table("t", 5, column("a", {"uuid": {}}), column("b", {"uuid": {}})), inequalities=["t.a <= t.b"]
    )
    assert statuses(plan_of(texts)) == {"t.a <= t.b": "checked"}


def test_a_circle_of_strict_inequalities_is_refused() -> None:
    columns = [column(name, TIME) for name in "abc"]
    circle = constrained(table("t", 5, *columns), inequalities=["t.a < t.b", "t.b < t.c", "t.c < t.a"])
    told = refused(circle, "constraint.contradiction")
    assert all(f"t.{name}" in told.found for name in "abc")
    against = constrained(table("t", 5, *columns), inequalities=["t.a < t.b", "t.a > t.b"])
    assert refused(against, "constraint.contradiction")
    equal = constrained(table("t", 5, *columns), inequalities=["t.a <= t.b", "t.b <= t.a"])
    assert codes_of(equal) == []


def test_windows_that_cannot_follow_each_other_are_refused_before_a_row_is_made() -> None:
    early = {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-01-31"}}}
    late = {"datetime_series": {"within": {"start": "2024-06-01", "end": "2024-06-30"}}}
    document = constrained(table("t", 5, column("a", late), column("b", early)), inequalities=["t.a <= t.b"])
    told = refused(document, "constraint.cannot_hold")
    assert "2024-06-01" in told.found
    assert "2024-01-31" in told.found
    numbers = constrained(
        table("t", 5, column("a", law("uniform", low=5, high=9)), column("b", law("uniform", low=1, high=3))),
        inequalities=["t.a < t.b"],
    )
    told = refused(numbers, "constraint.cannot_hold")
    assert "5" in told.found
    assert "3" in told.found


def test_three_draws_of_three_values_cannot_be_strictly_ordered_four_times() -> None:
    columns = [column(name, {"distribution": "1..3"}) for name in "abcd"]
    document = constrained(table("t", 5, *columns), inequalities=["t.a < t.b", "t.b < t.c", "t.c < t.d"])
    assert refused(document, "constraint.cannot_hold")
