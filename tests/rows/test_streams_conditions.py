"""Conditions on emits that come at a rate, and kinds of events with points in their names."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.rows.once import made
from tests.rows.test_streams import TICKET, document
from tests.support import plan_of, table_of

TREND = {"trend": {"growth_rate": 0.1, "time_unit": "week"}}
RATES = [
    {"poisson": 1, "per": "day"},
    {"poisson": 0.4, "per": "day", "clamp": [5, 12]},
    {"negative_binomial": {"mean": 3, "shape": 1}, "per": "week"},
    {"uniform": {"low": 0, "high": 6}, "per": "parent", "multipliers": [TREND]},
    {"every": "5d"},
]


@pytest.mark.parametrize("fanout", RATES)
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_a_condition_on_a_rate_takes_events_of_some_rows_and_moves_no_other(fanout: dict[str, Any], rows: int) -> None:
    every = {"of": "users", "event_type": "ping", "fanout": fanout}
    some = {**every, "when": "user_id % 3 = 1"}
    kept = made(document(every), "events").filter(pl.col("user_id") % 3 == 1).drop("event_id")
    assert table_of(plan_of(document(some)), "events", block_rows=rows).drop("event_id").equals(kept)


def test_a_kind_of_event_may_have_points_in_its_name() -> None:
    emit = {**TICKET, "event_type": "ticket.opened"}
    assert set(made(document(emit), "events")["event_type"]) == {"ticket.opened"}
