"""Yes or no with a given probability."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError, quoted
from datagen.generators._quota import Quota, exact_places
from datagen.schema.model_values import Maybe, YesOrName
from datagen.schema.weights import share, share_hint


class Bernoulli(Generator):
    """True with probability p, in each row by itself.

    Params: p, a share from 0 to 1 (`0.2`, `"20%"`), or an expression of other columns; exact, true or the name of a
    table above, keeps the share to the row over the table or inside each of that table's rows. Fills bool. One draw per
    row.
    """

    MAIN: ClassVar[str | None] = "p"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"bernoulli": {"p": 0.8}}, {"bernoulli": {"p": "5%", "exact": True}}]

    p: float | int | str = Field(description="chance of true, 0 to 1 or as `20%`, or an expression")
    exact: Maybe[YesOrName] = Field(
        default=None,
        description="keep the share to the row: true over the table, or the name of a table above inside each of its rows",
    )

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        yield from Quota(self.exact).reads(scope)
        yield from scope.names_in(self.p) if share(self.p) is None else ()

    def moves(self, scope: Scope) -> str:
        return Quota(self.exact).moves(scope)

    def infer(self, scope: Scope) -> ColumnType:
        return "bool"

    def listed(self, scope: Scope) -> list[bool]:
        return [False, True]

    def bind(self, scope: Scope) -> Fill:
        scope.fits("bool", "")
        if scope.unique:
            scope.domain(2, "")
        salt = scope.salt("draw")
        if not Quota(self.exact).sound(scope):
            return lambda block: Values("bool", np.zeros(block.rows, dtype=np.bool_))
        p = share(self.p)
        if p is not None:
            if not 0 <= p <= 1:
                scope.refuse(
                    "share.out_of_range",
                    "p",
                    found=quoted(self.p),
                    expected="a share between 0 and 1, such as 0.05 or 5%",
                    hint=share_hint(self.p),
                )
            elif self.exact:
                place = exact_places(
                    self.exact, lambda block: [p, 1 - p], scope
                )  # yes first: of half a row it gets the whole
                return lambda block: Values("bool", place(block) == 0)
            return lambda block: Values("bool", block.uniform(salt) < p)
        if self.exact:
            scope.refuse(
                "quota.by_row",
                "p",
                found=f"an exact share of {quoted(self.p)}, which may differ by row",
                expected="one share for all rows, such as 5%",
            )
        chance = scope.expression(self.p, "p")
        if chance.type not in ("int", "float"):
            scope.refuse(
                "bernoulli.p_type",
                "p",
                found=f"an expression of type {chance.type}",
                expected="a number between 0 and 1",
            )
        table, column = scope.table, scope.column

        def fill(block: Block) -> Values:
            values = chance(block)
            wrong = (values.array < 0) | (values.array > 1)
            if values.valid is not None:
                wrong &= values.valid
            if wrong.any():
                raise SchemaError(
                    Finding(
                        code="share.out_of_range",
                        json_path=f"{table}.{column}",
                        found=f"{int(wrong.sum()):,} rows of one block, such as {values.array[wrong][0]:g}",
                        expected="a probability between 0 and 1",
                        hint="bound it: least(1, greatest(0, …))",
                    )
                )
            return Values("bool", block.uniform(salt) < np.asarray(values.array, dtype=np.float64), values.valid)

        return fill
