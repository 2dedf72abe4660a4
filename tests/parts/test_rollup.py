"""`rollup`: figures over the rows below are those that SQL finds in the written files, whoever reads them."""

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
from datagen.engine.grain import Walk, grains
from datagen.engine.options import Options
from datagen.engine.run import Run
from datagen.plan.explain import as_facts, as_text
from datagen.plan.graph import ROWS
from datagen.plan.memory import kept_columns
from datagen.sinks.manifest import read_manifest
from tests.parts.columns import child, column, fails, law, refused, schema, table
from tests.parts.proofs import proof
from tests.support import plan_of, table_of
from tests.written import Tables, written

FIGURES = """
accounts.devices       = select count(d.devices_id) from devices d where d.accounts_id = a.accounts_id
accounts.online        = select avg((status = 'online')::int) from devices d where d.accounts_id = a.accounts_id
accounts.readings      = select count(*) from devices d join readings using (devices_id) where d.accounts_id = a.accounts_id
accounts.load          = select coalesce(sum(value), 0) from devices d join readings using (devices_id) where d.accounts_id = a.accounts_id
accounts.load_mean     = select avg(value) from devices d join readings r using (devices_id) where d.accounts_id = a.accounts_id and r.n % 2 = 0
accounts.least         = select min(value) from devices d join readings using (devices_id) where d.accounts_id = a.accounts_id and status = 'online'
accounts.most          = select max(score) from devices d where d.accounts_id = a.accounts_id
accounts.last_at       = select max(read_at) from devices d join readings using (devices_id) where d.accounts_id = a.accounts_id
accounts.newest        = select max(d.devices_id) from devices d where d.accounts_id = a.accounts_id
accounts.backups       = select count(*) from devices d where d.accounts_id = a.accounts_id and backup
accounts.manual        = select avg((mode = 'manual')::int) from devices d join readings using (devices_id) where d.accounts_id = a.accounts_id
accounts.odd_ones      = select coalesce(sum(n), 0) from devices d join readings r using (devices_id) where d.accounts_id = a.accounts_id and r.readings_id % 2 = 1
"""


def fleet(accounts: int = 300) -> dict[str, Any]:
    """Accounts with devices, their readings, and everybody who reads what is known of them from below."""
    return {
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {
                "name": "tiers",
                "kind": "vocab",
                "hidden": True,
                "pk": "tier",
                "data": [{"tier": "Starter", "price": 99}, {"tier": "Team", "price": 299}, {"tier": "Scale", "price": 899}],
            },
            {
                "name": "accounts",
                "rows": accounts,
                "columns": {
                    "devices": {"rollup": {"from": "devices", "agg": "count"}},
                    "online": {"rollup": {"from": "devices", "agg": "share", "where": "status = 'online'"}, "nullable": True},
                    "readings": {"rollup": {"from": "readings", "agg": "count"}},
                    "load": {"rollup": {"from": "readings", "agg": "sum", "column": "value"}, "decimals": 2},
                    "load_mean": {
                        "rollup": {"from": "readings", "agg": "mean", "column": "value", "where": "n % 2 = 0"}, "nullable": True,
                    },
                    "least": {
                        "rollup": {"from": "readings", "agg": "min", "column": "value", "where": "devices.status = 'online'"},
                        "nullable": True,
                    },
                    "most": {"rollup": {"from": "devices", "agg": "max", "column": "score"}, "nullable": True},
                    "last_at": {"rollup": {"from": "readings", "agg": "max", "column": "read_at"}, "nullable": True},
                    "newest": {"rollup": {"from": "devices", "agg": "max", "column": "devices_id"}, "nullable": True},
                    "odd_ones": {
                        "rollup": {"from": "readings", "agg": "sum", "column": "n", "where": "readings_id % 2 = 1"},
                    },
                    "backups": {"rollup": {"from": "devices", "agg": "count", "where": "backup"}},
                    "manual": {"rollup": {"from": "readings", "agg": "share", "where": "mode = 'manual'"}, "nullable": True},
                    "tier": {"expression": "case when devices >= 5 then 'Scale' when devices >= 2 then 'Team' else 'Starter' end"},
                    "price": {"lookup": {"from": "tiers.price", "on": {"this_key": "tier"}}},
                    "status": {"expression": "case when online is null then 'empty' when online >= 0.5 then 'up' else 'down' end"},
                },
            },
            {
                "name": "devices",
                "parents": ["accounts"],
                "fanout": {"poisson": 3},
                "columns": {
                    "status": {"choices": {"online": "70%", "offline": "30%"}},
                    "score": {"uniform": {"low": 0, "high": 100}, "type": "int", "when": "status = 'online'"},
                    "backup": {"bernoulli": {"p": 0.2, "exact": True}},
                    "own_readings": {"rollup": {"from": "readings", "agg": "count"}},
                },
            },
            {
                "name": "readings",
                "parents": ["devices"],
                "fanout": "0..4",
                "columns": {
                    "read_at": {"datetime_series": {}},
                    "mode": {"choice": {"choices": ["manual", "automatic"], "weights": [0.3, 0.7], "exact": "accounts"}},
                    "value": {"lognormal": {"median": 30, "sigma": 1}},
                    "n": {"uniform": {"low": 1, "high": 1_000_000}, "type": "int", "unique": True},
                },
            },
            {"name": "alerts", "parents": ["accounts"], "fanout": {"poisson": "coalesce(newest, 0) % 4"},
             "columns": {"of": {"expression": "accounts.devices"}}},
            {"name": "tickets", "rows": 500, "columns": {"account_id": {"ref": "accounts"}, "newest": {"expression": "account_id.newest", "nullable": True}}},
        ],
    }  # fmt: skip


