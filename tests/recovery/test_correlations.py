"""Rank correlations are found again in the written files, whatever the laws of the columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen.kernel.copula import Margin, even, factor, latent, nearest_correlation, rank_correlation
from tests.support import plan_of, table_of
from tests.written import Tables, written

PAIRS = {("age", "income"): 0.6, ("age", "stars"): -0.5, ("income", "active"): 0.3, ("income", "visits"): 0.4}


def users(rows: int, *, on: bool = True) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": "users",
        "rows": rows,
        "columns": {
            "age": {"normal": {"mean": 40, "std": 5}, "decimals": 3},
            "income": {"lognormal": {"median": 30000, "sigma": 0.6}},
            "stars": {"choice": {"choices": [5, 1, 3], "weights": [0.4, 0.2, 0.4]}},
            "active": {"bernoulli": 0.3},
            "visits": {"poisson": 2},
            "apart": {"normal": {"mean": 0, "std": 1}},
        },
    }
    if on:
        table["correlations"] = [{"columns": list(pair), "spearman": value} for pair, value in PAIRS.items()]
    return {"name": "people", "tables": [table]}


def spearman(tables: Tables, one: str, other: str) -> float:
    """Correlation of ranks, ties at their middle."""
    middle = "rank() over (order by {0}) + (count(*) over (partition by {0}) - 1) / 2.0"
    return float(
        tables.value(f"select corr(a, b) from (select {middle.format(one)} a, {middle.format(other)} b from users)")
    )


def check(tables: Tables, rows: int) -> None:
    for (one, other), declared in PAIRS.items():
        found = spearman(tables, one, other)
        # the acceptance tolerance at 2,000 rows and more; a standard error is about 1 / sqrt(n)
        bound = max(0.03, 3 / rows**0.5)
        assert abs(found - declared) < bound, f"spearman of {one} and {other} is {found:.3f}, declared {declared}"


def test_rank_correlations_are_found(tmp_path: Path):
    check(written(users(10_000), tmp_path / "out"), 10_000)


def test_without_them_there_are_none(tmp_path: Path):
    with pytest.raises(AssertionError, match=r"spearman of age and income is -?0\.0\d+, declared 0\.6"):
        check(written(users(10_000, on=False), tmp_path / "out"), 10_000)


@pytest.mark.slow
def test_sizes_agree(tmp_path: Path):
    found = {}
    for rows in (10_000, 51_000, 1_000_000):
        tables = written(users(rows), tmp_path / str(rows))
        check(tables, rows)
        found[rows] = {pair: spearman(tables, *pair) for pair in PAIRS}
    for pair, declared in PAIRS.items():
        for rows in (10_000, 51_000):
            assert abs(found[rows][pair] - found[1_000_000][pair]) < 2 * 1.1 / rows**0.5, (pair, declared)


def test_other_columns_and_the_margins_stay_as_they_are():
    together, alone = table_of(plan_of(users(4_000)), "users"), table_of(plan_of(users(4_000, on=False)), "users")
    assert together["age"].equals(alone["age"])  # the first of them keeps its own draws
    assert together["apart"].equals(alone["apart"])
    shares = {star: (together["stars"] == star).mean() for star in (1, 3, 5)}
    assert shares == pytest.approx({1: 0.2, 3: 0.4, 5: 0.4}, abs=4 * (0.24 / 4_000) ** 0.5)
    assert abs(float(together["active"].mean()) - 0.3) < 4 * (0.21 / 4_000) ** 0.5
    assert abs(float(np.log(together["income"].to_numpy()).std()) - 0.6) < 4 * 0.6 / (2 * 4_000) ** 0.5


def test_rows_are_the_same_in_blocks_of_any_size():
    plan = plan_of(users(4_000))
    assert table_of(plan, "users").equals(table_of(plan, "users", block_rows=300))


def test_the_latent_correlation_of_two_smooth_columns_has_a_closed_form():
    smooth = Margin(even())
    assert latent(smooth, smooth, 0.6) == pytest.approx(2 * np.sin(np.pi * 0.6 / 6), abs=1e-8)
    assert latent(smooth, smooth, 0.0) == 0.0


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_ties_are_accounted_for(share: float):
    flag, smooth = Margin((even() > share).astype(float)), Margin(even())
    rho = latent(flag, smooth, 0.3)
    assert rho is not None
    assert rho > 2 * np.sin(np.pi * 0.3 / 6)
    generator = np.random.default_rng(1)
    z = generator.standard_normal((400_000, 2))
    other = rho * z[:, 0] + np.sqrt(1 - rho * rho) * z[:, 1]
    ranks = np.argsort(np.argsort(other, kind="stable"), kind="stable")
    found = np.corrcoef(z[:, 0] > np.quantile(z[:, 0], share), ranks)[0, 1]
    assert abs(found - 0.3) < 4 / 400_000**0.5 + 0.001  # and the grid of 4,096 points
    assert latent(flag, smooth, 0.99) is None
    assert rank_correlation(flag, smooth, 0.5) == pytest.approx(rank_correlation(smooth, flag, 0.5))


def test_the_nearest_matrix_is_positive_and_near():
    wanted = np.array([[1, 0.8, 0.15], [0.8, 1, 0.8], [0.15, 0.8, 1]])
    assert factor(wanted) is None
    near = nearest_correlation(wanted)
    lower = factor(near)
    assert lower is not None
    assert np.allclose(lower @ lower.T, near)
    assert np.abs(near - wanted).max() < 0.1
    assert (np.diag(near) == 1).all()


def test_the_plan_tells_what_is_found(tmp_path: Path):
    document = users(6_000)
    told, tables = plan_of(document).effects, written(document, tmp_path / "out")
    told = [one for one in told if one.kind.startswith("correlation")]
    assert len(told) == 4
    for one in told:
        found = tables.value(one.sql)
        assert one.standard_error is not None
        assert abs(found - one.expected) < 4 * one.standard_error, f"{one.id}: {found}, told {one.expected}"
        assert one.visible
