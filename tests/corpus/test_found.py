"""Schemas, as small as can be, on which Datagen once failed: what breaking documents at random has found stays found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen.rows import _rate
from tests.corpus.mutants import Mutant, attempt

FOLDER = Path(__file__).parent / "bad" / "found"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))


def test_every_file_is_expected() -> None:
    assert {path.name for path in FOLDER.iterdir()} - {"expected.json"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_failed_once_is_made_or_told(name: str) -> None:
    """With its lines; a document without errors is planned, and its rows are made."""
    outcome = attempt(Mutant("found", (FOLDER / name).read_text(encoding="utf-8"), str(FOLDER / name)))
    assert not outcome.faults, outcome.detail
    assert list(outcome.codes) == EXPECTED[name]["codes"], outcome.detail
    assert outcome.lines == EXPECTED[name].get("lines", [])
    assert all(len(line) < 230 for line in outcome.detail.split("\n"))
    assert outcome.exit or outcome.stage == "made"


def test_more_rows_than_can_be_counted_at_once_are_told_at_their_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a plan could only guess; the limit is made low, so that nothing large is needed."""
    monkeypatch.setattr(_rate, "MOST_AT_ONCE", 10)
    text = """
timeframe: {start: 2024-01-01, days: 120}
tables:
  - {name: users, rows: 20}
  - {name: visits, parents: [users], fanout: {poisson: 2, per: day}, columns: {at: {datetime_series: {}}}}
"""
    outcome = attempt(Mutant("made", text, "shop.yaml"))
    assert (outcome.codes, outcome.lines, outcome.stage) == (("rows.too_many",), [5], "made")
