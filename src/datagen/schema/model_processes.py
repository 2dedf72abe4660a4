"""What entities live through beyond stages and states: journeys of touches, adoption, lifecycles; and streams.

One model per key of a node: `attribution_chain`, `adoption_model`, `lifecycle_model`, `emits`, `correlations`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from datagen.schema.model_behaviors import TimeUnit, list_or_map
from datagen.schema.model_fanout import Fanout
from datagen.schema.model_values import (
    Chance,
    Condition,
    Count,
    Duration,
    Many,
    Maybe,
    Name,
    Number,
    Positive,
    Scalar,
    Share,
    Weight,
    Written,
)
from datagen.schema.model_words import Generator, Law, LawOfTime, ModifierSpec, shape_error


def _is_object(value: Any) -> bool:
    return isinstance(value, dict | Written)


class Correlation(Written):
    """A rank correlation between columns of a row."""

    columns: Annotated[Many[str], Field(min_length=2)] = Field(description="the columns")
    spearman: Annotated[float, Field(ge=-1, le=1)] = Field(description="Spearman's rank correlation")


class TouchConversion(Written):
    """A chance of converting that rises with the number of touches."""

    base: Share = Field(description="probability after one touch")
    multiplier_per_touch: Weight = Field(default=1.0, description="factor for every further touch")
    saturation_at: Maybe[Count] = Field(default=None, description="number of touches after which nothing is added")


def _conversion_shape(value: Any) -> str:
    return "rising" if _is_object(value) else "share"


Conversion = Annotated[
    Annotated[TouchConversion, Tag("rising")] | Annotated[Share, Tag("share")], Discriminator(_conversion_shape)
]
Channels = Annotated[
    Annotated[Many[str], Tag("list")] | Annotated[dict[str, Weight], Tag("map")],
    Discriminator(list_or_map, **shape_error("channels with weights, or a list of channels")),
]


class AttributionChain(Written):
    """Journeys of marketing touches that may end in a conversion."""

    channels: Maybe[Channels] = Field(default=None, description="channels with their relative weights")
    touchpoint_types: Maybe[Channels] = Field(default=None, description="another spelling of `channels`")
    touches: Maybe[Law] = Field(default=None, description="number of touches per journey")
    touchpoints_per_conversion: Maybe[Law] = Field(default=None, description="another spelling of `touches`")
    window: Maybe[Duration] = Field(default=None, description="how long before the decision touches count")
    attribution_window_days: Maybe[Positive] = Field(default=None, description="the window in days")
    conversion: Maybe[Conversion] = Field(default=None, description="probability that a journey converts")
    conversion_probability: Maybe[Conversion] = Field(default=None, description="another spelling of `conversion`")
    effects: Maybe[dict[str, Number]] = Field(default=None, description="effect of each channel on the log-odds")
    half_life: Maybe[Duration] = Field(default=None, description="time after which a touch counts half")
    conversions: Maybe[str] = Field(default=None, description="the declared node that holds the conversions")


class AdopterCategory(Written):
    """A class of adopters: its share, and how soon it adopts."""

    pct: Share = Field(description="share of the population")
    time_to_adopt_days: Positive = Field(description="days until they have adopted")


class AdoptionModel(Written):
    """How a novelty spreads through a population."""

    curve_type: Maybe[Literal["bass", "cascade"]] = Field(default=None, description="Bass diffusion, or along a graph")
    params: Maybe[dict[str, Any]] = Field(default=None, description="the parameters below, kept together")
    p: Maybe[Share] = Field(default=None, description="innovation: adoption without contact; or chance per edge")
    q: Maybe[Weight] = Field(default=None, description="imitation: adoption by contact")
    ceiling: Maybe[Share] = Field(default=None, description="share that adopts in the end")
    time_unit: Maybe[TimeUnit] = Field(default=None, description="unit of time of p and q")
    innovation_diffusion: Maybe[dict[str, AdopterCategory]] = Field(default=None, description="classes of adopters")
    origin: Maybe[Literal["launch", "created"]] = Field(default=None, description="when the clock starts")
    acceleration: Maybe[dict[str, Positive]] = Field(default=None, description="factor on speed, by segment")
    engagement_frequency: Maybe[dict[str, Any]] = Field(default=None, description="use after adoption, by class")
    graph: Maybe[str] = Field(
        default=None, description="the edge table that a cascade runs along, from source to target"
    )
    seeds: Maybe[Scalar] = Field(
        default=None, description="who begins a cascade: a number of rows, a share or a condition"
    )


def _ways_shape(value: Any) -> str | None:
    return "stage" if isinstance(value, str) else list_or_map(value)


Kinds = Annotated[
    Annotated[Many[str], Tag("list")] | Annotated[dict[str, Weight], Tag("map")],
    Discriminator(list_or_map, **shape_error("kinds of events with weights, or a list of kinds")),
]
NextStages = Annotated[
    Annotated[str, Tag("stage")] | Annotated[Many[str], Tag("list")] | Annotated[dict[str, Weight], Tag("map")],
    Discriminator(_ways_shape, **shape_error("a stage, a list of stages, or shares by stage")),
]


class StageEvents(Written):
    """Events while a lifecycle stage lasts."""

    event_types: Kinds = Field(description="kinds of events, with weights or as a list")
    frequency: Maybe[Literal["high", "medium", "low"]] = Field(default=None, description="1, 0.3 or 0.1 events per day")
    rate: Maybe[Weight] = Field(default=None, description="events per day")


class LifecycleStageBody(Written):
    """A stage of life, named by its key."""

    duration: Maybe[LawOfTime] = Field(default=None, description="how long it lasts")
    exit_probability: Maybe[Share] = Field(default=None, description="probability of going on when it ends")
    next_stages: Maybe[NextStages] = Field(default=None, description="where to: a stage, a list, or shares by stage")
    events_during_stage: Maybe[StageEvents] = Field(default=None, description="what happens while it lasts")
    churn_probability_per_period: Maybe[Share] = Field(default=None, description="probability of leaving for good")


class LifecycleStage(LifecycleStageBody):
    """A stage of life."""

    stage_name: str = Field(description="name of the stage, as written into the data")


class LifecycleModel(Written):
    """Stages of life with lasting times and the events during them."""

    stages: Annotated[
        Annotated[Many[LifecycleStage], Field(min_length=1), Tag("list")]
        | Annotated[dict[str, LifecycleStageBody], Field(min_length=1), Tag("map")],
        Discriminator(list_or_map, **shape_error("a list of stages")),
    ] = Field(description="the stages in order")


def _value_shape(value: Any) -> str:
    if not _is_object(value):
        return "expression"
    return "changed" if isinstance(value, Written) or "modifiers" in value else "generator"


class ChangedValue(Written):
    """A generator whose values modifiers change."""

    GENERATOR_WORDS: ClassVar[bool] = True  # a generator's word may stand in place of `generator`

    generator: Generator = Field(description="what makes the values: one word with its parameters")
    modifiers: Many[ModifierSpec] = Field(description="what changes the values, in this order")


StreamValue = Annotated[
    Annotated[Generator, Tag("generator")]
    | Annotated[ChangedValue, Tag("changed")]
    | Annotated[Scalar, Tag("expression")],
    Discriminator(_value_shape),
]


class Emit(Written):
    """Events that the rows of one table give to a stream."""

    id: Maybe[Name] = Field(default=None, description="name of this source, kept when others come and go")
    of: str = Field(description="the table whose rows emit")
    when: Maybe[Condition] = Field(default=None, description="condition on the source row")
    probability: Maybe[Chance] = Field(default=None, description="probability of each event, or an expression")
    fanout: Maybe[Fanout] = Field(default=None, description="events per source row")
    at: Maybe[StreamValue] = Field(
        default=None, description="time of the event, in the source row; left out where a fan-out in time gives it"
    )
    event_type: Maybe[StreamValue] = Field(default=None, description="kind of the event")
    columns: Maybe[dict[str, StreamValue]] = Field(default=None, description="values of the stream's columns")
    fill_to: Maybe[Law] = Field(
        default=None, description="events per source row in all, drawn first; this one fills up"
    )
    share: Maybe[Share] = Field(default=None, description="expected part of the stream that these events are")
