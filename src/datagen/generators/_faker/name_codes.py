"""First and last names as codes into lists of plain letters: an e-mail spells every name of a list once, not row by row."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import entries_at
from datagen.contracts import Values
from datagen.generators._faker.slots import Group, Layout, Pieces
from datagen.generators._faker.templates import Pick

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl


@dataclass(frozen=True, slots=True)
class Coded:
    """(n,) codes into a list of texts."""

    texts: pl.Series
    codes: NDArray[Any]

    def at(self, places: NDArray[np.int64]) -> Coded:
        """Those of some rows."""
        return Coded(self.texts, self.codes[places])

    @property
    def series(self) -> pl.Series:
        return entries_at(self.texts, self.codes)


@dataclass(frozen=True, slots=True)
class CodedNames:
    """First and last names of rows, none of them empty. told (n,): rows of which that holds, None for all."""

    first: Coded
    last: Coded
    told: NDArray[np.bool_] | None = None

    def at(self, places: NDArray[np.int64]) -> CodedNames:
        """Those of some rows, all of them told."""
        return CodedNames(self.first.at(places), self.last.at(places))


class LayoutNames:
    """Which entries of a name's slots spell which first and last names.

    split: from texts to their first and last words in plain letters, without titles; empty where there is none. A form
    is told when each of its slots either always or never holds such words, at least two slots do (the first is the first
    name's, that at the place `family` among them the family's), and no word reaches
    from one slot into the next; and only forms that have their names in the same slots as the first of them.
    """

    def __init__(
        self, layout: Layout, split: Callable[[pl.Series], tuple[pl.Series, pl.Series]], family: int = -1
    ) -> None:
        self.layout = layout
        words = [split(texts) for texts in layout.slots]
        filled = [(first.str.len_bytes() > 0).to_numpy() for first, _ in words]
        self.forms = np.zeros(len(layout.groups), dtype=np.bool_)
        self.slots: tuple[int, int] | None = None
        for form, groups in enumerate(layout.groups):
            ends = _ends(layout, form, groups, filled, family)
            self.slots = self.slots or ends
            self.forms[form] = ends is not None and ends == self.slots
        if self.slots is None:
            return
        (first, _), (single, last) = words[self.slots[0]], words[self.slots[1]]
        self.first = self._spelled(self.slots[0], first)
        self.last = self._spelled(self.slots[1], last.zip_with(last.str.len_bytes() > 0, single))

    def _spelled(self, slot: int, words: pl.Series) -> Coded:
        """The distinct words, and for each entry of the slot its word; any for entries of forms that are not told."""
        from datagen.columns import as_category

        used = np.zeros(len(words), dtype=np.bool_)
        for form in np.flatnonzero(self.forms).tolist():
            used[self.layout.entries(form, slot)] = True
        spelled = as_category(Values("text", entries_at(words, np.flatnonzero(used))))
        assert spelled.dictionary is not None
        codes = np.zeros(len(words), dtype=np.int64)
        codes[used] = spelled.array
        return Coded(spelled.dictionary.series, codes)

    def of(self, pieces: Pieces) -> CodedNames | None:
        """The names of rows, None where no form is told."""
        if self.slots is None:
            return None
        first, last = (
            Coded(words.texts, words.codes.take(pieces.codes[slot]))
            for words, slot in zip((self.first, self.last), self.slots, strict=True)
        )
        return CodedNames(first, last, None if self.forms.all() else self.forms.take(pieces.forms))


def _ends(
    layout: Layout, form: int, groups: tuple[Group, ...] | Any, filled: list[NDArray[np.bool_]], family: int
) -> tuple[int, int] | None:
    """The slots of a form that hold its first and its last name, None where that depends on more than the form."""
    for before, after in pairwise(groups):
        if not (_literal(before[-1]).endswith(" ") or _literal(after[0]).startswith(" ")):
            return None
    named: list[int] = []
    for slot in range(len(groups)):
        held = filled[slot][layout.entries(form, slot)]
        if held.all():
            named.append(slot)
        elif held.any():
            return None
    return (named[0], named[family]) if len(named) > 1 else None


def _literal(piece: Any) -> str:
    return "" if isinstance(piece, Pick) else str(piece.prefix)
