"""`siblings`: figures among the rows of a parent are those of SQL's window functions over the written files."""

from __future__ import annotations

import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen import api
from datagen.checks.regenerate import compare
from datagen.engine import grain
from datagen.engine.grain import Walk, grains
from datagen.engine.options import Options
from datagen.engine.run import Run
from datagen.plan.memory import kept_columns
from datagen.plan.unconnected import Connections
from datagen.sinks.manifest import read_manifest
from tests.parts.columns import child, column, law, refused, schema, table
from tests.parts.proofs import proof
from tests.support import blocks_of, codes_of, plan_of, table_of
from tests.written import Tables, written

IN_TIME = "partition by accounts_id order by booked_at, bookings_id"
FIGURES = f"""
bookings.balance       = a.opening + sum(amount) over ({IN_TIME})
bookings.amount_before = lag(amount) over ({IN_TIME})
bookings.kind_before   = coalesce(lag(kind) over ({IN_TIME}), 'none')
bookings.gap_from      = lag(booked_at) over ({IN_TIME})
bookings.by_amount     = row_number() over (partition by accounts_id order by amount, bookings_id)
bookings.by_time       = row_number() over ({IN_TIME})
bookings.by_kind       = row_number() over (partition by accounts_id order by kind desc, bookings_id)
bookings.by_note       = case when note is not null then row_number() over (partition by accounts_id order by note nulls last, kind, bookings_id) end
bookings.part          = volume / sum(volume) over (partition by accounts_id)
bookings.opened_with   = first_value(kind) over (partition by accounts_id order by noted_at, bookings_id)
bookings.latest        = last_value(amount) over (partition by accounts_id order by noted_at, bookings_id rows between unbounded preceding and unbounded following)
bookings.newest        = first_value(bookings_id) over (partition by accounts_id order by bookings_id desc)
bookings.notes         = count(note) over (partition by accounts_id)
bookings.rows          = count(*) over (partition by accounts_id)
bookings.most          = max(note) over (partition by accounts_id)
bookings.last_at       = max(booked_at) over (partition by accounts_id)
bookings.noted         = coalesce(sum(note) over (partition by accounts_id), 0)
accounts.place         = row_number() over (order by moved desc, accounts_id)
accounts.of_all        = moved / sum(moved) over ()
accounts.so_far        = 1000 + sum(bookings) over (order by accounts_id)
accounts.one_before    = lag(opening) over (order by accounts_id)
accounts.top           = max(opening) over ()
"""


def bank(accounts: int = 150) -> dict[str, Any]:
    """Accounts with bookings, and every figure that a booking has among the bookings of its account."""

    def figure(agg: str, of: str | None = None, nullable: bool = False, **keys: Any) -> dict[str, Any]:
        params = {"agg": agg, **({} if of is None else {"of": of}), **keys}
        return {"siblings": params, **({"nullable": True} if nullable else {})}

    return {
        "timeframe": {"start": "2024-01-01", "end": "2024-06-30"},
        "tables": [
            {
                "name": "accounts",
                "rows": accounts,
                "columns": {
                    "opening": {"uniform": {"low": 10, "high": 500}, "decimals": 2},
                    "bookings": {"rollup": {"from": "bookings", "agg": "count"}},
                    "moved": {"rollup": {"from": "bookings", "agg": "sum", "column": "volume"}},
                    "place": figure("rank", order_by="moved desc"),
                    "of_all": figure("share", "moved"),
                    "so_far": figure("running_sum", "bookings", start=1000),
                    "one_before": figure("previous", "opening", nullable=True),
                    "top": figure("max", "opening"),
                },
            },
            {
                "name": "bookings",
                "parents": ["accounts"],
                "fanout": {"poisson": 1.2, "per": "month"},
                "columns": {
                    "booked_at": {"role": "time"},
                    "noted_at": {"datetime_series": {"freq": "D"}},
                    "kind": {"choices": {"in": 40, "out": 40, "fee": 20}},
                    "amount": {"normal": {"mean": 0, "std": 80}, "decimals": 2},
                    "volume": {"lognormal": {"median": 30, "sigma": 1}},
                    "note": {"uniform": {"low": 1, "high": 6}, "type": "int", "when": "kind != 'fee'"},
                    "balance": {**figure("running_sum", "amount", start="accounts.opening"), "decimals": 2},
                    "held": {**figure("running_sum", "amount", start="accounts.opening", floor=0), "decimals": 2},
                    "amount_before": figure("previous", "amount", nullable=True),
                    "kind_before": figure("previous", "kind", start="'none'"),
                    "gap_from": figure("previous", "booked_at", nullable=True),
                    "by_amount": figure("rank", "amount"),
                    "by_time": figure("rank"),
                    "by_kind": figure("rank", order_by="kind desc"),
                    "by_note": figure("rank", "note", nullable=True, order_by="kind"),
                    "part": figure("share", "volume"),
                    "opened_with": figure("first", "kind", order_by="noted_at"),
                    "latest": figure("last", "amount", order_by="noted_at"),
                    "newest": figure("first", "bookings_id", order_by="ordinal desc"),
                    "notes": figure("count", "note"),
                    "rows": figure("count"),
                    "most": figure("max", "note", nullable=True),
                    "last_at": figure("max", "booked_at"),
                    "noted": figure("sum", "note"),
                },
            },
        ],
    }


