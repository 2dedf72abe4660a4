"""Experiments are found again in the written files: balanced arms, the declared differences, and none where there is none."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen.contracts import Values
from tests.support import blocks_of, plan_of, table_of
from tests.written import Tables, written

HALF = "2024-07-01"


def shop(users: int, *, size: float = 1.0, odds: float = 1.0, rate: float = 1.0, start: str = HALF) -> dict[str, Any]:
    return {
        "name": "shop",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "experiments": [
            {
                "name": "checkout",
                "unit": "users",
                "start": start,
                "arms": {"control": 0.5, "treatment": 0.5},
                "effects": [
                    {"on": "fanout", "table": "orders", "size": rate},
                    {"on": "value", "table": "orders.amount", "size": size},
                    {"on": "value", "table": "orders.paid", "op": "odds", "size": odds},
                ],
            }
        ],
        "tables": [
            {"name": "users", "rows": users, "columns": {"tier": {"choices": {"vip": 0.2, "free": 0.8}}}},
            {
                "name": "orders",
                "parents": ["users"],
                "fanout": {"poisson": 0.5, "per": "month"},
                "columns": {
                    "moment": {"role": "time"},
                    "amount": {"lognormal": {"median": 20, "sigma": 0.4}, "decimals": 2},
                    "paid": {"bernoulli": 0.1},
                },
            },
        ],
    }


def arms(tables: Tables, late: bool = True) -> dict[str, tuple[int, int, float, float, float]]:
    """By arm: units, orders, mean and standard deviation of the logarithm of the amount, share paid, in half the time."""
    half = f"moment {'>=' if late else '<'} timestamp '{HALF}'"
    found = tables.rows(
        f"""select checkout, (select count(*) from users u where u.checkout = users.checkout), count(*),
        avg(ln(amount)), stddev(ln(amount)), avg(paid::int)
        from orders join users using (users_id) where {half} group by checkout"""
    )
    return {arm: rest for arm, *rest in found}  # type: ignore[misc]


def check(tables: Tables, *, size: float, odds: float, rate: float, late: bool = True) -> None:
    found = arms(tables, late)
    (units_0, rows_0, mean_0, sd_0, paid_0), (units_1, rows_1, mean_1, sd_1, paid_1) = (
        found["control"],
        found["treatment"],
    )
    assert abs(units_0 - units_1) < 2.58 * (units_0 + units_1) ** 0.5, "sample ratio test at p = 0.01"
    gap = mean_1 - mean_0
    error = (sd_0**2 / rows_0 + sd_1**2 / rows_1) ** 0.5
    assert abs(gap - math.log(size)) < 3 * error, f"amounts differ by {math.exp(gap):.3f}, declared {size}"
    wanted = odds * 0.1 / (0.9 + odds * 0.1)
    error = (0.09 / rows_0 + wanted * (1 - wanted) / rows_1) ** 0.5
    assert abs(paid_1 - paid_0 - (wanted - 0.1)) < 3 * error, (
        f"paid {paid_0:.3f} and {paid_1:.3f}, declared odds {odds}"
    )
    ratio = rows_1 / units_1 / (rows_0 / units_0)
    error = rate * (1 / rows_0 + 1 / rows_1) ** 0.5
    assert abs(ratio - rate) < 3 * error, f"orders differ by {ratio:.3f}, declared {rate}"


def test_the_declared_differences_are_found_and_only_from_the_start_on(tmp_path: Path):
    tables = written(shop(8_000, size=1.2, odds=1.5, rate=1.4), tmp_path / "out")
    check(tables, size=1.2, odds=1.5, rate=1.4)
    check(tables, size=1.0, odds=1.0, rate=1.0, late=False)


def test_without_effects_they_are_not(tmp_path: Path):
    with pytest.raises(AssertionError, match=r"amounts differ by (1\.0|0\.9)\d+, declared 1\.2"):
        check(written(shop(8_000), tmp_path / "out"), size=1.2, odds=1.5, rate=1.4)


def test_both_outcomes_come_from_the_same_draws():
    plan = plan_of(shop(1_000, size=1.2, odds=1.5, rate=1.4))
    for block in blocks_of(plan, "orders"):
        late = block.column("moment").array >= np.datetime64(HALF, "us").astype(np.int64)
        treated = _treated(block)
        for column in ("amount", "paid"):
            control, treatment = block.column(f"{column}_if_control"), block.column(f"{column}_if_treatment")
            seen = block.column(column).array
            assert np.array_equal(seen, np.where(treated, treatment.array, control.array))
            assert np.array_equal(control.array[~late], treatment.array[~late])
        low, high = block.column("paid_if_control").array, block.column("paid_if_treatment").array
        assert (high >= low).all()
        assert high.sum() > low.sum()
        low, high = block.column("amount_if_control").array, block.column("amount_if_treatment").array
        assert np.allclose(high[late], low[late] * 1.2, atol=0.0111)  # both rounded to cents


def _treated(block: Any) -> Any:
    parent, index = block.ancestor("users")
    arm: Values = parent.column("checkout")
    assert arm.dictionary is not None
    return np.array([text == "treatment" for text in arm.dictionary.values])[arm.array][index]


def test_the_outcomes_are_not_exported():
    plan = plan_of(shop(100, size=1.2))
    assert "amount_if_control" not in table_of(plan, "orders").columns
    assert "checkout" in table_of(plan, "users").columns


def test_sizes_differ_by_a_column_of_the_unit():
    document = copy.deepcopy(shop(6_000, size=1.2, start="timeframe.start"))
    document["experiments"][0]["effects"][1]["by"] = {"tier": {"vip": 2}}
    orders = table_of(plan_of(document), "orders").join(table_of(plan_of(document), "users"), on="users_id")
    for tier, size in (("vip", 2.0), ("free", 1.2)):
        own = {
            arm: np.log(orders.filter((orders["tier"] == tier) & (orders["checkout"] == arm))["amount"].to_numpy())
            for arm in ("control", "treatment")
        }
        error = sum(0.16 / len(values) for values in own.values()) ** 0.5
        assert abs(own["treatment"].mean() - own["control"].mean() - math.log(size)) < 4 * error, tier


def test_rows_are_the_same_in_blocks_of_any_size():
    plan = plan_of(shop(1_500, size=1.2, odds=1.5, rate=1.4))
    assert table_of(plan, "orders").equals(table_of(plan, "orders", block_rows=400))


def rejected(seeds: range, units: int) -> int:
    """In how many data sets without an effect a test at 5 % finds one."""
    document = {
        "experiments": [
            {"name": "trial", "unit": "users", "start": "timeframe.start", "arms": {"a": 0.5, "b": 0.5},
             "effects": [{"on": "value", "table": "users.spent", "size": 1}]}
        ],
        "tables": [{"name": "users", "rows": units, "columns": {"spent": {"normal": {"mean": 20, "std": 4}}}}],
    }  # fmt: skip
    count = 0
    for seed in seeds:
        frame = table_of(plan_of(document, seed=seed), "users")
        one, two = (frame.filter(frame["trial"] == arm)["spent"].to_numpy() for arm in ("a", "b"))
        error = (one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two)) ** 0.5
        count += abs(one.mean() - two.mean()) > 1.96 * error
    return count


def test_equal_arms_are_rarely_told_apart():
    # 40 tests at 5 %: 8 or more rejections have a chance of 1 in 1,500
    assert rejected(range(40), 1_000) < 8


@pytest.mark.slow
def test_equal_arms_are_told_apart_in_one_case_of_twenty():
    share = rejected(range(200), 4_000) / 200
    assert abs(share - 0.05) <= 0.02, f"{share:.1%} of 200 tests reject, 5 % +- 2 wanted"


@pytest.mark.slow
@pytest.mark.parametrize("users", [10_000, 51_000, 1_000_000])
def test_differences_are_found_at_every_size(users: int, tmp_path: Path):
    check(written(shop(users, size=1.2, odds=1.5, rate=1.4), tmp_path / "out"), size=1.2, odds=1.5, rate=1.4)


def test_the_plan_tells_what_is_found(tmp_path: Path):
    document = shop(6_000, size=1.2, odds=1.5, rate=1.4)
    told, tables = plan_of(document).effects, written(document, tmp_path / "out")
    told = [one for one in told if one.kind.startswith("experiment")]
    assert len(told) == 3
    for one in told:
        found = tables.value(one.sql)
        assert one.standard_error is not None
        assert abs(found - one.expected) < 4 * one.standard_error, f"{one.id}: {found}, told {one.expected}"
        assert one.visible
