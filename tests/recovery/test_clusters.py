"""`clustered`: rows of one parent are alike by the declared intra-class correlation, and shares stay as declared."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support import blocks_of, plain, plan_of, table_of
from tests.written import Tables, written

STATES = {"online": 0.85, "offline": 0.10, "maintenance": 0.05}


def document(*, sites: int = 1_000, fanout: Any = "10..50", **keys: Any) -> dict[str, Any]:
    choice = {"choices": list(STATES), "weights": list(STATES.values()), **keys}
    return {
        "name": "clusters",
        "tables": [
            {"name": "sites", "rows": sites, "columns": {"kind": {"choices": ["a", "b"]}}},
            {"name": "machines", "parents": ["sites"], "fanout": fanout, "columns": {"state": {"choice": choice}}},
        ],
    }


def icc(tables: Tables, state: str) -> float:
    """Intra-class correlation of an indicator by one-way analysis of variance (Donner 1986), groups of unequal size."""
    k, n, squares, between, within = tables.row(
        f"""
        with row as (select sites_id as site, (state = '{state}')::double as x from machines),
        site as (select count(*) as n, avg(x) as mean, sum(x * x) - count(*) * avg(x) ** 2 as within from row group by site)
        select count(*), sum(n), sum(n * n), sum(n * (mean - (select avg(x) from row)) ** 2), sum(within) from site
        """
    )
    between, within, size = between / (k - 1), within / (n - k), (n - squares / n) / (k - 1)
    return float((between - within) / (between + (size - 1) * within))


def close(tables: Tables, rho: float, sites: int) -> None:
    """4 standard errors. Of a normal indicator it is sqrt(2 / sites) × (rho + 1/30) with 30 rows a site; rare states vary
    up to 1.7 times as much (over 40 seeds)."""
    for state in STATES:
        found, bound = icc(tables, state), 4 * 1.7 * math.sqrt(2 / sites) * (rho + 1 / 30)
        assert abs(found - rho) < bound, f"{state}: correlation {found:.4f}, declared {rho}"


@pytest.mark.parametrize("rho", [0.02, 0.1, 0.4])
def test_rows_of_one_parent_are_alike_as_declared(rho: float, tmp_path: Path) -> None:
    tables = written(document(clustered=rho), tmp_path / "data")
    close(tables, rho, 1_000)
    for state, share in STATES.items():
        # shares of sites vary by rho: the standard error of the whole share, with 4 of them
        error = math.sqrt(share * (1 - share) * (rho + 1 / 30) / 1_000)
        assert abs(tables.shares("machines", "state")[state] - share) < 4 * error


@pytest.mark.parametrize("rho", [0.1, 0.4])
def test_exact_shares_stay_exact_and_alike(rho: float, tmp_path: Path) -> None:
    tables = written(document(clustered=rho, exact=True, fanout=30), tmp_path / "data")
    counts = dict(tables.rows("select state, count(*) from machines group by state"))
    assert counts == {"online": 25_500, "offline": 3_000, "maintenance": 1_500}
    close(tables, rho, 1_000)


def test_without_it_the_rows_are_independent(tmp_path: Path) -> None:
    tables = written(document(exact=True, fanout=30), tmp_path / "data")
    with pytest.raises(AssertionError, match=r"correlation -?0\.0"):
        close(tables, 0.1, 1_000)


def test_at_one_every_parent_has_one_value_and_at_zero_nothing_is_alike(tmp_path: Path) -> None:
    tables = written(document(clustered=1), tmp_path / "one")
    assert tables.value("select max(n) from (select count(distinct state) as n from machines group by sites_id)") == 1
    free, zero = (table_of(plan_of(document(sites=50, **keys)), "machines") for keys in ({}, {"clustered": 0}))
    assert zero.equals(free)


def test_very_even_and_very_uneven_clusters_have_values(tmp_path: Path) -> None:
    for rho in (0.0001, 0.999):
        tables = written(document(clustered=rho, sites=300), tmp_path / str(rho))
        assert set(tables.shares("machines", "state")) <= set(STATES)


@pytest.mark.parametrize("exact", [True, False])
def test_values_do_not_depend_on_how_the_rows_are_cut(exact: bool) -> None:
    plan = plan_of(document(sites=40, clustered=0.2, exact=exact))
    whole = table_of(plan, "machines")
    for rows in (1, 7):
        pieces = [plain(block.frame()) for block in blocks_of(plan, "machines", block_rows=rows)]
        assert pl.concat(pieces).equals(whole)


def test_more_parents_move_nothing_unless_shares_are_exact() -> None:
    few, more = (table_of(plan_of(document(sites=sites, clustered=0.2)), "machines") for sites in (30, 45))
    assert more.head(len(few)).equals(few)
    assert plan_of(document(clustered=0.2)).tables["machines"].columns["state"].moves_with_rows == ""
    moves = plan_of(document(clustered=0.2, exact=True)).tables["machines"].columns["state"].moves_with_rows
    assert moves == "its shares are exact over all rows"
