"""Names, addresses, firms, phone numbers: whatever the packs describe by templates over their tables.

A method whose forms are single entries of lists fills codes into their dictionary; any other fills texts, form by form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import entries_at
from datagen.contracts import Dictionary, Values
from datagen.generators._faker.counted import Counted, counted_forms
from datagen.generators._faker.fixed import Fixed, pattern_cells, spelled, write_digits
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows
from datagen.generators._faker.slots import Layout, Pieces, layout_of
from datagen.generators._faker.tables import coded, draw_rows, known_table, texts_of
from datagen.generators._faker.templates import Form, Part, Pick, Postcode, forms_of, postcode_ranges, women
from datagen.kernel.guides import GuideTable

if TYPE_CHECKING:
    import polars as pl

Drawn = dict[tuple[str, int], NDArray[np.int64]]  # rows of tables that one form has drawn


class FormMaker(Maker):
    """Texts by the forms of a method. Draws the gender, the form, each row of a table and each character, by name."""

    def __init__(self, request: Request, method: str | None = None) -> None:
        self.request = request
        self.locale = request.locale
        self.method = method = method or request.method
        self.forms = forms_of(self.locale, method)
        self.women = women(self.locale, method)
        weights = [form.weight for form in self.forms]
        self._shares = weights
        self._split = sum(weights[: self.women]) / sum(weights)
        self.digits = all(
            len(form.pieces) == 1 and isinstance(form.pieces[0], Fixed) and form.pieces[0].digits for form in self.forms
        )
        self.is_list = all(
            len(form.pieces) == 1
            and (isinstance(piece := form.pieces[0], Pick) or (isinstance(piece, Fixed) and piece.constant))
            for form in self.forms
        )
        if self.is_list:
            self.dictionary, self._codes, self._starts = self._list()
        self._parts: dict[Part, FormMaker] = {}
        self._counted: tuple[Counted, ...] = ()
        if request.unique:
            if self.is_list:
                assert self.dictionary is not None
                self.size = len(self.dictionary)
            else:
                self._counted = counted_forms(self.locale, forms_of(self.locale, method, flat=True), self.women)
                self.size = sum(one.size for one in self._counted)

    @cached_property
    def _guides(self) -> tuple[GuideTable | None, GuideTable | None]:
        """Which form, of the women's (or of all) and of the men's; None where there is only one."""
        first, second = (self._shares[: self.women], self._shares[self.women :]) if self.women else (self._shares, [])
        made = [GuideTable(shares) if len(shares) > 1 else None for shares in (first, second)]
        return made[0], made[1]

    @cached_property
    def _layout(self) -> Layout | None:
        """The forms as slots, where they are made of short lists alone."""
        return layout_of(self.locale, self.method)

    def fill(self, rows: Rows) -> Values:
        if self.is_list:
            assert self.dictionary is not None
            if self.request.unique:
                codes = self.request.ranks(rows, len(self.dictionary)).astype(np.uint32)
            else:
                codes = self._codes.take(self._places(rows))
            return Values("category", codes, dictionary=self.dictionary)
        if self.request.unique:
            return Values("text", self._unique(rows))
        which = self._choose(rows)
        if self._layout is not None:
            codes = self._layout.codes(which, rows, self.request.salt)
            texts = concatenated([entries_at(slot, code) for slot, code in zip(self._layout.slots, codes, strict=True)])
            return Values("text", texts, pieces=Pieces(texts, self._layout, which, codes))
        return Values(
            "text",
            scattered(which, len(self.forms), lambda which, at: self._form(self.forms[which], rows.only(at))),
        )

    def _choose(self, rows: Rows) -> NDArray[np.int64]:
        """(n,) which form each row takes."""
        first, second = self._guides
        salt = self.request.salt("form")
        chosen = np.zeros(len(rows), dtype=np.int64) if first is None else first.draw(rows.uniform(salt))
        if self.women:
            male = rows.uniform(self.request.gender_salt) >= self._split
            if not _same(first, second):
                at = np.flatnonzero(male)
                chosen[at] = 0 if second is None else second.draw(rows.only(at).uniform(salt))
            np.add(chosen, male * self.women, out=chosen)
        return chosen

    def _list(self) -> tuple[Dictionary, NDArray[np.uint32], NDArray[np.int64]]:
        """The dictionary over all forms, the codes of all entries, and where each form's entries begin."""
        lists = []
        for form in self.forms:
            piece = form.pieces[0]
            lists.append(
                known_table(self.locale, piece.table).column(piece.column)
                if isinstance(piece, Pick)
                else (str(getattr(piece, "prefix", "")),)
            )
        dictionary, codes = coded(tuple(lists))
        starts = np.concatenate([[0], np.cumsum([len(entries) for entries in lists])[:-1]]).astype(np.int64)
        return dictionary, codes, starts

    def _places(self, rows: Rows) -> NDArray[np.int64]:
        """(n,) the entry that each row takes, counted through the lists of all forms."""
        first = self.forms[0].pieces[0]
        if len(self.forms) == 1 and isinstance(first, Pick):
            return draw_rows(self.locale, first.table, rows, self.request.salt(first.table))
        which = self._choose(rows)
        entries = self._starts.take(which)
        for place, form in enumerate(self.forms):
            piece = form.pieces[0]
            if not isinstance(piece, Pick):
                continue
            at = np.flatnonzero(which == place)
            entries[at] += draw_rows(self.locale, piece.table, rows.only(at), self.request.salt(piece.table))
        return entries

    def _form(self, form: Form, rows: Rows) -> pl.Series:
        """The texts of one form."""
        drawn: Drawn = {}
        for piece in form.pieces:
            if isinstance(piece, (Pick, Postcode)) and piece.row not in drawn:
                name, nth = piece.row
                drawn[piece.row] = draw_rows(self.locale, name, rows, self.request.salt(name, nth))
        parts: list[Any] = []
        for place, piece in enumerate(form.pieces):
            if isinstance(piece, Pick):
                parts.append(entries_at(texts_of(self.locale, piece.table, piece.column), drawn[piece.row]))
            elif isinstance(piece, Postcode):
                parts.append(postcodes(self.locale, drawn[piece.row], rows, self.request.salt("postcode")))
            elif isinstance(piece, Part):
                parts.append(self._part(piece).texts(rows))
            else:
                parts.append(fixed_part(piece, rows, self.request, place))
        return concatenated(parts)

    def _part(self, part: Part) -> FormMaker:
        """The maker of a part of the text."""
        maker = self._parts.get(part)
        if maker is None:
            mine = f"{self.request.part}{part.rule} {part.nth} "
            maker = self._parts[part] = FormMaker(replace(self.request, part=mine), part.rule)
        return maker

    def texts(self, rows: Rows) -> pl.Series:
        """The values as texts."""
        from datagen.columns import as_text

        made: pl.Series = as_text(self.fill(rows)).array
        return made

    def _unique(self, rows: Rows) -> pl.Series:
        """Texts that no two rows of the table share: each row takes the text that has its rank as number.

        Its form is drawn among those that have a text for every row of the table, so the usual forms stay as usual;
        where none has, the ranks run through the texts of all forms.
        """
        total = rows.block.total(self.request.scope.table)
        usable = [one for one in self._counted if one.size >= total]
        if not usable or (self.women and len(usable) < len(self._counted)):
            ranks = self.request.ranks(rows, self.size or 0)
            starts = np.cumsum([0, *(one.size for one in self._counted)])
            which = np.searchsorted(starts, ranks, side="right") - 1
            return scattered(
                which,
                len(self._counted),
                lambda place, at: self._counted[place].texts(rows.only(at), ranks[at] - starts[place], self.request),
            )
        guide = GuideTable([one.form.weight for one in usable])
        salt = self.request.gender_salt if self.women else self.request.salt("form")
        return scattered(
            guide.draw(rows.uniform(salt)),
            len(usable),
            lambda place, at: usable[place].texts(
                rows.only(at), self.request.ranks(rows.only(at), usable[place].size), self.request
            ),
        )


