"""Arithmetic on columns that never wraps and never divides by zero, and the same on constants."""

from __future__ import annotations

import math
from typing import Any

from datagen.expressions.functions.table import Making

# A float64 shadow of whole-number arithmetic is off by less than 3 parts in 2**53, so below this no int64 has wrapped.
LARGEST = 9.223372036854774e18
INT_RANGE = "whole numbers stay within ±9.22e18"


def within(value: int) -> int:
    """A constant whole number, or OverflowError."""
    if abs(value) >= LARGEST:
        raise OverflowError(INT_RANGE)
    return value


def finite(value: float) -> float:
    """A constant float, or OverflowError."""
    if not math.isfinite(value):
        raise OverflowError("float")
    return value


def whole(symbol: str) -> Any:
    """Build `+`, `-` or `*` of whole numbers."""

    def build(make: Making, a: Any, b: Any) -> Any:
        a, b = make.hold(a), make.hold(b)
        shadow = _apply(symbol, a.cast(make.pl.Float64), b.cast(make.pl.Float64))
        make.refuse(shadow.abs() >= LARGEST, INT_RANGE)
        return _apply(symbol, a, b)

    return build


def _apply(symbol: str, a: Any, b: Any) -> Any:
    return a + b if symbol == "+" else a - b if symbol == "-" else a * b


def negate_whole(make: Making, a: Any) -> Any:
    a = make.hold(a)
    make.refuse(a.cast(make.pl.Float64).abs() >= LARGEST, INT_RANGE)
    return -a


def divide(make: Making, a: Any, b: Any) -> Any:
    b = make.hold(b)
    return a / make.full(make.where(b != 0, b))


def divide_whole(make: Making, a: Any, b: Any) -> Any:
    """Cut towards zero: 7 // -2 is -3."""
    a, b = make.hold(a), make.hold(b)
    make.refuse((b == -1) & (a.cast(make.pl.Float64).abs() >= LARGEST), INT_RANGE)
    floor = make.hold(a // make.where(b != 0, b))
    # polars rounds down; one up again where something is left over and the signs differ
    return floor + ((floor < 0) & (floor * b != a)).cast(make.pl.Int64)


def remainder_whole(make: Making, a: Any, b: Any) -> Any:
    """The sign of the dividend: -7 % 2 is -1."""
    a, b = make.hold(a), make.hold(b)
    # polars takes the sign of the divisor; -1 would overflow at the smallest whole number, and leaves nothing anyway
    rest = make.hold(a % make.where((b != 0) & (b != -1), b))
    return make.where(b == -1, a * 0, make.where((rest != 0) & ((rest < 0) != (a < 0)), rest - b, rest))


def remainder(make: Making, a: Any, b: Any) -> Any:
    """C's fmod, which is exact: x % y as a - b * floor(a / b) would lose digits."""
    pl = make.pl

    def fmod(series: list[Any]) -> Any:
        import numpy as np

        left, right = (one.to_numpy() for one in series)
        left, right = np.broadcast_arrays(left, right)
        with np.errstate(invalid="ignore"):
            return pl.Series(np.fmod(left, right), nan_to_null=True)

    return pl.map_batches([make.full(a), make.where(b != 0, b)], fmod, return_dtype=pl.Float64)


def power(make: Making, a: Any, b: Any) -> Any:
    """Null where it has no real value: a root of a negative number, zero to a negative power."""
    a = make.hold(make.full(a))
    b = b if b.meta.is_literal() else make.hold(make.full(b))
    fine = (a > 0) | ((a < 0) & (b == b.floor())) | ((a == 0) & (b >= 0))
    return make.where(fine, a.pow(b))


def fold_power(a: float, b: float) -> float | None:
    try:
        return math.pow(a, b)
    except ValueError:  # no real value
        return None


def fold_divide_whole(a: int, b: int) -> int | None:
    return None if b == 0 else within(int(math.copysign(1, a) * math.copysign(1, b)) * (abs(a) // abs(b)))


def fold_remainder_whole(a: int, b: int) -> int | None:
    return None if b == 0 else int(math.copysign(1, a)) * (abs(a) % abs(b))
