"""What shapes when the rows of a fan-out fall, read from the time column and from the fan-out's own keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Scope
from datagen.generators import _time_grid
from datagen.generators._calendar import Pattern, check_country
from datagen.generators._moments import moment
from datagen.generators._reading import read_again
from datagen.generators._zones import ZoneReaders, Zones
from datagen.kernel import clock, rates
from datagen.kernel.ages import AgeCurve
from datagen.kernel.clock import Times
from datagen.kernel.curves import Growth
from datagen.kernel.density import ORDER
from datagen.kernel.intensity import Calendar
from datagen.rows._anomalies import AnomalyLabel, labelled
from datagen.rows._contract import RowScope
from datagen.rows._exposure import TimeGrid
from datagen.rows._zone_lines import ZoneLines
from datagen.schema.durations import LENGTHS, Frequency, parse_duration, span_of
from datagen.schema.model_fanout import ArrivalRate, Fanout, Noise
from datagen.schema.times import show_time

Floats = NDArray[np.float64]

BURN_IN = 60 * clock.DAY_US  # under `total` the first two months keep one factor: hardly anybody is there yet


@dataclass
class Shaping:
    """What shapes a rate, gathered before the grid of its calendar is known; then the factors of every cell."""

    start: int
    end: int
    seasons: list[Pattern] = field(default_factory=list)
    unrest: list[Callable[[Times], Floats]] = field(default_factory=list)  # measured against the usual rate
    trends: list[tuple[Callable[[Times], Floats], str]] = field(default_factory=list)  # (curve, rate or total)
    said: list[str] = field(default_factory=list)
    zones: ZoneReaders | None = None  # of the seasons whose weights are local to columns of the parent

    def __post_init__(self) -> None:
        self._laid: tuple[int, int, int] | None = None

    @property
    def grid(self) -> tuple[int, int, int]:
        """(origin, step, cells) of the calendar, as fine as anything gathered needs."""
        if self._laid is None:
            readers = () if self.zones is None else self.zones.readers
            open_zones = any(reader.known is None for reader in readers)
            known = {reader.name: reader.known or () for reader in readers}
            columns = [one.zone_column or next(iter(known), "") for one in self.seasons]
            seasons = [
                one.season(None if zone is None else {column: zone})
                for one, column in zip(self.seasons, columns, strict=True)
                for zone in known.get(column) or (None,)
            ]
            units = [season.unit(self.start, self.end) for season in seasons]
            finest = "quarter" if open_zones else min(units, key=ORDER.index, default="")
            self._laid = rates.grid(self.start, self.end, finest)
        return self._laid

    @property
    def origin(self) -> int:
        """Where the calendar begins, in microseconds."""
        return self.grid[0]

    @property
    def step(self) -> int:
        """Length of a cell."""
        return self.grid[1]

    @property
    def cells(self) -> int:
        """How many there are."""
        return self.grid[2]

    @property
    def starts(self) -> Times:
        """(k,) where each cell begins."""
        return self.origin + np.arange(self.cells, dtype=np.int64) * self.step

    @property
    def middles(self) -> Times:
        """(k,) the middle of each cell."""
        return self.starts + self.step // 2

    def calendar(self, active: Floats | None, *, over_window: bool) -> Calendar:
        """The calendar in UTC. active (k,): expected share of parents at work in each cell, for trends of the total."""
        return Calendar(self.origin, self.step, self.rates(active, over_window=over_window)[None, :])

    def lines(self, active: Floats | None, *, over_window: bool) -> ZoneLines | None:
        """The calendars of parents by their zones; None when all have the same."""
        if self.zones is None:
            return None

        readers = self.zones

        def line(zones: Zones) -> Floats:
            return self.rates(active, over_window=over_window, zones=readers.named(zones))

        return ZoneLines(readers, line, self.origin, self.step, self.cells)

    def rates(self, active: Floats | None, *, over_window: bool, zones: Mapping[str, str] | None = None) -> Floats:
        """(k,) relative rate of every cell, for parents in zones that their columns tell by name."""
        middles = self.middles
        rate = np.ones(self.cells, dtype=np.float64)
        for one in self.seasons:
            rate = rate * one.season(zones).relative(middles)
        if over_window:  # `per: window` counts rows of the window as it is
            rate = rate * (self.cells / float(np.cumsum(rate)[-1])) if rate.any() else rate
        for factor in self.unrest:
            rate = rate * factor(middles)
        for curve, seat in self.trends:
            if seat == "rate":
                rate = rate * curve(middles)
        wanted = [curve for curve, seat in self.trends if seat == "total"]
        if wanted:
            mass = rate if active is None else rate * active
            aim = np.ones(self.cells)
            for curve in wanted:
                aim = aim * curve(middles)
            if active is not None:
                aim = aim / _settled(active, self.step)
            before, after = float(np.cumsum(mass)[-1]), float(np.cumsum(mass * aim)[-1])
            rate = rate * aim * (before / after if after > 0 else 1.0)
        return rate

    def take(self, season: Pattern, scope: Scope, field: tuple[str | int, ...]) -> None:
        """One more season; its column of zones, if it has one, is one of the parent's."""
        if season.fault:
            return
        if season.zone_column is not None:
            zones = season.zones(scope, field)
            if zones is None:
                return
            self.zones = ZoneReaders.of([*(() if self.zones is None else self.zones.readers), zones])
        self.seasons.append(season)


