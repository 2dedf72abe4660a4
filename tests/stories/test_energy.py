"""What an analyst asks of the energy supplier: seasons, growth, heat waves, broken meters, and whether bills add up."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.written import Tables, share_error, written

HOURS = (
    "[0.5, 0.45, 0.4, 0.4, 0.45, 0.6, 0.9, 1.2, 1.1, 1, 1, 1.1, 1.2, 1.1, 1, 1, 1.1, 1.4, 1.7, 1.8, 1.6, 1.3, 0.9, 0.6]"
)
MONTHS = "[1.4, 1.3, 1.1, 0.9, 0.8, 0.75, 0.75, 0.75, 0.85, 1, 1.2, 1.4]"
# What weather adds, as the schema's hidden table has it; the two heat waves overlap and count both.
WEATHER = """
    if(region = 'south' and read_at between '2023-07-10' and '2023-07-24 23:59:59', 2.5, 0)
    + if(region = 'south' and read_at between '2023-07-20' and '2023-07-31 23:59:59', 1.5, 0)
    + if(region = 'north' and read_at between '2023-01-15' and '2023-01-28 23:59:59', 4, 0)
"""
YEARS = "epoch(read_at - '2023-01-01'::timestamp) / (365.25 * 86400)"
# Each reading against what its household uses on average in an hour, without weather, hour and month.
RATIO = f"""
    select *, (kwh - ({WEATHER})) / (annual_kwh / 8766) / ({HOURS})[hour(read_at) + 1] / ({MONTHS})[month(read_at)] as ratio, {YEARS} as year
    from reading join meter using (meter_id)
    join (select household_id, region as home, annual_kwh from household) using (household_id)
