"""Numbers of rows that depend on values of rows are a guess for the laws alone: a plan looks at some rows, or says so."""

from __future__ import annotations

from typing import Any

import pytest

from datagen.plan.explain import as_facts, as_text
from datagen.plan.model import Plan
from datagen.plan.prepare import Overrides, prepare
from datagen.schema.load import from_object
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


def by_laws(document: dict[str, Any]) -> Plan:
    """The plan as a run has it, that looks at no rows."""
    return prepare(from_object(document), Overrides()).bind(look=False)


def guessed(document: dict[str, Any]) -> dict[str, bool]:
    return {one["table"]: one["rows_are_a_guess"] for one in as_facts(by_laws(document))["tables"]}


def test_a_fanout_that_reads_columns_makes_the_rows_a_guess_there_and_below() -> None:
    document = schema(
        table("a", 10, LEVEL),
        child("b", "a", fanout={"poisson": "level"}),
        child("c", "b", fanout=3),
        child("d", "a", fanout={"poisson": 4}),
    )
    assert guessed(document) == {"a": False, "b": True, "c": True, "d": False}
    text = as_text(by_laws(document))
    assert "b (fact): perhaps 10 rows, not known before a run" in text
    assert "c (fact): perhaps 30 rows, not known before a run" in text
    assert "d (fact): about 40 rows," in text
    assert "in all perhaps" in text


def test_a_look_at_the_rows_tells_what_the_laws_do_not() -> None:
    document = schema(table("a", 1_000, LEVEL), child("b", "a", fanout={"poisson": "level"}), child("c", "b", fanout=3))
    text = as_text(plan_of(document))
    # the levels are 1 and 50, equally likely; the draws of 4,096 rows are spread evenly: 25.5 rows each, to 1 %
    rows = {name: one.expected_rows for name, one in plan_of(document).tables.items()}
    assert rows["b"] == pytest.approx(25_500, rel=0.01)
    assert rows["c"] == pytest.approx(3 * rows["b"])
    assert "perhaps" not in text


def test_a_run_is_cut_alike_whether_or_not_rows_were_looked_at() -> None:
    document = schema(table("a", 1_000, LEVEL), child("b", "a", fanout={"poisson": "level"}))
    looked, laws = plan_of(document), by_laws(document)
    assert [one.planned_rows for one in looked.tables.values()] == [one.planned_rows for one in laws.tables.values()]
    assert looked.tables["b"].expected_rows != laws.tables["b"].expected_rows


def test_rows_that_are_too_many_to_look_at_stay_a_guess() -> None:
    wide = schema(table("a", 1, LEVEL), child("b", "a", column("n", {"distribution": {"type": "poisson", "params": {"lambda": 2}}}), fanout=200_000),
                  child("c", "b", fanout={"constant": {"value": "n"}}))  # fmt: skip
    assert {name: one.rows_guessed for name, one in plan_of(wide).tables.items()} == {"a": False, "b": False, "c": True}


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
