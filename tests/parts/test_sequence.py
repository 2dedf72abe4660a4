"""`sequence`: start, start + step, …, one per row."""

from __future__ import annotations

from typing import Any

from tests.parts.columns import child, column, fails, law, numbers, one_column, refused, schema, table, values
from tests.parts.proofs import proof
from tests.support import made


@proof("generator", "sequence")
def test_it_counts_from_one() -> None:
    assert values({"sequence": {}}, rows=5).to_list() == [1, 2, 3, 4, 5]


@proof("generator", "sequence")
def test_start_and_step_are_kept() -> None:
    assert values({"sequence": {"start": 1000, "step": 10}}, rows=4).to_list() == [1000, 1010, 1020, 1030]
    assert values({"sequence": {"start": 0, "step": -3}}, rows=3).to_list() == [0, -3, -6]
    assert values({"sequence": 7}, rows=2).to_list() == [7, 8]


def test_children_are_numbered_through_all_parents() -> None:
    document = schema(table("a", 50), child("b", "a", fanout={"distribution": "uniform", "min": 0, "max": 4}))
    found = made(document, "b")["b_id"].to_list()
    assert found == list(range(1, len(found) + 1))
    assert len(found) > 50


def test_a_key_does_not_move_when_rows_are_added() -> None:
    few, many = values({"sequence": {}}, rows=10), values({"sequence": {}}, rows=20)
    assert many.head(10).equals(few)


def test_it_fits_a_float_column_and_no_other() -> None:
    assert values({"sequence": {}}, rows=2, type="float").to_list() == [1.0, 2.0]
    for type in ("string", "bool", "datetime", "date"):
        assert type in refused(one_column({"sequence": {}}, type=type), "column.type_mismatch").found


def test_a_step_of_zero_is_no_key() -> None:
    document = schema(table("t", 10, column("t_id", {"sequence": {"step": 0}})))
    assert "0" in refused(document, "sequence.step_zero").found
    assert values({"sequence": {"start": 3, "step": 0}}, rows=3).to_list() == [3, 3, 3]


def test_numbers_beyond_64_bits_are_refused_with_the_last_one() -> None:
    over = refused(one_column({"sequence": {"start": 2**62, "step": 2**61}}, rows=10), "sequence.overflow")
    assert f"{2**62 + 9 * 2**61:,}" in over.found
    assert refused(one_column({"sequence": {"start": 2**63}}, rows=1), "sequence.overflow").json_path.endswith("start")
    assert refused(one_column({"sequence": {"step": -(2**63)}}, rows=1), "sequence.overflow").json_path.endswith("step")
    assert values({"sequence": {"start": 2**63 - 3}}, rows=3).to_list()[-1] == 2**63 - 1


def test_children_beyond_64_bits_stop_the_run() -> None:
    def document(start: int) -> dict[str, Any]:
        return schema(
            table("a", 30), child("b", "a", column("x", {"sequence": {"start": start}}), fanout={"poisson": 3.0})
        )

    rows = made(document(1), "b").height
    assert made(document(2**63 - rows), "b")["x"].to_list()[-1] == 2**63 - 1
    assert fails(document(2**63 - rows + 1), "b", "generate.overflow").json_path == "b.x"


def test_it_is_a_value_like_any_other_to_an_expression() -> None:
    document = schema(
        table(
            "t", 4, column("twice", {"expression": {"code": "t_id * 2"}}), column("noise", law("normal", mean=0, std=1))
        )
    )
    assert made(document, "t")["twice"].to_list() == [2, 4, 6, 8]
    assert numbers({"sequence": {}}, rows=3, unique=True).tolist() == [1, 2, 3]
