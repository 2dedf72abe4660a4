"""Dates and times: `date_of_birth`, `date_between`, `past_date`, `date_time_this_year`, and their parts as texts.

Faker counts from today; a data set has no today, because it must be the same tomorrow. `now` is the last second of the
schema's timeframe, or the end of 2025 where it has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from datagen.contracts import ColumnType, Dictionary, Scope, Values
from datagen.errors import quoted
from datagen.generators._faker.arguments import Arguments
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows
from datagen.packs.reading import table

SECOND_US, DAY_US = 1_000_000, 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WITHOUT_TIMEFRAME = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
FIRST_NOW, LAST_NOW = datetime(200, 1, 1, tzinfo=UTC), datetime(9899, 12, 31, tzinfo=UTC)  # room for ages and centuries
# Faker's relative dates: `-30y`, `+1M 2w`, `30d`; months and years are its mean ones.
RELATIVE = re.compile(
    r"(?P<sign>[+-]?)(?=\d)"
    + "".join(
        rf"(?:(?P<{name}>\d{{1,6}})\s*{unit}\s*)?"
        for name, unit in (
            ("years", "y"),
            ("months", "M"),
            ("weeks", "w"),
            ("days", "d"),
            ("hours", "h"),
            ("minutes", "m"),
            ("seconds", "s"),
        )
    )
)
DAYS = {"years": 365.24, "months": 30.42, "weeks": 7.0, "days": 1.0}
DIRECTIVES = frozenset("aAbBcdDeFHIjklmMnpRSTuUVwWxXyYZ%")  # what strftime may be asked for
PERIODS = {"century": 100, "decade": 10, "year": 1}


@dataclass(frozen=True, slots=True)
class Span:
    """From low to high, both included, in microseconds since 1970."""

    low: int
    high: int


class Moments(Maker):
    """A moment of a span, all equally likely, by days or by seconds; shown as a time or as one of its parts.

    shown: None for the moment itself, else a strftime form. A date or datetime column takes the moment either way.
    """

    def __init__(
        self, request: Request, span: Span, *, step: int, shown: str | None, names: tuple[str, ...] = ()
    ) -> None:
        self.request = request
        if shown is not None and not names and request.scope.column_type in ("date", "datetime"):
            shown = None
        if request.unique and shown is not None and not names:
            step = self._finest(shown, step)
        self.step, self.shown, self.names = step, shown, names
        low, high = span.low - span.low % step, span.high - span.high % step
        self.low, self.count = low, max((high - low) // step + 1, 1)
        self.type: ColumnType = "string" if shown is not None or names else "date" if step == DAY_US else "datetime"
        self.span = (self.low, self.low + self.step * (self.count - 1)) if self.type != "string" else None
        self.digits = shown in ("%Y", "%m", "%d")
        self.dictionary = Dictionary(dict.fromkeys(names)) if names else None
        if request.unique:
            self.size = len(set(names)) if names else self.count

    def _finest(self, shown: str, step: int) -> int:
        """The step at which the texts of a form differ; refuses a form whose texts come again."""
        parts = set(re.findall(r"%(.)", shown))
        if {"Y", "m", "d"} <= parts or "F" in parts:
            return SECOND_US if {"H", "M", "S"} <= parts or "T" in parts else DAY_US
        self.request.scope.refuse(
            "faker.not_unique",
            (),
            found=f"texts of the form {shown} on a column of unique values",
            expected="a form with year, month and day",
        )
        return step

    def fill(self, rows: Rows) -> Values:
        if self.request.unique:
            places = self.request.ranks(rows, self.size or 1)
            if self.dictionary is not None:
                return Values("category", places.astype(np.uint8), dictionary=self.dictionary)
        else:
            places = rows.below(self.count, self.request.salt("moment"))
        moments = self.low + self.step * places
        if self.names:
            return Values("category", self._name_codes(moments), dictionary=self.dictionary)
        if self.shown is None:
            return Values("time", moments)
        import polars as pl

        return Values("text", pl.Series(moments).cast(pl.Datetime("us")).dt.strftime(self.shown))

    def _name_codes(self, moments: np.ndarray) -> np.ndarray:
        """Month, day of the week or half of the day of each moment, as a place in the names."""
        if len(self.names) == 2:
            return (moments % DAY_US >= DAY_US // 2).astype(np.uint8)
        if len(self.names) == 12:
            days = (moments // DAY_US).astype("datetime64[D]")
            return (days.astype("datetime64[M]").astype(np.int64) % 12).astype(np.uint8)
        return ((moments // DAY_US + 3) % 7).astype(np.uint8)  # 1970-01-01 was a Thursday


class UnixTime(Moments):
    """Seconds since 1970."""

    def __init__(self, request: Request, span: Span) -> None:
        super().__init__(request, span, step=SECOND_US, shown=None)
        self.type: ColumnType = "float"
        self.span = None

    def fill(self, rows: Rows) -> Values:
        return Values("float", (super().fill(rows).array // SECOND_US).astype(np.float64))


def now_of(scope: Scope) -> datetime:
    """The moment that `now` means in a schema."""
    if scope.timeframe is None:
        return WITHOUT_TIMEFRAME
    return EPOCH + timedelta(microseconds=int(scope.timeframe.end) - SECOND_US)


class _Reader:
    """Reads the dates among the arguments of one method."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.arguments = Arguments(request.scope, request.arguments)
        self.now = now_of(request.scope)
        if not FIRST_NOW <= self.now <= LAST_NOW:
            request.scope.refuse(
                "faker.argument",
                (),
                found=f"a timeframe that ends in the year {self.now.year}",
                expected=f"an end between {FIRST_NOW.year} and {LAST_NOW.year}",
            )
            self.now = WITHOUT_TIMEFRAME
        self._refused = False

    def moment(self, name: str, default: str) -> datetime:
        """`now`, `today`, a relative date such as `-30y`, or an ISO date or time."""
        value = self.request.arguments.get(name)
        value = default if value is None else value
        found = _moment(value, self.now)
        if found is None or not FIRST <= found <= LAST:
            self._refused = True
            self.request.scope.refuse(
                "faker.argument",
                name,
                found=f"{name}: {quoted(value)}",
                expected="a date such as 2024-01-31, now, today, or a time from now such as -30y, +2w, -12h",
            )
            return self.now
        return found

    def span(self, low: datetime, high: datetime) -> Span:
        if low > high and not self._refused:
            self.request.scope.refuse(
                "faker.argument",
                (),
                found=f"from {low:%Y-%m-%d %H:%M} to {high:%Y-%m-%d %H:%M}",
                expected="a start that is not after its end",
            )
        return Span(_us(low), max(_us(low), _us(high)))

    def form(self, name: str, default: str) -> str:
        """A strftime form."""
        form = self.arguments.text(name, default, most=100)
        unknown = [code for code in re.findall(r"%(.?)", form, re.DOTALL) if code not in DIRECTIVES]
        if unknown or "%" not in form:
            self.request.scope.refuse(
                "faker.argument",
                name,
                found=f"{name}: {quoted(form)}",
                expected="a form such as %Y-%m-%d or %H:%M",
                hint=f"%{unknown[0]} is not known" if unknown else "",
            )
            return default
        return form


