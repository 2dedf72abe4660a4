"""What an analyst asks of the plants: does maintenance pay, do machines wear, are sensors to be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.written import Tables, publish, share_error, written

# Every machine type and day, and whether a maintenance of that type is open. Windows are 14 whole days.
OPEN = """
    select t.machine_type, d.day, coalesce(bool_or(m.maintenance_id is not null), false) as open
    from machine_type t, generate_series('2024-01-01'::timestamp, '2024-06-30'::timestamp, interval 1 day) d(day)
    left join maintenance m on m.machine_type = t.machine_type and d.day >= m.from_time and d.day < m.to_time
    group by all
"""
WEEKS = "epoch(read_at - '2024-01-01'::timestamp) / (7 * 86400)"


def test_maintenance_halves_the_defects_of_its_machine_type(factory: Tables) -> None:
    """Defects per day without maintenance predict those of maintained days, half as many; in every type by itself."""
    answers = factory.rows(
        f"""
        select machine_type, sum(n) filter (not open), count(*) filter (not open),
            coalesce(sum(n) filter (open), 0), count(*) filter (open)
        from ({OPEN}) left join (
            select machine_type, date_trunc('day', found_at) as day, count(*) as n
            from defect join machine using (machine_id) group by all
        ) using (machine_type, day) group by 1
        """
    )
    observed = expected = variance = 0.0
    for machine_type, calm, calm_days, inside, days in answers:
        predicted = 0.5 * calm / calm_days * days
        error = predicted + (0.5 * days / calm_days) ** 2 * calm  # Poisson counts
        assert abs(inside - predicted) <= 4 * math.sqrt(error), machine_type
        observed, expected, variance = observed + inside, expected + predicted, variance + error
    assert abs(observed - expected) < 4 * math.sqrt(variance)
    assert expected > 8 * math.sqrt(variance)  # twice as many would be seen


def test_bad_machines_break_more_often(factory: Tables) -> None:
    """Without the days of maintenance, a machine has six months of its own rate: 160 times its bad parts, and 4."""
    found, expected = factory.row(
        f"""
        with days as (select machine_type, sum(if(open, 0.5, 1)) / 182 as exposed from ({OPEN}) group by 1)
        select (select count(*) from defect), sum(6 * (160 * (1 - quality) + 4) * exposed) from machine join days using (machine_type)
        """
    )
    assert abs(found - expected) < 4 * math.sqrt(expected)
    correlation = factory.value(
        """
        select corr(quality, n) from (
            select quality, count(defect_id) as n from machine left join defect using (machine_id) group by machine_id, quality)
        """
    )
    assert correlation < -0.6  # noise of Poisson counts around 70 leaves this much of a perfect -1


def test_wear_grows_by_the_week_and_maintenance_takes_it_back(factory: Tables) -> None:
    off, maintained, rows = factory.row(
        f"""
        select max(abs(wear - 1.007 ** ({WEEKS}) * factor)), count(*) filter (factor < 1), count(*) from (
            select reading_id, read_at, wear, coalesce(product(wear_factor), 1) as factor
            from reading join sensor using (sensor_id) join machine using (machine_id)
            left join maintenance m on m.machine_type = machine.machine_type and read_at between from_time and to_time
            group by all)
        """
    )
    assert off < 0.00005 + 1e-9  # four decimals
    assert maintained > 0.05 * rows


def test_thermometers_show_the_temperature_of_their_machine_type(factory: Tables) -> None:
    for hot, median, rows in factory.rows(
        f"""
        select running_hot, median(value / wear / (1 + 0.00001 * 168 * {WEEKS})), count(*)
        from reading join sensor using (sensor_id) join machine using (machine_id) join machine_type using (machine_type)
        where quantity = 'temperature' group by 1
        """
    ):
        # a median, 1 % of jitter and 0.3 degrees of noise; spikes do not move it
        assert abs(median / hot - 1) < 4 * 1.2533 * 0.012 / math.sqrt(rows)


def test_an_exact_share_of_readings_are_spikes(factory: Tables, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Told by a second run without them, in which nothing else moves."""
    calm = tmp_path_factory.mktemp("calm") / "data"
    publish("factory", calm, "ndjson", sets=[("nodes.reading.columns.value.modifiers[3].args.rate", 0)])
    rows, spikes, smallest = factory.add(calm, "calm_").row(
        """
        select count(*), count(*) filter (r.value != c.value), min(r.value / c.value) filter (r.value != c.value)
        from reading r join calm_reading c using (reading_id)
        """
    )
    assert spikes == math.floor(rows * 0.004 + 0.5)
    assert smallest > 1.09  # 1 + m, m at least 0.1, two decimals


