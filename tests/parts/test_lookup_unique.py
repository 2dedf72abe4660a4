"""`lookup` with `unique`: no row twice in the table, or below one row of an ancestor."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import chi_square, child, column, fails, law, refused, schema, table
from tests.parts.proofs import proof
from tests.parts.test_lookup_filtered import lookup
from tests.support import plan_of, table_of


def courses(rows: int = 12) -> dict[str, Any]:
    return table(
        "course",
        rows,
        column("level", {"choice": {"choices": ["first", "second"], "weights": [0.5, 0.5]}}),
        column("size", law("exponential", mean=1.0)),
        column("opens", {"datetime_series": {}}),
    )


def enrolments(
    fanout: Any = 5, rows: int = 12, *more: dict[str, Any], students: int = 400, **keys: Any
) -> dict[str, Any]:
    nullable = keys.pop("nullable", False)
    return schema(
        courses(rows),
        table("student", students, column("level", {"choice": {"choices": ["first", "second"]}})),
        child(
            "enrolment",
            "student",
            column("level", lookup("student.level")),
            column("at", {"datetime_series": {}}),
            column("course_id", lookup("course.course_id", **keys), nullable=nullable),
            *more,
            fanout=fanout,
        ),
    )


def repeats(document: dict[str, Any], by: str = "student_id") -> int:
    """Rows that take a course again below one row."""
    frame = table_of(plan_of(document), "enrolment").drop_nulls("course_id")
    return frame.height - frame.select(by, "course_id").unique().height


@proof("generator", "lookup")
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"weights": "size"},
        {"where": "candidate.opens > at", "else": None},
        {"weights": "zipf@1.1", "where": "candidate.opens > at", "else": None},
    ],
)
def test_no_course_twice_for_one_student(keys: dict[str, Any]) -> None:
    assert repeats(enrolments(unique="student", nullable="else" in keys, **keys)) == 0
    assert repeats(enrolments(nullable="else" in keys, **keys)) > 100


def test_every_set_of_courses_is_as_likely() -> None:
    frame = table_of(plan_of(enrolments(2, 5, students=8_000, unique="student")), "enrolment")
    pairs = frame.group_by("student_id", maintain_order=True).agg(pl.col("course_id"))["course_id"]
    codes = np.array([5 * (one[0] - 1) + one[1] - 1 for one in pairs.to_list()])
    counts = np.bincount(codes, minlength=25).reshape(5, 5)
    assert chi_square(counts[~np.eye(5, dtype=bool)], [8_000 / 20] * 20) > 1e-4


def test_a_student_may_take_all_there_are() -> None:
    for keys in ({}, {"weights": "size"}):
        frame = table_of(plan_of(enrolments(12, 12, unique="student", **keys)), "enrolment")
        assert (frame.group_by("student_id").agg(pl.col("course_id").n_unique())["course_id"] == 12).all()


def test_weighted_picks_without_repeats_follow_what_is_left() -> None:
    """P(first i, then j) = w_i/W * w_j/(W - w_i): sampling without replacement, one after the other."""
    plan = plan_of(enrolments(2, 4, students=20_000, unique="student", weights="zipf@1"))
    frame = table_of(plan, "enrolment")
    picked = frame["course_id"].to_numpy().reshape(-1, 2) - 1
    counts = np.bincount(4 * picked[:, 0] + picked[:, 1], minlength=16).reshape(4, 4)
    weight = 1 / np.arange(1, 5)
    chance = weight[:, None] / weight.sum() * weight[None, :] / (weight.sum() - weight)[:, None]
    off = ~np.eye(4, dtype=bool)
    assert chi_square(counts[off], 20_000 * chance[off]) > 1e-4
    assert chi_square(counts[off], [20_000 / 12] * 12) < 1e-9  # even chances would show


def test_inside_groups_and_with_conditions_on_the_candidate() -> None:
    inside = enrolments(3, 40, unique="student", same="level", where="candidate.size > 0.2")
    assert repeats(inside) == 0
    frame = table_of(plan_of(inside), "enrolment").join(
        table_of(plan_of(inside), "course"), on="course_id", suffix="_there"
    )
    assert (frame["level"] == frame["level_there"]).all()
    assert (frame["size"] > 0.2).all()


def test_rows_of_one_parent_may_look_into_several_groups() -> None:
    document = enrolments(6, 40, unique="student", same="mood")
    document["nodes"][0]["columns"].append(column("mood", {"choice": {"choices": ["x", "y"]}}))
    document["nodes"][2]["columns"].append(column("mood", {"choice": {"choices": ["x", "y"]}}))
    assert repeats(document) == 0


def test_below_an_ancestor_further_up() -> None:
    document = schema(
        courses(30),
        table("school", 50),
        child("student", "school", fanout={"poisson": 3.0}),
        child("enrolment", "student", column("school_id", lookup("school.school_id")), column("course_id", lookup("course.course_id", unique="school", **{"else": None}), nullable=True), fanout={"poisson": 4.0}),
    )  # fmt: skip
    plan = plan_of(document)
    frame = table_of(plan, "enrolment")
    taken = frame.drop_nulls("course_id")
    assert taken.select("school_id", "course_id").is_duplicated().sum() == 0
    assert taken.height > 400
    rows = frame.group_by("school_id").agg(pl.len(), taken=pl.col("course_id").count())
    assert (rows["taken"] == rows["len"].clip(upper_bound=30)).all()
    for size in (1, 7):
        assert table_of(plan, "enrolment", block_rows=size).equals(frame)


def test_unique_true_takes_every_row_once() -> None:
    badges = table("badge", 150, column("student_id", lookup("student.student_id", unique=True)))
    plan = plan_of(schema(table("student", 200), badges))
    assert table_of(plan, "badge")["student_id"].n_unique() == 150
    assert next(one for one in plan.constraints if one.text == "badge.student_id").status == "held"
    some = schema(
        table("student", 400, column("size", law("uniform", low=0, high=1))),
        table(
            "badge", 150, column("student_id", lookup("student.student_id", unique=True, where="candidate.size > 0.4"))
        ),
    )
    frame = table_of(plan_of(some), "badge").join(table_of(plan_of(some), "student"), on="student_id")
    assert frame["student_id"].n_unique() == 150
    assert (frame["size"] > 0.4).all()


def test_a_constraint_on_the_pair_is_held_by_construction() -> None:
    pair = {"unique": [["enrolment.student_id", "enrolment.course_id"]]}
    plan = plan_of({**enrolments(unique="student"), "constraints": pair})
    assert next(one for one in plan.constraints if "course_id" in one.text).status == "held"
    assert "expected" in refused({**enrolments(), "constraints": pair}, "unique.expected_duplicates").found


def test_too_few_candidates_are_refused_before_the_run_or_in_it() -> None:
    assert (
        "12 rows of course < up to 15 rows"
        in refused(enrolments(15, unique="student"), "unique.domain_too_small").found
    )
    told = fails(enrolments({"poisson": 9.0}, unique="student"), "enrolment", "lookup.no_candidate")
    assert "left for it" in told.found
    few = table("badge", 250, column("student_id", lookup("student.student_id", unique=True)))
    assert (
        "200 possible values < 250 rows" in refused(schema(table("student", 200), few), "unique.domain_too_small").found
    )


def test_what_cannot_be_combined_is_refused() -> None:
    assert "student" in refused(enrolments(unique="course"), "lookup.unique_of").expected
    document = schema(
        table("student", 200, column("size", law("uniform", low=0, high=1))),
        table("badge", 50, column("student_id", lookup("student.student_id", unique=True, weights="size"))),
    )
    assert "weights" in refused(document, "lookup.two_rules").found


@pytest.mark.parametrize("keys", [{}, {"weights": "size"}, {"same": "level"}])
def test_how_the_rows_are_cut_into_blocks_never_shows(keys: dict[str, Any]) -> None:
    plan = plan_of(enrolments({"poisson": 3.0}, 60, students=90, unique="student", **keys))
    whole = table_of(plan, "enrolment")
    for rows in (1, 7):
        assert table_of(plan, "enrolment", block_rows=rows).equals(whole)


def test_many_rows_of_one_parent_search_what_was_taken() -> None:
    document = enrolments(90, 100, students=5, unique="student", weights="size")
    assert repeats(document) == 0
