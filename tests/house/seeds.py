"""What randomness is made from: the 64-bit words behind every draw, address and permutation while data are made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from datagen.kernel import address, draws, permute

SEEN = 256  # words of an array that are looked at


class Words:
    """The words that went into draws and addresses, and the keys of permutations."""

    def __init__(self) -> None:
        self.mixed: set[int] = set()
        self.keys: set[int] = set()

    @property
    def all(self) -> set[int]:
        return self.mixed | self.keys


@contextmanager
def watched() -> Iterator[Words]:
    """Tells the words of everything random that is made meanwhile, in this process."""
    words = Words()
    mix, rounds = address.mix, permute._Rounds.__init__

    def seen(bits: Any, scratch: Any) -> None:
        words.mixed.update(np.asarray(bits[:SEEN]).tolist())
        mix(bits, scratch)

    def keyed(self: Any, n: int, key: int) -> None:
        words.keys.add(key)
        rounds(self, n, key)

    with pytest.MonkeyPatch.context() as patch:
        for module in (address, draws):
            patch.setattr(module, "mix", seen)
        patch.setattr(permute._Rounds, "__init__", keyed)
        yield words
