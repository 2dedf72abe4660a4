"""`lookup` into the own table: `self`, `depth`, `levels`, and trees inside groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen.plan.memory import kept_columns
from tests.parts.columns import chi_square, child, column, fails, refused, schema, table
from tests.parts.proofs import proof
from tests.parts.test_lookup import lookup as looked_up
from tests.support import plan_of, table_of


def staff(rows: int = 3_000, *more: dict[str, Any], nullable: bool = True, **keys: Any) -> dict[str, Any]:
    lookup = looked_up("staff.staff_id", **{"else" if key == "else_" else key: value for key, value in keys.items()})
    return schema(
        table(
            "staff",
            rows,
            column("level", {"choice": {"choices": ["junior", "senior"]}}),
            column("office", {"choice": {"choices": [1, 2, 3, 4]}}),
            column("boss_id", lookup, nullable=nullable),
            *more,
        )
    )


def depths(frame: pl.DataFrame, key: str = "staff_id", boss: str = "boss_id") -> np.ndarray:
    """How many rows the chain from each row to its root has."""
    up = dict(frame.select(key, boss).iter_rows())
    found: dict[int, int] = {}
    for row in sorted(up):
        found[row] = 1 if up[row] is None or up[row] == row else found[up[row]] + 1
    return np.array([found[row] for row in frame[key]])


def test_saying_self_changes_nothing() -> None:
    plain, said = (table_of(plan_of(staff(**keys)), "staff") for keys in ({}, {"self": True}))
    assert plain.equals(said)


@proof("generator", "lookup")
@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_no_chain_is_longer_than_the_depth(depth: int) -> None:
    frame = table_of(plan_of(staff(depth=depth)), "staff")
    found = depths(frame)
    assert found.max() == depth
    assert depths(table_of(plan_of(staff()), "staff")).max() > 6
    with_boss = frame.drop_nulls("boss_id")
    assert (with_boss["boss_id"] < with_boss["staff_id"]).all()
    if depth > 1:
        # rows that were not too deep keep their picks: those of a chain of at most `depth` rows
        free = table_of(plan_of(staff()), "staff")
        kept = depths(free) <= depth
        assert (frame["boss_id"].eq_missing(free["boss_id"])).to_numpy()[kept].all()


@proof("generator", "lookup")
def test_levels_have_their_exact_sizes() -> None:
    frame = table_of(plan_of(staff(70, levels=[1, 9, 60])), "staff")
    assert np.bincount(depths(frame)).tolist() == [0, 1, 9, 60]
    assert (depths(frame)[1:] >= depths(frame)[:-1]).all()
    bosses = frame["boss_id"].to_numpy()[10:]
    assert chi_square(np.bincount(bosses.astype(int), minlength=11)[2:], [60 / 9] * 9) > 1e-4
    rest = table_of(plan_of(staff(1_000, levels=[1, 9, 60])), "staff")
    assert np.bincount(depths(rest)).tolist() == [0, 1, 9, 990]  # the last level takes what is left
    own = table_of(plan_of(staff(70, nullable=False, levels=[1, 9, 60])), "staff")
    assert own["boss_id"][0] == 1


def test_levels_that_leave_no_row_are_refused_with_the_sum() -> None:
    told = refused(staff(10, levels=[1, 9, 60]), "lookup.levels")
    assert "1 + 9 = 10 rows above the last level, of 10 rows" in told.found
    document = schema(
        table("firm", 4),
        child("staff", "firm", column("boss_id", looked_up("staff.staff_id", levels=[1, 900, 60]), nullable=True), fanout={"poisson": 3.0}),
    )  # fmt: skip
    assert "901 rows above" in fails(document, "staff", "lookup.levels").found


@pytest.mark.parametrize("keys", [{}, {"depth": 3}, {"levels": [1, 4, 5]}, {"root_share": 0.0}])
def test_trees_stay_in_their_group(keys: dict[str, Any]) -> None:
    document = schema(
        table("firm", 30),
        child("staff", "firm", column("boss_id", looked_up("staff.staff_id", same="firm_id", **keys), nullable=True), fanout={"poisson": 20.0}),
    )  # fmt: skip
    plan = plan_of(document)
    frame = table_of(plan, "staff")
    firms = dict(frame.select("staff_id", "firm_id").iter_rows())
    assert all(boss is None or firms[boss] == firm for boss, firm in frame.select("boss_id", "firm_id").iter_rows())
    assert (frame.drop_nulls()["boss_id"] < frame.drop_nulls()["staff_id"]).all()
    assert frame.group_by("firm_id").agg(pl.col("boss_id").null_count())["boss_id"].min() >= 1
    found = depths(frame)
    if "depth" in keys:
        assert found.max() == 3
    if "root_share" in keys:
        assert frame["boss_id"].null_count() == frame["firm_id"].n_unique()
    if "levels" in keys:
        each = (
            frame.with_columns(depth=pl.Series(found))
            .group_by("firm_id")
            .agg(top=(pl.col("depth") == 1).sum(), second=(pl.col("depth") == 2).sum(), rows=pl.len())
        )
        assert (each["top"] == 1).all()
        assert (each["second"] == (each["rows"] - 1).clip(upper_bound=4)).all()
    for rows in (1, 7):
        assert table_of(plan, "staff", block_rows=rows).equals(frame)


def test_trees_of_values_and_of_ancestors() -> None:
    by_value = table_of(plan_of(staff(same="office")), "staff")
    offices = dict(by_value.select("staff_id", "office").iter_rows())
    assert all(
        boss is None or offices[boss] == office for boss, office in by_value.select("boss_id", "office").iter_rows()
    )
    document = schema(
        table("firm", 30),
        child("staff", "firm", column("boss_id", looked_up("staff.staff_id", within="firm"), nullable=True), fanout=9),
    )
    frame = table_of(plan_of(document), "staff")
    firms = dict(frame.select("staff_id", "firm_id").iter_rows())
    assert all(boss is None or firms[boss] == firm for boss, firm in frame.select("boss_id", "firm_id").iter_rows())


def test_a_condition_on_the_boss() -> None:
    document = staff(where="candidate.level = 'senior' and candidate.office = office", else_=None)
    frame = table_of(plan_of(document), "staff")
    people = {k: (level, office) for k, level, office in frame.select("staff_id", "level", "office").iter_rows()}
    pairs = frame.drop_nulls("boss_id").select("staff_id", "office", "boss_id").rows()
    assert len(pairs) > 2_500
    assert all(people[boss] == ("senior", office) and boss < own for own, office, boss in pairs)
    # nobody who could have a boss has none, but for the roots: 1/sqrt(3,000) of the rows
    first = {office: min(k for k, one in people.items() if one == ("senior", office)) for office in (1, 2, 3, 4)}
    alone = [
        k
        for k, office, boss in frame.select("staff_id", "office", "boss_id").iter_rows()
        if boss is None and k > first[office]
    ]
    assert len(alone) < 3_000**0.5 + 4 * 3_000**0.25
    strict = staff(where="candidate.level = 'senior' and candidate.office = office", root_share=0.0)
    assert "rows of the 3,000 looked at without a row of staff" in fails(strict, "staff", "lookup.no_candidate").found


def test_adding_rows_moves_no_earlier_chain() -> None:
    for keys in ({"depth": 4, "root_share": 0.01}, {"levels": [1, 9, 60]}, {"same": "office", "root_share": 0.01}):
        short, long = (table_of(plan_of(staff(rows, **keys)), "staff") for rows in (1_000, 1_300))
        assert long["boss_id"][:1_000].eq_missing(short["boss_id"]).all()


@pytest.mark.parametrize(
    "keys", [{"depth": 3}, {"where": "candidate.office = office", "else_": None}, {"same": "office"}]
)
def test_how_the_rows_are_cut_into_blocks_never_shows(keys: dict[str, Any]) -> None:
    plan = plan_of(staff(400, **keys))
    whole = table_of(plan, "staff")
    for rows in (1, 7):
        assert table_of(plan, "staff", block_rows=rows).equals(whole)


def test_what_cannot_be_combined_is_refused() -> None:
    for keys in (
        {"levels": [1, 9], "depth": 2},
        {"depth": 2, "where": "candidate.office = office"},
        {"weights": "zipf@1"},
        {"unique": True},
    ):
        assert refused(staff(**keys), "lookup.two_rules")
    document = schema(table("firm", 4), table("staff", 9, column("firm_id", looked_up("firm.firm_id", self=True))))
    assert "own table" in refused(document, "lookup.key_without_meaning").expected
    assert refused(staff(depth=0), "language.out_of_range")


def test_the_plan_counts_what_trees_keep_in_memory() -> None:
    kept = {f"{one.table}.{one.column}" for one in kept_columns(plan_of(staff(same="office")))}
    assert "staff.office" in kept
    assert not kept_columns(plan_of(staff()))  # a key that counts is made again by its number


def test_the_plan_says_that_more_rows_make_fewer_of_them_roots() -> None:
    """With a share of roots of its own the older rows stay where they are; with the default they do not, and it says so."""
    for keys, stays in (({}, False), ({"root_share": 0.1}, True)):
        few, more = (table_of(plan_of(staff(rows, **keys)), "staff").head(400) for rows in (400, 4_000))
        said = plan_of(staff(400, **keys)).tables["staff"].columns["boss_id"].moves_with_rows
        assert few["boss_id"].equals(more["boss_id"]) is stays
        assert ("root_share" in said) is not stays


def test_a_key_into_the_own_table_that_says_it_is_none_is_refused() -> None:
    assert (
        refused(staff(self=False), "lookup.key_without_meaning").found == "`self: false` on a lookup into the own table"
    )
