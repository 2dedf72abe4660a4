"""What one check found: measured, expected, how far apart they may be and why, and the keys of rows that show it.

A check that passes leaves a result too, so that a report says what was looked at, and the score is a sum that can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from datagen.errors import Finding

Group = Literal["constraints", "behaviour", "statistics", "relations"]
Measure = float | int | str | None

BROKEN_SHARE = 0.01  # of the rows: where a violated rule is worth nothing
FAR = 3.0  # tolerances: where a missed value is worth nothing


@dataclass(frozen=True, slots=True)
class Result:
    """One check. place: `table` or `table.column`; about: what should be, in words.

    score: 1 where all is well, 0 where nothing is; None where the data cannot tell, and `reason` says why.
    broken, rows: how many rows break a rule, of how many; examples: their keys. structural: the tables are not what was
    declared. where: path, line, column and json_path of the declaration.
    """

    code: str
    group: Group
    place: str
    about: str
    score: float | None
    measured: Measure = None
    expected: Measure = None
    tolerance: float | None = None
    reason: str = ""
    broken: int = 0
    rows: int | None = None
    examples: tuple[str, ...] = ()
    structural: bool = False
    hint: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether it is as it should be, or cannot be told."""
        return self.score is None or self.score >= 1.0

    @property
    def distance(self) -> float:
        """How bad it is: tolerances, or the share of rows; for the order in which failures are told."""
        return 0.0 if self.score is None else 1.0 - self.score

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON-ready facts."""
        return {
            "code": self.code, "group": self.group, "place": self.place, "about": self.about,
            "status": "not judged" if self.score is None else "passed" if self.passed else "failed",
            "score": None if self.score is None else round(self.score, 4),
            "measured": self.measured, "expected": self.expected, "tolerance": self.tolerance, "reason": self.reason,
            "broken": self.broken, "rows": self.rows, "examples": list(self.examples), "structural": self.structural,
            **({"hint": self.hint} if self.hint else {}), "declared_at": dict(self.where),
        }  # fmt: skip

    def finding(self) -> Finding:
        """A failed check as people read it."""
        found = f"{self.place}: {self._found()}"
        if self.examples:
            found += f" ({', '.join(self.examples)})"
        expected = self.about
        if self.tolerance is not None and not self.broken:
            expected += f": {_spelled(self.expected)} ± {self.tolerance:.3g}, {self.reason}"
        return Finding(self.code, found=found, expected=expected, hint=self.hint, **self.where)

    def _found(self) -> str:
        if self.broken and self.rows and not isinstance(self.measured, str):
            return f"{self.broken:,} of {self.rows:,} rows break it"
        instead = self.tolerance is not None and isinstance(self.measured, int | float)
        return f"{_spelled(self.measured)} instead of {_spelled(self.expected)}" if instead else _spelled(self.measured)


def ruled(
    code: str, group: Group, place: str, about: str, *, broken: int, rows: int, structural: bool = False,
    allowed: float = 0.0, reason: str = "", examples: tuple[str, ...] = (), seen: str = "", **more: Any,
) -> Result:  # fmt: skip
    """A rule that rows keep or break: 1 where none does, down to 0 where one row in a hundred does.

    allowed: rows that may break it, where declared errors of recording do. seen: what is there instead, of a rule that is
    not about rows.
    """
    over = max(broken - allowed, 0.0)
    score = 1.0 - min(1.0, over / rows / BROKEN_SHARE) if over and rows else 0.0 if over else 1.0
    if over and score >= 1.0:
        score = 1.0 - 1e-9  # one row among very many is still a failure
    return Result(
        code, group, place, about, score, measured=seen if seen and broken else broken, expected=0,
        tolerance=allowed or None, reason=reason, broken=broken if over else 0, rows=rows,
        examples=examples if over else (), structural=structural, **more,
    )  # fmt: skip


def closeness(off: float, tolerance: float) -> float:
    """1 inside the tolerance, falling evenly to 0 at three times it."""
    if off <= tolerance:
        return 1.0
    return max(0.0, 1.0 - (off / tolerance - 1.0) / (FAR - 1.0)) if tolerance > 0 else 0.0


def _spelled(value: Measure) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else value or "nothing"
