"""What a fan-out in time declares is found in the files: rates, trends, seasons, bursts, noise, differences of parents."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recovery.estimates import Line, close, correlation, monthly_growth, per_day, slope
from tests.recovery.shops import MONTH, SEGMENTS, decay, shop, trend
from tests.written import Tables, share_error, written

DAYS = 731  # of 2023 and 2024
RATE = {"poisson": 1, "per": "month"}


# growth


def grows_by(line: Line, rate: float) -> None:
    """A tenth of the rate, or three standard errors, whichever is larger."""
    found = np.expm1(line.slope)
    close("monthly growth", found, rate, max(0.1 * rate, 3 * line.error * (1 + found)))
    assert line.r_squared >= 0.90, f"R² {line.r_squared:.3f}, at least 0.90"


def arriving(customers: int, *multipliers: Any, seed: int = 42) -> dict[str, Any]:
    """Customers who come over two years and leave again: without a trend the orders grow and level off."""
    fanout = {"poisson": 3, "per": "month", "multipliers": list(multipliers)}
    return shop(customers, fanout, segments=SEGMENTS, ages=decay(), seed=seed)


def test_the_total_follows_its_trend_whoever_comes_and_leaves(tmp_path: Path) -> None:
    tables = written(arriving(5_000, trend(0.05, "total")), tmp_path / "on", "parquet")
    assert tables.value("select count(*) from orders") > 24_000
    grows_by(monthly_growth(tables), 0.05)
    twin = written(arriving(5_000), tmp_path / "off", "parquet")
    with pytest.raises(AssertionError, match=r"monthly growth: .* declared 0\.05"):
        grows_by(monthly_growth(twin), 0.05)


def test_the_rate_of_everybody_follows_its_trend(tmp_path: Path) -> None:
    there = {**RATE, "multipliers": [trend(0.05, "rate")]}
    grows_by(monthly_growth(written(shop(3_000, there, created="start"), tmp_path / "on", "parquet")), 0.05)
    twin = written(shop(3_000, RATE, created="start"), tmp_path / "off", "parquet")
    with pytest.raises(AssertionError, match=r"monthly growth: .* declared 0\.05"):
        grows_by(monthly_growth(twin), 0.05)


def test_a_falling_trend_falls(tmp_path: Path) -> None:
    there = {"poisson": 4, "per": "month", "multipliers": [trend(-0.04, "rate")]}
    line = monthly_growth(written(shop(3_000, there, created="start"), tmp_path, "parquet"))
    close("monthly growth", np.expm1(line.slope), -0.04, max(0.004, 3 * line.error))


def does_not_grow(line: Line) -> None:
    close("monthly growth", line.slope, 0.0, 3 * line.error)


def test_a_total_without_growth_stays_level_where_arrivals_alone_would_grow(tmp_path: Path) -> None:
    does_not_grow(monthly_growth(written(arriving(5_000, trend(0.0, "total")), tmp_path / "level", "parquet")))
    with pytest.raises(AssertionError, match=r"monthly growth: .* declared 0 "):
        does_not_grow(monthly_growth(written(arriving(5_000), tmp_path / "twin", "parquet")))


def test_a_total_keeps_the_expected_number_of_rows(tmp_path: Path) -> None:
    counts = [
        written(arriving(5_000, *one), tmp_path / str(place), "parquet").value("select count(*) from orders")
        for place, one in enumerate([(), (trend(0.05, "total"),)])
    ]
    # customers are the same in both, so are nearly all their lives: what is left is the noise of two Poisson sums, and
    # that those who are early or late count more under a trend (1 % at 5,000 customers)
    assert abs(counts[1] / counts[0] - 1) < 0.03


def values(growth: float, *, rows: int = 50_000) -> dict[str, Any]:
    grown: dict[str, Any] = {"lognormal": {"median": 30, "sigma": 0.2}, "role": "measure"}
    if growth:
        grown["modifiers"] = [{"trend": {"growth_rate": growth, "time_reference": "ordered_at"}}]
    segments = {name: {"value_multiplier": one.get("value_multiplier", 1)} for name, one in SEGMENTS.items()}
    return shop(rows // 25, {"poisson": 25, "per": "window"}, segments=segments, created="start", amount=grown)


def yearly_value(tables: Tables) -> Line:
    rows = tables.rows(
        """select epoch(ordered_at - timestamp '2023-01-01') / 86400 / 365.25, ln(amount), segment
        from orders join customers using (customers_id)"""
    )
    x, y = (np.array(column, dtype=np.float64) for column in list(zip(*rows, strict=True))[:2])
    return slope(x, y, [segment for _, _, segment in rows])


def values_grow(tables: Tables) -> None:
    line = yearly_value(tables)
    close("yearly growth of values", np.expm1(line.slope), 0.12, max(0.005, 3 * line.error))


def test_values_follow_their_trend_inside_every_segment(tmp_path: Path) -> None:
    values_grow(written(values(0.12), tmp_path / "on", "parquet"))
    with pytest.raises(AssertionError, match=r"yearly growth of values: .* declared 0\.12"):
        values_grow(written(values(0), tmp_path / "off", "parquet"))


# seasons

DOW = (0.8, 0.9, 1.0, 1.0, 1.3, 1.6, 0.6)
HOUR = (
    0.2,
    0.1,
    0.1,
    0.1,
    0.2,
    0.4,
    0.8,
    1.1,
    1.3,
    1.4,
    1.4,
    1.5,
    1.6,
    1.4,
    1.2,
    1.1,
    1.1,
    1.2,
    1.4,
    1.6,
    1.5,
    1.1,
    0.7,
    0.5,
)
MONTHS = (0.7, 0.8, 0.9, 1.0, 1.0, 0.9, 0.8, 0.8, 1.0, 1.2, 1.5, 1.9)


def seasonal(on: bool) -> dict[str, Any]:
    seasons = (("dow", DOW), ("hour", HOUR), ("month", MONTHS)) if on else ()
    multipliers = [{"seasonality": {"dimension": word, "weights": list(weights)}} for word, weights in seasons[:2]]
    pattern = {"pattern": {"dimension": "month", "weights": list(MONTHS)}} if on else {}
    fanout = {"poisson": 6.25, "per": "month", "multipliers": multipliers}
    return shop(1_000, fanout, created=None, time={"datetime_series": pattern})


@pytest.fixture(scope="module")
def seasons(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Tables]:
    home = tmp_path_factory.mktemp("seasons")
    return {on: written(seasonal(on), home / str(on), "parquet") for on in (True, False)}


def season_is(tables: Tables, word: str, weights: tuple[float, ...], tolerance: float) -> None:
    part = {"dow": "isodow({}) - 1", "hour": "hour({})", "month": "month({}) - 1"}[word]
    counts = dict(tables.rows(f"select {part.format('ordered_at')}, count(*) from orders group by 1"))
    step = "interval 1 hour" if word == "hour" else "interval 1 day"
    every = dict(
        tables.rows(
            f"""select {part.format("t")}, count(*)
            from generate_series('2023-01-01'::timestamp, '2024-12-31 23:00'::timestamp, {step}) s(t) group by 1"""
        )
    )
    rates = np.array([counts.get(k, 0) / every[k] for k in range(len(weights))])
    shares, wanted = rates / rates.mean(), np.array(weights) / np.mean(weights)
    error = 3 / min(counts.values()) ** 0.5
    off = float(np.abs(shares / wanted - 1).max())
    close(f"largest relative error of {word}", off, 0.0, max(tolerance, error))
    assert correlation(shares, wanted) >= 0.99


@pytest.mark.parametrize(
    ("word", "weights", "tolerance"), [("dow", DOW, 0.02), ("hour", HOUR, 0.04), ("month", MONTHS, 0.04)]
)
def test_seasons_have_their_weights(
    seasons: dict[bool, Tables], word: str, weights: tuple[float, ...], tolerance: float
) -> None:
    season_is(seasons[True], word, weights, tolerance)
    with pytest.raises(AssertionError, match=f"largest relative error of {word}"):
        season_is(seasons[False], word, weights, tolerance)


def test_seasons_leave_the_number_of_rows_alone(seasons: dict[bool, Tables]) -> None:
    rows = [seasons[on].value("select count(*) from orders") for on in (True, False)]
    expected = 1_000 * 6.25 * DAYS / MONTH
    # two whole years: months and hours balance; 731 days hold a Sunday and a Monday more, which is 0.02 %
    assert abs(rows[0] - expected) < 4 * expected**0.5 + 2e-3 * expected
    assert abs(rows[1] - expected) < 4 * expected**0.5


# bursts

BURSTS = (("2023-03-08", 5.0), ("2023-11-24", 8.0), ("2024-07-01", 4.0))


def bursting(on: bool) -> dict[str, Any]:
    bursts = [{"at": at, "factor": factor, "decay": "2d"} for at, factor in BURSTS] if on else []
    return shop(500, {"poisson": 6, "per": "month", "bursts": bursts}, created=None)


def bursts_are_seen(tables: Tables) -> None:
    counts = per_day(tables)
    usual = float(np.median(counts))
    z = (counts - usual) / usual**0.5
    planted = [(datetime.fromisoformat(at) - datetime(2023, 1, 1)).days for at, _ in BURSTS]
    near = np.zeros(DAYS, dtype=bool)
    for day, (_, factor) in zip(planted, BURSTS, strict=True):
        assert z[day] > 4, f"z of a burst: {z[day]:.2g}, declared above 4"
        near[day : day + 12] = True
        # the mean of 1 + (f - 1) e^(-t/2) over the first day
        height = 1 + (factor - 1) * 2 * (1 - np.exp(-0.5))
        close("height of a burst", counts[day] / usual, height, 4 * (height / usual) ** 0.5)
    assert (z[~near] > 4).sum() <= 2, "false days"


def test_bursts_stand_out_and_die_away(tmp_path: Path) -> None:
    bursts_are_seen(written(bursting(True), tmp_path / "on", "parquet"))
    with pytest.raises(AssertionError, match="z of a burst"):
        bursts_are_seen(written(bursting(False), tmp_path / "off", "parquet"))


# noise


def noisy(std: float) -> dict[str, Any]:
    noise = {"noise": {"ar": [0.6], "std": std}} if std else {}
    return shop(2_000, {"poisson": 30, "per": "month", **noise}, created=None)


def unrest_is(tables: Tables) -> None:
    """Deviation and memory of the daily log rate: sampling noise, 1/n of a day's count, is taken off its variance."""
    counts = per_day(tables)
    series = np.log(counts) - np.log(counts).mean()
    variance = float((series * series).mean() - (1 / counts).mean())
    lag = float((series[1:] * series[:-1]).mean())
    # a series with φ 0.6 is worth n (1 - φ²) / (1 + φ²) values for its variance
    worth = DAYS * (1 - 0.36) / (1 + 0.36)
    close("deviation of the noise", max(variance, 0.0) ** 0.5, 0.25, 3 * 0.25 / (2 * worth) ** 0.5)
    close("memory of the noise", lag / variance, 0.6, max(0.03, 3 * (0.64 / DAYS) ** 0.5))


