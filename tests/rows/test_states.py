"""Histories of states are functions of their entities' addresses, and periods are those of the calendar or the entity."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datagen import api
from datagen.engine.options import Options
from datagen.rows._states_chain import distance
from datagen.rows._states_periods import Periods
from datagen.schema.durations import DAY, HOUR
from tests.rows.once import made, plan_of
from tests.support import codes_of, table_of

LEVELS = [{"name": "basic", "value": 9}, {"name": "pro", "value": 29}]
STATES = {
    "active": {"upgraded": 0.05, "paused": 0.05, "churned": 0.05},
    "paused": {"active": 0.3, "churned": 0.1},
    "churned": {"active": 0.02},
}
PLAIN: dict[str, Any] = {"initial_state": "active", "churn_states": ["churned"], "states": STATES}
KINDS: dict[str, dict[str, Any]] = {
    "transitions": {},
    "intervals": {"output": "intervals", "levels": LEVELS},
    "snapshots": {"output": "snapshots", "levels": LEVELS},
    "weeks of the calendar": {"period_unit": "week", "period_anchor": "calendar"},
    "segments": {"segment_variation": {"vip": {"churn_multiplier": 3}}, "hazard_curve": [1.5, 1.2, 1, 0.5]},
    "terms": {"term": 6, "early_exit": 0.3},
    "frailty": {"heterogeneity": {"beta": [1, 15]}},
}
VISITS = {
    "name": "visit",
    "parents": ["user"],
    "fanout": {"poisson": 2, "per": "month", "by_state": {"node": "plan", "factors": {"churned": 0.05, "paused": 0.5}}},
    "columns": {"at": {"role": "time"}},
}


def world(kind: str = "transitions", *, rows: int = 400, end: str = "2024-12-31", **keys: Any) -> dict[str, Any]:
    """Users with a plan that changes its state, and visits whose rate follows it."""
    return {
        "name": "plans",
        "timeframe": {"start": "2023-01-01", "end": end},
        "tables": [
            {
                "name": "user",
                "rows": rows,
                "columns": {
                    "segment": {"choices": {"vip": 0.3, "basic": 0.7}},
                    "joined": {
                        "datetime_series": {"within": {"start": "2023-01-01", "end": "2024-06-30"}},
                        "role": "created",
                    },
                },
            },
            {"name": "plan", "parents": ["user"], "state_transition_model": {**PLAIN, **KINDS[kind], **keys}},
            VISITS,
        ],
    }


def changes(kind: str, **more: Any) -> pl.DataFrame:
    return made(world(kind, **more), "plan").drop("plan_id")


def time_of(frame: pl.DataFrame) -> str:
    """The name of the rows' own time."""
    return next(name for name in ("changed_at", "valid_from", "snapshot_at") if name in frame.columns)


