"""Tells the effects on values that a plan plants: what segments and trends do to amounts, and what an analyst should find."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.plan.behaviors import Behaviors, Factors, factors_above
from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.effects import PlantedEffect
from datagen.plan.found_rows import FoundRows, found_rows
from datagen.plan.looked_values import UNKNOWN, acting, ratio_error, slope_seen
from datagen.plan.model import TablePlan
from datagen.plan.planted_sql import is_written, quoted_text, reference_of
from datagen.plan.population import Population, time_deviation
from datagen.plan.segments import shares_of
from datagen.plan.told import told_name
from datagen.plan.trials_of_streams import emits_of
from datagen.schema.durations import LENGTHS
from datagen.schema.model_findings import check_part

Floats = NDArray[np.float64]


def planted_values(
    binding: Binding, behaviors: Behaviors, table: TablePlan, population: Population | None, where: FoundRows
) -> Iterator[PlantedEffect]:
    """The effects on the values of one table."""
    yield from _segment_values(binding, behaviors, table, where)
    yield from _trends(binding, behaviors, table, population, where)


def _seats(binding: Binding, behaviors: Behaviors, table: TablePlan) -> dict[str, list[Factors]]:
    """What segments do to the columns of a table, by column: of a stream's, also to those that an emit makes for it."""
    found: dict[str, list[Factors]] = {}
    stream = binding.drafting.kinds[table.id] == "stream"
    for (owner, measure), seats in behaviors.values.items():
        own = [one for one in seats if isinstance(one, Factors)]
        if owner == table.id and stream and binding.tables[owner].columns[measure].word == "process":
            own = [one for one in own if _as_one(binding, behaviors, owner, measure, one)]
        elif owner != table.id and not (binding.tables[table.id].emits and _made(binding, owner, measure, table.id)):
            continue
        found.setdefault(measure, []).extend(own)
    return found


def _made(binding: Binding, stream: str, column: str, emit: str) -> bool:
    """Whether an emit makes the values of a column of its stream."""
    if told_name(stream) != told_name(emit) or binding.drafting.kinds[stream] != "stream":
        return False
    told = emits_of(binding, [binding.tables[stream]])
    return any(table.id == emit and (spec.columns.get(column) or [""])[0] == "own" for table, spec in told)


def _as_one(binding: Binding, behaviors: Behaviors, stream: str, column: str, seat: Factors) -> bool:
    """Whether a segment's factor shows in a column over all emits: where it also has more events of one than of another,
    their means differ by more than the factor. Of emits that the files tell apart each is told by itself."""
    for emit, spec in emits_of(binding, [binding.tables[stream]]):
        if not spec.columns.get(column):
            continue
        rates = [
            one for one in behaviors.rates.get(emit.id, ()) if (one.entity, one.column) == (seat.entity, seat.column)
        ]
        if rates or factors_above(behaviors, binding.tables, emit, seat) or found_rows(binding, emit) is not None:
            return False
    return True


def _numbers(binding: Binding, table: TablePlan, column: str) -> Floats | None:
    """(k,) equally likely numbers of a column as its generator makes them, before any modifier."""
    node = (table.id, column)
    generator = binding.generators.get(node)
    if generator is None:
        return None
    draft = binding.tables[table.id].columns[column]
    return generator.foreseen(binding.scope_of(draft, column_type=draft.type))


def _row_shares(binding: Binding, behaviors: Behaviors, table: TablePlan, one: Factors) -> dict[str, float] | None:
    """The share of the table's rows that belong to each value of a segment."""
    shares = shares_of(binding, binding.tables[one.entity].columns[one.column])
    if shares is None:
        return None
    rate = dict.fromkeys(shares, 1.0)
    for other in behaviors.rates.get(table.id, ()):
        if (other.entity, other.column) == (one.entity, one.column):
            rate = {value: other.by_value.get(value, 1.0) for value in shares}
    above = factors_above(behaviors, binding.tables, binding.tables[table.id], one)
    rate = {value: factor * above.get(value, 1.0) for value, factor in rate.items()}
    whole = sum(shares[value] * rate[value] for value in shares)
    return {value: shares[value] * rate[value] / whole for value in shares} if whole else None


