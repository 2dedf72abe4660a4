"""Calls every public method of every locale of Faker a few times and prints what came out, as JSON.

PACKS_CLOCK is the moment that Faker is told when it asks for the time.
"""

# ruff: noqa: E402  (the clock must stand still before Faker is imported)
from __future__ import annotations

import datetime
import decimal
import hashlib
import inspect
import json
import os
import random
import time
from typing import Any

MOMENT = datetime.datetime.fromisoformat(os.environ["PACKS_CLOCK"])
CALLS = 40
random.seed(
    os.environ["PACKS_CLOCK"]
)  # a method that draws from Python's own generator shows as one that reads the clock


class AnyDate(type):
    """Values made before the clock stood still count as its own."""

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, cls.__mro__[1])


class StillDatetime(datetime.datetime, metaclass=AnyDate):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.fromtimestamp(MOMENT.timestamp(), tz)

    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(MOMENT.timestamp())

    @classmethod
    def utcnow(cls) -> Any:
        return cls.fromtimestamp(MOMENT.timestamp())


class StillDate(datetime.date, metaclass=AnyDate):
    @classmethod
    def today(cls) -> Any:
        return cls(MOMENT.year, MOMENT.month, MOMENT.day)


real_datetime, real_date = datetime.datetime, datetime.date
datetime.datetime, datetime.date = StillDatetime, StillDate  # type: ignore[misc]
time.time = lambda: MOMENT.timestamp()
time.tzset()

import faker
from faker.config import AVAILABLE_LOCALES

TYPES = (
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (decimal.Decimal, "float"),
    (str, "string"),
    (real_datetime, "datetime"),
    (real_date, "date"),
)
SLOW = {
    "binary",
    "zip",
    "tar",
    "image",
    "json",
    "json_bytes",
    "csv",
    "dsv",
    "psv",
    "tsv",
    "fixed_width",
    "xml",
    "profile",
}


def main() -> None:
    print(json.dumps({locale: methods_of(locale) for locale in sorted(AVAILABLE_LOCALES)}))


def methods_of(locale: str) -> dict[str, Any]:
    fake = faker.Faker(locale)
    found: dict[str, Any] = {}
    for provider in fake.get_providers():
        for name in dir(provider):
            if name.startswith("_") or name in found:
                continue
            method = getattr(provider, name)
            if callable(method) and not inspect.isclass(method):
                found[name] = tried(fake, name, method)
    return found


def tried(fake: faker.Faker, name: str, method: Any) -> list[Any]:
    arguments = {
        parameter.name: kind_of(str(parameter.annotation))
        for parameter in inspect.signature(method).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    if name in SLOW:
        return ["!unsafe", "", arguments]
    values: list[Any] = []
    try:
        for call in range(CALLS):
            fake.seed_instance(call)
            values.append(getattr(fake, name)())
    except Exception as error:  # noqa: BLE001  (a method that cannot be called without arguments is no fault of ours)
        return ["!fails", type(error).__name__, arguments]
    kinds = {next((word for type_, word in TYPES if isinstance(value, type_)), "!no_scalar") for value in values}
    kind = kinds.pop() if len(kinds) == 1 else "!no_scalar"
    digest = hashlib.sha256(repr(values).encode()).hexdigest()[:16] if kind[0] != "!" else ""
    return [kind, digest, arguments]


def kind_of(annotation: str) -> str:
    """int, float, text, bool or any: what a scalar argument may be."""
    if (
        "Sequence" in annotation
        or "List" in annotation
        or "Collection" in annotation
        or "Tuple" in annotation
        or "date" in annotation
    ):
        return "any"
    for word, kind in (("float", "float"), ("int", "int"), ("bool", "bool"), ("str", "text")):
        if word in annotation:
            return kind
    return "any"


if __name__ == "__main__":
    main()
