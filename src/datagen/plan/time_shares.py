"""How the rows of a table should spread over hours, weekdays, months and the months of the window, from what is declared.

Times that a density draws follow it alone. Rows that come at a rate follow the calendar, and who is there: parents come,
leave and age, and each of them has all its rows or none, which adds to what chance does to a month.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.generators._reading import quiet
from datagen.kernel import clock
from datagen.kernel.clock import DAY_US, HOUR_US
from datagen.plan.binding import Binding
from datagen.plan.column_laws import as_drawn
from datagen.plan.drafts import time_column_of
from datagen.plan.model import ColumnPlan, TablePlan
from datagen.plan.names import TableDraft, find_table
from datagen.plan.planted import cell_rows
from datagen.plan.population import Population, looked_at, population_of
from datagen.rows._rate import RateRows
from datagen.schema.weights import share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_HOURS = 500_000  # 57 years: of a longer window only the months are told
MOST_MONTHS = 60  # of a longer one the years
FEWEST_MONTHS = 4  # of a window whose months are told one by one
REPRESENTED = 0.04  # of a share: representative parents, and cells of a day, stand for all of them
SHAPING = ("seasonality", "trend")  # modifiers that are in the density already


@dataclass(frozen=True, slots=True)
class TimeShares:
    """The shares of one column's times by one dimension: hour, dow (Monday first), month, year, period (months since 1970).

    first: what the first of the shares is of; unsure: standard error of each that does not hang on the rows there are;
    practical: of a share, what is of no consequence; outlying: share of the times that something else takes anywhere.
    untold: why there are no shares, where the document does not tell them.
    """

    table: str
    column: str
    dimension: str
    first: int
    shares: tuple[float, ...]
    unsure: tuple[float, ...]
    practical: float = 0.0
    outlying: float = 0.0
    loc: tuple[str | int, ...] = ()
    untold: str = ""


def time_shares(binding: Binding, tables: Mapping[str, TablePlan]) -> tuple[TimeShares, ...]:
    """Those of every written time, in the order of the tables, and why there are none of a time that is not told."""
    found: list[TimeShares] = []
    for table in tables.values():
        if table.hidden or table.kind == "emit":
            continue
        for column in table.visible:
            if column.word == "datetime_series" and column.type in ("datetime", "date") and as_drawn(column):
                found += _of_density(binding, column)
        found += _of_rate(binding, table, tables)
    return tuple(found)


def _of_density(binding: Binding, column: ColumnPlan) -> Iterator[TimeShares]:
    """Of times that are drawn one by one, each from the same density."""
    from datagen.generators.datetime_series import DatetimeSeries
    from datagen.modifiers._shapes import bind_shapes

    draft = binding.tables[column.table].columns[column.name]
    node = (column.table, column.name)
    scope = quiet(binding.scope_of(draft, column_type=column.type))
    series = binding.generators[node]
    if not isinstance(series, DatetimeSeries):
        return  # of a law that differs from row to row
    outlying = 0.0
    for modifier, (word, _) in zip(binding.modifiers[node], draft.modifiers, strict=True):
        if word == "outliers":
            outlying += share(modifier.rate) or 0.0  # type: ignore[attr-defined]  # of which the word tells
        elif word not in SHAPING:
            return
    moved = binding.drafting.specs[node].get("anomalies") or binding.trials.values.get(node)
    if draft.process is not None or moved or column.unique or node in binding.bounded:
        return
    density = series.density(scope)
    if density is None or series.zones(scope) is not None or bind_shapes(scope).effects:
        return
    edges = _hours(density.earliest, density.latest + 1)
    if len(edges) > MOST_HOURS:
        return
    mass = np.diff(density.below(edges))
    for dimension, first, shares in _folded(edges[:-1], mass, fine=column.type == "datetime"):
        unsure = (0.0,) * len(shares)
        yield TimeShares(column.table, column.name, dimension, first, shares, unsure, outlying=outlying, loc=column.loc)


def _of_rate(binding: Binding, table: TablePlan, tables: Mapping[str, TablePlan]) -> Iterator[TimeShares]:
    """Of rows that come at a rate per parent."""
    rows, time = binding.counts.get(table.id), time_column_of(binding.tables[table.id])
    if not isinstance(rows, RateRows) or time is None or table.columns[time].hidden or table.columns[time].spoils:
        return
    column, population = table.columns[time], population_of(binding, table.id)
    keyed = False
    untold = _untold_rate(binding, table, column, rows, population)
    if not untold and population is not None and rows.shape.windows:
        keyed = any(one.get("on") for one in _effects(binding, table))
        population = looked_at(binding, table, population)
    if untold or population is None or population.disturbed:
        reason = untold or "the rate of its rows is known only when they are made"
        yield TimeShares(table.id, time, "", 0, (), (), loc=column.loc, untold=reason)
        return
    calendar = population.intensity.calendar
    folded = _folded(calendar.starts, cell_rows(population), fine=calendar.step <= HOUR_US)
    for dimension, first, shares in (
        () if keyed else folded
    ):  # of a key the parents have by chance, only months are told
        if dimension in ("hour", "dow"):
            unsure = (0.0,) * len(shares)
            yield TimeShares(table.id, time, dimension, first, shares, unsure, REPRESENTED, loc=column.loc)
    yield from _months(binding, table, tables, population, column)


def _untold_rate(
    binding: Binding, table: TablePlan, column: ColumnPlan, rows: RateRows, population: Population | None
) -> str:
    """Why the document does not tell when rows come that arrive at a rate; nothing where it does."""
    spec = binding.drafting.nodes[table.id].get("fanout")
    shape = rows.shape
    if isinstance(spec, Mapping) and spec.get("noise") is not None:
        return "what noise does to a month is drawn from the seed, not declared"
    if shape.zones is not None or shape.calendar.groups > 1:
        return "its parents have calendars of their own"  # a sample of them does not tell who is open at which hour
    if population is None or population.tied:
        return "the rate of its rows follows a state, or begins and ends by a column"
    if not math.isinf(rows.clamp[1]) or rows.clamp[0] > 0:
        return "a clamp acts on the number of its rows"
    if shape.on_grid is not None or column.changes:
        return "its times are moved to points of a grid, or by something else"
    effects = _effects(binding, table)
    written = all(_is_written(binding, one) for one in effects)
    if shape.windows and not (written and len(effects) == len(shape.windows)):
        return "what raises the rate of its rows, and when, is in rows that a run makes"
    if population.disturbed and not shape.windows:
        return "when its parents come is known only when they are made"
    return ""


def _effects(binding: Binding, table: TablePlan) -> list[Mapping[str, Any]]:
    """The effects that a fan-out declares on its volume."""
    spec = binding.drafting.nodes[table.id].get("fanout")
    several = spec.get("multipliers") if isinstance(spec, Mapping) else None
    return [one["args"] for one in several or () if one["transform"] == "effect"]


def _is_written(binding: Binding, effect: Mapping[str, Any]) -> bool:
    """Whether the windows of an effect are rows of the document itself."""
    table = find_table(binding.tables, effect["effect_table"])
    if not isinstance(table, TableDraft):
        return False
    return all(one.word == "enum_list" and not one.modifiers for one in table.columns.values())


def _months(
    binding: Binding, table: TablePlan, tables: Mapping[str, TablePlan], population: Population, column: ColumnPlan
) -> Iterator[TimeShares]:
    """The months of the window: shares of all rows, and how far parents that come by chance take them."""
    frame = binding.timeframe
    if frame is None or table.parent is None:
        return
    first, last = (int(one) for one in clock.month_index(np.array([frame.start, frame.end - 1], dtype=np.int64)))
    if not FEWEST_MONTHS <= last - first + 1 <= MOST_MONTHS:
        return
    edges = np.clip(clock.month_start(np.arange(first, last + 2, dtype=np.int64)), frame.start, frame.end)
    running = np.stack([population.intensity.until(np.full(len(population.created), edge)) for edge in edges], axis=1)
    monthly = np.diff(running, axis=1)  # (parents, months)
    each = monthly.sum(axis=1)
    mean = float(each.mean())
    if mean <= 0:
        return
    shares = monthly.mean(axis=0) / mean
    parents = tables[table.parent].expected_rows
    off = monthly - each[:, None] * shares[None, :]
    spread = population.uneven * (off * off).mean(axis=0) / (mean * mean) / max(parents, 1.0)
    # parents of one family come together: their months go up and down with each other
    family = _family(tables, table.parent)
    # the files may be of other parents than those that were looked at, even where these are all of a run
    looked = 1.0 if population.block is None else 1.0 + parents / population.block.rows
    unsure = np.sqrt(spread * looked * family)
    yield TimeShares(
        table.id, column.name, "period", first, tuple(shares.tolist()), tuple(unsure.tolist()), REPRESENTED,
        loc=column.loc,
    )  # fmt: skip


def _family(tables: Mapping[str, TablePlan], parent: str) -> float:
    """Rows of a parent in one family on average, weighted by their number: twice the mean; 1 at the top."""
    top = parent
    while (above := tables[top].parent) is not None:
        top = above
    return 1.0 if top == parent else 2.0 * max(tables[parent].expected_rows / max(tables[top].expected_rows, 1.0), 1.0)


def _hours(start: int, end: int) -> Ints:
    """Borders of the hours from a time to another; those two are the ends."""
    first, last = -(-start // HOUR_US), -(-end // HOUR_US)
    if last - first > MOST_HOURS:
        return np.zeros(MOST_HOURS + 1, dtype=np.int64)
    inner = np.arange(first, last, dtype=np.int64) * HOUR_US
    return np.unique(np.concatenate([[start], inner, [end]]).astype(np.int64))


def _folded(starts: Ints, mass: Floats, *, fine: bool) -> Iterator[tuple[str, int, tuple[float, ...]]]:
    """(dimension, first, shares) of what falls into cells, folded over days, weeks and years. fine: cells are hours."""
    whole = float(mass.sum())
    if whole <= 0:
        return
    span = int(starts[-1] - starts[0])
    months = clock.month_index(starts)
    first = int(months[0])
    if fine and span >= DAY_US:
        yield "hour", 0, tuple((np.bincount(clock.hour(starts), mass, 24) / whole).tolist())
    if span >= 7 * DAY_US:
        yield "dow", 0, tuple((np.bincount(clock.dow(starts), mass, 7) / whole).tolist())
    if span > 366 * DAY_US:
        yield "month", 1, tuple((np.bincount(clock.month(starts) - 1, mass, 12) / whole).tolist())
    if int(months[-1]) - first + 1 > MOST_MONTHS:
        yield "year", first // 12 + 1970, tuple((np.bincount(months // 12 - first // 12, mass) / whole).tolist())
    elif int(months[-1]) - first + 1 >= FEWEST_MONTHS:
        yield "period", first, tuple((np.bincount(months - first, mass) / whole).tolist())