def test_replaced_machines_stand_in_earlier_rows(factory: Tables) -> None:
    later, roots = factory.row(
        "select count(*) filter (replaces_id >= machine_id), avg((replaces_id is null)::int) from machine"
    )
    assert later == 0
    assert abs(roots - 0.7) < share_error(0.7, 90) + 1 / 90  # the first row is a root in any case


def test_repairs_take_longer_the_worse_the_defect_is(factory: Tables) -> None:
    for severity, low, high, mean, rows in factory.rows(
        "select severity, min(repair_minutes), max(repair_minutes), avg(repair_minutes), count(*) from defect group by 1"
    ):
        end = 60 + 60 * severity
        assert low >= 10
        assert high <= end
        spread = math.sqrt((10**2 + 30**2 + end**2 - 10 * 30 - 10 * end - 30 * end) / 18)
        assert abs(mean - (10 + 30 + end) / 3) < 4 * spread / math.sqrt(rows)
    wrong = "select count(*) from defect where repaired_at - found_at != to_minutes(repair_minutes)"
    assert factory.value(wrong) == 0


def test_only_thermometers_raise_alarms(factory: Tables) -> None:
    wrong = """
        select count(*) from reading join sensor using (sensor_id)
        where (alarm is not null) != (quantity = 'temperature') or alarm != (value > 80)
    """
    assert factory.value(wrong) == 0


def test_every_sensor_has_its_own_address(factory: Tables) -> None:
    assert factory.value("select count(*) - count(distinct mac) from sensor") == 0
    assert (
        factory.value("select count(*) from sensor where not regexp_full_match(mac, '([0-9A-F]{2}:){5}[0-9A-F]{2}')")
        == 0
    )


def test_tolerances_keep_their_mean_inside_the_truncation(factory: Tables) -> None:
    low, high, mean, rows = factory.row("select min(tolerance), max(tolerance), avg(tolerance), count(*) from sensor")
    expected = 0.05 * math.exp(0.4**2 / 2)  # of the lognormal before it was cut
    assert low >= 0.01
    assert high <= 0.3
    assert abs(mean - expected) < 4 * expected * 0.42 / math.sqrt(rows)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The plants without any of what the questions below ask for."""
    return written(
        "factory",
        tmp_path_factory.mktemp("plain") / "data",
        "parquet",
        sets=[
            ("nodes.defect.modifiers", []),
            ("nodes.defect.fanout.params.lambda", 60),
            ("nodes.reading.columns.wear.modifiers", []),
            ("nodes.reading.columns.value.modifiers", []),
            ("nodes.machine.columns.replaces_id.generator.lookup.root_share", 0.1),
            ("nodes.defect.columns.repair_minutes.generator.distribution.params.high", 60),
        ],
    )


@pytest.mark.parametrize(
    "question",
    [
        test_maintenance_halves_the_defects_of_its_machine_type,
        test_bad_machines_break_more_often,
        test_wear_grows_by_the_week_and_maintenance_takes_it_back,
        test_thermometers_show_the_temperature_of_their_machine_type,
        test_replaced_machines_stand_in_earlier_rows,
        test_repairs_take_longer_the_worse_the_defect_is,
    ],
)
def test_the_answer_is_no_where_it_is_not_declared(question: Callable[[Tables], None], plain: Tables) -> None:
    with pytest.raises(AssertionError):
        question(plain)
