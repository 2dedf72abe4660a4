"""Kills real runs over an existing data set and looks what is there: `python tools/kills.py --count 500`.

Every second run is killed while its data set is put in its place, the others at any time between their first directory and
their end; file formats and numbers of workers take turns, every fourth run makes a truth set and a clean twin with it, and
of every tenth only a worker is killed. Behind each kill the directory must hold the old data set or the new one, whole, and
behind the start of the next run nothing else; no process may outlive its run. Whatever is otherwise is told, and the exit
code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
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

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.mutations import taken
from tools.results import record

from datagen import api
from datagen.checks.verify import verify
from datagen.engine.options import Options
from datagen.errors import UsageError
from datagen.sinks.manifest import read_manifest
from datagen.sinks.publish import Stage
from datagen.truth import read

SEEDS = (1, 2)
FORMATS = ("parquet", "csv", "ndjson")
PATIENCE = 600.0  # seconds until something that must happen never will, however busy the machine
PUBLISHING = 0.08  # seconds that a run takes at most behind its last file, on a busy machine
DOCUMENT = """
timeframe: {start: 2024-01-01, days: 60}
tables:
  - name: people
    rows: 400
    duplicates: 2%
    columns:
      plan: {choices: {free: 70%, paid: 30%}}
      age: {type: int, uniform: {low: 18, high: 80}, imperfections: {missing: 5%}}
    segment_behavior: {free: {}, paid: {fanout_multiplier: 2}}
  - name: visits
    parents: [people]
    fanout: {poisson: 3}
    columns: {came: {datetime_series: {}}, long: {lognormal: {median: 10, sigma: 1}, imperfections: {outliers: 1%}}}
  - name: cities
    rows: 50
    columns: {city: {sequence: 1}}
  - name: by_plan
    pk: plan
    columns: [{name: plan, type: string}, {name: people, type: int}]
    sql: select plan, count(*) as people from people group by plan order by plan
  - name: by_day
    pk: day
    columns: [{name: day, type: date}, {name: visits, type: int}]
    sql: select cast(came as date) as day, count(*) as visits from visits group by 1 order by day