def test_noise_has_its_deviation_and_memory(tmp_path: Path) -> None:
    unrest_is(written(noisy(0.25), tmp_path / "on", "parquet"))
    with pytest.raises(AssertionError, match=r"deviation of the noise: .* declared 0\.25"):
        unrest_is(written(noisy(0), tmp_path / "off", "parquet"))


# numbers of rows per parent


def counts_of(tables: Tables) -> np.ndarray:
    rows = tables.rows(
        "select count(orders_id) from customers left join orders using (customers_id) group by customers_id"
    )
    return np.array([count for (count,) in rows], dtype=np.float64)


def counted(tmp_path: Path, name: str, fanout: Any, **keys: Any) -> np.ndarray:
    return counts_of(written(shop(10_000, fanout, **{"created": None, **keys}), tmp_path / name, "parquet"))


@pytest.mark.parametrize(
    ("per", "rate"),
    [("hour", 0.0005), ("day", 0.01), ("week", 0.08), ("month", 0.4), ("year", 4.5), ("window", 9.0)],
)
def test_poisson_rates_mean_what_they_say_per_unit(tmp_path: Path, per: str, rate: float) -> None:
    days = {"hour": 1 / 24, "day": 1, "week": 7, "month": MONTH, "year": 365.25, "window": DAYS}[per]
    counts = counted(tmp_path, per, {"poisson": rate, "per": per})
    mean = rate * DAYS / days
    close(f"rows per {per}", counts.mean(), mean, 4 * (mean / 10_000) ** 0.5)
    close(f"variance of rows per {per}", counts.var(), mean, 4 * ((mean + 2 * mean**2) / 10_000) ** 0.5)


