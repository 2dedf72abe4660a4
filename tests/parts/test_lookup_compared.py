"""Comparisons in a `where` of a lookup: asked as numbers they pick what the formula picks, and rare ones look at few pairs."""

from __future__ import annotations

import re
import tempfile
from typing import Any

import duckdb
import numpy as np
import pytest

from datagen.expressions import parse
from datagen.generators import _comparisons, _filtered_pick
from datagen.generators._comparisons import Asked, compared
from datagen.generators._filtered_pick import FilteredPick
from tests.parts.columns import column, law, schema, table
from tests.support import plan_of, table_of


def shelves(where: str, *, rows: int = 1_500, items: int = 700, nulls: bool = True, **keys: Any) -> dict[str, Any]:
    """Rows that pick items by numbers, times and texts, some of which are missing."""
    small = law("uniform", low=0, high=40, integers=True)
    sides = [
        column("x", law("uniform", low=0, high=1), **({"when": "k % 7 <> 1", "nullable": True} if nulls else {})),
        column("y", law("uniform", low=0, high=1)),
        column("a", {"datetime_series": {}}),
        column("b", {"expression": {"code": "a + to_seconds(3600 * k)"}}, **({"when": "k % 5 <> 2", "nullable": True} if nulls else {})),
        column("k", small),
        column("g", law("uniform", low=1, high=4, integers=True)),
        column("t", {"choice": {"choices": ["u", "v", "w"]}}, **({"when": "k % 3 <> 0", "nullable": True} if nulls else {})),
        column("w", law("exponential", mean=1.0)),
    ]  # fmt: skip
    pick = column("item_id", {"lookup": {"from": "item.item_id", "where": where, "else": None, **keys}}, nullable=True)
    return schema(table("item", items, *sides), table("row", rows, *sides, pick))


CONDITIONS = [
    "candidate.x > x + 0.0",
    "candidate.x >= x - 0.001 and candidate.x <= x + 0.001",
    "candidate.x between x - 0.01 and x + 0.002 and candidate.y < y + 0.0",
    "y + 0.0 between candidate.y and candidate.x",
    "candidate.b is null or candidate.b > b + to_seconds(0)",
    "candidate.a <= a + to_seconds(0) and (candidate.b > a + to_seconds(60) or candidate.b is null)",
    "candidate.a <= a + to_seconds(0) and candidate.a > a - to_days(1) and candidate.x > 0.9 * y",
    "abs(candidate.x - x) < 0.002",
    "abs(y - candidate.y) <= 0.0005 * k",
    "0.001 > abs(candidate.x - x) and candidate.t <> t",
    "candidate.k + 0 = k and candidate.x < y + 0.0",
    "candidate.k % 10 = k - 3",
    "candidate.k <> k and candidate.y > 0.95 + 0 * y",
    "candidate.k / 2.0 >= k - 1 and candidate.k <= k * 1.0",
    "candidate.t <> t and candidate.x > y + 0.3",
    "(candidate.x is null or candidate.x < x - 0.01) and (candidate.x is null or candidate.x > x - 0.02)",
    "candidate.x > x + 0.0 or candidate.y > 2 * y",
    "least(candidate.x, x) > 0.98",
]


@pytest.mark.parametrize("where", CONDITIONS)
@pytest.mark.parametrize("keys", [{}, {"same": "g"}, {"weights": "w", "same": "g"}])
def test_comparisons_pick_what_the_formula_picks(where: str, keys: dict[str, Any]) -> None:
    """A condition inside two negations is one formula, run for every pair."""
    picks = table_of(plan_of(shelves(where, **keys)), "row")
    formula = table_of(plan_of(shelves(f"not (not ({where}))", **keys)), "row")
    assert picks.equals(formula)
    assert picks["item_id"].null_count() < len(picks)


SIMPLE = [
    "candidate.x <= x",
    "candidate.a < a and candidate.b > a",
    "candidate.a <= a and (candidate.b is null or candidate.b > a) and candidate.t <> t",
    "candidate.x >= x and candidate.x < x + 0.003 and candidate.g = g",
]


