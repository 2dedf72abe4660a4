"""Unique values of Faker's methods: by construction, over the whole domain, refused where the domain is too small."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datagen.errors import SchemaError
from datagen.packs.reading import pack_locales, table
from tests.packs.fakes import FakeBlock, FakeScope, bound, refusals, texts


def known(locale: str, name: str) -> frozenset[str]:
    found = table(locale, name)
    assert found is not None
    return frozenset(found.column("value"))


def test_unique_values_use_the_whole_domain() -> None:
    jobs = known("cs_CZ", "job")
    scope = FakeScope(unique=True, rows=len(jobs))
    assert set(texts("job", len(jobs), total=len(jobs), scope=scope, locale="cs_CZ")) == jobs


# locales whose texts are put together in different ways; the others are in the slow lane
APART = ("cs_CZ", "de_DE", "en_GB", "en_US", "es_ES", "ja_JP")
LOCAL = """
name phone_number company street_address address iban license_plate url text
"""
EVERYWHERE = """
uuid4 ipv4 ipv6 mac_address isbn13 isbn10 ean13 credit_card_number vin domain_name hostname sentence paragraph words
bothify slug catch_phrase bs sha256 pystr ssn
"""


@pytest.mark.parametrize(
    ("method", "locale"),
    [
        *((method, locale) for method in LOCAL.split() for locale in APART),
        *(
            pytest.param(method, locale, marks=pytest.mark.slow)
            for method in LOCAL.split()
            for locale in pack_locales()
            if locale not in APART
        ),
        *((method, "en_US") for method in EVERYWHERE.split()),
    ],
)
def test_unique_values_are_unique_by_construction(method: str, locale: str) -> None:
    rows = 5_000
    more: dict[str, Any] = {"text": "??-#####"} if method == "bothify" else {}
    values = texts(method, rows, scope=FakeScope(unique=True, rows=rows), locale=locale, **more)
    assert len(set(values)) == rows


@pytest.mark.parametrize(
    ("method", "params", "domain"),
    [
        ("random_digit_not_null", {}, 9),
        ("numerify", {"text": "###"}, 1_000),
        ("random_int", {"min": 1, "max": 500}, 500),
        ("boolean", {}, 2),
        ("random_digit", {}, 10),
        ("date_this_month", {}, 31),
        ("ean8", {}, 10**7),
        ("postcode", {"locale": "cs_CZ"}, 69_863),
    ],
)
def test_a_domain_that_is_too_small_is_refused_with_the_arithmetic(
    method: str, params: dict[str, Any], domain: int
) -> None:
    exact = FakeScope(unique=True, rows=domain)
    assert refusals(method, exact, **params) == []
    (code, _, found, _, _), *more = refusals(method, FakeScope(unique=True, rows=domain + 1), **params)
    assert not more
    assert code == "unique.domain_too_small"
    assert found == f"{domain:,} possible values < {domain + 1:,} rows of person"
    with pytest.raises(SchemaError, match="possible values <"):
        bound(method, exact, **params)(FakeBlock(10, total=domain + 1))


def test_a_small_domain_is_used_up_exactly() -> None:
    scope = FakeScope(unique=True, rows=1_000)
    assert set(texts("numerify", 1_000, total=1_000, scope=scope, text="###")) == {
        f"{number:03}" for number in range(1_000)
    }


def test_a_text_whose_end_cannot_be_found_cannot_be_unique() -> None:
    codes = [code for code, *_ in refusals("time", FakeScope(unique=True), pattern="%H:%M")]
    assert codes == ["faker.not_unique"]


def test_every_name_of_the_domain_comes_once() -> None:
    from datagen.generators._faker.counted import counted_forms
    from datagen.generators._faker.templates import forms_of, women

    forms = counted_forms("cs_CZ", forms_of("cs_CZ", "name", flat=True), women("cs_CZ", "name"))
    size = sum(one.size for one in forms)
    names = texts("name", size, scope=FakeScope(unique=True, rows=size), locale="cs_CZ")
    assert size > 20_000
    assert len(set(names)) == size
    assert refusals("name", FakeScope(unique=True, rows=size + 1), locale="cs_CZ")[0][0] == "unique.domain_too_small"


def test_unique_numbers_of_emails_stay_while_the_table_grows_below_a_power_of_ten() -> None:
    small, large = (texts("email", 200, total=total, scope=FakeScope(unique=True, rows=total)) for total in (300, 900))
    assert small == large


def test_unique_names_are_those_of_women_and_men() -> None:
    women = known("cs_CZ", "last_name_female")
    names = texts("name", 4_000, scope=FakeScope(unique=True, rows=4_000), locale="cs_CZ")
    share = np.mean([name.split()[-1] in women for name in names])
    assert abs(share - 0.5) < 0.04  # 5 standard errors, n = 4,000


def test_unique_firms_keep_their_usual_forms() -> None:
    firms = texts("company", 3_000, scope=FakeScope(unique=True, rows=3_000))
    shares = [np.mean([sign in firm for firm in firms]) for sign in (", ", "-")]
    assert len(set(firms)) == 3_000
    assert all(abs(share - 1 / 3) < 0.045 for share in shares)  # 5 standard errors, n = 3,000
    # beyond the 6,000 firms of the form `Doe Inc` that form is left out
    many = texts("company", 2_000, total=50_000, scope=FakeScope(unique=True, rows=50_000))
    assert all("," in firm or "-" in firm for firm in many)
