"""Adoption along a graph found again in the files: the chance per edge, the curve by rounds, who begins.

Every test has a twin: the same question asked of a document with another chance, or without the spread, fails on the estimate.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datagen.errors import SchemaError
from tests.support import codes_of, plan_of, table_of
from tests.written import Tables, written

ERRORS = 3.0  # standard errors; one right estimate in 370 is further off, and seeds are fixed
P = 0.3
MODEL = {"curve_type": "cascade", "graph": "knows", "p": P, "seeds": 20, "time_unit": "day"}
SIZES = [10_000, pytest.param(51_000, marks=pytest.mark.slow), pytest.param(1_000_000, marks=pytest.mark.slow)]


def document(rows: int = 10_000, days: int = 60, joined: bool = False, **model: Any) -> dict[str, Any]:
    """People who know each other, and what spreads among them. joined: they come over the first 30 days."""
    arrival = {
        "joined": {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-01-30"}}, "role": "created"}
    }
    return {
        "name": "rumour",
        "timeframe": {"start": "2024-01-01", "days": days},
        "tables": [
            {"name": "people", "rows": rows,
             "columns": {"town": {"choices": {"a": 0.5, "b": 0.5}, "role": "segment"}, **(arrival if joined else {})}},
            {"name": "knows", "kind": "graph", "model": "block", "of": "people", "edges": 5 * rows, "mixing": 0.5},
            {"name": "news", "parents": ["people"], "adoption_model": MODEL | model,
             "columns": {"heard_at": {"role": "time"}, "who": {"role": "segment"}}},
        ],
    }  # fmt: skip


def trials(tables: Tables, days: int = 60) -> list[tuple[int, bool, int]]:
    """(edges at once from those who have just heard to one who has not, whether he heard a day later, how often)."""
    return tables.rows(
        f"""
        with exposed as (
            select k.target, n.heard_at + interval 1 day as due, count(*) as edges
            from knows k join news n on n.people_id = k.source group by all)
        select edges, coalesce(n.heard_at = due, false), count(*)
        from exposed left join news n on n.people_id = target
        where due < timestamp '2024-01-01' + interval {days} day and (n.heard_at is null or n.heard_at >= due) group by all
        """
    )  # type: ignore[return-value]


def chance(found: list[tuple[int, bool, int]]) -> tuple[float, float]:
    """The chance per edge that expects as many to hear as did, and its standard error by Fisher's information."""
    edges, heard, n = (np.array(one, dtype=np.float64) for one in zip(*found, strict=True))
    low, high = 0.0, 1.0
    for _ in range(50):
        p = (low + high) / 2
        low, high = (p, high) if (n * (heard - (1 - (1 - p) ** edges))).sum() > 0 else (low, p)
    hits = 1 - (1 - p) ** edges
    information = (n * (edges * (1 - p) ** (edges - 1)) ** 2 / (hits * (1 - hits))).sum()
    return p, float(information**-0.5)


def ask_chance(tables: Tables) -> tuple[float, float]:
    p, error = chance(trials(tables))
    assert abs(p - P) <= ERRORS * error, f"chance per edge: estimate {p:.4f}, target {P}, standard error {error:.4f}"
    return p, error


@pytest.mark.parametrize("rows", SIZES)
def test_the_chance_per_edge_is_in_the_files(rows: int, tmp_path: Path) -> None:
    _, error = ask_chance(written(document(rows), tmp_path, "parquet"))
    assert error < 0.01


def test_another_chance_is_not_taken_for_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"chance per edge: estimate 0\.3[5-9]"):
        ask_chance(written(document(p=0.37), tmp_path, "parquet"))


@pytest.mark.slow
def test_larger_data_give_the_same_chance(tmp_path: Path) -> None:
    found = [
        ask_chance(written(document(rows), tmp_path / str(rows), "parquet")) for rows in (10_000, 51_000, 1_000_000)
    ]
    for (one, first), (other, second) in itertools.pairwise(found):
        assert abs(one - other) <= 2.0 * float(np.hypot(first, second)), f"{one:.4f} and {other:.4f}"


def ask_growth(tables: Tables) -> None:
    """While few have heard, each who hears tells p times 5 others a day later: as many as there are edges per row."""
    rows = tables.rows(
        "select date_diff('day', timestamp '2024-01-01', heard_at) as day, count(*) from news group by 1 order by 1"
    )
    counts = dict(rows)
    before, after = sum(counts[day] for day in range(5)), sum(counts.get(day, 0) for day in range(1, 6))
    expected = P * 5
    # each who hears tells a Poisson number of others: standard error of the mean over `before` of them; few have heard it
    bound = ERRORS * (expected / before) ** 0.5 + expected * sum(counts[day] for day in range(5)) / 10_000
    assert abs(after / before - expected) <= bound, (
        f"growth: {after / before:.3f} a day, target {expected}, bound {bound:.3f}"
    )


def test_the_curve_grows_by_the_edges_that_pass_it_on(tmp_path: Path) -> None:
    ask_growth(written(document(), tmp_path, "parquet"))


