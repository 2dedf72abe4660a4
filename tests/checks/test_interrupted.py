"""Ctrl-C while DuckDB works ends a command as it does anywhere else, not as a bug."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from datagen.checks.database import locked_database
from datagen.cli.failures import INTERRUPTED, stoppable, told

MEMORY = 1 << 28
LONG = "select count(*) from range(100000000000) t(a) where hash(a) = 1"  # nobody waits for its end


def stopped_by_a_signal(directory: Path) -> None:
    with stoppable(), locked_database(directory, memory=MEMORY, threads=1) as database:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        database.execute(LONG)


def test_a_signal_while_a_query_runs_is_an_interruption(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        stopped_by_a_signal(tmp_path)
    assert told(caught.value, ["check"]) == INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="another"), locked_database(tmp_path, memory=MEMORY, threads=1):
        raise RuntimeError("another")
