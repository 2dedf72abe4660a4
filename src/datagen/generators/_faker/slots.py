"""Texts put together from short lists, such as names: a row is a code into each of a few lists, joined at the end.

Neighbouring pieces of a form whose combinations are few stand in one slot, as a list of all of them: `Dr. Jane ` and
`Doe MD`. So a text is two or three look-ups whatever its form, and what follows from a name, such as an e-mail, is
worked out once per entry of a list instead of once per row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import entries_at
from datagen.generators._faker.fixed import Fixed
from datagen.generators._faker.rows import Rows
from datagen.generators._faker.tables import draw_rows, known_table, texts_of
from datagen.generators._faker.templates import Form, Pick, forms_of

if TYPE_CHECKING:
    import polars as pl

MOST_ENTRIES = 1 << 14  # combinations of the pieces of one slot: their texts stay in a level-2 cache
FEW = 64  # entries of a list whose combinations with another one are listed: titles, not names
MOST_LISTED = 1 << 17  # and those of all slots: some 5 MB
MOST_SLOTS = 4

Row = tuple[str, int]  # a draw in a table: its name, and which draw of that table in the text
Group = tuple[Pick | Fixed, ...]  # pieces that stand in one slot


@dataclass(frozen=True, slots=True)
class Use:
    """What a drawn row adds to the code of a slot, in some of the forms."""

    slot: int
    stride: int
    forms: NDArray[np.bool_]


class Layout:
    """The forms of a method as slots.

    slots: the texts of each one's entries. starts (forms, slots): the first entry of a form's group in each slot.
    draws: the drawn rows, with what they add. groups: of each form, by slot.
    """

    def __init__(self, locale: str, groups: Sequence[Sequence[Group]]) -> None:
        self.locale = locale
        self.groups = groups
        count = max(len(form) for form in groups)
        self.starts = np.zeros((len(groups), count), dtype=np.int64)
        texts: list[pl.Series] = []
        for slot in range(count):
            series, starts = _listed(locale, [form[slot] if slot < len(form) else () for form in groups])
            texts.append(series)
            self.starts[:, slot] = starts
        self.slots = tuple(texts)
        self._columns = tuple(np.ascontiguousarray(self.starts[:, slot]) for slot in range(count))
        self.draws = _draws(locale, groups)

    def codes(self, which: NDArray[Any], rows: Rows, salt: Callable[[str, int], int]) -> tuple[NDArray[np.int64], ...]:
        """(n,) the entry of each slot, for rows that take the forms `which`."""
        made = tuple(column.take(which) for column in self._columns)
        for (table, nth), (needed, uses) in self.draws.items():
            if needed.all():
                at, drawn = None, draw_rows(self.locale, table, rows, salt(table, nth))
            else:
                at = np.flatnonzero(needed.take(which))
                if not len(at):
                    continue
                drawn = draw_rows(self.locale, table, rows.only(at), salt(table, nth))
            for use in uses:
                _add(made[use.slot], drawn if use.stride == 1 else drawn * use.stride, at, which, needed, use.forms)
        return made

    def entries(self, form: int, slot: int) -> slice:
        """Where the entries of a form lie in a slot."""
        start = int(self.starts[form, slot])
        group = self.groups[form][slot] if slot < len(self.groups[form]) else ()
        return slice(start, start + _size(self.locale, group))


@dataclass(frozen=True, slots=True)
class Pieces:
    """What the texts of a column were put together from: forms (n,), and codes (n,) into the slots of a layout.

    It tells of `texts` and of no other column: one that was changed since is another Series.
    """

    texts: pl.Series
    layout: Layout
    forms: NDArray[np.int64]
    codes: tuple[NDArray[np.int64], ...]


@cache
def layout_of(locale: str, method: str) -> Layout | None:
    """The slots of a method, None where its texts hold more than picks from lists, or too many of them."""
    groups = [_grouped(locale, form) for form in forms_of(locale, method)]
    made = [form for form in groups if form is not None and len(form) <= MOST_SLOTS]
    combinations = {_key(group): _size(locale, group) for form in made for group in form}
    if len(made) < len(groups) or sum(combinations.values()) > MOST_LISTED:
        return None
    return Layout(locale, made)


def _grouped(locale: str, form: Form) -> list[Group] | None:
    """Pieces in as few groups as their combinations allow; literals go with what stands before them."""
    groups: list[Group] = []
    current: Group = ()
    for piece in form.pieces:
        if isinstance(piece, Fixed):
            if not piece.constant or len(piece.prefix.encode()) != piece.width:
                return None
        elif not isinstance(piece, Pick):
            return None
        elif _drawn_rows(current) and not _fit(locale, current, piece):
            groups.append(current)
            current = ()
        current = (*current, piece)
    return [*groups, current]


def _fit(locale: str, group: Group, piece: Pick) -> bool:
    """Whether a slot lists the combinations of a group with one more pick."""
    few = min(_size(locale, group), _size(locale, (piece,))) <= FEW
    return few and _size(locale, (*group, piece)) <= MOST_ENTRIES


def _key(group: Group) -> tuple[Pick | str, ...]:
    """What makes two groups the same."""
    return tuple(piece if isinstance(piece, Pick) else piece.prefix for piece in group)


def _drawn_rows(group: Group) -> list[Row]:
    """The rows of tables that the pieces of a group speak of."""
    return list(dict.fromkeys(piece.row for piece in group if isinstance(piece, Pick)))


def _sizes(locale: str, group: Group) -> dict[Row, int]:
    """Entries by drawn row, the longest list first: its place is the code where the others are at their first entry."""
    sizes = {row: known_table(locale, row[0]).rows for row in _drawn_rows(group)}
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _size(locale: str, group: Group) -> int:
    size = 1
    for entries in _sizes(locale, group).values():
        size *= entries
    return size


def _strides(locale: str, group: Group) -> dict[Row, int]:
    strides, step = {}, 1
    for row, entries in _sizes(locale, group).items():
        strides[row] = step
        step *= entries
    return strides


def _listed(locale: str, groups: Sequence[Group]) -> tuple[pl.Series, list[int]]:
    """The texts of all combinations of some groups, and where those of each one begin; equal groups share them."""
    import polars as pl

    places: dict[Any, int] = {}
    starts: list[int] = []
    parts: list[pl.Series] = []
    rows = 0
    for group in groups:
        key = _key(group)
        if key not in places:
            places[key] = rows
            parts.append(_combinations(locale, group))
            rows += len(parts[-1])
        starts.append(places[key])
    return pl.concat(parts, rechunk=True), starts


def _combinations(locale: str, group: Group) -> pl.Series:
    """(k,) the texts of all combinations of the pieces of a group."""
    import polars as pl

    numbers = np.arange(_size(locale, group))
    sizes, strides = _sizes(locale, group), _strides(locale, group)
    texts = pl.repeat("", len(numbers), dtype=pl.String, eager=True)
    for piece in group:
        if isinstance(piece, Pick):
            entry = numbers // strides[piece.row] % sizes[piece.row]
            texts = texts + entries_at(texts_of(locale, piece.table, piece.column), entry)
        else:
            texts = texts + piece.prefix
    return texts


def _draws(locale: str, groups: Sequence[Sequence[Group]]) -> dict[Row, tuple[NDArray[np.bool_], list[Use]]]:
    """By drawn row: the forms that need it, and what it adds to the codes of which slots."""
    found: dict[Row, dict[tuple[int, int], NDArray[np.bool_]]] = {}
    for form, slots in enumerate(groups):
        for slot, group in enumerate(slots):
            for row, stride in _strides(locale, group).items():
                uses = found.setdefault(row, {})
                uses.setdefault((slot, stride), np.zeros(len(groups), dtype=np.bool_))[form] = True
    return {
        row: (
            np.logical_or.reduce(list(uses.values())),
            [Use(slot, stride, forms) for (slot, stride), forms in uses.items()],
        )
        for row, uses in found.items()
    }


def _add(
    codes: NDArray[np.int64],
    drawn: NDArray[np.int64],
    at: NDArray[np.int64] | None,
    which: NDArray[Any],
    needed: NDArray[np.bool_],
    forms: NDArray[np.bool_],
) -> None:
    """Add the drawn entries to the codes of the rows of some forms. at: rows that were drawn, None for all."""
    if not np.array_equal(needed, forms):
        inside = np.flatnonzero(forms.take(which if at is None else which[at]))
        at, drawn = (inside if at is None else at[inside]), drawn[inside]
    if at is None:
        np.add(codes, drawn, out=codes)
    else:
        codes[at] += drawn
