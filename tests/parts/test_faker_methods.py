"""Numbers, dates, codes, words and addresses of Faker's methods: bounds, shares, check digits, forms."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

import numpy as np
import pytest

from datagen.generators._faker.check_digits import ean, iban, isbn10, luhn, mod97, my_number, pesel, vin
from datagen.generators.faker import Faker
from datagen.packs.reading import pack_locales
from tests.packs.fakes import FakeBlock, FakeScope, bound, filled, refusals, series, texts

MANY = 100_000
YEAR_2024 = 1_735_689_600_000_000  # the end of 2024 in microseconds


def columns(text: str) -> np.ndarray[Any, Any]:
    return np.frombuffer(text.encode(), dtype=np.uint8)[None, :]


def said(check: np.ndarray[Any, Any]) -> str:
    return check.tobytes().decode()


# --- check digits, against numbers that others have published


def test_check_digits_are_those_of_published_numbers() -> None:
    assert said(luhn(columns("7992739871"), 10)) == "3"  # the example of ISO/IEC 7812's description
    assert said(luhn(columns("411111111111111"), 15)) == "1"
    assert said(ean(columns("400638133393"), 12)) == "1"  # GS1's example
    assert said(ean(columns("7351353"), 7)) == "7"
    assert said(ean(columns("978030640615"), 12)) == "7"  # the ISBN users' manual
    assert said(isbn10(columns("030640615"), 9)) == "2"
    assert said(isbn10(columns("080442957"), 9)) == "X"
    assert said(iban(columns("GBWEST12345698765432"), 2)) == "82"  # the registry's examples
    assert said(iban(columns("DE370400440532013000"), 2)) == "89"
    assert said(iban(columns("CZ08000000192000145399"), 2)) == "65"
    assert said(vin(columns("1M8GDM9AKP042788"), 8)) == "X"  # 1M8GDM9AXKP042788
    assert said(vin(columns("1111111111111111"), 8)) == "1"
    assert said(pesel(columns("4405140135"), 10)) == "9"  # the example of the register
    assert said(my_number(columns("12345678901"), 11)) == "8"
    assert said(mod97(columns("2812345678"), 10)) == f"{2812345678 % 97:02}"


def weighted_sum(text: str, weights: tuple[int, ...]) -> int:
    digits = [10 if sign == "X" else int(sign) for sign in text if sign.isalnum()]
    return sum(digit * weights[place % len(weights)] for place, digit in enumerate(digits))


def test_isbn13_has_its_check_digit_and_a_registrant_that_was_given_out() -> None:
    values = texts("isbn13", 5_000)
    assert all(re.fullmatch(r"978-[01]-\d{2,7}-\d{1,6}-\d", text) and len(text) == 17 for text in values)
    assert all(weighted_sum(text, (1, 3)) % 10 == 0 for text in values)
    assert {len(text.split("-")[2]) for text in values} == {2, 3, 4, 5, 6, 7}
    plain = texts("isbn13", 100, separator="")
    assert all(re.fullmatch(r"978\d{10}", text) and weighted_sum(text, (1, 3)) % 10 == 0 for text in plain)


def test_isbn10_has_its_check_digit() -> None:
    values = texts("isbn10", 5_000)
    assert all(weighted_sum(text, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0 for text in values)
    assert any(text.endswith("X") for text in values)


@pytest.mark.parametrize(("method", "length"), [("ean13", 13), ("ean8", 8), ("ean", 13)])
def test_barcodes_have_their_check_digit(method: str, length: int) -> None:
    values = texts(method, 3_000)
    weights = (1, 3) if length % 2 else (3, 1)
    assert all(len(text) == length and weighted_sum(text, weights) % 10 == 0 for text in values)


@pytest.mark.parametrize("locale", pack_locales())
def test_ibans_are_valid(locale: str) -> None:
    lengths = {"CZ": 24, "DE": 22, "GB": 22, "ES": 24, "FR": 27, "IT": 27, "NL": 18, "PL": 28, "BR": 29, "SE": 24}
    country = {"en_US": "GB", "ja_JP": "GB"}.get(locale, locale[3:])  # without accounts of this kind: as in Faker
    for text in texts("iban", 1_000, locale=locale):
        number = "".join(str(int(sign, 36)) for sign in text[4:] + text[:4])
        assert int(number) % 97 == 1
        assert (text[:2], len(text)) == (country, lengths[country])


def test_card_numbers_have_their_check_digit_and_their_prefix() -> None:
    def valid(text: str) -> bool:
        digits = [int(sign) for sign in reversed(text)]
        return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0

    assert all(valid(text) for text in texts("credit_card_number", 3_000))
    assert all(re.fullmatch(r"3[47]\d{13}", text) for text in texts("credit_card_number", 200, card_type="amex"))
    assert set(map(len, texts("credit_card_security_code", 200, card_type="amex"))) == {4}
    assert set(texts("credit_card_provider", 20, card_type="visa")) == {"VISA 16 digit"}


# --- forms


@pytest.mark.parametrize(
    ("method", "params", "form"),
    [
        ("bothify", {"text": "??-####"}, r"[a-zA-Z]{2}-\d{4}"),
        ("bothify", {"text": "Ab%$", "letters": "x"}, r"Ab[1-9][2-9]"),
        ("bothify", {"text": "#\n?"}, r"\d\n[a-zA-Z]"),
        ("bothify", {"text": "ž#€"}, r"ž\d€"),
        ("numerify", {"text": "A?#"}, r"A\?\d"),
        ("numerify", {}, r"\d{3}"),
        ("numerify", {"text": "[##]"}, r"\[\d\d\]"),
        ("lexify", {"text": "?#"}, r"[a-zA-Z]#"),
        ("lexify", {"text": "???", "letters": "AB"}, r"[AB]{3}"),
        ("hexify", {"text": "0x^^", "upper": True}, r"0X[0-9A-F]{2}"),
        ("hexify", {}, r"[0-9a-f]{4}"),
        ("numerify", {"text": "1!@"}, r"1\d?[1-9]?"),
        ("bothify", {"text": "??", "letters": "éž"}, r"[éž]{2}"),
        ("pystr", {"max_chars": 7}, r"[a-zA-Z]{7}"),
        ("mac_address", {}, r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}"),
        ("hex_color", {}, r"#[0-9a-f]{6}"),
        ("md5", {}, r"[0-9a-f]{32}"),
        ("uuid4", {}, r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("ssn", {}, r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}"),
        ("phone_number", {"locale": "cs_CZ"}, r"(\+|00)420 [67]\d\d \d{3} \d{3}"),
        ("phone_number", {"locale": "de_DE"}, r"(\+49 ?\(0\) ?|\(?0)[1-9][\d )]+"),
        ("postcode", {"locale": "cs_CZ"}, r"[1-7]\d\d \d\d"),
        ("postcode", {"locale": "en_GB"}, r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}"),
        ("zipcode", {}, r"\d{5}"),
        ("license_plate", {"locale": "cs_CZ"}, r"[1-9][A-Z]\d \d{4}"),
        ("license_plate", {"locale": "de_DE"}, r"[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}-[1-9]\d{0,3}"),
        ("credit_card_expire", {}, r"(0[1-9]|1[0-2])/\d\d"),
        ("hostname", {}, r"[a-z]+-\d\d\.[a-z-]+\.example"),
        ("slug", {}, r"[a-z]+-[a-z]+-[a-z]+"),
        ("url", {}, r"https://www\.[a-z-]+\.example/"),
        ("country_code", {"representation": "alpha-3"}, r"[A-Z]{3}"),
        ("country_code", {}, r"[A-Z]{2}"),
    ],
)
def test_texts_have_the_form_that_was_asked_for(method: str, params: dict[str, Any], form: str) -> None:
    wrong = [text for text in texts(method, 500, **params) if not re.fullmatch(form, text)]
    assert not wrong


def test_every_character_is_equally_likely() -> None:
    digits = Counter("".join(texts("numerify", 20_000, text="#####")))
    assert all(
        abs(digits[str(digit)] - 10_000) < 5 * (100_000 * 0.09) ** 0.5 for digit in range(10)
    )  # 5 standard errors, n = 100,000


def test_neighbouring_characters_do_not_know_of_each_other() -> None:
    digits = np.array([[int(sign) for sign in text] for text in texts("numerify", 20_000, text="#" * 24)])
    seen = np.corrcoef(digits.T) - np.eye(24)
    assert np.abs(seen).max() < 5 / 20_000**0.5  # 5 standard errors, n = 20,000


# --- numbers


@pytest.mark.parametrize(
    ("method", "params", "low", "high"),
    [
        ("random_int", {}, 0, 9999),
        ("random_int", {"min": -5, "max": 5}, -5, 5),
        ("random_int", {"min": 0, "max": 20, "step": 5}, 0, 20),
        ("pyint", {"min_value": 3, "max_value": 3}, 3, 3),
        ("random_digit", {}, 0, 9),
        ("random_digit_not_null", {}, 1, 9),
        ("random_digit_above_two", {}, 2, 9),
        ("random_number", {"digits": 3}, 0, 999),
        ("random_number", {"digits": 3, "fix_len": True}, 100, 999),
        ("port_number", {"is_user": True}, 1024, 49151),
        ("http_status_code", {}, 100, 599),
        ("latitude", {}, -90, 90),
        ("longitude", {}, -180, 180),
        ("pyfloat", {"min_value": 1.5, "max_value": 2.5}, 1.5, 2.5),
    ],
)
def test_numbers_stay_in_their_range_and_fill_it(method: str, params: dict[str, Any], low: float, high: float) -> None:
    values = filled(method, MANY, **params).array
    assert values.min() >= low
    assert values.max() <= high
    assert (
        abs(values.mean() - (low + high) / 2) <= 4 * (high - low) / 12**0.5 / MANY**0.5 + 1e-9
    )  # 4 standard errors, n = 100,000
    assert Faker(method=method, **params).support(FakeScope()) == pytest.approx((low, high))  # type: ignore[arg-type]


def test_steps_are_kept() -> None:
    assert set(filled("random_int", 1_000, min=1, max=11, step=4).array.tolist()) == {1, 5, 9}


def test_a_number_without_digits_has_each_length_equally_often() -> None:
    lengths = Counter(len(str(number)) for number in filled("random_number", 9_000, fix_len=True).array)
    assert all(abs(lengths[length] - 1_000) < 150 for length in range(1, 10))  # 5 standard errors, n = 9,000


def test_booleans_come_with_their_chance() -> None:
    values = filled("boolean", MANY, chance_of_getting_true=30).array
    assert abs(values.mean() - 0.3) < 4 * (0.21 / MANY) ** 0.5  # 4 standard errors, n = 100,000
    assert filled("pybool", 100, truth_probability=100).array.all()


# --- addresses of machines


RESERVED = [
    IPv4Network(text)
    for text in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3")
]
PRIVATE = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


@pytest.mark.parametrize(
    ("method", "params", "private"),
    [
        ("ipv4", {}, None),
        ("ipv4_public", {}, False),
        ("ipv4_private", {}, True),
        ("ipv4", {"private": True}, True),
        ("ipv4_private", {"address_class": "c"}, True),
    ],
)
def test_ipv4_addresses_are_nobodys_or_private(method: str, params: dict[str, Any], private: bool | None) -> None:
    for text in texts(method, 3_000, **params):
        address = IPv4Address(text)
        assert not any(address in network for network in RESERVED)
        if private is not None:
            assert any(address in network for network in PRIVATE) == private
        if params.get("address_class") == "c":
            assert text.startswith("192.168.")


def test_ipv6_addresses_are_written_the_short_way() -> None:
    assert all(IPv6Address(text).exploded and "::" not in text for text in texts("ipv6", 2_000))


# --- dates


def dates(
    method: str, rows: int = 3_000, *, kind: Any = "date", end: int | None = YEAR_2024, **params: Any
) -> list[Any]:
    return series(filled(method, rows, scope=FakeScope(end=end), **params), kind).to_list()


def test_dates_count_from_the_end_of_the_timeframe() -> None:
    assert max(dates("date_between")) <= date(2024, 12, 31)
    assert min(dates("date_between")) >= date(1994, 12, 31)
    assert set(dates("date_this_year")) <= {date.fromordinal(date(2024, 1, 1).toordinal() + day) for day in range(366)}
    assert max(dates("past_date")) < date(2024, 12, 31) < min(dates("future_date"))
    assert max(dates("date_time_this_month", kind="datetime")) <= datetime(2024, 12, 31, 23, 59, 59)
    assert min(dates("date_time_this_month", kind="datetime", before_now=False, after_now=True)) >= datetime(
        2024, 12, 31, 23, 59, 59
    )


def test_dates_without_a_timeframe_count_from_the_end_of_2025() -> None:
    assert max(dates("date_this_year", end=None)) == date(2025, 12, 31)


def test_ages_are_kept() -> None:
    born = dates("date_of_birth", 20_000, minimum_age=18, maximum_age=20)
    ages = {2024 - day.year - ((day.month, day.day) > (12, 31)) for day in born}
    assert ages == {18, 19, 20}


@pytest.mark.parametrize(
    ("start", "end", "low", "high"),
    [
        ("2020-01-01", "2020-01-31", date(2020, 1, 1), date(2020, 1, 31)),
        ("-1w", "today", date(2024, 12, 24), date(2024, 12, 31)),
        ("-2d", "+2d", date(2024, 12, 29), date(2025, 1, 2)),
        ("2024-12-31T10:00:00+02:00", "now", date(2024, 12, 31), date(2024, 12, 31)),
    ],
)
def test_dates_fall_between_what_the_user_says(start: str, end: str, low: date, high: date) -> None:
    found = dates("date_between", start_date=start, end_date=end)
    assert (min(found), max(found)) == (low, high)


def test_parts_of_dates_are_texts_in_the_language_of_the_locale() -> None:
    assert set(texts("day_of_week", 500, locale="cs_CZ")) == {
        "pondělí",
        "úterý",
        "středa",
        "čtvrtek",
        "pátek",
        "sobota",
        "neděle",
    }
    assert len(set(texts("month_name", 500, locale="de_DE"))) == 12
    assert set(texts("am_pm", 50)) == {"AM", "PM"}
    assert all(1970 <= int(text) <= 2025 for text in texts("year", 500))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text) for text in texts("iso8601", 50))
    assert all(re.fullmatch(r"\d\d\.\d\d\.\d{4}", text) for text in texts("date", 50, pattern="%d.%m.%Y"))


def test_names_of_days_and_months_are_those_of_their_dates() -> None:
    def same(method: str, names: list[str], part: Any) -> None:
        shown = texts(method, 300)
        moments = series(filled("date_time", 300), "datetime").to_list()
        assert shown == [names[part(moment)] for moment in moments]

    same(
        "day_of_week",
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        lambda moment: moment.weekday(),
    )
    months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    same("month_name", months, lambda moment: moment.month - 1)
    same("am_pm", ["AM", "PM"], lambda moment: moment.hour // 12)


# --- words


@pytest.mark.parametrize("locale", pack_locales())
@pytest.mark.parametrize("most", [5, 12, 40, 200, 500])
def test_texts_end_before_their_limit(most: int, locale: str) -> None:
    values = texts("text", 400, max_nb_chars=most, locale=locale)
    assert max(map(len, values)) <= most
    if most >= 40:
        assert all(text.endswith("。" if locale == "ja_JP" else ".") for text in values)
        assert locale == "ja_JP" or all(text[0].isupper() for text in values)
    if most >= 200:
        assert np.mean([len(text) for text in values]) > 0.8 * most


def test_sentences_have_their_number_of_words() -> None:
    assert {len(text.split()) for text in texts("sentence", 2_000)} == {
        3,
        4,
        5,
        6,
        7,
        8,
    }  # 60 % to 140 % of 6, as in Faker
    assert {len(text.split()) for text in texts("sentence", 200, nb_words=9, variable_nb_words=False)} == {9}
    assert {text.count(".") for text in texts("paragraph", 1_000)} == {1, 2, 3, 4}
    assert {text.count(".") for text in texts("paragraph", 100, nb_sentences=5, variable_nb_sentences=False)} == {5}
    assert {len(text.split()) for text in texts("words", 100, nb=4)} == {4}


# --- declared types


@pytest.mark.parametrize(
    ("method", "declared", "params", "first"),
    [
        ("year", "int", {}, int),
        ("numerify", "int", {"text": "%###"}, int),
        ("random_int", "string", {}, str),
        ("date_of_birth", "string", {}, str),
        ("date", "date", {}, date),
        ("iso8601", "datetime", {}, datetime),
        ("random_int", "float", {}, int),
        ("latitude", "string", {}, str),
    ],
)
def test_a_column_may_declare_another_form_of_the_same_value(
    method: str, declared: str, params: dict[str, Any], first: type
) -> None:
    scope = FakeScope(column_type=declared)
    values = bound(method, scope, **params)(FakeBlock(20))
    assert all(isinstance(value, first) for value in series(values, declared).to_list())


@pytest.mark.parametrize(
    ("method", "declared"),
    [("name", "int"), ("bothify", "int"), ("boolean", "string"), ("date_of_birth", "int"), ("city", "date")],
)
def test_a_column_of_another_kind_is_refused(method: str, declared: str) -> None:
    assert [code for code, *_ in refusals(method, FakeScope(column_type=declared))] == ["column.type_mismatch"]


def test_the_type_is_inferred_from_the_method() -> None:
    kinds = {
        "name": "string",
        "random_int": "int",
        "latitude": "float",
        "boolean": "bool",
        "date_of_birth": "date",
        "date_time": "datetime",
        "aba": "string",
    }
    assert {method: Faker(method=method).infer(FakeScope()) for method in kinds} == kinds  # type: ignore[arg-type]
