"""A worker process: `python -m datagen.engine.worker`, told what to do over its standard input.

Messages are pickled Python objects between processes of one run on one machine, each behind eight bytes of length; nobody
else writes to these pipes. The worker binds the plan itself, so functions never travel; only a worker that is a copy of
its parent (see `starting.py`) has the parent's.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from datagen.engine.run import Run

HEAD = struct.Struct(">Q")


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    rest = memoryview(HEAD.pack(len(body)) + body)
    while rest:  # an unbuffered pipe may take less than it is given
        rest = rest[stream.write(rest) :]
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; raises EOFError when the other side is gone."""
    (length,) = HEAD.unpack(_exactly(stream, HEAD.size))
    return pickle.loads(_exactly(stream, length))


def _exactly(stream: BinaryIO, size: int) -> bytearray:
    """So many bytes; an unbuffered pipe gives what is there, seldom all of them at once."""
    read = bytearray()
    while len(read) < size:
        part = stream.read(size - len(read))
        if not part:
            raise EOFError
        read += part
    return read


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent ends, however that happens."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG


def main() -> int:
    """Bind the plan and serve messages until the parent closes the pipe."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the messages
    try:
        job = receive(incoming)
        from datagen.engine.run import Run
        from datagen.plan.bind import bind
        from datagen.plan.labels import labels_plan
        from datagen.plan.needed import narrowed
        from datagen.plan.spoils import clean
        from datagen.sql.process import leave

        plan = bind(job["document"], seed=job["seed"], scale=job["scale"], look=False)
        if job.get("clean"):
            plan = clean(plan)
        if job.get("only") is not None:
            plan = narrowed(plan, job["only"])
        run = Run(labels_plan(plan) if job.get("labels") else plan)
        leave()  # the plan is made: nothing of SQL is left to do here
        send(outgoing, {"ready": True})
    except EOFError:
        return 0
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001 - carried to the parent, which raises it
        send(outgoing, {"error": _portable(error), "trace": traceback.format_exc()})
        return 1
    return serve(run, job, incoming, outgoing)


def serve(run: Run, job: Mapping[str, Any], incoming: BinaryIO, outgoing: BinaryIO) -> int:
    """Answer messages until the parent closes the pipe; returns the exit code."""
    from datagen.engine.grain import totals
    from datagen.engine.memory import give_back
    from datagen.engine.work import write_grain

    done = 0  # grains counted or written
    try:
        while True:
            task = receive(incoming)
            give_back(done)
            try:
                match task["do"]:
                    case "rows":
                        run.rows.update(task["rows"])
                        run.offsets.update(task["offsets"])
                        continue
                    case "count":
                        result: Any = totals(run, task["grain"], task["tables"])
                    case "write":
                        result = write_grain(
                            run,
                            task["grain"],
                            run.offsets[task["grain"].number],
                            Path(job["directory"]),
                            job["format"],
                            lambda table, rows: send(outgoing, {"progress": (table, rows)}),
                            block_rows=job["block_rows"],
                            tables=job["tables"],
                            staged=job["staged"],
                        )
                    case other:
                        raise AssertionError(f"unknown task {other}")
                send(outgoing, {"result": result})
                done += 1
            except Exception as error:  # noqa: BLE001 - carried to the parent, which raises it
                send(outgoing, {"error": _portable(error), "trace": traceback.format_exc()})
    except EOFError:
        return 0
    except BrokenPipeError:
        return 1


def _portable(error: Exception) -> Exception:
    """The error itself if it can travel, else its text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - some library errors cannot be pickled; their text can
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    sys.exit(main())
