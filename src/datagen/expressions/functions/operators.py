"""Operators: arithmetic, comparisons, and conditions with SQL's nulls."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from datagen.expressions.functions.arithmetic import (
    divide,
    divide_whole,
    finite,
    fold_divide_whole,
    fold_power,
    fold_remainder_whole,
    negate_whole,
    power,
    remainder,
    remainder_whole,
    whole,
    within,
)
from datagen.expressions.functions.moving import (
    between_dates,
    between_times,
    checked_length,
    fold_days,
    fold_shrink,
    fold_stretch,
    lengths,
    move,
    move_days,
    move_months,
    shrink,
    stretch,
)
from datagen.expressions.functions.table import Making, Overload, define
from datagen.expressions.functions.texts import joined

GROUP = "Operators"


def by_zero(a: Any, b: Any) -> bool:
    """Whether a division may meet a zero: unless the divisor is a constant other than 0."""
    return b is None or b == 0


MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compared(symbol: str, a: Any, b: Any) -> Any:
    """`a symbol b`. A literal goes to the right: on the left Polars may take its length for that of the result."""
    if a.meta.is_literal():
        symbol, a, b = MIRRORED[symbol], b, a
    return {"=": a.__eq__, "<>": a.__ne__, "<": a.__lt__, "<=": a.__le__, ">": a.__gt__, ">=": a.__ge__}[symbol](b)


def compare(symbol: str) -> Any:
    return lambda make, a, b: compared(symbol, a, b)


def same(make: Making, a: Any, b: Any) -> Any:
    return b.eq_missing(a) if a.meta.is_literal() else a.eq_missing(b)


def different(make: Making, a: Any, b: Any) -> Any:
    return b.ne_missing(a) if a.meta.is_literal() else a.ne_missing(b)


def between(make: Making, a: Any, low: Any, high: Any) -> Any:
    a = make.hold(a)
    return compared(">=", a, low) & compared("<=", a, high)


def one_of(make: Making, a: Any, *choices: Any) -> Any:
    """SQL's `in`: null when nothing matches and a null is on either side."""
    a = make.hold(a)
    found = compared("=", a, choices[0])
    for choice in choices[1:]:
        found = found | compared("=", a, choice)
    return found


def _compares(symbol: str, doc: str, example: tuple[str, Any], fold: Any) -> Any:
    return define(symbol, GROUP, doc, example, Overload("T, T -> bool", compare(symbol), fold), shown=f"a {symbol} b")


