"""E-mails and user names after the row's own name, and domains, of which none can belong to anybody.

Domains end in example.com, .net, .org or .example, which are reserved (RFC 2606). A unique e-mail or user name
carries the row's rank among the rows of its table as its number, and its letters never end in a digit, so no two rows
share one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import entries_at
from datagen.contracts import Values
from datagen.generators._faker.arguments import Arguments
from datagen.generators._faker.forms import concatenated, scattered
from datagen.generators._faker.name_codes import CodedNames
from datagen.generators._faker.people import NameParts, Names, OwnName, plain_list
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows
from datagen.generators._faker.tables import draw_rows, texts_of
from datagen.kernel.guides import GuideTable

if TYPE_CHECKING:
    import polars as pl

# How people write their names, and how often: pieces f (first name), i (its initial), l (last name), n (a number).
STYLES: tuple[tuple[str, float], ...] = (
    ("f.l", 0.30),
    ("f.ln", 0.25),
    ("iln", 0.12),
    ("fn", 0.08),
    ("il", 0.08),
    ("f_ln", 0.08),
    ("l.f", 0.05),
    ("fln", 0.04),
)
ALONE = 3  # the style of a name of one word
SAFE_DOMAINS = ("example.com", "example.net", "example.org")
DOMAIN_STYLES: tuple[tuple[str, float], ...] = (("l", 0.4), ("l-k", 0.35), ("l-group", 0.15), ("k-and-sons", 0.1))
RANKS_AT_LEAST = 1_000  # a unique number has this many values or the next power of ten above the table's rows


@cache
def numbers() -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Numbers that people put behind their names, with weights: two digits, years of birth, three digits."""
    kinds = (
        ([str(number) for number in range(10, 100)], 0.6),
        ([str(year) for year in range(1950, 2011)], 0.25),
        ([str(number) for number in range(100, 1000)], 0.15),
    )
    texts = tuple(text for group, _ in kinds for text in group)
    return texts, tuple(share / len(group) for group, share in kinds for _ in group)


@cache
def _numbers() -> tuple[pl.Series, GuideTable]:
    import polars as pl

    texts, weights = numbers()
    return pl.Series(texts), GuideTable(weights)


@cache
def _styles() -> GuideTable:
    return GuideTable([weight for _, weight in STYLES])


@cache
def _domain_styles() -> GuideTable:
    return GuideTable([weight for _, weight in DOMAIN_STYLES])


@cache
def _numbered() -> NDArray[np.int64]:
    """(styles,) 1 where a style ends in a number."""
    return np.array([style.endswith("n") for style, _ in STYLES], dtype=np.int64)


@cache
def _endings(written: tuple[str, ...], domains: tuple[str, ...]) -> pl.Series:
    """What may stand behind the names: no number or one of those written, each with every domain."""
    import polars as pl

    return pl.Series([number + domain for number in ("", *written) for domain in domains], dtype=pl.String)


class StyledWords:
    """The words of two lists of names as the styles write them: each name once, not once per row.

    A style is a head and a tail: `Jane.`, `J` or `Doe.`, and `Doe`, `Jane` or nothing.
    """

    def __init__(self, first: pl.Series, last: pl.Series) -> None:
        import polars as pl

        self.first, self.last = first, last
        self.all_spelled = bool((first.str.len_bytes() > 0).all() and (last.str.len_bytes() > 0).all())
        written = {"f": first, "i": first.str.head(1), "l": last}
        self._style = [_head_and_tail(style) for style, _ in STYLES]
        heads = list(dict.fromkeys(head for head, _ in self._style))
        starts = np.cumsum([0, *(len(written[head[0]]) for head in heads)])
        self.heads = pl.concat([written[head[0]] + head[1:] for head in heads], rechunk=True)
        self._head_starts = np.array([starts[heads.index(head)] for head, _ in self._style], dtype=np.int64)
        self.tails = pl.concat([last, first, pl.Series([""], dtype=pl.String)], rechunk=True)

    def parts(self, style: NDArray[np.int64], names: CodedNames) -> list[pl.Series]:
        """(n,) heads and (n,) tails of rows of some styles."""
        first, last = names.first.codes, names.last.codes
        starts = self._head_starts
        head, tail = starts.take(style), last.astype(np.int64)
        head += first
        for place, (begins, ends) in enumerate(self._style):
            if begins[0] != "l" and ends == "l":
                continue
            at = np.flatnonzero(style == place)  # of styles that few rows have
            if begins[0] == "l":
                head[at] = last[at] + starts[place]
            if ends != "l":
                tail[at] = first[at] + len(self.last) if ends == "f" else len(self.tails) - 1
        return [entries_at(self.heads, head), entries_at(self.tails, tail)]


