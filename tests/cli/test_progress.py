"""How far a run is, said in lines: one per table, and one whenever there was nothing to say for too long."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from datagen.api import Watcher
from datagen.cli.failures import SIGNALS
from datagen.cli.progress import LONG_SILENCE, PATIENCE, SILENCE, Lines, bars, lines, watching


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = 100.0
    said: list[str] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr("datagen.cli.screen.note", one.said.append)
    return one


def test_a_finished_table_is_a_line(clock: Clock) -> None:
    watcher = Lines(verbose=False, clock=clock)
    for stage in ("plan", "count", "make"):
        watcher.stage(stage)
    watcher.rows("orders", 500, 1500)
    watcher.rows("orders", 1500, 1500)
    watcher.stage("check")
    assert clock.said == ["orders: 1,500 rows"]


def test_stages_are_timed_when_asked_for(clock: Clock) -> None:
    watcher = Lines(verbose=True, clock=clock)
    watcher.stage("plan")
    clock.now += 1.25
    watcher.stage("count")
    clock.now += 2
    watcher.stage("make")
    assert clock.said == ["planning: 1.2 s", "counting rows: 2.0 s"]


def test_silence_is_broken_before_two_seconds_are_over(clock: Clock) -> None:
    watcher = Lines(verbose=False, clock=clock)
    watcher.stage("count")
    clock.now += 1
    watcher.beat()
    assert clock.said == []
    clock.now += SILENCE - 0.9
    watcher.beat()
    assert clock.said == ["counting rows: 2 s"]
    assert SILENCE + 0.2 <= 2.0  # the thread looks five times a second


def test_open_tables_say_their_speed_and_what_is_left(clock: Clock) -> None:
    watcher = Lines(verbose=False, clock=clock)
    watcher.stage("make")
    watcher.rows("users", 10, 10)
    clock.now += 4
    watcher.rows("orders", 1000, 5000)
    watcher.beat()
    assert clock.said[-1] == "orders: 1,000 of 5,000 rows, 250 rows/s, 16 s left"


def test_lines_come_less_often_in_long_runs(clock: Clock) -> None:
    watcher = Lines(verbose=False, clock=clock)
    watcher.stage("count")
    for _ in range(int(10 * PATIENCE)):
        clock.now += 1
        watcher.beat()
    often = PATIENCE / SILENCE
    rarely = 9 * PATIENCE / LONG_SILENCE
    assert rarely <= len(clock.said) <= often + rarely + 2


def test_the_lines_keep_coming_by_themselves(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen.cli.progress.SILENCE", 0.01)
    with lines(verbose=False) as watcher:
        watcher.stage("check")
        end = time.monotonic() + 10
        while not clock.said and time.monotonic() < end:
            time.sleep(0.01)
    assert clock.said[0].startswith("checking the files: ")


def test_quiet_runs_have_a_watcher_that_says_nothing(clock: Clock) -> None:
    with watching(quiet=True, verbose=True) as watcher:
        _pretend(watcher)
    assert clock.said == []


def _pretend(watcher: Watcher) -> None:
    for stage in ("plan", "count", "make", "check", "publish"):
        watcher.stage(stage)
    watcher.rows("orders", 5, 5)


@pytest.mark.parametrize("shown", [lambda: lines(verbose=False), bars])
def test_signals_are_for_the_main_thread_alone(shown: Callable[[], AbstractContextManager[object]]) -> None:
    """One that another thread took would be raised in the main thread at any place, even while that copies the process."""
    before = set(threading.enumerate())
    with shown():
        [thread] = set(threading.enumerate()) - before
        [blocked] = re.findall(r"SigBlk:\s*(\w+)", Path(f"/proc/self/task/{thread.native_id}/status").read_text())
    assert all(int(blocked, 16) >> (number - 1) & 1 for number in SIGNALS)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(SIGNALS)
