"""What an analyst asks of the airline: full planes, late flights, dear seats, and keys that lead somewhere."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.written import Tables, share_error, written

# The fare without cabin, distance and the 9.90 that every ticket costs; rounding to 0.50 is the noise that stays.
NORMAL_FARE = """
    select booked_at, (fare - 9.9) / (0.4 + kilometres / 1500) / case cabin when 'business' then 3.5 when 'flex' then 1.4 else 1 end as fare
    from booking join flight using (flight_id) join route using (route_id)
"""


def test_every_flight_goes_where_its_route_says(airline: Tables) -> None:
    wrong = """
        select count(*) from flight f join route r using (route_id)
        join airport o on o.code = r.origin join airport d on d.code = r.destination
        where (f.origin, f.destination, f.origin_city, f.destination_city) != (r.origin, r.destination, o.city, d.city)
    """
    assert airline.value(wrong) == 0
    assert airline.value("select count(*) from flight join route using (route_id)") == airline.value(
        "select count(*) from flight"
    )


def test_planes_fly_as_long_as_the_route_and_their_speed_need(airline: Tables) -> None:
    wrong = """
        select count(*) from flight join route using (route_id) join plane using (plane_id) join model using (model)
        where planned_minutes != round(35 + 60.0 * kilometres / cruise_kmh)
        or arrives_at != departs_at + to_minutes(planned_minutes + delay_minutes)
    """
    assert airline.value(wrong) == 0


def test_62_percent_of_the_seats_of_each_model_are_sold(airline: Tables) -> None:
    asked = airline.rows(
        """
        select model, sum(seats), sum(sold) from plane join model using (model) join (
            select plane_id, flight_id, count(booking_id) as sold from flight left join booking using (flight_id) group by all
        ) using (plane_id) group by 1
        """
    )
    assert len(asked) == 3
    for _, seats, sold in asked:
        assert abs(sold / seats - 0.62) < share_error(0.62, seats)


def test_nobody_sits_on_anybody(airline: Tables) -> None:
    twice, odd = airline.row(
        """
        select count(*) - count(distinct (flight_id, seat)), count(*) filter (not regexp_full_match(seat, '[1-9][0-9]?[A-F]'))
        from booking
        """
    )
    assert (twice, odd) == (0, 0)


def test_planes_take_off_in_the_rush_hours_and_never_at_night(airline: Tables) -> None:
    weights = [0, 0, 0, 0, 0, 2, 8, 9, 6, 4, 4, 4, 5, 5, 4, 4, 6, 8, 8, 6, 4, 2, 0, 0]
    rows, rush, night, grid = airline.row(
        """
        select count(*), avg((hour(departs_at) in (6, 7, 17, 18))::int), count(*) filter (hour(departs_at) not between 5 and 21),
            count(*) filter (minute(departs_at) % 15 != 0 or second(departs_at) != 0)
        from flight
        """
    )
    share = sum(weights[hour] for hour in (6, 7, 17, 18)) / sum(weights)
    assert abs(rush - share) < share_error(share, rows)
    assert (night, grid) == (0, 0)


def test_most_flights_are_on_time_and_a_tenth_is_very_late(airline: Tables) -> None:
    rows, on_time, late = airline.row(
        "select count(*), avg((delay_minutes = 0)::int), avg((delay_minutes > 120)::int) from flight"
    )
    share = 0.55 + 0.35 * (1 - math.exp(-0.5 / 18))  # less than half a minute is none
    assert abs(on_time - share) < share_error(share, rows)
    tail = 0.35 * math.exp(-120.5 / 18) + 0.1 * 0.5 * math.erfc(math.log(120.5 / 75) / 0.6 / math.sqrt(2))
    assert abs(late - tail) < share_error(tail, rows)


def test_business_costs_three_and_a_half_times_as_much(airline: Tables) -> None:
    eco, business, rows = airline.row(
        """
        select avg(ln(f)) filter (cabin = 'eco'), avg(ln(f)) filter (cabin = 'business'), count(*) filter (cabin = 'business')
        from (
            select cabin, (fare - 9.9) / (0.4 + kilometres / 1500) as f
            from booking join flight using (flight_id) join route using (route_id)
        )
        """
    )
    # sigma of the log is 0.3 before the trend of at most 20 %
    assert abs(business - eco - math.log(3.5)) < 4 * 0.32 / math.sqrt(rows)


def test_fares_rise_by_a_fifth_of_a_percent_a_day(airline: Tables) -> None:
    slope, level, rows, spread = airline.row(
        f"""
        select regr_slope(fare, day), regr_intercept(fare, day), count(*), stddev(day)
        from (select fare, epoch(booked_at - '2024-06-01'::timestamp) / 86400 as day from ({NORMAL_FARE})) where day > 0
        """
    )
    # a fare's own standard deviation is 0.31 of its mean
    assert abs(slope / level - 0.002) < 4 * 0.31 / (spread * math.sqrt(rows))


def test_tickets_are_bought_before_the_flight_and_boarded_for_it(airline: Tables) -> None:
    late, ghosts, blank, mean, rows = airline.row(
        """
        select count(*) filter (booked_at >= departs_at), count(*) filter (boarded and cancelled),
            count(*) filter (boarded != (boarded_at is not null)),
            avg(epoch(departs_at - boarded_at)) / 60, count(boarded_at)
        from booking join flight using (flight_id)
        """
    )
    assert (late, ghosts, blank) == (0, 0, 0)
    assert abs(mean - 25) < 4 * 6 / math.sqrt(rows)


def test_even_flight_numbers_and_one_passenger_name_per_key(airline: Tables) -> None:
    assert airline.row(
        "select min(flight_id), max(flight_id % 2), count(distinct flight_id) - count(*) from flight"
    ) == (1000, 0, 0)
    wrong = "select count(*) from booking join passenger using (passenger_id) where passenger_name != full_name"
    assert airline.value(wrong) == 0


def test_prices_are_round(airline: Tables) -> None:
    assert airline.value("select max(abs(fare * 2 - round(fare * 2))) from booking") < 1e-9


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The airline without any of what the questions below ask for."""
    home = "nodes.booking.columns.fare.modifiers"
    return written(
        "airline",
        tmp_path_factory.mktemp("plain") / "data",
        "parquet",
        sets=[
            ("nodes.flight.columns.departs_at.datetime_series.pattern", None),
            ("nodes.booking.fanout.binomial.p", 0.5),
            (f"{home}[2].trend.growth_rate", 0),
            (f"{home}[1].multiply.factor", 1.3),
            (f"{home}[4].expression.code", "value + 0.01"),
            ("nodes.flight.columns.delay_minutes.mixture", [{"weight": 1, "exponential": {"mean": 18}}]),
            ("nodes.flight.columns.origin_city.lookup.on.this_key", "destination"),
            ("constraints.inequalities", []),
        ],
    )


@pytest.mark.parametrize(
    "question",
    [
        test_every_flight_goes_where_its_route_says,
        test_62_percent_of_the_seats_of_each_model_are_sold,
        test_planes_take_off_in_the_rush_hours_and_never_at_night,
        test_most_flights_are_on_time_and_a_tenth_is_very_late,
        test_business_costs_three_and_a_half_times_as_much,
        test_fares_rise_by_a_fifth_of_a_percent_a_day,
        test_tickets_are_bought_before_the_flight_and_boarded_for_it,
        test_prices_are_round,
    ],
)
def test_the_answer_is_no_where_it_is_not_declared(question: Callable[[Tables], None], plain: Tables) -> None:
    with pytest.raises(AssertionError):
        question(plain)
