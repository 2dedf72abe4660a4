"""What inequality constraints leave of time in each row, and what becomes of rows that they leave nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Bound, Scope
from datagen.errors import Finding, SchemaError
from datagen.kernel.density import TimeDensity
from datagen.kernel.effects import DAWN
from datagen.schema.times import show_time

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]

NEVER = -DAWN  # after all times
_END = {1: "latest", -1: "earliest"}


@dataclass(frozen=True, slots=True)
class Interval:
    """Per row: the first and last allowed microsecond (None: no bound), and whether the bound itself is allowed."""

    low: Times | None
    high: Times | None
    low_allowed: Mask | None
    high_allowed: Mask | None

    def rows(self, at: NDArray[np.int64]) -> Interval:
        """The interval of some rows."""
        return Interval(
            None if self.low is None else self.low[at],
            None if self.high is None else self.high[at],
            None if self.low_allowed is None else self.low_allowed[at],
            None if self.high_allowed is None else self.high_allowed[at],
        )


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """The inequality constraints of a time column."""

    lower: tuple[Bound, ...]
    upper: tuple[Bound, ...]
    home: str  # table.column, for messages

    @classmethod
    def of(cls, scope: Scope) -> TimeBounds:
        """Those that the plan gave this column."""
        return cls(tuple(scope.lower), tuple(scope.upper), f"{scope.table}.{scope.column}")

    def __bool__(self) -> bool:
        return bool(self.lower or self.upper)

    def refuse_disjoint(self, density: TimeDensity, scope: Scope) -> None:
        """Refuse a density that lies wholly on the wrong side of what another column can reach at all."""
        for sign, bounds in ((1, self.lower), (-1, self.upper)):
            for bound in bounds:
                edge = _constant(bound)
                own = density.latest if sign > 0 else density.earliest
                if edge is None or (own - edge) * sign > 0 or (own == edge and not bound.strict):
                    continue
                side, other = ("until", "from") if sign > 0 else ("from", "until")
                scope.refuse(
                    "constraint.cannot_hold",
                    (),
                    found=f"{bound.text}, but {scope.column} falls {side} {show_time(own)} at the {_END[sign]}, "
                    f"the other side {other} {show_time(edge)} at the {_END[-sign]}",
                    expected="windows that leave room for the constraint",
                )

    def interval(self, block: Block) -> Interval:
        """The intersection of all bounds in each row. A bound that is null bounds nothing."""
        low, low_allowed = _tightest(self.lower, block, 1)
        high, high_allowed = _tightest(self.upper, block, -1)
        return Interval(low, high, low_allowed, high_allowed)

    def settle(self, times: Times, mass: NDArray[np.float64], density: TimeDensity, interval: Interval) -> Times:
        """The times, with rows without mass settled.

        They are equal to the bound where no point of the grid is left, refused where a bound forbids that, and
        refused where points are left but none has a chance."""
        lost = np.flatnonzero(~(mass > 0))
        if not len(lost):
            return times
        ends = density.point(np.array([0, density.points - 1]))
        low = np.full(len(lost), ends[0]) if interval.low is None else interval.low[lost]
        high = np.full(len(lost), ends[1]) if interval.high is None else interval.high[lost]
        left = density.points_below(np.maximum(high, DAWN) + 1) > density.points_below(low)
        may_low = np.zeros(len(lost), np.bool_) if interval.low_allowed is None else interval.low_allowed[lost]
        may_high = np.zeros(len(lost), np.bool_) if interval.high_allowed is None else interval.high_allowed[lost]
        crossed = (
            low > high if interval.low is not None and interval.high is not None else np.zeros(len(lost), np.bool_)
        )
        empty = crossed | (~left & ~may_low & ~may_high)
        if empty.any():
            self._refuse_empty(int(empty.sum()), low[empty][0], high[empty][0])
        silent = left & ~crossed
        if silent.any():
            at = int(np.flatnonzero(silent)[0])
            refuse_no_density(
                self.home, int(silent.sum()), f"between {show_time(int(low[at]))} and {show_time(int(high[at]))}"
            )
        times[lost] = np.where(may_low, low, high)
        return times

    def _refuse_empty(self, rows: int, low: int, high: int) -> None:
        room = f"such as not before {show_time(int(low))} and not after {show_time(int(high))}"
        raise SchemaError(
            Finding(
                code="constraint.empty_interval",
                json_path=self.home,
                found=f"{rows:,} rows of one block with no time left, {room}",
                expected="bounds that leave room: " + "; ".join(bound.text for bound in (*self.lower, *self.upper)),
                hint="let the earlier side end sooner, or the later window end later",
            )
        )


class _OneRow:
    """Stands in for a block before there are any: enough to read a constant."""

    rows = 1


def _constant(bound: Bound) -> int | None:
    """The value of a bound that is the same in every row; None for one that reads a column."""
    if hasattr(bound.reader, "path"):
        return None
    return int(bound.reader(cast(Block, _OneRow())).array[0])


def refuse_no_density(home: str, rows: int, where: str) -> None:
    """Stop: rows that have times to fall on, none of which has a chance."""
    raise SchemaError(
        Finding(
            code="time.no_density",
            json_path=home,
            found=f"{rows:,} rows of one block whose weights are all 0 {where}",
            expected="a weight above 0 somewhere in the time that is open to a row",
            hint="raise a weight of the pattern, the seasonality or the effect there, or give the bounds more room",
        )
    )


def _tightest(bounds: Sequence[Bound], block: Block, sign: int) -> tuple[Times | None, Mask | None]:
    """(n,) the tightest of some bounds as whole microseconds that are allowed, and where the bound itself is.

    sign 1: lower bounds, the largest wins; -1: upper bounds, the smallest wins.
    """
    edge: Times | None = None
    allowed: Mask | None = None
    for bound in bounds:
        values = bound.reader(block)
        one = np.asarray(values.array, dtype=np.int64)
        if bound.strict:
            one = one + sign
        if values.valid is not None:
            one = np.where(values.valid, one, DAWN if sign > 0 else NEVER)
        may = np.full(len(one), not bound.strict) if values.valid is None else values.valid & (not bound.strict)
        if edge is None or allowed is None:
            edge, allowed = one, may
            continue
        tighter = one > edge if sign > 0 else one < edge
        # the same edge twice: what one bound allows, the other (a microsecond looser) allows too
        allowed = np.where(tighter, may, allowed | (may & (one == edge)))
        edge = np.where(tighter, one, edge)
    return edge, allowed
