"""Trend curves: values, where they end, and that they start at 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from datagen.kernel.curves import TrendCurve

TIMES = np.array([-3.0, 0.0, 0.5, 1.0, 2.0, 10.0])


def test_factors_follow_their_formulas() -> None:
    t = np.maximum(TIMES, 0)
    assert np.allclose(TrendCurve("exponential", rate=0.08).factor(TIMES), 1.08**t, rtol=1e-14)
    assert np.allclose(TrendCurve("exponential", rate=-0.5).factor(TIMES), 0.5**t, rtol=1e-14)
    assert np.allclose(TrendCurve("linear", rate=0.3).factor(TIMES), 1 + 0.3 * t, rtol=1e-15)
    assert np.allclose(TrendCurve("logarithmic", a=0.2, b=3).factor(TIMES), 1 + 0.2 * np.log1p(3 * t), rtol=1e-14)


@pytest.mark.parametrize(
    "curve",
    [TrendCurve("exponential", rate=0.7), TrendCurve("linear", rate=-0.1), TrendCurve("logarithmic", a=-0.1, b=2)],
)
def test_a_trend_is_one_at_its_start_and_before(curve: TrendCurve) -> None:
    assert curve.factor(np.array([-5.0, -1e-9, 0.0])).tolist() == [1.0, 1.0, 1.0]


def test_factors_have_pinned_values() -> None:
    # the same bits on every processor
    assert [value.hex() for value in TrendCurve("exponential", rate=0.08).factor(np.array([0.25, 7.0]))] == [
        "0x1.04f9235fa52ecp+0",
        "0x1.b6bd2ff17fc8ap+0",
    ]


@pytest.mark.parametrize(
    ("curve", "zero"),
    [
        (TrendCurve("exponential", rate=0.1), None),
        (TrendCurve("exponential", rate=-0.99), None),
        (TrendCurve("exponential", rate=-1.0), 1.0),
        (TrendCurve("exponential", rate=-1.5), 1.0),
        (TrendCurve("linear", rate=0.1), None),
        (TrendCurve("linear", rate=-0.25), 4.0),
        (TrendCurve("logarithmic", a=0.1, b=1), None),
        (TrendCurve("logarithmic", a=-0.5, b=1), math.e**2 - 1),
        (TrendCurve("logarithmic", a=0.5, b=-0.1), (1 - math.exp(-2)) * 10),
        (TrendCurve("logarithmic", a=-0.5, b=-0.1), 10.0),
        (TrendCurve("logarithmic", a=0, b=-0.5), 2.0),
        (TrendCurve("logarithmic", a=-0.001, b=1), None),
    ],
)
def test_where_a_curve_is_no_longer_above_zero(curve: TrendCurve, zero: float | None) -> None:
    found = curve.zero()
    assert found == (None if zero is None else pytest.approx(zero))
    if zero is not None and curve.kind != "exponential":
        assert (curve.factor(np.array([zero * 0.999])) > 0).all()


@pytest.mark.parametrize(
    "curve",
    [
        TrendCurve("exponential", rate=0.5),
        TrendCurve("linear", rate=2.0),
        TrendCurve("logarithmic", a=20.0, b=0.5),
    ],
)
def test_a_level_is_reached_where_the_curve_says(curve: TrendCurve) -> None:
    t = curve.reaches(1000.0)
    assert t is not None
    assert curve.factor(np.array([t]))[0] == pytest.approx(1000.0)


def test_falling_curves_reach_no_level_above_one() -> None:
    assert TrendCurve("exponential", rate=-0.1).reaches(2.0) is None
    assert TrendCurve("linear", rate=-0.1).reaches(2.0) is None
    assert TrendCurve("logarithmic", a=-0.1).reaches(2.0) is None
    assert TrendCurve("logarithmic", a=0.001).reaches(1e12) is None


LOGISTIC = TrendCurve("logistic", rate=1.5, ceiling=3)
PIECEWISE = TrendCurve("piecewise", moments=(1.0, 3.0), levels=(2.0, 0.0))
STEP = TrendCurve("step", moments=(0.0, 2.0), levels=(1.5, 4.0))


def test_a_logistic_curve_nears_its_ceiling() -> None:
    t = np.maximum(TIMES, 0)
    assert np.allclose(LOGISTIC.factor(TIMES), 3 / (1 + 2 * np.exp(-1.5 * t)), rtol=1e-14)
    assert LOGISTIC.factor(np.array([-1.0, 0.0, 1e9])).tolist() == [1.0, 1.0, 3.0]
    falling = TrendCurve("logistic", rate=1.5, ceiling=0.2)
    assert (np.diff(falling.factor(np.linspace(0, 9, 50))) < 0).all()
    assert abs(falling.factor(np.array([30.0]))[0] - 0.2) < 1e-12


def test_levels_are_joined_by_lines_or_held_and_the_last_one_stays() -> None:
    t = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 9.0])
    assert PIECEWISE.factor(t).tolist() == [1.0, 1.0, 1.5, 2.0, 1.0, 0.0, 0.0]
    assert STEP.factor(t).tolist() == [1.5, 1.5, 1.5, 1.5, 4.0, 4.0, 4.0]


def test_where_further_curves_reach_a_level() -> None:
    level = LOGISTIC.reaches(2.0)
    assert level is not None
    assert abs(LOGISTIC.factor(np.array([level]))[0] - 2) < 1e-12
    assert LOGISTIC.reaches(3.0) is None
    assert PIECEWISE.reaches(1.5) == 1.0
    assert STEP.reaches(5.0) is None
    assert [curve.zero() for curve in (LOGISTIC, PIECEWISE, STEP)] == [None, None, None]
