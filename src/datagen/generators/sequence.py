"""Numbers that count up: 1, 2, 3 … or from any start in any step; the usual primary key."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.generators._foreseen import even_shares

INT64_MAX = 2**63 - 1
FLOAT_EXACT = 2**53


class Sequence(Generator):
    """start + step × row number, by the row's place in its table.

    Params: start, the first value; step, the distance between neighbours, not 0 on a key. Fills int64. Reads nothing
    and draws nothing: adding rows leaves earlier rows alone, except that rows of a child table are numbered through all
    parents.
    """

    MAIN: ClassVar[str | None] = "start"
    MAKES_UNIQUE: ClassVar[bool] = True
    BY_ROW_NUMBER: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"sequence": {}}, {"sequence": {"start": 1000, "step": 10}}]

    start: int = Field(default=1, description="the first value")
    step: int = Field(default=1, description="distance between neighbours")

    def infer(self, scope: Scope) -> ColumnType:
        return "int"

    def support(self, scope: Scope) -> tuple[float, float] | None:
        rows = scope.fixed_rows(scope.table)
        return self.ends(rows) if rows else None

    def distinct(self, scope: Scope) -> bool:
        return scope.column_type == "int"  # a float column keeps 10 digits

    def ends(self, rows: int) -> tuple[float, float]:
        first, last = self.start, self.last(rows)
        return float(min(first, last)), float(max(first, last))

    def foreseen(self, scope: Scope) -> NDArray[np.float64] | None:
        rows = self._rows(scope)
        far = abs(self.start) + abs(self.step) * rows
        return self.start + self.step * np.floor(even_shares() * rows) if rows and far < FLOAT_EXACT else None

    def bind(self, scope: Scope) -> Fill:
        if scope.unique and self.step == 0:
            scope.refuse(
                "sequence.step_zero",
                "step",
                found="0: every row would have the same value",
                expected="a step other than 0 on a column whose values must be unique",
            )
        for field, number in (("start", self.start), ("step", self.step)):
            if not -INT64_MAX <= number <= INT64_MAX:
                scope.refuse("sequence.overflow", field, found=f"{number:,}", expected="numbers that fit 64 bits")
                return _nothing
        rows = self._rows(scope)
        if rows and abs(self.last(rows)) > INT64_MAX:
            room = INT64_MAX - self.start if self.step > 0 else INT64_MAX + self.start
            scope.refuse(
                "sequence.overflow",
                "step" if "step" in self.model_fields_set else "start",
                found=f"{self.start:,} + {rows - 1:,} × {self.step:,} = {self.last(rows):,} in the last row, beyond "
                f"64 bits from row {room // abs(self.step) + 2:,} on",
                expected=f"numbers up to {INT64_MAX:,}",
                hint="begin lower, or take smaller steps",
            )
        if scope.column_type not in (None, "int", "float"):
            scope.refuse(
                "column.type_mismatch", (), found=f"a sequence in a {scope.column_type} column", expected="type int"
            )
        start, step, home = self.start, self.step, f"{scope.table}.{scope.column}"

        def fill(block: Block) -> Values:
            # int64 would come round to the other end without a word
            last = start + step * int(block.row_number.max(initial=0))
            if abs(last) > INT64_MAX:
                raise SchemaError(
                    Finding(
                        code="generate.overflow",
                        json_path=home,
                        found=f"a sequence that comes to {last:,}",
                        expected="numbers that fit 64 bits",
                        hint="begin lower, or take smaller steps",
                    )
                )
            return Values("int", block.row_number * step + start)

        return fill

    def _rows(self, scope: Scope) -> int:
        """Rows of the table: exact where they are fixed, else as expected."""
        fixed = scope.fixed_rows(scope.table)
        return int(min(scope.expected_rows(scope.table), 2.0**63)) if fixed is None else fixed

    def last(self, rows: int) -> int:
        """Value of the last of so many rows."""
        return self.start + self.step * max(rows - 1, 0)


def _nothing(block: Block) -> Values:
    return Values("int", block.row_number)