def _same(first: GuideTable | None, second: GuideTable | None) -> bool:
    """Whether two guides give the same possibility at every uniform."""
    if first is None or second is None:
        return first is second
    return np.array_equal(first.borders, second.borders)


def fixed_part(piece: Fixed, rows: Rows, request: Request, place: int) -> Any:
    """A text of fixed width, or the literal itself where nothing in it is drawn."""
    if piece.constant and len(piece.prefix.encode()) == piece.width:
        import polars as pl

        return pl.lit(piece.prefix)
    return piece.series(piece.draw(rows, request.salt, place), len(rows))


def postcodes(locale: str, places: NDArray[np.int64], rows: Rows, salt: int) -> pl.Series:
    """(n,) a postcode inside the region of each place."""
    low, high, form = postcode_ranges(locale)
    first = np.array(low, dtype=np.int64)[places]
    return spelled_numbers(first + rows.below(np.array(high, dtype=np.int64)[places] - first + 1, salt), form)


def spelled_numbers(numbers: NDArray[np.int64], form: str) -> pl.Series:
    """Whole numbers in a form such as `### ##`, with leading zeros."""
    blank = np.frombuffer((form + "\n").encode("ascii"), dtype=np.uint8)
    matrix = np.empty((len(numbers), len(blank)), dtype=np.uint8)
    matrix[:] = blank
    digits = np.empty((len(numbers), form.count("#")), dtype=np.uint8)
    write_digits(numbers, digits)
    matrix[:, [place for place, cell in enumerate(pattern_cells(form)) if not isinstance(cell, str)]] = digits
    return spelled(matrix)


def concatenated(parts: list[Any]) -> pl.Series:
    """Texts put together row by row; literals are polars literals."""
    import polars as pl

    if len(parts) == 1 and isinstance(parts[0], pl.Series):
        return parts[0]
    if len(parts) == 2 and all(isinstance(part, pl.Series) for part in parts):
        texts: pl.Series = parts[0] + parts[1]
        return texts
    return pl.select(pl.concat_str(parts)).to_series()


def scattered(which: NDArray[np.int64], kinds: int, make: Callable[[int, NDArray[np.int64]], pl.Series]) -> pl.Series:
    """Texts made kind by kind, put back in row order. make(kind, places of the rows of that kind) gives their texts."""
    import polars as pl

    if kinds == 1:
        return make(0, np.arange(len(which)))
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(kinds + 1))
    spans = [order[ends[kind] : ends[kind + 1]] for kind in range(kinds)]
    parts = [make(kind, at) for kind, at in enumerate(spans) if len(at)]
    if not parts:
        return pl.Series([], dtype=pl.String)
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return entries_at(pl.concat(parts, rechunk=True), back)  # a gather from many pieces is slow
