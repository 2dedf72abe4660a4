"""Exact totals and means of parents of several classes: inside every range, and right to the row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen.plan.explain import as_facts, as_text
from datagen.rows._class_totals import ClassLaw, together
from tests.parts.columns import fails, refused
from tests.support import blocks_of, plan_of
from tests.written import Tables, written

SIZES = {"small": "70%", "medium": "20%", "large": "8%", "enterprise": "2%"}
SITES = {"small": (1, 2, 1.5), "medium": (3, 10, 6), "large": (10, 50, 25), "enterprise": (50, 100, 75)}
MACHINES = {"small": (5, 10), "medium": (10, 20), "large": (20, 50), "enterprise": (30, 100)}


def document(
    *,
    sites: dict[str, Any] | None = None,
    machines: dict[str, Any] | None = None,
    exact: bool = True,
    rows: int = 150,
) -> dict[str, Any]:
    by_size = {size: {"min": low, "max": high, "mean": mean} for size, (low, high, mean) in SITES.items()}
    by_account = {size: {"min": low, "max": high} for size, (low, high) in MACHINES.items()}
    return {
        "name": "classes",
        "timeframe": {"start": "2024-01-01", "days": 30},
        "tables": [
            {
                "name": "account",
                "rows": rows,
                "columns": {
                    "size": {"choice": {"choices": SIZES, "exact": exact}},
                    "seats": {"choice": {"choices": [1, 2, 3]}},
                },
            },
            {
                "name": "site",
                "parents": ["account"],
                "fanout": sites or {"by": {"size": by_size}},
                "columns": {"kind": {"choices": ["a", "b"]}},
            },
            {
                "name": "machine",
                "parents": ["site"],
                "fanout": machines or (1 if sites else {"total": 25_000, "by": {"account.size": by_account}}),
                "columns": {"kind": {"choices": ["a", "b"]}},
            },
        ],
    }


PER_ACCOUNT = """select size, count(*), sum(n), min(n), max(n) from (
    select any_value(size) as size, count(site_id) as n from account left join site using (account_id) group by account_id)
    group by size"""
PER_SITE = """select size, min(n), max(n), sum(n) from (
    select any_value(size) as size, count(machine_id) as n
    from site join account using (account_id) left join machine using (site_id) group by site_id) group by size"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(document(), tmp_path_factory.mktemp("classes") / "data")


def test_every_class_has_its_mean_inside_its_range(tables: Tables) -> None:
    found = {size: (number, total, low, high) for size, number, total, low, high in tables.rows(PER_ACCOUNT)}
    for size, (low, high, mean) in SITES.items():
        number, total, fewest, most = found[size]
        assert total == round(mean * number)
        assert low <= fewest <= most <= high
    assert tables.value("select count(*) from site") == 863  # 157.5 (rounded to even: 158) + 180 + 300 + 225


def test_the_total_of_all_classes_is_right_to_the_row_inside_every_range(tables: Tables) -> None:
    assert tables.value("select count(*) from machine") == 25_000
    for size, fewest, most, _ in tables.rows(PER_SITE):
        assert MACHINES[size][0] <= fewest <= most <= MACHINES[size][1]


def test_without_a_total_the_sum_is_another(tmp_path: Path) -> None:
    loose = {"by": {"account.size": {size: {"min": low, "max": high} for size, (low, high) in MACHINES.items()}}}
    assert written(document(machines=loose), tmp_path / "data").value("select count(*) from machine") > 27_000


def test_all_classes_are_tilted_alike() -> None:
    """Two classes of one law get one law: no class gives more than another of the same range."""
    laws = [ClassLaw(name, np.arange(1, 11), np.ones(10)) for name in ("a", "b")]
    first, second = together(laws, [5_000, 5_000], 40_000, False, "t")
    assert first.sum() + second.sum() == 40_000
    assert abs(int(first.sum()) - int(second.sum())) <= 1
    # the tilted uniform law of mean 4 falls by e^theta a step: neighbours keep one ratio
    counts = np.bincount(first, minlength=11)[1:]
    ratios = counts[1:] / counts[:-1]
    assert ratios.std() < 0.02 * ratios.mean()


@pytest.mark.parametrize("total", [750, 751, 3_000, 5_499, 5_500])
def test_totals_up_to_both_ends_of_the_reach(total: int) -> None:
    laws = [ClassLaw("a", np.arange(1, 3), np.ones(2)), ClassLaw("b", np.arange(10, 101), np.ones(91))]
    first, second = together(laws, [250, 50], total, False, "t")
    assert first.sum() + second.sum() == total
    assert first.min() >= 1
    assert first.max() <= 2
    assert second.min() >= 10
    assert second.max() <= 100


def test_a_total_out_of_reach_is_refused_with_the_reach_of_every_class() -> None:
    wide = {"total": 9_000, "by": {"size": {size: {"min": 1, "max": 20} for size in SIZES}}}
    told = refused(document(sites=wide), "fanout.total_out_of_reach")
    assert "105 × 1..20 (small)" in told.found
    assert told.expected == "a total from 150 to 3,000"
    far = {"total": 90_000, "by": {"account.size": {size: {"min": 1, "max": 20} for size in SIZES}}}
    late = fails(document(machines=far), "machine", "fanout.total_out_of_reach")
    assert "863 parents" in late.found
    assert late.expected == "a total from 863 to 17,260"


