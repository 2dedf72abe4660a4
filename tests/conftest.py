"""Settings of the whole suite: property tests draw the same examples every time, a quarter of them unless asked for all,
and may take as long as the machine does.

A run of thousands of tests keeps what it compiled, waits for no busy threads and does not look for garbage in its own tests.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, max_examples=25)
settings.register_profile("full", deadline=None, derandomize=True, max_examples=100)  # --hypothesis-profile=full
settings.load_profile("house")

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded; the command does so, too
gc.set_threshold(20_000, *gc.get_threshold()[1:])

# tests that take long each, mostly processes: given out one by one, and last, so that no worker waits for another
ALONE = (
    "tests/cli/test_processes.py", "tests/corpus/test_breaking.py", "tests/engine/test_runners.py", "tests/golden/",
    "tests/laws/test_same_bytes.py", "tests/sinks/test_publish_crash.py",
)  # fmt: skip

# what `--fast` leaves out: whole data sets, many seeds, many runs
LONG = (
    "tests/checks/test_check_behaviour.py", "tests/checks/test_check_rules.py", "tests/checks/test_remake.py",
    "tests/checks/test_shipped_are_sound.py", "tests/checks/test_structural.py", "tests/cli/test_processes.py",
    "tests/cli/test_schemas.py", "tests/cli/test_trace.py", "tests/codes/test_catalogue.py", "tests/corpus/test_b",
    "tests/datasets/", "tests/engine/", "tests/golden/", "tests/house/test_every_key.py", "tests/house/test_seeds.py",
    "tests/imperfections/", "tests/laws/test_same_bytes.py", "tests/parts/test_conformance.py",
    "tests/parts/test_lookup_compared.py", "tests/plan/test_clamped.py", "tests/plan/test_inequalities.py",
    "tests/parts/test_faker", "tests/parts/test_rollup.py", "tests/parts/test_siblings.py", "tests/plan/test_seasons_of_rates.py",
    "tests/recovery/", "tests/report/", "tests/rows/", "tests/schema/test_model_findings.py", "tests/house/test_loading.py",
    "tests/sinks/", "tests/sql/",
    "tests/stories/", "tests/truth/", "tests/version_1/",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out what takes long: some 6,500 of 12,000 tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what is quick where that is asked for."""
    if config.getoption("fast"):
        left = [item for item in items if item.nodeid.startswith(LONG)]
        items[:] = [item for item in items if not item.nodeid.startswith(LONG)]
        config.hook.pytest_deselected(items=left)


def pytest_configure(config: pytest.Config) -> None:
    """Compiled modules go to the folder of pytest's own cache where they may not lie beside the source.

    Else every process of the suite would compile the package, and each of the tests, again.
    """
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        sys.dont_write_bytecode = False
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
        del os.environ["PYTHONDONTWRITEBYTECODE"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file goes to one worker whole: what its tests share is made once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith(ALONE) else nodeid.split("::", 1)[0]

    return ByFile(config, log) if config.getoption("dist") == "load" else None


def pytest_collection_finish() -> None:
    """The tests themselves and all that they have loaded stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Python takes everything apart at its end; what it does not see, libraries call leaked."""
    gc.unfreeze()
