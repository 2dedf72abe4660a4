"""What moves a rate beside its seasons: holidays, bursts, noise, planted oddities; each a factor for every cell of a grid.

They are measured against the usual rate and stay out of its mean: a burst adds rows and takes none from other days.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import clock, elementary
from datagen.kernel.address import root_addresses
from datagen.kernel.clock import DAY_US, HOUR_US, Times
from datagen.kernel.draws import uniform
from datagen.kernel.seasons import holiday_days

Floats = NDArray[np.float64]

QUARTER_US = HOUR_US // 4
BURN_IN = 400  # days of noise before the first one, so that it has forgotten its start
FORGOTTEN = 4_000  # days after which a series that settles has forgotten a shock
GROWS = 1e6  # a shock that has grown so much is not forgotten any more
LONG_WINDOW = 20 * 366 * DAY_US  # beyond it the grid is days, not hours


def grid(start: int, end: int, unit: str = "") -> tuple[int, int, int]:
    """(origin, step, cells) of the grid of a window: hours, or days for a very long one without anything finer.

    unit: the longest unit that what shapes the rate allows; "" for any.
    """
    long = end - start > LONG_WINDOW and unit not in ("hour", "quarter")
    step = DAY_US if long else QUARTER_US if unit == "quarter" else HOUR_US
    origin = start // step * step
    return origin, step, -(-(end - origin) // step)


def holidays(times: Times, country: str, factor: float, lead: int, lag: int) -> Floats:
    """(k,) `factor` on the holidays of a country, rising to it from 1 during `lead` and back during `lag` microseconds."""
    around = 1 + max(lead, lag) // (365 * DAY_US)
    days = holiday_days(country, times, around=around)
    nearness = np.zeros(len(times), dtype=np.float64)
    if not len(days):
        return nearness + 1.0
    starts = days * DAY_US
    following = np.searchsorted(starts, times, side="right")
    since = times - (starts[np.maximum(following - 1, 0)] + DAY_US)  # the end of the last holiday
    until = starts[np.minimum(following, len(starts) - 1)] - times
    nearness[(following > 0) & (since < 0)] = 1.0
    if lag:
        fading = (following > 0) & (since >= 0)
        nearness[fading] = np.maximum(nearness[fading], 1.0 - since[fading] / lag)
    if lead:
        coming = following < len(starts)
        nearness[coming] = np.maximum(nearness[coming], 1.0 - until[coming] / lead)
    return 1.0 + (factor - 1.0) * nearness


def burst(times: Times, at: int, height: float, decay: int) -> Floats:
    """(k,) 1 + (height - 1)·e^(-(t - at) / decay) from `at` on, 1 before."""
    past = (times - at) / decay
    return np.where(past >= 0, 1.0 + (height - 1.0) * elementary.exp(-np.clip(past, 0.0, 700.0)), 1.0)


def between(times: Times, first: int, last: int, factor: float) -> Floats:
    """(k,) a factor from one moment until another, 1 elsewhere."""
    return np.where((times >= first) & (times < last), factor, 1.0)


def unrest(times: Times, first: int, last: int, size: float, salt: int) -> Floats:
    """(k,) a factor of mean 1 for each day between two moments: most days are off by up to `size` times, either way."""
    days = clock.day_number(times)
    spread = float(np.abs(elementary.log(np.array([size])))[0])
    u = np.clip(uniform(root_addresses(salt, days), salt), 2.0**-53, 1 - 2.0**-53)
    factors = elementary.exp(elementary.normal_quantile(u) * spread - spread * spread / 2.0)
    return np.where((times >= first) & (times < last), factors, 1.0)


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