def _head_and_tail(style: str) -> tuple[str, str]:
    """`f.`, `l` for `f.ln`: the first name's sign with what stands behind it, and the other one's or nothing."""
    letters = style.removesuffix("n")
    return (letters[:-1], letters[-1]) if len(letters) > 1 else (letters, "")


class UserNames(Maker):
    """User names, and e-mails where there are domains.

    domains: texts to choose from, "" for the domain of a firm. Reads the row's own name where it has one.
    """

    across_locales = True

    def __init__(self, request: Request, own: OwnName | None, domains: tuple[str, ...] = ()) -> None:
        self.request = request
        self.names = Names(request, own)
        self.domains = domains
        self._held: StyledWords | None = None

    def fill(self, rows: Rows) -> Values:
        names = self.names.codes(rows)
        if names is None or (words := self._words(names)) is None:
            return Values("text", self._read(rows))
        if names.told is None or names.told.all():
            return Values("text", self._coded(rows, names, words))
        makes = (lambda at: self._coded(rows.only(at), names.at(at), words), lambda at: self._read(rows.only(at)))
        return Values("text", scattered(np.where(names.told, 0, 1), 2, lambda place, at: makes[place](at)))

    def _words(self, names: CodedNames) -> StyledWords | None:
        """The words that the names are spelled as, None where there is a name without plain letters."""
        first, last = names.first.texts, names.last.texts
        if self._held is None or self._held.first is not first or self._held.last is not last:
            self._held = StyledWords(first, last)
        return self._held if self._held.all_spelled else None

    def _coded(self, rows: Rows, names: CodedNames, words: StyledWords) -> pl.Series:
        """The texts after names that are codes."""
        request = self.request
        style = _styles().draw(rows.uniform(request.salt("style")))
        parts: list[Any] = words.parts(style, names)
        if request.unique:
            parts.append(ranks_as_texts(rows, request))
        domains = ("",) if self.domains == ("",) else tuple(f"@{domain}" for domain in self.domains) or ("",)
        code = rows.below(len(domains), request.salt("domain")) if len(domains) > 1 else None
        if request.unique:
            parts.append(_literal(domains[0]) if code is None else entries_at(_endings((), domains), code))
        else:
            number = _numbers()[1].draw(rows.uniform(request.salt("number")))
            number += 1
            number *= len(domains) * _numbered().take(style)
            if code is not None:
                number += code
            parts.append(entries_at(_endings(numbers()[0], domains), number))
        if self.domains == ("",):
            parts += [_literal("@"), domain_names(rows, request)]
        return concatenated(parts)

    def _read(self, rows: Rows) -> pl.Series:
        """The texts after names that are read row by row."""
        local = self.local_parts(rows)
        if not self.domains:
            return local
        domain = domain_names(rows, self.request) if self.domains == ("",) else self._domains(rows)
        return concatenated([local, _literal("@"), domain])

    def local_parts(self, rows: Rows) -> pl.Series:
        """What stands before the @."""
        import polars as pl

        parts = self.names.parts(rows)
        number = self._numbers(rows)
        first, last = parts.first, parts.last
        nameless = first.str.len_bytes() == 0
        if nameless.any():
            # letters that no table spells: the last name, else the plain word
            first = pl.select(
                pl.when(~nameless).then(first).when(last.str.len_bytes() > 0).then(last).otherwise(pl.lit("user"))
            ).to_series()
        style = _styles().draw(rows.uniform(self.request.salt("style")))
        style = np.where((last.str.len_bytes() == 0).to_numpy(), ALONE, style)
        return scattered(
            style,
            len(STYLES),
            lambda place, at: self._styled(
                STYLES[place][0], NameParts(entries_at(first, at), entries_at(last, at)), entries_at(number, at)
            ),
        )

    def _styled(self, style: str, parts: NameParts, number: pl.Series) -> pl.Series:
        if self.request.unique and not style.endswith("n"):
            style += "n"
        pieces = {"f": parts.first, "l": parts.last, "n": number}
        made: list[Any] = [
            pieces.get(sign) if sign in pieces else parts.first.str.head(1) if sign == "i" else _literal(sign)
            for sign in style
        ]
        return concatenated(made)

    def _numbers(self, rows: Rows) -> pl.Series:
        """(n,) numbers as texts: the row's rank on a unique column, else what people add."""
        if self.request.unique:
            return ranks_as_texts(rows, self.request)
        texts, guide = _numbers()
        return entries_at(texts, guide.draw(rows.uniform(self.request.salt("number"))))

    def _domains(self, rows: Rows) -> Any:
        import polars as pl

        if len(self.domains) == 1:
            return _literal(self.domains[0])
        return entries_at(pl.Series(self.domains), rows.below(len(self.domains), self.request.salt("domain")))


