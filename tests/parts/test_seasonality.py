"""Seasonality scales numbers by the weight of their time and shapes when rows fall."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datagen.kernel import clock
from tests.parts.proofs import proof
from tests.parts.time_schemas import choice, micros, modifier, number, schema, series, table
from tests.support import codes_of, findings_of, made

WEEK = [1, 1, 1, 1.1, 1.3, 1.6, 0.4]
HOURS = [0.0] * 8 + [0.5, 1, 2, 3, 2, 1, 1, 2] + [1.0] * 5 + [0.0] * 3
LENGTHS = {"hour": HOURS, "dow": WEEK, "month": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0]}


@pytest.mark.parametrize("dimension", LENGTHS)
def test_a_number_is_multiplied_by_the_weight_as_written(dimension: str) -> None:
    weights = LENGTHS[dimension]
    season = modifier("seasonality", dimension=dimension, weights=weights)
    frame = made(schema(table([series(), number([season], value=3.0)])), "t")
    at = micros(frame)
    place = {"hour": clock.hour(at), "dow": clock.dow(at), "month": clock.month(at) - 1}[dimension]
    assert np.allclose(frame["x"].to_numpy(), 3.0 * np.array(weights)[place], rtol=1e-9)


def test_rows_of_a_datetime_column_fall_where_the_weights_say() -> None:
    seasons = [modifier("seasonality", dimension="dow", weights=WEEK)]
    within = {"start": "2024-01-01", "end": "2024-12-29"}  # 52 whole weeks
    frame = made(schema(table([series({"within": within}, seasons)], rows=60_000)), "t")
    share = np.bincount(clock.dow(micros(frame))) / 60_000
    wanted = np.array(WEEK) / sum(WEEK)
    # 4 standard errors of a share, n = 60,000
    assert (np.abs(share - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / 60_000)).all()


def test_seasonality_multiplies_the_generators_own_pattern() -> None:
    pattern = {"dimension": "hour", "weights": HOURS}
    season = modifier("seasonality", dimension="dow", weights=WEEK)
    by_both = made(schema(table([series({"pattern": pattern}, [season])])), "t")
    as_patterns = [pattern, {"dimension": "dow", "weights": WEEK}]
    assert by_both["at"].equals(made(schema(table([series({"pattern": as_patterns})])), "t")["at"])


def test_a_remark_beside_the_weights_takes_nothing_from_them() -> None:
    season = modifier("seasonality", dimension="dow", weights=[1, 0, 0, 0, 0, 0, 0], description="Mondays only")
    frame = made(schema(table([series({"notes": "a remark"}, [season])])), "t")
    assert (frame["at"].dt.weekday() == 1).all()


def test_seasonality_of_times_stays_inside_inequalities() -> None:
    season = modifier("seasonality", dimension="hour", weights=HOURS)
    columns = [series(name="a"), series({}, [season], name="b")]
    frame = made(schema(table(columns, rows=20_000), inequalities=[("t.a", "<=", "t.b")]), "t")
    assert (frame["a"] <= frame["b"]).all()
    assert frame["b"].dt.hour().is_between(8, 20).all()


@proof("modifier", "seasonality")
def test_the_rows_time_is_the_column_with_that_role() -> None:
    season = modifier("seasonality", dimension="dow", weights=[0, 0, 0, 0, 0, 1, 1])
    columns = [series(name="first"), series(name="told", role="time"), number([season], value=1.0)]
    frame = made(schema(table(columns)), "t")
    assert (frame["x"] == (frame["told"].dt.weekday() >= 6).cast(float)).all()


@proof("modifier", "seasonality")
def test_a_number_in_a_row_without_a_time_stays_as_it_is() -> None:
    season = modifier("seasonality", dimension="dow", weights=[7] * 7)
    columns = [series(when="id % 2 = 0", nullable=True), number([season], value=2.0)]
    frame = made(schema(table(columns)), "t")
    assert frame["x"].to_list() == [2.0 if time is None else 14.0 for time in frame["at"]]


@pytest.mark.parametrize(
    ("dimension", "length", "wanted"), [("hour", 23, "24"), ("dow", 6, "7"), ("month", 13, "12"), ("dow", 0, "7")]
)
def test_a_wrong_number_of_weights_is_refused(dimension: str, length: int, wanted: str) -> None:
    season = modifier("seasonality", dimension=dimension, weights=[1] * length)
    for columns in ([series(), number([season])], [series({}, [season])]):
        (finding,) = findings_of(schema(table(columns)))
        assert finding.code == "seasonality.weights_length"
        assert f"{length} weights" in finding.found
        assert finding.expected.startswith(f"{wanted} weights")
        assert "24/7/12" in finding.hint


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ([series(), number([modifier("seasonality", dimension="dow", weights=[0] * 7)])], "seasonality.no_weight"),
        ([series({}, [modifier("seasonality", dimension="dow", weights=[0] * 7)])], "seasonality.no_weight"),
        ([series(), number([modifier("seasonality", dimension="dow", weights=[-1] * 7)])], "language.out_of_range"),
        ([number([modifier("seasonality", dimension="dow", weights=WEEK)])], "seasonality.no_time"),
        (
            [series(), {**choice("x", ["a"]), "modifiers": [modifier("seasonality", dimension="dow", weights=WEEK)]}],
            "modifier.needs_number",
        ),
        (
            [
                series(),
                {
                    "name": "x",
                    "type": "datetime",
                    "generator": {"expression": {"code": "at"}},
                    "modifiers": [modifier("seasonality", dimension="dow", weights=WEEK)],
                },
            ],
            "seasonality.no_density",
        ),
        (
            [series({"freq": "D"}, [modifier("seasonality", dimension="hour", weights=HOURS)])],
            "time.pattern_finer_than_freq",
        ),
        (
            [series({}, [modifier("seasonality", dimension="dow", weights=WEEK, timezone="Europe/Prague")])],
            "language.not_available_yet",
        ),
        (
            [series({}, [modifier("seasonality", dimension="holiday", weights=WEEK)])],
            "language.not_available_yet",
        ),
    ],
)
def test_what_cannot_be_is_refused(columns: list[dict[str, Any]], code: str) -> None:
    assert code in codes_of(schema(table(columns)))