def test_a_weaker_spread_grows_otherwise(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="growth: "):
        ask_growth(written(document(p=0.2), tmp_path, "parquet"))


def test_the_seeds_are_who_begins() -> None:
    whole = plan_of(document(seeds="town = 'a'", p=0))
    joined = table_of(whole, "news").join(table_of(whole, "people"), on="people_id")
    assert set(joined["town"]) == {"a"}
    assert set(joined["who"]) == {"seeds"}
    assert len(joined) == (table_of(whole, "people")["town"] == "a").sum()
    for seeds, number in ((7, 7), ("2%", 200), (0.01, 100)):
        news = table_of(plan_of(document(seeds=seeds)), "news")
        assert (news["who"] == "seeds").sum() == number
        assert set(news.filter(news["who"] == "seeds")["heard_at"].dt.to_string("%F %T")) == {"2024-01-01 00:00:00"}
        assert news.filter(news["who"] == "reached")["heard_at"].min() > news["heard_at"].min()


def test_who_is_not_there_yet_hears_it_when_he_comes() -> None:
    plan = plan_of(document(joined=True, p=1.0))
    both = table_of(plan, "news").join(table_of(plan, "people"), on="people_id")
    assert (both["heard_at"] >= both["joined"]).all()
    assert (both["heard_at"] == both["joined"]).sum() > 100
    people = table_of(plan, "people")
    edges = table_of(plan, "knows").join(people, left_on="target", right_on="people_id")
    for end in ("source", "target"):
        edges = edges.join(
            both.select(end=pl.col("people_id"), **{f"at_{end}": "heard_at"}), left_on=end, right_on="end"
        )
    late = edges.filter(pl.col("at_target") > pl.col("at_source") + pl.duration(days=1))
    # every edge passes it on: who hears it more than a day after somebody who could tell him was not there before
    assert len(late) > 100
    assert (late["at_target"] == late["joined"]).all()


@pytest.mark.parametrize("more", [{}, {"engagement_frequency": {"seeds": "high", "reached": 0.2}}])
def test_blocks_do_not_show(more: dict[str, Any]) -> None:
    small = document(200, days=20, joined=True, seeds=5, p=0.6, origin="created", **more)
    whole = table_of(plan_of(small), "news")
    assert len(whole) > 20
    for block_rows in (1, 7):
        assert_frame_equal(table_of(plan_of(small), "news", block_rows=block_rows), whole)


def test_a_graph_of_rows_with_parents_carries_it_too() -> None:
    changed = document(200, days=20, p=1.0)
    people, knows, news = changed["tables"]
    del people["rows"]
    tables = [
        {"name": "towns", "rows": 40},
        people | {"parents": ["towns"], "fanout": "2..8"},
        knows | {"edges": 300},
        news,
    ]
    plan = plan_of(changed | {"tables": tables})
    found = table_of(plan, "news")
    assert len(found) > 20
    assert (found["who"] == "seeds").sum() == 20
    assert_frame_equal(table_of(plan, "news", block_rows=7), found)
    edges = table_of(plan, "knows").join(found, left_on="source", right_on="people_id")
    assert set(edges["target"]) <= set(found["people_id"])


def test_other_tables_move_nothing_in_it() -> None:
    """A table beside it, or a further column of the edges, leaves every adoption where it is."""
    plain = document(500)
    more = document(500)
    more["tables"][1]["columns"] = {"since": {"datetime_series": {}}}
    more["tables"].insert(0, {"name": "others", "rows": 10})
    assert_frame_equal(table_of(plan_of(plain), "news"), table_of(plan_of(more), "news"))


@pytest.mark.parametrize(
    ("model", "codes"),
    [
        ({"graph": "friends"}, ["adoption.graph"]), ({"graph": "people"}, ["adoption.graph"]),
        ({"seeds": 0}, ["adoption.seeds"]), ({"seeds": "town"}, ["adoption.seeds"]), ({"seeds": "150%"}, ["adoption.seeds"]),
        ({"seeds": 20_000}, ["adoption.seeds"]), ({"seeds": "twn = 'a'"}, ["expression.unknown_name"]),
        ({"q": 0.3}, ["adoption.cascade"]), ({"acceleration": {"a": 2}}, ["adoption.cascade"]),
        ({"curve_type": "bass", "q": 0.3}, ["adoption.cascade"]), ({"p": ..., "seeds": ...}, ["adoption.cascade"]),
        ({"engagement_frequency": {"seeds": "high"}}, ["adoption.engagement"]),
    ],
)  # fmt: skip
def test_what_cannot_spread_is_refused(model: dict[str, Any], codes: list[str]) -> None:
    refused = document(**model)
    written_model = refused["tables"][2]["adoption_model"]
    refused["tables"][2]["adoption_model"] = {key: value for key, value in written_model.items() if value is not ...}
    assert codes_of(refused) == codes


def test_more_seeds_than_rows_that_come_in_time_are_told() -> None:
    late = document(100, days=5, joined=True, seeds=90)
    late["timeframe"] = {"start": "2024-01-01", "days": 5}
    with pytest.raises(SchemaError, match="90 seeds, where"):
        table_of(plan_of(late), "news")
