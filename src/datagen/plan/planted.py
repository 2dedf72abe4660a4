"""Tells the effects of segments, ages, trends and seasons that a plan plants, with what an analyst should find.

Expected values come from the same calendars and curves that make the rows, over representative creation times, so that
they are right where one effect meets another (a trend of the total, a cohort that is cut by the window's end).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import clock
from datagen.kernel.clock import DAY_US
from datagen.kernel.intensity import Intensity
from datagen.plan.behaviors import AgeFactor, Behaviors, Factors, factors_above
from datagen.plan.binding import Binding
from datagen.plan.clamped import clamped_rows, say_dilution
from datagen.plan.drafts import time_column_of
from datagen.plan.effects import PlantedEffect
from datagen.plan.emits import BETWEEN
from datagen.plan.model import TablePlan
from datagen.plan.names import TableDraft, ancestors
from datagen.plan.planted_emits import written_emit
from datagen.plan.planted_picks import picked_spread
from datagen.plan.planted_sql import is_written, join_to, quoted_text, reference_of
from datagen.plan.planted_together import planted_together
from datagen.plan.planted_values import planted_values
from datagen.plan.population import Population, looked_at, population_of

Floats = NDArray[np.float64]
MONTHS_LEFT_OUT = 2  # at the start of a trend of the total, whose rate is held there


def planted_effects(
    binding: Binding, behaviors: Behaviors, tables: Mapping[str, TablePlan]
) -> tuple[PlantedEffect, ...]:
    """Everything that is planted, in the order of the tables."""
    found: list[PlantedEffect] = []
    for table in tables.values():
        rows = binding.counts.get(table.id)
        population = population_of(binding, table.id)
        looked = looked_at(binding, table, population)
        found += _segment_rows(binding, behaviors, table, tables, looked)
        found += planted_values(binding, behaviors, table)
        found += planted_together(binding, table, population)
        found += _of_process(binding, table, tables)
        if looked is not None:
            found += _ageing(binding, behaviors, table, looked)
            found += _growth(binding, table, looked, tables)
            found += _season(binding, table, looked)
        found += _of_maker(binding, table)
        found += list(getattr(rows, "effects", ()) or ())
    return tuple(found)


def _of_process(binding: Binding, table: TablePlan, tables: Mapping[str, TablePlan]) -> Iterator[PlantedEffect]:
    """What stages, states and lives plant; their modules are loaded where a table has them."""
    if binding.makers.get(table.id, ("",))[0] in ("stage_config", "state_transition_model", "lifecycle_model"):
        from datagen.plan.planted_processes import process_effects

        yield from process_effects(binding, table, tables)


def _of_maker(binding: Binding, table: TablePlan) -> Iterator[PlantedEffect]:
    """What journeys and adoption plant, likewise."""
    match binding.makers.get(table.id, ("",))[0]:
        case "attribution_chain":
            from datagen.plan.planted_journeys import planted_journeys

            yield from planted_journeys(binding, table)
        case "adoption_model":
            from datagen.plan.planted_adoption import planted_adoption

            yield from planted_adoption(binding, table)


def _segment_rows(
    binding: Binding,
    behaviors: Behaviors,
    table: TablePlan,
    tables: Mapping[str, TablePlan],
    population: Population | None,
) -> Iterator[PlantedEffect]:
    from datagen.plan.segments import shares_of

    draft = binding.tables[table.id]
    seats: list[Factors] = list(behaviors.rates.get(table.id, ()))
    for (owner, _), picks in behaviors.picks.items():
        if owner == table.id:
            seats += [one for one in picks if isinstance(one, Factors)]
    for one in seats:
        column = binding.tables[one.entity].columns[one.column]
        shares = shares_of(binding, column)
        emitted = written_emit(binding, draft, one.entity) if draft.emits else None
        join = join_to(binding, draft, one.entity) if emitted is None else emitted.join
        if shares is None or join is None or not is_written(binding, one.entity, one.column):
            continue
        written = table.id if emitted is None else emitted.stream
        rows = f"{table.id} rows" if emitted is None else f"{emitted.stream} rows of {emitted.name}"
        reference = reference_of(one, shares)
        if reference is None:
            continue
        entities = tables[one.entity].expected_rows
        # the same segments may have more rows already in the tables between, and all of it shows per row of the entity
        above = factors_above(behaviors, binding.tables, draft, one)
        usual = above.get(reference, 1.0)
        if not usual:
            continue
        mean = sum(share * one.by_value.get(value, 1.0) * above.get(value, 1.0) for value, share in shares.items())
        each = table.expected_rows / entities / mean * usual if entities and mean else 0.0
        picked = one not in behaviors.rates.get(table.id, ())  # a share of the rows there are, whoever has them
        spread = picked_spread(binding, table, one) if picked else _spread(population, one)
        clamped = None if picked else clamped_rows(binding, behaviors, table, one, population)
        told = [
            value for value in one.by_value if one.by_value[value] != 1.0 and value in shares and value != reference
        ]
        if clamped is not None:
            say_dilution(binding, table, one, reference, dict.fromkeys(told, clamped))
        for value in told:
            factor = one.by_value[value]
            n, m = entities * shares[value], entities * shares[reference]
            error, ratio = None, factor if clamped is None else clamped.ratio(factor)
            compound = above.get(value, 1.0) / usual
            seen = None if picked or clamped is not None else seen_ratio(population, one, value, reference, entities)
            if seen is not None:
                ratio, error = seen
            elif not picked and draft.parent != one.entity:
                ratio *= compound  # how unequal the tables between are is not known here: there is no error to tell
            elif population is not None and population.tied:
                error = None
            elif clamped is not None:
                error = clamped.error(factor, n, m)
            elif n > 0 and m > 0 and each > 0 and factor > 0 and spread is not None:
                error = factor * math.sqrt((1.0 / (each * factor) + spread) / n + (1.0 / each + spread) / m)
            quoted, base = quoted_text(value), quoted_text(reference)
            yield PlantedEffect(
                id=f"{one.entity}.{one.column}.{value}.rows_of_{table.id.replace(BETWEEN, '.')}",
                kind="segment_rows",
                table=written,
                columns=((one.entity, one.column),),
                parameters={"value": value, "factor": factor, "reference": reference},
                statement=f"{one.entity} with {one.column} {value} have {factor * compound:g} times as many {rows}",
                statistic=f"{rows} per {one.entity} with {value}, divided by those with {reference}",
                expected=ratio,
                absent=1.0,
                standard_error=error,
                sql=f"""with counted as (select e."{one.column}" as v, count(*) as n from {join} group by 1),
