"""`lookup` with `same`, `within`, `where`, `weights` and `else`: which rows are picked, how often, and what moves them."""

from __future__ import annotations

import tempfile
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from tests.parts.columns import chi_square, child, column, fails, law, near_share, refused, schema, table
from tests.parts.proofs import proof
from tests.support import codes_of, plan_of, table_of

ACTIVE = (
    "candidate.activated_at <= created_at "
    "and (candidate.deactivated_at is null or candidate.deactivated_at > created_at)"
)


def lookup(reference: str, **keys: Any) -> dict[str, Any]:
    return {"lookup": {"from": reference, **{"else" if key == "else_" else key: value for key, value in keys.items()}}}


def users(fanout: Any = 8, *more: dict[str, Any]) -> dict[str, Any]:
    return child(
        "user",
        "account",
        column("activated_at", {"datetime_series": {}}),
        column("deactivated_at", {"datetime_series": {}}, when="ordinal % 3 = 0"),
        column("kind", {"choice": {"choices": ["a", "b", "c"]}}),
        column("weight", law("exponential", mean=1.0)),
        *more,
        fanout=fanout,
    )


def work(accounts: int = 40, tasks: int = 60, *, fanout: Any = 8, **keys: Any) -> dict[str, Any]:
    """Tasks of accounts, each with a user of the same account."""
    nullable = keys.pop("nullable", False)
    return schema(
        table("account", accounts),
        users(fanout),
        child(
            "task",
            "account",
            column("created_at", {"datetime_series": {}}),
            column("kind", {"choice": {"choices": ["a", "b", "c"]}}),
            column("user_id", lookup("user.user_id", **keys), nullable=nullable),
            fanout=tasks,
        ),
    )


def ask(document: dict[str, Any], sql: str) -> Any:
    """The one value of a query over the made tables `user` and `task`."""
    plan = plan_of(document)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        for name in plan.tables:
            table_of(plan, name).write_parquet(f"{folder}/{name}.parquet")
            database.execute(f"create table \"{name}\" as from '{folder}/{name}.parquet'")
        return database.execute(sql).fetchall()[0][0]


# --- same and within


STRANGERS = 'select count(*) from task t join "user" u using (user_id) where t.account_id <> u.account_id'


@proof("generator", "lookup")
def test_pairs_of_keys_agree_with_the_table_they_point_to() -> None:
    for keys in ({"same": "account_id"}, {"within": "account"}, {"where": "candidate.account_id = account_id"}):
        document = work(**keys)
        assert ask(document, STRANGERS) == 0
        missing = (
            'select count(*) from (select account_id, user_id from task except select account_id, user_id from "user")'
        )
        assert ask(document, missing) == 0
    with pytest.raises(AssertionError):
        assert ask(work(), STRANGERS) == 0  # the same question of picks that do not care


def test_denormalised_keys_that_were_copied_agree_too() -> None:
    """The account of a note is copied along its task; the author is picked by the copy."""
    document = work(same="account_id")
    document["nodes"].append(
        table(
            "note",
            3_000,
            column("task_id", lookup("task.task_id")),
            column("account_id", lookup("task.account_id", on={"this_key": "task_id"})),
            column("author_id", lookup("user.user_id", same="account_id")),
            column("reader_id", lookup("user.user_id", within="account")),
        )
    )
    for who in ("author_id", "reader_id"):
        sql = f'select count(*) from note n join "user" u on n.{who} = u.user_id where n.account_id <> u.account_id'
        assert ask(document, sql) == 0
    assert (
        ask(document, "select count(*) from note n join task t using (task_id) where n.account_id <> t.account_id") == 0
    )


def test_within_an_ancestor_further_up_needs_no_column() -> None:
    document = work(same="account_id")
    document["nodes"].append(child("step", "task", column("by_id", lookup("user.user_id", within="account")), fanout=2))
    sql = (
        'select count(*) from step s join task t using (task_id) join "user" u on s.by_id = u.user_id '
        "where t.account_id <> u.account_id"
    )
    assert ask(document, sql) == 0
    assert ask(document, "select count(distinct by_id) from step") > 250