def figures(home: Tables) -> None:
    """Every figure in the files is the one that SQL finds there."""
    for line in FIGURES.strip().splitlines():
        name, sql = (part.strip() for part in line.split("=", 1))
        owner, column = name.split(".")
        above = "join (select accounts_id, opening from accounts) a using (accounts_id)" if owner == "bookings" else ""
        rows = home.rows(f'select "{column}", {sql} from {owner} {above}')
        assert len(rows) > 100
        assert len({told for told, _ in rows}) > 2 or name == "accounts.top", name
        for told, found in rows:
            same = math.isclose(told, found, rel_tol=2e-9, abs_tol=1e-6) if isinstance(told, float) else told == found
            assert (told is None) == (found is None), (name, told, found)
            assert told is None or same, (name, told, found)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(bank(), tmp_path_factory.mktemp("bank") / "out", format="parquet")


def test_figures_are_those_of_window_functions(home: Tables) -> None:
    figures(home)


@pytest.mark.parametrize("column", ["balance", "by_kind", "part", "latest"])
def test_a_figure_that_is_changed_is_seen(home: Tables, column: str) -> None:
    home.database.execute("create or replace table kept as select * from bookings")
    home.database.execute(f"update bookings set {column} = {column} * 1.01 + 1 where bookings_id = 217")
    try:
        with pytest.raises(AssertionError, match=column):
            figures(home)
    finally:
        home.database.execute("create or replace table bookings as select * from kept")


def test_a_balance_with_a_floor_is_that_of_every_step(home: Tables) -> None:
    rows = home.rows("""select accounts_id, opening, amount, held from bookings join accounts using (accounts_id)
                         order by accounts_id, booked_at, bookings_id""")
    last: dict[int, float] = {}
    touched = 0
    for account, opening, amount, held in rows:
        wanted = max(0.0, last.get(account, opening) + amount)
        assert abs(held - wanted) < 0.0051, (account, held, wanted)
        touched += wanted == 0.0
        last[account] = wanted
    assert touched > 50


