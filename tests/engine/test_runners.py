"""Workers and the process that hands out the work: no message is left lying, whoever is slow."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from datagen import api
from datagen.api import worker_spec
from datagen.engine.executor import Job, execute

SCHEMA = {
    "nodes": [
        {"id": f"table_{name}", "rows": 3_000, "columns": [{"name": "n", "generator": {"sequence": {}}}]}
        for name in "abc"
    ]
}


def test_messages_that_pile_up_are_all_read(tmp_path: Path) -> None:
    """A slow watcher lets progress and results of a worker lie in the pipe together; each of them must be read."""
    prepared = api.prepare(SCHEMA)
    plan = prepared.bind()
    told: list[int] = []
    rows: list[dict[str, int]] = []

    def slow(table: str, done: int, total: int) -> None:
        told.append(done)
        time.sleep(0.02)

    def run() -> None:
        job = Job("csv", tmp_path, workers=2, block_rows=1_000, spec=worker_spec(prepared))
        rows.append(execute(plan, job, slow).rows)

    thread = threading.Thread(target=run, daemon=True)  # a hang is a failure, not a hanging suite
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert rows == [dict.fromkeys(("table_a", "table_b", "table_c"), 3_000)]
    assert len(told) == 9
