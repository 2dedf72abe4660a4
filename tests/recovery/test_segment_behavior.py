"""What segments declare is found in the files: rows per customer and amounts, in both shapes and at any depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recovery.estimates import close
from tests.recovery.shops import SEGMENTS, SHARES, decay, shop
from tests.written import Tables, share_error, written

RATE = {"poisson": 1.5, "per": "month"}
ROWS = {"vip": 3.5, "standard": 1.0, "budget": 0.8}
VALUES = {"vip": 5.0, "standard": 1.0, "budget": 0.6}


def without(key: str) -> dict[str, Any]:
    """The segments less one of their two effects."""
    return {name: {word: factor for word, factor in one.items() if word != key} for name, one in SEGMENTS.items()}


def rates(tables: Tables, table: str = "orders", key: str = "customers_id") -> dict[str, tuple[float, float]]:
    """Rows per month in which a customer could have had some, and its standard error between customers, by segment."""
    rows = tables.rows(
        f"""with counted as (select customers_id, segment, count({key}_of_row) as n,
            any_value(epoch(timestamp '2025-01-01' - created_at) / 2629800) as months
            from customers left join (select {key} as {key}_of_row, customers_id from {table}) using (customers_id)
            group by all)
        select segment, sum(n) / sum(months), count(*), avg(months) as average,
            sqrt(avg((n - months * r) ** 2)) as spread from
            (select *, sum(n) over (partition by segment) / sum(months) over (partition by segment) r from counted)
        group by 1"""
    )
    return {name: (float(rate), float(spread / months / people**0.5)) for name, rate, people, months, spread in rows}


def rows_differ(tables: Tables, factors: dict[str, float], table: str = "orders", key: str = "orders_id") -> None:
    """The ratio of the rates to the standard segment's: 5 %, or 3 standard errors where that is more."""
    found = rates(tables, table, key)
    base, base_error = found["standard"]
    for name in ("vip", "budget"):
        rate, error = found[name]
        relative = ((error / rate) ** 2 + (base_error / base) ** 2) ** 0.5
        close(f"rows of {name}", rate / base, factors[name], factors[name] * max(0.05, 3 * relative))


def amounts_differ(tables: Tables) -> None:
    """The ratio of mean amounts: 3 %, or 3 standard errors where that is more."""
    found = {
        name: (float(mean), float(error))
        for name, mean, error in tables.rows(
            "select segment, avg(amount), stddev(amount) / sqrt(count(*)) from orders join customers using (customers_id) group by 1"
        )
    }
    base, base_error = found["standard"]
    for name in ("vip", "budget"):
        mean, error = found[name]
        relative = ((error / mean) ** 2 + (base_error / base) ** 2) ** 0.5
        close(f"amounts of {name}", mean / base, VALUES[name], VALUES[name] * max(0.03, 3 * relative))


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    home = tmp_path_factory.mktemp("segments")
    kinds = {
        "both": SEGMENTS,
        "values only": without("fanout_multiplier"),
        "rows only": without("value_multiplier"),
        "long": {
            "segment_column": "segment", "segments": SEGMENTS, "applies_to_columns": ["amount"],
        },
        "behaviors": {"behaviors": SEGMENTS},
    }  # fmt: skip
    return {
        name: written(shop(6_000, RATE, segments=segments, ages=decay()), home / name, "parquet")
        for name, segments in kinds.items()
    }


def test_segments_have_the_shares_of_their_column(shops: dict[str, Tables]) -> None:
    for name, share in shops["both"].shares("customers", "segment").items():
        assert abs(share - SHARES[name]) < share_error(SHARES[name], 6_000)


def test_rows_per_customer_and_month_have_the_declared_ratio(shops: dict[str, Tables]) -> None:
    rows_differ(shops["both"], ROWS)
    with pytest.raises(AssertionError, match=r"rows of vip: .* declared 3\.5"):
        rows_differ(shops["values only"], ROWS)


def test_amounts_have_the_declared_ratio(shops: dict[str, Tables]) -> None:
    amounts_differ(shops["both"])
    with pytest.raises(AssertionError, match=r"amounts of vip: .* declared 5"):
        amounts_differ(shops["rows only"])


def revenue_is_shared(tables: Tables) -> None:
    """Shares of the revenue follow from shares of customers, rows and amounts."""
    weights = {name: SHARES[name] * ROWS[name] * VALUES[name] for name in SHARES}
    found = dict(tables.rows("select segment, sum(amount) from orders join customers using (customers_id) group by 1"))
    total = sum(float(value) for value in found.values())
    # 900 of 6,000 customers are vip: their number alone has a standard error of 3 %, the revenue's share one of 0.6 points
    for name, weight in weights.items():
        close(f"revenue of {name}", float(found[name]) / total, weight / sum(weights.values()), 0.018)


def test_revenue_is_shared_as_shares_rows_and_amounts_say(shops: dict[str, Tables]) -> None:
    revenue_is_shared(shops["both"])
    with pytest.raises(AssertionError, match="revenue of"):
        revenue_is_shared(shops["rows only"])


@pytest.mark.parametrize("shape", ["long", "behaviors"])
def test_both_shapes_mean_the_same(shops: dict[str, Tables], shape: str) -> None:
    rows = "select orders_id, customers_id, ordered_at, amount from orders order by orders_id"
    assert shops[shape].rows(rows) == shops["both"].rows(rows)


def test_a_segment_takes_nothing_from_the_others(shops: dict[str, Tables]) -> None:
    """Rows of the standard segment are the same whatever the others are multiplied by."""
    rows = """select customers_id, ordered_at, amount from orders join customers using (customers_id)
        where segment = 'standard' order by all"""
    assert shops["both"].rows(rows) == shops["values only"].rows(rows)


