"""A thread that writes what is made, while more is being made. What is written, and in which order, does not depend on it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any


class Behind:
    """Does one thing at a time in a thread, so that nobody holds more than one block or part that is done with."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._last: Future[None] | None = None

    def do(self, what: Callable[..., None], *given: Any) -> None:
        """Begin with something, when what was given before is done. What goes wrong is raised by the next `wait`."""
        self.wait()
        self._last = self._thread.submit(partial(what, *given))

    def wait(self) -> None:
        """Until nothing is being done."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def close(self) -> None:
        """End the thread, when what it does is done."""
        self._thread.shutdown()

    def __enter__(self) -> Behind:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        try:
            if kind is None or issubclass(kind, Exception):
                self.wait()  # what was wrong with an earlier table is told in place of what is wrong with a later one
        finally:
            self.close()
