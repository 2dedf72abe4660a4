"""`assumptions.md`: what the document records, and every default that the plan took by itself, each once and with its place."""

from __future__ import annotations

from typing import Any

import pytest

from datagen import api
from datagen.datasets import shipped
from datagen.plan.decisions import decisions, not_applied
from datagen.plan.explain import assumptions

DOCUMENT: dict[str, Any] = {
    "name": "shop",
    "version": "1.0",
    "timeframe": {"start": "2024-01-01", "days": 30},
    "tables": [
        {"name": "users", "columns": {"name": {"faker": "name"}, "segment": {"choices": {"vip": 0.2, "other": 0.7}}, "joined": {"datetime_series": {}}}},
        {"name": "shops", "rows": 5, "kind": "entity", "columns": {"city": {"faker": {"method": "city", "locale": "de_DE"}}}},
        {"name": "orders", "parents": ["users", "shops"], "columns": {"shop": {"ref": "shops"}, "amount": {"lognormal": {"median": 30, "sigma": 0.5}, "type": "float"}, "at": {"datetime_series": {}}, "back": {"datetime_series": {}}}},
        {"name": "course", "parents": ["orders"], "state_transition_model": {"initial_state": "a", "period_unit": "day", "states": {"a": {"b": 0.3}, "b": {}}}},
        {"name": "events", "kind": "stream", "columns": {"event_id": {}, "users_id": {}, "at": {"type": "datetime", "role": "time"}}, "emits": [{"of": "orders", "at": "at"}]},
    ],
}  # fmt: skip

SETTLED = """
The seed is 42: none is written.
users is of kind entity: it has no parents. (tables[0], line 1)
users has 1,000 rows: no number is written. (tables[0], line 1)
users gets the key users_id, which counts up from 1. (tables[0], line 1)
Texts of users are of en_US, or of the row's name, where no locale is written: name. (tables[0], line 1)
Types in users are those of their generators: name string, segment string, joined datetime. (tables[0], line 1)
joined is the time of a row of users: the only datetime column. (tables[0], line 1)
shops gets the key shops_id, which counts up from 1. (tables[1], line 1)
Types in shops are those of their generators: city string. (tables[1], line 1)
orders is of kind fact: it has parents. (tables[2], line 1)
users drives orders, as the first of its parents; of shops rows are looked up. (tables[2], line 1)
Every row of users has one row of orders: no fanout is written. (tables[2], line 1)
orders gets the key orders_id, which counts up from 1. (tables[2], line 1)
orders gets the reference users_id to users. (tables[2], line 1)
Types in orders are those of their generators: users_id int, shop int, at datetime, back datetime. (tables[2], line 1)
at is the time of a row of orders: the first of at, back. (tables[2], line 1)
course is of kind fact: it has parents. (tables[3], line 1)
course gets the key course_id, which counts up from 1. (tables[3], line 1)
course gets the reference orders_id to orders. (tables[3], line 1)
course gets state, previous_state, changed_at, which state_transition_model fills. (tables[3], line 1)
"""


def text_of(document: dict[str, Any], **overrides: Any) -> str:
    prepared = api.prepare(document, **overrides)
    return assumptions(prepared.bind(look=False), prepared.document)


def test_every_default_is_told_with_its_place() -> None:
    text = text_of(DOCUMENT)
    for line in SETTLED.strip().splitlines():
        assert f"- {line}\n" in text, line
    assert "events is ordered inside the rows of the nearest table above all of its sources" in text


def test_what_is_written_is_no_decision() -> None:
    written = {
        "name": "shop", "seed": 1, "timeframe": {"start": "2024-01-01", "days": 30},
        "tables": [
            {"name": "users", "kind": "entity", "rows": 9, "pk": "id", "columns": {
                "id": {"sequence": {}, "type": "int"}, "joined": {"datetime_series": {}, "type": "datetime", "role": "time"},
            }},
        ],
    }  # fmt: skip
    prepared = api.prepare(written)
    assert decisions(prepared.bind(look=False), prepared.document) == ()
    assert text_of(written) == "# Assumptions of shop\n\nThe schema records none.\n"


def test_another_seed_is_no_default() -> None:
    assert "The seed is" not in text_of(DOCUMENT, seed=7)


def test_leniency_of_version_1_is_told_with_its_place() -> None:
    text = text_of(DOCUMENT)
    assert "## Declared, not applied or read leniently" in text
    assert "weights that sum to 0.9; a sum of 1 would be right. (tables[0].columns.segment.choices, line 1)" in text


def test_what_the_document_records_is_not_said_twice() -> None:
    recorded = {**DOCUMENT, "assumptions": [{"decision": "The seed is 42: none is written", "reason": "as agreed"}]}
    assert text_of(recorded).count("The seed is 42") == 1
    assert "- **The seed is 42: none is written** as agreed" in text_of(recorded)


@pytest.mark.parametrize("name", sorted(shipped())[:6])
def test_nothing_is_told_twice(name: str) -> None:
    prepared = api.prepare(name)
    plan = prepared.bind(look=False)
    told = [one.text for one in (*decisions(plan, prepared.document), *not_applied(plan))]
    assert len(told) == len(set(told))
