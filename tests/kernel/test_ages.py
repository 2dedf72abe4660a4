"""Curves over the age: their values, their pieces of time and when entities leave, whatever the other entities are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.kernel import elementary
from datagen.kernel.address import root_addresses
from datagen.kernel.ages import JITTER, AgeCurve
from datagen.kernel.clock import DAY_US
from datagen.kernel.draws import uniform
from datagen.plan.vintages import formula

MONTH = round(30.4375 * DAY_US)
DECAY = (1.0, 0.75, 0.6, 0.5, 0.45, 0.4)
Floats = NDArray[np.float64]


def values(curve: AgeCurve, *ages: float) -> list[float]:
    return [round(float(value), 9) for value in curve.value(np.array(ages))]


def test_a_list_is_a_staircase_whose_last_step_is_held() -> None:
    assert values(AgeCurve(MONTH, DECAY), -1, 0, 0.99, 1, 4.5, 5, 50) == [1, 1, 1, 0.75, 0.45, 0.4, 0.4]


def test_tails_end_at_nothing_or_fall_on_like_the_last_step() -> None:
    assert values(AgeCurve(MONTH, (1, 0.5), "zero"), 1.9, 2, 9) == [0.5, 0, 0]
    assert values(AgeCurve(MONTH, (1, 0.8, 0.4), "geometric"), 2.5, 3.5, 4.5) == [0.4, 0.2, 0.1]
    # a rise is not carried on, and nothing can be said of a single step
    assert values(AgeCurve(MONTH, (1, 2.0), "geometric"), 5) == [2]
    assert values(AgeCurve(MONTH, (1.0,), "geometric"), 5) == [1]


def test_lines_join_the_steps() -> None:
    assert values(AgeCurve(MONTH, (1, 0.5, 0.4), linear=True), 0, 0.5, 1, 1.5, 2, 9) == [1, 0.75, 0.5, 0.45, 0.4, 0.4]
    assert values(AgeCurve(MONTH, (1, 0.5), "zero", linear=True), 0.5, 0.75, 1) == [0.75, 0.625, 0]
    assert values(AgeCurve(MONTH, (1, 0.5), "geometric", linear=True), 1, 2, 1.5) == [
        0.5, 0.25, round(0.5**1.5, 9)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "a", "b", "expected"),
    [
        ("logarithmic", 1.0, 0.15, lambda age: 1 + 0.15 * np.log1p(age)),
        ("exponential", 0.9, -0.3, lambda age: 0.9 * np.exp(-0.3 * age)),
        ("linear", 1.0, 0.05, lambda age: 1 + 0.05 * age),
        ("linear", 1.0, -0.25, lambda age: np.maximum(1 - 0.25 * age, 0)),  # never below 0
    ],
)
def test_formulas_are_what_they_say(word: str, a: float, b: float, expected: Callable[[Floats], Floats]) -> None:
    ages = np.linspace(0, 30, 301)
    found = AgeCurve(MONTH, formula=formula(word, a, b)).value(ages)
    assert np.abs(found - expected(ages)).max() < 1e-12


CURVES = {
    "steps": AgeCurve(MONTH, DECAY),
    "zero": AgeCurve(MONTH, (1, 0.7, 0.2), "zero"),
    "geometric": AgeCurve(MONTH, (1, 0.8, 0.64), "geometric"),
    "lines": AgeCurve(MONTH, DECAY, linear=True),
    "many lines": AgeCurve(DAY_US, tuple(1 - 0.01 * k for k in range(90)), linear=True),
    "logarithm": AgeCurve(MONTH, formula=formula("logarithmic", 1.0, -0.2)),
    "root": AgeCurve(MONTH, DECAY, linear=True).powered(0.5),
    "exponential": AgeCurve(DAY_US, formula=formula("exponential", 1.0, -0.01)),
}


@pytest.mark.parametrize("name", CURVES)
def test_pieces_of_an_entity_do_not_depend_on_the_others_or_on_the_end(name: str) -> None:
    curve = CURVES[name]
    created = np.array([0, 100 * DAY_US, 700 * DAY_US], dtype=np.int64)
    end = np.full(3, 730 * DAY_US, dtype=np.int64)
    together = curve.pieces(created, created, end)
    for k in range(3):
        alone = curve.pieces(created[k : k + 1], created[k : k + 1], end[k : k + 1])
        assert shown(alone, 0) == shown(together, k)
    longer = curve.pieces(created, created, end * 2)
    for k in range(3):
        before, after = shown(together, k), shown(longer, k)
        assert after[: len(before) - 1] == before[:-1]
        assert after[len(before) - 1][0] == before[-1][0]


def shown(pieces: object, row: int) -> list[tuple[int, float]]:
    """Beginning and factor of the pieces of one entity that last."""
    edges, factors = pieces.edges[row], pieces.factors[row]  # type: ignore[attr-defined]
    return [
        (int(low), float(factor))
        for low, high, factor in zip(edges[:-1], edges[1:], factors, strict=True)
        if high > low
    ]


@pytest.mark.parametrize("name", CURVES)
def test_the_integral_of_the_pieces_is_that_of_the_curve(name: str) -> None:
    curve = CURVES[name]
    end = np.array([720 * DAY_US], dtype=np.int64)
    pieces = curve.pieces(np.zeros(1, np.int64), np.zeros(1, np.int64), end)
    found = (np.diff(pieces.edges[0]) / curve.unit * pieces.factors[0]).sum()
    fine = (np.arange(720 * 48) + 0.5) / 48 * (DAY_US / curve.unit)
    exact = curve.value(fine).sum() * (DAY_US / curve.unit) / 48
    assert abs(found / exact - 1) < 1e-3, (found, exact)


def test_bins_are_whole_units_of_age() -> None:
    start = np.array([0, 45 * DAY_US], dtype=np.int64)
    pieces = CURVES["steps"].bins(np.zeros(2, np.int64), start, np.full(2, 300 * DAY_US, dtype=np.int64))
    assert pieces.factors.shape == (2, 10)
    assert pieces.factors[0].tolist() == [1, 0.75, 0.6, 0.5, 0.45, *[0.4] * 5]
    assert (pieces.edges[0][:-1] == np.arange(10) * MONTH).all()
    assert pieces.edges[1][:3].tolist() == [45 * DAY_US, 45 * DAY_US, 2 * MONTH]


@pytest.mark.parametrize("name", CURVES)
def test_powers_of_a_curve_multiply_to_the_curve(name: str) -> None:
    curve = CURVES[name]
    half, ages = curve.powered(0.5), np.linspace(0, 40, 4_001)
    assert np.abs(half.value(ages) ** 2 - curve.value(ages)).max() < 1e-12


@pytest.mark.parametrize(
    ("curve", "falls"),
    [
        (AgeCurve(MONTH, DECAY), True),
        (AgeCurve(MONTH, (1.0,)), True),
        (AgeCurve(MONTH, (0.9, 0.5)), False),
        (AgeCurve(MONTH, (1, 0.5, 0.6)), False),
        (AgeCurve(MONTH, formula=formula("exponential", 1.0, -0.1)), True),
        (AgeCurve(MONTH, formula=formula("exponential", 1.0, 0.1)), False),
        (AgeCurve(MONTH, formula=formula("linear", 1.0, -0.1)), True),
    ],
)
def test_survival_curves_start_at_one_and_never_rise(curve: AgeCurve, falls: bool) -> None:
    assert curve.falls is falls
    assert curve.powered(0.5).falls is falls


def draws(count: int) -> tuple[Floats, Floats]:
    address = root_addresses(11, np.arange(count, dtype=np.int64))
    return uniform(address, 1), uniform(address, 2)


@pytest.mark.parametrize("name", ["steps", "zero", "geometric", "lines", "root", "exponential"])
def test_the_share_that_is_still_there_is_the_curve(name: str) -> None:
    curve, count = CURVES[name], 50_000
    ages = curve.leaving(*draws(count), 24.0)
    for age in (0.5, 1.5, 2.5, 3.5, 8.5, 20.5):
        # of a staircase: at the middle of a unit, before anybody leaves backwards from its end
        share = float(curve.value(np.array([age]))[0])
        bound = 4 * (share * (1 - share) / count) ** 0.5
        assert abs((ages > age).mean() - share) < bound + 1e-9, (age, (ages > age).mean(), share)


def test_leaving_is_spread_backwards_from_the_end_of_a_unit() -> None:
    ages = CURVES["steps"].leaving(*draws(20_000), 24.0)
    gone = ages[np.isfinite(ages)]
    before = np.ceil(gone) - gone
    assert ((before >= 0) & (before <= JITTER)).all()
    assert len(np.unique(gone)) > 0.99 * len(gone)  # no atom
    assert abs(np.isinf(ages).mean() - 0.4) < 4 * (0.24 / 20_000) ** 0.5


@pytest.mark.parametrize("name", CURVES)
def test_when_somebody_leaves_does_not_depend_on_how_long_one_looks(name: str) -> None:
    curve = CURVES[name]
    if not curve.falls:
        pytest.skip("no survival curve")
    u, v = draws(5_000)
    short, long = curve.leaving(u, v, 7.3), curve.leaving(u, v, 300.0)
    seen = np.isfinite(short)
    assert (short[seen] == long[seen]).all()
    assert (long[~seen] > 7.3).all()


def test_a_curve_may_be_raised_more_than_once() -> None:
    assert elementary.power(np.array([0.0, 0.25]), 0.5).tolist() == [0.0, 0.5]
    assert values(CURVES["steps"].powered(0.5).powered(2.0), 0.5, 1.5) == [1, 0.75]


def test_a_formula_that_grows_beyond_all_numbers_does_not_fall(recwarn: pytest.WarningsRecorder) -> None:
    assert not AgeCurve(1, formula=lambda age: elementary.exp(50.0 * age)).falls
    assert not recwarn.list
