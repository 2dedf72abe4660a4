"""What a state model declares is found again in the written files: hazards, survival, matrix, prices, terms, frailty.

Every question has a twin: asked of the same document with the behaviour switched off it must fail, on the estimate.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.recovery.states import document, model, segments
from tests.written import Tables, written

ENTITIES = 8_000
MONTHS = 24
CHI_SQUARE_1000 = {1: 10.83, 2: 13.82, 3: 16.27}  # exceeded once in 1,000 samples, by degrees of freedom

Change = Callable[[dict[str, Any]], None]


def made(tmp_path: Path, change: Change | None = None, *, rows: int = ENTITIES, seed: int = 11, **keys: Any) -> Tables:
    """The files of the contract data set, its state model changed as the test says."""
    whole = document(rows, **keys)
    if change is not None:
        change(whole)
    return written(whole, tmp_path / "data", seed=seed)


def near(what: str, estimate: float, target: float, bound: float) -> None:
    """The estimate is within the bound of the target."""
    assert abs(estimate - target) <= bound, f"{what}: estimate {estimate:.4f}, target {target:.4f} ± {bound:.4f}"


# how long each entity was watched, in whole months, and when it was lost (null if it was not)
WATCHED = """
    create view watched as select u.user_id, u.segment, u.joined,
      (select min(c.changed_at) from contract c where c.user_id = u.user_id and c.state = 'churned') as lost,
      datediff('month', u.joined, timestamp '2025-01-01') as months
    from user u"""


def watched(tables: Tables) -> Tables:
    """Entities that all begin on the first of January 2023: month k of their life is a month of the calendar."""
    tables.database.execute(WATCHED)
    return tables


def exits(tables: Tables, where: str = "true") -> tuple[int, int]:
    """(losses, entity-months at risk)."""
    return tables.row(
        f"""select count(lost), sum(coalesce(datediff('month', joined, lost) + 1, {MONTHS}))
        from watched where {where}"""
    )


def survival(tables: Tables, periods: int, where: str = "true") -> float:
    """Kaplan-Meier over whole months."""
    left = 1.0
    for k in range(1, periods + 1):
        lost, at_risk = tables.row(
            f"""select count(*) filter (datediff('month', joined, lost) + 1 = {k}),
            count(*) filter (lost is null or datediff('month', joined, lost) + 1 >= {k}) from watched where {where}"""
        )
        left *= 1.0 - lost / at_risk
    return left


def hazard_is(tables: Tables, target: float, where: str = "true") -> None:
    lost, months = exits(tables, where)
    # a binomial per month at risk: 3 standard errors
    near(f"loss per month where {where}", lost / months, target, 3 * math.sqrt(target * (1 - target) / months))


def ratio_is(tables: Tables, target: float) -> None:
    (vip, vip_months), (rest, rest_months) = exits(tables, "segment = 'vip'"), exits(tables, "segment != 'vip'")
    ratio = (vip / vip_months) / (rest / rest_months)
    near("hazard of VIPs to others", ratio, target, 3 * target * math.sqrt(1 / vip + 1 / rest))  # delta method


def test_a_twentieth_leaves_every_month_and_three_fifths_of_them_are_lost(tmp_path: Path) -> None:
    tables = watched(made(tmp_path))
    hazard_is(tables, 0.03, "segment != 'vip'")
    hazard_is(tables, 0.012, "segment = 'vip'")
    ratio_is(tables, 0.40)


def test_without_its_multiplier_a_segment_is_lost_like_the_others(tmp_path: Path) -> None:
    tables = watched(made(tmp_path, segment_variation=None))
    with pytest.raises(AssertionError, match=r"hazard of VIPs to others: estimate (0\.9|1\.)\d+, target 0\.4000"):
        ratio_is(tables, 0.40)
    with pytest.raises(AssertionError, match=r"estimate 0\.03\d\d, target 0\.0120"):
        hazard_is(tables, 0.012, "segment = 'vip'")


def survival_is(tables: Tables, target: float, where: str) -> None:
    near(f"not lost after 12 months where {where}", survival(tables, 12, where), target, 0.03)


def test_who_is_left_after_a_year_by_kaplan_and_meier(tmp_path: Path) -> None:
    tables = watched(made(tmp_path))
    survival_is(tables, 0.694, "segment != 'vip'")
    survival_is(tables, 0.865, "segment = 'vip'")


def test_all_are_left_after_a_year_when_nobody_is_lost(tmp_path: Path) -> None:
    stay = {"active": {"transition_prob_per_period": 0.05, "next_states": {"upgraded": 0.7, "downgraded": 0.3}}}
    tables = watched(made(tmp_path, states={**stay, "churned": {"terminal": True}}))
    with pytest.raises(AssertionError, match=r"estimate 1\.0000, target 0\.6940"):
        survival_is(tables, 0.694, "segment != 'vip'")


def destinations_are(tables: Tables, shares: dict[str, float], where: str = "segment != 'vip'") -> None:
    """Chi-square of the destinations against their declared shares, p > .001."""
    found = dict(
        tables.rows(
            f"""select state, count(*) from contract join user using (user_id)
            where previous_state is not null and {where} group by all"""
        )
    )
    whole = sum(found.values())
    chi = sum((found.get(name, 0) - share * whole) ** 2 / (share * whole) for name, share in shares.items())
    shown = ", ".join(f"{name} {found.get(name, 0) / whole:.3f} of {share:g}" for name, share in shares.items())
    assert set(found) <= set(shares), f"destinations {set(found) - set(shares)}"
    assert chi < CHI_SQUARE_1000[len(shares) - 1], f"destinations: chi-square {chi:.1f}, {shown}"


SHARES = {"churned": 0.60, "upgraded": 0.25, "downgraded": 0.15}


def test_those_who_leave_go_where_the_shares_say(tmp_path: Path) -> None:
    destinations_are(made(tmp_path), SHARES)


def test_other_shares_are_not_taken_for_the_declared_ones(tmp_path: Path) -> None:
    even = {
        "active": {
            "transition_prob_per_period": 0.05,
            "next_states": {"churned": 0.5, "upgraded": 0.35, "downgraded": 0.15},
        }
    }
    tables = made(tmp_path, states={**even, "churned": {"terminal": True}})
    with pytest.raises(AssertionError, match=r"destinations: chi-square \d+\.\d, churned 0\.\d+ of 0\.6"):
        destinations_are(tables, SHARES)


def test_nothing_follows_the_end_and_times_rise(tmp_path: Path) -> None:
    tables = made(tmp_path)
    assert tables.value("select count(*) from contract where previous_state = 'churned'") == 0
    after = """select count(*) from (select state, lead(state) over (partition by user_id order by contract_id) as next
        from contract) where state = 'churned' and next is not null"""
    assert tables.value(after) == 0
    steps = """select count(*) from (select changed_at - lag(changed_at) over (partition by user_id order by contract_id)
        as step from contract) where step <= interval 0 second"""
    assert tables.value(steps) == 0
    low, high, starts, users = tables.row(
        """select min(changed_at), max(changed_at) < timestamp '2025-01-01',
        count(*) filter (previous_state is null), count(distinct user_id) from contract"""
    )
    assert str(low) == "2023-01-01 00:00:00"
    assert high
    assert starts == users == ENTITIES


def test_with_a_way_back_rows_follow_the_end(tmp_path: Path) -> None:
    """The twin: the same question finds rows after a loss that is not the end."""
    states = {**model()["states"], "churned": {"transition_prob_per_period": 0.1, "next_states": {"active": 1}}}
    tables = made(tmp_path, states=states, churn_states=["churned"])
    assert tables.value("select count(*) from contract where previous_state = 'churned'") > 100


def within_periods(tables: Tables) -> None:
    """Exits fall evenly over their month: the mean place is a half, within 4 standard errors of a uniform's mean."""
    mean, count = tables.row(
        """select avg(epoch(changed_at - date_trunc('month', changed_at)) /
        epoch(last_day(changed_at) + 1 - date_trunc('month', changed_at))), count(*)
        from contract where previous_state is not null"""
    )
    near("mean place of an exit in its month", mean, 0.5, 4 * math.sqrt(1 / 12 / count))


