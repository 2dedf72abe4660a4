"""Stages by address, whatever the blocks; their order, their window, their journeys, and what is refused of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datagen import api
from datagen.engine.options import Options
from tests.rows.funnels import KINDS, STAGES, funnel
from tests.rows.once import made, plan_of
from tests.support import codes_of, findings_of, table_of

START, END = datetime(2024, 1, 1), datetime(2025, 1, 1)  # of the window
ORDER = ["customer_id", "number", "place", "stage", "at"]
NAMES = [*STAGES, "abandoned"]


@pytest.mark.parametrize("rows", [60, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_any_size_hold_the_same_rows(kind: str, rows: int) -> None:
    whole = made(funnel(kind, rows=rows), "journey")
    assert whole.height > rows / 2
    for block_rows in (1, 7, 300):
        assert_frame_equal(table_of(plan_of(funnel(kind, rows=rows)), "journey", block_rows=block_rows), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_more_customers_leave_the_rows_of_the_others_alone(kind: str) -> None:
    few, many = made(funnel(kind, rows=80), "journey"), made(funnel(kind, rows=200), "journey")
    assert_frame_equal(many.filter(pl.col("customer_id") <= 80).select(ORDER), few.select(ORDER))
    assert many.height > few.height


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("compressed", "several", "by parent")])
def test_a_longer_window_only_appends(kind: str) -> None:
    """Compressed stages, and journeys that begin anywhere until the end, move with it."""

    def rows(end: str) -> pl.DataFrame:
        document = funnel(kind)
        document["timeframe"]["end"] = end
        # of customers that both windows have
        document["nodes"][0]["columns"][2]["generator"] = {
            "datetime_series": {"within": {"start": "2024-01-01", "end": "2024-12-31"}}
        }
        return made(document, "journey").select(ORDER)

    short, long = rows("2024-12-31"), rows("2025-12-31")
    assert_frame_equal(long.filter(pl.col("at") < END), short)
    assert long.height > short.height or kind == "launched"


@pytest.mark.parametrize("kind", KINDS)
def test_stages_come_in_order_a_second_apart_inside_the_window_and_after_creation(kind: str) -> None:
    plan = plan_of(funnel(kind))
    journeys, customers = table_of(plan, "journey"), table_of(plan, "customer")
    steps = journeys.with_columns(
        place=pl.when(pl.col("stage") == "abandoned").then(pl.col("place") - 0.5).otherwise(pl.col("place"))
    ).with_columns(
        waited=pl.col("at").diff().over("customer_id", "number"),
        further=pl.col("place").diff().over("customer_id", "number"),
    )
    assert steps.filter(pl.col("waited") < timedelta(seconds=1)).height == 0
    assert steps.filter(pl.col("further") <= 0).height == 0
    assert steps.filter(~pl.col("at").is_between(START, END, closed="left")).height == 0
    both = journeys.join(customers, on="customer_id")
    assert both.filter(pl.col("at") < pl.col("created_at")).height == 0
    named = journeys.filter(pl.col("stage") != "abandoned")
    assert (named["stage"] == [list(STAGES)[place - 1] for place in named["place"]]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_plan_expects_the_rows_that_come(kind: str) -> None:
    plan = plan_of(funnel(kind, rows=6_000))
    journey = plan.tables["journey"]
    assert not journey.rows_guessed
    assert journey.counts.guessed == (
        kind == "by parent"
    )  # its laws depend on the customer: 4,096 of them are looked at
    found = table_of(plan, "journey").group_by("customer_id").len()["len"].to_numpy().astype(float)
    rows = np.concatenate([found, np.zeros(6_000 - len(found))])
    # 4 standard errors, and 1 % for the 4,096 imagined passages
    chance = 4 * rows.std() * (1 / 6_000 + (1 / 4_096 if kind == "by parent" else 0)) ** 0.5
    assert abs(rows.mean() - journey.expected_rows / 6_000) < chance + 0.01 * rows.mean()
    assert rows.max() <= journey.counts.largest


def test_runs_with_workers_are_equal(tmp_path: Path) -> None:
    for kind in ("dropoff", "several", "by parent"):
        hashes = {
            api.generate(
                api.prepare(funnel(kind)), tmp_path / f"{kind} {workers}", Options(workers=workers)
            ).content_hash
            for workers in (1, 2)
        }
        assert len(hashes) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"stages": {"visit": 0, "order": 0.5}},
        {"instances_per_parent": 0},
        {"start": {"from": "2030-01-01"}},
        {"start": {"from": "2020-01-01"}},
    ],
)
def test_a_funnel_that_nobody_enters_has_no_rows(changes: dict[str, Any]) -> None:
    document = funnel(rows=50, **changes)
    document["nodes"][0]["columns"][2].pop("role")  # nothing comes before a creation
    plan = plan_of(document)
    for block_rows in (7, 300):
        assert table_of(plan, "journey", block_rows=block_rows).height == 0
    assert plan.tables["journey"].counts.expected == 0


def test_a_funnel_of_no_customers_has_no_rows() -> None:
    assert made(funnel("several", rows=0), "journey").height == 0


def test_journeys_are_numbered_in_the_order_in_which_they_begin() -> None:
    for kind in ("several", "several delayed"):
        first = made(funnel(kind, rows=2_000), "journey").filter(pl.col("place") == 1)
        assert first["number"].max() > 2
        assert first.filter(pl.col("at").diff().over("customer_id") < timedelta(0)).height == 0
        assert first.filter(pl.col("number").diff().over("customer_id") != 1).height == 0


def test_without_dwell_a_stage_takes_a_day_in_the_median() -> None:
    rows = made(funnel(rows=6_000, stages={"a": 1, "b": 1}), "journey")
    waited = rows.with_columns(waited=pl.col("at").diff().over("customer_id"))["waited"].drop_nulls()
    hours = np.sort(waited.dt.total_seconds().to_numpy() / 3600)
    # a quantile is off by 4 standard errors of its probability at most
    edge = 4 * (0.25 / len(hours)) ** 0.5
    assert hours[int((0.5 - edge) * len(hours))] < 24 < hours[int((0.5 + edge) * len(hours))]


def test_stages_start_at_the_parents_time_where_no_creation_is_known() -> None:
    document = funnel()
    document["nodes"][0]["columns"][2].pop("role")
    plan = plan_of(document)
    both = table_of(plan, "journey").join(table_of(plan, "customer"), on="customer_id").filter(pl.col("place") == 1)
    assert (both["at"] == both["created_at"]).all()
    del document["nodes"][0]["columns"][2]
    visits = made(document, "journey").filter(pl.col("place") == 1)["at"]
    assert visits.n_unique() > 250
    assert abs((visits - START).dt.total_days().mean() - 183) < 4 * 366 / (12 * len(visits)) ** 0.5  # of a uniform


def test_a_parent_without_a_beginning_has_no_journey() -> None:
    document = funnel()
    document["nodes"][0]["columns"].append(
        {"name": "won_at", "type": "datetime", "nullable": True, "when": "patience > 20",
         "generator": {"expression": {"code": "created_at"}}}
    )  # fmt: skip
    document["nodes"][1]["stage_config"]["start"] = {"from": "won_at"}
    plan = plan_of(document)
    customers = table_of(plan, "customer")
    begun = set(customers.filter(pl.col("won_at").is_not_null())["customer_id"])
    assert set(table_of(plan, "journey")["customer_id"]) == begun


def test_the_part_of_a_funnel_before_the_window_is_not_written() -> None:
    changes = {"start": {"from": "2023-12-31"}, "stages": {"a": 1, "b": {"dwell": "12h"}, "c": {"dwell": "12h"}}}
    document = funnel(rows=10, **changes)
    document["nodes"][0]["columns"][2].pop("role")  # nothing comes before a creation
    assert made(document, "journey")["stage"].to_list() == ["c"] * 10


def test_departure_ends_a_journey() -> None:
    document = funnel()
    document["nodes"][0]["columns"].append(
        {"name": "left_at", "type": "datetime", "generator": {"expression": {"code": "created_at + to_days(1)"}}}
    )
    document["constraints"] = {"inequalities": [{"left": "journey.at", "op": "<", "right": "customer.left_at"}]}
    plan = plan_of(document)
    both = table_of(plan, "journey").join(table_of(plan, "customer"), on="customer_id")
    assert both.filter(pl.col("at") >= pl.col("left_at")).height == 0
    assert both.filter(pl.col("place") > 1).height > 0


def test_segments_multiply_the_number_of_journeys_where_they_name_the_table() -> None:
    document = funnel(rows=6_000)
    document["nodes"][0]["segment_behavior"] = {
        "segments": {"vip": {"fanout_multiplier": 2}, "standard": {}},
        "applies_to": ["journey"],
    }
    plan = plan_of(document)
    both = table_of(plan, "journey").filter(pl.col("place") == 1).join(table_of(plan, "customer"), on="customer_id")
    journeys = dict(both.group_by("segment").agg(pl.len() / pl.col("customer_id").n_unique()).iter_rows())
    assert journeys == {"vip": 2.0, "standard": 1.0, "budget": 1.0}


def test_clipping_is_a_warning_that_names_segment_and_stage() -> None:
    found = findings_of(funnel(segment_variation={"vip": {"transition_multiplier": 1.3}}))
    [warning] = [one for one in found if one.severity == "warning"]
    assert (warning.code, warning.severity) == ("stage.clipped", "warning")
    assert "1.3 x 0.8 = 1.04 for segment vip at stage order" in warning.found
    odds = findings_of(funnel(multiplier_mode="odds", segment_variation={"vip": {"transition_multiplier": 1.3}}))
    assert [one for one in odds if one.severity == "warning"] == []


@pytest.mark.parametrize("mode", ["probability", "odds"])
def test_a_rate_of_one_is_certain_for_every_segment(mode: str) -> None:
    changes = {"segment_variation": {"vip": {"transition_multiplier": 0.2}}, "multiplier_mode": mode}
    rows = made(funnel(stages={"a": 1, "b": {"dwell": "1s"}}, **changes), "journey")
    assert rows.height == 600


def test_the_plan_says_what_share_reaches_each_stage() -> None:
    stages = {"a": 1, "b": {"transition_rate": 0.5, "dwell": "1s"}, "c": {"transition_rate": 0.5, "dwell": "365d"}}
    said = plan_of(funnel(stages=stages)).tables["journey"].counts.description
    assert said == "stages from created_at: a 100.0%, b 50.0%, c 0.1% (25.0% in the end)"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"segment_variation": {"vips": {"transition_multiplier": 2}}}, "segment.no_column"),
        ({"segment_variation": {"vip": {"transition_multiplier": 2}, "gold": {"transition_multiplier": 2}}},
         "segment.unknown_value"),
        ({"stages": {"a": 1, "b": {"dwell": {"normal": {"mean": 3, "std": 1}}}}}, "law.no_unit"),
        ({"start": {"from": "segment"}}, "stage.start_type"),
        ({"start": {"from": "creatd_at"}}, "expression.unknown_name"),
        ({"instances_per_parent": {"poisson": "-1"}}, "law.parameter_out_of_range"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes: dict[str, Any], code: str) -> None:
    assert code in codes_of(funnel(**changes))


def test_a_generator_of_a_filled_column_is_a_placeholder_in_old_documents_only() -> None:
    document = funnel()
    document["nodes"][1]["columns"][2] = {
        "name": "stage_name", "type": "string", "generator": {"choice": {"choices": ["a", "b"]}}
    }  # fmt: skip
    assert codes_of(document) == ["process.placeholder"]
    [warning] = findings_of({**document, "version": "1.0"})
    assert (warning.code, warning.severity) == ("process.placeholder", "warning")
    assert set(made({**document, "version": "1.0"}, "journey")["stage_name"]) <= set(STAGES)


def test_the_time_of_an_old_document_is_told_by_its_name() -> None:
    document = funnel()
    copied = {"lookup": {"from": "customer.created_at", "on": {"this_key": "customer_id"}}}
    document["nodes"][1]["columns"] = [
        {"name": "customer_id", "generator": {"lookup": {"from": "customer.customer_id"}}},
        {"name": "joined_at", "type": "datetime", "generator": copied},
        {"name": "stage_name", "type": "string", "generator": {"choice": {"choices": ["a", "b"]}}},
        {"name": "event_timestamp", "type": "datetime", "generator": {"datetime_series": {}}},
    ]
    document["constraints"] = {
        "inequalities": [
            {"left": "journey.event_timestamp", "op": "<", "right": "customer.left_at"},
        ]
    }
    left = {"name": "left_at", "type": "datetime", "generator": {"expression": {"code": "created_at + to_days(1)"}}}
    document["nodes"][0]["columns"].append(left)
    plan = plan_of({**document, "version": "1.0"})
    rows = table_of(plan, "journey")
    assert plan.tables["journey"].time_column == "event_timestamp"
    assert (
        rows.filter(~pl.col("event_timestamp").is_between("joined_at", pl.col("joined_at").dt.offset_by("1d"))).height
        == 0
    )
    assert set(rows["stage_name"]) >= {"visit", "sign_up"}


def test_times_are_dates_or_finer_where_the_column_says_so() -> None:
    document = funnel()
    document["nodes"][1]["columns"][3] = {"name": "at", "role": "time", "type": "date"}
    dates = made(document, "journey")
    assert dates["at"].dtype == pl.Date
    assert dates.filter(pl.col("at").diff().over("customer_id") < timedelta(0)).height == 0
    document["nodes"][1]["columns"][3] = {"name": "at", "role": "time", "precision": "ms"}
    fine = made(document, "journey")
    assert fine.filter(pl.col("at").dt.millisecond() != 0).height > 100
    assert fine.filter(pl.col("at").diff().over("customer_id") < timedelta(seconds=1)).height == 0


def test_segments_of_a_grandparent_count() -> None:
    document = funnel(segment_variation={"vip": {"transition_multiplier": 0.0}})
    account = {"id": "account", "rows": 60, "columns": [document["nodes"][0]["columns"].pop(0)]}
    customer = document["nodes"][0]
    del customer["rows"]
    customer.update(parents=["account"], fanout=5)
    document["nodes"].insert(0, account)
    plan = plan_of(document)
    rows = table_of(plan, "journey").join(table_of(plan, "customer"), on="customer_id")
    most = rows.join(table_of(plan, "account"), on="account_id").group_by("segment").agg(pl.col("place").max())
    assert dict(most.iter_rows()) == {"vip": 1, "standard": 4, "budget": 4}
