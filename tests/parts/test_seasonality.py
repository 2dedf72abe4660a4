"""Seasonality scales numbers by the weight of their time and shapes when rows fall."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from datagen.errors import SchemaError
from datagen.kernel import clock
from tests.parts.proofs import proof
from tests.parts.time_schemas import choice, micros, modifier, number, schema, series, table
from tests.support import codes_of, findings_of, made, plan_of, table_of

WEEK = [1, 1, 1, 1.1, 1.3, 1.6, 0.4]
HOURS = [0.0] * 8 + [0.5, 1, 2, 3, 2, 1, 1, 2] + [1.0] * 5 + [0.0] * 3
LENGTHS = {"hour": HOURS, "dow": WEEK, "month": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0]}


@pytest.mark.parametrize("dimension", LENGTHS)
def test_a_number_is_multiplied_by_the_weight_as_written(dimension: str) -> None:
    weights = LENGTHS[dimension]
    season = modifier("seasonality", dimension=dimension, weights=weights)
    frame = made(schema(table([series(), number([season], value=3.0)])), "t")
    at = micros(frame)
    place = {"hour": clock.hour(at), "dow": clock.dow(at), "month": clock.month(at) - 1}[dimension]
    assert np.allclose(frame["x"].to_numpy(), 3.0 * np.array(weights)[place], rtol=1e-9)


def test_rows_of_a_datetime_column_fall_where_the_weights_say() -> None:
    seasons = [modifier("seasonality", dimension="dow", weights=WEEK)]
    within = {"start": "2024-01-01", "end": "2024-12-29"}  # 52 whole weeks
    frame = made(schema(table([series({"within": within}, seasons)], rows=60_000)), "t")
    share = np.bincount(clock.dow(micros(frame))) / 60_000
    wanted = np.array(WEEK) / sum(WEEK)
    # 4 standard errors of a share, n = 60,000
    assert (np.abs(share - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / 60_000)).all()


def test_seasonality_multiplies_the_generators_own_pattern() -> None:
    pattern = {"dimension": "hour", "weights": HOURS}
    season = modifier("seasonality", dimension="dow", weights=WEEK)
    by_both = made(schema(table([series({"pattern": pattern}, [season])])), "t")
    as_patterns = [pattern, {"dimension": "dow", "weights": WEEK}]
    assert by_both["at"].equals(made(schema(table([series({"pattern": as_patterns})])), "t")["at"])


def test_a_remark_beside_the_weights_takes_nothing_from_them() -> None:
    season = modifier("seasonality", dimension="dow", weights=[1, 0, 0, 0, 0, 0, 0], description="Mondays only")
    frame = made(schema(table([series({"notes": "a remark"}, [season])])), "t")
    assert (frame["at"].dt.weekday() == 1).all()


def test_seasonality_of_times_stays_inside_inequalities() -> None:
    season = modifier("seasonality", dimension="hour", weights=HOURS)
    columns = [series(name="a"), series({}, [season], name="b")]
    frame = made(schema(table(columns, rows=20_000), inequalities=[("t.a", "<=", "t.b")]), "t")
    assert (frame["a"] <= frame["b"]).all()
    assert frame["b"].dt.hour().is_between(8, 20).all()


@proof("modifier", "seasonality")
def test_the_rows_time_is_the_column_with_that_role() -> None:
    season = modifier("seasonality", dimension="dow", weights=[0, 0, 0, 0, 0, 1, 1])
    columns = [series(name="first"), series(name="told", role="time"), number([season], value=1.0)]
    frame = made(schema(table(columns)), "t")
    assert (frame["x"] == (frame["told"].dt.weekday() >= 6).cast(float)).all()


@proof("modifier", "seasonality")
def test_a_number_in_a_row_without_a_time_stays_as_it_is() -> None:
    season = modifier("seasonality", dimension="dow", weights=[7] * 7)
    columns = [series(when="id % 2 = 0", nullable=True), number([season], value=2.0)]
    frame = made(schema(table(columns)), "t")
    assert frame["x"].to_list() == [2.0 if time is None else 14.0 for time in frame["at"]]


@pytest.mark.parametrize(
    ("dimension", "length", "wanted"), [("hour", 23, "24"), ("dow", 6, "7"), ("month", 13, "12"), ("dow", 0, "7")]
)
def test_a_wrong_number_of_weights_is_refused(dimension: str, length: int, wanted: str) -> None:
    season = modifier("seasonality", dimension=dimension, weights=[1] * length)
    for columns in ([series(), number([season])], [series({}, [season])]):
        (finding,) = findings_of(schema(table(columns)))
        assert finding.code == "seasonality.weights_length"
        assert f"{length} weights" in finding.found
        assert finding.expected.startswith(f"{wanted} weights")
        assert "24/7/12" in finding.hint


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ([series(), number([modifier("seasonality", dimension="dow", weights=[0] * 7)])], "seasonality.no_weight"),
        ([series({}, [modifier("seasonality", dimension="dow", weights=[0] * 7)])], "seasonality.no_weight"),
        ([series(), number([modifier("seasonality", dimension="dow", weights=[-1] * 7)])], "language.out_of_range"),
        ([number([modifier("seasonality", dimension="dow", weights=WEEK)])], "seasonality.no_time"),
        (
            [series(), {**choice("x", ["a"]), "modifiers": [modifier("seasonality", dimension="dow", weights=WEEK)]}],
            "modifier.needs_number",
        ),
        (
            [
                series(),
                {
                    "name": "x",
                    "type": "datetime",
                    "generator": {"expression": {"code": "at"}},
                    "modifiers": [modifier("seasonality", dimension="dow", weights=WEEK)],
                },
            ],
            "seasonality.no_density",
        ),
        (
            [series({"freq": "D"}, [modifier("seasonality", dimension="hour", weights=HOURS)])],
            "time.pattern_finer_than_freq",
        ),
        (
            [series({}, [modifier("seasonality", dimension="dow", weights=WEEK, timezone="Europe/Prag")])],
            "timezone.unknown",
        ),
        ([series({}, [modifier("seasonality", dimension="dow", weights=WEEK, timezone="id")])], "timezone.unknown"),
        (
            [
                choice("zone", ["UTC", "Mars"]),
                series({}, [modifier("seasonality", dimension="dow", weights=WEEK, timezone="zone")]),
            ],
            "timezone.value",
        ),
        ([series({}, [modifier("seasonality", dimension="holiday", weights=[1, 2])])], "language.missing_key"),
        ([series({}, [modifier("seasonality", dimension="holiday", weights=[1, 2], country="XX")])], "season.country"),
        ([series({}, [modifier("seasonality", dimension="dow", weights=WEEK, country="US")])], "season.country"),
        (
            [series({}, [modifier("seasonality", dimension="holiday", weights=WEEK, country="US")])],
            "seasonality.weights_length",
        ),
        ([series({}, [modifier("seasonality", dimension="dow", weights=WEEK, smooth=True)])], "season.smooth"),
        (
            [series({}, [modifier("seasonality", dimension="month", weights=[0, 0, *[1] * 10], smooth=True)])],
            "season.smooth",
        ),
    ],
)
def test_what_cannot_be_is_refused(columns: list[dict[str, Any]], code: str) -> None:
    assert code in codes_of(schema(table(columns)))


ZONES = ["America/New_York", "Europe/Prague", "Asia/Kolkata"]
OFFICE = [float(9 <= hour < 17) for hour in range(24)]


def local_hour(frame: pl.DataFrame, zone: str | None = None) -> pl.Series:
    """The hour that clocks show, by Polars' own time zones."""
    times = frame.with_columns(pl.col("at").dt.replace_time_zone("UTC"))
    if zone is not None:
        return times["at"].dt.convert_time_zone(zone).dt.hour()
    by_zone = [pl.when(pl.col("zone") == one).then(pl.col("at").dt.convert_time_zone(one).dt.hour()) for one in ZONES]
    return times.select(pl.coalesce(by_zone)).to_series()


