"""The ledger counts what is made: every table, every grain, also where numbers of rows read the rows of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datagen.engine import grain
from datagen.engine.block import TableBlock
from datagen.engine.grain import Walk, grains, totals
from datagen.engine.ledger import counting_order, taken
from datagen.engine.run import Run
from datagen.plan.model import Plan
from tests.parts.columns import child, column, law, modified, schema, table
from tests.support import codes_of, plan_of, table_of

MANY = {"type": "poisson", "params": {"lambda": "case when b_id % 2 = 0 then 1 else 6 end"}}


@pytest.fixture(autouse=True)
def _small_grains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grain, "GRAIN_ROWS", 300)


def made_rows(plan: Plan) -> dict[str, list[int]]:
    """Rows of each table in each grain, as blocks make them, told apart by grain."""
    run = Run(plan)
    for one in plan.tables:
        run.total(one)
    found: dict[str, list[int]] = {}
    making = Run(plan, run.rows, run.offsets)  # which has to count again what the ledger has counted
    for piece in grains(plan):
        for block in Walk(making, piece, dict(run.offsets[piece.number])).blocks():
            numbers = found.setdefault(block.table.id, [])
            assert block.row_number.tolist() == list(range(len(numbers), len(numbers) + block.rows))
            numbers.extend(block.row_number.tolist())
    return found


def agrees(plan: Plan, *, pieces: int = 2) -> None:
    """The ledger's totals are the rows that are made, numbered without a gap through all grains."""
    assert len(grains(plan)) >= pieces
    run = Run(plan)
    rows = made_rows(plan)
    assert {name: run.total(name) for name in plan.tables} == {name: len(rows.get(name, [])) for name in plan.tables}


def test_the_ledger_counts_the_rows_that_are_made() -> None:
    agrees(
        plan_of(
            schema(
                table("a", 700),
                child("b", "a", fanout={"poisson": 2.0}),
                child("c", "b", fanout={"distribution": "uniform", "min": 0, "max": 3}),
                child("d", "a", fanout={"poisson": "a_id % 3"}),
                table("z", 900),
                child("y", "z", fanout=2),
            )
        ),
        pieces=6,
    )


@pytest.mark.parametrize(
    "column_of_b",
    [
        column("x", {"expression": {"code": "b_id % 5"}}),
        column("x", {"expression": {"code": "row_number % 5"}}),
        column(
            "x",
            {"distribution": 1.0},
            modifiers=[modified("outliers", rate=0.3, magnitude_dist={"type": "constant", "params": {"value": 4}})],
        ),
        column("x", {"distribution": "1..100000"}, unique=True, modifiers=[]),
        column("x", {"lookup": {"from": "b.b_id"}}),
        column("x", {"expression": {"code": "sibling_count"}}),
    ],
    ids=["key", "row number", "outliers", "unique", "own table", "siblings"],
)
def test_counts_may_read_what_the_row_numbers_of_their_parents_give(column_of_b: dict[str, Any]) -> None:
    counts = {"type": "poisson", "params": {"lambda": "least(x, 6)"}}
    plan = plan_of(
        schema(
            table("a", 500),
            child("b", "a", column_of_b, fanout={"poisson": 3.0}),
            child("c", "b", fanout=counts),
            child("d", "c"),
        )
    )
    agrees(plan, pieces=4)


def test_children_follow_the_numbers_of_their_parents_through_all_grains() -> None:
    plan = plan_of(schema(table("a", 1_500), child("b", "a", fanout={"poisson": 3.0}), child("c", "b", fanout=MANY)))
    assert len(grains(plan)) > 10
    counts = np.bincount(table_of(plan, "c")["b_id"].to_numpy(), minlength=Run(plan).total("b") + 1)[1:]
    assert abs(counts[1::2].mean() - 1) < 4 * np.sqrt(1 / len(counts[1::2]))
    assert abs(counts[::2].mean() - 6) < 4 * np.sqrt(6 / len(counts[::2]))


def test_counts_may_read_rows_picked_from_another_child_table() -> None:
    picked = column("x", {"lookup": {"from": "d.d_id"}})
    best_of_a_sister = column("best", {"lookup": {"from": "c.c_id"}})
    plan = plan_of(
        schema(
            table("a", 400, picked),
            child("c", "a", fanout={"poisson": "x % 4"}),
            table("z", 200),
            child("d", "z", fanout={"poisson": 2.0}),
            child("b", "a", best_of_a_sister, fanout=1),
            child("e", "b", fanout={"poisson": "best % 3"}),
        )
    )
    order = counting_order(plan)
    place = {name: at for at, wave in enumerate(order) for name in wave}
    assert place["d"] < place["c"] < place["e"]
    agrees(plan, pieces=3)


def test_counts_may_read_ranks_among_all_rows_of_what_lies_below() -> None:
    """A rank needs its whole table, which looks at rows that were counted in the wave before, and at no others."""

    def highest(name: str, of: str) -> dict[str, Any]:
        return column(name, {"rollup": {"from": of, "agg": "sum", "column": f"{of}_id"}})

    def rank(name: str, of: str) -> dict[str, Any]:
        return column(name, {"siblings": {"agg": "rank", "of": of}})

    by_rank = {"type": "constant", "params": {"value": "place % 4"}}
    owner = table(
        "a", 400, highest("b_top", "b"), rank("place", "b_top"), highest("c_top", "c"), rank("c_place", "c_top")
    )
    plan = plan_of(
        schema(
            owner,
            child("b", "a", fanout="1..3"),
            child("c", "a", fanout=by_rank),
            child("d", "a", fanout={"poisson": "c_place % 4"}),
        )
    )
    assert counting_order(plan) == (frozenset({"a", "b"}), frozenset({"c"}), frozenset({"d"}))
    agrees(plan, pieces=3)
    counts = np.bincount(table_of(plan, "c")["a_id"].to_numpy(), minlength=401)[1:]
    assert counts.tolist() == [rank % 4 for rank in table_of(plan, "a")["place"]]


