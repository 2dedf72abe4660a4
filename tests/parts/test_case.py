"""`case`: every row is made by the first branch whose condition holds, from the same draws whichever it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import column, law, near_mean, refused, schema, table
from tests.parts.proofs import proof
from tests.support import made, plan_of

ROWS = 6_000
STATUS = column("status", {"choice": {"choices": ["todo", "done", "blocked"], "weights": [0.3, 0.5, 0.2]}})


def document(cases: list[dict[str, Any]], *more: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return schema(table("t", ROWS, STATUS, column("x", {"case": {"cases": cases}}, **keys), *more))


def frame(cases: list[dict[str, Any]], *more: dict[str, Any], **keys: Any) -> pl.DataFrame:
    return made(document(cases, *more, **keys), "t")


@proof("generator", "case")
def test_each_row_is_made_by_the_first_branch_that_holds() -> None:
    found = frame(
        [
            {"when": "status = 'done'", **law("normal", mean=100, std=1)},
            {"when": "status <> 'todo'", **law("normal", mean=50, std=1)},
            law("uniform", low=0, high=1),
        ]
    )
    for status, mean, std in (("done", 100, 1), ("blocked", 50, 1), ("todo", 0.5, 12**-0.5)):
        mine = found.filter(pl.col("status") == status)["x"].to_numpy()
        assert near_mean(mine, mean, std), (status, mine.mean())


def test_a_row_keeps_its_draw_when_it_changes_branch() -> None:
    def uniform(low: float) -> dict[str, Any]:
        return law("uniform", low=low, high=low + 1)

    one = frame([{"when": "status = 'done'", **uniform(10)}, uniform(0)])["x"].to_numpy()
    two = frame([{"when": "status = 'todo'", **uniform(10)}, uniform(0)])["x"].to_numpy()
    assert np.allclose(one % 1, two % 1)
    assert not np.allclose(one, two)


def test_rows_without_a_branch_have_no_value() -> None:
    found = frame([{"when": "status = 'done'", "sequence": {}}], nullable=True)
    assert found.filter(pl.col("status") == "done")["x"].null_count() == 0
    assert found.filter(pl.col("status") != "done")["x"].drop_nulls().is_empty()
    never = frame([{"when": "status = 'lost'", "sequence": {}}], nullable=True)
    assert never["x"].null_count() == ROWS


def test_a_branch_may_be_null_and_a_condition_that_is_null_does_not_hold() -> None:
    found = frame(
        [
            {"when": "status = 'todo'", "expression": {"code": "null"}},
            {"when": "nullif(status, 'done') = 'blocked'", "choice": {"choices": ["stuck"]}},
            {"choice": {"choices": ["rest"]}},
        ],
        nullable=True,
    )
    assert dict(found.select("status", "x").unique().iter_rows()) == {"todo": None, "blocked": "stuck", "done": "rest"}


def test_keys_of_one_table_stay_keys() -> None:
    pick = {"lookup": {"from": "u.u_id"}}
    users = table("u", 40, column("age", law("uniform", low=18, high=80)))
    tasks = table(
        "t",
        ROWS,
        STATUS,
        column(
            "who",
            {"case": {"cases": [{"when": "status = 'done'", **pick}, {"when": "status = 'todo'", **pick}]}},
            nullable=True,
        ),
        column("age", {"expression": {"code": "who.age"}}, nullable=True),
        column("same", {"lookup": {"from": "u.age", "on": {"this_key": "who"}}}, nullable=True),
    )
    whole = schema(users, tasks)
    assert plan_of(whole).tables["t"].columns["who"].points_to == ("u", "u_id")
    found = made(whole, "t").join(made(whole, "u"), left_on="who", right_on="u_id", how="left")
    assert found["who"].is_null().equals(found["status"] == "blocked")
    assert found["age"].equals(found["age_right"], null_equal=True)
    assert found["same"].equals(found["age"], null_equal=True)


def test_numbers_of_two_kinds_are_floats_and_cases_stand_in_cases() -> None:
    inner = {"case": {"cases": [{"when": "ordinal > 3000", "sequence": {}}, law("uniform", low=-1, high=0)]}}
    found = frame([{"when": "status = 'done'", **inner}, {"expression": {"code": "7"}}])
    assert found["x"].dtype == pl.Float64
    done = found.filter(pl.col("status") == "done")
    assert done.filter(pl.col("t_id") > 3000)["x"].equals(
        done.filter(pl.col("t_id") > 3000)["t_id"].cast(pl.Float64).alias("x")
    )
    assert done.filter(pl.col("t_id") <= 3000)["x"].is_between(-1, 0).all()
    assert set(found.filter(pl.col("status") != "done")["x"]) == {7.0}


def test_inequalities_steer_the_branches_that_can_be_steered() -> None:
    limits = {"inequalities": [{"left": "t.low", "op": "<=", "right": "t.x"}]}
    low = column("low", law("uniform", low=0, high=4))
    cases = [{"when": "status = 'done'", **law("uniform", low=0, high=5)}, law("uniform", low=3, high=5)]
    steered = {**document(cases, low), "constraints": limits}
    assert [one.status for one in plan_of(steered).constraints if one.kind == "inequality"] == ["held"]
    found = made(steered, "t")
    assert (found["low"] <= found["x"]).all()
    free = {**document([cases[0], {"expression": {"code": "3.5"}}], low), "constraints": limits}
    assert [one.status for one in plan_of(free).constraints if one.kind == "inequality"] == ["checked"]
    found = made(free, "t")
    assert (found["low"] <= found["x"]).filter(found["status"] == "done").all()


@pytest.mark.parametrize(
    ("cases", "keys", "code", "where"),
    [
        ([{"when": "status = 'done'", "sequence": {}}], {}, "case.no_value", ""),
        ([{"sequence": {}}, {"when": "status = 'done'", "uuid": {}}], {}, "case.never_reached", ".cases[0]"),
        ([{"when": "status", "sequence": {}}, {"sequence": {}}], {}, "case.when_type", ".cases[0].when"),
        ([{"when": "status = 'a'", "sequence": {}}, {"sequence": {}}], {"unique": True}, "case.unique", ""),
        ([{"when": "status = 'a'", "uuid": {}}, {"sequence": {}}], {}, "case.types", ""),
        ([{"when": "status = 'a'", "choice": {"choices": []}}, {"uuid": {}}], {}, "choice.empty", ".cases[0].choice"),
        ([{"when": "status = 'a'", "sequence": {"by": 3}}, {"uuid": {}}], {}, "language.wrong_type", ""),
        ([{"when": "status = 'a'", "sequence": {"begin": 3}}, {"uuid": {}}], {}, "language.unknown_key", ""),
        ([{"when": "statu = 'a'", "sequence": {}}, {"sequence": {}}], {}, "expression.unknown_name", ".cases[0].when"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    cases: list[dict[str, Any]], keys: dict[str, Any], code: str, where: str
) -> None:
    told = refused(document(cases, **keys), code)
    assert told.json_path.startswith(f"nodes[0].columns[2].generator.case{where}")