def test_exits_fall_evenly_inside_their_period(tmp_path: Path) -> None:
    within_periods(made(tmp_path))


# levels and prices


def bridge_gap(tables: Tables) -> float:
    """What remains of: prices at the start + expansion - contraction - losses + returns - prices at the end, in cents."""
    return tables.value(
        """with steps as (select user_id, state, cast(round(value * 100) as bigint) as cents,
            lag(cast(round(value * 100) as bigint), 1, 0) over (partition by user_id order by changed_at) as before,
            row_number() over (partition by user_id order by changed_at desc) as back from contract)
        select sum(case when before < cents then cents - before else 0 end)
             - sum(case when before > cents and state != 'churned' then before - cents else 0 end)
             - sum(case when state = 'churned' then before else 0 end)
             - sum(case when back = 1 then cents else 0 end) from steps"""
    )


LEVELS = [{"name": "basic", "value": 9.9}, {"name": "pro", "value": 29.9}, {"name": "max", "value": 99.5}]


def test_the_bridge_of_recurring_revenue_closes_to_nothing(tmp_path: Path) -> None:
    tables = made(tmp_path, levels=LEVELS)
    assert bridge_gap(tables) == 0
    assert tables.value("select count(*) from contract where state = 'churned' and value != 0") == 0
    assert dict(tables.rows("select distinct level, value from contract where state != 'churned'")) == {
        "basic": 9.9, "pro": 29.9, "max": 99.5
    }  # fmt: skip
    wrong = """select count(*) from (select state, level, lag(level) over (partition by user_id order by changed_at)
        as before from contract) where state = 'upgraded' and level = 'basic' or state = 'downgraded' and level = 'max'
        or state = 'active' and level != 'basic'"""
    assert tables.value(wrong) == 0
    # a third of the moves are downgrades, so that most of those who move are above the lowest level once
    assert tables.value("select count(distinct user_id) from contract where level = 'max'") > 100


