"""Times moved by durations, durations added and stretched; all in whole microseconds, within the years 1 to 9999."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from datagen.expressions.functions.table import Making
from datagen.expressions.times import FIRST_US, LAST_US, LONGEST_US, MICROSECOND

DAY_US = MICROSECOND["day"]
TIME_RANGE = "times stay within the years 1 to 9999"
LENGTH_RANGE = "durations stay within 10,000 years"

# Microseconds are added as whole numbers: both sides are far from the end of 64 bits, so nothing wraps.


def move(sign: int) -> Any:
    """A datetime plus or minus a duration."""

    def build(make: Making, time: Any, duration: Any) -> Any:
        pl = make.pl
        moved = make.hold(time.cast(pl.Int64) + duration.cast(pl.Int64) * sign)
        make.refuse(~moved.is_between(FIRST_US, LAST_US), TIME_RANGE)
        return moved.cast(pl.Datetime("us"))

    return build


def move_days(sign: int) -> Any:
    """A date plus or minus a number of days."""

    def build(make: Making, day: Any, days: Any) -> Any:
        pl = make.pl
        days = make.hold(days)
        make.refuse(~days.is_between(-LONGEST_US // DAY_US, LONGEST_US // DAY_US), TIME_RANGE)
        moved = make.hold(day.cast(pl.Int64) + days * sign)
        make.refuse(~moved.is_between(FIRST_US // DAY_US, LAST_US // DAY_US), TIME_RANGE)
        return make.where(moved.is_between(FIRST_US // DAY_US, LAST_US // DAY_US), moved).cast(pl.Int32).cast(pl.Date)

    return build


def move_months(sign: int) -> Any:
    """A datetime plus or minus calendar months; a day that the month does not have becomes its last day."""

    def build(make: Making, time: Any, months: Any) -> Any:
        pl = make.pl
        time, months = make.hold(time), make.hold(months * sign)
        far = 12 * 10_000
        make.refuse(~months.is_between(-far, far), TIME_RANGE)
        target = make.hold(
            time.dt.year().cast(pl.Int64) * 12 + time.dt.month().cast(pl.Int64) - 1 + months.clip(-far, far)
        )
        fine = target.is_between(12, 12 * 10_000 - 1)
        make.refuse(~fine, TIME_RANGE)
        step = pl.concat_str([make.where(fine, months, 0).cast(pl.String), pl.lit("mo")])
        return make.known(time.dt.offset_by(step), months)

    return build


def between_times(make: Making, a: Any, b: Any) -> Any:
    pl = make.pl
    return (a.cast(pl.Int64) - b.cast(pl.Int64)).cast(pl.Duration("us"))


def between_dates(make: Making, a: Any, b: Any) -> Any:
    return a.cast(make.pl.Int64) - b.cast(make.pl.Int64)


def lengths(sign: int) -> Any:
    """A duration plus or minus a duration."""

    def build(make: Making, a: Any, b: Any) -> Any:
        pl = make.pl
        total = make.hold(a.cast(pl.Int64) + b.cast(pl.Int64) * sign)
        make.refuse(~total.is_between(-LONGEST_US, LONGEST_US), LENGTH_RANGE)
        return total.cast(pl.Duration("us"))

    return build


def stretched(make: Making, ticks: Any) -> Any:
    """A duration from a float number of microseconds, to the nearest."""
    pl = make.pl
    ticks = make.hold(ticks)
    fine = ticks.abs() <= LONGEST_US
    make.refuse(~fine, LENGTH_RANGE)
    return make.where(fine, ticks).round(0, mode="half_away_from_zero").cast(pl.Int64).cast(pl.Duration("us"))


def stretch(make: Making, a: Any, b: Any) -> Any:
    """A duration times a number, in either order."""
    pl = make.pl
    duration, factor = (a, b) if make.taken[0] == "duration" else (b, a)
    return stretched(make, duration.cast(pl.Int64).cast(pl.Float64) * factor)


def shrink(make: Making, duration: Any, divisor: Any) -> Any:
    pl = make.pl
    return stretched(make, duration.cast(pl.Int64).cast(pl.Float64) / make.full(make.where(divisor != 0, divisor)))


def checked_length(value: timedelta) -> timedelta:
    """A constant duration, or OverflowError."""
    if abs(value) > timedelta(microseconds=LONGEST_US):
        raise OverflowError(LENGTH_RANGE)
    return value


def fold_stretch(a: Any, b: Any) -> timedelta:
    duration, factor = (a, b) if isinstance(a, timedelta) else (b, a)
    return checked_length(timedelta(microseconds=round(duration / timedelta(microseconds=1) * factor)))


def fold_shrink(duration: timedelta, divisor: float) -> timedelta | None:
    return (
        None
        if divisor == 0
        else checked_length(timedelta(microseconds=round(duration / timedelta(microseconds=1) / divisor)))
    )


def fold_days(a: Any, b: Any) -> date:
    """A date plus a number of days, in either order."""
    day, days = (a, b) if isinstance(a, date) else (b, a)
    return day + timedelta(days=days)
