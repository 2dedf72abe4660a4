"""The command as a process: start-up, what is loaded, signals, pipes, closed streams, poor terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import SHOP, call, command, environment, shop, spawn

HEAVY = {"polars", "_duckdb", "duckdb", "faker", "scipy", "sqlglot", "rich", "ruamel"}


def loaded(*words: object) -> tuple[set[str], float]:
    """The libraries that a call loads, and the seconds that it takes without starting Python."""
    code = (
        "import sys, time; began = time.perf_counter(); sys.argv = ['datagen', *sys.argv[1:]]\n"
        "import os; os._exit = sys.exit  # main leaves at once, and there is something to say behind it\n"
        "from datagen.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('@', time.perf_counter() - began, *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=True, timeout=60
    )
    seconds, *names = done.stdout.rsplit("@", 1)[1].split()
    return set(names), float(seconds)


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_load_no_library_but_click(word: str) -> None:
    seconds = []
    for _ in range(3):  # the best of three: other work on the machine is not ours
        names, taken = loaded(word)
        assert not names & {*HEAVY, "numpy", "pydantic", "yaml"}
        seconds.append(taken)
        if taken < 0.3:
            break
    assert min(seconds) < 0.3


def test_importing_the_package_loads_nothing(tmp_path: Path) -> None:
    code = "import datagen, sys; print(datagen.__version__, *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    names = {name.split(".")[0] for name in done.stdout.split()}
    assert not names & {*HEAVY, "numpy", "pydantic", "yaml", "click"}


def test_validating_loads_no_frames_and_no_database(tmp_path: Path) -> None:
    names, _ = loaded("validate", shop(tmp_path))
    assert "pydantic" in names
    assert not names & {"polars", "_duckdb", "duckdb", "faker", "scipy", "rich", "ruamel"}


@contextmanager
def running(*words: object, **more: object) -> Iterator[subprocess.Popen[str]]:
    """A call that is going on."""
    process = subprocess.Popen(  # type: ignore[call-overload]
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stage_of(directory: Path) -> Path:
    """The directory in which a run is making files, once there is one."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for path in directory.glob(".out.datagen-*"):
            if path.is_dir():
                return path
        time.sleep(0.01)
    raise AssertionError("the run never began to write")


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_a_signal_ends_a_run_in_two_seconds_and_leaves_nothing(number: int, workers: int, tmp_path: Path) -> None:
    path = shop(tmp_path)
    words = ("generate", path, "--set", "customers=20M", "-o", tmp_path / "out", "--workers", workers)
    with running(*words) as process:
        stage_of(tmp_path)
        began = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - began < 4.0  # two on a quiet machine; half a second is usual
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert [found.name for found in tmp_path.iterdir()] == ["shop.yaml"]


def test_the_old_data_set_outlives_an_interrupted_run(tmp_path: Path) -> None:
    path = shop(tmp_path)
    assert call("generate", path, "-o", tmp_path / "out").code == 0
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    with running("generate", path, "--set", "customers=20M", "-o", tmp_path / "out") as process:
        stage_of(tmp_path)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert sorted(found.name for found in tmp_path.iterdir()) == ["out", "shop.yaml"]


def test_a_reader_that_goes_away_gets_no_traceback(tmp_path: Path) -> None:
    for words in (("schema",), ("preview", shop(tmp_path), "--json", "-n", "1000", "--set", "customers=5000")):
        with running(*words) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.wait(timeout=60) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""


def test_a_run_goes_on_when_nobody_reads_its_progress(tmp_path: Path) -> None:
    with running("generate", shop(tmp_path), "-o", tmp_path / "out", "-v") as process:
        assert process.stderr is not None
        process.stderr.close()
        assert process.wait(timeout=60) == 0
    assert call("verify", tmp_path / "out").code == 0


def test_closed_streams_are_not_taken_for_files(tmp_path: Path) -> None:
    shop(tmp_path)
    line = f"'{sys.executable}' -m datagen generate shop.yaml -o out <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], cwd=tmp_path, check=False, timeout=60).returncode == 0
    assert call("verify", tmp_path / "out").code == 0
    line = f"'{sys.executable}' -m datagen validate - <&-"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "[load.empty]" in done.stderr


def test_a_full_disk_behind_standard_output_is_exit_code_3() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(command("schema"), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert "[terminal.not_writable]" in done.stderr
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "TERM": None},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "TERM": "dumb", "NO_COLOR": "1"},
    ],
    ids=["ascii", "posix"],
)
def test_poor_terminals_show_foreign_names_escaped(changes: dict[str, str | None], tmp_path: Path) -> None:
    path = shop(tmp_path, SHOP.replace("[Oslo, Rome]", "[Köln, 東京], wieghts: [1, 2]"), "köln.yaml")
    done = spawn("validate", path, env=environment(**changes))
    assert done.code == 1
    assert re.search(r"k(\\xf6|\\udcc3\\udcb6)ln\.yaml:8:", done.err)
    answer = spawn("expand", shop(tmp_path, SHOP.replace("Oslo", "Köln")), env=environment(**changes))
    assert answer.code == 0
    assert "Köln" in json.dumps(json.loads(answer.out), ensure_ascii=False)


def on_a_terminal(*words: object, **changes: str | None) -> tuple[int, str]:
    """A call whose three streams are a terminal: its exit code and what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command(*words), stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**changes))
    os.close(theirs)
    shown = b""
    end = time.monotonic() + 60
    try:
        while select.select([ours], [], [], max(0.0, end - time.monotonic()))[0]:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
            shown += piece
        code = process.wait(timeout=max(0.1, end - time.monotonic()))
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return code, shown.decode(errors="replace")


def test_a_terminal_gets_bars_and_drawn_tables(tmp_path: Path) -> None:
    path = shop(tmp_path)
    code, shown = on_a_terminal("generate", path, "-o", tmp_path / "out", TERM="xterm", NO_COLOR=None, COLUMNS="100")
    assert code == 0
    assert "orders" in shown
    assert "\x1b[" in shown
    assert "published in" in shown
    code, shown = on_a_terminal("preview", path, TERM="xterm", NO_COLOR="1", COLUMNS="100")
    assert code == 0
    assert "─" in shown
    assert "\x1b[3" not in shown  # no colours


def test_a_terminal_without_abilities_gets_plain_lines(tmp_path: Path) -> None:
    code, shown = on_a_terminal("generate", shop(tmp_path), "-o", tmp_path / "out", TERM="dumb")
    assert code == 0
    assert "\x1b" not in shown
    assert "customers: 20 rows" in shown
