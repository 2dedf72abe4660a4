"""Planted oddities: when each begins and ends and how large it is, the same for rates and for values, and its label."""

from __future__ import annotations

from dataclasses import dataclass

from datagen.contracts import Scope
from datagen.generators._moments import moment
from datagen.kernel.clock import DAY_US
from datagen.schema.model_fanout import Anomaly
from datagen.schema.times import LAST_US, show_time

USUAL = {  # what a size says, by kind
    "spike": "a factor of 0 or more, other than 1",
    "level_shift": "a factor of 0 or more, other than 1",
    "gap": "a number of days above 0",
    "variance": "a factor above 1: by how much a usual row is off, either way",
}


@dataclass(frozen=True, slots=True)
class AnomalyLabel:
    """What was planted: in the rows of a table, or in a column; from (included) until (excluded), in microseconds."""

    table: str
    column: str | None
    kind: str
    start: int
    end: int
    size: float


def labelled(
    anomaly: Anomaly, table: str, column: str | None, scope: Scope, field: tuple[str | int, ...]
) -> AnomalyLabel | None:
    """The label of an oddity, or None after a refusal.

    A spike lasts a day, a gap as many days as its size, a level shift and a change of variance stay to the end.
    """
    at, size, kind = moment(anomaly.at, scope, (*field, "at")), float(anomaly.size), anomaly.kind
    wrong = size <= 0 if kind == "gap" else size <= 1 if kind == "variance" else size < 0 or size == 1
    if wrong:
        scope.refuse(
            "anomaly.size", (*field, "size"), found=f"a {kind.replace('_', ' ')} of size {size:g}", expected=USUAL[kind]
        )
    if at is None or wrong:
        return None
    first, last = (0, LAST_US) if scope.timeframe is None else (scope.timeframe.start, scope.timeframe.end)
    if scope.timeframe is not None and not first <= at < last:
        scope.refuse(
            "anomaly.outside",
            (*field, "at"),
            found=show_time(at),
            expected=f"a moment of the timeframe: {show_time(first)} to {show_time(last)}",
        )
        return None
    length = {"spike": DAY_US, "gap": round(min(size, 4e6) * DAY_US)}.get(kind, LAST_US - at)
    return AnomalyLabel(table, column, kind, at, min(at + length, last), size)