@pytest.mark.parametrize("rows", [60, pytest.param(400, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_any_size_hold_the_same_rows(kind: str, rows: int) -> None:
    for table in ("plan", "visit"):
        whole = made(world(kind, rows=rows), table)
        assert whole.height > rows
        for block_rows in (7, 300):
            assert_frame_equal(table_of(plan_of(world(kind, rows=rows)), table, block_rows=block_rows), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_more_users_leave_the_histories_of_the_others_alone(kind: str) -> None:
    few, many = changes(kind, rows=150), changes(kind, rows=400)
    assert_frame_equal(many.filter(pl.col("user_id") <= 150), few)
    assert many.height > few.height


@pytest.mark.parametrize("kind", KINDS)
def test_a_longer_window_only_adds(kind: str) -> None:
    short, long = changes(kind), changes(kind, end="2025-06-30")
    time = time_of(short)
    within = long.filter(pl.col(time) < datetime(2025, 1, 1))
    if "valid_to" in short.columns:  # an open end may close in the longer window
        short, within = (frame.drop("valid_to", "is_current") for frame in (short, within))
    assert_frame_equal(within, short)
    assert long.height > short.height


@pytest.mark.parametrize("kind", KINDS)
def test_times_rise_within_an_entity_and_lie_in_its_life_and_the_window(kind: str) -> None:
    found, users = changes(kind), made(world(kind), "user")
    time = time_of(found)
    both = found.join(users, on="user_id")
    assert both.filter(pl.col(time) < pl.col("joined")).height == 0
    assert found[time].max() < datetime(2025, 1, 1)
    steps = found.with_columns((pl.col(time) - pl.col(time).shift()).over("user_id").alias("step"))
    assert steps.filter(pl.col("step") <= pl.duration()).height == 0


def test_another_chance_of_loss_moves_losses_only() -> None:
    """The same draws on both sides: whoever is not lost more often has the same history."""
    keys = {"states": {"active": {"paused": 0.1, "churned": 0.02}, "paused": {"active": 0.3}, "churned": {}}}
    calm = changes("transitions", **keys, churn_states=["churned"])
    multiplied = {"segment_variation": {"vip": {"churn_multiplier": 3}, "basic": {"churn_multiplier": 3}}}
    rough = changes("transitions", **keys, churn_states=["churned"], **multiplied)
    lost = rough.filter(pl.col("state") == "churned")["user_id"]
    assert 0 < lost.len() < 400
    kept = ~pl.col("user_id").is_in(lost.implode())
    assert_frame_equal(calm.filter(kept), rough.filter(kept))


def test_workers_make_the_same_files(tmp_path: Path) -> None:
    found = []
    for workers in (1, 2):
        directory = tmp_path / str(workers)
        options = Options(format="parquet", workers=workers)
        api.generate(api.prepare(world("segments", rows=20_000)), directory, options)
        found.append([pl.read_parquet(sorted(directory.rglob(f"{table}*.parquet"))) for table in ("plan", "visit")])
    for one, other in zip(*found, strict=True):
        assert_frame_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_as_many_as_the_plan_expects(kind: str) -> None:
    plan = plan_of(world(kind, rows=4_000))
    for table, slack in (("plan", 0.03), ("visit", 0.05)):
        # a row count of 4,000 independent entities whose own counts vary by less than their mean: 3 % are 2 errors or more,
        # the joint draws of creation times included
        expected, rows = plan.tables[table].expected_rows, table_of(plan, table).height
        assert abs(rows / expected - 1) < slack, f"{table}: {rows} rows, {expected:.0f} expected"


def test_rates_that_begin_before_the_states_are_counted_as_in_the_first_state() -> None:
    document = world(rows=4_000)
    document["tables"][0]["columns"]["joined"]["role"] = "time"  # when states begin, not when the user came to be
    document["tables"][2]["fanout"]["by_state"]["factors"] = {"active": 0.2}
    plan = plan_of(document)
    expected, rows = plan.tables["visit"].expected_rows, table_of(plan, "visit").height
    # 4,000 users with 20 ± 12 rows each: 3 standard errors
    assert abs(rows / expected - 1) < 0.03, f"{rows} rows, {expected:.0f} expected"


def test_histories_end_with_the_departure_of_their_entity() -> None:
    document = world(rows=3_000)
    gone = {"curve": [1, 0.5, 0.25, 0.1], "applies_to": ["plan"]}
    document["tables"][0]["vintage_behavior"] = {"age_based_multipliers": {"gone": gone}}
    plan = plan_of(document)
    found = table_of(plan, "plan").join(table_of(plan, "user"), on="user_id")
    assert found.filter(pl.col("changed_at") < pl.col("joined")).height == 0
    expected = plan.tables["plan"].expected_rows
    assert abs(found.height / expected - 1) < 0.03, f"{found.height} rows, {expected:.0f} expected"
    assert found.height < 0.8 * table_of(plan_of(world(rows=3_000)), "plan").height


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"modifiers": [{"time_jitter": {"std_minutes": 5}}]}, "state.moved_time"),
        ({"type": "string"}, "constraint.types"),
    ],
)
def test_the_times_of_changes_are_left_alone(change: dict[str, Any], code: str) -> None:
    document = world()
    document["tables"][1]["columns"] = {"state": {"role": "state"}, "changed_at": {"role": "time", **change}}
    assert codes_of(document) == [code]


def test_a_table_of_states_is_not_multiplied() -> None:
    document = world()
    multiplied = {"segments": {"vip": {"fanout_multiplier": 2}}, "applies_to": ["plan"]}
    document["tables"][0]["segment_behavior"] = multiplied
    assert codes_of(document) == ["state.not_a_rate"]


def us(text: str) -> int:
    return int(np.datetime64(text, "us").astype(np.int64))


