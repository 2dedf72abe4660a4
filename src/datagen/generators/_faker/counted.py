"""Numbers the texts of a form so that no number spells a text twice: what makes names and addresses unique.

A form is a number with one digit per piece: an entry of a list, a character. Two numbers give two texts because the
text can be read back: a piece of fixed width ends where it ends, a list's entry ends at the first place of a
character that follows it in the form and stands in none of the entries (entries that hold it are left out), or where
nothing but fixed widths is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import entries_at
from datagen.generators._faker.fixed import Fixed
from datagen.generators._faker.request import Request
from datagen.generators._faker.rows import Rows
from datagen.generators._faker.tables import known_table
from datagen.generators._faker.templates import Form, Pick, Postcode, postcode_ranges

if TYPE_CHECKING:
    import polars as pl

MOST = 1 << 62  # numbers that a rank can reach; the pieces before them are drawn as usual

MOST_FORMS = 8  # forms of a method that are looked at

Key = tuple[str, int]


class Counted:
    """One form with a number for each of its texts. size: how many there are, at most 2^62."""

    def __init__(self, locale: str, form: Form, *, without: frozenset[str] = frozenset()) -> None:
        self.locale = locale
        self.form = form
        self._entries = _entries(locale, form, without)
        self._postcodes = _free_postcodes(locale, form)
        digits: list[tuple[int | Key, int]] = []  # (place of a fixed text or row of a table, how many values)
        for place, piece in enumerate(form.pieces):
            if isinstance(piece, Fixed):
                digits.extend((place, radix) for radix in piece.radices)
            elif isinstance(piece, Postcode) and self._postcodes is not None:
                digits.append((place, self._postcodes[1] - self._postcodes[0] + 1))
            elif isinstance(piece, Pick) and piece.row not in [key for key, _ in digits]:
                digits.append((piece.row, len(self._entries[piece.row])))
        # as many of the last digits as a rank can hold
        self._digits: list[tuple[int | Key, int]] = []
        for digit in reversed(digits):
            if prod(radix for _, radix in self._digits) * digit[1] > MOST:
                break
            self._digits.insert(0, digit)
        self.size = prod(radix for _, radix in self._digits)
        # characters that every text of the form has, and those that any may have
        self.always = frozenset(sign for piece in form.pieces if isinstance(piece, Fixed) for sign in piece.literals)
        self.possible = self.always | frozenset(sign for piece in form.pieces for sign in self._signs(piece))

    def _signs(self, piece: Any) -> str:
        """The characters that a piece may have."""
        if isinstance(piece, Pick):
            column = known_table(self.locale, piece.table).column(piece.column)
            return "".join(column[row] for row in self._entries[piece.row].tolist())
        return piece.drawable if isinstance(piece, Fixed) else "0123456789 "

    def texts(self, rows: Rows, numbers: NDArray[np.int64], request: Request) -> pl.Series:
        """(n,) the texts of these numbers. Pieces beyond the numbers are drawn."""
        from datagen.generators._faker.forms import concatenated, fixed_part, postcodes, spelled_numbers

        codes: dict[int | Key, list[NDArray[np.int64]]] = {}
        rest = numbers
        for key, radix in reversed(self._digits):
            rest, digit = np.divmod(rest, radix)
            codes.setdefault(key, []).insert(0, digit)
        drawn = {
            key: self._entries[key][codes[key][0]] if key in codes else self._any(key, rows, request)
            for key in self._entries
        }
        parts: list[Any] = []
        for place, piece in enumerate(self.form.pieces):
            if isinstance(piece, Pick):
                from datagen.generators._faker.tables import texts_of

                parts.append(entries_at(texts_of(self.locale, piece.table, piece.column), drawn[piece.row]))
            elif isinstance(piece, Postcode):
                if self._postcodes is not None:
                    low, _, form = self._postcodes
                    parts.append(spelled_numbers(low + codes[place][0], form))
                else:
                    parts.append(postcodes(self.locale, drawn[piece.row], rows, request.salt("postcode")))
            elif not isinstance(piece, Fixed):
                raise AssertionError(f"{piece.rule} is a part of a form that was asked for without parts")
            elif piece.constant:
                parts.append(fixed_part(piece, rows, request, place))
            else:
                given = codes.get(place, [])
                missing = len(piece.radices) - len(given)
                free = piece.draw(rows, request.salt, place)[:missing] if missing else []
                parts.append(piece.series([*free, *given], len(rows)))
        return concatenated(parts)

    def _any(self, key: Key, rows: Rows, request: Request) -> NDArray[np.int64]:
        """Entries of a list that no number tells, equally likely among those that may stand here."""
        entries = self._entries[key]
        return entries[rows.below(len(entries), request.salt(*key))]


def counted_forms(locale: str, forms: Sequence[Form], women: int) -> tuple[Counted, ...]:
    """The forms whose texts a unique column takes: usual ones that can be read back and share no text; maybe none.

    Where women and men have forms of their own, the most usual of each.
    """
    if not women:
        chosen: list[Counted] = []
        for one in _counted(locale, forms):
            if all(_apart(one, other) for other in chosen):
                chosen.append(one)
        return tuple(chosen)
    hers = next(iter(_counted(locale, forms[:women])), None)
    if hers is None:
        return ()
    # a man's name must not be a woman's too: his first name is none of hers
    first = hers.form.pieces[0]
    names = frozenset(known_table(locale, first.table).column(first.column)) if isinstance(first, Pick) else frozenset()
    his = next(iter(_counted(locale, forms[women:], without=names)), None)
    return (hers,) if his is None or not names else (hers, his)


def _counted(locale: str, forms: Sequence[Form], without: frozenset[str] = frozenset()) -> Iterator[Counted]:
    """The forms that can be read back, the most usual first; of equally usual ones, the one with most texts."""
    readable = sorted(
        (form for form in forms if _readable(form)), key=lambda one: (one.weight, _size(locale, one)), reverse=True
    )
    for form in readable[:MOST_FORMS]:
        counted = Counted(locale, form, without=without)
        if counted.size:
            yield counted


def _apart(one: Counted, other: Counted) -> bool:
    """Whether no text is of both forms, because one always has a character that the other never has."""
    return bool(one.always - other.possible) or bool(other.always - one.possible)


def _size(locale: str, form: Form) -> int:
    """Texts of a form, before entries are left out."""
    lists = {piece.row: known_table(locale, piece.table).rows for piece in form.pieces if isinstance(piece, Pick)}
    return prod(lists.values()) * prod(prod(piece.radices) for piece in form.pieces if isinstance(piece, Fixed))


def _readable(form: Form) -> bool:
    """Whether the end of every list's entry can be found."""
    for place, piece in enumerate(form.pieces):
        if isinstance(piece, Pick) and not _ends_by_width(form, place):
            following = form.pieces[place + 1]
            if not isinstance(following, Fixed) or not following.prefix:
                return False
    return True