def test_a_worker_that_is_told_the_ledger_counts_what_another_one_has_counted() -> None:
    """Sites look at shares of machines, so machines are gone through wherever sites are; but not to count themselves."""
    sites = {"a": {"min": 1, "max": 3, "mean": 2}, "b": {"min": 2, "max": 8, "mean": 5}}
    machines = {"a": {"min": 1, "max": 5}, "b": {"min": 2, "max": 9}}
    online = {"rollup": {"from": "machine", "agg": "share", "where": "status = 'on'"}}
    tables = [
        {"name": "account", "rows": 20, "columns": {"size": {"choice": {"choices": ["a", "b"], "exact": True}}}},
        {
            "name": "site",
            "parents": ["account"],
            "fanout": {"by": {"size": sites}},
            "columns": {"size": {"expression": "account.size"}, "online": online},
        },
        {
            "name": "machine",
            "parents": ["site"],
            "fanout": {"total": 300, "by": {"size": machines}},
            "columns": {"status": {"choice": {"choices": {"on": 0.8, "off": 0.2}, "exact": True}}},
        },
    ]
    plan = plan_of({"tables": tables})
    assert "machine" in plan.numbered
    one, other = Run(plan), Run(plan)
    ledger = taken(
        plan, grains(plan), lambda cut, names: {each.number: totals(one, each, names) for each in cut}, one.know
    )
    other.know(ledger)
    shares = [run.whole("site", "online").array for run in (other, one)]
    assert np.array_equal(*shares)
    assert sum(block.rows for block in other.blocks_of("machine")) == 300


def test_everything_is_counted_at_once_where_nothing_reads_row_numbers() -> None:
    plan = plan_of(
        schema(
            table("a", 50), child("b", "a", fanout=2), child("c", "b", fanout={"poisson": "a.a_id % 3"}), table("z", 5)
        )
    )
    assert counting_order(plan) == (frozenset({"a", "b", "c", "z"}),)


def test_counts_that_read_their_own_rows_are_a_loop() -> None:
    loop = schema(
        table("a", 50, column("x", {"lookup": {"from": "b.b_id"}})), child("b", "a", fanout={"poisson": "x % 3"})
    )
    assert codes_of(loop) == ["plan.loop"]
    sisters = schema(
        table("a", 50, column("x", {"lookup": {"from": "b.b_id"}}), column("y", {"lookup": {"from": "c.c_id"}})),
        child("b", "a", fanout={"poisson": "y % 3"}),
        child("c", "a", fanout={"poisson": "x % 3"}),
    )
    assert codes_of(sisters) == ["plan.loop"]


def test_added_parents_leave_old_rows_and_their_children_alone() -> None:
    def of(rows: int) -> Plan:
        value = column("x", law("normal", mean=0, std=1))
        return plan_of(
            schema(
                table("a", rows, value),
                child("b", "a", value, fanout={"poisson": 3.0}),
                child("c", "b", value, fanout={"poisson": 2.0}),
            )
        )

    few, many = of(400), of(650)
    for name in "abc":
        old, new = table_of(few, name), table_of(many, name)
        assert new.height > old.height
        assert new.head(old.height).equals(old)


def test_what_the_ledger_has_counted_is_not_counted_again_for_the_rows() -> None:
    plan = plan_of(
        schema(table("a", 700), child("b", "a", fanout={"poisson": 2.0}), child("c", "b", fanout={"poisson": 1.0}))
    )
    asked: list[str] = []
    for one in plan.tables.values():
        if one.counts is not None:

            def counts(block: Any, real: Any = one.counts, name: str = one.id) -> Any:
                asked.append(name)
                return real(block)

            object.__setattr__(one, "counts", counts)
    run = Run(plan)
    total = run.total("c")
    counted = len(asked)
    rows = [
        block.rows
        for piece in grains(plan)
        for block in Walk(run, piece, dict(run.offsets[piece.number])).blocks()
        if block.table.id == "c"
    ]
    assert sum(rows) == total
    assert counted > 0
    assert len(asked) == counted


def test_no_more_counts_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(schema(table("a", 700), child("b", "a", fanout={"poisson": 2.0})))
    monkeypatch.setattr("datagen.engine.run.KEPT_COUNTS", 250)
    run, free = Run(plan), Run(plan)
    assert run.total("b") == free.total("b")
    kept = sum(len(one) for one in run._counts.values())
    assert 0 < kept <= 250


def test_counts_of_rows_that_somebody_has_picked_are_never_taken_for_those_of_others() -> None:
    """The picks begin with the same row and are as many."""
    plan = plan_of(schema(table("a", 700), child("b", "a", fanout={"poisson": 2.0})))
    run, below = Run(plan), plan.tables["b"]
    whole = TableBlock(run, plan.tables["a"], np.arange(700), starts={"b": 0}).child_counts(below)
    for picks in (np.array([3, 9, 5, 4]), np.array([3, 4, 5, 6])):
        found = TableBlock(run, plan.tables["a"], picks).child_counts(below)
        assert found.tolist() == whole[picks].tolist()
