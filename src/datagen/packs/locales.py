"""Which locale a user means: `en_GB`, `en-gb`, `GB` and `UK` are the same."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from datagen.errors import Meant, did_you_mean
from datagen.packs.methods import catalogue
from datagen.packs.reading import about, pack_locales, table

DEFAULT_LOCALE = "en_US"
MISTAKEN = {
    "en_UK": "en_GB",
    "cz_CZ": "cs_CZ",
    "cs_CS": "cs_CZ",
    "cz": "cs_CZ",
    "cs": "cs_CZ",
    "en": "en_US",
    "ja": "ja_JP",
    "sv": "sv_SE",
    "sp_ES": "es_ES",
    "se_SE": "sv_SE",
    "jp_JP": "ja_JP",
    "jp": "ja_JP",
    "br_BR": "pt_BR",
    "po_PL": "pl_PL",
    "du_NL": "nl_NL",
}  # what people write for them


@cache
def _known() -> Mapping[str, str]:
    """Locales and country codes in lower case, with `_`, to the locale."""
    names = {locale.lower(): locale for locale in (*catalogue().locales, *pack_locales())}
    countries = {country.lower(): locale for country, locale in catalogue().country_locales.items()}
    countries |= {str(about(locale)["country"]).lower(): locale for locale in pack_locales()}
    countries["uk"] = countries["gb"]
    return names | countries  # where a word is both (`de`), the country's locale: it has more specific lists


def find_locale(text: str) -> str | None:
    """The locale of a country code (`GB`, `uk`) or locale (`en_GB`, `en-gb`) among all that Faker knows, or None."""
    return _known().get(text.strip().replace("-", "_").lower())


@cache
def _by_three_letters() -> Mapping[str, str]:
    """The locales of the packs by the country codes of three letters."""
    codes = table(DEFAULT_LOCALE, "country_code")
    assert codes is not None
    three = dict(zip(codes.column("alpha2"), codes.column("alpha3"), strict=True))
    return {three[str(about(locale)["country"])]: locale for locale in pack_locales()}


def locale_hint(text: str) -> str:
    """What an unknown locale may have meant, and what there is."""
    meant = MISTAKEN.get(text.strip().replace("-", "_")) or _by_three_letters().get(text.strip().upper())
    guess: str = Meant(f"did you mean '{meant}'?", text, meant) if meant else ""
    if not meant and find_locale(text) is None:
        guess = did_you_mean(text, pack_locales()) or did_you_mean(text, catalogue().locales)
    return "; ".join(part for part in (guess, f"available in the packs: {', '.join(pack_locales())}") if part)
