"""Casts: `cast(x as int)` or `x::int`. A text that is no number or time becomes null; a number out of range stops."""

from __future__ import annotations

from typing import Any

from datagen.expressions.functions.arithmetic import INT_RANGE, LARGEST
from datagen.expressions.functions.table import Making, Overload, define

GROUP = "Casts"
NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
WHOLE = r"^[+-]?\d{1,18}$"


def itself(make: Making, x: Any) -> Any:
    return x


def float_to_int(make: Making, x: Any) -> Any:
    """To the nearest, halves to the even neighbour, as DuckDB casts a double."""
    x = make.hold(x)
    fine = x.abs() < LARGEST
    make.refuse(~fine, INT_RANGE)
    return make.where(fine, x).round(0, mode="half_to_even").cast(make.pl.Int64)


def fold_float_to_int(x: float) -> int:
    if abs(x) >= LARGEST:
        raise OverflowError(INT_RANGE)
    return round(x)


def text_to_float(make: Making, x: Any) -> Any:
    pl = make.pl
    x = make.hold(x.str.strip_chars(" "))
    number = make.hold(make.where(x.str.contains(NUMBER), x).cast(pl.Float64, strict=False))
    return make.where(number.is_finite(), number)


def text_to_int(make: Making, x: Any) -> Any:
    """Digits exactly; other numbers to the nearest, halves away from zero; null when out of range."""
    pl = make.pl
    x = make.hold(x.str.strip_chars(" "))
    exact = make.where(x.str.contains(WHOLE), x.str.strip_chars_start("+")).cast(pl.Int64, strict=False)
    number = make.hold(text_to_float(make, x))
    near = make.where(number.abs() < LARGEST, number).round(0, mode="half_away_from_zero").cast(pl.Int64)
    return pl.coalesce(exact, near)


def text_to_bool(make: Making, x: Any) -> Any:
    x = make.hold(x.str.to_lowercase())
    yes = x.is_in(["true", "t", "yes", "y", "1"])
    return make.where(yes | x.is_in(["false", "f", "no", "n", "0"]), yes)


def text_to_datetime(make: Making, x: Any) -> Any:
    pl = make.pl
    x = make.hold(x.str.strip_chars(" ").str.strip_suffix("Z").str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})T", "${1} "))
    shape = x.str.contains(r"^\d{4}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?$")
    x = make.hold(make.where(shape & ~x.str.starts_with("0000"), x))
    formats = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
    read = [x.str.strptime(pl.Datetime("us"), format, strict=False) for format in formats]
    return pl.coalesce(*read, x.str.strptime(pl.Date, "%Y-%m-%d", strict=False).cast(pl.Datetime("us")))


def text_to_date(make: Making, x: Any) -> Any:
    return text_to_datetime(make, x).cast(make.pl.Date)


def to_text(make: Making, x: Any) -> Any:
    return make.text(x, make.taken[0])


def as_text(pl: Any, x: Any, type: str) -> Any:
    """A value as DuckDB writes it: 1.0, 1e+20, true, 2024-01-31, 2024-01-31 10:00:00.5."""
    if type == "string":
        return x
    if type == "float":
        text = x.cast(pl.String).str.replace(r"e-(\d)$", "e-0${1}")
        text = text.str.replace(r"^(-?)0\.0000(\d)(\d+)$", "${1}${2}.${3}e-05")
        return text.str.replace(r"^(-?)0\.0000(\d)$", "${1}${2}e-05")
    if type == "datetime":
        fraction = x.dt.strftime("%6f")
        fraction = (
            pl.when(fraction == "000000").then(pl.lit("")).otherwise(pl.lit(".") + fraction.str.strip_chars_end("0"))
        )
        return x.dt.strftime("%Y-%m-%d %H:%M:%S") + fraction
    if type == "date":
        return x.dt.strftime("%Y-%m-%d")
    return x.cast(pl.String)


def _whole_to_float(make: Making, x: Any) -> Any:
    return x.cast(make.pl.Float64)


def _to_int(make: Making, x: Any) -> Any:
    return x.cast(make.pl.Int64)


FUNCTIONS = (
    define(
        "cast as int",
        GROUP,
        "To a whole number, to the nearest (halves of floats to the even one)",
        ("cast('12' as int) + cast(2.5 as int)", 14),
        Overload("int -> int", itself, lambda x: x),
        Overload("float -> int", float_to_int, fold_float_to_int),
        Overload("bool -> int", _to_int, int),
        Overload("string -> int", text_to_int, nulls=True),
        shown="cast(x as int), x::int",
    ),
    define(
        "cast as float",
        GROUP,
        "To a float",
        ("cast('1.5' as float)", 1.5),
        Overload("float -> float", itself, lambda x: x, passes=(0,)),
        Overload("bool -> float", _whole_to_float, float),
        Overload("string -> float", text_to_float, nulls=True),
        shown="cast(x as float), x::double",
    ),
    define(
        "cast as string",
        GROUP,
        "To text; times in ISO form",
        ("cast(1.5 as text) || true || date '2024-05-01'", "1.5true2024-05-01"),
        Overload("string -> string", itself),
        Overload("int -> string", to_text),
        Overload("float -> string", to_text),
        Overload("bool -> string", to_text),
        Overload("datetime -> string", to_text),
        Overload("date -> string", to_text),
        shown="cast(x as text), x::varchar",
    ),
    define(
        "cast as bool",
        GROUP,
        "To a condition: numbers other than 0, texts true, t, yes, y, 1",
        ("cast('yes' as bool)", True),
        Overload("bool -> bool", itself, lambda x: x),
        Overload("int -> bool", lambda make, x: x != 0, lambda x: x != 0),
        Overload("float -> bool", lambda make, x: x != 0, lambda x: x != 0),
        Overload("string -> bool", text_to_bool, nulls=True),
        shown="cast(x as bool), x::boolean",
    ),
    define(
        "cast as datetime",
        GROUP,
        "To a datetime; a date becomes its midnight, a text is read in ISO form",
        ("hour(cast('2024-05-01 13:45' as timestamp))", 13),
        Overload("datetime -> datetime", itself, lambda x: x),
        Overload("string -> datetime", text_to_datetime, nulls=True),
        shown="cast(x as timestamp), x::timestamp",
    ),
    define(
        "cast as date",
        GROUP,
        "To a date; a datetime loses its time of day",
        ("day(cast('2024-05-01' as date))", 1),
        Overload("date -> date", itself, lambda x: x),
        Overload("datetime -> date", lambda make, x: x.cast(make.pl.Date)),
        Overload("string -> date", text_to_date, nulls=True),
        shown="cast(x as date), x::date",
    ),
)
