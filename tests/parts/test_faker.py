"""Faker's people: names with a gender, e-mails after the row's own name, places."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from datagen.contracts import Values
from datagen.generators.faker import Faker
from datagen.packs.reading import pack_locales, table
from tests.packs.fakes import FakeBlock, FakeScope, bound, column, filled, series, texts
from tests.parts.proofs import proof

MANY = 200_000
NAME_AND_EMAIL = {"name": ("faker", {"method": "name"}), "email": ("faker", {"method": "email"})}
# Every method of the packs that the requirements name.
LISTED = """
name first_name last_name prefix suffix name_male name_female first_name_male first_name_female last_name_male
last_name_female name_nonbinary first_name_nonbinary prefix_male prefix_female suffix_male suffix_female email
safe_email company_email free_email ascii_email user_name phone_number company company_suffix bs catch_phrase job
street_name street_suffix street_address secondary_address building_number address city state state_abbr
administrative_unit postcode zipcode country country_code current_country current_country_code word words sentence
sentences paragraph text slug color_name safe_color_name hex_color color currency_code currency_name currency_symbol
cryptocurrency_code user_agent chrome firefox safari ipv4 ipv4_private ipv4_public ipv6 mac_address url uri hostname
domain_name domain_word uuid4 isbn13 isbn10 ean ean8 ean13 bothify numerify lexify hexify license_plate vin iban
bban credit_card_number credit_card_provider credit_card_security_code credit_card_expire ssn md5 sha1 sha256
language_name language_code timezone http_method month_name day_of_week am_pm year month day_of_month date time
iso8601 random_letter pystr
"""


def known(locale: str, name: str) -> frozenset[str]:
    found = table(locale, name)
    assert found is not None
    return frozenset(found.column("value"))


@pytest.mark.parametrize("locale", pack_locales())
def test_every_listed_method_gives_texts_in_every_locale(locale: str) -> None:
    for method in LISTED.split():
        values = texts(method, 100, locale=locale)
        assert len(values) == 100, method
        assert all(text.strip() for text in values), method
        assert "{{" not in "".join(values), method


@pytest.mark.parametrize(
    ("method", "locale"),
    [
        ("name", "cs_CZ"),
        ("email", "de_DE"),
        ("address", "en_US"),
        ("phone_number", "en_US"),
        ("text", "en_GB"),
        ("date_of_birth", "en_US"),
    ],
)
def test_values_do_not_depend_on_how_rows_are_cut(method: str, locale: str) -> None:
    fill = bound(method, locale=locale)
    kind: Any = "date" if method == "date_of_birth" else "string"
    rows = 210

    def cut(width: int, rows: int = rows) -> list[Any]:
        starts = range(0, rows, width)
        blocks = [FakeBlock(min(width, rows - start), start=start, total=210) for start in starts]
        return [value for block in blocks for value in series(fill(block), kind).to_list()]

    whole = cut(rows)
    assert cut(7) == whole
    assert cut(64) == whole
    assert cut(1, 10) == whole[:10]


@pytest.mark.parametrize(
    "method", ["name", "email", "address", "text", "city", "ipv4", "isbn13", "random_int", "company_email"]
)
def test_no_rows_give_no_values(method: str) -> None:
    assert len(filled(method, 0, total=0)) == 0


# --- names


@proof("generator", "faker")
def test_first_names_come_as_often_as_their_weights_say() -> None:
    names = table("en_US", "last_name")
    assert names is not None
    assert names.weights is not None
    counts = Counter(texts("last_name", MANY))
    expected = np.array(names.weights) / sum(names.weights) * MANY
    found = np.array([counts[name] for name in names.column("value")])
    usual = expected >= 5
    statistic = ((found - expected)[usual] ** 2 / expected[usual]).sum()
    # chi-squared with so many degrees of freedom passes this once in 10,000 seeds
    assert statistic < chi2.ppf(0.9999, usual.sum() - 1)


@proof("generator", "faker")
def test_half_of_the_people_are_women() -> None:
    women = known("cs_CZ", "last_name_female") - known("cs_CZ", "last_name_male")
    share = np.mean([name in women for name in texts("last_name", MANY, locale="cs_CZ")])
    assert abs(share - 0.5) < 4 * 0.5 / MANY**0.5  # 4 standard errors, n = 200,000


def test_a_czech_name_has_one_gender() -> None:
    first = {gender: known("cs_CZ", f"first_name_{gender}") for gender in ("female", "male")}
    last = {gender: known("cs_CZ", f"last_name_{gender}") for gender in ("female", "male")}
    for name in texts("name", 20_000, locale="cs_CZ"):
        words = name.split()
        assert any(
            any(one in first[gender] and two in last[gender] for one, two in pairwise(words))
            for gender in ("female", "male")
        ), name


def test_first_and_last_name_columns_of_one_row_are_one_person() -> None:
    own = {
        "given": ("faker", {"method": "first_name"}),
        "family": ("faker", {"method": "last_name"}),
        "title": ("faker", {"method": "prefix"}),
    }
    first, last, title = (
        texts(method, 20_000, locale="cs_CZ", scope=FakeScope(name, own=own))
        for name, method in (("given", "first_name"), ("family", "last_name"), ("title", "prefix"))
    )
    women, men = known("cs_CZ", "first_name_female"), known("cs_CZ", "first_name_male")
    female = known("cs_CZ", "last_name_female")
    for one, two, three in zip(first, last, title, strict=True):
        if one in women - men:
            assert two in female
            assert three != "pan"
        if one in men - women:
            assert two not in female
            assert three not in ("paní", "slečna")


def test_two_name_columns_of_one_row_are_two_people() -> None:
    own = {"name": ("faker", {"method": "name"}), "contact_name": ("faker", {"method": "name"})}
    one, two = (texts("name", 2_000, locale="cs_CZ", scope=FakeScope(name, own=own)) for name in own)
    assert sum(a == b for a, b in zip(one, two, strict=True)) < 20  # one in 20,000 pairs, by chance
    women = known("cs_CZ", "last_name_female")
    same = np.mean([(a.split()[1] in women) == (b.split()[1] in women) for a, b in zip(one, two, strict=True)])
    assert abs(same - 0.5) < 0.06  # 5 standard errors, n = 2,000


def test_names_of_women_and_men_come_from_their_lists() -> None:
    for gender in ("female", "male"):
        names = known("de_DE", f"first_name_{gender}")
        assert all(name in names for name in texts(f"first_name_{gender}", 1_000, locale="de_DE"))


# --- e-mails and user names


def with_own(
    rows: int,
    own: dict[str, Any],
    method: str = "email",
    *,
    unique: bool = False,
    locale: str = "en_US",
    **columns: Values,
) -> list[str]:
    scope = FakeScope("email", own=own, unique=unique, rows=rows)
    return texts(method, rows, total=rows, columns=columns, scope=scope, locale=locale)


def plain(text: str) -> str:
    return re.sub("[^a-z]", "", text.lower())


def test_an_email_is_made_of_the_name_of_its_row() -> None:
    names = filled("name", 5_000, scope=FakeScope("name", own=NAME_AND_EMAIL))
    emails = with_own(5_000, NAME_AND_EMAIL, name=names)
    titles = {"Mr.", "Mrs.", "Ms.", "Miss", "Dr.", "MD", "PhD", "DDS", "DVM", "Jr.", "II", "III", "IV", "V"}
    for name, email in zip(names.array, emails, strict=True):
        words = [plain(word) for word in name.split() if word not in titles]
        local, domain = email.split("@")
        letters = plain(local)
        assert domain in ("example.com", "example.net", "example.org")
        assert letters in (words[0] + words[-1], words[-1] + words[0], words[0][0] + words[-1], words[0]), (name, email)


def test_an_email_is_made_of_first_and_last_name_columns() -> None:
    own = {
        "first_name": ("faker", {"method": "first_name"}),
        "last_name": ("faker", {"method": "last_name"}),
        "email": ("faker", {}),
    }
    emails = with_own(
        3,
        own,
        first_name=column(["Jana", "Jürgen", "Zoë"]),
        last_name=column(["Nováková", "Müller", "O'Neil"]),
        locale="cs_CZ",
    )
    assert [plain(email.split("@")[0]) for email in emails] != []
    for email, first, last in zip(emails, ("jana", "jurgen", "zoe"), ("novakova", "muller", "oneil"), strict=True):
        assert plain(email.split("@")[0]) in (first + last, last + first, first[0] + last, first)


def test_letters_are_spelled_as_the_locale_does() -> None:
    own = {"name": ("faker", {"method": "name"}), "email": ("faker", {})}
    name = column(["Jürgen Größmann"] * 200)
    assert {plain(email.split("@")[0]) for email in with_own(200, own, name=name, locale="de_DE")} == {
        "juergengroessmann",
        "groessmannjuergen",
        "jgroessmann",
        "juergen",
    }
    assert "jurgengrossmann" in {plain(email.split("@")[0]) for email in with_own(200, own, name=name, locale="cs_CZ")}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Dr. Jane Doe MD", "jane", "doe"),
        ("Prof. Dr. Hans-Peter Groß-Meier B.Sc.", "hanspeter", "grossmeier"),
        ("Mrs Anna  van der Berg", "anna", "berg"),
        ("Ελένη Παπαδοπούλου", "elene", "papadopoulou"),
        ("Łukasz Żółć", "lukasz", "zolc"),
        ("Анна Петрова", "anna", "petrova"),
        ("Cher", "cher", ""),
        ("", "", ""),
        ("王小明", "", ""),
        ("Mr. Dr.", "", ""),
    ],
)
def test_names_are_split_into_plain_first_and_last_names(name: str, first: str, last: str) -> None:
    import polars as pl

    from datagen.generators._faker.people import split_names

    parts = split_names(pl.Series([name, "Jane Doe"]), "en_US")
    assert (parts.first[0], parts.last[0]) == (first, last)
    assert (parts.first[1], parts.last[1]) == ("jane", "doe")


def test_rows_whose_name_has_no_letters_still_have_an_email() -> None:
    own = {"name": ("faker", {"method": "name"}), "email": ("faker", {})}
    for email in with_own(4, own, name=column(["", "王小明", "Cher", "123"])):
        assert re.fullmatch(r"[a-z]+[0-9]*@example\.(com|net|org)", email)


def test_rows_without_a_name_get_one_of_their_own() -> None:
    own = {"name": ("faker", {"method": "name"}), "email": ("faker", {})}
    emails = with_own(2, own, name=column([None, "Jane Doe"]))
    assert plain(emails[0].split("@")[0]) not in ("", "user")
    assert "jane" in emails[1] or "doe" in emails[1]


def test_an_email_without_a_name_column_has_a_name_of_its_own() -> None:
    assert len(set(texts("email", 1_000))) > 900
    assert all(re.fullmatch(r"[a-z._]+[0-9]*@example\.(com|net|org)", email) for email in texts("email", 1_000))


def test_the_name_nearest_in_words_is_taken() -> None:
    own = {
        "name": ("faker", {"method": "name"}),
        "contact_name": ("faker", {"method": "name"}),
        "contact_email": ("faker", {"method": "email"}),
    }
    part = Faker(method="email")
    assert tuple(part.reads(FakeScope("contact_email", own=own))) == ("contact_name",)  # type: ignore[arg-type]
    assert tuple(part.reads(FakeScope("email", own={**own, "email": ("faker", {})}))) == ("name",)  # type: ignore[arg-type]
    assert tuple(Faker(method="city").reads(FakeScope("city", own=own))) == ()  # type: ignore[arg-type]


def test_an_email_takes_the_locale_of_its_name() -> None:
    own = {"name": ("faker", {"method": "name", "locale": "de_DE"}), "email": ("faker", {"method": "email"})}
    scope = FakeScope("email", own=own)
    emails = texts("email", 50, columns={"name": column(["Jörg Bäcker"] * 50)}, scope=scope)
    assert any("joerg" in email for email in emails)
    own["name"] = ("faker", {"method": "name", "locale_from": "country"})
    assert set(Faker(method="email").reads(FakeScope("email", own=own))) == {"name", "country"}  # type: ignore[arg-type]


def test_no_email_can_reach_anybody() -> None:
    reserved = re.compile(r"@(example\.(com|net|org)|[a-z-]+\.example)$")
    for method in (
        "email",
        "safe_email",
        "free_email",
        "company_email",
        "ascii_email",
        "ascii_free_email",
        "ascii_company_email",
        "ascii_safe_email",
    ):
        for locale in pack_locales():
            assert all(reserved.search(email) for email in texts(method, 200, locale=locale))
    assert all(text.endswith(".example/") for text in texts("url", 200))
    assert all(text.endswith(".example") for text in texts("domain_name", 200))


def test_the_user_may_name_a_domain_of_his_own() -> None:
    assert all(email.endswith("@corp.test") for email in texts("email", 20, domain="corp.test"))


@pytest.mark.parametrize("method", ["email", "user_name", "company_email"])
def test_unique_emails_are_unique_among_many_rows(method: str) -> None:
    names = column(["Jane Doe"] * MANY)  # the worst case: everybody has the same name
    emails = with_own(
        MANY, {"name": ("faker", {"method": "name"}), "email": ("faker", {})}, method, unique=True, name=names
    )
    assert len(set(emails)) == MANY


# --- places


def test_cities_come_by_population() -> None:
    places = table("cs_CZ", "places")
    assert places is not None
    share = np.mean([city == "Praha" for city in texts("city", MANY, locale="cs_CZ")])
    people = [float(text) for text in places.column("population")]
    expected = people[0] / sum(people)
    assert abs(share - expected) < 4 * (expected * (1 - expected) / MANY) ** 0.5  # 4 standard errors, n = 200,000


@pytest.mark.parametrize(
    ("locale", "form"), [("en_US", r"\n(.+), ([A-Z]{2}) (\d{5})$"), ("de_DE", r"\n()(\d{5}) (.+)$")]
)
def test_city_region_and_postcode_of_an_address_agree(locale: str, form: str) -> None:
    places = table(locale, "places")
    assert places is not None
    rows = zip(*(places.column(name) for name in ("city", "region_code", "postcode_low", "postcode_high")), strict=True)
    regions = {(city, code): (int(low), int(high)) for city, code, low, high in rows}
    for address in texts("address", 2_000, locale=locale):
        found = re.search(form, address)
        assert found is not None, address
        city, code, postcode = found.groups() if locale == "en_US" else (found[3], "", found[2])
        spans = [span for (name, region), span in regions.items() if name == city and code in ("", region)]
        assert any(low <= int(postcode) <= high for low, high in spans), address