def fold_and(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def fold_or(a: bool | None, b: bool | None) -> bool | None:
    return True if a is True or b is True else None if a is None or b is None else False


FUNCTIONS = (
    define(
        "+",
        GROUP,
        "Sum. A time plus a duration is a time, a date plus a whole number is that many days later",
        ("1 + 2", 3),
        Overload("int, int -> int", whole("+"), lambda a, b: within(a + b)),
        Overload(
            "float, float -> float", lambda make, a, b: a + b, lambda a, b: finite(a + b), overflows=True, passes=(0, 1)
        ),
        Overload("date, int -> date", move_days(1), fold_days),
        Overload("int, date -> date", lambda make, a, b: move_days(1)(make, b, a), fold_days),
        Overload("datetime, duration -> datetime", move(1), lambda a, b: a + b),
        Overload("duration, datetime -> datetime", lambda make, a, b: move(1)(make, b, a), lambda a, b: a + b),
        Overload("datetime, months -> datetime", move_months(1)),
        Overload("months, datetime -> datetime", lambda make, a, b: move_months(1)(make, b, a)),
        Overload("duration, duration -> duration", lengths(1), lambda a, b: checked_length(a + b)),
        shown="a + b",
    ),
    define(
        "-",
        GROUP,
        "Difference. A time minus a time is a duration, a date minus a date is a number of days",
        ("5 - 2", 3),
        Overload("int, int -> int", whole("-"), lambda a, b: within(a - b)),
        Overload(
            "float, float -> float", lambda make, a, b: a - b, lambda a, b: finite(a - b), overflows=True, passes=(0, 1)
        ),
        Overload("date, date -> int", between_dates, lambda a, b: (a - b).days),
        Overload("date, int -> date", move_days(-1), lambda a, b: a - timedelta(days=b)),
        Overload("datetime, datetime -> duration", between_times, lambda a, b: a - b),
        Overload("datetime, duration -> datetime", move(-1), lambda a, b: a - b),
        Overload("datetime, months -> datetime", move_months(-1)),
        Overload("duration, duration -> duration", lengths(-1), lambda a, b: checked_length(a - b)),
        shown="a - b",
    ),
    define(
        "*",
        GROUP,
        "Product, of numbers or of a duration and a number",
        ("2 * 3.5", 7.0),
        Overload("int, int -> int", whole("*"), lambda a, b: within(a * b)),
        Overload(
            "float, float -> float", lambda make, a, b: a * b, lambda a, b: finite(a * b), overflows=True, passes=(0, 1)
        ),
        Overload("duration, float -> duration", stretch, fold_stretch),
        Overload("float, duration -> duration", stretch, fold_stretch),
        shown="a * b",
    ),
    define(
        "/",
        GROUP,
        "Quotient, always a float; null when dividing by zero",
        ("7 / 2", 3.5),
        Overload(
            "float, float -> float",
            divide,
            lambda a, b: None if b == 0 else finite(a / b),
            overflows=True,
            passes=(0,),
            nulls=by_zero,
        ),
        Overload("duration, float -> duration", shrink, fold_shrink, nulls=by_zero),
        shown="a / b",
    ),
    define(
        "//",
        GROUP,
        "Quotient of whole numbers cut towards zero; null when dividing by zero. For floats write floor(a / b)",
        ("-7 // 2", -3),
        Overload("int, int -> int", divide_whole, fold_divide_whole, nulls=by_zero),
        shown="a // b",
    ),
    define(
        "%",
        GROUP,
        "What a division leaves over, with the sign of the dividend; null when dividing by zero",
        ("-7 % 4", -3),
        Overload("int, int -> int", remainder_whole, fold_remainder_whole, nulls=by_zero),
        Overload("float, float -> float", remainder, lambda a, b: None if b == 0 else math.fmod(a, b), nulls=by_zero),
        aliases=("mod",),
        shown="a % b, mod(a, b)",
    ),
    define(
        "**",
        GROUP,
        "Power, always a float; null where there is no real value. -2 ** 2 is 4: the sign binds first",
        ("2 ** 10", 1024.0),
        Overload("float, float -> float", power, lambda a, b: fold_power(a, b), overflows=True, nulls=True),
        aliases=("pow", "power"),
        shown="a ** b, power(a, b)",
    ),
    define(
        "unary -",
        GROUP,
        "The opposite number or duration",
        ("- (2 + 1)", -3),
        Overload("int -> int", negate_whole, lambda a: within(-a)),
        Overload("float -> float", lambda make, a: -a, lambda a: -a, passes=(0,)),
        Overload(
            "duration -> duration", lambda make, a: (-a.cast(make.pl.Int64)).cast(make.pl.Duration("us")), lambda a: -a
        ),
        Overload("months -> months", lambda make, a: -a, lambda a: -a),
        shown="-a",
    ),
    define(
        "||",
        GROUP,
        "Text joined; anything that is no text is written as text. Null when a side is null",
        ("'no. ' || 7", "no. 7"),
        Overload("written... -> string", joined),
        shown="a || b",
    ),
    _compares("=", "Equal; also `==`", ("1 = 1.0", True), lambda a, b: a == b),
    _compares("<>", "Different; also `!=`", ("'a' <> 'b'", True), lambda a, b: a != b),
    _compares("<", "Smaller, earlier, or before in the order of characters", ("1 < 2", True), lambda a, b: a < b),
    _compares("<=", "Smaller or equal", ("2 <= 2", True), lambda a, b: a <= b),
    _compares(">", "Greater, later, or behind in the order of characters", ("'b' > 'a'", True), lambda a, b: a > b),
    _compares(">=", "Greater or equal", ("1 >= 2", False), lambda a, b: a >= b),
    define(
        "and",
        GROUP,
        "Both conditions; also `&`. False when one is false, even beside a null",
        ("true and false", False),
        Overload("bool, bool -> bool", lambda make, a, b: a & b, fold_and),
        strict=False,
        shown="a and b",
    ),
    define(
        "or",
        GROUP,
        "Either condition; also `|`. True when one is true, even beside a null",
        ("true or null", True),
        Overload("bool, bool -> bool", lambda make, a, b: a | b, fold_or),
        strict=False,
        shown="a or b",
    ),
    define(
        "not",
        GROUP,
        "The opposite condition; also `~`",
        ("not 1 > 2", True),
        Overload("bool -> bool", lambda make, a: ~a, lambda a: not a),
        shown="not a",
    ),
    define(
        "between",
        GROUP,
        "Within two bounds, both included; also `not between`",
        ("2 between 1 and 2", True),
        Overload("T, T, T -> bool", between),
        strict=False,
        shown="a between b and c",
    ),
    define(
        "in",
        GROUP,
        "Equal to one of several; also `not in`",
        ("'b' in ('a', 'b')", True),
        Overload("T, T... -> bool", one_of),
        strict=False,
        shown="a in (b, …)",
    ),
    define(
        "is null",
        GROUP,
        "Without a value; also `is not null`",
        ("null is null", True),
        Overload("any -> bool", lambda make, a: a.is_null()),
        strict=False,
        absorbs=True,
        shown="a is null",
    ),
    define(
        "is true",
        GROUP,
        "True, not false and not null; also `is not true`",
        ("null is true", False),
        Overload("bool -> bool", lambda make, a: a.fill_null(False)),
        strict=False,
        absorbs=True,
        shown="a is true",
    ),
    define(
        "is false",
        GROUP,
        "False, not true and not null; also `is not false`",
        ("(1 > 2) is false", True),
        Overload("bool -> bool", lambda make, a: ~a.fill_null(True)),
        strict=False,
        absorbs=True,
        shown="a is false",
    ),
    define(
        "is distinct from",
        GROUP,
        "Different, where null is a value like any other",
        ("1 is distinct from null", True),
        Overload("T, T -> bool", different),
        strict=False,
        absorbs=True,
        shown="a is distinct from b",
    ),
    define(
        "is not distinct from",
        GROUP,
        "Equal, where null is a value like any other",
        ("null is not distinct from null", True),
        Overload("T, T -> bool", same),
        strict=False,
        absorbs=True,
        shown="a is not distinct from b",
    ),
)
