"""From what a user wrote (window, grid, patterns) to the density of a time column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datagen.contracts import Scope
from datagen.errors import Meant, did_you_mean
from datagen.kernel import clock, density
from datagen.kernel.curves import Growth
from datagen.kernel.density import MOST_CELLS, Shaper, TimeDensity
from datagen.kernel.seasons import Season
from datagen.schema.durations import DAY, HOUR, SECOND, Frequency, parse_frequency
from datagen.schema.times import parse_time, show_time

if TYPE_CHECKING:
    from datagen.generators.datetime_series import DatetimeSeries

SECONDS = Frequency(1, "second")
DAYS = Frequency(1, "day")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
SHOWS = {"hour": "hours of the day", "dow": "days of the week", "month": "months of the year", "holiday": "holidays"}
WORDS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year", "hourly", "daily", "weekly", "monthly")
FINEST = {"hour": HOUR, "dow": DAY, "month": 28 * DAY, "holiday": DAY}  # the coarsest grid on which a pattern can show
MOST_POINTS = 5_000_000  # points of a grid that is held as a list
EXPECTED = "a frequency: s, min, h, D, W, M, Q or Y, with a number before it if wanted (15min), or a word such as day"

Shown = tuple[Season, tuple[str | int, ...]]  # a season with the field where it stands


@dataclass(frozen=True, slots=True)
class Window:
    """Microseconds since 1970 UTC, end exclusive."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{show_time(self.start)} to {show_time(self.end)}"


