"""What an analyst asks of the clinic: who comes when, how long it takes, whether the invoices add up, who is called what."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.written import Tables, share_error, written

ACCENTS = "[áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ]"


def test_invoices_add_up_to_fee_and_labour(clinic: Tables) -> None:
    rows, total, labour, pays = clinic.row(
        """
        select count(*), max(abs(total - fee - labour)), max(abs(labour - minutes / 60 * hourly_rate)),
            max(abs(patient_pays - total * if(insured, 0.2, 1)))
        from invoice join visit using (visit_id) join doctor using (doctor_id) join patient using (patient_id)
        """
    )
    assert rows == clinic.value("select count(*) from visit")  # one invoice each, none lost on the way
    assert max(total, labour, pays) < 0.005 + 1e-9  # cents


def test_a_visit_at_night_costs_half_as_much_again(clinic: Tables) -> None:
    asked = "select at_night, min(fee), max(fee) from invoice join visit using (visit_id) group by 1 order by 1"
    assert clinic.rows(asked) == [(False, 85, 85), (True, 128, 128)]  # 127.5, rounded


def test_night_is_before_seven_and_from_eight_on(clinic: Tables) -> None:
    asked = "select bool_and(at_night = (hour(started_at) not between 7 and 19)), avg(at_night::int) from visit"
    fits, share = clinic.row(asked)
    weights = [0.1] * 6 + [0.2, 1, 4, 6, 6, 5, 2, 4, 5, 5, 4, 2, 1, 0.3, 0.2, 0.1, 0.1, 0.1]
    night = (sum(weights[:7]) + sum(weights[20:])) / sum(weights)
    assert fits
    assert abs(share - night) < share_error(night, clinic.value("select count(*) from visit"))


def test_mondays_are_the_busiest_days(clinic: Tables) -> None:
    weights = [1.4, 1.1, 1, 1, 0.9, 0.3, 0.2]
    counts = [53, 53, 52, 52, 52, 52, 52]  # days of 2024 by weekday
    whole = sum(weight * count for weight, count in zip(weights, counts, strict=True))
    rows, found = clinic.value("select count(*) from visit"), clinic.shares("visit", "isodow(started_at)")
    for day in range(1, 8):
        share = weights[day - 1] * counts[day - 1] / whole
        # 5 standard errors: a patient's first day moves the odds of weekdays a little
        assert abs(found[day] - share) < share_error(share, rows, 5)


def test_nothing_happens_in_the_wrong_order(clinic: Tables) -> None:
    early, short, unbilled, unpaid, unfiled = clinic.row(
        """
        select count(*) filter (started_at < registered_at), count(*) filter (ended_at - started_at != to_minutes(minutes)),
            count(*) filter (issued_at < ended_at), count(*) filter (paid_at <= issued_at or (paid_at is null) = paid),
            (select count(*) from complaint join visit using (visit_id) where filed_at < ended_at)
        from invoice join visit using (visit_id) join patient using (patient_id)
        """
    )
    assert (early, short, unbilled, unpaid, unfiled) == (0, 0, 0, 0, 0)


def test_visits_take_as_long_as_their_department_plans(clinic: Tables) -> None:
    for planned, mean, rows in clinic.rows(
        """
        select visit_minutes, avg(minutes), count(*)
        from visit join department on code = department group by all
        """
    ):
        # gamma of shape 6; 5 minutes at least lifts the mean of the shortest by less than 0.1
        assert abs(mean - planned) < 4 * planned / math.sqrt(6 * rows) + 0.1
    wrong = "select count(*) from visit v join doctor d using (doctor_id) where v.department != d.department"
    assert clinic.value(wrong) == 0


def test_names_fit_the_country_of_the_patient(clinic: Tables) -> None:
    """Nearly all Czech names have an accent and most women's end in -á; hardly a British one has any."""
    found = {
        country: (accents, endings)
        for country, accents, endings in clinic.rows(
            f"""
            select country, avg(regexp_matches(name, '{ACCENTS}')::int), avg((name like '%á')::int) from patient group by 1
            """
        )
    }
    assert found["CZ"][0] > 0.6
    assert 0.35 < found["CZ"][1] < 0.6  # half of all patients are women
    assert found["GB"][0] < 0.01
    assert found["DE"][1] < 0.01


