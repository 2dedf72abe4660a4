"""A time that follows another one after a delay: before a bound, or still open when the data end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.contracts import Block, Bound, ColumnType, Fill, Generator, Reader, Scope, Values
from datagen.generators._accepted import MOST, SeasonWeights, accepted
from datagen.generators._delayed import STEPS, Mask, Room, Times, delays
from datagen.generators._interval import TimeBounds
from datagen.schema.model_values import Maybe, Scalar
from datagen.schema.model_words import LawOfTime
from datagen.schema.times import parse_time

TIMES = ("datetime", "date")


class After(Generator):
    """The time in another column plus a delay.

    Params: column, the time it follows (of the row, of an ancestor, along a key); delay, a law of durations, any of whose
    parameters may be an expression; before, a bound that cuts the law, so that the time is always before it and nothing
    piles up there; censor, a bound from which on the value is null: still open then, or never. A bound is a time, a
    column, `timeframe.start`, `timeframe.end` or an expression; a null bound is none, a null time is followed by null.
    Times are never before the one they follow: a law that reaches below 0 is cut there. Inequality constraints cut the
    law too. Where no time is left, the value equals the bound of a `<=`, and `before` or `<` stops the run with a count.
    `seasonality` modifiers multiply the density inside the bounds: of up to 64 draws the first that its weight accepts is
    taken, else the one of the largest weight. Whole seconds unless the column says ms or us; a date is the day on
    which the time falls. Fills datetime; one draw per row, two per draw with a seasonality.
    """

    MAIN: ClassVar[str | None] = "column"
    STEERED: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"after": {"column": "at", "delay": {"type": "lognormal", "params": {"median": "2d", "sigma": 0.8}}}},
        {
            "after": {
                "column": "at",
                "delay": {"type": "exponential", "params": {"mean": "30d"}},
                "before": "timeframe.end",
            }
        },
    ]

    column: str = Field(description="the time that this one follows: of the row, of an ancestor, or along a key")
    delay: LawOfTime = Field(description="law of the durations between the two; its parameters may be expressions")
    before: Maybe[Scalar] = Field(
        default=None,
        description="bound that the time always stays below: a time, a column, an expression; it cuts the law",
    )
    censor: Maybe[Scalar] = Field(
        default=None, description="bound from which on the value is null: what has not happened by then"
    )

    def reads(self, scope: Scope) -> Iterable[str]:
        from datagen.modifiers._shapes import seasons

        yield self.column
        yield from scope.law_reads(self.delay)
        for bound in (self.before, self.censor):
            if isinstance(bound, str) and not isinstance(parse_time(bound), int):
                yield from scope.names_in(bound)
        for season in seasons(scope):
            yield from season.zone_reads()

    def infer(self, scope: Scope) -> ColumnType:
        return "datetime"

    def leaves_open(self) -> bool:
        return self.censor is not None

    def limits(self, scope: Scope) -> tuple[list[Bound], list[Bound]]:
        """What the time itself keeps to, for modifiers that move it: (lower, upper)."""
        upper = [(self.before, "before"), (self.censor, "censor")]
        lower = [Bound(scope.read(self.column, "column"), False, f"after {self.column}")]
        bounds = [
            Bound(reader, True, f"{field} {written}")
            for written, field in upper
            if (reader := self._bound(written, field, scope)) is not None
        ]
        return lower, bounds

    def bind(self, scope: Scope) -> Fill:
        scope.fits("datetime", "")
        base = self._base(scope)
        delay = scope.law(self.delay, "delay", durations=True)
        before, censor = (self._bound(getattr(self, field), field, scope) for field in ("before", "censor"))
        if delay is not None and delay.support()[1] < 0:
            scope.refuse(
                "after.negative_delay",
                "delay",
                found="a delay that is always below 0",
                expected="a delay of 0 or more",
                hint="a time before another one: let the other follow this one",
            )
        seasons = SeasonWeights.of(scope)
        if delay is None or base is None:
            return lambda block: Values("time", np.zeros(block.rows, dtype=np.int64))
        step = STEPS["date" if scope.column_type == "date" else scope.precision]
        room = Room(base, before, TimeBounds.of(scope), step, scope.condition)
        salts = [(scope.salt("draw", nth), scope.salt("accept", nth)) for nth in range(1 if seasons is None else MOST)]

        def fill(block: Block) -> Values:
            found = delays(delay, room, block)
            times = found.times(block.uniform(salts[0][0])) if seasons is None else accepted(found, salts, seasons)
            return Values("time", times, _still(found.valid, times, censor, block))

        return fill

    def _base(self, scope: Scope) -> Reader | None:
        """The reader of the time it follows, None after a refusal."""
        type_ = scope.type_of(self.column)
        reader = scope.read(self.column, "column")
        if type_ is None or type_ in TIMES:
            return reader if type_ is not None else None
        scope.refuse(
            "after.column_type",
            "column",
            found=f"{self.column} of type {type_}",
            expected="a column of times: datetime or date",
        )
        return None

    def _bound(self, written: Any, field: str, scope: Scope) -> Reader | None:
        """The reader of a bound, None without one and after a refusal."""
        if written is None:
            return None
        instant = parse_time(written)
        if isinstance(instant, int):
            return Instant(instant)
        checked = scope.checked(written, field) if isinstance(written, str) else None
        if isinstance(written, str) and checked is None:
            return None
        reader = scope.expression(written, field)
        if reader.type in TIMES:
            return reader
        scope.refuse(
            "after.bound_type",
            field,
            found=f"{written}, which gives {reader.type} values",
            expected="a time: a date such as 2025-06-30, a column, timeframe.end or an expression",
        )
        return None


def _still(valid: Mask | None, times: Times, censor: Reader | None, block: Block) -> Mask | None:
    """(n,) rows whose time has come before the end of what is known, None for all."""
    if censor is None:
        return valid
    ends = censor(block)
    known: Mask = times < ends.array
    if ends.valid is not None:
        known = known | ~ends.valid  # no end
    return known if valid is None else known & valid


@dataclass(frozen=True, slots=True)
class Instant:
    """Reads the same time in every row."""

    instant: int
    type: ColumnType = "datetime"

    def __call__(self, block: Block) -> Values:
        return Values("time", np.full(block.rows, self.instant, dtype=np.int64))