def _entries(locale: str, form: Form, without: frozenset[str]) -> dict[Key, NDArray[np.int64]]:
    """Rows of each table that a number may take: every combination of shown texts once, none that holds its own end."""
    rows: dict[Key, NDArray[np.int64]] = {}
    for key in dict.fromkeys(piece.row for piece in form.pieces if isinstance(piece, (Pick, Postcode))):
        shown = [
            (known_table(locale, piece.table).column(piece.column), _end(locale, form, place))
            for place, piece in enumerate(form.pieces)
            if isinstance(piece, Pick) and piece.row == key
        ]
        seen: dict[tuple[str, ...], int] = {}
        for row in range(known_table(locale, key[0]).rows):
            texts = tuple(column[row] for column, _ in shown)
            if not any(end in text for text, (_, end) in zip(texts, shown, strict=True) if end):
                seen.setdefault(texts, row)
        first = isinstance(form.pieces[0], Pick) and form.pieces[0].row == key
        rows[key] = np.array(
            [row for texts, row in seen.items() if not (first and texts[0] in without)], dtype=np.int64
        )
    return rows


def _ends_by_width(form: Form, place: int) -> bool:
    """Whether all that follows a piece has a fixed width, so that its end is told from the right."""
    return all(isinstance(piece, (Fixed, Postcode)) for piece in form.pieces[place + 1 :])


def _end(locale: str, form: Form, place: int) -> str:
    """The character of the following text that the fewest entries hold; empty where the end is told from the right."""
    piece, following = form.pieces[place], form.pieces[place + 1] if place + 1 < len(form.pieces) else None
    if _ends_by_width(form, place) or not isinstance(piece, Pick) or not isinstance(following, Fixed):
        return ""
    texts = known_table(locale, piece.table).column(piece.column)
    return min(dict.fromkeys(following.prefix), key=lambda character: sum(character in text for text in texts))


def _free_postcodes(locale: str, form: Form) -> tuple[int, int, str] | None:
    """Lowest and highest postcode and their form, where the form shows no place that they would have to agree with."""
    if not any(isinstance(piece, Postcode) for piece in form.pieces) or any(
        isinstance(piece, Pick) for piece in form.pieces
    ):
        return None
    low, high, written = postcode_ranges(locale)
    return min(low), max(high), written
