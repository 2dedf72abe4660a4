"""Grids: one row per driving parent and row of another table, which every row can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support import blocks_of, codes_of, findings_of, made, plain, plan_of, table_of
from tests.written import written

USERS: dict[str, Any] = {"name": "users", "rows": 7, "columns": {"plan": {"choices": ["free", "pro"]}}}
CATALOGUE: dict[str, Any] = {
    "name": "catalogue", "data": [{"code": "a", "price": 3}, {"code": "b", "price": 4}, {"code": "c", "price": 9}],
}  # fmt: skip
ITEMS: dict[str, Any] = {
    "name": "items", "parents": ["users"], "fanout": "1..3",
    "columns": {"weight": {"uniform": {"low": 0, "high": 1}}, "code": {"ref": "catalogue"}},
}  # fmt: skip


def grid(other: str, columns: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A grid of users and another table."""
    return {"name": "grid", "parents": ["users"], "fanout": {"each": other}, "columns": columns, **keys}


def document(*tables: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"timeframe": {"start": "2024-01-01", "days": 60}, "tables": [dict(table) for table in tables], **keys}


BESIDE_A_VOCABULARY = document(
    USERS, CATALOGUE, grid("catalogue", {"code": {"ref": "catalogue"}, "noise": {"uniform": {"low": 0, "high": 1}}})
)
BESIDE_CHILDREN = document(
    USERS,
    CATALOGUE,
    ITEMS,
    grid(
        "items",
        {
            "items_id": {"ref": "items"},
            "weight": {"expression": "items.weight"},
            "along": {"lookup": {"from": "items.weight", "on": {"this_key": "items_id"}}},
            "price": {"expression": "items.code.price"},
            "luck": {"uniform": {"low": 0, "high": 1}},
        },
    ),
)


def test_a_grid_has_every_pair_once(tmp_path: Path) -> None:
    """Root tables, vocabularies and children may stand beside the driving parent."""
    for document_, other, key in (
        (BESIDE_A_VOCABULARY, "catalogue", "code"),
        (BESIDE_CHILDREN, "items", "items_id"),
    ):
        tables = written(document_, tmp_path / other)
        wanted = tables.rows(f'select u.users_id, o.{key} from users u cross join "{other}" o order by all')
        assert tables.rows(f"select users_id, {key} from grid order by all") == wanted


def test_a_row_of_a_grid_reads_the_very_row_that_it_stands_for(tmp_path: Path) -> None:
    tables = written(BESIDE_CHILDREN, tmp_path / "out")
    assert tables.value("select count(*) from grid") > 50
    wrong = """select count(*) from grid join items using (items_id) join catalogue using (code)
      where grid.weight <> items.weight or grid.along <> items.weight or grid.price <> catalogue.price"""
    assert tables.value(wrong) == 0


def test_tables_below_a_grid_read_what_it_stands_for() -> None:
    notes = {"name": "notes", "parents": ["grid"], "fanout": 2, "columns": {"w": {"expression": "items.weight"}}}
    plan = plan_of({**BESIDE_CHILDREN, "tables": [*BESIDE_CHILDREN["tables"], notes]})
    found = table_of(plan, "notes").join(table_of(plan, "grid"), on="grid_id")
    assert len(found) == 2 * len(table_of(plan, "grid"))
    assert (found["w"] == found["weight"]).all()


@pytest.mark.parametrize("rows", [1, 7])
def test_how_a_grid_is_cut_into_blocks_never_shows(rows: int) -> None:
    plan = plan_of(BESIDE_CHILDREN)
    pieces = [plain(block.frame()) for block in blocks_of(plan, "grid", block_rows=rows)]
    assert pl.concat(pieces).equals(table_of(plan, "grid"))


def test_a_parent_and_a_row_that_are_added_leave_the_others_as_they_are() -> None:
    before = made(BESIDE_A_VOCABULARY, "grid").select("users_id", "code", "noise")
    users = {**USERS, "rows": 9}
    catalogue = {**CATALOGUE, "data": [*CATALOGUE["data"], {"code": "d", "price": 1}]}
    after = made(document(users, catalogue, BESIDE_A_VOCABULARY["tables"][2]), "grid")
    assert len(after) == 9 * 4
    kept = after.select("users_id", "code", "noise").join(before, on=["users_id", "code"], how="semi")
    assert kept.equals(before)


def test_the_plan_knows_how_many_rows_there_are() -> None:
    plan = plan_of(BESIDE_A_VOCABULARY)
    assert (plan.tables["grid"].expected_rows, plan.tables["grid"].largest_rows) == (21, 21)
    plan = plan_of(BESIDE_CHILDREN)
    assert (plan.tables["grid"].expected_rows, plan.tables["grid"].largest_rows) == (7 * 14, 7 * 21)


def test_the_keys_of_both_sides_are_a_key_of_the_grid() -> None:
    unique = {"constraints": {"unique": [["grid.users_id", "grid.code"]]}}
    assert findings_of({**BESIDE_A_VOCABULARY, **unique}) == ()


@pytest.mark.parametrize("other", ["users", "grid", "below"])
def test_a_table_that_cannot_stand_beside_the_parent_is_refused(other: str) -> None:
    below = {"name": "below", "parents": ["grid"], "columns": {"x": {"uniform": {"low": 0, "high": 1}}}}
    assert codes_of(document(USERS, CATALOGUE, grid(other, {}), below)) == ["fanout.each_table"]


def test_an_unknown_table_is_refused_with_a_near_name() -> None:
    [finding] = findings_of(document(USERS, CATALOGUE, grid("catalog", {})))
    assert (finding.code, finding.json_path) == ("ref.unknown_table", "tables[2].fanout.each")
    assert finding.hint == "did you mean 'catalogue'?"


@pytest.mark.parametrize(
    "beside", [{"poisson": 3}, {"p_zero": 0.1}, {"clamp": [0, 3]}, {"from": "2024-01-09"}, {"per": "day"}, {"total": 9}]
)
def test_nothing_may_stand_beside_each(beside: dict[str, Any]) -> None:
    table = {**grid("catalogue", {}), "fanout": {"each": "catalogue", **beside}}
    assert codes_of(document(USERS, CATALOGUE, table)) == ["fanout.each_shaped"]


@pytest.mark.parametrize("reached", ["users", "catalogue"])
def test_segments_of_either_side_do_not_reach_a_grid(reached: str) -> None:
    """What would have no effect is refused."""
    tables = [dict(USERS), dict(CATALOGUE), grid("catalogue", {"code": {"ref": "catalogue"}})]
    segments = {
        "users": {"pro": {"fanout_multiplier": 2}, "free": {}},
        "catalogue": {
            "segment_column": "code", "segments": {"a": {"fanout_multiplier": 2}}, "applies_to": ["grid"],
        },
    }  # fmt: skip
    tables[reached == "catalogue"]["segment_behavior"] = segments[reached]
    assert codes_of(document(*tables)) == ["fanout.each_shaped"]


def test_each_for_some_parents_only_is_refused() -> None:
    by = {"by": {"plan": {"pro": {"each": "catalogue"}, "else": {"poisson": 2}}}}
    assert codes_of(document(USERS, CATALOGUE, {**grid("catalogue", {}), "fanout": by})) == ["fanout.each_shaped"]


def test_a_time_that_nothing_fills_is_refused() -> None:
    assert codes_of(document(USERS, CATALOGUE, grid("catalogue", {"at": {"role": "time"}}))) == ["column.no_generator"]
