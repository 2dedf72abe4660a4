"""`choice`: one of a list, or of another column, with weights."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest

from tests.parts.columns import (
    chi_square,
    child,
    column,
    fails,
    law,
    near_share,
    one_column,
    refused,
    schema,
    shares_of,
    table,
    values,
    warned,
)
from tests.parts.proofs import proof
from tests.support import codes_of, made, plan_of, table_of

ROWS = 20_000


def choice(choices: Any, **keys: Any) -> dict[str, Any]:
    return {"choice": {"choices": choices, **keys}}


@proof("generator", "choice")
def test_weights_that_sum_to_one_are_probabilities() -> None:
    found = shares_of(values(choice(["a", "b", "c"], weights=[0.7, 0.2, 0.1]), rows=ROWS))
    assert all(near_share(found[name], p, ROWS) for name, p in {"a": 0.7, "b": 0.2, "c": 0.1}.items())


def test_without_weights_every_choice_is_equally_likely() -> None:
    for keys in ({}, {"weights_kind": "uniform"}):
        counts = values(choice(list(range(10)), **keys), rows=ROWS).value_counts()["count"]
        assert chi_square(counts.to_numpy(), [ROWS / 10] * 10) > 1e-4


@pytest.mark.parametrize("weights", [["70%", "20%", "10%"], [7, 2, 1], [3.5, 1, 0.5], ["70 %", "20.0%", "10%"]])
def test_percentages_and_relative_weights_say_the_same_as_shares(weights: list[Any]) -> None:
    plain = values(choice(["a", "b", "c"], weights=[0.7, 0.2, 0.1]))
    assert values(choice(["a", "b", "c"], weights=weights)).equals(plain)


def test_shares_may_miss_the_whole_by_half_a_percent() -> None:
    assert codes_of(one_column(choice(["a", "b", "c"], weights=[0.333, 0.333, 0.333]))) == []
    assert codes_of(one_column(choice(["a", "b"], weights=["50%", "49.6%"]))) == []
    for weights in ([0.5, 0.49], [0.6, 0.5], ["60%", "50%"], [1, 1]):
        told = refused(one_column(choice(["a", "b"], weights=weights)), "weights.sum")
        assert told.json_path == "nodes[0].columns[1].generator.choice.weights"
        assert "sum" in told.found


def test_a_document_of_the_first_version_scales_its_weights_with_a_warning() -> None:
    old = {"document": {"version": "1.0"}}
    assert "0.8" in warned(one_column(choice(["a", "b"], weights=[0.4, 0.4]), **old), "weights.sum").found
    found = shares_of(values(choice(["a", "b"], weights=[0.6, 0.2]), rows=ROWS, **old))
    assert near_share(found["a"], 0.75, ROWS)


@pytest.mark.parametrize(
    ("weights", "code", "at"),
    [
        ([0.5, 0.5, 0.5], "choice.weights_length", "weights"),
        ([], "choice.weights_length", "weights"),
        ([-0.5, 1.5], "weights.negative", "weights[0]"),
        ([0, 0], "weights.all_zero", "weights"),
        (["50%", 0.5], "weights.mixed", "weights[1]"),
        (["half", 0.5], "weights.not_a_number", "weights[0]"),
    ],
)
def test_weights_that_make_no_sense_are_refused_where_they_stand(weights: list[Any], code: str, at: str) -> None:
    told = refused(one_column(choice(["a", "b"], weights=weights)), code)
    assert told.json_path.endswith(f"choice.{at}")


def test_a_weight_of_zero_is_never_drawn() -> None:
    assert "b" not in shares_of(values(choice(["a", "b", "c"], weights=[0.5, 0, 0.5]), rows=ROWS))


@proof("generator", "choice")
def test_zipf_weights_fall_by_the_rank_as_written() -> None:
    found = shares_of(values(choice(["a", "b", "c", "d"], weights_kind="zipf@1.5"), rows=ROWS))
    weights = [rank**-1.5 for rank in (1, 2, 3, 4)]
    for name, weight in zip("abcd", weights, strict=True):
        assert near_share(found[name], weight / sum(weights), ROWS)


def test_the_head_shares_its_part_equally_and_the_tail_falls() -> None:
    names = [f"c{k:02}" for k in range(10)]  # the head is floor(0.2 * 10) = 2 choices
    found = shares_of(values(choice(names, weights_kind="head_tail@{0.6,1.5}"), rows=ROWS))
    tail = [rank**-1.5 for rank in range(1, 9)]
    expected = [0.3, 0.3, *(0.4 * weight / sum(tail) for weight in tail)]
    for name, share in zip(names, expected, strict=True):
        assert near_share(found.get(name, 0.0), share, ROWS)


def test_a_short_list_has_a_head_of_one() -> None:
    found = shares_of(values(choice(["a", "b", "c"], weights_kind="head_tail@{60%,1}"), rows=ROWS))
    assert near_share(found["a"], 0.6, ROWS)
    assert near_share(found["b"], 0.4 * 2 / 3, ROWS)


@pytest.mark.parametrize(
    "kind", ["zipf", "zipf@", "zipf@1.5.2", "zipf@x", "head_tail@0.6", "head_tail@{0.6}", "head_tail@{.,1}", "even"]
)
def test_a_kind_of_weights_that_nobody_knows_is_refused(kind: str) -> None:
    told = refused(one_column(choice(["a", "b"], weights_kind=kind)), "choice.weights_kind")
    assert told.json_path.endswith("choice.weights_kind")
    assert kind in told.found


def test_parameters_of_a_kind_have_their_limits() -> None:
    assert refused(one_column(choice(["a", "b"], weights_kind="zipf@0")), "choice.zipf_exponent")
    for share in ("0", "1", "100%", "60"):
        assert refused(one_column(choice(["a", "b"], weights_kind=f"head_tail@{{{share},1}}")), "choice.head_share")
    both = one_column(choice(["a", "b"], weights=[0.5, 0.5], weights_kind="zipf@1"))
    assert refused(both, "choice.two_weights").json_path.endswith("weights_kind")


@pytest.mark.parametrize(
    ("choices", "type", "expected"),
    [
        ([1, 2], None, pl.Int64),
        ([1.5, 2], None, pl.Float64),
        ([True, False], None, pl.Boolean),
        (["a", "b"], None, pl.String),
        (["1", "2"], "int", pl.Int64),
        ([1, 2], "string", pl.String),
        ([1, 2], "float", pl.Float64),
        (["true", "false"], "bool", pl.Boolean),
        (["2024-01-31", "2024-02-29"], "date", pl.Date),
        (["2024-01-31T10:00:00"], "datetime", pl.Datetime("us")),
    ],
)
def test_choices_are_read_in_the_type_of_the_column(choices: list[Any], type: str | None, expected: Any) -> None:
    series = values(choice(choices), **({} if type is None else {"type": type}))
    assert series.dtype == expected
    assert series.n_unique() == len(choices)


def test_choices_that_do_not_fit_the_type_are_refused_one_by_one() -> None:
    told = refused(one_column(choice([1, "two", 3]), type="int"), "column.value_type")
    assert told.json_path.endswith("choices[1]")
    assert "two" in told.found


def test_the_map_form_is_choices_and_weights() -> None:
    plain = values(choice(["paid", "rejected"], weights=[0.9, 0.1]))
    assert values({"choice": {"choices": {"paid": 0.9, "rejected": 0.1}}}).equals(plain)
    short = made(schema(table("t", 1000, {"name": "x", "choices": {"paid": "90%", "rejected": "10%"}})), "t")["x"]
    assert short.equals(plain)
    typed = values({"choice": {"choices": {"10": 0.9, "20": 0.1}}}, type="int")
    assert typed.dtype == pl.Int64
    assert set(typed) == {10, 20}


def test_a_choice_written_twice_adds_up_with_a_warning() -> None:
    document = one_column(choice(["a", "b", "a"]), rows=ROWS)
    assert "a" in warned(document, "choice.repeats").found
    assert near_share(shares_of(made(document, "t")["x"])["a"], 2 / 3, ROWS)


def test_null_is_a_choice_of_a_nullable_column_only() -> None:
    found = values(choice(["a", None], weights=[0.75, 0.25]), rows=ROWS, nullable=True)
    assert near_share(found.null_count() / ROWS, 0.25, ROWS)
    told = refused(one_column(choice(["a", None])), "column.null_value")
    assert told.json_path.endswith("choices[1]")


def test_one_source_of_choices_is_needed() -> None:
    assert "neither" in refused(one_column({"choice": {}}), "choice.one_source").found
    both = schema(table("o", 3), table("t", 9, column("x", {"choice": {"choices": [1], "choices_ref": "o.o_id"}})))
    assert "both" in refused(both, "choice.one_source").found
    assert refused(one_column(choice([])), "choice.empty")


# --- choices of another column


def referring(other: dict[str, Any], *, rows: int = ROWS, **params: Any) -> dict[str, Any]:
    return schema(other, table("t", rows, column("x", {"choice": {"choices_ref": "o.name", **params}})))


def named(rows: int, **keys: Any) -> dict[str, Any]:
    return table("o", rows, column("name", {"expression": {"code": "concat('n', o_id)"}}, type="string"), **keys)


@proof("generator", "choice")
def test_values_of_another_column_are_choices() -> None:
    found = made(referring(named(8)), "t")["x"]
    counts = Counter(found.to_list())
    assert sorted(counts) == [f"n{k}" for k in range(1, 9)]
    assert chi_square([counts[name] for name in sorted(counts)], [ROWS / 8] * 8) > 1e-4


def test_weights_and_kinds_go_by_the_rows_of_the_other_table() -> None:
    found = shares_of(made(referring(named(3), weights=[0.5, 0.3, 0.2]), "t")["x"])
    assert all(near_share(found[name], share, ROWS) for name, share in {"n1": 0.5, "n2": 0.3, "n3": 0.2}.items())
    found = shares_of(made(referring(named(4), weights_kind="zipf@2"), "t")["x"])
    whole = sum(k**-2 for k in (1, 2, 3, 4))
    assert all(near_share(found[f"n{k}"], k**-2 / whole, ROWS) for k in (1, 2, 3, 4))


def test_weights_must_be_as_many_as_the_rows_known_or_counted() -> None:
    assert "3 rows" in refused(referring(named(3), weights=[0.5, 0.5]), "choice.weights_length").found
    counted = child("o", "a", column("name", {"expression": {"code": "concat('n', o_id)"}}), fanout={"poisson": 2.0})
    document = schema(
        table("a", 5), counted, table("t", 9, column("x", {"choice": {"choices_ref": "o.name", "weights": [0.5, 0.5]}}))
    )
    told = fails(document, "t", "choice.weights_length")
    assert told.json_path == "t.x"
    assert "2 weights" in told.found


def test_a_reference_that_leads_nowhere_is_refused_with_the_nearest_name() -> None:
    document = referring(named(3))
    document["nodes"][1]["columns"][1]["generator"]["choice"]["choices_ref"] = "o.nmae"
    assert "name" in refused(document, "ref.unknown_column").hint
    document["nodes"][1]["columns"][1]["generator"]["choice"]["choices_ref"] = "oo.name"
    assert refused(document, "ref.unknown_table")


def test_the_type_of_the_other_column_is_taken_or_must_fit() -> None:
    assert made(referring(named(3), rows=5), "t")["x"].dtype == pl.String
    document = referring(named(3), rows=5)
    document["nodes"][1]["columns"][1]["type"] = "int"
    assert "string" in refused(document, "column.type_mismatch").found


def test_an_empty_column_has_nothing_to_choose() -> None:
    assert refused(referring(named(0), rows=5), "choice.empty").json_path.endswith("choices_ref")
    empty = child("o", "a", column("name", {"expression": {"code": "concat('n', o_id)"}}), fanout={"poisson": 1e-6})
    document = schema(table("a", 5), empty, table("t", 9, column("x", {"choice": {"choices_ref": "o.name"}})))
    assert fails(document, "t", "choice.empty").json_path == "t.x"


# --- unique


@proof("generator", "choice")
def test_unique_choices_never_repeat() -> None:
    found = values(choice([f"c{k}" for k in range(120)]), rows=100, unique=True)
    assert found.n_unique() == 100
    assert found.head(50).to_list() != sorted(found.head(50).to_list())
    everything = values(choice(list(range(100))), rows=100, unique=True)
    assert sorted(everything) == list(range(100))


def test_unique_choices_that_are_too_few_are_refused_with_the_arithmetic() -> None:
    told = refused(one_column(choice(["a", "b", "c"]), rows=4, unique=True), "unique.domain_too_small")
    assert "3 possible values < 4 rows" in told.found
    assert (
        "3 possible values < 4 rows"
        in refused(referring(named(3), rows=4) | {"constraints": {"unique": ["t.x"]}}, "unique.domain_too_small").found
    )


def test_unique_choices_take_no_weights_and_no_repeats() -> None:
    assert refused(one_column(choice(["a", "b"], weights=[0.5, 0.5]), rows=2, unique=True), "choice.unique_weights")
    assert refused(one_column(choice(["a", "a"]), rows=2, unique=True), "choice.repeats").severity == "error"
    assert (
        refused(one_column(choice([1, 1.0]), rows=2, unique=True, type="float"), "choice.repeats").severity == "error"
    )


def test_unique_choices_of_another_column_are_a_permutation() -> None:
    document = referring(named(30), rows=30)
    document["nodes"][1]["columns"][1]["unique"] = True
    assert sorted(made(document, "t")["x"]) == sorted(f"n{k}" for k in range(1, 31))


def test_a_chosen_key_can_be_looked_through() -> None:
    places = table("o", 4, column("size", law("uniform", low=1, high=9)))
    document = schema(
        places,
        table(
            "t",
            200,
            column("x", {"choice": {"choices_ref": "o.o_id"}}),
            column("y", {"expression": {"code": "x.size"}}),
        ),
    )
    plan = plan_of(document)
    sizes = dict(table_of(plan, "o").select("o_id", "size").iter_rows())
    assert all(sizes[x] == y for x, y in table_of(plan, "t").select("x", "y").iter_rows())