owners as (select "{one.column}" as v, count(*) as n from "{one.entity}" group by 1)
select (select n from counted where v::varchar = {quoted}) * (select n from owners where v::varchar = {base})
    / ((select n from owners where v::varchar = {quoted}) * (select n from counted where v::varchar = {base}))::double""",
                question=f"How many times as many {rows} does {value} have as {reference}?",
                rubric={"relative_tolerance": 0.1},
            )


def _spread(population: Population | None, one: Factors) -> float:
    """Squared coefficient of variation of the expected rows between parents of one segment."""
    if population is None:
        return 0.0
    own = one.second / one.mean**2 if one.second is not None and one.mean else 1.0
    return max((1.0 + population.spread) * population.uneven / own - 1.0, 0.0)


def _ageing(
    binding: Binding, behaviors: Behaviors, table: TablePlan, population: Population
) -> Iterator[PlantedEffect]:
    draft = binding.tables[table.id]
    time = time_column_of(draft)
    if time is None:
        return
    seats: list[AgeFactor] = list(behaviors.ages.get(table.id, ()))
    for entity in behaviors.leaving.get(table.id, ()):
        seats += behaviors.departed.get(entity, ())
    done: set[tuple[str, str]] = set()
    for one in seats:
        join = join_to(binding, draft, one.entity)
        if join is None or (one.entity, one.name) in done or one.entity not in (table.parent, *_above(binding, draft)):
            continue
        done.add((one.entity, one.name))
        unit = one.curve.unit
        last = max(1, min(len(one.curve.steps) - 1 if one.curve.steps else 6, 12))
        end = int(population.intensity.calendar.end)
        whole = population.created + (last + 1) * unit <= end  # lived through the last bin inside the window
        if whole.mean() < 0.02:
            continue
        first = _rows_between(population, whole, 0, unit)
        late = _rows_between(population, whole, last * unit, (last + 1) * unit)
        if first <= 0 or late <= 0:
            continue
        parents = table.expected_rows / max(population.intensity.rows.mean(), 1e-300)
        n0, nk = first * parents, late * parents
        ratio = late / first
        seconds = unit / 1_000_000
        yield PlantedEffect(
            id=f"{one.entity}.{one.name}.{table.id}",
            kind="ageing",
            table=table.id,
            columns=((one.entity, one.created), (table.id, time)),
            parameters={"curve": list(one.curve.steps) or "formula", "unit_days": unit / DAY_US, "mode": one.mode},
            statement=f"{table.id} rows of {one.entity} fall with its age ({one.name}, {one.mode})",
            statistic=f"{table.id} rows in age unit {last}, divided by those in unit 0, of {one.entity} seen that long",
            expected=ratio,
            absent=_absent_ratio(population, whole, unit, last),
            standard_error=None
            if population.disturbed
            else ratio * math.sqrt(1 / n0 + 1 / nk + _apart(population, whole, first, late, parents, last, unit)),
            sql=f"""with aged as (
    select floor(epoch(t."{time}" - e."{one.created}") / {seconds:.0f}) as age from {join}
    where epoch(e."{one.created}") + {(last + 1) * seconds:.0f} <= {end / 1e6:.0f})