@pytest.mark.parametrize("word", ["pattern", "modifier"])
@pytest.mark.parametrize("zone", ZONES)
def test_weights_are_local_and_values_stay_utc(word: str, zone: str) -> None:
    weights = {"dimension": "hour", "weights": OFFICE, "timezone": zone}
    time = series({"pattern": weights}) if word == "pattern" else series({}, [modifier("seasonality", **weights)])
    frame = made(schema(table([time], rows=20_000)), "t")
    assert local_hour(frame, zone).is_between(9, 16).all()
    assert not frame["at"].dt.hour().is_between(9, 16).all()  # UTC stands in the file


@pytest.mark.parametrize("word", ["pattern", "modifier"])
def test_a_column_of_zones_gives_each_row_its_own(word: str) -> None:
    weights = {"dimension": "hour", "weights": OFFICE, "timezone": "zone"}
    time = series({"pattern": weights}) if word == "pattern" else series({}, [modifier("seasonality", **weights)])
    frame = made(schema(table([choice("zone", ZONES), time], rows=20_000)), "t")
    assert local_hour(frame).is_between(9, 16).all()
    # each of the 8 hours has an eighth: 4 standard errors, n = 20,000
    assert np.abs(np.bincount(local_hour(frame).to_numpy())[9:] / 20_000 - 0.125).max() < 4 * (0.11 / 20_000) ** 0.5