def test_stretch_lets_all_ranges_give_way_alike(tmp_path: Path) -> None:
    ranges = {"small": (2, 5), "medium": (5, 20), "large": (20, 100), "enterprise": (100, 500)}
    by = {size: {"min": low, "max": high} for size, (low, high) in ranges.items()}
    found = written(document(sites={"total": 5_000, "stretch": True, "by": {"size": by}}), tmp_path / "data")
    assert found.value("select count(*) from site") == 5_000
    for size, _, _, fewest, most in found.rows(PER_ACCOUNT):
        low, high = ranges[size]
        assert low <= fewest
        assert most <= high * 5_000 / 3_825 + 1  # 105 × 5 + 30 × 20 + 12 × 100 + 3 × 500 = 3,825 rows at most before


def test_a_class_may_have_a_total_or_a_law_of_its_own(tmp_path: Path) -> None:
    by: dict[str, Any] = {
        "small": {"min": 1, "max": 2},
        "medium": {"min": 1, "max": 9, "total": 111},
        "else": {"min": 5, "max": 5},
    }
    found = {row[0]: row for row in written(document(sites={"by": {"size": by}}), tmp_path / "data").rows(PER_ACCOUNT)}
    assert found["medium"][2] == 111
    assert found["large"][3:] == (5, 5)
    assert found["small"][3:] == (1, 2)


def test_a_total_of_laws_that_read_the_parent(tmp_path: Path) -> None:
    fanout = {"uniform": {"low": "seats", "high": "seats * 4", "integers": True}, "total": 700}
    tables = written(document(sites=fanout), tmp_path / "data")
    assert tables.value("select count(*) from site") == 700
    outside = """select count(*) from (select any_value(seats) as seats, count(*) as n from site join account using (account_id)
        group by account_id) where n not between seats and seats * 4"""
    assert tables.value(outside) == 0


def test_a_total_of_laws_with_fractions_that_read_the_parent(tmp_path: Path) -> None:
    """The ends of such a law are quantiles: 1.0000000000000002 is 1, and between 1.2 and 1.8 there are 1 and 2."""
    for low, high, total, most in ((1, "seats * 4", 700, "seats * 4"), (1.2, "1.8 - seats * 0.1", 170, "2")):
        tables = written(document(sites={"uniform": {"low": low, "high": high}, "total": total}), tmp_path / str(low))
        assert tables.value("select count(*) from site") == total
        outside = f"""select count(*) from (select any_value(seats) as seats, count(*) as n from site
            join account using (account_id) group by account_id) where n not between 1 and {most}"""
        assert tables.value(outside) == 0


@pytest.mark.parametrize(
    "fanout",
    [
        {"min": 1, "max": 2, "total": 700},
        {"min": 1, "max": 2, "total": 700, "stretch": True},
        {"by": {"size": {"else": {"min": 1, "max": 2}}}, "total": 700},
        {"by": {"size": {"else": {"min": 1, "max": 2}}}, "total": 700, "stretch": True},
        {"uniform": {"low": "seats", "high": "seats * 4", "integers": True}, "total": 700},
    ],
)
def test_nobody_has_no_rows(fanout: dict[str, Any], tmp_path: Path) -> None:
    schema = document(sites=fanout, rows=0)
    told = refused(schema, "fanout.total_out_of_reach")
    assert "700 rows from 0 rows of account" in told.found
    schema["tables"][1]["fanout"]["total"] = 0
    assert written(schema, tmp_path / "data").value("select count(*) from site") == 0


def test_too_many_laws_are_refused() -> None:
    fanout = {"uniform": {"low": 0, "high": "account_id", "integers": True}, "total": 700}
    assert "account_id" in fails(document(sites=fanout, rows=1_500), "site", "fanout.total_by_row").found


def test_counts_do_not_depend_on_how_the_rows_are_cut() -> None:
    plan = plan_of(document())
    counts = [
        np.concatenate([block.count_below("machine") for block in blocks_of(plan, "site", block_rows=rows)])
        for rows in (1, 7, 65_536)
    ]
    assert (counts[0] == counts[2]).all()
    assert (counts[1] == counts[2]).all()


def test_another_seed_gives_other_counts() -> None:
    one, two = (
        np.concatenate([block.count_below("machine") for block in blocks_of(plan_of(document(), seed=seed), "site")])
        for seed in (1, 2)
    )
    assert (one[:800] != two[:800]).any()


def test_the_plan_says_that_counts_move() -> None:
    counts = plan_of(document()).tables["site"].counts
    assert getattr(counts, "moves", "") == "its number of rows is exact over all parents"
    assert counts is not None
    assert abs(counts.expected - 862.5 / 150) < 1e-9


def test_the_printed_plan_says_it_too() -> None:
    plan = plan_of(document())
    assert "moves when rows of account are added: its number of rows is exact over all parents" in as_text(plan)
    [site] = [one for one in as_facts(plan)["tables"] if one["table"] == "site"]
    assert site["moves_when_parents_are_added"] == "its number of rows is exact over all parents"
    [account] = [one for one in as_facts(plan)["tables"] if one["table"] == "account"]
    assert account["moves_when_parents_are_added"] is None
