"""Rows that name a second row of the table above them: transfers between accounts, handovers between colleagues, shipments
from one depot to another. Asked in SQL of the written files; without the keys that limit the pick the answers differ.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen.schema.load import load_text
from tests.engine.test_combined import content
from tests.parts.columns import chi_square, child, column, schema, table
from tests.written import Tables, written

DOCUMENT = """
timeframe: {start: 2024-01-01, end: 2024-12-31}
tables:
  - {name: bank, rows: 12}
  - name: account
    parents: [bank]
    fanout: 30
    columns:
      bank_id: {ref: bank}
      opened_at: {role: created, datetime_series: {}}
      segment: {choices: {private: 70%, business: 30%}}
  - name: transfer
    parents: [account]
    fanout: {poisson: 1, per: month}
    columns:
      account_id: {ref: account}
      bank_id: {lookup: {from: bank.bank_id}}
      booked_at: {role: time}
      to_account: {ref: account, same: bank_id, where: candidate.account_id <> account_id, else: null, nullable: true}
      to_opened_at: {lookup: {from: account.opened_at, on: {this_key: to_account}}, nullable: true}
  - name: user
    parents: [account]
    fanout: 8
    columns:
      account_id: {lookup: {from: account.account_id}}
      joined_at: {after: {column: account.opened_at, delay: {exponential: {mean: 60d}}, before: timeframe.end}}
      left_at: {after: {column: joined_at, delay: {exponential: {mean: 200d}}, censor: timeframe.end}, nullable: true}
  - name: handover
    parents: [user]
    fanout: {poisson: 5}
    columns:
      account_id: {lookup: {from: account.account_id}}
      from_user: {ref: user}
      at: {role: time, after: {column: user.joined_at, delay: {exponential: {mean: 50d}}, before: "coalesce(user.left_at, timeframe.end)"}}
      to_user:
        ref: user
        within: account
        where: candidate.user_id <> from_user and candidate.joined_at <= at and (candidate.left_at is null or candidate.left_at > at)
        else: null
        nullable: true
  - {name: depot, rows: 9, columns: {size: {uniform: {low: 1, high: 9}}}}
  - name: shipment
    parents: [depot]
    fanout: 200
    columns:
      from_depot: {ref: depot}
      to_depot: {ref: depot, where: candidate.depot_id <> from_depot, weights: size}
  - name: tour
    parents: [depot]
    fanout: 5
    columns:
      from_depot: {ref: depot}
      stop: {ref: depot, unique: depot, where: candidate.depot_id <> from_depot}
  - {name: gift, parents: [depot], fanout: 1, columns: {giver: {ref: depot}, taker: {ref: depot, unique: true}}}
