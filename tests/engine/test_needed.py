"""Runs of some tables: only what these need is counted and made, and it comes out as in the run of all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.datasets import shipped
from datagen.engine.derived import make_derived, staged_tables
from datagen.engine.executor import Job, Made, execute
from datagen.engine.options import Options, default_memory
from datagen.kernel.content_hash import root_hash
from datagen.plan.model import Plan
from datagen.plan.needed import narrowed
from tests.golden.content import golden, planned
from tests.support import plan_of

FAST = ("tapflow", "worktrack", "course_churn", "shop", "hospital")


def made_alone(plan: Plan, table: str, directory: Path) -> Made:
    """One table of a plan, as `--select` makes it."""
    tables = frozenset({table})
    staged = staged_tables(plan, "parquet", tables)
    job = Job("parquet", directory, tables=tables, staged=staged)
    made = execute(narrowed(plan, (tables | staged) & set(plan.tables)), job)
    make_derived(plan, job, made, memory=default_memory())
    return made


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in FAST else [pytest.mark.slow]) for name in shipped()]
)
def test_a_table_alone_is_that_of_the_whole_run(name: str, tmp_path: Path) -> None:
    _, plan = planned(name)
    known = golden()[name]["tables"]
    found = {}
    for table in known:
        (tmp_path / table).mkdir()
        made = made_alone(plan, table, tmp_path / table)
        assert set(made.files) == {table}
        found[table] = root_hash(made.sums)[:16]
    assert found == known


def test_tables_that_nobody_needs_are_neither_counted_nor_gone_through(tmp_path: Path) -> None:
    _, plan = planned("tapflow")
    made = made_alone(plan, "heartbeats", tmp_path)
    assert set(made.rows) == {"accounts", "locations", "devices", "heartbeats"}
    narrow = narrowed(plan, ["heartbeats"])
    assert narrow.numbered <= set(narrow.tables)
    assert set(narrow.tables["accounts"].children) == {"locations"}


def test_what_a_figure_of_a_table_looks_at_is_needed() -> None:
    _, plan = planned("tapflow")
    # mrr sums subscriptions, whose tiers follow from the number of devices
    assert {"subscriptions", "devices", "locations", "tiers"} <= set(narrowed(plan, ["accounts"]).tables)
    assert not {"tap_events", "heartbeats", "users"} & set(narrowed(plan, ["accounts"]).tables)


def errors(**column: Any) -> dict[str, Any]:
    """An order whose errors of recording lean on a column that nothing else shows."""
    kind = {"hidden": True, "lookup": {"from": "kind.kind"}}
    return {
        "seed": 3,
        "tables": [
            {"name": "kind", "kind": "vocab", "hidden": True, "columns": {"kind": {"enum_list": ["web", "till"]}}},
            {"name": "other", "rows": 10, "columns": {"other_id": {"sequence": {}}}},
            {
                "name": "order", "rows": 400, "pk": "order_id",
                "columns": {"order_id": {"sequence": {}}, "kind": kind, "amount": {"type": "float", "nullable": True, "distribution": {"type": "exponential", "params": {"mean": 10}}, **column}},
            },
        ],
    }  # fmt: skip


def test_what_an_error_of_recording_leans_on_is_needed(tmp_path: Path) -> None:
    plan = plan_of(errors(imperfections=[{"missing": {"rate": 0.1, "mechanism": "mar", "depends_on": "kind"}}]))
    assert set(narrowed(plan, ["order"]).tables) == {"kind", "order"}
    made = made_alone(plan, "order", tmp_path)
    assert sum(made.cells.values()) == 40


def test_a_command_for_one_table_counts_no_other(tmp_path: Path) -> None:
    prepared, _ = planned("tapflow")
    out = api.generate(prepared, tmp_path / "out", Options(select=("heartbeats",), format="parquet", workers=2))
    assert set(out.rows) == {"heartbeats"}
    log = (tmp_path / "out" / "log.jsonl").read_text()
    assert '"heartbeats"' in log
    assert '"tap_events"' not in log
