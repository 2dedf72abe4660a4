"""Tells what channels and the number of touches do to the conversion of journeys, as an analyst would find it.

Expected values come from representative journeys with the chances that the rows are made by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.plan.binding import Binding
from datagen.plan.effects import PlantedEffect
from datagen.plan.model import TablePlan
from datagen.plan.planted_sql import is_written, keys_between, quoted_text
from datagen.rows._journeys import TouchRows

Floats = NDArray[np.float64]
JOURNEYS = 65_536  # representative ones
FEW = 30  # representative journeys on a side that say too little
RAREST = 1e-12  # a chance below this will not be seen in any data set


def planted_journeys(binding: Binding, table: TablePlan) -> Iterator[PlantedEffect]:
    """One effect per channel that has one, and one for the number of touches."""
    rows = binding.counts.get(table.id)
    if not isinstance(rows, TouchRows) or not rows.chain.law.constant:
        return
    draft, chain = binding.tables[table.id], rows.chain
    names = {column.process: column.name for column in draft.columns.values() if column.process is not None}
    keys = keys_between(binding, draft, rows.parent)
    needed = [names.get(role) for role in ("journey", "touchpoint", "converted_at")]
    if keys is None or not all(name is not None and is_written(binding, table.id, name) for name in (keys[0], *needed)):
        return
    journey, channel, converted = (str(name) for name in needed)
    found = chain.imagined(JOURNEYS)
    journeys = table.expected_rows / float(found.touches.mean())
    chances = chain.chances(found)
    grouped = f"""(select (max("{converted}") is not null)::int as converted, count(*) as touches,
    list("{channel}") as channels from "{table.id}" group by "{keys[0]}", "{journey}")"""

    def effect(side: NDArray[np.bool_], other: NDArray[np.bool_], absent: Floats, **facts: Any) -> PlantedEffect | None:
        """Conversion on one side divided by that on the other."""
        parts = [(chances[at], int(at.sum())) for at in (side, other)]
        if any(n < FEW or p.mean() < RAREST for p, n in parts):
            return None
        ratio = float(parts[0][0].mean() / parts[1][0].mean())
        spread = sum(
            (1 - p.mean()) / (p.mean() * journeys * n / JOURNEYS) + p.var() / (p.mean() ** 2 * n) for p, n in parts
        )
        return PlantedEffect(
            table=table.id,
            columns=((table.id, channel), (table.id, converted)),
            expected=ratio,
            absent=float(absent[side].mean() / absent[other].mean()),
            standard_error=ratio * math.sqrt(float(spread)),
            json_path=binding.document.place((*table.loc, "attribution_chain")).json_path,
            rubric={"relative_tolerance": 0.1},
            **facts,
        )

    made: list[PlantedEffect | None] = []
    for code, name in enumerate(chain.channels.values):
        if chain.effects[code] == 0.0:
            continue
        with_it = np.bincount(found.journey, weights=found.channel == code, minlength=JOURNEYS) > 0
        others = chain.effects.copy()
        others[code] = 0.0
        holds = f"list_contains(channels, {quoted_text(name)})"
        made.append(
            effect(
                with_it,
                ~with_it,
                replace(chain, effects=others).chances(found),
                id=f"{table.id}.channel.{name}",
                kind="channel",
                parameters={"channel": name, "log_odds": float(chain.effects[code])},
                statement=f"a touch through {name} adds {chain.effects[code]:g} to the log-odds of a conversion",
                statistic=f"conversion of journeys with a touch through {name}, divided by that of journeys without",
                sql=f"select avg(converted) filter ({holds}) / avg(converted) filter (not {holds}) from {grouped}",
                question=f"How many times as likely is a journey with a touch through {name} to convert?",
            )
        )
    if chain.chance.each != 1.0:
        many = math.ceil(float(found.touches.mean()))
        flat = replace(chain, chance=replace(chain.chance, each=1.0))
        made.append(
            effect(
                found.touches >= many,
                found.touches == 1,
                flat.chances(found),
                id=f"{table.id}.touches",
                kind="touches",
                parameters={"multiplier_per_touch": chain.chance.each, "saturation_at": chain.chance.most},
                statement=f"the chance of a conversion is {chain.chance.each:g} times as high after every further touch",
                statistic=f"conversion of journeys of {many} touches and more, divided by that of journeys of one",
                sql=f"""select avg(converted) filter (touches >= {many}) / avg(converted) filter (touches = 1)
from {grouped}""",
                question=f"How many times as likely is a journey of {many} touches or more to convert as one of a single touch?",
            )
        )
    yield from (one for one in made if one is not None)
