"""Another seed gives other data, all of them: which rows get what as well as what they get.

Two looks: nothing random is made from the same words under two seeds, whatever part makes it; and the places of what is
settled for the whole table (exact quotas, unique values, exact totals, errors of recording) are unrelated between seeds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from datagen.datasets import shipped
from datagen.engine.run import Run
from datagen.plan.model import Plan
from datagen.plan.spoils import clean
from tests.golden.content import planned
from tests.house.seeds import Words, watched
from tests.imperfections.documents import TWO
from tests.parts.columns import child, column, law, modified, schema, table
from tests.parts.examples import Subject, subjects
from tests.support import blocks_of, plan_of, table_of

SEEDS = (1, 2)
ROWS = 6_000
Floats = NDArray[np.float64]
Made = tuple[Words, dict[str, pl.DataFrame]]


def all_tables(plan: Plan) -> Made:
    with watched() as words:
        return words, {name: table_of(plan, name) for name in plan.tables}


def of_shipped(name: str, seed: int) -> Plan:
    return planned(name, seed)[1]


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_data_set_is_another_under_another_seed(name: str) -> None:
    """Nothing in it is drawn from the same words, and every table with draws is another.

    Words of 64 bits: some 10,000 of each seed have one in common by chance in 2 of 10^11 cases.
    """
    (one, tables), (other, others) = (all_tables(of_shipped(name, seed)) for seed in SEEDS)
    assert len(one.all) > 100
    assert one.all.isdisjoint(other.all)
    plan = of_shipped(name, SEEDS[0])
    for place, made in tables.items():
        if made.equals(others[place]):
            assert not words_of(plan, place).all, place


def words_of(plan: Plan, place: str) -> Words:
    """The words behind the rows of one table, when the numbers of rows of all tables are known."""
    run = Run(plan)
    blocks = blocks_of(plan, place, run=run)
    with watched() as words:
        made = [block.frame() for block in blocks]
    assert made
    return words


@pytest.mark.parametrize(
    "subject", [one for one in subjects() if one.word != "enum_list"], ids=lambda subject: subject.name
)
def test_no_part_draws_from_the_same_words_under_two_seeds(subject: Subject) -> None:
    for document in (subject.root(), subject.child()):
        found = []
        for seed in SEEDS:
            plan = plan_of(document, seed=seed)
            with watched() as words:
                table_of(plan, "subject")
            found.append(words.all)
        assert found[0].isdisjoint(found[1])


def test_no_imperfection_draws_from_the_same_words_under_two_seeds() -> None:
    (one, _), (other, _) = (all_tables(plan_of(TWO, seed=seed)) for seed in SEEDS)
    assert one.keys
    assert one.all.isdisjoint(other.all)


def test_the_words_of_one_seed_are_those_of_the_next_run() -> None:
    """What is watched are words, no passing addresses in memory: the tests above can fail."""
    (one, _), (again, _) = (all_tables(plan_of(TWO, seed=1)) for _ in range(2))
    assert one.all == again.all


# --- places


def root(generator: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A table `t` with a column x."""
    return schema(table("t", ROWS, column("x", generator, **keys)))


