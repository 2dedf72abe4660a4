"""Estimates that an analyst makes from written tables, with their standard errors; nothing known of how rows are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.written import Tables

Floats = NDArray[np.float64]


PARTS = 20  # groups of customers that are left out in turn


class Line(NamedTuple):
    """The slope of a regression."""

    slope: float
    error: float
    r_squared: float


def close(what: str, estimate: float, target: float, bound: float) -> None:
    """An estimate is as declared, to a bound. Both are in the message, so that a twin can be seen to fail on it."""
    assert abs(estimate - target) <= bound, f"{what}: {estimate:.4g}, declared {target:.4g} ± {bound:.2g}"


def slope(x: Floats, y: Floats, groups: Sequence[Any] | None = None) -> Line:
    """Least squares of y on x with a constant per group; R² of what is left when the groups' constants are taken out."""
    codes = np.zeros(len(x), dtype=np.int64)
    if groups is not None:
        codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    sizes = np.bincount(codes)
    xs = x - (np.bincount(codes, x) / sizes)[codes]
    ys = y - (np.bincount(codes, y) / sizes)[codes]
    value = float((xs * ys).sum() / (xs * xs).sum())
    rest = ys - value * xs
    freedom = len(x) - len(sizes) - 1
    error = float(((rest * rest).sum() / freedom / (xs * xs).sum()) ** 0.5)
    groups_out = y - ((np.bincount(codes, y - value * x) / sizes)[codes])
    spread = groups_out - groups_out.mean()
    return Line(value, error, float(1 - (rest * rest).sum() / (spread * spread).sum()))


def monthly_growth(tables: Tables, measure: str = "sum(amount)") -> Line:
    """Growth of the logarithm of a monthly sum, its seasons taken out; the first two months, of the start, dropped.

    Months share customers, so their errors go together: the standard error is that of leaving out a twentieth of the
    customers in turn (a jackknife), not that of the regression.
    """
    rows = tables.rows(
        f"""select date_trunc('month', ordered_at) m, customers_id % {PARTS} as part, {measure} from orders
        where ordered_at >= '2023-03-01' group by all order by all"""
    )
    months = sorted({moment for moment, _, _ in rows})
    sums = np.zeros((len(months), PARTS))
    for moment, part, value in rows:
        sums[months.index(moment), part] = float(value)
    x, seasons = np.arange(len(months), dtype=np.float64), [moment.month for moment in months]
    line = slope(x, np.log(sums.sum(axis=1)), seasons)
    without = np.array([slope(x, np.log(np.delete(sums, k, axis=1).sum(axis=1)), seasons).slope for k in range(PARTS)])
    error = float(((without - without.mean()) ** 2).sum() * (PARTS - 1) / PARTS) ** 0.5
    return line._replace(error=error)


def per_day(tables: Tables) -> Floats:
    """Orders of every day of the window, empty ones too."""
    rows = tables.rows(
        """select count(ordered_at) from generate_series('2023-01-01'::timestamp, '2024-12-31'::timestamp, interval 1 day)
        d(day) left join orders on date_trunc('day', ordered_at) = day group by day order by day"""
    )
    return np.array([count for (count,) in rows], dtype=np.float64)


def by_age(
    tables: Tables, months: int, *, table: str = "orders", since: str = "2023-01-01"
) -> tuple[Floats, Floats, int]:
    """(events, active customers) in each full month of age, and how many customers were followed for all of them."""
    rows = tables.rows(
        f"""with followed as (select customers_id, created_at from customers
            where created_at <= timestamp '2025-01-01' - to_seconds({months} * 2629800)
            and created_at >= timestamp '{since}'),
        aged as (select customers_id, floor(epoch(ordered_at - created_at) / 2629800)::int as age
            from {table} join followed using (customers_id))
        select age, count(*), count(distinct customers_id) from aged where age < {months} group by 1 order by 1"""
    )
    followed = tables.value(
        f"""select count(*) from customers where created_at <= timestamp '2025-01-01' - to_seconds({months} * 2629800)
        and created_at >= timestamp '{since}'"""
    )
    events, active = np.zeros(months), np.zeros(months)
    for age, count, people in rows:
        events[age], active[age] = count, people
    return events, active, int(followed)


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's."""
    return float(np.corrcoef(x, y)[0, 1])