def differ_like(counts: np.ndarray, shape: float, mean: float) -> None:
    """The gamma shape behind negative binomial counts, by moments: mean² / (variance - mean)."""
    excess = (counts.var() - counts.mean()) / counts.mean() ** 2
    # standard error of the variance of 10,000 such counts, by their fourth moment
    fourth = ((counts - counts.mean()) ** 4).mean()
    error = ((fourth - counts.var() ** 2) / len(counts)) ** 0.5 / counts.mean() ** 2
    close("1 / shape", excess, 1 / shape, 3 * error)
    close("rows per parent", counts.mean(), mean, 4 * (counts.var() / len(counts)) ** 0.5)


def test_parents_differ_by_a_gamma_law(tmp_path: Path) -> None:
    mean = 0.5 * DAYS / MONTH
    differ_like(counted(tmp_path, "on", {"poisson": 0.5, "per": "month", "heterogeneity": {"gamma": 1.5}}), 1.5, mean)
    with pytest.raises(AssertionError, match="1 / shape"):
        differ_like(counted(tmp_path, "off", {"poisson": 0.5, "per": "month"}), 1.5, mean)


def silent(counts: np.ndarray, share: float, mean: float) -> None:
    zero = float((counts == 0).mean())
    wanted = share + (1 - share) * np.exp(-mean)
    close("share of parents without rows", zero, wanted, share_error(wanted, len(counts)))
    close("rows of the others", counts[counts > 0].mean(), mean / (1 - np.exp(-mean)), 4 * (mean / 7_000) ** 0.5)


