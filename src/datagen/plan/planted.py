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
from datagen.plan.clamped import UNCLAMPED, clamped_rows, say_dilution, seen_clamped
from datagen.plan.effects import PlantedEffect
from datagen.plan.found_rows import FoundRows, found_rows
from datagen.plan.model import TablePlan
from datagen.plan.names import TableDraft, ancestors
from datagen.plan.planted_picks import picked_spread
from datagen.plan.planted_sql import is_written, quoted_text, reference_of
from datagen.plan.planted_together import planted_together
from datagen.plan.planted_values import planted_values
from datagen.plan.population import Population, looked_at, population_of, seen_ratio

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
        where = found_rows(binding, binding.tables[table.id])
        if where is not None:
            found += _segment_rows(binding, behaviors, table, tables, looked, where)
            found += planted_values(binding, behaviors, table, looked, where)
            found += planted_together(binding, table, looked, where)
        found += _of_process(binding, table, tables)
        if looked is not None and where is not None and _times_of_rate(binding, table, where):
            looked = looked_at(binding, table, looked, clamped=True) if looked.block is None else looked
            assert looked is not None  # of one there is one
            found += _ageing(binding, behaviors, table, looked, where)
            found += _growth(binding, table, looked, where)
            found += _season(binding, table, looked, where)
        found += _of_maker(binding, table)
        found += list(getattr(rows, "effects", ()) or ())
    return tuple(found)


def _times_of_rate(binding: Binding, table: TablePlan, where: FoundRows) -> bool:
    """Whether the files hold the times that the rate of a table gives its rows."""
    emitting = binding.emitting.get(table.id)
    return where.has(where.time) and (emitting is None or emitting.in_time)


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
    where: FoundRows,
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
        join, rows = where.joined(binding, one.entity), where.words
        if shares is None or join is None or not is_written(binding, one.entity, one.column):
            continue
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
        clamped = None if picked else clamped_rows(binding, table, one, population)
        told = [
            value for value in one.by_value if one.by_value[value] != 1.0 and value in shares and value != reference
        ]
        if clamped is not None:
            say_dilution(binding, table, one, reference, dict.fromkeys(told, clamped))
        elif population is not None and population.behind is not None and not picked:
            say_dilution(binding, table, one, reference, seen_clamped(population, one, told, reference))
        for value in told:
            factor = one.by_value[value]
            n, m = entities * shares[value], entities * shares[reference]
            error, ratio = None, factor if clamped is None else clamped.ratio(factor)
            compound = above.get(value, 1.0) / usual
            seen = None
            if not picked and population is not None and population.tied:
                seen = seen_ratio(population, (one.entity, one.column), (value, reference), entities)
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
                id=f"{one.entity}.{one.column}.{value}.rows_of_{where.id}",
                kind="segment_rows",
                table=where.table,
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
                unsure=_why_unsure(binding, table, population) if error is None and not picked else "",
            )


def _why_unsure(binding: Binding, table: TablePlan, population: Population | None) -> str:
    """Why a clamp lets no error be told of a ratio."""
    if getattr(binding.fanned(table.id), "clamp", UNCLAMPED) == UNCLAMPED:
        return ""
    if population is not None and (population.disturbed or population.tied):
        return "a clamp acts on rows whose rate only a run knows"
    return "a clamp acts on a law that differs by row"


def _spread(population: Population | None, one: Factors) -> float:
    """Squared coefficient of variation of the expected rows between parents of one segment."""
    if population is None:
        return 0.0
    own = one.second / one.mean**2 if one.second is not None and one.mean else 1.0
    return max((1.0 + population.spread) * population.uneven / own - 1.0, 0.0)


def _ageing(
    binding: Binding, behaviors: Behaviors, table: TablePlan, population: Population, where: FoundRows
) -> Iterator[PlantedEffect]:
    draft, time = binding.tables[table.id], str(where.time)
    seats: list[AgeFactor] = list(behaviors.ages.get(table.id, ()))
    for entity in behaviors.leaving.get(table.id, ()):
        seats += behaviors.departed.get(entity, ())
    done: set[tuple[str, str]] = set()
    for one in seats:
        join = where.joined(binding, one.entity)
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
            id=f"{one.entity}.{one.name}.{where.id}",
            kind="ageing",
            table=where.table,
            columns=((one.entity, one.created), (where.table, time)),
            parameters={"curve": list(one.curve.steps) or "formula", "unit_days": unit / DAY_US, "mode": one.mode},
            statement=f"{where.words} of {one.entity} fall with its age ({one.name}, {one.mode})",
            statistic=f"{where.words} in age unit {last}, divided by those in unit 0, of {one.entity} seen that long",
            expected=ratio,
            absent=_absent_ratio(population, whole, unit, last),
            standard_error=None
            if population.disturbed
            else ratio * math.sqrt(1 / n0 + 1 / nk + _apart(population, whole, first, late, parents, last, unit)),
            sql=f"""with aged as (
    select floor(epoch(t."{time}" - e."{one.created}") / {seconds:.0f}) as age from {join}
    where epoch(e."{one.created}") + {(last + 1) * seconds:.0f} <= {end / 1e6:.0f})
select count(*) filter (age = {last}) / count(*) filter (age = 0)::double from aged""",
            question=f"How many {where.words} does a {one.entity} have in its age unit {last}, relative to unit 0?",
            rubric={"absolute_tolerance": 0.03},
            loc=(*binding.tables[one.entity].loc, "vintage_behavior", "age_based_multipliers", one.name),
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
    rows = population.intensity.rows
    own = off / np.where(rows > 0, rows, 1.0)  # what one row adds
    within = float((population.excess * own * own).mean())
    return (population.unsure(parents) * float((off * off).mean()) + within) / max(parents, 1.0)


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


