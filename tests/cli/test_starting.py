"""A quick start: threads, plug-ins and the collector wait, and rows are made as in any process."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.checks import verify
from datagen.cli import starting
from tests.cli.running import call, environment, shop


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int, int]]:
    """The thresholds of the collector before a start."""
    before = gc.get_threshold()
    monkeypatch.setattr(starting, "_usual", None)
    for name in starting.QUIET:
        monkeypatch.setenv(name, "as the user has it")
    starting.begin()
    assert gc.get_threshold()[0] == starting.FEW
    yield before
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.parametrize(
    ("module", "work", "words"),
    [
        (api, "generate", ("generate", "{}/shop.yaml", "-o", "{}/out", "-q")),
        (api, "preview_of", ("preview", "{}/shop.yaml")),
        (verify, "verify", ("verify", "{}/made")),
    ],
    ids=["generate", "preview", "verify"],
)
def test_memory_is_given_back_as_usual_when_there_are_rows(
    module: Any, work: str, words: tuple[str, ...], usual: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert call("generate", shop(tmp_path), "-o", tmp_path / "made").code == 0
    starting.begin()
    seen = []
    real = getattr(module, work)

    def watched(*given: Any, **more: Any) -> Any:
        seen.append(gc.get_threshold())
        return real(*given, **more)

    monkeypatch.setattr(module, work, watched)
    assert call(*(word.format(tmp_path) for word in words)).code == 0
    assert seen == [usual]


def test_no_thread_waits_busily_beside_a_command_and_the_users_word_stands() -> None:
    code = "import os; from datagen.cli import starting; starting.begin(); print(os.environ['OPENBLAS_NUM_THREADS'])"
    for given, expected in ((None, "1"), ("3", "3")):
        of = environment(OPENBLAS_NUM_THREADS=given)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=of)
        assert done.stdout.strip() == expected
