"""Lives in stages found again in the files: who is where when, how long stays last, how often things happen in each."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.written import Tables, written

MEDIANS = {"new": 30.0, "used": 90.0, "worn": 50.0 * math.log(2)}  # days
RATES = {"new": 0.2, "used": 0.1, "worn": 1.0}
SHARE, DURATION = 0.02, 0.05  # points, and part of the median
LIFE: dict[str, Any] = {
    "stages": {
        "new": {
            "duration": {"lognormal": {"median": "30d", "sigma": 0.4}},
            "exit_probability": "80%",
            "events_during_stage": {"event_types": {"fault": 3, "reset": 1}, "rate": 0.2},
        },
        "used": {
            "duration": {"lognormal": {"median": "90d", "sigma": 0.3}},
            "events_during_stage": {"event_types": ["inspection"], "frequency": "low"},
        },
        "worn": {
            "duration": {"exponential": {"mean": "50d"}},
            "next_stages": {"used": "50%", "exited": "50%"},
            "events_during_stage": {"event_types": ["fault", "inspection"], "frequency": "high"},
        },
    }
}
# share of the entities by stage so many days after each began: by simulating 4 million lives with numpy's own samplers
SHARES = {
    30: {"new": 0.5004, "used": 0.3998, "worn": 0.0, "exited": 0.0998},
    90: {"new": 0.003, "used": 0.7217, "worn": 0.0692, "exited": 0.2061},
    180: {"new": 0.0, "used": 0.2755, "worn": 0.2808, "exited": 0.4438},
    360: {"new": 0.0, "used": 0.1344, "worn": 0.1114, "exited": 0.7542},
}


def document(rows: int = 4_000, life: dict[str, Any] = LIFE) -> dict[str, Any]:
    return {
        "timeframe": {"start": "2023-01-01", "end": "2025-12-31"},
        "tables": [
            {
                "name": "machines",
                "rows": rows,
                "columns": {"installed_at": {"datetime_series": {"within": {"start": "2023-01-01", "end": "2024-12-31"}}, "role": "created"}},
            },
            {"name": "life", "parents": ["machines"], "lifecycle_model": life},
        ],
    }  # fmt: skip


def stays(tables: Tables) -> None:
    """A view of stays: when each began and ended."""
    tables.database.execute(
        """
        create or replace view stay as
        select machines_id, stage_name, event_timestamp as begun,
            lead(event_timestamp) over (partition by machines_id order by event_timestamp, life_id) as ended
        from life where event_type = 'entered'
        """
    )


def shares_found(tables: Tables, day: int) -> dict[str, float]:
    """The share of the machines in each stage so many days after each was installed."""
    rows = tables.rows(
        f"""
        select stage_name, count(*) / (select count(*) from machines) from stay join machines using (machines_id)
        where begun <= installed_at + to_days({day}) and coalesce(ended, timestamp '9999-01-01') > installed_at + to_days({day})
        group by 1
        """
    )
    return {stage: float(share) for stage, share in rows}


def check_shares(tables: Tables) -> None:
    stays(tables)
    n = tables.value("select count(*) from machines")
    for day, targets in SHARES.items():
        found = shares_found(tables, day)
        for stage, target in targets.items():
            # 2 points, or 3 standard errors of a small data set
            bound = max(SHARE, 3 * (target * (1 - target) / n) ** 0.5)
            estimate = found.get(stage, 0.0)
            assert abs(estimate - target) <= bound, (
                f"share in {stage} on day {day}: estimate {estimate:.4f}, target {target}"
            )


def check_medians(tables: Tables) -> None:
    """Of stays that began a year before the end at least; nearly all of them are over, those that are not are long."""
    stays(tables)
    for stage, target in MEDIANS.items():
        estimate, n = tables.row(
            f"""
            select median(coalesce(epoch(ended - begun) / 86400, 9999)), count(*)
            from stay where stage_name = '{stage}' and begun < timestamp '2025-01-01'
            """
        )
        # 5 %, or 3 standard errors of the median of an exponential, the widest of these laws
        bound = max(DURATION, 3 / math.log(2) / n**0.5)
        assert abs(estimate / target - 1) <= bound, (
            f"median days in {stage}: estimate {estimate:.2f}, target {target:.2f}"
        )


def check_rates(tables: Tables) -> None:
    stays(tables)
    rows = tables.rows(
        """
        with lasted as (select stage_name, sum(epoch(coalesce(ended, timestamp '2026-01-01') - begun)) / 86400 as days
            from stay group by 1)
        select stage_name, count(*), any_value(days) from life join lasted using (stage_name)
        where event_type != 'entered' group by 1
        """
    )
    found = {stage: (events, days) for stage, events, days in rows}
    for stage, target in RATES.items():
        events, days = found.get(stage, (0, 1e9))
        estimate = events / days
        # 3 standard errors of a Poisson number
        assert abs(estimate - target) <= 3 * (target / days) ** 0.5, (
            f"events per day in {stage}: estimate {estimate:.4f}, target {target}"
        )


def check_ways(tables: Tables) -> None:
    """Where stays that are over led, and of which kind events are."""
    stays(tables)
    onward = """
        select count(*) filter (led = '{to}') / count(*), count(*) from (select stage_name, ended,
            lead(stage_name) over (partition by machines_id order by begun) as led from stay)
        where stage_name = '{stage}' and ended is not null
    """
    kinds = """
        select count(*) filter (event_type = '{to}') / count(*), count(*) from life
        where stage_name = '{stage}' and event_type != 'entered'
    """
    for sql, stage, to, target in (
        (onward, "new", "used", 0.8),
        (onward, "worn", "used", 0.5),
        (kinds, "new", "fault", 0.75),
        (kinds, "worn", "fault", 0.5),
    ):
        estimate, n = tables.row(sql.format(stage=stage, to=to))
        bound = 4 * (target * (1 - target) / n) ** 0.5  # standard errors of a binomial
        assert abs(estimate - target) <= bound, f"{to} after {stage}: estimate {estimate:.4f}, target {target}"


def check_churn(tables: Tables) -> None:
    """Those who are still there after k months in a stage that only churn ends."""
    n = tables.value("select count(*) from machines")
    for months in (1, 6, 12):
        target = 0.95**months
        estimate = tables.value(
            f"""
            select 1 - count(*) / {n} from life join machines using (machines_id)
            where stage_name = 'churned' and event_timestamp < installed_at + to_seconds({months} * 2629800)
            """
        )
        bound = 4 * (target * (1 - target) / n) ** 0.5
        assert abs(estimate - target) <= bound, (
            f"there after {months} months: estimate {estimate:.4f}, target {target:.4f}"
        )


CHURN: dict[str, Any] = {"stages": {"member": {"churn_probability_per_period": "5%"}}}


def without(**keys: Any) -> dict[str, Any]:
    """The same stages with keys of every stage replaced, or taken out where None."""
    life = deepcopy(LIFE)
    for stage in life["stages"].values():
        stage.update(keys)
        for key in [key for key, value in stage.items() if value is None]:
            del stage[key]
    return life


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(document(), tmp_path_factory.mktemp("lives") / "data", "parquet")


def test_shares_of_stages_over_time(lives: Tables) -> None:
    check_shares(lives)


def test_median_of_stays(lives: Tables) -> None:
    check_medians(lives)


def test_rate_of_events_in_each_stage(lives: Tables) -> None:
    check_rates(lives)


def test_where_stages_lead_and_kinds_of_events(lives: Tables) -> None:
    check_ways(lives)


def test_churn_by_months_in_a_stage(tmp_path: Path) -> None:
    check_churn(written(document(4_000, CHURN), tmp_path / "data", "parquet"))


@pytest.mark.parametrize(
    ("check", "life", "match"),
    [
        (check_shares, without(duration={"exponential": {"mean": "60d"}}), r"share in new on day 30: estimate 0\.[56]"),
        (check_shares, without(exit_probability=None), r"share in used on day 30: estimate 0\.[45]"),
        (check_medians, without(duration={"exponential": {"mean": "60d"}}), "median days in new: estimate 4"),
        (check_rates, without(events_during_stage=None), r"events per day in new: estimate 0\.0000, target 0\.2"),
        (check_ways, without(exit_probability=None), r"used after new: estimate 1\.0000, target 0\.8"),
    ],
)
def test_without_it_the_question_has_another_answer(
    check: Any, life: dict[str, Any], match: str, tmp_path: Path
) -> None:
    tables = written(document(2_000, life), tmp_path / "data", "parquet")
    with pytest.raises(AssertionError, match=match):
        check(tables)


def test_without_churn_nobody_leaves(tmp_path: Path) -> None:
    tables = written(document(2_000, {"stages": {"member": {}}}), tmp_path / "data", "parquet")
    with pytest.raises(AssertionError, match=r"there after 1 months: estimate 1\.0000, target 0\.95"):
        check_churn(tables)


RUNS = {
    10_000: range(5),
    51_000: range(5),
    1_000_000: range(1),
}  # seeds of each size: one small data set may be unlucky


@pytest.mark.slow
def test_estimates_agree_at_every_size(tmp_path: Path) -> None:
    """10 thousand, 51 thousand and 1 million machines: the shares on day 180 are those of the model at each."""
    for rows, seeds in RUNS.items():
        found: dict[str, float] = {}
        for seed in seeds:
            life = without(events_during_stage=None)
            tables = written(document(rows, life), tmp_path / f"{rows}_{seed}", "parquet", seed=seed)
            stays(tables)
            for stage, share in shares_found(tables, 180).items():
                found[stage] = found.get(stage, 0.0) + share / len(seeds)
        for stage, target in SHARES[180].items():
            error = (target * (1 - target) * (1 / (rows * len(seeds)) + 1 / 4_000_000)) ** 0.5  # of both samples
            # 2 standard errors, and the 4 digits of the target
            assert abs(found.get(stage, 0.0) - target) <= 2 * error + 5e-5, (
                f"share in {stage} of {rows:,}: estimate {found.get(stage, 0.0):.5f}, target {target}, error {error:.5f}"
            )