def _growth(binding: Binding, table: TablePlan, population: Population, where: FoundRows) -> Iterator[PlantedEffect]:
    """The slope of log monthly rows, where a trend of rate or total is declared."""
    spec = binding.drafting.nodes[table.id].get("fanout")
    trends = [
        one.get("args") or {}
        for one in (spec.get("multipliers") or () if isinstance(spec, Mapping) else ())
        if one.get("transform") == "trend"
    ]
    time = where.time
    if not trends or binding.timeframe is None:
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
    rows = population.intensity.rows
    own = added / np.where(rows > 0, rows, 1.0)  # what one row adds
    within = parents * float((population.excess * own * own).mean())
    error = math.sqrt(max(error * error + population.unsure(parents) * between + within, 0.0))
    flat = np.diff(np.array([float(_untrended(population, edge)) for edge in edges]))
    absent = slope_of(x, np.log(np.maximum(flat, 1e-300)), 1.0 / expected)[0]
    for args in trends[:1]:
        yield PlantedEffect(
            id=f"{where.id}.trend",
            kind="trend",
            table=where.table,
            columns=((where.table, str(time)),),
            parameters={key: args[key] for key in ("type", "growth_rate", "time_unit", "applies_to") if key in args},
            statement=f"{where.words} per month grow by {math.expm1(slope):.2%} a month",
            statistic="slope of the logarithm of monthly rows, first months left out",
            expected=slope,
            absent=absent if args.get("applies_to") != "total" else 0.0,
            standard_error=None if population.disturbed else error,
            sql=f"""with monthly as (
    select date_diff('month', timestamp '1970-01-01', t."{time}"::timestamp) as m, count(*) as n from {where.rows} group by 1)
select regr_slope(ln(n), m) from monthly where m >= {first} and m < {last}""",
            question=f"By how much do monthly {where.words} grow from month to month (as a logarithm)?",
            rubric={"relative_tolerance": 0.1},
            loc=(*binding.tables[table.id].loc, "fanout", "multipliers"),
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


def _season(binding: Binding, table: TablePlan, population: Population, where: FoundRows) -> Iterator[PlantedEffect]:
    """The busiest weekday or hour against an average one, where weights are declared."""
    draft, time = binding.tables[table.id], str(where.time)
    if population.intensity.calendar.groups > 1:
        return  # with local times of several zones no hour stands out in UTC
    declared: list[Mapping[str, Any]] = []
    column = draft.columns[time]
    pattern = column.params.get("pattern")
    for one in pattern if isinstance(pattern, list) else [pattern] if pattern else []:
        declared.append(one)
    declared += [args for word, args in column.modifiers if word == "seasonality"]
    spec = binding.drafting.nodes[table.id].get("fanout")
    places = [column.loc] * len(declared)
    for step in (spec.get("multipliers") or ()) if isinstance(spec, Mapping) else ():
        if step.get("transform") == "seasonality":
            declared.append(step.get("args") or {})
            places.append((*draft.loc, "fanout", "multipliers"))
    parts = {"dow": ("isodow({}) - 1", clock.dow, 7), "hour": ("hour({})", clock.hour, 24)}
    for one, place in zip(declared, places, strict=True):
        dimension, weights = str(one.get("dimension")), one.get("weights")
        if dimension not in parts or not weights or one.get("timezone") is not None:
            continue  # local hours do not stand out in UTC
        text, part, size = parts[dimension]
        calendar = population.intensity.calendar
        if calendar.step > 3_600_000_000 and dimension == "hour":
            continue
        mass = np.bincount(part(calendar.starts), weights=cell_rows(population), minlength=size)
        top = int(np.argmax(mass))
        share = float(mass[top] / mass.sum())
        yield PlantedEffect(
            id=f"{where.id}.{time}.{dimension}",
            kind="seasonality",
            table=where.table,
            columns=((where.table, time),),
            parameters={"dimension": dimension, "weights": list(weights)},
            statement=f"{where.words} peak in {dimension} {top}",
            statistic=f"share of {where.words} in {dimension} {top}, times {size}",
            expected=share * size,
            absent=1.0,
            standard_error=None
            if population.disturbed
            else size * math.sqrt(share * (1 - share) / max(table.expected_rows, 1.0)),
            sql=f"""select count(*) filter ({text.format(f't."{time}"')} = {top}) * {size} / count(*)::double
from {where.rows}""",
            question=f"How many times as many {where.words} has the busiest {dimension} as an average one?",
            rubric={"relative_tolerance": 0.05},
            loc=place,
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
