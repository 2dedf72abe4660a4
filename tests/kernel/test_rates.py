"""What moves a rate beside its seasons: grids, holidays, bursts, noise, planted oddities."""

from __future__ import annotations

import numpy as np
import pytest

from datagen.kernel import rates
from datagen.kernel.clock import DAY_US, HOUR_US, day_number
from datagen.schema.times import parse_time

START = 19_723 * DAY_US  # 2024-01-01, a Monday
YEAR = START + np.arange(366 * 24, dtype=np.int64) * HOUR_US


def test_grids_are_hours_or_days_for_long_windows() -> None:
    assert rates.grid(START + 1, START + 3 * HOUR_US + 1) == (START, HOUR_US, 4)
    assert rates.grid(START, START + 25 * 366 * DAY_US) == (START, DAY_US, 25 * 366)


def test_a_grid_is_as_fine_as_what_shapes_it_however_long_the_window() -> None:
    assert rates.grid(START + 1, START + HOUR_US + 1, "quarter") == (START, HOUR_US // 4, 5)
    assert rates.grid(START, START + 25 * 366 * DAY_US, "hour") == (START, HOUR_US, 25 * 366 * 24)
    assert rates.grid(START, START + 25 * 366 * DAY_US, "month") == (START, DAY_US, 25 * 366)


def day(text: str) -> int:
    time = parse_time(text)
    assert isinstance(time, int)
    return time


def test_a_holiday_has_its_factor_and_the_days_around_ramp_up_and_down() -> None:
    hours = day("2024-07-01") + np.arange(7 * 24, dtype=np.int64) * HOUR_US  # 4 July is the only one near
    found = rates.holidays(hours, "US", 3.0, 2 * DAY_US, DAY_US // 2)
    at = {f"{number + 1} {hour}": found[24 * number + hour] for number in range(7) for hour in (0, 6, 12, 23)}
    assert at["1 23"] == 1.0
    assert at["2 0"] == 1.0
    assert at["3 0"] == 2.0
    assert at["3 12"] == 2.5
    assert (found[72:96] == 3).all()
    assert at["5 0"] == 3.0
    assert at["5 6"] == 2.0
    assert at["5 12"] == 1.0
    assert (rates.holidays(hours, "US", 3.0, 0, 0) == np.where((hours >= hours[72]) & (hours < hours[96]), 3, 1)).all()


def test_ramps_reach_over_the_ends_of_the_years() -> None:
    eve = np.array([day("2023-12-31"), day("2024-01-02") + HOUR_US], dtype=np.int64)  # 1 January is the holiday
    found = rates.holidays(eve, "US", 0.5, 2 * DAY_US, 2 * DAY_US)
    assert np.abs(found - [0.75, 1 - 0.5 * 47 / 48]).max() < 1e-12


def test_a_factor_between_two_moments_begins_and_ends_there() -> None:
    found = rates.between(YEAR, int(YEAR[5]), int(YEAR[8]), 4.0)
    assert found[4:9].tolist() == [1, 4, 4, 4, 1]


def test_unrest_has_mean_1_and_its_size_is_that_of_a_usual_day() -> None:
    found = rates.unrest(DAYS, int(DAYS[0]), int(DAYS[-1]) + 1, 2.0, 7)
    spread, n = np.log(2.0), len(DAYS)
    # 4 standard errors: of a mean of lognormal factors, of a standard deviation of normal ones
    assert abs(found.mean() - 1) < 4 * (np.exp(spread**2) - 1) ** 0.5 / n**0.5
    assert abs(np.log(found).std() / spread - 1) < 4 / (2 * n) ** 0.5
    assert (rates.unrest(DAYS, int(DAYS[10]), int(DAYS[20]), 2.0, 7)[:10] == 1).all()
    assert (rates.unrest(DAYS[5:9], int(DAYS[0]), int(DAYS[-1]), 2.0, 7) == found[5:9]).all()


def test_a_burst_jumps_and_falls_to_a_third_after_its_decay() -> None:
    times = START + np.array([-1, 0, 2 * DAY_US, 4 * DAY_US, 300 * DAY_US], dtype=np.int64)
    found = rates.burst(times, START, 5.0, 2 * DAY_US)
    assert np.abs(found - [1, 5, 1 + 4 / np.e, 1 + 4 / np.e**2, 1]).max() < 1e-12


DAYS = START + np.arange(20_000, dtype=np.int64) * DAY_US


@pytest.mark.parametrize("coefficients", [[], [0.6], [0.9], [0.5, -0.3], [1.2, -0.5]])
def test_noise_has_the_wanted_deviation_and_lags_and_a_mean_of_1(coefficients: list[float]) -> None:
    std = 0.3
    factors = rates.noise(DAYS, coefficients, std, 5)
    series = np.log(factors) + std * std / 2
    # an autoregressive series remembers: n values are worth n · (1 - φ) / (1 + φ), φ = 0.9 at most
    worth = len(DAYS) / 19
    assert abs(series.std() / std - 1) < 4 / (2 * worth) ** 0.5
    assert abs(factors.mean() - 1) < 4 * std / worth**0.5
    normal = series / series.std()
    if coefficients:  # Yule-Walker: refit from the autocovariances
        lags = len(coefficients)
        covariance = [float((normal[lag:] * normal[: len(normal) - lag]).mean()) for lag in range(lags + 1)]
        matrix = np.array([[covariance[abs(i - j)] for j in range(lags)] for i in range(lags)])
        fitted = np.linalg.solve(matrix, np.array(covariance[1:]))
        assert np.abs(fitted - coefficients).max() < 0.03  # four standard errors of 1/√n
    else:
        assert abs((normal[1:] * normal[:-1]).mean()) < 4 / len(normal) ** 0.5


def test_noise_of_a_day_does_not_depend_on_where_the_window_ends() -> None:
    short, long = rates.noise(DAYS[:100], [0.6], 0.2, 9), rates.noise(DAYS, [0.6], 0.2, 9)
    assert (short == long[:100]).all()
    assert (rates.noise(DAYS[:100], [0.6], 0.2, 10) != short).all()


def test_noise_is_one_factor_per_day_whatever_the_grid() -> None:
    hours = rates.noise(YEAR, [0.4], 0.2, 3)
    assert len(np.unique(hours)) == 366
    first = np.flatnonzero(np.diff(day_number(YEAR), prepend=-1))
    assert (rates.noise(YEAR[first], [0.4], 0.2, 3) == hours[first]).all()


def test_an_earlier_start_has_been_forgotten() -> None:
    early, late = rates.noise(DAYS, [0.9], 0.2, 3), rates.noise(DAYS[1_000:], [0.9], 0.2, 3)
    assert np.abs(early[1_000:] / late - 1).max() < 1e-12


@pytest.mark.parametrize("coefficients", [[1.0], [1.1], [-1.0], [-3.0], [0.6, 0.5], [0.5, 0.5]])
def test_series_that_do_not_settle_are_told(coefficients: list[float]) -> None:
    with pytest.raises(ValueError, match="settle"):
        rates.shock_share(coefficients)


def test_the_share_of_the_shocks_is_that_of_theory() -> None:
    assert rates.shock_share([]) == 1.0
    assert abs(rates.shock_share([0.6]) - (1 - 0.36) ** 0.5) < 1e-12
