"""Names that the Unicode CLDR has in every language: countries, currencies, languages, days and months."""

from __future__ import annotations

from typing import Any

from babel import Locale

NO_COUNTRIES = "AC CP CQ DG EA EU EZ IC QO TA UN XA XB XK ZZ"
Table = list[tuple[str, ...]]


def cldr_lists(language: str, source: dict[str, Any]) -> dict[str, Table]:
    """The lists of one language. Of currencies and languages, those that Faker knows by their codes."""
    names = Locale.parse(language)
    countries = [
        name
        for code, name in sorted(names.territories.items())
        if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES.split()
    ]
    currencies = [names.currencies[code] for code, _ in source["currency"].currencies if code in names.currencies]
    codes = type(source["currency"]).language_locale_codes
    languages = [names.languages[code] for code in codes if code in names.languages]
    days, months = names.days["stand-alone"]["wide"], names.months["stand-alone"]["wide"]
    return {
        "country": _list(countries),
        "currency_name": _list(currencies),
        "language_name": _list(languages),
        "day_of_week": _list([days[day] for day in range(7)]),
        "month_name": _list([months[month] for month in range(1, 13)]),
    }


def _list(names: list[str]) -> Table:
    return [("value",), *((name,) for name in dict.fromkeys(names))]
