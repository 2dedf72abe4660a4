"""A query in this very process, stopped when it takes too long or lets the process grow too far."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datagen.sql.database import ROOM, too_much
from datagen.sql.process import WATCH

if TYPE_CHECKING:
    import duckdb


@contextmanager
def watched(connection: duckdb.DuckDBPyConnection, seconds: float, memory: int) -> Iterator[None]:
    """Stop the query inside after so many seconds, or when this process has grown by far more than `memory` bytes.

    Raises SchemaError "sql.too_long", MachineError "sql.memory".
    """
    import duckdb

    why: list[str] = []
    done = threading.Event()
    most = _resident() + memory + ROOM
    end = time.monotonic() + seconds

    def watch() -> None:
        while not done.wait(WATCH):
            if time.monotonic() > end or _resident() > most:
                why.append("time" if time.monotonic() > end else "memory")
                connection.interrupt()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except (duckdb.InterruptException, RuntimeError) as error:
        if not why and str(error) == "Query interrupted":  # what DuckDB makes of a signal to stop
            raise KeyboardInterrupt from error
        if not why:
            raise
        raise too_much(why[0], seconds, memory) from error
    finally:
        done.set()
        watcher.join()


def _resident() -> int:
    """Bytes of memory that this process has now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:  # not Linux
        return 0
