"""Which maker serves a method in a locale: the packs, a pool of Faker's values where they cannot, or why none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from datagen.contracts import ColumnType
from datagen.errors import did_you_mean, listed
from datagen.generators._faker import addresses, characters, dates, internet, numbers, words
from datagen.generators._faker.arguments import Arguments
from datagen.generators._faker.forms import FormMaker
from datagen.generators._faker.people import OwnName
from datagen.generators._faker.pools import PoolMaker, argument_faults
from datagen.generators._faker.request import Maker, Request
from datagen.packs.methods import catalogue, method_names, method_of
from datagen.packs.reading import about, folders, pack_locales, rule

Build = Callable[[Request], Maker]
BuildWithName = Callable[[Request, OwnName | None], Maker]


@dataclass(frozen=True, slots=True)
class Method:
    """How one method is made. local: it needs the lists of its locale; named: it is made after the row's own name."""

    build: Build
    gives: ColumnType = "string"
    arguments: tuple[str, ...] = ()
    local: bool = False
    named: BuildWithName | None = None
    pooled: bool = True  # arguments that this maker does not know may go to Faker


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a method cannot fill a column."""

    code: str
    field: str
    found: str
    expected: str = ""
    hint: str = ""


def _card(request: Request) -> Maker:
    """`credit_card_number(card_type)` and its like: the forms of one kind of card."""
    kinds = tuple(
        name.removeprefix("_credit_card_number_")
        for name in about("shared")["rules"]
        if name.startswith("_credit_card_number_")
    )
    if "card_type" not in request.arguments:
        return FormMaker(request)
    kind = Arguments(request.scope, request.arguments).one_of("card_type", kinds[0], kinds)
    return FormMaker(request, f"_{request.method}_{kind}")


def _country_code(request: Request) -> Maker:
    kind = Arguments(request.scope, request.arguments).one_of("representation", "alpha-2", ("alpha-2", "alpha-3"))
    return FormMaker(request, f"_country_code_{kind[-1]}")


def _isbn(request: Request) -> Maker:
    """`isbn13(separator)`: with hyphens or without."""
    separator = request.arguments.get("separator", "-")
    if separator not in ("-", ""):
        request.scope.refuse("faker.argument", "separator", found=f"separator: {separator!r}", expected="'-' or ''")
    return FormMaker(request, request.method if separator else f"_{request.method}_plain")


def _nameless(request: Request) -> Maker:
    raise AssertionError(f"{request.method} is made after a name")


def _named(build: BuildWithName, *arguments: str) -> Method:
    return Method(_nameless, arguments=arguments, local=True, named=build, pooled=False)


CODED: Mapping[str, Method] = {
    **dict.fromkeys(
        ("email", "safe_email", "free_email", "ascii_email", "ascii_safe_email", "ascii_free_email"),
        _named(internet.email, "safe", "domain"),
    ),
    **dict.fromkeys(("company_email", "ascii_company_email"), _named(internet.company_email)),
    "user_name": _named(internet.user_name),
    **{method: Method(internet.page, local=True, pooled=False) for method in internet.PAGES},
    **{
        name: Method(build, gives, arguments, local=name in ("month_name", "day_of_week"), pooled=False)
        for name, (build, gives, arguments) in dates.METHODS.items()
    },
    **{method: Method(characters.form_of_user, arguments=("text", "letters")) for method in ("bothify", "lexify")},
    "numerify": Method(characters.form_of_user, arguments=("text",)),
    "hexify": Method(characters.form_of_user, arguments=("text", "upper")),
    "pystr": Method(characters.random_text, arguments=("max_chars",)),
    "random_int": Method(numbers.random_int, "int", ("min", "max", "step")),
    "pyint": Method(numbers.random_int, "int", ("min_value", "max_value", "step")),
    "random_number": Method(numbers.random_number, "int", ("digits", "fix_len")),
    **{
        method: Method(numbers.digit, "int")
        for method in ("random_digit", "random_digit_not_null", "random_digit_above_two")
    },
    "boolean": Method(numbers.boolean, "bool", ("chance_of_getting_true",)),
    "pybool": Method(numbers.boolean, "bool", ("truth_probability",)),
    "port_number": Method(numbers.port_number, "int", ("is_system", "is_user", "is_dynamic")),
    "http_status_code": Method(numbers.http_status_code, "int"),
    "latitude": Method(numbers.latitude, "float"),
    "longitude": Method(numbers.longitude, "float"),
    **{
        method: Method(numbers.between, "float", ("min_value", "max_value", "right_digits"))
        for method in ("pyfloat", "pydecimal")
    },
    "ipv4": Method(addresses.ipv4, arguments=("private", "address_class")),
    **{method: Method(addresses.ipv4, arguments=("address_class",)) for method in ("ipv4_private", "ipv4_public")},
    "ipv6": Method(addresses.IPv6),
    "word": Method(words.word, local=True),
    "words": Method(words.words, arguments=("nb",), local=True),
    "sentence": Method(words.sentence, arguments=("nb_words", "variable_nb_words"), local=True),
    "sentences": Method(words.sentences, arguments=("nb",), local=True),
    "paragraph": Method(words.paragraph, arguments=("nb_sentences", "variable_nb_sentences"), local=True),
    "text": Method(words.text, arguments=("max_nb_chars",), local=True),
    "slug": Method(words.slug),
    "color": Method(lambda request: FormMaker(request, "hex_color")),
    **{
        method: Method(_card, arguments=("card_type",))
        for method in ("credit_card_number", "credit_card_provider", "credit_card_security_code")
    },
    "country_code": Method(_country_code, arguments=("representation",)),
    **{method: Method(_isbn, arguments=("separator",), local=True) for method in ("isbn13", "isbn10")},
}


@cache
def _by_rule(locale: str, name: str) -> Method | None:
    """A method by rules and lists: the locale's own and the shared ones, its parent's where Faker has it too."""
    if name.startswith("_") or name not in catalogue().methods or rule(locale, name) is None:
        return None
    return Method(FormMaker) if _is_own(locale, name) or method_of(name, locale) is not None else None


def _is_own(locale: str, name: str) -> bool:
    from datagen.packs.reading import DATA

    nearest, shared = folders(locale)[0], folders(locale)[-1]
    return any(
        name in about(folder)["rules"] or (DATA / folder / f"{name}.tsv").is_file() for folder in (nearest, shared)
    )


def find_method(name: str, locale: str, arguments: Mapping[str, Any]) -> Method | Refusal:
    """How a method is made in a locale with these arguments, or why it is not."""
    method = CODED.get(name) or _by_rule(locale, name)
    if method is not None and method.local and locale not in pack_locales():
        method = None
    if method is not None and not _needs_faker(method, name, arguments):
        return method
    known = method_of(name, locale)
    if method is not None:
        return _with_faker(method, name, locale, arguments)
    served = name in CODED or any(_by_rule(other, name) is not None for other in pack_locales())
    if served and locale not in pack_locales():
        return Refusal(
            "faker.locale_not_in_packs",
            "locale",
            f"{name} in {locale}",
            f"a locale of the word packs: {', '.join(pack_locales())}",
            did_you_mean(locale, pack_locales()),
        )
    if known is None:
        elsewhere = tuple(other for other in catalogue().locales if method_of(name, other) is not None)
        if elsewhere:
            return Refusal(
                "faker.unknown_method",
                "method",
                f"'{name}', which {locale} does not have",
                f"a method of {locale}",
                f"'{name}' is a method of {listed(elsewhere)}",
            )
        return Refusal(
            "faker.unknown_method",
            "method",
            f"'{name}'",
            "a method of Faker, such as name, email, city, bothify",
            did_you_mean(name, all_names(locale)),
        )
    if known.gives is None:
        return Refusal(
            "faker.not_allowed",
            "method",
            f"'{name}': {known.why_not}",
            "a method that gives a text, a number, a truth value, a date or a time",
            did_you_mean(name, [other for other in all_names(locale) if other[:4] == name[:4]]),  # of the same subject
        )
    return _pooled(name, locale, arguments)


def _needs_faker(method: Method, name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the arguments ask for something that the maker does not know."""
    if set(arguments) - set(method.arguments):
        return True
    if name in ("bothify", "numerify", "lexify") and characters.variable_width(name, arguments):
        return True
    return name in ("pyfloat", "pydecimal") and not numbers.has_bounds(arguments)


