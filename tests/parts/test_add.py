"""The modifier `add`: adds to a number, moves a time."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.parts.columns import column, law, modified, numbers, one_column, refused, schema, table, values
from tests.parts.proofs import proof
from tests.support import made

NORMAL = law("normal", mean=50, std=9)
MINUTE = 60_000_000


@proof("modifier", "add")
def test_a_number_a_column_or_a_formula_is_added() -> None:
    assert numbers(NORMAL, modifiers=[modified("add", value=5)]) == pytest.approx(numbers(NORMAL) + 5)
    document = schema(
        table(
            "t",
            200,
            column("k", {"distribution": "1..5"}),
            column("x", {"distribution": 10.0}, modifiers=[modified("add", value="k")]),
            column("y", {"distribution": 10.0}, modifiers=[modified("add", value="k * -2")]),
        )
    )
    frame = made(document, "t")
    assert (frame["x"] == frame["k"] + 10).all()
    assert (frame["y"] == 10 - frame["k"] * 2).all()


def moved(value: Any, type: str = "datetime") -> list[int]:
    """Distinct shifts in minutes."""
    generator = {"datetime_series": {"freq": "D"}} if type == "date" else {"datetime_series": {}}
    plain, found = (
        values(generator, rows=300, type=type),
        values(generator, rows=300, type=type, modifiers=[modified("add", value=value)]),
    )
    shift = (found.cast(pl.Datetime("us")) - plain.cast(pl.Datetime("us"))).cast(pl.Int64)
    return [step // MINUTE for step in shift.unique().to_list()]


@proof("modifier", "add")
def test_on_a_datetime_a_number_is_minutes() -> None:
    assert moved(90) == [90]
    assert moved(-1.5) == [-2]  # whole seconds: 90 s before, floored to minutes here
    assert moved("30 + 15") == [45]


@pytest.mark.parametrize(
    ("value", "minutes"),
    [("3d", 3 * 1440), ("36h", 36 * 60), ("5min", 5), ({"days": 2, "hours": 1}, 2 * 1440 + 60), ("-1d", -1440)],
)
def test_on_a_datetime_a_duration_is_a_duration(value: Any, minutes: int) -> None:
    assert moved(value) == [minutes]


def test_a_date_moves_by_whole_days() -> None:
    assert moved("3d", "date") == [3 * 1440]
    assert moved("12h", "date") == [0]
    assert moved("-1h", "date") == [-1440]  # the hour before midnight belongs to the day before


def test_minutes_may_differ_from_row_to_row() -> None:
    document = schema(
        table(
            "t",
            100,
            column("k", {"distribution": "1..5"}),
            column("a", {"datetime_series": {}}),
            column("b", {"expression": {"code": "a"}}, modifiers=[modified("add", value="k * 60")]),
        )
    )
    frame = made(document, "t")
    assert ((frame["b"] - frame["a"]).dt.total_hours() == frame["k"]).all()


def test_a_null_amount_gives_a_null() -> None:
    found = values(
        {"distribution": 1},
        rows=4,
        nullable=True,
        modifiers=[modified("add", value="case when row_number > 2 then 1 end")],
    )
    assert found.to_list() == [None, None, 2, 2]


def test_what_cannot_be_added_is_refused() -> None:
    assert refused(one_column({"uuid": {}}, modifiers=[modified("add", value=1)]), "modifier.needs_number")
    assert refused(one_column(NORMAL, modifiers=[modified("add", value={"days": 1})]), "modifier.type")
    assert refused(one_column(NORMAL, modifiers=[modified("add", value="concat('a', 1)")]), "modifier.type")
    assert refused(one_column(NORMAL, modifiers=[modified("add", value="3d")]), "modifier.type")
    assert refused(one_column({"datetime_series": {}}, modifiers=[modified("add", value={"dayz": 1})]), "time.duration")
    assert refused(
        one_column({"datetime_series": {}}, modifiers=[modified("add", value="concat('a', 1)")]), "modifier.type"
    )
