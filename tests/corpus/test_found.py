"""Schemas, as small as can be, on which Datagen once failed: what breaking documents at random has found stays found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
    assert outcome.exit or outcome.stage == "made"
