"""Names, e-mails, addresses, phone numbers, firms, texts: realistic values of people and things that do not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from pydantic import ConfigDict, Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.generators._faker.by_locale import ByLocale
from datagen.generators._faker.declared import as_declared, holds
from datagen.generators._faker.methods import Method, Refusal, find_method
from datagen.generators._faker.people import OwnName, own_locale, own_name, own_person
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows
from datagen.generators._quota import moves_unique
from datagen.packs.locales import DEFAULT_LOCALE, find_locale, locale_hint


class Faker(Generator):
    """A value of one of Faker's methods, by its name there: `name`, `email`, `city`, `bothify` …

    Params: method; locale (`en_US` unless given, or the locale of the row's name); locale_from, a column with country
    codes or locales, one for each row (`locale` then serves the rows where it is null); any argument of the method
    beside them, such as `text: "??-####"` for `bothify`. Locales of the packs: cs_CZ, de_DE, en_GB, en_US, es_ES, fr_FR,
    it_IT, ja_JP, nl_NL, pl_PL, pt_BR, sv_SE. Fills the type of the method; a method that gives whole
    numbers as text also fills an int column. Reads the row's own name for e-mails and user names. Source: people,
    places, firms and words come from Datagen's own word packs (weights as in Faker, cities by population); a method
    that the packs do not know picks from 1,000 values that the installed Faker makes from a fixed seed. E-mails and
    domains are at reserved names (RFC 2606). Dates are counted from the end of the timeframe.
    """

    model_config = ConfigDict(extra="allow")

    MAIN: ClassVar[str | None] = "method"
    MAKES_UNIQUE: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"faker": {"method": "name"}},
        {"faker": {"method": "email"}},
        {"faker": {"method": "street_address", "locale": "de_DE"}},
        {"faker": {"method": "bothify", "text": "??-####"}},
        {"faker": {"method": "date_of_birth", "minimum_age": 18, "maximum_age": 90}},
    ]

    method: str = Field(description="method of Faker: name, email, city, bothify, …")
    locale: str | None = Field(default=None, description="locale or country code whose words are taken")
    locale_from: str | None = Field(default=None, description="column with a locale or country code for each row")

    @property
    def arguments(self) -> dict[str, Any]:
        """What the user gave to the method. A null is as good as nothing."""
        return {name: value for name, value in (self.model_extra or {}).items() if value is not None}

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        own = self._own_name(scope)
        names = own.columns if own is not None else ()
        _, source = self._places(scope)
        return (*names, *((source,) if source else ()))

    def infer(self, scope: Scope) -> ColumnType | None:
        locale = self._locale(scope) or DEFAULT_LOCALE
        method = self._method(locale)
        if isinstance(method, Refusal):  # binding says what is wrong with it; wrong arguments leave its type as it is
            method = find_method(self.method, locale, {})
        return "string" if isinstance(method, Refusal) else method.gives

    def moves(self, scope: Scope) -> str:
        return moves_unique(scope)

    def bind(self, scope: Scope) -> Fill:
        locale, source = self._places(scope)
        known = find_locale(locale) if locale is not None else DEFAULT_LOCALE
        if known is None:
            scope.refuse(
                "faker.unknown_locale",
                "locale",
                found=f"'{locale}'",
                expected="a locale such as en_US, or a country code",
                hint=locale_hint(locale or ""),
            )
            known = DEFAULT_LOCALE
        if source:
            return self._bind_by_row(scope, source, known if locale is not None else None)
        maker = self._maker(scope, known)
        if maker is None:
            return _nothing
        self._check_unique(scope, maker)
        return Filled(maker.sources, as_declared(maker, lambda block: maker.fill(Rows(block)), scope.column_type))

    def support(self, scope: Scope) -> tuple[float, float] | None:
        maker = self._quiet_maker(scope)
        return None if maker is None else maker.span

    def listed(self, scope: Scope) -> list[Any] | None:
        maker = self._quiet_maker(scope)
        return None if maker is None or maker.dictionary is None else list(maker.dictionary.values)

    # --- steps

    def _own_name(self, scope: Scope) -> OwnName | None:
        """The row's own name, where this method is made after one."""
        method = find_method(self.method, DEFAULT_LOCALE, {})
        return own_name(scope) if isinstance(method, Method) and method.named is not None else None

    def _places(self, scope: Scope) -> tuple[str | None, str | None]:
        """`locale` and `locale_from`: as written, else those of the name that this column is made after."""
        if self.locale is not None or self.locale_from is not None:
            return self.locale, self.locale_from
        inherited = own_locale(scope, self._own_name(scope))
        return inherited.get("locale"), inherited.get("locale_from")

    def _locale(self, scope: Scope) -> str | None:
        locale, _ = self._places(scope)
        return find_locale(locale) if locale is not None else DEFAULT_LOCALE

    def _method(self, locale: str) -> Method | Refusal:
        return find_method(self.method, locale, self.arguments)

    def _maker(self, scope: Scope, locale: str) -> Maker | None:
        """The maker for one locale; None after a refusal."""
        method = self._method(locale)
        if isinstance(method, Refusal):
            scope.refuse(method.code, method.field, found=method.found, expected=method.expected, hint=method.hint)
            return None
        own = own_name(scope) if method.named is not None else None
        request = Request(scope, self.method, locale, self.arguments, own_person(scope, self.method, own))
        maker = method.build(request) if method.named is None else method.named(request, own)
        if not holds(maker, scope.column_type):
            scope.fits(maker.type, "method")
        return maker

    def _quiet_maker(self, scope: Scope) -> Maker | None:
        """The maker for a constant locale, without a word about what is wrong: binding says it."""
        locale, source = self._places(scope)
        known = find_locale(locale) if locale is not None else DEFAULT_LOCALE
        return None if source or known is None else self._maker(cast(Scope, Quiet(scope)), known)

    def _check_unique(self, scope: Scope, maker: Maker) -> None:
        if not scope.unique or maker.size is None:
            return
        if maker.size == 0:
            scope.refuse(
                "faker.not_unique",
                "method",
                found=f"{self.method} on a column of unique values",
                expected="a method whose values can be told apart",
            )
        else:
            scope.domain(maker.size, "method")

    def _bind_by_row(self, scope: Scope, source: str, fallback: str | None) -> Fill:
        reader = scope.read(source, "locale_from")
        if scope.type_of(source) not in (None, "string"):
            scope.refuse(
                "column.type_mismatch",
                "locale_from",
                found=f"{source}, a column of type {scope.type_of(source)}",
                expected="a text column with country codes or locales",
            )
        first = self._maker(scope, fallback or DEFAULT_LOCALE)
        if first is None:
            return _nothing
        if scope.unique and not first.across_locales:
            scope.refuse(
                "faker.unique_by_locale",
                "locale_from",
                found=f"unique values of {self.method} in a locale that changes by row",
                expected="one `locale`, or a method that numbers its values: email, user_name",
                hint="drop `unique` or `locale_from`",
            )
        quiet = cast(Scope, Quiet(scope))
        fill = ByLocale(
            home=f"{scope.table}.{scope.column}",
            source=source,
            reader=reader,
            fallback=fallback,
            method=self.method,
            maker=lambda locale: self._maker(quiet, locale),
            type=scope.column_type,
        )
        return Filled(first.sources, fill)


@dataclass(frozen=True, slots=True)
class Filled:
    """The function that fills a column, and what its values are taken from (see `datagen.packs.pack_versions`)."""

    sources: frozenset[str]
    function: Callable[[Block], Values]

    def __call__(self, block: Block) -> Values:
        return self.function(block)


class Quiet:
    """A scope that says nothing: for work that binding does again, or does for each locale."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scope, name)

    def refuse(self, *args: Any, **facts: Any) -> None:
        return None

    def fits(self, *args: Any) -> None:
        return None

    def domain(self, *args: Any) -> None:
        return None


def _nothing(block: Block) -> Values:
    """What stands in for a column that was refused; never called, because a plan with refusals is not made."""
    raise AssertionError("a refused column was asked for values")
