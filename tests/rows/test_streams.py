"""`kind: stream`: events of several tables in one, in order, each with the values that its source gives it."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen.api import generate, prepare
from datagen.engine.grain import Walk, grains
from datagen.engine.options import Options
from datagen.engine.run import Run
from datagen.errors import SchemaError
from datagen.plan.explain import as_facts, as_text
from datagen.truth import read
from tests.rows.once import made
from tests.support import codes_of, findings_of, plan_of, table_of

USERS = 400
SCORE = "users.score"
LOGIN = {"of": "sessions", "event_type": "login", "at": "begun"}
VIDEO = {
    "of": "sessions",
    "event_type": "video",
    "probability": f"0.2 + 0.6 * {SCORE}",
    "at": "begun + to_seconds(60)",
    "columns": {"minutes": {"distribution": {"type": "uniform", "params": {"low": 1, "high": 30}}}},
}
TICKET = {"of": "users", "event_type": "ticket", "fanout": {"poisson": 0.5}, "at": {"datetime_series": {}}}
PING = {"of": "users", "event_type": "ping", "fanout": {"poisson": 1, "per": "day"}, "share": 0.2}


def document(*emits: dict[str, Any], **columns: Any) -> dict[str, Any]:
    users = {
        "user_id": {"sequence": {}},
        "joined": {"datetime_series": {"within": {"start": "2025-01-01", "end": "2025-01-10"}}},
        "score": {"distribution": {"type": "beta", "params": {"a": 2, "b": 2}}},
        "country": {"choices": {"US": 0.5, "DE": 0.5}},
    }
    sessions = {"session_id": {"sequence": {}}, "begun": {"datetime_series": {}, "type": "datetime"}}
    stream = {
        "event_id": {},
        "user_id": {},
        "at": {"type": "datetime", "role": "time"},
        "event_type": {},
        "minutes": {"type": "float", "decimals": 2},
        "country": {},
        **columns,
    }
    if not any("minutes" in one.get("columns", {}) for one in emits or (VIDEO,)):
        del stream["minutes"]  # what nobody fills is refused
    return {
        "seed": 3,
        "timeframe": {"start": "2025-01-01", "days": 30},
        "tables": [
            {"name": "users", "rows": USERS, "pk": "user_id", "columns": users},
            {"name": "sessions", "parents": ["users"], "fanout": {"poisson": 6}, "columns": sessions},
            {
                "name": "events",
                "kind": "stream",
                "order_by": ["user_id", "at"],
                "columns": stream,
                "emits": [deepcopy(dict(one)) for one in (emits or (LOGIN, VIDEO, TICKET))],
            },
        ],
    }


def of(events: pl.DataFrame, kind: str) -> pl.DataFrame:
    return events.filter(pl.col("event_type") == kind)


def test_events_are_numbered_in_the_order_of_owner_and_time() -> None:
    events = made(document(), "events")
    assert events["event_id"].to_list() == list(range(1, len(events) + 1))
    assert events.sort("user_id", "at", maintain_order=True)["event_id"].equals(events["event_id"])
    assert set(events["event_type"]) == {"login", "video", "ticket"}


def test_every_row_of_a_source_emits_and_its_columns_come_along() -> None:
    tables = document()
    events, sessions, users = (made(tables, name) for name in ("events", "sessions", "users"))
    logins = of(events, "login").sort("user_id", "at")
    expected = sessions.sort("users_id" if "users_id" in sessions.columns else "user_id", "begun")
    assert logins["at"].to_list() == expected["begun"].to_list()
    countries = dict(zip(users["user_id"], users["country"], strict=True))
    assert [countries[user] for user in events["user_id"]] == events["country"].to_list()


def test_a_column_that_an_emit_leaves_out_is_null_in_its_rows() -> None:
    events = made(document(), "events")
    assert of(events, "video")["minutes"].null_count() == 0
    assert of(events, "login")["minutes"].null_count() == len(of(events, "login"))


def chance_by_score(events: pl.DataFrame, tables: dict[str, Any]) -> tuple[float, float]:
    """Slope of the share of sessions with a video on the user's score, and its standard error."""
    users, sessions = made(tables, "users"), made(tables, "sessions")
    key = next(name for name in sessions.columns if name.startswith("user"))
    tried = sessions.group_by(key).len("tried")
    seen = of(events, "video").group_by("user_id").len("seen")
    both = tried.join(seen, left_on=key, right_on="user_id", how="left").fill_null(0)
    both = both.join(users.select("user_id", "score"), left_on=key, right_on="user_id")
    score, number, hits = (both[name].to_numpy().astype(float) for name in ("score", "tried", "seen"))
    mean = np.average(score, weights=number)
    spread = (number * (score - mean) ** 2).sum()
    slope = ((score - mean) * (hits - number * hits.sum() / number.sum())).sum() / spread
    return float(slope), float(np.sqrt(0.25 / spread))


