"""What shapes a rate over the calendar: seasons, holidays, bursts, noise; each a factor for every cell of a grid.

Seasons have mean 1 over their whole cycle (day, week, year), so that a rate per month stays a rate per month whatever
window is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import clock, elementary
from datagen.kernel.address import root_addresses
from datagen.kernel.clock import DAY_US, HOUR_US, Times
from datagen.kernel.draws import uniform

Floats = NDArray[np.float64]

DAYS_OF_MONTH = (31.0, 28.2425, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0)  # mean of 400 years
BURN_IN = 400  # days of noise before the first one, so that it has forgotten its start
FORGOTTEN = 4_000  # days after which a series that settles has forgotten a shock
GROWS = 1e6  # a shock that has grown so much is not forgotten any more
LONG_WINDOW = 20 * 366 * DAY_US  # beyond it the grid is days, not hours


def grid(start: int, end: int) -> tuple[int, int, int]:
    """(origin, step, cells) of the grid of a window: hours, or days for a very long one."""
    step = HOUR_US if end - start <= LONG_WINDOW else DAY_US
    origin = start // step * step
    return origin, step, -(-(end - origin) // step)


def season(times: Times, dimension: str, weights: Sequence[float]) -> Floats:
    """(k,) the weight of each time's hour, weekday or month, divided by its mean over the cycle."""
    table = np.asarray(weights, dtype=np.float64)
    if dimension == "month":
        mean = float((table * np.array(DAYS_OF_MONTH)).sum() / sum(DAYS_OF_MONTH))
        place = clock.month(times) - 1
    else:
        mean = float(table.sum() / len(table))
        place = clock.hour(times) if dimension == "hour" else clock.dow(times)
    weights_of: Floats = table[place] / mean
    return weights_of


def smooth_months(times: Times, weights: Sequence[float]) -> Floats:
    """(k,) month weights without steps: a periodic curve through the middle of the months with the same monthly means.

    Lines between the months' middles, moved until every month keeps its weight (a few rounds of correction).
    """
    table = np.asarray(weights, dtype=np.float64)
    wanted = table / float((table * np.array(DAYS_OF_MONTH)).sum() / sum(DAYS_OF_MONTH))
    days = np.array(DAYS_OF_MONTH)
    fine: Floats = (np.arange(3_650, dtype=np.float64) + 0.5) / 10.0 * (365.2425 / 365.0)
    ends = np.cumsum(days)
    owner = np.minimum(np.searchsorted(ends, fine, side="right"), 11)
    knots: Floats = wanted.copy()
    for _ in range(60):  # rounds, not rows
        curve = _lines(fine, knots, days)
        means = np.bincount(owner, weights=curve, minlength=12) / np.bincount(owner, minlength=12)
        knots = np.maximum(knots + 0.7 * (wanted - means), 0.0)
    first = clock.month_start(clock.month_index(times))
    last = clock.month_start(clock.month_index(times) + 1)
    share = (times - first) / (last - first)
    month = clock.month(times) - 1
    return _lines((ends - days)[month] + share * days[month], knots, days)


def _lines(day: Floats, knots: Floats, days: Floats) -> Floats:
    """(k,) straight lines between the middles of the months, around the year."""
    middle = np.cumsum(days) - days / 2.0
    year = float(days.sum())
    x = np.concatenate([[middle[-1] - year], middle, [middle[0] + year]])
    y = np.concatenate([[knots[-1]], knots, [knots[0]]])
    place = np.clip(np.searchsorted(x, day, side="right") - 1, 0, len(x) - 2)
    share = (day - x[place]) / (x[place + 1] - x[place])
    found: Floats = y[place] + share * (y[place + 1] - y[place])
    return found


def burst(times: Times, at: int, height: float, decay: int) -> Floats:
    """(k,) 1 + (height - 1)·e^(-(t - at) / decay) from `at` on, 1 before."""
    past = (times - at) / decay
    return np.where(past >= 0, 1.0 + (height - 1.0) * elementary.exp(-np.clip(past, 0.0, 700.0)), 1.0)


def noise(times: Times, coefficients: Sequence[float], std: float, salt: int) -> Floats:
    """(k,) factor e^(x - s²/2) of each time's day, x an autoregressive series with standard deviation s.

    Days are numbered since 1970, so a longer window keeps its past. The shocks are scaled to give the wanted deviation.
    """
    days = clock.day_number(times)
    first, last = int(days.min()) - BURN_IN, int(days.max())
    shocks = elementary.normal_quantile(
        np.clip(uniform(root_addresses(salt, np.arange(first, last + 1, dtype=np.int64)), salt), 2.0**-53, 1 - 2.0**-53)
    )
    series = shocks * std * shock_share(coefficients)
    lags = len(coefficients)
    for day in range(lags, len(series)):  # over days, not rows
        for lag in range(lags):
            series[day] += coefficients[lag] * series[day - 1 - lag]
    factors = elementary.exp(series - std * std / 2.0)
    return factors[days - first]


def shock_share(coefficients: Sequence[float]) -> float:
    """Standard deviation of the shocks over that of the series; raises ValueError when the series does not settle."""
    weights = [1.0]  # of the shock so many days ago in today's value
    for k in range(1, FORGOTTEN):  # over days, not rows
        weights.append(sum(phi * weights[k - 1 - lag] for lag, phi in enumerate(coefficients[:k])))
        if abs(weights[k]) > GROWS:
            break
    if abs(weights[-1]) > 1e-3:
        raise ValueError("an autoregressive series that does not settle")
    return float(sum(weight * weight for weight in weights) ** -0.5)
