"""Lives in stages by address, whatever the blocks; their order, their window, their events, and what is refused of them."""

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
from tests.rows.lives import KINDS, lives
from tests.rows.once import made, plan_of
from tests.support import codes_of, findings_of, table_of

START, END = datetime(2024, 1, 1), datetime(2025, 1, 1)  # of the window
ORDER = ["member_id", "place", "stage", "event_type", "at"]


def stays(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that open a stage, each with when its stay ended (null at the end of the window) and what followed."""
    opened = rows.filter(pl.col("event_type") == "entered")
    return opened.with_columns(
        until=pl.col("at").shift(-1).over("member_id"), then=pl.col("stage").shift(-1).over("member_id")
    )


@pytest.mark.parametrize("rows", [60, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_any_size_hold_the_same_rows(kind: str, rows: int) -> None:
    whole = made(lives(kind, rows=rows), "life")
    assert whole.height > rows
    for block_rows in (1, 7, 300):
        assert_frame_equal(table_of(plan_of(lives(kind, rows=rows)), "life", block_rows=block_rows), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_more_members_leave_the_rows_of_the_others_alone(kind: str) -> None:
    few, many = made(lives(kind, rows=80), "life"), made(lives(kind, rows=200), "life")
    assert_frame_equal(many.filter(pl.col("member_id") <= 80).select(ORDER), few.select(ORDER))
    assert many.height > few.height


@pytest.mark.parametrize("kind", KINDS)
def test_a_longer_window_only_appends(kind: str) -> None:
    def rows(end: str) -> pl.DataFrame:
        document = lives(kind)
        document["timeframe"]["end"] = end
        return made(document, "life").select(ORDER)

    short, long = rows("2024-12-31"), rows("2025-12-31")
    assert_frame_equal(long.filter(pl.col("at") < END), short)
    assert long.height > short.height


@pytest.mark.parametrize("kind", KINDS)
def test_rows_rise_in_time_inside_the_window_and_after_creation(kind: str) -> None:
    plan = plan_of(lives(kind))
    rows, members = table_of(plan, "life"), table_of(plan, "member")
    assert rows.filter(pl.col("at").diff().over("member_id") < timedelta(0)).height == 0
    assert rows.filter(~pl.col("at").is_between(START, END, closed="left")).height == 0
    both = rows.join(members, on="member_id")
    assert both.filter(pl.col("at") < pl.col("created_at")).height == 0
    first = both.group_by("member_id", maintain_order=True).first()
    assert (first["at"] == first["created_at"]).all()
    assert (first["event_type"] == "entered").all()
    assert (first["place"] == 1).all()
    names = [*KINDS[kind], *(name for name in ("exited", "churned") if name not in KINDS[kind])]
    assert (rows["stage"] == [names[place - 1] for place in rows["place"]]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_events_lie_in_the_stage_that_they_name(kind: str) -> None:
    rows = made(lives(kind), "life")
    opened = pl.when(pl.col("event_type") == "entered").then(pl.col("stage")).forward_fill().over("member_id")
    assert rows.filter(opened != pl.col("stage")).height == 0
    declared = {
        name: {"entered", *(stage.get("events_during_stage") or {}).get("event_types", ())}
        for name, stage in KINDS[kind].items()
    }
    for name, events in rows.group_by("stage").agg(pl.col("event_type").unique()).iter_rows():
        assert set(events) <= declared.get(name, {"entered"})


@pytest.mark.parametrize("kind", KINDS)
def test_the_plan_expects_the_rows_that_come(kind: str) -> None:
    plan = plan_of(lives(kind, rows=4_000))
    found = table_of(plan, "life").group_by("member_id").len()["len"].to_numpy().astype(float)
    counts = np.concatenate([found, np.zeros(4_000 - len(found))])
    # 4 standard errors, and 1 % for the grid; a duration by the parent's row stands for its mean only
    slack = (0.2 if kind == "by parent" else 0.01) * counts.mean()
    assert abs(counts.mean() - plan.tables["life"].counts.expected) < 4 * counts.std() / 4_000**0.5 + slack


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("quick", "won back", "return")])
def test_nothing_follows_those_who_left(kind: str) -> None:
    rows = made(lives(kind), "life")
    gone = rows.group_by("member_id", maintain_order=True).agg(
        pl.col("stage").is_in(["exited", "churned"]).sum(), last=pl.col("stage").last()
    )
    assert gone["stage"].max() <= 1
    assert gone.filter((pl.col("stage") == 1) != pl.col("last").is_in(["exited", "churned"])).height == 0


def test_a_declared_stage_of_those_who_churned_leads_back() -> None:
    found = stays(made(lives("won back"), "life")).filter(pl.col("stage") == "churned", pl.col("then").is_not_null())
    assert found.height > 20
    assert set(found["then"]) == {"young"}


def test_runs_with_workers_are_equal(tmp_path: Path) -> None:
    for kind in ("plain", "by parent"):
        hashes = {
            api.generate(
                api.prepare(lives(kind)), tmp_path / f"{kind} {workers}", Options(workers=workers)
            ).content_hash
            for workers in (1, 2)
        }
        assert len(hashes) == 1


def test_lives_that_began_before_the_window_are_in_the_midst_of_it() -> None:
    document = lives("for good", rows=2_000)
    document["nodes"][0]["columns"][2]["generator"]["datetime_series"]["within"] = {
        "start": "2023-06-01", "end": "2023-06-30"
    }  # fmt: skip
    rows = made(document, "life")
    assert rows["at"].min() < START + timedelta(days=1)
    assert rows.filter(pl.col("at") < START).height == 0
    # half a year on hardly anybody is young: 20 days last, gamma of shape 4
    assert rows.filter(pl.col("stage") == "young").height == 0
    per_day = rows.filter(
        pl.col("stage") == "grown", pl.col("event_type") == "visit", pl.col("at") < datetime(2024, 1, 8)
    )
    assert per_day.height > 50  # events of stays that began before


def test_departure_ends_a_life() -> None:
    document = lives()
    document["nodes"][0]["columns"].append(
        {"name": "left_at", "type": "datetime", "generator": {"expression": {"code": "created_at + to_days(5)"}}}
    )
    document["constraints"] = {"inequalities": [{"left": "life.at", "op": "<", "right": "member.left_at"}]}
    plan = plan_of(document)
    both = table_of(plan, "life").join(table_of(plan, "member"), on="member_id")
    assert both.filter(pl.col("at") >= pl.col("left_at")).height == 0
    assert both.filter(pl.col("at") > pl.col("created_at")).height > 0


def test_segments_multiply_the_events_where_they_name_the_table() -> None:
    document = lives("for good", rows=3_000)
    document["nodes"][0]["segment_behavior"] = {
        "segments": {"vip": {"fanout_multiplier": 3}, "standard": {}},
        "applies_to": ["life"],
    }
    plan = plan_of(document)
    both = table_of(plan, "life").join(table_of(plan, "member"), on="member_id")
    kinds = {"events": pl.col("event_type") != "entered", "stays": pl.col("event_type") == "entered"}
    for name, target in (("events", 3.0), ("stays", 1.0)):
        each = both.filter(kinds[name]).group_by("segment").agg(pl.len() / pl.col("member_id").n_unique())
        mean = dict(each.iter_rows())
        assert (
            abs(mean["vip"] / mean["standard"] / target - 1) < 0.1
        )  # 4 standard errors of the exposure of 750 members


def test_without_a_beginning_lives_start_with_the_window() -> None:
    document = lives()
    del document["nodes"][0]["columns"][2]
    rows = made(document, "life").group_by("member_id", maintain_order=True).first()
    assert (rows["at"] == START).all()
    assert rows.height == 300


def test_a_table_without_columns_has_those_that_its_lives_fill() -> None:
    document = lives()
    del document["nodes"][1]["columns"]
    assert plan_of(document).tables["life"].columns.keys() >= {
        "stage_index",
        "stage_name",
        "event_type",
        "event_timestamp",
    }


def test_stages_as_a_list_are_those_of_a_map() -> None:
    document = lives()
    stages = document["nodes"][1]["lifecycle_model"]["stages"]
    listed = lives()
    listed["nodes"][1]["lifecycle_model"]["stages"] = [{"stage_name": name, **one} for name, one in stages.items()]
    assert_frame_equal(made(listed, "life"), made(document, "life"))


def test_a_column_of_dates_has_stays_of_whole_days() -> None:
    document = lives("quick")
    document["nodes"][1]["columns"][3]["type"] = "date"
    document["nodes"][0]["columns"][2]["type"] = "date"
    found = stays(made(document, "life")).filter(pl.col("until").is_not_null())
    assert (found["until"] > found["at"]).all()


@pytest.mark.parametrize(
    ("stages", "code"),
    [
        ({"old": {"duration": "3d", "next_stages": ["gown"]}}, "lifecycle.unknown_stage"),
        ({"old": {"duration": "3d", "next_stages": {"grown": 0.5, "young": 0.2}}}, "weights.sum"),
        ({"old": {"duration": "3d", "next_stages": ["grown", "young"]}}, "lifecycle.no_shares"),
        ({"old": {"duration": "3d", "next_stages": [], "exit_probability": 0.5}}, "lifecycle.endless"),
        ({"old": {"duration": {"normal": {"mean": 3, "std": 1}}}}, "law.no_unit"),
        ({"old": {"events_during_stage": {"event_types": ["a"], "rate": 1, "frequency": "low"}}}, "lifecycle.one_rate"),
        ({"more": {}}, "lifecycle.unreached"),
        ({"old": {"duration": "1s", "next_stages": ["old"]}}, "lifecycle.no_end"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(stages: dict[str, Any], code: str) -> None:
    assert set(codes_of(lives(**stages))) == {code}


def test_a_law_with_times_below_0_is_a_warning() -> None:
    [warning] = findings_of(lives(old={"duration": {"normal": {"mean": "3d", "std": "3d"}}}))
    assert (warning.code, warning.severity) == ("stage.negative_time", "warning")


@pytest.mark.parametrize(
    ("word", "code"), [("seasonality", "seasonality.no_density"), ("time_jitter", "process.moved_time")]
)
def test_what_would_move_the_times_is_refused(word: str, code: str) -> None:
    args = {"seasonality": {"dimension": "dow", "weights": [1, 1, 1, 1, 2, 3, 1]}, "time_jitter": {"std_minutes": 5}}
    document = lives()
    document["nodes"][1]["columns"][3]["modifiers"] = [{"transform": word, "args": args[word]}]
    assert codes_of(document) == [code]


def test_events_without_a_column_for_their_kind_are_refused() -> None:
    document = lives()
    del document["nodes"][1]["columns"][2]
    assert codes_of(document) == ["lifecycle.hidden_events"]


def test_the_plan_says_who_is_where_in_the_end() -> None:
    document = lives("no events", new={"duration": "10d"}, used={"duration": "500d"})
    del document["nodes"][0]["columns"][2]
    said = plan_of(document).tables["life"].counts.description
    assert said.startswith("lives from the start of the timeframe: 2 stays and 0 events each; at the end new 0.0%, ")
    assert said.endswith("used 100.0%, exited 0.0%, churned 0.0%")


@pytest.mark.parametrize(
    ("hours", "found"),
    # the window of 8,784 hours ends with an off, 16.5 hours after an on, 3.2 hours after one, 13 hours after one
    [((9, 9), "off"), ((8.75, 8.75), "off"), ((4, 7.2), "on"), ((11, 13.5), "off")],
)
def test_entities_in_step_are_in_the_same_stage_in_the_end(hours: tuple[float, float], found: str) -> None:
    on, off = (f"{round(60 * length)}min" for length in hours)
    document = lives("no events")
    [life] = [one for one in document["nodes"] if "lifecycle_model" in one]
    life["lifecycle_model"]["stages"] = {"on": {"duration": on}, "off": {"duration": off, "next_stages": ["on"]}}
    del document["nodes"][0]["columns"][2]
    shares = {"on": "0.0%", "off": "0.0%"} | {found: "100.0%"}
    said = plan_of(document).tables["life"].counts.description
    assert f"; at the end on {shares['on']}, off {shares['off']}, exited" in said
    last = made(document, "life").group_by("member_id").agg(pl.col("stage").sort_by("at").last())
    assert set(last["stage"]) == {found}