@pytest.mark.parametrize("where", SIMPLE)
@pytest.mark.parametrize("keys", [{}, {"weights": "w"}])
def test_what_is_picked_holds_and_nobody_is_left_out(where: str, keys: dict[str, Any]) -> None:
    plan = plan_of(shelves(where, **keys))
    condition = re.sub(r"(?<![.\w])(x|a|b|t|g)\b", r"r.\1", where).replace("candidate.", "i.")
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        for name in ("item", "row"):
            table_of(plan, name).write_parquet(f"{folder}/{name}.parquet")
            database.execute(f"create table {name}s as from '{folder}/{name}.parquet'")
        picked = f"select count(*) from rows r join items i on r.item_id = i.item_id where ({condition}) is not true"
        left = f"select count(*) from rows r where item_id is null and exists (from items i where {condition})"
        assert database.execute(picked).fetchall() == [(0,)], picked
        assert database.execute(left).fetchall() == [(0,)], left
        assert database.execute("select count(item_id) > 300 from rows").fetchall() == [(True,)]


@pytest.mark.parametrize("rows", [1, 7])
def test_how_the_rows_are_cut_into_blocks_never_shows(rows: int) -> None:
    for where in CONDITIONS[1], CONDITIONS[5], SIMPLE[2]:
        plan = plan_of(shelves(where, rows=300, same="g"))
        assert table_of(plan, "row", block_rows=rows).equals(table_of(plan, "row"))


@pytest.mark.parametrize(
    ("where", "most"),
    [
        ("candidate.x >= x and candidate.x < x + 0.0005", 90),
        ("candidate.a <= a and candidate.b > a", 700),  # an hour to forty, of a year
        ("abs(candidate.x - x) < 0.0005", 120),
        ("candidate.k * 1000 + candidate.g = k * 1000 + g", 200),
    ],
)
def test_rare_conditions_look_at_few_pairs(where: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 proposals for each row, and then those that a bound leaves; all pairs would be 20,000 for each."""
    pairs = 0
    asked = Asked.holds

    def holds(self: Asked, rows: Any, candidates: Any) -> Any:
        nonlocal pairs
        pairs += len(rows)
        return asked(self, rows, candidates)

    monkeypatch.setattr(_comparisons.Asked, "holds", holds)
    frame = table_of(plan_of(shelves(where, rows=2_000, items=20_000, nulls=False)), "row")
    assert frame["item_id"].null_count() < 1_000
    assert pairs < most * 2_000


def test_only_what_is_understood_is_taken_apart() -> None:
    def parts(text: str) -> list[tuple[str, bool, bool]]:
        found = compared(parse(text).tree, lambda name: name.startswith("candidate."))
        return [(one.op, one.missing, one.exact) for one in found]

    assert parts("y > candidate.x") == [("<", False, True)]
    assert parts("candidate.x is null or y >= candidate.x") == [("<=", True, True)]
    assert parts("candidate.z is null or y >= candidate.x") == []
    assert parts("candidate.x is null or candidate.x between y and z") == []  # two comparisons, one of them missing
    assert parts("candidate.x + y > 3") == parts("candidate.x > candidate.y") == parts("x > y") == []
    assert parts("abs(candidate.x - y) < 3") == [(">=", False, False), ("<=", False, False)]
    assert parts("abs(candidate.x - y) > 3") == parts("abs(candidate.x - x - candidate.y) < y") == []


def test_whole_numbers_and_floats_meet_as_in_the_formula() -> None:
    frame = table_of(plan_of(shelves("candidate.k >= k + 0.5 and candidate.k < k + 1.5", nulls=False)), "row")
    item = table_of(plan_of(shelves("candidate.x > x", nulls=False)), "item")
    joined = frame.join(item, on="item_id", suffix="_of")
    assert len(joined) > 1_000
    assert np.array_equal(joined["k_of"].to_numpy(), joined["k"].to_numpy() + 1)


@pytest.mark.parametrize("where", ["candidate.x > x + 0.0", "candidate.a <= a and candidate.x > 0.97 * y"])
@pytest.mark.parametrize("keys", [{}, {"same": "k"}, {"weights": "w", "same": "g"}])
def test_throws_made_together_give_the_picks_of_one_after_the_other(
    where: str, keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where late ones are made in the order of a bound, and in groups of any size."""
    plan, asked = plan_of(shelves(where, **keys)), []
    whole = FilteredPick._first_that_holds

    def noted(self: FilteredPick, address: Any, salts: Any, *given: Any) -> Any:
        asked.append(len(salts))
        return whole(self, address, salts, *given)

    monkeypatch.setattr(FilteredPick, "_first_that_holds", noted)
    together = table_of(plan, "row")["item_id"]
    assert together.null_count() < 900
    if keys.get("same") != "k":  # 41 groups of few items look at all of them soon
        assert max(asked) > 4
    monkeypatch.setattr(_filtered_pick, "TOGETHER", 1)
    asked.clear()
    assert table_of(plan_of(shelves(where, **keys)), "row")["item_id"].equals(together)
    assert not asked
