"""Trends: the slope that was asked for is the slope in the values; what runs away is refused with its date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datagen.errors import SchemaError
from tests.parts.proofs import proof
from tests.parts.time_schemas import micros, modifier, number, schema, series, table, uniform
from tests.support import codes_of, findings_of, made, plan_of, table_of

YEAR_US = 365.25 * 86_400_000_000
START = int(np.datetime64("2024-01-01", "us").astype(np.int64))
FIVE_YEARS = {"start": "2020-01-01", "end": "2024-12-31"}


def level(**params: Any) -> dict[str, Any]:
    return {"name": "x", "type": "float", "generator": {"trend": {"start_value": 100, **params}}}


@pytest.mark.parametrize(
    ("params", "formula"),
    [
        ({"growth_rate": 0.08}, lambda t: 1.08**t),
        ({"growth_rate": "8%", "type": "exponential"}, lambda t: 1.08**t),
        ({"growth_rate": -0.3}, lambda t: 0.7**t),
        ({"growth_rate": 0.08, "type": "linear"}, lambda t: 1 + 0.08 * t),
        ({"type": "logarithmic"}, lambda t: 1 + 0.1 * np.log1p(t)),
        ({"type": "logarithmic", "params": {"a": 0.5, "b": 3}}, lambda t: 1 + 0.5 * np.log1p(3 * t)),
        ({"growth_rate": 0.01, "time_unit": "month"}, lambda t: 1.01 ** (t * 12)),
        ({"growth_rate": 0.01, "time_unit": "week"}, lambda t: 1.01 ** (t * 365.25 / 7)),
        ({"growth_rate": 0.001, "time_unit": "day"}, lambda t: 1.001 ** (t * 365.25)),
        ({"growth_rate": 0.0001, "time_unit": "hour"}, lambda t: 1.0001 ** (t * 8766)),
    ],
)
def test_a_level_follows_its_curve_from_the_start_of_the_timeframe(params: dict[str, Any], formula: Any) -> None:
    frame = made(schema(table([series(), level(**params)])), "t")
    t = (micros(frame) - START) / YEAR_US
    # values are sealed to 10 significant digits
    assert np.allclose(frame["x"].to_numpy(), 100 * formula(t), rtol=1e-9)
    modified = made(schema(table([series(), number([modifier("trend", **params)])])), "t")
    assert np.allclose(modified["x"].to_numpy(), frame["x"].to_numpy(), rtol=1e-9)


@proof("modifier", "trend")
def test_regression_finds_the_planted_growth_in_noisy_values() -> None:
    noise = uniform(50, 150, name="x")
    noise["modifiers"] = [modifier("trend", growth_rate=0.05)]
    frame = made(schema(table([series(), noise], rows=50_000), timeframe=FIVE_YEARS), "t")
    start = int(np.datetime64("2020-01-01", "us").astype(np.int64))
    t = (micros(frame) - start) / YEAR_US
    y = np.log(frame["x"].to_numpy())
    slope, intercept = np.polyfit(t, y, 1)
    residual = y - slope * t - intercept
    error = residual.std() / (t.std() * np.sqrt(len(t)))
    # 3 standard errors of an ordinary least-squares slope, n = 50,000
    assert abs(slope - np.log(1.05)) < 3 * error
    assert 3 * error < 0.005  # and they are small enough to tell 5 % from none


@proof("generator", "trend")
def test_the_clock_stands_still_before_the_timeframe() -> None:
    early = series({"within": {"start": "2020-01-01", "end": "2024-12-31"}})
    frame = made(schema(table([early, level(growth_rate=0.5)])), "t")
    before = micros(frame) < START
    assert before.sum() > 500
    assert (frame["x"].to_numpy()[before] == 100).all()
    assert (frame["x"].to_numpy()[~before] >= 100).all()


@proof("modifier", "trend")
def test_a_time_reference_names_another_column() -> None:
    columns = [series(name="a", role="time"), series(name="b"), level(growth_rate=1.0, time_reference="b")]
    frame = made(schema(table(columns)), "t")
    t = (micros(frame, "b") - START) / YEAR_US
    assert np.allclose(frame["x"].to_numpy(), 100 * 2**t, rtol=1e-9)


@proof("generator", "trend")
def test_rows_without_a_time_keep_their_number_and_have_no_level() -> None:
    time = series(when="id % 2 = 0", nullable=True)
    columns = [
        time,
        number([modifier("trend", growth_rate=1.0)]),
        {**level(growth_rate=1.0), "name": "y", "nullable": True},
    ]
    frame = made(schema(table(columns)), "t")
    missing = frame["at"].is_null()
    assert (frame["x"].filter(missing) == 100).all()
    assert (frame["x"].filter(~missing) > 100).all()
    assert frame["y"].is_null().equals(missing)


@pytest.mark.parametrize(
    ("params", "code", "found"),
    [
        (
            {"growth_rate": -1.5},
            "trend.below_zero",
            "growth_rate -1.5 per year: the trend goes below zero at 2024-12-31",
        ),
        ({"growth_rate": -1.0}, "trend.below_zero", "2024-12-31"),
        ({"growth_rate": -1.5, "type": "linear"}, "trend.below_zero", "below zero at 2024-08-31"),
        ({"growth_rate": -0.2, "type": "linear", "time_unit": "month"}, "trend.below_zero", "2024-06-01"),
        ({"type": "logarithmic", "params": {"a": -2, "b": 1}}, "trend.below_zero", "a -2, b 1"),
        ({"type": "logarithmic", "params": {"a": 1, "b": -3}}, "trend.below_zero", "b -3"),
        ({"growth_rate": 400, "time_unit": "month"}, "trend.overflow", "1e12 times the start from 2024-05-20 on"),
        ({"growth_rate": 0.1, "time_reference": "att"}, "ref.unknown_column", "'att'"),
        ({"growth_rate": 0.1, "time_reference": "id"}, "trend.time_reference", "id of type int"),
        ({}, "language.missing_key", "growth_rate"),
        ({"growth_rate": 0.1, "time_unit": "fortnight"}, "language.unknown_word", "fortnight"),
        ({"growth_rate": "fast"}, "language.wrong_type", "fast"),
        ({"type": "logarithmic", "growth_rate": 0.1}, "trend.unused_argument", "growth_rate 0.1"),
        ({"growth_rate": 0.1, "params": {"a": 1}}, "trend.unused_argument", "params"),
    ],
)
def test_what_cannot_be_is_refused(params: dict[str, Any], code: str, found: str) -> None:
    for column in (level(**params), number([modifier("trend", **params)])):
        errors = [f for f in findings_of(schema(table([series(), column]))) if f.severity == "error"]
        assert code in {finding.code for finding in errors}
        assert any(found in finding.found for finding in errors)


def test_a_falling_line_that_ends_in_time_is_fine() -> None:
    assert codes_of(schema(table([series(), level(growth_rate=-0.9, type="linear")]))) == []
    longer = schema(table([series(), level(growth_rate=-0.9, type="linear")]), timeframe=FIVE_YEARS)
    assert codes_of(longer) == ["trend.below_zero"]


@pytest.mark.parametrize(
    ("params", "code"),
    [({"growth_rate": -0.5, "type": "linear"}, "trend.below_zero"), ({"growth_rate": 5}, "trend.overflow")],
)
def test_times_behind_the_timeframe_stop_a_curve_that_has_run_away_there(params: dict[str, Any], code: str) -> None:
    late = series({"within": {"start": "2024-01-01", "end": "2900-12-31"}})
    plan = plan_of(schema(table([late, level(**params)])))
    with pytest.raises(SchemaError) as caught:
        table_of(plan, "t")
    (finding,) = caught.value.findings
    assert finding.code == code
    assert "rows of the 1,000 looked at whose time lies" in finding.found


def test_numbers_beyond_the_floats_are_refused_with_a_count() -> None:
    columns = [series(), number([modifier("trend", growth_rate=5)], value=1e308)]
    with pytest.raises(SchemaError, match=r"generate\.not_finite"):
        made(schema(table(columns)), "t")


def test_a_mistyped_time_reference_gets_a_hint() -> None:
    (finding,) = findings_of(schema(table([series(), level(growth_rate=0.1, time_reference="att")])))
    assert finding.hint == "did you mean 'at'?"


def test_a_trend_needs_a_time_and_a_timeframe() -> None:
    assert codes_of(schema(table([level(growth_rate=0.1)]))) == ["trend.no_time"]
    own = series({"within": {"start": "2024-01-01", "end": "2024-02-01"}})
    assert codes_of(schema(table([own, level(growth_rate=0.1)]), timeframe=None)) == ["trend.no_timeframe"]


@pytest.mark.parametrize("seat", ["rate", "total", "acquisition"])
def test_a_trend_on_a_number_moves_values_only(seat: str) -> None:
    plain, told = (
        schema(table([series(), number([modifier("trend", growth_rate=0.1, **args)])]))
        for args in ({}, {"applies_to": "value"})
    )
    assert made(plain, "t").equals(made(told, "t"))
    (finding,) = findings_of(schema(table([series(), number([modifier("trend", growth_rate=0.1, applies_to=seat)])])))
    assert finding.code == "trend.seat"
    assert finding.json_path.endswith("applies_to")


@pytest.mark.parametrize("args", [{}, {"applies_to": "acquisition"}])
def test_a_trend_on_a_time_makes_later_rows_likelier(args: dict[str, Any]) -> None:
    growing = series({}, [modifier("trend", growth_rate=3, type="linear", **args)])
    frame = made(schema(table([growing], rows=40_000)), "t")
    t = (micros(frame) - START) / YEAR_US
    # density 1 + 3t over a year has the mean 0.6 and the standard deviation 0.25: 4 standard errors, n = 40,000
    assert abs(t.mean() - 0.6) < 4 * 0.25 / 40_000**0.5
    plain = made(schema(table([series()], rows=40_000)), "t")
    assert abs((micros(plain) - START).mean() / YEAR_US - 0.5) < 0.01


def test_growth_of_times_multiplies_their_pattern_and_stays_inside_inequalities() -> None:
    pattern = {"dimension": "dow", "weights": [0, 0, 0, 0, 0, 1, 1]}
    later = series({"pattern": pattern}, [modifier("trend", growth_rate=5)], name="b")
    frame = made(schema(table([series(name="a"), later]), inequalities=[("t.a", "<=", "t.b")]), "t")
    assert (frame["b"].dt.weekday() >= 6).all()
    assert (frame["a"] <= frame["b"]).mean() > 0.99  # the last weekday of the year has no weekend behind it


def test_a_time_whose_growth_is_known_tells_when_entities_arrive() -> None:
    """A trend of the total needs the arrivals before rows are made."""
    user = table([series({}, [modifier("trend", growth_rate=3)], name="joined", role="created")], id="user")
    visit = {
        "id": "visit",
        "kind": "fact",
        "parents": ["user"],
        "fanout": {
            "distribution": "poisson",
            "lambda": 1,
            "per": "month",
            "multipliers": [modifier("trend", growth_rate=0.05, time_unit="month", applies_to="total")],
        },
        "columns": [{"name": "at", "type": "datetime", "role": "time"}],
    }
    assert codes_of(schema(user, visit)) == []


@pytest.mark.parametrize(
    ("column", "code"),
    [
        (series({}, [modifier("trend", growth_rate=0.1, applies_to="rate")]), "trend.seat"),
        (series({}, [modifier("trend", growth_rate=0.1, applies_to="value")]), "trend.seat"),
        (series({}, [modifier("trend", growth_rate=-2)]), "trend.below_zero"),
        (series({}, [modifier("trend", growth_rate=0.1, time_reference="at")]), "trend.time_reference"),
        (series({}, [modifier("trend", growth_rate=0.1, anchor="lunch")]), "time.unreadable"),
    ],
)
def test_what_cannot_be_on_a_time_is_refused(column: dict[str, Any], code: str) -> None:
    (finding,) = findings_of(schema(table([column])))
    assert finding.code == code
    assert "modifiers[0]" in finding.json_path


def test_times_that_no_density_made_do_not_grow() -> None:
    later = {
        "name": "x",
        "type": "datetime",
        "generator": {"expression": {"code": "at"}},
        "modifiers": [modifier("trend", growth_rate=0.1)],
    }
    assert codes_of(schema(table([series(), later]))) == ["trend.no_density"]


def levels(*pairs: tuple[Any, float]) -> dict[str, Any]:
    return {"levels": [{"at": at, "factor": factor} for at, factor in pairs]}


@pytest.mark.parametrize(
    ("params", "formula"),
    [
        (
            {"type": "logistic", "growth_rate": 6, "params": {"ceiling": 3}},
            lambda t: 3 / (1 + 2 * np.exp(-6 * t)),
        ),
        (
            {"type": "logistic", "growth_rate": 6, "params": {"ceiling": 0.4}},
            lambda t: 0.4 / (1 - 0.6 * np.exp(-6 * t)),
        ),
        (
            {"type": "piecewise", "time_unit": "day", "params": levels((100, 2), (200, 0.5))},
            lambda t: np.interp(t * 365.25, [0, 100, 200], [1, 2, 0.5]),
        ),
        (
            {"type": "step", "params": levels(("2024-04-01", 1.5), ("2024-10-01", 0))},
            lambda t: np.where(t * 365.25 < 91, 1, np.where(t * 365.25 < 274, 1.5, 0)),
        ),
        ({"growth_rate": 0.5, "anchor": "2024-07-01"}, lambda t: 1.5 ** np.maximum(t - 182 / 365.25, 0)),
        ({"growth_rate": 0.5, "anchor": "2020-01-01"}, lambda t: 1.5 ** (t + 4)),
        (
            {"growth_rate": 0.5, "anchor": "timeframe.start + to_days(10)"},
            lambda t: 1.5 ** np.maximum(t - 10 / 365.25, 0),
        ),
    ],
)
def test_further_curves_and_clocks(params: dict[str, Any], formula: Any) -> None:
    frame = made(schema(table([series(), level(**params)])), "t")
    wanted = 100 * formula((micros(frame) - START) / YEAR_US)
    assert np.allclose(frame["x"].to_numpy(), wanted, rtol=1e-9, atol=1e-9)
    modified = made(schema(table([series(), number([modifier("trend", **params)])])), "t")
    assert np.allclose(modified["x"].to_numpy(), wanted, rtol=1e-9, atol=1e-9)


def test_a_clock_may_start_at_a_time_of_the_row() -> None:
    columns = [series(name="born"), series(name="at", role="time"), level(growth_rate=1.0, anchor="born")]
    frame = made(schema(table(columns)), "t")
    age = np.maximum((micros(frame) - micros(frame, "born")) / YEAR_US, 0)
    assert np.allclose(frame["x"].to_numpy(), 100 * 2**age, rtol=1e-9)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"type": "logistic", "growth_rate": 1}, "language.missing_key"),
        ({"type": "logistic", "params": {"ceiling": 2}}, "language.missing_key"),
        ({"type": "logistic", "growth_rate": -1, "params": {"ceiling": 2}}, "language.out_of_range"),
        ({"type": "logistic", "growth_rate": 1, "params": {"ceiling": -2}}, "language.out_of_range"),
        ({"type": "logistic", "growth_rate": 9, "params": {"ceiling": 1e14}, "time_unit": "day"}, "trend.overflow"),
        ({"type": "logistic", "growth_rate": 1, "params": {"ceiling": 2, "a": 1}}, "trend.unused_argument"),
        ({"type": "step", "growth_rate": 1, "params": levels((1, 2))}, "trend.unused_argument"),
        ({"type": "step"}, "language.missing_key"),
        ({"type": "piecewise", "params": {"levels": []}}, "language.missing_key"),
        ({"type": "piecewise", "params": levels((2, 2), (1, 3))}, "trend.levels"),
        ({"type": "piecewise", "params": levels((1, 2), (1, 3))}, "trend.levels"),
        ({"type": "step", "params": levels(("2023-12-31", 2))}, "trend.levels"),
        ({"type": "step", "params": levels(("soon", 2))}, "time.unreadable"),
        ({"type": "step", "params": levels((1, -2))}, "language.out_of_range"),
        ({"type": "step", "params": levels((0.5, 1e13))}, "trend.overflow"),
        ({"type": "step", "anchor": "born", "params": levels(("2024-03-01", 2))}, "trend.levels"),
        ({"growth_rate": 1, "anchor": "born + 3"}, "expression.type"),
        ({"growth_rate": 1, "anchor": "id"}, "time.unreadable"),
        ({"growth_rate": 1, "anchor": 7}, "time.unreadable"),
    ],
)
def test_what_cannot_be_of_further_curves_is_refused(params: dict[str, Any], code: str) -> None:
    columns = [series(name="born"), series(role="time")]
    for column in (level(**params), number([modifier("trend", **params)])):
        assert code in codes_of(schema(table([*columns, column])))


def test_old_documents_may_carry_arguments_that_do_nothing() -> None:
    document = {"version": "1.0", **schema(table([series(), level(type="logarithmic", growth_rate=0.5)]))}
    (warning,) = findings_of(document)
    assert warning.severity == "warning"
    assert "declared, not applied" in warning.found
    plain = schema(table([series(), level(type="logarithmic")]))
    assert made(document, "t").equals(made(plain, "t"))
