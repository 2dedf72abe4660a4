"""The shipped schemas, broken at random: a slip of a letter is guessed, and whatever else is broken is told, not crashed on."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from datagen.errors import Finding
from datagen.plan.further import further_errors
from tests.corpus.breaking import (
    WAYS,
    Place,
    documents,
    is_language_word,
    language_keys,
    language_words,
    renamed,
    slices,
    with_typo,
)
from tests.corpus.mutants import Mutant, attempt
from tests.support import findings_of

MUTATIONS = 300
SMALL = 1_600  # characters of a document: a whole data set takes ten times as long


def misspelt(document: Any, find: Callable[[Any], Iterator[Place]], place: int, dice: random.Random) -> tuple[Any, str]:
    """A copy of a document with one slip in the key or word at a place, and what was meant; empty where it is no slip."""
    broken = copy.deepcopy(document)
    holder, key = list(find(broken))[place]
    meant = key if find is language_keys else holder[key]
    typo = with_typo(meant, dice)
    if typo in ("", meant) or typo in holder or is_language_word(typo):
        return broken, ""
    if find is language_keys:
        renamed((holder, key), typo)
    else:
        holder[key] = typo
    return broken, meant


def guessed(broken: Any, meant: str) -> bool:
    return any(finding.hint.startswith(f"did you mean '{meant}'") for finding in findings_of(broken))


def test_of_slips_of_a_letter_nineteen_in_twenty_are_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key, and every word of a key, that the shipped schemas use, once, in the smallest document that has it."""
    monkeypatch.setattr("datagen.plan.prepare.further_errors", lambda *given: [])  # nothing else is wrong
    seen: set[tuple[str, str]] = set()
    missed, tried = [], 0
    for name, document in sorted(slices().items(), key=lambda one: len(str(one[1]))):
        for find in (language_keys, language_words):
            for place, (holder, key) in enumerate(list(find(document))):
                meant = key if find is language_keys else holder[key]
                kind = ("", meant) if find is language_keys else (key, meant)
                if kind in seen or len(meant) < 3:  # of a letter or two nothing is left to guess by
                    continue
                seen.add(kind)
                broken, meant = misspelt(document, find, place, random.Random(f"{name} {kind}"))
                tried += bool(meant)
                if meant and not guessed(broken, meant):
                    missed.append((name, kind))
    assert tried > 150
    assert len(missed) <= tried * 0.05, missed


def told(document: Any) -> str:
    """How far a document comes: read, prepared, bound. Whatever is wrong with it is told with its place."""
    outcome = attempt(Mutant("broken", json.dumps(document), "broken.json"), make=False)
    assert not outcome.faults, outcome.detail
    return outcome.stage if outcome.exit else "sound"


def mutated(document: Any, number: int) -> Any:
    """A copy with one to three things of its structure broken, the same ones every time."""
    dice, broken = random.Random(number), copy.deepcopy(document)
    for _ in range(1 + number % 3):
        dice.choice(WAYS)(broken, dice)
    return broken


def test_structures_broken_at_random_are_told_and_never_crash() -> None:
    small = [document for document in slices().values() if len(json.dumps(document)) <= SMALL]
    stages, started = [], time.process_time()
    for number in range(MUTATIONS):
        stages.append(told(mutated(small[number % len(small)], number)))
        assert time.process_time() - started < 5, f"mutation {number} hangs"
        started = time.process_time()
    assert all(stages.count(stage) > MUTATIONS // 20 for stage in ("prepared", "bound", "sound"))


FOUND = [("network", 100_227)]  # mutations that crashed once


@pytest.mark.parametrize(("name", "number"), FOUND)
def test_what_crashed_once_is_told(name: str, number: int) -> None:
    told(mutated(documents()[name], number))


@pytest.mark.slow
def test_one_slip_brings_no_error_of_another_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found beside the first errors of a document that was sound but for one slip would be their echo."""
    echoes: list[Finding] = []

    def further(*given: Any) -> list[Finding]:
        echoes.extend(found := further_errors(*given))
        return found

    monkeypatch.setattr("datagen.plan.prepare.further_errors", further)
    for document in slices().values():
        for find in (language_keys, language_words):
            for place in range(len(list(find(document)))):
                broken, meant = misspelt(document, find, place, random.Random(place))
                if meant:
                    findings_of(broken)
                    assert not echoes, (meant, echoes)


@pytest.mark.slow
def test_of_slips_anywhere_in_the_data_sets_nineteen_in_twenty_are_guessed() -> None:
    tried = right = 0
    for name, document in documents().items():
        for find in (language_keys, language_words):
            for place in range(len(list(find(document)))):
                broken, meant = misspelt(document, find, place, random.Random(f"{name} {place}"))
                if len(meant) > 2:  # of a letter or two nothing is left to guess by
                    tried += 1
                    right += guessed(broken, meant)
    assert right >= tried * 0.95
