"""Values computed from other columns of the row, its parents and the rows its keys point to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from datagen.contracts import ColumnType, Fill, Generator, Scope


class Expression(Generator):
    """A scalar SQL expression, such as `unit_price * quantity` (see the page on expressions).

    Params: code. Division by zero and domain errors give null. Fills the expression's own type. Draws nothing.
    """

    MAIN: ClassVar[str | None] = "code"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"expression": {"code": "row_number * 2.5"}},
        {"expression": {"code": "case when ordinal = 1 then 'first' else 'later' end"}},
    ]

    code: str = Field(description="formula over the columns of the row")

    def reads(self, scope: Scope) -> Iterable[str]:
        return scope.names_in(self.code)

    def infer(self, scope: Scope) -> ColumnType:
        return scope.expression(self.code, "code").type

    def bind(self, scope: Scope) -> Fill:
        reader = scope.expression(self.code, "code")
        scope.fits(reader.type, "code")
        if scope.unique:
            checked = scope.checked(self.code, "code")
            if checked is not None and (checked.is_constant or reader.type == "bool"):
                scope.domain(1 if checked.is_constant else 2, "code")
        return reader
