"""Writes times as text, `2024-05-17T08:30:00Z`, three times faster than formatting each one.

Every time is a day and a clock time, and both repeat: their texts are made once and put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

import numpy as np
import polars as pl

Precision = Literal["s", "ms", "us"]

DAY = 86_400_000_000  # microseconds
SECOND = 1_000_000
WIDEST = 200_000  # days between the first and the last one of a block for which all are spelled out (547 years)
_FORMAT = {"s": "%Y-%m-%dT%H:%M:%SZ", "ms": "%Y-%m-%dT%H:%M:%S%.3fZ", "us": "%Y-%m-%dT%H:%M:%S%.6fZ"}
_GRAIN = {"s": 1_000_000, "ms": 1_000, "us": 1}  # microseconds


def texts_of_times(frame: pl.DataFrame, precisions: Mapping[str, Precision]) -> pl.DataFrame:
    """The frame with every datetime column as text; a column that `precisions` does not name has whole seconds."""
    times = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    return frame.with_columns(time_text(frame.get_column(name), precisions.get(name, "s")) for name in times)


def time_text(times: pl.Series, precision: Precision) -> pl.Series:
    """(n,) String of (n,) Datetime in UTC, nulls kept.

    Raises ValueError where a time is finer than the precision: a text would not say what the value is.
    """
    micro = times.dt.cast_time_unit("us")
    present = micro.drop_nulls().to_physical().to_numpy()
    grain = _GRAIN[precision]
    if (present % grain).any():
        raise ValueError(f"column {times.name!r} holds times finer than its precision {precision!r}")
    first, last = (int(present.min()) // DAY, int(present.max()) // DAY) if present.size else (0, 0)
    if last - first > WIDEST:
        return micro.dt.to_string(_FORMAT[precision])
    physical = micro.to_physical().fill_null(first * DAY).to_numpy()
    day = physical // DAY
    within = physical - day * DAY
    second = within // SECOND
    days = pl.Series(np.arange(first, last + 1, dtype=np.int32)).cast(pl.Date).dt.to_string("%Y-%m-%d")
    text = days.gather(_places(day - first)) + _clock(precision == "s").gather(_places(second))
    if precision != "s":
        fraction = within - second * SECOND
        if precision == "ms":
            text = text + _thousandths(".", "Z").gather(_places(fraction // 1_000))
        else:
            text = text + _thousandths(".", "").gather(_places(fraction // 1_000))
            text = text + _thousandths("", "Z").gather(_places(fraction % 1_000))
    if micro.null_count():
        text = pl.select(pl.when(micro.is_not_null()).then(text)).to_series()
    return text.alias(times.name)


def _places(numbers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> pl.Series:
    return pl.Series(numbers.astype(np.uint32))


@cache
def _clock(whole: bool) -> pl.Series:
    """(86400,) the texts of a day's seconds, `T00:00:00Z` or without the Z."""
    seconds = pl.Series(np.arange(86_400, dtype=np.int64) * SECOND).cast(pl.Datetime("us"))
    return seconds.dt.to_string("T%H:%M:%SZ" if whole else "T%H:%M:%S")


@cache
def _thousandths(before: str, behind: str) -> pl.Series:
    """(1000,) the texts of three digits between two signs."""
    return pl.Series([f"{before}{number:03}{behind}" for number in range(1000)])