select count(*) filter (age = {last}) / count(*) filter (age = 0)::double from aged""",
            question=f"How many {table.id} rows does a {one.entity} have in its age unit {last}, relative to unit 0?",
            rubric={"absolute_tolerance": 0.03},
        )


def _rows_between(population: Population, whole: NDArray[np.bool_], low: int, high: int) -> float:
    """Expected rows per parent in an interval of age, of parents seen long enough."""
    return float(_aged(population, low, high)[whole].sum()) / len(whole)


def _aged(population: Population, low: int, high: int) -> Floats:
    """(n,) expected rows of each parent in an interval of age."""
    before = population.intensity.until(population.created + low)
    after = population.intensity.until(population.created + high)
    return after - before


def _apart(
    population: Population, whole: NDArray[np.bool_], first: float, late: float, parents: float, last: int, unit: int
) -> float:
    """What parents that differ add to the squared relative error of rows at a late age by rows at the first."""
    if population.block is None:
        return population.spread / max(parents * float(whole.mean()), 1.0)
    # a parent with a higher rate has more of both: what varies is how far its late rows are from the ratio of all
    off = np.where(
        whole, _aged(population, last * unit, (last + 1) * unit) / late - _aged(population, 0, unit) / first, 0
    )
    return population.unsure(parents) * float((off * off).mean()) / max(parents, 1.0)


def _absent_ratio(population: Population, whole: NDArray[np.bool_], unit: int, last: int) -> float:
    """What the statistic would be if age did nothing: only the calendar acts."""
    calendar = population.intensity.calendar
    start = population.created[whole]
    group = None if population.intensity.group is None else population.intensity.group[whole]
    days = [calendar.days(start + k * unit, group) for k in (0, 1, last, last + 1)]
    first = float((days[1] - days[0]).sum())
    return float((days[3] - days[2]).sum()) / first if first > 0 else 1.0


def _above(binding: Binding, draft: TableDraft) -> tuple[str, ...]:
    return tuple(ancestors(binding.tables, draft))


def _growth(
    binding: Binding, table: TablePlan, population: Population, tables: Mapping[str, TablePlan]
) -> Iterator[PlantedEffect]:
    """The slope of log monthly rows, where a trend of rate or total is declared."""
    spec = binding.drafting.nodes[table.id].get("fanout")
    trends = [
        one.get("args") or {}
        for one in (spec.get("multipliers") or () if isinstance(spec, Mapping) else ())
        if one.get("transform") == "trend"
    ]
    time = time_column_of(binding.tables[table.id])
    if not trends or time is None or binding.timeframe is None:
        return
    start, end = binding.timeframe.start, binding.timeframe.end
    ends = np.array([start, end], dtype=np.int64)
    first, last = (int(one) for one in clock.month_index(ends))
    if int(clock.month_start(np.array([first]))[0]) < start:
        first += 1
    first += MONTHS_LEFT_OUT
    months = np.arange(first, last + 1, dtype=np.int64)
    edges = clock.month_start(months)
    if len(months) < 4:
        return
    running = np.stack([population.intensity.until(np.full(len(population.created), edge)) for edge in edges], axis=1)
    monthly = np.diff(running, axis=1)  # (parents, months)
    each = float(population.intensity.rows.mean())
    if not each > 0:  # no rows, no growth
        return
    parents = table.expected_rows / each
    expected = monthly.mean(axis=0) * parents
    if (expected <= 0).any():
        return
    x = np.arange(len(expected), dtype=np.float64)
    slope, error = slope_of(x, np.log(expected), 1.0 / expected)
    # parents keep their rate from month to month: what one of them adds to the slope varies as a whole
    centred = x - x.mean()
    added = (monthly / expected) @ (centred / float((centred * centred).sum()))
    between = parents * max(population.uneven * float((added * added).mean()) - float(added.mean()) ** 2, 0.0)
    error = math.sqrt(error * error + population.unsure(parents) * between)
    flat = np.diff(np.array([float(_untrended(population, edge)) for edge in edges]))
    absent = slope_of(x, np.log(np.maximum(flat, 1e-300)), 1.0 / expected)[0]
    for args in trends[:1]:
        yield PlantedEffect(
            id=f"{table.id}.trend",
            kind="trend",
            table=table.id,
            columns=((table.id, time),),
            parameters={key: args[key] for key in ("type", "growth_rate", "time_unit", "applies_to") if key in args},
            statement=f"{table.id} rows per month grow by {math.expm1(slope):.2%} a month",
            statistic="slope of the logarithm of monthly rows, first months left out",
            expected=slope,
            absent=absent if args.get("applies_to") != "total" else 0.0,
            standard_error=None if population.disturbed else error,
            sql=f"""with monthly as (
    select date_diff('month', timestamp '1970-01-01', "{time}"::timestamp) as m, count(*) as n from "{table.id}" group by 1)
