"""Times in a window: where they fall, on which grid, between which bounds, and what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2

from datagen.errors import SchemaError
from datagen.kernel import clock
from tests.parts.proofs import proof
from tests.parts.time_schemas import micros, modifier, schema, series, table
from tests.support import codes_of, findings_of, made, plan_of, table_of

HOUR = 3_600_000_000
OPEN = [0.0] * 8 + [0.2, 1, 1.2, 1.3, 1, 0.9, 1.1, 1.4, 1.8, 1.9, 1.2, 0.6, 0.2] + [0.0] * 3
WEEK = [1, 1, 1, 1.1, 1.3, 1.6, 0.4]
BUSY = [0] * 9 + [1] * 8 + [0] * 7


def times_of(column: dict[str, Any], rows: int = 1000, **top: Any) -> pl.Series:
    return made(schema(table([column], rows=rows), **top), "t")["at"]


@proof("generator", "datetime_series")
def test_times_fall_on_whole_seconds_anywhere_in_the_timeframe() -> None:
    times = times_of(series(), 20_000)
    assert times.min() >= datetime(2024, 1, 1)
    assert times.max() < datetime(2025, 1, 1)
    assert (times.dt.microsecond() == 0).all()
    months = np.bincount(times.dt.month().to_numpy(), minlength=13)[1:]
    expected = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) / 366 * 20_000
    # the 99.99 % point of chi squared with 11 degrees of freedom, n = 20,000
    assert float(((months - expected) ** 2 / expected).sum()) < chi2.ppf(0.9999, 11)


@pytest.mark.parametrize(
    ("freq", "every"),
    [("h", "1h"), ("H", "1h"), ("15min", "15m"), ("T", "1m"), ("D", "1d"), ("2D", "2d"), ("W", "1w"), ("hour", "1h")],
)
def test_times_stand_on_the_grid_counted_from_the_windows_start(freq: str, every: str) -> None:
    start = datetime(2024, 1, 1, 9, 30)
    within = {"start": start.isoformat(), "end": "2024-12-31"}
    times = times_of(series({"within": within, "freq": freq}))
    grid = pl.datetime_range(start, datetime(2024, 12, 31, 23, 59, 59), every, eager=True)
    assert times.is_in(grid.implode()).all()
    assert times.n_unique() > 20


@pytest.mark.parametrize(("freq", "months"), [("M", range(1, 13)), ("month", range(1, 13)), ("Q", [1, 4, 7, 10])])
def test_months_and_quarters_stand_on_their_first_day(freq: str, months: Any) -> None:
    times = times_of(series({"freq": freq}))
    assert (times == times.dt.truncate("1mo")).all()
    assert sorted(times.dt.month().unique()) == list(months)


def test_years_stand_on_new_years_day_inside_the_window_only() -> None:
    within = {"start": "2019-05-01", "end": "2023-06-01"}
    times = times_of(series({"within": within, "freq": "Y"}))
    assert sorted(times.unique()) == [datetime(year, 1, 1) for year in (2020, 2021, 2022, 2023)]


def test_without_a_freq_of_its_own_a_column_takes_the_timeframes() -> None:
    frame = {"start": "2024-01-01", "end": "2024-12-31", "freq": "D"}
    assert (times_of(series(), timeframe=frame).dt.hour() == 0).all()
    assert times_of(series({"freq": "h"}), timeframe=frame).dt.hour().n_unique() == 24


@proof("generator", "datetime_series")
def test_patterns_multiply() -> None:
    patterns = [{"dimension": "hour", "weights": OPEN}, {"dimension": "dow", "weights": WEEK}]
    within = {"start": "2023-01-02", "end": "2024-12-29"}  # whole weeks
    times = times_of(series({"within": within, "pattern": patterns}), 100_000)
    at = times.dt.epoch("us").to_numpy()
    seen = np.bincount(clock.dow(at) * 24 + clock.hour(at), minlength=168)
    expected = np.outer(WEEK, OPEN).ravel()
    expected = expected / expected.sum() * 100_000
    open_hours = expected > 0
    assert seen[~open_hours].sum() == 0
    statistic = float(((seen - expected)[open_hours] ** 2 / expected[open_hours]).sum())
    # 91 cells, n = 100,000: the 99.99 % point of chi squared with 90 degrees of freedom
    assert statistic < chi2.ppf(0.9999, open_hours.sum() - 1)


def test_a_date_as_end_includes_its_day_and_a_time_does_not() -> None:
    day = {"start": "2024-03-01", "end": "2024-03-01"}
    assert times_of(series({"within": day, "freq": "h"}), 500).dt.hour().n_unique() == 24
    hour = {"start": "2024-03-01T05:00Z", "end": "2024-03-01T06:00Z"}
    assert times_of(series({"within": hour, "freq": "h"}), 500).to_list() == [datetime(2024, 3, 1, 5)] * 500


def test_offsets_from_utc_are_taken_off() -> None:
    within = {"start": "2024-03-01T00:00+02:00", "end": "2024-03-01T01:00+02:00"}
    assert times_of(series({"within": within, "freq": "h"})).unique().to_list() == [datetime(2024, 2, 29, 22)]


def test_dates_are_whole_days_whatever_the_freq() -> None:
    times = times_of(series({"within": {"start": "2024-02-27T10:00", "end": "2024-03-02"}}, type="date"), 300)
    assert times.dtype == pl.Date
    assert [day.isoformat() for day in sorted(times.unique())] == [
        "2024-02-27",
        "2024-02-28",
        "2024-02-29",
        "2024-03-01",
        "2024-03-02",
    ]


def test_finer_times_need_a_finer_precision() -> None:
    assert codes_of(schema(table([series({"freq": "ms"})]))) == ["time.freq_finer_than_precision"]
    times = times_of(series({"freq": "ms"}, precision="ms"))
    assert times.dt.millisecond().n_unique() > 500


def test_cutting_to_whole_seconds_takes_no_time_out_of_its_window() -> None:
    within = {"start": "2024-01-01T00:00:00.5Z", "end": "2024-01-01T00:00:04Z"}
    assert [time.second for time in times_of(series({"within": within})).unique().sort()] == [1, 2, 3]
    inside = {"start": "2024-01-01T00:00:00.1Z", "end": "2024-01-01T00:00:00.9Z"}
    assert codes_of(schema(table([series({"within": inside})]))) == ["time.no_grid_point"]
    assert times_of(series({"within": inside, "freq": "ms"}, precision="ms")).dt.millisecond().n_unique() > 300


def test_unique_times_take_every_point_at_most_once() -> None:
    times = times_of(series({"freq": "D"}, unique=True), 366)
    assert times.n_unique() == 366
    assert times_of(series({"freq": "M"}, unique=True), 12).n_unique() == 12
    assert codes_of(schema(table([series({"freq": "D"}, unique=True)], rows=367))) == ["unique.domain_too_small"]
    shaped = series({"pattern": {"dimension": "dow", "weights": WEEK}}, unique=True)
    assert codes_of(schema(table([shaped]))) == ["unique.not_by_law"]


def test_a_million_rows_keep_every_inequality_and_their_grid() -> None:
    columns = [
        series({"freq": "D"}, name="a"),
        series({"freq": "h", "pattern": {"dimension": "hour", "weights": BUSY}}, name="b"),
        series(name="c"),
    ]
    plan = plan_of(
        schema(
            table(columns, rows=1_000_000),
            inequalities=[("t.a", "<=", "t.b"), ("t.b", "<", "t.c"), ("t.a", "<", "t.c")],
        )
    )
    assert all(constraint.status == "held" for constraint in plan.constraints)
    frame = table_of(plan, "t")
    assert (frame["a"] <= frame["b"]).all()
    assert (frame["b"] < frame["c"]).all()
    assert (frame["a"].dt.hour() == 0).all()
    assert frame["b"].dt.hour().is_between(9, 16).all()
    assert (frame["b"].dt.minute() == 0).all()
    assert frame["c"].max() < datetime(2025, 1, 1)


def test_a_bound_cuts_the_draw_instead_of_moving_it() -> None:
    # given a, b is uniform over what is left: (b - a) / (end - a) has mean 1/2
    frame = made(
        schema(table([series(name="a"), series(name="b")], rows=50_000), inequalities=[("t.a", "<=", "t.b")]), "t"
    )
    a, b = micros(frame, "a"), micros(frame, "b")
    end = np.datetime64("2025-01-01", "us").astype(np.int64)
    share = (b - a) / (end - a)
    # 4 standard errors of the mean of a uniform, n = 50,000
    assert abs(share.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 50_000)
    # a itself is drawn freely
    assert abs((a - a.min()).mean() / (end - a.min()) - 0.5) < 4 * np.sqrt(1 / 12 / 50_000)


def test_strictly_later_on_a_monthly_grid_always_leaves_a_pair() -> None:
    plan = plan_of(
        schema(
            table([series({"freq": "M"}, name="a"), series({"freq": "M"}, name="b")], rows=5_000),
            inequalities=[("t.a", "<", "t.b")],
        )
    )
    frame = table_of(plan, "t")
    assert (frame["a"] < frame["b"]).all()
    assert frame["a"].dt.month().n_unique() == 11
    assert frame["b"].dt.month().n_unique() == 11


def test_the_earlier_side_leaves_room_for_a_coarser_later_one() -> None:
    within = {"start": "2024-11-20", "end": "2024-12-31"}
    columns = [series({"within": within}, name="a"), series({"freq": "M"}, name="b")]
    frame = made(schema(table(columns), inequalities=[("t.a", "<=", "t.b")]), "t")
    assert (frame["a"] <= frame["b"]).all()
    # b can be the first of December at the latest, and a leaves room for that
    assert frame["a"].max() <= datetime(2024, 12, 1)
    assert (frame["b"] == datetime(2024, 12, 1)).all()


def test_where_the_grid_has_no_point_left_the_later_side_equals_the_bound() -> None:
    within = {"start": "2024-12-01", "end": "2024-12-31"}
    start = {"name": "floor", "type": "datetime", "generator": {"expression": {"code": "a"}}}
    columns = [series({"within": within}, name="a"), start, series({"freq": "M"}, name="b")]
    frame = made(schema(table(columns), inequalities=[("t.floor", "<=", "t.b")]), "t")
    assert (frame["floor"] > datetime(2024, 12, 1)).sum() > 900
    assert (frame["b"] == frame["floor"]).all()


def test_where_nothing_is_left_for_a_strictly_later_side_the_rows_are_refused_with_a_count() -> None:
    start = {"name": "floor", "type": "datetime", "generator": {"expression": {"code": "timeframe.end"}}}
    plan = plan_of(schema(table([start, series(name="b")], rows=33), inequalities=[("t.floor", "<", "t.b")]))
    with pytest.raises(SchemaError) as caught:
        table_of(plan, "t")
    (finding,) = caught.value.findings
    assert finding.code == "constraint.empty_interval"
    assert "33 rows" in finding.found


def test_windows_that_exclude_each_other_are_refused_with_both_ends() -> None:
    early = series({"within": {"start": "2024-01-01", "end": "2024-01-31"}}, name="early")
    late = series({"within": {"start": "2024-06-01", "end": "2024-06-30"}}, name="late")
    found = findings_of(schema(table([late, early]), inequalities=[("t.late", "<=", "t.early")]))
    errors = [finding for finding in found if finding.severity == "error"]
    assert "constraint.cannot_hold" in {finding.code for finding in errors}
    assert any("2024-06-01" in finding.found and "2024-01-31" in finding.found for finding in errors)


def test_rows_that_only_closed_hours_are_left_to_are_refused_with_a_count() -> None:
    night = series({"within": {"start": "2024-03-01T20:00", "end": "2024-03-01T23:00"}}, name="a")
    # a bound made by an expression: nothing keeps it away from the closed hours
    copy = {"name": "floor", "type": "datetime", "generator": {"expression": {"code": "a"}}}
    day = series(
        {
            "within": {"start": "2024-03-01", "end": "2024-03-01"},
            "pattern": {"dimension": "hour", "weights": BUSY},
        },
        name="b",
    )
    plan = plan_of(schema(table([night, copy, day], rows=40), inequalities=[("t.floor", "<=", "t.b")]))
    with pytest.raises(SchemaError) as caught:
        table_of(plan, "t")
    (finding,) = caught.value.findings
    assert finding.code == "time.no_density"
    assert "40 rows" in finding.found
    assert "2024-03-01T23:59:59Z" in finding.found


@pytest.mark.parametrize(
    ("params", "code", "found"),
    [
        ({"within": {"start": "2024-05-01", "end": "2024-04-01"}}, "time.reversed", "start 2024-05-01, end 2024-04-01"),
        ({"within": {"start": "2024-02-30", "end": "2024-04-01"}}, "time.unreadable", "February 2024 has 29 days"),
        ({"within": {"start": "10000-01-01", "end": "2024-04-01"}}, "time.unreadable", "0001 to 9999"),
        ({"freq": "Q5"}, "time.freq", "Q5"),
        ({"freq": "0D"}, "time.freq", "0D"),
        ({"freq": "-1h"}, "time.freq", "-1h"),
        ({"pattern": {"dimension": "hour", "weights": [1] * 23}}, "pattern.weights_length", "23 weights"),
        ({"pattern": {"dimension": "dow", "weights": [1] * 6}}, "pattern.weights_length", "6 weights"),
        ({"pattern": {"dimension": "month", "weights": [1] * 13}}, "pattern.weights_length", "13 weights"),
        ({"pattern": {"dimension": "month", "weights": [0] * 12}}, "pattern.no_weight", "all 0"),
        ({"pattern": {"dimension": "dow", "weights": [1, -1, 1, 1, 1, 1, 1]}}, "language.out_of_range", "-1"),
        (
            {"pattern": {"dimension": "dow", "weights": [1] * 7, "timezone": "Europe/Prag"}},
            "timezone.unknown",
            "Europe/Prag",
        ),
        ({"within": {"start": "2024-02-02", "end": "2024-03-31"}, "freq": "Y"}, "time.no_grid_point", "grid of years"),
        (
            {
                "within": {"start": "2024-01-06", "end": "2024-01-07"},
                "pattern": {"dimension": "dow", "weights": [1, 1, 1, 1, 1, 0, 0]},
            },
            "time.no_density",
            "2024-01-06",
        ),
        (
            {
                "within": {"start": "0001-01-01", "end": "9999-12-31"},
                "pattern": {"dimension": "hour", "weights": [1] * 24},
            },
            "time.window_too_long",
            "hours",
        ),
    ],
)
def test_what_cannot_be_is_refused(params: dict[str, Any], code: str, found: str) -> None:
    errors = [finding for finding in findings_of(schema(table([series(params)]))) if finding.severity == "error"]
    assert [finding.code for finding in errors] == [code]
    assert found in errors[0].found


def test_a_mistyped_frequency_gets_a_hint() -> None:
    (finding,) = findings_of(schema(table([series({"freq": "Q5"})])))
    assert finding.hint == "did you mean '5Q'?"
    (finding,) = findings_of(schema(table([series({"freq": "houre"})])))
    assert finding.hint == "did you mean 'hour'?"


def test_within_the_timeframe_needs_one() -> None:
    assert codes_of(schema(table([series()]), timeframe=None)) == ["time.no_timeframe"]


@pytest.mark.parametrize(
    ("freq", "dimension", "length"),
    [("D", "hour", 24), ("2h", "hour", 24), ("W", "dow", 7), ("2D", "dow", 7), ("Q", "month", 12)],
)
def test_weights_finer_than_the_grid_are_an_error_and_a_warning_in_old_documents(
    freq: str, dimension: str, length: int
) -> None:
    column = series({"freq": freq, "pattern": {"dimension": dimension, "weights": [0, *[1] * (length - 1)]}})
    document = schema(table([column]))
    assert codes_of(document) == ["time.pattern_finer_than_freq"]
    (warning,) = findings_of({"version": "1.0", **document})
    assert warning.severity == "warning"
    assert "declared, not applied" in warning.found
    assert made({"version": "1.0", **document}, "t")["at"].equals(
        made(schema(table([series({"freq": freq})])), "t")["at"]
    )


def test_values_do_not_depend_on_the_rows_beside_them() -> None:
    columns = [
        series(
            {"freq": "h", "pattern": {"dimension": "hour", "weights": OPEN}}, [modifier("time_jitter", std_minutes=90)]
        ),
        series({"freq": "M"}, name="b"),
        series(name="c"),
    ]
    document = schema(table(columns, rows=700), inequalities=[("t.b", "<=", "t.c")])
    plan = plan_of(document)
    whole = table_of(plan, "t")
    for block_rows in (1, 7, 64):
        assert table_of(plan, "t", block_rows=block_rows).equals(whole)
    longer = made(schema(table(columns, rows=900), inequalities=[("t.b", "<=", "t.c")]), "t")
    assert longer.head(700).equals(whole)
