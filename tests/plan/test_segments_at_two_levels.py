"""Segments that multiply a table and the table below it: what is expected of the lower one, per row of the entity."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parts.columns import child, schema, table
from tests.support import plan_of, table_of

PLAN = {"name": "plan", "generator": {"choice": {"choices": ["free", "pro"], "weights": [0.8, 0.2]}}}
BOTH = {"segment_column": "plan", "segments": {"pro": {"fanout_multiplier": 4}}, "applies_to": ["b", "c"]}


def document(law: Any) -> dict[str, Any]:
    entity = table("a", 4_000, PLAN, segment_behavior=BOTH)
    return schema(entity, child("b", "a", fanout=law), child("c", "b", fanout=law))


@pytest.mark.parametrize("law", [{"poisson": 2}, {"negative_binomial": {"mean": 2, "shape": 3}}])
def test_rows_and_ratios_of_the_lower_table_follow_both(law: Any) -> None:
    plan = plan_of(document(law))
    lower = plan.tables["c"]
    # per a: (0.8 x 2 x 2) + (0.2 x 8 x 8) = 16
    assert lower.expected_rows == pytest.approx(4_000 * 16, rel=1e-6)
    (effect,) = [one for one in plan.effects if one.id == "a.plan.pro.rows_of_c"]
    assert effect.expected == pytest.approx(16)
    owners = table_of(plan, "a")
    rows = table_of(plan, "c").join(table_of(plan, "b"), on="b_id").join(owners, on="a_id")
    per = rows["plan"].value_counts().join(owners["plan"].value_counts(name="owners"), on="plan")
    rate = {name: count / n for name, count, n in per.select("plan", "count", "owners").iter_rows()}
    assert rate["pro"] / rate["free"] == pytest.approx(16, rel=0.12)  # 4 standard errors of the fewer free ones
    assert rows.height == pytest.approx(lower.expected_rows, rel=0.1)


def test_ratios_below_a_table_are_told_without_an_error_that_leaves_its_spread_out() -> None:
    (effect,) = [one for one in plan_of(document({"poisson": 2})).effects if one.id == "a.plan.pro.rows_of_c"]
    assert effect.standard_error is None
