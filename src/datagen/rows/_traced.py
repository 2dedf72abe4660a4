"""Tells how many rows one parent was expected to have, factor by factor, and how many it got."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from datagen.contracts import Block
from datagen.kernel.clock import DAY_US
from datagen.rows._rate import RateRows, Shape

Step = tuple[str, float]  # what acts, and its factor or number


def rate_steps(rows: Any, parent: Block, place: int) -> list[Step]:
    """What makes the expected rows of one parent of a block: numbers that multiply to the last but one, then its count."""
    steps: list[Step] = []
    shape = getattr(rows, "shape", None)
    if isinstance(shape, Shape):
        if isinstance(rows, RateRows):
            steps.append(
                (f"rows per average day: {rows.description.split(';')[0]}", float(rows.per_day(parent)[place]))
            )
        steps += _shape_steps(shape, parent, place)
    elif hasattr(rows, "expected"):
        steps.append((f"rows per parent, on average: {rows.description}", float(rows.expected)))
    if isinstance(rows, RateRows):
        steps.append(("expected rows", float(rows.latent(parent)[place])))
    steps.append(("rows", float(rows(parent)[place])))
    return steps


def _shape_steps(shape: Shape, parent: Block, place: int) -> list[Step]:
    steps = [(f"x {one.text}", float(one.factor(parent)[place])) for one in shape.factors]
    at = slice(place, place + 1)
    start, end = (one[at] for one in shape.interval(parent))
    days = float(end[0] - start[0]) / DAY_US
    steps.append(("x days on which the parent is there", days))
    bare = replace(shape, ages=(), windows=(), stays=())
    before = _days(bare, parent, at)
    steps.append(("x season, trend and noise of these days", before / days if days > 0 else 1.0))
    for place_, age in enumerate(shape.ages):
        bare = replace(shape, ages=shape.ages[: place_ + 1], windows=(), stays=())
        steps.append((f"x {age.text}", _share(before, before := _days(bare, parent, at))))
    if shape.windows:
        bare = replace(shape, stays=())
        steps.append(("x effects", _share(before, before := _days(bare, parent, at))))
    if shape.stays:
        steps.append(("x states", _share(before, _days(shape, parent, at))))
    return steps


def _days(shape: Shape, parent: Block, at: slice) -> float:
    """Average days of one parent, everything in the shape counted."""
    return float(shape.intensity(parent, np.ones(1), at).rows[0])


def _share(before: float, after: float) -> float:
    return after / before if before > 0 else 1.0
