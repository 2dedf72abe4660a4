"""Which locale a word means, and what Faker's methods give without Faker."""

from __future__ import annotations

import pytest

from datagen.packs.locales import find_locale, locale_hint
from datagen.packs.methods import catalogue, method_names, method_of


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("en_US", "en_US"),
        ("US", "en_US"),
        ("us", "en_US"),
        ("GB", "en_GB"),
        ("UK", "en_GB"),
        ("uk", "en_GB"),
        ("en-gb", "en_GB"),
        ("EN_GB", "en_GB"),
        (" de_DE ", "de_DE"),
        ("DE", "de_DE"),
        ("CZ", "cs_CZ"),
        ("cs-CZ", "cs_CZ"),
        ("FR", "fr_FR"),
        ("CH", "de_CH"),
    ],
)
def test_country_codes_and_locales_are_known_in_any_case(text: str, locale: str) -> None:
    assert find_locale(text) == locale


@pytest.mark.parametrize("text", ["", "XX", "en_UK", "Germany", "cs-cz-x", "None", "e n"])
def test_other_words_are_no_locale(text: str) -> None:
    assert find_locale(text) is None


def test_a_mistaken_locale_is_told_what_was_meant() -> None:
    packs = "cs_CZ, de_DE, en_GB, en_US, es_ES, fr_FR, it_IT, ja_JP, nl_NL, pl_PL, pt_BR, sv_SE"
    assert locale_hint("en_UK") == f"did you mean 'en_GB'?; available in the packs: {packs}"
    assert locale_hint("jp_JP").startswith("did you mean 'ja_JP'?")
    assert locale_hint("fr_FA").startswith("did you mean 'fr_FR'?")  # and not fr_CA, which is in no pack
    assert locale_hint("FRA").startswith("did you mean 'fr_FR'?")
    assert locale_hint("sv").startswith("did you mean 'sv_SE'?")
    assert locale_hint("fr_FF").startswith("did you mean 'fr_FR'?")
    assert locale_hint("de_DD").startswith("did you mean 'de_DE'?")
    assert locale_hint("zz").startswith("available in the packs")
    assert locale_hint("da_DK").startswith("available in the packs")  # known, but not in the packs: meant as written


def test_the_catalogue_knows_what_a_method_gives() -> None:
    found = method_of("credit_card_number", "en_US")
    assert found is not None
    assert found.gives == "string"
    assert found.arguments == {"card_type": "any"}
    assert method_of("pybool", "de_DE").gives == "bool"  # type: ignore[union-attr]
    assert method_of("siret", "en_US") is None
    assert method_of("siret", "fr_FR").gives == "string"  # type: ignore[union-attr]
    assert method_of("no_such_method", "en_US") is None


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("binary", "makes files"),
        ("zip", "makes files"),
        ("csv", "makes files"),
        ("pystr_format", "makes files"),
        ("profile", "makes files"),
        ("words", "list"),
        ("pylist", "list"),
        ("latlng", "list"),
        ("passport_dob", "today"),
        ("date_of_birth", "today"),
    ],
)
def test_methods_that_cannot_fill_a_column_say_why(method: str, reason: str) -> None:
    found = method_of(method, "en_US")
    assert found is not None
    assert found.gives is None
    assert reason in found.why_not


def test_no_method_that_reads_code_or_the_clock_may_fill_a_column() -> None:
    allowed = {name for locale in catalogue().locales for name in method_names(locale)}
    assert len(allowed) > 400
    assert not {name for name in allowed if name.startswith(("_", "seed"))}
    forbidden = {
        "add_provider",
        "format",
        "parse",
        "binary",
        "zip",
        "tar",
        "image",
        "json",
        "json_bytes",
        "pyobject",
        "enum",
        "xml",
        "date_time",
    }
    assert not allowed & forbidden
    arguments = {argument for name in allowed for argument in catalogue().methods[name].get("arguments", {})}
    assert not arguments & {"cast_to", "placeholder_url", "cls", "data_columns", "tzinfo", "string_format", "enum_cls"}


def test_a_method_differs_by_locale_where_faker_does() -> None:
    assert method_of("ssn", "en_US").gives == "string"  # type: ignore[union-attr]
    assert method_of("ssn", "pl_PL").gives is None  # type: ignore[union-attr]
