"""What an analyst asks of the school: who mentors whom, when exams are written, how they are graded."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.written import Tables, publish, share_error, written


def test_mentors_form_trees(school: Tables) -> None:
    """Following mentors upwards ends in a student without one, for every student."""
    reached, roots, later = school.row(
        """
        with recursive tree as (
            select student_id from student where mentor_id is null
            union all select s.student_id from student s join tree t on s.mentor_id = t.student_id
        )
        select (select count(*) from tree), (select count(*) from student where mentor_id is null),
            (select count(*) from student where mentor_id >= student_id)
        """
    )
    assert (reached, later) == (1200, 0)
    assert abs(roots / 1200 - 0.2) < share_error(0.2, 1200)


def test_exams_are_written_on_weekday_mornings_and_afternoons(school: Tables) -> None:
    weekend, lunch, rows, tuesday, grid = school.row(
        """
        select count(*) filter (isodow(taken_at) > 5), count(*) filter (hour(taken_at) not in (8, 9, 10, 11, 13, 14, 15)),
            count(*), avg((isodow(taken_at) = 2)::int), count(*) filter (minute(taken_at) % 30 != 0)
        from exam
        """
    )
    assert (weekend, lunch, grid) == (0, 0, 0)
    share = 1.2 / 5.2
    assert abs(tuesday - share) < share_error(share, rows) + 0.01  # days of a month differ: a hundredth


def test_june_is_the_month_of_exams(school: Tables) -> None:
    weights = {9: 0.3, 10: 1, 11: 1, 12: 1.5, 1: 1.5, 2: 1, 3: 1, 4: 1, 5: 2, 6: 3}
    days = dict(
        school.rows(
            """
            select month(day), sum([1, 1.2, 1.2, 1.2, 0.6, 0, 0][isodow(day)])
            from generate_series('2023-09-01'::timestamp, '2024-06-30'::timestamp, interval 1 day) t(day) group by 1
            """
        )
    )
    whole = sum(weights[month] * float(count) for month, count in days.items())
    rows, found = school.value("select count(*) from exam"), school.shares("exam", "month(taken_at)")
    for month, count in days.items():
        share = weights[month] * float(count) / whole
        assert abs(found[month] - share) < share_error(share, rows)


def test_grades_follow_from_scores(school: Tables) -> None:
    bounds = {"A": (80, 100), "B": (65, 79), "C": (50, 64), "D": (40, 49), "F": (0, 39)}
    found = {
        grade: (low, high)
        for grade, low, high in school.rows("select grade, min(score), max(score) from exam group by 1")
    }
    assert found.keys() == bounds.keys()
    assert all(bounds[grade][0] <= low <= high <= bounds[grade][1] for grade, (low, high) in found.items())


def test_marking_is_stricter_while_a_term_ends(school: Tables) -> None:
    """Scores inside a window, against those outside of all windows, are lower by the strictness of the first window."""
    answers = school.rows(
        """
        with marked as (
            select score, (select arg_min(strictness, term_id) from term where taken_at between start_at and end_at) as strictness
            from exam
        )
        select strictness, avg(score) / (select avg(score) from marked where strictness is null), count(*)
        from marked where strictness is not null group by 1
        """
    )
    assert sum(rows for _, _, rows in answers) > 1_000
    for strictness, found, rows in answers:
        # a score's standard deviation is 0.22 of its mean; several exams of one enrolment share its talent (3 at most
        # count as one); marks above 100 are cut, which is 0.002
        assert abs(found - strictness) < 4 * 0.22 * math.sqrt(3 / rows) + 0.002


def test_talent_shows_in_all_exams_of_an_enrolment(school: Tables) -> None:
    inside, between = school.row(
        """
        select avg(spread), var_samp(mean) from (
            select var_samp(score) as spread, avg(score) as mean from exam group by enrolment_id having count(*) >= 3)
        """
    )
    assert abs(inside - 64) < 8  # jitter of 8 points, somewhat less where strictness scales it or 100 cuts it
    assert between > 100  # 12 points of talent, and the noise of the mean


def test_students_take_five_to_eight_subjects(school: Tables) -> None:
    counts = dict(
        school.rows("select n, count(*) from (select count(*) as n from enrolment group by student_id) group by 1")
    )
    assert set(counts) == {5, 6, 7, 8}
    assert all(abs(count / 1200 - 0.25) < share_error(0.25, 1200) for count in counts.values())


def test_enrolments_carry_the_subject_of_their_teacher_and_its_hours(school: Tables) -> None:
    wrong = """
        select count(*) from enrolment e join teacher t using (teacher_id) join subject s on s.value = e.subject
        where e.subject != t.subject or e.hours != s.hours
    """
    assert school.value(wrong) == 0
    assert school.value("select count(*) from enrolment join teacher using (teacher_id)") == school.value(
        "select count(*) from enrolment"
    )


def test_an_exact_share_of_exams_is_handed_in_early(school: Tables, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Told by a second run without them, in which nothing else moves."""
    whole = tmp_path_factory.mktemp("whole") / "data"
    publish("school", whole, "csv", sets=[("nodes.exam.columns.minutes.modifiers", [])])
    rows, early, least, most = school.add(whole, "whole_").row(
        """
        select count(*), count(*) filter (e.minutes != w.minutes),
            min(w.minutes / (e.minutes - 0.5)) filter (e.minutes != w.minutes),
            max(w.minutes / (e.minutes + 0.5)) filter (e.minutes != w.minutes)
        from exam e join whole_exam w using (exam_id)
        """
    )
    assert early == math.floor(rows * 0.02 + 0.5)
    assert least > 1.9
    assert most < 4.2  # divided by 1 + m, m from 1 to 3, rounded to whole minutes


def test_two_codes_of_lunch_are_written_out(school: Tables) -> None:
    found = school.shares("student", "lunch")
    assert set(found) == {"paid", "free"}
    assert abs(found["free"] - 0.25) < share_error(0.25, 1200)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The school without any of what the questions below ask for."""
    return written(
        "school",
        tmp_path_factory.mktemp("plain") / "data",
        "parquet",
        sets=[
            ("nodes.student.columns.mentor_id.generator.lookup.root_share", 0.5),
            ("nodes.exam.columns.taken_at.modifiers", []),
            ("nodes.exam.columns.taken_at.generator.datetime_series.pattern", None),
            ("nodes.exam.columns.score.modifiers[1].map.field", "term_id"),
            ("nodes.enrolment.columns.talent.generator.distribution", {"type": "constant", "params": {"value": 66}}),
            ("nodes.enrolment.fanout", {"distribution": "poisson", "lambda": 6}),
            ("nodes.student.columns.lunch.generator.choice.weights", [0.5, 0.5]),
        ],
    )


@pytest.mark.parametrize(
    "question",
    [
        test_mentors_form_trees,
        test_exams_are_written_on_weekday_mornings_and_afternoons,
        test_june_is_the_month_of_exams,
        test_marking_is_stricter_while_a_term_ends,
        test_talent_shows_in_all_exams_of_an_enrolment,
        test_students_take_five_to_eight_subjects,
        test_two_codes_of_lunch_are_written_out,
    ],
)
def test_the_answer_is_no_where_it_is_not_declared(question: Callable[[Tables], None], plain: Tables) -> None:
    with pytest.raises(AssertionError):
        question(plain)
