"""What units would have under each arm of an experiment, from the same draws: rows, stages reached, the time of loss.

They are labels of the driving parent in the truth set. A unit that is in an arm has there what the files show of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from datagen.contracts import Block, Fill, Values
from datagen.plan.arms import Supposed
from datagen.plan.binding import Binding
from datagen.rows._contract import Filler


def outcomes_of(binding: Binding, table: str) -> Mapping[str, Filler]:
    """Labels of the driving parent of a table whose rows experiments change, by name."""
    rows = binding.counts.get(table)
    effects = [*binding.trials.rates.get(table, ()), *binding.trials.chances.get(table, ())]
    found: dict[str, Filler] = {}
    for name, arms in {one.name: one.arms for one in effects}.items():
        for arm in arms:
            end = f"of_{re.sub(r'[^A-Za-z0-9_]', '_', table)}_if_{re.sub(r'[^A-Za-z0-9_]', '_', arm)}"
            taken = {name: arm}
            if binding.trials.rates.get(table):
                found[f"rows_{end}"] = ("int", _under(lambda parent, rows=rows: Values("int", rows(parent)), taken))
            for what, (type_, fill) in getattr(rows, "outcomes", {}).items():
                found[f"{what}_{end}"] = (type_, _under(fill, taken))
    return found


def _under(fill: Any, arms: Mapping[str, str]) -> Fill:
    def filled(parent: Block) -> Values:
        key = ("supposed", *sorted(arms.items()))
        found: Values = fill(parent.memo(key, lambda: Supposed(parent, arms)))
        return found

    return filled
