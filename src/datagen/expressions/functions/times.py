"""Functions of times: parts, cutting, counting units between two times, building times and durations. All in UTC."""

from __future__ import annotations

import re
from typing import Any

from datagen.expressions.functions.moving import LENGTH_RANGE, move, move_months, stretched
from datagen.expressions.functions.table import Making, Overload, define
from datagen.expressions.times import LONGEST_US, MICROSECOND, MONTHS, PARTS, unit_of

GROUP = "Times"
TRUNCATE = {
    "second": "1s",
    "minute": "1m",
    "hour": "1h",
    "day": "1d",
    "week": "1w",
    "month": "1mo",
    "quarter": "1q",
    "year": "1y",
}
FORMATS = frozenset("YmdHMSyjbBaApI%")  # of strftime; names are English, nothing depends on a locale


# Parts


def part(read: Any) -> Any:
    return lambda make, time: read(time.dt)


def day_of_week(make: Making, time: Any) -> Any:
    """Sunday is 0."""
    return time.dt.weekday().cast(make.pl.Int64) % 7


def epoch(make: Making, value: Any) -> Any:
    return value.cast(make.pl.Int64).cast(make.pl.Float64) / make.full(make.pl.lit(1_000_000.0))


# Cutting and counting


def known_unit(units: Any) -> Any:
    def accepts(word: str | None, *others: Any) -> str:
        fine = word is not None and unit_of(word) in units
        return "" if fine else f"'{word}' is none of {', '.join(units)}"

    return accepts


def date_trunc(make: Making, word: str, time: Any) -> Any:
    return time.dt.truncate(TRUNCATE[str(unit_of(word))])


def months_of(make: Making, time: Any) -> Any:
    return time.dt.year().cast(make.pl.Int64) * 12 + time.dt.month().cast(make.pl.Int64) - 1


def towards_zero(make: Making, value: Any, divisor: int) -> Any:
    value = make.hold(value)
    size = make.where(value < 0, -value, value) // divisor
    return make.where(value < 0, -size, size)


