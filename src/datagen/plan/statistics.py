"""Statistics that files should show beside the planted effects: how long stages take, when a novelty is adopted.

They are measured as the effects are, by SQL with an expected value and its standard error, but no analyst is asked for
them: the answer key names one figure of each, these are the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from datagen.plan.binding import Binding
from datagen.plan.effects import PlantedEffect
from datagen.plan.model import TablePlan
from datagen.plan.planted_sql import is_written, keys_between
from datagen.schema.times import show_time

SHARES = (0.25, 0.5, 0.75)  # of those who adopt in the window, at whose moments the curve is looked at


def statistics(binding: Binding, tables: Mapping[str, TablePlan]) -> tuple[PlantedEffect, ...]:
    """Those of all tables, in their order."""
    found: list[PlantedEffect] = []
    for table in tables.values():
        word = binding.makers.get(table.id, ("",))[0]
        if word == "adoption_model":
            found += _adoption(binding, table)
        elif word == "stage_config":
            from datagen.plan.planted_processes import dwell_effects

            found += dwell_effects(binding, table, tables)
    return tuple(found)


def _adoption(binding: Binding, table: TablePlan) -> Iterator[PlantedEffect]:
    """The share of all parents that has adopted by some moments: a curve of its own p and q, and its ceiling."""
    from datagen.rows._adopters import Adopters, AdoptionRows

    rows = binding.counts.get(table.id)
    if not isinstance(rows, AdoptionRows) or rows.guessed or not isinstance(rows.adopters, Adopters):
        return
    draft, adopters = binding.tables[table.id], rows.adopters
    keys = keys_between(binding, draft, rows.parent)
    time = next((one.name for one in draft.columns.values() if one.process == "time"), None)
    shares = {"": 1.0} if rows.variation is None else rows.variation.shares
    if keys is None or time is None or shares is None or not is_written(binding, table.id, time):
        return
    if not is_written(binding, table.id, keys[0]) or not is_written(binding, rows.parent, keys[1]):
        return

    def by(moment: float) -> float:
        return sum(
            share * adopters.share_by(moment, rows.begins, rows.speeds.get(name, 1.0)) for name, share in shares.items()
        )

    exposure, parents = adopters.exposure, binding.expected_rows(rows.parent)
    moments = np.linspace(exposure.start, exposure.end, 401)[1:]
    reached = np.array([by(float(moment)) for moment in moments])
    for part in SHARES:
        moment = int(moments[int(np.searchsorted(reached, part * reached[-1]))]) // 1_000_000 * 1_000_000
        share, when = by(moment), show_time(moment).rstrip("Z")
        if not 0 < share < 1:
            continue
        yield PlantedEffect(
            id=f"{table.id}.adopted.{part:g}",
            kind="adopted",
            table=table.id,
            columns=((table.id, time), (table.id, keys[0])),
            parameters={},
            statement=f"{share:.1%} of {rows.parent} have adopted before {when}",
            statistic=f"share of {rows.parent} with a row of {table.id} before {when}",
            expected=share,
            absent=0.0,
            standard_error=math.sqrt(share * (1 - share) / max(parents, 1.0)),
            loc=table.loc,
            sql=f"""select count(distinct "{keys[0]}") filter ("{time}" < timestamp '{when}')
    / (select count(*) from "{rows.parent}")::double from "{table.id}\"""",
        )