"""
FAULT = 2.0  # the law of a sound meter ends at 1.75 (5 standard deviations), a broken one shows 4 to 7 times its value


def test_winter_takes_nearly_twice_as_much_as_summer(energy: Tables) -> None:
    weights = [1.4, 1.3, 1.1, 0.9, 0.8, 0.75, 0.75, 0.75, 0.85, 1, 1.2, 1.4]
    asked = energy.rows(
        f"""
        select month(read_at), median(ratio * ({MONTHS})[month(read_at)] / (1 + 0.04 * year)), count(*) from ({RATIO}) group by 1 order by 1
        """
    )
    for month, found, rows in asked:
        # 4 standard errors of a median (standard deviation 0.15); 1.5 % of faults move it by 0.003
        assert abs(found / weights[month - 1] - 1) < 4 * 1.2533 * 0.15 / math.sqrt(rows) + 0.003


def test_the_evening_is_the_peak_of_the_day(energy: Tables) -> None:
    peak, trough = energy.row(
        f"""
        select median(kwh / annual_kwh * 8766) filter (hour(read_at) = 19), median(kwh / annual_kwh * 8766) filter (hour(read_at) = 3)
        from ({RATIO}) where month(read_at) in (4, 5, 6)
        """
    )
    assert abs(peak / trough - 1.8 / 0.4) < 0.25  # 4 standard errors of a quotient of medians of 250 readings


def test_consumption_grows_by_four_percent_in_the_year(energy: Tables) -> None:
    rows, slope = energy.row(f"select count(*), regr_slope(ratio, year) from ({RATIO}) where ratio < {FAULT}")
    assert abs(slope - 0.04) < 4 * 0.15 / (0.288 * math.sqrt(rows))


def test_heat_waves_add_up_in_the_south_only(energy: Tables) -> None:
    for low, high, extra in (("07-10", "07-20", 2.5), ("07-20", "07-25", 4.0), ("07-25", "08-01", 1.5)):
        south, north, rows = energy.row(
            f"""
            select avg(kwh - usual) filter (region = 'south'), avg(kwh - usual) filter (region = 'north'), count(*) / 2 from (
                select reading.region, kwh, annual_kwh / 8766 * ({HOURS})[hour(read_at) + 1] * 0.75 * (1 + 0.04 * {YEARS}) as usual
                from reading join meter using (meter_id) join household using (household_id)
                where read_at >= '2023-{low}' and read_at < '2023-{high}'
            ) where kwh - usual < 5
            """
        )
        error = 4 * 0.3 / math.sqrt(rows)  # a tenth of a kilowatt-hour of noise, faults up to 1.5 kWh among them
        assert abs(south - extra) < error
        assert abs(north) < error


def test_prices_are_those_of_the_tariff_of_the_day(energy: Tables) -> None:
    wrong = """
        select count(*) from reading left join tariff t on read_at between valid_from and coalesce(valid_to, '2100-01-01')
        where t.cents is null or abs(cents_per_kwh - t.cents) > 1e-9
    """
    assert energy.value(wrong) == 0


def test_bills_are_consumption_times_price_and_tax(energy: Tables) -> None:
    assert energy.value("select max(abs(cost - kwh * cents_per_kwh / 100 * 1.21)) from reading") < 0.005 + 1e-9


def test_an_exact_share_of_readings_is_broken_and_comes_in_bursts(energy: Tables) -> None:
    rows, broken, runs = energy.row(
        f"""
        select count(*), count(*) filter (broken), count(*) filter (broken and not before) from (
            select broken, coalesce(lag(broken) over (order by read_at, reading_id), false) as before
            from (select read_at, reading_id, ratio / (1 + 0.04 * year) > {FAULT} as broken from ({RATIO}))
        )
        """
    )
    assert broken == math.floor(rows * 0.015 + 0.5)
    assert abs(broken / runs - 5) < 0.5  # runs of about five in time order; two may touch


def test_every_household_has_one_meter_with_its_own_number(energy: Tables) -> None:
    assert energy.row("select count(*), count(distinct household_id), count(distinct serial) from meter") == (
        400,
        400,
        400,
    )
    assert energy.value("select count(*) from meter where not regexp_full_match(serial, 'EM-[1-9][0-9]{7}')") == 0


def test_meters_are_read_sixty_times_and_live_in_the_region_of_their_household(energy: Tables) -> None:
    assert energy.row("select min(n), max(n) from (select count(*) as n from reading group by meter_id)") == (60, 60)
    assert energy.value(f"select count(*) from ({RATIO}) where region != home") == 0


def test_large_households_use_more(energy: Tables) -> None:
    for residents, mean, rows in energy.rows("select residents, avg(annual_kwh), count(*) from household group by 1"):
        expected = 900 + 700 * residents
        assert abs(mean - expected) < 4 * expected / math.sqrt(9 * rows)  # gamma of shape 9


def test_hidden_tables_are_not_written(energy: Tables) -> None:
    tables = {name for (name,) in energy.rows("select table_name from duckdb_tables()")}
    assert tables == {"region", "tariff", "household", "meter", "reading", "outage"}


def test_solar_roofs_have_the_computed_share(energy: Tables) -> None:
    assert abs(energy.value("select avg(solar::int) from household") - 0.15) < share_error(0.15, 400)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """A calm year, by the schema's own scenario, without seasons, weather and tariffs."""
    home = "tables.reading.columns.kwh.modifiers"
    return written(
        "energy",
        tmp_path_factory.mktemp("plain") / "data",
        scenario="calm_year",
        sets=[
            (f"{home}[2].seasonality.weights", [1] * 12),
            (f"{home}[3].seasonality.weights", [1] * 24),
            (f"{home}[4].effect.map.combine", "first"),
            ("tables.reading.columns.cents_per_kwh.modifiers", []),
            ("tables.household.columns.annual_kwh.gamma.mean", 2500),
            ("tax", 0),
        ],
    )


@pytest.mark.parametrize(
    "question",
    [
        test_winter_takes_nearly_twice_as_much_as_summer,
        test_the_evening_is_the_peak_of_the_day,
        test_consumption_grows_by_four_percent_in_the_year,
        test_heat_waves_add_up_in_the_south_only,
        test_prices_are_those_of_the_tariff_of_the_day,
        test_bills_are_consumption_times_price_and_tax,
        test_an_exact_share_of_readings_is_broken_and_comes_in_bursts,
        test_large_households_use_more,
    ],
)
def test_the_answer_is_no_where_it_is_not_declared(question: Callable[[Tables], None], plain: Tables) -> None:
    with pytest.raises((AssertionError, ZeroDivisionError)):
        question(plain)
