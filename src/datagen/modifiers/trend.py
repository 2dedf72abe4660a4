"""Prices, amounts and volumes that grow or shrink over the years."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from datagen.contracts import Block, Change, Modifier, Reader, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.generators._moments import WINDOW, moment
from datagen.kernel.curves import Growth, TrendCurve
from datagen.modifiers._numbers import needs_number
from datagen.modifiers._scaled import scaled
from datagen.schema.durations import LENGTHS
from datagen.schema.model_values import Number, Positive, Scalar, Weight
from datagen.schema.times import LAST_US, parse_time, show_time

LARGEST = 1e12  # a factor beyond this is a mistake: 4 % written as 4
TIMES = ("datetime", "date")

Kind = Literal["exponential", "linear", "logarithmic", "logistic", "piecewise", "step"]
Seat = Literal["value", "rate", "total", "acquisition"]
SHAPES = {"logarithmic": ("a", "b"), "logistic": ("ceiling",), "piecewise": ("levels",), "step": ("levels",)}
GROWING = ("exponential", "linear", "logistic")  # those with a growth_rate


class Level(BaseModel):
    """The factor at a moment: a time, or a number of time units behind the anchor."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at: Scalar
    factor: Weight


class Curve(BaseModel):
    """a and b of 1 + a·ln(1 + b·t), the ceiling of a logistic curve, or the levels of piecewise and step."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    a: Number = 0.1
    b: Number = 1
    ceiling: Positive | None = None
    levels: list[Level] | None = None


class Trend(Modifier):
    """Multiplies a number by a factor of the row's time, 1 at the start of the timeframe and before.

    Params: type; growth_rate g, a share per time_unit (`0.05`, `"5%"`; negative rates decay); params; time_unit hour,
    day, week, month (30.4375 days) or year (365.25 days, the default); anchor, where the clock t starts instead of
    timeframe.start (a time, an expression, on values also a column); time_reference, a datetime column (the row's time
    unless given); applies_to.

    type: exponential (1 + g)^t, linear 1 + g·t, logarithmic 1 + a·ln(1 + b·t) with params {a, b}, logistic
    K / (1 + (K - 1)·e^(-g·t)) with params {ceiling: K}, piecewise (lines) and step (jumps) through params {levels:
    [{at, factor}]}, where `at` is a time or a number of time units, and the last level stays.

    applies_to: `value`, the rows' numbers; `acquisition`, on a datetime_series: when entities arrive (the default
    there). Under a fan-out's `multipliers` it is rate or total. A row whose time is null stays as it is. Rates that go
    below zero, or above 1e12 times the start, inside the window are refused.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"transform": "trend", "args": {"type": "exponential", "growth_rate": "8%"}},
        {"transform": "trend", "args": {"type": "logistic", "growth_rate": 2, "params": {"ceiling": 3}}},
        {
            "transform": "trend",
            "args": {"type": "step", "params": {"levels": [{"at": "2024-07-01", "factor": 1.2}]}},
        },
    ]

    type: Kind = Field(default="exponential", description="form of the curve")
    growth_rate: Number | None = Field(
        default=None, description="growth per time_unit, a share: 0.05 or 5%; negative decays"
    )
    params: Curve | None = Field(default=None, description="further parameters of the form: a, b, ceiling, levels")
    time_unit: Literal["hour", "day", "week", "month", "year"] = Field(
        default="year", description="unit of growth_rate"
    )
    time_reference: str | None = Field(default=None, description="datetime column that counts as the row's time")
    anchor: Scalar | None = Field(default=None, description="where the clock starts instead of timeframe.start")
    applies_to: Seat = Field(
        default="value",
        description="what grows: the values, the rate or total of a fan-out, or acquisition, when entities arrive",
    )

    @property
    def shapes(self) -> bool:
        """Whether it may stand on a time column: nothing was said, or acquisition."""
        return "applies_to" not in self.model_fields_set or self.applies_to == "acquisition"

    def reads(self, scope: Scope) -> Iterable[str]:
        if scope.own_columns.get(scope.column, ("",))[0] == "datetime_series":
            return ()
        name = self.time_reference or scope.time_column
        anchors = () if self.anchor is None or isinstance(self.anchor, bool) else scope.names_in(self.anchor)
        return tuple(one for one in (name, *anchors) if one is not None and one != scope.column)

    def foreseen(self, scope: Scope, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        return values if scope.value_type in TIMES else None  # times have it in their density

    def bind(self, scope: Scope) -> Change:
        if scope.value_type in TIMES:
            return self._shape(scope)
        if self.applies_to != "value":
            scope.refuse(
                "trend.seat",
                "applies_to",
                found=f"a trend of the {self.applies_to} on the values of {scope.column}",
                expected="applies_to: value",
                hint="rate and total belong to the table: fanout: {multipliers: [{trend: …}]}",
            )
            return _unchanged
        number = needs_number(scope, "trend")
        factor = bind_trend(self, scope)
        if factor is None or not number:
            return _unchanged

        def change(block: Block, values: Values) -> Values:
            factors, valid = factor(block)
            if valid is not None:
                factors[~valid] = 1.0
            return values.changed(kind="float", array=scaled(values, factors))

        return change

    def _shape(self, scope: Scope) -> Change:
        """On a datetime column: the growth is in the generator's density, nothing is left to change."""
        word = scope.own_columns[scope.column][0]
        if not self.shapes:
            scope.refuse(
                "trend.seat",
                "applies_to",
                found=f"a trend of the {self.applies_to} on the times of {scope.column}",
                expected="applies_to: acquisition",
                hint="rate and total belong to the table: fanout: {multipliers: [{trend: …}]}",
            )
        elif word != "datetime_series":
            scope.refuse(
                "trend.no_density",
                (),
                found=f"a trend on times made by {word}",
                expected="a datetime_series, whose density it can shape",
            )
        else:
            self.growth(scope)
        return _unchanged

    def growth(self, scope: Scope) -> Growth | None:
        """What the trend does to the density of a time column, or None after a refusal."""
        if self.time_reference is not None:
            scope.refuse(
                "trend.time_reference",
                "time_reference",
                found=f"a trend of the times of {scope.column} that follows {self.time_reference}",
                expected="no time_reference: these times are themselves what grows",
            )
            return None
        anchor = anchor_of(self, scope)
        curve = None if anchor is None else curve_of(self, scope, anchor)
        unit = LENGTHS[self.time_unit]
        if curve is None or anchor is None or not stays_inside(self, curve, scope, unit, anchor):
            return None
        return Growth(curve, anchor, unit)


Factor = Callable[[Block], tuple[NDArray[np.float64], NDArray[np.bool_] | None]]


def bind_trend(trend: Trend, scope: Scope) -> Factor | None:
    """(n,) factors of a block's rows, and where their time is known; None after a refusal."""
    started = _own_anchor(trend, scope)
    anchor = anchor_of(trend, scope) if started is None else 0
    curve = None if anchor is None else curve_of(trend, scope, anchor, moving=started is not None)
    when = _when(trend, scope)
    if curve is None or anchor is None:
        return None
    unit = LENGTHS[trend.time_unit]
    if when is None or (started is None and not stays_inside(trend, curve, scope, unit, anchor)):
        return None
    zero, top, home = curve.zero(), curve.reaches(LARGEST), f"{scope.table}.{scope.column}"

    def factor(block: Block) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        times = when(block)
        moments, valid = np.asarray(times.array, dtype=np.int64), times.valid
        if started is None:
            t = (moments - anchor) / unit
        else:
            starts = started(block)
            t = (moments - np.asarray(starts.array, dtype=np.int64)) / unit
            if starts.valid is not None:
                valid = starts.valid if valid is None else valid & starts.valid
        if valid is not None:
            t[~valid] = 0.0
        # times of a window of their own may lie behind the timeframe, up to whose end the curve was looked at
        first = "" if started is None else f" {trend.time_unit}s after {trend.anchor}"
        if zero is not None:
            at = f"{zero:g}{first}" if first else _date(anchor + zero * unit)
            _refuse_late(t >= zero, "trend.below_zero", f"goes below zero at {at}", home)
        if top is not None:
            at = f"{top:g}{first}" if first else _date(anchor + top * unit)
            _refuse_late(t > top, "trend.overflow", f"is above 1e12 from {at} on", home)
        return curve.factor(t), valid

    return factor


def anchor_of(trend: Trend, scope: Scope) -> int | None:
    """Where the clock of a trend starts, in microseconds, the same for all rows; None after a refusal."""
    if trend.anchor is not None:
        return moment(trend.anchor, scope, ("anchor",))
    if scope.timeframe is None:
        scope.refuse(
            "trend.no_timeframe",
            (),
            found="a trend in a document without a timeframe",
            expected="timeframe: {start, end} at the top: the trend's clock starts there",
            hint="or say where it starts: anchor",
        )
        return None
    return int(scope.timeframe.start)


def _own_anchor(trend: Trend, scope: Scope) -> Reader | None:
    """What reads where the clock starts in each row; None where it starts at one moment for all."""
    if not isinstance(trend.anchor, str) or isinstance(parse_time(trend.anchor), int):
        return None
    names = [name for name in scope.names_in(trend.anchor) if name.lower() not in WINDOW]
    if not names or any(scope.type_of(name) is None for name in names):
        return None
    reader = scope.expression(trend.anchor, "anchor")
    return reader if reader.type in TIMES else None


def _refuse_late(late: NDArray[np.bool_], code: str, what: str, home: str) -> None:
    if late.any():
        raise SchemaError(
            Finding(
                code=code,
                json_path=home,
                found=f"{int(late.sum()):,} rows of one block whose time lies behind that: the trend {what}",
                expected="times inside the timeframe, or a smaller rate",
            )
        )


def curve_of(trend: Trend, scope: Scope, anchor: int, *, moving: bool = False) -> TrendCurve | None:
    """The curve as written, or None after a refusal. moving: the anchor differs from row to row."""
    wanted = SHAPES.get(trend.type, ())
    if trend.growth_rate is not None and trend.type not in GROWING:
        scope.tolerate(
            "trend.unused_argument",
            "growth_rate",
            found=f"growth_rate {trend.growth_rate:g} of {_kind(trend)} trend" + _not_applied(scope),
            expected="params: {a, b} of 1 + a·ln(1 + b·t)" if trend.type == "logarithmic" else "params: {levels: […]}",
        )
    params = trend.params or Curve()
    unused = sorted(params.model_fields_set.difference(wanted))
    if trend.params is not None and (unused or not wanted):
        scope.tolerate(
            "trend.unused_argument",
            ("params", *unused[:1]) if wanted else "params",
            found=f"{'params' if not wanted else unused[0]} of {_kind(trend)} trend" + _not_applied(scope),
            expected=" and ".join(wanted) if wanted else "growth_rate",
        )
    if trend.type in GROWING and trend.growth_rate is None:
        scope.refuse(
            "language.missing_key",
            (),
            found=f"{_kind(trend)} trend without growth_rate",
            expected=f"growth_rate: a share per {trend.time_unit}, such as 0.05 or 5%",
        )
        return None
    if trend.type == "logarithmic":
        return TrendCurve("logarithmic", a=float(params.a), b=float(params.b))
    if trend.type == "logistic":
        return _logistic(trend, params, scope)
    if trend.type in ("piecewise", "step"):
        return _levels(trend, params, scope, anchor, moving=moving)
    return TrendCurve(trend.type, rate=float(trend.growth_rate or 0))


def _logistic(trend: Trend, params: Curve, scope: Scope) -> TrendCurve | None:
    rate = float(trend.growth_rate or 0)
    if params.ceiling is None:
        scope.refuse(
            "language.missing_key",
            "params",
            found="a logistic trend without a ceiling",
            expected="params: {ceiling: K}, the factor that it comes to",
        )
        return None
    if rate <= 0:
        scope.refuse(
            "language.out_of_range",
            "growth_rate",
            found=f"{rate:g}",
            expected="more than 0: how fast the ceiling is neared",
            hint="a ceiling below 1 makes it fall",
        )
        return None
    return TrendCurve("logistic", rate=rate, ceiling=float(params.ceiling))


def _levels(trend: Trend, params: Curve, scope: Scope, anchor: int, *, moving: bool) -> TrendCurve | None:
    if not params.levels:
        scope.refuse(
            "language.missing_key",
            "params",
            found=f"{_kind(trend)} trend without levels",
            expected="params: {levels: [{at: 2024-07-01, factor: 1.2}]}",
        )
        return None
    unit, moments = LENGTHS[trend.time_unit], []
    for place, level in enumerate(params.levels):
        field = ("params", "levels", place, "at")
        if isinstance(level.at, int | float) and not isinstance(level.at, bool):
            moments.append(float(level.at))
            continue
        if moving:
            scope.refuse(
                "trend.levels",
                field,
                found=f"{level.at!r} of a trend whose clock starts at {trend.anchor} in every row",
                expected=f"a number of {trend.time_unit}s after it",
            )
            return None
        time = moment(level.at, scope, field)
        if time is None:
            return None
        moments.append((time - anchor) / unit)
    late = next((place for place, at in enumerate(moments) if (at <= moments[place - 1] if place else at < 0)), None)
    if late is not None:
        scope.refuse(
            "trend.levels",
            ("params", "levels", late, "at"),
            found=f"levels {late} and {late + 1} out of order, or at one time"
            if late
            else "a level before the clock starts",
            expected="levels in order of time, from the anchor on (timeframe.start unless given), each at its own",
        )
        return None
    levels = tuple(float(level.factor) for level in params.levels)
    return TrendCurve(trend.type, moments=tuple(moments), levels=levels)


def _not_applied(scope: Scope) -> str:
    return ": declared, not applied, because the curve has no such term" if scope.version_1 else ""


def _kind(trend: Trend) -> str:
    return f"{'an' if trend.type == 'exponential' else 'a'} {trend.type}"


def _when(trend: Trend, scope: Scope) -> Reader | None:
    name = trend.time_reference or scope.time_column
    if name is None or name == scope.column:
        scope.refuse(
            "trend.no_time",
            (),
            found=f"a trend of {scope.table}.{scope.column}, whose table has no time column",
            expected="a datetime column in the table",
            hint="name one: time_reference",
        )
        return None
    when = scope.read(name, "time_reference" if trend.time_reference else "")
    if scope.type_of(name) not in (*TIMES, None):
        scope.refuse(
            "trend.time_reference",
            "time_reference",
            found=f"{name} of type {scope.type_of(name)}",
            expected="a datetime or date column",
        )
        return None
    return when


def stays_inside(trend: Trend, curve: TrendCurve, scope: Scope, unit: int, start: int) -> bool:
    """Refuse factors that reach zero, or more than LARGEST, before the window ends. start: of the clock."""
    end = start if scope.timeframe is None else int(scope.timeframe.end)
    length = end - start
    field = "growth_rate" if trend.type in GROWING else "params"
    written = f"growth_rate {curve.rate:g}" if field == "growth_rate" else f"a {curve.a:g}, b {curve.b:g}"
    if trend.type in ("piecewise", "step"):
        written = f"a level of {max(curve.levels):g}"
    zero = curve.zero()
    if zero is not None and (zero * unit < length or trend.type == "exponential"):
        scope.refuse(
            "trend.below_zero",
            field,
            found=f"{written} per {trend.time_unit}: the trend goes below zero at {_date(start + zero * unit)}",
            expected="a rate above -1" if trend.type == "exponential" else f"a trend above 0 until {show_time(end)}",
            hint="an exponential decay never reaches 0" if trend.type == "linear" else "",
        )
        return False
    top = curve.reaches(LARGEST)
    if top is not None and top * unit < length:
        scope.refuse(
            "trend.overflow",
            field,
            found=f"{written} per {trend.time_unit}: above 1e12 times the start from {_date(start + top * unit)} on",
            expected="a smaller rate, or a longer time_unit",
            hint=f"growth_rate is a share per {trend.time_unit}: for 4 % write 0.04",
        )
        return False
    return True


def _date(instant: float) -> str:
    return show_time(int(min(instant, float(LAST_US)))).partition("T")[0]


def _unchanged(block: Block, values: Values) -> Values:
    return values
