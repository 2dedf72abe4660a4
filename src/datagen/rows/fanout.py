"""Rows per parent: a law drawn once, or per unit of time, or a rate in time with everything that shapes it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import NUMBERS, Block, ColumnType, Scope
from datagen.errors import listed
from datagen.generators._interval import TimeBounds
from datagen.kernel.ages import AgeCurve
from datagen.kernel.clock import DAY_US
from datagen.kernel.intensity import Intensity
from datagen.laws._rows import read_parameters
from datagen.rows._by_state import Stays, bind_by_state, state_reads
from datagen.rows._contract import BoundRows, Outlook, RateFactor, RowScope, mean_factor
from datagen.rows._exposure import STEPS, Exposure
from datagen.rows._rate import RateRows, Shape, Windows
from datagen.rows._regular import Grid, RegularRows
from datagen.rows._scaled_law import scaled_law
from datagen.rows._shaping import (
    Shaping,
    active_share,
    calendar_keys,
    grid_of,
    multipliers,
    seasons_of_time,
    zones_of_multipliers,
    zones_of_time,
)
from datagen.rows._units import UnitRows, null_counts, units_of
from datagen.rows._windows import bind_windows, window_reads
from datagen.schema.durations import LENGTHS, SECOND, Frequency, parse_duration, parse_frequency
from datagen.schema.model_fanout import Fanout as Spec
from datagen.schema.times import parse_time, show_time

Floats = NDArray[np.float64]

IN_TIME = ("from_", "until", "every", "multipliers", "holidays", "bursts", "noise", "by_state", "anomalies")
MOST_STEPS = 12_000_000  # quarter hours of 340 years: about a gigabyte while a calendar of them is made


class Fanout:
    """The rows of a fan-out that knows time. Source: time change of a Poisson process; `kernel.intensity`."""

    SPEC: ClassVar[type[Spec]] = Spec
    FILLS: ClassVar[dict[str, ColumnType]] = {"time": "datetime"}

    def __init__(self, spec: Spec, scope: RowScope) -> None:
        self.spec, self.scope = spec, scope
        self.law: dict[str, Any] = {
            key: value
            for key, value in (
                ("type", spec.type),
                ("params", dict(spec.params)),
                ("truncate", None if spec.truncate is None else list(spec.truncate)),
                ("keep_mean", spec.keep_mean or None),
            )
            if value is not None
        }

    @property
    def per(self) -> str:
        """What the law counts: as written, else the window when something acts in time, else the parent."""
        if self.spec.per is not None:
            return self.spec.per
        acts = any(getattr(self.spec, key) not in (None, ()) for key in IN_TIME)
        return "window" if acts or self.scope.ages or self.scope.leaving else "parent"

    @property
    def in_time(self) -> bool:
        """Whether the rows have times of their own."""
        return self.per != "parent" or self.scope.time is not None

    def reads(self) -> Iterable[Any]:
        """What the number of rows reads, as names of the driving parent."""
        names: list[Any] = list(self.scope.law_reads(self.law)) if "type" in self.law else []
        for key in (self.spec.from_, self.spec.until):
            if key is not None:
                names += self.scope.names_in(key)
        names += zones_of_multipliers(self.spec, self.scope)
        names += [] if self.scope.time is None else zones_of_time(self.scope.time, self.scope)
        names += window_reads(
            [
                (self.scope.at(("multipliers", place, "args")), one.args)
                for place, one in enumerate(self.spec.multipliers)
                if one.transform == "effect"
            ]
        )
        if self.spec.by_state is not None:
            names += state_reads(self.spec.by_state, self.scope)
        if self.spec.total is not None or self.spec.mean is not None:
            names.append((self.scope.parent, NUMBERS))  # a fact about all parents
        return names

    def bind(self) -> BoundRows | None:
        """The rows, or None after a refusal."""
        scope, spec = self.scope, self.spec
        if spec.total is not None or spec.mean is not None:
            from datagen.rows._exact_total_bind import bind_total

            return bind_total(self.law, spec, scope)
        if scope.timeframe is None:
            scope.refuse(
                "fanout.no_timeframe",
                () if spec.per is None else "per",
                found=f"rows of {scope.own} in time, in a document without a timeframe",
                expected="timeframe: {start, end} at the top of the document",
            )
            return None
        shaping = Shaping(scope.timeframe.start, scope.timeframe.end)
        shape = self._shape(shaping)
        if shape is None:
            return None
        clamp = spec.clamp or (None, None)
        low = 0.0 if clamp[0] is None else float(clamp[0])
        high = math.inf if clamp[1] is None else float(clamp[1])
        if spec.every is not None:
            return self._regular(shape, shaping, (low, high))
        if "type" not in self.law:
            self.law = {"type": "constant", "params": {"value": 1}}
        poisson = self.law.get("type") == "poisson" and not {"truncate"} & set(self.law)
        if poisson and self.per != "parent":
            return self._rate(shape, shaping, (low, high))
        return self._counted(shape, shaping, (low, high))

    # what shapes the rate

    def _shape(self, shaping: Shaping) -> Shape | None:
        scope, spec = self.scope, self.spec
        assert scope.timeframe is not None
        window, freq = None, None
        step = STEPS["s"]
        bounds = TimeBounds((), (), scope.own)
        if scope.time is not None:
            window, freq = seasons_of_time(scope.time, shaping, scope)
            step = STEPS[scope.time.precision]
            bounds = TimeBounds.of(scope.time)
        effects = multipliers(spec, scope, shaping)
        calendar_keys(spec, scope, shaping)
        windows = self._windows(effects)
        stays: tuple[Stays, ...] = ()
        if spec.by_state is not None:
            followed = bind_by_state(spec.by_state, scope)
            if followed is None:
                return None
            stays = (followed,)
        if windows is None:
            return None
        start, end = scope.timeframe.start, scope.timeframe.end
        if window is not None:
            start, end = max(start, window.start), min(end, window.end)
        begins, ends = self._edge(spec.from_, "from"), self._edge(spec.until, "until")
        if isinstance(begins, int):
            start, begins = max(start, begins), None
        if isinstance(ends, int):
            end, ends = min(end, ends), None
        if start >= end:
            scope.refuse(
                "fanout.empty_window",
                (),
                found=f"rows of {scope.own} from {show_time(start)} until {_last(end)}",
                expected="a beginning before the end, inside the timeframe",
            )
            return None
        counted = self.per in LENGTHS and self.law.get("type") != "poisson"
        units = scope.timeframe.length // LENGTHS[self.per] if counted else 0  # type: ignore[index]
        steps = max(shaping.cells, units)
        if steps > MOST_STEPS:
            scope.refuse(
                "fanout.too_many_steps",
                (),
                found=f"{steps:,} steps of time in which the rate of {scope.own} may differ",
                expected=f"at most {MOST_STEPS:,}",
                hint="a shorter timeframe, longer units under per, or seasons by month and not by hour",
            )
            return None
        came, left = (tuple(scope.read(name) for name in names) for names in scope.life)
        exposure = Exposure(start, end, bounds, step, begins, ends, came, left)
        factors = [*scope.factors, *self._heterogeneity()]
        active = None
        if any(seat == "total" for _, seat in shaping.trends) and scope.creation is not None:
            created = scope.creations()
            if created is None:
                scope.refuse(
                    "trend.total_unknown",
                    (),
                    found=f"a trend of the total, where {scope.creation} is not known before rows are made",
                    expected="a creation time made by datetime_series",
                    hint="applies_to: rate makes each parent's rate grow instead",
                )
                return None
            active = active_share(shaping, created, [*self._courses(stays), *scope.leaving])
        calendar = shaping.calendar(active, over_window=self.per == "window")
        return Shape(
            calendar=calendar,
            zones=shaping.lines(active, over_window=self.per == "window"),
            exposure=exposure,
            factors=tuple(factors),
            ages=tuple(scope.ages),
            windows=windows,
            on_grid=grid_of(freq, window),
            step=step,
            name=scope.own,
            parent=scope.parent,
            stays=stays,
        )

    def _edge(self, value: Any, key: str) -> Any:
        """`from` or `until`: None, a moment in microseconds, or a reader."""
        if value is None:
            return None
        if isinstance(value, str) and not isinstance(time := parse_time(value, end=key == "until"), str):
            return time
        reader = self.scope.expression(value, key)
        if reader.type not in ("datetime", "date"):
            self.scope.refuse(
                "fanout.edge_type",
                key,
                found=f"{value!r} of type {reader.type}",
                expected=f"a time: a datetime column of {self.scope.parent}, an expression or a date",
            )
        return reader

    def _heterogeneity(self) -> list[RateFactor]:
        found: list[RateFactor] = []
        scope, spec = self.scope, self.spec
        if spec.heterogeneity is not None:
            draw = scope.law({"type": "gamma", "params": {"shape": float(spec.heterogeneity.gamma), "mean": 1.0}}, "")
            salt = scope.salt("heterogeneity")
            if draw is not None:
                bound = draw

                def differs(parent: Block) -> Floats:
                    return bound.quantile(parent.uniform(salt), parent)

                shape = float(spec.heterogeneity.gamma)
                found.append(RateFactor(differs, 1.0, f"gamma({shape:g}) between parents", 1.0 + 1.0 / shape))
        if spec.p_zero is not None:
            share, silent = float(spec.p_zero), scope.salt("p_zero")

            def some(parent: Block) -> Floats:
                return (parent.uniform(silent) >= share).astype(np.float64)

            found.append(RateFactor(some, 1.0 - share, f"{share:.0%} of the parents without rows", 1.0 - share))
        return found

    def _windows(self, effects: list[tuple[Scope, Any]]) -> tuple[Windows, ...] | None:
        """Effects on the volume: those of the fan-out and those of the table."""
        bound = bind_windows(effects, self.scope.table_effects, self.scope)
        return None if bound is None else (*bound, *self.scope.arms)

    # the two ways to make rows

    def _rate(self, shape: Shape, shaping: Shaping, clamp: tuple[float, float]) -> BoundRows | None:
        scope = self.scope
        assert scope.timeframe is not None
        unit = scope.timeframe.length if self.per == "window" else LENGTHS[self.per]  # type: ignore[index]
        days = unit / DAY_US
        draw = scope.law(self.law, "")
        if draw is None:
            return None
        written = self.law["params"].get("lambda")
        poisson = scaled_law(self.law, scope)
        if poisson is None or poisson.params is None:
            return None
        law, parameters, home = poisson.law, poisson.params, f"{scope.own} fanout"

        def per_day(parent: Block) -> Floats:
            given, missing = read_parameters(law, parameters, parent, home)
            if missing is not None:
                raise null_counts(int(missing.sum()), home)
            rate: Floats = np.broadcast_to(np.asarray(given["lambda"], dtype=np.float64), (parent.rows,)) / days
            return rate

        mean = draw.mean()
        seen = self._expected(shape, shaping, None if mean is None else mean / days)
        rows = RateRows(
            shape=shape,
            per_day=per_day,
            clamp=clamp,
            key=scope.key ^ scope.salt("cells"),
            expected=seen.expected,
            largest=clamp[1],
            description=f"poisson({written}) per {self.per}{self._said(shape, shaping, clamp)}",
            guessed=seen.guessed,
            free=seen.expected,
            most_expected=seen.most,
        )
        rows.fills["time"] = rows.times  # type: ignore[index]
        return rows

    def _counted(self, shape: Shape, shaping: Shaping, clamp: tuple[float, float]) -> BoundRows | None:
        scope = self.scope
        assert scope.timeframe is not None
        law = scaled_law(self.law, scope)
        if law is None:
            return None
        mean = law.draw.mean()
        if not self._can_count(law.draw, mean, clamp[1]):
            return None
        per = self.per
        if per == "parent":
            factor, unsure = mean_factor(shape.factors)
            seen = Outlook((1.0 if mean is None else mean) * factor, unsure or mean is None, math.inf)
        else:
            unit = scope.timeframe.length if per == "window" else LENGTHS[per]  # type: ignore[index]
            seen = self._expected(shape, shaping, None if mean is None else mean / (unit / DAY_US))
        rows = UnitRows(
            shape=shape,
            law=law,
            units=None if per == "parent" else units_of(per, scope.timeframe.start, scope.timeframe.end),
            clamp=clamp,
            key=scope.key ^ scope.salt("units"),
            salt=scope.salt("count"),
            rounding_salt=scope.salt("rounding"),
            expected=min(max(seen.expected, clamp[0]), clamp[1]),
            largest=clamp[1],
            description=f"{law.word} per {per}{self._said(shape, shaping, clamp)}",
            guessed=seen.guessed,
            free=seen.expected,
            home=scope.own,
        )
        rows.fills["time"] = rows.times  # type: ignore[index]
        return rows

    def _can_count(self, draw: Any, mean: float | None, high: float) -> bool:
        """Refuse laws that are never positive, and those without a finite mean that nothing caps."""
        low, top = draw.support()
        if top < 0 or (draw.constant and low < 0 and draw.discrete):
            self.scope.refuse(
                "fanout.negative",
                (),
                found=f"a law with values down to {low:g}",
                expected="numbers of rows, 0 or more",
            )
            return False
        if mean is not None and not math.isfinite(mean) and not math.isfinite(high):
            self.scope.refuse(
                "fanout.unbounded",
                (),
                found=f"{mean:.3g} rows per parent expected",
                expected="a finite number of rows",
                hint="cap it: clamp: [0, 1000]",
            )
            return False
        return True

    def _regular(self, shape: Shape, shaping: Shaping, clamp: tuple[float, float]) -> BoundRows | None:
        scope, spec = self.scope, self.spec
        assert scope.timeframe is not None
        freq = parse_frequency(spec.every) if isinstance(spec.every, str) else None
        length = parse_duration(spec.every)
        if freq is None and length is not None and length % SECOND == 0:
            freq = Frequency(length // SECOND, "second")
        if freq is None or (freq.microseconds is not None and freq.microseconds < shape.step):
            scope.refuse(
                "fanout.every",
                "every",
                found=f"{spec.every!r}",
                expected="a grid of whole seconds or more: 5min, h, day, week, month",
            )
            return None
        shaping_keys = ("per", "heterogeneity", "bursts", "noise", "multipliers", "holidays", "by_state", "anomalies")
        shaped = [key for key in shaping_keys if getattr(spec, key)]
        if "type" in self.law or shaped or scope.factors or shape.ages or shape.windows or shaping.seasons:
            weights = "weights of the time column" if shaping.seasons else "segments, ages or effects"
            what = "a law" if "type" in self.law else listed(shaped) or weights
            scope.refuse(
                "fanout.every_shaped",
                "every",
                found=f"{what} beside a regular grid, which has one row per point",
                expected="every with from, until, p_zero and clamp alone",
                hint="a rate (poisson, per: hour) can be raised and lowered",
            )
            return None
        if clamp[0] > 0:
            scope.refuse(
                "fanout.every_shaped",
                "clamp",
                found=f"at least {clamp[0]:g} rows on a regular grid, which has no more than its points",
                expected="a clamp from 0",
                hint="a smaller grid has more points",
            )
            return None
        grid = Grid.of(freq, scope.timeframe.start)
        seen = self._expected(shape, shaping, DAY_US / LENGTHS[freq.unit] / freq.count)
        if not scope.leaving:  # points of the grid are counted; of those who leave only the mean rate is known
            created = scope.creations() if scope.creation is not None else None
            first, last = shape.exposure.start, shape.exposure.end
            begun = np.array([first]) if created is None else np.clip(created.astype(np.int64), first, last)
            points = np.maximum(grid.first(np.array([last])) - grid.first(begun), 0)
            expected = float(points.mean()) * mean_factor(shape.factors)[0]
            seen = Outlook(expected, seen.guessed, expected if math.isfinite(seen.most) else seen.most)
        rows = RegularRows(
            grid=grid,
            exposure=shape.exposure,
            factors=shape.factors,
            clamp=clamp,
            name=scope.own,
            parent=scope.parent,
            expected=min(seen.expected, clamp[1]),
            largest=clamp[1],
            description=f"one row every {spec.every}{self._said(shape, shaping, clamp)}",
            guessed=seen.guessed,
            most_expected=seen.most,
        )
        rows.fills["time"] = rows.times  # type: ignore[index]
        return rows

    def _expected(self, shape: Shape, shaping: Shaping, mean_per_day: float | None) -> Outlook:
        """Expected rows of a parent with all that acts on it. None: a rate that differs by parent, nobody knows how."""
        scope = self.scope
        per_day = 1.0 if mean_per_day is None else mean_per_day
        factor, guessed = mean_factor(shape.factors)
        created = scope.creations() if scope.creation is not None else None
        guessed = guessed or mean_per_day is None or bool(shape.windows)
        unbounded = guessed or bool(shape.stays) or any(age.curve.formula is not None for age in scope.ages)
        guessed = guessed or (scope.creation is not None and created is None)
        exposure = shape.exposure
        # states may begin later than the rows whose rate follows them
        begun = shape.stays[0].starts if shape.stays else np.full(1, exposure.start, dtype=np.int64)
        starts = np.full(len(begun), exposure.start, dtype=np.int64) if created is None else created.astype(np.int64)
        starts = np.clip(starts, exposure.start, exposure.end)
        begun = starts if created is not None else begun
        ends = np.full(len(starts), exposure.end, dtype=np.int64)
        pieces = None
        courses = [curve.pieces(starts, starts, ends) for curve in (*scope.leaving, *self._courses(()))]
        for one in (*courses, *(stays.course(begun, starts, ends) for stays in shape.stays)):
            pieces = one if pieces is None else pieces.times(one)
        # effects, and beginnings and ends that parents have of their own, are known when the parents are made; who comes
        # late or leaves early has fewer rows, and nobody more
        begins = exposure.begins is not None and not self._from_creation
        guessed = guessed or begins or exposure.ends is not None
        with np.errstate(over="ignore", invalid="ignore"):
            rows = Intensity(shape.calendar, starts, ends, np.full(len(starts), per_day * factor), pieces=pieces).rows
            mean = float(np.mean(rows))
            most = math.inf if unbounded else mean
            if pieces is not None and not unbounded:  # at the best age all the time, and with nobody gone
                best = math.prod(max(age.curve.steps) ** age.curve.exponent for age in scope.ages)
                rows = Intensity(shape.calendar, starts, ends, np.full(len(starts), per_day * factor)).rows
                most = float(np.mean(rows)) * best
        if math.isfinite(per_day) and not math.isfinite(mean):
            scope.refuse(
                "fanout.unbounded",
                (),
                found="more rows per parent than any number: an age curve or a factor grows beyond all bounds",
                expected="a finite number of rows",
                hint="look at the parameters of age curves, and their time_unit",
            )
            return Outlook(0.0, True, math.inf)
        return Outlook(mean, guessed, most)

    @property
    def _from_creation(self) -> bool:
        """Whether rows begin when their parent was created, which is known before rows are made."""
        written, creation = self.spec.from_, self.scope.creation
        return isinstance(written, str) and creation is not None and written.lower() == creation.lower()

    def _courses(self, stays: Iterable[Stays]) -> list[AgeCurve]:
        """What ages and states do to the rate of a parent, by its age."""
        return [*(age.curve for age in self.scope.ages), *(one.curve for one in stays)]

    def _said(self, shape: Shape, shaping: Shaping, clamp: tuple[float, float]) -> str:
        parts = [one.text for one in shape.factors] + [one.text for one in shape.ages]
        parts += [one.text for one in shape.stays] + shaping.said
        if clamp[0] > 0 or math.isfinite(clamp[1]):
            parts.append(f"clamped to {clamp[0]:g}..{clamp[1]:g}")
        return "" if not parts else "; " + ", ".join(parts)


def _last(end: int) -> str:
    """An end as it is written: the last day that counts, or a time."""
    return show_time(end - DAY_US if end % DAY_US == 0 else end)
