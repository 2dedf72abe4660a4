"""Effects that a schema plants, as an analyst would look for them: the statistic, what it should be, and how sure one can be.

Each row maker and behaviour tells its own. `expected` is the value that the statistic has on average in data of this
size, `standard_error` how far one data set may be from it by chance, `absent` what it would be without the effect. The
SQL measures it on the written tables; it is for people and for tests, never for the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VISIBLE = 4.0  # standard errors between what is expected and what it would be without the effect


@dataclass(frozen=True, slots=True)
class PlantedEffect:
    """One planted effect.

    id: unique and stable, such as `customers.segment.vip.rows`; kind: segment_rows, segment_values, ageing, trend,
    seasonality, …; columns: (table, column)s that take part; statement: in words; statistic: what is measured;
    parameters: as declared.
    """

    id: str
    kind: str
    table: str
    columns: tuple[tuple[str, str], ...]
    parameters: Mapping[str, Any]
    statement: str
    statistic: str
    expected: float
    absent: float
    sql: str
    standard_error: float | None = None
    json_path: str = ""
    loc: tuple[str | int, ...] = ()  # where it is declared in the canonical document, if its sort does not tell
    question: str = ""
    rubric: Mapping[str, Any] = field(default_factory=dict)  # tolerance of an answer, in the statistic's unit
    unsure: str = ""  # why there is no standard error, where that is worth a word

    @property
    def errors(self) -> float | None:
        """Standard errors between the effect and none; None when they are not known."""
        if self.standard_error is None or self.standard_error <= 0:
            return None
        return abs(self.expected - self.absent) / self.standard_error

    @property
    def visible(self) -> bool | None:
        """Whether somebody who looks could see it at this size; None when that is not known."""
        errors = self.errors
        return None if errors is None else errors > VISIBLE

    def as_dict(self) -> dict[str, Any]:
        """As the answer key holds it."""
        return {
            "effect_id": self.id,
            "kind": self.kind,
            "table": self.table,
            "columns": [f"{table}.{column}" for table, column in self.columns],
            "parameters": dict(self.parameters),
            "statement": self.statement,
            "statistic": self.statistic,
            "expected": self.expected,
            "without_the_effect": self.absent,
            "standard_error": self.standard_error,
            "visible": self.visible,
            "how_to_measure": self.sql,
            "question": self.question,
            "rubric": dict(self.rubric),
            "declared_at": self.json_path,
        }
