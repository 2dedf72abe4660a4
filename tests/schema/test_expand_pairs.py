"""Every short form as a pair of texts: what is written, what it becomes. The files in `pairs` are documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from language import Language, marks, same

from datagen.schema.expand import expand
from datagen.schema.load import load_text

PAIRS = sorted((Path(__file__).parent / "pairs").glob("*.txt"))


def parts(text: str) -> list[tuple[str, str]]:
    """(heading, body) of every `--- heading` part."""
    pieces = re.split(r"^--- (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(pieces[::2], pieces[1::2], strict=True))


def at(tree: Any, path: str) -> Any:
    """The part of a tree at `nodes[0].columns[2:]`; `[*].key` gathers over a list."""
    if not path:
        return tree
    step, rest = re.match(r"\.?([^.\[\]]+|\[[^\]]*\])(.*)", path).groups()  # type: ignore[union-attr]
    if step == "[*]":
        return [item.get(rest[1:]) for item in tree]
    if step.startswith("["):
        place = step[1:-1]
        return at(tree[int(place[:-1]) :] if place.endswith(":") else tree[int(place)], rest)
    return at(tree[step], rest)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda path: path.stem)
def test_what_is_written_becomes_what_stands_beside_it(pair: Path) -> None:
    text = pair.read_text()
    assert text.startswith("# "), "the first line says what the pair is about"
    (_, written), *expected = parts(text)
    document = load_text(written, path=f"{pair.stem}.yaml", syntax="yaml")
    result, findings = expand(document, Language())
    told = []
    for heading, body in expected:
        if heading == "finds":
            told = [line.split() for line in body.splitlines()]
            continue
        path = heading.partition(", at ")[2]
        actual = at(result.root, path)
        assert same(actual, json.loads(body)), json.dumps(actual, indent=1, ensure_ascii=False)
    heard = [[*([f.severity] if f.severity != "error" else []), f.code, f.json_path] for f in findings]
    assert heard == told
    for finding in findings:
        assert finding.line is not None
        assert finding.found


@pytest.mark.parametrize("pair", PAIRS, ids=lambda path: path.stem)
def test_expanding_again_changes_nothing_and_every_entry_keeps_a_place(pair: Path) -> None:
    document = load_text(parts(pair.read_text())[0][1], syntax="yaml")
    before = json.dumps(document.root)
    result, findings = expand(document, Language())
    again, same_findings = expand(result, Language())
    assert same(again.root, result.root)
    assert same_findings == [finding for finding in findings if finding.severity == "error"]
    written = set(marks(document.root))
    assert set(marks(result.root)) <= written, "no mark that the user did not write"
    assert json.dumps(document.root) == before
