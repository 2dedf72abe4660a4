"""Puts forty faults into the engine, one after the other, and sees that the tests find each: `python tools/seeded_faults.py`.

A fault is a small change that somebody could make by mistake: a border off by one, a lost block, draws that are shared, a
check that is too kind, an fsync that is left out. Each is made in a copy of the package, and of the tests only those that
must turn red are run. A test that stays green, or a text that no longer stands in its file once, is told, and the exit
code is 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.mutations import taken  # noqa: E402
from tools.results import record  # noqa: E402

SECONDS = 900  # for the tests of one fault, on a busy machine


@dataclass(frozen=True)
class Fault:
    """What is changed, where, and the test files that must notice; `only` picks tests in them by words of their names."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    only: str = ""


FAULTS = (
    # how the work is cut and counted
    Fault("a block ends one row early", "engine/grain.py", "rows = int(ends[last - 1]) - done\n", "rows = int(ends[last - 1]) - done - 1\n", ("engine/test_grain.py",)),
    Fault("the last root block of a grain is lost", "engine/grain.py", "range(self.grain.first, self.grain.last, size)", "range(self.grain.first, self.grain.last - size, size)", ("engine/test_grain.py",)),
    Fault("ordinals begin at 1", "engine/grain.py", "np.repeat(starts, mine)\n", "np.repeat(starts, mine) + 1\n", ("engine/test_grain.py",)),
    Fault("a grain begins where only the one before it ended", "engine/ledger.py", "begun[table] = begun.get(table, 0) + number", "begun[table] = number", ("engine/test_ledger.py",)),
    Fault("the cut of the last cell keeps everything", "kernel/cells.py", "self.counts[partial] = before + kept", "self.counts[partial] = before + inside", ("kernel/test_cells.py",)),
    Fault("clamps of fan-outs are forgotten", "rows/_rate.py", "clamped(cells.counts, self.clamp, length)", "clamped(cells.counts, (0.0, math.inf), length)", ("recovery/test_fanout.py",), "clamp"),
    # chance
    Fault("names run together in a salt", "kernel/address.py", "digest.update(kind + len(part).to_bytes(8, \"little\") + part)", "digest.update(part)", ("kernel/test_address.py",)),
    Fault("children of many parents share addresses", "kernel/address.py", "scratch = np.bitwise_xor(parents, key)", "scratch = np.bitwise_xor(parents & np.uint64(1023), key)", ("kernel/test_address.py",)),
    Fault("columns share their uniforms", "kernel/draws.py", "], salt, out=piece)\n        mix(piece, scratch[: len(piece)])\n        np.right_shift", "], salt & 1, out=piece)\n        mix(piece, scratch[: len(piece)])\n        np.right_shift", ("kernel/test_draws.py",)),
    Fault("a permutation leaves its range", "kernel/permute.py", "outside = outside[walking >= n]\n", "outside = outside[walking > n]\n", ("kernel/test_permute.py",)),
    Fault("a pick misses one row of its tree", "kernel/picks.py", "falls = thrown <= small", "falls = thrown < small", ("kernel/test_picks.py",)),
    Fault("ties are broken by the later one", "kernel/quotas.py", "order = np.argsort(-remainders, kind=\"stable\")", "order = np.lexsort((-np.arange(len(remainders)), -remainders))", ("kernel/test_quotas.py",)),
    Fault("an unstable sort in a stream", "rows/_stream.py", "    order = np.argsort(packed, kind=\"stable\")", "    order = np.argsort(packed[::-1], kind=\"stable\")[::-1] * -1 + len(packed) - 1", ("rows/test_streams.py", "rows/test_sorted_streams.py")),
    # time
    Fault("a window of an effect ends inclusively", "kernel/effects.py", "all_times = np.concatenate([starts, ends,", "all_times = np.concatenate([starts, ends + 1,", ("kernel/test_effects.py",)),
    Fault("the latest of overlapping effects wins", "kernel/effects.py", "size, np.minimum, len(low))", "size, np.maximum, -1)", ("kernel/test_effects.py",)),
    Fault("weekdays begin on Tuesday", "kernel/clock.py", "np.add(days, 3, out=days)", "np.add(days, 2, out=days)", ("kernel/test_clock.py",)),
    Fault("the clock changes a moment late", "kernel/zones.py", "np.searchsorted(moments, inside, side=\"right\") - 1", "np.maximum(np.searchsorted(moments, inside, side=\"left\") - 1, 0)", ("kernel/test_seasons.py", "kernel/test_clock.py", "rows/test_zone_lines.py")),
    Fault("seasons lose their mean", "kernel/seasons.py", "        return found / mean\n", "        return found\n", ("kernel/test_seasons.py",)),
    Fault("a curve by age ends one unit early", "kernel/ages.py", "(last if self.linear else last + 1)", "(last if self.linear else last)", ("kernel/test_ages.py",)),
    # generators, modifiers, behaviours
    Fault("a sequence begins one step late", "generators/sequence.py", "block.row_number * step + start)", "(block.row_number + 1) * step + start)", ("parts/test_sequence.py",)),
    Fault("keys are found one place off", "kernel/key_codes.py", "self._table[self.distinct - self._low + 1]", "self._table[self.distinct - self._low]", ("kernel/test_key_codes.py",)),
    Fault("modifiers act in the wrong order", "plan/bind_columns.py", "    changes += value_multipliers(binding, column)\n", "    changes = changes[::-1] + list(value_multipliers(binding, column))\n", ("parts/test_clamp.py", "parts/test_add.py", "parts/test_multiply.py")),
    Fault("whole numbers are rounded down", "plan/seal.py", "numbers = np.rint(values.array)", "numbers = np.floor(values.array)", ("engine/test_seal.py",)),
    Fault("missing values pass in a column that has none", "plan/seal.py", "if values.valid is not None and not form.nullable and column.when is None:", "if False:", ("engine/test_seal.py",)),
    Fault("one touch counts twice towards a conversion", "rows/_conversion_chance.py", "counted.astype(np.float64) - 1.0)", "counted.astype(np.float64))", ("rows/test_journeys.py", "recovery/test_attribution_chain.py")),
    # errors of recording
    Fault("a cell is spoiled twice", "engine/chosen.py", "        whole = whole & ~mask\n", "        whole = whole\n", ("imperfections",)),
    Fault("a line of the ledger is lost", "engine/spoil.py", "    pieces.append(_piece(here, len(table.visible), 0, None, COPY, nothing, nothing))\n", "    pieces.append(_piece(here[1:], len(table.visible), 0, None, COPY, nothing[1:], nothing[1:]))\n", ("imperfections/test_ledger.py",)),
    Fault("a late time may be on time", "imperfections/late.py", "np.maximum(later, step)", "later", ("imperfections/test_late.py",)),
    Fault("one copy too many", "engine/chosen.py", "np.arange(number, dtype=np.int64), total, table.key ^ copies.key", "np.arange(min(number + 1, total), dtype=np.int64), total, table.key ^ copies.key", ("imperfections/test_duplicates.py",)),
    # files and publishing
    Fault("an error of closing is swallowed", "sinks/part.py", "            raise machine_error(error, \"closing\", self.path) from error\n        return", "            pass\n        return", ("sinks/test_part.py",)),
    Fault("a short write is taken for a whole one", "sinks/part.py", "while done < len(view):", "if done < len(view):", ("sinks/test_part.py",)),
    Fault("files are not synced before they are published", "sinks/exchange.py", "            sync(Path(folder, name))\n", "            pass\n", ("sinks/test_publish.py",)),
    Fault("two runs may hold the lock", "sinks/lock.py", "fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB", ("sinks/test_publish_machine.py",)),
    Fault("half a data set is published", "sinks/publish.py", "        if size != file.bytes:", "        if size > file.bytes:", ("sinks/test_publish.py",)),
    # checks
    Fault("checksums are not compared", "checks/verify.py", "elif digest != file.sha256:", "elif digest == \"\":", ("checks/test_verify.py",)),
    Fault("the tolerance of chance is three times too wide", "checks/chance.py", "return max(by_chance, self.practical)", "return 3 * max(by_chance, self.practical)", ("checks/test_score.py",)),
    Fault("keys above the last one point somewhere", "checks/structural.py", "other.low <= own.low and own.high <= other.high", "other.low <= own.low", ("checks/test_structural.py",)),
    # schema and SQL
    Fault("numbers too large for a float are read", "schema/load_tree.py", "    if math.isinf(value):", "    if False:", ("corpus/test_bad_load.py",)),
    Fault("queries may read files", "sql/database.py", "\"enable_external_access = false\"", "\"TimeZone = 'UTC'\"", ("sql/test_attacks.py",), "behind_the_grammar"),
    Fault("tables may be functions of any name", "sql/grammar.py", "called[\"function_name\"].lower() not in TABLE_FUNCTIONS", "False", ("sql/test_attacks.py",)),
)  # fmt: skip


