"""How likely each of a list of choices is: weights as written, or falling along the list by a rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from datagen.contracts import Scope
from datagen.errors import listed
from datagen.schema.weights import share, shares

NUMBER = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
ZIPF = re.compile(rf"zipf\s*@\s*{NUMBER}$")
HEAD_TAIL = re.compile(rf"head_tail\s*@\s*\{{\s*({NUMBER}\s*%?)\s*,\s*{NUMBER}\s*\}}$")
HEAD = 0.2  # the share of the choices that `head_tail` calls the head


class Weights(NamedTuple):
    """The parameters `weights` and `weights_kind` of a choice."""

    written: Sequence[float | int | str] | None
    kind: str | None

    @property
    def equal(self) -> bool:
        """Whether every choice is as likely as any other."""
        return self.written is None and (self.kind is None or self.kind.strip() == "uniform")

    def sound(self, scope: Scope, size: int | None, what: str) -> bool:
        """Refuse what cannot be used for `size` choices (None: not known yet); `what` names them in the message."""
        if self.written is not None and self.kind is not None and self.kind.strip() != "uniform":
            scope.refuse("choice.two_weights", "weights_kind", found="weights and weights_kind", expected="one of them")
            return False
        if self.written is not None:
            return self._sound_list(scope, size, what)
        return self.kind is None or self._sound_kind(scope, self.kind)

    def _sound_list(self, scope: Scope, size: int | None, what: str) -> bool:
        written = self.written or ()
        if size is not None and len(written) != size:
            scope.refuse(
                "choice.weights_length",
                "weights",
                found=f"{len(written)} weights for {what}",
                expected=f"{size} weights",
                hint="give one weight per choice",
            )
            return False
        result = shares(written, relative_ok=True, version_1=scope.version_1)
        if result.code:
            at = ("weights",) if result.place is None else ("weights", result.place)
            facts = {"found": result.found, "expected": result.expected, "hint": result.hint}
            scope.refuse(result.code, at, severity=result.severity, **facts)
        return result.values is not None

    def _sound_kind(self, scope: Scope, kind: str) -> bool:
        zipf, head_tail = ZIPF.match(kind.strip()), HEAD_TAIL.match(kind.strip())
        if zipf is not None and float(zipf[1]) <= 0:
            scope.refuse("choice.zipf_exponent", "weights_kind", found=kind, expected="an exponent above 0")
            return False
        if head_tail is not None and not 0 < _head(head_tail) < 1:
            scope.refuse(
                "choice.head_share", "weights_kind", found=kind, expected="a share of the head between 0 and 1"
            )
            return False
        if zipf is None and head_tail is None and kind.strip() != "uniform":
            scope.refuse(
                "choice.weights_kind",
                "weights_kind",
                found=f"'{kind}'",
                expected="uniform, zipf@1.5 (exponent) or head_tail@{0.6,1.5} (share of head, exponent of tail)",
            )
            return False
        return True

    def of(self, size: int) -> list[float]:
        """The weight of each of `size` choices, of weights that are sound."""
        if self.written is not None:
            return shares(self.written, relative_ok=True, version_1=True).values or []
        kind = (self.kind or "uniform").strip()
        if (zipf := ZIPF.match(kind)) is not None:
            return _falling(size, float(zipf[1]))
        if (head_tail := HEAD_TAIL.match(kind)) is not None:
            return _head_and_tail(_head(head_tail), float(head_tail[3]), size)
        return [1.0] * size


def names_of(choices: Sequence[Any]) -> str:
    """Choices as a message counts them."""
    return f"{len(choices)} choices: {listed([str(choice) for choice in choices])}"


def _head(match: re.Match[str]) -> float:
    return share(match[1].replace(" ", "")) or 0.0


def _falling(size: int, exponent: float) -> list[float]:
    return [float(rank**-exponent) for rank in range(1, size + 1)]


def _head_and_tail(head: float, exponent: float, size: int) -> list[float]:
    heads = max(1, int(HEAD * size))
    tail = _falling(size - heads, exponent)
    if not tail:
        return [1.0] * size
    whole = sum(tail)
    return [head / heads] * heads + [(1 - head) * weight / whole for weight in tail]
