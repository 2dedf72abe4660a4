"""What Faker's methods give, without Faker: which may fill a column in which locale, with which arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from datagen.packs.reading import DATA

WHY_NOT = {
    "!no_scalar": "it gives a list, a pair or null, which is no value of a column",
    "!clock": "its values depend on today's date, so the same seed would give other data tomorrow",
    "!unsafe": "it makes files or reads templates that can call anything",
    "!unstable": "the installed Faker gives other values in every process",
    "!fails": "it cannot be called in this locale without arguments",
}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Faker's locales, the usual locale of each country, and its public methods, in the version looked at."""

    faker: str
    locales: tuple[str, ...]
    country_locales: Mapping[str, str]
    methods: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method in one locale. gives: the column type, or None; why_not: the reason, when it may not fill a column."""

    name: str
    gives: str | None
    why_not: str
    arguments: Mapping[str, str]  # name -> int, float, text, bool or any


@cache
def catalogue() -> Catalogue:
    content = json.loads((DATA / "methods.json").read_text(encoding="utf-8"))
    return Catalogue(content["faker"], tuple(content["locales"]), content["country_locales"], content["methods"])


def method_of(name: str, locale: str) -> Method | None:
    """Faker's method in a locale, or None where that locale has none of this name."""
    entry = catalogue().methods.get(name)
    if entry is None or ("locales" in entry and locale not in entry["locales"]):
        return None
    gives: str = entry.get("except", {}).get(locale, entry["gives"])
    if gives.startswith("!"):
        return Method(name, None, WHY_NOT[gives], {})
    return Method(name, gives, "", entry.get("arguments", {}))


def method_names(locale: str) -> tuple[str, ...]:
    """Every method of a locale that may fill a column, sorted."""
    found = (method_of(name, locale) for name in catalogue().methods)
    return tuple(method.name for method in found if method is not None and method.gives is not None)
