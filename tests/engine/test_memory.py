"""How much memory a run may take: what the plan says of a worker, and the shares of DuckDB."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.engine import memory as memory_of_runs
from datagen.engine.executor import Job, execute
from datagen.engine.grain import GRAIN_BYTES, Walk, grains
from datagen.engine.memory import LEAST, share_out
from datagen.engine.options import Options, settle
from datagen.engine.run import Run
from datagen.engine.worker import send, serve
from datagen.errors import MachineError
from datagen.plan.memory import worker_bytes
from datagen.plan.needed import narrowed
from datagen.sql import database
from tests.golden.content import planned


def test_duckdb_never_gets_all_of_the_memory() -> None:
    for memory in (200_000_000, 2_000_000_000, 64_000_000_000):
        shares = share_out(memory)
        assert shares.queries * 1.2 < memory * 0.7  # it takes up to a fifth more than it is told
        assert shares.checks * 1.2 < memory
    assert share_out(1).queries == LEAST


def test_queries_and_metrics_get_their_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    real = database.sql_database

    @contextmanager
    def noted(directory: Path | None = None, **options: Any) -> Iterator[database.Database]:
        with real(directory, **options) as one:
            if "memory" in options:  # not while the plan is made
                said = one.execute("select current_setting('memory_limit')").fetchall()[0][0]
                given.append((options["memory"], said))
            yield one

    monkeypatch.setattr(database, "sql_database", noted)
    prepared, _ = planned("course_churn")
    api.generate(prepared, tmp_path / "out", Options(memory=1 << 30))
    shares = share_out(1 << 30)
    assert given == [(shares.queries, "512.0 MiB"), (shares.checks, "768.0 MiB")]


def test_a_selection_needs_no_more_memory_than_its_tables() -> None:
    _, plan = planned("tapflow")
    need = worker_bytes(narrowed(plan, ["heartbeats"]), GRAIN_BYTES)
    assert need < worker_bytes(plan, GRAIN_BYTES)
    settle(plan, Options(select=("heartbeats",), memory=int(need) + 1))
    with pytest.raises(MachineError) as caught:
        settle(plan, Options(memory=int(need) + 1))
    assert caught.value.findings[0].code == "memory.too_small"
    assert f"{worker_bytes(plan, GRAIN_BYTES) / 1e6:,.0f} MB" in caught.value.findings[0].found


def test_blocks_that_are_gone_through_hold_nothing_and_come_out_the_same_when_asked_again() -> None:
    _, plan = planned("tapflow")
    run = Run(plan)
    for table in plan.tables:
        run.total(table)
    grain = next(one for one in grains(plan) if one.root == "accounts")
    held = []
    for block in Walk(run, grain, dict(run.offsets[grain.number])).blocks():
        held.append((block, block.frame()))
    assert not any(block._columns or block._memo or block.kept_children for block, _ in held)
    for block, frame in held:
        assert block.frame().equals(frame)


def test_free_memory_goes_back_after_several_grains_and_not_with_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of a few grains takes its memory once; one of many cannot pile up what lies free between pieces in use."""
    given: list[int] = []
    monkeypatch.setattr(memory_of_runs, "_trim", lambda: given.append)

    def plan_of(tables: int) -> Any:
        column = {"name": "n", "generator": {"sequence": {}}}
        return api.prepare({"nodes": [{"id": f"t{k}", "rows": 3, "columns": [column]} for k in range(tables)]}).bind()

    for tables, times in ((8, 0), (20, 4)):  # 20: twice while they are counted, twice while they are written
        given.clear()
        (tmp_path / str(tables)).mkdir()
        execute(plan_of(tables), Job("csv", tmp_path / str(tables)))
        assert len(given) == times
    given.clear()
    plan = plan_of(20)
    run = Run(plan, offsets={grain.number: {grain.root: 0} for grain in grains(plan)})
    asked, told = io.BytesIO(), io.BytesIO()
    for grain in grains(plan):
        send(asked, {"do": "write", "grain": grain})
    asked.seek(0)
    (tmp_path / "worker").mkdir()
    job = {"directory": tmp_path / "worker", "format": "csv", "block_rows": 9, "tables": None, "staged": frozenset()}
    assert serve(run, job, asked, told) == 0
    assert len(given) == 2
