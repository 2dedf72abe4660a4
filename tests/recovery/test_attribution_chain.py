"""Attribution found again in the files: effects of channels, conversion by touches, and where touches lie.

Every test has a twin: the same question asked of the same document with the behaviour switched off fails on the estimate.
Bounds are 3 standard errors or the tolerance of the acceptance table, whichever is larger.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen import api
from tests.written import Tables, written

Floats = NDArray[np.float64]

ERRORS = 3.0  # standard errors; one right estimate in 370 is further off, and seeds are fixed
SIZES = [10_000, pytest.param(51_000, marks=pytest.mark.slow), pytest.param(1_000_000, marks=pytest.mark.slow)]
EFFECTS = {"social": 0.3, "email": 0.8, "display": -0.5}
CHANNELS = {"search": 4, "social": 3, "email": 2, "display": 1}
RISING = {"base": 0.02, "multiplier_per_touch": 1.4, "saturation_at": 8}
DAY = 86_400


def document(rows: int, **chain: Any) -> dict[str, Any]:
    """Customers and five journeys each, of a million one. chain: keys of `attribution_chain`; None leaves one out."""
    keys = {
        "channels": CHANNELS,
        "touches": {"poisson": 3.5, "clamp": [1, 15]},
        "window": "30d",
        "conversion": 0.1,
        **chain,
    }
    return {
        "name": "marketing",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {
                "name": "customers",
                "rows": rows,
                "columns": {
                    "created_at": {
                        "datetime_series": {"within": {"start": "2024-01-01", "end": "2024-06-30"}},
                        "role": "created",
                    }
                },
            },
            {
                "name": "touches",
                "parents": ["customers"],
                "fanout": 5 if rows < 1_000_000 else 1,
                "attribution_chain": {key: value for key, value in keys.items() if value is not None},
            },
            {"name": "sales", "parents": ["customers"]},
        ],
    }  # fmt: skip


def near(what: str, estimate: float, target: float, bound: float) -> None:
    """The estimate is no further than the bound from the target."""
    assert abs(estimate - target) <= bound, f"{what}: estimate {estimate:.4g}, target {target:.4g}, bound {bound:.2g}"


# the effects of channels


def logistic(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Coefficients of a logistic regression and their standard errors, by Newton's method."""
    beta = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ beta))
        information = (x * (p * (1 - p))[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ (y - p))
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    return beta, np.sqrt(np.diag(np.linalg.inv(information)))


def effects_of(tables: Tables) -> dict[str, tuple[float, float]]:
    """Log-odds per touch of each channel, and their standard errors."""
    columns = ", ".join(f"count(*) filter (channel = '{name}')" for name in EFFECTS)
    rows = np.array(
        tables.rows(
            f"""select (max(converted_at) is not null)::int, {columns}
                from touches group by customers_id, journey"""
        ),
        dtype=np.float64,
    )
    beta, errors = logistic(np.column_stack([np.ones(len(rows)), rows[:, 1:]]), rows[:, 0])
    return {name: (float(beta[k]), float(errors[k])) for k, name in enumerate(EFFECTS, start=1)}


def ask_effects(tables: Tables) -> None:
    for name, (estimate, error) in effects_of(tables).items():
        near(f"effect of {name}", estimate, EFFECTS[name], ERRORS * error)


@pytest.mark.parametrize("rows", SIZES)
def test_the_effects_of_channels_are_in_the_conversions(rows: int, tmp_path: Path) -> None:
    ask_effects(written(document(rows, effects=EFFECTS), tmp_path, "parquet"))


def test_without_effects_channels_do_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"effect of social: estimate -?0\.0\d+, target 0\.3"):
        ask_effects(written(document(10_000), tmp_path, "parquet"))


@pytest.mark.slow
def test_larger_data_give_the_same_effects(tmp_path: Path) -> None:
    found = [
        effects_of(written(document(rows, effects=EFFECTS), tmp_path / str(rows), "parquet"))
        for rows in (10_000, 51_000, 1_000_000)
    ]
    for small, large in pairwise(found):
        for name in EFFECTS:
            bound = 2.0 * float(np.hypot(small[name][1], large[name][1]))
            near(f"effect of {name} in larger data", small[name][0], large[name][0], bound)


# a touch fades


def ask_fading(tables: Tables) -> None:
    """How much more often the one touch of a converted journey is young, for email over search.

    A touch of effect 2·2^(-age / half life) multiplies the odds by e to that; p is small, so odds are probabilities.
    """
    counts = np.array(
        tables.row(
            f"""select {
                ", ".join(
                    f"count(*) filter (channel = '{channel}' and age >= {low} and age < {low + 5})"
                    for channel in ("email", "search")
                    for low in (0, 15)
                )
            }
                from (select channel, date_diff('second', touched_at, converted_at) / {DAY} as age
                      from touches where converted_at is not null)"""
        ),
        dtype=np.float64,
    )
    ratio = (counts[0] / counts[1]) / (counts[2] / counts[3])
    ages = (np.arange(500) + 0.5) / 100
    young, old = (np.average(np.exp(2 * np.exp2(-(ages + low) / 10)), weights=np.exp(-ages / 10)) for low in (0, 15))
    error = ratio * float(np.sqrt((1 / counts).sum()))
    near("odds of a young touch over an old one", ratio, float(young / old), max(ERRORS * error, 0.05))


@pytest.mark.parametrize("rows", SIZES[:2])
def test_touches_fade_by_their_half_life(rows: int, tmp_path: Path) -> None:
    chain = {"effects": {"email": 2.0}, "half_life": "10d", "conversion": 0.02, "touches": 1}
    ask_fading(written(document(rows, **chain), tmp_path, "parquet"))


