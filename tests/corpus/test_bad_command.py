"""Calls that careless and hostile people make: bad places, bad options, bad streams. Nothing of theirs is ever touched.

Each file of `bad/K` is a call: `args` with {tmp} and {home}, `files`, `links` and `schema` that are there before,
`exit`, and the `codes` of all findings (`a|b` either, `x.*` any of a subject, `*` any at all).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import call

FOLDER = Path(__file__).parent / "bad" / "K"
CASES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
SMALL = "name: shop\ntables: [{name: users, rows: 5, columns: {city: {choices: [Oslo, Rome]}}}]\n"


def prepare(facts: dict[str, Any], directory: Path) -> None:
    """Put down what is there before the call."""
    (directory / "schema.yaml").write_text(facts.get("schema", SMALL), encoding="utf-8")
    for name, text in facts.get("files", {}).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, target in facts.get("links", {}).items():
        (directory / name).symlink_to(target)


def matches(code: str, pattern: str) -> bool:
    return any(re.fullmatch(one.replace(".", r"\.").replace("*", ".*"), code) for one in pattern.split("|"))


def contents(directory: Path) -> dict[str, str]:
    """Everything below a directory: files with their texts, links with their targets."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_text(encoding="utf-8", errors="replace")
        else:
            found[name] = "directory"
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_bad_call_is_refused_in_words_and_touches_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = CASES[name]
    prepare(facts, tmp_path)
    monkeypatch.chdir(tmp_path)
    if facts.get("home"):
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
    before = contents(tmp_path)
    words = [word.replace("{tmp}", str(tmp_path)).replace("{home}", str(tmp_path / "home")) for word in facts["args"]]
    done = call(*words, stdin=facts.get("stdin"))
    assert done.code == facts["exit"], done.err
    if facts["codes"] == ["*"]:
        assert done.codes
    else:
        assert len(done.codes) == len(facts["codes"]), done.err
        for code, pattern in zip(done.codes, facts["codes"], strict=True):
            assert matches(code, pattern), done.err
    for words_said in facts.get("says", ()):
        assert words_said in done.err
    for never in facts.get("never", ()):
        assert never not in done.err
    assert "Traceback" not in done.err
    after = contents(tmp_path)
    if facts["exit"]:
        assert after == before
    else:
        assert {key: after[key] for key in before} == before
