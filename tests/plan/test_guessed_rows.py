"""Numbers of rows that depend on values of rows are not known before a run, and the plan says so."""

from __future__ import annotations

from typing import Any

import pytest

from datagen.plan.explain import as_facts, as_text
from tests.parts.columns import WINDOW, child, column, modified, schema, table
from tests.support import plan_of

LEVEL = column("level", {"choice": {"choices": [1, 50]}})
SALE = table(
    "sale",
    1,
    column("start_at", {"datetime_series": {"within": WINDOW}}),
    column("end_at", {"expression": {"code": "start_at + to_days(9)"}}),
    column("lift", {"expression": {"code": "2.5"}}),
)
LIFTED = modified(
    "effect",
    effect_table="sale",
    window={"start_col": "start_at", "end_col": "end_at"},
    map={"field": "lift", "op": "mul", "default": 1},
)


def guessed(document: dict[str, Any]) -> dict[str, bool]:
    return {one["table"]: one["rows_are_a_guess"] for one in as_facts(plan_of(document))["tables"]}


def test_a_fanout_that_reads_columns_makes_the_rows_a_guess_there_and_below() -> None:
    document = schema(
        table("a", 10, LEVEL),
        child("b", "a", fanout={"poisson": "level"}),
        child("c", "b", fanout=3),
        child("d", "a", fanout={"poisson": 4}),
    )
    assert guessed(document) == {"a": False, "b": True, "c": True, "d": False}
    text = as_text(plan_of(document))
    assert "b (fact): perhaps 10 rows, not known before a run" in text
    assert "c (fact): perhaps 30 rows, not known before a run" in text
    assert "d (fact): about 40 rows," in text
    assert "in all perhaps" in text


def test_effects_on_the_volume_make_the_rows_a_guess() -> None:
    visits = child("visit", "a", column("at", {"datetime_series": {}}), fanout={"poisson": 4}, modifiers=[LIFTED])
    assert guessed(schema(SALE, table("a", 10), visits)) == {"sale": False, "a": False, "visit": True}


def test_rows_that_laws_alone_decide_are_no_guess() -> None:
    assert "perhaps" not in as_text(plan_of(schema(table("a", 10), child("b", "a", fanout="2..5"))))


BORN = column("born", {"datetime_series": {}}, role="created")
GONE = column("gone", {"datetime_series": {}})
AT = {"name": "at", "role": "time"}


@pytest.mark.parametrize(
    "fanout",
    [{"poisson": 4, "per": "month"}, {"negative_binomial": {"mean": 4, "shape": 1}, "per": "month"}, {"every": "day"}],
)
@pytest.mark.parametrize("edge", ["from", "until"])
def test_beginnings_and_ends_that_parents_have_of_their_own_make_the_rows_a_guess(
    fanout: dict[str, Any], edge: str
) -> None:
    bounded = schema(table("a", 10, BORN, GONE), child("b", "a", AT, fanout={**fanout, edge: "gone"}))
    assert guessed(bounded) == {"a": False, "b": True}
    dated = schema(
        table("a", 10, BORN, GONE),
        child("b", "a", AT, fanout={**fanout, edge: WINDOW["start"] if edge == "from" else WINDOW["end"]}),
    )
    assert guessed(dated) == {"a": False, "b": False}