"""  # two trees of tables, so that two workers have something to do


class BrokenError(Exception):
    """What a kill must never leave behind."""


@dataclass(frozen=True)
class Kill:
    """One run that is killed. worker: only one of its workers is; share: of the time in which it may happen."""

    number: int
    format: str
    workers: int
    pair: bool
    publishing: bool
    worker: bool
    share: float


def plan_of_kill(number: int, seed: int) -> Kill:
    """The n-th kill: everything takes its turns, only the moment is drawn."""
    share = random.Random(f"{seed} {number}").random()
    worker = number % 10 == 5
    return Kill(
        number, FORMATS[number // 2 % 3], 2 if worker else 1 + number // 3 % 2, number % 4 == 3,
        publishing=number % 2 == 0 and not worker, worker=worker, share=share,
    )  # fmt: skip


class Place:
    """A directory with a data set of one of two seeds, and where `pair` with its truth set; both are made anew and anew."""

    def __init__(self, folder: Path, *, pair: bool) -> None:
        self.pair = pair
        self.schema, self.target = folder / "people.yaml", folder / "set" / "out"
        self.target.parent.mkdir(parents=True)
        self.schema.write_text(DOCUMENT)
        self.truth = Path(f"{self.target}.truth")
        self.options = Options(clean=pair, truth=pair)
        made = {
            seed: api.generate(api.prepare(str(self.schema), seed=seed), folder / str(seed), self.options)
            for seed in SEEDS
        }
        self.seed_of = {one.content_hash: seed for seed, one in made.items()}

    def begin(self, seed: int, format: str = "parquet", workers: int = 1) -> subprocess.Popen[str]:
        """A run as a process."""
        words = [
            "generate",
            self.schema,
            "-o",
            self.target,
            "--seed",
            seed,
            "--workers",
            workers,
            "--format",
            format,
            "-q",
        ]
        words += ["--truth", "--clean"] if self.pair else []
        return subprocess.Popen([sys.executable, "-m", "datagen", *map(str, words)], stderr=subprocess.PIPE, text=True)

    def look(self) -> tuple[int, int]:
        """The seeds of the data and of the answers that are there, both whole; those of other data must be refused."""
        self._whole(self.target)
        manifest = read_manifest(self.target)
        data = self.seed_of.get(manifest.content_hash, 0)
        if not data or manifest.clean != self.pair:
            raise BrokenError("the data set is neither of the two")
        if not self.pair:
            return data, data
        self._whole(self.truth)
        answers = self.seed_of.get(str(read_manifest(self.truth).truth_of), 0)
        try:
            told = bool(read(self.truth, self.target).effects)
        except UsageError as error:
            told = error.findings[0].code != "truth.other_data"
        if not answers or told != (data == answers):
            raise BrokenError("the answers of one data set are taken for those of the other")
        return data, answers

    def _whole(self, directory: Path) -> None:
        try:
            wrong = verify(directory)
        except UsageError as error:
            wrong = list(error.findings)
        if wrong:
            raise BrokenError(f"{directory.name} is not whole: {wrong[0].code}")

    def tidy(self) -> tuple[int, int]:
        """What is there after the start of the next run, which is given up: no stage, no lock, nothing half moved."""
        with contextlib.ExitStack() as stack:
            stages = [stack.enter_context(Stage(one)) for one in (self.target, self.truth)[: 1 + self.pair]]
        notes = {note.code for stage in stages for note in stage.notes} - {"output.recovered"}
        left = sorted(set(os.listdir(self.target.parent)) - {self.target.name, self.truth.name}) + sorted(notes)
        if left:
            raise BrokenError(f"left over: {', '.join(left)}")
        return self.look()


def until(happened: Callable[[], object], process: subprocess.Popen[str], pause: float = 0.001) -> bool:
    """Waits for something while a process runs; whether it still runs then."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and not happened():
        if time.monotonic() > end:
            raise BrokenError("a run hangs")
        time.sleep(pause)
    return process.poll() is None


def children(process: int) -> list[int]:
    """The processes that one has begun."""
    try:
        found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, found) for one in (child, *children(child))]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@dataclass
class Tally:
    """What the kills left behind."""

    seen: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def strike(place: Place, kill: Kill, last: int, length: float, tally: Tally) -> int:
    """Begin a run of the other seed, kill it, and look; gives the seed of the data that are there. Raises BrokenError."""
    seed = 3 - last
    process = place.begin(seed, kill.format, kill.workers)
    folder = place.target.parent
    try:
        runs = until(lambda: any(folder.glob(".*.datagen-*")), process)
        if kill.publishing and runs:  # its last file is the manifest, of the answers where there are some
            name = place.truth.name if place.pair else place.target.name
            runs = until(lambda: any(folder.glob(f".{name}.datagen-*/manifest.json")), process)
        begun = children(process.pid)
        if kill.worker and runs:
            runs = until(lambda: len(begun.extend(children(process.pid)) or begun) > 0, process)
            tally.seen["told by the run: a worker is gone"] += told_of_worker(process, begun, kill, length)
        else:
            time.sleep((PUBLISHING if kill.publishing else length) * kill.share)
            begun += children(process.pid)
            tally.seen["over before the kill"] += process.poll() is not None
            process.kill()
        process.communicate()
    finally:
        process.kill()
        process.wait()
    end = time.monotonic() + 5
    while outlived := [one for one in begun if alive(one)]:
        if time.monotonic() > end:
            raise BrokenError(f"{len(outlived)} processes outlive their run")
        time.sleep(0.01)
    if not kill.publishing or place.target.exists():
        place.look()
    found = place.tidy()
    words = {
        (last, last): "the old data set",
        (seed, seed): "the new data set",
        (last, seed): "the old one, new answers refused",
    }
    if found not in words:
        raise BrokenError("new data with the answers of the old")
    tally.seen[words[found]] += 1
    if found[0] != found[1]:  # both of one seed before the next kill
        made = place.begin(last)
        made.communicate()
        if made.returncode:
            raise BrokenError(f"the next run ends with {made.returncode}")
    return found[0]


