"""The generator and the modifier `expression`: values computed from the row, its parents and the rows it refers to."""

from __future__ import annotations

import polars as pl
import pytest

from tests.parts.columns import child, column, fails, law, modified, one_column, refused, schema, table, values
from tests.parts.proofs import proof
from tests.support import codes_of, made, plan_of, table_of


@proof("generator", "expression")
def test_columns_of_the_row_are_combined() -> None:
    document = schema(
        table(
            "t",
            500,
            column("total", {"expression": {"code": "round(price * amount, 2)"}}),
            column("price", law("uniform", low=1, high=9), decimals=2),
            column("amount", {"distribution": "1..5"}),
        )
    )
    frame = made(document, "t")
    assert frame["total"].to_list() == [round(p * a, 2) for p, a in frame.select("price", "amount").iter_rows()]


@proof("generator", "expression")
def test_the_row_knows_its_number_its_ordinal_and_its_siblings() -> None:
    names = [column(f"{name}_", {"expression": {"code": name}}) for name in ("row_number", "ordinal", "sibling_count")]
    frame = made(schema(table("a", 30), child("b", "a", *names, fanout={"poisson": 3.0})), "b")
    assert frame["row_number_"].to_list() == list(range(1, frame.height + 1))
    counts = frame.group_by("a_id").agg(pl.len().cast(pl.Int64), pl.col("ordinal_"), pl.col("sibling_count_"))
    for _, rows, ordinals, siblings in counts.iter_rows():
        assert ordinals == list(range(1, rows + 1))
        assert set(siblings) == {rows}


def test_parents_ancestors_and_keys_are_read_by_name() -> None:
    document = schema(
        table("plan", 3, column("price", law("uniform", low=1, high=9))),
        table(
            "a", 20, column("plan_id", {"lookup": {"from": "plan.plan_id"}}), column("x", law("uniform", low=0, high=1))
        ),
        child("b", "a", fanout=2),
        child(
            "c",
            "b",
            column("y", {"expression": {"code": "a.x + a.plan_id.price"}}),
            column("a_id", {"lookup": {"from": "a.a_id"}}),
            fanout=2,
        ),
    )
    plan = plan_of(document)
    prices = dict(table_of(plan, "plan").select("plan_id", "price").iter_rows())
    parents = {
        key: x + prices[other] for key, x, other in table_of(plan, "a").select("a_id", "x", "plan_id").iter_rows()
    }
    frame = table_of(plan, "c")
    assert frame.height == 80
    assert all(y == pytest.approx(parents[key]) for key, y in frame.select("a_id", "y").iter_rows())


def test_the_window_is_known() -> None:
    found = values({"expression": {"code": "timeframe.start"}}, rows=1, type="datetime")
    assert str(found[0]) == "2024-01-01 00:00:00"
    assert str(values({"expression": {"code": "timeframe.end"}}, rows=1, type="datetime")[0]) == "2025-01-01 00:00:00"


@pytest.mark.parametrize(
    ("code", "type"),
    [
        ("row_number", pl.Int64),
        ("row_number / 2.0", pl.Float64),
        ("row_number > 2", pl.Boolean),
        ("concat('a', row_number)", pl.String),
    ],
)
def test_the_type_is_that_of_the_formula(code: str, type: pl.DataType) -> None:
    assert values({"expression": {"code": code}}, rows=5).dtype == type
    assert values({"expression": code}, rows=5).dtype == type


def test_a_formula_of_another_type_than_the_column_is_refused() -> None:
    assert (
        "int"
        in refused(one_column({"expression": {"code": "row_number"}}, type="string"), "column.type_mismatch").found
    )
    assert (
        "string"
        in refused(one_column({"expression": {"code": "concat('a', 1)"}}, type="float"), "column.type_mismatch").found
    )


def test_division_by_zero_is_null_and_needs_a_nullable_column() -> None:
    code = {"expression": {"code": "1 / (row_number - 3)"}}
    assert values(code, rows=5, nullable=True, type="float").null_count() == 1
    told = fails(one_column(code, rows=5, type="float"), "t", "generate.null")
    assert told.json_path == "t.x"
    assert "nullable" in told.hint


