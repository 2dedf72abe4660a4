"""`check` on values that factors move: levels, seasons and segments that are not what was declared, each law and factor alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.checks.broken import TIMES, Edit, edited, failures, judged, publish

HOURS = [1.0] * 8 + [4.0] * 4 + [1.0] * 12
READINGS: dict[str, Any] = {
    "name": "readings",
    "timeframe": {"start": "2023-01-01", "end": "2024-12-31"},
    "experiments": [
        {"name": "trial", "unit": "meters", "arms": {"control": 0.5, "treatment": 0.5}, "start": "2023-07-01", "effects": [{"on": "value", "table": "readings.tested", "size": 1.3}]},
    ],
    "tables": [
        {
            "name": "tariff",
            "kind": "vocab",
            "data": [
                {"tariff": "summer", "begins": "2023-04-01T00:00:00", "ends": "2023-09-30T23:59:59", "price": 2},
                {"tariff": "later", "begins": "2023-10-01T00:00:00", "ends": None, "price": 3},
            ],
            "columns": {"begins": {"type": "datetime"}, "ends": {"type": "datetime", "nullable": True}},
        },
        {
            "name": "meters",
            "rows": 150,
            "columns": {"kind": {"choices": {"big": 0.3, "small": 0.7}}, "created_at": {"datetime_series": {}, "role": "created"}},
            "segment_behavior": {"segments": {"big": {"value_multiplier": 3}, "small": {}}, "applies_to": ["readings.by_segment"]},
            "vintage_behavior": {
                "age_based_multipliers": {
                    "wear": {"curve": [1, 2, 3, 4], "time_unit": "month", "applies_to": ["readings.by_age"], "interpolate": "linear"}
                }
            },
        },
        {
            "name": "readings",
            "parents": ["meters"],
            "fanout": {"poisson": 5, "per": "month"},
            "columns": {
                "read_at": {"datetime_series": {}},
                "by_hour": {"normal": {"mean": 100, "std": 5}, "decimals": 1, "modifiers": [{"seasonality": {"dimension": "hour", "weights": HOURS}}]},
                "by_day": {"poisson": 40, "type": "int", "modifiers": [{"seasonality": {"dimension": "dow", "weights": [1, 1, 1, 1, 1, 2, 3]}}]},
                "by_month": {"gamma": {"shape": 9, "mean": 10}, "modifiers": [{"multiply": {"factor": 2}}, {"seasonality": {"dimension": "month", "weights": [3, 3, 2, 1, 1, 1, 1, 1, 1, 2, 3, 3]}}, {"clamp": {"max": 70}}]},
                "linear": {"normal": {"mean": 50, "std": 2}, "modifiers": [{"trend": {"type": "linear", "growth_rate": "5%", "time_unit": "month"}}, {"add": {"value": 7}}]},
                "levelling": {"normal": {"mean": 50, "std": 2}, "modifiers": [{"trend": {"type": "logistic", "growth_rate": 2, "params": {"ceiling": 3}}}]},
                "slowing": {"normal": {"mean": 50, "std": 2}, "modifiers": [{"trend": {"type": "logarithmic", "params": {"a": 0.5, "b": 3}}}]},
                "jumping": {"normal": {"mean": 50, "std": 2}, "modifiers": [{"trend": {"type": "step", "params": {"levels": [{"at": "2023-06-01", "factor": 1.5}, {"at": "2024-06-01", "factor": 0.5}]}}}]},
                "bending": {"normal": {"mean": 50, "std": 2}, "modifiers": [{"trend": {"type": "piecewise", "params": {"levels": [{"at": "2023-06-01", "factor": 1.5}, {"at": "2024-06-01", "factor": 0.5}]}}}]},
                "by_segment": {"lognormal": {"median": 30, "sigma": 0.3}, "decimals": 2},
                "by_age": {"normal": {"mean": 50, "std": 2}},
                "tested": {"normal": {"mean": 50, "std": 2}},
                "by_tariff": {"lognormal": {"median": 30, "sigma": 0.2}, "modifiers": [{"effect": {"effect_table": "tariff", "on": {}, "window": {"start_col": "begins", "end_col": "ends"}, "map": {"field": "price"}}}]},
                "fixed": {"constant": 1, "type": "float", "modifiers": [{"effect": {"effect_table": "tariff", "on": {}, "window": {"start_col": "begins", "end_col": "ends"}, "map": {"field": "price"}}}]},
                "odd": {"normal": {"mean": 50, "std": 2}, "modifiers": [{"outliers": {"rate": "1%"}}]},
            },
        },
    ],
}  # fmt: skip
COLUMNS = [
    "by_hour", "by_day", "by_month", "linear", "levelling", "slowing", "jumping", "bending", "by_segment", "by_age",
    "tested", "by_tariff", "fixed", "odd",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(READINGS, tmp_path_factory.mktemp("whole") / "readings")


def test_values_divided_by_their_factors_follow_their_laws(whole: Path) -> None:
    checked = judged(whole, READINGS)
    assert failures(checked) == {}
    told = {one.place for one in checked.report.results if one.code == "law.level" and one.score is not None}
    assert told == {f"readings.{name}" for name in COLUMNS}


def times(by: float) -> Edit:
    """All numbers multiplied."""
    return lambda frame: frame.with_columns((pl.col(name).cast(pl.Float64) * by).round(0 if name == "by_day" else 6).cast(pl.Int64 if name == "by_day" else pl.Float64).cast(pl.String) for name in COLUMNS)  # fmt: skip


def test_levels_that_are_wrong_by_a_little_fail_in_every_column(whole: Path, tmp_path: Path) -> None:
    checked = judged(edited(whole, tmp_path / "readings", "readings", times(1.05)), READINGS)
    failed = {place for code, place in failures(checked) if code == "law.level"}
    assert failed == {f"readings.{name}" for name in COLUMNS}


def later(duration: str) -> Edit:
    """Every time moved on, and the values left as they are."""
    moved = pl.col("read_at").str.to_datetime(TIMES, strict=False).dt.offset_by(duration)
    return lambda frame: frame.with_columns(read_at=moved.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_a_season_that_acts_an_hour_later_fails(whole: Path, tmp_path: Path) -> None:
    found = failures(judged(edited(whole, tmp_path / "readings", "readings", later("1h")), READINGS))
    assert list(found) == [("law.level", "readings.by_hour")]
    result = found["law.level", "readings.by_hour"]
    assert ", hour 8)" in result.about or ", hour 12)" in result.about
    assert isinstance(result.measured, float)
    assert result.tolerance is not None
    assert abs(result.measured - 0.5) > 0.4


@pytest.mark.slow
@pytest.mark.parametrize(("duration", "column"), [("1d", "by_day"), ("-1mo", "by_month")])
def test_seasons_that_act_at_another_time_fail(whole: Path, tmp_path: Path, duration: str, column: str) -> None:
    found = failures(judged(edited(whole, tmp_path / "readings", "readings", later(duration)), READINGS))
    assert ("law.level", f"readings.{column}") in found


@pytest.mark.slow
def test_outliers_that_are_missing_fail(whole: Path, tmp_path: Path) -> None:
    odd = pl.col("odd").cast(pl.Float64)
    tamed = pl.when(odd > 60).then(50.0).otherwise(odd).cast(pl.String)
    found = failures(
        judged(edited(whole, tmp_path / "readings", "readings", lambda frame: frame.with_columns(odd=tamed)), READINGS)
    )
    assert list(found) == [("law.level", "readings.odd")]
    assert found["law.level", "readings.odd"].expected == pytest.approx(0.99, abs=0.003)


@pytest.mark.slow
def test_another_effect_fails(whole: Path, tmp_path: Path) -> None:
    place = edited(whole, tmp_path / "readings", "tariff", lambda frame: frame.with_columns(price=pl.lit("2")))
    assert set(failures(judged(place, READINGS))) == {
        ("law.level", f"readings.{name}") for name in ("by_tariff", "fixed")
    }


def test_factors_of_shuffled_rows_fail(whole: Path, tmp_path: Path) -> None:
    columns = [pl.col("kind").shuffle(seed=1), pl.col("trial").shuffle(seed=2)]
    found = failures(
        judged(edited(whole, tmp_path / "readings", "meters", lambda frame: frame.with_columns(columns)), READINGS)
    )
    assert {("law.level", "readings.by_segment"), ("law.level", "readings.tested")} <= set(found)
