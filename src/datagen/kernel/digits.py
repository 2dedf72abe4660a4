"""Rounds numbers to decimals or to significant digits, to the same bits on every processor.

Only × ÷, rounding to whole numbers and exact powers of ten (10^22 is the last one) touch a value, so the result is the
float nearest to the decimal number that is meant, and 0.1 + 0.2 comes out as 0.3. A number that, scaled, lies half-way
between two decimals goes to the even one. Minus zero becomes zero; infinite and not-a-number stay what they are.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIECE = 16_384  # values per piece, so that the working arrays stay in cache
KNOT_BITS = 40  # the last digits of scipy and of the C library differ between processors
MOST_DECIMALS = 22  # 10^22 is the largest power of ten that is a float exactly
MOST_DIGITS = 12  # with more, the scaling itself would decide which way a number goes
WHOLE = 2.0**52  # from here on a float has no decimals


def round_bits(x: NDArray[np.float64], bits: int = KNOT_BITS) -> NDArray[np.float64]:
    """(n,) float64 with the mantissa rounded to some bits, half to even: for numbers that other libraries made."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.rint(mantissa * 2.0**bits) * 2.0**-bits, exponent)


def round_decimals(
    x: NDArray[np.float64], decimals: int, out: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """(n,) float64 with so many decimals, -22 to 22 (-3: whole thousands). `out` may be `x` itself."""
    if not -MOST_DECIMALS <= decimals <= MOST_DECIMALS:
        raise ValueError(f"cannot round to {decimals} decimals: -22 to 22")
    values = np.empty(len(x), dtype=np.float64) if out is None else out
    ten = float(10 ** abs(decimals))
    scale, unscale = (np.multiply, np.divide) if decimals >= 0 else (np.divide, np.multiply)
    scratch = np.empty(min(PIECE, len(x)), dtype=np.float64)
    for start in range(0, len(x), PIECE):
        piece = x[start : start + PIECE]
        scaled = scratch[: len(piece)]
        with np.errstate(over="ignore"):
            scale(piece, ten, out=scaled)
        np.rint(scaled, out=scaled)
        np.add(scaled, 0.0, out=scaled)
        if decimals > 0 and not max(float(piece.max()), -float(piece.min())) < WHOLE:
            whole = ~(np.abs(piece) < WHOLE)
            kept = piece[whole]
            unscale(scaled, ten, out=values[start : start + PIECE])
            values[start : start + PIECE][whole] = kept
        else:
            unscale(scaled, ten, out=values[start : start + PIECE])
    return values


def round_significant(
    x: NDArray[np.float64], digits: int = 10, out: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """(n,) float64 with so many significant decimal digits, 1 to 12. `out` may be `x` itself."""
    if not 1 <= digits <= MOST_DIGITS:
        raise ValueError(f"cannot round to {digits} significant digits: 1 to {MOST_DIGITS}")
    thresholds, powers = _decades(digits)
    least, most = 10.0 ** (digits - MOST_DECIMALS), 10.0 ** (digits - 1)  # scaled by 10^0 to 10^22
    values = np.empty(len(x), dtype=np.float64) if out is None else out
    size = min(PIECE, len(x))
    magnitudes, scales = np.empty(size, dtype=np.float64), np.empty(size, dtype=np.float64)
    for start in range(0, len(x), PIECE):
        piece, result = x[start : start + PIECE], values[start : start + PIECE]
        magnitude, scale = magnitudes[: len(piece)], scales[: len(piece)]
        np.abs(piece, out=magnitude)
        common = bool(magnitude.min() >= least and magnitude.max() < most)
        if not common:
            rare = np.flatnonzero(((magnitude < least) & (magnitude > 0.0)) | ~(magnitude < most))
            rare_values = _round_anywhere(piece[rare], digits) if len(rare) else piece[rare]
        # the exponent gives the decade, but for those where a power of ten lies between two powers of two
        cell = np.right_shift(magnitude.view(np.int64), 52)
        np.take(thresholds, cell, out=scale, mode="clip")
        over = np.greater_equal(magnitude, scale)
        np.add(cell, cell, out=cell)
        np.add(cell, over, out=cell)
        np.take(powers, cell, out=scale, mode="clip")
        scaled = np.multiply(piece, scale, out=magnitude)
        np.rint(scaled, out=scaled)
        np.divide(scaled, scale, out=result)
        if not common:
            np.add(result, 0.0, out=result)
            result[rare] = rare_values
    return values


@cache
def _decades(digits: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By exponent word: the power of ten inside the octave (or infinity), and the two scales 10^k around it."""
    thresholds = np.full(2048, np.inf)
    powers = np.ones(4096)
    for word in range(1023 - 80, 1023 + 80):  # 2^-80 to 2^80: wider than what is scaled by 10^0 to 10^22
        below = Fraction(2) ** (word - 1023)
        decade = _decade(below)
        if Fraction(10) ** (decade + 1) < 2 * below:
            thresholds[word] = float(Fraction(10) ** (decade + 1))
        for over in (0, 1):
            powers[2 * word + over] = float(Fraction(10) ** (digits - 1 - decade - over))
    return thresholds, powers


def _decade(number: Fraction) -> int:
    """d with 10^d <= number < 10^(d+1)."""
    decade = len(str(number.numerator)) - len(str(number.denominator))
    return decade if Fraction(10) ** decade <= number else decade - 1


def _round_anywhere(x: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    """(m,) rounded, at any magnitude: zero, tiny, huge and not finite numbers too. Slower, the same results."""
    thresholds, scales, tens, tens_rest, tens_exponent, decades = _all_decades(digits)
    finite = np.isfinite(x) & (x != 0.0)
    mantissa, exponent = np.frexp(np.where(finite, np.abs(x), 1.0))
    row = exponent - _FIRST_EXPONENT
    over = (mantissa >= thresholds[row]).astype(np.int64)
    whole = np.rint(mantissa * scales[row, over])
    # whole × 10^place: exact for powers up to 10^22, else with the power in two floats
    place = decades[row] + over - (digits - 1)
    exact = np.abs(place) <= MOST_DECIMALS
    plain = np.abs(np.where(exact, place, 0))
    ten = _EXACT_TENS[plain]
    near = np.where(place >= 0, whole * ten, whole / ten)
    index = place - _FIRST_PLACE
    product, error = _exact_product(whole, tens[index])
    with np.errstate(over="ignore", under="ignore"):
        far = np.ldexp(product + (error + whole * tens_rest[index]), tens_exponent[index])
    rounded = np.copysign(np.where(exact, near, far), x)
    result: NDArray[np.float64] = np.where(finite, rounded, x) + 0.0
    return result


_FIRST_EXPONENT = -1074  # of frexp
_FIRST_PLACE = -345
_EXACT_TENS = np.array([float(10**power) for power in range(MOST_DECIMALS + 1)])


@cache
def _all_decades(digits: int) -> tuple[NDArray[Any], ...]:
    """As `_decades` for every float, scaled so that nothing overflows: mantissa in [1/2, 1), by exponent of frexp."""
    exponents = range(_FIRST_EXPONENT, 1025)
    thresholds = np.full(len(exponents), np.inf)
    scales = np.ones((len(exponents), 2))
    decades = np.zeros(len(exponents), dtype=np.int64)
    for row, exponent in enumerate(exponents):
        below = Fraction(2) ** (exponent - 1)
        decade = _decade(below)
        decades[row] = decade
        if Fraction(10) ** (decade + 1) < 2 * below:
            thresholds[row] = float(Fraction(10) ** (decade + 1) / (2 * below))
        for over in (0, 1):
            scales[row, over] = float(Fraction(10) ** (digits - 1 - decade - over) * 2 * below)
    places = range(_FIRST_PLACE, 330)
    tens, rest, shift = np.ones(len(places)), np.zeros(len(places)), np.zeros(len(places), dtype=np.int64)
    for row, place in enumerate(places):
        ten = Fraction(10) ** place
        shift[row] = ten.numerator.bit_length() - ten.denominator.bit_length()
        scaled = ten / Fraction(2) ** int(shift[row])
        tens[row] = float(scaled)
        rest[row] = float(scaled - Fraction(tens[row]))
    return thresholds, scales, tens, rest, shift, decades


def _exact_product(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """a × b as the nearest float and what is missing (Dekker 1971)."""
    product = a * b
    a_high, b_high = _upper_half(a), _upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _upper_half(a: NDArray[np.float64]) -> NDArray[np.float64]:
    split = a * 134217729.0  # 2^27 + 1
    result: NDArray[np.float64] = split - (split - a)
    return result
