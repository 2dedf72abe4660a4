"""Planted oddities stand where they were put, in rows and in values, and their labels stand in the plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen.plan.model import Plan
from datagen.schema.times import parse_time
from tests.parts.time_schemas import number, schema, series, table, uniform
from tests.support import codes_of, findings_of, made, plan_of

DAY = 86_400_000_000


def odd(kind: str, at: str, size: float) -> dict[str, Any]:
    return {"kind": kind, "at": at, "size": size}


def values(*anomalies: dict[str, Any], **keys: Any) -> dict[str, Any]:
    column = {**number(value=10.0), "anomalies": list(anomalies), **keys}
    return schema(table([series(), column], rows=20_000))


def visits(*anomalies: dict[str, Any], per: str = "day", **keys: Any) -> dict[str, Any]:
    visit = {
        "id": "visit",
        "kind": "fact",
        "parents": ["user"],
        "fanout": {"distribution": "poisson", "lambda": 1, "per": per, "anomalies": list(anomalies), **keys},
        "columns": [{"name": "at", "type": "datetime", "role": "time"}],
    }
    return schema(table([series(name="seen")], rows=500, id="user"), visit)


def labels(plan: Plan) -> list[tuple[Any, ...]]:
    return [(one.table, one.column, one.kind, one.start, one.end, one.size) for one in plan.anomalies]


def at(text: str) -> int:
    time = parse_time(text)
    assert isinstance(time, int)
    return time


def daily(document: dict[str, Any]) -> np.ndarray:
    """(366,) rows of every day of 2024."""
    frame = made(document, "visit")
    return np.bincount(frame["at"].dt.ordinal_day().to_numpy() - 1, minlength=366)


def test_values_of_a_spike_a_shift_and_a_gap() -> None:
    document = values(odd("spike", "2024-02-01", 3), odd("level_shift", "2024-07-01", 0.5), odd("gap", "2024-12-01", 2),
                      nullable=True)  # fmt: skip
    frame = made(document, "t")
    day = frame["at"].dt.ordinal_day()
    expected = pl.select(
        pl.when((day >= 336) & (day < 338))
        .then(None)
        .when(day == 32)
        .then(30.0)
        .when(day >= 183)
        .then(5.0)
        .otherwise(10.0)
    ).to_series()
    assert frame["x"].equals(expected, check_names=False)


def test_a_changed_variance_leaves_the_mean_and_spreads_the_values() -> None:
    frame = made(values(odd("variance", "2024-07-01", 1.5)), "t")
    late = frame.filter(pl.col("at").dt.ordinal_day() >= 183)["x"].to_numpy()
    assert (frame.filter(pl.col("at").dt.ordinal_day() < 183)["x"] == 10).all()
    spread, n = np.log(1.5), len(late)
    # 4 standard errors: of a mean of lognormal factors, of a standard deviation of normal ones
    assert abs(late.mean() / 10 - 1) < 4 * (np.exp(spread**2) - 1) ** 0.5 / n**0.5
    assert abs(np.log(late).std() / spread - 1) < 4 / (2 * n) ** 0.5


def test_other_rows_do_not_move_and_derived_columns_read_the_odd_value() -> None:
    noisy = {**uniform(0, 1, name="x"), "anomalies": [odd("spike", "2024-02-01", 3)]}
    twice = {"name": "y", "type": "float", "generator": {"expression": {"code": "x * 2"}}}
    document = schema(table([series(), noisy, twice]))
    plain = schema(table([series(), uniform(0, 1, name="x"), twice]))
    odd_frame, frame = made(document, "t"), made(plain, "t")
    struck = frame["at"].dt.ordinal_day() == 32
    assert odd_frame.filter(~struck).equals(frame.filter(~struck))
    assert np.allclose(odd_frame["x"].filter(struck), frame["x"].filter(struck) * 3, rtol=1e-9)
    assert np.allclose(odd_frame["y"], odd_frame["x"] * 2, rtol=1e-8)


def test_rows_of_a_spike_a_shift_and_a_gap() -> None:
    days = daily(
        visits(odd("spike", "2024-02-01", 3), odd("level_shift", "2024-07-01", 2), odd("gap", "2024-12-01", 2))
    )
    # Poisson counts: 5 standard errors of a day, as the largest of 366 reaches 3 by itself
    for first, last, rate in ((0, 31, 500), (31, 32, 1500), (32, 182, 500), (182, 335, 1000), (335, 337, 0)):
        assert (np.abs(days[first:last] - rate) <= 5 * rate**0.5).all(), first
    assert abs(days[337:].mean() - 1000) < 4 * (1000 / 29) ** 0.5


def test_an_oddity_adds_rows_and_takes_none_from_other_days() -> None:
    """Also where the law counts rows of the whole window."""
    plain, spiked = (
        daily(visits(*some, per="window", **{"lambda": 366})) for some in ((), (odd("spike", "2024-02-01", 9),))
    )
    rest = np.delete(plain, 31).sum()
    assert abs(np.delete(spiked, 31).sum() - rest) < 4 * (2 * rest) ** 0.5
    assert spiked[31] > 8 * 500


def test_rows_of_unsettled_days_scatter_more_than_chance() -> None:
    days = daily(visits(odd("variance", "2024-07-01", 1.5)))
    calm, wild = days[:182], days[182:]
    # a Poisson count has variance = mean; the factor adds (e^(s²) - 1) · mean²
    assert calm.var() / calm.mean() < 1.5
    assert wild.var() / wild.mean() > 40
    assert abs(wild.mean() / 500 - 1) < 4 * 0.42 / 184**0.5


def test_the_plan_keeps_a_label_of_each() -> None:
    year = at("2025-01-01")
    plan = plan_of(values(odd("spike", "2024-02-01", 3), odd("level_shift", "2024-07-01T12:00", 0.5)))
    assert labels(plan) == [
        ("t", "x", "spike", at("2024-02-01"), at("2024-02-02"), 3.0),
        ("t", "x", "level_shift", at("2024-07-01T12:00"), year, 0.5),
    ]
    plan = plan_of(visits(odd("gap", "timeframe.start + to_days(10)", 2.5), odd("variance", "2024-12-31", 2)))
    start = at("2024-01-11")
    assert labels(plan) == [
        ("visit", None, "gap", start, start + 5 * DAY // 2, 2.5),
        ("visit", None, "variance", at("2024-12-31"), year, 2.0),
    ]
    assert "gap at 2024-01-11" in plan.tables["visit"].counts.description  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("anomaly", "code"),
    [
        (odd("spike", "2025-01-01", 3), "anomaly.outside"),
        (odd("spike", "2023-12-31", 3), "anomaly.outside"),
        (odd("spike", "soon", 3), "time.unreadable"),
        (odd("spike", "2024-02-01", -3), "anomaly.size"),
        (odd("level_shift", "2024-02-01", 1), "anomaly.size"),
        (odd("gap", "2024-02-01", 0), "anomaly.size"),
        (odd("variance", "2024-02-01", 0.5), "anomaly.size"),
        (odd("spyke", "2024-02-01", 3), "language.unknown_word"),
    ],
)
def test_what_cannot_be_is_refused_in_rows_and_values(anomaly: dict[str, Any], code: str) -> None:
    for document in (values(anomaly, nullable=True), visits(anomaly)):
        (finding,) = findings_of(document)
        assert finding.code == code
        assert "anomalies[0]" in finding.json_path


def test_what_a_column_cannot_have() -> None:
    assert codes_of(values(odd("gap", "2024-02-01", 2))) == ["anomaly.gap_nulls"]
    no_time = schema(table([{**number(), "anomalies": [odd("spike", "2024-02-01", 2)]}]))
    assert codes_of(no_time) == ["anomaly.no_time"]
    timed = schema(table([series({}, anomalies=[odd("spike", "2024-02-01", 2)])]))
    assert codes_of(timed) == ["anomaly.not_a_number"]


@pytest.mark.parametrize("key", ["holidays", "anomalies"])
def test_totals_and_grids_have_no_odd_days(key: str) -> None:
    what = [odd("spike", "2024-02-01", 2)] if key == "anomalies" else {"country": "US", "factor": 2}
    document = visits()
    document["nodes"][1] |= {"columns": [number()], "fanout": {"total": 500, key: what}}
    assert codes_of(document) == ["fanout.total_in_time"]
    document = visits()
    document["nodes"][1]["fanout"] = {"every": "1d", key: what}
    assert codes_of(document) == ["fanout.every_shaped"]