def test_texts_and_several_keys_make_groups() -> None:
    document = work(fanout=40, same="account_id", where="candidate.kind = kind")
    wrong = (
        'select count(*) from task t join "user" u using (user_id) '
        "where t.account_id <> u.account_id or t.kind <> u.kind"
    )
    assert ask(document, wrong) == 0
    by_text = work(fanout=40, same="kind")
    assert ask(by_text, 'select count(*) from task t join "user" u using (user_id) where t.kind <> u.kind') == 0


@proof("generator", "lookup")
def test_every_row_of_the_group_is_as_likely() -> None:
    frame = table_of(plan_of(work(accounts=3, tasks=4_000, fanout=11, same="account_id")), "task")
    for account in (1, 2, 3):
        picked = frame.filter(pl.col("account_id") == account)["user_id"].to_numpy()
        assert chi_square(np.bincount(picked - 11 * (account - 1) - 1, minlength=11), [4_000 / 11] * 11) > 1e-4


# --- where


def test_time_eligibility_holds_and_nobody_who_may_be_picked_is_left_out() -> None:
    document = work(accounts=60, same="account_id", where=ACTIVE, else_=None, nullable=True)
    holds = "u.activated_at <= t.created_at and (u.deactivated_at is null or u.deactivated_at > t.created_at)"
    assert ask(document, f'select count(*) from task t join "user" u using (user_id) where not ({holds})') == 0
    assert (
        ask(
            document,
            f'select count(*) from task t join "user" u using (account_id) where t.user_id is null and {holds}',
        )
        == 0
    )
    assert ask(document, "select count(*) from task where user_id is null") > 50
    free = work(accounts=60, same="account_id", nullable=True)
    assert ask(free, f'select count(*) from task t join "user" u using (user_id) where not ({holds})') > 0


@pytest.mark.parametrize("threshold", [0.5, 2.0, 5.5])
def test_those_that_hold_are_equally_likely_however_few_they_are(threshold: float) -> None:
    """Of 300 rows a condition on this row's limit leaves 182, 41 or 1: by proposals, and by looking at all of them."""
    document = schema(
        table("user", 300, column("weight", law("exponential", mean=1.0))),
        table(
            "task",
            6_000,
            column("limit", {"expression": {"code": f"{threshold} + 0.0 * task_id"}}),
            column("user_id", lookup("user.user_id", where="candidate.weight > limit")),
        ),
    )
    plan = plan_of(document)
    good = table_of(plan, "user").filter(pl.col("weight") > threshold)["user_id"].to_numpy()
    picked = table_of(plan, "task")["user_id"].to_numpy()
    assert set(picked) == set(good)
    if len(good) > 1:
        counts = np.bincount(picked, minlength=301)[good]
        assert chi_square(counts, [6_000 / len(good)] * len(good)) > 1e-4


def test_a_condition_on_the_candidate_alone_is_exact_at_any_rarity() -> None:
    document = schema(
        table("user", 5_000, column("kind", {"choice": {"choices": ["a", "b"], "weights": [0.999, 0.001]}})),
        table("task", 2_000, column("user_id", lookup("user.user_id", where="candidate.kind = 'b'"))),
    )
    plan = plan_of(document)
    good = table_of(plan, "user").filter(pl.col("kind") == "b")["user_id"]
    assert 0 < good.len() < 20
    assert set(table_of(plan, "task")["user_id"]) == set(good)


def test_a_condition_that_is_null_does_not_hold() -> None:
    document = work(where="candidate.deactivated_at > created_at", else_=None, nullable=True)
    assert (
        ask(document, 'select count(*) from task t join "user" u using (user_id) where u.deactivated_at is null') == 0
    )


def test_conditions_may_join_the_two_rows_by_or() -> None:
    document = work(where="candidate.kind = kind or candidate.account_id = account_id")
    sql = 'select count(*) from task t join "user" u using (user_id) where u.kind <> t.kind and u.account_id <> t.account_id'
    assert ask(document, sql) == 0
    assert (
        ask(document, 'select count(*) from task t join "user" u using (user_id) where u.account_id <> t.account_id')
        > 0
    )


# --- weights


