"""exp, ln, powers and the normal quantile agree with the true functions to some last digits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from datagen.kernel.elementary import exp, log, normal_quantile, normal_upper_quantile, power


def _spread(low: float, high: float, n: int = 100_000) -> np.ndarray:
    return np.linspace(low, high, n) + np.sin(np.arange(n)) * (high - low) / n


def _steps_off(made: np.ndarray, true: np.ndarray) -> float:
    """Largest error in units of the last place."""
    return float(np.max(np.abs((made - true) / np.spacing(np.abs(true).astype(np.float64)))))


def test_exp_is_right_to_two_last_places() -> None:
    for low, high in ((-708.0, 709.7), (-1.0, 1.0), (-1e-8, 1e-8)):
        x = _spread(low, high)
        assert _steps_off(exp(x), np.exp(x.astype(np.longdouble))) < 2


def test_exp_at_its_ends() -> None:
    assert exp(np.array([0.0, -0.0, -np.inf, np.inf, 710.0, -746.0])).tolist() == [1.0, 1.0, 0.0, np.inf, np.inf, 0.0]
    assert np.isnan(exp(np.array([np.nan])))
    assert exp(np.array([-740.0])) == pytest.approx(np.exp(-740.0), rel=1e-2)  # below the normal range


def test_log_is_right_to_three_last_places() -> None:
    near_one, tiny = 1.0 - 2.0 ** -np.arange(1.0, 53.0), np.array([5e-324, 1e-310])
    for x in (exp(_spread(-700.0, 709.0)), _spread(0.5, 2.0), near_one, tiny):
        other = x[x != 1.0]
        assert _steps_off(log(other), np.log(other.astype(np.longdouble))) < 3


def test_log_at_its_ends() -> None:
    assert log(np.array([1.0, 0.0, -0.0, np.inf])).tolist() == [0.0, -np.inf, -np.inf, np.inf]
    assert np.isnan(log(np.array([-1.0, -np.inf, np.nan]))).all()


def test_log_of_strided_numbers() -> None:
    x = np.arange(1.0, 101.0)
    assert np.array_equal(log(x[::2]), log(x[::2].copy()))


def test_powers() -> None:
    base = _spread(1e-3, 1e6)
    for exponent in (-1.3, 0.5, 3.0):
        assert np.allclose(power(base, exponent), base**exponent, rtol=1e-14, atol=0)
    assert power(np.array([0.0, 0.0, 1.0, 2.0]), np.array([2.0, 0.0, np.inf, 0.0])).tolist() == [0.0, 1.0, 1.0, 1.0]


def test_normal_quantiles_are_right_to_fifteen_digits() -> None:
    p = np.concatenate([_spread(1e-4, 1 - 1e-4), 2.0 ** -np.arange(2.0, 1000.0), 1.0 - 2.0 ** -np.arange(2.0, 53.0)])
    assert np.allclose(normal_quantile(p), special.ndtri(p), rtol=2e-15, atol=1e-15)
    assert normal_quantile(np.array([0.0, 0.5, 1.0])).tolist() == [-np.inf, 0.0, np.inf]
    v = 2.0 ** -np.arange(4.0, 60.0)
    assert np.allclose(normal_upper_quantile(v), -special.ndtri(v), rtol=2e-15, atol=0)
