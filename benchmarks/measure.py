"""Runs whole processes side by side (A B A B …) and keeps wall time, CPU time and peak memory of each process tree."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Measured:
    """Runs of one command: seconds of wall time and CPU, largest resident memory of any one process and of the tree, MiB."""

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    process_mib: list[float] = field(default_factory=list)
    tree_mib: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)  # seconds that the command itself printed, for parts of a process

    @property
    def median(self) -> float:
        return statistics.median(self.told or self.wall)


def compiled() -> dict[str, str]:
    """The environment of a process whose modules are compiled once and kept, as those of an installed package are."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": os.path.join(tempfile.gettempdir(), "datagen-benchmarks")}


def run(command: list[str], measured: Measured, *, one_core: bool = False, **environment: str) -> str:
    """Run one command to its end, with more environment, on one core or on all; its standard output comes back."""
    started, before = time.perf_counter(), os.times()
    if one_core:
        command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *command]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**compiled(), **environment})
    watcher = Watcher(child.pid)
    watcher.start()
    out, _ = child.communicate()
    watcher.stop()
    after = os.times()
    if child.returncode:
        raise SystemExit(f"{measured.name}: {' '.join(command)} ended with {child.returncode}")
    measured.wall.append(time.perf_counter() - started)
    measured.cpu.append(after.children_user + after.children_system - before.children_user - before.children_system)
    measured.process_mib.append(watcher.process / 1024)
    measured.tree_mib.append(watcher.tree / 1024)
    return out


class Watcher(threading.Thread):
    """Looks at a process tree 50 times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.process, self.tree, self._going = pid, 0, 0, True

    def run(self) -> None:
        while self._going:
            sizes = [high_water(pid) for pid in descendants(self.pid)]
            self.process = max([self.process, *sizes])
            self.tree = max(self.tree, sum(sizes))
            time.sleep(0.02)

    def stop(self) -> None:
        self._going = False
        self.join()


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found.extend(descendants(int(child)))
    except OSError:
        return found
    return found


def high_water(pid: int) -> int:
    """Peak resident memory of a process in KiB, 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        return 0
    return 0


def fresh(folder: Path) -> Path:
    """An empty place for output; the folder itself does not exist afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def versions() -> str:
    """What was measured with what."""
    libraries = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "polars", "duckdb", "datagen")
    )
    return (
        f"Python {platform.python_version()}, {libraries}; {len(os.sched_getaffinity(0))} cores, {platform.machine()}"
    )


def record(section: str, text: str) -> None:
    """Put a section of RESULTS.md in place of the one of the same title, or behind the others."""
    path = Path(__file__).with_name("RESULTS.md")
    old = (
        path.read_text()
        if path.exists()
        else "# Benchmark results\n\nEvery table names the command that made it; ratios are of medians of one run.\n"
    )
    head, *sections = old.split("\n## ")
    kept = [one for one in sections if not one.startswith(f"{section}\n")]
    path.write_text(
        "\n## ".join(
            [head.rstrip("\n") + "\n", *[one.rstrip("\n") + "\n" for one in kept], f"{section}\n\n{text.strip()}\n"]
        )
    )


PYTHON = sys.executable
