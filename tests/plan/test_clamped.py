"""A clamp on a fan-out is told where it moves a planted ratio, with the arithmetic; what is told is what comes out."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from datagen.errors import Finding
from datagen.plan.effects import PlantedEffect
from datagen.plan.model import Plan
from tests.support import plan_of, table_of

ROWS = 6_000


def document(clamp: list[Any] | None, law: dict[str, Any], **more: Any) -> dict[str, Any]:
    fanout = {**law, **({} if clamp is None else {"clamp": clamp}), **more}
    return {
        "name": "clamped",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {
                "name": "users",
                "rows": ROWS,
                "columns": {"plan": {"choices": {"vip": "20%", "standard": "50%", "budget": "30%"}}},
                "segment_behavior": {
                    "vip": {"fanout_multiplier": 3.5},
                    "standard": {},
                    "budget": {"fanout_multiplier": 0.8},
                },
            },
            {
                "name": "orders",
                "parents": ["users"],
                "fanout": fanout,
                "columns": {"at": {"role": "time"}} if "per" in more else {"size": {"uniform": {"low": 0, "high": 1}}},
            },
        ],
    }


def told(plan: Plan) -> list[Finding]:
    return [finding for finding in plan.findings if finding.code == "fanout.clamp_dilutes"]


def effect(plan: Plan, value: str) -> PlantedEffect:
    [found] = [one for one in plan.effects if one.id == f"users.plan.{value}.rows_of_orders"]
    return found


def measured(plan: Plan) -> dict[str, float]:
    """Mean rows of each segment."""
    counts = table_of(plan, "orders").group_by("users_id").len()
    joined = table_of(plan, "users").join(counts, on="users_id", how="left").fill_null(0)
    return dict(joined.group_by("plan").agg(pl.col("len").mean()).iter_rows())


# worked out by adding up the Poisson law: E[min(Poisson(21), c)] / E[min(Poisson(6), c)]
@pytest.mark.parametrize(("cap", "ratio"), [(10, 1.69), (15, 2.47), (30, 3.49)])
def test_ratios_of_capped_poisson_counts_are_those_of_the_law(cap: int, ratio: float) -> None:
    assert effect(plan_of(document([0, cap], {"poisson": 6})), "vip").expected == pytest.approx(ratio, abs=0.005)


def test_the_finding_shows_the_arithmetic_and_its_place() -> None:
    [finding] = told(plan_of(document([0, 10], {"poisson": 6})))
    assert finding.severity == "warning"
    assert finding.json_path == "tables[1].fanout.clamp"
    for words in ("vip x3.5 becomes x1.69", "10 rows instead of 21", "5.92 instead of 6 of standard"):
        assert words in finding.found
    assert "budget" not in finding.found  # 0.808 of 0.8: within 2 %
    assert finding.hint == "a cap of 26 does"


@pytest.mark.parametrize("clamp", [None, [0, 30], [0, None]])
def test_a_clamp_that_hardly_acts_is_not_told(clamp: list[Any] | None) -> None:
    plan = plan_of(document(clamp, {"poisson": 6}))
    assert told(plan) == []
    assert effect(plan, "vip").expected == pytest.approx(3.5, rel=0.02)


def test_the_cap_of_the_hint_is_just_enough() -> None:
    assert told(plan_of(document([0, 26], {"poisson": 6}))) == []
    assert told(plan_of(document([0, 25], {"poisson": 6})))


def test_a_clamp_does_nothing_to_what_rows_pick() -> None:
    picked = document([0, 4], {"poisson": 6}, per="year")
    sellers = {**picked["tables"][0], "name": "sellers"}
    buyers = {"name": "users", "rows": 500, "columns": {"size": {"uniform": {"low": 0, "high": 1}}}}
    orders = {**picked["tables"][1], "parents": ["users", "sellers"]}
    orders["columns"] = {"at": {"role": "time"}, "seller": {"ref": "sellers"}}
    plan = plan_of({**picked, "tables": [buyers, sellers, orders]})
    assert told(plan) == []
    [vip] = [one for one in plan.effects if one.id == "sellers.plan.vip.rows_of_orders"]
    assert vip.expected == 3.5


def test_a_floor_is_told_too() -> None:
    [finding] = told(plan_of(document([5, None], {"poisson": 6})))
    assert "lower the floor" in finding.hint


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"poisson": 6}, {}),
    ({"poisson": 6}, {"per": "year"}),
    ({"poisson": 6}, {"per": "parent"}),
    ({"poisson": 6}, {"per": "year", "heterogeneity": {"gamma": 2}}),
    ({"negative_binomial": {"mean": 6, "shape": 2}}, {}),
    ({"negative_binomial": {"mean": 6, "shape": 2}}, {"per": "parent"}),
    ({"uniform": {"low": 2, "high": 8}}, {}),
    ({"uniform": {"low": 2, "high": 8}}, {"per": "parent"}),
]


@pytest.mark.parametrize("clamp", [[0, 12], [4, None]], ids=["cap", "floor"])
@pytest.mark.parametrize(("law", "more"), CASES, ids=[f"{next(iter(law))}-{'-'.join(more)}" for law, more in CASES])
def test_what_is_told_is_what_comes_out(law: dict[str, Any], more: dict[str, Any], clamp: list[Any]) -> None:
    plan = plan_of(document(clamp, law, **more))
    means = measured(plan)
    for value in ("vip", "budget"):
        one = effect(plan, value)
        ratio = means[value] / means["standard"]
        assert one.standard_error is not None
        # 4 standard errors, and 0.5 % for the quantiles that stand for the laws
        bound = 4 * one.standard_error + 0.005 * one.expected
        assert abs(ratio - one.expected) < bound, f"{value}: estimate {ratio:.4f}, target {one.expected:.4f}"


def test_without_the_clamp_the_diluted_ratio_is_missed() -> None:
    """The twin of the test above."""
    told_ratio = effect(plan_of(document([0, 12], {"poisson": 6})), "vip")
    means = measured(plan_of(document(None, {"poisson": 6})))
    ratio = means["vip"] / means["standard"]
    assert told_ratio.standard_error is not None
    assert abs(ratio - told_ratio.expected) > 4 * told_ratio.standard_error


def test_standard_errors_hold_what_parents_differ_in() -> None:
    """Over 20 seeds the mean square distance is 1 ± 0.32, from 0.3 to 2.4 in 999 of 1,000 cases."""
    squares = []
    for seed in range(20):
        small = document(None, {"poisson": 6}, per="year", heterogeneity={"gamma": 1})
        small["tables"][0]["rows"] = 1_000
        plan = plan_of(small, seed=seed)
        one, means = effect(plan, "vip"), measured(plan)
        assert one.standard_error is not None
        squares.append(((means["vip"] / means["standard"] - one.expected) / one.standard_error) ** 2)
    mean = sum(squares) / len(squares)
    assert 0.3 < mean < 2.4, f"root mean square distance {math.sqrt(mean):.2f} standard errors"


def test_an_effect_that_nobody_can_see_is_told_with_its_place() -> None:
    faint = document(None, {"poisson": 6}, per="year")
    faint["tables"][0]["rows"] = 300
    faint["tables"][0]["segment_behavior"] = {"segments": {"vip": {"fanout_multiplier": 1.02}, "standard": {}}}
    [finding] = [one for one in plan_of(faint).findings if one.code == "effect.invisible"]
    assert finding.severity == "info"
    assert finding.json_path == "tables[0].segment_behavior.segments.vip.fanout_multiplier"
    assert "users.plan.vip.rows_of_orders: 1.02 ±" in finding.found
    [one] = plan_of(faint).effects
    assert one.json_path == finding.json_path
    assert one.errors is not None
    wanted = round(300 * (4 / one.errors) ** 2 * 1.05)
    assert f"{(4 / one.errors) ** 2:,.1f} times the rows" in finding.hint
    faint["tables"][0]["rows"] = wanted
    assert [one.code for one in plan_of(faint).findings] == []


def test_findings_of_effects_name_the_line() -> None:
    text = """\
