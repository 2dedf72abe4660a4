"""A log of everything in the order of time: what an auditor asks of its CSV file, whose key alone says what came first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.written import Tables, share_error, written

DOCUMENT = Path(__file__).parent / "use_cases" / "audit_log.yaml"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(DOCUMENT, tmp_path_factory.mktemp("audit") / "data")


def test_the_key_counts_up_with_time_over_all_sources(log: Tables) -> None:
    back, first, last, rows = log.row(
        """
        select count(*) filter (happened_at < before), min(audit_id), max(audit_id), count(*)
        from (select *, lag(happened_at) over (order by audit_id) as before from audit)
        """
    )
    assert (back, first, last) == (0, 1, rows)
    mixed = log.value("select count(*) from (select staff_id is null as one, lag(staff_id is null) over (order by audit_id) as other from audit) where one != other")  # fmt: skip
    assert mixed > 500  # customers and staff take turns: two logs one behind the other would change once


def test_everything_that_happened_is_in_the_log_once(log: Tables) -> None:
    for kind, table, key, time in (
        ("sign_up", "users", "user_id", "signed_up_at"),
        ("order", "orders", "order_id", "ordered_at"),
        ("payment", "payments join orders using (order_id)", "order_id", "paid_at"),
    ):
        missing = f"""
            select count(*) from ({table}) full join (select * from audit where event_type = '{kind}') log
            using ({key}) where {time} is distinct from happened_at
        """
        assert log.value(missing) == 0, kind


def test_nobody_orders_before_signing_up_or_pays_before_ordering(log: Tables) -> None:
    for key, before, after in (("user_id", "sign_up", "order"), ("order_id", "order", "payment")):
        wrong = f"""
            select count(*), count(*) filter (a.audit_id > b.audit_id) from audit a join audit b using ({key})
            where a.event_type = '{before}' and b.event_type = '{after}'
        """
        pairs, turned = log.row(wrong)
        assert pairs > 2000
        assert turned == 0


def test_eight_orders_in_ten_are_paid_as_the_log_shows(log: Tables) -> None:
    paid, orders = log.row(
        "select count(*) filter (event_type = 'payment'), count(*) filter (event_type = 'order') from audit"
    )
    assert abs(paid / orders - 0.8) < share_error(0.8, orders)


def test_staff_come_back_as_often_as_they_do(log: Tables) -> None:
    logins = log.value("select count(*) from audit where event_type = 'staff_login'")
    expected = 12 * 90 * 1.5
    assert abs(logins - expected) < 4 * expected**0.5  # 4 standard errors of a Poisson count
