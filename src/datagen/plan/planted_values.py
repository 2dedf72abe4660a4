"""Tells the effects on values that a plan plants: what segments and trends do to amounts, and what an analyst should find."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.plan.behaviors import Behaviors, Factors
from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.effects import PlantedEffect
from datagen.plan.model import TablePlan
from datagen.plan.planted_sql import is_written, join_to, quoted_text, reference_of
from datagen.plan.segments import shares_of
from datagen.schema.durations import LENGTHS
from datagen.schema.model_findings import check_part

Floats = NDArray[np.float64]


def planted_values(binding: Binding, behaviors: Behaviors, table: TablePlan) -> Iterator[PlantedEffect]:
    """The effects on the values of one table."""
    yield from _segment_values(binding, behaviors, table)
    yield from _trends(binding, behaviors, table)


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
    whole = sum(shares[value] * rate[value] for value in shares)
    return {value: shares[value] * rate[value] / whole for value in shares} if whole else None


def _segment_values(binding: Binding, behaviors: Behaviors, table: TablePlan) -> Iterator[PlantedEffect]:
    draft = binding.tables[table.id]
    for (owner, measure), seats in behaviors.values.items():
        for one in seats if owner == table.id else ():
            if not isinstance(one, Factors):
                continue
            shares = _row_shares(binding, behaviors, table, one)
            join = join_to(binding, draft, one.entity)
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
                quoted, base = quoted_text(value), quoted_text(reference)
                yield PlantedEffect(
                    id=f"{one.entity}.{one.column}.{value}.{table.id}.{measure}",
                    kind="segment_values",
                    table=table.id,
                    columns=((one.entity, one.column), (table.id, measure)),
                    parameters={"value": value, "factor": factor, "reference": reference},
                    statement=f"{table.id}.{measure} of {one.entity} with {one.column} {value} is {factor:g} times as high",
                    statistic=f"mean {measure} of {value}, divided by that of {reference}",
                    expected=factor,
                    absent=1.0,
                    standard_error=error,
                    sql=f"""select avg(t."{measure}") filter (e."{one.column}"::varchar = {quoted})
    / avg(t."{measure}") filter (e."{one.column}"::varchar = {base}) from {join}""",
                    question=f"How many times as high is the mean {measure} of {value} as that of {reference}?",
                    rubric={"relative_tolerance": 0.1},
                )


def _trends(binding: Binding, behaviors: Behaviors, table: TablePlan) -> Iterator[PlantedEffect]:
    """The slope of the logarithm of a positive column over time, where it has an exponential trend of its own."""
    draft = binding.tables[table.id]
    for column in table.visible:
        steps = draft.columns[column.name].modifiers
        for word, args in steps:
            time = args.get("time_reference") or time_column_of(draft)
            if word != "trend" or time not in draft.columns or binding.timeframe is None:
                continue
            if column.type not in ("int", "float"):
                continue  # a trend of arrivals
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
            length = binding.timeframe.length / 1e6 / unit
            seats = [one for one in behaviors.values.get((table.id, column.name), ()) if isinstance(one, Factors)]
            grouped = _grouped(binding, table, seats)
            if grouped is None:
                continue
            inside = f"""select ln(t."{column.name}") as y, epoch(t."{time}") / {unit:.0f} as x, {grouped[0]} as g
    from {grouped[1]} where t."{column.name}" > 0"""
            yield PlantedEffect(
                id=f"{table.id}.{column.name}.trend",
                kind="trend",
                table=table.id,
                columns=((table.id, column.name), (table.id, str(time))),
                parameters={"growth_rate": rate, "time_unit": trend.time_unit, "applies_to": "value"},
                statement=f"{table.id}.{column.name} grows by {rate:.2%} a {trend.time_unit}",
                statistic=f"slope of the logarithm of {column.name} over time, per {trend.time_unit}"
                + (", within segments" if seats else ""),
                expected=slope,
                absent=0.0,
                # times spread evenly over the window have a deviation of its length / √12; later ones are commoner
                standard_error=math.sqrt(12.0 * float(np.var(np.log(numbers))) / max(table.expected_rows, 1.0))
                / length,
                sql=f"""with logs as ({inside})
select regr_slope(y, x) from (
    select y - avg(y) over (partition by g) as y, x - avg(x) over (partition by g) as x from logs)""",
                question=f"By how much does {column.name} grow per {trend.time_unit} (as a logarithm)?",
                rubric={"relative_tolerance": 0.1},
            )


def _grouped(binding: Binding, table: TablePlan, seats: list[Factors]) -> tuple[str, str] | None:
    """SQL of the segment of a row, and of the rows with it; None where no single join leads to the segments."""
    if not seats:
        return "0", f'"{table.id}" as t'
    if len(seats) > 1 or not is_written(binding, seats[0].entity, seats[0].column):
        return None
    join = join_to(binding, binding.tables[table.id], seats[0].entity)
    return None if join is None else (f'e."{seats[0].column}"', join)