def figures(home: Tables) -> None:
    """Every figure in the files is the one that SQL finds there."""
    for line in FIGURES.strip().splitlines():
        name, sql = (part.strip() for part in line.split("=", 1))
        owner, column = name.split(".")
        rows = home.rows(f"select a.{column}, ({sql}) from {owner} a order by a.{owner}_id")
        assert len(rows) > 100
        assert len({one for one, _ in rows}) > 2, name
        for one, other in rows:
            told, found = (value.timestamp() if hasattr(value, "timestamp") else value for value in (one, other))
            assert (told is None) == (found is None), (name, told, found)
            # ten digits, or two decimals of the sum
            assert told is None or math.isclose(
                told, found, rel_tol=1e-9, abs_tol=0.0051 if column == "load" else 1e-9
            ), name


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(fleet(), tmp_path_factory.mktemp("fleet") / "out", format="parquet")


def test_figures_are_those_of_the_files(home: Tables) -> None:
    figures(home)


def test_a_figure_that_is_changed_is_seen(home: Tables) -> None:
    home.database.execute("create or replace table kept as select * from accounts")
    home.database.execute("update accounts set devices = devices + 1 where accounts_id = 17")
    try:
        with pytest.raises(AssertionError, match=r"accounts\.devices"):
            figures(home)
    finally:
        home.database.execute("create or replace table accounts as select * from kept")


def test_a_tier_follows_the_number_of_devices_and_the_price_the_tier(home: Tables) -> None:
    found = home.rows(
        "select tier, min(devices), max(devices), min(price), max(price) from accounts group by all order by 2"
    )
    assert [(one[0], one[1], *one[3:]) for one in found] == [
        ("Starter", 0, 99, 99),
        ("Team", 2, 299, 299),
        ("Scale", 5, 899, 899),
    ]
    assert [one[2] for one in found][:2] == [1, 4]


def test_a_status_follows_the_share_of_devices_that_are_online(home: Tables) -> None:
    sql = """
        select a.status, case when count(d.devices_id) = 0 then 'empty'
               when avg((d.status = 'online')::int) >= 0.5 then 'up' else 'down' end as told
        from accounts a left join devices d using (accounts_id) group by accounts_id, a.status"""
    assert home.value(f"select count(*) from ({sql}) where status != told") == 0
    assert home.value("select count(distinct status) from accounts") == 3


def test_rows_below_the_rows_below_are_counted_of_their_own_parents(home: Tables) -> None:
    wrong = """select count(*) from devices d where own_readings !=
               (select count(*) from readings r where r.devices_id = d.devices_id)"""
    assert home.value(wrong) == 0


def test_a_figure_reaches_fanouts_of_other_tables_and_lookups(home: Tables) -> None:
    assert home.value("select count(*) from alerts join accounts using (accounts_id) where alerts.of != devices") == 0
    # no alerts where the rate is 0; and 4 standard errors of a Poisson rate elsewhere
    rates = home.rows(
        "select coalesce(newest, 0) % 4, count(distinct accounts_id), count(alerts_id) from accounts left join alerts using (accounts_id) group by 1"
    )
    for rate, accounts, alerts in rates:
        wanted = rate * accounts
        assert abs(alerts - wanted) <= 4 * wanted**0.5
    assert home.value(
        "select count(*) from tickets t join accounts a on a.accounts_id = t.account_id where t.newest is distinct from a.newest"
    ) == 0  # fmt: skip
    assert home.value("select count(distinct newest) from tickets") > 100


