"""`exact`: shares that come out to the row, over the table or inside each row of a table above."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import child, column, near_share, one_column, refused, schema, table, values
from tests.support import blocks_of, made, plain, plan_of, table_of

SHARES = {"choices": ["small", "medium", "large", "enterprise"], "weights": ["70%", "20%", "8%", "2%"]}


def choice(**keys: Any) -> dict[str, Any]:
    return {"choice": {**SHARES, **keys}}


def test_shares_are_exact_over_the_table() -> None:
    assert Counter(values(choice(exact=True), rows=150)) == {"small": 105, "medium": 30, "large": 12, "enterprise": 3}


def test_without_exact_they_are_only_close() -> None:
    assert Counter(values(choice(), rows=150)) != {"small": 105, "medium": 30, "large": 12, "enterprise": 3}
    assert values(choice(exact=False)).equals(values(choice()))


def test_where_the_values_stand_is_random() -> None:
    """Neighbours agree as often as by chance: sum of squared shares 0.5368, with 4 standard errors."""
    found = values(choice(exact=True), rows=20_000).to_numpy()
    assert near_share((found[1:] == found[:-1]).mean(), 0.5368, 19_999)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"choices": [10, 20, 50], "weights_kind": "zipf@1"}, {10: 600, 20: 300, 50: 200}),
        ({"choices": list(range(5)), "weights_kind": "head_tail@{0.5,1}"}, {0: 550, 1: 264, 2: 132, 3: 88, 4: 66}),
        ({"choices": ["a", "b"]}, {"a": 550, "b": 550}),
    ],
)
def test_every_form_of_weights_is_kept(keys: dict[str, Any], expected: dict[Any, int]) -> None:
    assert Counter(values({"choice": {**keys, "exact": True}}, rows=1_100)) == expected


def test_choices_of_another_column_are_kept_too() -> None:
    document = schema(
        table("o", 3, column("name", {"expression": {"code": "concat('n', o_id)"}})),
        table("t", 1_100, column("x", {"choice": {"choices_ref": "o.name", "weights_kind": "zipf@1", "exact": True}})),
    )
    assert Counter(made(document, "t")["x"]) == {"n1": 600, "n2": 300, "n3": 200}


def test_an_exact_share_of_yes() -> None:
    assert values({"bernoulli": {"p": "5%", "exact": True}}, rows=1_000).sum() == 50
    assert values({"bernoulli": {"p": 0.13, "exact": True}}, rows=150).sum() == 20  # 19.5: the half goes to yes
    assert values({"bernoulli": {"p": 0, "exact": True}}).sum() == 0


def below(generator: dict[str, Any], *, fanout: Any, parents: int = 400) -> dict[str, Any]:
    return schema(table("a", parents), child("t", "a", column("x", generator), fanout=fanout))


def counts(frame: pl.DataFrame, value: Any) -> pl.DataFrame:
    return frame.group_by("a_id").agg(n=pl.len(), k=(pl.col("x") == value).sum())


def test_shares_are_kept_inside_every_row_of_the_driving_parent() -> None:
    frame = made(below(choice(exact="a"), fanout={"type": "uniform", "params": {"low": 1, "high": 9}}), "t")
    for value, share in zip(SHARES["choices"], (0.7, 0.2, 0.08, 0.02), strict=True):
        found = counts(frame, value)
        assert (found["k"] - found["n"] * share).abs().max() < 1
        # at most half a row of a parent's rounding, over 400 parents
        assert abs((frame["x"] == value).sum() - share * len(frame)) < 4 * 0.5 * np.sqrt(400)


def test_whole_shares_are_exact_in_every_parent() -> None:
    frame = made(below(choice(exact="a"), fanout=50), "t")
    assert set(counts(frame, "small")["k"]) == {35}
    assert set(counts(frame, "enterprise")["k"]) == {1}
    assert set(counts(made(below(choice(), fanout=50), "t"), "enterprise")["k"]) != {1}


def test_yes_inside_every_parent() -> None:
    frame = made(below({"bernoulli": {"p": "25%", "exact": "a"}}, fanout=8), "t")
    assert set(counts(frame, True)["k"]) == {2}
    first = frame.filter(pl.int_range(pl.len()) % 8 == 0)["x"]
    assert near_share(first.mean(), 0.25, 400)


@pytest.mark.parametrize("exact", [True, "a"])
def test_values_do_not_depend_on_how_the_rows_are_cut(exact: bool | str) -> None:
    plan = plan_of(below(choice(exact=exact), fanout={"type": "poisson", "params": {"lambda": 4}}, parents=60))
    whole = table_of(plan, "t")
    for rows in (1, 7):
        pieces = [plain(block.frame()) for block in blocks_of(plan, "t", block_rows=rows)]
        assert pl.concat(pieces).equals(whole)


def test_inside_an_ancestor_more_parents_move_nothing() -> None:
    generator = choice(exact="a")
    few, more = (made(below(generator, fanout=5, parents=parents), "t") for parents in (40, 60))
    assert more.head(200).equals(few)


def test_the_plan_says_what_moves() -> None:
    plan = plan_of(below(choice(exact=True), fanout=5))
    assert "exact over all rows" in plan.tables["t"].columns["x"].moves_with_rows
    plan = plan_of(below(choice(), fanout=5))
    assert plan.tables["t"].columns["x"].moves_with_rows == ""


def test_unique_values_of_children_move_with_the_rows_of_earlier_parents() -> None:
    for generator in ({"faker": {"method": "email"}}, {"choice": {"choices": [f"c{k}" for k in range(5_000)]}}):
        document = schema(table("a", 40), child("t", "a", column("x", generator, unique=True), fanout=5))
        assert "by the row's number" in plan_of(document).tables["t"].columns["x"].moves_with_rows
        assert plan_of(one_column(generator, unique=True)).tables["t"].columns["x"].moves_with_rows == ""


def test_what_cannot_be_kept_is_refused() -> None:
    assert "did you mean 'a'" in refused(below(choice(exact="A"), fanout=5), "quota.no_ancestor").hint
    assert "no table above" in refused(one_column(choice(exact="a")), "quota.no_ancestor").expected
    assert refused(one_column({"choice": {"choices": ["a", "b"], "exact": True}}, rows=2, unique=True), "quota.unique")
    assert refused(one_column({"bernoulli": {"p": "row_number / 2000.0", "exact": True}}), "quota.by_row")
    assert refused(one_column(choice(exact=True), when="t_id > 3"), "quota.some_rows").json_path.endswith("exact")
    assert refused(one_column(choice(exact=3)), "language.wrong_type").json_path.endswith("exact")
    other = column("y", {"choice": {"choices": [1, 2], "exact": True}})
    document = schema(table("t", 50, column("z", {"bernoulli": {"p": 0.5}}), other))
    document["nodes"][0]["correlations"] = [{"columns": ["y", "z"], "spearman": 0.3}]
    assert "exact" in refused(document, "correlation.not_drawn").found


def test_shares_are_kept_inside_rows_far_above() -> None:
    document = schema(
        table("a", 30),
        child("m", "a", fanout={"type": "uniform", "params": {"low": 0, "high": 5}}),
        child("t", "m", column("x", choice(exact="a")), fanout={"type": "uniform", "params": {"low": 0, "high": 4}}),
    )
    plan = plan_of(document)
    frame = table_of(plan, "t").join(table_of(plan, "m").select("m_id", "a_id"), on="m_id")
    for value, share in zip(SHARES["choices"], (0.7, 0.2, 0.08, 0.02), strict=True):
        found = counts(frame, value)
        assert (found["k"] - found["n"] * share).abs().max() < 1
    for rows in (1, 7):
        pieces = [plain(block.frame()) for block in blocks_of(plan, "t", block_rows=rows)]
        assert pl.concat(pieces).equals(table_of(plan, "t"))


def test_another_seed_puts_them_elsewhere() -> None:
    assert not values(choice(exact=True), seed=1).equals(values(choice(exact=True), seed=2))
