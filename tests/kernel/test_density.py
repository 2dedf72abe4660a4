"""Densities of time against brute force over every point of the grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

from datagen.kernel import clock, density
from datagen.kernel.density import TimeDensity
from datagen.schema.times import parse_time, show_time

HOUR = 3_600_000_000
DAY = 24 * HOUR
OPEN = [0.0] * 8 + [0.2, 1, 1.2, 1.3, 1, 0.9, 1.1, 1.4, 1.8, 1.9, 1.2, 0.6, 0.2] + [0.0] * 3
WEEK = [1, 1, 1, 1.1, 1.3, 1.6, 0.4]
YEAR = [1, 2, 3, 1, 1, 1, 0, 1, 1, 1, 2, 4]


def at(text: str) -> int:
    time = parse_time(text)
    assert isinstance(time, int)
    return time


def chances(points: NDArray[np.int64], patterns: list[density.Pattern]) -> NDArray[np.float64]:
    """What each point should get: its relative weight over all of them."""
    weights = density.relative(points, patterns)
    return weights / weights.sum()


CASES = {
    "plain seconds": ("2024-02-28T23:59:00", "2024-03-01T00:10:00", 1_000_000, []),
    "hours of a day off the hour": ("2024-02-01T09:30", "2024-02-20T17:10", HOUR, [("hour", OPEN)]),
    "minutes over hours and weekdays": ("2024-02-26", "2024-03-04", HOUR // 60, [("hour", OPEN), ("dow", WEEK)]),
    "seven minutes, dividing no hour": ("2024-02-26T05:03", "2024-03-04", 7 * HOUR // 60, [("hour", OPEN)]),
    "days over weekdays and months": ("2023-11-15", "2025-03-02", DAY, [("dow", WEEK), ("month", YEAR)]),
    "noons over weekdays": ("2023-11-15T12:00", "2025-03-02", DAY, [("dow", WEEK)]),
    "hours over months, leap day inside": ("2024-01-31", "2024-03-05", HOUR, [("month", YEAR)]),
}


@pytest.mark.parametrize(("start", "end", "step", "patterns"), CASES.values(), ids=CASES)
def test_every_point_gets_its_share(start: str, end: str, step: int, patterns: list[density.Pattern]) -> None:
    made = density.regular(at(start), at(end), step, patterns)
    points = np.arange(at(start), at(end), step)
    wanted = chances(points, patterns)
    assert made.points == len(points)
    found = made.below(points + 1) - made.below(points)
    assert np.abs(found - wanted).max() < 1e-12
    assert (made.point(np.arange(len(points))) == points).all()
    assert (made.points_below(points) == np.arange(len(points))).all()


@pytest.mark.parametrize(("start", "end", "step", "patterns"), CASES.values(), ids=CASES)
def test_draws_invert_the_distribution_function(
    start: str, end: str, step: int, patterns: list[density.Pattern]
) -> None:
    made = density.regular(at(start), at(end), step, patterns)
    u = np.concatenate([np.random.default_rng(1).random(20_000), [0.0, 1 - 2.0**-52, 1e-300]])
    times = made.time(u)
    assert ((times - at(start)) % step == 0).all()
    assert (times >= made.earliest).all()
    assert (times <= made.latest).all()
    assert (density.relative(times, patterns) > 0).all()
    # a hair of slack for the place inside a cell: one part in 10^12 of the chance
    assert (made.below(times) <= u + 1e-12).all()
    assert (made.below(times + 1) >= u - 1e-12).all()


def test_drawn_hours_and_weekdays_have_the_weights_chi_squared() -> None:
    patterns: list[density.Pattern] = [("hour", OPEN), ("dow", WEEK)]
    made = density.regular(at("2023-01-02"), at("2024-12-30"), 1_000_000, patterns)  # whole weeks
    times = made.time(np.random.default_rng(3).random(200_000))
    cell = clock.dow(times) * 24 + clock.hour(times)
    wanted = np.outer(WEEK, OPEN).ravel()
    wanted = wanted / wanted.sum() * len(times)
    seen = np.bincount(cell, minlength=168)
    assert seen[wanted == 0].sum() == 0
    statistic = float((((seen - wanted) ** 2)[wanted > 0] / wanted[wanted > 0]).sum())
    # 7 × 13 cells, all expecting more than 100 rows: the 99.99 % point of chi squared with 90 degrees of freedom
    assert statistic < chi2.ppf(0.9999, (wanted > 0).sum() - 1)


def test_a_month_on_a_monthly_grid_weighs_by_its_length() -> None:
    points = clock.month_start(np.arange(54 * 12, 55 * 12))  # 2024
    made = density.listed(points, at("2025-01-01"), [])
    lengths = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) / 366
    found = made.below(points + 1) - made.below(points)
    assert np.abs(found - lengths).max() < 1e-12
    assert (made.time(found.cumsum() - found / 2) == points).all()


def test_the_last_point_of_a_list_weighs_by_what_is_left_of_the_window() -> None:
    weeks = np.arange(at("2024-01-01"), at("2024-01-17"), 7 * DAY)
    made = density.listed(weeks, at("2024-01-17"), [])
    found = made.below(weeks + 1) - made.below(weeks)
    assert np.abs(found - np.array([7, 7, 2]) / 16).max() < 1e-12


def test_the_distribution_function_rises_from_0_to_1_and_stands_still_where_there_is_no_chance() -> None:
    made = density.regular(at("2024-01-01"), at("2024-01-08"), 1_000_000, [("hour", OPEN)])
    times = np.arange(at("2023-12-30"), at("2024-01-10"), HOUR // 4)
    below = made.below(times)
    assert below[0] == 0.0
    assert below[-1] == 1.0
    assert (np.diff(below) >= 0).all()
    night = (clock.hour(times[:-1]) >= 21) | (clock.hour(times[:-1]) < 8)
    assert (np.diff(below)[night] == 0).all()


def test_weights_that_leave_nothing_and_windows_that_need_too_much_are_told_apart() -> None:
    with pytest.raises(ValueError, match="not all 0"):
        density.regular(at("2024-01-06"), at("2024-01-08"), HOUR, [("dow", [1, 1, 1, 1, 1, 0, 0])])
    with pytest.raises(OverflowError, match="hours"):
        density.regular(at("0001-01-01"), at("9999-12-31"), HOUR, [("hour", OPEN)])


def test_ten_thousand_years_of_seconds_need_no_memory() -> None:
    made = density.regular(at("0001-01-01"), at("9999-12-31"), 1_000_000, [])
    times = made.time(np.array([0.0, 0.5, 1 - 2.0**-52]))
    assert clock.year(times).tolist() == [1, 5000, 9999]
    assert isinstance(made, TimeDensity)


def test_daylight_saving_has_no_place_in_utc() -> None:
    # the night in which clocks in Prague jump from 2 to 3, and the one in which they go back
    for day in ("2025-03-30", "2025-10-26"):
        made = density.regular(at(day), at(day) + DAY, HOUR, [])
        times = made.time((np.arange(24) + 0.5) / 24)
        assert clock.hour(times).tolist() == list(range(24))


def test_densities_have_pinned_values() -> None:
    made = density.regular(at("2024-01-01"), at("2025-01-01"), 1_000_000, [("hour", OPEN), ("dow", WEEK)])
    times = made.time(np.array([0.0, 0.1, 0.25, 0.5, 0.75, 0.999]))
    assert [show_time(int(time)) for time in times] == [
        "2024-01-01T08:00:00Z",
        "2024-02-06T16:42:48Z",
        "2024-04-01T15:08:34Z",
        "2024-07-02T08:00:00Z",
        "2024-10-01T15:08:34Z",
        "2024-12-31T16:12:04Z",
    ]