select regr_slope(ln(n), m) from monthly where m >= {first} and m < {last}""",
            question=f"By how much do monthly {table.id} rows grow from month to month (as a logarithm)?",
            rubric={"relative_tolerance": 0.1},
        )


def _untrended(population: Population, edge: int) -> float:
    """Share of parents' plain days up to a moment: what acquisition and ageing alone would give."""
    intensity = population.intensity
    return float(np.clip(edge - intensity.start, 0, intensity.end - intensity.start).mean()) / DAY_US


def slope_of(x: Floats, y: Floats, variance: Floats) -> tuple[float, float]:
    """Slope of a plain regression and its standard error, given the variance of each y."""
    centred = x - x.mean()
    whole = float((centred * centred).sum())
    return float((centred * y).sum()) / whole, math.sqrt(float((centred**2 * variance).sum())) / whole


def _season(binding: Binding, table: TablePlan, population: Population) -> Iterator[PlantedEffect]:
    """The busiest weekday or hour against an average one, where weights are declared."""
    draft = binding.tables[table.id]
    time = time_column_of(draft)
    if time is None or population.intensity.calendar.groups > 1:
        return  # with local times of several zones no hour stands out in UTC
    declared: list[Mapping[str, Any]] = []
    column = draft.columns[time]
    pattern = column.params.get("pattern")
    for one in pattern if isinstance(pattern, list) else [pattern] if pattern else []:
        declared.append(one)
    declared += [args for word, args in column.modifiers if word == "seasonality"]
    spec = binding.drafting.nodes[table.id].get("fanout")
    for step in (spec.get("multipliers") or ()) if isinstance(spec, Mapping) else ():
        if step.get("transform") == "seasonality":
            declared.append(step.get("args") or {})
    parts = {"dow": ("isodow({}) - 1", clock.dow, 7), "hour": ("hour({})", clock.hour, 24)}
    for one in declared:
        dimension, weights = str(one.get("dimension")), one.get("weights")
        if dimension not in parts or not weights or one.get("timezone") is not None:
            continue  # local hours do not stand out in UTC
        text, place, size = parts[dimension]
        calendar = population.intensity.calendar
        if calendar.step > 3_600_000_000 and dimension == "hour":
            continue
        mass = np.bincount(place(calendar.starts), weights=cell_rows(population), minlength=size)
        top = int(np.argmax(mass))
        share = float(mass[top] / mass.sum())
        yield PlantedEffect(
            id=f"{table.id}.{time}.{dimension}",
            kind="seasonality",
            table=table.id,
            columns=((table.id, time),),
            parameters={"dimension": dimension, "weights": list(weights)},
            statement=f"{table.id} rows peak in {dimension} {top}",
            statistic=f"share of {table.id} rows in {dimension} {top}, times {size}",
            expected=share * size,
            absent=1.0,
            standard_error=None
            if population.disturbed
            else size * math.sqrt(share * (1 - share) / max(table.expected_rows, 1.0)),
            sql=f"""select count(*) filter ({text.format(f't."{time}"')} = {top}) * {size} / count(*)::double
from "{table.id}" as t""",
            question=f"How many times as many {table.id} rows has the busiest {dimension} as an average one?",
            rubric={"relative_tolerance": 0.05},
        )


