"""The row's own person: which column tells its name, and that name in plain letters for e-mails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import entries_at
from datagen.contracts import Dictionary, Reader, Scope, Values
from datagen.generators._faker.name_codes import Coded, CodedNames, LayoutNames
from datagen.generators._faker.request import Request
from datagen.generators._faker.rows import Rows
from datagen.generators._faker.slots import Pieces
from datagen.generators._faker.tables import draw_rows, known_table
from datagen.generators._faker.templates import Form, Pick, forms_of, women
from datagen.packs.reading import about, pack_locales, table

if TYPE_CHECKING:
    import polars as pl

WHOLE = ("name", "name_female", "name_male", "name_nonbinary")
FIRST = ("first_name", "first_name_female", "first_name_male", "first_name_nonbinary")
LAST = ("last_name", "last_name_female", "last_name_male", "last_name_nonbinary")
GENDERED = (*FIRST[:1], *LAST[:1], "prefix", "suffix")  # methods that speak of the row's person together


@dataclass(frozen=True, slots=True)
class OwnName:
    """The columns of the row that tell a name: a whole one, or a first and a last one (either may be missing)."""

    whole: str = ""
    first: str = ""
    last: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in (self.whole, self.first, self.last) if name)


def own_name(scope: Scope) -> OwnName | None:
    """The row's own name as this column may read it, or None where the table has none.

    The first column that the faker generator fills with whole names, else those it fills with first and last names.
    Where there are several, one with the same beginning (`contact_name` for `contact_email`) comes first.
    """
    found = {methods[0]: _column_of(scope, methods) for methods in (WHOLE, FIRST, LAST)}
    if found["name"]:
        return OwnName(whole=found["name"])
    if found["first_name"] or found["last_name"]:
        return OwnName(first=found["first_name"], last=found["last_name"])
    return None


def own_person(scope: Scope, method: str, own: OwnName | None) -> str:
    """The column whose gender this one shares: the row's first name, else its last name, where there is one."""
    if own is not None:
        return own.first or own.last
    if method not in GENDERED:
        return ""
    return _column_of(scope, FIRST[:1], also_itself=True) or _column_of(scope, LAST[:1], also_itself=True)


def own_locale(scope: Scope, own: OwnName | None) -> Mapping[str, Any]:
    """`locale` and `locale_from` of the name's column, for an e-mail that says neither."""
    if own is None:
        return {}
    _, params = scope.own_columns[own.columns[0]]
    return {key: params[key] for key in ("locale", "locale_from") if isinstance(params.get(key), str)}


def _column_of(scope: Scope, methods: tuple[str, ...], *, also_itself: bool = False) -> str:
    names = [
        name
        for name, (word, params) in scope.own_columns.items()
        if word == "faker"
        and params.get("method") in methods
        and (also_itself or name != scope.column)
        and scope.type_of(name) in (None, "string")
    ]
    kin = _kin(scope.column)
    return next((name for name in names if kin and _kin(name) == kin), names[0] if names else "")


def _kin(column: str) -> str:
    """What a column's name begins with: `contact` of `contact_email` and of `contact_first_name`."""
    stem = column.lower()
    for ending in (
        "first_name",
        "last_name",
        "full_name",
        "surname",
        "user_name",
        "username",
        "name",
        "email",
        "prefix",
        "suffix",
    ):
        if stem.endswith(ending):
            return stem.removesuffix(ending).rstrip("_")
    return stem.rpartition("_")[0]


@dataclass(frozen=True, slots=True)
class NameParts:
    """(n,) first and last names in small ASCII letters; empty where there is none."""

    first: pl.Series
    last: pl.Series


