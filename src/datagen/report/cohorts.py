"""Cohorts: what becomes of the entities that came in the same month, by the events they have as they grow older.

Two curves over age: the share of entities with an event, and the rate of events with calendar effects taken out (growth and
seasons act on all ages alike, so ages are compared inside the same stretch of calendar time).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.report.files import Column, Files, moment, plain
from datagen.sinks.manifest import ForeignKey
from datagen.sql.spelling import identifier

SECONDS = {"month": 30.4375 * 86400, "week": 7 * 86400.0, "day": 86400.0}
MOST_AGES = 13  # units of age that are shown
LEAST_ENTITIES = 50
LEAST_EVENTS = 200
OFTEN = 5.0  # events of an entity, from which on the smallest such entity is looked at
ROUNDS = 200  # of the fit; it converges in some ten

Floats = NDArray[np.float64]


def cohorts(files: Files) -> list[dict[str, Any]]:
    """For every entity with a time of creation, and every table of events below it that begins after it."""
    found = []
    for table in files.entries:
        event = files.time_of(table)
        if event is None or files.rows(table) < LEAST_EVENTS:
            continue
        if any(column.role in ("state", "stage", "touchpoint") for column in files.columns[table].values()):
            continue  # they have pictures of their own
        told = [one for key in _entities(files, table) if (one := _curves(files, table, event, key)) is not None]
        often = [one for one in told if one["events_per_entity"] >= OFTEN]
        found += [max(often, key=lambda one: files.rows(one["entity"]))] if often else told[:1]
    return found


def _entities(files: Files, table: str) -> list[ForeignKey]:
    """The keys that lead to something that came into being at a time, and of which there is enough."""
    return [
        key
        for key in files.entries[table].foreign_keys
        if key.table in files.entries and key.table != table
        if files.rows(key.table) >= LEAST_ENTITIES and files.born(key.table) is not None
    ]


def _curves(files: Files, table: str, event: Column, away: ForeignKey) -> dict[str, Any] | None:
    key, entity, to, born = away.column, away.table, away.to_column, files.born(away.table)
    assert born is not None
    start, end = moment(born.low), moment(event.high)
    unit = next((one for one, seconds in SECONDS.items() if (end - start).total_seconds() / seconds >= 6), None)
    if unit is None:
        return None
    length = SECONDS[unit]
    pair = f"{identifier(table)} t join {identifier(entity)} e on t.{identifier(key)} = e.{identifier(to)}"
    age = f"floor((epoch(t.{event.sql}::timestamp) - epoch(e.{born.sql}::timestamp)) / {length})::int"
    early, all_events = files.one(f"select count(*) filter ({age} < 0), count(*) from {pair}")
    if not all_events or early > 0.001 * all_events:
        return None
    (repeats,) = files.one(f"select count(*) / count(distinct {identifier(key)})::double from {identifier(table)}")
    if repeats < 1.5:
        return None
    origin, last = f"epoch(timestamp '{start}')", f"epoch(timestamp '{end}')"
    birth = f"(epoch({born.sql}::timestamp) - {origin}) / {length}"
    steps = int((end - start).total_seconds() / length)
    entities = files.ask(
        f"select floor({birth})::int as b, count(*), sum(1 - ({birth} - floor({birth}))), sum({birth} - "
        f"floor({birth})) "
        f"from {identifier(entity)} where {born.sql} is not null group by 1 order by 1"
    )
    born_in = np.zeros(steps + 2)
    late, soon = np.zeros(steps + 2), np.zeros(steps + 2)
    for b, number, rest, part in entities:
        if 0 <= b <= steps:
            born_in[b], soon[b], late[b] = number, rest, part
    cells = files.ask(
        f"select {age} as k, floor((epoch(t.{event.sql}::timestamp) - {origin}) / {length})::int as p, count(*) "
        f"from {pair} group by 1, 2"
    )
    ages = min(MOST_AGES, steps)
    curve = _rates(cells, soon, late, ages, steps)
    shares = files.ask(
        f"with seen as (select e.{identifier(to)} as c, e.{born.sql}::timestamp as born, {age} as k, count(*) as "
        f"n from {pair} group by 1, 2, 3) "
        f"select date_trunc('{unit}', born)::date::varchar as cohort, k, count(*), sum(n) from seen "
        f"where k between 0 and {ages - 1} and epoch(born) + (k + 1) * {length} <= {last} "
        f"group by 1, 2 order by 1, 2"
    )
    watched = files.ask(
        f"select date_trunc('{unit}', {born.sql}::timestamp)::date::varchar as cohort, k, count(*) "
        f"from {identifier(entity)}, (select unnest(range({ages})) as k) "
        f"where epoch({born.sql}::timestamp) + (k + 1) * {length} <= {last} group by 1, 2 order by 1, 2"
    )
    active = {(cohort, k): (number, events) for cohort, k, number, events in shares}
    triangle = []
    for cohort, k, number in watched:
        seen, events = active.get((cohort, k), (0, 0))
        triangle.append({"cohort": cohort, "age": k, "entities": number, "active": seen, "events": int(events)})
    by_age = []
    for k in range(ages):
        cells_of = [one for one in triangle if one["age"] == k]
        number = sum(one["entities"] for one in cells_of)
        if number < LEAST_ENTITIES:
            break
        seen, events = sum(one["active"] for one in cells_of), sum(one["events"] for one in cells_of)
        rate = curve[k] if k < len(curve) else None
        by_age.append(
            {
                "age": k, "entities": number, "active": plain(seen / number), "events_each": plain(events / number),
                "rate": plain(rate) if rate is not None else None,
            }
        )  # fmt: skip
    if len(by_age) < 3:
        return None
    return {
        "entity": entity, "born": born.name, "table": table, "event": event.name, "unit": unit,
        "events_per_entity": plain(repeats), "by_age": by_age, "triangle": triangle,
    }  # fmt: skip


def _rates(cells: list[tuple[Any, ...]], soon: Floats, late: Floats, ages: int, steps: int) -> list[float]:
    """Rate of events at each age relative to age 0, with what acts on all ages of a stretch of calendar taken out.

    Poisson counts in (age, calendar) cells, expected = exposure x age x calendar, fitted by turns. An entity born at a
    fraction f of stretch b is k to k + 1 units old for 1 - f of stretch b + k and for f of the one after it.
    """
    counts, exposure = np.zeros((ages, steps)), np.zeros((ages, steps))
    for k, p, number in cells:
        if 0 <= k < ages and 0 <= p < steps:
            counts[k, p] += number
    for k in range(ages):
        for p in range(k, steps):
            exposure[k, p] = soon[p - k] + (late[p - k - 1] if p - k >= 1 else 0.0)
    by_age = np.ones(ages)
    for _ in range(ROUNDS):
        weight = (exposure * by_age[:, None]).sum(axis=0)
        calendar = np.divide(counts.sum(axis=0), weight, out=np.zeros(steps), where=weight > 0)
        weight = (exposure * calendar[None, :]).sum(axis=1)
        by_age = np.divide(counts.sum(axis=1), weight, out=np.zeros(ages), where=weight > 0)
    return [float(rate / by_age[0]) for rate in by_age] if by_age[0] > 0 else []
