"""The quality score: 0 to 100, a weighted mean of four groups of checks, with every line of the sum.

    0.45 constraints + 0.25 behaviour + 0.20 statistics + 0.10 relations

A group is the mean of its checks that could be judged; the weight of a group without any is spread over the others. A
structural failure caps the total at 50: nothing else that is measured on such tables means much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datagen.checks.result import Group, Result

WEIGHTS: dict[Group, float] = {"constraints": 0.45, "behaviour": 0.25, "statistics": 0.20, "relations": 0.10}
CAP = 50.0
LEAST = 80.0  # points that are good enough unless a user says otherwise


@dataclass(frozen=True, slots=True)
class Part:
    """One group: its declared weight, the weight that it has when empty groups are spread, the mean of its checks."""

    group: Group
    weight: float
    share: float
    mean: float | None
    checks: int
    failed: int

    @property
    def points(self) -> float:
        return 0.0 if self.mean is None else 100.0 * self.share * self.mean


@dataclass(frozen=True, slots=True)
class Score:
    """The sum. capped: by a structural failure."""

    parts: tuple[Part, ...]
    total: float
    capped: bool

    def as_dict(self) -> dict[str, Any]:
        """The score as JSON-ready facts."""
        parts = [
            {
                "group": part.group, "weight": part.weight, "weight_used": round(part.share, 4),
                "mean": None if part.mean is None else round(part.mean, 4), "points": round(part.points, 2),
                "checks": part.checks, "failed": part.failed,
            }
            for part in self.parts
        ]  # fmt: skip
        return {"total": self.total, "capped": self.capped, "parts": parts}

    def lines(self) -> list[str]:
        """The sum as people read it."""
        lines = []
        for part in self.parts:
            if part.mean is None:
                lines.append(f"  {part.group:<11}  {part.weight:.2f}  no checks, its weight goes to the others")
                continue
            failed = f", {part.failed} failed" if part.failed else ""
            lines.append(
                f"  {part.group:<11}  {part.share:.3f} x {100 * part.mean:6.2f} = {part.points:6.2f}  "
                f"mean of {part.checks:,} check{'s' if part.checks != 1 else ''}{failed}"
            )
        lines.append(f"  {'score':<11}  {self.total:.1f} of 100")
        if self.capped:
            lines.append(f"  capped at {CAP:.0f}: the structure of the tables is not what was declared")
        return lines


def score_of(results: Sequence[Result]) -> Score:
    """The score of some checks; 0 where nothing could be judged."""
    judged = {group: [one for one in results if one.group == group and one.score is not None] for group in WEIGHTS}
    whole = sum(WEIGHTS[group] for group, own in judged.items() if own)
    parts = tuple(
        Part(
            group, weight, weight / whole if judged[group] else 0.0, _mean(judged[group]), len(judged[group]),
            sum(not one.passed for one in judged[group]),
        )
        for group, weight in WEIGHTS.items()
    )  # fmt: skip
    total = sum(part.points for part in parts)
    capped = total > CAP and any(one.structural and not one.passed for one in results)
    flawless = all(one.passed for one in results)
    rounded = round(CAP if capped else total, 1)
    return Score(parts, rounded if flawless else min(rounded, 99.9), capped)  # 100 says that nothing is wrong


def _mean(results: Sequence[Result]) -> float | None:
    if not results:
        return None
    return sum(one.score for one in results if one.score is not None) / len(results)
