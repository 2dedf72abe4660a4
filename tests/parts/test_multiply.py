"""The modifier `multiply`: scales a number by a constant, a column or a formula."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import child, column, law, modified, numbers, one_column, refused, schema, table, values
from tests.parts.proofs import proof
from tests.support import made

NORMAL = law("normal", mean=50, std=9)


@proof("modifier", "multiply")
def test_a_number_scales_the_value() -> None:
    assert numbers(NORMAL, modifiers=[modified("multiply", factor=1.21)]) == pytest.approx(numbers(NORMAL) * 1.21)


@proof("modifier", "multiply")
def test_a_column_or_a_formula_scales_it_row_by_row() -> None:
    document = schema(
        table(
            "t",
            200,
            column("k", {"distribution": "1..5"}),
            column("x", {"distribution": 10.0}, modifiers=[modified("multiply", factor="k")]),
            column("y", {"distribution": 10.0}, modifiers=[modified("multiply", factor="k * 2 + 1")]),
        )
    )
    frame = made(document, "t")
    assert (frame["x"] == frame["k"] * 10).all()
    assert (frame["y"] == (frame["k"] * 2 + 1) * 10).all()


def test_a_parents_column_scales_its_children() -> None:
    document = schema(
        table("a", 20, column("k", {"distribution": "1..5"})),
        child(
            "b",
            "a",
            column("x", {"distribution": 1}, modifiers=[modified("multiply", factor="a.k")]),
            column("k", {"lookup": {"from": "a.k"}}),
            fanout=3,
        ),
    )
    frame = made(document, "b")
    assert (frame["x"] == frame["k"]).all()


def test_the_spelling_value_is_factor() -> None:
    assert values(NORMAL, modifiers=[modified("multiply", value=3)]).equals(
        values(NORMAL, modifiers=[modified("multiply", factor=3)])
    )
    flat = values(NORMAL, modifiers=[{"transform": "multiply", "factor": 3}])
    assert flat.equals(values(NORMAL, modifiers=[modified("multiply", factor=3)]))
    short = values(NORMAL, modifiers=[{"multiply": {"factor": 3}}])
    assert short.equals(flat)


def test_a_null_factor_gives_a_null_and_a_null_value_stays() -> None:
    x = {"expression": {"code": "case when row_number % 2 = 0 then row_number end"}}
    found = values(
        x, rows=12, nullable=True, modifiers=[modified("multiply", factor="case when row_number % 3 = 0 then 10 end")]
    )
    assert [value for value in found if value is not None] == [60, 120]


def test_an_int_column_is_rounded_once_at_the_end() -> None:
    found = values(
        {"distribution": 3}, type="int", modifiers=[modified("multiply", factor=0.5), modified("multiply", factor=2)]
    )
    assert set(found) == {3}
    assert found.dtype == pl.Int64


@pytest.mark.parametrize("generator", [{"uuid": {}}, {"bernoulli": 0.5}, {"datetime_series": {}}])
def test_what_is_no_number_is_refused(generator: dict[str, object]) -> None:
    told = refused(one_column(generator, modifiers=[modified("multiply", factor=2)]), "modifier.needs_number")
    assert told.json_path.startswith("nodes[0].columns[1].modifiers[0]")


def test_a_factor_must_be_a_number() -> None:
    told = refused(one_column(NORMAL, modifiers=[modified("multiply", factor="concat('a', 1)")]), "modifier.type")
    assert told.json_path == "nodes[0].columns[1].modifiers[0].args.factor"
    assert refused(one_column(NORMAL, modifiers=[modified("multiply")]), "language.missing_key")
    assert refused(one_column(NORMAL, modifiers=[modified("multiply", factor="k + 1")]), "expression.unknown_name")


def test_modifiers_run_in_the_order_written() -> None:
    first = numbers(NORMAL, modifiers=[modified("multiply", factor=2), modified("add", value=10)])
    then = numbers(NORMAL, modifiers=[modified("add", value=10), modified("multiply", factor=2)])
    assert first == pytest.approx(numbers(NORMAL) * 2 + 10)
    assert then == pytest.approx((numbers(NORMAL) + 10) * 2)
    assert not np.array_equal(first, then)
