"""What a row maker may ask while it is bound: the driving parent's names, the table's own time, what is seated on its rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, ColumnType
from datagen.kernel.ages import AgeCurve
from datagen.plan.graphs import ends_of
from datagen.plan.names import find_table
from datagen.plan.scope import PlanScope
from datagen.plan.some_rows import SomeRows
from datagen.rows._anomalies import AnomalyLabel
from datagen.rows._arms import Arms
from datagen.rows._contract import Ageing, RateFactor, Variation
from datagen.schema.model_findings import check_part


class PlanRowScope(PlanScope):
    """A fan-out's scope. `own` is the table whose rows are made; bare names are its driving parent's columns."""

    def __init__(
        self,
        *,
        own: str,
        key: int,
        time: PlanScope | None = None,
        factors: Sequence[RateFactor] = (),
        ages: Sequence[Ageing] = (),
        leaving: Sequence[AgeCurve] = (),
        life: tuple[Sequence[str], Sequence[str]] = ((), ()),
        creation: str | None = None,
        table_effects: Sequence[tuple[Any, Mapping[str, Any]]] = (),
        creations: Callable[[], NDArray[np.float64] | None] = lambda: None,
        begin: str | None = None,
        begins: Callable[[], NDArray[np.float64] | None] = lambda: None,
        time_type: ColumnType | None = None,
        filled: Mapping[str, str] | None = None,
        find_variation: Callable[[PlanRowScope, Sequence[str], str], Variation | None] | None = None,
        rows_of: Callable[[str], Any] | None = None,
        makers: Mapping[str, tuple[str, Any]] | None = None,
        fanout_beside: Any = None,
        anomalies: list[AnomalyLabel] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.fanout_beside = fanout_beside
        self.anomalies = [] if anomalies is None else anomalies
        self.own, self.key = own, key
        self.time = time
        self.factors = factors
        self.ages = ages
        self.leaving = leaving
        self.arms: Sequence[Any] = ()  # what experiments change from a moment on (datagen.rows._rate.Windows)
        self.chances = Arms()
        self.life = life
        self.creation = creation
        self.table_effects = table_effects
        self.creations = creations
        self.begin = begin
        self.begins = begins
        self.time_type = time_type
        self.filled = filled or {}
        self._find_variation = find_variation
        self._rows_of = rows_of
        self._makers = makers or {}

    @property
    def parent(self) -> str:
        """The driving parent."""
        return self.table

    def some(self, block: Block, places: NDArray[np.int64]) -> Block:
        """Rows of a block by place, as a block of their own."""
        return SomeRows(block, places)

    def variation(self, names: Sequence[str], key: str) -> Variation | None:
        """The column whose values are the segments that a process names; None after a refusal at `key`."""
        if self._find_variation is None:
            raise AssertionError(f"{self.own} has no parent whose segments it could vary by")
        return self._find_variation(self, names, key)

    def made_by(self, word: str) -> dict[str, str]:
        """Tables that a row maker makes, each with its driving parent."""
        return {table: self.tables[table].parent or "" for table, (maker, _) in self._makers.items() if maker == word}

    def rows_of(self, table: str) -> Any:
        """The bound rows of another table, None where there are none (yet)."""
        if self._rows_of is None:
            raise AssertionError(f"the rows of {table} were asked for by {self.own}, which knows no other table")
        return self._rows_of(table)

    def edges_of(self, graph: str) -> tuple[str, str, str, str] | None:
        """(table, the table whose rows it joins, column of the source, column of the target); None where it is no graph."""
        table = find_table(self.tables, graph)
        ends = [] if table is None else ends_of(table)
        if table is None or len(ends) < 2 or ends[0].points_to is None:
            return None
        return table.id, ends[0].points_to[0], ends[0].name, ends[1].name

    def graphs_of(self, of: str) -> tuple[str, ...]:
        """The graphs that join the rows of a table."""
        found = {name: self.edges_of(name) for name in self.tables}
        return tuple(name for name, edges in found.items() if edges is not None and edges[1] == of)

    def beside(self, key: str) -> PlanRowScope:
        """The same scope, its findings placed at another key of the table."""
        other = copy(self)
        other.loc = (*self.loc[:-1], key)
        return other

    def at(self, steps: tuple[str | int, ...]) -> PlanRowScope:
        """The same scope, its findings placed at a key further inside."""
        inner = copy(self)
        inner.loc = (*self.loc, *steps)
        return inner

    def part(self, model: Any, params: Mapping[str, Any]) -> Any:
        """The parameters of a part as its model, or None after a refusal."""
        made, findings = check_part(model, params, self.document, self.loc)
        self.findings.extend(findings)
        return made