@proof("generator", "lookup")
@pytest.mark.parametrize("where", [None, "candidate.weight < limit"])
def test_picks_are_in_proportion_to_a_column(where: str | None) -> None:
    document = schema(
        table("user", 30, column("weight", law("exponential", mean=1.0))),
        table(
            "task",
            20_000,
            column("limit", {"expression": {"code": "3.0 + 0.0 * task_id"}}),
            column("user_id", lookup("user.user_id", weights="weight", **({"where": where} if where else {}))),
        ),
    )
    plan = plan_of(document)
    weights = table_of(plan, "user")["weight"].to_numpy()
    weights = np.where(weights < 3.0, weights, 0.0) if where else weights
    counts = np.bincount(table_of(plan, "task")["user_id"].to_numpy() - 1, minlength=30)
    assert counts[weights == 0].sum() == 0
    some = weights > 0
    assert chi_square(counts[some], 20_000 * weights[some] / weights.sum()) > 1e-4
    assert chi_square(counts[some], [20_000 / some.sum()] * some.sum()) < 1e-9  # equal chances would show


def test_weights_hold_inside_groups() -> None:
    document = work(accounts=2, tasks=10_000, fanout=9, same="account_id", weights="zipf@1.3")
    frame = table_of(plan_of(document), "task")
    expected = np.arange(1, 10) ** -1.3
    for account in (1, 2):
        picked = frame.filter(pl.col("account_id") == account)["user_id"].to_numpy() - 9 * (account - 1) - 1
        assert chi_square(np.bincount(picked, minlength=9), 10_000 * expected / expected.sum()) > 1e-4


def test_head_and_tail_share_as_written() -> None:
    document = schema(
        table("user", 50),
        table("task", 20_000, column("user_id", lookup("user.user_id", weights="head_tail@{0.6,1.2}"))),
    )
    picked = table_of(plan_of(document), "task")["user_id"].to_numpy()
    assert near_share((picked <= 10).mean(), 0.6, 20_000)


def test_a_law_gives_every_candidate_a_weight_of_its_own() -> None:
    gamma = {"gamma": {"shape": 0.5, "mean": 1.0}}
    document = schema(
        table("user", 2_000), table("task", 100_000, column("user_id", lookup("user.user_id", weights=gamma)))
    )
    counts = np.bincount(table_of(plan_of(document), "task")["user_id"].to_numpy() - 1, minlength=2_000)
    # counts per user: mean 50, variance 50 + 50^2 * 2 (gamma of shape 1/2); sd of the ratio is about 6 % at n = 2,000
    assert counts.var() / counts.mean() ** 2 == pytest.approx(2.0, abs=0.5)


def test_weights_below_zero_are_refused() -> None:
    document = schema(
        table("user", 50, column("balance", law("normal", mean=0, std=1))),
        table("task", 10, column("user_id", lookup("user.user_id", weights="balance"))),
    )
    assert "negative" in fails(document, "task", "lookup.weights_negative").found
    document["nodes"][1]["columns"][1]["generator"]["lookup"]["weights"] = {"normal": {"mean": 0, "std": 1}}
    assert refused(document, "lookup.weights_negative").json_path.endswith("weights")


# --- else


def test_else_stands_where_nobody_can_be_picked() -> None:
    one = work(accounts=30, fanout={"poisson": 0.7}, same="account_id", else_=-1)
    empty = 'select count(*) from task t where not exists (select 1 from "user" u where u.account_id = t.account_id)'
    assert ask(one, empty) == ask(one, "select count(*) from task where user_id = -1") > 0
    null = work(accounts=30, fanout={"poisson": 0.7}, same="account_id", else_=None, nullable=True)
    assert ask(null, empty) == ask(null, "select count(*) from task where user_id is null") > 0


def test_nobody_to_pick_is_refused_with_the_count() -> None:
    document = work(accounts=30, fanout={"poisson": 0.7}, same="account_id")
    told = fails(document, "task", "lookup.no_candidate")
    assert told.json_path == "task.user_id"
    empty = 30 - table_of(plan_of(document), "user")["account_id"].n_unique()
    assert told.found == f"{60 * empty:,} rows of the 1,800 looked at without a row of user that it may pick"
    assert "else" in told.hint
    none = work(accounts=0, same="account_id")
    assert table_of(plan_of(none), "task").height == 0


def test_else_null_needs_a_nullable_column() -> None:
    assert "nullable" in refused(work(same="account_id", else_=None), "lookup.else_null").expected