@pytest.mark.parametrize("block_rows", [1, 7, 50])
def test_figures_do_not_depend_on_how_rows_are_cut(block_rows: int) -> None:
    plan = plan_of(fleet(60))
    for name in ("accounts", "devices", "alerts", "tickets"):
        assert table_of(plan, name, block_rows=block_rows).equals(table_of(plan, name)), name


def test_figures_do_not_depend_on_the_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datagen.engine import grain

    monkeypatch.setattr(grain, "GRAIN_ROWS", 250)
    prepared = api.prepare(fleet(120))
    assert len(grains(prepared.bind())) > 3
    api.generate(prepared, tmp_path / "one", Options(workers=1))
    api.generate(prepared, tmp_path / "two", Options(workers=2))
    one, two = Tables(tmp_path / "one", "parquet"), Tables(tmp_path / "two", "parquet")
    for name in ("accounts", "devices", "readings", "alerts", "tickets"):
        assert one.rows(f"from {name} order by all") == two.rows(f"from {name} order by all")
    figures_of_part = one.rows("select count(*), sum(devices), (select count(*) from devices) from accounts")
    assert figures_of_part[0][1] == figures_of_part[0][2]


def test_a_preview_shows_the_rows_of_a_whole_run(home: Tables) -> None:
    shown = api.preview(api.prepare(fleet()), rows=8)["accounts"]
    names = ", ".join(shown.columns)
    assert shown.rows() == home.rows(f"select {names} from accounts order by accounts_id limit 8")
    only = api.preview(api.prepare(fleet()), rows=8, tables=["tickets"])["tickets"]
    assert only.rows() == home.rows("from tickets order by tickets_id limit 8")


def test_a_part_of_the_files_is_made_again_the_same(tmp_path: Path) -> None:
    prepared = api.prepare(fleet(2_000))
    api.generate(prepared, tmp_path / "out")
    compared = compare(prepared.bind(), tmp_path / "out", read_manifest(tmp_path / "out"), share=0.2)
    assert compared.findings == []
    assert 0 < compared.rows["accounts"] <= 2_000


def test_a_trace_tells_the_figure(home: Tables) -> None:
    plan = plan_of(fleet())
    for name in ("newest", "devices", "load_mean"):
        (wanted,) = home.row(f"select {name} from accounts where accounts_id = 23")
        assert api.trace(plan, f"accounts.{name}", 23).value == wanted


def test_bytes_of_rows_below_are_not_taken_for_kept_columns() -> None:
    kept = {(one.table, one.column) for one in kept_columns(plan_of(fleet()))}
    assert ("accounts", "newest") in kept  # tickets look at it by row number
    assert not {table for table, _ in kept} & {"devices", "readings"}


def test_the_plan_tells_what_is_made_to_count_rows() -> None:
    """A count of rows below makes no value; any other figure that a number of rows reads makes them in the ledger."""
    document = fleet(20)
    assert as_facts(plan_of(document))["made_to_count_rows"] == {"alerts": ["devices.devices_id"]}
    assert "  alerts  devices.devices_id\n" in as_text(plan_of(document))
    document["tables"][4]["fanout"] = {"poisson": "devices"}
    assert as_facts(plan_of(document))["made_to_count_rows"] == {}
    document["tables"][4]["fanout"] = {"poisson": "coalesce(online, 0)"}
    assert as_facts(plan_of(document))["made_to_count_rows"] == {"alerts": ["devices.status"]}


def test_a_parent_of_two_million_rows_is_rolled_up_in_bounded_memory() -> None:
    figure = {"from": "b", "column": "x"}
    owner = table(
        "a", 3, column("size", {"expression": {"code": "if(a_id = 2, 2000000, 5)"}}),
        column("n", {"rollup": {"from": "b", "agg": "count", "where": "x < 0.25"}}),
        *(column(agg, {"rollup": {**figure, "agg": agg}}) for agg in ("sum", "mean", "min", "max")),
        column("numbers", {"rollup": {"from": "b", "agg": "sum", "column": "b_id"}}),
    )  # fmt: skip
    below = child(
        "b", "a", column("x", law("uniform", low=0, high=1)), fanout={"type": "constant", "params": {"value": "size"}}
    )
    plan = plan_of(schema(owner, below))
    run = Run(plan)
    run.total("b")
    tracemalloc.start()
    try:
        walk = Walk(run, grains(plan)[0], dict(run.offsets[0]))
        made = next(iter(walk.blocks(frozenset({"a"})))).frame()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (
        peak < 30_000_000
    )  # a block of 65,536 rows with its draws; two million floats alone are 16 MB, a column of each is 80
    size, count, total, mean, least, most, numbers = made.row(1)[1:]
    # 5 standard errors of a share of a quarter, and of the mean of uniforms
    assert abs(count / size - 0.25) < 5 * (0.1875 / size) ** 0.5
    assert abs(mean - 0.5) < 5 * (1 / 12 / size) ** 0.5
    assert math.isclose(total, mean * size, rel_tol=1e-9)
    assert 0 <= least < 1e-4 < 1 - 1e-4 < most < 1
    assert numbers == sum(range(6, 2_000_006))