def told_of_worker(process: subprocess.Popen[str], begun: Sequence[int], kill: Kill, length: float) -> bool:
    """Kill a worker: the run ends by itself with a message. False where it had done its work."""
    time.sleep(length * kill.share / 2)
    for one in begun[-1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    try:
        told = process.communicate(timeout=PATIENCE)[1]
    except subprocess.TimeoutExpired as error:
        raise BrokenError("a run waits for a worker that is dead") from error
    if "Traceback" in told or "internal.bug" in told or process.returncode not in (0, 3):
        raise BrokenError(f"a run whose worker is dead ends with {process.returncode}: {told[-200:]}")
    return process.returncode == 3


def run(folder: Path, numbers: Iterator[int], seed: int, tally: Tally) -> None:
    """One kill after another, each over what the one before has left."""
    places = {pair: Place(folder / ("pair" if pair else "single"), pair=pair) for pair in (False, True)}
    length = {pair: begun_with(place) for pair, place in places.items()}
    last = dict.fromkeys(places, 1)
    for number in numbers:
        kill = plan_of_kill(number, seed)
        try:
            last[kill.pair] = strike(places[kill.pair], kill, last[kill.pair], length[kill.pair], tally)
        except BrokenError as error:
            tally.broken.append(f"{kill}: {error}")
            sys.stderr.write(tally.broken[-1] + "\n")
            places[kill.pair] = Place(folder / f"again-{number}", pair=kill.pair)
            begun_with(places[kill.pair])
            last[kill.pair] = 1


def begun_with(place: Place) -> float:
    """Make the first data set of a place; the seconds from its first directory to its end, and a tenth."""
    process = place.begin(1)
    until(lambda: any(place.target.parent.glob(".*.datagen-*")), process)
    begun = time.monotonic()
    process.communicate()
    if process.returncode or place.look() != (1, 1):
        raise BrokenError("a run that nobody kills fails")
    return 1.1 * (time.monotonic() - begun)


def told(tally: Tally, count: int, seconds: float, command: str) -> str:
    """The run as a table."""
    kinds = {
        "is not whole": "mixed",
        "neither": "mixed",
        "answers of": "mixed",
        "left over": "left over",
        "outlive": "processes left",
    }
    bad = Counter(dict.fromkeys((*kinds.values(), "anything else"), 0))
    for line in tally.broken:
        bad[next((kind for words, kind in kinds.items() if words in line), "anything else")] += 1
    lines = [f"| {what} | {number} |" for what, number in itertools.chain(sorted(tally.seen.items()), bad.items())]
    return "\n".join(
        [f"`{command}`: {count} kills in {seconds / 60:.1f} min", "", "| behind a kill | times |", "|---|---:|", *lines]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--beside", type=int, default=2, help="how many runs go on beside each other, each in places of its own"
    )
    parser.add_argument("--no-record", action="store_true", help="leave tests/RESULTS.md alone")
    given = parser.parse_args(arguments)
    tally, begun = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="datagen-kills-") as folder:
        numbers, lock = iter(range(given.count)), threading.Lock()

        def work(beside: int) -> None:
            try:
                run(Path(folder) / str(beside), iter(lambda: taken(numbers, lock), None), given.seed, tally)
            except BrokenError as error:
                tally.broken.append(str(error))

        threads = [threading.Thread(target=work, args=(beside,)) for beside in range(given.beside)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    command = f"python tools/kills.py --count {given.count}" + (f" --seed {given.seed}" if given.seed else "")
    text = told(tally, given.count, time.monotonic() - begun, command)
    sys.stdout.write(text + "\n")
    if not given.no_record:
        record("Runs killed at random", text)
    return 1 if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main())
