"""A locale for each row of a faker column, read from a column of country codes or locales."""

from __future__ import annotations

import re
from typing import Any

import pytest

from datagen.errors import SchemaError
from datagen.packs.reading import pack_locales, table
from tests.packs.fakes import FakeBlock, bound, column, filled, series, texts


def known(locale: str, name: str) -> frozenset[str]:
    found = table(locale, name)
    assert found is not None
    return frozenset(found.column("value"))


def test_each_row_has_a_name_of_its_own_locale() -> None:
    rows = 4_000
    codes = ["US", "GB", "uk", "DE", "cs_CZ", "en-us", "de_DE", "CZ"]
    locales = ["en_US", "en_GB", "en_GB", "de_DE", "cs_CZ", "en_US", "de_DE", "cs_CZ"]
    country = column([codes[row % 8] for row in range(rows)])
    names = texts("last_name", rows, columns={"country": country}, locale_from="country")
    lists = {
        locale: known(locale, "last_name")
        if locale != "cs_CZ"
        else known(locale, "last_name_female") | known(locale, "last_name_male")
        for locale in pack_locales()
    }
    assert all(name in lists[locales[row % 8]] for row, name in enumerate(names))


@pytest.mark.parametrize(
    "method", ["name", "city", "first_name", "email", "postcode", "random_int", "date_of_birth", "year"]
)
def test_a_row_has_the_value_that_its_locale_alone_would_give(method: str) -> None:
    country = column([["CZ", "DE"][row % 2] for row in range(500)])
    kind: Any = {"random_int": "int", "date_of_birth": "date"}.get(method, "string")
    mixed = series(filled(method, 500, columns={"country": country}, locale_from="country"), kind).to_list()
    german = series(filled(method, 500, locale="de_DE"), kind).to_list()
    assert mixed[1::2] == german[1::2]


def test_blocks_of_a_column_share_one_dictionary_whatever_locales_they_hold() -> None:
    country = column(["CZ"] * 10 + ["DE"] * 10 + ["US"] * 10)
    fill = bound("first_name", locale_from="country")
    blocks = [fill(FakeBlock(10, start=start, columns={"country": country})) for start in (0, 10, 20)]
    assert len({id(block.dictionary) for block in blocks}) == 1


def test_an_unknown_country_is_told_with_its_column() -> None:
    country = column(["US", "Germany", "DE"])
    with pytest.raises(SchemaError) as error:
        filled("name", 3, columns={"country": country}, locale_from="country")
    (finding,) = error.value.findings
    assert finding.code == "faker.unknown_locale"
    assert finding.found == "'Germany' in country"
    assert finding.json_path == "person.value"


def test_rows_without_a_country_need_a_locale_beside() -> None:
    country = column(["US", None, "DE"])
    with pytest.raises(SchemaError, match="1 rows of one block whose country is null"):
        filled("name", 3, columns={"country": country}, locale_from="country")
    names = texts("last_name", 3, columns={"country": country}, locale_from="country", locale="cs_CZ")
    assert names[1] in known("cs_CZ", "last_name_female") | known("cs_CZ", "last_name_male")


def test_a_country_that_is_in_no_pack_is_told() -> None:
    with pytest.raises(SchemaError, match=re.escape("last_name in da_DK")):
        filled("last_name", 2, columns={"country": column(["US", "DK"])}, locale_from="country")