def test_intervals_are_the_same_story_as_transitions(tmp_path: Path) -> None:
    changes, stays = (made(tmp_path / output, levels=LEVELS, output=output) for output in ("transitions", "intervals"))
    assert (
        stays.value(
            """select count(*) from (select valid_to, lead(valid_from) over (partition by user_id order by valid_from) as next,
        is_current from contract) where valid_to is distinct from next or is_current != (next is null)"""
        )
        == 0
    )
    month_ends = (
        "select unnest(generate_series(timestamp '2023-01-31', timestamp '2024-12-31', interval 1 month)) as moment"
    )
    from_stays = stays.rows(
        f"""select moment, sum(value) from ({month_ends}) join contract on valid_from <= moment and (valid_to > moment or is_current)
        group by 1 order by 1"""
    )
    from_changes = changes.rows(
        f"""select moment, sum(last) from (select moment, arg_max(value, changed_at) as last
        from ({month_ends}) join contract on changed_at <= moment group by moment, user_id) group by 1 order by 1"""
    )
    assert [at for at, _ in from_stays] == [at for at, _ in from_changes]
    for (at, one), (_, other) in zip(from_stays, from_changes, strict=True):
        assert abs(one - other) < 0.005, f"revenue at {at}: {one} in stays, {other} in changes"


def test_snapshots_show_the_state_of_every_month_once(tmp_path: Path) -> None:
    changes, looks = (made(tmp_path / output, levels=LEVELS, output=output) for output in ("transitions", "snapshots"))
    assert (
        looks.value("select count(*) from (select 1 from contract group by user_id, period having count(*) > 1)") == 0
    )
    assert (
        looks.value("select max(n) from (select count(*) n from contract where state = 'churned' group by user_id)")
        == 1
    )
    shown = looks.rows(
        "select period, count(*) filter (state = 'active'), sum(value) from contract group by 1 order by 1"
    )
    assert [period for period, _, _ in shown] == list(range(MONTHS))
    for period, active, revenue in shown:
        at = f"timestamp '2023-01-01' + interval {period} month"
        expected = changes.row(
            f"""select count(*) filter (last != 'churned'), sum(value) from (select arg_max(state, changed_at) as last,
            arg_max(value, changed_at) as value from contract where changed_at <= {at} group by user_id)"""
        )
        assert active == expected[0]
        assert abs(revenue - expected[1]) < 0.005


