"""Workers and the process that hands out the work: no message is left lying, whoever is slow."""

from __future__ import annotations

import subprocess
import sys
import textwrap
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


COPYING = """
import contextlib, os, signal, sys, threading, time
from pathlib import Path
from datagen import api
from datagen.engine.grain import grains
from datagen.engine.runners import Processes
from datagen.engine.starting import Copy

prepared = api.prepare({"nodes": [
    {"id": f"table_{name}", "rows": 3_000, "columns": [{"name": "n", "generator": {"sequence": {}}}]} for name in "abc"
]})
plan = prepared.bind()
lock = open("lock", "w")
job = {"format": "csv", "directory": ".", "block_rows": 1_000, "tables": None, "staged": frozenset()}
runner = Processes(plan, 3, job, works_here=True)
"""


def copied(script: str, directory: Path) -> list[str]:
    """The lines that a process prints which copies itself: in a fresh one, because Polars is loaded in this one."""
    command = [sys.executable, "-c", COPYING + textwrap.dedent(script)]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_process_of_its_own_is_copied_and_its_copies_hold_none_of_its_files(tmp_path: Path) -> None:
    script = """
        assert all(isinstance(worker, Copy) for worker in runner._workers)
        while len(runner._ready) < len(runner._workers):
            runner._greet(timeout=None)
        def held(worker):
            for fd in map(int, os.listdir(f"/proc/{worker.pid}/fd")):
                with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                    if fd > 2:
                        yield os.path.basename(os.readlink(f"/proc/{worker.pid}/fd/{fd}")).split(":")[0]
        for worker in runner._workers:
            end = time.monotonic() + 10  # a copy may be reading the modules that its work needs
            while (names := sorted(held(worker))) != ["pipe"] * 2 and time.monotonic() < end:
                time.sleep(0.01)
            print(names)
        runner.close()
        print(os.path.exists(f"/proc/{worker.pid}"))
    """
    assert copied(script, tmp_path) == ["['pipe', 'pipe']"] * 2 + ["False"]


def test_copies_end_with_their_parent(tmp_path: Path) -> None:
    script = """
        runner.count(grains(plan), frozenset(plan.tables))
        print(*(worker.pid for worker in runner._workers), flush=True)
        os._exit(0)
    """
    pids = [int(pid) for pid in copied(script, tmp_path)[0].split()]
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
        time.sleep(0.01)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_a_copy_does_not_run_what_its_parent_does_on_signals_and_on_leaving(tmp_path: Path) -> None:
    script = """
        runner.count(grains(plan), frozenset(plan.tables))
        def stop(number, frame):
            print("handled in", os.getpid() == parent, flush=True)
        runner.close()
        parent = os.getpid()
        signal.signal(signal.SIGTERM, stop)
        try:
            runner = Processes(plan, 2, job, works_here=True)
            [worker] = runner._workers
            os.kill(worker.pid, signal.SIGINT)
            os.kill(worker.pid, signal.SIGTERM)
            print(worker.wait())
        finally:
            print("left once")
    """
    assert copied(script, tmp_path) == ["-15", "left once"]


def test_a_signal_while_a_process_is_copied_is_not_lost(tmp_path: Path) -> None:
    """Python swallows what is raised in the hooks around a fork, and another thread takes a signal that this one masks."""
    script = """
        runner.close()
        def stop(number, frame):
            raise KeyboardInterrupt
        signal.signal(signal.SIGTERM, stop)
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        def sent():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2)
        os.register_at_fork(after_in_parent=sent)
        try:
            Processes(plan, 2, job, works_here=True)
        except KeyboardInterrupt:
            print("stopped", signal.getsignal(signal.SIGTERM) is stop)
    """
    assert copied(script, tmp_path) == ["stopped True"]


def test_a_copy_that_dies_is_told_as_lost(tmp_path: Path) -> None:
    script = """
        from datagen.errors import MachineError
        from datagen.engine.executor import count
        count(plan, runner, grains(plan))
        for worker in runner._workers:
            os.kill(worker.pid, signal.SIGKILL)
        try:
            list(runner.write(grains(plan) * 50, lambda table, rows: None))
        except MachineError as error:
            print(error.findings[0].code, error.findings[0].found.split()[-1])
        runner.close()
    """
    assert copied(script, tmp_path) == ["worker.lost -9"]
