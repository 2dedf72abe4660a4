"""The same schema and seed give the same data: today, in any number of workers and blocks, on any machine.

When a hash differs: was the change of the data meant? Then `python -m tests.golden.update`, and say so in the commit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from datagen import api
from datagen.datasets import shipped
from datagen.engine import executor, grain
from datagen.engine.block import BLOCK_ROWS
from datagen.engine.grain import Grain
from datagen.engine.ledger import Ledger
from datagen.engine.runners import Finished, Here, nobody
from datagen.engine.work import Progress, Written
from tests.golden.content import content, golden

ROOT = Path(__file__).parents[2]
STRANGE = {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}
# numpy names the levels of a processor X86_V4, X86_V3 or, in older releases, one by one
WIDE = {"X86_V4", "AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR"}
MIDDLE = {"X86_V3", "AVX", "F16C", "FMA3", "AVX2"}
NARROW_LIBC = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512DQ,-AVX2,-FMA,-AVX2_Usable,-FMA_Usable"


@pytest.mark.parametrize("name", shipped())
def test_the_data_are_those_on_file(name: str) -> None:
    assert content(name) == golden()[name]


def test_every_file_hash_belongs_to_a_shipped_schema() -> None:
    assert list(golden()) == list(shipped())


@pytest.mark.parametrize("name", shipped())
def test_another_file_format_and_small_blocks_hold_the_same_data(name: str) -> None:
    assert content(name, format="csv", block_rows=1_000) == golden()[name]


class Apart:
    """Two workers without processes: each counts and writes every other grain, the last one first."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.workers = [Here(*given, **named), Here(*given, **named)]

    def count(self, grains: Sequence[Grain], tables: frozenset[str]) -> dict[int, dict[str, int]]:
        halves = [worker.count(grains[place::2][::-1], tables) for place, worker in enumerate(self.workers)]
        return {**halves[1], **halves[0]}

    def tell(self, ledger: Ledger) -> None:
        for worker in self.workers:
            worker.tell(ledger)

    def write(self, grains: Sequence[Grain], progress: Progress, finished: Finished = nobody) -> Iterable[Written]:
        for place, worker in enumerate(self.workers):
            yield from worker.write(grains[1 - place :: 2][::-1], progress, finished)

    def close(self) -> None:
        return


@pytest.mark.parametrize("name", shipped())
def test_small_grains_in_any_order_by_two_that_know_nothing_of_each_other_give_the_same_data(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "Here", Apart)
    monkeypatch.setattr(grain, "GRAIN_ROWS", 250)
    assert content(name, format="ndjson") == golden()[name]


# Volumes by picks and windows, trees and texts as keys: what workers could see differently. The others are slow.
@pytest.mark.parametrize("name", ["retail", "helpdesk"])
def test_two_worker_processes_give_the_same_data(name: str) -> None:
    assert content(name, workers=2, block_rows=1_000) == golden()[name]


@pytest.mark.slow
@pytest.mark.parametrize("block_rows", [1_000, BLOCK_ROWS])
@pytest.mark.parametrize("name", shipped())
def test_two_worker_processes_give_the_same_data_of_every_schema(name: str, block_rows: int) -> None:
    assert content(name, workers=2, block_rows=block_rows) == golden()[name]


# what is asked of processors and surroundings: laws, times, lives, states, journeys, picks, walks, streams, SQL
SOME = ("airline", "energy", "hospital", "marketing", "plant", "retail", "saas")
LEVELS: dict[str, tuple[set[str], dict[str, str]]] = {
    "without AVX512": (WIDE, {}),
    "without AVX512 and AVX2": (WIDE | MIDDLE, {}),
    "a C library without AVX2 and FMA": (set(), {"GLIBC_TUNABLES": NARROW_LIBC}),
    "an OpenBLAS for an older processor": (set(), {"OPENBLAS_CORETYPE": "Sandybridge"}),
}
SURROUNDINGS = [
    ({"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"}, 0o022),
    ({"PYTHONHASHSEED": "2", "TZ": "Pacific/Apia", "LC_ALL": "C.utf8"}, 0o077),
    ({"PYTHONHASHSEED": "3", "TZ": "America/St_Johns", "LC_ALL": "POSIX"}, 0o000),
    ({"PYTHONHASHSEED": "4", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": "tr_TR.UTF-8"}, 0o027),
]


def elsewhere(
    changed: Mapping[str, str], off: AbstractSet[str] = frozenset(), *names: str, directory: Path = ROOT, umask: int = -1
) -> dict[str, Any]:  # fmt: skip
    """Data sets made by another process in another environment, with some features of the processor off."""
    environment = {**os.environ, **changed, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    if off:
        environment["NPY_DISABLE_CPU_FEATURES"] = " ".join(sorted(off))
    result = subprocess.run(
        [sys.executable, "-m", "tests.golden.content", *names],
        cwd=directory, env=environment, capture_output=True, text=True, encoding="utf-8", check=True, umask=umask,
    )  # fmt: skip
    made: dict[str, Any] = json.loads(result.stdout)
    return made


def there(names: set[str]) -> set[str]:
    """Those features that this processor has and numpy can do without."""
    return {name for name in names & set(__cpu_dispatch__) if __cpu_features__[name]}


def test_a_strange_environment_gives_the_same_data() -> None:
    """Another hash seed, time zone and locale, and a processor without AVX512 and AVX2 for numpy and the C library."""
    off = there(WIDE | MIDDLE)
    made = elsewhere({**STRANGE, "GLIBC_TUNABLES": NARROW_LIBC}, off)
    assert off.isdisjoint(made["features"])  # the switch took effect
    assert made["contents"] == golden()


@pytest.mark.slow
def test_other_processors_give_the_same_data() -> None:
    """numpy's own functions give other bytes at every level, which shows that the switch took effect; the data do not."""
    before = elsewhere({}, set(), *SOME)["arithmetic"]
    seen = [before]
    for level, (names, changed) in LEVELS.items():
        made = elsewhere(changed, there(names), *SOME)
        assert made["contents"] == {name: golden()[name] for name in SOME}, level
        assert there(names).isdisjoint(made["features"]), level
        assert made["arithmetic"] not in seen or not (there(names) or changed), level
        seen.append(made["arithmetic"])


@pytest.mark.slow
@pytest.mark.parametrize(("changed", "umask"), SURROUNDINGS, ids=[one["TZ"] for one, _ in SURROUNDINGS])
def test_other_surroundings_give_the_same_data(changed: dict[str, str], umask: int, tmp_path: Path) -> None:
    """Hash seed, time zone, locale, umask and working directory."""
    made = elsewhere(changed, set(), *SOME, directory=tmp_path, umask=umask)
    assert made["contents"] == {name: golden()[name] for name in SOME}


def test_another_seed_gives_other_data_in_every_table_with_draws() -> None:
    """The hash sees values: with another seed every table of the clinic changes but those that are written out."""
    from datagen.engine.preview import preview

    plans = [api.prepare("clinic", seed=seed).bind() for seed in (1, 2)]
    first, second = (preview(plan, 20) for plan in plans)
    same = {table for table in first if first[table].equals(second[table])}
    assert same == {"department", "medicine"}