def test_a_null_on_this_side_gives_a_null_where_nulls_may_be() -> None:
    def tasks(**keys: Any) -> dict[str, Any]:
        document = work()
        document["nodes"][2]["columns"][4] = column("user_id", lookup("user.user_id", same="team"), **keys)
        document["nodes"][2]["columns"].append(
            column("team", {"expression": {"code": "account_id"}}, when="task_id % 4 > 0")
        )
        document["nodes"][1]["columns"].append(column("team", {"expression": {"code": "account_id"}}))
        return document

    frame = table_of(plan_of(tasks(nullable=True)), "task")
    assert (frame["user_id"].is_null() == frame["team"].is_null()).all()
    assert frame["user_id"].null_count() == 600
    assert fails(tasks(), "task", "lookup.no_candidate").found.startswith(
        "600 rows of the 2,400 looked at without a row of user"
    )
    unasked = tasks(when="team is not null")  # a row without a value needs no candidate
    assert table_of(plan_of(unasked), "task")["user_id"].null_count() == 600


def test_a_key_with_a_value_in_its_place_leads_nowhere() -> None:
    document = work(same="account_id", else_=-1)
    document["nodes"][2]["columns"].append(column("w", {"expression": {"code": "user_id.weight"}}))
    assert "user_id" in refused(document, "expression.unknown_name").found
    fallback = work(fanout={"poisson": 0.7}, same="account_id", else_="any_id")
    fallback["nodes"][2]["columns"].insert(2, column("any_id", lookup("user.user_id")))
    fallback["nodes"][2]["columns"].append(column("w", {"expression": {"code": "user_id.weight"}}))
    assert ask(fallback, 'select count(*) from task t join "user" u using (user_id) where t.w <> u.weight') == 0
    assert ask(fallback, "select count(*) from task where user_id = any_id") > 100


# --- with what creation, segments and ages say


def test_time_eligibility_of_the_engine_holds_inside_groups_too() -> None:
    """A user is picked from his creation on, with the weight of his segment, and inside the account."""
    document = work(accounts=30, tasks=200, fanout=20, same="account_id", else_=None, nullable=True)
    people = document["nodes"][1]
    document["nodes"][2]["parents"] = ["account", "user"]
    people["columns"][2]["role"] = "created"
    people["segment_behavior"] = {kind: {"fanout_multiplier": k} for kind, k in (("a", 4.0), ("b", 1.0), ("c", 1.0))}
    assert ask(document, STRANGERS) == 0
    early = 'select count(*) from task t join "user" u using (user_id) where u.activated_at > t.created_at'
    assert ask(document, early) == 0
    assert (
        ask(
            document,
            'select count(*) from task t join "user" u using (account_id) where t.user_id is null and u.activated_at <= t.created_at',
        )
        == 0
    )
    each = (
        "with pairs as (select t.task_id, u.kind, u.user_id = t.user_id as picked, "
        "sum(case u.kind when 'a' then 4.0 else 1.0 end) over (partition by t.task_id) as whole "
        'from task t join "user" u using (account_id) where u.activated_at <= t.created_at) '
        "select sum(picked::int) / sum(4.0 / whole) from pairs where kind = 'a'"
    )
    # picks of segment a over their expected number: 3 standard errors of about 4,000 picks of chance 2/3
    assert ask(document, each) == pytest.approx(1.0, abs=3 * (1 / 3 / 4_000) ** 0.5)


def test_a_segment_of_factor_zero_is_never_picked_and_counts_as_nobody() -> None:
    document = work(accounts=30, fanout={"poisson": 2.0}, same="account_id", else_=None, nullable=True)
    document["nodes"][2]["parents"] = ["account", "user"]
    document["nodes"][1]["segment_behavior"] = {
        kind: {"fanout_multiplier": k} for kind, k in (("a", 0.0), ("b", 1.0), ("c", 1.0))
    }
    assert ask(document, "select count(*) from task t join \"user\" u using (user_id) where u.kind = 'a'") == 0
    alone = "select count(*) from task t where user_id is null and exists (select 1 from \"user\" u where u.account_id = t.account_id and u.kind <> 'a')"
    assert ask(document, alone) == 0


# --- what moves and what does not


