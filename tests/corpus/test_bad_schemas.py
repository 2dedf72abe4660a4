"""Schemas that careless and hostile people write: each is told what is wrong with it, where, and what would be right.

Each file of `bad/B` to `bad/J` (but H, which is of expressions) goes through `validate` and `generate`. `expected.json` says of it: `codes` of the errors or
`accepted`; `warnings`; the `lines` and places (`at`) of all findings; words that the message `says`; and under
`generate` the codes of what only making the rows refuses (`published`: after publishing them, as the gate allows).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Result, call

HERE = Path(__file__).parent / "bad"
GROUPS = ("B", "C", "D", "E", "F", "G", "I", "J")
EXPECTED: dict[str, dict[str, Any]] = {
    f"{group}/{name}": facts
    for group in GROUPS
    for name, facts in json.loads((HERE / group / "expected.json").read_text(encoding="utf-8")).items()
}
NUMBERS = {*range(26, 116), 123, 124, 127} - {111}  # of the inputs of these groups


def findings_of(done: Result) -> list[dict[str, Any]]:
    """The findings on standard error, which progress may come before."""
    _, brace, document = done.err.partition("{")
    return list(json.loads(brace + document)["findings"]) if brace else []


def codes_of(findings: list[dict[str, Any]], severity: str) -> list[str]:
    return [finding["code"] for finding in findings if finding["severity"] == severity]


def test_every_file_of_the_corpus_is_expected() -> None:
    found = {f"{group}/{path.name}" for group in GROUPS for path in (HERE / group).iterdir()}
    assert found - {f"{group}/expected.json" for group in GROUPS} == set(EXPECTED)
    assert {int(name[2:5]) for name in EXPECTED} == NUMBERS
    assert all("codes" in facts or facts.get("accepted") is True for facts in EXPECTED.values())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_bad_schema_is_refused_in_words_that_help(name: str, tmp_path: Path) -> None:
    facts, path, started = EXPECTED[name], HERE / name, time.process_time()
    done = call("validate", path, "--errors", "json")
    found = findings_of(done)
    assert done.code == (0 if facts.get("accepted") else 1), done.err
    assert codes_of(found, "error") == facts.get("codes", []), done.err
    assert codes_of(found, "warning") == facts.get("warnings", []), done.err
    if "lines" in facts:
        assert [finding["line"] for finding in found] == facts["lines"], done.err
    if "at" in facts:
        assert [finding["json_path"] for finding in found] == facts["at"], done.err
    said = "\n".join(str(text) for finding in found for text in finding.values())
    for words in facts.get("says", ()):
        assert words in said
    for finding in found:
        assert finding["path"] == str(path)
        assert finding["found"]
    if not facts.get("accepted"):
        made = call("generate", path, "--output", tmp_path / "out", "--errors", "json")
        assert made.code == 1, made.err
        assert findings_of(made) == found
        assert list(tmp_path.iterdir()) == []
    assert time.process_time() - started < 5


@pytest.mark.parametrize("name", [name for name, facts in EXPECTED.items() if facts.get("accepted")])
def test_an_odd_schema_that_is_accepted_is_made(name: str, tmp_path: Path) -> None:
    """What `validate` accepts `generate` makes, or says what only an option of it allows."""
    made = call("generate", HERE / name, "--output", tmp_path / "out", "--workers", 1, "--errors", "json")
    facts = EXPECTED[name]
    refused = facts.get("generate", [])
    assert made.code == (1 if refused else 0), made.err
    assert codes_of(findings_of(made), "error") == refused
    if refused and not facts.get("published"):
        assert list(tmp_path.iterdir()) == []
    else:
        assert (tmp_path / "out" / "manifest.json").exists()