def test_a_row_does_not_move_when_other_zones_come_in() -> None:
    weights = {"dimension": "hour", "weights": OFFICE, "timezone": "zone"}
    few, many = (
        made(schema(table([choice("zone", ["Europe/Prague"]), series({"pattern": weights}, name="at")])), "t"),
        made(schema(table([choice("zone", ZONES), series({"pattern": weights}, name="at")])), "t"),
    )
    here = many["zone"] == "Europe/Prague"
    assert here.sum() > 200
    assert many["at"].filter(here).equals(few["at"].filter(here))


def test_blocks_of_any_size_hold_the_same_local_times() -> None:
    weights = {"dimension": "hour", "weights": OFFICE, "timezone": "zone"}
    columns = [choice("zone", ZONES), series({"pattern": weights}), number([modifier("seasonality", **weights)])]
    plan = plan_of(schema(table(columns, rows=500)))
    assert table_of(plan, "t", block_rows=7).equals(table_of(plan, "t"))


def test_zones_that_are_made_as_texts_or_are_null() -> None:
    code = "case when id % 3 = 0 then null when id % 3 = 1 then 'Asia/Tokyo' else 'America/' || 'New_York' end"
    zone = {"name": "zone", "type": "string", "nullable": True, "generator": {"expression": {"code": code}}}
    time = series({"pattern": {"dimension": "hour", "weights": OFFICE, "timezone": "zone"}})
    frame = made(schema(table([zone, time], rows=3_000)), "t")
    for place, name in enumerate(["UTC", "Asia/Tokyo", "America/New_York"]):
        mine = frame.filter(pl.col("id") % 3 == place)
        assert local_hour(mine, name).is_between(9, 16).all(), name


def test_a_text_that_is_no_zone_stops_the_run() -> None:
    zone = {"name": "zone", "type": "string", "generator": {"expression": {"code": "'Mars/' || id"}}}
    time = series({"pattern": {"dimension": "hour", "weights": OFFICE, "timezone": "zone"}})
    with pytest.raises(SchemaError, match=r"timezone\.value"):
        made(schema(table([zone, time])), "t")


def test_offices_that_are_never_open_together_leave_no_time() -> None:
    weights = {"dimension": "hour", "weights": OFFICE}
    time = series({"pattern": [{**weights, "timezone": "a"}, {**weights, "timezone": "b"}]})
    far = [choice("a", ["Asia/Tokyo"]), choice("b", ["America/New_York"])]
    with pytest.raises(SchemaError, match="Asia/Tokyo and America/New_York"):
        made(schema(table([*far, time])), "t")
    near = [choice("a", ["Europe/Prague", "Europe/London"]), choice("b", ["Europe/Prague", "Europe/Athens"])]
    frame = made(schema(table([*near, time])), "t")
    for zone in ("a", "b"):
        hours = [
            at.replace(tzinfo=UTC).astimezone(ZoneInfo(name)).hour
            for at, name in zip(frame["at"], frame[zone], strict=True)
        ]
        assert {hour for hour, weight in enumerate(OFFICE) if weight} >= set(hours)


