"""Two ways to get a worker process: a copy of this process, which knows the plan already, or a new interpreter.

A copy is there at once; a new interpreter loads every library and binds the plan again, half a second on one core. A copy
can be made only while no library of this process has threads that matter, that is before Polars is loaded, and only where
the process belongs to the run: see `Job.own_process`.
"""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, NoReturn, Protocol

from datagen.engine.run import Run
from datagen.engine.worker import die_with_parent, send, serve

SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class WorkerProcess(Protocol):
    """A worker and the pipes to it, as `subprocess.Popen` has them."""

    @property
    def pid(self) -> int: ...
    @property
    def stdin(self) -> Any: ...
    @property
    def stdout(self) -> Any: ...
    def kill(self) -> None: ...
    def wait(self) -> int: ...


def new_interpreter() -> WorkerProcess:
    """A worker on one thread that binds the plan itself, from the job that is its first message."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "datagen.engine.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,  # a message in a buffer of this process would be one that `select` never sees
        env=environment,
    )


class Copy:
    """A worker that is a copy of this process (`fork`), on Linux, before Polars is loaded.

    Of the threads that may run now, those of the linear algebra under numpy stop for a fork by themselves, and the one
    that shows progress holds no lock that the copy takes.
    """

    def __init__(self, run: Run, job: dict[str, Any]) -> None:
        if not can_copy():
            raise AssertionError("a process with threads of Polars cannot be copied")
        theirs, ours = os.pipe()
        mine, answers = os.pipe()
        parent = os.getpid()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # a signal must not run our handlers in the copy
        try:
            with _held(), warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of any thread at all
                self.pid = os.fork()
            if not self.pid:
                _live(run, job, theirs, answers, parent)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(theirs)
        os.close(answers)
        self.stdin = os.fdopen(ours, "wb", buffering=0)
        self.stdout = os.fdopen(mine, "rb", buffering=0)
        self._code: int | None = None

    def kill(self) -> None:
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, or minus the signal that has ended it."""
        if self._code is None:
            _, status = os.waitpid(self.pid, 0)
            self._code = os.waitstatus_to_exitcode(status)
        return self._code


@contextmanager
def _held() -> Iterator[None]:
    """Signals wait for the end: what a handler raises in the hooks that Python runs around a fork is lost.

    A mask does not hold them: another thread takes the signal, and the handler runs in this one all the same.
    """
    came: list[int] = []
    handlers = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
    try:
        for number in handlers:
            signal.signal(number, lambda number, frame: came.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for missed in came:
            signal.raise_signal(missed)


def can_copy() -> bool:
    """Whether this process may be copied."""
    return sys.platform == "linux" and "polars" not in sys.modules


def _live(run: Run, job: dict[str, Any], theirs: int, answers: int, parent: int) -> NoReturn:
    """The life of a copy: serve, and leave without a step back into what the parent was doing."""
    code = 1
    try:
        die_with_parent()
        if os.getppid() != parent:  # it has ended before we asked to end with it
            os._exit(1)
        gc.freeze()  # what is here already is never garbage: not looked at, its pages stay shared
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        incoming, outgoing = _only(theirs, answers)
        send(outgoing, {"ready": True})
        import polars  # noqa: F401 - what the first block needs is loaded while the parent counts

        code = serve(run, job, incoming, outgoing)
    finally:
        os._exit(code)


def _only(theirs: int, answers: int) -> tuple[BinaryIO, BinaryIO]:
    """Our two pipes; every other file of the parent is closed but the standard ones, its locks among them."""
    kept = [fcntl.fcntl(pipe, fcntl.F_DUPFD_CLOEXEC, 3) for pipe in (theirs, answers)]
    for name in os.listdir("/proc/self/fd"):  # a range up to the limit may be a million numbers long
        if int(name) > 2 and int(name) not in kept:
            with suppress(OSError):  # the listing's own, which is closed already
                os.close(int(name))
    os.dup2(2, 1)  # whatever a library prints must not get between the lines of the command
    return os.fdopen(kept[0], "rb", buffering=0), os.fdopen(kept[1], "wb", buffering=0)
