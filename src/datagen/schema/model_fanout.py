"""How many rows a fact has, and when: a law per parent, or a rate in time with everything that shapes it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from datagen.errors import quoted
from datagen.schema.durations import LONGEST, parse_duration
from datagen.schema.model_values import (
    Count,
    Duration,
    Many,
    Maybe,
    Number,
    Positive,
    Scalar,
    Share,
    Weight,
    Written,
    out_of_range,
    read_duration,
    read_scalar,
    refusal,
    wrong_type,
)
from datagen.schema.model_words import By, Ends, LawWord, Modifiers, ModifierSpec

Per = Literal["parent", "hour", "day", "week", "month", "year", "window"]


def _scalar_or_null(value: Any) -> Any:
    return None if value is None else read_scalar(value)


# The one place of a fan-out where null says something: no beginning, no end.
Edge = Annotated[
    str | int | float | bool | None,
    PlainValidator(_scalar_or_null),
    WithJsonSchema({"type": ["string", "number", "null"]}),
]


def _days_or_duration(value: Any) -> Any:
    """A number of days, or a duration, of 0 or more."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        length: float = value
    elif isinstance(value, str | dict):
        read_duration(value)
        parsed = parse_duration(value)
        if parsed is None:
            raise refusal("time.bad_duration", found=quoted(value), expected=LENGTH)
        length = parsed
    else:
        raise wrong_type(LENGTH, value)
    if not 0 <= length < LONGEST:
        raise out_of_range(value, f"{LENGTH}, 0 or more")
    return value


LENGTH = "days as a number, or a duration such as 36h"
DaysOrDuration = Annotated[
    Any,
    PlainValidator(_days_or_duration),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}, {"type": "object"}]}),
]


class Heterogeneity(Written):
    """How much parents differ among themselves in their rate: a gamma factor of mean 1."""

    gamma: Positive = Field(description="shape of the gamma law; smaller is more unequal")


class Holidays(Written):
    """What public holidays do to the rate."""

    country: str = Field(description="country code of the calendar, such as US or CZ")
    factor: Weight = Field(description="the rate on a holiday, relative to other days")
    lead: Maybe[DaysOrDuration] = Field(
        default=None, description="how long before the holiday the change begins, as days or a duration"
    )
    lag: Maybe[DaysOrDuration] = Field(
        default=None, description="how long after the holiday the change ends, as days or a duration"
    )


class Burst(Written):
    """A sudden rise of the rate that dies away."""

    at: Scalar = Field(description="when it begins: a time or an expression")
    factor: Weight = Field(description="the rate at its height, relative to usual")
    decay: Duration = Field(description="how long until it has fallen to a third of its height (1/e)")


class Noise(Written):
    """Day-to-day unrest of the rate, shared by all parents."""

    ar: Many[Number] = Field(default=(), description="autoregressive coefficients, first lag first")
    std: Weight = Field(description="standard deviation of the log rate")


class ByState(Written):
    """A rate that follows the state of another node's state model."""

    node: str = Field(description="the node whose state_transition_model gives the state")
    factors: dict[str, Weight] = Field(description="the rate in each state, relative to the declared one")


class Anomaly(Written):
    """A planted oddity, labelled in the truth set."""

    kind: Literal["spike", "level_shift", "gap", "variance"] = Field(description="what happens")
    at: Scalar = Field(description="when it begins: a time or an expression")
    size: Number = Field(description="how large it is: a factor; of a gap, its days")


class Fanout(Written):
    """Rows per parent: any law, with `clamp` as the hard cap; or a rate in time."""

    WORD_KEY: ClassVar[str] = "type"

    type: Maybe[LawWord] = Field(default=None, description="the word of the law, such as poisson, uniform or constant")
    params: Annotated[dict[str, Any], WithJsonSchema({"type": "object"})] = Field(
        default={}, description="the parameters of the law; any of them may be an expression over the parent's columns"
    )
    clamp: Maybe[Ends] = Field(
        default=None, description="[low, high]: hard cap on the number of rows, after everything"
    )
    truncate: Maybe[Ends] = Field(default=None, description="[low, high]: the law is cut, nothing piles up at the ends")
    keep_mean: bool = Field(default=False, description="with truncate: move the law so that its mean stays as written")
    min: Maybe[Count] = Field(default=None, description="fewest rows per parent")
    max: Maybe[Count] = Field(default=None, description="most rows per parent")
    by: Maybe[By] = Field(
        default=None, description="{column: {value: {…}, else: {…}}}: keys that differ by a parent's value"
    )
    per: Maybe[Per] = Field(
        default=None, description="what the law counts: rows per parent, or per unit of time (a rate)"
    )
    heterogeneity: Maybe[Heterogeneity] = Field(default=None, description="how much parents differ in their rate")
    p_zero: Maybe[Share] = Field(default=None, description="share of parents that have no rows at all")
    holidays: Maybe[Holidays] = Field(default=None, description="what public holidays do to the rate")
    bursts: Many[Burst] = Field(default=(), description="sudden rises of the rate")
    noise: Maybe[Noise] = Field(default=None, description="day-to-day unrest of the rate")
    by_state: Maybe[ByState] = Field(default=None, description="a rate that follows the state of another node")
    every: Maybe[Duration] = Field(
        default=None, description="a regular grid of times instead of random ones: 5min, day, month"
    )
    each: Maybe[str] = Field(default=None, description="a table: one row per parent and row of that table")
    from_: Edge = Field(default=None, alias="from", description="when rows of a parent begin; null: no rows")
    until: Edge = Field(default=None, description="when rows of a parent end; null: the end of the window")
    multipliers: Many[ModifierSpec] = Field(default=(), description="trend, seasonality and effect on the volume")
    total: Maybe[Count] = Field(default=None, description="exact number of rows of the table")
    mean: Maybe[Positive] = Field(default=None, description="mean number of rows per parent, inside min and max")
    stretch: bool = Field(default=False, description="let min and max give way where total or mean cannot be reached")
    anomalies: Many[Anomaly] = Field(default=(), description="planted oddities of the volume")


class ArrivalRate(Written):
    """Rows of an entity that arrive in time: `{per: month, rate: 500}`."""

    per: Literal["hour", "day", "week", "month", "year", "window"] = Field(description="unit of time of the rate")
    rate: Positive = Field(description="expected rows per unit of time")
    multipliers: Modifiers = Field(default=(), description="trend, seasonality and effect on the rate")
