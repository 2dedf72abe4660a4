"""Figures beside the ones that were declared, and how far chance may take them apart before anybody is alarmed.

A figure fails when it is further off than the larger of two widths: k standard errors, and what is of no consequence in
practice. k grows with the number of figures in a run (Bonferroni), so that all of them together raise a false alarm in
one sound data set of a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen.checks.result import FAR, Group, Result, closeness
from datagen.kernel.elementary import normal_quantile

FALSE_ALARMS = 0.001  # sound data sets in which any figure at all fails
LEAST_FIGURES = 300  # k is that of so many, also in runs of fewer: one more check must not change another's verdict


@dataclass(frozen=True, slots=True)
class Point:
    """One number: what the files show, what was declared, its standard error, and the width that means nothing.

    ratio: of two figures above 0, which chance takes further up than down: its logarithm is what is spread evenly.
    """

    measured: float
    expected: float
    error: float
    practical: float = 0.0
    name: str = ""
    ratio: bool = False

    def width(self, k: float) -> float:
        """How far the measured figure may be off, on its side, for k standard errors."""
        if self.ratio and self.measured > self.expected > 0:
            by_chance = self.expected * math.expm1(min(k * self.error / self.expected, 50.0))
        else:
            by_chance = k * self.error
        return max(by_chance, self.practical)


@dataclass(frozen=True, slots=True)
class Figure:
    """One check of numbers, judged by the worst of its points. unjudged: why it cannot be, where it cannot."""

    code: str
    group: Group
    place: str
    about: str
    points: Sequence[Point] = ()
    unjudged: str = ""
    practice: str = ""  # what the practical width is
    measured: float | None = None  # of one that is not judged
    expected: float | None = None
    hint: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)


def errors_allowed(figures: int) -> float:
    """Standard errors that each of so many figures may be off, for one false alarm in a thousand runs of all of them."""
    import numpy as np

    share = FALSE_ALARMS / (2 * max(figures, LEAST_FIGURES))
    return float(-normal_quantile(np.array([share]))[0])


def share_error(share: float, n: int) -> float:
    """The standard error of a share of n rows, larger by what few rows are skewed (Cornish and Fisher) and uneven by one."""
    k = errors_allowed(LEAST_FIGURES)
    skewed = (k * k - 1) / 6 * abs(1 - 2 * share) / n
    return math.sqrt(share * (1 - share) / n) + (skewed + 0.5 / n) / k


def judged(figures: Iterable[Figure]) -> list[Result]:
    """The results of all figures of a run, in their order."""
    every = list(figures)
    k = errors_allowed(sum(len(one.points) for one in every))
    return [_judged(one, k) for one in every]


def _judged(one: Figure, k: float) -> Result:
    more: dict[str, Any] = {"hint": one.hint, "where": one.where}
    points = [point for point in one.points if math.isfinite(point.measured) and math.isfinite(point.error)]
    if not points or one.unjudged:
        reason = one.unjudged or "there is nothing to measure it on"
        return Result(
            one.code, one.group, one.place, one.about, None, one.measured, one.expected, reason=reason, **more
        )
    worst = max(points, key=lambda point: _distance(point, k))
    width = worst.width(k)
    score = closeness(abs(worst.measured - worst.expected), width)
    name = f" ({worst.name})" if worst.name else ""
    by_chance = f"{k:.2g} standard errors of {worst.error:.3g}"
    reason = one.practice if width == worst.practical and width > 0 else by_chance
    return Result(
        one.code, one.group, one.place, one.about + name, score, worst.measured, worst.expected, width, reason, **more
    )


def _distance(point: Point, k: float) -> float:
    width = point.width(k)
    off = abs(point.measured - point.expected)
    return off / width if width > 0 else (0.0 if off == 0 else FAR)