def below(generator: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A table `t` with a column x, six rows below each row of `a`."""
    more = table("s", ROWS, column("half", {"expression": {"code": "case when s_id % 2 = 0 then 'b' else 'a' end"}}))
    return schema(table("a", ROWS // 6), more, child("t", "a", column("x", generator, **keys), fanout=6))


YES = {"choice": {"choices": ["yes", "no"], "weights": ["10%", "90%"]}}


def yes(**keys: Any) -> dict[str, Any]:
    return {"choice": {**YES["choice"], **keys}}


# 4,000 dates, so that days are enough for unique ones
YEARS = {"datetime_series": {"within": {"start": "2000-01-01", "end": "2029-12-31"}, "freq": "D"}}
ONCE = {
    "exact-choice": root(yes(exact=True)),
    "exact-bernoulli": root({"bernoulli": {"p": 0.1, "exact": True}}),
    "exact-choice-of-children": below(yes(exact=True)),
    "exact-choice-in-parents": below(yes(exact="a")),
    "at-least": below(yes(at_least={"yes": 1}, weights=["20%", "80%"], exact=True)),
    "clustered": below(yes(clustered=0.2, exact=True)),
    "unique-choice": root({"choice": {"choices": [f"v{n}" for n in range(ROWS)]}}, unique=True),
    "unique-number": root(law("uniform", low=1, high=9_999, integers=True), unique=True, type="int"),
    "unique-time": root(YEARS, unique=True),
    "unique-pattern": root({"pattern": "[A-Z]{2}[0-9]{2}"}, unique=True),
    "unique-faker": root({"faker": {"method": "bothify", "text": "??##"}}, unique=True),
    "unique-lookup": below({"lookup": {"from": "s.s_id", "unique": True}}),
    "unique-lookup-of-some": below({"lookup": {"from": "s.s_id", "unique": True, "where": "candidate.s_id > 0"}}),
    "unique-lookup-in-parents": below({"lookup": {"from": "s.s_id", "unique": "a"}}),
}  # fmt: skip


def places(values: pl.Series) -> Floats:
    """(n,) the rank of each value among all."""
    return values.cast(pl.String if values.dtype == pl.Enum else values.dtype).rank("dense").to_numpy().astype(float)


def unrelated(one: Floats, other: Floats) -> bool:
    """Whether the correlation of two columns is 0, within 4 standard errors: 1 / √(n - 1) for shuffled values."""
    return abs(float(np.corrcoef(one, other)[0, 1])) < 4 / np.sqrt(len(one) - 1)


@pytest.mark.parametrize("name", ONCE)
def test_where_values_of_a_whole_table_stand_is_unrelated_between_seeds(name: str) -> None:
    one, other = (places(table_of(plan_of(ONCE[name], seed=seed), "t")["x"]) for seed in SEEDS)
    assert unrelated(one, other)


def struck(plan: Plan, pure: Plan, name: str) -> Floats:
    """(n,) 1 where the two plans have other values."""
    return table_of(plan, name)["x"].ne_missing(table_of(pure, name)["x"]).to_numpy().astype(float)


def outlying(seed: int, **args: Any) -> Floats:
    normal = law("normal", mean=50, std=9)
    with_them = root(normal, modifiers=[modified("outliers", rate=0.1, **args)])
    return struck(plan_of(with_them, seed=seed), plan_of(root(normal), seed=seed), "t")


def test_where_outliers_stand_is_unrelated_between_seeds() -> None:
    assert unrelated(outlying(1), outlying(2))


def test_where_runs_of_outliers_stand_is_unrelated_between_seeds() -> None:
    """A run fills a tenth of its stretch, so of a run as much as 1/9 is met by that of the other seed in the mean; the shares
    of the runs lie between 0 and 1, so their variance is below that mean. 4 standard errors over the runs."""
    one, other = outlying(1, mode="burst"), outlying(2, mode="burst")
    runs = int((np.diff(one, prepend=0.0) > 0).sum())
    assert runs > 20
    assert (one * other).sum() / one.sum() < 1 / 9 + 4 * np.sqrt(1 / 9 / runs)


SPOILS = {
    "missing": ({"missing": "10%"}, {}),
    "missing-of-nullable": ({"missing": "10%"}, {"nullable": True}),
    "missing-one-by-one": ({"missing": {"rate": "10%", "exact": False}}, {}),
    "missing-by-value": ({"missing": {"rate": "10%", "mechanism": "mnar"}}, {}),
    "outliers": ({"outliers": "10%"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILS)
def test_which_values_are_recorded_wrongly_is_unrelated_between_seeds(name: str) -> None:
    how, keys = SPOILS[name]
    document = root(law("normal", mean=50, std=9), imperfections=[how], **keys)
    one, other = (struck(plan, clean(plan), "t") for plan in (plan_of(document, seed=seed) for seed in SEEDS))
    assert 0.05 < one.mean() < 0.15
    assert unrelated(one, other)


@pytest.mark.parametrize(
    ("how", "generator"),
    [
        ({"typos": "10%"}, {"choice": {"choices": ["margarita", "napoletana"]}}),
        ({"late": {"profile": {"same_day": "90%", "1-3d": "10%"}}}, {"datetime_series": {"within": "timeframe"}}),
    ],
    ids=["typos", "late"],
)
def test_which_texts_and_times_are_recorded_wrongly_is_unrelated_between_seeds(
    how: dict[str, Any], generator: dict[str, Any]
) -> None:
    document = root(generator, imperfections=[how])
    one, other = (struck(plan, clean(plan), "t") for plan in (plan_of(document, seed=seed) for seed in SEEDS))
    assert unrelated(one, other)


@pytest.mark.parametrize("exact", [True, False])
def test_which_rows_stand_twice_is_unrelated_between_seeds(exact: bool) -> None:
    document = schema(table("t", ROWS, duplicates={"rate": "10%", "exact": exact}))
    keys = (table_of(plan_of(document, seed=seed), "t")["t_id"].to_numpy() for seed in SEEDS)
    one, other = (np.bincount(found, minlength=ROWS + 1)[1:].astype(float) for found in keys)
    assert unrelated(one, other)


TOTALS = {
    "total": {"min": 1, "max": 4, "total": 5_000},
    "mean": {"min": 0, "max": 9, "mean": 2.5},
    "total-of-classes": {"total": 5_000, "by": {"size": {"small": {"min": 1, "max": 4}, "large": {"min": 1, "max": 4}}}},
    "total-of-laws": {"poisson": "seats", "total": 5_000},
}  # fmt: skip


@pytest.mark.parametrize("name", TOTALS)
def test_which_parents_have_how_many_of_an_exact_total_is_unrelated_between_seeds(name: str) -> None:
    """Of laws that differ by the parent, what is left of the counts behind the mean of each law."""
    sizes = column("size", {"expression": {"code": "case when a_id % 2 = 0 then 'small' else 'large' end"}})
    seats = column("seats", {"expression": {"code": "1 + a_id % 3"}}, type="int")
    document = schema(table("a", 2_000, sizes, seats), child("t", "a", fanout=TOTALS[name]))
    kinds = np.arange(1, 2_001) % 6
    found = []
    for seed in SEEDS:
        keys = table_of(plan_of(document, seed=seed), "t")["a_id"].to_numpy()
        counts = np.bincount(keys, minlength=2_001)[1:].astype(float)
        found.append(counts - (np.bincount(kinds, counts) / np.bincount(kinds))[kinds])
    assert unrelated(*found)


def test_when_entities_arrive_is_unrelated_between_seeds() -> None:
    """The waiting times of a Poisson process are independent."""
    rows = {"per": "day", "rate": 10}
    joined = {"name": "joined", "type": "datetime", "role": "created"}
    document = {"timeframe": {"start": "2024-01-01", "end": "2024-12-31"}, "tables": [{"name": "t", "rows": rows, "columns": [joined]}]}  # fmt: skip
    one, other = (
        np.diff(table_of(plan_of(document, seed=seed), "t")["joined"].to_numpy().astype(np.int64)).astype(float)
        for seed in SEEDS
    )
    both = min(len(one), len(other))
    assert both > 3_000
    assert unrelated(one[:both], other[:both])


def test_who_is_joined_by_edges_is_unrelated_between_seeds() -> None:
    """One town, so all pairs are alike: the ends of the edges are unrelated between seeds."""
    columns = {"one": {"role": "source"}, "other": {"role": "target"}}
    edges = {"name": "t", "kind": "graph", "model": "block", "of": "a", "edges": ROWS, "mixing": 0, "columns": columns}
    town = {"town": {"choices": {"Brno": 1}, "role": "segment"}}
    document = {"tables": [{"name": "a", "rows": 500, "columns": town}, edges]}
    one, other = (table_of(plan_of(document, seed=seed), "t") for seed in SEEDS)
    for end in columns:
        assert unrelated(places(one[end]), places(other[end]))
