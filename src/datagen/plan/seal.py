"""The one cast to the declared type: rounding, whole seconds, finite numbers, nulls only where they may be."""

from __future__ import annotations

import numpy as np

from datagen.contracts import Values
from datagen.errors import Finding, SchemaError
from datagen.kernel.digits import round_decimals, round_significant
from datagen.plan.model import DAY_US, ColumnPlan

PRECISION_US = {"s": 1_000_000, "ms": 1_000, "us": 1}
INT64_EDGE = 9.2233720368547e18  # floats beyond this have no int64


def seal(values: Values, column: ColumnPlan) -> Values:
    """The values in the declared type of their column.

    Ints are rounded to nearest, floats to `decimals` or 10 significant digits, times cut to their precision (dates to
    midnight). Raises SchemaError "generate.not_finite", "generate.overflow" or "generate.null" naming the column.
    """
    form = column.seal
    if values.valid is not None and values.valid.all():
        values = values.changed(valid=None)
    if values.valid is not None and not form.nullable and column.when is None:
        raise _fault(
            column,
            "generate.null",
            found=f"{int((~values.valid).sum()):,} rows of one block without a value",
            expected="a value in every row: the column is not nullable",
            hint="say `nullable: true`, or give the value another way where there is none (coalesce in an expression)",
        )
    match form.type:
        case "float":
            return _sealed_float(values, column)
        case "int":
            return _sealed_int(values, column)
        case "datetime" | "date":
            step = DAY_US if form.type == "date" else PRECISION_US[form.precision]
            times = np.asarray(values.array, dtype=np.int64)
            if step != 1:
                times = np.floor_divide(times, step)  # and back: several times faster than the remainder
                np.multiply(times, step, out=times)
            return values.changed(kind="time", array=times)
        case "bool":
            return values.changed(kind="bool", array=np.asarray(values.array, dtype=np.bool_))
        case _:
            return values


def _sealed_float(values: Values, column: ColumnPlan) -> Values:
    numbers = np.asarray(values.array, dtype=np.float64)
    if values.valid is not None:
        numbers = np.where(values.valid, numbers, 0.0)
    _finite(numbers, column)
    places = column.seal.decimals
    numbers = round_significant(numbers) if places is None else round_decimals(numbers, places)
    return values.changed(kind="float", array=numbers)


def _sealed_int(values: Values, column: ColumnPlan) -> Values:
    if values.kind != "float":
        return values.changed(kind="int", array=np.asarray(values.array, dtype=np.int64))
    numbers = np.rint(values.array)
    if values.valid is not None:
        numbers[~values.valid] = 0.0
    _finite(numbers, column)
    if len(numbers) and max(float(numbers.max()), -float(numbers.min())) >= INT64_EDGE:
        over = np.abs(numbers) >= INT64_EDGE
        raise _fault(
            column,
            "generate.overflow",
            found=f"{int(over.sum()):,} values of one block beyond int64, such as {numbers[over][0]:.6g}",
            expected="whole numbers between -9.2e18 and 9.2e18",
            hint="make the column a float, or its parameters smaller",
        )
    return values.changed(kind="int", array=numbers.astype(np.int64))


def _finite(numbers: np.ndarray, column: ColumnPlan) -> None:
    if not len(numbers) or (np.isfinite(numbers.max()) and np.isfinite(numbers.min())):
        return
    wrong = ~np.isfinite(numbers)
    raise _fault(
        column,
        "generate.not_finite",
        found=f"{int(wrong.sum()):,} infinite or undefined values of one block",
        expected="finite numbers",
        hint="make the parameters of the generator and its modifiers smaller",
    )


def _fault(column: ColumnPlan, code: str, *, found: str, expected: str, hint: str) -> SchemaError:
    return SchemaError(
        Finding(code=code, json_path=f"{column.table}.{column.name}", found=found, expected=expected, hint=hint)
    )
