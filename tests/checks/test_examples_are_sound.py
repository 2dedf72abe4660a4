"""The examples of the catalogue that nothing is wrong with: made, and judged by the second implementation."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.checks.broken import failures
from tests.codes.examples import RUNNABLE, document_of

from datagen import api
from datagen.codes import catalogue
from datagen.engine.options import Options
from datagen.schema.load import load_text

GOOD = [code for code, one in catalogue().items() if one.shape in RUNNABLE]


@pytest.mark.slow
@pytest.mark.parametrize("code", GOOD)
def test_an_example_has_no_false_finding(code: str, tmp_path: Path) -> None:
    one = catalogue()[code]
    prepared = api.prepare(load_text(document_of(one.shape, one.good)))
    api.generate(prepared, tmp_path / "data", Options(format="csv", gate="none", workers=1))
    found = failures(api.check(tmp_path / "data", prepared, memory=400_000_000))
    assert list(found) == []
