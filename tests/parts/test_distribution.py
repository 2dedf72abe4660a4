"""`distribution`: one draw per row from a law, rounded on int columns, cut by inequalities."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import (
    column,
    fails,
    law,
    modified,
    near_mean,
    near_share,
    numbers,
    one_column,
    refused,
    schema,
    shares_of,
    table,
    values,
)
from tests.parts.proofs import proof
from tests.support import made, plan_of, table_of

ROWS = 50_000


@proof("generator", "distribution")
def test_draws_have_the_mean_and_the_spread_of_their_law() -> None:
    x = numbers(law("normal", mean=40, std=12), rows=ROWS)
    assert near_mean(x, 40, 12)
    assert abs(x.std() - 12) < 4 * 12 / np.sqrt(2 * ROWS)


@pytest.mark.parametrize(
    ("word", "params", "mean", "std"),
    [
        ("uniform", {"low": 2, "high": 8}, 5, 6 / np.sqrt(12)),
        ("lognormal", {"mean": 1, "sigma": 0.5}, np.exp(1.125), np.exp(1.125) * np.sqrt(np.exp(0.25) - 1)),
        ("poisson", {"lambda": 3}, 3, np.sqrt(3)),
        ("exponential", {"mean": 4}, 4, 4),
    ],
)
def test_the_laws_of_the_first_version_have_their_moments(
    word: str, params: dict[str, Any], mean: float, std: float
) -> None:
    assert near_mean(numbers(law(word, **params), rows=ROWS), mean, std)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"type": "normal", "params": {"mu": 5, "sigma": 2}}, law("normal", mean=5, std=2)),
        ({"type": "normal", "params": {"mean": 5, "sigma": 2}}, law("normal", mean=5, std=2)),
        ({"type": "normal", "mean": 5, "std": 2}, law("normal", mean=5, std=2)),
        ({"normal": {"mean": 5, "std": 2}}, law("normal", mean=5, std=2)),
        ({"type": "lognormal", "params": {"mu": 1, "sigma": 0.2}}, law("lognormal", mean=1, sigma=0.2)),
        ({"type": "uniform", "params": {"min": 1, "max": 4}}, law("uniform", low=1, high=4)),
        ({"type": "uniform", "min": 1, "max": 4}, law("uniform", low=1, high=4)),
        ({"poisson": 3}, law("poisson", **{"lambda": 3})),
        ({"type": "poisson", "lambda": 3}, law("poisson", **{"lambda": 3})),
        ("1..6", law("uniform", low=1, high=6, integers=True)),
        (7, law("constant", value=7)),
    ],
)
def test_every_spelling_means_the_same(written: Any, meant: dict[str, Any]) -> None:
    assert values({"distribution": written}).equals(values(meant))


def test_the_law_may_stand_on_the_column_itself() -> None:
    plain = values(law("lognormal", mean=3, sigma=0.5))
    document = schema(table("t", 1_000, {"name": "x", "lognormal": {"mean": 3, "sigma": 0.5}}))
    assert made(document, "t")["x"].equals(plain)


@proof("generator", "distribution")
def test_an_int_column_rounds_to_the_nearest_whole_number() -> None:
    exact, whole = values(law("normal", mean=10, std=3)), values(law("normal", mean=10, std=3), type="int")
    assert whole.dtype == pl.Int64
    assert np.array_equal(whole.to_numpy(), np.rint(exact.to_numpy()).astype(np.int64))


def test_the_type_is_told_from_the_law() -> None:
    assert values(law("poisson", **{"lambda": 2})).dtype == pl.Int64
    assert values({"distribution": "1..6"}).dtype == pl.Int64
    assert values(law("uniform", low=1, high=6)).dtype == pl.Float64


@pytest.mark.parametrize("type", ["string", "bool", "datetime", "date"])
def test_a_column_that_holds_no_numbers_is_refused(type: str) -> None:
    assert type in refused(one_column(law("normal", mean=0, std=1), type=type), "column.type_mismatch").found


@proof("generator", "distribution")
def test_clamped_draws_pile_up_at_the_bounds() -> None:
    x = numbers({"distribution": {"type": "normal", "params": {"mean": 0, "std": 1}, "clamp": [-1, 2]}}, rows=ROWS)
    assert (x.min(), x.max()) == (-1, 2)
    assert near_share((x == -1).mean(), 0.158655, ROWS)
    assert near_share((x == 2).mean(), 0.022750, ROWS)


@pytest.mark.parametrize(("ends", "low", "high"), [([None, 1], -np.inf, 1), ([-1, None], -1, np.inf)])
def test_either_end_of_a_clamp_may_be_open(ends: list[Any], low: float, high: float) -> None:
    free = numbers(law("normal", mean=0, std=1))
    x = numbers({"distribution": {"type": "normal", "params": {"mean": 0, "std": 1}, "clamp": ends}})
    assert np.array_equal(x, np.clip(free, low, high))


def test_truncated_draws_do_not_pile_up() -> None:
    spec = {"type": "normal", "params": {"mean": 0, "std": 1}, "truncate": [0, None]}
    x = numbers({"distribution": spec}, rows=ROWS)
    assert x.min() >= 0
    assert (x == 0).mean() < 1e-3
    assert near_mean(x, np.sqrt(2 / np.pi), np.sqrt(1 - 2 / np.pi))


def test_a_truncated_law_may_keep_its_mean() -> None:
    spec = {"type": "normal", "params": {"mean": 2, "std": 2}, "truncate": [0, None], "keep_mean": True}
    assert near_mean(numbers({"distribution": spec}, rows=ROWS), 2, 1.5)


def test_a_clamp_whose_ends_are_swapped_is_refused() -> None:
    spec = {"type": "normal", "params": {"mean": 0, "std": 1}, "clamp": [5, -5]}
    assert refused(one_column({"distribution": spec}), "law.clamp")


def test_parameters_may_be_expressions_of_the_row() -> None:
    group = column("g", {"choice": {"choices": [10, 1000]}})
    document = schema(table("t", ROWS, group, column("x", law("normal", mean="g", std="g * 0.01"))))
    frame = made(document, "t")
    for mean in (10, 1000):
        x = frame.filter(pl.col("g") == mean)["x"].to_numpy()
        assert near_mean(x, mean, mean * 0.01)
        assert abs(x.std() / (mean * 0.01) - 1) < 4 / np.sqrt(2 * len(x))


def test_an_unknown_law_or_parameter_is_refused_with_the_nearest() -> None:
    assert "normal" in str(refused(one_column(law("norml", mean=0, std=1)), "law.unknown").hint)
    assert refused(one_column(law("normal", mean=0)), "law.missing_parameter")
    assert refused(one_column(law("normal", mean=0, std=-1)), "law.parameter_out_of_range").json_path.endswith("std")
    assert "g2" in str(refused(one_column(law("normal", mean="g2", std=1)), "expression.unknown_name").found)


# --- inequalities cut the draw


def pair(
    first: dict[str, Any], then: dict[str, Any], op: str = "<=", *, rows: int = 5_000, **keys: Any
) -> dict[str, Any]:
    return schema(
        table("t", rows, column("a", first, **keys), column("b", then, **keys)),
        constraints={"inequalities": [{"left": "t.a", "op": op, "right": "t.b"}]},
    )


@proof("generator", "distribution")
def test_an_inequality_cuts_the_draw_and_keeps_its_shape() -> None:
    frame = made(pair(law("uniform", low=0, high=0.5), law("exponential", mean=1)), "t")
    a, b = frame["a"].to_numpy(), frame["b"].to_numpy()
    assert (a <= b).all()
    assert near_mean(b - a, 1, 1)  # the exponential law forgets where it was cut


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("decimals", [0, 1, 2, None])
def test_rounding_never_leaves_an_inequality(op: str, decimals: int | None) -> None:
    small, large = law("uniform", low=0, high=1), law("uniform", low=0, high=3)
    first, then = (small, large) if op in ("<", "<=") else (large, small)
    keys = {} if decimals is None else {"decimals": decimals}
    plan = plan_of(pair(first, then, op, **keys))
    assert plan.constraints[-1].status == "held"
    frame = table_of(plan, "t")
    assert frame.filter(pl.sql_expr(f"a {op} b")).height == frame.height


def test_whole_numbers_keep_a_strict_inequality() -> None:
    frame = made(pair({"distribution": "1..5"}, {"distribution": "1..5"}, "<"), "t")
    assert (frame["a"] < frame["b"]).all()
    assert set(frame["a"]) == {1, 2, 3, 4}
    assert set(frame["b"]) == {2, 3, 4, 5}


def test_a_bound_on_another_grid_is_moved_onto_the_own_one() -> None:
    document = schema(
        table(
            "t",
            5_000,
            column("a", law("uniform", low=0, high=1), decimals=3),
            column("b", law("uniform", low=0, high=2), decimals=1),
        ),
        constraints={"inequalities": [{"left": "t.a", "op": "<", "right": "t.b"}]},
    )
    frame = made(document, "t")
    assert (frame["a"] < frame["b"]).all()
    assert ((frame["b"] * 10).round(6) % 1 == 0).all()


def test_no_room_between_the_bounds_is_refused_with_the_count() -> None:
    told = fails(
        pair({"expression": {"code": "row_number"}}, law("uniform", low=0, high=10), "<", rows=30),
        "t",
        "constraint.empty_interval",
    )
    assert told.json_path == "t.b"
    assert "21 rows" in told.found
    assert "t.a < t.b" in told.expected


def test_a_bound_that_the_law_cannot_reach_is_met_itself_where_it_is_allowed() -> None:
    frame = made(pair({"expression": {"code": "row_number"}}, law("uniform", low=0, high=10), "<=", rows=30), "t")
    assert frame["b"].to_list()[10:] == [float(k) for k in range(11, 31)]
    assert (frame["b"][:10] <= 10).all()


def test_rounded_draws_inside_bounds_keep_their_chances() -> None:
    # uniform from 0.5 to 5.5 rounds to 1..5, each equally likely, above every bound too
    frame = made(pair({"distribution": "1..4"}, law("uniform", low=0.5, high=5.5), "<=", rows=ROWS, type="int"), "t")
    for least in (1, 2, 3, 4):
        found = shares_of(frame.filter(pl.col("a") == least)["b"])
        n = frame.filter(pl.col("a") == least).height
        assert sorted(found) == list(range(least, 6))
        assert all(near_share(share, 1 / (6 - least), n) for share in found.values())


def test_a_bound_that_is_null_bounds_nothing() -> None:
    document = pair(law("uniform", low=5, high=6), law("uniform", low=0, high=10), rows=2_000)
    document["nodes"][0]["columns"][1]["when"] = "row_number % 2 = 0"
    frame = made(document, "t")
    assert frame.filter(pl.col("a").is_null() & (pl.col("b") < 4)).height > 200
    assert frame.filter(pl.col("a") > pl.col("b")).height == 0


# --- unique


@proof("generator", "distribution")
def test_unique_whole_numbers_never_repeat() -> None:
    x = values(law("uniform", low=1, high=1_000, integers=True), rows=1_000, unique=True)
    assert sorted(x) == list(range(1, 1_001))
    assert x.to_list() != sorted(x)
    wide = values(law("uniform", low=100_000, high=999_999), rows=5_000, unique=True, type="int")
    assert wide.n_unique() == 5_000
    assert near_mean(wide.to_numpy(), 549_999.5, 900_000 / np.sqrt(12))


def test_unique_whole_numbers_that_are_too_few_are_refused_with_the_arithmetic() -> None:
    told = refused(one_column({"distribution": "1..9999"}, rows=20_000, unique=True), "unique.domain_too_small")
    assert "9,999 possible values < 20,000 rows" in told.found


def test_whole_numbers_of_another_law_cannot_be_unique() -> None:
    for spec in (law("poisson", **{"lambda": 1e6}), law("normal", mean=0, std=1e6)):
        assert refused(one_column(spec, rows=100, unique=True, type="int"), "unique.not_by_law")
    clamped = {"distribution": {"type": "uniform", "params": {"low": 1, "high": 9_999}, "clamp": [5, 9_000]}}
    assert refused(one_column(clamped, rows=10, unique=True, type="int"), "unique.not_by_law")


def test_unique_floats_are_refused_where_rounding_makes_equal_ones_likely() -> None:
    told = refused(one_column(law("uniform", low=0, high=1), rows=1_000, unique=True, decimals=2), "unique.not_by_law")
    assert "pairs of equal values" in told.found
    assert values(law("uniform", low=0, high=1), rows=1_000, unique=True).n_unique() == 1_000
    assert refused(one_column(law("normal", mean=0, std=1), rows=200_000, unique=True), "unique.not_by_law")


def test_a_unique_number_cannot_also_be_bounded() -> None:
    document = pair({"distribution": "1..50"}, {"distribution": "1..100"}, rows=20)
    document["nodes"][0]["columns"][2]["unique"] = True
    assert "inequal" in refused(document, "unique.not_by_law").found


def test_modifiers_see_the_draw_before_it_is_rounded() -> None:
    exact = numbers(law("normal", mean=10, std=3))
    scaled = numbers(law("normal", mean=10, std=3), type="int", modifiers=[modified("multiply", factor=10)])
    assert np.array_equal(scaled, np.rint(exact * 10))