def test_without_a_half_life_an_old_touch_counts_as_much(tmp_path: Path) -> None:
    chain = {"effects": {"email": 2.0}, "conversion": 0.02, "touches": 1}
    with pytest.raises(AssertionError, match=r"odds of a young touch over an old one: estimate (0\.9|1\.?[01]?)"):
        ask_fading(written(document(10_000, **chain), tmp_path, "parquet"))


# conversion by the number of touches


def ask_rise(tables: Tables) -> None:
    """p(k) rises by 1.4 a touch up to 8: the slope of ln p(k), weighted, and p(9+) as p(8)."""
    rows = np.array(
        tables.rows(
            """select least(k, 9), count(*), avg(c) from (select count(*) as k, (max(converted_at) is not null)::int as c
               from touches group by customers_id, journey) group by 1 order by 1"""
        ),
        dtype=np.float64,
    )
    k, n, p = rows[:8].T
    variance = (1 - p) / (p * n)
    centre = (k / variance).sum() / (1 / variance).sum()
    whole = ((k - centre) ** 2 / variance).sum()
    slope = ((k - centre) * np.log(p) / variance).sum() / whole
    near("ratio of conversion per touch", float(np.exp(slope)), 1.4, max(0.05, ERRORS * 1.4 / float(np.sqrt(whole))))
    near("conversion after one touch", float(p[0]), 0.02, ERRORS * float(np.sqrt(0.02 * 0.98 / n[0])))
    last = 0.02 * 1.4**7
    near(
        "conversion after 9 and more", float(rows[8, 2]), last, ERRORS * float(np.sqrt(last * (1 - last) / rows[8, 1]))
    )


@pytest.mark.parametrize("rows", SIZES)
def test_conversion_rises_with_every_touch_up_to_saturation(rows: int, tmp_path: Path) -> None:
    ask_rise(written(document(rows, conversion=RISING), tmp_path, "parquet"))


def test_without_a_multiplier_conversion_does_not_rise(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"ratio of conversion per touch: estimate (0\.9|1\.0?)"):
        ask_rise(written(document(10_000, conversion=0.06), tmp_path, "parquet"))


# where touches lie


def ask_window(tables: Tables) -> None:
    early, late, before, mean = tables.row(
        """select count(*) filter (touched_at < converted_at - interval 30 day),
                  count(*) filter (touched_at >= converted_at), count(*) filter (touched_at < created_at),
                  avg(date_diff('second', touched_at, converted_at)) filter (created_at < converted_at - interval 30 day)
           from touches join customers using (customers_id) where converted_at is not null"""
    )
    near("touches before the window", early, 0, 0)
    near("touches after the conversion", late, 0, 0)
    near("touches before the customer was created", before, 0, 0)
    # mean of an exponential with mean w/3 cut at w: w·(1/3 - 1/(e^3 - 1))
    near("mean days before the end", mean / DAY, 30 * (1 / 3 - 1 / (np.e**3 - 1)), 0.3)


@pytest.mark.parametrize("rows", SIZES)
def test_touches_lie_in_the_window_before_the_conversion(rows: int, tmp_path: Path) -> None:
    ask_window(written(document(rows), tmp_path, "parquet"))


def test_a_longer_window_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"touches before the window: estimate [1-9]"):
        ask_window(written(document(2_000, window="60d"), tmp_path, "parquet"))


def test_weights_of_channels_are_their_shares(tmp_path: Path) -> None:
    tables = written(document(10_000), tmp_path, "parquet")
    total = tables.value("select count(*) from touches")
    for name, share in tables.shares("touches", "channel").items():
        target = CHANNELS[name] / sum(CHANNELS.values())
        near(f"share of {name}", share, target, ERRORS * float(np.sqrt(target * (1 - target) / total)))


# the table of conversions


def test_every_conversion_has_one_row_of_its_own(tmp_path: Path) -> None:
    tables = written(document(10_000, conversions="sales", conversion=RISING), tmp_path, "parquet")
    journeys = set(
        tables.rows("select distinct customers_id, journey, converted_at from touches where converted_at is not null")
    )
    sales = tables.rows("select customers_id, journey, converted_at from sales")
    assert len(sales) == len(set(sales)) > 1_000
    assert set(sales) == journeys


def test_the_plan_tells_the_share_that_converts(tmp_path: Path) -> None:
    source = document(10_000, conversions="sales", conversion=RISING, effects=EFFECTS, half_life="10d")
    plan = api.prepare(source).bind()
    tables = written(source, tmp_path, "parquet")
    for name in ("touches", "sales"):
        expected = plan.tables[name].expected_rows
        rows = tables.value(f"select count(*) from {name}")
        # the touches of a journey come together: about twice the error of independent rows
        near(f"rows of {name}", rows, expected, ERRORS * 2 * expected**0.5)


@pytest.mark.parametrize("half_life", [None, "10d"])
def test_the_plan_tells_what_channels_and_touches_do(half_life: str | None, tmp_path: Path) -> None:
    source = document(10_000, conversion=RISING, effects=EFFECTS, half_life=half_life)
    effects = api.prepare(source).bind().effects
    assert [one.kind for one in effects] == ["channel"] * len(EFFECTS) + ["touches"]
    tables, plain = (
        written(one, tmp_path / name, "parquet") for name, one in (("it", source), ("off", document(10_000)))
    )
    for one in effects:
        assert one.standard_error is not None
        near(one.id, tables.value(one.sql), one.expected, 4.0 * one.standard_error)
    rise = effects[-1]
    with pytest.raises(AssertionError, match=r"touches.touches: estimate [01]\."):
        near(rise.id, plain.value(rise.sql), rise.expected, 4.0 * (rise.standard_error or 0.0))
