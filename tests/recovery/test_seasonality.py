"""Seasons in local time, without steps and on holidays are found in the files, and no hour is lost when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.recovery.estimates import Floats, close, correlation, per_day
from tests.recovery.shops import MONTH, shop
from tests.written import Tables, written

START = datetime(2023, 1, 1, tzinfo=UTC)
HOURS = 731 * 24  # of 2023 and 2024
ZONES = ("America/New_York", "Asia/Kolkata", "Europe/Prague")
DAY = (*(0.2,) * 6, 0.5, 1, 1.5, 2, 2.5, 2.5, 2, 2, 2, 1.5, 1.5, 2, 2.5, 2, 1.5, 1, 0.5, 0.3)


# time zones


def local_shops(timezone: str | None, *, customers: int = 3_000, where: str = "fanout") -> dict[str, Any]:
    """Customers in three zones, who order by the clocks on their walls."""
    weights: dict[str, Any] = {"dimension": "hour", "weights": list(DAY)}
    if timezone is not None:
        weights["timezone"] = timezone
    fanout: dict[str, Any] = {"poisson": 2.1, "per": "month"}
    if where == "fanout":
        document = shop(customers, {**fanout, "multipliers": [{"seasonality": weights}]}, created=None)
    else:
        document = shop(customers, fanout, created=None, time={"datetime_series": {"pattern": weights}})
    document["tables"][0]["columns"]["zone"] = {"choices": list(ZONES)}
    return document


def local_hours(zone: str) -> np.ndarray:
    """(k,) half hours of the window -> the hour that the clocks of a zone show."""
    clocks = ZoneInfo(zone)
    return np.array([(START + timedelta(minutes=30 * k)).astimezone(clocks).hour for k in range(2 * HOURS)])


def orders_by_hour(tables: Tables, zone: str) -> Floats:
    """(24,) orders of a zone's customers per half hour of local time."""
    rows = tables.rows(
        f"""select floor(epoch(ordered_at - timestamp '2023-01-01') / 1800)::int as half, count(*)
        from orders join customers using (customers_id) where zone = '{zone}' group by 1"""
    )
    shown = local_hours(zone)
    counts = np.zeros(2 * HOURS)
    for half, count in rows:
        counts[half] = count
    return np.bincount(shown, counts, minlength=24) / np.bincount(shown, minlength=24)


def hours_are_local(tables: Tables) -> None:
    wanted = np.array(DAY) / np.mean(DAY)
    for zone in ZONES:
        rates = orders_by_hour(tables, zone)
        shares = rates / rates.mean()
        least = float(tables.value("select count(*) from orders")) / len(ZONES) * min(DAY) / sum(DAY)
        off = float(np.abs(shares / wanted - 1).max())
        # the largest of 24 hours: 3 standard errors of the least busy one
        close(f"largest relative error of local hours in {zone}", off, 0.0, max(0.04, 3.5 / least**0.5))
        assert correlation(shares, wanted) >= 0.99


@pytest.mark.parametrize("where", ["fanout", "pattern"])
def test_hours_are_those_of_each_customers_zone(tmp_path: Path, where: str) -> None:
    hours_are_local(written(local_shops("customers.zone", where=where), tmp_path / "on", "parquet"))
    with pytest.raises(AssertionError, match="largest relative error of local hours"):
        hours_are_local(written(local_shops(None, where=where), tmp_path / "off", "parquet"))


def test_one_zone_for_all(tmp_path: Path) -> None:
    tables = written(local_shops("Asia/Kolkata"), tmp_path, "parquet")
    rows = tables.rows("select hour(ordered_at + interval 330 minute), count(*) from orders group by 1 order by 1")
    shares = np.array([count for _, count in rows]) / np.mean([count for _, count in rows])
    off = np.abs(shares / (np.array(DAY) / np.mean(DAY)) - 1).max()
    close("largest relative error of hours in India", float(off), 0.0, 3.5 / min(count for _, count in rows) ** 0.5)


def test_zones_leave_the_number_of_rows_alone(tmp_path: Path) -> None:
    expected = 3_000 * 2.1 * 731 / MONTH
    for timezone in ("customers.zone", None):
        rows = written(local_shops(timezone), tmp_path / str(timezone), "parquet").value("select count(*) from orders")
        # hours that clocks leave out in spring come twice in autumn
        close("rows", rows, expected, 3 * expected**0.5)


CHANGES = (date(2023, 3, 26), date(2023, 10, 29), date(2024, 3, 31), date(2024, 10, 27))  # in Prague


