"""Where grains are made: in this process, or in worker processes that share them out. Nothing else differs."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from datagen.engine.grain import BLOCK_ROWS, Grain, totals
from datagen.engine.ledger import Ledger
from datagen.engine.run import Run
from datagen.engine.work import Progress, Written, write_grain
from datagen.engine.worker import receive, send
from datagen.errors import Finding, MachineError
from datagen.plan.model import Plan


class Runner(Protocol):
    """Counts and writes grains; results come in any order."""

    def count(self, grains: Sequence[Grain]) -> dict[int, dict[str, int]]: ...
    def tell(self, ledger: Ledger) -> None: ...
    def write(self, grains: Sequence[Grain], progress: Progress) -> Iterable[Written]: ...
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
    ) -> None:
        self.run = Run(plan)
        self.directory = directory
        self.format = format
        self.block_rows = block_rows
        self.tables = tables

    def count(self, grains: Sequence[Grain]) -> dict[int, dict[str, int]]:
        return {grain.number: totals(self.run, grain) for grain in grains}

    def tell(self, ledger: Ledger) -> None:
        self.run.rows.update(ledger.rows)
        self.run.offsets.update(ledger.offsets)

    def write(self, grains: Sequence[Grain], progress: Progress) -> Iterable[Written]:
        for grain in grains:
            yield write_grain(
                self.run,
                grain,
                self.run.offsets[grain.number],
                self.directory,
                self.format,
                progress,
                block_rows=self.block_rows,
                tables=self.tables,
            )

    def close(self) -> None:
        return


class Processes:
    """Worker processes on this machine, one grain each at a time. While they start, this process counts."""

    def __init__(self, plan: Plan, workers: int, job: dict[str, Any]) -> None:
        self._run = Run(plan)
        self._ready: set[int] = set()
        environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._selector = selectors.DefaultSelector()
        self._workers: list[subprocess.Popen[bytes]] = []
        for _ in range(workers):
            worker = subprocess.Popen(
                [sys.executable, "-m", "datagen.engine.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
            self._workers.append(worker)
            assert worker.stdin is not None and worker.stdout is not None
            self._selector.register(worker.stdout, selectors.EVENT_READ, worker)
            self._send(worker, job)

    def count(self, grains: Sequence[Grain]) -> dict[int, dict[str, int]]:
        done: dict[int, dict[str, int]] = {}
        waiting = list(reversed(grains))
        while waiting and len(self._ready) < len(self._workers):
            grain = waiting.pop()
            done[grain.number] = totals(self._run, grain)
            self._greet(timeout=0)
        self._share(
            [("count", grain) for grain in reversed(waiting)],
            lambda grain, result: done.__setitem__(grain.number, result),
            None,
        )
        return done

    def tell(self, ledger: Ledger) -> None:
        self._run.rows.update(ledger.rows)
        self._run.offsets.update(ledger.offsets)
        for worker in self._workers:
            self._send(worker, {"do": "rows", "rows": dict(ledger.rows), "offsets": dict(ledger.offsets)})

    def write(self, grains: Sequence[Grain], progress: Progress) -> Iterable[Written]:
        done: list[Written] = []
        self._share([("write", grain) for grain in grains], lambda grain, result: done.append(result), progress)
        return done

    def close(self) -> None:
        """End the workers, gently when they are idle, at once when they are not."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    pipe.close()
        self._selector.close()

    def _share(
        self, tasks: list[tuple[str, Grain]], done: Callable[[Grain, Any], None], progress: Progress | None
    ) -> None:
        waiting = list(reversed(tasks))
        busy: dict[int, Grain] = {}
        for worker in self._workers:
            if waiting:
                busy[worker.pid] = self._give(worker, waiting.pop())
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
                if waiting:
                    busy[worker.pid] = self._give(worker, waiting.pop())

    def _greet(self, timeout: float | None) -> None:
        """Take note of workers that have started."""
        for key, _ in self._selector.select(timeout):
            message = self._receive(key.data)
            if "error" in message:
                raise _told(message)
            self._ready.add(key.data.pid)

    def _give(self, worker: subprocess.Popen[bytes], task: tuple[str, Grain]) -> Grain:
        self._send(worker, {"do": task[0], "grain": task[1]})
        return task[1]

    def _send(self, worker: subprocess.Popen[bytes], message: Any) -> None:
        assert worker.stdin is not None
        try:
            send(worker.stdin, message)  # type: ignore[arg-type]
        except BrokenPipeError as error:
            raise self._lost(worker) from error

    def _receive(self, worker: subprocess.Popen[bytes]) -> Any:
        assert worker.stdout is not None
        try:
            return receive(worker.stdout)  # type: ignore[arg-type]
        except EOFError as error:
            raise self._lost(worker) from error

    def _lost(self, worker: subprocess.Popen[bytes]) -> MachineError:
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
