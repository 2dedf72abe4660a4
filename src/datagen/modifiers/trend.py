"""Prices, amounts and volumes that grow or shrink over the years."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, WithJsonSchema

from datagen.contracts import Block, Change, Modifier, Reader, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.kernel.curves import TrendCurve
from datagen.modifiers._numbers import needs_number
from datagen.modifiers._scaled import scaled
from datagen.schema.durations import LENGTHS
from datagen.schema.model_values import Number
from datagen.schema.times import LAST_US, show_time

LARGEST = 1e12  # a factor beyond this is a mistake: 4 % written as 4
TIMES = ("datetime", "date")

# words of the language that are not built yet are refused by name before a part is read; the JSON Schema knows them
Kind = Annotated[
    Literal["exponential", "linear", "logarithmic"],
    WithJsonSchema({"enum": ["exponential", "linear", "logarithmic", "logistic", "piecewise", "step"]}),
]
Seat = Literal["value", "rate", "total", "acquisition"]


class Logarithm(BaseModel):
    """a and b of 1 + a·ln(1 + b·t)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    a: Number = 0.1
    b: Number = 1


class Trend(Modifier):
    """Multiplies a number by a factor of the row's time, 1 at the start of the timeframe and before.

    Params: type, exponential (1 + g)^t, linear 1 + g·t or logarithmic 1 + a·ln(1 + b·t); growth_rate g, a share per
    time_unit (`0.05`, `"5%"`; negative rates decay); params {a, b} of the logarithm; time_unit hour, day, week, month
    (30.4375 days) or year (365.25 days, the default); time_reference, a datetime column (the row's time unless given).
    applies_to is `value` on a column, `rate` or `total` among the multipliers of a fan-out. A row whose time is null stays
    as it is. Rates that go below zero, or above 1e12 times the start, inside the window are refused.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"transform": "trend", "args": {"type": "exponential", "growth_rate": "8%"}}
    ]

    type: Kind = "exponential"
    growth_rate: Number | None = None
    params: Logarithm | None = None
    time_unit: Literal["hour", "day", "week", "month", "year"] = "year"
    time_reference: str | None = None
    applies_to: Seat = "value"

    def reads(self, scope: Scope) -> Iterable[str]:
        name = self.time_reference or scope.time_column
        return () if name is None or name == scope.column else (name,)

    def bind(self, scope: Scope) -> Change:
        if scope.value_type in TIMES:
            scope.refuse(
                "language.not_available_yet",
                (),
                found="a trend on when rows fall, which this version does not build yet",
                expected="a trend on a number",
            )
            return _unchanged
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


Factor = Callable[[Block], tuple[NDArray[np.float64], NDArray[np.bool_] | None]]


def bind_trend(trend: Trend, scope: Scope) -> Factor | None:
    """(n,) factors of a block's rows, and where their time is known; None after a refusal."""
    curve = curve_of(trend, scope)
    when = _when(trend, scope)
    if scope.timeframe is None:
        scope.refuse(
            "trend.no_timeframe",
            (),
            found="a trend in a document without a timeframe",
            expected="timeframe: {start, end} at the top: the trend's clock starts there",
        )
        return None
    if curve is None:
        return None
    unit, start = LENGTHS[trend.time_unit], int(scope.timeframe.start)
    if not stays_inside(trend, curve, scope, unit) or when is None:
        return None
    zero, top, home = curve.zero(), curve.reaches(LARGEST), f"{scope.table}.{scope.column}"

    def factor(block: Block) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        times = when(block)
        t = (np.asarray(times.array, dtype=np.int64) - start) / unit
        if times.valid is not None:
            t[~times.valid] = 0.0
        # times of a window of their own may lie behind the timeframe, up to whose end the curve was looked at
        if zero is not None:
            _refuse_late(t >= zero, "trend.below_zero", f"goes below zero at {_date(start + zero * unit)}", home)
        if top is not None:
            _refuse_late(t > top, "trend.overflow", f"is above 1e12 from {_date(start + top * unit)} on", home)
        return curve.factor(t), times.valid

    return factor


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


def curve_of(trend: Trend, scope: Scope) -> TrendCurve | None:
    """The curve as written, or None after a refusal."""
    if trend.type == "logarithmic":
        if trend.growth_rate is not None:
            scope.tolerate(
                "trend.unused_argument",
                "growth_rate",
                found=f"growth_rate {trend.growth_rate:g} of a logarithmic trend" + _not_applied(scope),
                expected="params: {a, b} of 1 + a·ln(1 + b·t)",
            )
        params = trend.params or Logarithm()
        return TrendCurve("logarithmic", a=float(params.a), b=float(params.b))
    if trend.params is not None:
        scope.tolerate(
            "trend.unused_argument",
            "params",
            found=f"params of {_kind(trend)} trend" + _not_applied(scope),
            expected="growth_rate",
        )
    if trend.growth_rate is None:
        scope.refuse(
            "language.missing_key",
            (),
            found=f"{_kind(trend)} trend without growth_rate",
            expected=f"growth_rate: a share per {trend.time_unit}, such as 0.05 or 5%",
        )
        return None
    return TrendCurve(trend.type, rate=float(trend.growth_rate))


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


def stays_inside(trend: Trend, curve: TrendCurve, scope: Scope, unit: int) -> bool:
    """Refuse factors that reach zero, or more than LARGEST, before the window ends."""
    start, length = int(scope.timeframe.start), scope.timeframe.end - scope.timeframe.start
    field = "params" if trend.type == "logarithmic" else "growth_rate"
    written = f"growth_rate {curve.rate:g}" if field == "growth_rate" else f"a {curve.a:g}, b {curve.b:g}"
    zero = curve.zero()
    if zero is not None and (zero * unit < length or trend.type == "exponential"):
        scope.refuse(
            "trend.below_zero",
            field,
            found=f"{written} per {trend.time_unit}: the trend goes below zero at {_date(start + zero * unit)}",
            expected="a rate above -1"
            if trend.type == "exponential"
            else f"a trend above 0 until {show_time(scope.timeframe.end)}",
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