def test_a_probability_of_the_source_is_found_again() -> None:
    tables = document()
    slope, error = chance_by_score(made(tables, "events"), tables)
    assert abs(slope - 0.6) < 3 * error, f"slope {slope:.3f}, planted 0.6"


def test_without_it_the_estimate_fails() -> None:
    tables = document(LOGIN, {**VIDEO, "probability": 0.5})
    slope, error = chance_by_score(made(tables, "events"), tables)
    with pytest.raises(AssertionError, match="planted"):
        assert abs(slope - 0.6) < 3 * error, f"slope {slope:.3f}, planted 0.6"


def test_a_total_is_drawn_first_and_filled_up() -> None:
    note = {"of": "sessions", "event_type": {"choices": {"note": 0.5, "move": 0.5}}, "at": "begun", "fill_to": "2..5"}
    also = {"of": "sessions", "event_type": "also", "probability": 0.6, "at": "begun", "fanout": 3}
    tables = document(LOGIN, also, {**note, "id": "fill"}, session_id={})
    counts = made(tables, "events").group_by("session_id").len()["len"]
    shares = counts.value_counts().sort("len")
    assert shares["len"].to_list() == [2, 3, 4, 5]
    rows = len(made(tables, "sessions"))
    assert len(counts) == rows  # every session emits
    for share in (shares["count"] / rows).to_list():
        assert abs(share - 0.25) < 4 * (0.25 * 0.75 / rows) ** 0.5  # four standard errors of a quarter


def test_a_share_of_the_stream_is_kept_whatever_the_rest_is() -> None:
    for emits in ((LOGIN, PING), (LOGIN, VIDEO, TICKET, PING)):
        events = made(document(*emits), "events")
        pings = len(of(events, "ping"))
        rest = len(events) - pings
        # pings are Poisson with mean rest / 4: four standard deviations of it
        assert abs(pings - rest * 0.25) < 4 * (rest * 0.25) ** 0.5, f"{pings} of {len(events)} events, planted 20 %"


def test_a_condition_lets_rows_emit() -> None:
    events = made(document(LOGIN, {**TICKET, "when": "country = 'DE'"}), "events")
    assert set(of(events, "ticket")["country"]) == {"DE"}


def test_another_emit_changes_no_value_of_the_others() -> None:
    before = made(document(LOGIN, VIDEO), "events")
    after = made(document(TICKET, LOGIN, VIDEO), "events").filter(pl.col("event_type") != "ticket")
    kept = ["user_id", "at", "event_type", "minutes", "country"]
    assert before.select(kept).equals(after.select(kept))


def test_a_column_with_a_generator_of_its_own_is_made_in_the_stream() -> None:
    device = {"choices": {"phone": 0.7, "desk": 0.3}}
    before = made(document(LOGIN, device=device), "events")
    after = of(made(document(LOGIN, TICKET, device=device), "events"), "login")
    assert before["device"].null_count() == 0
    assert before["device"].to_list() == after["device"].to_list()  # by the event's own address


@pytest.mark.parametrize("rows", [7, 150])
def test_the_cut_of_blocks_does_not_show(rows: int) -> None:
    tables = document(LOGIN, VIDEO, TICKET, PING, device={"choices": ["phone", "desk"]})
    assert table_of(plan_of(tables), "events", block_rows=rows).equals(made(tables, "events"))


