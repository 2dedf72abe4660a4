"""Tells how much sooner a segment adopts, as an analyst would find it: who has adopted when half of the others have."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from datagen.plan.binding import Binding
from datagen.plan.effects import PlantedEffect
from datagen.plan.model import TablePlan
from datagen.plan.planted_sql import is_written, keys_between, quoted_text
from datagen.rows._adopters import Adopters, AdoptionRows
from datagen.schema.times import show_time

MOMENTS = 400  # of the window among which the day of the comparison is chosen


def planted_adoption(binding: Binding, table: TablePlan) -> Iterator[PlantedEffect]:
    """One effect per segment that is faster or slower than the commonest of those that are neither."""
    rows = binding.counts.get(table.id)
    if not isinstance(rows, AdoptionRows) or rows.guessed or rows.variation is None or rows.variation.shares is None:
        return
    draft, column, shares = binding.tables[table.id], rows.variation.name, rows.variation.shares
    adopters = rows.adopters
    plain = [name for name in shares if rows.speeds.get(name, 1.0) == 1.0]
    keys = keys_between(binding, draft, rows.parent)
    time = next((one.name for one in draft.columns.values() if one.process == "time"), None)
    if not plain or keys is None or time is None or "." in column:
        return
    if not all(is_written(binding, *one) for one in ((table.id, keys[0]), (table.id, time), (rows.parent, column))):
        return
    reference = max(plain, key=lambda name: shares[name])
    assert isinstance(adopters, Adopters)  # a cascade has no segments
    exposure = adopters.exposure
    moments = np.linspace(exposure.start, exposure.end, MOMENTS + 1)[1:]
    reached = [adopters.share_by(float(moment), rows.begins, 1.0) for moment in moments]
    place = int(np.searchsorted(np.array(reached), reached[-1] / 2))
    moment = int(moments[place]) // 1_000_000 * 1_000_000
    parents = binding.expected_rows(rows.parent)
    base = adopters.share_by(moment, rows.begins, 1.0)
    for name, speed in rows.speeds.items():
        share = adopters.share_by(moment, rows.begins, speed)
        if speed == 1.0 or min(base, share) <= 0 or min(shares.get(name, 0.0), shares[reference]) <= 0:
            continue
        sides = ((share, shares[name] * parents), (base, shares[reference] * parents))
        when = show_time(moment)
        yield PlantedEffect(
            id=f"{table.id}.acceleration.{name}",
            kind="acceleration",
            table=table.id,
            columns=((rows.parent, column), (table.id, time)),
            parameters={"value": name, "speed": speed, "reference": reference},
            statement=f"{rows.parent} with {column} {name} adopt {speed:g} times as fast as others",
            statistic=f"share of {name} that has adopted before {when}, divided by that of {reference}",
            expected=share / base,
            absent=1.0,
            standard_error=share / base * math.sqrt(sum((1 - p) / (p * n) for p, n in sides)),
            json_path=binding.document.place((*table.loc, "adoption_model", "acceleration")).json_path,
            sql=f"""select avg(adopted) filter (segment = {quoted_text(name)})
    / avg(adopted) filter (segment = {quoted_text(reference)})
from (select e."{column}"::varchar as segment, coalesce(min(t."{time}") < timestamp '{when.rstrip("Z")}', false)::int as adopted
    from "{rows.parent}" as e left join "{table.id}" as t on t."{keys[0]}" = e."{keys[1]}" group by e."{keys[1]}", 1)""",
            question=f"How many times as many of {name} as of {reference} had adopted before {when}?",
            rubric={"relative_tolerance": 0.1},
        )