def test_numbers_are_scaled_by_local_weights() -> None:
    season = modifier("seasonality", dimension="hour", weights=list(range(24)), timezone="zone")
    frame = made(schema(table([choice("zone", ZONES), series(), number([season], value=1.0)])), "t")
    assert (frame["x"] == local_hour(frame).cast(float)).all()
    fixed = modifier("seasonality", dimension="hour", weights=list(range(24)), timezone="Asia/Kolkata")
    frame = made(schema(table([series(), number([fixed], value=1.0)])), "t")
    assert (frame["x"] == local_hour(frame, "Asia/Kolkata").cast(float)).all()


def test_the_hours_in_which_clocks_change_have_their_rows_once() -> None:
    """Evenly spread local hours are evenly spread UTC hours: none is empty, none is full."""
    weights = {"dimension": "hour", "weights": [1.0] * 24, "timezone": "Europe/Prague"}
    for day in ("2025-03-30", "2025-10-26"):
        within = {"start": f"{day}T00:00:00", "end": f"{day}T06:00:00"}
        frame = made(schema(table([series({"within": within, "pattern": weights})], rows=12_000)), "t")
        counts = np.bincount(frame["at"].dt.hour().to_numpy(), minlength=6)
        assert np.abs(counts - 2_000).max() < 4 * (12_000 * 5 / 36) ** 0.5  # 4 standard errors


def test_weights_of_smooth_months_have_the_means_of_the_months_and_no_steps() -> None:
    weights = [1, 1, 1.2, 1, 0.8, 0.7, 0.6, 0.7, 1, 1.2, 1.6, 2.2]
    season = modifier("seasonality", dimension="month", weights=weights, smooth=True)
    columns = [series({"within": {"start": "2023-01-01", "end": "2023-12-31"}}), number([season], value=1.0)]
    frame = made(schema(table(columns, rows=60_000)), "t").sort("at")
    means = frame.group_by(pl.col("at").dt.month()).agg(pl.col("x").mean()).sort("at")["x"].to_numpy()
    assert np.abs(means / weights - 1).max() < 0.02
    assert np.abs(np.diff(frame["x"].to_numpy())).max() < 0.02


def test_smooth_months_shape_when_rows_fall() -> None:
    weights = [1, 1, 1.2, 1, 0.8, 0.7, 0.6, 0.7, 1, 1.2, 1.6, 2.2]
    time = series(
        {"within": {"start": "2023-01-01", "end": "2023-12-31"}},
        [modifier("seasonality", dimension="month", weights=weights, smooth=True)],
    )
    frame = made(schema(table([time], rows=60_000)), "t")
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    share = np.bincount(frame["at"].dt.month().to_numpy())[1:] / 60_000
    wanted = np.array(weights) * days / (np.array(weights) * days).sum()
    # 4 standard errors of a share, n = 60,000
    assert (np.abs(share - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / 60_000)).all()
    late = frame.filter(pl.col("at").dt.month() == 11)["at"].dt.day().to_numpy()
    assert (late > 15).mean() > 0.51  # November rises towards December


def test_holidays_are_busier_and_dearer() -> None:
    season = modifier("seasonality", dimension="holiday", weights=[1, 5], country="US")
    frame = made(schema(table([series({}, [season]), number([season], value=1.0)], rows=40_000)), "t")
    on = frame["x"] == 5
    assert set(frame["x"].unique()) == {1.0, 5.0}
    assert set(frame.filter(on)["at"].dt.date().cast(str).unique()) >= {"2024-07-04", "2024-12-25", "2024-11-28"}
    wanted = 11 * 5 / (11 * 5 + 355)  # 11 holidays in 366 days
    assert abs(on.mean() - wanted) < 4 * (wanted * (1 - wanted) / 40_000) ** 0.5  # 4 standard errors
