"""Where grains are made: in this process, or in worker processes that share them out. Nothing else differs."""

from __future__ import annotations

import selectors
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from datagen.engine.behind import Behind
from datagen.engine.block import BLOCK_ROWS
from datagen.engine.grain import Grain, totals
from datagen.engine.ledger import Ledger
from datagen.engine.memory import give_back
from datagen.engine.options import cores
from datagen.engine.run import Run
from datagen.engine.starting import Copy, WorkerProcess, can_copy, new_interpreter
from datagen.engine.work import Progress, Written, write_grain
from datagen.engine.worker import receive, send
from datagen.errors import Finding, MachineError
from datagen.plan.model import Plan

Finished = Callable[[Written], None]  # told of every grain as soon as it is written, in any thread


def nobody(written: Written) -> None:
    """Is told of finished grains in vain."""


class Runner(Protocol):
    """Counts and writes grains; results come in any order. done: the numbers of the grains that were written."""

    done: set[int]

    def count(self, grains: Sequence[Grain], tables: frozenset[str]) -> dict[int, dict[str, int]]: ...
    def tell(self, ledger: Ledger) -> None: ...
    def write(
        self, grains: Sequence[Grain], progress: Progress, finished: Finished = nobody
    ) -> Iterable[Written]: ...  # fmt: skip
    def close(self) -> None: ...


class Here:
    """Everything in this process: for small runs, previews and tests."""

    def __init__(
        self,
        plan: Plan,
        directory: Path,
        format: str,
        *,
        block_rows: int = BLOCK_ROWS,
        tables: frozenset[str] | None = None,
        staged: frozenset[str] = frozenset(),
    ) -> None:
        self.run = Run(plan)
        self.directory = directory
        self.format = format
        self.block_rows = block_rows
        self.tables = tables
        self.staged = staged
        self.done: set[int] = set()
        self._behind = Behind() if cores() > 1 else None

    def count(self, grains: Sequence[Grain], tables: frozenset[str]) -> dict[int, dict[str, int]]:
        found: dict[int, dict[str, int]] = {}
        for done, grain in enumerate(grains):
            give_back(done)
            found[grain.number] = totals(self.run, grain, tables)
        return found

    def tell(self, ledger: Ledger) -> None:
        self.run.know(ledger)

    def write(self, grains: Sequence[Grain], progress: Progress, finished: Finished = nobody) -> Iterable[Written]:
        for done, grain in enumerate(grains):
            give_back(done)
            written = write_grain(
                self.run,
                grain,
                self.run.offsets[grain.number],
                self.directory,
                self.format,
                progress,
                block_rows=self.block_rows,
                tables=self.tables,
                staged=self.staged,
                behind=self._behind,
            )
            self.done.add(grain.number)
            finished(written)
            yield written

    def close(self) -> None:
        if self._behind is not None:
            self._behind.close()


class Tasks:
    """Grains that wait to be taken, by threads of this process; after `stop` there are none."""

    def __init__(self, do: str, grains: Iterable[Grain], tables: frozenset[str] | None = None) -> None:
        self.do = do
        self.tables = tables  # those to count
        self._waiting = deque(grains)

    def take(self) -> Grain | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def stop(self) -> None:
        self._waiting.clear()


