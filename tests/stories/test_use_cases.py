"""Eight documents of several fields, each with the question that its analyst asks of the CSV files; without what the document
plants, the same question has another answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.written import Tables, share_error, written

CASES = Path(__file__).parent / "use_cases"
ERRORS = 4.0  # standard errors: one true answer in 16,000 lies further off


def near(what: str, estimate: float, target: float, bound: float) -> None:
    assert abs(estimate - target) <= bound, f"{what}: estimate {estimate:.4g}, target {target:.4g}"


def pumps_fail_more_often_as_they_age(tables: Tables) -> None:
    """Failures per pump and year of age: in the fifth year three times those of the first."""
    counts = dict(
        tables.rows(
            """
            select floor(date_diff('second', installed_on, failed_at) / (365.25 * 86400))::int as age, count(*)
            from failures join pumps using (pumps_id)
            where installed_on < timestamp '2020-01-01' group by 1
            """  # all of them are seen for five years
        )
    )
    for age, factor in enumerate([1, 1.2, 1.6, 2.2, 3]):
        # two Poisson counts; those of acid are in both alike
        error = factor * math.sqrt(1 / counts[age] + 1 / counts[0])
        near(f"failures in year {age} against year 0", counts[age] / counts[0], factor, ERRORS * error + 1e-9)


def two_thirds_go_into_remission_and_a_third_of_those_relapse(tables: Tables) -> None:
    for stage, then, target in (("treatment", "remission", 0.65), ("remission", "treatment", 0.30)):
        estimate, n = tables.row(
            f"""
            with stay as (select stage, lead(stage) over (partition by patients_id order by happened_at) as led
                from course where event_type = 'entered')
            select count(*) filter (led = '{then}') / count(*), count(*) from stay where stage = '{stage}' and led is not null
            """
        )
        # stays that the end cuts off are as likely to lead here as there
        near(f"share of {stage} that leads to {then}", estimate, target, share_error(target, n))
    median, n = tables.row(
        """
        with stay as (select stage, happened_at as begun, lead(happened_at) over (partition by patients_id order by happened_at) as ended
            from course where event_type = 'entered')
        select median(coalesce(epoch(ended - begun) / 86400, 9999)), count(*) from stay
        where stage = 'treatment' and begun < timestamp '2024-06-01'
        """
    )
    near("median days of treatment", median, 86.68, 0.05 * 86.68)  # of a gamma with shape 9 and mean 90; 5 %


def prime_is_approved_most_often(tables: Tables) -> None:
    odds = 0.6 / 0.4
    for band, factor in (("prime", 3.0), ("near_prime", 1.0), ("subprime", 0.4)):
        target = factor * odds / (1 + factor * odds)
        estimate, n = tables.row(
            f"""
            with passed as (select applications_id, bool_or(step = 'approved') as approved
                from steps join applications using (applications_id) where score_band = '{band}' group by 1)
            select avg(approved::int), count(*) from passed
            """
        )
        near(f"share of {band} that is approved", estimate, target, share_error(target, n))


def citations_halve_in_three_years(tables: Tables) -> None:
    """The logarithm of citations per year of age falls by 0.25 a year."""
    counts = tables.rows(
        """
        select floor(date_diff('second', published_on, cited_at) / (365.25 * 86400))::int as age, count(*)
        from citations join papers using (papers_id) group by 1 having age < 8 order by 1
        """
    )
    weights = [float(n) for _, n in counts]
    centre = sum(w * age for w, (age, _) in zip(weights, counts, strict=True)) / sum(weights)
    spread = sum(w * (age - centre) ** 2 for w, (age, _) in zip(weights, counts, strict=True))
    slope = sum(w * (age - centre) * math.log(n) for w, (age, n) in zip(weights, counts, strict=True)) / spread
    near("yearly change of the logarithm of citations", slope, -0.25, ERRORS / math.sqrt(spread) + 1e-9)


def devices_are_online_ten_hours_in_eleven(tables: Tables) -> None:
    """The share of time online, the mean outage in hours, and no heartbeat in any."""
    online, outage, n = tables.row(
        """
        with stay as (select status, changed_at,
                lead(changed_at) over (partition by devices_id order by changed_at) as until from link)
        select sum(epoch(coalesce(until, timestamp '2024-07-01') - greatest(changed_at, timestamp '2024-06-06')))
                filter (status = 'online' and coalesce(until, timestamp '2024-07-01') > timestamp '2024-06-06') / (500 * 25 * 86400),
            avg(epoch(until - changed_at) / 3600) filter (status = 'offline' and changed_at < timestamp '2024-06-25'),
            count(*) filter (status = 'offline' and changed_at < timestamp '2024-06-25')
        from stay
        """
    )
    target = 0.2 / 0.22
    # a chain that forgets at 0.22 an hour: 500 devices × 600 hours hold (1 - 0.78) / (1 + 0.78) as many independent ones
    near("share of time online", online, target, share_error(target, 500 * 600 * 0.22 / 1.78))
    near(
        "mean hours of an outage", outage, 5.0, ERRORS * math.sqrt(20) / math.sqrt(n)
    )  # of a geometric with chance 0.2
    quiet, beats = tables.row(
        """
        with heard as (select status, received_at from heartbeats asof join link
            on heartbeats.devices_id = link.devices_id and received_at >= changed_at)
        select count(*) filter (status = 'offline'), count(*) from heard
        """
    )
    assert (quiet, beats > 100_000) == (0, True), f"heartbeats while offline: estimate {quiet}, target 0"


def members_leave_when_their_year_ends(tables: Tables) -> None:
    off_term, gone = tables.row(
        """
        select count(*) filter (date_sub('month', joined_on, since) % 12 != 11), count(*)
        from membership join members using (members_id) where state = 'cancelled'
        """
    )
    near("share of leavers in the midst of their year", off_term / gone, 0.0, 0.0)
    for tariff, monthly in (("single", 0.03), ("family", 0.015)):
        target = (1 - monthly) ** 12
        estimate, n = tables.row(
            f"""
            with first as (select members_id, min(since) filter (state = 'cancelled') as left_on, min(since) as joined
                from membership join members using (members_id) where tariff = '{tariff}' group by 1)
            select avg((left_on is null or left_on > joined + interval 14 month)::int), count(*) from first
            """
        )
        near(f"share of {tariff} that renews after the first year", estimate, target, share_error(target, n))


def infections_grow_then_peak_then_stop(tables: Tables) -> None:
    """Peak of new cases ln(q / p) / (p + q) = 29.9 days on, growth of 20 % a day before, two thirds in the end."""
    share = tables.value("select count(*) / (select count(*) from residents) from infections")
    near("share infected in the end", share, 0.66, share_error(0.66, 20_000))
    half, n = tables.row(
        """
        select (median(epoch(infected_at)) - epoch(timestamp '2024-01-01')) / 86400, count(*) from infections
        """
    )
    p, q = 0.0005, 0.2
    target = math.log(2 + q / p) / (p + q)  # F(t) = 1/2
    density = (p + q / 2) / 2
    near("day on which half of the cases have come", half, target, ERRORS * 0.5 / math.sqrt(n) / density)
    early, late = tables.row(
        """
        select count(*) filter (day < 10), count(*) filter (day between 10 and 19) from
            (select date_diff('day', timestamp '2024-01-01', infected_at) as day from infections)
        """
    )

    def by(day: float) -> float:
        return (1 - math.exp(-(p + q) * day)) / (1 + q / p * math.exp(-(p + q) * day))

    growth = (by(20) - by(10)) / by(10)
    bound = ERRORS * growth * math.sqrt(1 / early + 1 / late)
    near("cases of the second ten days against the first", late / early, growth, bound)


def an_infection_runs_along_contacts(tables: Tables) -> None:
    """Of contacts from an infected to a healthy person a fifth infect him within the next day."""
    trials = tables.rows(
        """
        with exposed as (
            select c.target, i.infected_at + interval 1 day as due, count(*) as contacts
            from contacts c join infections i on i.residents_id = c.source group by all)
        select contacts, coalesce(i.infected_at = due, false), count(*)
        from exposed left join infections i on i.residents_id = target
        where due < timestamp '2024-03-01' and (i.infected_at is null or i.infected_at >= due) group by all
        """
    )
    low, high = 0.0, 1.0
    for _ in range(50):  # the chance whose expected infections are those that came
        p = (low + high) / 2
        over = sum(n * (int(hit) - (1 - (1 - p) ** m)) for m, hit, n in trials)
        low, high = (p, high) if over > 0 else (low, p)
    # Fisher's information of a trial with m contacts; one of infection is m (1 - p)^(m - 1) away in probability
    known = sum(n * (m * (1 - p) ** (m - 1)) ** 2 / ((1 - (1 - p) ** m) * (1 - p) ** m) for m, _, n in trials)
    near("chance per contact", p, 0.2, ERRORS / math.sqrt(known))
    first, later = tables.row(
        """
        select count(*) filter (infected_at = timestamp '2024-01-01'), count(*) filter (infected_at > timestamp '2024-01-01')
        from infections
        """
    )
    assert first == 10
    assert later > 1000


# document -> its question, what to change in it for the twin, and what the twin's answer begins with
QUESTIONS: dict[str, tuple[Callable[[Tables], None], str, str, str]] = {
    "ageing_equipment": (
        pumps_fail_more_often_as_they_age, "[1, 1.2, 1.6, 2.2, 3]", "[1, 1, 1, 1, 1]", "failures in year [1-4] against year 0",
    ),
    "clinical_stages": (
        two_thirds_go_into_remission_and_a_third_of_those_relapse,
        "{remission: 65%, progression: 35%}", "{remission: 50%, progression: 50%}", "share of treatment that leads to remission",
    ),
    "loan_approval": (
        prime_is_approved_most_often,
        "segment_variation: {prime: {transition_multiplier: 3}, subprime: {transition_multiplier: 0.4}}\n      multiplier_mode: odds",
        "censor: drop", "share of prime that is approved: estimate 0.[56]",
    ),
    "citation_decay": (
        citations_halve_in_three_years, "b: -0.25", "b: 0.0", "yearly change of the logarithm of citations: estimate -?0.0",
    ),
    "device_connectivity": (
        devices_are_online_ten_hours_in_eleven, ", by_state: {node: link, factors: {offline: 0}}", "", "heartbeats while offline",
    ),
    "membership_renewal": (
        members_leave_when_their_year_ends, "      term: 12\n", "", "share of leavers in the midst of their year: estimate 0.[89]",
    ),
    "disease_spread": (
        infections_grow_then_peak_then_stop, "p: 0.0005, q: 0.2", "p: 0.03, q: 0.0", "day on which half of the cases have come",
    ),
    "contact_tracing": (
        an_infection_runs_along_contacts, "p: 20%", "p: 35%", "chance per contact: estimate 0.3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_analyst_finds_what_the_document_plants(name: str, tmp_path: Path) -> None:
    text = (CASES / f"{name}.yaml").read_text()
    assert 15 <= len(text.splitlines()) <= 40
    QUESTIONS[name][0](written(CASES / f"{name}.yaml", tmp_path / "data"))


@pytest.mark.parametrize("name", QUESTIONS)
def test_without_it_the_answer_is_another(name: str, tmp_path: Path) -> None:
    ask, planted, instead, match = QUESTIONS[name]
    text = (CASES / f"{name}.yaml").read_text()
    assert planted in text
    twin = tmp_path / f"{name}.yaml"
    twin.write_text(text.replace(planted, instead))
    tables = written(twin, tmp_path / "data")
    with pytest.raises(AssertionError, match=match):
        ask(tables)