def test_a_few_patients_come_very_often(clinic: Tables) -> None:
    patients = "select patient_id, count(visit_id) as n from patient left join visit using (patient_id) group by 1"
    rows, mean, variance, never = clinic.row(
        f"select count(*), avg(n), var_samp(n), avg((n = 0)::int) from ({patients})"
    )
    expected = 2.4 + 2.4**2 / 0.8  # negative binomial
    assert abs(mean - 2.4) < 4 * math.sqrt(expected / rows)
    assert abs(variance - expected) < 0.2 * expected  # its standard error is 4 % with these tails
    share = (0.8 / (0.8 + 2.4)) ** 0.8
    assert abs(never - share) < share_error(share, rows)


def test_prescriptions_are_numbered_within_the_visit(clinic: Tables) -> None:
    wrong = clinic.value(
        """
        select count(*) from (
            select count(*) = max(line) and min(line) = 1 and min(of_lines) = max(line) and max(of_lines) = max(line)
                and count(distinct line) = count(*) as fits
            from prescription group by visit_id) where not fits
        """
    )
    assert wrong == 0
    rows = clinic.value("select count(*) from visit")
    counts = dict(
        clinic.rows(
            """
            select n, count(*) from (select count(prescription_id) as n from visit left join prescription using (visit_id)
            group by visit_id) group by 1
            """
        )
    )
    assert set(counts) == {0, 1, 2, 3}
    assert all(abs(count / rows - 0.25) < share_error(0.25, rows) for count in counts.values())


def test_medicines_follow_zipf_and_keep_their_price(clinic: Tables) -> None:
    names = ["amoxicillin", "ibuprofen", "paracetamol", "metoprolol", "morphine"]
    weights = [k**-0.8 for k in range(1, 6)]
    rows, found = clinic.value("select count(*) from prescription"), clinic.shares("prescription", "medicine")
    for name, weight in zip(names, weights, strict=True):
        assert abs(found[name] - weight / sum(weights)) < share_error(weight / sum(weights), rows)
    wrong = """
        select count(*) from prescription p join medicine m using (medicine)
        where p.price != m.price or abs(cost - p.price * packs) > 0.005
    """
    assert clinic.value(wrong) == 0


def test_only_the_insured_have_a_number(clinic: Tables) -> None:
    wrong = """
        select count(*) from patient where (insurance_number is not null) != insured
        or not coalesce(regexp_full_match(insurance_number, '[A-Za-z]{2}-[0-9]{8}'), true)
    """
    assert clinic.value(wrong) == 0
    assert abs(clinic.value("select avg(insured::int) from patient") - 0.92) < share_error(0.92, 4_000)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The clinic without any of what the questions below ask for."""
    return written(
        "clinic",
        tmp_path_factory.mktemp("plain") / "data",
        sets=[
            ("night_fee", 85),
            ("tables.visit.columns.started_at.datetime_series.pattern", None),
            ("tables.visit.columns.minutes.gamma.mean", 20),
            ("tables.patient.columns.name.faker.locale_from", None),
            ("tables.visit.fanout", {"poisson": 2.4}),
            ("tables.prescription.columns.medicine.weights_kind", "uniform"),
            ("tables.invoice.columns.total.expression", "fee"),
            ("constraints.inequalities", []),
        ],
    )


@pytest.mark.parametrize(
    "question",
    [
        test_invoices_add_up_to_fee_and_labour,
        test_a_visit_at_night_costs_half_as_much_again,
        test_mondays_are_the_busiest_days,
        test_nothing_happens_in_the_wrong_order,
        test_visits_take_as_long_as_their_department_plans,
        test_names_fit_the_country_of_the_patient,
        test_a_few_patients_come_very_often,
        test_medicines_follow_zipf_and_keep_their_price,
    ],
)
def test_the_answer_is_no_where_it_is_not_declared(question: Callable[[Tables], None], plain: Tables) -> None:
    with pytest.raises(AssertionError):
        question(plain)
