"""Calendars and intensities: days and their inverse, pieces of time, groups, and windows that grow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datagen.kernel.clock import DAY_US, HOUR_US
from datagen.kernel.intensity import Calendar, Intensity, Pieces

Ints = NDArray[np.int64]
START = 19_723 * DAY_US  # 2024-01-01
rates = st.lists(st.sampled_from([0.0, 0.25, 1.0, 1.7, 40.0]), min_size=1, max_size=30)


def calendar(*lines: list[float], step: int = HOUR_US) -> Calendar:
    return Calendar(START, step, np.array(lines, dtype=np.float64))


def ints(*numbers: int) -> Ints:
    return np.array(numbers, dtype=np.int64)


def test_days_count_average_days_and_nothing_outside_the_grid() -> None:
    one = calendar([1.0, 3.0, 0.0, 2.0], step=DAY_US)
    hours = ints(-5, 0, 12, 24, 36, 48, 60, 72, 84, 96, 200)
    found = one.days(START + hours * HOUR_US)
    assert found.tolist() == [0, 0, 0.5, 1, 2.5, 4, 4, 4, 5, 6, 6]


@given(rates, st.lists(st.integers(-HOUR_US, 31 * HOUR_US), min_size=1, max_size=40))
def test_the_inverse_of_days_is_the_time_itself_where_something_happens(line: list[float], offsets: list[int]) -> None:
    one = calendar(line)
    times = START + np.array(offsets, dtype=np.int64)
    cell = np.clip((times - START) // HOUR_US, 0, len(line) - 1)
    inside = (times >= START) & (times < one.end) & (one.rates[0][cell] > 0)
    back = one.time(one.days(times))
    # in a cell with a rate of 0.25 a microsecond is 3e-12 days; sums of up to 50 days have 15 digits
    assert np.abs(back - times)[inside].max(initial=0) <= 1
    assert ((back >= START) & (back < one.end)).all()


@given(rates, st.floats(0, 1))
def test_times_rise_with_days_and_fall_where_the_rate_is(line: list[float], part: float) -> None:
    one = calendar(line)
    total = one.days(ints(one.end))[0]
    days = np.sort(np.append(np.linspace(0, total, 50, endpoint=False), part * total))
    days = days[days < total]
    times = one.time(days)
    assert (np.diff(times) >= 0).all()
    assert (one.rates[0][(times - START) // HOUR_US] > 0).all()


@given(rates, rates)
def test_a_longer_calendar_keeps_days_and_times(line: list[float], more: list[float]) -> None:
    short, long = calendar(line), calendar([*line, *more])
    total = short.days(ints(short.end))[0]
    days = np.linspace(0, total, 64, endpoint=False)
    if total > 0:
        assert (short.time(days) == long.time(days)).all()
    times = START + np.arange(0, len(line) * HOUR_US, 7 * 60_000_000, dtype=np.int64)
    assert (short.days(times) == long.days(times)).all()


def test_lines_of_groups_never_mix() -> None:
    lines = [[1.0, 0.0, 2.0], [0.5, 7.0, 0.1], [3.0, 3.0, 3.0]]
    together = calendar(*lines)
    times = START + np.arange(0, 3 * HOUR_US, 599_000_000, dtype=np.int64)
    for group, line in enumerate(lines):
        alone, which = calendar(line), np.full(len(times), group, dtype=np.int64)
        days = alone.days(times)
        assert (together.days(times, which) == days).all()
        assert (together.time(days, which) == alone.time(days)).all()


def test_a_calendar_without_any_rate_gives_times_inside_it() -> None:
    one = calendar([0.0, 0.0])
    assert one.days(ints(START, one.end)).tolist() == [0, 0]
    assert START <= one.time(np.zeros(1))[0] < one.end


def pieces(edges: list[list[int]], factors: list[list[float]]) -> Pieces:
    return Pieces(START + np.array(edges, dtype=np.int64) * DAY_US, np.array(factors, dtype=np.float64))


def test_rows_are_the_scale_times_the_integral_of_calendar_and_pieces() -> None:
    one = calendar([1.0] * 10 + [2.0] * 10, step=DAY_US)
    day = DAY_US
    start, end = START + ints(0, 5) * day, START + ints(20, 15) * day
    scale = np.array([2.0, 1.0])
    plain = Intensity(one, start, end, scale)
    assert plain.rows.tolist() == [60, 15]
    some = pieces([[0, 12, 20], [5, 12, 15]], [[1.0, 0.5], [0.0, 3.0]])
    both = Intensity(one, start, end, scale, pieces=some)
    assert both.rows.tolist() == [2 * (14 + 8), 18]
    assert both.until(START + ints(11, 13) * day).tolist() == [2 * 12, 6]
    assert plain.until(START + ints(11, 13) * day).tolist() == [2 * 12, 11]
    assert plain.until(START + ints(-3, 99) * day).tolist() == [0, 15]


@pytest.mark.parametrize("with_pieces", [False, True])
def test_times_are_the_inverse_of_the_rows_before_them(with_pieces: bool) -> None:
    rng = np.random.default_rng(3)  # a fixed seed
    parents = 200
    one = calendar(list(rng.uniform(0, 3, 24 * 60)))
    start = START + rng.integers(0, 20 * DAY_US, parents)
    end = start + rng.integers(DAY_US, 39 * DAY_US, parents)
    some = None
    if with_pieces:
        edges = np.sort(rng.integers(0, 60 * DAY_US, (parents, 5)) + START, axis=1)
        some = Pieces(edges, rng.choice([0.0, 0.3, 1.0, 5.0], (parents, 4)))
    intensity = Intensity(one, start, end, rng.uniform(0.1, 9, parents), pieces=some)
    owner = np.repeat(np.flatnonzero(intensity.rows > 0), 50)
    place = rng.uniform(0, 1, len(owner)) * intensity.rows[owner]
    times = intensity.time(owner, place)
    assert ((times >= start[owner]) & (times < end[owner])).all()
    full = np.zeros(parents, dtype=np.int64)
    for k in range(0, 50, 7):  # `until` takes one time of each parent
        mine = np.flatnonzero(intensity.rows > 0)
        full[mine] = times.reshape(-1, 50)[:, k]
        back = intensity.until(np.maximum(full, start))[mine]
        # a microsecond is 1.2e-11 days, times a rate of up to 3 · 9 · 5
        assert np.abs(back - place.reshape(-1, 50)[:, k]).max() < 1e-8


def test_nothing_happens_where_a_piece_has_the_factor_0() -> None:
    one = calendar([1.0] * 30, step=DAY_US)
    some = pieces([[0, 10, 20, 30]], [[1.0, 0.0, 1.0]])
    intensity = Intensity(one, START + ints(0), START + ints(30) * DAY_US, np.ones(1), pieces=some)
    places = np.linspace(0, 20, 2_000, endpoint=False)
    day = (intensity.time(np.zeros(2_000, dtype=np.int64), places) - START) / DAY_US
    assert not ((day >= 10) & (day < 20)).any()
    assert (day[places < 10] < 10).all()


@given(st.integers(1, 29), st.integers(1, 29))
def test_a_later_end_keeps_the_times_before_it(days: int, more: int) -> None:
    line = [0.2, 1.9, 0.9] * 20
    start = START + ints(3 * HOUR_US, 0)
    found = []
    for length in (days, days + more):
        one = calendar(line[: length + 1], step=DAY_US)
        end = np.full(2, START + length * DAY_US, dtype=np.int64)
        edges = np.stack([start, np.minimum(start + DAY_US // 2, end), end], axis=1)
        some = Pieces(edges, np.array([[1.0, 0.5], [2.0, 0.1]]))
        found.append(Intensity(one, start, np.maximum(end, start), np.array([3.0, 5.0]), pieces=some))
    short, long = found
    owner = np.repeat(ints(0, 1), 40)
    place = np.tile(np.linspace(0, 1, 40, endpoint=False), 2) * short.rows[owner] * 0.999
    assert (short.time(owner, place) == long.time(owner, place)).all()


def test_two_kinds_of_pieces_multiply() -> None:
    left = pieces([[0, 10, 30], [0, 5, 30]], [[1.0, 0.5], [2.0, 1.0]])
    right = pieces([[0, 10, 20, 30], [0, 0, 25, 30]], [[3.0, 4.0, 0.0], [9.0, 1.0, 2.0]])
    both = left.times(right)
    days = START + np.array([[0, 9, 10, 19, 20, 29], [0, 4, 5, 24, 25, 29]], dtype=np.int64) * DAY_US
    assert both.factor_at(days).tolist() == [[3, 3, 2, 2, 0, 0], [2, 2, 1, 1, 2, 2]]
    assert (both.edges[:, 0] == left.edges[:, 0]).all()
    assert (both.edges[:, -1] == left.edges[:, -1]).all()
    assert (np.diff(both.edges, axis=1) >= 0).all()
    assert (left.rows(ints(1)).factors == left.factors[1:]).all()