class Pages(Maker):
    """Names of machines and pages of firms that do not exist, by a template of PAGES."""

    across_locales = True

    def __init__(self, request: Request, template: str) -> None:
        self.request = request
        self.pieces = re.split(r"\{(.+?)\}", template)

    def fill(self, rows: Rows) -> Values:
        parts = [
            self._piece(piece, place, rows) if place % 2 else _literal(piece)
            for place, piece in enumerate(self.pieces)
            if piece
        ]
        return Values("text", concatenated(parts))

    def _piece(self, name: str, place: int, rows: Rows) -> pl.Series:
        import polars as pl

        if name == "word":
            words = domain_words(rows, self.request)
            return concatenated([words, ranks_as_texts(rows, self.request)]) if self.request.unique else words
        if name == "number":
            return pl.Series(10 + rows.below(90, self.request.salt("number"))).cast(pl.String)
        drawn = draw_rows(self.request.locale, name, rows, self.request.salt(name, place))
        return entries_at(texts_of(self.request.locale, name, "value"), drawn)


def ranks_as_texts(rows: Rows, request: Request) -> pl.Series:
    """(n,) a number of its own for every row of the table, as a text."""
    import polars as pl

    total = max(rows.block.total(request.scope.table), RANKS_AT_LEAST)
    # below a power of ten: as long as the table stays below it, more rows leave the old numbers alone
    return pl.Series(request.ranks(rows, 10 ** len(str(total - 1)))).cast(pl.String)


def domain_names(rows: Rows, request: Request) -> pl.Series:
    """(n,) domains of firms, such as `novak-group.example`."""
    return concatenated([domain_words(rows, request), _literal(".example")])


def domain_words(rows: Rows, request: Request) -> pl.Series:
    """(n,) names of firms as a domain spells them: family names in plain letters, with hyphens."""
    names = {"l": plain_list(rows, request, "last_name"), "k": plain_list(rows, request, "last_name", 1)}
    style = _domain_styles().draw(rows.uniform(request.salt("domain style")))

    def make(place: int, at: NDArray[np.int64]) -> pl.Series:
        sign, _, rest = DOMAIN_STYLES[place][0].partition("-")
        pieces: list[Any] = [entries_at(names[sign], at)]
        if rest:
            pieces += [_literal("-"), entries_at(names[rest], at) if rest in names else _literal(rest)]
        return concatenated(pieces)

    return scattered(style, len(DOMAIN_STYLES), make)


def _literal(text: str) -> Any:
    import polars as pl

    return pl.lit(text)


def email(request: Request, own: OwnName | None) -> Maker:
    """`email(domain)`, `safe_email` and their like: at a reserved domain, or at the one that the user names."""
    arguments = Arguments(request.scope, request.arguments)
    if not arguments.flag("safe", True):
        request.scope.refuse(
            "faker.not_allowed",
            "safe",
            found="safe: false",
            expected="reserved domains (example.com, example.net, example.org)",
            hint="addresses at real providers may belong to somebody; give a `domain` of your own",
        )
    if request.arguments.get("domain") is not None:
        return UserNames(request, own, (arguments.text("domain", SAFE_DOMAINS[0], most=253, ascii_only=True),))
    return UserNames(request, own, SAFE_DOMAINS)


def company_email(request: Request, own: OwnName | None) -> Maker:
    return UserNames(request, own, ("",))


def user_name(request: Request, own: OwnName | None) -> Maker:
    return UserNames(request, own)


PAGES = {
    "domain_word": "{word}",
    "domain_name": "{word}.example",
    "url": "https://www.{word}.example/",
    "uri": "https://www.{word}.example/{uri_path_part}/{uri_page}{uri_extension}",
    "hostname": "{hostname_prefix}-{number}.{word}.example",
}


def page(request: Request) -> Maker:
    """`domain_name`, `url`, `uri`, `hostname`, `domain_word`."""
    return Pages(request, PAGES[request.method])