def test_a_share_of_the_parents_has_no_rows_and_the_others_keep_their_rate(tmp_path: Path) -> None:
    mean = 0.25 * DAYS / MONTH
    silent(counted(tmp_path, "on", {"poisson": 0.25, "per": "month", "p_zero": 0.3}), 0.3, mean)
    with pytest.raises(AssertionError, match="share of parents without rows"):
        silent(counted(tmp_path, "off", {"poisson": 0.25, "per": "month"}), 0.3, mean)


def test_a_negative_binomial_per_month_keeps_its_shape_in_every_month(tmp_path: Path) -> None:
    fanout = {"negative_binomial": {"mean": 2, "shape": 0.8}, "per": "month"}
    tables = written(shop(2_000, fanout, created=None), tmp_path, "parquet")
    rows = tables.rows("select customers_id, date_trunc('month', ordered_at) m, count(*) from orders group by 1, 2")
    counts = np.zeros(2_000 * 24)
    counts[: len(rows)] = [count for _, _, count in rows]
    differ_like(counts, 0.8, 2.0)


def test_any_other_law_keeps_its_mean_when_it_is_multiplied(tmp_path: Path) -> None:
    # uniform on 1..4 per month, times 0.3: 0.75 rows on average, which is no whole number
    segments = {name: {"fanout_multiplier": 0.3} for name in SEGMENTS}
    fanout = {"uniform": {"low": 1, "high": 4}, "per": "month"}
    counts = counted(tmp_path, "on", fanout, segments=segments)
    mean = 24 * 0.75
    close("rows per parent", counts.mean(), mean, 4 * (counts.var() / 10_000) ** 0.5)
    # never more than one more or less than 0.3 times 24 to 96
    assert counts.min() >= 7
    assert counts.max() <= 48


def test_a_clamp_is_a_hard_cap_and_the_capped_rows_fill_their_time(tmp_path: Path) -> None:
    fanout = {"poisson": 10, "per": "window", "clamp": [8, 12]}
    tables = written(shop(5_000, fanout, created=None), tmp_path, "parquet")
    counts = counts_of(tables)
    assert (counts.min(), counts.max()) == (8, 12)
    assert 0.2 < (counts == 8).mean() < 0.45  # P(Poisson(10) <= 8) = 0.33
    middle = tables.value(
        """select avg(epoch(ordered_at - timestamp '2023-01-01') / 86400 / 731) from orders
        where customers_id in (select customers_id from orders group by 1 having count(*) in (8, 12))"""
    )
    rows = ((counts == 8) * 8 + (counts == 12) * 12).sum()
    close("mean place in the window of capped rows", middle, 0.5, 4 * (1 / 12 / rows) ** 0.5)


