"""The subscriptions of the first version run unchanged, and their declared probabilities are in the written files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from datagen import api
from datagen.plan.explain import as_text
from tests.written import Tables, share_error, written

STATES = Path(__file__).with_name("states.json")
USERS, MONTHS = 1_000, 24


@pytest.fixture(scope="module")
def subscriptions(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(STATES, tmp_path_factory.mktemp("states") / "data")


def test_the_document_is_planned_without_a_warning_and_says_who_will_be_left() -> None:
    plan = api.prepare(STATES).bind()
    assert plan.findings == ()
    said = as_text(plan)
    assert "momentary: upgraded, downgraded" in said
    assert "not lost after 12 periods: vip 0.865, others 0.694" in said  # 0.988^12 and 0.97^12


def test_the_table_has_key_reference_and_what_the_process_fills(subscriptions: Tables) -> None:
    assert subscriptions.rows("select column_name, column_type from (describe select * from subscription)") == [
        ("subscription_id", "BIGINT"),
        ("user_id", "BIGINT"),
        ("state", "VARCHAR"),
        ("previous_state", "VARCHAR"),
        ("changed_at", "TIMESTAMP"),
    ]


def test_rows_are_as_many_as_the_plan_expects(subscriptions: Tables) -> None:
    expected = api.prepare(STATES).bind().tables["subscription"].expected_rows
    rows = subscriptions.value("select count(*) from subscription")
    # the rows of a user have a variance of about 1: a loss, and a few climbs and falls
    assert abs(rows - expected) < 4 * math.sqrt(USERS)
    assert subscriptions.value("select count(*) from subscription where previous_state is null") == USERS


def test_everybody_begins_active_and_ends_with_a_loss(subscriptions: Tables) -> None:
    first = "select distinct state, changed_at::varchar from subscription where previous_state is null"
    assert subscriptions.rows(first) == [("active", "2023-01-01 00:00:00")]
    assert subscriptions.rows("select distinct previous_state from subscription where previous_state is not null") == [
        ("active",)
    ]
    last = """select count(*) from (select state, lead(state) over (partition by user_id order by subscription_id) as next
        from subscription) where state = 'churned' and next is not null"""
    assert subscriptions.value(last) == 0


@pytest.mark.parametrize(("segment", "monthly"), [("vip", 0.012), ("standard", 0.03), ("budget", 0.03)])
def test_a_segment_is_lost_at_its_rate(subscriptions: Tables, segment: str, monthly: float) -> None:
    lost, months = subscriptions.row(
        f"""select count(ended), sum(coalesce(datediff('month', timestamp '2023-01-01', ended) + 1, {MONTHS})) from
        (select any_value(segment) as segment, min(changed_at) filter (state = 'churned') as ended
        from user join subscription using (user_id) group by user_id) where segment = '{segment}'"""
    )
    assert abs(lost / months - monthly) < share_error(monthly, months)


def test_those_who_are_no_vips_leave_for_the_declared_shares(subscriptions: Tables) -> None:
    found = dict(
        subscriptions.rows(
            """select state, count(*) from subscription join user using (user_id)
            where previous_state is not null and segment != 'vip' group by all"""
        )
    )
    whole = sum(found.values())
    for state, share in {"churned": 0.6, "upgraded": 0.25, "downgraded": 0.15}.items():
        assert abs(found[state] / whole - share) < share_error(share, whole)