@pytest.mark.parametrize(
    ("unit", "calendar", "start", "edges"),
    [
        ("month", False, "2024-01-31T10:00", ["2024-01-31T10:00", "2024-02-29T10:00", "2024-03-31T10:00", "2024-04-30T10:00"]),
        ("month", True, "2024-01-31T10:00", ["2024-02-01", "2024-03-01", "2024-04-01"]),
        ("month", True, "2024-02-01", ["2024-02-01", "2024-03-01"]),
        ("quarter", False, "2023-11-30", ["2023-11-30", "2024-02-29", "2024-05-30"]),
        ("quarter", True, "2023-11-30", ["2024-01-01", "2024-04-01"]),
        ("year", False, "2024-02-29", ["2024-02-29", "2025-02-28"]),
        ("year", True, "2024-02-29", ["2025-01-01", "2026-01-01"]),
        ("week", False, "2024-01-03T05:00", ["2024-01-03T05:00", "2024-01-10T05:00"]),
        ("week", True, "2024-01-03T05:00", ["2024-01-08", "2024-01-15"]),
        ("day", True, "2024-01-03T05:00", ["2024-01-04", "2024-01-05"]),
        ("hour", False, "2024-01-03T05:30", ["2024-01-03T05:30", "2024-01-03T06:30"]),
        ("hour", True, "2024-01-03T05:30", ["2024-01-03T06:00", "2024-01-03T07:00"]),
    ],
)  # fmt: skip
def test_periods_end_where_people_say(unit: str, calendar: bool, start: str, edges: list[str]) -> None:
    periods = Periods(unit, calendar)
    found = [int(periods.edges(np.array([us(start)]), k)[0]) for k in range(len(edges))]
    assert found == [us(edge) for edge in edges]


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month", "quarter", "year"])
@pytest.mark.parametrize("calendar", [False, True])
def test_passed_periods_are_counted_by_their_edges(unit: str, calendar: bool) -> None:
    periods, end = Periods(unit, calendar), us("2024-03-17T11:00")
    starts = us("2023-01-30T08:00") + np.arange(300) * (33 * HOUR)
    begun, passed = periods.passed(starts, end)
    for k in (0, 1, 2, 5):
        assert ((begun > k) == (periods.edges(starts, k) < end)).all()
    assert ((passed <= begun) & (passed >= begun - 1)).all()
    assert (begun <= periods.most(int(starts.min()), end)).all()
    assert periods.length >= HOUR
    assert DAY == 24 * HOUR


def test_dates_rise_by_a_day_at_least() -> None:
    columns = {"state": {"role": "state"}, "on": {"role": "time", "type": "date"}}
    document = world()
    states = {"a": {"b": 0.9}, "b": {"a": 0.9}}
    document["tables"][1:] = [
        {
            "name": "plan",
            "parents": ["user"],
            "columns": columns,
            "state_transition_model": {"initial_state": "a", "period_unit": "day", "states": states},
        }
    ]
    steps = made(document, "plan").with_columns((pl.col("on") - pl.col("on").shift()).over("user_id").alias("step"))
    assert steps["step"].drop_nulls().min().days == 1


def test_an_entity_without_a_beginning_has_no_history() -> None:
    document = world()
    document["tables"][0]["columns"]["joined"]["when"] = "segment = 'vip'"
    plan = plan_of(document)
    vips = table_of(plan, "user").filter(pl.col("segment") == "vip")["user_id"]
    assert set(table_of(plan, "plan")["user_id"]) == set(vips)


def test_words_are_as_far_apart_as_letters_must_change() -> None:
    assert [distance(*pair) for pair in (("ended", "ended"), ("endet", "ended"), ("churn", "churned"), ("", "abc"))] == [
        0, 1, 2, 3
    ]  # fmt: skip
    assert distance("upgraded", "downgraded") == 4


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"initial_state": "activ"}, "state.unknown"),
        ({"churn_states": ["gone"]}, "state.unknown"),
        ({"early_exit": 0.3}, "state.early_exit"),
        ({"hazard_curve": [30]}, "state.over_one"),
        ({"heterogeneity": {"beta": [1, 400]}}, "state.frailty_cut"),
        ({"levels": [*LEVELS, LEVELS[0]]}, "state.level_twice"),
        ({"segment_variation": {"gold": {"churn_multiplier": 2}}}, "segment.no_column"),
    ],
)
def test_what_cannot_be_meant_is_refused(keys: dict[str, Any], code: str) -> None:
    if "heterogeneity" in keys:
        keys = {**keys, "states": {"active": {"churned": 0.4}, "churned": {"active": 0.02}}}
    document = world(**keys)
    document["tables"].pop()
    assert set(codes_of(document)) == {code}
