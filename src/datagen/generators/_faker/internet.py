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

from datagen.contracts import Values
from datagen.generators._faker.arguments import Arguments
from datagen.generators._faker.forms import concatenated, scattered
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


class UserNames(Maker):
    """User names, and e-mails where there are domains.

    domains: texts to choose from, "" for the domain of a firm. Reads the row's own name where it has one.
    """

    across_locales = True

    def __init__(self, request: Request, own: OwnName | None, domains: tuple[str, ...] = ()) -> None:
        self.request = request
        self.names = Names(request, own)
        self.domains = domains

    def fill(self, rows: Rows) -> Values:
        local = self.local_parts(rows)
        if not self.domains:
            return Values("text", local)
        domain = domain_names(rows, self.request) if self.domains == ("",) else self._domains(rows)
        return Values("text", concatenated([local, _literal("@"), domain]))

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
                STYLES[place][0], NameParts(first.gather(at), last.gather(at)), number.gather(at)
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
        return texts.gather(guide.draw(rows.uniform(self.request.salt("number"))))

    def _domains(self, rows: Rows) -> Any:
        import polars as pl

        if len(self.domains) == 1:
            return _literal(self.domains[0])
        return pl.Series(self.domains).gather(rows.below(len(self.domains), self.request.salt("domain")))


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
        return texts_of(self.request.locale, name, "value").gather(
            draw_rows(self.request.locale, name, rows, self.request.salt(name, place))
        )


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
        pieces: list[Any] = [names[sign].gather(at)]
        if rest:
            pieces += [_literal("-"), names[rest].gather(at) if rest in names else _literal(rest)]
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