@proof("generator", "rollup")
def test_a_count_is_the_number_of_children() -> None:
    owner = table("a", 200, column("n", {"rollup": {"from": "b", "agg": "count"}}))
    plan = plan_of(schema(owner, child("b", "a", fanout={"poisson": 3.0})))
    counts = np.bincount(table_of(plan, "b")["a_id"].to_numpy(), minlength=201)[1:]
    assert table_of(plan, "a")["n"].to_list() == counts.tolist()


def test_what_has_no_rows_below_has_no_mean_but_a_sum() -> None:
    figure = {"from": "b", "column": "x"}
    owner = table(
        "a", 50,
        *(column(agg, {"rollup": {**figure, "agg": agg}}, nullable=True) for agg in ("sum", "mean", "min", "max")),
        column("share", {"rollup": {"from": "b", "agg": "share", "where": "x > 2"}}, nullable=True),
    )  # fmt: skip
    below = child("b", "a", column("x", law("poisson", **{"lambda": 2})), fanout={"poisson": 0.7})
    made = table_of(plan_of(schema(owner, below)), "a")
    empty = made["mean"].is_null()
    assert 10 < empty.sum() < 40
    assert made.filter(empty).drop("a_id").unique().row(0) == (0, None, None, None, None)
    assert made.filter(~empty).null_count().sum_horizontal().item() == 0
    # the same column where nulls are not permitted stops the run and says which
    strict = table("a", 50, column("mean", {"rollup": {**figure, "agg": "mean"}}))
    assert "nullable: true" in fails(schema(strict, below), "a", "generate.null").hint


def test_types_follow_the_figure_and_the_column() -> None:
    below = child(
        "b", "a", column("n", law("poisson", **{"lambda": 2}), type="int"), column("x", law("normal", mean=0, std=1)),
        column("t", {"datetime_series": {}}), column("d", {"datetime_series": {}}, type="date"), fanout=2,
    )  # fmt: skip
    wanted = {
        "count": pl.Int64, "sum n": pl.Int64, "mean n": pl.Float64, "max x": pl.Float64, "min n": pl.Int64,
        "max t": pl.Datetime("us"), "min d": pl.Date,
    }  # fmt: skip
    columns = []
    for place, name in enumerate(wanted):
        agg, *of = name.split()
        columns.append(column(f"c{place}", {"rollup": {"from": "b", "agg": agg, **({"column": of[0]} if of else {})}}))
    made = table_of(plan_of(schema(table("a", 20, *columns), below)), "a")
    assert made.dtypes[1:] == list(wanted.values())
    found = refused(
        schema(table("a", 5, column("c", {"rollup": {"from": "b", "agg": "max", "column": "t"}}, type="int")), below),
        "column.type_mismatch",
    )
    assert found.json_path == "nodes[0].columns[1].generator.rollup.agg"


def test_a_recurring_revenue_is_the_sum_of_active_prices(tmp_path: Path) -> None:
    document = {
        "tables": [
            {"name": "accounts", "rows": 200, "columns": {
                "mrr": {"rollup": {"from": "subscriptions", "agg": "sum", "column": "monthly_price", "where": "status = 'active'"},
                        "decimals": 2}}},
            {"name": "subscriptions", "parents": ["accounts"], "fanout": "0..3", "columns": {
                "status": {"choices": {"active": 0.8, "ended": 0.2}},
                "monthly_price": {"uniform": {"low": 5, "high": 90}, "decimals": 2}}},
        ],
    }  # fmt: skip
    told = written(document, tmp_path / "out")
    sql = """select max(abs(mrr - coalesce((select sum(monthly_price) from subscriptions s
             where s.accounts_id = a.accounts_id and status = 'active'), 0))) from accounts a"""
    assert told.value(sql) < 0.0051
    without = told.value(sql.replace("and status = 'active'", ""))
    assert without > 5  # the prices of ended ones are left out


