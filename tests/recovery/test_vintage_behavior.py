"""What age curves declare is found in the files: rows and active customers by age, cohorts, values, who left and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recovery.estimates import by_age, close, correlation, slope
from tests.recovery.shops import DECAY, MONTH, decay, shop
from tests.support import codes_of
from tests.written import Tables, written

CUSTOMERS = 6_000
CURVE = np.array(DECAY)
RATE = {"poisson": 3, "per": "month"}
AGES = {
    "dropout": decay(),
    "rate": decay(mode="rate"),
    "active_share": decay(mode="active_share"),
    "mixed": decay(mode="mixed"),
    "none": None,
}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    home = tmp_path_factory.mktemp("ages")
    return {name: written(shop(CUSTOMERS, RATE, ages=ages), home / name, "parquet") for name, ages in AGES.items()}


# rows and active customers by age


def rows_by_age(tables: Tables, curve: np.ndarray = CURVE) -> None:
    """Rows per customer in each full month of age, over those of month 0: every point ± 0.03."""
    events, _, _ = by_age(tables, len(curve))
    found = events / events[0]
    for age, (value, wanted) in enumerate(zip(found, curve, strict=True)):
        close(f"rows at age {age}", value, wanted, 0.03)
    assert correlation(found, curve) >= 0.98


@pytest.mark.parametrize("mode", ["dropout", "rate", "active_share", "mixed"])
def test_rows_by_age_are_the_curve_in_every_mode(shops: dict[str, Tables], mode: str) -> None:
    rows_by_age(shops[mode])
    with pytest.raises(AssertionError, match=r"rows at age 1: .* declared 0\.75"):
        rows_by_age(shops["none"])


def active_by_age(tables: Tables) -> None:
    """The share of customers with a row in each month of age, over month 0: root mean square error 0.02."""
    _, active, _ = by_age(tables, len(CURVE))
    found = active / active[0]
    close("rmse of the active share", float(((found - CURVE) ** 2).mean() ** 0.5), 0.0, 0.02)
    assert correlation(found, CURVE) >= 0.98


@pytest.mark.parametrize("mode", ["dropout", "active_share"])
def test_the_share_of_active_customers_is_the_curve_where_it_says_who_is_active(
    shops: dict[str, Tables], mode: str
) -> None:
    active_by_age(shops[mode])
    for other in ("rate", "mixed", "none"):  # the same rows by age come from more customers
        with pytest.raises(AssertionError, match="rmse of the active share"):
            active_by_age(shops[other])


def returning(tables: Tables) -> float:
    """Of customers without a row in their months 2 and 3, the share with one in month 4 or 5."""
    share = tables.value(
        """with followed as (select customers_id, created_at from customers where created_at < '2024-06-01'),
        seen as (select customers_id, floor(epoch(ordered_at - created_at) / 2629800) age
            from orders join followed using (customers_id)),
        each as (select customers_id, count(*) filter (age in (2, 3)) silent, count(*) filter (age in (4, 5)) later
            from followed left join seen using (customers_id) group by 1)
        select avg((later > 0)::int) from each where silent = 0"""
    )
    return float(share)


def test_who_dropped_out_never_returns_and_who_is_switched_off_may(shops: dict[str, Tables]) -> None:
    # silent customers of `active_share` are on in a later month with 0.45 and 0.4: 1 - 0.55 · 0.6, at a rate of 3 all
    # but 5 % of those have a row
    close("returning", returning(shops["active_share"]), 1 - (1 - 0.45 * 0.95) * (1 - 0.4 * 0.95), 0.05)
    # of `dropout` only those who had no row by chance
    assert returning(shops["dropout"]) < 0.1


def test_no_row_is_older_than_its_customer(shops: dict[str, Tables]) -> None:
    for mode, tables in shops.items():
        early = "select count(*) from orders join customers using (customers_id) where ordered_at < created_at"
        assert tables.value(early) == 0, mode


# cohorts


def expected_share(cohort: int, month: int) -> float:
    """Expected share of a calendar cohort with a row in a calendar month (months since the start of the window).

    Over creations in the cohort's month, ages of leaving (at 0 to 0.2 months before the end of a unit) and their rows.
    """
    edges = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29, 31, 30, 31, 30])
    created = np.linspace(edges[cohort], edges[cohort + 1], 81)[:-1, None] + (edges[cohort + 1] - edges[cohort]) / 160
    chance = np.append(-np.diff(CURVE), CURVE[-1])  # of leaving at the end of each unit; never, for what is left
    total = np.zeros(len(created))
    for unit, share in enumerate(chance):
        for jitter in (np.arange(10) + 0.5) / 10 if unit < len(CURVE) - 1 else (0.5,):
            end = created[:, 0] + MONTH * (unit + 1 - 0.2 * jitter) if unit < len(CURVE) - 1 else np.inf
            there = np.minimum(end, edges[month + 1]) - np.maximum(created[:, 0], edges[month])
            each = 10 if unit < len(CURVE) - 1 else 1
            total += share / each * (1 - np.exp(-3 / MONTH * np.maximum(there, 0)))
    return float(total.mean())


def cohorts_fade(tables: Tables) -> None:
    """Every cell of the triangle of the first year: 4 binomial standard errors (78 cells: 3 would miss one in five times)."""
    sizes = dict(
        tables.rows(
            "select (month(created_at) - 1)::int, count(*) from customers where year(created_at) = 2023 group by 1"
        )
    )
    active = {
        (cohort, month): count
        for cohort, month, count in tables.rows(
            """select (month(created_at) - 1)::int, (month(ordered_at) - 1)::int, count(distinct customers_id)
            from orders join customers using (customers_id)
            where year(created_at) = 2023 and year(ordered_at) = 2023 group by 1, 2"""
        )
    }
    for cohort in range(12):
        for month in range(12):
            if month < cohort:
                assert (cohort, month) not in active
                continue
            share = expected_share(cohort, month)
            error = (share * (1 - share) / sizes[cohort]) ** 0.5
            close(f"cohort {cohort} in month {month}", active.get((cohort, month), 0) / sizes[cohort], share, 4 * error)


def test_calendar_cohorts_fade_as_expected(shops: dict[str, Tables]) -> None:
    cohorts_fade(shops["dropout"])
    for other in ("rate", "none"):
        with pytest.raises(AssertionError, match="cohort 0 in month"):
            cohorts_fade(shops[other])


# when somebody left


def with_departure(ages: Any) -> dict[str, Any]:
    document = shop(CUSTOMERS, RATE, ages=ages)
    document["tables"][0]["columns"]["left_at"] = {"expression": "departed_at", "type": "datetime", "nullable": True}
    return document


def test_departures_are_one_time_for_all_tables_and_end_their_rows(tmp_path: Path) -> None:
    document = with_departure(decay())
    document["tables"].append(
        {
            "name": "visits",
            "parents": ["customers"],
            "fanout": {"poisson": 2, "per": "month"},
            "columns": {"visited_at": {"role": "time"}},
        }
    )
    tables = written(document, tmp_path, "parquet")
    for table, time in (("orders", "ordered_at"), ("visits", "visited_at")):
        late = f"select count(*) from {table} join customers using (customers_id) where {time} >= left_at"
        assert tables.value(late) == 0
    there = tables.rows(
        """select age, avg((left_at is null or epoch(left_at - created_at) / 2629800 > age)::int), count(*) from customers,
        (select unnest([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 9.5]) age)
        where created_at <= timestamp '2025-01-01' - to_seconds((age * 2629800)::bigint) group by 1"""
    )
    for age, share, followed in there:
        wanted = DECAY[min(int(age), 5)]
        close(f"still there at {age}", share, wanted, 4 * (wanted * (1 - wanted) / followed) ** 0.5 + 1e-9)
    assert tables.value("select count(*) from customers where left_at < created_at or left_at > '2025-01-01'") == 0


def test_departures_can_be_read_only_where_somebody_leaves() -> None:
    assert "expression.unknown_name" in codes_of(with_departure(decay(mode="rate")))


# other curves


@pytest.mark.parametrize(
    ("keys", "curve"),
    [
        ({"curve": [1, 0.6, 0.3], "tail": "zero"}, [1, 0.6, 0.3, 0, 0]),
        ({"curve": [1, 0.8, 0.56], "tail": "geometric"}, [1, 0.8, 0.56, 0.392, 0.2744]),
        ({"curve": [1, 0.5, 0.4], "mode": "rate", "interpolate": "linear"}, [1, 0.6, 0.4 / 0.75, 0.4 / 0.75]),
        ({"curve": [1, 1.5, 2.0]}, [1, 1.5, 2, 2]),
        ({"curve": [0.5, 0.8, 1.0], "mode": "active_share"}, [1, 1.6, 2, 2]),
        ({"curve": "exponential", "params": {"a": 1, "b": -0.3}}, [np.exp(-0.3 * k) for k in range(5)]),
        ({"curve": {"curve_type": "linear", "params": {"a": 1, "b": -0.2}}}, [1, 0.7 / 0.9, 0.5 / 0.9, 0.3 / 0.9, 0.1 / 0.9, 0]),
        ({"curve": "logarithmic", "params": {"a": 1, "b": 0.4}}, None),
    ],
)  # fmt: skip
def test_other_curves_come_out_as_well(tmp_path: Path, keys: dict[str, Any], curve: list[float] | None) -> None:
    tables = written(shop(CUSTOMERS, RATE, ages={"habit": {"time_unit": "month", **keys}}), tmp_path, "parquet")
    if curve is None:  # mean of 1 + 0.4 ln(1 + age) over each month: (x ln x - x) from 1 + k to 2 + k
        integral = [(2 + k) * np.log(2 + k) - (1 + k) * np.log(1 + k) - 1 for k in range(5)]
        curve = [float((1 + 0.4 * one) / (1 + 0.4 * integral[0])) for one in integral]
    events, _, followed = by_age(tables, len(curve))
    for age, wanted in enumerate(curve):
        error = 3 * (wanted / (3 * followed * 0.5)) ** 0.5 + 3 * (0.25 / followed) ** 0.5
        close(f"rows at age {age}", events[age] / events[0], wanted, max(0.03, error * max(1, wanted)))


def test_ages_may_be_counted_in_days_weeks_and_years(tmp_path: Path) -> None:
    for unit, days in (("day", 1), ("week", 7), ("year", 365.25)):
        ages = {"habit": {"curve": [1, 0.25], "time_unit": unit, "mode": "rate"}}
        tables = written(
            shop(700, {"poisson": 20, "per": "month"}, ages=ages, created="start"), tmp_path / unit, "parquet"
        )
        young, older = tables.row(
            f"""select count(*) filter (age < {days}), count(*) filter (age >= {days} and age < {2 * days})
            from (select epoch(ordered_at - created_at) / 86400 age from orders join customers using (customers_id))"""
        )
        close(f"rows of the second {unit}", older / young, 0.25, max(0.01, 4 * 0.25 * (1 / older + 1 / young) ** 0.5))


def test_two_curves_multiply(tmp_path: Path) -> None:
    ages = {
        "habit": {"curve": [1, 0.6], "time_unit": "month", "mode": "rate"},
        "season": {"curve": [1, 1, 1.5], "time_unit": "month", "mode": "rate"},
    }
    rows_by_age(written(shop(CUSTOMERS, RATE, ages=ages), tmp_path, "parquet"), np.array([1, 0.6, 0.9, 0.9]))


# values


def growing(on: bool) -> dict[str, Any]:
    growth = {"growth": {"curve": "logarithmic", "params": {"a": 2, "b": 0.3}, "applies_to": ["orders.amount"]}}
    amount = {"lognormal": {"median": 30, "sigma": 0.3}, "role": "measure"}
    return shop(3_000, {"poisson": 1.5, "per": "month"}, ages=growth if on else None, amount=amount)


def values_grow(tables: Tables) -> None:
    """amount ~ a + b ln(1 + age): the ratio of the coefficients, weighted by nothing, from 50 thousand rows."""
    rows = tables.rows(
        """select ln(1 + epoch(ordered_at - created_at) / 2629800), amount
        from orders join customers using (customers_id)"""
    )
    x, y = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    assert len(x) > 50_000
    line = slope(x, y)
    base = y.mean() - line.slope * x.mean()
    close("growth of values over the logarithm of age", line.slope / base, 0.15, 0.015)
    mean = 30 * np.exp(0.3**2 / 2)
    close("value at age 0", base / mean, 2.0, 2 * 0.02)


def test_values_grow_with_the_logarithm_of_the_age(tmp_path: Path) -> None:
    values_grow(written(growing(True), tmp_path / "on", "parquet"))
    with pytest.raises(AssertionError, match="growth of values"):
        values_grow(written(growing(False), tmp_path / "off", "parquet"))


def test_value_growth_leaves_rows_alone(tmp_path: Path) -> None:
    rows = "select customers_id, ordered_at from orders order by all"
    on, off = (written(growing(kind), tmp_path / str(kind), "parquet") for kind in (True, False))
    assert on.rows(rows) == off.rows(rows)


# large


@pytest.mark.slow
def test_a_small_and_a_large_data_set_tell_the_same(tmp_path: Path) -> None:
    found = []
    for customers in (51_000, 1_000_000):
        tables = written(
            shop(customers, {"poisson": 0.8, "per": "month"}, ages=decay()), tmp_path / str(customers), "parquet"
        )
        events, active, followed = by_age(tables, len(CURVE))
        rows_by_age(tables)
        found.append((events / events[0], active / active[0], followed))
    (small, few, n), (large, many, more) = found
    for age in range(1, len(CURVE)):
        share = CURVE[age]
        # each customer's rows in a month have the variance λ + λ² S (1 - S); their ratio to month 0 about twice that
        error = (2 * (share / 0.8 + share * (1 - share) + share**2 / 0.8) * (1 / n + 1 / more)) ** 0.5
        close(f"rows at age {age}", small[age], large[age], 2 * error)
        error = (2 * share / 0.55 * (1 / n + 1 / more)) ** 0.5
        close(f"active at age {age}", few[age], many[age], 2 * error)
