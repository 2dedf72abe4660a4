"""What `datagen validate` says about some bad schemas, word for word. DATAGEN_GOLDEN=1 writes the texts anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.running import call

FOLDER = Path(__file__).parent / "golden"
SCHEMAS = sorted(path for path in FOLDER.iterdir() if path.suffix in (".yaml", ".json"))


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.stem)
def test_findings_are_worded_as_agreed(schema: Path) -> None:
    done = call("validate", schema)
    said = f"exit code {done.code}\n\n{done.out}{done.err}".replace(f"{FOLDER}/", "")
    agreed = schema.with_suffix(".txt")
    if os.environ.get("DATAGEN_GOLDEN") == "1":
        agreed.write_text(said, encoding="utf-8")
    assert said == agreed.read_text(encoding="utf-8")


def test_no_agreed_text_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in SCHEMAS}
