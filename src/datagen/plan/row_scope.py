"""What a row maker may ask while it is bound: the driving parent's names, the table's own time, what is seated on its rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.ages import AgeCurve
from datagen.plan.scope import PlanScope
from datagen.rows._contract import Ageing, RateFactor
from datagen.schema.model_findings import check_part


class PlanRowScope(PlanScope):
    """A fan-out's scope. `own` is the table whose rows are made; bare names are its driving parent's columns."""

    def __init__(
        self,
        *,
        own: str,
        key: int,
        seed: int,
        time: PlanScope | None = None,
        factors: Sequence[RateFactor] = (),
        ages: Sequence[Ageing] = (),
        leaving: Sequence[AgeCurve] = (),
        creation: str | None = None,
        table_effects: Sequence[tuple[Any, Mapping[str, Any]]] = (),
        creations: Callable[[], NDArray[np.float64] | None] = lambda: None,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.own, self.key, self.seed = own, key, seed
        self.time = time
        self.factors = factors
        self.ages = ages
        self.leaving = leaving
        self.creation = creation
        self.table_effects = table_effects
        self.creations = creations

    @property
    def parent(self) -> str:
        """The driving parent."""
        return self.table

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