def test_equal_times_are_put_in_an_order_that_no_other_emit_changes() -> None:
    twice = {**LOGIN, "id": "again", "event_type": "again", "at": "begun"}
    one, other = (made(document(*emits), "events") for emits in ((LOGIN, twice), (twice, LOGIN)))
    assert one.equals(other)


def test_an_emit_reads_the_names_of_its_source_and_its_own_columns() -> None:
    emit = {**LOGIN, "columns": {"minutes": "length(event_label) * 1.0", "event_label": "users.country || '!'"}}
    events = made(document(emit, event_label={"type": "string"}), "events")
    assert set(events["event_label"]) == {"US!", "DE!"}
    assert set(events["minutes"]) == {3.0}


def test_modifiers_stand_beside_the_generator_of_an_emit() -> None:
    evening = {"seasonality": {"dimension": "hour", "weights": [0] * 18 + [1] * 4 + [0] * 2}}
    after = {"after": {"column": "begun", "delay": {"exponential": {"mean": "3d"}}}}
    emits = ({**TICKET, "at": {"datetime_series": {}, "modifiers": [evening]}}, {**LOGIN, "at": after})
    events = made(document(*emits), "events")
    assert set(of(events, "ticket")["at"].dt.hour()) == {18, 19, 20, 21}
    assert of(events, "login")["at"].dt.hour().n_unique() == 24
    value = {"distribution": {"type": "uniform", "params": {"low": 0, "high": 1}}, "modifiers": [{"add": {"value": 5}}]}
    events = made(document({**LOGIN, "columns": {"minutes": value}}), "events")
    assert events["minutes"].min() >= 5


def test_unknown_names_are_told_with_their_place() -> None:
    wrong = document({**LOGIN, "at": "begum"})
    assert "expression.unknown_name" in codes_of(wrong) or "ref.unknown_column" in codes_of(wrong)


@pytest.mark.parametrize("rows", [1, 64])
def test_a_source_two_tables_down_is_written_beside_its_stream(rows: int) -> None:
    """Its blocks are made for the stream first, where nobody asks for their numbers."""
    tables = document({"of": "clicks", "event_type": "click", "at": "clicked"})
    columns = {
        "click_id": {"sequence": {}},
        "clicked": {"type": "datetime", "expression": "sessions.begun + to_seconds(5 * ordinal)"},
    }
    tables["tables"].insert(2, {"name": "clicks", "parents": ["sessions"], "fanout": 2, "columns": columns})
    plan = plan_of(tables)
    run = Run(plan)
    numbers: dict[str, list[int]] = {"clicks": [], "events": []}
    run.total("events")
    for block in Walk(run, grains(plan)[0], dict(run.offsets[0]), block_rows=rows).blocks():
        if block.table.id in numbers:
            numbers[block.table.id] += block.row_number.tolist()
            block.frame()
    assert len(numbers["clicks"]) > 2 * USERS
    for found in numbers.values():
        assert found == list(range(len(found)))


def test_the_tables_of_emits_are_told_as_part_of_their_stream(tmp_path: Path) -> None:
    after = {"after": {"column": "begun", "delay": {"exponential": {"mean": "1d"}}}}
    tables = document({**LOGIN, "at": after}, {**VIDEO, "fanout": 2}, PING)
    tables["tables"][1]["hidden"] = True  # so that there are labels
    plan = plan_of(tables)
    told = as_text(plan)
    assert not re.search(r"\w:\w*[a-z]", told)
    assert "emit sessions_login  about 2,400 rows; of sessions, exactly 1 per row" in told
    facts = as_facts(plan)
    assert [table["table"] for table in facts["tables"]] == ["users", "sessions", "events"]
    assert [emit["emit"] for emit in facts["tables"][2]["emits"]] == ["sessions_login", "sessions_video", "users_ping"]
    assert "events:" not in json.dumps(facts)
    made = generate(prepare(tables), tmp_path / "data", Options(truth=True))
    assert made.truth is not None
    for file in [*tmp_path.rglob("*.json"), *tmp_path.rglob("*.jsonl"), *tmp_path.rglob("*.md")]:
        assert "events:" not in file.read_text(), file.name
    assert read(made.truth).labelled == ("sessions",)