@pytest.mark.parametrize(
    "keys",
    [
        {"same": "account_id"},
        {"same": "account_id", "weights": "weight"},
        {"same": "account_id", "where": ACTIVE, "else": None},
    ],
)
def test_one_more_row_in_a_group_moves_only_the_picks_it_wins(keys: dict[str, Any]) -> None:
    """100 rows in each group, then 101: 1/101 of the picks move, to the new rows unless these are turned down."""

    def picks(number: int) -> np.ndarray:
        document = work(accounts=20, tasks=400, fanout=number, nullable=True, **keys)
        plan = plan_of(document)
        people = table_of(plan, "user").with_columns(place=pl.int_range(pl.len()).over("account_id"))
        frame = table_of(plan, "task").join(people, on="user_id", how="left", maintain_order="left", suffix="_there")
        found: np.ndarray = (frame["account_id_there"] * 1_000 + frame["place"]).fill_null(-1).to_numpy()
        return found

    before, after = picks(100), picks(101)
    moved = before != after
    to_new = (after[moved] % 1_000 == 100).mean()
    assert to_new == 1 if len(keys) == 1 else to_new > 0.3, (to_new, moved.mean())
    # a heavier row wins more: its share is its weight, of mean 1 and at most some times that
    assert 0 < moved.mean() < 4 / 101


@pytest.mark.parametrize("keys", [{"weights": "weight"}, {"where": "candidate.weight > limit"}])
def test_one_per_cent_more_rows_move_one_per_cent_of_the_picks(keys: dict[str, Any]) -> None:
    def picks(rows: int) -> np.ndarray:
        people = table("user", rows, column("weight", law("uniform", low=0.5, high=1.5)))
        limit = column("limit", law("uniform", low=0.4, high=1.45))
        found: np.ndarray = table_of(
            plan_of(schema(people, table("task", 20_000, limit, column("user_id", lookup("user.user_id", **keys))))),
            "task",
        )["user_id"].to_numpy()
        return found

    before, after = picks(2_000), picks(2_020)
    moved = before != after
    assert 0.005 < moved.mean() < 0.02
    assert (after[moved] > 2_000).mean() > 0.6  # the others came back from a class of weights that shrank


def test_other_columns_and_tables_move_no_pick() -> None:
    keys = {"same": "account_id", "where": ACTIVE, "else_": None, "nullable": True}
    before = table_of(plan_of(work(**keys)), "task")["user_id"]
    more = work(**keys)
    more["nodes"][1]["columns"].append(column("shoe", law("uniform", low=1, high=9)))
    more["nodes"][2]["columns"].insert(2, column("note", {"uuid": {}}))
    more["nodes"].insert(0, table("colour", 7))
    assert table_of(plan_of(more), "task")["user_id"].to_list() == before.to_list()


@pytest.mark.parametrize(
    "keys",
    [{}, {"weights": "weight"}, {"weights": "zipf@1.5"}, {"weights": {"gamma": {"shape": 1, "mean": 1}}}],
)
def test_how_the_rows_are_cut_into_blocks_never_shows(keys: dict[str, Any]) -> None:
    plan = plan_of(work(same="account_id", where=ACTIVE, else_=None, nullable=True, **keys))
    whole = table_of(plan, "task")
    for rows in (1, 7):
        assert table_of(plan, "task", block_rows=rows).equals(whole)


# --- refusals


def test_what_cannot_be_meant_is_refused() -> None:
    assert "colour" in refused(work(within="colour"), "lookup.within").found
    assert codes_of(work(same="acount_id")) == ["ref.unknown_column", "ref.unknown_column"]  # on both sides
    assert "int" in refused(work(where="candidate.user_id"), "lookup.where_type").found
    assert "candidate" in refused(work(where="task_id > 3"), "lookup.where_no_candidate").found
    assert "kind" in refused(work(weights="kind"), "lookup.weights_type").found
    assert "zipf@0" in refused(work(weights="zipf@0"), "lookup.weights_rule").found
    document = work()
    document["nodes"][2]["columns"][1]["generator"]["lookup"]["where"] = "candidate.account_id > 3"
    assert "account" in refused(document, "lookup.key_without_meaning").found
    assert refused(document, "lookup.key_without_meaning").hint.startswith("{ref: account} beside it")
    document["nodes"][2]["columns"][1]["generator"]["lookup"] = {"from": "account.account_id", "else": 7}
    assert "`else`" in refused(document, "lookup.key_without_meaning").found  # an else alone does not pick


def test_a_condition_on_what_depends_on_the_pick_is_a_loop() -> None:
    document = work(where="candidate.weight > limit")
    document["nodes"][2]["columns"].append(column("limit", {"expression": {"code": "user_id * 1.0"}}))
    assert "task.limit" in refused(document, "plan.loop").found
