"""Exponential, logarithm and normal quantile that give the same bits on every processor.

`np.exp`, `np.log` and the C library choose other code on other processors, and their last digit differs. These use only
+ - × ÷, square roots, rounding and shifts, which IEEE 754 fixes to the bit. Errors are below 4 units in the last place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PIECE = 16_384  # values per piece, so that the working arrays stay in cache

LOG2_E = 1.4426950408889634
LN2_HIGH = 6.93147180369123816490e-01  # 33 bits: times an exponent it is exact
LN2_LOW = 1.90821492927058770002e-10
SQRT_HALF = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
SMALLEST_NORMAL = 0x0010000000000000
INFINITY = 0x7FF0000000000000

# 1/13! … 1/2!: the rest of e^r after 1 + r, |r| <= ln 2 / 2
_EXP = tuple(1.0 / divisor for divisor in
             (6227020800, 479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2))  # fmt: skip
# 2/21 … 2/3: the rest of ln m = 2 artanh f after 2 f, f = (m - 1) / (m + 1)
_LOG = tuple(2.0 / odd for odd in range(21, 1, -2))


def exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) e^x; infinite above 709.78, 0 below -745.13."""
    result = np.empty(len(x), dtype=np.float64)
    for start in range(0, len(x), PIECE):
        result[start : start + PIECE] = _exp(x[start : start + PIECE])
    return result


def _exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    power = np.clip(x, -746.0, 710.0)
    twos = np.multiply(power, LOG2_E)
    np.rint(twos, out=twos)
    scratch = np.multiply(twos, LN2_HIGH)
    rest = np.subtract(power, scratch, out=power)
    np.multiply(twos, LN2_LOW, out=scratch)
    np.subtract(rest, scratch, out=rest)
    series = _horner(_EXP, rest)
    np.multiply(series, rest, out=series)
    np.multiply(series, rest, out=series)
    np.add(series, rest, out=series)
    np.add(series, 1.0, out=series)
    with np.errstate(invalid="ignore"):  # not a number stays so: its exponent has no meaning
        exponent = twos.astype(np.int64)
    # two steps, since 2^-1075 and 2^1024 are no floats
    half = np.right_shift(exponent, 1)
    np.subtract(exponent, half, out=exponent)
    with np.errstate(over="ignore", under="ignore"):
        np.multiply(series, _power_of_two(half), out=series)
        np.multiply(series, _power_of_two(exponent), out=series)
    return series


def log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) natural logarithm; -infinite at 0, not a number below."""
    result = np.empty(len(x), dtype=np.float64)
    for start in range(0, len(x), PIECE):
        result[start : start + PIECE] = _log(np.ascontiguousarray(x[start : start + PIECE]))
    return result


def _log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    words = x.view(np.int64)
    ordinary = (words >= SMALLEST_NORMAL) & (words < INFINITY)
    shifts: NDArray[np.float64] | None = None
    if not ordinary.all():
        tiny = (x > 0) & (words < SMALLEST_NORMAL)
        words = np.where(tiny, np.where(tiny, x, 0.0) * 2.0**54, np.where(ordinary, x, 1.0)).view(np.int64)
        shifts = np.where(tiny, 54.0, 0.0)
    exponent = np.subtract(words, SQRT_HALF)
    np.right_shift(exponent, 52, out=exponent)
    mantissa = np.subtract(words, np.left_shift(exponent, 52)).view(np.float64)  # in [sqrt 1/2, sqrt 2)
    twos = exponent.astype(np.float64)
    if shifts is not None:
        np.subtract(twos, shifts, out=twos)
    ratio = np.subtract(mantissa, 1.0)
    np.add(mantissa, 1.0, out=mantissa)
    np.divide(ratio, mantissa, out=ratio)
    square = np.multiply(ratio, ratio)
    series = _horner(_LOG, square)
    np.multiply(series, square, out=series)
    np.multiply(series, ratio, out=series)
    np.multiply(twos, LN2_LOW, out=square)
    np.add(series, square, out=series)
    np.multiply(ratio, 2.0, out=ratio)
    np.add(series, ratio, out=series)
    np.multiply(twos, LN2_HIGH, out=twos)
    np.add(series, twos, out=series)
    if shifts is not None:
        series[x == 0] = -np.inf
        series[x == np.inf] = np.inf
        series[np.isnan(x) | (x < 0)] = np.nan
    return series


def power(base: NDArray[np.float64], exponent: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) base^exponent for base >= 0, by e^(exponent ln base): the relative error grows with |exponent ln base|."""
    with np.errstate(invalid="ignore"):
        logs = log(base)
        return exp(np.where(np.equal(exponent, 0.0) | (logs == 0.0), 0.0, logs * exponent))


