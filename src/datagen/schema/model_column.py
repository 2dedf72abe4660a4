"""A column: its name and type, what makes its values, what changes them, and what must hold."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from datagen.schema.model_fanout import Anomaly
from datagen.schema.model_values import (
    Condition,
    Many,
    Maybe,
    Name,
    Reference,
    Share,
    Written,
    refusal,
)
from datagen.schema.model_words import (
    MOST_DECIMALS,
    ColumnTypeWord,
    Generator,
    Law,
    LawOfTime,
    ModifierSpec,
    shape_error,
)

Role = Literal[
    "source",
    "target",
    "time",
    "created",
    "measure",
    "segment",
    "stage",
    "stage_index",
    "state",
    "previous_state",
    "valid_to",
    "is_current",
    "period",
    "level",
    "level_value",
    "journey",
    "touchpoint",
    "position",
    "converted_at",
]


class ColumnConstraints(Written):
    """What the values of one column must be."""

    pattern: Maybe[str] = Field(default=None, description="regular expression that every text must match")
    enum: Maybe[Many[Any]] = Field(default=None, description="the allowed values")
    enum_ref: Maybe[Reference] = Field(default=None, description="a column whose values are the allowed ones")

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if self.enum is not None and self.enum_ref is not None:
            raise refusal("enum.one_list", found="enum and enum_ref", expected="one of them: enum, enum_ref")
        return self


class Missing(Written):
    """Values that were never recorded."""

    rate: Share = Field(description="share of rows without a value")
    mechanism: Literal["mcar", "mar", "mnar"] = Field(
        default="mcar", description="at random, at random given other columns, or depending on the value itself"
    )
    depends_on: Maybe[str] = Field(default=None, description="column whose value makes missing more likely")
    exact: bool = Field(default=True, description="exactly this share; false draws each row on its own")


class RecordedOutliers(Written):
    """Values that were recorded wrongly, far off; derived columns have read the right value."""

    rate: Share = Field(description="share of rows")
    magnitude: Maybe[Law] = Field(default=None, description="how far off, as a factor (days on a time)")
    exact: bool = Field(default=True, description="exactly this share; false draws each row on its own")


class Typos(Written):
    """Slips of the keyboard in texts."""

    rate: Share = Field(description="share of rows")
    exact: bool = Field(default=True, description="exactly this share; false draws each row on its own")


class Late(Written):
    """Values that arrive after the fact."""

    rate: Maybe[Share] = Field(default=None, description="share of rows that arrive late")
    delay: Maybe[LawOfTime] = Field(default=None, description="how late, as a law of durations")
    profile: Maybe[dict[str, Share]] = Field(default=None, description="share of rows by class of days: same_day, 1-3d")
    exact: bool = Field(default=True, description="exactly this share; false draws each row on its own")


class Duplicates(Written):
    """Rows that were written twice."""

    rate: Share = Field(description="share of rows written again")
    exact: bool = Field(default=True, description="exactly this share; false draws each row on its own")


class Imperfections(Written):
    """Recording errors of a column, applied last; every derived value has read the clean one."""

    missing: Maybe[Missing] = Field(default=None, description="values that were never recorded")
    outliers: Maybe[RecordedOutliers] = Field(default=None, description="values recorded far off")
    typos: Maybe[Typos] = Field(default=None, description="slips of the keyboard")
    late: Maybe[Late] = Field(default=None, description="values that arrive late")


def _list_or_map(value: Any) -> str | None:
    return "list" if isinstance(value, list | tuple) else "map" if isinstance(value, dict | Written) else None


AllImperfections = Annotated[
    Annotated[Many[Imperfections], Tag("list")] | Annotated[Imperfections, Tag("map")],
    Discriminator(_list_or_map, **shape_error("an object such as {missing: {rate: 4%}}")),
]


class Column(Written):
    """One column of a table."""

    GENERATOR_WORDS: ClassVar[bool] = True  # a generator's word may stand in place of `generator`

    name: Name = Field(description="name of the column")
    type: Maybe[ColumnTypeWord] = Field(
        default=None, description="type of the values; told from the generator if left out"
    )
    nullable: Maybe[bool] = Field(default=None, description="whether nulls are permitted; it never makes any")
    generator: Maybe[Generator] = Field(default=None, description="what makes the values: one word with its parameters")
    modifiers: Many[ModifierSpec] = Field(default=(), description="what changes the values, in this order")
    constraints: Maybe[ColumnConstraints] = Field(default=None, description="what the values must be")
    when: Maybe[Condition] = Field(default=None, description="condition under which a row has a value; null otherwise")
    role: Maybe[Role] = Field(default=None, description="what the column means to the table: its time, its measure, …")
    decimals: Maybe[Annotated[int, Field(ge=0, le=MOST_DECIMALS)]] = Field(
        default=None, description="places after the point; 10 significant digits when left out"
    )
    precision: Maybe[Literal["s", "ms", "us"]] = Field(default=None, description="finest part of a time; whole seconds")
    unit: Maybe[str] = Field(default=None, description="unit of the values, for people: EUR, kg, minutes")
    unique: bool = Field(default=False, description="no value stands twice")
    hidden: bool = Field(default=False, description="made and used, but not written out")
    imperfections: Maybe[AllImperfections] = Field(default=None, description="recording errors, applied last")
    anomalies: Many[Anomaly] = Field(default=(), description="planted oddities, labelled in the truth set")

    @property
    def word(self) -> str | None:
        """The word of the generator, None when the column has none."""
        return next(iter(self.generator), None) if self.generator else None
