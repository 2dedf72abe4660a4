"""What shapes when the rows of a fan-out fall, read from the time column and from the fan-out's own keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Scope
from datagen.generators import _time_grid
from datagen.generators._reading import read_again
from datagen.kernel import clock, rates
from datagen.kernel.ages import AgeCurve
from datagen.kernel.clock import Times
from datagen.kernel.intensity import Calendar
from datagen.rows._contract import RowScope
from datagen.schema.durations import LENGTHS, Frequency, parse_duration
from datagen.schema.model_fanout import Fanout
from datagen.schema.times import parse_time

Floats = NDArray[np.float64]

BURN_IN = 60 * clock.DAY_US  # under `total` the first two months keep one factor: hardly anybody is there yet


@dataclass
class Shaping:
    """The factors of every cell of the calendar, gathered one after another."""

    start: int
    end: int
    season: list[Floats] = field(default_factory=list)
    trends: list[tuple[Floats, str]] = field(default_factory=list)  # (factor of each cell, rate or total)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.origin, self.step, self.cells = rates.grid(self.start, self.end)

    @property
    def starts(self) -> Times:
        """(k,) where each cell begins."""
        return self.origin + np.arange(self.cells, dtype=np.int64) * self.step

    @property
    def middles(self) -> Times:
        """(k,) the middle of each cell."""
        return self.starts + self.step // 2

    def calendar(self, active: Floats | None, *, over_window: bool) -> Calendar:
        """The calendar. active (k,): expected share of parents at work in each cell, for trends of the total."""
        rate = np.ones(self.cells, dtype=np.float64)
        for factor in self.season:
            rate = rate * factor
        if over_window:  # `per: window` counts rows of the window as it is
            rate = rate * (self.cells / float(np.cumsum(rate)[-1])) if rate.any() else rate
        for factor, seat in self.trends:
            if seat == "rate":
                rate = rate * factor
        wanted = [factor for factor, seat in self.trends if seat == "total"]
        if wanted:
            mass = rate if active is None else rate * active
            aim = np.ones(self.cells)
            for factor in wanted:
                aim = aim * factor
            if active is not None:
                aim = aim / _settled(active, self.step)
            before, after = float(np.cumsum(mass)[-1]), float(np.cumsum(mass * aim)[-1])
            rate = rate * aim * (before / after if after > 0 else 1.0)
        return Calendar(self.origin, self.step, rate[None, :])


def _settled(active: Floats, step: int) -> Floats:
    """The active mass, held at what it is after the burn-in before that."""
    first = min(BURN_IN // step, len(active) // 4)
    settled = active.copy()
    settled[:first] = active[first]
    return np.maximum(settled, float(settled.max()) * 1e-6)


def seasons_of_time(time: Scope, shaping: Shaping) -> tuple[_time_grid.Window | None, Frequency | None]:
    """Take the patterns and seasonalities of a time column into the shaping; its window and grid as written."""
    from datagen.generators.datetime_series import DatetimeSeries
    from datagen.modifiers._shapes import seasons

    word, params = time.own_columns[time.column]
    window: _time_grid.Window | None = None
    freq: Frequency | None = None
    if word == "datetime_series":
        series = read_again(DatetimeSeries, params)
        if series is not None:
            for place, pattern in enumerate(series.patterns):
                pattern.check(time, "pattern", ("pattern", place) if isinstance(series.pattern, list) else ("pattern",))
                if not pattern.fault:
                    shaping.season.append(rates.season(shaping.starts, pattern.dimension, pattern.weights))
            window = _time_grid.read_window(series, time)
            freq = _time_grid.read_grid(series, time)
    for season in seasons(time):
        if not season.fault:
            shaping.season.append(rates.season(shaping.starts, season.dimension, season.weights))
    return window, freq


def grid_of(freq: Frequency | None, window: _time_grid.Window | None) -> Any:
    """A function that cuts times to the grid of a time column; None without one."""
    if freq is None or window is None:
        return None
    step = freq.microseconds
    if step is not None:
        if step <= clock.SECOND_US:
            return None
        origin = window.start
        return lambda times: times - (times - origin) % step
    months = {"month": 1, "quarter": 3, "year": 12}[freq.unit] * freq.count
    return lambda times: clock.month_start(clock.month_index(times) // months * months)


def multipliers(spec: Fanout, scope: RowScope, shaping: Shaping) -> list[tuple[Scope, Mapping[str, Any]]]:
    """Take trends and seasonalities of the fan-out into the shaping; its effects are returned, each with its scope."""
    effects: list[tuple[Scope, Mapping[str, Any]]] = []
    for place, modifier in enumerate(spec.multipliers):
        here = scope.at(("multipliers", place, "args"))
        if modifier.transform == "effect":
            effects.append((here, modifier.args))
        elif modifier.transform == "seasonality":
            _season(modifier.args, here, shaping)
        elif modifier.transform == "trend":
            _trend(modifier.args, here, shaping)
        else:
            scope.refuse(
                "fanout.multiplier",
                ("multipliers", place, "transform"),
                found=f"'{modifier.transform}'",
                expected="trend, seasonality or effect",
                hint="other modifiers change values: put them on a column",
            )
    return effects


def _season(args: Mapping[str, Any], scope: RowScope, shaping: Shaping) -> None:
    from datagen.generators._calendar import check_weights
    from datagen.modifiers.seasonality import Seasonality

    season = scope.part(Seasonality, args)
    if season is None:
        return
    check_weights(scope, "seasonality", season.dimension, season.weights)
    if not season.fault:
        shaping.season.append(rates.season(shaping.starts, season.dimension, season.weights))


def _trend(args: Mapping[str, Any], scope: RowScope, shaping: Shaping) -> None:
    from datagen.modifiers.trend import Trend, curve_of, stays_inside

    trend = scope.part(Trend, args)
    if trend is None:
        return
    seat = trend.applies_to if "applies_to" in trend.model_fields_set else "rate"
    if seat not in ("rate", "total"):
        scope.refuse(
            "trend.seat",
            "applies_to",
            found=f"a trend of the {seat} on a fanout",
            expected="applies_to: rate or total",
            hint="on a column a trend changes values, on the creation column acquisition",
        )
        return
    curve = curve_of(trend, scope)
    unit = LENGTHS[trend.time_unit]
    if curve is None or not stays_inside(trend, curve, scope, unit):
        return
    t = (shaping.middles - scope.timeframe.start) / unit
    shaping.trends.append((curve.factor(t), seat))
    shaping.said.append(f"{trend.type} trend of the {seat}")


def calendar_keys(spec: Fanout, scope: RowScope, shaping: Shaping) -> None:
    """Take holidays, bursts, noise and anomalies of the fan-out into the shaping."""
    if spec.bursts:
        for place, one in enumerate(spec.bursts):
            at = _moment(one.at, scope, ("bursts", place, "at"))
            decay = parse_duration(one.decay)
            if at is not None and decay:
                shaping.season.append(rates.burst(shaping.middles, at, float(one.factor), decay))
    if spec.noise is not None:
        try:
            factors = rates.noise(
                shaping.starts,
                [float(phi) for phi in spec.noise.ar],
                float(spec.noise.std),
                scope.key ^ scope.salt("noise"),
            )
        except ValueError:
            scope.refuse(
                "noise.not_stationary",
                ("noise", "ar"),
                found=f"ar {list(spec.noise.ar)}: a series that grows without end",
                expected="coefficients of a series that settles, such as [0.6]",
            )
        else:
            shaping.season.append(factors)


def _moment(value: Any, scope: RowScope, at: tuple[str | int, ...]) -> int | None:
    """A time as written, or None after a refusal."""
    time = parse_time(value) if isinstance(value, str) else "no time"
    if isinstance(time, str):
        scope.refuse("time.unreadable", at, found=f"{value!r}", expected="a date or a time, such as 2024-11-29")
        return None
    return time


def active_share(shaping: Shaping, created: Floats, curves: Sequence[AgeCurve]) -> Floats:
    """(k,) expected share of parents at work in each cell, weighted with their age curves.

    created (m,) equally likely creation times.
    """
    middles = shaping.middles.astype(np.float64)
    days = max(1, clock.DAY_US // shaping.step)
    coarse = middles[::days]
    total = np.zeros(len(coarse))
    for moment in created:  # about a thousand representative creations
        age = coarse - moment
        share = np.clip(0.5 + age / (days * shaping.step), 0.0, 1.0)  # of the day after the creation
        late = share > 0
        for curve in curves:
            share[late] *= curve.value(np.maximum(age[late], 0.0) / curve.unit)
        total += share
    return np.repeat(total / len(created), days)[: shaping.cells]