def _moment(value: Any, now: datetime) -> datetime | None:
    if value in ("now", "today"):
        return now if value == "now" else now.replace(hour=0, minute=0, second=0)
    if not isinstance(value, str):
        return None
    relative = RELATIVE.fullmatch(value.strip())
    try:
        if relative is None:
            found = datetime.fromisoformat(value.strip())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        parts = {name: int(text) for name, text in relative.groupdict().items() if name != "sign" and text}
        days = sum(parts.pop(name, 0) * length for name, length in DAYS.items())
        step = timedelta(days=days, **parts)
        return now - step if relative["sign"] == "-" else now + step
    except (ValueError, OverflowError):
        return None


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _between(start: str, end: str, defaults: tuple[str, str], step: int, shown: str | None, request: Request) -> Maker:
    reader = _Reader(request)
    return Moments(
        request, reader.span(reader.moment(start, defaults[0]), reader.moment(end, defaults[1])), step=step, shown=shown
    )


def _since_1970(shown: str, form: str, names: str, request: Request) -> Maker:
    """A part of a moment between 1970 and `end_datetime`."""
    reader = _Reader(request)
    span = reader.span(EPOCH, reader.moment("end_datetime", "now"))
    listed = tuple(table(request.locale, names).column("value")) if names and table(request.locale, names) else ()  # type: ignore[union-attr]
    return Moments(request, span, step=SECOND_US, shown=reader.form(form, shown) if form else shown, names=listed)


def _birth(request: Request) -> Maker:
    reader = _Reader(request)
    youngest = reader.arguments.whole("minimum_age", 0, 0, 150)
    oldest = reader.arguments.whole("maximum_age", max(115, youngest), youngest, 150)
    day = reader.now.replace(hour=0, minute=0, second=0)
    return Moments(
        request,
        reader.span(_years(day, -oldest - 1) + timedelta(days=1), _years(day, -youngest)),
        step=DAY_US,
        shown=None,
    )


def _years(day: datetime, years: int) -> datetime:
    """The same day in another year, the 28th of February where there is no 29th."""
    year = max(1, day.year + years)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _this(period: str, step: int, request: Request) -> Maker:
    """From the start of this century, decade, year or month to now, from now to its end, or all of it."""
    reader = _Reader(request)
    before, after = ("before_now", "after_now") if step == SECOND_US else ("before_today", "after_today")
    past, future = reader.arguments.flag(before, True), reader.arguments.flag(after, False)
    start = reader.now.replace(day=1, hour=0, minute=0, second=0)
    if period == "month":
        following = (start + timedelta(days=32)).replace(day=1)
    else:
        years = PERIODS[period]
        start = start.replace(month=1, year=max(1, start.year - start.year % years))
        following = start.replace(year=min(9999, start.year - start.year % years + years))
    low = start if past else reader.now
    high = following - timedelta(seconds=1) if future else reader.now
    return Moments(request, reader.span(low, high), step=step, shown=None)