def _settled(active: Floats, step: int) -> Floats:
    """The active mass, held at what it is after the burn-in before that."""
    first = min(BURN_IN // step, len(active) // 4)
    settled = active.copy()
    settled[:first] = active[first]
    return np.maximum(settled, float(settled.max()) * 1e-6)


def seasons_of_time(
    time: Scope, shaping: Shaping, owner: Scope | None = None
) -> tuple[_time_grid.Window | None, Frequency | None]:
    """Take the patterns and seasonalities of a time column into the shaping; its window and grid as written.

    owner: who knows the columns of zones, as the rows themselves are not there yet: the driving parent.
    """
    word, params = time.own_columns[time.column]
    window: _time_grid.Window | None = None
    freq: Frequency | None = None
    if word == "datetime_series":
        from datagen.generators.datetime_series import DatetimeSeries

        series = read_again(DatetimeSeries, params)
        if series is not None:
            window = _time_grid.read_window(series, time)
            freq = _time_grid.read_grid(series, time)
    for season, loud, at in _of_column(time):
        if loud:
            season.check(time, "pattern", at)
        name = season.zone_column
        if name is None:
            shaping.take(season, time, at)
        elif (known := _as_parent(name, owner)) is not None and owner is not None:
            shaping.take(season.model_copy(update={"timezone": known}), owner, at)
        else:
            time.refuse(
                "timezone.unknown",
                (*at, "timezone") if loud else (),
                found=f"'{name}'",
                expected="a time zone such as Europe/Prague, or a column of the driving parent that holds one",
                hint="these rows get their times before they have columns",
            )
    for word, _ in time.own_modifiers:
        if word == "trend":
            time.refuse(
                "trend.seat",
                (),
                found=f"a trend on {time.column}, whose times are those of a rate",
                expected="the trend under `multipliers` of the rate",
            )
    return window, freq


def zones_of_time(time: Scope, owner: Scope) -> list[str]:
    """The names of zones, as the driving parent reads them, on which the times of a column depend."""
    names = [season.zone_column for season, _, _ in _of_column(time)]
    known = [_as_parent(name, owner) for name in names if name is not None]
    return [name for name in known if name is not None]


def _of_column(time: Scope) -> list[tuple[Pattern, bool, tuple[str | int, ...]]]:
    """The patterns (to be checked here) and the seasonalities (checked where they stand) of a time column."""
    from datagen.generators.datetime_series import DatetimeSeries
    from datagen.modifiers._shapes import seasons

    word, params = time.own_columns[time.column]
    found: list[tuple[Pattern, bool, tuple[str | int, ...]]] = []
    series = read_again(DatetimeSeries, params) if word == "datetime_series" else None
    if series is not None:
        several = isinstance(series.pattern, list)
        found += [
            (one, True, ("pattern", place) if several else ("pattern",)) for place, one in enumerate(series.patterns)
        ]
    return found + [(season, False, ()) for season in seasons(time)]


def _as_parent(name: str, owner: Scope | None) -> str | None:
    """A name of a row as its driving parent reads it: `user.zone` is `zone` of the user; None where it has no such."""
    if owner is None:
        return None
    head, _, tail = name.partition(".")
    for known in (tail if head.lower() == owner.table.lower() else "", name):
        if known and owner.type_of(known) is not None:
            return known
    return None


def grid_of(freq: Frequency | None, window: _time_grid.Window | None) -> TimeGrid | None:
    """The grid to which times of a time column are cut; None without one."""
    if freq is None or window is None:
        return None
    step = freq.microseconds
    if step is not None:
        return None if step <= clock.SECOND_US else TimeGrid(window.start, step, 0)
    return TimeGrid(0, 0, {"month": 1, "quarter": 3, "year": 12}[freq.unit] * freq.count)


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


def zones_of_multipliers(spec: Fanout | ArrivalRate, owner: Scope) -> list[str]:
    """The names of zones, as the driving parent reads them, on which the seasons of a fan-out depend."""
    from datagen.modifiers.seasonality import Seasonality

    seasons = [read_again(Seasonality, one.args) for one in spec.multipliers if one.transform == "seasonality"]
    names = [name for season in seasons if season is not None for name in season.zone_reads()]
    known = [_as_parent(name, owner) for name in names]
    return [name for name in known if name is not None]


def _season(args: Mapping[str, Any], scope: RowScope, shaping: Shaping) -> None:
    from datagen.modifiers.seasonality import Seasonality

    season = scope.part(Seasonality, args)
    if season is not None:
        season.check(scope, "seasonality")
        known = None if season.zone_column is None else _as_parent(season.zone_column, scope)
        shaping.take(season if known is None else season.model_copy(update={"timezone": known}), scope, ())


def _trend(args: Mapping[str, Any], scope: RowScope, shaping: Shaping) -> None:
    from datagen.modifiers.trend import Trend, anchor_of, curve_of, stays_inside

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
    anchor = anchor_of(trend, scope)
    curve = None if anchor is None else curve_of(trend, scope, anchor)
    unit = LENGTHS[trend.time_unit]
    if curve is None or anchor is None or not stays_inside(trend, curve, scope, unit, anchor):
        return
    grown = Growth(curve, anchor, unit)
    shaping.trends.append((grown.written, seat))
    shaping.said.append(f"{trend.type} trend of the {seat}")


def calendar_keys(spec: Fanout, scope: RowScope, shaping: Shaping) -> None:
    """Take holidays, bursts, noise and anomalies of the fan-out into the shaping."""
    if spec.holidays is not None:
        country = check_country(spec.holidays.country, scope, ("holidays", "country"))
        lead, lag = span_of(spec.holidays.lead), span_of(spec.holidays.lag)
        factor = float(spec.holidays.factor)
        if country is not None:
            shaping.unrest.append(lambda times: rates.holidays(times, country, factor, lead, lag))
            shaping.said.append(f"holidays of {country} x{factor:g}")
    for place, one in enumerate(spec.bursts):
        at, decay = moment(one.at, scope, ("bursts", place, "at")), parse_duration(one.decay)
        if at is not None and not decay:
            scope.refuse(
                "fanout.burst_decay",
                ("bursts", place, "decay"),
                found=f"{one.decay!r}",
                expected="a duration above 0, such as 2d",
            )
        elif at is not None and decay is not None and at >= shaping.end:
            scope.refuse(
                "fanout.burst_outside",
                ("bursts", place, "at"),
                found=f"a burst at {show_time(at)}, after the timeframe",
                expected=f"a time before {show_time(shaping.end)}",
            )
        elif at is not None and decay is not None:
            shaping.unrest.append(partial(rates.burst, at=at, height=float(one.factor), decay=decay))
    if spec.noise is not None:
        _noise(spec.noise, scope, shaping)
    for place, anomaly in enumerate(spec.anomalies):
        label = labelled(anomaly, scope.own, None, scope, ("anomalies", place))
        if label is not None:
            shaping.unrest.append(_odd(label, scope.key ^ scope.salt(f"anomaly {anomaly.kind}", place)))
            shaping.said.append(f"{anomaly.kind} at {show_time(label.start)}")
            scope.anomalies.append(label)


def _odd(label: AnomalyLabel, salt: int) -> Callable[[Times], Floats]:
    """What an oddity makes of the rate."""
    if label.kind == "variance":
        return partial(rates.unrest, first=label.start, last=label.end, size=label.size, salt=salt)
    factor = 0.0 if label.kind == "gap" else label.size
    return partial(rates.between, first=label.start, last=label.end, factor=factor)


def _noise(noise: Noise, scope: RowScope, shaping: Shaping) -> None:
    coefficients, std = [float(phi) for phi in noise.ar], float(noise.std)
    try:
        rates.shock_share(coefficients)
    except ValueError:
        scope.refuse(
            "noise.not_stationary",
            ("noise", "ar"),
            found=f"ar {list(noise.ar)}: a series that grows without end",
            expected="coefficients of a series that settles, such as [0.6]",
        )
        return
    salt = scope.key ^ scope.salt("noise")
    shaping.unrest.append(lambda times: rates.noise(times, coefficients, std, salt))


def active_share(shaping: Shaping, created: Floats, curves: Sequence[AgeCurve]) -> Floats:
    """(k,) expected share of parents at work in each cell, weighted with their age curves.

    created (m,) equally likely creation times.
    """
    middles = shaping.middles.astype(np.float64)
    days = max(1, clock.DAY_US // shaping.step)
    coarse = middles[::days]
    total = np.zeros(len(coarse))
    for one in created:  # about a thousand representative creations
        age = coarse - one
        share = np.clip(0.5 + age / (days * shaping.step), 0.0, 1.0)  # of the day after the creation
        late = share > 0
        for curve in curves:
            share[late] *= curve.value(np.maximum(age[late], 0.0) / curve.unit)
        total += share
    return np.repeat(total / len(created), days)[: shaping.cells]
