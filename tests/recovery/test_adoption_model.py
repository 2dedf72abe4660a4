"""Adoption found again in the files: Bass p and q by least squares, the days of the classes, acceleration, uses.

Every test has a twin: the same question asked of the same document with the behaviour switched off fails on the estimate.
Bounds are 3 standard errors or the tolerance of the acceptance table, whichever is larger.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen import api
from tests.written import Tables, written

Floats = NDArray[np.float64]

ERRORS = 3.0  # standard errors; one right estimate in 370 is further off, and seeds are fixed
SIZES = [10_000, pytest.param(51_000, marks=pytest.mark.slow), pytest.param(1_000_000, marks=pytest.mark.slow)]
START = "timestamp '2024-01-01'"
DAY, MONTH = 86_400, 86_400 * 30.4375
P, Q = 0.03, 0.38
CLASSES = {
    "innovators": (0.025, 7),
    "early_adopters": (0.135, 30),
    "early_majority": (0.34, 90),
    "late_majority": (0.34, 180),
    "laggards": (0.16, 365),
}
ROGERS = {name: {"pct": pct, "time_to_adopt_days": days} for name, (pct, days) in CLASSES.items()}


def document(rows: int, created: bool = False, **model: Any) -> dict[str, Any]:
    """Users of two plans and what they adopt. created: they come evenly over the first year."""
    arrival = {
        "created_at": {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-12-31"}}, "role": "created"}
    }
    return {
        "name": "features",
        "timeframe": {"start": "2024-01-01", "end": "2026-12-31"},
        "tables": [
            {
                "name": "users",
                "rows": rows,
                "columns": {"plan": {"choices": {"pro": "40%", "free": "60%"}}, **(arrival if created else {})},
            },
            {"name": "adoption", "parents": ["users"], "adoption_model": model},
        ],
    }  # fmt: skip


def near(what: str, estimate: float, target: float, bound: float) -> None:
    """The estimate is no further than the bound from the target."""
    assert abs(estimate - target) <= bound, f"{what}: estimate {estimate:.4g}, target {target:.4g}, bound {bound:.2g}"


# Bass


def fitted(times: Floats, population: int) -> tuple[float, float, float]:
    """p, q and the ceiling by least squares on the cumulative share by month, with Gauss's and Newton's method."""
    months = np.arange(0.5, 36.5, 0.5)
    y = np.searchsorted(np.sort(times), months) / population
    beta = np.array([0.02, 0.3, 0.9])

    def model(b: Floats) -> Floats:
        decay = np.exp(-(b[0] + b[1]) * months)
        return np.asarray(b[2] * (1 - decay) / (1 + b[1] / b[0] * decay))

    for _ in range(200):
        residual = y - model(beta)
        jacobian = np.column_stack([(model(beta + step) - model(beta - step)) / 2e-6 for step in np.eye(3) * 1e-6])
        gram = jacobian.T @ jacobian
        move = np.linalg.solve(gram + np.diag(np.diag(gram)) * 1e-3, jacobian.T @ residual)
        beta = np.maximum(beta + move, 1e-5)
        if np.abs(move).max() < 1e-10:
            break
    return float(beta[0]), float(beta[1]), float(beta[2])


def ask_bass(tables: Tables, ceiling: float, since: str = START) -> tuple[float, float]:
    times = np.array(
        tables.rows(f"select date_diff('second', {since}, adopted_at) from adoption join users using (users_id)"),
        dtype=np.float64,
    )
    users = tables.value("select count(*) from users")
    p, q, m = fitted(times[:, 0] / MONTH, users)
    near("share that adopts", m, ceiling, max(0.01, ERRORS * (ceiling * (1 - ceiling) / users) ** 0.5))
    near("p", p, P, 0.15 * P)
    near("q", q, Q, 0.15 * Q)
    return p, q


@pytest.mark.parametrize("rows", SIZES)
def test_bass_p_and_q_are_in_the_adoptions(rows: int, tmp_path: Path) -> None:
    ask_bass(written(document(rows, p=P, q=Q, ceiling=0.8), tmp_path, "parquet"), 0.8)


def test_two_thousand_adopters_are_enough(tmp_path: Path) -> None:
    ask_bass(
        written(document(2_500, params={"p": P, "q": Q, "ceiling": 0.8}, curve_type="bass"), tmp_path, "parquet"), 0.8
    )


def test_without_imitation_q_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"(p|q|share that adopts): estimate"):
        ask_bass(written(document(10_000, p=0.12, q=0, ceiling=0.8), tmp_path, "parquet"), 0.8)


@pytest.mark.slow
def test_larger_data_give_the_same_curve(tmp_path: Path) -> None:
    found = {rows: ask_bass(written(document(rows, p=P, q=Q, ceiling=0.8), tmp_path / str(rows), "parquet"), 0.8)
             for rows in (10_000, 51_000, 1_000_000)}  # fmt: skip
    # standard errors at 2,000 adopters: 7 % of p, 3 % of q; they fall with the root of the number
    for small, large in ((10_000, 51_000), (51_000, 1_000_000)):
        share = (2_000 / (0.8 * small) + 2_000 / (0.8 * large)) ** 0.5
        near("p in larger data", found[small][0], found[large][0], 2.0 * 0.07 * P * share)
        near("q in larger data", found[small][1], found[large][1], 2.0 * 0.03 * Q * share)


def test_a_clock_of_each_user_starts_at_its_creation(tmp_path: Path) -> None:
    tables = written(document(10_000, created=True, p=P, q=Q, ceiling=0.8, origin="created"), tmp_path, "parquet")
    ask_bass(tables, 0.8, since="created_at")


def test_with_one_launch_for_all_the_clock_of_the_young_is_not_their_own(tmp_path: Path) -> None:
    tables = written(document(10_000, created=True, p=P, q=Q, ceiling=0.8), tmp_path, "parquet")
    with pytest.raises(AssertionError, match=r"(p|q): estimate"):
        ask_bass(tables, 0.8, since="created_at")


def ask_late_hazard(tables: Tables) -> None:
    """Who comes in the last month of the first year adopts with the hazard of that time: p + q·F(t)."""
    share, users = tables.row(
        """select avg((adopted_at < timestamp '2025-01-01')::int), count(*) from users left join adoption using (users_id)
           where created_at >= timestamp '2024-12-01' and created_at < timestamp '2024-12-03'"""
    )
    left = [
        (1 + Q / P) * np.exp(-(P + Q) * t) / (1 + Q / P * np.exp(-(P + Q) * t)) for t in (336 / 30.4375, 366 / 30.4375)
    ]
    target = 1 - left[1] / left[0]
    near(
        "adopted by the end of the year",
        share or 0.0,
        target,
        max(0.02, ERRORS * (target * (1 - target) / users) ** 0.5),
    )


def test_a_later_user_is_as_eager_as_the_others_then(tmp_path: Path) -> None:
    ask_late_hazard(written(document(40_000, created=True, p=P, q=Q), tmp_path, "parquet"))


def test_a_user_with_its_own_clock_is_not(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"adopted by the end of the year: estimate 0\.0"):
        ask_late_hazard(written(document(40_000, created=True, p=P, q=Q, origin="created"), tmp_path, "parquet"))


def test_nobody_adopts_before_there_was_one(tmp_path: Path) -> None:
    tables = written(document(10_000, created=True, innovation_diffusion=ROGERS), tmp_path, "parquet")
    assert tables.value("select count(*) from adoption join users using (users_id) where adopted_at < created_at") == 0


# the classes of adopters


def ask_cuts(tables: Tables) -> None:
    users = tables.value("select count(*) from users")
    cumulative = 0.0
    for name, (pct, days) in CLASSES.items():
        share, last = tables.row(
            f"""select count(*) / {users}, quantile_cont(date_diff('second', {START}, adopted_at), 0.99) / {DAY}
                from adoption where category = '{name}'"""
        )
        cumulative += pct
        near(f"share of {name}", share, pct, ERRORS * (pct * (1 - pct) / users) ** 0.5)
        cut = tables.value(
            f"select quantile_cont(date_diff('second', {START}, adopted_at), {min(cumulative, 1)}) / {DAY} from adoption"
        )
        near(f"day by which {name} have adopted", cut, days, max(0.05 * days, _cut_error(users, cumulative, pct, days)))
        assert last <= days


def _cut_error(users: int, cumulative: float, pct: float, days: float) -> float:
    """3 standard errors of a quantile: of the share, times how fast days grow with it, about days / pct there."""
    return ERRORS * (max(cumulative * (1 - cumulative), 0.0) / users) ** 0.5 * days / pct


@pytest.mark.parametrize("rows", SIZES)
def test_each_class_has_adopted_by_its_day(rows: int, tmp_path: Path) -> None:
    ask_cuts(written(document(rows, innovation_diffusion=ROGERS), tmp_path, "parquet"))


def test_other_days_are_seen(tmp_path: Path) -> None:
    slow = {name: {**one, "time_to_adopt_days": 2 * one["time_to_adopt_days"]} for name, one in ROGERS.items()}
    with pytest.raises(AssertionError, match=r"day by which innovators have adopted: estimate 1[34]"):
        ask_cuts(written(document(10_000, innovation_diffusion=slow), tmp_path, "parquet"))


# acceleration


def ask_speed(tables: Tables) -> None:
    median, n = {}, {}
    for plan, days, count in tables.rows(
        f"""select plan, median(date_diff('second', {START}, adopted_at)), count(*)
            from adoption join users using (users_id) group by 1"""
    ):
        median[plan], n[plan] = days, count
    ratio = median["free"] / median["pro"]
    near(
        "times of free over those of pro", ratio, 1.5, max(0.05, ERRORS * ratio * (1 / n["free"] + 1 / n["pro"]) ** 0.5)
    )


@pytest.mark.parametrize("rows", SIZES)
def test_a_segment_that_is_faster_adopts_sooner(rows: int, tmp_path: Path) -> None:
    ask_speed(written(document(rows, p=P, q=Q, acceleration={"pro": 1.5}), tmp_path, "parquet"))


def test_without_acceleration_segments_adopt_alike(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"times of free over those of pro: estimate (0\.9|1(\.0|,))"):
        ask_speed(written(document(10_000, p=P, q=Q), tmp_path, "parquet"))


# uses after adoption


def ask_uses(tables: Tables) -> None:
    rates = tables.rows(
        f"""with a as (select users_id, category, event_timestamp as adopted from adoption where event = 'adopted'),
            u as (select users_id, count(*) as n, min(event_timestamp) as first from adoption where event = 'used' group by 1)
            select category, sum(coalesce(n, 0)),
                   sum(date_diff('second', adopted, timestamp '2027-01-01')) / {DAY}, count(*) filter (first <= adopted)
            from a left join u using (users_id) group by 1"""
    )
    expected = {"innovators": 1.0, "early_adopters": 0.3}
    assert {name for name, *_ in rates} == set(CLASSES)
    for name, n, days, too_early in rates:
        target = expected.get(name, 0.05)
        near(f"uses a day of {name}", n / days, target, ERRORS * (target / days) ** 0.5)
        near("uses before adoption", too_early, 0, 0)


@pytest.mark.parametrize("rows", [2_000, *SIZES[1:2]])
def test_adopters_use_what_they_adopted_at_the_rate_of_their_class(rows: int, tmp_path: Path) -> None:
    model = {
        "innovation_diffusion": ROGERS,
        "engagement_frequency": {"innovators": "high", "early_adopters": 0.3, "else": 0.05},
    }
    ask_uses(written(document(rows, **model), tmp_path, "parquet"))


def test_with_one_rate_for_all_classes_are_alike(tmp_path: Path) -> None:
    model = {"innovation_diffusion": ROGERS, "engagement_frequency": {"else": 0.05}}
    with pytest.raises(AssertionError, match=r"uses a day of (innovators|early_adopters): estimate 0\.0"):
        ask_uses(written(document(2_000, **model), tmp_path, "parquet"))


@pytest.mark.parametrize("created", [False, True])
def test_the_plan_tells_how_many_rows_there_will_be(created: bool, tmp_path: Path) -> None:
    source = document(10_000, created=created, p=P, q=Q, acceleration={"pro": 0.3}, time_unit="year",
                      engagement_frequency={"innovators": 0.1, "else": "low"})  # fmt: skip
    expected = api.prepare(source).bind().tables["adoption"].expected_rows
    rows = written(source, tmp_path, "parquet").value("select count(*) from adoption")
    near("rows", rows, expected, 0.03 * expected)  # uses of an adopter come together: 4 standard errors are 3 %


@pytest.mark.parametrize("created", [False, True])
def test_the_plan_tells_how_much_sooner_a_segment_adopts(created: bool, tmp_path: Path) -> None:
    source = document(10_000, created=created, p=P, q=Q, ceiling=0.8, acceleration={"pro": 1.5})
    (effect,) = (one for one in api.prepare(source).bind().effects if one.kind == "acceleration")
    assert effect.visible
    bound = 4.0 * (effect.standard_error or 0.0)
    near(
        "share of pro over that of free",
        written(source, tmp_path / "it", "parquet").value(effect.sql),
        effect.expected,
        bound,
    )
    alike = written(document(10_000, created=created, p=P, q=Q, ceiling=0.8), tmp_path / "off", "parquet")
    with pytest.raises(AssertionError, match=r"share of pro over that of free: estimate (0\.9|1\.?0?|1,)"):
        near("share of pro over that of free", alike.value(effect.sql), effect.expected, bound)
