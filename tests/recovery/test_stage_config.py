"""Funnels found again in the files: step conversion by segment, times between stages, censoring, dropping out, skipping.

Every test has a twin: the same question asked of the same document with the behaviour switched off fails on the estimate.
Bounds are 3 standard errors or the tolerance of the acceptance table, whichever is larger.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.written import Tables, written

ERRORS = 3.0  # standard errors; one right estimate in 370 is further off, and seeds are fixed
SIZES = [10_000, pytest.param(51_000, marks=pytest.mark.slow), pytest.param(1_000_000, marks=pytest.mark.slow)]
WINDOW = {"start": "2023-01-01", "end": "2024-12-31"}
DAY = 86_400
# q99 of the time to each stage is below 60 days: cohorts that began before have had all the time they need
FOLLOWED = "timestamp '2024-09-01'"
RATES = {"activation": 0.35, "first_purchase": 0.80, "repeat_purchase": 0.65, "advocate": 0.42}
DWELL = {"activation": (1.0, 1.0), "first_purchase": (3.0, 0.6), "repeat_purchase": (7.0, 0.5), "advocate": (2.0, 0.8)}
FACTORS = {"vip": 1.3, "standard": 1.0, "budget": 0.7}


def document(rows: int = 10_000, window: dict[str, str] = WINDOW, **changes: Any) -> dict[str, Any]:
    """Users and their way from sign-up to advocate. changes: keys of `stage_config`; None leaves one out."""
    stages: list[dict[str, Any]] = [{"stage_name": "signup", "transition_rate": 1.0}]
    for name, rate in RATES.items():
        median, sigma = DWELL[name]
        law = {"lognormal": {"median": f"{median}d", "sigma": sigma}}
        stages.append({"stage_name": name, "transition_rate": rate, "dwell": law})
    variation = {name: {"transition_multiplier": factor} for name, factor in FACTORS.items() if factor != 1}
    config = {"stages": stages, "segment_variation": variation, **changes}
    return {
        "name": "funnel",
        "timeframe": dict(window),
        "tables": [
            {
                "name": "users",
                "rows": rows,
                "columns": {
                    "segment": {"choices": {"vip": "15%", "standard": "60%", "budget": "25%"}},
                    "created_at": {"datetime_series": {}, "role": "created"},
                },
            },
            {
                "name": "journey",
                "parents": ["users"],
                "stage_config": {key: value for key, value in config.items() if value is not None},
            },
        ],
    }


def with_stage(name: str, **keys: Any) -> list[dict[str, Any]]:
    """The stages, one of them with other keys; None leaves one out."""
    stages: list[dict[str, Any]] = deepcopy(document()["tables"][1]["stage_config"]["stages"])
    for stage in stages:
        if stage["stage_name"] == name:
            stage.update(keys)
            for key in [key for key, value in stage.items() if value is None]:
                del stage[key]
    return stages


def declared(segment: str, rate: float, mode: str) -> float:
    factor = FACTORS[segment]
    return min(1.0, factor * rate) if mode == "probability" else factor * rate / (1 - rate + factor * rate)


def near(what: str, estimate: float, target: float, bound: float) -> None:
    """The estimate is no further than the bound from the target."""
    assert abs(estimate - target) <= bound, f"{what}: estimate {estimate:.4g}, target {target:.4g}, bound {bound:.2g}"


# step conversion


def steps(tables: Tables, segment: str = "") -> dict[str, tuple[int, float]]:
    """Users at the stage before, and the share of them that went on, by stage; of cohorts with enough follow-up."""
    where = f"and segment = '{segment}'" if segment else ""
    found = tables.rows(
        f"""select n.stage_index, count(*), avg((j.users_id is not null)::int) as share
            from (select users_id, stage_index + 1 as stage_index from journey) n join users using (users_id)
            left join journey j on j.users_id = n.users_id and j.stage_index = n.stage_index
            where created_at < {FOLLOWED} and n.stage_index <= {len(RATES) + 1} {where} group by 1 order by 1"""
    )
    return {name: (n, share) for name, (_, n, share) in zip(RATES, found, strict=True)}


def check_steps(tables: Tables, mode: str) -> dict[tuple[str, str], tuple[int, float]]:
    found = {(segment, stage): one for segment in FACTORS for stage, one in steps(tables, segment).items()}
    for (segment, stage), (n, share) in found.items():
        target = declared(segment, RATES[stage], mode)
        near(f"{segment} going on to {stage}", share, target, ERRORS * (target * (1 - target) / n) ** 0.5 + 1e-9)
    return found


@pytest.mark.parametrize("mode", ["probability", "odds"])
def test_segments_go_on_at_their_rates(tmp_path: Path, mode: str) -> None:
    check_steps(written(document(multiplier_mode=mode), tmp_path, "parquet"), mode)


@pytest.mark.parametrize("mode", ["probability", "odds"])
def test_without_segment_variation_that_fails(tmp_path: Path, mode: str) -> None:
    tables = written(document(segment_variation=None), tmp_path, "parquet")
    with pytest.raises(AssertionError, match=r"vip going on to activation: estimate 0\.\d+, target 0\.4"):
        check_steps(tables, mode)


def test_the_other_mode_is_another_funnel(tmp_path: Path) -> None:
    tables = written(document(multiplier_mode="odds"), tmp_path, "parquet")
    with pytest.raises(AssertionError, match=r"vip going on to \w+: estimate"):
        check_steps(tables, "probability")


RUNS = {
    10_000: range(5),
    51_000: range(5),
    1_000_000: range(1),
}  # seeds of each size: one small data set may be unlucky


@pytest.mark.slow
def test_estimates_of_all_sizes_agree(tmp_path: Path) -> None:
    """The share that goes on in each of 12 cells: each size is 2 standard errors from the largest at most, all together."""
    found: dict[int, dict[tuple[str, str], tuple[int, float]]] = {}
    for rows, seeds in RUNS.items():
        sums: dict[tuple[str, str], tuple[int, float]] = {}
        for seed in seeds:
            tables = written(document(rows), tmp_path / f"{rows}_{seed}", "parquet", seed=seed)
            for cell, (n, share) in check_steps(tables, "probability").items():
                before, went_on = sums.get(cell, (0, 0.0))
                sums[cell] = before + n, went_on + n * share
        found[rows] = {cell: (n, went_on / n) for cell, (n, went_on) in sums.items()}
    for rows in (10_000, 51_000):
        far = {}
        for cell, (most, share) in found[1_000_000].items():
            n, other = found[rows][cell]
            if 0 < share < 1:
                far[cell] = (other - share) / (share * (1 - share) * (1 / n + 1 / most)) ** 0.5
        together = sum(one * one for one in far.values())
        # the sum of k squares of normal numbers has the mean k and the variance 2 k
        assert together <= len(far) + 2 * (2 * len(far)) ** 0.5, f"{rows:,} rows: {together:.1f} of {len(far)}: {far}"


# times between stages, and their order


def waits(tables: Tables, stage: str) -> np.ndarray:
    """(n,) days from the stage before to this one, of cohorts with enough follow-up."""
    place = list(RATES).index(stage) + 2
    found = tables.rows(
        f"""select epoch(j.event_timestamp) - epoch(b.event_timestamp) from journey j
            join journey b on b.users_id = j.users_id and b.stage_index = j.stage_index - 1
            join users on users.users_id = j.users_id
            where j.stage_index = {place} and created_at < {FOLLOWED}"""
    )
    return np.array([seconds for (seconds,) in found], dtype=np.float64) / DAY


def check_waits(tables: Tables) -> None:
    for stage, (median, sigma) in DWELL.items():
        logs = np.log(waits(tables, stage))
        n = len(logs)
        # of a normal: se of the median 1.2533 s / √n, of the standard deviation s / √(2 n); else 5 % and 0.05
        estimate = float(np.exp(np.median(logs)))
        near(f"median days to {stage}", estimate, median, median * max(0.05, ERRORS * 1.2533 * sigma / n**0.5))
        near(f"log-sd of days to {stage}", float(logs.std()), sigma, max(0.05, ERRORS * sigma / (2 * n) ** 0.5))


@pytest.mark.parametrize("rows", SIZES)
def test_times_between_stages_have_their_median_and_spread(tmp_path: Path, rows: int) -> None:
    check_waits(written(document(rows), tmp_path, "parquet"))


def test_times_without_dwell_have_others(tmp_path: Path) -> None:
    stages = deepcopy(document()["tables"][1]["stage_config"]["stages"])
    for stage in stages:
        stage.pop("dwell", None)
    with pytest.raises(AssertionError, match=r"median days to first_purchase: estimate (1|1\.\d+|0\.9\d*), target 3"):
        check_waits(written(document(stages=stages), tmp_path, "parquet"))


@pytest.mark.parametrize("rows", SIZES)
def test_no_stage_comes_before_the_one_that_it_follows(tmp_path: Path, rows: int) -> None:
    tables = written(document(rows), tmp_path, "parquet")
    assert wrong_order(tables) == (0, 0, 0)


def wrong_order(tables: Tables) -> tuple[int, int, int]:
    """Stages less than a second after the one before, stages without it, and rows before their user."""
    return tables.row(
        """select count(*) filter (b.event_timestamp > j.event_timestamp - interval 1 second),
                  count(*) filter (b.users_id is null and j.stage_index > 1),
                  count(*) filter (j.event_timestamp < created_at)
           from journey j join users using (users_id)
           left join journey b on b.users_id = j.users_id and b.stage_index = j.stage_index - 1"""
    )  # type: ignore[return-value]


def test_skipped_stages_are_found_missing(tmp_path: Path) -> None:
    def check(tables: Tables) -> None:
        n, share = tables.row(
            """select count(*), avg((b.users_id is null)::int) from journey j left join journey b
               on b.users_id = j.users_id and b.stage_name = 'first_purchase'
               where j.stage_name in ('repeat_purchase')"""
        )
        near("share without first_purchase", share, 0.2, ERRORS * (0.2 * 0.8 / n) ** 0.5)

    check(written(document(stages=with_stage("first_purchase", skip_rate=0.2)), tmp_path / "on", "parquet"))
    with pytest.raises(AssertionError, match=r"share without first_purchase: estimate 0, target 0\.2"):
        check(written(document(), tmp_path / "off", "parquet"))


# censoring

SLOW = {"stages": [
    {"stage_name": "signup"},
    {"stage_name": "order", "transition_rate": 0.6, "dwell": {"lognormal": {"median": "60d", "sigma": 0.8}}},
], "segment_variation": None}  # fmt: skip
YEAR = {"start": "2024-01-01", "end": "2024-12-31"}


def late(tables: Tables) -> tuple[int, float, float]:
    """Of users of the last two months: how many, the share that ordered, and their longest wait in days."""
    return tables.row(
        """select count(*), avg((j.users_id is not null)::int), max(epoch(j.event_timestamp) - epoch(created_at)) / 86400
           from users left join journey j on j.users_id = users.users_id and stage_name = 'order'
           where created_at >= '2024-11-01'"""
    )  # type: ignore[return-value]


def expected_late() -> float:
    """0.6 × the chance of a wait shorter than what is left, over the last 61 days (trapezoid over days)."""
    from math import erf, log, sqrt

    def below(days: float) -> float:
        return 0.0 if days <= 0 else 0.5 * (1 + erf(log(days / 60) / 0.8 / sqrt(2)))

    days = np.linspace(0, 61, 611)
    return 0.6 * float(np.trapezoid([below(day) for day in days], days)) / 61


def check_dropped(tables: Tables) -> None:
    n, share, _ = late(tables)
    target = expected_late()
    near("share of late users that ordered", share, target, ERRORS * (target * (1 - target) / n) ** 0.5)


def check_compressed(tables: Tables) -> None:
    n, share, _ = late(tables)
    near("share of late users that ordered", share, 0.6, ERRORS * (0.6 * 0.4 / n) ** 0.5)


def test_what_comes_after_the_window_is_left_out_or_fitted_in(tmp_path: Path) -> None:
    dropped = written(document(window=YEAR, **SLOW), tmp_path / "drop", "parquet")
    compressed = written(document(window=YEAR, censor="compress", **SLOW), tmp_path / "compress", "parquet")
    check_dropped(dropped)
    check_compressed(compressed)
    with pytest.raises(AssertionError, match=r"share of late users that ordered: estimate 0\.\d+, target 0\.6"):
        check_compressed(dropped)
    with pytest.raises(AssertionError, match=r"share of late users that ordered: estimate 0\.(5|6)\d*, target 0\.\d+"):
        check_dropped(compressed)
    for tables in (dropped, compressed):
        assert late(tables)[2] < 61
        assert tables.value("select count(*) from journey where event_timestamp >= '2025-01-01'") == 0
        assert wrong_order(tables) == (0, 0, 0)


def test_a_cohort_with_time_enough_converts_alike_in_both_modes(tmp_path: Path) -> None:
    for censor in ("drop", "compress"):
        tables = written(document(window=WINDOW, censor=censor), tmp_path / censor, "parquet")
        check_steps(tables, "probability")
        check_waits(tables)


# dropping out


def test_those_who_drop_out_say_where(tmp_path: Path) -> None:
    def check(tables: Tables) -> None:
        for place, (stage, rate) in enumerate(RATES.items(), 2):
            n, lost = tables.row(
                f"""select count(*), avg((a.users_id is not null)::int) from journey b join users using (users_id)
                    left join journey a
                    on a.users_id = b.users_id and a.stage_name = 'abandoned' and a.stage_index = {place}
                    where b.stage_index = {place - 1} and b.stage_name != 'abandoned' and created_at < {FOLLOWED}"""
            )
            near(f"share lost before {stage}", lost, 1 - rate, ERRORS * (rate * (1 - rate) / n) ** 0.5)

    on = written(document(dropoff_event=True, segment_variation=None), tmp_path / "on", "parquet")
    check(on)
    assert on.value("select count(*) from journey group by users_id order by 1 desc limit 1") == 5
    later = on.row(
        """select count(*) filter (b.event_timestamp >= a.event_timestamp), count(*) from journey a
           join journey b using (users_id) where a.stage_name = 'abandoned' and b.stage_name != 'abandoned'"""
    )
    assert later[0] == 0 < later[1]
    with pytest.raises(AssertionError, match=r"share lost before activation: estimate 0, target 0\.65"):
        check(written(document(segment_variation=None), tmp_path / "off", "parquet"))


# several journeys


def test_users_go_through_it_several_times(tmp_path: Path) -> None:
    def check(tables: Tables) -> None:
        n, mean, variance = tables.row(
            """select count(*), avg(c), var_samp(c) from (select count(j.users_id) as c from users
               left join journey j on j.users_id = users.users_id and stage_index = 1 group by users.users_id)"""
        )
        near("journeys per user", mean, 1.8, ERRORS * (1.8 / n) ** 0.5)
        near("variance of journeys", variance, 1.8, ERRORS * 1.8 * ((2 + 1 / 1.8) / n) ** 0.5)

    several = written(document(instances_per_parent={"poisson": 1.8}), tmp_path / "on", "parquet")
    check(several)
    again = several.row("select count(*) from (select users_id, journey, stage_index from journey group by all)")
    assert again == several.row("select count(*) from journey")
    with pytest.raises(AssertionError, match=r"journeys per user: estimate 1, target 1\.8"):
        check(written(document(), tmp_path / "off", "parquet"))
