"""The time at which an event was recorded: most on the same day, some of them days later."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Reader, Scope, Values
from datagen.errors import listed
from datagen.generators._delayed import STEPS
from datagen.generators._quota import Quota, exact_places
from datagen.kernel.elementary import exp, log
from datagen.schema.model_values import Maybe, Share, YesOrName
from datagen.schema.times import DAY_US, MINUTE_US
from datagen.schema.weights import shares

TIMES = ("datetime", "date")
CLASS = re.compile(r"same_day|([0-9]{1,4})(?:-([0-9]{1,4}))?d")
LAG = 5.0 * MINUTE_US  # mean lag of what is recorded on the same day, before the end of the day cuts it
Places = NDArray[np.int64]
Days = tuple[int, int]  # first and last day of a class, counted from the event's


class Ingested(Generator):
    """When an event was recorded: later on the same day, or some days after it, never before it.

    Params: column, the time of the event; profile, the share of each class by days of UTC: `same_day`, `3d`, `1-3d`, which
    together are 100 %. On the same day the lag is exponential with a mean of 5 minutes, cut by the end of the day; of
    `1-3d` each day is equally likely, and each time of the day. Shares are kept to the row over all rows of the table,
    those without an event included; exact may name a table above, whose rows each keep them, or be false: each row then
    draws its class. A null event is null. Whole seconds unless the column says ms or us. Fills datetime; three draws per
    row.
    """

    MAIN: ClassVar[str | None] = "column"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"ingested": {"column": "at", "profile": {"same_day": "80%", "1-3d": "18%", "4-7d": "2%"}}},
        {"ingested": {"column": "at", "profile": {"same_day": 0.5, "1d": 0.5}, "exact": False}},
    ]

    column: str = Field(description="the time of the event")
    profile: dict[str, Share] = Field(description="share of each class by days of delay: {same_day: 80%, 1-3d: 20%}")
    exact: Maybe[YesOrName] = Field(
        default=True,
        description="whether shares are kept to the row: true over the table, the name of a table above, or false",
    )

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        yield self.column
        yield from Quota(self.exact).reads(scope)

    def moves(self, scope: Scope) -> str:
        return Quota(self.exact).moves(scope)

    def infer(self, scope: Scope) -> ColumnType:
        return "datetime"

    def bind(self, scope: Scope) -> Fill:
        scope.fits("datetime", "")
        event, classes, weights = self._event(scope), self._classes(scope), self._weights(scope)
        if event is None or not classes or weights is None or not Quota(self.exact).sound(scope):
            return lambda block: Values("time", np.zeros(block.rows, dtype=np.int64))
        place = self._places(weights, scope)
        day, lag = scope.salt("day"), scope.salt("lag")
        step = STEPS["date" if scope.column_type == "date" else scope.precision]
        ends = np.array(classes, dtype=np.int64)

        def fill(block: Block) -> Values:
            read = event(block)
            times = np.asarray(read.array, dtype=np.int64)
            first, last = ends[place(block)].T
            later = first + np.floor(block.uniform(day) * (last - first + 1)).astype(np.int64)
            u = block.uniform(lag)
            found = np.where(later > 0, (times // DAY_US + later) * DAY_US + _of_day(u), times + _same_day(times, u))
            return Values("time", np.maximum(found // step * step, times // step * step), read.valid)

        return fill

    def _places(self, weights: list[float], scope: Scope) -> Callable[[Block], Places]:
        """The class of each row."""
        if self.exact:
            return exact_places(self.exact, lambda block: weights, scope)
        ends, salt = np.cumsum(np.array(weights)), scope.salt("class")
        most = len(weights) - 1
        return lambda block: np.minimum(np.searchsorted(ends, block.uniform(salt), side="right"), most).astype(np.int64)

    def _event(self, scope: Scope) -> Reader | None:
        """The reader of the event's time, None after a refusal."""
        type_, reader = scope.type_of(self.column), scope.read(self.column, "column")
        if type_ is None:
            return None
        if type_ not in TIMES:
            scope.refuse(
                "ingested.column_type",
                "column",
                found=f"{self.column} of type {type_}",
                expected="a column of times: datetime or date",
            )
            return None
        path = getattr(reader, "path", None)
        target = None if path is None else scope.find_target(f"{path.table}.{path.column}")
        finer = "s" if target is None or target.plan is None else target.plan.seal.precision
        if scope.column_type != "date" and STEPS[finer] < STEPS[scope.precision]:
            scope.refuse(
                "ingested.precision",
                "column",
                found=f"events to the {finer}, recorded to the {scope.precision}",
                expected=f"precision: {finer}, so that none is recorded before it happens",
            )
            return None
        return reader

    def _classes(self, scope: Scope) -> list[Days]:
        """First and last day of each class; empty after a refusal."""
        found: dict[str, Days] = {}
        for name in self.profile:
            read = CLASS.fullmatch(name)
            low = 0 if read is None or read[1] is None else int(read[1])
            high = low if read is None or read[2] is None else int(read[2])
            other = [one for one, (first, last) in found.items() if first <= high and low <= last]
            if read is None or high < low:
                scope.refuse(
                    "ingested.class",
                    ("profile", name),
                    found=f"'{name}'",
                    expected="same_day, or days such as 3d and 1-3d",
                )
                return []
            if other:
                scope.refuse(
                    "ingested.class",
                    ("profile", name),
                    found=f"'{name}' and '{other[0]}', which share a day",
                    expected="classes of days that do not overlap",
                )
                return []
            found[name] = (low, high)
        return list(found.values())

    def _weights(self, scope: Scope) -> list[float] | None:
        """The share of each class, or None after a refusal."""
        if not self.profile:
            expected = "classes of days and their shares: " + listed(["same_day", "1-3d"])
            scope.refuse("ingested.class", "profile", found="a profile without a class", expected=expected)
            return None
        made = shares(list(self.profile.values()), relative_ok=False, version_1=scope.version_1)
        if made.code:
            scope.refuse(
                made.code, "profile", found=made.found, expected=made.expected, hint=made.hint, severity=made.severity
            )
        return made.values


def _of_day(u: NDArray[np.float64]) -> Places:
    """(n,) microseconds since midnight, equally likely."""
    found: Places = np.floor(u * DAY_US).astype(np.int64)
    return found


def _same_day(times: Places, u: NDArray[np.float64]) -> Places:
    """(n,) microseconds from a time to one on the same day: exponential, cut by the end of the day."""
    left = (DAY_US - times % DAY_US).astype(np.float64)
    share = 1.0 - exp(-left / LAG)
    lag = np.floor(-LAG * log(np.maximum(1.0 - u * share, 1e-300))).astype(np.int64)
    found: Places = np.clip(lag, 0, left.astype(np.int64) - 1)
    return found
