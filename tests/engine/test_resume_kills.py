"""Runs of shipped schemas are killed again and again, and gone on with until they are published: as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from datagen.checks.verify import verify
from datagen.engine.parts import part_path
from datagen.sinks.journal import Journal
from tests.engine.test_resume import contents

KILLS = 20
PIECES = 12  # about as many as every run is cut into
CASES = {
    "shop": ("--scale", "0.2", "--truth"),
    "course_churn": ("--scale", "0.2"),
    "saas": ("--scale", "0.2"),
    "worktrack": ("--truth", "--no-profile"),
}
SMALL = "import sys; from datagen.engine import grain; grain.GRAIN_ROWS = int(sys.argv.pop(1)); from datagen.cli import main; main()"
File = tuple[
    int, int
]  # inode and time of the last change: what stays of a file with another name, and of no other file


class Run:
    """A run of a shipped schema into one place, begun as often as need be."""

    def __init__(self, target: Path, name: str, format: str, workers: int, rows: int) -> None:
        self.target = target
        self.words = [
            "generate",
            name,
            "-o",
            target,
            "-f",
            format,
            "--workers",
            workers,
            "--gate",
            "none",
            "--resume",
            "-q",
        ]
        self.words += CASES[name]
        self.format, self.rows = format, rows
        self.fresh = True  # nothing of it has been killed yet

    def begin(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SMALL, *map(str, (self.rows, *self.words))]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        until(lambda: self.stage() is not None or process.poll() is not None)
        return process

    def stage(self) -> Path | None:
        """The stage of the data, while there is one."""
        return next(self.target.parent.glob(f".{self.target.name}.datagen-*"), None)

    def finished(self) -> dict[str, File]:
        """The files of the finished pieces that lie in the stage, by the names that they were written under."""
        stage = self.stage()
        if stage is None:
            return {}
        journal = Journal(stage)
        moves = dict(journal.moves())
        found = {}
        for number, facts in (journal.pieces() if journal.run() is not None else {}).items():
            assert facts is not None
            for table, place, *_ in facts["parts"]:
                name = part_path(table, number, place, self.format)
                here = [path for path in (stage / name, stage / moves.get(name, name)) if path.exists()]
                found[name] = as_file(here[0])
        return found


def as_file(path: Path) -> File:
    state = path.stat()
    return state.st_ino, state.st_mtime_ns


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.001)


def rows_of_a_piece(name: str) -> int:
    from datagen import api

    scale = dict(zip(CASES[name][::2], CASES[name][1::2], strict=False)).get("--scale", "1")
    plan = api.prepare(name, scale=float(scale)).bind(look=False)
    return max(100, int(max(table.planned_rows for table in plan.tables.values()) / PIECES))


def kill(process: subprocess.Popen[str], *, worker: bool) -> None:
    """The run, or only a process that it has begun, if it has one; then it says so, and keeps what is finished."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    children = listed.read_text().split() if process.poll() is None else []
    if worker and children:
        os.kill(int(children[-1]), signal.SIGKILL)  # the first runs SQL, and is not missed
    else:
        process.kill()
    process.communicate(timeout=600)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("name", "format"), [(name, format) for name in CASES for format in ("csv", "parquet")])
def test_kills_at_any_time_change_no_byte(tmp_path: Path, name: str, format: str, workers: int) -> None:
    """Twenty kills, one or some in a row until a run is left alone and publishes; then the next row begins."""
    rows = rows_of_a_piece(name)
    whole = Run(tmp_path / "whole" / "out", name, format, workers, rows)
    process, began = whole.begin(), time.monotonic()
    _, said = process.communicate()
    assert process.returncode == 0, said
    length = time.monotonic() - began
    chance = random.Random(f"{name} {format} {workers}")
    row, kills, kept, most, anew = 0, 0, 0, 0, 0
    while kills < KILLS:
        row += 1
        run = Run(tmp_path / f"row{row}" / "out", name, format, workers, rows)
        before: dict[str, File] = {}
        while not run.target.exists():
            process = run.begin()
            if kills < KILLS and (run.fresh or chance.random() < 0.5):
                run.fresh = False
                time.sleep(length * chance.random())
                kills += process.poll() is None
                kill(process, worker=kills % 4 == 0)
            else:
                _, said = process.communicate()
                assert process.returncode == 0, said
            if run.target.exists():
                break
            after = run.finished()
            stage = run.stage()
            if stage is not None and before and Journal(stage).run() is None:  # killed just before the move
                anew, before = anew + 1, {}
            assert {name: after[name] for name in before} == before
            before, most = after, max(most, len(after))
        published = {as_file(path) for path in run.target.rglob("*") if path.is_file()}
        assert set(before.values()) <= published
        kept += len(before)
        if sorted(os.listdir(run.target.parent)) != sorted(os.listdir(whole.target.parent)):  # killed behind the move
            run.begin().communicate()
        assert sorted(os.listdir(run.target.parent)) == sorted(os.listdir(whole.target.parent))
        assert contents(run.target) == contents(whole.target)
        assert verify(run.target) == []
        truth = Path(f"{run.target}.truth")
        if truth.exists():
            assert contents(truth) == contents(Path(f"{whole.target}.truth"))
    print(
        f"{name} {format} {workers}: {kills} kills, {row} data sets, {most} files at most, {kept} kept to the end, {anew} anew"
    )
    assert most
    assert anew <= 2  # the milliseconds between the end of the journal and the move
