"""Numbers that count up: 1, 2, 3 … or from any start in any step; the usual primary key."""

from __future__ import annotations

from typing import ClassVar

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values

INT64_MAX = 2**63 - 1


class Sequence(Generator):
    """start + step × row number, by the row's place in its table.

    Params: start, the first value; step, the distance between neighbours, not 0 on a key. Fills int64. Reads nothing and
    draws nothing: adding rows leaves earlier rows alone, except that rows of a child table are numbered through all parents.
    """

    MAIN: ClassVar[str | None] = "start"
    MAKES_UNIQUE: ClassVar[bool] = True
    BY_ROW_NUMBER: ClassVar[bool] = True
    EXAMPLES = [{"sequence": {}}, {"sequence": {"start": 1000, "step": 10}}]

    start: int = 1
    step: int = 1

    def infer(self, scope: Scope) -> ColumnType:
        return "int"

    def bind(self, scope: Scope) -> Fill:
        if scope.unique and self.step == 0:
            scope.refuse(
                "sequence.step_zero", "step", found="0: every row would have the same value",
                expected="a step other than 0 on a column whose values must be unique",
            )
        if not -INT64_MAX <= self.start <= INT64_MAX or not -INT64_MAX <= self.step <= INT64_MAX:
            scope.refuse("sequence.overflow", "start", found=str(self.start), expected="numbers that fit 64 bits")
        if scope.column_type not in (None, "int", "float"):
            scope.refuse(
                "column.type_mismatch", (), found=f"a sequence in a {scope.column_type} column", expected="type int",
            )
        start, step = self.start, self.step
        return lambda block: Values("int", block.row_number * step + start)

    def last(self, rows: int) -> int:
        """Value of the last of so many rows."""
        return self.start + self.step * max(rows - 1, 0)
