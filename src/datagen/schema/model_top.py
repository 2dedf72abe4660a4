"""What a document says beside its tables: name, window of time, constraints, targets, experiments, metrics."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from datagen.errors import listed
from datagen.schema.model_values import (
    REFERENCE,
    Bound,
    Many,
    Maybe,
    Name,
    Number,
    OneOrMany,
    Reference,
    Scalar,
    Share,
    Time,
    Weight,
    Written,
    read_positive,
    read_reference,
    refusal,
    wrong_type,
)


class Metadata(Written):
    """The name of the data set, and defaults that the command line overrides."""

    name: Maybe[str] = Field(default=None, description="name of the data set; the file's name when left out")
    format: Maybe[Literal["csv", "parquet", "ndjson", "csv.gz", "ndjson.gz"]] = Field(
        default=None, description="default output format"
    )
    gate: Maybe[Literal["structural", "all", "none"]] = Field(
        default=None, description="which checks must hold before data is published; the command line may only raise it"
    )


class Assumption(Written):
    """A decision taken where the request left something open; it is written to the side files."""

    decision: str = Field(description="what was decided")
    reason: str = Field(default="", description="why")


def _days(value: Any) -> int | float:
    if isinstance(value, str):
        raise wrong_type("a number of days", value)  # a percentage is a number elsewhere
    return read_positive(value)


class Timeframe(Written):
    """The window of time that the data covers: from `start` up to `end`, or for `days` days. Times are UTC."""

    start: Time = Field(description="first moment, as ISO 8601")
    end: Maybe[Time] = Field(default=None, description="last moment; a date includes its whole day")
    days: Annotated[
        int | float | None, PlainValidator(_days), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
    ] = Field(default=None, description="length of the window in days, instead of `end`")
    freq: Maybe[str] = Field(default=None, description="usual grid of times: h, D, W, M, min or words such as day")

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.end is not None and self.days is not None:
            raise refusal("timeframe.two_ends", found="end and days", expected="one of them: end, days")
        if self.end is None and self.days is None:
            raise refusal("timeframe.no_end", found="neither end nor days", expected="one of them: end, days")
        return self


def _one_column(value: Any) -> Any:
    if isinstance(value, list | tuple):
        raise refusal(
            "foreign_key.several_columns",
            found=f"{len(value)} columns: {listed([str(column) for column in value])}",
            expected="one column, as table.column",
            hint="give the other table a key of one column",
        )
    return value


KeyColumn = Annotated[Reference, BeforeValidator(_one_column)]


class ForeignKey(Written):
    """A column whose values are values of another table's key."""

    from_: KeyColumn = Field(alias="from", description="the column that points, as table.column")
    to: KeyColumn = Field(description="the key it points to, as table.column")


class Range(Written):
    """Bounds of a column's values, both included."""

    attr: Reference = Field(description="the column, as table.column")
    min: Maybe[Bound] = Field(default=None, description="smallest allowed value, a number or a time")
    max: Maybe[Bound] = Field(default=None, description="largest allowed value, a number or a time")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        low, high = self.min, self.max
        if low is None and high is None:
            raise refusal("range.no_bound", found="neither min nor max", expected="min, max or both")
        both = isinstance(low, int | float) and isinstance(high, int | float)
        both = both or (isinstance(low, str) and isinstance(high, str))
        if both and low > high:  # type: ignore[operator]
            raise refusal("range.empty", found=f"min {low} above max {high}", expected="min at most max")
        return self


class Inequality(Written):
    """An order between two columns of a row, or across a foreign key."""

    left: Reference = Field(description="a column, as table.column")
    op: Literal["<", "<=", ">", ">="] = Field(description="how left stands to right")
    right: Reference = Field(description="a column, as table.column")


class PatternRule(Written):
    """A form that the texts of a column must have."""

    attr: Reference = Field(description="the column, as table.column")
    regex: str = Field(description="regular expression that every text must match")


