"""The tests that tell what a part does. Each is run twice: as a test, and with the part taken out, when it must fail.

    @proof("generator", "choice")
    def test_weights_are_kept() -> None: ...

A proof takes no arguments, says something of the values (no refusal), and is quick.
"""

from __future__ import annotations

from collections.abc import Callable

Proof = Callable[[], None]

PROOFS: dict[tuple[str, str], list[Proof]] = {}


def proof(kind: str, word: str) -> Callable[[Proof], Proof]:
    """Mark a test as one that cannot hold without the part."""

    def mark(test: Proof) -> Proof:
        PROOFS.setdefault((kind, word), []).append(test)
        return test

    return mark
