"""A locale for each row: the rows of one locale are filled together by its maker, then put back in order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, ColumnType, Dictionary, Reader, Values
from datagen.errors import Finding, SchemaError, quoted
from datagen.generators._faker.declared import as_declared
from datagen.generators._faker.request import Maker
from datagen.generators._faker.rows import Rows
from datagen.packs.locales import find_locale, locale_hint
from datagen.packs.reading import pack_locales


class ByLocale:
    """Fills a column whose rows say their own locale.

    reader: the column with country codes or locales; fallback: the locale of rows where it is null, or None to refuse
    them. maker: the maker of a locale, or None where it cannot make the method.
    """

    def __init__(
        self,
        *,
        home: str,
        source: str,
        reader: Reader,
        fallback: str | None,
        method: str,
        maker: Callable[[str], Maker | None],
        type: ColumnType | None,
    ) -> None:
        self.home, self.source, self.reader, self.fallback, self.method, self.type = (
            home,
            source,
            reader,
            fallback,
            method,
            type,
        )
        self._make = maker
        self._makers: dict[str, Maker] = {}
        self._union: tuple[Dictionary, dict[str, NDArray[np.uint32]]] | None = None

    def __call__(self, block: Block) -> Values:
        locales, which = self._locales(block)
        rows = Rows(block)
        order = np.argsort(which, kind="stable")
        ends = np.searchsorted(which[order], np.arange(len(locales) + 1))
        spans = [(locale, order[ends[place] : ends[place + 1]]) for place, locale in enumerate(locales)]
        pieces: list[Values] = []
        for locale, at in spans:
            maker = self._maker(locale, len(at))
            piece = as_declared(maker, lambda _, maker=maker, at=at: maker.fill(rows.only(at)), self.type)(block)  # type: ignore[misc]
            pieces.append(self._translated(piece, locale) if piece.kind == "category" else piece)
        if not pieces:
            return self._empty(block)
        from datagen.columns import joined, take

        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        return take(joined(pieces), back)

    def _empty(self, block: Block) -> Values:
        """No rows: the values of any locale."""
        locale = self.fallback or pack_locales()[0]
        values = self._maker(locale, 0).fill(Rows(block))
        return self._translated(values, locale) if values.kind == "category" else values

    def _maker(self, locale: str, rows: int) -> Maker:
        maker = self._makers.get(locale)
        if maker is None:
            maker = self._make(locale)
            if maker is None:
                raise SchemaError(
                    Finding(
                        code="faker.locale_not_in_packs",
                        json_path=self.home,
                        found=f"{self.method} in {locale}, in {rows:,} rows of one block",
                        expected=f"locales that have {self.method}",
                        hint=locale_hint(locale),
                    )
                )
            self._makers[locale] = maker
        return maker

    def _locales(self, block: Block) -> tuple[list[str], NDArray[np.int64]]:
        """The locales of this block, and (n,) which of them each row has."""
        from datagen.columns import as_category

        values = as_category(self.reader(block))
        assert values.dictionary is not None
        codes = values.array.astype(np.int64)
        if values.valid is not None:
            if self.fallback is None and not values.valid.all():
                raise SchemaError(
                    Finding(
                        code="faker.no_locale",
                        json_path=self.home,
                        found=f"{int((~values.valid).sum()):,} rows of one block whose {self.source} is null",
                        expected="a country code or locale in every row",
                        hint="say `locale` beside `locale_from`: it serves the rows without one",
                    )
                )
            codes = np.where(values.valid, codes, len(values.dictionary))
        used, inverse = np.unique(codes, return_inverse=True)
        texts = [
            values.dictionary.values[code] if code < len(values.dictionary) else self.fallback for code in used.tolist()
        ]
        found = [None if text is None else find_locale(text) for text in texts]
        for text, locale in zip(texts, found, strict=True):
            if locale is None:
                raise SchemaError(
                    Finding(
                        code="faker.unknown_locale",
                        json_path=self.home,
                        found=f"{quoted(text)} in {self.source}",
                        expected="a country code or locale, such as GB or en_GB",
                        hint=locale_hint(str(text)),
                    )
                )
        locales = sorted({locale for locale in found if locale is not None})
        places = np.array([locales.index(locale) for locale in found if locale is not None], dtype=np.int64)
        return locales, places[inverse] if len(places) else np.zeros(0, dtype=np.int64)

    def _translated(self, values: Values, locale: str) -> Values:
        """Codes into one dictionary over all locales of the packs, the same in every block; else texts."""
        from datagen.columns import as_text

        if self._union is None:
            self._union = self._one_dictionary()
        dictionary, codes = self._union
        if locale not in codes or self._makers[locale].dictionary is not values.dictionary:
            return as_text(values)
        return values.changed(array=codes[locale][values.array], dictionary=dictionary)

    def _one_dictionary(self) -> tuple[Dictionary, dict[str, NDArray[np.uint32]]]:
        places: dict[str, int] = {}
        codes: dict[str, NDArray[np.uint32]] = {}
        for locale in pack_locales():
            maker = self._makers.get(locale) or self._make(locale)
            if maker is not None and maker.dictionary is not None:
                self._makers[locale] = maker
                codes[locale] = np.array(
                    [places.setdefault(text, len(places)) for text in maker.dictionary.values], dtype=np.uint32
                )
        return Dictionary(places), codes