def _segment_values(
    binding: Binding, behaviors: Behaviors, table: TablePlan, where: FoundRows
) -> Iterator[PlantedEffect]:
    for measure, seats in _seats(binding, behaviors, table).items():
        for one in seats if where.has(measure) else ():
            shares = _row_shares(binding, behaviors, table, one)
            join = where.joined(binding, one.entity)
            if shares is None or join is None or not is_written(binding, one.entity, one.column):
                continue
            reference = reference_of(one, shares)
            if reference is None:
                continue
            numbers = _numbers(binding, table, measure)
            deviation = None
            if numbers is not None and float(np.mean(numbers)) != 0:
                deviation = float(np.std(numbers)) / abs(float(np.mean(numbers)))
            for value, factor in one.by_value.items():
                if factor == 1.0 or value not in shares or value == reference:
                    continue
                n, m = table.expected_rows * shares[value], table.expected_rows * shares[reference]
                error = factor * deviation * math.sqrt(1 / n + 1 / m) if deviation is not None and n > 0 < m else None
                several = error is not None and acting(binding, table.id, measure) > 1
                if several:
                    seen = ratio_error(binding, table.id, measure, (one.entity, one.column), (value, reference))
                    error = None if seen is None else factor * seen
                quoted, base = quoted_text(value), quoted_text(reference)
                yield PlantedEffect(
                    id=f"{one.entity}.{one.column}.{value}.{where.id}.{measure}",
                    kind="segment_values",
                    table=where.table,
                    columns=((one.entity, one.column), (where.table, measure)),
                    parameters={"value": value, "factor": factor, "reference": reference},
                    statement=f"{where.id}.{measure} of {one.entity} with {one.column} {value} is {factor:g} times as high",
                    statistic=f"mean {measure}{where.only} of {value}, divided by that of {reference}",
                    expected=factor,
                    absent=1.0,
                    standard_error=error,
                    sql=f"""select avg(t."{measure}") filter (e."{one.column}"::varchar = {quoted})
    / avg(t."{measure}") filter (e."{one.column}"::varchar = {base}) from {join}""",
                    question=f"How many times as high is the mean {measure}{where.only} of {value} as that of {reference}?",
                    rubric={"relative_tolerance": 0.1},
                    unsure=UNKNOWN if several and error is None else "",
                )


def _trends(
    binding: Binding, behaviors: Behaviors, table: TablePlan, population: Population | None, where: FoundRows
) -> Iterator[PlantedEffect]:
    """The slope of the logarithm of a positive column over time, where it has an exponential trend of its own."""
    draft = binding.tables[table.id]
    for column in table.visible:
        steps = draft.columns[column.name].modifiers
        for word, args in steps:
            time = args.get("time_reference") or time_column_of(draft)
            if word != "trend" or time not in draft.columns or binding.timeframe is None:
                continue
            if column.type not in ("int", "float") or not where.has(column.name, time):
                continue  # a trend of arrivals, or what is not written
            from datagen.modifiers.trend import Trend

            trend, _ = check_part(Trend, args, binding.document, draft.columns[column.name].loc)
            numbers = _numbers(binding, table, column.name)
            if trend is None or trend.type != "exponential" or not trend.growth_rate or trend.anchor is not None:
                continue
            if numbers is None or numbers.min() <= 0:
                continue
            rate = float(trend.growth_rate)
            unit = LENGTHS[trend.time_unit] / 1e6
            slope = math.log1p(rate)
            # where nothing tells when rows come, they are taken to be even in the window
            apart = binding.timeframe.length / math.sqrt(12.0) if population is None else time_deviation(population)
            seats = _seats(binding, behaviors, table).get(column.name, [])
            grouped = _grouped(binding, where, seats)
            if grouped is None:
                continue
            error: float | None = math.sqrt(float(np.var(np.log(numbers))) / max(table.expected_rows, 1.0)) / (
                apart / 1e6 / unit
            )
            expected, several = slope, acting(binding, table.id, column.name) > len(seats)
            if several:  # ages and experiments act in time, too
                within = (seats[0].entity, seats[0].column) if seats else None
                seen = slope_seen(binding, table.id, column.name, str(time), unit, within)
                expected, error = (slope, None) if seen is None else seen
            inside = f"""select ln(t."{column.name}") as y, epoch(t."{time}") / {unit:.0f} as x, {grouped[0]} as g
    from {grouped[1]} where t."{column.name}" > 0"""
            yield PlantedEffect(
                id=f"{where.id}.{column.name}.trend",
                kind="trend",
                table=where.table,
                columns=((where.table, column.name), (where.table, str(time))),
                parameters={"growth_rate": rate, "time_unit": trend.time_unit, "applies_to": "value"},
                statement=f"{where.id}.{column.name} grows by {rate:.2%} a {trend.time_unit}",
                statistic=f"slope of the logarithm of {column.name}{where.only} over time, per {trend.time_unit}"
                + (", within segments" if seats else ""),
                expected=expected,
                absent=expected - slope,  # logarithms add up
                standard_error=error,
                unsure=UNKNOWN if several and error is None else "",
                sql=f"""with logs as ({inside})
select regr_slope(y, x) from (
    select y - avg(y) over (partition by g) as y, x - avg(x) over (partition by g) as x from logs)""",
                question=f"By how much does {column.name}{where.only} grow per {trend.time_unit} (as a logarithm)?",
                rubric={"relative_tolerance": 0.1},
                loc=draft.columns[column.name].loc,
            )


def _grouped(binding: Binding, where: FoundRows, seats: list[Factors]) -> tuple[str, str] | None:
    """SQL of the segment of a row, and of the rows with it; None where no single join leads to the segments."""
    if not seats:
        return "0", where.rows
    if len(seats) > 1 or not is_written(binding, seats[0].entity, seats[0].column):
        return None
    join = where.joined(binding, seats[0].entity)
    return None if join is None else (f'e."{seats[0].column}"', join)
