"""Promotions, outages, price lists: rows are changed while a window of another table's matching row is open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from datagen.contracts import Block, Change, Modifier, Scope, Values
from datagen.modifiers._effect_table import bind_effect, effect_reads
from datagen.modifiers._numbers import needs_number
from datagen.modifiers._scaled import scaled, shifted
from datagen.schema.model_values import Number

TIMES = ("datetime", "date")


class Window(BaseModel):
    """The columns of the effect table in which its windows begin and end."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start_col: str
    end_col: str


class Map(BaseModel):
    """Which column of the effect table changes the value, how, and by what where no row matches."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    field: str
    op: Literal["mul", "add"] = "mul"
    default: Number | None = None
    combine: Literal["first", "product", "sum", "max"] = "first"


class Effect(Modifier):
    """Multiplies a value by (or adds to it) the field of the effect row in whose window the row's time lies.

    Params: effect_table; on, {column of this row: column of the effect table}, may be empty; window, the columns with
    start and end (closed: start <= t <= end; a date as end includes its day; a null end is still open, an effect row
    with a null start or field matches nothing); map, the field, op mul or add, default where nothing matches (1 for
    mul, 0 for add) and combine for several matches: first in key order, product, sum or max. On a number it changes the
    value at the row's time, on a datetime column it shapes when the rows fall (op mul), on a table it scales how many
    rows there are.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {
            "transform": "effect",
            "args": {
                "effect_table": "campaign",
                "on": {"country": "country"},
                "window": {"start_col": "start_at", "end_col": "end_at"},
                "map": {"field": "lift", "op": "mul", "default": 1.0},
            },
        }
    ]

    effect_table: str = Field(description="table whose rows are windows with a figure")
    on: dict[str, str] = Field(
        default_factory=dict,
        description="column of this row and the column of the effect table that it meets: {store_id: store_id}",
    )
    window: Window = Field(description="columns with start and end of each window")
    map: Map = Field(
        description="the field that acts, how (op), what holds without a match (default), and how several combine"
    )

    @property
    def remote_columns(self) -> dict[tuple[str, str], str]:
        """Names of columns of the effect table, by the field that names them."""
        return {
            **{("on", local): remote for local, remote in self.on.items()},
            ("window", "start_col"): self.window.start_col,
            ("window", "end_col"): self.window.end_col,
            ("map", "field"): self.map.field,
        }

    @property
    def default(self) -> float:
        """What a row without a matching effect row gets."""
        neutral = 1.0 if self.map.op == "mul" else 0.0
        return neutral if self.map.default is None else float(self.map.default)

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        shapes = scope.own_columns[scope.column][0] == "datetime_series"
        time = () if shapes or scope.time_column in (None, scope.column) else (scope.time_column,)
        return (*self.on, *time, *effect_reads(self, scope))

    def bind(self, scope: Scope) -> Change:
        if scope.value_type in TIMES:
            return self._shape(scope)
        number = needs_number(scope, "effect")
        effect = bind_effect(self, scope, {}, loud=True)
        if scope.time_column is None or scope.time_column == scope.column:
            scope.refuse(
                "effect.no_time",
                (),
                found=f"an effect on {scope.table}.{scope.column}, whose table has no time column",
                expected="a datetime column in the table",
                hint="mark it with role: time when there are several",
            )
            return _unchanged
        if effect is None or not number:
            return _unchanged
        when, adds = scope.read(scope.time_column), effect.op == "add"

        def change(block: Block, values: Values) -> Values:
            times = when(block)
            factors = effect.factors(block, np.asarray(times.array, dtype=np.int64))
            if times.valid is not None:  # a row without a time lies in no window
                factors[~times.valid] = effect.default
            return values.changed(kind="float", array=shifted(values, factors) if adds else scaled(values, factors))

        return change

    def _shape(self, scope: Scope) -> Change:
        """On a datetime column: the generator has the effect in its density, nothing is left to change."""
        bind_effect(self, scope, {}, loud=True)
        refuse_shape(self, scope)
        if scope.own_columns[scope.column][0] != "datetime_series":
            scope.refuse(
                "effect.no_density",
                (),
                found=f"an effect on times made by {scope.own_columns[scope.column][0]}",
                expected="a datetime_series, whose density it can shape",
            )
        return _unchanged


def refuse_shape(effect: Effect, scope: Scope, field: tuple[str, ...] = ()) -> None:
    """Refuse what makes no sense on a density: adding, and negative factors."""
    if effect.map.op == "add":
        scope.refuse(
            "effect.op",
            (*field, "map", "op"),
            found="op: add on how many rows fall in a window",
            expected="op: mul",
        )
    if effect.default < 0:
        scope.refuse(
            "effect.negative_factor",
            (*field, "map", "default"),
            found=f"default {effect.default:g}",
            expected="0 or more",
        )


def _unchanged(block: Block, values: Values) -> Values:
    return values
