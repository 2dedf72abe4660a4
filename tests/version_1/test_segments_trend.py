"""The segments and the trend of the original requirements run unchanged: asked of the written CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datagen import api
from tests.recovery.estimates import Line, close, slope
from tests.written import Tables, share_error, written

SCHEMA = Path(__file__).with_name("segments_trend.json")
SHARES = {"vip": 0.15, "standard": 0.60, "budget": 0.25}
ROWS = {"vip": 3.5, "standard": 1.0, "budget": 0.8}
VALUES = {"vip": 5.0, "standard": 1.0, "budget": 0.6}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(SCHEMA, tmp_path_factory.mktemp("segments"))


def test_it_is_planned_without_a_finding() -> None:
    assert api.prepare(SCHEMA).bind().findings == ()


def test_orders_per_customer_are_poisson_with_the_segments_mean(shop: Tables) -> None:
    for name, share in shop.shares("customer", "segment").items():
        assert abs(share - SHARES[name]) < share_error(SHARES[name], 1_000)
        people, mean, variance = shop.row(
            f"""select count(*), avg(n), var_samp(n) from (select count(order_id) n from customer
            left join "order" using (customer_id) where segment = '{name}' group by customer_id)"""
        )
        wanted = 21.6 * ROWS[name]
        close(f"orders of {name}", mean, wanted, 4 * (wanted / people) ** 0.5)
        close(f"variance of orders of {name}", variance, wanted, 4 * ((wanted + 2 * wanted**2) / people) ** 0.5)


def by_time(tables: Tables) -> Line:
    rows = tables.rows(
        """select epoch(order_time - timestamp '2023-01-01') / 86400 / 365.25, ln(amount), segment
        from "order" join customer using (customer_id)"""
    )
    x, y = (np.array(column, dtype=np.float64) for column in list(zip(*rows, strict=True))[:2])
    return slope(x, y, [segment for _, _, segment in rows])


def test_amounts_are_those_of_the_segment_and_grow_by_8_percent_a_year(shop: Tables) -> None:
    line = by_time(shop)
    close("yearly growth of amounts", np.expm1(line.slope), 0.08, max(0.005, 3 * 1.08 * line.error))
    found = dict(shop.rows('select segment, avg(ln(amount)) from "order" join customer using (customer_id) group by 1'))
    for name, factor in VALUES.items():
        close(f"amounts of {name}", float(np.exp(found[name] - found["standard"])), factor, 0.03 * factor)
    # the median 24.5, half of two years of growth later; 28,620 rows
    close("log of the standard amount", found["standard"], 3.2 + np.log(1.08), 4 * 0.6 / 13_000**0.5)


def test_times_stand_on_hours_of_the_window(shop: Tables) -> None:
    low, high, off = shop.row(
        """select min(order_time)::varchar, max(order_time)::varchar,
        count(*) filter (order_time != date_trunc('hour', order_time)) from "order" """
    )
    assert "2023-01-01" <= low < high < "2025"
    assert off == 0


def test_the_same_trend_is_found_without_bias_in_220_orders_a_month(tmp_path: Path) -> None:
    """At that size one month says little: the estimates of twelve data sets scatter as their own errors say."""
    distances, r_squared, ceilings = [], [], []
    for seed in range(12):
        tables = written(SCHEMA, tmp_path / str(seed), "parquet", seed=seed, sets=(("nodes.customer.rows", "185"),))
        line = by_time(tables)
        distances.append((line.slope - np.log(1.08)) / line.error)
        months = tables.rows(
            """select avg(ln(amount / case segment when 'vip' then 5 when 'budget' then 0.6 else 1 end)), count(*)
            from "order" join customer using (customer_id) group by date_trunc('month', order_time)
            order by date_trunc('month', order_time)"""
        )
        y, n = (np.array(column, dtype=np.float64) for column in zip(*months, strict=True))
        r_squared.append(slope(np.arange(24.0), y).r_squared)
        trend = np.log(1.08) / 12 * np.arange(24)
        ceilings.append(trend.var() / (trend.var() + (0.36 / n).mean()))
    assert np.abs(distances).max() < 3.5
    assert abs(np.mean(distances)) < 3 / 12**0.5
    # R² of 24 points scatters by about 0.15: the mean of twelve by 0.045
    assert np.mean(r_squared) > 0.95 * np.mean(ceilings) - 3 * np.std(r_squared) / 12**0.5, (r_squared, ceilings)
