"""Take a part out, and a test must notice: every generator, modifier and imperfection is proved by tests of its own values.

A generator is replaced by a constant of its type, a modifier by the identity, an imperfection by nothing; then the part's proofs are run until one
of them fails, by an assertion of its own and not because something broke on the way.
"""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _pytest.assertion import util

from datagen import registry
from datagen.contracts import Block, Change, Dictionary, Fill, Scope, Values
from tests import imperfections, parts
from tests.parts.proofs import PROOFS, Proof

WORDS = [(kind, word) for kind in ("generator", "modifier", "imperfection") for word in registry.words(kind)]
ONE_OF = {
    "int": ("int", 7),
    "float": ("float", 7.0),
    "bool": ("bool", True),
    "datetime": ("time", 1_704_067_200_000_000),
}


@pytest.fixture(scope="module", autouse=True)
def _all_proofs() -> None:
    for folder in (parts, imperfections):
        for module in pkgutil.iter_modules(folder.__path__):
            if module.name.startswith("test_"):
                importlib.import_module(f"{folder.__name__}.{module.name}")


def constant(self: Any, scope: Scope) -> Fill:
    """The binding of a generator that always makes the same value."""
    type = scope.column_type or self.infer(scope) or "string"
    if type == "string":
        word = Dictionary(["constant"])
        return lambda block: Values("category", np.zeros(block.rows, dtype=np.uint8), dictionary=word)
    kind, value = ONE_OF["datetime" if type == "date" else type]
    return lambda block: Values(kind, np.full(block.rows, value))


def identity(self: Any, scope: Scope) -> Change:
    """The binding of a modifier that changes nothing."""

    def change(block: Block, values: Values) -> Values:
        return values

    return change


def nothing(self: Any, *written: Any) -> tuple[()] | None:
    """The binding of an imperfection that spoils nothing: no step of a column, no copies of a table."""
    return () if hasattr(self, "scope") else None


TAKEN_OUT = {"generator": constant, "modifier": identity, "imperfection": nothing}


def notices(proof: Proof) -> bool:
    """Whether a proof fails by an assertion in the tests."""
    try:
        proof()
    except AssertionError as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Path(last.filename).is_relative_to(Path(__file__).parents[1])
    except Exception:  # noqa: BLE001 - whatever broke, it is no proof
        return False
    return False


@pytest.mark.parametrize(("kind", "word"), WORDS, ids=[f"{kind}-{word}" for kind, word in WORDS])
def test_a_part_taken_out_is_noticed(kind: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proofs = PROOFS.get((kind, word), [])
    assert proofs, f'{kind} {word} has no test marked @proof("{kind}", "{word}")'
    monkeypatch.setattr(registry.find(kind, word), "bind", TAKEN_OUT[kind])
    monkeypatch.setattr(
        util, "_reprcompare", None
    )  # nobody reads how two long lists differ, and with CI set it takes minutes
    assert any(notices(proof) for proof in proofs), f"{kind} {word} was taken out and no proof of it failed"


def test_every_proof_is_a_test_of_its_part() -> None:
    assert set(PROOFS) <= set(WORDS)
    for (_, word), proofs in PROOFS.items():
        for proof in proofs:
            assert proof.__name__.startswith("test_")
            assert word in proof.__module__, f"{proof.__name__} proves {word} in {proof.__module__}"


def test_a_proof_that_breaks_is_no_proof() -> None:
    def broken() -> None:
        raise ValueError("something else")

    def holds() -> None:
        assert np.array_equal([1], [1])

    def noticed() -> None:
        assert np.array_equal([1], [2])

    assert [notices(proof) for proof in (broken, holds, noticed)] == [False, False, True]