def test_a_plain_count_makes_no_value_of_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    from datagen.engine.block import TableBlock

    plan = plan_of(fleet(20))
    assert plan.reads["accounts", "devices"] == (("devices", ROWS),)
    made: list[str] = []
    before = TableBlock._make

    def noted(self: TableBlock, name: str) -> Any:
        made.append(f"{self.table.id}.{name}")
        return before(self, name)

    monkeypatch.setattr(TableBlock, "_make", noted)
    [grain] = [one for one in grains(plan) if one.root == "accounts"]
    block = next(iter(Walk(Run(plan), grain, dict.fromkeys(plan.tables, 0)).blocks(frozenset({"accounts"}))))
    block.column("devices")
    assert made == ["accounts.devices"]
    block.column("readings")
    assert not [name for name in made if name.startswith("readings.")]


def test_adding_a_roll_up_moves_nothing_else() -> None:
    document = fleet(40)
    plain = fleet(40)
    accounts = plain["tables"][1]["columns"]
    for name in ("online", "load", "load_mean", "least", "most", "last_at", "odd_ones", "status"):
        del accounts[name]
    one, other = plan_of(document), plan_of(plain)
    for name in ("devices", "readings", "alerts", "tickets"):
        assert table_of(one, name).equals(table_of(other, name))


@pytest.mark.parametrize(
    ("rollup", "code", "key"),
    [
        ({"from": "c", "agg": "count"}, "rollup.not_below", "from"),
        ({"from": "a", "agg": "count"}, "rollup.not_below", "from"),
        ({"from": "bb", "agg": "count"}, "rollup.not_below", "from"),
        ({"from": "b", "agg": "sum"}, "rollup.column", "agg"),
        ({"from": "b", "agg": "count", "column": "x"}, "rollup.column", "column"),
        ({"from": "b", "agg": "share"}, "rollup.share_of_what", "agg"),
        ({"from": "b", "agg": "count", "where": "x + 1"}, "rollup.where_type", "where"),
        ({"from": "b", "agg": "count", "where": "y > 1"}, "expression.unknown_name", "where"),
        ({"from": "b", "agg": "sum", "column": "t"}, "rollup.column_type", "column"),
        ({"from": "b", "agg": "max", "column": "word"}, "rollup.column_type", "column"),
        ({"from": "b", "agg": "sum", "column": "y"}, "ref.unknown_column", "column"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_at_their_place(rollup: dict[str, Any], code: str, key: str) -> None:
    below = child(
        "b", "a", column("x", law("normal", mean=0, std=1)), column("t", {"datetime_series": {}}),
        column("word", {"choice": {"choices": ["u", "v"]}}),
    )  # fmt: skip
    owner = table("a", 5, column("r", {"rollup": rollup}, nullable=True))
    finding = refused(schema(owner, below, table("c", 5)), code)
    assert finding.json_path == f"nodes[0].columns[1].generator.rollup.{key}"
    assert finding.expected


def test_a_table_made_by_sql_has_no_rows_below() -> None:
    owner = table("a", 5, column("n", {"rollup": {"from": "totals", "agg": "count"}}))
    made = {"id": "totals", "kind": "derived", "sql": "select a_id, count(*) as n from b group by all order by 1"}
    document = schema(owner, child("b", "a", fanout=2))
    document["nodes"].append(made)
    assert refused(document, "derived.read").json_path == "nodes[0].columns[1].generator.rollup.from"


def test_a_loop_is_refused_with_its_path() -> None:
    owner = table("a", 5, column("n", {"rollup": {"from": "b", "agg": "count"}}))
    below = child("b", "a", fanout={"poisson": "n + 1"})
    assert "a.n" in refused(schema(owner, below), "plan.loop").found
    assert "number of b rows" in refused(schema(owner, below), "plan.loop").found
    owner = table("a", 5, column("s", {"rollup": {"from": "b", "agg": "sum", "column": "x"}}))
    below = child("b", "a", column("x", {"expression": {"code": "a.s + 1"}}))
    found = refused(schema(owner, below), "plan.loop").found
    assert found.count("->") == 2
    assert {"a.s", "b.x"} <= {part.split(" ")[0] for part in found.split(" -> ")}


def test_a_column_below_may_read_another_column_of_the_row_that_looks() -> None:
    owner = table(
        "a", 40, column("x", law("normal", mean=5, std=1)), column("s", {"rollup": {"from": "b", "agg": "max", "column": "y"}})
    )  # fmt: skip
    below = child("b", "a", column("y", {"expression": {"code": "a.x + 1"}}), fanout=2)
    made = table_of(plan_of(schema(owner, below)), "a")
    assert np.allclose(made["s"].to_numpy(), made["x"].to_numpy() + 1, atol=1e-8)
