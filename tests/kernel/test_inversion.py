"""Quantiles found from a density alone agree with the true ones in the middle and in both tails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from datagen.kernel.inversion import SmoothLaw, exp_curve, log_one_more

BELL = SmoothLaw(lambda y: -y * y / 2, 1.0)
CHANCES = np.concatenate([2.0 ** -np.arange(1.0, 54.0), np.arange(1, 200) / 200])


def test_the_bell_curve_is_found_from_its_density() -> None:
    assert np.allclose(BELL.inverse(CHANCES), special.ndtri(CHANCES), rtol=1e-13, atol=1e-14)
    assert np.allclose(BELL.inverse_upper(CHANCES), -special.ndtri(CHANCES), rtol=1e-13, atol=1e-14)


def test_both_tails_keep_their_digits() -> None:
    z = np.linspace(-12, 12, 49)
    assert np.allclose(BELL.below(z), special.ndtr(z), rtol=1e-12, atol=0)
    assert np.allclose(BELL.above(z), special.ndtr(-z), rtol=1e-12, atol=0)


def test_laws_that_lean_to_one_side() -> None:
    for shape in (0.01, 0.7, 3.0, 1e4, 1e8):
        law = SmoothLaw(lambda t, shape=shape: -shape * exp_curve(t), 1 / math.sqrt(max(shape, 1)))
        values = np.exp(law.inverse(CHANCES)) * shape
        true = stats.gamma(shape).ppf(CHANCES)
        known = (true > 1e-280) & (CHANCES > 1e-3)  # scipy's own inverse is rough further out at large shapes
        assert np.allclose(values[known], true[known], rtol=1e-11, atol=0), shape


def test_the_ends_are_infinite() -> None:
    assert BELL.inverse(np.array([0.0, 1.0])).tolist() == [-np.inf, np.inf]
    assert BELL.inverse_upper(np.array([0.0, 1.0])).tolist() == [np.inf, -np.inf]
    assert BELL.below(np.array([-np.inf, np.inf])) == pytest.approx([0.0, 1.0], abs=1e-15)
    assert BELL.above(np.array([-np.inf, np.inf])) == pytest.approx([1.0, 0.0], abs=1e-15)


def test_small_arguments_keep_their_digits() -> None:
    t = np.array([1e-12, -1e-9, 1e-5, 0.3, -0.4, 0.6, -30.0, 5.0])
    series = t**2 * (1 + t / 3 + t**2 / 12) / 2
    assert np.allclose(exp_curve(t), np.where(np.abs(t) < 1e-2, series, special.expm1(t) - t), rtol=1e-13, atol=0)
    assert np.allclose(log_one_more(t[:6]), np.log1p(t[:6]), rtol=1e-14, atol=0)
