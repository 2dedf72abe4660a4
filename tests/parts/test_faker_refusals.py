"""What the faker generator refuses, and the pools of Faker's own values: the same in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datagen.errors import SchemaError
from datagen.generators.faker import Faker
from datagen.packs import pack_versions
from tests.packs.fakes import FakeBlock, FakeScope, bound, column, filled, refusals, texts


@pytest.mark.parametrize(
    ("method", "params", "code", "found", "hint"),
    [
        ("credit_card_numbr", {}, "faker.unknown_method", "'credit_card_numbr'", "did you mean 'credit_card_number'?"),
        ("Name", {}, "faker.unknown_method", "'Name'", "did you mean 'name'?"),
        ("__class__", {}, "faker.unknown_method", "'__class__'", ""),
        ("_get_local_timezone", {}, "faker.unknown_method", "'_get_local_timezone'", ""),
        ("seed", {}, "faker.unknown_method", "'seed'", ""),
        ("seed_instance", {}, "faker.unknown_method", "'seed_instance'", ""),
        ("add_provider", {}, "faker.unknown_method", "'add_provider'", ""),
        ("format", {}, "faker.unknown_method", "'format'", ""),
        ("parse", {}, "faker.unknown_method", "'parse'", ""),
        (
            "siret",
            {},
            "faker.unknown_method",
            "'siret', which en_US does not have",
            "'siret' is a method of fr_CH, fr_FR",
        ),
        (
            "zipcode_plus4",
            {"locale": "cs_CZ"},
            "faker.unknown_method",
            "'zipcode_plus4', which cs_CZ does not have",
            "'zipcode_plus4' is",
        ),
        ("binary", {}, "faker.not_allowed", "'binary': it makes files", ""),
        ("json_bytes", {}, "faker.not_allowed", "'json_bytes': it makes files", ""),
        (
            "pystr_format",
            {"string_format": "{{name}}"},
            "faker.not_allowed",
            "'pystr_format': it makes files or reads templates",
            "",
        ),
        ("image", {}, "faker.not_allowed", "'image': it makes files", "did you mean 'image_url'?"),
        ("passport_dob", {}, "faker.not_allowed", "'passport_dob': its values depend on today's date", ""),
        ("profile", {}, "faker.not_allowed", "'profile': it makes files or reads templates", ""),
        ("paragraphs", {}, "faker.not_allowed", "'paragraphs': it gives a list", "did you mean 'paragraph'?"),
        ("email", {"safe": False}, "faker.not_allowed", "safe: false", "addresses at real providers"),
        (
            "name",
            {"locale": "en_UK"},
            "faker.unknown_locale",
            "'en_UK'",
            "did you mean 'en_GB'?; available in the packs: cs_CZ",
        ),
        ("name", {"locale": "da_DK"}, "faker.locale_not_in_packs", "name in da_DK", ""),
        ("month_name", {"locale": "da_DK"}, "faker.locale_not_in_packs", "month_name in da_DK", ""),
        ("name", {"locale_form": "country"}, "faker.unknown_argument", "'locale_form'", "did you mean 'locale_from'?"),
        ("bothify", {"txt": "##"}, "faker.unknown_argument", "'txt'", "did you mean 'text'?"),
        ("random_digit", {"min": 1}, "faker.unknown_argument", "'min'", ""),
        ("uuid4", {"cast_to": "str"}, "faker.unknown_argument", "'cast_to'", ""),
        ("image_url", {"placeholder_url": "{width.__class__}"}, "faker.unknown_argument", "'placeholder_url'", ""),
        ("url", {"schemes": ["ftp"]}, "faker.unknown_argument", "'schemes'", ""),
        ("bothify", {"text": "#" * 1_001}, "faker.argument", "text: ", ""),
        ("bothify", {"text": 5}, "faker.argument", "text: 5", ""),
        ("bothify", {"text": "a\x00b"}, "faker.argument", "text: 'a\\x00b'", ""),
        ("random_int", {"min": 5, "max": 1}, "faker.argument", "a range from 5 to 1", ""),
        ("random_int", {"min": "5"}, "faker.argument", "min: '5'", ""),
        ("random_int", {"max": 10**18}, "faker.argument", "1,000,000,000,000,000,001 possible numbers", "use uuid4"),
        (
            "pyfloat",
            {"min_value": 1e14, "max_value": 1e14 + 1, "right_digits": 12},
            "faker.argument",
            "numbers up to",
            "",
        ),
        ("boolean", {"chance_of_getting_true": 101}, "faker.argument", "chance_of_getting_true: 101", ""),
        ("sentence", {"nb_words": 10**9}, "faker.argument", "nb_words: 1000000000", ""),
        ("text", {"max_nb_chars": 4}, "faker.argument", "max_nb_chars: 4", ""),
        ("date_between", {"start_date": "yesterday"}, "faker.argument", "start_date: 'yesterday'", ""),
        ("date_between", {"start_date": "2024-02-30"}, "faker.argument", "start_date: '2024-02-30'", ""),
        ("date_between", {"start_date": "-999999y"}, "faker.argument", "start_date: '-999999y'", ""),
        ("date_between", {"start_date": "today", "end_date": "-1y"}, "faker.argument", "from 2025-12-31", ""),
        ("date_of_birth", {"minimum_age": 90, "maximum_age": 18}, "faker.argument", "maximum_age: 18", ""),
        ("date", {"pattern": "%Q"}, "faker.argument", "pattern: '%Q'", "%Q is not known"),
        ("isbn13", {"separator": "*"}, "faker.argument", "separator: '*'", ""),
        ("credit_card_number", {"card_type": "gold"}, "faker.argument", "card_type: 'gold'", ""),
        ("ipv4", {"address_class": "d"}, "faker.argument", "address_class: 'd'", ""),
        ("password", {"length": 10**9}, "faker.argument", "length: 1000000000", ""),
        ("password", {"length": 2}, "faker.argument", 'password of Faker refused {"length": 2}', ""),
        ("password", {"length": [5]}, "faker.argument", "length: [5]", ""),
        (
            "random_element",
            {"elements": [1, 2]},
            "faker.argument",
            "elements that are no list of texts",
            "the generator `choice`",
        ),
        (
            "random_element",
            {"elements": {"a": 1}},
            "faker.argument",
            "elements that are no list of texts",
            "the generator `choice`",
        ),
        ("file_name", {"category": "no such"}, "faker.argument", "file_name of Faker refused", ""),
    ],
)
def test_what_cannot_be_made_is_refused_in_plain_words(
    method: str, params: dict[str, Any], code: str, found: str, hint: str
) -> None:
    (refusal, *more) = refusals(method, **params)
    assert not more
    assert refusal[0] == code
    assert refusal[2].startswith(found)
    assert refusal[4].startswith(hint)


def test_a_refused_method_is_refused_once() -> None:
    assert Faker(method="nmae").infer(FakeScope()) == "string"  # type: ignore[arg-type]


def test_a_null_argument_is_as_good_as_none() -> None:
    assert texts("bothify", 5, text=None) == texts("bothify", 5)


def test_a_unique_column_needs_one_locale() -> None:
    assert [code for code, *_ in refusals("name", FakeScope(unique=True), locale_from="country")] == [
        "faker.unique_by_locale"
    ]
    assert refusals("email", FakeScope(unique=True), locale_from="country") == []


def test_nothing_is_refused_for_a_later_locale_of_a_row_until_it_comes() -> None:
    fill = bound("county", locale="en_GB", locale_from="country")
    assert len(fill(FakeBlock(2, columns={"country": column(["GB", None])}))) == 2
    with pytest.raises(SchemaError, match="county in en_US"):
        fill(FakeBlock(2, columns={"country": column(["GB", "US"])}))


def test_a_timeframe_at_the_end_of_time_leaves_no_room_for_dates() -> None:
    scope = FakeScope(end=253_402_300_799_000_000)  # the last second of 9999
    assert refusals("future_date", scope)[0][2] == "a timeframe that ends in the year 9999"


# --- pools


def test_a_pool_has_a_thousand_values_and_is_used_whole() -> None:
    values = filled("swift", 20_000)
    assert values.dictionary is not None
    assert 900 < len(values.dictionary) <= 1_000
    assert len(set(values.array.tolist())) == len(values.dictionary)


@pytest.mark.parametrize(
    ("method", "locale", "kind"),
    [
        ("siret", "fr_FR", "category"),
        ("pricetag", "en_US", "category"),
        ("pyfloat", "en_US", "float"),
        ("pincode_in_state", "en_IN", "int"),
        ("kana_name", "ja_JP", "category"),
    ],
)
def test_pools_give_the_type_of_the_method(method: str, locale: str, kind: str) -> None:
    values = filled(method, 100, locale=locale)
    assert values.kind == kind
    assert len(values) == 100


def test_arguments_reach_faker() -> None:
    assert set(texts("random_element", 50, elements=["a", "b"])) == {"a", "b"}
    assert {len(text) for text in texts("password", 50, length=17)} == {17}
    assert all(text.startswith("00") for text in texts("ean13", 50, prefixes=["00"]))
    assert texts("password", 5, length=17) != texts("password", 5, length=18)


def test_a_result_that_no_column_holds_is_told() -> None:
    from datagen.generators._faker.pools import column_of

    for values, gives in (([1, 2**70], "int"), ([1, "1"], "int"), ([None], "string"), ([True, "no"], "bool")):
        with pytest.raises(SchemaError, match=r"faker\.result"):
            column_of(values, gives, "method")  # type: ignore[arg-type]


def test_a_unique_pool_holds_as_many_values_as_rows() -> None:
    assert len(set(texts("aba", 3_000, scope=FakeScope(unique=True, rows=3_000)))) == 3_000
    (refusal,) = refusals("aba", FakeScope(unique=True, rows=20_001))
    assert refusal[0] == "unique.domain_too_small"
    (refusal,) = refusals("tld", FakeScope(unique=True, rows=50))
    assert refusal[0] == "unique.domain_too_small"
    assert "different values of tld < 50 rows" in refusal[2]


def test_the_manifest_names_faker_only_for_pools() -> None:
    assert pack_versions([bound("name")]).keys() == {"packs"}
    assert pack_versions([bound("name"), bound("aba")]).keys() == {"packs", "faker"}
    assert pack_versions([bound("bothify", text="##")]).keys() == {"packs"}
    assert pack_versions([bound("numerify", text="#!")]).keys() == {"packs", "faker"}


def sampled() -> list[list[str]]:
    """Values of packs and pools, of every kind that could depend on the process."""
    methods = ("swift", "doi", "file_path", "pricetag", "name", "email", "address", "date", "user_agent")
    packs = [texts(method, 20, locale=locale) for method in methods for locale in ("en_US", "cs_CZ")]
    return [*packs, texts("siret", 20, locale="fr_FR"), texts("password", 20, length=12)]


def test_values_are_the_same_in_every_process() -> None:
    root = str(Path(__file__).parents[2])
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\nfrom tests.parts.test_faker_refusals import sampled\nprint(sampled())"
    )
    other = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code, root], env=other, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == str(sampled())


def test_binding_loads_neither_polars_nor_faker() -> None:
    code = (
        "import sys; from datagen.generators.faker import Faker\n"
        "class Scope:\n"
        "    table, column, column_type, unique, timeframe = 't', 'c', None, False, None\n"
        "    own_columns = {'name': ('faker', {'method': 'name'}), 'c': ('faker', {})}\n"
        "    def salt(self, part, use=0): return 1\n"
        "    def seeded(self, part): return 1\n"
        "    def read(self, name, field=''): return None\n"
        "    def type_of(self, name): return 'string'\n"
        "    def fits(self, made, field): pass\n"
        "    def refuse(self, *args, **facts): raise SystemExit(facts)\n"
        "methods = 'name email city address text bothify isbn13 date_of_birth ipv4 uuid4 swift user_agent company'\n"
        "for method in methods.split():\n"
        "    part = Faker(method=method); part.infer(Scope()); tuple(part.reads(Scope())); part.bind(Scope())\n"
        "print(sorted({'polars', 'duckdb', 'faker', 'scipy'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
