"""How entities differ and age: segments, age curves, stages passed through, states changed between.

One model per key of a node: `segment_behavior`, `vintage_behavior`, `stage_config`, `state_transition_model`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from datagen.schema.model_values import (
    Duration,
    Many,
    Maybe,
    Number,
    Positive,
    Scalar,
    Share,
    Weight,
    Written,
    comment_like,
    keys_of,
)
from datagen.schema.model_words import Law, LawOfTime, shape_error

TimeUnit = Literal["day", "week", "month", "year"]
PeriodUnit = Literal["hour", "day", "week", "month", "quarter", "year"]


def _is_object(value: Any) -> bool:
    return isinstance(value, dict | Written)


class Segment(Written):
    """What a segment does differently."""

    fanout_multiplier: Maybe[Weight] = Field(default=None, description="rows of child facts, relative to 1")
    value_multiplier: Maybe[Weight] = Field(default=None, description="measures of child facts, relative to 1")
    base_probability: Maybe[Share] = Field(
        default=None, description="share of the segment; checked against the weights"
    )


class SegmentBehavior(Written):
    """Segments with the column that holds them and what they reach."""

    segment_column: Maybe[str] = Field(default=None, description="the column whose values are the segments")
    segments: Maybe[dict[str, Segment]] = Field(default=None, description="what each segment does differently")
    behaviors: Maybe[dict[str, Segment]] = Field(default=None, description="another spelling of `segments`")
    applies_to_columns: Maybe[Many[str]] = Field(default=None, description="columns of child facts that are scaled")
    applies_to: Maybe[Many[str]] = Field(default=None, description="tables (rows) and table.columns (values) reached")


def _segment_shape(value: Any) -> str | None:
    if not _is_object(value):
        return None
    own = set(keys_of(SegmentBehavior))
    return "full" if isinstance(value, SegmentBehavior) or own & set(value) else "flat"


def segments_only(value: Any) -> Any:
    """The flat form less its remarks: a remark is a text, a segment is an object."""
    return (
        {k: v for k, v in value.items() if _is_object(v) or not comment_like(k)} if isinstance(value, dict) else value
    )


AnySegmentBehavior = Annotated[
    Annotated[SegmentBehavior, Tag("full")] | Annotated[dict[str, Segment], Tag("flat")],
    Discriminator(_segment_shape, **shape_error("an object of segments, such as {vip: {fanout_multiplier: 3.5}}")),
]


class CurveSpec(Written):
    """A named curve with its parameters."""

    curve_type: Literal["logarithmic", "exponential", "linear"] = Field(
        description="a+b·ln(1+age), a·e^(b·age), a+b·age"
    )
    params: dict[str, Number] = Field(default={}, description="a and b")


Steps = Annotated[Many[Weight], Field(min_length=1)]
CurveWord = Literal["logarithmic", "exponential", "linear"]


def _curve_shape(value: Any) -> str | None:
    if isinstance(value, list | tuple):
        return "steps"
    return "word" if isinstance(value, str) else "spec" if _is_object(value) else None


Curve = Annotated[
    Annotated[Steps, Tag("steps")] | Annotated[CurveWord, Tag("word")] | Annotated[CurveSpec, Tag("spec")],
    Discriminator(_curve_shape, **shape_error("a list such as [1, 0.75, 0.6], or a curve's name with `params`")),
]


def _text_or_list(value: Any) -> str | None:
    return "text" if isinstance(value, str) else "list" if isinstance(value, list | tuple) else None


TextOrList = Annotated[
    Annotated[str, Tag("text")] | Annotated[Many[str], Tag("list")],
    Discriminator(_text_or_list, **shape_error("a name or a list of names")),
]


class AgeMultiplier(Written):
    """A multiplier that changes with the age of an entity."""

    curve: Curve = Field(description="value for age in [k, k+1), the last one held; or a curve's name")
    params: Maybe[dict[str, Number]] = Field(default=None, description="a and b of a named curve")
    time_unit: TimeUnit = Field(default="month", description="unit of age")
    applies_to: Maybe[TextOrList] = Field(default=None, description="fanout, all, or a list of columns and tables")
    mode: Maybe[Literal["dropout", "rate", "active_share", "mixed"]] = Field(
        default=None, description="whether entities leave, slow down, or come and go"
    )
    tail: Maybe[Literal["hold", "zero", "geometric"]] = Field(default=None, description="what follows the last step")
    interpolate: Maybe[Literal["step", "linear"]] = Field(default=None, description="what lies between the steps")


class VintageBehavior(Written):
    """How activity and values change as entities grow older."""

    created_at_column: Maybe[str] = Field(default=None, description="when age 0 is; the node's time column if left out")
    age_based_multipliers: dict[str, AgeMultiplier] = Field(description="one multiplier per name")


class StageMultiplier(Written):
    """What a segment does in a funnel."""

    transition_multiplier: Weight = Field(description="factor on every transition rate")


class StageBody(Written):
    """One stage of a funnel, named by its key."""

    transition_rate: Maybe[Share] = Field(
        default=None, description="share that reaches it, of those in the stage before"
    )
    dwell: Maybe[LawOfTime] = Field(default=None, description="time from the stage before to this one")
    min_dwell: Maybe[Duration] = Field(default=None, description="least time from the stage before")
    skip_rate: Maybe[Share] = Field(default=None, description="share that passes on without a row of this stage")


class Stage(StageBody):
    """One stage of a funnel."""

    stage_name: str = Field(description="name of the stage, as written into the data")


def _stage_shape(value: Any) -> str:
    return "stage" if _is_object(value) else "rate"


StageOrRate = Annotated[Annotated[StageBody, Tag("stage")] | Annotated[Share, Tag("rate")], Discriminator(_stage_shape)]


def list_or_map(value: Any) -> str | None:
    return "list" if isinstance(value, list | tuple) else "map" if _is_object(value) else None


Stages = Annotated[
    Annotated[Many[Stage], Field(min_length=1), Tag("list")]
    | Annotated[dict[str, StageOrRate], Field(min_length=1), Tag("map")],
    Discriminator(list_or_map, **shape_error("a list of stages")),
]


class StageStart(Written):
    """When the first stage begins."""

    from_: Maybe[Scalar] = Field(
        default=None, alias="from", description="a time column of the parent, or an expression"
    )
    delay: Maybe[LawOfTime] = Field(default=None, description="time from there to the first stage")


class StageConfig(Written):
    """Stages passed one after another, fewer at each (a funnel)."""

    stages: Stages = Field(description="the stages in order")
    segment_variation: Maybe[dict[str, StageMultiplier]] = Field(
        default=None, description="what segments do differently"
    )
    start: Maybe[StageStart] = Field(default=None, description="when the first stage begins")
    censor: Maybe[Literal["drop", "compress"]] = Field(
        default=None, description="what happens to stages after the window: not written, or fitted in"
    )
    multiplier_mode: Maybe[Literal["probability", "odds"]] = Field(
        default=None, description="whether multipliers act on probabilities (clipped at 1) or on odds"
    )
    dropoff_event: Maybe[bool] = Field(default=None, description="write a row where somebody drops out")
    instances_per_parent: Maybe[Law] = Field(default=None, description="number of passages per parent")


class ChurnMultiplier(Written):
    """What a segment does in a state model."""

    churn_multiplier: Weight = Field(description="factor on the probability of going to a churn state")


class State(Written):
    """One state: how likely it is left in a period, and where to."""

    transition_prob_per_period: Maybe[Share] = Field(default=None, description="probability of leaving it, per period")
    next_states: Maybe[dict[str, Share]] = Field(default=None, description="where to, as shares that sum to 1")
    terminal: bool = Field(default=False, description="never left")


def _state_shape(value: Any) -> str | None:
    if not _is_object(value):
        return None
    full = isinstance(value, State) or not value or set(keys_of(State)) & set(value)
    return "full" if full else "short"


AnyState = Annotated[
    Annotated[State, Tag("full")] | Annotated[dict[str, Share], Tag("short")],
    Discriminator(_state_shape, **shape_error("an object such as {churned: 3%}")),
]


class Level(Written):
    """A rung of a ladder that upgrades and downgrades move along."""

    name: str = Field(description="name of the level")
    value: Number = Field(description="its value, such as a price")


class Frailty(Written):
    """How much entities differ in their chance of leaving: a beta law."""

    beta: Annotated[Many[Positive], Field(min_length=2, max_length=2)] = Field(description="[a, b] of the beta law")


class StateTransitionModel(Written):
    """States changed between, period by period: subscriptions, order status, machines."""

    initial_state: str = Field(description="the state everybody begins in")
    states: Annotated[dict[str, AnyState], Field(min_length=1)] = Field(description="the states, by name")
    period_unit: Maybe[PeriodUnit] = Field(default=None, description="length of a period")
    segment_variation: Maybe[dict[str, ChurnMultiplier]] = Field(
        default=None, description="what segments do differently"
    )
    output: Maybe[Literal["transitions", "intervals", "snapshots"]] = Field(
        default=None, description="a row per change, per stay, or per period"
    )
    churn_states: Maybe[Many[str]] = Field(
        default=None, description="states that count as lost; terminal ones if left out"
    )
    levels: Maybe[Many[Level]] = Field(default=None, description="ladder of levels, lowest first")
    period_anchor: Maybe[Literal["entity", "calendar"]] = Field(
        default=None, description="whether periods begin at the entity's start or with the calendar"
    )
    hazard_curve: Maybe[Steps] = Field(default=None, description="factor on leaving, by periods since the start")
    term: Maybe[Annotated[int, Field(ge=1)]] = Field(default=None, description="exits only every so many periods")
    early_exit: Maybe[Share] = Field(default=None, description="share of exits that do not wait for the term")
    heterogeneity: Maybe[Frailty] = Field(default=None, description="how much entities differ in leaving")