def test_no_hour_is_lost_or_doubled_when_clocks_change(tmp_path: Path) -> None:
    """Weekdays of equal weight in local time: every UTC hour of the four days is as full as any other."""
    same = {"dimension": "hour", "weights": [1] * 24, "timezone": "Europe/Prague"}
    fanout = {"poisson": 60, "per": "month", "multipliers": [{"seasonality": same}]}
    tables = written(shop(700, fanout, created=None), tmp_path, "parquet")
    days = ", ".join(f"date '{day}'" for day in CHANGES)
    rows = tables.rows(
        f"""select hour(ordered_at), count(*) from orders where ordered_at::date in ({days})
        and hour(ordered_at) < 6 group by 1 order by 1"""
    )
    usual = 4 * 700 * 60 / MONTH / 24
    assert len(rows) == 6
    for hour, count in rows:
        close(f"rows of {hour} o'clock", count, usual, 3.5 * usual**0.5)  # the largest of six


# months without steps

YEAR = (1.0, 1.0, 1.2, 1.0, 0.8, 0.7, 0.6, 0.7, 1.0, 1.2, 1.6, 2.2)
LENGTHS = (31, 28.5, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # of 2023 and 2024


def yearly(smooth: bool, weights: tuple[float, ...] = YEAR) -> dict[str, Any]:
    season = {"seasonality": {"dimension": "month", "weights": list(weights), "smooth": smooth}}
    return shop(2_000, {"poisson": 5, "per": "month", "multipliers": [season]}, created=None)


def months_are(tables: Tables) -> None:
    counts = np.array(
        [n for _, n in tables.rows("select month(ordered_at), count(*) from orders group by 1 order by 1")]
    )
    rates = counts / np.array(LENGTHS)
    wanted = np.array(YEAR) * (rates.mean() / np.mean(YEAR))
    close("largest relative error of months", float(np.abs(rates / wanted - 1).max()), 0.0, 0.04)


def no_step_at_new_year(tables: Tables) -> None:
    """The first three days of 2024 against the last three of 2023: 2.2 to 1.0 as a step, hardly anything as a curve."""
    days = per_day(tables)
    before, after = days[362:365].sum(), days[365:368].sum()
    error = (1 / before + 1 / after) ** 0.5
    close("step at the turn of the year", float(np.log(after / before)), 0.0, 3 * error + 0.12)  # the curve falls too


def test_smooth_months_keep_their_weights_and_have_no_steps(tmp_path: Path) -> None:
    smooth = written(yearly(True), tmp_path / "on", "parquet")
    months_are(smooth)
    no_step_at_new_year(smooth)
    with pytest.raises(AssertionError, match="step at the turn of the year"):
        no_step_at_new_year(written(yearly(False), tmp_path / "steps", "parquet"))
    with pytest.raises(AssertionError, match="largest relative error of months"):
        months_are(written(yearly(True, (1.0,) * 12), tmp_path / "off", "parquet"))


# holidays

FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))  # of the United States, on the same date every year
IN_LIEU = (date(2023, 11, 10) - date(2023, 1, 1)).days  # the 11th was a Saturday
ELEVEN = 11  # a year, the moving ones included
FACTOR = 3.0


def festive(key: str | None) -> dict[str, Any]:
    fanout: dict[str, Any] = {"poisson": 12, "per": "month"}
    if key == "holidays":
        fanout["holidays"] = {"country": "US", "factor": FACTOR, "lead": "1d", "lag": 0}
    elif key == "seasonality":
        season = {"dimension": "holiday", "country": "US", "weights": [1, FACTOR]}
        fanout["multipliers"] = [{"seasonality": season}]
    return shop(500, fanout, created=None)


def holidays_are_seen(tables: Tables, lead: float) -> None:
    counts = per_day(tables)
    usual = float(np.median(counts))
    z = (counts - usual) / usual**0.5
    days = [(date(year, *day) - date(2023, 1, 1)).days for year in (2023, 2024) for day in FIXED]
    close("least z of a holiday", float(min(z[days].min(), 4.0)), 4.0, 0.0)
    mean = float(counts[days].mean() / usual)
    close("factor of holidays", mean, FACTOR, 3 * (FACTOR / usual / len(days)) ** 0.5)
    eves = [day - 1 for day in days if day and day - 1 != IN_LIEU]  # the window begins on a first of January
    eve = float(counts[eves].mean() / usual)
    # the ramp is half way up on average; a median is off by a little
    close("factor of the day before", eve, lead, 3 * (lead / usual / len(eves)) ** 0.5 + 0.03)
    others = [day for day in range(731) if z[day] > 4 and day not in days and day + 1 not in days]
    # moving holidays with their eves, four days off in lieu with theirs, and a false one in a year
    assert len(others) <= 2 * (2 * (ELEVEN - len(FIXED)) + 1) + 8


@pytest.mark.parametrize(("key", "lead"), [("holidays", 2.0), ("seasonality", 1.0)])
def test_holidays_stand_out(tmp_path: Path, key: str, lead: float) -> None:
    holidays_are_seen(written(festive(key), tmp_path / "on", "parquet"), lead)
    with pytest.raises(AssertionError, match="least z of a holiday"):
        holidays_are_seen(written(festive(None), tmp_path / "off", "parquet"), lead)


