"""Functions of numbers. Outside of their domain they give null; a result too large for a float stops the run."""

from __future__ import annotations

import math
from typing import Any

from datagen.expressions.functions.arithmetic import INT_RANGE, LARGEST, finite, negate_whole, within
from datagen.expressions.functions.table import Making, Overload, define

GROUP = "Numbers"
MOST_DIGITS = 15  # of decimals that round and trunc look at: more than a float holds is no rounding at all


def few_digits(x: Any, digits: int | None = 0) -> str:
    return f"n is from -{MOST_DIGITS} to {MOST_DIGITS}" if digits is None or abs(digits) > MOST_DIGITS else ""


def absolute_whole(make: Making, x: Any) -> Any:
    x = make.hold(x)
    return make.where(x < 0, negate_whole(make, x), x)


def shift(step: Any) -> Any:
    """Build rounding to decimals as DuckDB does: scale, cut, scale back; a number too large to scale stays as it is."""

    def build(make: Making, x: Any, digits: int = 0) -> Any:
        if digits == 0:
            return step(x)
        scale = make.full(make.pl.lit(10.0 ** abs(digits)))
        x = make.hold(x)
        moved = make.hold(step(x * scale) / scale if digits > 0 else step(x / scale) * scale)
        return make.where(moved.is_finite(), moved, x)

    return build


