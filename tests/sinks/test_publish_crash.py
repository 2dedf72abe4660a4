"""Whatever happens while a data set is published, its directory holds the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import small_data_set

from datagen.errors import DatagenError, MachineError
from datagen.sinks import exchange, publish
from datagen.sinks.publish import Stage

CALLS = ("open", "write", "close", "fsync", "rename", "mkdir", "unlink", "rmdir", "chmod", "scandir", "lstat", "stat")
SCRIPT = Path(small_data_set.__file__)


class Killed(BaseException):
    """What the process never lives to see: from this call on, no call does anything."""


class Faults:
    """Stands between the program and the system, and lets the N-th call fail: once (an errno), or for good (None)."""

    def __init__(self, at: int, error: int | None) -> None:
        self.at = at
        self.error = error
        self.calls = 0
        self.names: list[str] = []
        self.open: set[int] = set()

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            self.names.append(name)
            if self.calls == self.at and self.error is not None:
                if name == "close":  # Linux closes the file all the same
                    call(*arguments)
                    self.open.discard(arguments[0])
                raise OSError(self.error, os.strerror(self.error))
            if self.calls >= self.at and self.error is None:
                raise Killed
            result = call(*arguments, **options)
            if name == "open":
                self.open.add(result)
            if name == "close":
                self.open.discard(arguments[0])
            return result

        return wrapped


@contextlib.contextmanager
def faults(at: int, error: int | None, *, two_steps: bool = False) -> Iterator[Faults]:
    state = Faults(at, error)
    swap = (lambda *_: False) if two_steps else exchange.exchange
    real = {name: getattr(os, name) for name in CALLS}
    real["fsync"] = lambda _: None  # it takes long, and a process that dies loses nothing that the kernel has
    with pytest.MonkeyPatch.context() as patch:
        for name, call in real.items():
            patch.setattr(os, name, state.wrap(name, call))
        patch.setattr(publish, "exchange", state.wrap("exchange", swap))
        yield state
    for descriptor in state.open:  # a dead process holds no lock
        os.close(descriptor)


MOVES = ("exchange", "rename")  # what changes the data sets that are seen
EVERY = [pytest.param(11, id="sample"), pytest.param(1, id="all", marks=pytest.mark.slow)]


def moments(publish: Callable[[], Any], every: int, *, two_steps: bool) -> list[int]:
    """Which calls are to fail: every n-th of a publication, those beside all that move something, and one after the last."""
    with faults(10_000, None, two_steps=two_steps) as state:
        publish()
    beside = {at + step for at, name in enumerate(state.names, 1) if name in MOVES for step in (0, 1)}
    assert beside
    return sorted({*range(1, state.calls + 1, every), *beside, state.calls, state.calls + 1})


def check_next_start(target: Path, seeds: set[int | None]) -> int | None:
    """The directory holds one of the data sets, and a run that is given up leaves just that behind."""
    with Stage(target) as stage:
        assert {note.code for note in stage.notes} <= {"output.recovered"}
    seed = small_data_set.seed_of(target) if target.exists() else None
    assert seed in seeds
    assert os.listdir(target.parent) == ([target.name] if target.exists() else [])
    return seed


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize(("existing", "two_steps"), [(True, False), (True, True), (False, False)])
def test_a_kill_at_any_call_leaves_the_old_or_the_new(
    sources: dict[int, Path], tmp_path: Path, existing: bool, two_steps: bool, every: int
) -> None:
    old = 1 if existing else None
    target = tmp_path / "out"
    seen = set()
    if existing:
        shutil.copytree(sources[1], target)
    for at in moments(lambda: small_data_set.publish(sources[2], target), every, two_steps=two_steps):
        if target.exists() and small_data_set.seed_of(target) != old:
            shutil.rmtree(target)
        if existing and not target.exists():
            shutil.copytree(sources[1], target)
        with faults(at, None, two_steps=two_steps) as state, contextlib.suppress(Killed):
            small_data_set.publish(sources[2], target)
        if not two_steps and existing:
            assert small_data_set.seed_of(target) in (1, 2)
        seen.add(check_next_start(target, {old, 2}))
    assert state.calls < at
    assert at > 60
    assert seen == {old, 2}
    assert small_data_set.seed_of(target) == 2


FAST = [(errno.EIO, False), (errno.ENOSPC, True)]
SLOW = [(number, two) for number in (errno.EROFS, errno.EACCES, errno.EMFILE, errno.EDQUOT) for two in (False, True)]


CASES = [
    *(pytest.param(*case, 11, id=f"{case[0]}-{case[1]}-sample") for case in FAST),
    *(pytest.param(*case, 1, id=f"{case[0]}-{case[1]}-all", marks=pytest.mark.slow) for case in (*FAST, *SLOW)),
]


@pytest.mark.parametrize(("number", "two_steps", "every"), CASES)
def test_a_failing_call_is_one_message_and_changes_nothing(
    sources: dict[int, Path], tmp_path: Path, number: int, two_steps: bool, every: int
) -> None:
    target = tmp_path / "out"
    shutil.copytree(sources[1], target)
    for at in moments(lambda: small_data_set.publish(sources[2], target), every, two_steps=two_steps):
        if not target.exists() or small_data_set.seed_of(target) != 1:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(sources[1], target)
        error = None
        with faults(at, number, two_steps=two_steps) as state:
            try:
                small_data_set.publish(sources[2], target)
            except DatagenError as caught:
                error = caught
        if target.exists():
            found = small_data_set.seed_of(target)
        else:  # the second of two renames failed, and so did its undoing: the next start brings the old one back
            assert two_steps
            assert error is not None
            found = 1
        if error is None or error.findings[0].code == "output.durability_not_confirmed":
            assert found == 2
        else:
            assert found == 1
            assert isinstance(error, MachineError), error
            assert len(error.findings) == 1
        assert check_next_start(target, {found}) == found
    assert state.calls < at
    assert at > 60
    assert error is None


def test_a_crowd_of_leftovers_is_removed_and_strangers_stay(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    small_data_set.publish(sources[1], target)
    for name in (".out.datagen-0123456789abcdef", ".out.datagen-old-0123456789abcdef"):
        (tmp_path / name / "orders").mkdir(parents=True)
        (tmp_path / name / "orders" / "part-00000.csv").write_text("half a fi")
    strangers = (".out.datagen-mine", ".outer.datagen-0123456789abcdef", ".out.datagen-0123456789ABCDEF", "out.datagen")
    for name in strangers:
        (tmp_path / name).mkdir()
    os.symlink(sources[2], tmp_path / ".out.datagen-1123456789abcdef")
    stage = small_data_set.publish(sources[2], target)
    assert stage.notes == []
    assert set(os.listdir(tmp_path)) == {"out", ".out.datagen-1123456789abcdef", *strangers}
    assert small_data_set.seed_of(sources[2]) == 2


def trace(options: list[str], source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    strace = shutil.which("strace")
    assert strace, "this test needs strace: apt-get install strace"
    command = [strace, "-f", *options, sys.executable, "-X", "frozen_modules", str(SCRIPT), str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


SYSTEM_CALLS = (
    *("openat", "close", "flock", "newfstatat", "fstat", "getdents64", "chmod", "ftruncate", "pwrite64", "write"),
    *("fsync", "sync_file_range", "renameat2", "rename", "mkdir", "unlink", "unlinkat", "rmdir"),
)


def points(source: Path, target: Path, log: Path) -> list[tuple[str, int]]:
    """Every system call of a publication from the lock on, as (name, number of this call with this name)."""
    trace(["-o", str(log), "-e", "trace=" + ",".join(SYSTEM_CALLS)], source, target)
    counts: dict[str, int] = {}
    found, started = [], False
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"\d+\s+(\w+)\(", line)
        if match:
            name = match[1]
            counts[name] = counts.get(name, 0) + 1
            started = started or ".datagen.lock" in line
            if started:
                found.append((name, counts[name]))
    assert len(found) > 80
    return found


@pytest.mark.slow
def test_sigkill_at_every_system_call(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "place" / "out"
    target.parent.mkdir()
    small_data_set.publish(sources[1], target)
    seen = set()
    for name, number in points(sources[2], target, tmp_path / "log"):
        if small_data_set.seed_of(target) != 1:
            small_data_set.publish(sources[1], target)
        inject = ["-o", "/dev/null", "-e", f"inject={name}:signal=SIGKILL:when={number}"]
        trace(inject, sources[2], target)
        seed = small_data_set.seed_of(target)
        seen.add(seed)
        assert check_next_start(target, {1, 2}) == seed
    assert seen == {1, 2}


@pytest.mark.slow
@pytest.mark.parametrize("number", ["ENOSPC", "EIO", "EDQUOT", "EROFS", "EINTR"])
def test_an_error_at_every_system_call(sources: dict[int, Path], tmp_path: Path, number: str) -> None:
    target = tmp_path / "place" / "out"
    target.parent.mkdir()
    small_data_set.publish(sources[1], target)
    for name, place in points(sources[2], target, tmp_path / "log"):
        if number == "EINTR" and name == "close":
            continue  # Linux has closed the file then, and Python takes no second try
        if small_data_set.seed_of(target) != 1:
            small_data_set.publish(sources[1], target)
        result = trace(["-o", "/dev/null", "-e", f"inject={name}:error={number}:when={place}"], sources[2], target)
        seed = small_data_set.seed_of(target)
        assert "Traceback" not in result.stderr, (name, place, result.stderr)
        if result.returncode == 0:
            assert seed == 2, (name, place, result.stderr)
        else:
            assert result.returncode in (2, 3), (name, place, result.stderr)
            assert seed == (2 if "durability" in result.stderr else 1), (name, place, result.stderr)
        assert check_next_start(target, {seed}) == seed
