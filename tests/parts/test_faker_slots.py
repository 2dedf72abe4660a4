"""Faker's shortcuts by code: texts of lists and e-mails after them are those that reading row by row would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen.generators._faker.forms import FormMaker
from datagen.generators._faker.people import Names
from datagen.generators._faker.slots import MOST_LISTED, layout_of
from datagen.packs.reading import pack_locales
from tests.support import plan_of, table_of

ROWS = 4_000  # some dozens of the rarest form, a name with a title before and after it
PEOPLE: dict[str, dict[str, Any]] = {
    "whole": {"name": {"faker": "name"}, "email": {"faker": "email"}},
    "unique": {"name": {"faker": "name"}, "email": {"faker": "email", "unique": True}},
    "own domain": {"name": {"faker": "name"}, "email": {"faker": {"method": "email", "domain": "shop.example"}}},
    "unique at its own domain": {
        "name": {"faker": "name"},
        "email": {"faker": {"method": "email", "domain": "shop.example"}, "unique": True},
    },
    "firm": {"name": {"faker": "name"}, "email": {"faker": "company_email"}},
    "unique at a firm": {"name": {"faker": "name"}, "email": {"faker": "company_email", "unique": True}},
    "user name": {"name": {"faker": "name_female"}, "email": {"faker": "user_name"}},
    "unique user name": {"name": {"faker": "name_male"}, "email": {"faker": "user_name", "unique": True}},
    "some without a name": {
        "id": {"sequence": 1},
        "name": {"faker": "name", "when": "id % 3 != 0"},
        "email": {"faker": "email"},
    },
    "first and last": {
        "first_name": {"faker": "first_name"},
        "last_name": {"faker": "last_name"},
        "email": {"faker": "email"},
    },
    "last alone": {"last_name": {"faker": "last_name"}, "email": {"faker": "email"}},
    "nobody": {"email": {"faker": "email"}},
}


# those that differ in what names are made of; the others are in the slow lane
APART = ("cs_CZ", "de_DE", "en_GB", "en_US", "es_ES", "ja_JP")
LOCALES = [locale if locale in APART else pytest.param(locale, marks=pytest.mark.slow) for locale in pack_locales()]


def people(columns: dict[str, Any], locale: str, block_rows: int = 1_500) -> pl.DataFrame:
    made = {
        name: {**column, "faker": with_locale(column["faker"], locale)} if "faker" in column else column
        for name, column in columns.items()
    }
    schema = {"version": "2", "seed": 5, "tables": [{"name": "person", "rows": ROWS, "columns": made}]}
    return table_of(plan_of(schema), "person", block_rows=block_rows)


def with_locale(faker: Any, locale: str) -> dict[str, Any]:
    return {**(faker if isinstance(faker, dict) else {"method": faker}), "locale": locale}


@pytest.mark.parametrize("case", PEOPLE)
@pytest.mark.parametrize("locale", LOCALES)
def test_emails_after_coded_names_are_those_after_names_that_are_read(
    case: str, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    coded = people(PEOPLE[case], locale)
    monkeypatch.setattr(Names, "codes", lambda self, rows: None)
    assert people(PEOPLE[case], locale).equals(coded)


@pytest.mark.parametrize(
    "method", ["name", "name_female", "company", "catch_phrase", "bs", "street_name", "color_name"]
)
@pytest.mark.parametrize("locale", LOCALES)
def test_texts_put_together_from_slots_are_those_of_their_forms(
    method: str, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"text": {"faker": method}}
    slotted = people(columns, locale)
    monkeypatch.setattr(FormMaker, "_layout", None)
    assert people(columns, locale).equals(slotted)


@pytest.mark.parametrize("locale", pack_locales())
def test_names_are_told_by_slots_unless_a_hyphen_joins_two(locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the shortcut would be none, and nobody would notice."""
    told: list[float] = []
    codes = Names.codes

    def watched(self: Names, rows: Any) -> Any:
        found = codes(self, rows)
        assert found is not None
        told.append(1.0 if found.told is None else float(np.mean(found.told)))
        return found

    monkeypatch.setattr(Names, "codes", watched)
    names = people(PEOPLE["whole"], locale, ROWS)["name"]
    hyphens = names.str.contains(r"-\S+$|-\S+ ").mean()
    assert told[0] >= 1.0 - float(hyphens or 0.0)


def test_a_changed_name_is_read_again() -> None:
    """The codes of a name tell of the text that the faker made, not of what a modifier makes of it."""
    columns = {
        "name": {"faker": "name", "modifiers": [{"expression": {"code": "'Xaver Quill'"}}]},
        "email": {"faker": "email"},
    }
    emails = people(columns, "en_US")["email"]
    assert emails.str.contains(r"^(x|xaver|quill)[._]?(xaver|quill)?\d*@").all()


@pytest.mark.parametrize("locale", pack_locales())
def test_slots_hold_no_more_than_fits(locale: str) -> None:
    layout = layout_of(locale, "name")
    assert layout is not None
    assert sum(len(slot) for slot in layout.slots) <= MOST_LISTED
