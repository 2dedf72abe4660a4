"""Moves times a little, so that they do not all stand on the grid; never out of their window or past a bound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, Change, Modifier, Scope, Values
from datagen.generators._interval import TimeBounds
from datagen.generators._reading import quiet, read_again
from datagen.generators.after import After
from datagen.modifiers._shapes import makers
from datagen.schema.times import DAY_US, FIRST_US, LAST_US, SECOND_US

MINUTE_US = 60 * SECOND_US
LONGEST = 5e9  # minutes in ten thousand years
Times = NDArray[np.int64]


class TimeJitter(Modifier):
    """Adds a normal shift with standard deviation std_minutes, in whole seconds (whole days on a date).

    Params: std_minutes, 0 or more. What would leave the window of the column's own generator (else the timeframe), or a
    bound that an inequality constraint or the column's own `after` sets, is reflected back inside; a row that stands
    outside is left where it is.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"transform": "time_jitter", "args": {"std_minutes": 20}}]

    std_minutes: float = Field(
        ge=0, le=LONGEST, allow_inf_nan=False, description="standard deviation of the shift in minutes"
    )

    def bind(self, scope: Scope) -> Change:
        if scope.value_type not in ("datetime", "date"):
            scope.refuse(
                "time_jitter.needs_time",
                (),
                found=f"time_jitter on {scope.value_type} values",
                expected="a column of type datetime or date",
                hint="jitter moves numbers",
            )
            return _unchanged
        if self.std_minutes == 0:
            return _unchanged
        noise = scope.law(
            {"type": "normal", "params": {"mean": 0.0, "std": self.std_minutes * MINUTE_US}}, "std_minutes"
        )
        if noise is None:
            return _unchanged
        if _follows_in_a_case(scope):
            scope.refuse(
                "time_jitter.of_case",
                (),
                found="time_jitter on times of which some branches of a case follow others",
                expected="the spread in the delay of these branches",
            )
            return _unchanged
        salt, bounds = scope.salt("shift"), _bounds(scope)
        step = DAY_US if "date" in (scope.column_type, scope.value_type) else SECOND_US
        first, last = _window(scope)

        def change(block: Block, values: Values) -> Values:
            shift = np.rint(noise.quantile(block.uniform(salt), block) / step).astype(np.int64) * step
            times = np.asarray(values.array, dtype=np.int64)
            interval = bounds.interval(block)
            low = np.full(len(times), first) if interval.low is None else np.maximum(interval.low, first)
            high = np.full(len(times), last) if interval.high is None else np.minimum(interval.high, last)
            return values.changed(array=reflected(times, shift, low, high, step))

        return change


def reflected(times: Times, shift: Times, low: Times, high: Times, step: int) -> Times:
    """(n,) times moved by shift, thrown back at low and high (both allowed) in whole steps from where they were.

    A shift as long as the room or longer runs back and forth. A row outside [low, high] is not moved.
    """
    below = np.floor_divide(times - low, step)  # whole steps of room on either side
    above = np.floor_divide(high - times, step)
    inside = (below >= 0) & (above >= 0)
    below, above = np.where(inside, below, 0), np.where(inside, above, 0)
    moved = np.floor_divide(shift, step)
    out = np.flatnonzero((moved < -below) | (moved > above))
    if len(out):
        span = below[out] + above[out] + 1  # places to stand on; a mirror lies half a step outside the last one
        place = (moved[out] + below[out]) % (2 * span)
        moved[out] = np.minimum(place, 2 * span - 1 - place) - below[out]
    result: Times = times + moved * step
    return result


def _follows_in_a_case(scope: Scope) -> bool:
    """Whether the bounds of a time differ by the branch that made it."""
    return scope.own_columns[scope.column][0] == "case" and "after" in makers(scope)


def _bounds(scope: Scope) -> TimeBounds:
    """What a time must keep to: inequalities, and what a time that follows another one is bound by itself."""
    bounds = TimeBounds.of(scope)
    word, params = scope.own_columns[scope.column]
    after = read_again(After, params) if word == "after" else None
    if after is None:
        return bounds
    lower, upper = after.limits(quiet(scope))
    return replace(bounds, lower=(*bounds.lower, *lower), upper=(*bounds.upper, *upper))


def _window(scope: Scope) -> tuple[int, int]:
    """First and last microsecond of the window that times must not leave."""
    from datagen.generators._time_grid import read_window
    from datagen.generators.datetime_series import DatetimeSeries

    word, params = scope.own_columns[scope.column]
    series = read_again(DatetimeSeries, params) if word == "datetime_series" else None
    window = None if series is None else read_window(series, scope, loud=False)
    if window is not None:
        return window.start, window.end - 1
    if scope.timeframe is not None and word != "after":  # which has bounds of its own
        return scope.timeframe.start, scope.timeframe.end - 1
    return FIRST_US, LAST_US - 1


def _unchanged(block: Block, values: Values) -> Values:
    return values
