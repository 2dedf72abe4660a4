"""A bound binds only the rows that have a value: where `when` does not hold there is nothing to keep in bounds."""

from __future__ import annotations

from typing import Any

import pytest

from datagen.errors import SchemaError
from tests.parts.columns import column, law, schema, table
from tests.support import plan_of, table_of

HOUR = {"within": {"start": "2024-01-01", "end": "2024-01-31"}}
SHIPPED = column("shipped", {"expression": {"code": "made + to_days(days)"}})


def orders(
    generator: dict[str, Any], when: str, op: str, *more: dict[str, Any], left: str = "shipped"
) -> dict[str, Any]:
    made = [column("made", {"datetime_series": HOUR}), column("days", {"distribution": "0..40"}), SHIPPED]
    return schema(
        table("orders", 2_000, *made, *more, column("refund", generator, when=when)),
        constraints={"inequalities": [{"left": f"orders.{left}", "op": op, "right": "orders.refund"}]},
    )


def test_rows_without_a_time_need_no_room_for_one() -> None:
    # a row that is shipped in February leaves a refund in January no room
    frame = table_of(plan_of(orders({"datetime_series": HOUR}, "shipped < timestamp '2024-01-30'", "<")), "orders")
    full = frame.drop_nulls("refund")
    assert 100 < full.height < 1_900
    assert (full["shipped"] < full["refund"]).all()
    assert (full["shipped"].dt.month() == 1).all()


def test_rows_without_a_number_need_no_room_for_one() -> None:
    load = column("load", {"expression": {"code": "days * 2"}})
    document = orders(law("uniform", low=0, high=10), "days < 5", "<", load, left="load")
    full = table_of(plan_of(document), "orders").drop_nulls("refund")
    assert 100 < full.height < 1_900
    assert (full["load"] < full["refund"]).all()


@pytest.mark.parametrize("when", ["true", "days > 20"])
def test_rows_with_a_value_are_still_refused_without_room(when: str) -> None:
    with pytest.raises(SchemaError) as caught:
        table_of(plan_of(orders({"datetime_series": HOUR}, when, "<")), "orders")
    assert [finding.code for finding in caught.value.findings] == ["constraint.empty_interval"]


def test_a_condition_changes_no_value_that_stays() -> None:
    always = table_of(plan_of(orders({"datetime_series": HOUR}, "true", "<=")), "orders")
    often = table_of(plan_of(orders({"datetime_series": HOUR}, "days > 5", "<=")), "orders")
    kept = often["refund"].is_not_null()
    assert 100 < kept.sum() < 1_900
    assert always.filter(kept)["refund"].to_list() == often.filter(kept)["refund"].to_list()