timeframe: {start: 2024-01-01, end: 2024-12-31}
tables:
  - name: users
    rows: 300
    columns: {plan: {choices: [free, paid]}}
    segment_behavior:
      paid: {fanout_multiplier: 1.02}
      free: {}
  - {name: visits, parents: [users], fanout: {poisson: 3, per: month}, columns: {at: {role: time}}}
"""
    [finding] = plan_of(text).findings
    assert (finding.code, finding.line) == ("effect.invisible", 7)


LAWS: dict[str, dict[str, Any]] = {
    "poisson": {"poisson": 6},
    "negative_binomial": {"negative_binomial": {"mean": 6, "shape": 2}},
    "uniform": {"uniform": {"min": 0, "max": 12}},
    "constant": {"constant": 3},
}


CASES: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    "month": ("month", [0, 40], {"heterogeneity": {"gamma": 2}}),
    "window": ("window", [2, 8], {}),
    "silent": ("year", [1, 6], {"p_zero": 0.3}),
}


@pytest.mark.parametrize(("per", "clamp", "more"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("law", LAWS)
def test_expected_rows_and_ratios_know_of_the_clamp(law: str, per: str, clamp: list[Any], more: dict[str, Any]) -> None:
    plan = plan_of(document(clamp, LAWS[law], per=per, **more))
    orders = table_of(plan, "orders")
    counts = table_of(plan, "users").join(orders.group_by("users_id").len(), on="users_id", how="left").fill_null(0)
    deviation = float(counts["len"].std())
    expected, rows = plan.tables["orders"].expected_rows, len(orders)
    # 4 standard errors of 6,000 parents, and half a percent for quantiles that stand for a law
    assert abs(rows - expected) < 4 * deviation * ROWS**0.5 + 0.005 * expected, f"{rows} rows, expected {expected:.0f}"
    found, vip = measured(plan), effect(plan, "vip")
    ratio, error = found["vip"] / found["standard"], vip.standard_error
    assert error is not None
    assert abs(ratio - vip.expected) < 4 * error + 0.01 * ratio, f"ratio {ratio:.3f}, told {vip.expected:.3f}"
    assert told(plan)


def test_who_has_no_rate_has_no_rows_whatever_the_floor() -> None:
    for law in LAWS.values():
        plan = plan_of(document([2, 8], law, per="window", p_zero=0.5))
        silent = ROWS - table_of(plan, "orders")["users_id"].n_unique()
        assert abs(silent - ROWS / 2) < 4 * (ROWS / 4) ** 0.5
