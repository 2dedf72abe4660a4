"""Times after a delay, inside what is left of it in each row: a law cut at both ends by its distribution function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datagen.columns import where_true
from datagen.contracts import Block, Draw, Reader
from datagen.errors import Finding, SchemaError
from datagen.generators._interval import TimeBounds
from datagen.schema.times import DAY_US, FIRST_US, LAST_US, show_time

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEPS: Mapping[str, int] = {"s": 1_000_000, "ms": 1_000, "us": 1, "date": DAY_US}
HALF = 0.5  # of a microsecond: single values of a law lie on whole ones, and count on their side of an edge


@dataclass(frozen=True, slots=True)
class Room:
    """What a time that follows another one must keep to.

    base: the time that it follows; before: a bound that it must stay below; step: microseconds of its grid;
    condition: rows in which a value is wanted at all.
    """

    base: Reader
    before: Reader | None
    bounds: TimeBounds
    step: int
    condition: Reader | None

    def ends(self, block: Block) -> tuple[Times, Mask, Times, Mask]:
        """(n,) first and last point of the grid that the bounds allow, and whether a value may be set to each of them."""
        interval, step = self.bounds.interval(block), self.step
        first, last = (np.full(block.rows, edge // step, dtype=np.int64) for edge in (FIRST_US, LAST_US - 1))
        may_first, may_last = np.ones(block.rows, dtype=np.bool_), np.ones(block.rows, dtype=np.bool_)
        if interval.low is not None and interval.low_allowed is not None:
            first, may_first = np.maximum(-(-interval.low // step), first), interval.low_allowed
        if interval.high is not None and interval.high_allowed is not None:
            last, may_last = np.minimum(interval.high // step, last), interval.high_allowed
        if self.before is not None:
            bound = self.before(block)
            edge = (np.asarray(bound.array, dtype=np.int64) - 1) // step
            if bound.valid is not None:
                edge = np.where(bound.valid, edge, last)
            may_last = may_last & (last <= edge)
            last = np.minimum(last, edge)
        return first, may_first, last, may_last

    def wanted(self, block: Block, valid: Mask | None) -> Mask:
        """(n,) rows that must have room: with a time to follow, and with a value wanted."""
        there = np.ones(block.rows, dtype=np.bool_) if valid is None else valid.copy()
        if self.condition is not None:
            there &= where_true(self.condition(block))
        return there


@dataclass(frozen=True, slots=True)
class Delays:
    """The delays of some rows: first and last point of the grid, and the part of the law that lies between them.

    left, width: (n,) probabilities; fixed: (n,) rows whose value is `end`, whatever is drawn; valid: rows with a value.
    """

    draw: Draw
    block: Block
    step: int
    base: Times
    first: Times
    last: Times
    left: Floats
    width: Floats
    fixed: Mask
    end: Times
    valid: Mask | None

    def times(self, u: Floats) -> Times:
        """(n,) times at uniforms u, on the grid."""
        drawn = self.draw.quantile(self.left + u * self.width, self.block)
        drawn = np.where(np.isnan(drawn), 0.0, drawn)
        delay = np.floor(np.clip(drawn, 0.0, float(LAST_US - FIRST_US))).astype(np.int64)
        place = (self.base + delay) // self.step
        # so little of the law is left that its probability is 0: evenly over the points that are left
        even = self.first + np.floor(u * (self.last - self.first + 1)).astype(np.int64)
        place = np.clip(np.where(self.width > 0.0, place, even), self.first, self.last)
        found: Times = np.where(self.fixed, self.end, place) * self.step
        return found

    def some(self, index: NDArray[np.int64]) -> Delays:
        """Those of some rows of the block."""
        from datagen.plan.some_rows import SomeRows

        arrays = {name: getattr(self, name)[index] for name in ARRAYS}
        return replace(self, block=SomeRows(self.block, index), valid=None, **arrays)


ARRAYS = ("base", "first", "last", "left", "width", "fixed", "end")


def delays(draw: Draw, room: Room, block: Block) -> Delays:
    """The delays of the rows of a block. Raises SchemaError "constraint.empty_interval" where no time is left."""
    step, read = room.step, room.base(block)
    base, valid = np.asarray(read.array, dtype=np.int64), read.valid
    there = room.wanted(block, valid)
    low, may_low, last, may_last = room.ends(block)
    # a date is the day of the time; on another coarse grid the time comes after the one that it follows
    own = base // step if step == DAY_US else -(-base // step)
    first, may_first = np.maximum(low, own), may_low | (own > low)
    crossed, late = there & (low > last), there & (own > last)
    shortest = np.maximum(first * step - base, 0).astype(np.float64)
    beyond = ((last + 1) * step - base).astype(np.float64)
    least, most = draw.edges(block)
    inside = there & ~crossed & ~late
    short, long = inside & (most < shortest), inside & (least >= beyond)
    lost = crossed | ((late | long) & ~may_last) | (short & ~may_first)
    if lost.any():
        raise _no_room(room, lost, first, last)
    left, right = draw.cdf(shortest - HALF, block), draw.cdf(beyond - HALF, block)
    null = np.isnan(left)  # a parameter is null
    if null.any():
        valid = ~null if valid is None else valid & ~null
        left, right = np.where(null, 0.0, left), np.where(null, 1.0, right)
    width = np.maximum(right - left, 0.0)
    end = np.where(short, first, last)
    return Delays(draw, block, step, base, first, last, left, width, short | long | late, end, valid)


def _no_room(room: Room, lost: Mask, first: Times, last: Times) -> SchemaError:
    at = int(np.flatnonzero(lost)[0])
    text = [bound.text for bound in (*room.bounds.lower, *room.bounds.upper)]
    text += ["before"] if room.before is not None else []
    ends = (show_time(int(edge[at] * room.step)) for edge in (first, last))
    return SchemaError(
        Finding(
            code="constraint.empty_interval",
            json_path=room.bounds.home,
            found=f"{int(lost.sum()):,} rows of one block with no time left, such as none between {' and '.join(ends)}",
            expected="bounds that leave room: " + "; ".join(text),
            hint="let what it follows end sooner, let the delay be shorter, or say `censor` for what is still open",
        )
    )
