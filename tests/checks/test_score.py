"""The quality score is the sum that it says it is."""

from __future__ import annotations

import pytest

from datagen.checks.chance import Figure, Point, errors_allowed, judged
from datagen.checks.result import Result, closeness, ruled
from datagen.checks.score import score_of


def check(group: str, score: float | None, *, structural: bool = False) -> Result:
    return Result("law.shape", group, "a.b", "it is so", score, structural=structural)  # type: ignore[arg-type]


def test_groups_count_as_declared() -> None:
    groups = {"constraints": 1.0, "behaviour": 0.5, "statistics": 0.0, "relations": 1.0}
    score = score_of([check(group, value) for group, value in groups.items()])
    assert score.total == 100 * (0.45 + 0.25 * 0.5 + 0.10)
    assert [part.points for part in score.parts] == pytest.approx([45, 12.5, 0, 10])


def test_a_group_is_the_mean_of_the_checks_that_can_be_judged() -> None:
    score = score_of([check("constraints", 1.0), check("constraints", 0.0), check("constraints", None)])
    assert score.parts[0].checks == 2
    assert score.total == 50.0


def test_the_weight_of_an_empty_group_goes_to_the_others() -> None:
    score = score_of([check("constraints", 1.0), check("relations", 0.0), check("behaviour", None)])
    assert score.total == round(100 * 0.45 / 0.55, 1)
    assert [part.share for part in score.parts] == pytest.approx([0.45 / 0.55, 0, 0, 0.10 / 0.55])
    assert "its weight goes to the others" in score.lines()[1]


def test_a_broken_structure_caps_the_sum_at_50() -> None:
    results = [check("constraints", 1.0) for _ in range(99)] + [check("constraints", 0.9, structural=True)]
    score = score_of(results)
    assert (score.total, score.capped) == (50.0, True)
    assert "capped at 50" in score.lines()[-1]
    assert score_of([*results[:-1], check("constraints", 0.9)]).total == 99.9


def test_one_broken_row_among_millions_never_rounds_to_100() -> None:
    score = score_of([ruled("value.range", "constraints", "a.b", "", broken=1, rows=10**9)] * 2)
    assert score.total == 99.9


def test_the_lines_add_up_to_the_total() -> None:
    score = score_of([check("constraints", 0.97), check("behaviour", 0.31), check("relations", 1.0)])
    told = [float(line.split("=")[1].split()[0]) for line in score.lines() if "=" in line]
    assert sum(told) == pytest.approx(score.total, abs=0.05)


def test_a_broken_rule_is_worth_nothing_from_one_row_in_a_hundred() -> None:
    def worth(broken: int, **more: float) -> float:
        score = ruled("value.range", "constraints", "a.b", "", broken=broken, rows=1_000, **more).score
        assert score is not None
        return score

    assert [worth(0), worth(5), worth(10), worth(900)] == pytest.approx([1.0, 0.5, 0.0, 0.0])
    assert worth(25, allowed=20.0) == pytest.approx(0.5)
    assert ruled("value.range", "constraints", "a.b", "", broken=0, rows=0).score == 1.0


def test_a_missed_value_is_worth_nothing_from_three_tolerances() -> None:
    assert [closeness(off, 2.0) for off in (0, 2, 4, 6, 9)] == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert closeness(0.1, 0.0) == 0.0


def test_figures_may_be_off_by_so_many_errors_that_a_thousand_sound_runs_alarm_once() -> None:
    # Bonferroni: 600 tails of 1.67e-6 each; the normal has that beyond 4.65
    assert errors_allowed(300) == pytest.approx(4.65, abs=0.01)
    assert errors_allowed(3) == errors_allowed(300)
    assert errors_allowed(3_000) == pytest.approx(5.10, abs=0.01)


def test_a_figure_is_judged_by_its_worst_point_and_the_wider_of_two_tolerances() -> None:
    def one(*points: Point) -> Result:
        [result] = judged([Figure("law.shape", "statistics", "a.b", "a share", points, practice="of no consequence")])
        return result

    by_chance = one(Point(1.0, 1.0, 0.1), Point(1.5, 1.0, 0.1, 0.2, "the second"))
    assert by_chance.tolerance == pytest.approx(0.465, abs=0.001)
    assert by_chance.about == "a share (the second)"
    assert by_chance.reason.startswith("4.6 standard errors")
    assert not by_chance.passed
    practical = one(Point(1.5, 1.0, 0.1, 0.6))
    assert practical.passed
    assert practical.reason == "of no consequence"
    assert one().score is None
    # a ratio that is twice as large is as near as one that is half as large: exp(4.65 x 0.2) = 2.53
    assert one(Point(2.5, 1.0, 0.2, ratio=True)).passed
    assert not one(Point(2.6, 1.0, 0.2, ratio=True)).passed
    assert not one(Point(2.5, 1.0, 0.2)).passed
    assert one(Point(float("nan"), 1.0, 0.1)).score is None
