"""What ages, seasons, trends, segments and experiments do to a stream's emits: told in the answer key, and found in its rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datagen import api
from datagen.engine.options import Options
from datagen.truth import read
from tests.recovery.planted import EMITS
from tests.support import plan_of
from tests.written import Tables, publish

TOLD = {
    "users.tier.vip.rows_of_events.ping": 2.0,
    "users.tier.vip.rows_of_events.tip": 2.0,
    "users.tier.vip.events.ping.amount": 1.5,
    "users.tier.vip.events.tip.amount": 1.5,
    "users.decay.events.ping": None,  # what is left of the fall beside a trend, a season and an experiment
    "events.ping.trend": None,
    "events.ping.moment.dow": None,
    "events.ping.amount.trend": None,
    "trial.events.ping.rows": 1.4,
    "trial.events.ping.amount": 1.2,
    "nudge.events.tip.rows": 1.5,
}


def without_behaviours(document: dict[str, Any]) -> dict[str, Any]:
    """The same users and events: nobody differs, nothing grows, no arm does anything."""
    twin: dict[str, Any] = json.loads(json.dumps(document))
    for experiment in twin["experiments"]:
        for effect in experiment["effects"]:
            effect["size"] = 1.0
    users, events = twin["tables"]
    del users["segment_behavior"], users["vintage_behavior"]
    ping = events["emits"][0]
    del ping["fanout"]["multipliers"]
    ping["columns"]["amount"]["modifiers"] = []
    return twin


def test_the_answer_key_tells_all_of_it_and_the_twin_without_it_fails(tmp_path: Path) -> None:
    api.generate(api.prepare(EMITS), tmp_path / "out", Options(format="parquet", truth=True))
    effects = {one["effect_id"]: one for one in read(tmp_path / "out.truth").effects}
    assert set(effects) == set(TOLD)
    publish(without_behaviours(EMITS), tmp_path / "twin", "parquet")
    made, twin = Tables(tmp_path / "out", "parquet"), Tables(tmp_path / "twin", "parquet")
    for name, one in effects.items():
        expected, error = one["expected"], one["standard_error"]
        assert TOLD[name] in (None, expected)
        estimate, plain = made.value(one["how_to_measure"]), twin.value(one["how_to_measure"])
        assert abs(estimate - expected) < 4 * error, (
            f"{name}: estimate {estimate:.4g}, target {expected:.4g} ± {error:.2g}"
        )
        assert abs(plain - expected) > 4 * error, f"{name}: twin {plain:.4g}, target {expected:.4g} ± {error:.2g}"
        assert one["table"] == "events"


def test_the_order_of_a_stream_changes_nothing_of_it() -> None:
    users, events = EMITS["tables"]
    inside = {**EMITS, "tables": [users, {**events, "order_by": ["user_id", "moment"]}]}
    told = {one.id: (one.expected, one.standard_error, one.sql) for one in plan_of(inside).effects}
    assert told == {one.id: (one.expected, one.standard_error, one.sql) for one in plan_of(EMITS).effects}
    assert set(told) == set(TOLD)


def test_each_is_told_where_it_is_declared() -> None:
    places = {one.id: one.json_path for one in plan_of(EMITS).effects}
    assert places["users.decay.events.ping"] == "tables[0].vintage_behavior.age_based_multipliers.decay"
    assert places["events.ping.trend"] == "tables[1].emits[0].fanout.multipliers"
    assert places["events.ping.moment.dow"] == "tables[1].emits[0].fanout.multipliers"
    assert places["events.ping.amount.trend"] == "tables[1].emits[0].columns.amount"


def emit(**changes: Any) -> dict[str, Any]:
    """The document with a ping changed."""
    events = EMITS["tables"][1]
    return {
        **EMITS,
        "tables": [EMITS["tables"][0], {**events, "emits": [{**events["emits"][0], **changes}, events["emits"][1]]}],
    }


def test_the_clamp_of_an_emit_is_told() -> None:
    capped = emit(fanout={"poisson": 6, "per": "month", "clamp": [0, 12]})
    capped["experiments"] = EMITS["experiments"][1:]  # no effect on the volume
    plan = plan_of(capped)
    [vip] = [one for one in plan.effects if one.id == "users.tier.vip.rows_of_events.ping"]
    assert vip.expected < 1.7
    assert "fanout.clamp_dilutes" in [one.code for one in plan.findings]
    free = plan_of(emit(fanout={"poisson": 6, "per": "month"}))
    for name in ("events:ping", "events::users"):  # and so is that of the stream
        assert plan.tables[name].expected_rows < 0.7 * free.tables[name].expected_rows


def test_a_segment_with_more_of_one_emit_is_not_told_over_all_of_them() -> None:
    """Amounts of both emits under one text: their mean over both is no statistic of the factor alone."""
    document = emit(event_type="tip")
    document["experiments"], document["tables"][1]["order_by"] = [], ["user_id", "moment"]
    assert [one.id for one in plan_of(document).effects] == []
