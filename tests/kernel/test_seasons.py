"""Seasons: weights as written and over their mean, in local time, without steps, on holidays."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from datagen.kernel import zones
from datagen.kernel.clock import DAY_US, HOUR_US, day_number, dow, hour, month
from datagen.kernel.seasons import Season
from datagen.packs.public_holidays import holidays_of_year

START = 19_723 * DAY_US  # 2024-01-01, a Monday
YEAR = START + np.arange(366 * 24, dtype=np.int64) * HOUR_US
CYCLE = 10_957 * DAY_US + np.arange(146_097, dtype=np.int64) * DAY_US  # 2000 to 2399: every day of the calendar's cycle
HOURS = tuple(float(k) for k in range(24))
WEEK = (1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 0.0)
SHOP = (1.0, 1.0, 1.2, 1.0, 0.8, 0.7, 0.6, 0.7, 1.0, 1.2, 1.6, 2.2)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(("dimension", "weights"), [("hour", HOURS), ("dow", WEEK), ("month", (1.0,) * 11 + (4.0,))])
def test_seasons_have_mean_1_over_their_cycle_and_their_weights_ratio(
    dimension: str, weights: tuple[float, ...]
) -> None:
    times = CYCLE if dimension == "month" else YEAR[: 7 * 24]
    found = Season(dimension, weights).relative(times)
    assert abs(found.mean() - 1) < 1e-9
    values, wanted = np.unique(np.round(found / found.max(), 9)), np.unique(np.array(weights) / max(weights))
    assert np.abs(values - wanted).max() < 1e-8


@pytest.mark.parametrize("zone", ["Europe/Prague", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_in_a_time_zone_the_mean_over_a_year_is_1_too(zone: str) -> None:
    quarters = START + np.arange(364 * 96, dtype=np.int64) * (HOUR_US // 4)
    # the hour that is skipped in spring comes twice in autumn; the ends of the year are cut by the zone's offset
    for season in (Season("hour", HOURS, zone), Season("dow", WEEK, zone)):
        assert abs(season.relative(quarters).mean() - 1) < 1e-3


def test_a_season_is_that_of_the_time() -> None:
    friday = START + 4 * DAY_US + np.arange(24, dtype=np.int64) * HOUR_US
    assert (Season("dow", (0, 0, 0, 0, 7, 0, 0)).relative(friday) == 7).all()
    assert (Season("hour", (0.0,) * 17 + (24.0,) + (0.0,) * 6).relative(friday[17:18]) == 24).all()


def test_weights_are_those_of_the_clocks_on_the_wall() -> None:
    noon = tuple(float(k == 12) for k in range(24))
    season = Season("hour", noon, "Europe/Prague")
    winter, summer = at("2024-01-15") + np.arange(24) * HOUR_US, at("2024-07-15") + np.arange(24) * HOUR_US
    assert np.flatnonzero(season.written(winter)).tolist() == [11]
    assert np.flatnonzero(season.written(summer)).tolist() == [10]
    assert season.unit(START, START + DAY_US) == "hour"
    assert Season("hour", noon, "Asia/Kathmandu").unit(START, START + DAY_US) == "quarter"
    assert Season("month", SHOP, "Asia/Tokyo").unit(START, START + DAY_US) == "hour"  # months end at 15:00 UTC


def test_no_hour_is_lost_or_doubled_when_clocks_change() -> None:
    """Each of the 23 or 25 hours of the day has the weight of what its clocks show."""
    season = Season("hour", HOURS, "Europe/Prague")
    spring = at("2024-03-30T23:00") + np.arange(23) * HOUR_US  # the local 31 March
    assert season.written(spring).tolist() == [0, 1, *range(3, 24)]
    autumn = at("2024-10-26T22:00") + np.arange(25) * HOUR_US  # the local 27 October
    assert season.written(autumn).tolist() == [0, 1, 2, 2, *range(3, 24)]


def test_smooth_months_keep_every_months_mean_and_have_no_steps() -> None:
    hours = START - 365 * DAY_US + np.arange(365 * 24, dtype=np.int64) * HOUR_US  # 2023: no leap day
    season, plain = Season("month", SHOP, smooth=True), Season("month", SHOP)
    found = season.relative(hours)
    assert season.reachable
    for number in range(1, 13):
        mine = month(hours) == number
        assert abs(season.written(hours)[mine].mean() / SHOP[number - 1] - 1) < 0.01, number
    assert np.abs(np.diff(found)).max() < 0.01 * (max(SHOP) - min(SHOP))
    assert np.abs(np.diff(plain.relative(hours))).max() > 0.2
    assert abs(found.mean() - 1) < 1e-3


def test_smooth_months_are_the_same_curve_every_year() -> None:
    season = Season("month", SHOP, smooth=True)
    middle = np.array([at(f"{year}-07-16T12:00") for year in (1999, 2000, 2024, 2101)], dtype=np.int64)
    assert len(np.unique(season.relative(middle))) == 1


def test_months_that_no_line_joins_are_told() -> None:
    assert not Season("month", (0.0, 0.0, *(1.0,) * 10), smooth=True).reachable
    assert Season("month", (*(1.0,) * 11, 3.0), smooth=True).reachable


def test_holidays_have_their_weight_and_every_year_a_mean_of_1() -> None:
    season = Season("holiday", (1.0, 4.0), country="CZ")
    found, days = season.relative(YEAR), holidays_of_year("CZ", 2024)
    assert len(days) == 13
    on = np.isin(day_number(YEAR), days)
    assert (season.written(YEAR) == np.where(on, 4, 1)).all()
    assert abs(found[on][0] / found[~on][0] - 4) < 1e-12
    assert abs(found.mean() - 1) < 1e-12
    only = Season("holiday", (0.0, 1.0), country="CZ").relative(YEAR)
    assert abs(only.mean() - 1) < 1e-12


def test_holidays_of_a_zone_begin_at_its_midnight() -> None:
    season = Season("holiday", (0.0, 1.0), "America/New_York", country="US")
    july = at("2024-07-03") + np.arange(72) * HOUR_US
    assert np.flatnonzero(season.written(july)).tolist() == list(range(28, 52))  # 4 July from 04:00 UTC on


ORACLE = ["Europe/Prague", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia", "Asia/Tehran", "UTC"]


@pytest.mark.parametrize("zone", ORACLE)
def test_offsets_are_those_of_pythons_own_zones(zone: str) -> None:
    from importlib import resources
    from zoneinfo import ZoneInfo

    with resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as file:
        clocks = ZoneInfo.from_file(file)
    seconds = np.random.default_rng(5).integers(at("1902-01-01"), at("2090-01-01"), 800) // 1_000_000
    seconds = np.concatenate(
        [seconds, np.random.default_rng(6).integers(at("2010-01-01"), at("2026-01-01"), 800) // 10**6]
    )
    found = zones.offsets(zone, seconds * 1_000_000)
    wanted = [datetime.fromtimestamp(int(one), clocks).utcoffset().total_seconds() for one in seconds]  # type: ignore[union-attr]
    assert (found == np.array(wanted) * 1_000_000).all()


def test_offsets_of_no_times_and_of_the_ends_of_the_calendar() -> None:
    assert len(zones.offsets("Europe/Prague", np.zeros(0, dtype=np.int64))) == 0
    ends = np.array([at("0001-01-01"), at("9999-12-31")], dtype=np.int64)
    assert zones.local("Asia/Tokyo", ends).tolist() == (ends + zones.offsets("Asia/Tokyo", ends)).tolist()
    assert zones.offsets("Asia/Tokyo", ends)[1] == 9 * HOUR_US


def test_local_time_has_the_hour_of_the_place() -> None:
    moment = np.array([at("2024-07-01T22:30")], dtype=np.int64)
    assert hour(zones.local("Asia/Kolkata", moment)).tolist() == [4]
    assert dow(zones.local("Asia/Kolkata", moment)).tolist() == [1]  # already Tuesday
