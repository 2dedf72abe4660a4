"""What the plan of a shipped data set expects is what its runs have, also where rows hang on what other columns hold."""

from __future__ import annotations

import pytest

from datagen import api
from datagen.engine.run import Run


def expected(name: str) -> dict[str, float]:
    return {table.id: table.expected_rows for table in api.prepare(name).bind().tables.values()}


def test_course_churn_expects_the_events_that_its_rules_give() -> None:
    rows = expected("course_churn")
    # worked out from the rules of the description: 473 thousand without enrolments
    assert rows["events"] - rows["enrollment"] == pytest.approx(473_000, rel=0.01)


@pytest.mark.parametrize(
    ("name", "seeds", "per", "tables"),
    [
        # (rows per what, so that the luck of few accounts falls out)
        ("course_churn", 3, "user_day", ["session", "events", "events:session_video_watch", "events:payment"]),
        ("worktrack", 3, "tasks", ["events", "events:work", "events:tasks_blocker_resolved"]),
        pytest.param("tapflow", 2, "users", ["user_days", "feature_usage"], marks=pytest.mark.slow),
    ],
)
def test_rows_come_as_expected_over_seeds(name: str, seeds: int, per: str, tables: list[str]) -> None:
    wanted = expected(name)
    found = dict.fromkeys([per, *tables], 0)
    for seed in range(seeds):
        run = Run(api.prepare(name, seed=seed).bind(look=False))
        for table in found:
            found[table] += run.total(table)
    for table in tables:
        ratio, target = found[table] / found[per], wanted[table] / wanted[per]
        # 1 % for what is expected, and 4 standard errors of so many rows, which go by threes and fours
        chance = 4 * (3 / found[table]) ** 0.5
        assert abs(ratio / target - 1) < 0.01 + chance, f"{table}: {ratio:.4f} per {per}, target {target:.4f}"


def test_what_hangs_on_exact_totals_is_told_for_the_seed() -> None:
    """Who has the 25,000 devices is a fact of a run: the plan looks at the run's own, and knows their pours."""
    plan = api.prepare("tapflow", seed=5).bind()
    rows = Run(api.prepare("tapflow", seed=5).bind(look=False)).total("tap_events")
    assert plan.tables["tap_events"].expected_rows == pytest.approx(rows, rel=0.01)
