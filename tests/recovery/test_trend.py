"""Trends of arrivals, further curves, their clocks, and small data: what is declared is found in the files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recovery.estimates import Floats, Line, close, slope
from tests.recovery.shops import MONTH, shop
from tests.written import Tables, written

RATE = {"poisson": 4, "per": "month"}
YEAR = 365.25  # days: the unit of a rate per year


def by_month(tables: Tables, table: str, time: str, measure: str = "count(*)") -> tuple[Floats, Floats]:
    """(24,) the middle of each month in months of 30.4375 days, and a measure of it per day of the month."""
    rows = tables.rows(
        f"""select date_trunc('month', {time}) m, {measure}, date_diff('day', m, m + interval 1 month)
        from {table} group by m order by m"""
    )
    days = np.array([length for *_, length in rows], dtype=np.float64)
    starts = np.array([(month - datetime(2023, 1, 1)).days for month, *_ in rows])
    return (starts + days / 2) / MONTH, np.array([float(value) for _, value, _ in rows]) / days


def growth(tables: Tables, table: str, time: str) -> Line:
    """Monthly growth of the logarithm of a number of rows; a Poisson count, so its error is at least that of chance."""
    x, y = by_month(tables, table, time)
    line = slope(x, np.log(y))
    rows = float(tables.value(f"select count(*) from {table}"))
    chance = (len(x) / rows) ** 0.5 / (x.std() * len(x) ** 0.5)
    return line._replace(error=max(line.error, chance))


# arrivals


def arriving(customers: int, *modifiers: Any) -> dict[str, Any]:
    document = shop(customers, 1)
    document["tables"][0]["columns"]["created_at"]["modifiers"] = list(modifiers)
    return document


def acquisition(rate: float) -> dict[str, Any]:
    return {"trend": {"growth_rate": rate, "time_unit": "month", "applies_to": "acquisition"}}


def arrivals_grow_by(tables: Tables, rate: float) -> None:
    line = growth(tables, "customers", "created_at")
    found = float(np.expm1(line.slope))
    close("growth of arrivals", found, rate, max(0.1 * rate, 3 * line.error * (1 + found)))


@pytest.mark.parametrize("rate", [0.05, -0.05])
def test_entities_arrive_faster_and_faster(tmp_path: Path, rate: float) -> None:
    tables = written(arriving(10_000, acquisition(rate)), tmp_path / "on", "parquet")
    line = growth(tables, "customers", "created_at")
    close("growth of arrivals", float(np.expm1(line.slope)), rate, max(0.005, 3 * line.error))
    assert tables.value("select count(*) from customers") == 10_000
    with pytest.raises(AssertionError, match="growth of arrivals"):
        arrivals_grow_by(written(arriving(10_000), tmp_path / "off", "parquet"), rate)


# further curves

LATE_FACTOR = 1.5
CURVES: dict[str, tuple[dict[str, Any], Callable[[Floats], Floats]]] = {
    "logistic": (
        {"type": "logistic", "growth_rate": 4, "params": {"ceiling": 3}},
        lambda years: 3 / (1 + 2 * np.exp(-4 * years)),
    ),
    "logistic decline": (
        {"type": "logistic", "growth_rate": 4, "params": {"ceiling": 0.4}},
        lambda years: 0.4 / (1 - 0.6 * np.exp(-4 * years)),
    ),
    "piecewise": (
        {
            "type": "piecewise",
            "params": {"levels": [{"at": "2023-07-01", "factor": 2}, {"at": "2024-01-01", "factor": 0.8}]},
        },
        lambda years: np.interp(years * YEAR, [0, 181, 365], [1, 2, 0.8]),
    ),
    "step": (
        {"type": "step", "params": {"levels": [{"at": "2024-01-01", "factor": LATE_FACTOR}]}},
        lambda years: np.where(years * YEAR < 365, 1.0, LATE_FACTOR),
    ),
    "anchor": (
        {"growth_rate": 1.0, "anchor": "2024-01-01"},
        lambda years: 2 ** np.maximum(years - 365 / YEAR, 0),
    ),
}


def follows(x: Floats, found: Floats, error: Floats, curve: Callable[[Floats], Floats]) -> None:
    """Every month has the level of the curve, averaged over its days. The largest of 24 reaches 3 errors by itself."""
    days = (x[:, None] + np.linspace(-0.5, 0.5, 31)[None, :]) * MONTH / YEAR
    wanted = curve(days).mean(axis=1)
    off = np.abs(found / wanted - 1) / error
    close("largest error of a month, in standard errors", float(off.max()), 0.0, 4.0)


def rates_follow(tables: Tables, curve: Callable[[Floats], Floats], usual: float) -> None:
    x, y = by_month(tables, "orders", "ordered_at")
    follows(x, y / usual, 1 / (y * MONTH) ** 0.5, curve)


@pytest.mark.parametrize("name", CURVES)
def test_rates_follow_every_curve(tmp_path: Path, name: str) -> None:
    args, curve = CURVES[name]
    there = {**RATE, "multipliers": [{"trend": args}]}
    usual = 3_000 * 4 / MONTH
    rates_follow(written(shop(3_000, there, created=None), tmp_path / "on", "parquet"), curve, usual)
    twin = written(shop(3_000, RATE, created=None), tmp_path / "off", "parquet")
    with pytest.raises(AssertionError, match="largest error of a month"):
        rates_follow(twin, curve, usual)


def values_follow(tables: Tables, curve: Callable[[Floats], Floats]) -> None:
    rows = tables.rows(
        """select date_trunc('month', ordered_at) m, avg(amount), stddev(amount) / sqrt(count(*)) / avg(amount)
        from orders group by m order by m"""
    )
    x = by_month(tables, "orders", "ordered_at")[0]
    means, errors = (np.array([row[place] for row in rows]) for place in (1, 2))
    follows(x, means / 50, errors, curve)


@pytest.mark.parametrize("name", CURVES)
def test_values_follow_every_curve(tmp_path: Path, name: str) -> None:
    args, curve = CURVES[name]
    amount = {"normal": {"mean": 50, "std": 10}, "role": "measure"}
    grown = {**amount, "modifiers": [{"trend": args}]}
    values_follow(written(shop(1_000, RATE, created=None, amount=grown), tmp_path / "on", "parquet"), curve)
    twin = written(shop(1_000, RATE, created=None, amount=amount), tmp_path / "off", "parquet")
    with pytest.raises(AssertionError, match="largest error of a month"):
        values_follow(twin, curve)


# small data


def small(rate: float) -> dict[str, Any]:
    """220 orders a month."""
    trend = {"trend": {"growth_rate": rate, "time_unit": "month"}}
    fanout = {"poisson": 2.2, "per": "month", "multipliers": [trend]} if rate else {"poisson": 2.2, "per": "month"}
    return shop(100, fanout, created=None)


def small_growth_is(tables: Tables, rate: float) -> None:
    line = growth(tables, "orders", "ordered_at")
    found = float(np.expm1(line.slope))
    close("monthly growth", found, rate, 3 * line.error * (1 + found))


def test_growth_of_small_data_is_inside_its_interval(tmp_path: Path) -> None:
    tables = written(small(0.03), tmp_path / "on", "parquet")
    small_growth_is(tables, 0.03)
    line = growth(tables, "orders", "ordered_at")
    # what chance leaves: the variance of the line over it plus that of Poisson counts
    x, y = by_month(tables, "orders", "ordered_at")
    planted = float((np.log(1.03) * x).var())
    ceiling = planted / (planted + float((1 / (y * MONTH)).mean()))
    assert line.r_squared >= 0.95 * ceiling, f"R² {line.r_squared:.3f}, at most {ceiling:.3f}"
    with pytest.raises(AssertionError, match=r"monthly growth: .* declared 0\.03"):
        small_growth_is(written(small(0), tmp_path / "off", "parquet"), 0.03)


def test_without_a_trend_nothing_grows(tmp_path: Path) -> None:
    line = growth(written(small(0), tmp_path, "parquet"), "orders", "ordered_at")
    close("monthly growth", line.slope, 0.0, 2 * line.error)


# large


@pytest.mark.slow
def test_small_and_large_data_sets_have_the_same_growth_of_arrivals(tmp_path: Path) -> None:
    lines = []
    for customers in (10_000, 51_000, 1_000_000):
        tables = written(arriving(customers, acquisition(0.05)), tmp_path / str(customers), "parquet")
        arrivals_grow_by(tables, 0.05)
        lines.append(growth(tables, "customers", "created_at"))
    for small, large in ((lines[0], lines[1]), (lines[1], lines[2])):
        close("growth of arrivals", small.slope, large.slope, 2 * (small.error**2 + large.error**2) ** 0.5)