def test_rounded_amounts_are_multiplied_before_they_are_rounded(shops: dict[str, Tables]) -> None:
    whole = shops["both"].value(
        "select avg((amount % 0.05 < 0.001)::int) from orders join customers using (customers_id) where segment = 'vip'"
    )
    assert whole < 0.3  # 5 × a rounded amount would always end on a multiple of 0.05


# grandparents


def deep(applies_to: list[str] | None) -> dict[str, Any]:
    """Customers, their orders, and items of those: the segments reach the items' rows and prices."""
    segments: dict[str, Any] = {"segments": SEGMENTS}
    if applies_to is not None:
        segments["applies_to"] = applies_to
    document = shop(2_000, {"poisson": 4, "per": "window"}, segments=segments, created=None)
    document["tables"].append(
        {
            "name": "items",
            "parents": ["orders"],
            "fanout": {"poisson": 3},
            "columns": {"price": {"lognormal": {"median": 10, "sigma": 0.4}}},
        }
    )
    return document


def items_differ(tables: Tables, rows: dict[str, float], prices: dict[str, float]) -> None:
    found = {
        name: (count / orders, float(price), count)
        for name, count, orders, price in tables.rows(
            """select segment, count(items_id), count(distinct orders_id), avg(price) from customers
            join orders using (customers_id) left join items using (orders_id) group by 1"""
        )
    }
    for name in ("vip", "budget"):
        relative = (1 / found[name][2] + 1 / found["standard"][2]) ** 0.5
        each, price = found[name][0] / found["standard"][0], found[name][1] / found["standard"][1]
        close(f"items of {name}", each, rows[name], max(0.03, 4 * relative) * rows[name])
        close(f"prices of {name}", price, prices[name], max(0.03, 4 * 0.42 * relative) * prices[name])


def test_segments_reach_grandchildren_that_are_named(tmp_path: Path) -> None:
    even = dict.fromkeys(SEGMENTS, 1.0)
    tables = written(deep(["items", "items.price"]), tmp_path / "on", "parquet")
    items_differ(tables, ROWS, VALUES)
    orders = dict(
        tables.rows(
            "select segment, count(*) / count(distinct customers_id) from orders join customers using (customers_id) group by 1"
        )
    )
    close("orders of vip", orders["vip"] / orders["standard"], 1.0, 0.12)  # named tables only: orders are left alone
    twin = written(deep(None), tmp_path / "off", "parquet")
    items_differ(twin, even, even)
    with pytest.raises(AssertionError, match="items of vip"):
        items_differ(twin, ROWS, VALUES)


def test_columns_alone_leave_rows_to_the_default(tmp_path: Path) -> None:
    tables = written(deep(["items.price"]), tmp_path, "parquet")
    items_differ(tables, dict.fromkeys(SEGMENTS, 1.0), VALUES)
    found = dict(
        tables.rows(
            """select segment, avg(n) from (select customers_id, segment, count(orders_id) n
            from customers left join orders using (customers_id) group by all) group by 1"""
        )
    )
    # 300 vip customers with 14 orders, 1,200 with 4
    close("orders of vip", found["vip"] / found["standard"], 3.5, 3.5 * 3 * (1 / 4_200 + 1 / 4_800) ** 0.5)


# counts that are not made in time


@pytest.mark.parametrize(
    ("fanout", "mean", "variance"),
    [
        ({"poisson": 2}, 2.0, lambda k: 2 * k),
        ({"poisson": "1.0 + 1.0"}, 2.0, lambda k: 2 * k),
        ({"negative_binomial": {"mean": 2, "shape": 1.5}}, 2.0, lambda k: 2 * k + (2 * k) ** 2 / 1.5),
        (3, 3.0, None),
        ("1..4", 2.5, None),
    ],
)
def test_laws_per_parent_keep_their_shape_and_their_mean_when_multiplied(
    tmp_path: Path, fanout: Any, mean: float, variance: Any
) -> None:
    tables = written(
        shop(9_000, fanout, segments=SEGMENTS, created=None, time={"datetime_series": {}}), tmp_path, "parquet"
    )
    for name, factor in ROWS.items():
        counts = np.array(
            [
                count
                for (count,) in tables.rows(
                    f"""select count(orders_id) from customers left join orders using (customers_id)
                    where segment = '{name}' group by customers_id"""
                )
            ],
            dtype=np.float64,
        )
        close(f"rows of {name}", counts.mean(), factor * mean, 4 * counts.std() / len(counts) ** 0.5 + 1e-9)
        if variance is not None:
            fourth = ((counts - counts.mean()) ** 4).mean()
            error = ((fourth - counts.var() ** 2) / len(counts)) ** 0.5
            close(f"variance of rows of {name}", counts.var(), variance(factor), 4 * error)


@pytest.mark.slow
def test_a_small_and_a_large_data_set_tell_the_same(tmp_path: Path) -> None:
    found = []
    for customers in (51_000, 1_000_000):
        document = shop(customers, {"poisson": 0.3, "per": "month"}, segments=SEGMENTS, ages=decay())
        tables = written(document, tmp_path / str(customers), "parquet")
        rows_differ(tables, ROWS)
        amounts_differ(tables)
        found.append(rates(tables))
    small, large = found
    for name in SEGMENTS:
        error = (small[name][1] ** 2 + large[name][1] ** 2) ** 0.5
        close(f"rows per month of {name}", small[name][0], large[name][0], 2 * error)
