"""The fixed list of a vocabulary: one row per value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, ColumnType, Dictionary, Fill, Generator, Scope, Values
from datagen.errors import listed
from datagen.schema.literals import as_column, common_type


class EnumList(Generator):
    """Row k holds the k-th value. The table has as many rows as the list has values.

    Params: values, of one type, null allowed on a nullable column. Fills the type of the column. Reads and draws
    nothing.
    """

    MAIN: ClassVar[str | None] = "values"
    BY_ROW_NUMBER: ClassVar[bool] = True
    MAKES_UNIQUE: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"enum_list": {"values": ["new", "paid", "shipped"]}}]

    values: list[Any] = Field(description="the values, one for each row, of one type")

    def infer(self, scope: Scope) -> ColumnType | None:
        return cast("ColumnType | None", common_type(self.values))

    def listed(self, scope: Scope) -> list[Any] | None:
        items = as_column([value for value in self.values if value is not None], scope.column_type or "string")
        return None if items.faults else items.values

    def bind(self, scope: Scope) -> Fill:
        if not self.values:
            scope.refuse("enum_list.empty", "values", found="no values", expected="at least one value")
        items = as_column(self.values, scope.column_type or "string")
        typed = [value for value, there in zip(items.values, items.valid, strict=True) if there]
        if scope.unique and not items.faults and len(set(typed)) < len(typed):
            times = Counter(typed)
            twice = listed(list(dict.fromkeys(str(value) for value in typed if times[value] > 1)))
            scope.refuse(
                "enum_list.repeats",
                "values",
                found=f"written twice: {twice}",
                expected="distinct values in a column of unique values",
            )
        for place, fault in items.faults:
            scope.refuse(
                "column.value_type", ("values", place), found=fault, expected=f"a value of type {scope.column_type}"
            )
        refuse_nulls(self.values, "values", scope)
        return constant_list(items.values, scope.column_type or "string", items.valid, lambda block: block.row_number)


def refuse_nulls(values: Sequence[Any], field: str, scope: Scope) -> None:
    """Refuse the nulls of a written list on a column that may not be null."""
    for place, value in enumerate(values):
        if value is None and not scope.nullable:
            scope.refuse(
                "column.null_value",
                (field, place),
                found="null in a column that is not nullable",
                expected="a value",
                hint="say `nullable: true`",
            )


def constant_list(values: list[Any], type: ColumnType, valid: list[bool], place: Any) -> Fill:
    """A fill that takes values of a short list by place; `place(block)` gives (n,) positions."""
    mask = None if all(valid) else np.array(valid, dtype=np.bool_)
    if type == "string":
        distinct = list(dict.fromkeys(values))
        where = {value: code for code, value in enumerate(distinct)}
        codes = np.array([where[value] for value in values], dtype=np.uint32)
        once = len(distinct) == len(values)  # a place is a code
        dictionary = Dictionary(distinct)

        def fill_texts(block: Block) -> Values:
            at = place(block)
            array = at.astype(np.uint32) if once else codes[at]
            return Values("category", array, None if mask is None else mask[at], dictionary=dictionary)

        return fill_texts
    kinds: Any = {"datetime": "time", "date": "time"}
    dtype = {"int": np.int64, "float": np.float64, "bool": np.bool_, "datetime": np.int64, "date": np.int64}[type]
    array: NDArray[Any] = np.array(values, dtype=dtype)

    def fill(block: Block) -> Values:
        at = place(block)
        return Values(kinds.get(type, type), array[at], None if mask is None else mask[at])

    return fill
