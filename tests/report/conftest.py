"""Data sets to report on, each made once, and the browser that opens pages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datagen import api
from datagen.engine.options import Options
from datagen.schema.load import load_text

SMALL = """
name: small
timeframe: {start: 2024-01-01, days: 366}
tables:
  - name: people
    rows: 600
    columns:
      kind: {choices: {calm: 50%, keen: 30%, wild: 20%}}
      coin: {choices: [head, tail]}
      joined_at: {datetime_series: {}, role: created}
      age: {type: int, distribution: {type: normal, params: {mean: 40, std: 9}, clamp: [18, 90]}}
      note: {choices: {yes: 0.7, no: 0.3}, imperfections: [{missing: {rate: 10%}}]}
    segment_behavior: {wild: {fanout_multiplier: 3}, keen: {value_multiplier: 2}, calm: {}}
  - name: visits
    parents: [people]
    fanout: {poisson: 2, per: month}
    columns:
      seen_at:
        datetime_series: {pattern: [{dimension: dow, weights: [2, 1, 1, 1, 1, 1, 1]}]}
        role: time
      spent: {lognormal: {median: 20, sigma: 0.7}, decimals: 2, role: measure}
      place: {choices: {a: 3, b: 2, c: 1}}
"""


def made(text: str, directory: Path, format: str = "parquet") -> Path:
    """A published data set of a schema in text."""
    api.generate(api.prepare(load_text(text)), directory, Options(format=format))
    return directory


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(SMALL, tmp_path_factory.mktemp("small") / "data")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with its truth set beside it."""
    directory = tmp_path_factory.mktemp("shop") / "data"
    api.generate(api.prepare("shop"), directory, Options(truth=True, gate="none"))
    return directory


@pytest.fixture(scope="session")
def browser() -> str:
    """The browser of the machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("NO BROWSER: pages were NOT opened and pictures were NOT looked at; apt-get install chromium")
    return found
