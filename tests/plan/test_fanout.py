"""Rows per parent: laws, caps, chains, several parents, kinds of tables, and how rows scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from datagen.engine import grain
from datagen.engine.run import Run
from tests.parts.columns import child, column, fails, law, near_mean, near_share, refused, schema, table, warned
from tests.support import blocks_of, codes_of, made, plan_of, table_of

PARENTS = 20_000


def counts_of(fanout: Any, *columns: dict[str, Any], parents: int = PARENTS) -> NDArray[np.int64]:
    """Children of each parent."""
    plan = plan_of(schema(table("a", parents, *columns), child("b", "a", fanout=fanout)))
    return np.concatenate([block.child_counts(plan.tables["b"]) for block in blocks_of(plan, "a")])


def test_poisson_counts_have_their_mean_and_variance() -> None:
    found = counts_of({"distribution": "poisson", "lambda": 3.5})
    assert near_mean(found, 3.5, np.sqrt(3.5))
    assert abs(found.var() - 3.5) < 4 * 3.5 * np.sqrt((2 + 1 / 3.5) / PARENTS)  # standard error of a Poisson's variance
    assert near_share((found == 0).mean(), np.exp(-3.5), PARENTS)


def test_uniform_counts_hold_both_ends_and_are_even() -> None:
    found = counts_of({"distribution": "uniform", "min": 2, "max": 5})
    assert [near_share((found == k).mean(), 0.25, PARENTS) for k in (2, 3, 4, 5)] == [True] * 4
    assert set(found) == {2, 3, 4, 5}


@pytest.mark.parametrize(
    "spelt",
    [
        {"uniform": {"low": 2, "high": 5}},
        "2..5",
        {"per_parent": {"min": 2, "max": 5}},
        {"min": 2, "max": 5},
        {"type": "uniform", "params": {"low": 2, "high": 5}},
    ],
)
def test_every_spelling_of_a_uniform_fanout_is_the_same(spelt: Any) -> None:
    assert np.array_equal(
        counts_of(spelt, parents=500), counts_of({"distribution": "uniform", "min": 2, "max": 5}, parents=500)
    )


@pytest.mark.parametrize(
    "spelt",
    [3, {"constant": 3}, {"type": "constant", "params": {"value": 3}}, {"distribution": "uniform", "min": 3, "max": 3}],
)
def test_a_number_is_exactly_so_many(spelt: Any) -> None:
    assert set(counts_of(spelt, parents=500)) == {3}


def test_a_fact_without_fanout_has_one_row_per_parent() -> None:
    frame = made(schema(table("a", 40), child("b", "a")), "b")
    assert frame["a_id"].to_list() == list(range(1, 41))


def test_any_law_is_rounded_to_whole_rows_without_bias() -> None:
    for spec, mean, std in (
        ({"lognormal": {"mean": 0.2, "sigma": 0.6}}, np.exp(0.2 + 0.18), np.exp(0.38) * np.sqrt(np.exp(0.36) - 1)),
        ({"exponential": 2.4}, 2.4, 2.4),
        ({"gamma": {"shape": 2, "mean": 0.7}}, 0.7, 0.7 / np.sqrt(2)),
        ({"uniform": {"low": 0.5, "high": 1}}, 0.75, 0.15),
    ):
        found = counts_of(spec)
        assert near_mean(found, mean, np.sqrt(std**2 + 0.25)), spec  # rounding adds a variance of at most 1/4
        assert found.min() >= 0


@pytest.mark.parametrize(
    "spec",
    [
        {"geometric": 1},
        {"negative_binomial": {"mean": 4, "shape": 2}},
        {"binomial": {"n": 10, "p": 0.3}},
        {"zipf": {"s": 1.5, "n": 9}},
        {"bernoulli": 0.3},
    ],
)
def test_laws_of_whole_numbers_are_taken_as_drawn(spec: Any) -> None:
    if "geometric" in spec:
        assert codes_of(schema(table("a", 5), child("b", "a", fanout=spec))) != []
        return
    expected = {"negative_binomial": 4.0, "binomial": 3.0, "bernoulli": 0.3}.get(next(iter(spec)))
    found = counts_of(spec)
    assert expected is None or near_mean(found, expected, found.std())
    assert found.max() > 0


def test_a_clamp_is_the_hard_cap_after_everything() -> None:
    free, capped = (
        counts_of({"distribution": "poisson", "lambda": 3}),
        counts_of({"distribution": "poisson", "lambda": 3, "clamp": [1, 4]}),
    )
    assert np.array_equal(capped, np.clip(free, 1, 4))
    one_sided = counts_of({"distribution": "poisson", "lambda": 3, "clamp": [None, 4]})
    assert np.array_equal(one_sided, np.minimum(free, 4))


def test_min_and_max_of_a_poisson_are_its_clamp() -> None:
    clamped = counts_of({"distribution": "poisson", "lambda": 3, "clamp": [1, 4]})
    assert np.array_equal(counts_of({"distribution": "poisson", "lambda": 3, "min": 1, "max": 4}), clamped)


def test_a_truncated_fanout_is_cut_and_not_piled_up() -> None:
    found = counts_of({"poisson": 3.0, "truncate": [1, 4]})
    weights = np.array([np.exp(-3) * 3**k / f for k, f in ((1, 1), (2, 2), (3, 6), (4, 24))])
    assert [
        near_share((found == k).mean(), w / weights.sum(), PARENTS) for k, w in zip((1, 2, 3, 4), weights, strict=True)
    ] == [True] * 4


def test_parameters_read_the_parents_columns() -> None:
    level = column("level", {"choice": {"choices": [1, 5]}})
    plan = plan_of(schema(table("a", PARENTS, level), child("b", "a", fanout={"poisson": "level * 2"})))
    blocks = blocks_of(plan, "a")
    counts = np.concatenate([block.child_counts(plan.tables["b"]) for block in blocks])
    levels = table_of(plan, "a")["level"].to_numpy()
    for level_ in (1, 5):
        found = counts[levels == level_]
        assert near_mean(found, 2 * level_, np.sqrt(2 * level_))
    assert plan.tables["b"].expected_rows > 0


def test_parameters_may_read_the_row_that_a_parents_key_points_to() -> None:
    tier = table("tier", 2, column("rate", {"expression": {"code": "row_number * 4"}}))
    parent = table("a", 5_000, column("tier_id", {"lookup": {"from": "tier.tier_id"}}))
    plan = plan_of(schema(tier, parent, child("b", "a", fanout={"poisson": "tier_id.rate"})))
    keys = table_of(plan, "a")["tier_id"].to_numpy()
    counts = np.concatenate([block.child_counts(plan.tables["b"]) for block in blocks_of(plan, "a")])
    for key in (1, 2):
        assert near_mean(counts[keys == key], 4 * key, np.sqrt(4 * key))


def test_no_rows_at_all_is_a_count_too() -> None:
    document = schema(table("a", 40), child("b", "a", fanout=0), child("c", "b", fanout=3))
    for name in ("b", "c"):
        frame = made(document, name)
        assert frame.height == 0
        assert frame.schema == {f"{name}_id": pl.Int64, "a_id" if name == "b" else "b_id": pl.Int64}


def test_numbers_of_rows_that_cannot_be_are_refused() -> None:
    def fanout(spec: Any) -> dict[str, Any]:
        return schema(table("a", 5), child("b", "a", fanout=spec))

    assert refused(fanout({"constant": -1}), "fanout.not_whole")
    assert refused(fanout({"constant": 1.5}), "fanout.not_whole")
    assert refused(fanout({"uniform": {"low": -5, "high": -1}}), "fanout.negative")
    assert refused(fanout({"distribution": "poisson"}), "law.missing_parameter")
    assert refused(fanout({"poisson": 3.0, "clamp": [5, 1]}), "clamp.empty").json_path.endswith("fanout.clamp")
    assert refused(fanout({"poisson": "levle"}), "expression.unknown_name").json_path.endswith("fanout.poisson")
    assert refused(fanout({"clamp": [1, 2]}), "fanout.no_law")
    assert refused(fanout({"pareto": {"alpha": 0.9, "min": 1}}), "fanout.unbounded")
    assert codes_of(fanout({"pareto": {"alpha": 0.9, "min": 1}, "clamp": [0, 50]})) == []
    assert refused(fanout({"poisson": "concat('a', 1)"}), "law.parameter_type")


def test_a_null_number_of_rows_stops_the_run_with_a_way_out() -> None:
    rate = column("rate", {"expression": {"code": "case when row_number > 3 then 2 end"}}, nullable=True)
    told = fails(schema(table("a", 10, rate), child("b", "a", fanout={"poisson": "rate"})), "b", "fanout.null")
    assert told.json_path == "nodes[1].fanout"
    assert "3 parents" in told.found
    mended = schema(table("a", 10, rate), child("b", "a", fanout={"poisson": "coalesce(rate, 0)"}))
    assert set(made(mended, "b")["a_id"]) <= set(range(4, 11))


def test_a_fanout_needs_a_parent_and_a_child_has_no_rows() -> None:
    assert refused(schema(table("a", 5, fanout=3)), "fanout.no_parent")
    assert refused(schema(table("a", 5), child("b", "a", rows=7)), "rows.of_a_child").json_path.endswith("rows")


# --- chains, several parents, wide parents


def test_a_chain_of_three_tables_keeps_every_child_with_its_own() -> None:
    document = schema(
        table("a", 300),
        child("b", "a", fanout={"poisson": 2.0}),
        child(
            "c",
            "b",
            column("a_id", {"lookup": {"from": "a.a_id"}}),
            fanout={"distribution": "uniform", "min": 0, "max": 4},
        ),
        child("d", "c", fanout={"poisson": 0.5}),
    )
    plan = plan_of(document)
    b, c, d = (table_of(plan, name) for name in "bcd")
    assert [plan.tables[name].expected_rows for name in "abcd"] == [300, 600, 1200, 600]
    assert c.join(b, on="b_id").filter(pl.col("a_id") == pl.col("a_id_right")).height == c.height
    assert d.join(c, on="c_id", how="anti").height == 0
    per_b = c.group_by("b_id").len()["len"]
    assert per_b.max() <= 4


def test_further_parents_do_not_drive() -> None:
    keyed = child("b", "a", column("z_id", {"lookup": {"from": "z.z_id"}}), fanout=4)
    document = schema(table("a", 50), table("z", 7), keyed)
    alone = made(schema(table("a", 50), child("b", "a", fanout=4)), "b")
    document["nodes"][2]["parents"] = ["a", "z"]
    both = made(document, "b")
    assert both["a_id"].equals(alone["a_id"])
    assert set(both["z_id"]) == set(range(1, 8))


def test_a_further_parent_that_nothing_looks_up_is_refused_or_in_old_documents_told() -> None:
    document = schema(table("a", 5), table("z", 5), child("b", "a"))
    document["nodes"][2]["parents"] = ["a", "z"]
    assert refused(document, "parents.unused").json_path.endswith("parents[1]")
    assert "z" in warned({**document, "version": "1.0"}, "parents.unused").found


def test_a_parent_with_three_million_children_is_made_in_bounded_blocks() -> None:
    plan = plan_of(schema(table("a", 2), child("b", "a", column("x", {"bernoulli": 0.5}), fanout=3_000_000)))
    sizes, yes, last = [], 0, 0
    for block in blocks_of(plan, "b"):
        sizes.append(block.rows)
        assert block.row_number[0] == last
        last = int(block.row_number[-1]) + 1
        yes += int(block.column("x").array.sum())
    assert sum(sizes) == 6_000_000
    assert max(sizes) <= grain.BLOCK_ROWS
    assert near_share(yes / 6_000_000, 0.5, 6_000_000)


def test_blocks_of_wide_parents_hold_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    document = schema(
        table("a", 5, column("level", {"distribution": "1..9"})),
        child("b", "a", column("x", law("normal", mean="a.level", std=1)), fanout={"poisson": 700.0}),
        child("c", "b", column("y", {"uuid": {}})),
    )
    plan = plan_of(document)
    whole = table_of(plan, "b"), table_of(plan, "c")
    monkeypatch.setattr(grain, "WIDE_PARENT", 100)
    assert table_of(plan, "b", block_rows=64).equals(whole[0])
    assert table_of(plan, "c", block_rows=64).equals(whole[1])


# --- kinds of tables and their rows


def test_kinds_differ_only_in_where_their_rows_come_from() -> None:
    plan = plan_of(
        schema(
            {
                "id": "status",
                "kind": "vocab",
                "pk": "name",
                "columns": [column("name", {"enum_list": ["new", "paid"]})],
            },
            table("a", 30),
            child("b", "a", fanout=2),
            {"id": "lonely", "kind": "fact", "pk": "k", "columns": [column("k", {"sequence": {}})]},
        )
    )
    assert {name: one.rows for name, one in plan.tables.items()} == {"status": 2, "a": 30, "b": None, "lonely": 1_000}
    assert {name: one.kind for name, one in plan.tables.items()} == {
        "status": "vocab",
        "a": "entity",
        "b": "fact",
        "lonely": "fact",
    }


def test_scale_multiplies_roots_and_never_below_one() -> None:
    document = schema(
        {"id": "status", "kind": "vocab", "pk": "name", "columns": [column("name", {"enum_list": ["new", "paid"]})]},
        table("a", 250),
        table("few", 3),
        table("none", 0),
        child("b", "a", fanout=2),
    )
    for scale, expected in ((0.1, [2, 25, 1, 0, 50]), (3, [2, 750, 9, 0, 1500]), (0.01, [2, 2, 1, 0, 4])):
        plan = plan_of(document, scale=scale)
        run = Run(plan)
        assert [run.total(name) for name in ("status", "a", "few", "none", "b")] == expected


def test_a_hidden_table_is_made_for_those_who_read_it() -> None:
    document = schema(
        table("a", 30, column("level", law("normal", mean=0, std=1))),
        child("b", "a", column("x", {"expression": {"code": "a.level"}}), fanout=2),
    )
    shown = made(document, "b")
    document["nodes"][0]["hidden"] = True
    plan = plan_of(document)
    assert table_of(plan, "b").equals(shown)
    assert plan.tables["a"].hidden


def test_loops_of_parents_are_refused_with_their_way() -> None:
    loop = schema(child("a", "b"), child("b", "c"), child("c", "a"))
    told = refused(loop, "parents.loop")
    assert told.found.count("->") == 3
    assert refused(schema(child("a", "a")), "parents.itself")
    assert refused(schema(table("a", 5), child("b", "aa", column("aa_id", {"sequence": {}}))), "ref.unknown_table").hint


SMALL = {"min": 1, "max": 3}


@pytest.mark.parametrize(
    ("fanout", "place"),
    [
        ({**SMALL, "stretch": True}, "fanout.stretch"),
        ({"every": "month", "stretch": True}, "fanout.stretch"),
        ({"stretch": True, "by": {"size": {"s": SMALL, "l": {"min": 4, "max": 9}}}}, "fanout.stretch"),
        ({"by": {"size": {"s": {**SMALL, "stretch": True}, "l": {"total": 90, **SMALL}}}}, "fanout.by.size.s.stretch"),
    ],
)
def test_ends_that_would_give_way_to_nothing_are_refused(fanout: Any, place: str) -> None:
    document = schema(
        table("a", 20, column("size", {"choice": {"choices": ["s", "l"]}})), child("b", "a", fanout=fanout)
    )
    assert refused(document, "fanout.stretch_alone").json_path.endswith(place)


@pytest.mark.parametrize(
    "fanout",
    [
        {**SMALL, "stretch": False},
        {**SMALL, "stretch": True, "mean": 4},
        {"stretch": True, "by": {"size": {"s": {**SMALL, "mean": 2}, "l": 5}}},
        {"stretch": True, "total": 90, "by": {"size": {"s": SMALL, "l": {"min": 4, "max": 9}}}},
        {"by": {"size": {"s": {**SMALL, "stretch": True, "total": 90}, "l": {"min": 4, "max": 9}}}},
    ],
)
def test_ends_that_give_way_to_a_total_or_a_mean_are_not(fanout: Any) -> None:
    document = schema(
        table("a", 20, column("size", {"choice": {"choices": ["s", "l"]}})), child("b", "a", fanout=fanout)
    )
    assert "fanout.stretch_alone" not in codes_of(document)


@pytest.mark.parametrize("own", [{"stretch": True}, {"total": 30}])
def test_one_value_says_nothing_of_a_total_of_all_values(own: dict[str, Any]) -> None:
    fanout = {"total": 90, "by": {"size": {"s": {**SMALL, **own}, "l": {"min": 4, "max": 9}}}}
    document = schema(
        table("a", 20, column("size", {"choice": {"choices": ["s", "l"]}})), child("b", "a", fanout=fanout)
    )
    [key] = own
    assert refused(document, "fanout.total_of_all").json_path.endswith(f"fanout.by.size.s.{key}")
