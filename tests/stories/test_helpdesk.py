"""What an analyst asks of the help desk: who reports to whom, who asks most, who waits how long, what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.written import Tables, share_error, written


def test_agents_form_trees_of_managers(helpdesk: Tables) -> None:
    """Every agent reports, at some remove, to one without a manager; about √80 of 80 have none."""
    reached, roots, later = helpdesk.row(
        """
        with recursive tree as (
            select agent_id from agent where manager_id is null
            union all select a.agent_id from agent a join tree t on a.manager_id = t.agent_id
        )
        select (select count(*) from tree), (select count(*) from agent where manager_id is null),
            (select count(*) from agent where manager_id >= agent_id)
        """
    )
    assert (reached, later) == (80, 0)
    assert abs(roots - math.sqrt(80)) < 4 * 80**0.25


def test_all_teams_hang_below_one_that_is_its_own_parent(helpdesk: Tables) -> None:
    assert helpdesk.rows("select team_id from team where parent_id = team_id") == [(1,)]
    assert helpdesk.value("select count(*) from team where parent_id >= team_id") == 1
    assert helpdesk.value("select count(distinct colour) from team") == 9


def test_larger_plans_ask_more(helpdesk: Tables) -> None:
    """Tickets of an account are Poisson with an exponential appetite, and at most 40."""
    rates = {"free": 3, "team": 8, "enterprise": 30}
    for plan, mean, rows, most in helpdesk.rows(
        """
        select plan, avg(n), count(*), max(n) from (
            select account_id, plan, count(ticket_id) as n from account left join ticket using (account_id) group by all
        ) group by 1
        """
    ):
        q = rates[plan] / (1 + rates[plan])  # such counts are geometric: P(n >= k) = q^k
        expected = sum(q**k for k in range(1, 41))
        second = sum((2 * k - 1) * q**k for k in range(1, 41))
        assert most <= 40
        assert abs(mean - expected) < 4 * math.sqrt((second - expected**2) / rows)


def test_urgent_tickets_wait_a_tenth_as_long(helpdesk: Tables) -> None:
    urgent, others, rows = helpdesk.row(
        """
        select median(ln(wait)) filter (priority = 'urgent'), median(ln(wait)) filter (priority != 'urgent'),
            count(*) filter (priority = 'urgent')
        from (select priority, epoch(first_reply_at - opened_at) - 1 as wait from ticket) where wait > 0
        """
    )
    # 4 standard errors of the median of a normal law of 1.1
    assert abs(others - urgent - math.log(10)) < 4 * 1.2533 * 1.1 / math.sqrt(rows)
    assert abs(math.exp(others) / 60 - 240) < 20


def test_monday_is_the_worst_day_and_ten_the_worst_hour(helpdesk: Tables) -> None:
    days = [1.3, 1.1, 1, 1, 0.9, 0.2, 0.2]
    rows, found = helpdesk.value("select count(*) from ticket"), helpdesk.shares("ticket", "isodow(opened_at)")
    for day, weight in enumerate(days, 1):
        share = weight / sum(days)
        # half a hundredth more: days of the window differ, and accounts begin on different ones
        assert abs(found[day] - share) < share_error(share, rows) + 0.005
    hours = [1, 1, 1, 1, 1, 1, 2, 4, 8, 10, 10, 9, 7, 8, 9, 8, 7, 5, 4, 3, 3, 2, 2, 1]
    found = helpdesk.shares("ticket", "hour(opened_at)")
    for hour, weight in enumerate(hours):
        share = weight / sum(hours)
        assert abs(found.get(hour, 0) - share) < share_error(share, rows)


def test_nothing_happens_in_the_wrong_order(helpdesk: Tables) -> None:
    strangers, instant, closed, early, archived = helpdesk.row(
        """
        select count(*) filter (opened_at < signed_up_at), count(*) filter (first_reply_at <= opened_at),
            count(*) filter (closed_at < first_reply_at or (closed_at is null) = closed),
            (select count(*) from reply join ticket using (ticket_id) where sent_at <= opened_at),
            (select count(*) from reply where archived_at - sent_at != interval '90 days 12 hours')
        from ticket join account using (account_id)
        """
    )
    assert (strangers, instant, closed, early, archived) == (0, 0, 0, 0, 0)


def test_what_is_late_is_late_by_the_plan(helpdesk: Tables) -> None:
    wrong = """
        select count(*) from ticket join account using (account_id) join plan using (plan)
        where due_at != opened_at + to_hours(hours_to_reply) or late != (first_reply_at > due_at)
    """
    assert helpdesk.value(wrong) == 0
    share = dict(helpdesk.rows("select plan, avg(late::int) from ticket join account using (account_id) group by 1"))
    assert share["enterprise"] > 5 * share["team"] > 0  # 4 hours to reply against 24


def test_tickets_cost_the_time_of_their_agent(helpdesk: Tables) -> None:
    off = helpdesk.value(
        "select max(abs(cost - minutes_spent / 60 * hourly_cost)) from ticket join agent using (agent_id)"
    )
    assert off < 0.005 + 1e-9
    assert helpdesk.value("select min(minutes_spent) from ticket") >= 1


def test_only_closed_tickets_of_some_weight_are_rated(helpdesk: Tables) -> None:
    wrong = "select count(*) from ticket where (satisfaction is not null) != (closed and priority != 'low')"
    assert helpdesk.value(wrong) == 0
    rated = "(select * from ticket where satisfaction is not null)"
    rows, mean = helpdesk.row(f"select count(*), avg(satisfaction) from {rated}")
    assert abs(mean - 3.98) < 4 * 1.14 / math.sqrt(rows)  # mean and deviation of 5, 7, 13, 35, 40 %


def test_references_count_up_and_replies_take_turns(helpdesk: Tables) -> None:
    rows, distinct, low, high = helpdesk.row(
        "select count(*), count(distinct reference), min(reference), max(reference) from ticket"
    )
    assert (distinct, low, high) == (rows, "T-000001", f"T-{rows:06}")
    wrong = helpdesk.value(
        """
        select count(*) from (
            select from_agent, row_number() over (partition by ticket_id order by reply_id) as place from reply
        ) where from_agent != (place % 2 = 0)
        """
    )
    assert wrong == 0
    counts = helpdesk.rows(
        "select n, count(*) from (select count(*) as n from reply group by ticket_id) group by 1 order by 1"
    )
    assert [n for n, _ in counts] == [1, 2, 3, 4]
    assert all(abs(count / rows - 0.25) < share_error(0.25, rows) for _, count in counts)


def test_plans_fall_off_by_zipf(helpdesk: Tables) -> None:
    weights = {plan: k**-1.5 for k, plan in enumerate(["free", "team", "enterprise"], 1)}
    found = helpdesk.shares("account", "plan")
    for plan, weight in weights.items():
        share = weight / sum(weights.values())
        assert abs(found[plan] - share) < share_error(share, 700)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The help desk without any of what the questions below ask for."""
    return written(
        "helpdesk",
        tmp_path_factory.mktemp("plain") / "data",
        sets=[
            ("tables.agent.columns.manager_id", {"ref": "agent", "nullable": True, "root_share": 0.5}),
            ("tables.team.columns.parent_id.lookup.root_share", 0.9),
            ("tables.ticket.fanout", {"poisson": 7}),
            ("tables.ticket.columns.wait.modifiers", []),
            ("tables.ticket.columns.opened_at.datetime_series.pattern", None),
            ("tables.ticket.columns.cost.expression", "minutes_spent / 2.0"),
            ("tables.ticket.columns.satisfaction.when", "closed"),
            ("tables.account.columns.plan.weights_kind", "uniform"),
            ("constraints.inequalities", []),
            ("tables.account.columns.signed_up_at.role", None),
        ],
    )


@pytest.mark.parametrize(
    "question",
    [
        test_agents_form_trees_of_managers,
        test_all_teams_hang_below_one_that_is_its_own_parent,
        test_larger_plans_ask_more,
        test_urgent_tickets_wait_a_tenth_as_long,
        test_monday_is_the_worst_day_and_ten_the_worst_hour,
        test_nothing_happens_in_the_wrong_order,
        test_tickets_cost_the_time_of_their_agent,
        test_only_closed_tickets_of_some_weight_are_rated,
        test_plans_fall_off_by_zipf,
    ],
)
def test_the_answer_is_no_where_it_is_not_declared(question: Callable[[Tables], None], plain: Tables) -> None:
    with pytest.raises(AssertionError):
        question(plain)