def test_reading_a_later_column_is_fine_and_reading_itself_is_not() -> None:
    later = schema(
        table(
            "t", 5, column("x", {"expression": {"code": "y + 1"}}), column("y", {"expression": {"code": "row_number"}})
        )
    )
    assert made(later, "t")["x"].to_list() == [2, 3, 4, 5, 6]
    itself = schema(table("t", 5, column("x", {"expression": {"code": "x + 1"}}, type="int")))
    assert "t.x" in refused(itself, "plan.loop").found
    around = schema(
        table(
            "t",
            5,
            column("x", {"expression": {"code": "y + 1"}}, type="int"),
            column("y", {"expression": {"code": "x + 1"}}, type="int"),
        )
    )
    assert codes_of(around) == ["plan.loop"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    document = schema(
        table(
            "t", 5, column("price", law("uniform", low=1, high=9)), column("x", {"expression": {"code": "prise * 2"}})
        )
    )
    told = refused(document, "expression.unknown_name")
    assert "price" in told.hint
    assert told.json_path == "nodes[0].columns[2].generator.expression.code"


# --- the modifier


@proof("modifier", "expression")
def test_the_value_so_far_is_a_name() -> None:
    plain = values(law("normal", mean=50, std=9), decimals=6)
    doubled = values(
        law("normal", mean=50, std=9), decimals=6, modifiers=[modified("expression", code="value * 2 + 1")]
    )
    assert (doubled - (plain * 2 + 1)).abs().max() < 1e-5


@proof("modifier", "expression")
def test_it_may_read_other_columns_and_parents() -> None:
    document = schema(
        table("a", 20, column("level", {"distribution": "1..3"})),
        child(
            "b",
            "a",
            column("x", {"distribution": 10}, modifiers=[modified("expression", code="value * a.level + ordinal")]),
            column("a_level", {"lookup": {"from": "a.level"}}),
            fanout=3,
        ),
    )
    frame = made(document, "b")
    assert frame["x"].to_list() == [10 * level + place % 3 + 1 for place, level in enumerate(frame["a_level"])]


def test_an_int_is_rounded_before_the_first_modifier_reads_it() -> None:
    plain = values(law("normal", mean=50, std=9), type="int")
    shown = values(law("normal", mean=50, std=9), type="int", modifiers=[modified("expression", code="value")])
    assert shown.equals(plain)


def test_a_null_value_stays_null_unless_the_formula_says_otherwise() -> None:
    code = {"expression": {"code": "case when row_number % 2 = 0 then row_number end"}}
    same = values(code, rows=10, nullable=True, modifiers=[modified("expression", code="value + 1")])
    assert same.to_list() == [None, 3, None, 5, None, 7, None, 9, None, 11]
    filled = values(code, rows=10, modifiers=[modified("expression", code="coalesce(value, 0)")])
    assert filled.to_list() == [0, 2, 0, 4, 0, 6, 0, 8, 0, 10]


def test_a_modifier_of_another_type_is_refused() -> None:
    document = one_column(law("normal", mean=0, std=1), modifiers=[modified("expression", code="concat('a', value)")])
    told = refused(document, "column.type_mismatch")
    assert told.json_path == "nodes[0].columns[1].modifiers[0].args.code"


def test_texts_and_times_are_values_too() -> None:
    texts = values(
        {"choice": {"choices": ["a", "b"]}}, rows=50, modifiers=[modified("expression", code="upper(value)")]
    )
    assert set(texts) == {"A", "B"}
    times = values(
        {"datetime_series": {}},
        rows=50,
        type="datetime",
        modifiers=[modified("expression", code="value + interval 1 day")],
    )
    plain = values({"datetime_series": {}}, rows=50, type="datetime")
    assert (times - plain).unique().to_list() == [pl.Series([86_400_000_000]).cast(pl.Duration("us"))[0]]
