"""A slip of a letter in any key of a shipped schema comes back by its fix, and the rest of the file stays as it was."""

from __future__ import annotations

import random

import pytest

from datagen.datasets import shipped
from datagen.errors import SchemaError
from datagen.plan.prepare import prepare
from datagen.schema.load import load_text
from datagen.schema.mend import mended
from datagen.schema.tree import Document, Map, Mark
from tests.corpus.breaking import is_language_word, language_keys, with_typo

KEY_SHARE = 0.95  # of the slips that leave no other word come back


def keys_of(document: Document) -> list[tuple[Map, str]]:
    """The entries whose keys are of the language and have three letters or more."""
    return [(holder, key) for holder, key in language_keys(document.root) if len(key) > 2]


def misspelt(document: Document, holder: Map, key: str, dice: random.Random) -> str | None:
    """The text with one slip in a key; None where it makes another word."""
    typo = with_typo(key, dice)
    if typo in ("", key) or typo in holder or is_language_word(typo):
        return None
    return with_key(document.text, holder.key_marks[key], key, typo)


def with_key(text: str, mark: Mark, key: str, other: str) -> str:
    """The text with another key at a place."""
    lines = text.splitlines(keepends=True)
    at = sum(map(len, lines[: mark.line - 1])) + mark.column - 1
    at += text[at] in "'\""
    assert text[at : at + len(key)] == key
    return text[:at] + other + text[at + len(key) :]


def comes_back(document: Document, broken: str) -> bool:
    """Whether the first fixes of a broken text give the text back as it was, letter by letter."""
    wrong = load_text(broken, path=document.path)
    try:
        findings = prepare(wrong).bind(look=False).findings
    except SchemaError as error:
        findings = error.findings
    return mended(wrong, findings).document.text == document.text


def outcome(name: str, dice: random.Random, most: int | None, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int]:
    """The keys of a schema that did not come back, and how many were tried: all, or so many of them."""
    monkeypatch.setattr("datagen.plan.prepare.further_errors", lambda *given: [])  # one thing is wrong
    text = shipped()[name].read_text(encoding="utf-8")
    document = load_text(text, path=str(shipped()[name]))
    keys = keys_of(document)
    lost, tried = [], 0
    for holder, key in keys if most is None else dice.sample(keys, most):
        broken = misspelt(document, holder, key, dice)
        if broken is None:
            continue
        tried += 1
        if not comes_back(document, broken):
            lost.append(holder.key_marks[key].json_path)
    return lost, tried


def test_some_misspelt_keys_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    lost, tried = outcome("shop", random.Random(5), 12, monkeypatch)
    assert tried >= 9
    assert len(lost) <= 1, lost


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_nineteen_in_twenty_misspelt_keys_come_back(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, tried = outcome(name, random.Random(name), None, monkeypatch)
    print(f"{name}: {tried - len(lost)} of {tried} came back; lost: {lost}")
    assert tried > 10
    assert len(lost) <= max(1, (1 - KEY_SHARE) * tried), lost