class EnumRule(Written):
    """The values that a column may have."""

    attr: Reference = Field(description="the column, as table.column")
    values: Maybe[Many[Any]] = Field(default=None, description="the allowed values")
    enum_ref: Maybe[Reference] = Field(default=None, description="a column whose values are the allowed ones")

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        given = [key for key in ("values", "enum_ref") if getattr(self, key) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "neither values nor enum_ref"
            raise refusal("enum.one_list", found=found, expected="one of them: values, enum_ref")
        return self


def _read_unique(value: Any) -> str | tuple[str, ...]:
    """A column, or several columns of one table that only together are never the same twice."""
    expected = "a column as table.column, or a list of several columns of one table"
    if isinstance(value, str):
        return read_reference(value)
    if not isinstance(value, list | tuple):
        raise wrong_type(expected, value)
    if len(value) < 2:
        raise refusal("language.wrong_length", found=f"a list of {len(value)}", expected=expected)
    for place, column in enumerate(value):
        if not isinstance(column, str):
            raise wrong_type("a column as table.column", column, at=(place,))
        read_reference(column)
    return tuple(value)


_REFERENCE = {"type": "string", "pattern": REFERENCE}
Unique = Annotated[
    str | tuple[str, ...],
    PlainValidator(_read_unique),
    WithJsonSchema({"anyOf": [_REFERENCE, {"type": "array", "items": _REFERENCE, "minItems": 2}]}),
]


class Constraints(Written):
    """What must hold in the data. Primary keys and keys of driving parents are implied."""

    unique: Many[Unique] = Field(
        default=(), description="columns in which no value stands twice; [a, b]: no pair of values does"
    )
    foreign_keys: Many[ForeignKey] = Field(default=(), description="columns that point to keys of other tables")
    ranges: Many[Range] = Field(default=(), description="bounds of values")
    inequalities: Many[Inequality] = Field(default=(), description="orders between columns")
    pattern: Many[PatternRule] = Field(default=(), description="forms of texts")
    enum: Many[EnumRule] = Field(default=(), description="lists of allowed values")


class WeekendShare(Written):
    """Share of rows that fall on a Saturday or Sunday."""

    table: str = Field(description="the table")
    timestamp: str = Field(description="its time column")
    min: Maybe[Share] = Field(default=None, description="smallest share that passes")
    max: Maybe[Share] = Field(default=None, description="largest share that passes")


class MeanInRange(Written):
    """Mean of a column."""

    table: str = Field(description="the table")
    column: str = Field(description="its numeric column")
    min: Maybe[Number] = Field(default=None, description="smallest mean that passes")
    max: Maybe[Number] = Field(default=None, description="largest mean that passes")


class Tolerance(Written):
    """How far a prediction may be off."""

    mae: Maybe[Weight] = Field(default=None, description="largest mean absolute error")
    mape: Maybe[Weight] = Field(default=None, description="largest mean absolute error as a share of the value")


class CompositeEffect(Written):
    """How well declared influences together explain the means of a metric."""

    table: str = Field(description="the table")
    metric: str = Field(description="its numeric column")
    influences: Many[Any] = Field(
        description="what multiplies the metric: a segment's column, hour, dow or month, an effect table, or {column, factors}"
    )
    tolerance: Maybe[Tolerance] = Field(
        default=None,
        description="how far the means of groups may be from the product of their factors; mape 10% if left out",
    )


class Targets(Written):
    """Goals that the data is measured against. They never refuse a plan."""

    weekend_share: OneOrMany[WeekendShare] = Field(default=(), description="share of rows at weekends, one or several")
    mean_in_range: OneOrMany[MeanInRange] = Field(default=(), description="means of columns, one or several")
    composite_effect: OneOrMany[CompositeEffect] = Field(default=(), description="joint effects, one or several")


def read_levels(value: Any) -> tuple[tuple[str, ...], ...]:
    """Levels of tables: a list of lists of names, a list of names (one per level), or {levels: …}."""
    levels = value.get("levels") if isinstance(value, dict) and set(value) == {"levels"} else value
    if not isinstance(levels, list | tuple):
        raise wrong_type("a list of levels, each a list of table names", value)
    read: list[tuple[str, ...]] = []
    for place, level in enumerate(levels):
        names = [level] if isinstance(level, str) else level
        at = ("levels", place) if levels is not value else (place,)
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise wrong_type("a list of table names", level, at=at)
        read.append(tuple(names))
    return tuple(read)


_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Levels = Annotated[
    tuple[tuple[str, ...], ...] | None,
    PlainValidator(read_levels),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": _NAMES},
                {
                    "type": "object",
                    "properties": {"levels": {"type": "array", "items": _NAMES}},
                    "required": ["levels"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class ExperimentEffect(Written):
    """What an arm of an experiment changes, and by how much."""

    on: Literal["fanout", "value", "stage", "churn"] = Field(description="what is changed")
    table: Maybe[str] = Field(default=None, description="the table (or table.column for values) it is changed in")
    op: Literal["mul", "odds"] = Field(default="mul", description="multiply, or multiply the odds of a probability")
    size: Number = Field(description="the factor")
    by: Maybe[str | dict[str, Any]] = Field(default=None, description="a column by whose values the size differs")


class Experiment(Written):
    """A randomised experiment with known effects."""

    name: Name = Field(description="name of the experiment; its arm becomes a column of the unit")
    unit: str = Field(description="the table whose rows are assigned")
    start: Scalar = Field(description="when it begins: a time or an expression")
    arms: dict[str, Share] = Field(description="share of units in each arm")
    effects: Many[ExperimentEffect] = Field(default=(), description="what the arms change")


class SolveFor(Written):
    """A parameter that is tuned, and between which values."""

    param: str = Field(description="its name in params; it has a number there, which is tried first")
    low: Maybe[Number] = Field(default=None, description="smallest value [a quarter of the written one]")
    high: Maybe[Number] = Field(
        default=None, description="largest value [four times the written one, of a number up to 1 at most 1]"
    )


class Metric(Written):
    """A named business figure: one SELECT that gives one number over the written files."""

    sql: str = Field(description="the SELECT")
    description: str = Field(default="", description="what the figure means")
    min: Maybe[Number] = Field(default=None, description="smallest value that passes; makes it a check")
    max: Maybe[Number] = Field(default=None, description="largest value that passes; makes it a check")
    solve_for: Maybe[str | SolveFor] = Field(
        default=None, description="a parameter to be tuned until the figure lies between min and max"
    )
