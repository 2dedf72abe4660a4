"""The one cast at the end of a column: types, rounding, digits, whole seconds, finite numbers, nulls."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import (
    column,
    fails,
    law,
    modified,
    numbers,
    one_column,
    refused,
    schema,
    table,
    values,
    warned,
)
from tests.support import codes_of, made, plan_of, table_of


def formula(code: str) -> dict[str, Any]:
    return {"expression": {"code": code}}


@pytest.mark.parametrize(
    ("generator", "type", "dtype"),
    [
        ({"distribution": "1..6"}, "int", pl.Int64),
        (law("normal", mean=0, std=1), "float", pl.Float64),
        ({"bernoulli": 0.5}, "bool", pl.Boolean),
        ({"datetime_series": {}}, "datetime", pl.Datetime("us")),
        ({"datetime_series": {}}, "date", pl.Date),
        ({"uuid": {}}, "string", pl.String),
        ({"sequence": {}}, "float", pl.Float64),
    ],
)
def test_values_come_in_the_declared_type(generator: dict[str, Any], type: str, dtype: Any) -> None:
    found = values(generator, type=type)
    assert found.dtype == dtype
    assert found.null_count() == 0


def test_ints_are_rounded_to_the_nearest() -> None:
    found = values({"sequence": {}}, rows=6, type="int", modifiers=[modified("multiply", factor=0.4)])
    assert found.to_list() == [0, 1, 1, 2, 2, 2]  # 0.4 0.8 1.2 1.6 2.0 2.4
    assert values(formula("-1 * row_number / 4.0"), rows=4, type="int").to_list() == [0, 0, -1, -1]  # halves to even


@pytest.mark.parametrize("decimals", [0, 2, 6])
def test_decimals_are_kept(decimals: int) -> None:
    found = numbers(law("normal", mean=50, std=20), decimals=decimals)
    assert np.array_equal(found, np.round(found, decimals))
    assert len(np.unique(found)) > 50
    exact = numbers(law("normal", mean=50, std=20), decimals=12)
    assert np.abs(found - exact).max() <= 0.5 * 10.0**-decimals + 1e-9


def test_floats_without_decimals_have_ten_significant_digits() -> None:
    for scale in (1.0, 1e-8, 1e12):
        found = numbers(law("normal", mean=0, std=scale))
        assert all(float(f"{x:.9e}") == x for x in found)
        assert any(float(f"{x:.8e}") != x for x in found)


def test_decimals_are_for_floats() -> None:
    assert refused(one_column({"distribution": "1..6"}, decimals=2), "column.decimals_type").json_path.endswith(
        "decimals"
    )
    assert refused(one_column({"uuid": {}}, decimals=2), "column.decimals_type")
    assert codes_of(one_column(law("normal", mean=0, std=1), decimals=2)) == []


@pytest.mark.parametrize(("precision", "step"), [(None, 1_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)])
def test_times_are_cut_to_their_precision(precision: str | None, step: int) -> None:
    micro = formula("timeframe.start + to_seconds(row_number * 1.234567)")
    found = values(micro, type="datetime", **({} if precision is None else {"precision": precision}))
    exact = values(micro, type="datetime", precision="us").cast(pl.Int64)
    assert found.cast(pl.Int64).to_list() == [time - time % step for time in exact]


def test_precision_is_for_datetimes() -> None:
    assert refused(
        one_column({"datetime_series": {}}, type="date", precision="ms"), "column.precision_type"
    ).json_path.endswith("precision")
    assert refused(one_column({"uuid": {}}, precision="ms"), "column.precision_type")


def test_a_date_is_the_day_of_its_time() -> None:
    times, days = values({"datetime_series": {}}, rows=300), values({"datetime_series": {}}, rows=300, type="date")
    assert days.to_list() == times.dt.date().to_list()
    early = {"datetime_series": {"within": {"start": "1960-01-01", "end": "1961-12-31"}}}
    assert values(early, rows=300, type="date").to_list() == values(early, rows=300).dt.date().to_list()


def test_dates_and_times_of_formulas() -> None:
    assert values(formula("timeframe.start"), rows=1, type="date")[0] == date(2024, 1, 1)
    assert values(formula("cast(timeframe.start as date)"), rows=1, type="datetime")[0] == datetime(2024, 1, 1)


# --- numbers that no column can hold


def test_an_infinite_value_stops_the_run() -> None:
    huge = one_column({"distribution": 1e300}, modifiers=[modified("multiply", factor=1e10)])
    told = fails(huge, "t", "generate.not_finite")
    assert told.json_path == "t.x"
    assert "1,000 infinite" in told.found


def test_a_whole_number_beyond_64_bits_stops_the_run() -> None:
    told = fails(
        one_column({"distribution": 1e15}, type="int", modifiers=[modified("multiply", factor="1e5")]),
        "t",
        "generate.overflow",
    )
    assert told.json_path == "t.x"
    assert "1e+20" in told.found
    assert values({"distribution": 2**62}, rows=3, type="int").to_list() == [2**62] * 3


# --- nulls


def test_nullable_never_makes_a_null() -> None:
    for generator in (
        law("normal", mean=0, std=1),
        {"choice": {"choices": ["a", "b"]}},
        {"datetime_series": {}},
        {"bernoulli": 0.5},
        {"uuid": {}},
    ):
        plain, nullable = values(generator), values(generator, nullable=True)
        assert nullable.null_count() == 0
        assert nullable.equals(plain)


def test_a_null_where_none_may_be_stops_the_run_with_a_way_out() -> None:
    told = fails(one_column(formula("case when row_number > 3 then 1 end"), rows=5), "t", "generate.null")
    assert told.json_path == "t.x"
    assert "3 rows" in told.found
    assert "nullable: true" in told.hint


def test_when_leaves_a_value_out() -> None:
    status = column("status", {"choice": {"choices": ["open", "done"]}})
    document = schema(table("t", 500, status, column("x", law("normal", mean=0, std=1), when="status = 'done'")))
    frame = made(document, "t")
    assert (frame["x"].is_null() == (frame["status"] == "open")).all()
    kept = frame.filter(pl.col("status") == "done")
    plain = made(schema(table("t", 500, status, column("x", law("normal", mean=0, std=1)))), "t").filter(
        pl.col("status") == "done"
    )
    assert kept["x"].equals(plain["x"])


def test_a_condition_that_is_null_leaves_the_value_out() -> None:
    half = column("half", formula("case when row_number % 2 = 0 then row_number end"), nullable=True)
    frame = made(schema(table("t", 10, half, column("x", {"uuid": {}}, when="half > 4"))), "t")
    assert frame["x"].is_null().to_list() == [True] * 5 + [False, True, False, True, False]


def test_when_works_on_every_type_and_on_keys() -> None:
    parts = {
        "a": {"uuid": {}},
        "b": {"bernoulli": 0.5},
        "c": {"datetime_series": {}},
        "d": {"choice": {"choices": ["x", "y"]}},
        "e": {"lookup": {"from": "o.o_id"}},
    }
    columns = [column(name, generator, when="row_number % 4 = 1") for name, generator in parts.items()]
    frame = made(schema(table("o", 5), table("t", 20, *columns)), "t")
    assert all(frame[name].null_count() == 15 for name in parts)
    assert all(frame[name][0] is not None for name in parts)


def test_a_condition_must_be_one() -> None:
    told = refused(one_column({"uuid": {}}, when="row_number"), "column.when_type")
    assert told.json_path.endswith("when")
    assert refused(one_column({"uuid": {}}, when="statuss = 1"), "expression.unknown_name")
    assert refused(one_column({"uuid": {}}, when="x = 'a'"), "plan.loop")


# --- other keys of a column


def test_a_hidden_column_is_made_and_not_shown() -> None:
    document = schema(
        table("t", 50, column("level", law("normal", mean=0, std=1), hidden=True), column("x", formula("level * 2")))
    )
    plan = plan_of(document)
    assert table_of(plan, "t").columns == ["t_id", "x"]
    shown = table_of(
        plan_of(
            schema(table("t", 50, column("level", law("normal", mean=0, std=1)), column("x", formula("level * 2"))))
        ),
        "t",
    )
    assert table_of(plan, "t")["x"].equals(shown["x"])


def test_a_unit_is_kept_for_people() -> None:
    assert plan_of(one_column(law("normal", mean=0, std=1), unit="EUR")).tables["t"].columns["x"].unit == "EUR"


def test_a_column_needs_a_type_that_can_be_told() -> None:
    assert values({"choice": {"choices": [1, 2]}}).dtype == pl.Int64
    assert (
        refused(one_column({"choice": {"choices": [None]}}, nullable=True), "column.no_type").json_path
        == "nodes[0].columns[1]"
    )


def test_a_choice_written_twice_is_a_warning_with_its_place() -> None:
    assert warned(one_column({"choice": {"choices": ["a", "a"]}}), "choice.repeats").json_path.endswith("choices")
