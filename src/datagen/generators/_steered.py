"""Numbers that inequality constraints bound: a draw cut to the interval that they leave in each row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Bound, Draw, Fill, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.kernel.digits import round_significant

SMALLEST = 1e-300  # the number after 0, where no grid says which
LAST_UNIFORM = 1.0 - 2.0**-53
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def steered(draw: Draw, scope: Scope) -> Fill:
    """Draws inside the bounds of the column, on the grid that sealing rounds to, so that rounding cannot leave them."""
    lower, upper = tuple(scope.lower), tuple(scope.upper)
    home, salt = f"{scope.table}.{scope.column}", scope.salt("draw")
    whole = scope.column_type == "int" or draw.discrete
    decimals = 0 if whole else scope.decimals
    # draws within half a step are rounded onto a point; whole numbers of a law are points already
    reach = 0.0 if draw.discrete or decimals is None else 0.5 * 10.0**-decimals

    def fill(block: Block) -> Values:
        u = block.uniform(salt)
        low, low_allowed = first_above(lower, block, decimals)
        high, high_allowed = last_below(upper, block, decimals)
        least, most = _own_range(draw, block, whole)
        crossed = low > high
        above, below = ~crossed & (low > most), ~crossed & (high < least)
        lost = crossed | (above & ~low_allowed) | (below & ~high_allowed)
        if lost.any():
            raise _no_room(home, lost, low, high, least, most, (*lower, *upper))
        inside_low, inside_high = np.maximum(low, least), np.minimum(high, most)
        left = _below(draw, inside_low - reach, block, before=True)
        right = _below(draw, inside_high + reach, block, before=False)
        drawn = draw.quantile(left + u * np.maximum(right - left, 0.0), block)
        # where the own law has nothing left, the value is the bound itself
        return Values("float", np.clip(drawn, low, high))

    return fill


def _own_range(draw: Draw, block: Block, whole: bool) -> tuple[Floats, Floats]:
    """(n,) smallest and largest value that the law can give in each row."""
    if draw.constant:
        least, most = (np.full(block.rows, edge) for edge in draw.support())
    else:
        least = draw.quantile(np.zeros(block.rows), block)
        most = draw.quantile(np.full(block.rows, LAST_UNIFORM), block)
    return (np.rint(least), np.rint(most)) if whole else (least, most)


def _below(draw: Draw, edge: Floats, block: Block, *, before: bool) -> Floats:
    """(n,) probability of a value up to an edge, or before it; 0 and 1 at the open ends."""
    open_ = np.isinf(edge)
    at = np.where(open_, 0.0, edge)
    probability = draw.cdf(at - 1.0 if before and draw.discrete else at, block)
    return np.where(open_, (edge > 0).astype(np.float64), probability)


def _no_room(
    home: str, lost: Mask, low: Floats, high: Floats, least: Floats, most: Floats, bounds: Sequence[Bound]
) -> SchemaError:
    at = int(np.flatnonzero(lost)[0])
    first, last = max(low[at], least[at]), min(high[at], most[at])
    return SchemaError(
        Finding(
            code="constraint.empty_interval",
            json_path=home,
            found=f"{int(lost.sum()):,} rows of one block with no value left, such as none between {first:g} and {last:g}",
            expected="bounds that leave room: " + "; ".join(bound.text for bound in bounds),
            hint="let the law of one side reach farther",
        )
    )


def first_above(bounds: Sequence[Bound], block: Block, decimals: int | None) -> tuple[Floats, Mask]:
    """(n,) the smallest number of the grid that every lower bound allows, and whether the bound itself is allowed.

    A bound that is null bounds nothing."""
    edge, strict = _tightest(bounds, block, 1.0)
    return on_grid(edge, strict, decimals), ~strict


def last_below(bounds: Sequence[Bound], block: Block, decimals: int | None) -> tuple[Floats, Mask]:
    """(n,) the largest number of the grid that every upper bound allows, and whether the bound itself is allowed."""
    edge, strict = _tightest(bounds, block, -1.0)
    return -on_grid(edge, strict, decimals), ~strict


def _tightest(bounds: Sequence[Bound], block: Block, sign: float) -> tuple[Floats, Mask]:
    """(n,) the largest of sign × bound, and whether it is itself not allowed."""
    edge = np.full(block.rows, -np.inf)
    strict = np.zeros(block.rows, dtype=np.bool_)
    for bound in bounds:
        values = bound.reader(block)
        one = np.asarray(values.array, dtype=np.float64) * sign
        if values.valid is not None:
            one = np.where(values.valid, one, -np.inf)
        strict = np.where(one > edge, bound.strict, strict | ((one == edge) & bound.strict))
        edge = np.maximum(one, edge)
    return edge, strict


def on_grid(edge: Floats, strict: Mask, decimals: int | None) -> Floats:
    """(n,) the first number of the grid at the edge or above it, above it where strict; infinite edges stay."""
    open_ = np.isinf(edge)
    edge = np.where(open_, 0.0, edge)
    if decimals is None:
        first = round_significant(edge)
        step = significant_step(first)
        first = np.where((first < edge) | (strict & (first <= edge)), round_significant(first + step), first)
    else:
        scale = 10.0**decimals
        # a hair of slack keeps 0.1 + 0.2 on the grid point that it means
        place = np.ceil(edge * scale - 1e-6)
        place = np.where(strict & (np.abs(place - edge * scale) < 1e-5), place + 1.0, place)
        first = place / scale
    return np.where(open_, -np.inf, first)


def significant_step(x: Floats) -> Floats:
    """(n,) a step that leads from numbers of 10 significant digits to others: 1 to 10 of their last places."""
    return np.maximum(np.abs(x) * 1e-9, SMALLEST)