@pytest.mark.parametrize("block_rows", [1, 7, 50])
@pytest.mark.parametrize("wide", [3, 1_000_000])
def test_figures_do_not_depend_on_how_rows_are_cut(block_rows: int, wide: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the rows of one parent are cut over several blocks."""
    whole = {name: table_of(plan_of(bank(40)), name) for name in ("accounts", "bookings")}
    monkeypatch.setattr(grain, "WIDE_PARENT", wide)
    plan = plan_of(bank(40))
    for name, frame in whole.items():
        assert table_of(plan, name, block_rows=block_rows).equals(frame), name
    if wide == 3 and block_rows < 50:
        cut = [block for block in blocks_of(plan, "bookings", block_rows=block_rows) if block.ordinal[0] > 0]
        assert len(cut) > 10


def test_figures_do_not_depend_on_the_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grain, "GRAIN_ROWS", 250)
    prepared = api.prepare(bank(120))
    assert len(grains(prepared.bind())) > 2
    api.generate(prepared, tmp_path / "one", Options(workers=1))
    api.generate(prepared, tmp_path / "two", Options(workers=2))
    one, two = Tables(tmp_path / "one", "parquet"), Tables(tmp_path / "two", "parquet")
    for name in ("accounts", "bookings"):
        assert one.rows(f"from {name} order by all") == two.rows(f"from {name} order by all")


def test_a_preview_and_a_trace_tell_what_a_run_makes(home: Tables) -> None:
    shown = api.preview(api.prepare(bank()), rows=8)
    for name, frame in shown.items():
        names = ", ".join(f'"{one}"' for one in frame.columns)
        assert frame.rows() == home.rows(f"select {names} from {name} order by {name}_id limit 8")
    plan = plan_of(bank())
    for name in ("balance", "newest", "part"):
        assert api.trace(plan, f"bookings.{name}", 217).value == home.value(
            f"select {name} from bookings where bookings_id = 217"
        )


def test_a_part_of_the_files_is_made_again_the_same(tmp_path: Path) -> None:
    prepared = api.prepare(bank(3_000))
    api.generate(prepared, tmp_path / "out")
    compared = compare(prepared.bind(), tmp_path / "out", read_manifest(tmp_path / "out"), share=0.2)
    assert compared.findings == []
    assert compared.rows["bookings"] > 0


def test_a_figure_of_siblings_is_rolled_up_and_read_by_counts() -> None:
    """The balance at the end, from above; and a rate that follows the rank among all."""
    end = column("end", {"rollup": {"from": "b", "agg": "max", "column": "at_last"}})
    place = column("place", {"siblings": {"agg": "rank", "order_by": "end desc"}})
    owner = table("a", 60, end, place)
    below = child(
        "b", "a", column("x", law("uniform", low=0, high=9)), column("sum", {"siblings": {"agg": "running_sum", "of": "x"}}),
        column("at_last", {"siblings": {"agg": "last", "of": "sum"}}), fanout="2..5",
    )  # fmt: skip
    plan = plan_of(
        schema(owner, below, child("c", "a", fanout={"type": "constant", "params": {"value": "if(place <= 3, 5, 1)"}}))
    )
    sums = table_of(plan, "b").group_by("a_id").agg(pl.col("x").sum()).sort("a_id")
    made = table_of(plan, "a")
    assert np.allclose(made["end"].to_numpy(), sums["x"].to_numpy(), rtol=1e-8)
    best = made.sort("end", descending=True)["a_id"].head(3).to_list()
    counts = table_of(plan, "c")["a_id"].value_counts().filter(pl.col("count") == 5)["a_id"].to_list()
    assert sorted(counts) == sorted(best)


def test_a_case_and_a_by_see_whole_families() -> None:
    running = {"agg": "running_sum", "of": "x"}
    made = [
        column("plain", {"siblings": running}),
        column(
            "chosen",
            {"case": {"cases": [{"when": "x > 5", "siblings": running}, {"expression": "null"}]}},
            nullable=True,
        ),
        column("ranked", {"siblings": {"agg": "rank", "of": "x"}}),
        column(
            "by_kind", {"siblings": {"agg": "rank", "of": "x", "by": {"kind": {"u": {"agg": "count"}, "else": {}}}}}
        ),
    ]
    below = child(
        "b",
        "a",
        column("x", law("uniform", low=0, high=9)),
        column("kind", {"choice": {"choices": ["u", "v"]}}),
        *made,
        fanout="2..9",
    )
    frame = table_of(plan_of(schema(table("a", 40), below)), "b")
    high = frame.filter(pl.col("x") > 5)
    assert high["chosen"].equals(high["plain"].alias("chosen"))
    assert frame.filter(pl.col("x") <= 5)["chosen"].null_count() == (frame["x"] <= 5).sum()
    counted = frame.with_columns(pl.len().over("a_id").cast(pl.Int64).alias("n"))
    wanted = counted.select(pl.when(pl.col("kind") == "u").then("n").otherwise("ranked").alias("by_kind"))["by_kind"]
    assert frame["by_kind"].equals(wanted)


def test_a_parent_of_two_million_rows_has_its_balance_in_bounded_memory() -> None:
    size = {"type": "constant", "params": {"value": "if(a_id = 2, 2000000, 5)"}}
    below = child(
        "b", "a", column("x", law("normal", mean=0, std=1)),
        column("sum", {"siblings": {"agg": "running_sum", "of": "x", "order_by": "ordinal"}}), fanout=size,
    )  # fmt: skip
    plan = plan_of(schema(table("a", 3), below))
    run = Run(plan)
    run.total("b")
    last, ends, seen = 0.0, [], 0
    tracemalloc.start()
    try:
        for block in Walk(run, grains(plan)[0], dict(run.offsets[0])).blocks(frozenset({"b"})):
            if block.table.id == "b" and block.sibling_count[0] > 5:
                x, sums = block.column("x").array, block.column("sum").array
                assert np.allclose(np.diff(sums, prepend=last), x, atol=1e-5)
                last = float(sums[-1])
                seen += block.rows
                ends.append(last)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (seen, len(ends)) == (2_000_000, 31)
    # the family's column, its sums, and what stands between them: 16 MB each; not a table of all its columns
    assert peak < 8 * 16_000_000
    assert abs(last) < 4 * 2_000_000**0.5


def test_rows_added_to_a_table_move_no_figure_of_other_parents() -> None:
    few, more = table_of(plan_of(bank(40)), "bookings"), table_of(plan_of(bank(60)), "bookings")
    assert more.head(len(few)).equals(few)
    moved = {name for name, plan in plan_of(bank(40)).tables["accounts"].columns.items() if plan.moves_with_rows}
    assert moved == {"place", "of_all", "so_far", "one_before", "top"}


def test_columns_of_figures_over_a_whole_table_are_told_as_kept() -> None:
    kept = {f"{one.table}.{one.column}" for one in kept_columns(plan_of(bank(20)))}
    whole = {"place", "of_all", "so_far", "one_before", "top", "moved", "bookings", "opening"}
    assert kept == {f"accounts.{name}" for name in whole}


def test_a_figure_of_siblings_is_not_taken_for_one_drawn_row_by_row() -> None:
    prepared = api.prepare(bank(20))
    connections = Connections(prepared.bind(), prepared.document)
    assert connections.by_row(("bookings", "kind"))
    assert not connections.by_row(("bookings", "opened_with"))
    assert not connections.by_row(("accounts", "bookings"))


def test_a_time_of_other_rows_is_not_the_time_of_the_row() -> None:
    last = column("last", {"rollup": {"from": "b", "agg": "max", "column": "t"}})
    rank = column("rank", {"siblings": {"agg": "rank"}})
    for columns in ([last, rank], [rank, last]):
        plan = plan_of(
            schema(table("a", 20, *columns), child("b", "a", column("t", {"datetime_series": {}}), fanout=2))
        )
        assert plan.tables["a"].time_column is None
        assert table_of(plan, "a")["rank"].to_list() == list(range(1, 21))


@proof("generator", "siblings")
def test_a_rank_counts_from_the_smallest_on() -> None:
    rank = column("rank", {"siblings": {"agg": "rank", "of": "x"}})
    below = child("b", "a", column("x", law("uniform", low=0, high=1)), rank, fanout=4)
    made = table_of(plan_of(schema(table("a", 50), below)), "b").sort("a_id", "x")
    assert made["rank"].to_list() == [1, 2, 3, 4] * 50


def test_ties_stand_as_the_rows_do() -> None:
    names = {"up": "x", "down": "x desc"}
    ranks = [column(name, {"siblings": {"agg": "rank", "order_by": by}}) for name, by in names.items()]
    below = child("b", "a", column("x", law("constant", value=3)), *ranks, fanout=3)
    made = table_of(plan_of(schema(table("a", 4), below)), "b")
    assert made["up"].to_list() == made["down"].to_list() == [1, 2, 3] * 4


@pytest.mark.parametrize(
    ("siblings", "code", "key"),
    [
        ({"agg": "sum"}, "siblings.of", "agg"),
        ({"agg": "sum", "of": "x", "order_by": "x"}, "siblings.key", "order_by"),
        ({"agg": "rank", "of": "x", "start": 3}, "siblings.key", "start"),
        ({"agg": "previous", "of": "x", "start": 3, "floor": 3}, "siblings.key", "floor"),
        ({"agg": "sum", "of": "word"}, "siblings.of_type", "of"),
        ({"agg": "max", "of": "word"}, "siblings.of_type", "of"),
        ({"agg": "running_sum", "of": "t"}, "siblings.of_type", "of"),
        ({"agg": "running_sum", "of": "n", "start": 0.5}, "siblings.start_type", "start"),
        ({"agg": "running_sum", "of": "n", "floor": 0.5}, "siblings.start_type", "floor"),
        ({"agg": "previous", "of": "word", "start": 3}, "siblings.start_type", "start"),
        ({"agg": "previous", "of": "x", "start": "y + 1"}, "expression.unknown_name", "start"),
        ({"agg": "previous", "of": "x"}, "siblings.first_row", "agg"),
        ({"agg": "sum", "of": "y"}, "ref.unknown_column", "of"),
        ({"agg": "sum", "of": "a.a_id"}, "ref.unknown_column", "of"),
        ({"agg": "rank", "order_by": "y desc"}, "ref.unknown_column", "order_by"),
        ({"agg": "rank", "order_by": "x down"}, "ref.unknown_column", "order_by"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_at_their_place(siblings: dict[str, Any], code: str, key: str) -> None:
    columns = [
        column("x", law("normal", mean=0, std=1)), column("n", law("poisson", **{"lambda": 2}), type="int"),
        column("t", {"datetime_series": {}}), column("word", {"choice": {"choices": ["u", "v"]}}),
        column("made", {"siblings": siblings}),
    ]  # fmt: skip
    finding = refused(schema(table("a", 5), child("b", "a", *columns)), code)
    assert finding.json_path == f"nodes[1].columns[6].generator.siblings.{key}"
    assert finding.expected


def test_a_start_of_a_whole_table_is_one_value() -> None:
    made = column("sum", {"siblings": {"agg": "running_sum", "of": "x", "start": "x + 1"}})
    found = refused(schema(table("a", 5, column("x", law("normal", mean=0, std=1)), made)), "siblings.start_row")
    assert found.json_path == "nodes[0].columns[2].generator.siblings.start"
    fine = column("sum", {"siblings": {"agg": "running_sum", "of": "x", "start": "2.0 * 3"}})
    frame = table_of(plan_of(schema(table("a", 5, column("x", law("constant", value=1)), fine))), "a")
    assert frame["sum"].to_list() == [7.0, 8.0, 9.0, 10.0, 11.0]


def test_a_figure_of_itself_is_a_loop() -> None:
    own = column("x", {"siblings": {"agg": "running_sum", "of": "x"}}, type="float")
    assert "plan.loop" in codes_of(schema(table("a", 5, own)))
    ring = [column("x", {"expression": {"code": "s + 1"}}), column("s", {"siblings": {"agg": "sum", "of": "x"}})]
    assert "a.s" in refused(schema(table("a", 5, *ring)), "plan.loop").found
