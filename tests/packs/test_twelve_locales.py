"""Every locale by every method of the packs: right script, national forms, names that an e-mail can spell."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest

from datagen.generators._faker.methods import CODED, Refusal, find_method
from datagen.generators._faker.people import family_first, plain_texts
from datagen.generators.faker import Faker
from datagen.packs.methods import catalogue
from datagen.packs.reading import about, pack_locales, rule_names, table
from tests.packs.fakes import FakeBlock, FakeScope, bound, filled, series, texts

NEW = ("es_ES", "fr_FR", "it_IT", "ja_JP", "nl_NL", "pl_PL", "pt_BR", "sv_SE")
# methods whose texts are in the language of the locale
SPOKEN = """
name name_female name_male first_name last_name company job street_name city state country color_name safe_color_name
catch_phrase bs word sentence text day_of_week month_name language_name currency_name current_country street_suffix
company_suffix
"""
FOREIGN = {"BAM", "CFA", "CFP", "USN", "MBA", "PhD", "BIM", "IT", "Jr", "SCOP"}

PHONES = {
    "es_ES": r"(\+34 )?[679]\d\d? (\d{3} \d{3}|\d\d \d\d \d\d|\d{3} \d\d \d\d)",
    "fr_FR": r"(0|\+33 )[1-7]( \d\d){4}",
    "it_IT": r"(\+39 )?(3\d\d \d{3} \d{4}|0\d{1,2} \d{7,8})",
    "ja_JP": r"0\d{1,2}-\d{3,4}-\d{4}",
    "nl_NL": r"(06[ -]|\+31 6 )\d{8}|0\d\d-\d{7}",
    "pl_PL": r"(\+48 )?\d{3} \d{3} \d{3}|\d\d \d{3} \d\d \d\d",
    "pt_BR": r"(\([1-9][1-9]\)|\+55 [1-9][1-9]) (9\d{4}|[2-5]\d{3})-\d{4}",
    "sv_SE": r"(07\d|\+46 7\d|08|031|040)[- ]\d{2,3} \d\d\d? \d\d",
}
POSTCODES = {
    "es_ES": r"(0[1-9]|[1-4]\d|5[0-2])\d{3}",
    "fr_FR": r"(?!00)\d{5}",
    "it_IT": r"\d{5}",
    "ja_JP": r"\d{3}-\d{4}",
    "nl_NL": r"[1-9]\d{3} [A-Z]{2}",
    "pl_PL": r"\d\d-\d{3}",
    "pt_BR": r"\d{5}-\d{3}",
    "sv_SE": r"[1-9]\d\d \d\d",
}
PLATES = {
    "es_ES": r"\d{4} [B-Z]{3}",
    "fr_FR": r"[A-Z]{2}-\d{3}-[A-Z]{2}",
    "it_IT": r"[A-Z]{2}\d{3}[A-Z]{2}",
    "ja_JP": r"\w+ [35]\d\d \w (\d\d-\d\d|・\d{3})",
    "nl_NL": r"[A-Z]-\d{3}-[A-Z]{2}|[A-Z]{2}-\d{3}-[A-Z]|\d\d-[A-Z]{3}-\d",
    "pl_PL": r"[A-Z]{2,3} [0-9A-Z]{5}",
    "pt_BR": r"[A-Z]{3}(\d[A-Z]\d\d|-\d{4})",
    "sv_SE": r"[A-Z]{3} \d\d[0-9A-Z]",
}
ADDRESSES = {  # the last line, from the postcode on
    "es_ES": r"\d{5} (?P<city>.+)",
    "fr_FR": r"\d{5} (?P<city>.+)",
    "it_IT": r"\d{5} (?P<city>.+) \([A-Z]{2}\)",
    "nl_NL": r"\d{4} [A-Z]{2} (?P<city>.+)",
    "pl_PL": r"\d\d-\d{3} (?P<city>.+)",
    "pt_BR": r"\d{5}-\d{3} (?P<city>.+) - [A-Z]{2}",
    "sv_SE": r"\d{3} \d\d (?P<city>.+)",
}


def known(locale: str, name: str) -> frozenset[str]:
    found = table(locale, name)
    assert found is not None, name
    return frozenset(found.column("value"))


def made_by_packs(locale: str) -> list[str]:
    """Every method that the packs make in a locale."""
    names = {name for name in rule_names(locale) if not name.startswith("_")} | set(CODED)
    return sorted(
        name for name in names & set(catalogue().methods) if not isinstance(find_method(name, locale, {}), Refusal)
    )


@pytest.mark.parametrize("locale", pack_locales())
def test_every_method_gives_its_type_and_never_nothing(locale: str) -> None:
    methods = made_by_packs(locale)
    assert len(methods) > 160
    for method in methods:
        kind: Any = Faker(method=method, locale=locale).infer(FakeScope())  # type: ignore[arg-type]
        values = series(filled(method, 12, locale=locale), kind).to_list()
        expected = {"string": str, "int": int, "float": float, "bool": bool}.get(kind, object)
        assert all(isinstance(value, expected) and value != "" for value in values), method


@pytest.mark.parametrize("locale", NEW)
def test_a_row_has_its_value_whatever_block_it_is_in(locale: str) -> None:
    for method in ("name", "address", "company", "phone_number", "text", "email", "ssn"):
        fill = bound(method, locale=locale)
        whole = series(fill(FakeBlock(40)), "string").to_list()
        parts = [series(fill(FakeBlock(8, start=start, total=40)), "string").to_list() for start in range(0, 40, 8)]
        assert whole == [value for part in parts for value in part], method


@pytest.mark.parametrize("locale", NEW)
def test_texts_are_in_the_script_of_the_country(locale: str) -> None:
    for method in SPOKEN.split():
        for text in texts(method, 150, locale=locale):
            words = [word for word in re.findall(r"[^\W\d_]+", text) if word not in FOREIGN]
            scripts = {unicodedata.name(letter).split()[0] for word in words for letter in word}
            if locale == "ja_JP":
                assert scripts <= {"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}, (
                    f"{method}: {text}"
                )
            else:
                assert scripts <= {"LATIN", "FEMININE", "MASCULINE", "MODIFIER"}, f"{method}: {text}"


@pytest.mark.parametrize("locale", NEW)
@pytest.mark.parametrize(
    ("method", "forms"), [("phone_number", PHONES), ("postcode", POSTCODES), ("license_plate", PLATES)]
)
def test_numbers_have_the_form_of_the_country(method: str, forms: dict[str, str], locale: str) -> None:
    wrong = [text for text in texts(method, 600, locale=locale) if not re.fullmatch(forms[locale], text)]
    assert not wrong


@pytest.mark.parametrize("locale", ADDRESSES)
def test_an_address_ends_in_a_postcode_and_city_of_the_country(locale: str) -> None:
    places = table(locale, "places")
    assert places is not None
    cities = frozenset(places.column("city"))
    for text in texts("address", 300, locale=locale):
        found = re.fullmatch(ADDRESSES[locale], text.splitlines()[-1])
        assert found is not None, text
        assert found["city"] in cities


@pytest.mark.parametrize(
    ("locale", "city", "low", "high"),
    [
        ("fr_FR", "Paris", 75001, 75020),
        ("fr_FR", "Lyon", 69001, 69009),
        ("fr_FR", "Colombes", 92700, 92700),
        ("es_ES", "Madrid", 28001, 28055),
        ("es_ES", "Vigo", 36100, 36890),
        ("it_IT", "Milano", 20121, 20162),
        ("it_IT", "Monterotondo", 15, 15),
        ("pl_PL", "Kraków", 30001, 31999),
        ("pt_BR", "Guarulhos", 7000000, 7399999),
        ("nl_NL", "Den Haag", 2511, 2597),
        ("sv_SE", "Göteborg", 41101, 41879),
        ("ja_JP", "世田谷区", 1540000, 1580098),
    ],
)
def test_a_city_has_postcodes_of_its_own(locale: str, city: str, low: int, high: int) -> None:
    places = table(locale, "places")
    assert places is not None
    row = places.column("city").index(city)
    first, last = (int(places.column(f"postcode_{end}")[row]) for end in ("low", "high"))
    assert low <= first <= last <= high


def test_a_japanese_address_begins_with_its_prefecture() -> None:
    places = table("ja_JP", "places")
    assert places is not None
    towns = tuple(places.column("municipality"))
    for text in texts("address", 200, locale="ja_JP"):
        found = re.fullmatch(r"〒\d{3}-\d{4} (.+?)(\d-\d{1,2}-\d{1,2})( \w+)?", text)
        assert found is not None, text
        assert found[1].startswith(towns)


@pytest.mark.parametrize("locale", NEW)
def test_every_name_can_be_spelled_in_plain_letters(locale: str) -> None:
    lists = {"first_name_female", "first_name_male"}
    lists |= {"last_name"} if table(locale, "last_name_female") is None else {"last_name_female", "last_name_male"}
    for name in lists:
        assert all(re.fullmatch("[a-z]+", text) for text in plain_texts(locale, (name,)))


def test_a_japanese_name_is_spelled_alike_in_every_list() -> None:
    spelled: dict[str, str] = {}
    for name in ("last_name", "first_name_female", "first_name_male"):
        found = table("ja_JP", name)
        assert found is not None
        for text, latin in zip(found.column("value"), found.column("latin"), strict=True):
            assert spelled.setdefault(text, latin) == latin


@pytest.mark.parametrize(
    ("locale", "name", "mail"),
    [
        ("ja_JP", "佐藤 健一", r"kenichi\.sato|ksato|kenichi|kenichi_sato|sato\.kenichi|kenichisato"),
        ("sv_SE", "Åsa Öberg", r"asa\.oberg|aoberg|asa|asa_oberg|oberg\.asa|asaoberg"),
        (
            "es_ES",
            "Dña. Begoña Muñoz Ibáñez",
            r"begona\.munoz|bmunoz|begona|begona_munoz|munoz\.begona|begonamunoz",
        ),
        (
            "pl_PL",
            "Łucja Wiśniewska",
            r"lucja\.wisniewska|lwisniewska|lucja|lucja_wisniewska|wisniewska\.lucja|lucjawisniewska",
        ),
        (
            "pt_BR",
            "Dra. Conceição Araújo",
            r"conceicao\.araujo|caraujo|conceicao|conceicao_araujo|araujo\.conceicao|conceicaoaraujo",
        ),
    ],
)
def test_an_email_is_made_of_the_name_as_its_country_orders_it(locale: str, name: str, mail: str) -> None:
    from tests.packs.fakes import column

    own = {"name": ("faker", {"method": "name", "locale": locale}), "email": ("faker", {"method": "email"})}
    found = texts("email", 300, scope=FakeScope("email", own=own), columns={"name": column([name] * 300)})
    assert {re.fullmatch(rf"({mail})\d*@example\.(com|net|org)", text) is not None for text in found} == {True}
    assert len({re.split(r"\d*@", text)[0] for text in found}) == 6  # every style


def test_only_japanese_names_begin_with_the_family() -> None:
    assert [locale for locale in pack_locales() if family_first(locale)] == ["ja_JP"]


def test_no_title_is_a_name() -> None:
    titles = {
        text
        for locale in pack_locales()
        for name in ("prefix_female", "prefix_male", "suffix", "suffix_female", "suffix_male", "degree")
        if table(locale, name) is not None
        for text in known(locale, name)
    }
    for locale in pack_locales():
        for name in ("first_name_female", "first_name_male", "last_name", "last_name_female", "last_name_male"):
            if table(locale, name) is not None:
                assert not titles & known(locale, name)


def test_polish_women_have_the_feminine_form_of_the_same_names() -> None:
    women, men = table("pl_PL", "last_name_female"), table("pl_PL", "last_name_male")
    assert women is not None
    assert men is not None
    pairs = list(zip(women.column("value"), men.column("value"), strict=True))
    assert ("Kowalska", "Kowalski") in pairs
    assert ("Nowak", "Nowak") in pairs
    assert not any(her.endswith(("ski", "cki", "dzki")) for her, _ in pairs)


@pytest.mark.parametrize(
    ("locale", "name", "share"), [("es_ES", "García", 0.062), ("pl_PL", "Nowak", 0.055), ("ja_JP", "佐藤", 0.0387)]
)
def test_common_family_names_are_common(locale: str, name: str, share: float) -> None:
    rows = 20_000
    method = "last_name_male" if locale == "pl_PL" else "last_name"
    seen = sum(text == name for text in texts(method, rows, locale=locale)) / rows
    assert abs(seen - share) < 4 * (share / rows) ** 0.5  # 4 standard errors, n = 20,000


def test_the_written_form_of_a_locale_is_its_own() -> None:
    assert about("ja_JP")["text"] == {"gap": "", "stop": "。"}
    assert not any(" " in text for text in texts("sentence", 50, locale="ja_JP"))
    assert all(len(text.split()) == 4 for text in texts("words", 50, locale="ja_JP", nb=4))