def misplaced(fault: Fault) -> str:
    """Why a fault cannot be put in; empty where it can."""
    times = (ROOT / "src" / "datagen" / fault.file).read_text().count(fault.old)
    gone = [name for name in fault.tests if not (ROOT / "tests" / name).exists()]
    if times != 1:
        return f"its text stands {times} times in {fault.file}"
    return f"no tests {', '.join(gone)}" if gone else ""


def caught(fault: Fault, package: Path) -> tuple[bool, str]:
    """Whether the tests turn red with the fault in a copy of the package; the first of them that does."""
    path = package / "datagen" / fault.file
    sound = path.read_text()
    path.write_text(sound.replace(fault.old, fault.new))
    try:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
        ]
        command += ["-k", fault.only] if fault.only else []
        done = subprocess.run(
            [*command, *(f"tests/{name}" for name in fault.tests)], cwd=ROOT, capture_output=True, text=True,
            timeout=SECONDS, env={**os.environ, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return True, "the tests hang"
    finally:
        path.write_text(sound)
    red = [
        line.partition(" - ")[0].removeprefix("FAILED ").removeprefix("ERROR ")
        for line in done.stdout.splitlines()
        if line.startswith(("FAILED ", "ERROR "))
    ]
    return done.returncode == 1, red[0].removeprefix("tests/") if red else f"pytest ends with {done.returncode}"


def run(faults: Sequence[Fault], workers: int) -> dict[Fault, tuple[bool, str]]:
    """What became of each fault."""
    found: dict[Fault, tuple[bool, str]] = {}
    waiting, lock = iter(faults), threading.Lock()

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="datagen-faults-") as folder:
            shutil.copytree(ROOT / "src", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            for fault in unless_done(waiting, lock):
                wrong = misplaced(fault)
                found[fault] = (False, wrong) if wrong else caught(fault, Path(folder))
                if not found[fault][0]:
                    sys.stderr.write(f"not caught: {fault.what}: {found[fault][1]}\n")

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def unless_done(waiting: Iterator[Fault], lock: threading.Lock) -> Iterator[Fault]:
    while (fault := taken(waiting, lock)) is not None:
        yield fault


def told(found: dict[Fault, tuple[bool, str]], faults: Sequence[Fault], seconds: float) -> str:
    """The run as a table, in the order of the list."""
    good = sum(one[0] for one in found.values())
    lines = [f"`python tools/seeded_faults.py`: {good} of {len(faults)} caught, {seconds / 60:.1f} min", ""]
    lines += ["| fault | in | caught by |", "|---|---|---|"]
    for fault in faults:
        ok, by = found[fault]
        lines.append(f"| {fault.what} | {fault.file} | {by if ok else f'**nothing**: {by}'} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="faults whose words or files have this in them")
    parser.add_argument("--no-record", action="store_true", help="leave tests/RESULTS.md alone")
    given = parser.parse_args(arguments)
    faults = [one for one in FAULTS if given.only in f"{one.what} {one.file}"]
    begun = time.monotonic()
    found = run(faults, given.workers)
    text = told(found, faults, time.monotonic() - begun)
    sys.stdout.write(text + "\n")
    if not given.no_record and not given.only:
        record("Faults put into the engine", text)
    return 0 if all(ok for ok, _ in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
