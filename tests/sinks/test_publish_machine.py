"""Publishing on a machine that is in the way: other runs, permissions, full disks, mount points, kills."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_data_set
from small_data_set import publish, refusal

from datagen.errors import DatagenError, MachineError
from datagen.sinks.publish import Stage

SCRIPT = Path(small_data_set.__file__)


def test_a_second_run_is_told_who_has_the_place(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    with Stage(target) as stage:
        started = time.perf_counter()
        for spelling in (target, tmp_path / "x" / ".." / "out"):
            with pytest.raises(MachineError) as caught, Stage(spelling):
                raise AssertionError("entered")
            assert caught.value.findings[0].code == "output.locked"
            assert f"process {os.getpid()} " in caught.value.findings[0].found
        result = subprocess.run(
            [sys.executable, str(SCRIPT), str(sources[1]), str(target)], capture_output=True, text=True, check=False
        )
        assert result.returncode == 3
        assert f"process {os.getpid()} is writing" in result.stderr
        assert time.perf_counter() - started < 10  # a second run that waited for the lock would wait for ever
        assert stage.path.is_dir()
    publish(sources[1], target)
    assert os.listdir(tmp_path) == ["out"]


def test_a_lock_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    lock, precious = tmp_path / ".out.datagen.lock", tmp_path / "precious"
    precious.write_text("a")
    os.link(precious, lock)
    assert refusal(tmp_path / "out") == "output.lock_file"
    os.unlink(lock)
    os.symlink(precious, lock)
    with pytest.raises(MachineError), Stage(tmp_path / "out"):
        raise AssertionError("entered")
    assert precious.read_text() == "a"


def test_races_for_one_directory_end_with_one_whole_data_set(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    publish(sources[1], target)
    copies = [small_data_set.Copy(sources[seed]) for seed in (1, 2)]
    won = lost = 0
    workers = []
    for number in range(6):
        workers.append(os.fork())
        if workers[-1] == 0:
            code = 70
            try:
                for _ in range(10):
                    with contextlib.suppress(MachineError), Stage(target) as stage:
                        copies[number % 2].write(stage.path)
                        stage.publish()
                        code = 0
            finally:
                os._exit(code)
    for worker in workers:
        code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        assert code in (0, 70)
        won, lost = won + (code == 0), lost + (code == 70)
    assert won
    assert small_data_set.seed_of(target) in (1, 2)
    with Stage(target) as stage:
        pass
    assert stage.notes == []
    assert os.listdir(tmp_path) == ["out"]


@pytest.fixture
def nobody() -> Iterator[None]:
    """Not the superuser, who may write anywhere."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


def test_a_parent_that_may_not_be_written_is_named(
    sources: dict[int, Path], tmp_path_factory: pytest.TempPathFactory, nobody: None
) -> None:
    euid = os.geteuid()
    os.seteuid(os.getuid())
    base = Path("/tmp") / f"datagen-test-{os.getpid()}"
    try:
        for name in ("closed", "open"):
            publish(sources[1], base / name / "out")
        (base / "open").chmod(0o777)
        (base / "closed").chmod(0o555)
        (base / "closed" / "out").chmod(0o777)
        base.chmod(0o755)
        os.seteuid(euid)
        for target, code in (
            (base / "closed" / "new", "output.not_writable"),
            (base / "closed" / "out", "output.not_writable"),
            (base / "closed" / "deep" / "new", "disk.permission"),
            (base / "open" / "out", "output.not_writable"),
        ):
            assert refusal(target) == code
    finally:
        os.seteuid(os.getuid())
        for path in base.rglob("*"):
            path.chmod(0o755)
        shutil.rmtree(base)


def outcome(source: Path, target: Path) -> str:
    """`published`, or the code of the one message."""
    try:
        publish(source, target)
    except MachineError as error:
        (finding,) = error.findings
        return finding.code
    return "published"


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.mark.slow
def test_a_full_disk_keeps_the_old_data_set(sources: dict[int, Path], tmp_path: Path) -> None:
    """Needs the right to mount. Sizes from "nothing fits" to "all fits", so that each kind of file meets the end."""
    codes = set()
    for option in ("size=%dk", "size=8m,nr_inodes=%d"):
        for amount in range(12 if "nr_" in option else 20, 60, 4 if "nr_" not in option else 1):
            disk = tmp_path / "disk"
            disk.mkdir()
            mount("-t", "tmpfs", "-o", option % amount, "tmpfs", str(disk))
            try:
                with contextlib.suppress(DatagenError):
                    publish(sources[1], disk / "out")
                if not (disk / "out").exists():
                    continue
                code = outcome(sources[2], disk / "out")
                codes.add(code)
                assert small_data_set.seed_of(disk / "out") == (2 if code == "published" else 1)
                assert os.listdir(disk) == ["out"]
            finally:
                subprocess.run(["umount", str(disk)], check=True)
                disk.rmdir()
    assert codes == {"disk.full", "published"}


@pytest.mark.slow
def test_mount_points_and_read_only_disks_are_named(sources: dict[int, Path], tmp_path: Path) -> None:
    """Needs the right to mount."""
    disk, bound = tmp_path / "disk", tmp_path / "bound with a blank"
    disk.mkdir()
    bound.mkdir()
    mount("-t", "tmpfs", "tmpfs", str(disk))
    mount("--bind", str(sources[1]), str(bound))
    try:
        assert refusal(disk) == "output.mount_point"
        assert refusal(bound) == "output.mount_point"
        publish(sources[1], disk / "out")
        mount("-o", "remount,ro", str(disk))
        with pytest.raises(DatagenError) as caught, Stage(disk / "new"):
            raise AssertionError("entered")
        assert caught.value.findings[0].code == "disk.read_only"
        assert small_data_set.seed_of(disk / "out") == 1
    finally:
        subprocess.run(["umount", str(disk), str(bound)], check=True)


@pytest.mark.slow
def test_a_limit_on_file_size_is_a_message(sources: dict[int, Path], tmp_path: Path) -> None:
    command = f"ulimit -f 1; exec {sys.executable} {SCRIPT} {sources[1]} {tmp_path / 'out'}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.returncode == 3
    assert "disk.file_too_large" in result.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_random_kills_leave_the_old_or_the_new(sources: dict[int, Path], tmp_path: Path) -> None:
    """300 kills at times spread evenly over a run, which takes 80 ms, and longer on a busy machine."""
    target = tmp_path / "out"
    publish(sources[1], target)
    begun = time.monotonic()
    subprocess.run([sys.executable, str(SCRIPT), str(sources[1]), str(target)], check=True)
    length = 1.5 * (time.monotonic() - begun)
    seen = set()
    for number in range(300):
        seed = 1 + number % 2
        process = subprocess.Popen([sys.executable, str(SCRIPT), str(sources[seed]), str(target)])
        time.sleep(length * (number * 0.618 % 1))
        process.kill()
        process.wait()
        seen.add(small_data_set.seed_of(target))
    with Stage(target) as stage:
        pass
    assert stage.notes == []
    assert os.listdir(tmp_path) == ["out"]
    assert seen == {1, 2}
