"""What only looking at rows tells before a run: clamps beside bounds and effects, lives that begin by a column."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from datagen.plan.effects import PlantedEffect
from datagen.plan.model import Plan
from tests.recovery.planted import BOUNDED, LIFE, LIFTED
from tests.support import plan_of
from tests.written import Tables, publish

ERRORS = 4.0


def off(effect: PlantedEffect, tables: Tables) -> float:
    """How many standard errors an estimate is from what is expected."""
    assert effect.standard_error is not None, effect.id
    return float(abs(tables.value(effect.sql) - effect.expected) / effect.standard_error)


def agree(document: dict[str, Any], directory: Path) -> Plan:
    """The plan of a document, whose every effect is found in its rows."""
    publish(document, directory, "parquet")
    plan, tables = plan_of(document), Tables(directory, "parquet")
    far = {one.id: off(one, tables) for one in plan.effects}
    assert far
    assert max(far.values()) < ERRORS, far
    return plan


def changed(document: dict[str, Any], **fanout: Any) -> dict[str, Any]:
    """The document with another fan-out of its last table; keys that are None are left out."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    own = copy["tables"][-1]["fanout"]
    own.update(fanout)
    copy["tables"][-1]["fanout"] = {key: value for key, value in own.items() if value is not None}
    return copy


CLAMPED = {
    "bounds": (BOUNDED, {"clamp": [0, 12]}),
    "effects": (LIFTED, {"clamp": [5, 40]}),
}
BY_MONTH = (BOUNDED, {"clamp": [1, 12], "poisson": None, "uniform": {"low": 0, "high": 4}})


@pytest.mark.parametrize(
    ("document", "fanout"),
    [*CLAMPED.values(), pytest.param(*BY_MONTH, marks=pytest.mark.slow)],
    ids=[*CLAMPED, "a law by month"],
)
def test_a_clamp_beside_bounds_or_effects_is_told_and_found(
    document: dict[str, Any], fanout: dict[str, Any], tmp_path: Path
) -> None:
    """The twin without the clamp has another ratio, and the finding says so."""
    plan = agree(changed(document, **fanout), tmp_path / "data")
    [ratio] = [one for one in plan.effects if one.kind == "segment_rows"]
    assert {one.kind for one in plan.effects} == {"segment_rows", "ageing", "trend", "seasonality"}
    publish(changed(document, **{**fanout, "clamp": None}), tmp_path / "twin", "parquet")
    assert off(ratio, Tables(tmp_path / "twin", "parquet")) > ERRORS
    assert "fanout.clamp_dilutes" in [one.code for one in plan.findings]


def test_a_clamp_moves_what_ages_trends_and_seasons_show(tmp_path: Path) -> None:
    """Without bounds or effects too: parents with many rows lose the most of them, and are not spread as the others are."""
    users = {key: value for key, value in LIFTED["tables"][1].items() if key != "segment_behavior"}
    orders = {**LIFTED["tables"][2], "modifiers": []}
    plain = {**LIFTED, "tables": [users, orders]}
    capped = agree(changed(plain, clamp=[0, 6]), tmp_path / "data")
    free = {one.id: one.expected for one in plan_of(plain).effects}
    told = {one.id: one for one in capped.effects}
    moved = [name for name, one in told.items() if abs(one.expected - free[name]) > ERRORS * (one.standard_error or 0)]
    assert moved == ["users.decay.orders", "orders.trend"]


def lives(stages: dict[str, Any], **begun: Any) -> dict[str, Any]:
    """Users whose lives begin some weeks after they joined."""
    users, course = json.loads(json.dumps(LIFE["tables"]))
    users["columns"] = {
        "joined_at": {"datetime_series": {}},
        "weeks": {"poisson": 6},
        "begun_at": {"type": "datetime", "expression": "joined_at + to_days(7 * weeks)", "role": "created", **begun},
    }
    course["lifecycle_model"]["stages"] = stages
    return {**LIFE, "tables": [users, course]}


STAGES: dict[str, Any] = LIFE["tables"][1]["lifecycle_model"]["stages"]


def test_lives_that_begin_by_a_column_are_told_and_found(tmp_path: Path) -> None:
    """Their twin, in whom nobody ever leaves the first stage, has none of it."""
    plan = agree(lives(STAGES), tmp_path / "data")
    kinds = [one.kind for one in plan.effects]
    assert {kind: kinds.count(kind) for kind in kinds} == {"stage_share": 5, "stay_median": 3}
    publish(lives({"new": {}}), tmp_path / "twin", "parquet")
    twin = Tables(tmp_path / "twin", "parquet")
    for one in plan.effects:
        assert one.kind == "stay_median" or off(one, twin) > ERRORS, one.id


@pytest.mark.slow
def test_errors_of_lives_that_begin_by_a_column_are_as_wide_as_chance(tmp_path: Path) -> None:
    """The mean square over 4 seeds and 8 statistics, of which 5 shares make 4: 28 squares lie within 0.43 and 1.9, 999 times of 1,000.

    The bounds are wider: one look at rows stands behind all seeds.
    """
    squares: list[float] = []
    for seed in range(4):
        publish(lives(STAGES), tmp_path / str(seed), "parquet", seed=seed)
        tables = Tables(tmp_path / str(seed), "parquet")
        squares += [off(one, tables) ** 2 for one in plan_of(lives(STAGES), seed=seed).effects]
    mean = sum(squares) / len(squares)
    assert 0.3 < mean < 2.5, f"root mean square distance {math.sqrt(mean):.2f} standard errors"


def test_nulls_never_begin(tmp_path: Path) -> None:
    agree(
        lives(STAGES, expression="if(weeks > 6, null, joined_at + to_days(7 * weeks))", nullable=True),
        tmp_path / "data",
    )


def test_of_lives_from_before_the_timeframe_only_stays_are_told(tmp_path: Path) -> None:
    early = lives(STAGES, expression="joined_at - to_days(7 * weeks)")
    plan = agree(early, tmp_path / "data")
    assert {one.kind for one in plan.effects} == {"stay_median"}
    [finding] = [one for one in plan.findings if one.code == "effect.untold"]
    assert finding.json_path == "tables[1].lifecycle_model"
    assert finding.found == (
        "not who is where at the end of course: some begin before the timeframe, and what happens then is not written"
    )


def test_lengths_that_differ_by_row_are_said_to_leave_nothing_to_tell() -> None:
    stages = {"new": {"duration": {"exponential": {"mean": "to_days(1 + weeks)"}}}, "old": {}}
    plan = plan_of(lives(stages))
    assert plan.effects == ()
    [finding] = [one for one in plan.findings if one.code == "effect.untold"]
    assert finding.found == "nothing of the lives in course: how long new lasts differs by row"
