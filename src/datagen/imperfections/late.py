"""Times that were recorded too late: the queue was long, the device was offline, the form was filled in next week."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from datagen.columns import take
from datagen.contracts import Block, Values
from datagen.errors import quoted
from datagen.imperfections._contract import Imperfection, Rows, Spoil, at_rows, uniform_at
from datagen.imperfections._units import DAY_US, smallest_step
from datagen.schema import model_column
from datagen.schema.day_classes import day_class


class Late(Imperfection):
    """Writes exactly round(rate × values) times of a column later than they were.

    Params: either rate, a share of the values that are there, and delay, a law of durations; or profile, the shares of
    classes of days such as {same_day: 80%, 1-3d: 18%, 4-7d: 2%}, where `same_day` (the rest, if it is left out) stays as
    it is and the others come 1, 2 or 3 (4 to 7) days later at the same time of day, each number of days as likely. Of one
    class against another the shares are exact too. A delay of less than the column can show is its smallest step.
    """

    SPEC = model_column.Late
    TYPES = ("datetime", "date")
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"late": {"rate": "5%", "delay": {"type": "exponential", "params": {"mean": "6h"}}}},
        {"late": {"profile": {"same_day": "80%", "1-3d": "18%", "4-7d": "2%"}}},
    ]

    def bind(self, written: Mapping[str, Any], text: str) -> tuple[Spoil, ...]:
        spec = self.spec
        if spec.profile is not None and spec.rate is None and spec.delay is None:
            return self._by_profile(spec.profile)
        if spec.rate is None or spec.delay is None or spec.profile is not None:
            self.scope.refuse(
                "late.how",
                (),
                found=f"late with {', '.join(written) or 'nothing'}",
                expected="rate and delay, or profile alone",
                hint="such as {rate: 5%, delay: 1h..2d}, or {profile: {same_day: 80%, 1-3d: 20%}}",
            )
            return ()
        delay = self.scope.law(written["delay"], "delay", durations=True)
        if delay is None:
            return ()
        if delay.constant and delay.support()[0] < 0:
            self.scope.refuse(
                "late.early",
                "delay",
                found="delays below 0",
                expected="times that are later than they were",
                hint="cut the law with truncate: [0s, null]",
            )
            return ()
        step, column, salt = int(smallest_step(self.scope)), self.scope.column, self.scope.salt("delay")

        def change(block: Block, rows: Rows) -> Values:
            values = take(block.column(column), rows)
            later = np.rint(at_rows(delay, block, rows, salt)).astype(np.int64)
            return values.changed(array=values.array + np.maximum(later, step))

        return (Spoil("late", text, spec.rate, spec.exact, self.scope.salt("which"), change),)

    def _by_profile(self, profile: Mapping[str, float]) -> tuple[Spoil, ...]:
        classes: list[tuple[str, int, int, float]] = []
        for name, part in profile.items():
            days = day_class(name)
            if days is None:
                self.scope.refuse(
                    "late.class",
                    ("profile", name),
                    found=quoted(name),
                    expected="same_day, or days such as 1d and 1-3d",
                )
                return ()
            if days != (0, 0):
                classes.append((name, *days, part))
        total = sum(profile.values())
        if total > 1.005 or ("same_day" in profile and total < 0.995):
            self.scope.refuse(
                "late.profile",
                "profile",
                found=f"shares that sum to {total:g}",
                expected="shares that sum to 1" if "same_day" in profile else "shares that sum to at most 1",
            )
            return ()
        if not classes:
            self.scope.refuse("late.profile", "profile", found="nothing but same_day", expected="a class of late days")
            return ()
        return tuple(
            self._days(low, high, part, f"late {name}, {part:g} of the values, profile")
            for name, low, high, part in classes
        )

    def _days(self, low: int, high: int, part: float, text: str) -> Spoil:
        """One class: so many days later."""
        column, salt = self.scope.column, self.scope.salt("days", low)

        def change(block: Block, rows: Rows) -> Values:
            values = take(block.column(column), rows)
            days = low + np.floor(uniform_at(block, rows, salt) * (high - low + 1)).astype(np.int64)
            return values.changed(array=values.array + days * DAY_US)

        return Spoil("late", text, part, self.spec.exact, self.scope.salt("which"), change)
