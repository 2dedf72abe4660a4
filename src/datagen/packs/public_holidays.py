"""Public holidays of countries, as day numbers: looked up year by year in the `holidays` package while a plan is made."""

from __future__ import annotations

from functools import cache

EPOCH_ORDINAL = 719_163  # 1970-01-01 in the count of Python's dates
SPELLINGS = {"UK": "GB"}


@cache
def countries() -> tuple[str, ...]:
    """The codes of the countries whose holidays are known, sorted."""
    from holidays import list_supported_countries

    return tuple(sorted(list_supported_countries(include_aliases=False)))


def country_code(text: str) -> str | None:
    """The code as the tables know it, whatever its case; None when there is no such country."""
    code = SPELLINGS.get(text.upper(), text.upper())
    return code if code in countries() else None


@cache
def holidays_of_year(country: str, year: int) -> tuple[int, ...]:
    """Days since 1970-01-01 that are public holidays of a country in a year, days off in lieu included; rising."""
    from holidays import country_holidays

    found = country_holidays(country, years=year, expand=False)
    return tuple(sorted({day.toordinal() - EPOCH_ORDINAL for day in found if day.year == year}))
