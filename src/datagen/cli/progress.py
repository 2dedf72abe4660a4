"""Shows how far a run is: bars on a terminal, plain lines elsewhere, never two seconds of silence."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from datagen.api import Nobody, Watcher
from datagen.cli import screen
from datagen.cli.failures import SIGNALS

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STAGES = {
    "plan": "planning", "count": "counting rows", "make": "making tables", "check": "checking the files",
    "profile": "drawing the profile",
    "publish": "publishing",
}  # fmt: skip
SILENCE = 1.8  # seconds without a line after which one is printed
PATIENCE = 60.0  # seconds after which lines come less often
LONG_SILENCE = 10.0


@contextmanager
def watching(*, quiet: bool, verbose: bool) -> Iterator[Watcher]:
    """The watcher that fits the terminal."""
    if quiet:
        yield Nobody()
    elif sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb"):
        with bars() as watcher:
            yield watcher
    else:
        with lines(verbose=verbose) as plain:
            yield plain


class Lines:
    """A line per finished table, and one whenever there has been nothing to say for a while."""

    def __init__(self, *, verbose: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.verbose = verbose
        self.clock = clock
        self.started = self.spoken = self.stage_started = clock()
        self.name = "plan"
        self.done: dict[str, tuple[int, int, float]] = {}  # rows, rows in all, when the first ones came
        self.lock = threading.Lock()

    def stage(self, name: str) -> None:
        with self.lock:
            now = self.clock()
            if name != self.name:
                if self.verbose:
                    self._say(f"{STAGES[self.name]}: {now - self.stage_started:.1f} s")
                self.name, self.stage_started = name, now

    def rows(self, table: str, done: int, total: int) -> None:
        with self.lock:
            since = self.done.get(table, (0, 0, self.stage_started))[2]
            self.done[table] = (done, total, since)
            if done >= total:
                self._say(f"{table}: {total:,} rows")

    def note(self, text: str) -> None:
        with self.lock:
            self._say(text)

    def beat(self) -> None:
        """Say where the run is, if nothing has been said for too long."""
        with self.lock:
            now = self.clock()
            if now - self.spoken < (SILENCE if now - self.started < PATIENCE else LONG_SILENCE):
                return
            open_tables = [one for one in self.done.items() if one[1][0] < one[1][1]]
            if self.name == "make" and open_tables:
                for table, (done, total, since) in open_tables:
                    self._say(f"{table}: {done:,} of {total:,} rows{_speed(done, total, now - since)}")
            else:
                self._say(f"{STAGES[self.name]}: {now - self.stage_started:.0f} s")

    def _say(self, text: str) -> None:
        self.spoken = self.clock()
        screen.note(text)


def _speed(done: int, total: int, seconds: float) -> str:
    if seconds <= 0 or not done:
        return ""
    speed = done / seconds
    return f", {speed:,.0f} rows/s, {max(total - done, 0) / speed:.0f} s left"


@contextmanager
def lines(*, verbose: bool) -> Iterator[Lines]:
    """Plain lines, with a thread that keeps them coming."""
    watcher = Lines(verbose=verbose)
    over = threading.Event()

    def keep_talking() -> None:
        while not over.wait(0.2):
            with suppress(BrokenPipeError):  # the main thread notices by itself, if it still has something to say
                watcher.beat()

    thread = threading.Thread(target=keep_talking, name="progress", daemon=True)
    with deaf():
        thread.start()
    try:
        yield watcher
    finally:
        over.set()
        thread.join()


class Bars:
    """A bar per table with rows, rows per second and the time that is left; other stages have a line that moves."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}
        self.current: TaskID | None = None

    def stage(self, name: str) -> None:
        if self.current is not None:
            self.progress.remove_task(self.current)
            self.current = None
        if name != "make":
            self.current = self.progress.add_task(STAGES[name], total=None)

    def rows(self, table: str, done: int, total: int) -> None:
        task = self.tasks.get(table)
        if task is None:
            task = self.tasks[table] = self.progress.add_task(table, total=total)
        self.progress.update(task, completed=done)

    def note(self, text: str) -> None:
        self.progress.console.print(text, markup=False, highlight=False)


@contextmanager
def bars() -> Iterator[Bars]:
    """Bars on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    class Name(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(task.description)

    class Rows(ProgressColumn):
        def render(self, task: Task) -> Text:
            if task.total is None:
                return Text("")
            speed = task.finished_speed or task.speed
            rate = f"  {speed:,.0f} rows/s" if speed else ""
            return Text(f"{int(task.completed):,} rows{rate}", no_wrap=True)

    whole = Column(no_wrap=True)
    columns: list[Any] = [
        Name(Column(max_width=24, no_wrap=True, overflow="ellipsis")), BarColumn(bar_width=16), Rows(whole),
        TimeRemainingColumn(compact=True, table_column=whole),
    ]  # fmt: skip
    with ExitStack() as ends:
        with deaf():
            progress = ends.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
        yield Bars(progress)


@contextmanager
def deaf() -> Iterator[None]:
    """Around the start of a thread that must not hear signals: they are for the main thread alone.

    That one holds them back while it copies the process, where an interrupt would be lost in a hook of some library.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