# what bends the hazard


def retention_is(tables: Tables, a: float, b: float) -> None:
    """Shares left after t months against B(a, b + t) / B(a, b): within .01, or 3 standard errors where that is more."""
    for t in (1, 2, 3, 6, 12, 18, 23):
        target = math.exp(math.lgamma(b + t) + math.lgamma(a + b) - math.lgamma(b) - math.lgamma(a + b + t))
        bound = max(0.01, 3 * math.sqrt(target * (1 - target) / ENTITIES))
        near(f"left after {t} months", survival(tables, t), target, bound)


LOSS = {"active": {"churned": 0.55 / 6.88}, "churned": {"terminal": True}}


def test_entities_of_beta_hazards_are_kept_as_the_shifted_beta_geometric_says(tmp_path: Path) -> None:
    tables = watched(made(tmp_path, states=LOSS, segment_variation=None, heterogeneity={"beta": [0.55, 6.33]}))
    retention_is(tables, 0.55, 6.33)


def test_entities_of_one_hazard_are_not_kept_like_that(tmp_path: Path) -> None:
    tables = watched(made(tmp_path, states=LOSS, segment_variation=None))
    with pytest.raises(AssertionError, match=r"left after \d+ months: estimate 0\.\d+, target 0\.\d+"):
        retention_is(tables, 0.55, 6.33)


def curve_is(tables: Tables, hazards: list[float]) -> None:
    for k, target in enumerate(hazards, 1):
        lost, at_risk = tables.row(
            f"""select count(*) filter (datediff('month', joined, lost) + 1 = {k}),
            count(*) filter (lost is null or datediff('month', joined, lost) + 1 >= {k}) from watched"""
        )
        near(f"loss in month {k}", lost / at_risk, target, 3 * math.sqrt(target * (1 - target) / at_risk))


def test_the_hazard_follows_tenure(tmp_path: Path) -> None:
    states = {"active": {"churned": 0.06}, "churned": {"terminal": True}}
    curve = {"states": states, "segment_variation": None, "hazard_curve": [3, 2, 1, 0.5]}
    curve_is(watched(made(tmp_path / "on", **curve)), [0.18, 0.12, 0.06, 0.03, 0.03, 0.03])
    flat = watched(made(tmp_path / "off", states=states, segment_variation=None))
    with pytest.raises(AssertionError, match=r"loss in month 1: estimate 0\.0\d+, target 0\.1800"):
        curve_is(flat, [0.18, 0.12, 0.06, 0.03, 0.03, 0.03])


def waits_are(tables: Tables, early: float, term: int) -> None:
    """Share of the losses of the first two terms that fall before the month of renewal."""
    before, lost = tables.row(
        f"""select count(*) filter ((datediff('month', joined, lost) + 1) % {term} != 0), count(lost) from watched
        where datediff('month', joined, lost) < {2 * term}"""
    )
    # losses that come up in the month of renewal need not wait: one in `term`, a little less late in a term
    hazard = 0.05
    due = [hazard * (1 - hazard) ** (k - 1) for k in range(1, 2 * term + 1)]
    share = early * sum(p for k, p in enumerate(due, 1) if k % term) / sum(due)
    near("losses before the end of a term", before / lost, share, 3 * math.sqrt(share * (1 - share) / lost) + 1e-9)


def test_losses_wait_for_the_end_of_the_term_but_for_early_exits(tmp_path: Path) -> None:
    states = {"active": {"churned": 0.05}, "churned": {"terminal": True}}
    term = {"states": states, "segment_variation": None, "term": 6, "early_exit": 0.2}
    tables = watched(made(tmp_path / "on", **term))
    waits_are(tables, 0.2, 6)
    # who is left after whole terms is who would be left without them
    near("left after two terms", survival(tables, 12), 0.95**12, 3 * math.sqrt(0.54 * 0.46 / ENTITIES))
    free = watched(made(tmp_path / "off", states=states, segment_variation=None))
    with pytest.raises(AssertionError, match=r"losses before the end of a term: estimate 0\.\d+, target 0\.1"):
        waits_are(free, 0.2, 6)