def _past(step: int, request: Request) -> Maker:
    reader = _Reader(request)
    end = reader.now - timedelta(microseconds=step)
    return Moments(request, reader.span(min(reader.moment("start_date", "-30d"), end), end), step=step, shown=None)


def _future(step: int, request: Request) -> Maker:
    reader = _Reader(request)
    start = reader.now + timedelta(microseconds=step)
    return Moments(request, reader.span(start, max(start, reader.moment("end_date", "+30d"))), step=step, shown=None)


def _unix_time(request: Request) -> Maker:
    reader = _Reader(request)
    return UnixTime(
        request, reader.span(reader.moment("start_datetime", "1970-01-01"), reader.moment("end_datetime", "now"))
    )


def _card_expiry(request: Request) -> Maker:
    reader = _Reader(request)
    span = reader.span(reader.moment("start", "now"), reader.moment("end", "+10y"))
    return Moments(request, span, step=DAY_US, shown=reader.form("date_format", "%m/%y"))


def _iso8601(request: Request) -> Maker:
    reader = _Reader(request)
    separator = reader.arguments.one_of("sep", "T", ("T", " "))
    return Moments(
        request,
        reader.span(EPOCH, reader.moment("end_datetime", "now")),
        step=SECOND_US,
        shown=f"%Y-%m-%d{separator}%H:%M:%S",
    )


Build = Callable[[Request], Maker]
# method -> (how it is made, what it gives, its arguments)
METHODS: Mapping[str, tuple[Build, ColumnType, tuple[str, ...]]] = {
    "date_between": (
        partial(_between, "start_date", "end_date", ("-30y", "today"), DAY_US, None),
        "date",
        ("start_date", "end_date"),
    ),
    "date_between_dates": (
        partial(_between, "date_start", "date_end", ("1970-01-01", "today"), DAY_US, None),
        "date",
        ("date_start", "date_end"),
    ),
    "date_object": (
        partial(_between, "", "end_datetime", ("1970-01-01", "now"), DAY_US, None),
        "date",
        ("end_datetime",),
    ),
    "date_time": (
        partial(_between, "", "end_datetime", ("1970-01-01", "now"), SECOND_US, None),
        "datetime",
        ("end_datetime",),
    ),
    "date_time_ad": (
        partial(_between, "start_datetime", "end_datetime", ("0001-01-01", "now"), SECOND_US, None),
        "datetime",
        ("start_datetime", "end_datetime"),
    ),
    "date_time_between": (
        partial(_between, "start_date", "end_date", ("-30y", "now"), SECOND_US, None),
        "datetime",
        ("start_date", "end_date"),
    ),
    "date_time_between_dates": (
        partial(_between, "datetime_start", "datetime_end", ("1970-01-01", "now"), SECOND_US, None),
        "datetime",
        ("datetime_start", "datetime_end"),
    ),
    "date_of_birth": (_birth, "date", ("minimum_age", "maximum_age")),
    **{
        f"date_this_{period}": (partial(_this, period, DAY_US), "date", ("before_today", "after_today"))
        for period in ("century", "decade", "year", "month")
    },
    **{
        f"date_time_this_{period}": (partial(_this, period, SECOND_US), "datetime", ("before_now", "after_now"))
        for period in ("century", "decade", "year", "month")
    },
    "past_date": (partial(_past, DAY_US), "date", ("start_date",)),
    "past_datetime": (partial(_past, SECOND_US), "datetime", ("start_date",)),
    "future_date": (partial(_future, DAY_US), "date", ("end_date",)),
    "future_datetime": (partial(_future, SECOND_US), "datetime", ("end_date",)),
    "date": (partial(_since_1970, "%Y-%m-%d", "pattern", ""), "string", ("pattern", "end_datetime")),
    "time": (partial(_since_1970, "%H:%M:%S", "pattern", ""), "string", ("pattern", "end_datetime")),
    "iso8601": (_iso8601, "string", ("end_datetime", "sep")),
    "unix_time": (_unix_time, "float", ("start_datetime", "end_datetime")),
    "year": (partial(_since_1970, "%Y", "", ""), "string", ()),
    "month": (partial(_since_1970, "%m", "", ""), "string", ()),
    "day_of_month": (partial(_since_1970, "%d", "", ""), "string", ()),
    "month_name": (partial(_since_1970, "%B", "", "month_name"), "string", ()),
    "day_of_week": (partial(_since_1970, "%A", "", "day_of_week"), "string", ()),
    "am_pm": (partial(_since_1970, "%p", "", "am_pm"), "string", ()),
    "credit_card_expire": (_card_expiry, "string", ("start", "end", "date_format")),
}