def shift_whole(nearest: bool) -> Any:
    """Build rounding of whole numbers to tens, hundreds, …; decimals leave them as they are."""

    def build(make: Making, x: Any, digits: int = 0) -> Any:
        if digits >= 0:
            return x
        scale = 10**-digits
        x = make.hold(x)
        make.refuse(x.cast(make.pl.Float64).abs() >= LARGEST - scale, INT_RANGE)
        size = make.hold(make.where(x < 0, -x, x))
        cut = (size + scale // 2 * nearest) // scale * scale
        return make.where(x < 0, -cut, cut)

    return build


def half_away(x: Any) -> Any:
    return x.round(0, mode="half_away_from_zero")


def fold_shift(step: Any) -> Any:
    def fold(x: float, digits: int = 0) -> float:
        scale = 10.0 ** abs(digits)
        moved = x * scale if digits > 0 else x / scale
        if not math.isfinite(moved):
            return x
        return float(step(moved) / scale if digits > 0 else step(moved) * scale)

    return fold


def fold_half_away(x: float) -> float:
    cut = math.trunc(x)
    return float(cut + math.copysign(1, x) if abs(x - cut) >= 0.5 else cut)


def fold_shift_whole(nearest: bool) -> Any:
    def fold(x: int, digits: int = 0) -> int:
        if digits >= 0:
            return x
        scale = 10**-digits
        cut = (abs(x) + scale // 2 * nearest) // scale * scale
        return within(-cut if x < 0 else cut)

    return fold


def domain(inside: Any, value: Any) -> Any:
    """Build a function that is null outside of its domain."""

    def build(make: Making, *arguments: Any) -> Any:
        held = [make.hold(argument) for argument in arguments]
        return make.where(inside(*held), value(*held))

    return build


def fold_domain(inside: Any, value: Any) -> Any:
    return lambda *arguments: value(*arguments) if inside(*arguments) else None


def log_of_base(make: Making, base: Any, x: Any) -> Any:
    base, x = make.hold(make.full(base)), make.hold(x)
    return make.where((base > 0) & (base != 1) & (x > 0), x.log() / make.full(base.log()))


def _sign(make: Making, x: Any) -> Any:
    return x.sign().cast(make.pl.Int64)


def extremes(least: bool) -> Any:
    def build(make: Making, *values: Any) -> Any:
        return make.pl.min_horizontal(values) if least else make.pl.max_horizontal(values)

    return build


def fold_extremes(choose: Any) -> Any:
    return lambda *values: choose((value for value in values if value is not None), default=None)


def root(name: str, doc: str, example: tuple[str, Any], inside: Any, value: Any, fold: Any, **more: Any) -> Any:
    """An entry for a function of one float with a limited domain."""
    overload = Overload("float -> float", domain(inside, value), fold_domain(inside, fold), passes=(0,), nulls=True)
    return define(name, GROUP, doc, example, overload, **more)


def curve(name: str, doc: str, example: tuple[str, Any], value: Any, fold: Any, **more: Any) -> Any:
    """An entry for a function of one float that is defined everywhere."""
    return define(name, GROUP, doc, example, Overload("float -> float", lambda make, x: value(x), fold, **more))


FUNCTIONS = (
    define(
        "abs",
        GROUP,
        "Size without the sign",
        ("abs(-3)", 3),
        Overload("int -> int", absolute_whole, lambda x: within(abs(x))),
        Overload("float -> float", lambda make, x: x.abs(), abs, passes=(0,)),
    ),
    define(
        "round",
        GROUP,
        "To the nearest, halves away from zero; to n decimals (n is a constant from -15 to 15)",
        ("round(2.675, 2)", 2.68),
        Overload("int, int!? -> int", shift_whole(True), fold_shift_whole(True), accepts=few_digits),
        Overload(
            "float, int!? -> float", shift(half_away), fold_shift(fold_half_away), passes=(0,), accepts=few_digits
        ),
        shown="round(x), round(x, n)",
    ),
    define(
        "trunc",
        GROUP,
        "Cut towards zero; after n decimals (n is a constant)",
        ("trunc(-2.7)", -2.0),
        Overload("int, int!? -> int", shift_whole(False), fold_shift_whole(False), accepts=few_digits),
        Overload(
            "float, int!? -> float",
            shift(lambda x: x.truncate()),
            fold_shift(math.trunc),
            passes=(0,),
            accepts=few_digits,
        ),
        shown="trunc(x), trunc(x, n)",
    ),
    define(
        "floor",
        GROUP,
        "Down to a whole number, as a float",
        ("floor(-2.5)", -3.0),
        Overload("float -> float", lambda make, x: x.floor(), lambda x: float(math.floor(x)), passes=(0,)),
    ),
    define(
        "ceil",
        GROUP,
        "Up to a whole number, as a float",
        ("ceil(2.1)", 3.0),
        Overload("float -> float", lambda make, x: x.ceil(), lambda x: float(math.ceil(x)), passes=(0,)),
        aliases=("ceiling",),
    ),
    define(
        "sign",
        GROUP,
        "-1, 0 or 1",
        ("sign(-2.5)", -1),
        Overload("int -> int", _sign, lambda x: (x > 0) - (x < 0)),
        Overload("float -> int", _sign, lambda x: (x > 0) - (x < 0)),
    ),
    define(
        "least",
        GROUP,
        "The smallest value, nulls skipped; of numbers, texts, times or conditions",
        ("least(3, null, 2)", 2),
        Overload("T... -> T", extremes(True), fold_extremes(min)),
        strict=False,
        absorbs=True,
        shown="least(a, b, …)",
    ),
    define(
        "greatest",
        GROUP,
        "The largest value, nulls skipped",
        ("greatest(3, 2.5)", 3.0),
        Overload("T... -> T", extremes(False), fold_extremes(max)),
        strict=False,
        absorbs=True,
        shown="greatest(a, b, …)",
    ),
    root("sqrt", "Square root; null below 0", ("sqrt(16)", 4.0), lambda x: x >= 0, lambda x: x.sqrt(), math.sqrt),
    curve("cbrt", "Cube root", ("cbrt(-27)", -3.0), lambda x: x.cbrt(), math.cbrt, passes=(0,)),
    curve("exp", "e to the power of x", ("exp(0)", 1.0), lambda x: x.exp(), math.exp, overflows=True),
    root("ln", "Natural logarithm; null at and below 0", ("ln(1)", 0.0), lambda x: x > 0, lambda x: x.log(), math.log),
    root(
        "log2",
        "Logarithm to base 2; null at and below 0",
        ("log2(8)", 3.0),
        lambda x: x > 0,
        lambda x: x.log(2),
        math.log2,
    ),
    root(
        "log10",
        "Logarithm to base 10; null at and below 0",
        ("log10(1000)", 3.0),
        lambda x: x > 0,
        lambda x: x.log10(),
        math.log10,
    ),
    define(
        "log",
        GROUP,
        "Logarithm to base 10, or log(base, x); null where there is none",
        ("log(3, 81)", 4.0),
        Overload(
            "float -> float",
            domain(lambda x: x > 0, lambda x: x.log10()),
            fold_domain(lambda x: x > 0, math.log10),
            passes=(0,),
            nulls=True,
        ),
        Overload(
            "float, float -> float",
            log_of_base,
            fold_domain(lambda base, x: base > 0 and base != 1 and x > 0, lambda base, x: math.log(x) / math.log(base)),
            nulls=True,
        ),
        shown="log(x), log(base, x)",
    ),
    define(
        "pi",
        GROUP,
        "3.14159…",
        ("pi()", math.pi),
        Overload("-> float", lambda make: make.pl.lit(math.pi), lambda: math.pi),
    ),
    curve(
        "radians",
        "Degrees as an angle",
        ("radians(180)", math.pi),
        lambda x: x * (math.pi / 180),
        math.radians,
        passes=(0,),
    ),
    curve(
        "degrees",
        "An angle in degrees",
        ("degrees(pi())", 180.0),
        lambda x: x * (180 / math.pi),
        lambda x: finite(math.degrees(x)),
        overflows=True,
        passes=(0,),
    ),
    curve("sin", "Sine of an angle", ("sin(0)", 0.0), lambda x: x.sin(), math.sin),
    curve("cos", "Cosine of an angle", ("cos(0)", 1.0), lambda x: x.cos(), math.cos),
    curve("tan", "Tangent of an angle", ("tan(0)", 0.0), lambda x: x.tan(), math.tan),
    root(
        "asin",
        "Angle of a sine; null outside of -1 to 1",
        ("asin(0)", 0.0),
        lambda x: (x >= -1) & (x <= 1),
        lambda x: x.arcsin(),
        math.asin,
    ),
    root(
        "acos",
        "Angle of a cosine; null outside of -1 to 1",
        ("acos(1)", 0.0),
        lambda x: (x >= -1) & (x <= 1),
        lambda x: x.arccos(),
        math.acos,
    ),
    curve("atan", "Angle of a tangent", ("atan(0)", 0.0), lambda x: x.arctan(), math.atan),
    define(
        "atan2",
        GROUP,
        "Angle of the point (x, y)",
        ("atan2(0, 1)", 0.0),
        Overload("float, float -> float", lambda make, y, x: make.pl.arctan2(y, x), math.atan2),
        shown="atan2(y, x)",
    ),
)
