"""Seasons, trends and holidays of rows that come at a rate: whose zone they follow, and what is refused."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from datagen.errors import SchemaError
from tests.parts.time_schemas import choice, lookup, modifier, schema, series, table
from tests.support import codes_of, findings_of, made, plan_of

WEEK = [1, 1, 1, 1, 1, 2, 3]
AFTERNOON = [0] * 12 + [1] * 12
RATE = {"distribution": "poisson", "lambda": 3, "per": "month"}
USER = lookup("user_id", "user.id")
TIME = {"name": "at", "type": "datetime", "role": "time"}


def visits(fanout: dict[str, Any], *columns: dict[str, Any], zone: dict[str, Any] | None = None) -> dict[str, Any]:
    zones = zone or choice("zone", ["UTC", "Asia/Tokyo", "Asia/Kathmandu"])
    user = table([zones, series(name="joined", role="created")], rows=60, id="user")
    visit = {
        "id": "visit",
        "kind": "fact",
        "parents": ["user"],
        "fanout": fanout,
        "columns": [*(columns or [TIME]), USER],
    }
    return schema(user, visit)


def by(*multipliers: dict[str, Any]) -> dict[str, Any]:
    return {**RATE, "multipliers": list(multipliers)}


def pattern(**keys: Any) -> dict[str, Any]:
    return series({"pattern": {"dimension": "hour", "weights": AFTERNOON, **keys}}, role="time")


@pytest.mark.parametrize("name", ["zone", "user.zone"])
@pytest.mark.parametrize("where", ["multipliers", "pattern"])
def test_rows_of_a_rate_follow_the_zone_of_their_parent(name: str, where: str) -> None:
    if where == "pattern":
        document = visits(RATE, pattern(timezone=name))
    else:
        document = visits(by(modifier("seasonality", dimension="hour", weights=AFTERNOON, timezone=name)))
    both = made(document, "visit").join(made(document, "user"), left_on="user_id", right_on="id")
    assert both.height > 500
    for zone in ("UTC", "Asia/Tokyo", "Asia/Kathmandu"):
        local = both.filter(both["zone"] == zone)["at"].dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        assert local.dt.hour().is_between(12, 23).all(), zone
        assert len(local) > 50


def test_zones_that_no_list_tells_are_met_when_rows_are_made() -> None:
    code = "case when id % 2 = 0 then 'Asia/Kathmandu' else null end"
    zone = {"name": "zone", "type": "string", "nullable": True, "generator": {"expression": {"code": code}}}
    document = visits(by(modifier("seasonality", dimension="hour", weights=AFTERNOON, timezone="zone")), zone=zone)
    frame = made(document, "visit")
    utc = frame.filter(frame["user_id"] % 2 == 1)["at"]
    assert utc.dt.hour().is_between(12, 23).all()
    zone["generator"]["expression"]["code"] = "'Mars/' || id"
    with pytest.raises(SchemaError, match=r"visit  \[timezone\.value\]"):
        made(document, "visit")


def test_hours_show_in_a_window_of_many_years() -> None:
    document = visits(by(modifier("seasonality", dimension="hour", weights=AFTERNOON)))
    document["timeframe"] = {"start": "1990-01-01", "end": "2024-12-31"}
    hours = made(document, "visit")["at"].dt.hour()
    assert hours.is_between(12, 23).all()
    assert set(hours.unique()) == set(range(12, 24))


def test_a_total_follows_arrivals_that_have_seasons_of_their_own() -> None:
    growing = by(modifier("trend", growth_rate=0.05, time_unit="month", applies_to="total"))
    document = visits(growing)
    document["nodes"][0]["columns"][-1]["modifiers"] = [
        modifier("seasonality", dimension="dow", weights=WEEK),
        modifier("trend", growth_rate=1),
    ]
    assert codes_of(document) == []


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        (
            visits(by(modifier("seasonality", dimension="dow", weights=WEEK, timezone="zon"))),
            "timezone.unknown",
            "fanout",
        ),
        (
            visits(by(modifier("seasonality", dimension="dow", weights=WEEK, timezone="joined"))),
            "timezone.unknown",
            "fanout",
        ),
        (visits(RATE, choice("own", ["UTC"]), pattern(timezone="own")), "timezone.unknown", "pattern.timezone"),
        (
            visits(RATE, pattern(timezone="zone"), zone=choice("zone", ["UTC", "Mars"])),
            "timezone.value",
            "fanout",
        ),
        (visits(by(modifier("seasonality", dimension="dow", weights=[1]))), "seasonality.weights_length", "fanout"),
        (visits(RATE, series({}, [modifier("trend", growth_rate=1)], role="time")), "trend.seat", "columns[0]"),
        (visits(by(modifier("trend", growth_rate=1, applies_to="acquisition"))), "trend.seat", "applies_to"),
        (
            visits(by(modifier("trend", type="step", params={"levels": [{"at": "2024-03-01", "factor": 2}] * 2}))),
            "trend.levels",
            "levels[1].at",
        ),
        (visits(by(modifier("trend", growth_rate=1, anchor="joined"))), "time.unreadable", "anchor"),
        (visits({**RATE, "holidays": {"country": "XY", "factor": 2}}), "season.country", "holidays.country"),
        (visits({**RATE, "holidays": {"country": "US", "factor": 2, "lead": -1}}), "language.out_of_range", "lead"),
        (visits({**RATE, "holidays": {"country": "US", "factor": 2, "lag": "3x"}}), "time.bad_duration", "lag"),
        (visits({**RATE, "bursts": [{"at": "soon", "factor": 2, "decay": "2d"}]}), "time.unreadable", "bursts[0].at"),
        (visits({**RATE, "bursts": [{"at": "2024-02-01", "factor": 2, "decay": "0d"}]}), "fanout.burst_decay", "decay"),
        (visits({"every": "1d"}, pattern()), "fanout.every_shaped", "fanout.every"),
        (visits({"every": "1d", "per": "day"}), "fanout.every_shaped", "fanout.every"),
        (visits({"every": "30d", "clamp": [20, 30]}), "fanout.every_shaped", "fanout.clamp"),
        (visits({**RATE, "noise": {"ar": [1.2], "std": 0.1}}), "noise.not_stationary", "noise.ar"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(document: dict[str, Any], code: str, place: str) -> None:
    (finding,) = findings_of(document)
    assert finding.code == code
    assert place in finding.json_path


def test_every_season_of_a_rate_follows_its_own_column_of_zones() -> None:
    """Afternoons at home, working days at the office: no visit outside either, whatever the other zone is."""
    both = (
        modifier("seasonality", dimension="dow", weights=[1, 1, 1, 1, 1, 0, 0], timezone="office"),
        modifier("seasonality", dimension="hour", weights=AFTERNOON, timezone="zone"),
    )
    document = visits(by(*both), TIME)
    document["nodes"][0]["columns"].append(choice("office", ["UTC", "America/Los_Angeles"]))
    document["nodes"][1]["columns"] += [
        {"name": name, "generator": {"expression": {"code": f"user.{name}"}}} for name in ("zone", "office")
    ]
    seen = made(document, "visit").select("at", "zone", "office").to_dicts()
    assert len({(row["zone"], row["office"]) for row in seen}) == 6
    weekdays = {row["at"].replace(tzinfo=UTC).astimezone(ZoneInfo(row["office"])).weekday() for row in seen}
    hours = {row["at"].replace(tzinfo=UTC).astimezone(ZoneInfo(row["zone"])).hour for row in seen}
    assert weekdays == set(range(5))
    assert hours == set(range(12, 24))


def test_arrivals_have_one_zone() -> None:
    season = modifier("seasonality", dimension="hour", weights=AFTERNOON, timezone="Asia/Tokyo")
    user = table([{**TIME, "role": "created"}, choice("zone", ["UTC"])], id="user")
    user["rows"] = {"per": "day", "rate": 5, "multipliers": [season]}
    hours = made(schema(user), "user")["at"].dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo").dt.hour()
    assert hours.is_between(12, 23).all()
    season["args"]["timezone"] = "zone"
    assert codes_of(schema(user)) == ["arrivals.zones"]


def test_the_plan_says_what_moves_the_rate() -> None:
    document = visits({**RATE, "holidays": {"country": "uk", "factor": 2}})
    counts = plan_of(document).tables["visit"].counts
    assert counts is not None
    assert "holidays of GB x2" in counts.description


@pytest.mark.parametrize(
    "fanout",
    [
        {
            "poisson": 1,
            "per": "year",
            "multipliers": [modifier("seasonality", dimension="dow", weights=WEEK, timezone="zone")],
        },
        {"negative_binomial": {"mean": 0.1, "shape": 1}, "per": "hour"},
    ],
)
def test_a_timeframe_of_more_hours_than_fit_memory_is_refused(fanout: dict[str, Any]) -> None:
    document = visits(fanout)
    document["timeframe"] = {"start": "1000-01-01", "end": "9000-01-01"}
    assert "fanout.too_many_steps" in [one.code for one in findings_of(document)]
