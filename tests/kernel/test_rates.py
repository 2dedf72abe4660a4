"""What shapes a rate over the calendar: grids, seasons, bursts and noise."""

from __future__ import annotations

import numpy as np
import pytest

from datagen.kernel import rates
from datagen.kernel.clock import DAY_US, HOUR_US, day_number, month

START = 19_723 * DAY_US  # 2024-01-01, a Monday
YEAR = START + np.arange(366 * 24, dtype=np.int64) * HOUR_US
CYCLE = 10_957 * DAY_US + np.arange(146_097, dtype=np.int64) * DAY_US  # 2000 to 2399: every day of the calendar's cycle


def test_grids_are_hours_or_days_for_long_windows() -> None:
    assert rates.grid(START + 1, START + 3 * HOUR_US + 1) == (START, HOUR_US, 4)
    assert rates.grid(START, START + 25 * 366 * DAY_US) == (START, DAY_US, 25 * 366)


@pytest.mark.parametrize(
    ("dimension", "weights"),
    [
        ("hour", [float(k) for k in range(24)]),
        ("dow", [1, 1, 1, 1, 2, 3, 0]),
        ("month", [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4]),
    ],
)
def test_seasons_have_mean_1_over_their_cycle_and_their_weights_ratio(dimension: str, weights: list[float]) -> None:
    times = CYCLE if dimension == "month" else YEAR[: 7 * 24]
    found = rates.season(times, dimension, weights)
    assert abs(found.mean() - 1) < 1e-9
    values, wanted = np.unique(np.round(found / found.max(), 9)), np.unique(np.array(weights) / max(weights))
    assert np.abs(values - wanted).max() < 1e-8


def test_a_season_is_that_of_the_time() -> None:
    friday = START + 4 * DAY_US + np.arange(24, dtype=np.int64) * HOUR_US
    assert (rates.season(friday, "dow", [0, 0, 0, 0, 7, 0, 0]) == 7).all()
    assert (rates.season(friday[17:18], "hour", [0] * 17 + [24] + [0] * 6) == 24).all()


def test_smooth_months_keep_every_months_mean_and_have_no_steps() -> None:
    weights = [1, 1, 1.2, 1, 0.8, 0.7, 0.6, 0.7, 1, 1.2, 1.6, 2.2]
    hours = START - 365 * DAY_US + np.arange(365 * 24, dtype=np.int64) * HOUR_US  # 2023: no leap day
    found, plain = rates.smooth_months(hours, weights), rates.season(hours, "month", weights)
    for number in range(1, 13):
        mine = month(hours) == number
        assert abs(found[mine].mean() / plain[mine].mean() - 1) < 0.01, number
    assert np.abs(np.diff(found)).max() < 0.01 * (max(weights) - min(weights))
    assert np.abs(np.diff(plain)).max() > 0.2


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
