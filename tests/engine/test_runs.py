"""Whole runs: the same content in any number of workers and blocks, errors and dead workers told as what they are."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datagen import api
from datagen.api import worker_spec
from datagen.engine import run as run_module
from datagen.engine.executor import Job, Made, execute
from datagen.engine.grain import grains
from datagen.engine.run import Run
from datagen.engine.runners import Processes
from datagen.errors import MachineError, SchemaError
from tests.parts.columns import child, column, law, modified, schema, table
from tests.parts.examples import WINDOW, key, subjects, surroundings, time
from tests.parts.examples import below as rolled_up
from tests.support import plan_of, table_of


def everything() -> dict[str, Any]:
    """A document with every part on a root table and on its children."""
    base = [
        key("subject_id"),
        {"name": "customer_id", "generator": {"lookup": {"from": "customer.customer_id"}}},
        {"name": "product_id", "generator": {"lookup": {"from": "product.product_id"}}},
        {"name": "country", "generator": {"lookup": {"from": "customer.country", "on": {"this_key": "customer_id"}}}},
        {"name": "genre", "generator": {"choice": {"choices": ["rock", "jazz"]}}},
        {"name": "place", "generator": {"lookup": {"from": "places.place"}}},
        {
            "name": "at",
            "role": "time",
            **{name: value for name, value in time("at", **WINDOW).items() if name != "name"},
        },
        law_column("amount"),
    ]
    made = [
        (one.kind, {**one.column, "name": one.name.replace("-", "_"), "nullable": True})
        for one in subjects()
        if one.word != "enum_list" and one.place == 0
    ]
    parts = [column for kind, column in made if kind != "law"]
    root = {
        "id": "subject",
        "kind": "entity",
        "pk": "subject_id",
        "rows": 500,
        "columns": [*base, *(column for _, column in made)],
    }
    below = {
        "id": "part",
        "kind": "fact",
        "pk": "part_id",
        "parents": ["subject"],
        "fanout": {"poisson": 1.5},
        "columns": [
            key("part_id"),
            {"name": "subject_id", "generator": {"lookup": {"from": "subject.subject_id"}}},
            *base[1:],
            *parts,
        ],
    }
    lowest = [{**one, "parents": ["part"]} for one in rolled_up()]
    return {"timeframe": dict(WINDOW), "nodes": [*surroundings(), root, below, *lowest]}


def law_column(name: str) -> dict[str, Any]:
    return {"name": name, "type": "float", "generator": law("normal", mean=50, std=9)}


def made_of(
    document: dict[str, Any], directory: Path, *, workers: int = 1, block_rows: int = 65_536, **job: Any
) -> Made:
    prepared = api.prepare(document)
    directory.mkdir(parents=True, exist_ok=True)
    spec = worker_spec(prepared) if workers > 1 else None
    return execute(prepared.bind(), Job("parquet", directory, workers=workers, block_rows=block_rows, spec=spec, **job))


def test_the_content_does_not_depend_on_workers_or_blocks(tmp_path: Path) -> None:
    document = everything()
    whole = made_of(document, tmp_path / "whole")
    cut = made_of(document, tmp_path / "cut", block_rows=150)
    shared = made_of(document, tmp_path / "shared", workers=2, block_rows=150)
    assert (whole.workers, shared.workers) == (1, 2)
    assert whole.content_hash == cut.content_hash == shared.content_hash
    assert whole.rows == cut.rows == shared.rows


def test_the_ledger_is_what_the_files_hold(tmp_path: Path) -> None:
    document = schema(
        table("a", 300),
        child("b", "a", fanout={"poisson": 2.0}),
        child("c", "b", fanout={"poisson": 0.5}),
        child("none", "a", fanout=0),
    )
    made = made_of(document, tmp_path)
    assert made.rows["none"] == 0
    for name, files in made.files.items():
        assert sum(one.rows for one in files) == made.rows[name]
        assert sum(pl.read_parquet(tmp_path / one.name).height for one in files) == made.rows[name]
    assert made.rows["b"] == table_of(plan_of(document), "b").height


def test_too_many_rows_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    document = schema(table("a", 300), child("b", "a", fanout=10))
    with pytest.raises(SchemaError) as caught:
        made_of(document, tmp_path, max_rows=3_000)
    [finding] = caught.value.findings
    assert finding.code == "rows.too_many"
    assert "3,300 rows" in finding.found
    assert "3,000 of them in b" in finding.found
    assert list(tmp_path.iterdir()) == []
    assert made_of(document, tmp_path, max_rows=3_300).rows["b"] == 3_000


# --- rows of large roots are made again by address instead of being kept


def looked_up() -> dict[str, Any]:
    a = table(
        "a",
        700,
        column("x", law("normal", mean=0, std=1)),
        column("name", {"expression": {"code": "concat('n', a_id)"}}),
        column("tag", {"choice": {"choices": ["r", "g"]}}),
        column("born", {"datetime_series": {}}),
        column("far", {"distribution": 1.0}, modifiers=[modified("outliers", rate=0.1)]),
        column("code", {"distribution": "1..5000"}, unique=True),
        column("boss", {"lookup": {"from": "a.a_id"}}, nullable=True),
    )
    copies = [
        column(name, {"lookup": {"from": f"a.{name}", "on": {"this_key": "a_id"}}}, nullable=True)
        for name in ("x", "name", "tag", "born", "far", "code", "boss")
    ]
    b = table("b", 900, column("a_id", {"lookup": {"from": "a.a_id"}}, when="b_id % 7 != 0"), *copies)
    return schema(a, b)


def test_rows_made_again_by_address_are_the_rows_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(looked_up())
    kept = table_of(plan, "b")
    assert kept["x"].null_count() == 900 // 7
    monkeypatch.setattr(run_module, "KEPT_ROWS", 100)
    run = Run(plan)
    assert table_of(plan, "b").equals(kept, null_equal=True)
    assert not run._kept


# --- workers that fail


FAILING = schema(
    *(
        table(
            f"t{k}", 2_000, column("x", {"expression": {"code": "case when row_number < 1990 then 1 end"}}, type="int")
        )
        for k in range(3)
    )
)


def test_an_error_of_a_worker_is_the_error_of_the_run(tmp_path: Path) -> None:
    told = []
    for workers in (1, 2):
        with pytest.raises(SchemaError) as caught:
            made_of(FAILING, tmp_path / str(workers), workers=workers)
        [finding] = caught.value.findings
        told.append((finding.code, finding.found, finding.expected, finding.hint))
    assert told[0] == told[1]
    assert told[0][0] == "generate.null"


def test_a_worker_that_dies_is_told_as_lost(tmp_path: Path) -> None:
    prepared = api.prepare(schema(table("a", 3_000), table("b", 3_000)))
    plan = prepared.bind()
    job = {
        **worker_spec(prepared),
        "format": "parquet",
        "directory": str(tmp_path),
        "block_rows": 1_000,
        "tables": None,
    }
    runner = Processes(plan, 2, job)
    try:
        runner.count(grains(plan), frozenset(plan.tables))
        for worker in runner._workers:
            os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(MachineError) as caught:
            list(runner.write(grains(plan), lambda table, rows: None))
    finally:
        runner.close()
    [finding] = caught.value.findings
    assert finding.code == "worker.lost"
    assert "-9" in finding.found
    assert "memory" in finding.hint