def test_expected_events_are_worked_out_from_the_laws_of_the_source() -> None:
    """What a condition lets through, what a probability does, and what fills up to a total that is a column."""
    sessions = {
        "kind": {"choice": {"choices": {"long": 0.3, "short": 0.7}}},
        "seen": {"bernoulli": {"p": 0.25}},
        "wanted": {
            "type": "int",
            "distribution": {"type": "uniform", "params": {"low": 2, "high": 5, "integers": True}},
        },
        "total": {"type": "int", "expression": "wanted + if(kind = 'long', 2, 0)"},
    }
    emits = (
        LOGIN,
        {**LOGIN, "id": "long", "when": "kind = 'long' and not seen"},
        {**LOGIN, "id": "some", "probability": "if(seen, 0.8, 0.4)"},
        {**LOGIN, "id": "rest", "fill_to": {"constant": {"value": "total"}}},
    )
    tables = document(*emits)
    tables["tables"][1]["columns"].update(sessions)
    plan = plan_of(tables)
    each = {name: plan.tables[f"events:{name}"].counts.expected for name in ("long", "some", "rest")}
    assert each == pytest.approx({"long": 0.3 * 0.75, "some": 0.5, "rest": 4.1 - 1 - 0.225 - 0.5}, rel=0.02)
    assert not plan.tables["events"].rows_guessed
    events = made(tables, "events")
    # totals have a standard deviation of 1.45, and sessions are Poisson: four standard errors of their sum
    assert abs(len(events) - plan.tables["events"].expected_rows) < 4 * (2400 * (1.45**2 + 4.1**2)) ** 0.5


def test_other_tables_look_their_keys_up_in_a_stream() -> None:
    tables = document()
    event = {"lookup": {"from": "events.event_id", "where": "candidate.event_type = 'login'"}}
    columns = {"note_id": {"sequence": {}}, "event": event, "about": {"expression": "event.event_type"}}
    tables["tables"].append({"name": "notes", "rows": 50, "columns": columns})
    notes, events = made(tables, "notes"), made(tables, "events")
    assert set(notes["about"]) == {"login"}
    assert notes["event"].is_in(of(events, "login")["event_id"].implode()).all()
    assert table_of(plan_of(tables), "notes", block_rows=7).equals(notes)


WEEKLY = {"of": "users", "event_type": "ping", "fanout": {"poisson": 3, "per": "week"}}
GIVEN = {"of": "users", "event_type": "ticket", "fanout": {"poisson": 3}, "at": {"datetime_series": {}}}


@pytest.mark.parametrize("named", [None, ["events"]])
def test_segments_reach_the_emits_that_have_a_fanout(named: list[str] | None) -> None:
    tables = document(WEEKLY, GIVEN)
    factors = {"US": {"fanout_multiplier": 3}, "DE": {"fanout_multiplier": 1}}
    tables["tables"][0]["segment_behavior"] = {"segment_column": "country", "segments": factors}
    if named:
        tables["tables"][0]["segment_behavior"]["applies_to"] = named
    events = made(tables, "events")
    users = made(tables, "users")["country"].value_counts()
    number = dict(zip(users["country"], users["count"], strict=True))
    for kind in ("ping", "ticket"):
        counts = of(events, kind)["country"].value_counts()
        found = dict(zip(counts["country"], counts["count"], strict=True))
        ratio = (found["US"] / number["US"]) / (found["DE"] / number["DE"])
        error = ratio * (1 / found["US"] + 1 / found["DE"]) ** 0.5  # of a quotient of Poisson numbers
        assert abs(ratio - 3) < 4 * error, f"{kind}: {ratio:.2f} times as many, planted 3"


def test_ages_reach_the_emits_of_a_stream_that_is_named() -> None:
    tables = document(LOGIN, WEEKLY)
    curve = {"curve": [1, 0.1], "time_unit": "week", "applies_to": ["events"], "mode": "rate"}
    tables["tables"][0]["vintage_behavior"] = {"created_at_column": "joined", "age_based_multipliers": {"habit": curve}}
    events, users = made(tables, "events"), made(tables, "users")
    aged = of(events, "ping").join(users.select("user_id", "joined"), on="user_id")
    young = aged.filter(pl.col("at") < pl.col("joined") + pl.duration(days=7)).height
    # 3 events in the first week of each: four standard deviations
    assert abs(young - 3 * USERS) < 4 * (3 * USERS) ** 0.5
    assert aged.height - young < young  # 0.3 a week for up to four weeks