class Names:
    """The names that e-mails are made from: read from the row's own columns, or drawn where there are none."""

    def __init__(self, request: Request, own: OwnName | None) -> None:
        self.request = request
        self.locale = request.locale
        self.readers: dict[str, Reader] = {name: request.scope.read(name) for name in own.columns} if own else {}
        self.own = own or OwnName()
        # dictionary -> its texts in ASCII; a column's dictionary is the same object in every block
        self._plain: dict[int, tuple[Any, Any]] = {}

    def codes(self, rows: Rows) -> CodedNames | None:
        """The names of some rows as codes into lists, None where they must be read row by row."""
        if self.own.whole:
            values = rows.read(self.readers[self.own.whole])
            found = self._whole_codes(values)
            if found is not None and family_first(self.locale):
                found = CodedNames(found.last, found.first, found.told)
            if found is None or values.valid is None:
                return found
            return CodedNames(
                found.first, found.last, values.valid if found.told is None else found.told & values.valid
            )
        first = self._column_codes(rows, self.own.first, "first_name")
        last = self._column_codes(rows, self.own.last, "last_name")
        return None if first is None or last is None else CodedNames(first, last)

    def _whole_codes(self, values: Values) -> CodedNames | None:
        pieces = values.pieces
        if not isinstance(pieces, Pieces) or pieces.texts is not values.array:
            return None
        family = family_place(self.locale)
        names = self._once(
            pieces.layout,
            lambda: LayoutNames(pieces.layout, lambda texts: _pair(split_names(texts, self.locale)), family),
        )
        return names.of(pieces)  # type: ignore[no-any-return]

    def _column_codes(self, rows: Rows, column: str, method: str) -> Coded | None:
        """First or last names: of a column whose every value is a name of its dictionary, or drawn where there is none."""
        if not column:
            return plain_codes(rows, self.request, method)
        values = rows.read(self.readers[column])
        if values.kind != "category" or values.valid is not None:
            return None
        return Coded(self._spelled(values.dictionary), values.array)

    def parts(self, rows: Rows) -> NameParts:
        """The names of some rows."""
        drawn = self._drawn(rows) if not (self.own.whole or (self.own.first and self.own.last)) else None
        if self.own.whole:
            values = rows.read(self.readers[self.own.whole])
            found = self._whole(values)
            missing = None if values.valid is None else ~values.valid
        else:
            first = rows.read(self.readers[self.own.first]) if self.own.first else None
            last = rows.read(self.readers[self.own.last]) if self.own.last else None
            if drawn is None and first is not None and last is not None:
                found = NameParts(self._column(first), self._column(last))
            else:
                assert drawn is not None
                found = NameParts(
                    drawn.first if first is None else self._column(first),
                    drawn.last if last is None else self._column(last),
                )
            masks = [~one.valid for one in (first, last) if one is not None and one.valid is not None]
            missing = np.logical_or.reduce(masks) if masks else None
        if missing is not None and missing.any():
            found = _filled(found, missing, drawn or self._drawn(rows))
        return found

    def _drawn(self, rows: Rows) -> NameParts:
        """Names of nobody in particular, drawn like those of a name column."""
        return NameParts(*(plain_list(rows, self.request, method) for method in ("first_name", "last_name")))

    def _column(self, values: Values) -> pl.Series:
        """A column of names in plain letters; a dictionary is spelled once."""
        if values.kind != "category":
            return plain(values.array, self.locale)
        return entries_at(self._spelled(values.dictionary), values.array)

    def _spelled(self, dictionary: Dictionary | None) -> pl.Series:
        assert dictionary is not None
        return self._once(dictionary, lambda: plain(dictionary.series, self.locale))  # type: ignore[no-any-return]

    def _whole(self, values: Values) -> NameParts:
        if values.kind != "category":
            return self._split(values.array)
        dictionary = values.dictionary
        assert dictionary is not None
        parts = self._once(dictionary, lambda: self._split(dictionary.series))
        return NameParts(entries_at(parts.first, values.array), entries_at(parts.last, values.array))

    def _split(self, names: pl.Series) -> NameParts:
        """First and last names of whole ones, in the order of the locale."""
        import polars as pl

        parts = split_names(names, self.locale)
        if not family_first(self.locale):
            return parts
        several = parts.last.str.len_bytes() > 0
        first = pl.select(pl.when(several).then(parts.last).otherwise(parts.first)).to_series()
        last = pl.select(pl.when(several).then(parts.first).otherwise(parts.last)).to_series()
        return NameParts(first, last)

    def _once(self, source: Any, make: Callable[[], Any]) -> Any:
        """What is made from a dictionary or a layout, which are the same objects in every block."""
        held = self._plain.get(id(source))
        if held is None or held[0] is not source:
            if len(self._plain) > 8:  # a column that changes its dictionary with every block
                self._plain.clear()
            held = self._plain[id(source)] = (source, make())
        return held[1]


def _pair(parts: NameParts) -> tuple[pl.Series, pl.Series]:
    return parts.first, parts.last


def plain_list(rows: Rows, request: Request, method: str, nth: int = 0) -> pl.Series:
    """(n,) first or last names of a locale in plain letters; see `plain_codes`."""
    return plain_codes(rows, request, method, nth).series


def plain_codes(rows: Rows, request: Request, method: str, nth: int = 0) -> Coded:
    """(n,) first or last names of a locale in plain letters, by their weights, of the row's gender.

    nth: which of several names of the row, each with its own draw.
    """
    split = bool(women(request.locale, method))
    tables = tuple(_listed(form) for form in forms_of(request.locale, method)[: 2 if split else 1])
    if not split:
        drawn = draw_rows(request.locale, tables[0], rows, request.salt(tables[0], nth))
        return Coded(plain_texts(request.locale, tables), drawn)
    codes = np.empty(len(rows), dtype=np.int64)
    female = rows.uniform(request.gender_salt) < 0.5
    start = 0
    for name, hers in zip(tables, (True, False), strict=True):
        at = np.flatnonzero(female == hers)
        codes[at] = draw_rows(request.locale, name, rows.only(at), request.salt(name, nth)) + start
        start += known_table(request.locale, name).rows
    return Coded(plain_texts(request.locale, tables), codes)