def read_window(series: DatetimeSeries, scope: Scope, *, loud: bool = True) -> Window | None:
    """The window of a time column, or None after a refusal. loud: say what is wrong, as its generator does."""
    refuse = scope.refuse if loud else _silent
    within = series.within
    if isinstance(within, str):
        if scope.timeframe is None:
            refuse(
                "time.no_timeframe",
                "within",
                found="within: timeframe in a document without a timeframe",
                expected="timeframe: {start, end} at the top of the document, or within: {start, end}",
            )
            return None
        window = Window(scope.timeframe.start, scope.timeframe.end)
    else:
        start, end = parse_time(within.start), parse_time(within.end, end=True)
        for key, time in (("start", start), ("end", end)):
            if isinstance(time, str):
                refuse("time.unreadable", ("within", key), found=time, expected="a date or a time, such as 2024-01-31")
        if isinstance(start, str) or isinstance(end, str):
            return None
        if end <= start:
            refuse(
                "time.reversed",
                ("within", "end"),
                found=f"start {within.start}, end {within.end}",
                expected="an end after the start; a date as end includes its whole day",
            )
            return None
        window = Window(start, end)
    if scope.column_type == "date":  # a day belongs to the window when a part of it does
        return Window(window.start - window.start % DAY, window.end)
    # sealing cuts times to the precision: they must not fall out of the window by that
    finest = {"s": SECOND, "ms": 1_000, "us": 1}[scope.precision]
    start = -(-window.start // finest) * finest
    if start >= window.end:
        refuse(
            "time.no_grid_point",
            "within",
            found=f"no time of precision {scope.precision} in {window}",
            expected="a window that holds at least one",
        )
        return None
    return Window(start, window.end)


def _silent(code: str, field: object, **facts: str) -> None:
    """Says nothing."""


def read_grid(series: DatetimeSeries, scope: Scope) -> Frequency | None:
    """The grid on which times fall, or None after a refusal: `freq`, else the timeframe's, else whole seconds."""
    written = series.freq
    if written is None and scope.timeframe is not None:
        written = scope.timeframe.freq
    grid = SECONDS if written is None else parse_frequency(written)
    if grid is None:
        if series.freq is None:
            return SECONDS  # the timeframe's own is refused where it stands
        scope.refuse("time.freq", "freq", found=f"'{written}'", expected=EXPECTED, hint=_mended(series.freq))
        return None
    step = grid.microseconds
    if scope.column_type == "date" and step is not None and step < DAY:
        return DAYS  # a date holds no finer time
    if step is not None and step < SECOND and scope.precision == "s":
        scope.refuse(
            "time.freq_finer_than_precision",
            "freq",
            found=f"freq {written} on a column of whole seconds",
            expected="freq: s or coarser",
            hint="say precision: ms or us on the column",
        )
        return None
    return grid


def _mended(text: str) -> str:
    turned = re.fullmatch(r"\s*([A-Za-z]+)(\d+)\s*", text)
    if turned and parse_frequency(turned[2] + turned[1]) is not None:
        return Meant(f"did you mean '{turned[2]}{turned[1]}'?", text, turned[2] + turned[1])
    if re.match(r"\s*(-|0+[^0-9.])", text):
        return "a frequency is positive"
    return did_you_mean(text.lstrip(" 0123456789"), WORDS)


def make_density(
    window: Window, grid: Frequency, seasons: Sequence[Shown], growths: Sequence[Growth], scope: Scope
) -> TimeDensity | None:
    """The density of the points of a grid in a window, or None after a refusal."""
    shown: list[Shaper] = []
    for season, field in seasons:
        if _step(grid) <= FINEST[season.dimension]:
            shown.append(season.scaled())
            continue
        scope.tolerate(
            "time.pattern_finer_than_freq",
            field,
            found=f"weights by {season.dimension} on times that fall on a grid of {_name(grid)}" + _not_applied(scope),
            expected=f"a grid fine enough to show the {SHOWS[season.dimension]}",
            hint="give the column a finer freq, or drop these weights",
        )
    shown += growths
    try:
        made = _on_grid(window, grid, shown)
    except ValueError:
        scope.refuse(
            "time.no_density",
            (),
            found=f"weights that are 0 at every point of {window}",
            expected="at least one point of the window with a weight above 0",
        )
        return None
    except OverflowError as error:
        scope.refuse(
            "time.window_too_long",
            "within",
            found=f"a grid of {error} in {window}",
            expected=f"at most {MOST_CELLS:,}",
            hint="take a shorter window, a coarser freq or a coarser pattern",
        )
        return None
    if made is None:
        scope.refuse(
            "time.no_grid_point",
            "freq",
            found=f"no point of a grid of {_name(grid)} in {window}",
            expected="a window that holds at least one point of the grid",
            hint="months, quarters and years start on their first day",
        )
    return made


def _not_applied(scope: Scope) -> str:
    return ": declared, not applied, because they cannot show there" if scope.version_1 else ""


def _on_grid(window: Window, grid: Frequency, patterns: Sequence[Shaper]) -> TimeDensity | None:
    step = grid.microseconds
    if step is None:
        months = grid.count * MONTHS[grid.unit]
        ends = clock.month_index(np.array([window.start - 1, window.end - 1], dtype=np.int64))
        numbers = np.arange(ends[0] + 1, ends[1] + 1, dtype=np.int64)  # months that start inside the window
        if grid.unit != "month":
            numbers = numbers[numbers % MONTHS[grid.unit] == 0]
        points = clock.month_start(numbers[:: grid.count])
        return density.listed(points, window.end, patterns) if months and len(points) else None
    if step <= DAY:
        return density.regular(window.start, window.end, step, patterns)
    if window.start + step >= window.end:
        return density.listed(np.array([window.start], dtype=np.int64), window.end, patterns)
    if (window.end - window.start) // step >= MOST_POINTS:
        raise OverflowError(f"{(window.end - window.start) // step:,} points")
    return density.listed(np.arange(window.start, window.end, step, dtype=np.int64), window.end, patterns)


def _step(grid: Frequency) -> int:
    return grid.microseconds or grid.count * MONTHS[grid.unit] * 28 * DAY


def _name(grid: Frequency) -> str:
    return f"{grid.unit}s" if grid.count == 1 else f"{grid.count} {grid.unit}s"
