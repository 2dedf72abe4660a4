"""Rounding gives the float nearest to the decimal number that is meant, at every magnitude."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.kernel.address import root_addresses
from datagen.kernel.digits import round_bits, round_decimals, round_significant
from datagen.kernel.draws import uniform


def _numbers(scale: float, n: int = 5_000) -> np.ndarray:
    return (uniform(root_addresses(1, np.arange(n)), 7) - 0.5) * scale


def _said(x: np.ndarray, digits: int) -> np.ndarray:
    """What Python's own decimal printing and reading makes of it."""
    return np.array([float(f"{value:.{digits - 1}e}") for value in x.tolist()])


@pytest.mark.parametrize("digits", [1, 3, 6, 10])
@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1e-5, 1.0, 1e3, 1e9, 1e12, 1e40, 1e307])
def test_significant_digits_match_decimal_printing(digits: int, scale: float) -> None:
    x = _numbers(scale)
    assert np.array_equal(round_significant(x, digits), _said(x, digits))


def test_powers_of_ten_and_two_and_their_neighbours() -> None:
    tens = np.array([float(f"1e{power}") for power in range(-307, 309)])
    x = np.concatenate([tens, np.nextafter(tens, 0), np.nextafter(tens, np.inf), np.ldexp(1.0, np.arange(-1022, 1024))])
    assert np.array_equal(round_significant(x), _said(x, 10))
    assert np.array_equal(round_significant(-x), -_said(x, 10))


def test_what_is_no_ordinary_number_stays_what_it_is() -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.5])
    for made in (round_significant(x), round_decimals(x, 2)):
        assert made[:4].tolist() == [0.0, 0.0, np.inf, -np.inf]
        assert not np.signbit(made[:2]).any()
        assert np.isnan(made[4])
        assert made[5] == 1.5


def test_numbers_below_the_normal_range_stay_close() -> None:
    x = np.array([5e-324, 1.23456789012e-310, -2.2e-308])
    assert np.allclose(round_significant(x), x, rtol=1e-10, atol=1e-323)


@pytest.mark.parametrize("decimals", [-3, 0, 1, 2, 4, 9])
def test_decimals_match_decimal_printing(decimals: int) -> None:
    # up to 14 digits in all: with more, printing looks at digits that the scaled number no longer has
    for scale in (1.0, 100.0, 1e4):
        x = _numbers(scale)
        said = np.array([round(value, decimals) for value in x.tolist()]) + 0.0
        assert np.array_equal(round_decimals(x, decimals), said)


def test_halves_go_to_the_even_digit() -> None:
    assert round_decimals(np.array([0.5, 1.5, 2.5, -0.5, -1.5]), 0).tolist() == [0.0, 2.0, 2.0, 0.0, -2.0]
    assert round_decimals(np.array([0.125, 0.375, 2.675]), 2).tolist() == [0.12, 0.38, 2.68]
    assert not np.signbit(round_decimals(np.array([-0.4]), 0)).any()


def test_sums_come_out_as_they_are_meant() -> None:
    assert round_decimals(np.array([0.1 + 0.2, 1.1 * 3]), 2).tolist() == [0.3, 3.3]
    assert round_significant(np.array([0.1 + 0.2, 1e17 / 3])).tolist() == [0.3, 3.333333333e16]


def test_huge_numbers_have_no_decimals_to_round() -> None:
    x = np.array([2.0**52, 1e300, -1.7e308, 4503599627370497.0])
    assert np.array_equal(round_decimals(x, 22), x)


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 40_000])
def test_results_do_not_depend_on_the_numbers_beside_them(size: int) -> None:
    x = _numbers(1e4, 40_000)
    x[::997] *= 1e30
    x[5::991] = 0.0
    assert np.array_equal(round_significant(x[:size]), round_significant(x)[:size])
    alone = np.array([round_significant(x[place : place + 1])[0] for place in range(0, 40_000, 1_001)])
    assert np.array_equal(alone, round_significant(x)[::1_001])


def test_rounding_in_place() -> None:
    for rounding in (round_significant, lambda x, out=None: round_decimals(x, 2, out=out)):
        x = _numbers(1e4)
        x[:3] = [0.0, 1e30, np.inf]
        expected = rounding(x)
        assert rounding(x, out=x) is x
        assert np.array_equal(x, expected)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 12))
def test_rounding_twice_changes_nothing(number: float, digits: int) -> None:
    once = round_significant(np.array([number]), digits)
    assert np.array_equal(round_significant(once, digits), once)
    assert np.isfinite(once).all() or abs(number) > 9e307


@pytest.mark.parametrize("digits", [0, 13, -1])
def test_digits_that_cannot_be_are_refused(digits: int) -> None:
    with pytest.raises(ValueError, match="significant digits"):
        round_significant(np.zeros(1), digits)


def test_decimals_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="decimals"):
        round_decimals(np.zeros(1), 23)


def test_forty_bits_hide_what_differs_between_libraries() -> None:
    x = _numbers(1.0)
    nearly = np.nextafter(x, np.inf)
    same = round_bits(x) == round_bits(nearly)
    assert same.mean() > 0.99  # one in 2^13 lies at a border
    assert np.allclose(round_bits(x), x, rtol=2.0**-40, atol=0)
    assert round_bits(np.array([0.0, np.inf, -np.inf, 1.5])).tolist() == [0.0, np.inf, -np.inf, 1.5]