"""
WRONG = {
    "to itself": "select count(*) from transfer where to_account = account_id",
    "to another bank": """
        select count(*) from transfer t join account a on t.to_account = a.account_id where a.bank_id <> t.bank_id
    """,
    "of another bank than its account": """
        select count(*) from transfer t join account a using (account_id) where a.bank_id <> t.bank_id
    """,
    "to an account that is not open yet": """
        select count(*) from transfer t join account a on t.to_account = a.account_id where a.opened_at > t.booked_at
    """,
    "copied of another row": """
        select count(*) from transfer t join account a on t.to_account = a.account_id
        where a.opened_at is distinct from t.to_opened_at
    """,
    "handed to oneself": "select count(*) from handover where to_user = from_user",
    "handed to another account": """
        select count(*) from handover h join "user" u on h.to_user = u.user_id where u.account_id <> h.account_id
    """,
    "handed by another account": """
        select count(*) from handover h join "user" u on h.from_user = u.user_id where u.account_id <> h.account_id
    """,
    "handed to somebody who is not there": """
        select count(*) from handover h join "user" u on h.to_user = u.user_id
        where u.joined_at > h.at or coalesce(u.left_at <= h.at, false)
    """,
    "shipped to where it is": "select count(*) from shipment where to_depot = from_depot",
}
LEFT_OUT = {  # rows without a partner, though there was one
    "transfer": """
        select count(*) from transfer t where to_account is null and exists (from account a
            where a.bank_id = t.bank_id and a.account_id <> t.account_id and a.opened_at <= t.booked_at)
    """,
    "handover": """
        select count(*) from handover h where to_user is null and exists (from "user" u
            where u.account_id = h.account_id and u.user_id <> h.from_user and u.joined_at <= h.at
            and (u.left_at is null or u.left_at > h.at))
    """,
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(load_text(DOCUMENT, path="transfers.yaml"), tmp_path_factory.mktemp("transfers"))


@pytest.mark.parametrize("what", WRONG)
def test_the_other_row_is_one_that_may_be_named(tables: Tables, what: str) -> None:
    assert tables.row(WRONG[what]) == (0,)


@pytest.mark.parametrize("table", LEFT_OUT)
def test_nobody_is_left_without_a_partner_who_could_have_one(tables: Tables, table: str) -> None:
    assert tables.row(LEFT_OUT[table]) == (0,)
    named, rows = tables.row(
        f"select count({'to_account' if table == 'transfer' else 'to_user'}), count(*) from {table}"
    )
    assert 0.9 * rows < named < rows  # the first of an account has nobody to turn to


def test_the_key_of_the_parent_stays_the_parent(tables: Tables) -> None:
    """Rows are numbered through their parents, so parents never fall along the rows."""
    for name, key in (("transfer", "account_id"), ("handover", "from_user"), ("shipment", "from_depot")):
        falls = (
            f"select count(*) from (select {key} < lag({key}) over (order by {name}_id) as fall from {name}) where fall"
        )
        assert tables.row(falls) == (0,)


def test_every_other_account_is_as_likely_and_depots_by_their_size(tables: Tables) -> None:
    counts = tables.rows("select count(*) from shipment group by from_depot, to_depot")
    assert len(counts) == 9 * 8
    sizes = dict(tables.rows("select depot_id, size from depot"))
    for depot in sizes:
        found = dict(tables.rows(f"select to_depot, count(*) from shipment where from_depot = {depot} group by 1"))
        others = [one for one in sizes if one != depot]
        whole = sum(sizes[one] for one in others)
        assert chi_square([found.get(one, 0) for one in others], [200 * sizes[one] / whole for one in others]) > 1e-4


def test_picks_that_never_repeat(tables: Tables) -> None:
    """Below a depot none of the eight others twice; in the whole table every depot is given to once."""
    assert tables.row("select count(*), count(distinct (from_depot, stop)) from tour where stop <> from_depot") == (
        45,
        45,
    )
    assert tables.row("select count(distinct stop) from tour")[0] == 9
    assert tables.row("select count(*), count(distinct giver), count(distinct taker) from gift") == (9, 9, 9)
    assert tables.row("select count(*) from gift where giver <> taker")[0] > 4  # one in nine stays on the average


def test_nobody_is_named_before_coming_or_after_leaving(tmp_path: Path) -> None:
    """Who leaves a table as the driving parent is not picked there either."""
    ages = {"ages": {"curve": [1, 0.5, 0.25, 0.1], "time_unit": "month", "mode": "dropout", "applies_to": "fanout"}}
    document = schema(
        table(
            "member", 300,
            column("joined_at", {"datetime_series": {}}),
            column("left_at", {"expression": {"code": "departed_at"}}, type="datetime", nullable=True),
            vintage_behavior={"created_at_column": "joined_at", "age_based_multipliers": ages},
        ),
        child(
            "message", "member", column("sent_at", {"datetime_series": {}}, role="time"),
            column("to_id", {"lookup": {"from": "member.member_id", "where": "candidate.member_id <> member_id", "else": None}}, nullable=True),
            fanout={"type": "poisson", "params": {"lambda": 3}, "per": "month"},
        ),
    )  # fmt: skip
    tables = written(document, tmp_path)
    named, early, late, gone = tables.row(
        """
        select count(*), count(*) filter (sent_at < joined_at), count(*) filter (sent_at >= left_at), count(left_at)
        from message join member on to_id = member.member_id
        """
    )
    assert (early, late) == (0, 0)
    assert named > 500
    assert gone > 200  # some of them have left later


def test_without_their_keys_the_picks_are_wrong(tmp_path: Path) -> None:
    text = DOCUMENT
    for key in ("same: bank_id, ", "where: candidate.account_id <> account_id, "):
        text = text.replace(key, "")
    text = text.replace("to_account: {ref: account, else", "to_account: {ref: account, weights: account_id, else")
    tables = written(load_text(text, path="transfers.yaml"), tmp_path)
    assert tables.row(WRONG["to another bank"])[0] > 1_000
    assert tables.row(WRONG["to itself"])[0] > 0
    assert tables.row(WRONG["to an account that is not open yet"]) == (0,)


def test_how_the_run_is_cut_never_shows() -> None:
    document = load_text(DOCUMENT, path="transfers.yaml")
    whole = content(document)
    assert not isinstance(whole, str)
    for rows, workers in ((7, 1), (150, 2)):
        cut = content(document, rows, workers)
        assert not isinstance(cut, str)
        assert cut.content_hash == whole.content_hash