def normal_quantile(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) z with P(Z <= z) = p for the standard normal; infinite at 0 and 1.

    Source: algorithm AS 241, PPND16 (Wichura 1988), relative error 1e-16.
    """
    centred = p - 0.5
    inside = 0.180625 - centred * centred
    middle = inside >= 0.0
    result = np.empty(len(p), dtype=np.float64)
    near = inside[middle]
    result[middle] = centred[middle] * _horner(_NEAR_TOP, near) / _horner(_NEAR_BOTTOM, near)
    outer = ~middle
    result[outer] = np.where(centred[outer] < 0, -1.0, 1.0) * normal_upper_quantile(
        np.minimum(p[outer], 1.0 - p[outer])
    )
    return result


def normal_upper_quantile(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) z with P(Z > z) = v, for v <= 0.075: exact in the tail, where 1 - v is not."""
    with np.errstate(invalid="ignore"):
        root = np.sqrt(-log(v))
        medium, far = root - 1.6, root - 5.0
        values = np.where(
            root <= 5.0,
            _horner(_MEDIUM_TOP, medium) / _horner(_MEDIUM_BOTTOM, medium),
            _horner(_FAR_TOP, far) / _horner(_FAR_BOTTOM, far),
        )
    values[v == 0] = np.inf
    return values


def _horner(coefficients: Sequence[float], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A polynomial, highest power first."""
    value = np.multiply(x, coefficients[0])
    np.add(value, coefficients[1], out=value)
    for coefficient in coefficients[2:]:
        np.multiply(value, x, out=value)
        np.add(value, coefficient, out=value)
    return value


def _power_of_two(exponent: NDArray[np.int64]) -> NDArray[np.float64]:
    """2^exponent for -1022 <= exponent <= 1023; the argument is overwritten."""
    np.add(exponent, 1023, out=exponent)
    np.left_shift(exponent, 52, out=exponent)
    return exponent.view(np.float64)


_NEAR_TOP = (
    2.5090809287301226727e3,
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080e0,
)
_NEAR_BOTTOM = (
    5.2264952788528545610e3,
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1.0,
)
_MEDIUM_TOP = (
    7.74545014278341407640e-4,
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258e0,
    3.64784832476320460504e0,
    5.76949722146069140550e0,
    4.63033784615654529590e0,
    1.42343711074968357734e0,
)
_MEDIUM_BOTTOM = (
    1.05075007164441684324e-9,
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940e0,
    2.05319162663775882187e0,
    1.0,
)
_FAR_TOP = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    1.24266094738807843860e-3,
    2.65321895265761230930e-2,
    2.96560571828504891230e-1,
    1.78482653991729133580e0,
    5.46378491116411436990e0,
    6.65790464350110377720e0,
)
_FAR_BOTTOM = (
    2.04426310338993978564e-15,
    1.42151175831644588870e-7,
    1.84631831751005468180e-5,
    7.86869131145613259100e-4,
    1.48753612908506148525e-2,
    1.36929880922735805310e-1,
    5.99832206555887937690e-1,
    1.0,
)
