"""Jittered times: moved off their grid, never out of their window or past a bound."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datagen.modifiers.time_jitter import reflected
from tests.parts.proofs import proof
from tests.parts.time_schemas import micros, modifier, number, schema, series, table
from tests.support import codes_of, findings_of, made

HOUR = 3_600_000_000
MINUTE = 60_000_000


@proof("modifier", "time_jitter")
def test_times_move_by_a_normal_shift() -> None:
    within = {"start": "2024-01-01", "end": "2024-12-31"}
    plain = made(schema(table([series({"within": within, "freq": "D"})], rows=50_000)), "t")
    moved = made(
        schema(
            table([series({"within": within, "freq": "D"}, [modifier("time_jitter", std_minutes=20)])], rows=50_000)
        ),
        "t",
    )
    inside = plain["at"] > datetime(2024, 1, 2)
    shift = (micros(moved) - micros(plain))[inside.to_numpy()] / MINUTE
    # 4 standard errors of a mean and of a standard deviation, n about 49,800
    assert abs(shift.mean()) < 4 * 20 / np.sqrt(len(shift))
    assert abs(shift.std() - 20) < 4 * 20 / np.sqrt(2 * len(shift))
    assert abs((np.abs(shift) < 20).mean() - 0.6827) < 4 * np.sqrt(0.6827 * 0.3173 / len(shift))


def test_no_time_leaves_the_window_however_wide_the_jitter() -> None:
    within = {"start": "2024-03-01T06:00", "end": "2024-03-01T18:00"}
    for std_minutes in (1, 600, 100_000):
        column = series({"within": within, "freq": "h"}, [modifier("time_jitter", std_minutes=std_minutes)])
        times = made(schema(table([column], rows=20_000)), "t")["at"]
        assert times.min() >= datetime(2024, 3, 1, 6)
        assert times.max() < datetime(2024, 3, 1, 18)
        assert times.n_unique() > 1_000


def test_jitter_reflects_at_inequalities_on_both_sides() -> None:
    jitter = [modifier("time_jitter", std_minutes=3_000)]
    columns = [series({"freq": "D"}, name="a"), series({"freq": "D"}, jitter, name="b"), series(name="c")]
    frame = made(schema(table(columns, rows=100_000), inequalities=[("t.a", "<=", "t.b"), ("t.b", "<", "t.c")]), "t")
    assert (frame["a"] <= frame["b"]).all()
    assert (frame["b"] < frame["c"]).all()


def test_jitter_of_the_earlier_side_keeps_room_for_the_later_one() -> None:
    jitter = [modifier("time_jitter", std_minutes=50_000)]
    columns = [series({"freq": "M"}, jitter, name="a"), series({"freq": "M"}, name="b")]
    frame = made(schema(table(columns, rows=20_000), inequalities=[("t.a", "<", "t.b")]), "t")
    assert (frame["a"] < frame["b"]).all()


@proof("modifier", "time_jitter")
def test_dates_move_by_whole_days() -> None:
    column = series({}, [modifier("time_jitter", std_minutes=2_000)], type="date")
    plain = made(schema(table([series({}, type="date")])), "t")["at"]
    moved = made(schema(table([column])), "t")["at"]
    assert (plain != moved).mean() > 0.3


def test_no_jitter_changes_nothing() -> None:
    still = made(schema(table([series({}, [modifier("time_jitter", std_minutes=0)])])), "t")
    assert still.equals(made(schema(table([series()])), "t"))


@given(
    st.integers(-50, 50), st.integers(-500, 500), st.integers(0, 40), st.integers(0, 40), st.sampled_from([1, 7, 60])
)
def test_a_reflected_time_stays_between_its_mirrors_in_whole_steps(
    time: int, shift: int, below: int, above: int, step: int
) -> None:
    low, high = time - below, time + above
    one = [np.array([value], dtype=np.int64) for value in (time, shift * step, low, high)]
    moved = int(reflected(*one, step)[0])
    assert low <= moved <= high
    assert (moved - time) % step == 0
    if low <= time + shift * step <= high:
        assert moved == time + shift * step


def test_a_row_outside_its_mirrors_is_not_moved() -> None:
    one = [np.array([value], dtype=np.int64) for value in (5, 3, 10, 20)]
    assert reflected(*one, 1).tolist() == [5]


def test_a_wrong_window_is_said_once_where_it_stands() -> None:
    column = series({"within": {"start": "2024-02-30", "end": "2024-03-01"}}, [modifier("time_jitter", std_minutes=5)])
    (finding,) = findings_of(schema(table([column])))
    assert finding.json_path.endswith("datetime_series.within.start")


def test_jitter_needs_times_and_a_positive_width() -> None:
    jitter = modifier("time_jitter", std_minutes=5)
    assert codes_of(schema(table([series(), number([jitter])]))) == ["time_jitter.needs_time"]
    assert codes_of(schema(table([series({}, [modifier("time_jitter", std_minutes=-5)])]))) == ["language.out_of_range"]