def test_factors_on_a_stream_without_fanouts_are_refused() -> None:
    tables = document(LOGIN)
    factors = {"US": {"fanout_multiplier": 3}, "DE": {"fanout_multiplier": 1}}
    tables["tables"][0]["segment_behavior"] = {
        "segment_column": "country",
        "segments": factors,
        "applies_to": ["events"],
    }
    assert "segment.not_reached" in codes_of(tables)


def test_an_event_without_a_time_is_refused_unless_the_time_may_be_null() -> None:
    half = {**LOGIN, "at": "if(session_id % 2 = 0, begun, null)"}
    with pytest.raises(SchemaError, match=r"generate\.null"):
        made(document(half), "events")
    events = made(document(half, at={"type": "datetime", "role": "time", "nullable": True}), "events")
    assert events["at"].null_count() == pytest.approx(len(events) / 2, abs=1)
    last = events.group_by("user_id", maintain_order=True).agg(pl.col("at").is_null())["at"].to_list()
    assert all(sorted(nulls) == nulls for nulls in last)


def test_totals_below_what_always_happens_are_refused() -> None:
    rest = {**LOGIN, "id": "rest", "fill_to": {"constant": {"value": "session_id % 2"}}}
    with pytest.raises(SchemaError, match=r"stream\.total_exceeded"):
        made(document(LOGIN, rest), "events")


def test_the_tables_of_emits_have_no_names_of_their_own() -> None:
    tables = document(LOGIN)
    tables["tables"].append({"name": "report", "sql": 'select * from "events:sessions_login" order by 1'})
    tables["tables"][0]["columns"]["n"] = {"type": "int", "rollup": {"from": "events:sessions_login", "agg": "count"}}
    expected = {finding.code: finding.expected for finding in findings_of(tables)}
    assert expected["rollup.not_below"].endswith("lead to users: sessions, events")
    assert expected["sql.unknown_table"] == "a table of the document: users, sessions, events, report"


def test_every_event_of_a_source_is_tried_however_many_there_are() -> None:
    many = {**TICKET, "fanout": 9_000, "probability": 0.5}
    tables = document(LOGIN, many)
    tables["tables"][0]["rows"] = 3
    counts = of(made(tables, "events"), "ticket").group_by("user_id").len()["len"].to_numpy().astype(int)
    # 9,000 tries each: four standard deviations of a fair coin
    assert np.abs(counts - 4_500).max() < 4 * (9_000 * 0.25) ** 0.5, f"{counts} of 9,000, planted one half"


def test_more_tries_than_anybody_can_wait_for_are_refused() -> None:
    endless = {**TICKET, "fanout": 2**31, "probability": 0.5}
    with pytest.raises(SchemaError) as caught:
        table_of(plan_of(document(LOGIN, endless)), "events")
    assert caught.value.findings[0].code == "rows.too_many"


@pytest.mark.parametrize("named", [{}, {"applies_to_columns": ["minutes"]}])
def test_a_segment_multiplies_the_values_of_a_stream_once(named: dict[str, Any]) -> None:
    schema = document(PING | {"columns": {"minutes": 3.5}}, VIDEO)
    behavior = {"segment_column": "country", "segments": {"US": {"value_multiplier": 2}, "DE": {}}, **named}
    schema["tables"][0]["segment_behavior"] = behavior
    plain, changed = document(PING | {"columns": {"minutes": 3.5}}, VIDEO), schema
    before, after = made(plain, "events"), made(changed, "events")
    gain = (after["minutes"] / before["minutes"]).to_list()
    videos = (before["event_type"] == "video").to_list()
    for ratio, country, video in zip(gain, before["country"], videos, strict=True):
        assert abs(ratio - (2.0 if video and country == "US" else 1.0)) < 0.01