def cell_rows(population: Population) -> Floats:
    """(k,) expected rows in every cell of the calendar, over all parents: by the days on which somebody is there."""
    calendar, intensity = population.intensity.calendar, population.intensity
    if population.block is not None:
        return _made_rows(intensity)
    days = calendar.starts
    coarse = days[:: max(1, DAY_US // calendar.step)]
    there = np.searchsorted(np.sort(intensity.start), coarse + calendar.step, side="right") - np.searchsorted(
        np.sort(intensity.end), coarse, side="right"
    )
    weight = np.repeat(there.astype(np.float64), max(1, DAY_US // calendar.step))[: calendar.cells]
    rows: Floats = calendar.rates[0] * weight
    return rows


def _made_rows(intensity: Intensity) -> Floats:
    """(k,) expected rows in every cell of the calendar, over all parents: the cell's rate times who is there, and how much."""
    calendar, pieces = intensity.calendar, intensity.pieces
    if pieces is None:
        edges, factors = np.stack([intensity.start, intensity.end], axis=1), intensity.scale[:, None]
    else:
        edges = np.clip(pieces.edges, intensity.start[:, None], intensity.end[:, None])
        factors = pieces.factors * intensity.scale[:, None]
    # what changes at an edge: a part of it in the cell of the edge, all of it from the next cell on
    change = np.diff(factors, axis=1, prepend=0.0, append=0.0).ravel()
    place = np.clip((edges.ravel() - calendar.origin) / calendar.step, 0, calendar.cells)
    cell = np.floor(place).astype(np.int64)
    late = (place - cell) * change
    steps = np.bincount(cell, change - late, calendar.cells + 2) + np.bincount(cell + 1, late, calendar.cells + 2)
    rows: Floats = calendar.lines[0][0] * np.maximum(np.cumsum(steps)[: calendar.cells], 0.0)
    return rows


def seen_ratio(
    population: Population | None, one: Factors, value: str, reference: str, entities: float
) -> tuple[float, float] | None:
    """Rows per entity of a value by those of another, and the standard error, where rows were looked at; else None."""
    if population is None or population.block is None or not population.tied:
        return None
    above, index = population.block.ancestor(one.entity)
    values = above.column(one.column)
    if values.dictionary is None:
        return None
    rows = population.intensity.rows
    each = rows if index is None else np.bincount(index, weights=rows, minlength=above.rows)
    unsure = 0.0 if above.sample.real else 1.0 + entities / above.rows
    told = []
    for name in (value, reference):
        names = [code for code, text in enumerate(values.dictionary.values) if text == name]
        own = each[np.isin(values.array, names)]
        mean, share = (float(own.mean()), len(own) / above.rows) if len(own) else (0.0, 0.0)
        if mean <= 0:
            return None
        told.append((mean, (1.0 / mean + unsure * float(own.var()) / mean**2) / (entities * share)))
    (high, wide), (low, narrow) = told
    return high / low, high / low * math.sqrt(wide + narrow)
