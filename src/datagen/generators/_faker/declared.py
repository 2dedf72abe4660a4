"""What a method gives, as the type that the column declares: a year as a number, a date of birth as a text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datagen.contracts import Block, ColumnType, Values
from datagen.generators._faker.request import Maker

Function = Callable[[Block], Values]
NUMBERS = ("int", "float")


def holds(maker: Maker, declared: ColumnType | None) -> bool:
    """Whether a column of the declared type takes the values of a maker by a change of form alone."""
    if maker.type == "string":
        return declared in NUMBERS and maker.digits
    return declared == "string" and maker.type in (*NUMBERS, "date", "datetime")


def as_declared(maker: Maker, function: Function, declared: ColumnType | None) -> Function:
    """The function whose values have the declared type, where that is another one than the maker's."""
    if declared is None or not holds(maker, declared):
        return function
    if declared == "string":
        return lambda block: _as_text(function(block), maker.type)
    return lambda block: _as_number(function(block))


def _as_number(values: Values) -> Values:
    """Texts of digits as whole numbers."""
    import polars as pl

    from datagen.columns import as_text

    return values.changed(kind="int", array=as_text(values).array.cast(pl.Int64).to_numpy(), dictionary=None)


def _as_text(values: Values, made: ColumnType) -> Values:
    """Numbers in plain decimals, dates and times in ISO 8601."""
    import polars as pl

    if made in ("date", "datetime"):
        shown = "%Y-%m-%d" if made == "date" else "%Y-%m-%dT%H:%M:%S"
        return values.changed(kind="text", array=pl.Series(values.array).cast(pl.Datetime("us")).dt.strftime(shown))
    numbers = np.asarray(values.array)
    return values.changed(kind="text", array=pl.Series(numbers).cast(pl.String))