def test_weights_of_holidays_leave_the_number_of_rows_alone_and_factors_add_rows(tmp_path: Path) -> None:
    rows = {
        key: written(festive(key), tmp_path / str(key), "parquet").value("select count(*) from orders")
        for key in ("holidays", "seasonality", None)
    }
    usual = 500 * 12 * 731 / MONTH
    for key in ("seasonality", None):
        close(f"rows with {key}", rows[key], usual, 3 * usual**0.5)
    assert rows["holidays"] > usual * 1.05


# large


@pytest.mark.slow
def test_small_and_large_data_sets_have_the_same_local_hours(tmp_path: Path) -> None:
    found = []
    for customers in (51_000, 1_000_000):
        document = local_shops("customers.zone", customers=customers)
        document["tables"][1]["fanout"]["poisson"] = 0.2
        tables = written(document, tmp_path / str(customers), "parquet")
        hours_are_local(tables)
        rates = orders_by_hour(tables, "Asia/Kolkata")
        rows = float(
            tables.value("select count(*) from orders join customers using (customers_id) where zone like 'Asia%'")
        )
        share = rates / rates.sum()
        found.append((share, share * (1 - share) / rows))
    (small, one), (large, other) = found
    off = float((np.abs(small - large) / (one + other) ** 0.5).max())
    close("largest difference of an hour, in standard errors", off, 0.0, 3.0)  # the largest of 24: 2 for each alone


# two columns of zones

WORK_WEEK = (1.2, 1, 1, 1, 1.4, 0.4, 0.3)
HOME, OFFICE = ("Asia/Tokyo", "America/Los_Angeles"), ("America/Sao_Paulo", "Pacific/Auckland")


def two_zones(home: str, office: str, *, word: str) -> dict[str, Any]:
    """Times with hours local to one column of zones and weekdays to another."""
    hours = {"dimension": "hour", "weights": list(DAY), "timezone": home}
    days = {"dimension": "dow", "weights": list(WORK_WEEK), "timezone": office}
    zones = {"home": {"choices": list(HOME)}, "office": {"choices": list(OFFICE)}}
    if word == "rate":
        fanout = {"poisson": 2, "per": "month", "multipliers": [{"seasonality": hours}, {"seasonality": days}]}
        document = shop(800, fanout, created=None)
        document["tables"][0]["columns"].update(zones)
        document["tables"][1]["columns"]["home"] = {"expression": "customers.home"}
        document["tables"][1]["columns"]["office"] = {"expression": "customers.office"}
        return document
    if word == "series":
        times: dict[str, Any] = {"ordered_at": {"datetime_series": {"pattern": [hours, days]}, "role": "time"}}
    else:
        times = {
            "begun": {"datetime_series": {"within": {"start": "2023-01-01", "end": "2023-12-31"}}},
            "ordered_at": {
                "after": {"column": "begun", "delay": {"uniform": {"low": "0d", "high": "56d"}}},
                "modifiers": [{"seasonality": hours}, {"seasonality": days}],
                "role": "time",
            },
        }
    frame = {"start": "2023-01-01", "end": "2024-12-31"}
    orders = {"name": "orders", "rows": 40_000, "columns": {**zones, **times}}
    return {"name": "two", "timeframe": frame, "tables": [orders]}


def both_are_local(tables: Tables) -> None:
    rows = tables.rows("select ordered_at, home, office from orders")
    clocks = {name: ZoneInfo(name) for name in (*HOME, *OFFICE)}
    hours, days = np.zeros(24), np.zeros(7)
    for time, home, office in rows:
        at = time.replace(tzinfo=UTC)
        hours[at.astimezone(clocks[home]).hour] += 1
        days[at.astimezone(clocks[office]).weekday()] += 1
    for name, found, weights in (("home hours", hours, DAY), ("office weekdays", days, WORK_WEEK)):
        wanted = np.array(weights) / np.sum(weights)
        # the largest of 24: 3.5 standard errors of the least busy one, and 1 % for days when clocks change
        off = float(np.abs(found / found.sum() / wanted - 1).max())
        close(f"largest relative error of {name}", off, 0.0, 0.01 + 3.5 / (len(rows) * float(wanted.min())) ** 0.5)


@pytest.mark.parametrize("word", ["rate", "series", "after"])
def test_each_season_is_local_to_its_own_column_of_zones(tmp_path: Path, word: str) -> None:
    at = "customers." if word == "rate" else ""
    both_are_local(written(two_zones(f"{at}home", f"{at}office", word=word), tmp_path / "on", "parquet"))
    with pytest.raises(AssertionError, match="largest relative error of office weekdays"):
        both_are_local(written(two_zones(f"{at}home", f"{at}home", word=word), tmp_path / "off", "parquet"))
