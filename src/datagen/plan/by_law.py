"""A law with `by`: one uniform per row, and the quantile of the law that holds in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.laws._draws import BoundDraw, Row
from datagen.plan.by import Chosen, choose, ordered, sound, split
from datagen.plan.some_rows import SomeRows

Floats = NDArray[np.float64]


def bind_law_by(spec: Mapping[str, Any], scope: Any, steps: tuple[str | int, ...], *, durations: bool) -> Any:
    """The draw of a canonical law with `by`; None after a refusal."""
    faults = sound(spec, scope.document, (*scope.loc, *steps))
    scope.findings.extend(faults)
    if faults:
        return None
    column, branches = split(spec, law=True)
    texts = ordered(branches)
    chosen = choose(scope, column, texts, steps)
    # a finding's place may be a list of steps wherever it may be a text
    laws = [
        scope.inside((*steps, "by", column, text)).law(branches[text], "", durations=durations)
        if "by" not in branches[text]
        else scope.law(branches[text], steps, durations=durations)
        for text in texts
    ]
    if chosen is None or any(law is None for law in laws):
        return None
    return ByDraw(chosen, laws)


class ByDraw(BoundDraw):
    """Laws by the value of a column."""

    constant = False

    def __init__(self, chosen: Chosen, laws: Sequence[BoundDraw]) -> None:
        self._chosen, self._laws = chosen, laws
        self.discrete = all(law.discrete for law in laws)

    def at(self, block: Block | None) -> Row:
        if block is None:
            raise TypeError("this law depends on the row: quantile and cdf need the block")
        parts = self._chosen.parts(block)
        return _Rows(block.rows, [(self._laws[code].at(some), some) for code, some in parts])

    def edges(self, block: Block) -> tuple[Floats, Floats]:
        low, high = np.empty(block.rows), np.empty(block.rows)
        for code, some in self._chosen.parts(block):
            low[some.index], high[some.index] = self._laws[code].edges(some)
        return low, high

    def support(self) -> tuple[float, float]:
        ends = [law.support() for law in self._laws]
        return min(low for low, _ in ends), max(high for _, high in ends)


class _Rows:
    """The law of each row of one block."""

    def __init__(self, rows: int, parts: Sequence[tuple[Row, SomeRows]]) -> None:
        self._rows, self._parts = rows, parts
        self.missing: NDArray[np.bool_] | None = None
        for law, some in parts:
            if law.missing is not None:
                self.missing = np.zeros(rows, dtype=np.bool_) if self.missing is None else self.missing
                self.missing[some.index] = law.missing

    def quantile(self, u: Floats) -> Floats:
        return self._each(lambda law, own: law.quantile(own), u)

    def cdf(self, x: Floats) -> Floats:
        return self._each(lambda law, own: law.cdf(own), x)

    def _each(self, ask: Callable[[Row, Floats], Floats], given: Floats) -> Floats:
        found = np.empty(self._rows, dtype=np.float64)
        for law, some in self._parts:
            found[some.index] = ask(law, given[some.index])
        return found
