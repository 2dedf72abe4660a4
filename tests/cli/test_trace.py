"""`datagen trace`: the steps that it shows lead to the value that a run writes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datagen
from datagen import api
from datagen.engine.options import Options
from datagen.errors import UsageError
from tests.cli.running import call
from tests.support import plan_of, table_of
from tests.truth.documents import FACTORY, SHOP

STEPPED: dict[str, Any] = {
    "name": "stepped",
    "timeframe": {"start": "2024-01-01", "end": "2025-12-31"},
    "tables": [
        {
            "name": "users",
            "rows": 60,
            "columns": {
                "plan": {"choices": ["free", "paid"]},
                "joined_at": {"datetime_series": {}, "role": "created"},
                "note": {"choices": ["\u001b[31mred", "blue"]},
            },
            "segment_behavior": {"paid": {"fanout_multiplier": 3, "value_multiplier": 2}, "free": {}},
            "vintage_behavior": {
                "age_based_multipliers": {
                    "growth": {"curve": [1, 1.2, 1.5], "time_unit": "month", "applies_to": "fanout", "mode": "rate"}
                }
            },
        },
        {
            "name": "sales",
            "parents": ["users"],
            "fanout": {
                "poisson": 4,
                "per": "month",
                "heterogeneity": {"gamma": 2},
                "multipliers": [{"trend": {"growth_rate": "3%", "time_unit": "month", "applies_to": "rate"}}],
            },
            "columns": {
                "sold_at": {"datetime_series": {"pattern": {"dimension": "hour", "weights": [1] * 12 + [2] * 12}}},
                "price": {
                    "lognormal": {"median": 10, "sigma": 0.4},
                    "decimals": 2,
                    "modifiers": [
                        {"trend": {"growth_rate": "10%", "time_unit": "year"}},
                        {"multiply": {"factor": 1.5}},
                    ],
                },
                "tip": {"uniform": {"low": 0, "high": 5}, "role": "extra", "when": "price > 20", "decimals": 1},
            },
        },
    ],
}
del STEPPED["tables"][1]["columns"]["tip"]["role"]
STEPPED["tables"][1]["columns"]["price"]["role"] = "measure"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "stepped.json"
    path.write_text(json.dumps(STEPPED))
    return path


@pytest.mark.parametrize("document", [STEPPED, SHOP, FACTORY], ids=["stepped", "shop", "factory"])
def test_a_trace_ends_at_the_value_that_is_written(document: dict[str, Any]) -> None:
    plan = plan_of(document)
    for table in plan.tables.values():
        written = table_of(plan, table.id)
        for name in written.columns:
            for row in (1, written.height // 2, written.height):
                value = written[name][row - 1]
                expected = value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else value
                told = api.trace(plan, f"{table.id}.{name}", row).value
                if isinstance(value, float):
                    assert math.isclose(told, value, rel_tol=1e-9), (table.id, name, row)
                else:
                    assert told == expected, (table.id, name, row)


def test_factors_lead_from_the_base_draw_to_the_value() -> None:
    plan = plan_of(STEPPED)
    plans = table_of(plan, "users")["plan"].to_list()
    users = table_of(plan, "sales")["users_id"].to_list()
    seen = set()
    for row in range(1, len(users), 97):
        traced = api.trace(plan, "sales.price", row)
        texts = [step.text for step in traced.steps]
        assert [text.split(" ")[0] for text in texts] == ["base:", "trend", "multiply", "users.plan", "as"]
        value = traced.steps[0].value
        for step in traced.steps[1:-1]:
            value *= step.factor
        assert math.isclose(value, traced.steps[-2].value, rel_tol=1e-8)
        assert abs(value - traced.value) <= 0.005 + 1e-9
        plan_of_row = plans[users[row - 1] - 1]
        seen.add(plan_of_row)
        assert math.isclose(traced.steps[3].factor, {"paid": 2, "free": 1}[plan_of_row])  # type: ignore[arg-type]
        assert traced.reads["users.plan"] == plan_of_row
    assert seen == {"paid", "free"}


def test_experiments_and_oddities_are_steps() -> None:
    document = json.loads(json.dumps(STEPPED))
    document["experiments"] = [
        {
            "name": "banner",
            "unit": "users",
            "start": "2024-01-01",
            "arms": {"control": 0.5, "treatment": 0.5},
            "effects": [
                {"on": "value", "table": "sales.price", "size": 1.5},
                {"on": "value", "table": "sales.returned", "op": "odds", "size": 3},
            ],
        }
    ]
    sales = document["tables"][1]
    sales["columns"]["price"]["anomalies"] = [{"kind": "level_shift", "at": "2024-01-02", "size": 7}]
    sales["columns"]["returned"] = {"bernoulli": 0.2}
    plan = plan_of(document)
    written = table_of(plan, "sales")
    arms = table_of(plan, "users")["banner"].to_list()
    seen = set()
    for row in range(1, written.height, 53):
        traced = api.trace(plan, "sales.price", row)
        steps = {step.text.split(" ")[0]: step for step in traced.steps}
        assert list(steps) == ["base:", "trend", "multiply", "users.plan", "experiment", "anomaly", "as"]
        arm = arms[written["users_id"][row - 1] - 1]
        seen.add(arm)
        assert math.isclose(steps["experiment"].factor, {"control": 1, "treatment": 1.5}[arm], rel_tol=1e-8)  # type: ignore[arg-type]
        assert math.isclose(steps["anomaly"].factor, 7, rel_tol=1e-8)  # type: ignore[arg-type]
        assert math.isclose(traced.value, written["price"][row - 1])
    assert seen == {"control", "treatment"}
    assert "experiment banner: odds 3" in api.trace(plan, "sales.returned", 1).steps[0].text


def test_rates_multiply_to_the_expected_rows() -> None:
    plan = plan_of(STEPPED)
    sales = table_of(plan, "sales")
    counts = dict(sales.group_by("users_id").len().iter_rows())
    for row in range(1, sales.height, 37):
        traced = api.trace(plan, "sales.sold_at", row)
        *factors, expected, count = traced.rows
        assert [step.text.split(" ")[1] for step in factors] == [
            "per",
            "users.plan",
            "gamma(2)",
            "days",
            "season,",
            "growth",
        ]
        assert math.isclose(math.prod(step.value for step in factors), expected.value, rel_tol=1e-6)
        assert traced.parent_row == sales["users_id"][row - 1]
        assert count.value == counts[traced.parent_row]
        assert api.trace(plan, "sales", row).value == count.value


def test_the_command_shows_every_step(schema: Path) -> None:
    done = call("trace", schema, "sales.price", "--row", "5")
    assert done.code == 0
    for word in (
        "base: distribution",
        "trend growth_rate",
        "multiply factor 1.5  ",
        "users.plan",
        "as float of 2 decimals",
    ):
        assert word in done.out
    rate = call("trace", schema, "sales", "--row", "5")
    for word in ("poisson(4) per month", "gamma(2) between parents", "growth by age of users", "expected rows"):
        assert word in rate.out


def test_json_holds_the_same(schema: Path) -> None:
    facts = call("trace", schema, "Sales.Price", "--row", "5", "--json", "--seed", "7").document
    traced = datagen.load(schema).trace("sales.price", 5, seed=7)
    assert {key: facts[key] for key in traced.facts} == json.loads(json.dumps(traced.facts))
    assert (facts["table"], facts["column"], facts["row"], facts["key"], facts["seed"]) == ("sales", "price", 5, 5, 7)


def test_a_condition_that_does_not_hold_is_told() -> None:
    plan = plan_of(STEPPED)
    sales = table_of(plan, "sales")
    row = 1 + sales["tip"].is_null().arg_max()
    traced = api.trace(plan, "sales.tip", row)
    assert [(step.text, step.value) for step in traced.steps[-2:]] == [
        ("when its condition holds", False),
        ("as float of 1 decimals", None),
    ]


def test_no_value_steers_the_terminal(schema: Path) -> None:
    done = [call("trace", schema, "users.note", "--row", row).out for row in range(1, 6)]
    assert any("red" in text for text in done)
    assert not any("\u001b" in text for text in done)


@pytest.mark.parametrize(
    ("reference", "row", "code", "hint"),
    [
        ("sale.price", 1, "trace.unknown_name", "sales"),
        ("sales.prize", 1, "trace.unknown_name", "price"),
        ("sales.price", 0, "option.out_of_range", ""),
        ("users.plan", 61, "trace.no_such_row", ""),
    ],
)
def test_what_is_not_there_is_refused(schema: Path, reference: str, row: int, code: str, hint: str) -> None:
    done = call("trace", schema, reference, "--row", row)
    assert done.code == 2
    assert done.codes == [code]
    assert hint in done.err


def test_rows_far_into_a_large_table_are_found() -> None:
    plan = plan_of({**STEPPED, "tables": [dict(STEPPED["tables"][0], rows=3_000), STEPPED["tables"][1]]})
    written = table_of(plan, "sales")
    assert written.height > 2 * 65_536
    row = written.height - 1
    assert api.trace(plan, "sales.price", row).value == written["price"][row - 1]


def test_python_refuses_what_is_not_there() -> None:
    with pytest.raises(UsageError) as error:
        datagen.load(STEPPED).trace("users.plan", 0)
    assert error.value.findings[0].code == "trace.no_such_row"


def test_a_trace_is_of_the_files(tmp_path: Path) -> None:
    api.generate(api.prepare(STEPPED), tmp_path / "out", Options(format="parquet", block_rows=500))
    price = pl.read_parquet(tmp_path / "out" / "sales.parquet")["price"]
    assert datagen.load(STEPPED).trace("sales.price", 100).value == price[99]


def test_of_a_table_made_by_sql_the_tables_that_it_reads_are_traced() -> None:
    document = {**STEPPED, "tables": [*STEPPED["tables"], {"name": "sums", "sql": "select 1 as n order by n"}]}
    with pytest.raises(UsageError) as error:
        datagen.load(document).trace("sums.n", 1)
    finding = error.value.findings[0]
    assert (finding.code, finding.found) == ("trace.unknown_name", "sums, which is made by SQL")
    assert "SELECT" in finding.hint


LOG: dict[str, Any] = {
    "name": "log",
    "seed": 4,
    "timeframe": {"start": "2025-01-01", "days": 60},
    "tables": [
        {"name": "users", "rows": 30, "pk": "user_id", "columns": {"user_id": {}, "tier": {"choices": ["a", "b"]}}},
        {
            "name": "orders", "parents": ["users"], "fanout": {"poisson": 3}, "pk": "order_id",
            "columns": {"order_id": {}, "bought": {"datetime_series": {}}, "price": {"uniform": {"low": 5, "high": 9}, "decimals": 2}},
        },
        {
            "name": "events", "kind": "stream", "order_by": ["user_id", "at"],
            "columns": {
                "event_id": {}, "user_id": {}, "at": {"type": "datetime", "role": "time"}, "event_type": {}, "price": {},
                "amount": {"type": "float", "decimals": 2},
            },
            "emits": [
                {"id": "buy", "of": "orders", "event_type": "buy", "at": "bought", "columns": {"amount": "price * 2"}},
                {"id": "ping", "of": "users", "event_type": "ping", "fanout": {"poisson": 1, "per": "week"},
                 "columns": {"amount": {"case": [{"when": "users.tier = 'a'", "uniform": {"low": 0, "high": 1}}, {"uniform": {"low": 2, "high": 3}}]}}},
            ],
        },
    ],
}  # fmt: skip


def test_an_event_names_its_emit_and_how_that_made_the_value() -> None:
    plan = plan_of(LOG)
    events, orders, users = (table_of(plan, name) for name in ("events", "orders", "users"))
    seen = set()
    for row, event in enumerate(events.head(40).iter_rows(named=True), start=1):
        traced = api.trace(plan, "events.amount", row)
        assert traced.value == event["amount"]
        assert traced.emit is not None
        seen.add(traced.emit.id)
        assert traced.emit.id == event["event_type"]
        if traced.emit.id == "buy":
            source = orders.row(traced.emit.row - 1, named=True)
            assert (traced.emit.of, source["bought"], source["price"]) == ("orders", event["at"], event["price"])
            assert traced.reads == {"orders.price": event["price"]}
            assert (
                api.trace(plan, "events.price", row).steps[0].text
                == f"taken over from orders.price, row {traced.emit.row}"
            )
        else:
            source = users.row(traced.emit.row - 1, named=True)
            assert (traced.emit.of, source["user_id"]) == ("users", event["user_id"])
            branch = 1 if source["tier"] == "a" else 2
            assert any(f"branch {branch} of 2" in step.text for step in traced.steps)
        assert f"event of emit {traced.emit.id}, of row {traced.emit.row} of {traced.emit.of}" in str(traced)
        assert traced.facts["emit"] == {"id": traced.emit.id, "of": traced.emit.of, "row": traced.emit.row}
        kind = api.trace(plan, "events.event_type", row)
        assert kind.steps[0].text == "as its emit says"
        assert kind.steps[0].value == event["event_type"]
    assert seen == {"buy", "ping"}


def test_a_case_names_its_branch() -> None:
    plan = plan_of(
        """
        tables:
          - name: users
            rows: 20
            columns:
              tier: {choices: [a, b, c]}
              spent: {nullable: true, case: [{when: tier = 'a', uniform: {low: 0, high: 1}}, {when: tier = 'b', expression: "5.0"}]}
        """
    )
    texts = {
        tier: api.trace(plan, "users.spent", row).steps[1].text
        for row, tier in enumerate(table_of(plan, "users")["tier"], start=1)
    }
    assert texts == {
        "a": "branch 1 of 2: when tier = 'a', distribution",
        "b": "branch 2 of 2: when tier = 'b', expression",
        "c": "no branch of 2 holds",
    }
