"""Adds to a number, or moves a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, Change, Modifier, Scope, Values
from datagen.modifiers._numbers import both, floats, needs_number
from datagen.schema.durations import parse_duration

MINUTE_US = 60_000_000


class Add(Modifier):
    """value + value given. Params: value, a number, a column or an expression; on a datetime minutes or a duration."""

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"transform": "add", "args": {"value": 5}}]

    value: float | int | str | dict[str, float | int] = Field(
        description="what is added: a number, a column or an expression; on a datetime minutes or a duration"
    )

    def reads(self, scope: Scope) -> Iterable[str]:
        if isinstance(self.value, dict) or (isinstance(self.value, str) and parse_duration(self.value) is not None):
            return ()
        return scope.names_in(self.value)

    def foreseen(self, scope: Scope, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        return None if isinstance(self.value, (str, dict)) else values + float(self.value)

    def bind(self, scope: Scope) -> Change:
        if scope.value_type in ("datetime", "date"):
            return self._move(scope)
        needs_number(scope, "add")
        if isinstance(self.value, dict) or (isinstance(self.value, str) and parse_duration(self.value) is not None):
            scope.refuse(
                "modifier.type",
                "value",
                found="a duration added to a number",
                expected="a number, a column or an expression",
            )
            return lambda block, values: values
        amount = scope.expression(self.value, "value")
        if amount.type not in ("int", "float"):
            scope.refuse("modifier.type", "value", found=f"a value of type {amount.type}", expected="a number")

        def change(block: Block, values: Values) -> Values:
            more = amount(block)
            return values.changed(kind="float", array=floats(values) + more.array, valid=both(values.valid, more.valid))

        return change

    def _move(self, scope: Scope) -> Change:
        fixed = parse_duration(self.value) if isinstance(self.value, (str, dict)) else None
        if fixed is not None:
            return lambda block, values: values.changed(array=values.array + fixed)
        if isinstance(self.value, dict):
            scope.refuse(
                "time.duration",
                "value",
                found=str(self.value),
                expected="minutes, or a duration such as 3d or {days: 3}",
            )
            return lambda block, values: values
        minutes = scope.expression(self.value, "value")
        if minutes.type not in ("int", "float"):
            scope.refuse(
                "modifier.type",
                "value",
                found=f"a value of type {minutes.type}",
                expected="minutes, or a duration such as 3d",
            )

        def change(block: Block, values: Values) -> Values:
            more = minutes(block)
            shift = np.rint(more.array * float(MINUTE_US)).astype(np.int64)
            return values.changed(array=values.array + shift, valid=both(values.valid, more.valid))

        return change
