"""The list of Faker's methods that may fill a column: what each gives in each locale, and why others may not.

Every method of every locale is called in three processes that differ in the date, the time zone and PYTHONHASHSEED
(`sample.py`); whatever then differs is not a function of the seed and is left out.
"""

from __future__ import annotations

import collections
import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any

WORLDS = (
    {"PYTHONHASHSEED": "1", "PACKS_CLOCK": "2031-03-14T09:26:53", "TZ": "UTC"},
    {"PYTHONHASHSEED": "2", "PACKS_CLOCK": "2031-03-14T09:26:53", "TZ": "UTC"},
    {"PYTHONHASHSEED": "1", "PACKS_CLOCK": "1999-07-08T22:01:02", "TZ": "Asia/Tokyo"},
)
# Methods that read templates which can call any other method, or that make files; none of them is a value of a column.
FORBIDDEN = {
    "csv",
    "dsv",
    "psv",
    "tsv",
    "fixed_width",
    "json",
    "json_bytes",
    "xml",
    "pystr_format",
    "binary",
    "zip",
    "tar",
    "image",
    "profile",
    "simple_profile",
    "pyobject",
    "pystruct",
    "enum",
    "uuid1",
    "seed",
    "seed_instance",
    "seed_locale",
    "add_provider",
    "format",
    "parse",
}
# Arguments that hold code, templates, encoders or types.
FORBIDDEN_ARGUMENTS = {
    "cast_to",
    "placeholder_url",
    "tzinfo",
    "raw_output",
    "cls",
    "data_columns",
    "value_types",
    "allowed_types",
    "string_format",
    "object_type",
    "enum_cls",
    "distrib",
    "header",
}
# Where a country has several locales in Faker, the one that most of its people would use.
PREFERRED = {
    "BE": "nl_BE",
    "CA": "en_CA",
    "CH": "de_CH",
    "IN": "en_IN",
    "ES": "es_ES",
    "LU": "de_LU",
    "PH": "en_PH",
    "PK": "en_PK",
    "BD": "en_BD",
    "NO": "no_NO",
    "DZ": "fr_DZ",
    "NG": "en_NG",
    "ZA": "zu_ZA",
    "IE": "en_IE",
    "GB": "en_GB",
    "US": "en_US",
    "TH": "th_TH",
    "IR": "fa_IR",
    "BG": "bg_BG",
    "AZ": "az_AZ",
    "CY": "el_CY",
    "SI": "sl_SI",
    "CN": "zh_CN",
}


def catalogue() -> dict[str, Any]:
    """The content of methods.json."""
    first, hashed, elsewhen = (sample(world) for world in WORLDS)
    locales = sorted(first)
    methods: dict[str, dict[str, str]] = collections.defaultdict(dict)
    arguments: dict[str, dict[str, str]] = collections.defaultdict(dict)
    for locale in locales:
        for method, (kind, digest, names) in first[locale].items():
            if method in FORBIDDEN:
                kind = "!unsafe"
            elif not kind.startswith("!"):
                if hashed[locale].get(method, [None, None])[1] != digest:
                    kind = "!unstable"
                elif elsewhen[locale].get(method, [None, None])[1] != digest:
                    kind = "!clock"
            methods[method][locale] = kind
            arguments[method] |= {name: what for name, what in names.items() if name not in FORBIDDEN_ARGUMENTS}
    entries: dict[str, Any] = {}
    for method in sorted(methods):
        kinds = methods[method]
        usual = collections.Counter(kinds.values()).most_common(1)[0][0]
        entry: dict[str, Any] = {"gives": usual}
        if arguments[method] and not usual.startswith("!"):
            entry["arguments"] = dict(sorted(arguments[method].items()))
        if len(kinds) < len(locales):
            entry["locales"] = sorted(kinds)
        unusual = {locale: kind for locale, kind in sorted(kinds.items()) if kind != usual}
        if unusual:
            entry["except"] = unusual
        entries[method] = entry
    return {
        "faker": version("faker"),
        "locales": locales,
        "country_locales": country_locales(locales),
        "methods": entries,
    }


def country_locales(locales: list[str]) -> dict[str, str]:
    """The locale of each country."""
    found: dict[str, str] = {}
    for locale in locales:
        country = locale.rpartition("_")[2]
        if "_" in locale and len(country) == 2:
            found.setdefault(country, locale)
    return dict(
        sorted((found | {country: locale for country, locale in PREFERRED.items() if locale in locales}).items())
    )


def sample(world: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What `sample.py` says in one world: locale -> method -> [type, digest of values, arguments]."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "packs_build.sample"],
        env=os.environ | world,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return answer
