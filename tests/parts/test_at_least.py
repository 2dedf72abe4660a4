"""`at_least`: so many rows of a value under each driving parent, and the declared shares over the table all the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest

from tests.parts.columns import child, column, fails, near_share, refused, schema, table, warned
from tests.support import blocks_of, codes_of, made, plain, plan_of, table_of

ROLES = {"choices": ["admin", "manager", "staff"], "weights": [0.1, 0.3, 0.6]}
FANOUT = {"type": "uniform", "params": {"low": 2, "high": 40}}


def users(fanout: Any = FANOUT, *, firms: int = 300, **keys: Any) -> dict[str, Any]:
    generator = {"choice": {**ROLES, "at_least": {"admin": 1}, **keys}}
    return schema(table("firm", firms), child("user", "firm", column("role", generator), fanout=fanout))


def admins(frame: pl.DataFrame) -> pl.Series:
    return frame.group_by("firm_id").agg(n=(pl.col("role") == "admin").sum())["n"]


def test_every_firm_has_an_admin_and_the_shares_hold_over_the_table() -> None:
    frame = made(users(), "user")
    assert admins(frame).min() == 1
    for role, share in zip(ROLES["choices"], ROLES["weights"], strict=True):
        assert near_share((frame["role"] == role).mean(), share, len(frame))


def test_without_it_some_firms_have_none() -> None:
    assert admins(made(users(at_least={}), "user")).min() == 0


def test_together_with_exact_the_quotas_are_exact() -> None:
    frame = made(users(exact=True), "user")
    assert admins(frame).min() == 1
    counts = Counter(frame["role"])
    for role, share in zip(ROLES["choices"], ROLES["weights"], strict=True):
        assert abs(counts[role] - share * len(frame)) < 1
    assert sum(counts.values()) == len(frame)


def test_several_values_in_several_numbers() -> None:
    document = users(FANOUT | {"params": {"low": 4, "high": 40}}, at_least={"admin": 1, "manager": 2}, exact=True)
    frame = made(document, "user")
    least = frame.group_by("firm_id").agg(*((pl.col("role") == role).sum().alias(role) for role in ROLES["choices"]))
    assert (least["admin"].min(), least["manager"].min()) == (1, 2)


def test_which_row_is_the_admin_is_random() -> None:
    """Of firms with ten users the first is the admin, when there is one alone, in a tenth: 4 standard errors."""
    document = users(10, firms=3_000, weights=[0.1, 0.3, 0.6], exact=True)
    frame = made(document, "user")
    assert set(admins(frame)) == {1}
    first = frame.filter(pl.int_range(pl.len()) % 10 == 0)["role"]
    assert near_share((first == "admin").mean(), 0.1, 3_000)


def test_parents_without_rows_need_none() -> None:
    frame = made(users({"type": "poisson", "params": {"lambda": 12}, "clamp": [0, 30]}, exact=True), "user")
    assert admins(frame).min() == 1
    counts = Counter(frame["role"])
    assert abs(counts["admin"] - 0.1 * len(frame)) < 1


@pytest.mark.parametrize("exact", [True, False])
def test_values_do_not_depend_on_how_the_rows_are_cut(exact: bool) -> None:
    plan = plan_of(users(firms=60, exact=exact))
    whole = table_of(plan, "user")
    for rows in (1, 7):
        pieces = [plain(block.frame()) for block in blocks_of(plan, "user", block_rows=rows)]
        assert pl.concat(pieces).equals(whole)


def test_more_rows_than_the_share_are_refused_with_the_arithmetic() -> None:
    told = refused(users(5), "at_least.above_share")
    assert told.found == "1 'admin' in each of 300 firm rows are 300 rows, and 10 % of 1,500 rows are 150"
    assert "20 %" in told.expected
    assert told.json_path.endswith("at_least.admin")
    late = fails(users({"type": "poisson", "params": {"lambda": 3}}), "user", "at_least.above_share")
    assert "rows are" in late.found


def test_parents_that_are_too_small() -> None:
    assert "2 at most" in refused(users(2, at_least={"admin": 3}), "at_least.too_few_rows").found
    three: dict[str, Any] = {"at_least": {"admin": 3}, "weights": [0.3, 0.3, 0.4]}
    assert "which may have 2" in warned(users(**three), "at_least.may_be_too_few_rows").found
    assert fails(users(**three), "user", "at_least.short_parents")
    assert codes_of(users(at_least={"admin": 1})) == []


def test_what_it_names_must_be_there() -> None:
    assert "'admin'" in refused(users(at_least={"amdin": 1}), "at_least.unknown_value").hint
    alone = {"choice": {**ROLES, "at_least": {"admin": 1}}}
    assert refused(schema(table("t", 9, column("x", alone))), "at_least.no_parent")
    assert refused(users(clustered=0.1), "quota.together")
    assert refused(users(exact="firm"), "quota.together")


def test_rows_by_a_number_of_the_parent_have_no_known_fewest() -> None:
    frame = made(users({"type": "constant", "params": {"value": "15 + firm_id % 9"}}), "user")
    assert admins(frame).min() == 1
