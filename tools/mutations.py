"""Breaks thousands of documents at random and sees that each is made, or refused in words: `python tools/mutations.py`.

Shipped schemas, single tables of them, the examples of the catalogue and version-1 documents are broken: entries dropped,
doubled, renamed, of another type, at the edge of a range, with references that lead nowhere; characters and lines of the
text lost, added and moved. Each is read, checked and planned, and where it is accepted and small some rows are made, in
a warm process with limits. Sought are tracebacks, deaths, more than 5 s of CPU, more than 512 MB, exit codes of bugs or of the
machine, and findings without their line. What is found is made small, written out, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.results import record  # noqa: E402

SECONDS = 5.0  # of CPU for one document
PATIENCE = 60.0  # seconds without any CPU until a document hangs
MEMORY = 512  # MB resident for one document
MOST_MEMORY = 4 << 30  # bytes of address space, so that the machine outlives what is sought
RECYCLED = 400  # MB of a process between two documents, after which a new one takes its place
TRIES = 200  # documents that are tried to make a failing one small
ENVIRONMENT = {"POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
STAGES = {"read": "not readable", "prepared": "refused by the language", "bound": "refused by the plan"}


@dataclass
class Answer:
    """What became of one document. faults: of Datagen, not of the document."""

    stage: str = ""
    exit: int = 0
    codes: Sequence[str] = ()
    lines: Sequence[int | None] = ()
    faults: Sequence[str] = ()
    detail: str = ""
    seconds: float = 0.0
    memory: float = 0.0


class Worker:
    """A warm process that answers for one document after another, and another one when it died or grew."""

    def __init__(self, command: Sequence[str], *, seconds: float = SECONDS, patience: float = PATIENCE) -> None:
        self.command = command
        self.seconds, self.patience = seconds, patience
        self.process: subprocess.Popen[str] | None = None

    def ask(self, request: dict[str, Any]) -> Answer:
        """The answer for one document; a process that dies or hangs over it is one, too."""
        process = self.process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        used = cpu(process.pid)
        moved, before = time.monotonic(), used
        while not select.select([process.stdout], [], [], 0.1)[0]:
            now = cpu(process.pid)
            moved, before = (moved, before) if now == before else (time.monotonic(), now)
            seconds = now - used
            if seconds > self.seconds or time.monotonic() - moved > self.patience:  # a busy machine is no fault
                return self._stop(f"over {self.seconds:g} s of CPU" if seconds > self.seconds else "waits for ever")
        line = process.stdout.readline()
        if not line:
            return self._stop("")
        answer = Answer(**json.loads(line))
        answer.seconds = cpu(process.pid) - used
        if resident(process.pid) > RECYCLED:
            self.close()
        return answer

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def _start(self) -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, **ENVIRONMENT},
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.process.communicate()[1]
        return self.process

    def _stop(self, fault: str) -> Answer:
        """The end of a process: why it died, or where it was when it took too long."""
        process = self.process
        assert process is not None
        if fault:
            process.send_signal(signal.SIGUSR1)  # tells where it is
            time.sleep(0.2)
            process.kill()
        told = process.communicate()[1][-4000:]
        self.process = None
        ended = f"died with {process.returncode}"
        return Answer("hangs" if fault else "died", 2, faults=[fault or ended], detail=told, seconds=self.seconds)


def cpu(process: int) -> float:
    """Seconds of a process and of its children that have ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def resident(process: int) -> float:
    """MB that a process has now."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 2**20
    except OSError:
        return 0.0


def answer(seed: int) -> None:
    """The inside of a worker: a number, or a text with its path, per line of standard input; an outcome per line out."""
    from tests.corpus import mutants

    for kind in mutants.SHARES:  # not at the cost of the first that are broken
        mutants.sources(kind)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    print("ready")
    for line in sys.stdin:
        request = json.loads(line)
        one = mutants.mutant(request["number"], seed) if "number" in request else mutants.Mutant(**request)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        outcome = mutants.attempt(one).as_dict()
        peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        print(json.dumps({**outcome, "memory": int(peak.split()[1]) / 1024}))


def faults_of(one: Answer) -> list[str]:
    return [*one.faults, *([f"over {MEMORY} MB"] if one.memory > MEMORY else [])]


@dataclass
class Tally:
    """What a run has counted; several threads fill it."""

    stages: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    found: dict[str, list[int]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, 0)
    largest: tuple[float, int] = (0.0, 0)

    def add(self, number: int, one: Answer) -> None:
        stage = "made" if one.stage == "made" and not one.exit else "refused while rows were made"
        stage = "planned, too large to be made" if one.stage == "bound" and not one.exit else stage
        self.stages[STAGES.get(one.stage, stage) if one.exit and one.stage != "made" else stage] += 1
        self.codes.update(set(one.codes))
        self.slowest = max(self.slowest, (one.seconds, number))
        self.largest = max(self.largest, (one.memory, number))
        for fault in faults_of(one):
            if fault not in self.found:
                sys.stderr.write(f"mutant {number}: {fault}\n")
            self.found.setdefault(fault, []).append(number)
            self.answers.setdefault(fault, one)


def run(count: int, start: int, worker: Callable[[], Worker], workers: int, tally: Tally) -> None:
    """Ask for every number. What took too long or too much is asked once more, of a fresh process: it may be warm memory."""
    numbers, lock = iter(range(start, start + count)), threading.Lock()

    def work() -> None:
        mine = worker()
        while (number := taken(numbers, lock)) is not None:
            one = mine.ask({"number": number})
            if one.stage == "hangs" or one.memory > MEMORY:
                mine.close()
                one = mine.ask({"number": number})
            with lock:
                tally.add(number, one)
        mine.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def taken(numbers: Iterator[int], lock: threading.Lock) -> int | None:
    with lock:
        return next(numbers, None)


def smallest(name: str, text: str, path: str, fault: str, ask: Callable[[dict[str, Any]], Answer]) -> str:
    """A smaller document with the same fault: entries of its structure, else lines of its text, are left out."""
    tries = iter(range(TRIES))

    def still(candidate: str) -> bool:
        return next(tries, None) is not None and fault in faults_of(
            ask({"name": name, "text": candidate, "path": path})
        )

    try:
        root = json.loads(text)
    except ValueError:
        return "\n".join(shorter(text.split("\n"), lambda lines: still("\n".join(lines))))
    changed = True
    while changed:
        changed = False
        for place in sorted(entries(root), key=len):
            if (candidate := without(root, place)) is not None and still(json.dumps(candidate, indent=1)):
                root, changed = candidate, True
                break
    return json.dumps(root, indent=1)


def shorter(lines: list[str], still: Callable[[list[str]], bool]) -> list[str]:
    """Lines without those that may be left out, in ever smaller pieces."""
    size = len(lines) // 2
    while size:
        at = 0
        while at < len(lines):
            fewer = lines[:at] + lines[at + size :]
            if still(fewer):
                lines = fewer
            else:
                at += size
        size //= 2
    return lines


def entries(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of everything in a structure."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*place, key)
        yield from entries(inner, (*place, key))


def without(root: Any, place: tuple[Any, ...]) -> Any:
    """A copy of a structure without the entry at a place."""
    root = json.loads(json.dumps(root))
    holder = root
    for key in place[:-1]:
        holder = holder[key]
    del holder[place[-1]]
    return root


def write_out(tally: Tally, seed: int, folder: Path, worker: Callable[[], Worker]) -> None:
    """One small document and one explanation for each fault."""
    from tests.corpus import mutants

    mine = worker()
    folder.mkdir(parents=True, exist_ok=True)
    for place, (fault, numbers) in enumerate(sorted(tally.found.items()), start=1):
        one = mutants.mutant(numbers[0], seed)
        path = folder / f"{place:03}{Path(one.path).suffix}"
        path.write_text(
            smallest(one.name, one.text, one.path, fault, mine.ask), encoding="utf-8", errors="surrogatepass"
        )
        about = f"{fault}\nmutants {', '.join(map(str, numbers[:20]))} of seed {seed}: {one.name}\n\n"
        path.with_suffix(".txt").write_text(about + tally.answers[fault].detail, encoding="utf-8", errors="replace")
        sys.stdout.write(f"{path}: {fault} ({len(numbers)})\n")
    mine.close()


def told(tally: Tally, count: int, seconds: float, command: str) -> str:
    """The run as a table."""
    found = Counter(
        dict.fromkeys(("tracebacks", "deaths", "over 5 s", "over 512 MB", "exit codes", "findings without a place"), 0)
    )
    for fault, numbers in tally.found.items():
        found[kind_of(fault)] += len(numbers)
    rows = [*tally.stages.most_common(), *found.items(), ("different codes told", len(tally.codes))]
    lines = [f"| {what} | {number:,} |" for what, number in rows]
    slowest, largest = tally.slowest, tally.largest
    lines.append(f"| slowest: {slowest[0]:.1f} s of CPU | mutant {slowest[1]} |")
    lines.append(f"| largest: {largest[0]:.0f} MB | mutant {largest[1]} |")
    return "\n".join(
        [f"`{command}`: {count:,} mutants in {seconds / 60:.1f} min", "", "| outcome | mutants |", "|---|---:|", *lines]
    )


def kind_of(fault: str) -> str:
    starts = {
        "died": "deaths",
        "over 512": "over 512 MB",
        "over 5": "over 5 s",
        "waits": "over 5 s",
        "exit": "exit codes",
    }
    for start, kind in starts.items():
        if fault.startswith(start):
            return kind
    return "findings without a place" if ": without" in fault else "tracebacks"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--to", type=Path, default=Path(tempfile.gettempdir()) / "datagen-mutations")
    parser.add_argument("--no-record", action="store_true", help="leave tests/RESULTS.md alone")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.answer:
        with contextlib.suppress(BrokenPipeError):
            answer(given.seed)
        return 0

    def worker() -> Worker:
        return Worker([sys.executable, __file__, "--answer", "--seed", str(given.seed)])

    tally, begun = Tally(), time.monotonic()
    run(given.count, given.start, worker, given.workers, tally)
    command = f"python tools/mutations.py --count {given.count}" + (f" --seed {given.seed}" if given.seed else "")
    text = told(tally, given.count, time.monotonic() - begun, command)
    sys.stdout.write(text + "\n")
    if tally.found:
        write_out(tally, given.seed, given.to, worker)
    if not given.no_record:
        record("Schemas broken at random", text)
    return 1 if tally.found else 0


if __name__ == "__main__":
    sys.exit(main())