def _listed(form: Form) -> str:
    """The list that a form of one pick takes its texts from."""
    piece = form.pieces[0]
    assert isinstance(piece, Pick)
    return piece.table


@cache
def plain_texts(locale: str, names: tuple[str, ...]) -> pl.Series:
    """Lists of the packs in plain letters, one behind the other."""
    import polars as pl

    texts = [text for name in names for text in known_table(locale, name).column("value")]
    return plain(pl.Series(texts, dtype=pl.String), locale)


@cache
def _letters(locale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Letters and what they are in ASCII: the shared ones, then the locale's own ways (ä is ae in German)."""
    pairs: dict[str, str] = {}
    for folder in ("", locale):
        found = table(folder, "transliteration")
        if found is not None:
            pairs |= dict(zip(found.column("letter"), found.column("ascii"), strict=True))
    return tuple(pairs), tuple(pairs.values())


@cache
def family_first(locale: str) -> bool:
    """Whether a whole name begins with the family's, as in Japanese."""
    first = forms_of(locale, "name")[0].pieces[0] if locale in pack_locales() else None
    return isinstance(first, Pick) and first.table.startswith("last_name")


@cache
def family_place(locale: str) -> int:
    """Which of the words of a whole name is the one that an e-mail takes as the family's: in Spanish the first of two."""
    place: int = about(locale).get("family", -1) if locale in pack_locales() else -1
    return place


@cache
def _in_latin(locale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that no table of letters spells, and how they are written in Latin letters: 佐藤 is `sato`."""
    pairs: dict[str, str] = {}
    for name in (*FIRST, *LAST):
        found = table(locale, name)
        if found is not None and "latin" in found.columns:
            pairs |= dict(zip(found.column("value"), found.column("latin"), strict=True))
    return tuple(pairs), tuple(pairs.values())


def plain(texts: pl.Series, locale: str) -> pl.Series:
    """Texts in small ASCII letters and nothing else: `Müller-Lüdenscheidt` is `muellerluedenscheidt` in German."""
    names, latin = _in_latin(locale)
    if names:
        texts = texts.replace(list(names), list(latin))
    letters, spelled = _letters(locale)
    small = texts.str.to_lowercase()
    if not bool((texts.str.len_bytes() == texts.str.len_chars()).all()):
        small = small.str.replace_many(list(letters), list(spelled))
    return small.str.replace_all(r"[^a-z]+", "")


@cache
def _titles() -> frozenset[str]:
    """Words before and after names that are none: Dr., Frau, Ing., MD, Jr., in the packs' own spelling."""
    return frozenset(
        text
        for locale in pack_locales()
        for name in ("prefix_female", "prefix_male", "suffix", "suffix_female", "suffix_male", "degree")
        if (found := table(locale, name)) is not None
        for text in (*found.column("value"), "Mx.", "Mx")
    )


def split_names(names: pl.Series, locale: str) -> NameParts:
    """First and last word of each name without its titles, in plain letters; a name of one word has no last one."""
    import polars as pl

    from datagen.columns import as_category

    lists = names.str.split(" ")
    lengths = lists.list.len().to_numpy().astype(np.int64)
    words = as_category(Values("text", lists.explode() if len(names) else names))
    assert words.dictionary is not None
    spelled = plain(words.dictionary.series, locale)
    titles = _titles()
    counts = (
        ~np.array([word in titles for word in words.dictionary.values], dtype=np.bool_)
        & (spelled.str.len_bytes() > 0).to_numpy()
    )
    owner = np.repeat(np.arange(len(names)), lengths)
    at = np.flatnonzero(counts[words.array]) if len(counts) else np.zeros(0, dtype=np.int64)
    rows = owner[at]
    empty = len(spelled)
    first, last = np.full(len(names), empty), np.full(len(names), empty)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))  # the words of one name stand together
    ends = np.append(starts[1:], len(rows)) - 1
    first[rows[starts]] = words.array[at[starts]]
    several = ends > starts
    place = family_place(locale)
    family = ends if place == -1 else np.minimum(starts + place, ends)
    last[rows[ends[several]]] = words.array[at[family[several]]]
    texts = pl.concat([spelled, pl.Series([""], dtype=pl.String)], rechunk=True)
    return NameParts(entries_at(texts, first), entries_at(texts, last))


def _filled(parts: NameParts, missing: NDArray[np.bool_], drawn: NameParts) -> NameParts:
    """Drawn names where there are none."""
    import polars as pl

    mask = pl.Series(missing)
    return NameParts(drawn.first.zip_with(mask, parts.first), drawn.last.zip_with(mask, parts.last))