def back_is(tables: Tables, chance: float) -> None:
    """Returns per whole month lost."""
    back, months = tables.row(
        """select count(next), sum(datediff('month', since, coalesce(next, timestamp '2024-12-31 23:59:59'))) from
        (select state, changed_at as since, lead(changed_at) over (partition by user_id order by changed_at) as next
        from contract) where state = 'churned'"""
    )
    near("returns per month lost", back / months, chance, 3 * math.sqrt(chance * (1 - chance) / months))


def test_who_was_lost_may_come_back(tmp_path: Path) -> None:
    active = {"active": {"churned": 0.05}}
    on = made(tmp_path / "on", states={**active, "churned": {"active": 0.08}}, churn_states=["churned"])
    back_is(on, 0.08)
    off = made(tmp_path / "off", states={**active, "churned": {"active": 0.02}}, churn_states=["churned"])
    with pytest.raises(AssertionError, match=r"returns per month lost: estimate 0\.0[12]\d+, target 0\.0800"):
        back_is(off, 0.08)


# a rate that follows the state

VISITS = {
    "name": "visit",
    "parents": ["user"],
    "fanout": {"poisson": 3, "per": "month", "by_state": {"node": "contract", "factors": {"churned": 0.1}}},
    "columns": {"at": {"role": "time"}},
}


def rate_ratio_is(tables: Tables, target: float) -> None:
    """Visits per month of those who were lost, to those who were not, by the state at the time of the visit."""
    tables.database.execute(WATCHED)
    after, before, months_after, months_before = tables.row(
        """with v as (select count(*) filter (v.at >= w.lost) as after, count(*) as whole
             from visit v join watched w using (user_id)),
           m as (select sum(datediff('hour', coalesce(lost, timestamp '2025-01-01'), timestamp '2025-01-01')) as after,
             sum(datediff('hour', joined, coalesce(lost, timestamp '2025-01-01'))) as before from watched)
        select v.after, v.whole - v.after, m.after, m.before from v, m"""
    )
    ratio = (after / months_after) / (before / months_before)
    near("visits after the loss to before", ratio, target, 3 * target * math.sqrt(1 / after + 1 / before))
    average = before / months_before * 24 * 30.4375
    near("visits per month before the loss", average, 3.0, 3 * 3.0 / math.sqrt(before))


def test_visits_become_fewer_with_the_loss_of_the_contract(tmp_path: Path) -> None:
    def add(whole: dict[str, Any], node: dict[str, Any] = VISITS) -> None:
        whole["tables"].append(node)

    rate_ratio_is(made(tmp_path / "on", add, rows=2_000), 0.1)
    plain = copy.deepcopy(VISITS)
    del plain["fanout"]["by_state"]  # type: ignore[attr-defined]
    with pytest.raises(
        AssertionError, match=r"visits after the loss to before: estimate (0\.9|1\.)\d+, target 0\.1000"
    ):
        rate_ratio_is(made(tmp_path / "off", lambda whole: add(whole, plain), rows=2_000), 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("question", ["loss", "left"])
def test_estimates_of_all_sizes_agree(question: str, tmp_path: Path) -> None:
    """10 thousand, 51 thousand and a million entities: each pair within 2 standard errors of its difference."""
    found: dict[int, tuple[float, float]] = {}
    for rows in (10_000, 51_000, 1_000_000):
        tables = watched(written(document(rows, **segments()), tmp_path / str(rows), format="parquet", seed=5))
        if question == "loss":
            lost, months = exits(tables, "segment != 'vip'")
            found[rows] = lost / months, math.sqrt(0.03 * 0.97 / months)
        else:
            count = tables.value("select count(*) from watched where segment != 'vip'")
            found[rows] = survival(tables, 12, "segment != 'vip'"), math.sqrt(0.694 * 0.306 / count)
    for one in found:
        for other in found:
            (a, error_a), (b, error_b) = found[one], found[other]
            bound = 2 * math.hypot(error_a, error_b)
            near(f"{question} of {one:,} and {other:,} entities", a, b, bound)
