"""Settings of the whole suite: property tests draw the same examples every time and may take as long as the machine does.

A run of thousands of tests keeps what it compiled, waits for no busy threads and does not look for garbage in its own tests.
"""

from __future__ import annotations

import gc
import os
import sys

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded; the command does so, too
gc.set_threshold(20_000, *gc.get_threshold()[1:])


def pytest_configure(config: pytest.Config) -> None:
    """Compiled modules go to the folder of pytest's own cache where they may not lie beside the source.

    Else every process of the suite would compile the package, and each of the tests, again.
    """
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        sys.dont_write_bytecode = False
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
        del os.environ["PYTHONDONTWRITEBYTECODE"]


def pytest_collection_finish() -> None:
    """The tests themselves and all that they have loaded stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Python takes everything apart at its end; what it does not see, libraries call leaked."""
    gc.unfreeze()