class Processes:
    """Worker processes on this machine, one grain each at a time. While they start, this process counts.

    With `works_here` it also makes grains itself, as one of the workers: one start less, and no waiting for the others.
    """

    def __init__(self, plan: Plan, workers: int, job: dict[str, Any], *, works_here: bool = False) -> None:
        self._run = Run(plan)
        self._job = job
        self._works_here = works_here
        self._ready: set[int] = set()
        self.done: set[int] = set()
        self._selector = selectors.DefaultSelector()
        self._workers: list[WorkerProcess] = []
        copies = works_here and can_copy()
        for _ in range(workers - works_here):
            worker = Copy(Run(plan), job) if copies else new_interpreter()
            self._workers.append(worker)
            self._selector.register(worker.stdout, selectors.EVENT_READ, worker)
            if not copies:
                self._send(worker, job)

    def count(self, grains: Sequence[Grain], tables: frozenset[str]) -> dict[int, dict[str, int]]:
        done: dict[int, dict[str, int]] = {}
        tasks = Tasks("count", grains, tables)
        while (self._works_here or len(self._ready) < len(self._workers)) and (grain := tasks.take()) is not None:
            give_back(len(done))
            done[grain.number] = totals(self._run, grain, tables)
            self._greet(timeout=0)
        self._share(tasks, lambda grain, result: done.__setitem__(grain.number, result), None)
        return done

    def tell(self, ledger: Ledger) -> None:
        self._run.know(ledger)
        for worker in self._workers:
            self._send(worker, {"do": "rows", "rows": dict(ledger.rows), "offsets": dict(ledger.offsets)})

    def write(self, grains: Sequence[Grain], progress: Progress, finished: Finished = nobody) -> Iterable[Written]:
        done: list[Written] = []
        tasks = Tasks("write", grains)

        def take(written: Written) -> None:
            done.append(written)
            self.done.add(written.grain)
            finished(written)

        if not self._works_here:
            self._share(tasks, lambda _, result: take(result), progress)
            return done
        lock, failures = threading.Lock(), list[BaseException]()

        def tell(table: str, rows: int) -> None:
            with lock:
                progress(table, rows)

        def others() -> None:
            try:
                self._share(tasks, lambda _, result: take(result), tell)
            except BaseException as error:  # noqa: BLE001 - raised in the main thread, below
                tasks.stop()
                failures.append(error)

        thread = threading.Thread(target=others, daemon=True)
        thread.start()
        own = 0
        try:
            while (grain := tasks.take()) is not None:
                give_back(own)
                take(
                    write_grain(
                        self._run,
                        grain,
                        self._run.offsets[grain.number],
                        Path(self._job["directory"]),
                        self._job["format"],
                        tell,
                        block_rows=self._job["block_rows"],
                        tables=self._job["tables"],
                        staged=self._job["staged"],
                    )
                )
                own += 1
        finally:
            tasks.stop()
        thread.join()
        if failures:
            raise failures[0]
        return done

    def close(self) -> None:
        """End the workers, gently when they are idle, at once when they are not."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                pipe.close()
        self._selector.close()

    def _share(self, tasks: Tasks, done: Callable[[Grain, Any], None], progress: Progress | None) -> None:
        """Give every worker grains until none is left and all have answered."""
        busy: dict[int, Grain] = {}
        for worker in self._workers:
            if (grain := tasks.take()) is not None:
                busy[worker.pid] = self._give(worker, tasks, grain)
        while busy:
            for key, _ in self._selector.select():
                worker = key.data
                message = self._receive(worker)
                if "ready" in message:
                    self._ready.add(worker.pid)
                    continue
                if "progress" in message:
                    if progress is not None:
                        progress(*message["progress"])
                    continue
                if "error" in message:
                    raise _told(message)
                done(busy.pop(worker.pid), message["result"])
                if (grain := tasks.take()) is not None:
                    busy[worker.pid] = self._give(worker, tasks, grain)

    def _greet(self, timeout: float | None) -> None:
        """Take note of workers that have started."""
        for key, _ in self._selector.select(timeout):
            message = self._receive(key.data)
            if "error" in message:
                raise _told(message)
            self._ready.add(key.data.pid)

    def _give(self, worker: WorkerProcess, tasks: Tasks, grain: Grain) -> Grain:
        self._send(worker, {"do": tasks.do, "grain": grain, "tables": tasks.tables})
        return grain

    def _send(self, worker: WorkerProcess, message: Any) -> None:
        try:
            send(worker.stdin, message)
        except BrokenPipeError as error:
            raise self._lost(worker) from error

    def _receive(self, worker: WorkerProcess) -> Any:
        try:
            return receive(worker.stdout)
        except EOFError as error:
            raise self._lost(worker) from error

    def _lost(self, worker: WorkerProcess) -> MachineError:
        code = worker.wait()
        hint = "the system may have run out of memory: use fewer --workers or a smaller --memory" if code == -9 else ""
        return MachineError(
            Finding(code="worker.lost", found=f"worker process {worker.pid} ended with code {code}", hint=hint)
        )


def _told(message: dict[str, Any]) -> BaseException:
    """The error of a worker, with its traceback as a note."""
    error: BaseException = message["error"]
    error.add_note(message["trace"])
    return error
