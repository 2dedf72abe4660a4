"""Runs the command line: in this process where that is enough, as a process of its own for signals and pipes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from datagen.cli.commands import main

SHOP = """\
name: shop
timeframe: {start: 2024-01-01, days: 60}
params: {customers: 20}
tables:
  - name: customers
    rows: $customers
    columns:
      city: {choices: [Oslo, Rome]}
      joined_at: {datetime_series: {}}
  - name: orders
    parents: [customers]
    fanout: {poisson: 3}
    columns:
      amount: {lognormal: {median: 20, sigma: 0.5}, decimals: 2}
"""


@dataclass(frozen=True)
class Result:
    """What a call left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)

    @property
    def codes(self) -> list[str]:
        """The codes of the findings on standard error, in order."""
        return re.findall(r"(?:^|: |  )\[([a-z0-9_]+\.[a-z0-9_]+)\]$", self.err, re.MULTILINE)


def call(*words: object, stdin: str | None = None) -> Result:
    """A call in this process."""
    done = CliRunner().invoke(main, [str(word) for word in words], input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Result(done.exit_code, done.stdout, done.stderr)


def command(*words: object) -> list[str]:
    """The words of a call as a process."""
    return [sys.executable, "-m", "datagen", *(str(word) for word in words)]


def spawn(*words: object, **more: Any) -> Result:
    """A call as a process of its own. more: of subprocess.run."""
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=120, check=False, **more)
    return Result(done.returncode, done.stdout, done.stderr)


def environment(**changes: str | None) -> dict[str, str]:
    """This process's environment with changes; None takes a name away."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def shop(directory: Path, text: str = SHOP, name: str = "shop.yaml") -> Path:
    """A small schema as a file."""
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path