# edges


def test_rows_lie_between_from_and_until(tmp_path: Path) -> None:
    document = shop(2_000, {"poisson": 3, "per": "month", "from": "2023-03-01", "until": "closed_at"}, created=None)
    document["tables"][0]["columns"]["closed_at"] = {
        "datetime_series": {"within": {"start": "2023-06-01", "end": "2024-12-31"}}, "when": "customers_id % 4 != 0",
        "nullable": True,
    }  # fmt: skip
    tables = written(document, tmp_path, "parquet")
    outside = """select count(*) filter (ordered_at < '2023-03-01'), count(*) filter (ordered_at >= closed_at)
        from orders join customers using (customers_id)"""
    assert tables.row(outside) == (0, 0)
    for condition in ("closed_at is null", "closed_at is not null"):
        rows, days = tables.row(
            f"""select sum(n), sum(epoch(coalesce(closed_at, timestamp '2025-01-01') - timestamp '2023-03-01')) / 86400
            from (select closed_at, count(orders_id) n from customers left join orders using (customers_id)
            where {condition} group by customers_id, closed_at)"""
        )
        close("rows per month open", rows / days * MONTH, 3, 4 * 3 / rows**0.5)


# effects on the volume


def promoted(on: bool) -> dict[str, Any]:
    effect = {
        "effect": {
            "effect_table": "promo", "on": {"segment": "segment"}, "window": {"start_col": "starts", "end_col": "ends"},
            "map": {"field": "lift", "op": "mul", "default": 1},
        }
    }  # fmt: skip
    document = shop(4_000, {"poisson": 2, "per": "month", "multipliers": [effect] if on else []}, created=None)
    document["tables"].append(
        {
            "name": "promo",
            "kind": "vocab",
            "columns": {
                "segment": {"enum_list": ["vip", "budget"]},
                "starts": {"enum_list": ["2023-04-01T00:00:00", "2024-01-01T00:00:00"], "type": "datetime"},
                "ends": {"enum_list": ["2023-06-30T23:59:59", "2024-06-30T23:59:59"], "type": "datetime"},
                "lift": {"enum_list": [3.0, 0.5]},
            },
        }
    )
    return document


def lifts_are(tables: Tables) -> None:
    for segment, low, high, days, lift in (
        ("vip", "2023-04-01", "2023-07-01", 91, 3.0),
        ("budget", "2024-01-01", "2024-07-01", 182, 0.5),
        ("standard", "2023-04-01", "2023-07-01", 91, 1.0),
    ):
        inside, all_rows = tables.row(
            f"""select count(*) filter (ordered_at >= '{low}' and ordered_at < '{high}'), count(*)
            from orders join customers using (customers_id) where segment = '{segment}'"""
        )
        found = (inside / days) / ((all_rows - inside) / (DAYS - days))
        close(f"lift of {segment}", found, lift, 4 * lift * (1 / inside + 1 / (all_rows - inside)) ** 0.5)


def test_effects_multiply_the_rate_of_parents_whose_key_matches_while_a_window_is_open(tmp_path: Path) -> None:
    lifts_are(written(promoted(True), tmp_path / "on", "parquet"))
    with pytest.raises(AssertionError, match="lift of vip"):
        lifts_are(written(promoted(False), tmp_path / "off", "parquet"))


# large


@pytest.mark.slow
def test_a_small_and_a_large_data_set_grow_the_same(tmp_path: Path) -> None:
    found = []
    for customers in (51_000, 1_000_000):
        fanout = {"poisson": 0.3, "per": "month", "multipliers": [trend(0.05, "total")]}
        document = shop(customers, fanout, segments=SEGMENTS, ages=decay())
        found.append(monthly_growth(written(document, tmp_path / str(customers), "parquet"), "count(*)"))
        grows_by(found[-1], 0.05)
    small, large = found
    close("monthly growth", small.slope, large.slope, 2 * (small.error**2 + large.error**2) ** 0.5)