def date_diff(make: Making, word: str, start: Any, end: Any) -> Any:
    """Boundaries of the unit between the two times; weeks are whole weeks between the dates, as DuckDB has it."""
    pl, unit = make.pl, str(unit_of(word))
    if unit in MONTHS:
        size = MONTHS[unit]
        return months_of(make, end) // size - months_of(make, start) // size
    if unit == "week":
        days = [time.cast(pl.Int64) // MICROSECOND["day"] for time in (start, end)]
        return towards_zero(make, days[1] - days[0], 7)
    size = MICROSECOND[unit]
    return end.cast(pl.Int64) // size - start.cast(pl.Int64) // size


def date_sub(make: Making, word: str, start: Any, end: Any) -> Any:
    """Whole units between the two."""
    pl, unit = make.pl, str(unit_of(word))
    if unit not in MONTHS:
        return towards_zero(make, end.cast(pl.Int64) - start.cast(pl.Int64), MICROSECOND[unit])
    start, end = make.hold(start), make.hold(end)
    early, late = make.hold(pl.min_horizontal(start, end)), make.hold(pl.max_horizontal(start, end))
    months = make.hold(months_of(make, late) - months_of(make, early))
    # The last month counts when the early time, moved by all the months, is not past the late one. A day that the
    # month does not have has become its last day by then.
    reached = early.dt.offset_by(pl.concat_str([months.cast(pl.String), pl.lit("mo")])) <= late
    whole = make.hold(months - (~reached).cast(pl.Int64))
    signed = make.where(end < start, -whole, whole)
    return make.known(towards_zero(make, signed, MONTHS[unit]), start, end)


# Building


def valid_day(make: Making, year: Any, month: Any, day: Any) -> tuple[Any, Any]:
    """(whether there is such a day, the first of its month), for whole numbers of any size."""
    pl = make.pl
    fine = make.hold(year.is_between(1, 9999) & month.is_between(1, 12) & day.is_between(1, 31))
    first = make.hold(make.where(fine, pl.date(make.where(fine, year, 2000), make.where(fine, month, 1), 1)))
    return make.hold(fine & (day <= first.dt.month_end().dt.day().cast(pl.Int64))), first


def make_date(make: Making, year: Any, month: Any, day: Any) -> Any:
    pl = make.pl
    year, month, day = make.hold(year), make.hold(month), make.hold(day)
    fine, first = valid_day(make, year, month, day)
    return make.where(fine, (first.cast(pl.Int32) + (make.where(fine, day, 1) - 1).cast(pl.Int32)).cast(pl.Date))


def make_timestamp(make: Making, year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any) -> Any:
    pl = make.pl
    hour, minute, second = make.hold(hour), make.hold(minute), make.hold(second)
    fine = hour.is_between(0, 23) & minute.is_between(0, 59) & (second >= 0) & (second < 60)
    date = make.hold(make_date(make, year, month, day))
    seconds = make.where(fine, hour * 3600 + minute * 60).cast(pl.Int64) * 1_000_000
    ticks = (make.where(fine, second) * 1e6).round(0, mode="half_away_from_zero").cast(pl.Int64)
    return (date.cast(pl.Datetime("us")).cast(pl.Int64) + seconds + ticks).cast(pl.Datetime("us"))


def months_from(size: int) -> Any:
    """Build a calendar interval of n units; what is far too long is refused where it moves a time."""
    return lambda make, n: n.clip(-1_000_000, 1_000_000) * size


def ticks_from(unit: str) -> Any:
    """Build a duration of n units, n whole."""
    size = MICROSECOND[unit]

    def build(make: Making, n: Any) -> Any:
        n = make.hold(n)
        fine = n.is_between(-(LONGEST_US // size), LONGEST_US // size)
        make.refuse(~fine, LENGTH_RANGE)
        return (make.where(fine, n) * size).cast(make.pl.Duration("us"))

    return build


def scaled(unit: str) -> Any:
    return lambda make, n: stretched(make, n * float(MICROSECOND[unit]))


def safe_format(time: Any, format: str | None) -> str:
    marks = re.findall(r"%(.?)", format or "", re.DOTALL)
    bad = [mark for mark in marks if mark not in FORMATS or not mark]
    return f"'%{bad[0]}' is none of {' '.join('%' + mark for mark in sorted(FORMATS))}" if bad else ""


def _part(name: str, doc: str, example: tuple[str, Any], read: Any, **more: Any) -> Any:
    build = read if name == "dow" else part(read)
    return define(name, GROUP, doc, example, Overload("datetime -> int", build), **more)


def _maker(unit: str) -> Any:
    overloads: tuple[Overload, ...]
    example: tuple[str, Any]
    if unit in MONTHS:
        overloads = (Overload("int -> months", months_from(MONTHS[unit]), lambda n: n * MONTHS[unit]),)
        doc = f"n calendar {unit}s, to move a time by; also interval (n) {unit}s"
        months = MONTHS[unit] * 2
        moved = f"{2024 + months // 12}-{1 + months % 12:02}-31"
        example = (f"date '2024-01-31' + to_{unit}s(2) = timestamp '{moved}'", True)
    else:
        overloads = (Overload("int -> duration", ticks_from(unit)), Overload("float -> duration", scaled(unit)))
        doc = f"A duration of n {unit}s; also interval (n) {unit}s"
        example = (f"epoch(to_{unit}s(2))", 2 * MICROSECOND[unit] / 1e6)
    return define(f"to_{unit}s", GROUP, doc, example, *overloads, shown=f"to_{unit}s(n)")


COUNTED = (*MONTHS, *MICROSECOND)
FUNCTIONS = (
    _part("year", "The year", ("year(date '2024-02-29')", 2024), lambda dt: dt.year()),
    _part("quarter", "The quarter, 1 to 4", ("quarter(date '2024-05-01')", 2), lambda dt: dt.quarter()),
    _part("month", "The month, 1 to 12", ("month(date '2024-05-01')", 5), lambda dt: dt.month()),
    _part(
        "week", "The ISO week, 1 to 53", ("week(date '2024-12-30')", 1), lambda dt: dt.week(), aliases=("weekofyear",)
    ),
    _part(
        "isoyear",
        "The year that the ISO week belongs to",
        ("isoyear(date '2024-12-30')", 2025),
        lambda dt: dt.iso_year(),
    ),
    _part("day", "The day of the month", ("day(date '2024-05-31')", 31), lambda dt: dt.day(), aliases=("dayofmonth",)),
    _part(
        "dayofyear",
        "The day of the year, 1 to 366",
        ("dayofyear(date '2024-12-31')", 366),
        lambda dt: dt.ordinal_day(),
        aliases=("doy",),
    ),
    _part(
        "dow",
        "The day of the week, Sunday 0 to Saturday 6",
        ("dow(date '2024-01-07')", 0),
        day_of_week,
        aliases=("dayofweek", "weekday"),
    ),
    _part(
        "isodow", "The day of the week, Monday 1 to Sunday 7", ("isodow(date '2024-01-07')", 7), lambda dt: dt.weekday()
    ),
    _part("hour", "The hour, 0 to 23", ("hour(timestamp '2024-01-01 13:45:06')", 13), lambda dt: dt.hour()),
    _part("minute", "The minute, 0 to 59", ("minute(timestamp '2024-01-01 13:45:06')", 45), lambda dt: dt.minute()),
    _part("second", "The second, 0 to 59", ("second(timestamp '2024-01-01 13:45:06.9')", 6), lambda dt: dt.second()),
    define(
        "epoch",
        GROUP,
        "Seconds since 1970-01-01 UTC, or seconds of a duration, as a float",
        ("epoch(interval '1 hour')", 3600.0),
        Overload("datetime -> float", epoch),
        Overload("duration -> float", epoch),
        shown="epoch(t)",
    ),
    define(
        "date_part",
        GROUP,
        "A part of a time by its name; also extract(year from t). Parts: " + ", ".join(PARTS),
        ("date_part('month', date '2024-05-01')", 5),
        Overload("string!, datetime -> int", lambda make, word, time: None),
        Overload("string!, duration -> float", lambda make, word, time: None),
        aliases=("datepart",),
        shown="date_part('month', t), extract(month from t)",
    ),
    define(
        "date_trunc",
        GROUP,
        "A time cut to the start of its unit: " + ", ".join(TRUNCATE) + " (weeks start on Monday)",
        ("date_trunc('month', date '2024-05-31') = timestamp '2024-05-01'", True),
        Overload("string!, datetime -> datetime", date_trunc, accepts=known_unit(TRUNCATE)),
        aliases=("datetrunc",),
        shown="date_trunc('month', t)",
    ),
    define(
        "date_diff",
        GROUP,
        "Boundaries of a unit between two times: " + ", ".join(COUNTED) + " (weeks: whole weeks between the dates)",
        ("date_diff('month', date '2024-01-31', date '2024-02-01')", 1),
        Overload("string!, datetime, datetime -> int", date_diff, accepts=known_unit(COUNTED)),
        aliases=("datediff",),
        shown="date_diff('day', start, end)",
    ),
    define(
        "date_sub",
        GROUP,
        "Whole units between two times; or a time minus an interval",
        ("date_sub('month', date '2024-01-31', date '2024-03-30')", 1),
        Overload("string!, datetime, datetime -> int", date_sub, accepts=known_unit(COUNTED)),
        Overload("datetime, duration -> datetime", move(-1), lambda a, b: a - b),
        Overload("datetime, months -> datetime", move_months(-1)),
        aliases=("datesub",),
        shown="date_sub('day', start, end)",
    ),
    define(
        "date_add",
        GROUP,
        "A time plus an interval",
        ("date_add(date '2024-01-31', interval 1 month) = timestamp '2024-02-29'", True),
        Overload("datetime, duration -> datetime", move(1), lambda a, b: a + b),
        Overload("datetime, months -> datetime", move_months(1)),
        shown="date_add(t, interval 1 month)",
    ),
    define(
        "last_day",
        GROUP,
        "The last day of the month",
        ("day(last_day(date '2024-02-03'))", 29),
        Overload("datetime -> date", lambda make, time: time.cast(make.pl.Date).dt.month_end()),
        shown="last_day(t)",
    ),
    define(
        "monthname",
        GROUP,
        "January to December",
        ("monthname(date '2024-05-01')", "May"),
        Overload("datetime -> string", lambda make, time: time.dt.strftime("%B")),
        shown="monthname(t)",
    ),
    define(
        "dayname",
        GROUP,
        "Monday to Sunday",
        ("dayname(date '2024-01-07')", "Sunday"),
        Overload("datetime -> string", lambda make, time: time.dt.strftime("%A")),
        shown="dayname(t)",
    ),
    define(
        "strftime",
        GROUP,
        "A time as text by a constant format of " + " ".join("%" + mark for mark in sorted(FORMATS)),
        ("strftime(date '2024-05-01', '%Y/%m')", "2024/05"),
        Overload(
            "datetime, string! -> string", lambda make, time, format: time.dt.strftime(format), accepts=safe_format
        ),
        shown="strftime(t, format)",
    ),
    define(
        "make_date",
        GROUP,
        "A date; null when there is no such day",
        ("make_date(2024, 2, 30) is null", True),
        Overload("int, int, int -> date", make_date, nulls=True),
        shown="make_date(year, month, day)",
    ),
    define(
        "make_timestamp",
        GROUP,
        "A datetime; null when there is no such time",
        ("make_timestamp(2024, 2, 29, 13, 30, 0) = timestamp '2024-02-29 13:30:00'", True),
        Overload("int, int, int, int, int, float -> datetime", make_timestamp, nulls=True),
        shown="make_timestamp(year, month, day, hour, minute, second)",
    ),
    *(_maker(unit) for unit in COUNTED),
)
