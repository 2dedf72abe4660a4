"""The process in which SQL of a document runs: one database, one thread, and no more memory than the system lets it have.

It is started as a plain script (`sql/process.py`), with nothing of Datagen loaded and of DuckDB only its core: some hundredths
of a second. Messages are pickled Python objects between two processes of one run, each behind eight bytes of length.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any

HEAD = struct.Struct(">Q")
WATCH = 0.5  # seconds between two looks at whether the parent is still there


def send(write: Callable[[Any], int], message: Any) -> None:
    """Write one message. write: of a pipe; it may take less than it is given."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    rest = memoryview(HEAD.pack(len(body)) + body)
    while rest:
        rest = rest[write(rest) :]


def receive(read: Callable[[int], bytes]) -> Any:
    """Read one message; raises EOFError when the other side is gone."""
    (length,) = HEAD.unpack(_exactly(read, HEAD.size))
    return pickle.loads(_exactly(read, length))


def _exactly(read: Callable[[int], bytes], size: int) -> bytearray:
    found = bytearray()
    while len(found) < size:
        part = read(size - len(found))
        if not part:
            raise EOFError
        found += part
    return found


def limit_memory(more: int) -> None:
    """Let this process map no more than so many bytes beyond what it has; None where the system knows no such limit."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = now + more
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main(libraries: str, parent: int) -> None:
    """Answer messages until the parent closes the pipe. libraries: where the core of DuckDB lies."""
    import _thread
    import time

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    incoming, outgoing = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get between the messages

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH)
        os._exit(1)  # a query would go on for nobody

    _thread.start_new_thread(watch, ())
    sys.path.append(libraries)
    import _duckdb as duckdb

    connection: Any = None
    while True:
        try:
            what, *given = receive(lambda size: os.read(incoming, size))
        except EOFError:
            return
        answer: Any = None
        try:
            if what == "open":
                place, config, settings, most = given
                connection = duckdb.connect(place, config=config)
                for setting in settings:
                    connection.execute(setting)
                if sys.platform == "linux":
                    limit_memory(most)
            elif what == "close":
                connection.close()
                connection = None
                if sys.platform == "linux":
                    unlimited()
            else:
                answer = connection.execute(*given).fetchall()
            reply = ("answer", answer)
        except (duckdb.Error, MemoryError, RuntimeError) as error:
            reply = ("error", (type(error).__name__, str(error)))
        send(lambda piece: os.write(outgoing, piece), reply)


def unlimited() -> None:
    """As much memory as the process could have at its start."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