def _with_faker(method: Method, name: str, locale: str, arguments: Mapping[str, Any]) -> Method | Refusal:
    known = method_of(name, locale)
    takes = tuple(sorted({*method.arguments, *(known.arguments if known is not None and method.pooled else ())}))
    unknown = sorted(set(arguments) - set(takes))
    if unknown:
        return _unknown_argument(name, unknown[0], takes)
    if known is None or known.gives is None:
        return _unknown_argument(name, sorted(set(arguments) - set(method.arguments))[0], method.arguments)
    return _pooled(name, locale, arguments)


def _pooled(name: str, locale: str, arguments: Mapping[str, Any]) -> Method | Refusal:
    known = method_of(name, locale)
    assert known is not None
    assert known.gives is not None
    unknown = sorted(set(arguments) - set(known.arguments))
    if unknown:
        return _unknown_argument(name, unknown[0], tuple(known.arguments))
    if name == "random_element" and not _texts(arguments.get("elements", ["a"])):
        return Refusal(
            "faker.argument",
            "elements",
            "elements that are no list of texts",
            "a list of texts",
            "the generator `choice` takes any values, with weights",
        )
    for argument, found, expected in argument_faults(arguments, known.arguments):
        return Refusal("faker.argument", argument, f"{argument}: {found}", expected)
    gives: Any = known.gives
    return Method(lambda request: PoolMaker(request, gives), gives)


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(one, str) for one in value)


def _unknown_argument(name: str, argument: str, known: tuple[str, ...]) -> Refusal:
    return Refusal(
        "faker.unknown_argument",
        argument,
        f"'{argument}'",
        f"an argument of {name}: {listed(known)}" if known else f"no arguments: {name} takes none",
        did_you_mean(argument, (*known, "method", "locale", "locale_from")),
    )


@cache
def all_names(locale: str) -> tuple[str, ...]:
    """Every method that fills a column in a locale, sorted."""
    return tuple(
        sorted(
            {
                *CODED,
                *method_names(locale),
                *(name for name in catalogue().methods if _by_rule(locale, name) is not None),
            }
        )
    )
