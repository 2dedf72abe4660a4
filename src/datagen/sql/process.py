"""The other end of the process in which SQL of a document runs: starts it, asks it, and ends it when it takes too much."""

from __future__ import annotations

import atexit
import importlib.util
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from datagen.sql import child

WATCH = 0.05  # seconds between two looks at a running query


class QueryError(Exception):
    """What DuckDB says of a query. kind: the name of its error."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind

    @property
    def no_memory(self) -> bool:
        """Whether memory, or the room for what does not fit into it, was too small."""
        text = str(self)
        return self.kind in ("OutOfMemoryException", "MemoryError") or "Allocation" in text or "not enough mem" in text


class TooMuchError(Exception):
    """The process was ended, or has ended itself, because of what it took: "time" or "memory"."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Answer:
    """The rows of an answer."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def fetchall(self) -> list[Any]:
        """All rows."""
        return list(self._rows or ())


class Process:
    """A process with one database at a time."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("_duckdb")
        if found is None or found.origin is None:
            raise AssertionError("duckdb is installed without its core")
        libraries = os.path.dirname(found.origin)
        program = [sys.executable, "-I", "-S", child.__file__, libraries, str(os.getpid())]
        self._child = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._to, self._from = self._child.stdin.fileno(), self._child.stdout.fileno()
        self.pid = self._child.pid
        self.owner = os.getpid()  # a copy of this process must not speak to it
        self.idle = True
        self.until: float | None = None  # the moment, as of `time.monotonic`, at which a query has taken too long
        self.most: int | None = None  # resident bytes that are too many

    def ask(self, *message: Any) -> Answer:
        """Send a message and wait for the answer. Raises QueryError, TooMuchError."""
        self.idle = False
        try:
            child.send(lambda piece: os.write(self._to, piece), message)
            while not select.select([self._from], [], [], WATCH)[0]:
                if self.until is not None and time.monotonic() > self.until:
                    self.end()
                    raise TooMuchError("time")
                if self.most is not None and self.resident() > self.most:
                    self.end()
                    raise TooMuchError("memory")
            kind, answer = child.receive(lambda size: os.read(self._from, size))
        except (EOFError, BrokenPipeError):  # where an allocation fails in the wrong place, the process ends
            self.end()
            raise TooMuchError("memory") from None
        self.idle = True
        if kind == "error":
            raise QueryError(*answer)
        return Answer(answer)

    def resident(self) -> int:
        """Bytes of memory that it has now; 0 where the system does not say."""
        try:
            text = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii")
            return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (FileNotFoundError, IndexError):  # not Linux, or it has just ended
            return 0

    @property
    def there(self) -> bool:
        """Whether it can be asked."""
        return self.idle and self.owner == os.getpid() and self._child.poll() is None

    def end(self) -> None:
        """End it, whatever it does."""
        self.idle = False
        if self.owner != os.getpid():
            return
        with suppress(ProcessLookupError):
            self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()


_waiting: list[Process] = []  # at most one, between two databases: a start costs more than a message


def take() -> Process:
    """A process without a database: the one that waits, or a new one."""
    while _waiting:
        process = _waiting.pop()
        if process.there:
            return process
        process.end()
    return Process()


def give_back(process: Process) -> None:
    """Keep a process for the next database, or end it."""
    process.until = process.most = None
    try:
        if process.there and not _waiting:
            process.ask("close")
            _waiting.append(process)
            return
    except (QueryError, TooMuchError):
        pass  # it cannot be used again
    process.end()


@atexit.register
def leave() -> None:
    """End the process that waits, where no more queries are to come."""
    while _waiting:
        _waiting.pop().end()
