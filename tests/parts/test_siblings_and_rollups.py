"""`siblings` and `rollup` together, one reading the other at several depths, however rows are cut."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from datagen.engine import grain
from tests.parts.columns import child, column, law, schema, table
from tests.support import plan_of, table_of


def tower(rows: int = 30) -> dict[str, Any]:
    """Houses with flats with meters: figures of meters in flats, of flats among flats, of those in houses, among all houses."""
    meters = [
        column("level", law("uniform", low=0, high=100)),
        column("flag", {"bernoulli": {"p": 0.3, "exact": True}}),
        column("rank", {"siblings": {"agg": "rank", "order_by": "level desc"}}),
    ]
    flats = [
        column("kind", {"choice": {"choices": ["old", "new"]}}),
        column("first_meter", {"rollup": {"from": "meter", "agg": "min", "column": "meter_id"}}, nullable=True),
        column("flagged", {"rollup": {"from": "meter", "agg": "count", "where": "flag and rank <= 3"}}),
        column("part", {"siblings": {"agg": "share", "of": "flagged"}}, nullable=True),
        column("next_meter", {"siblings": {"agg": "previous", "of": "first_meter", "order_by": "ordinal desc"}}, nullable=True),
        column("by_kind", {"rollup": {"from": "meter", "agg": "count", "by": {"kind": {"old": {"where": "flag"}, "else": {}}}}}),
        column(
            "cased",
            {"case": {"cases": [{"when": "kind = 'old'", "rollup": {"from": "meter", "agg": "max", "column": "meter_id"}},
                                {"siblings": {"agg": "sum", "of": "flagged"}}]}},
            nullable=True,
        ),
    ]  # fmt: skip
    houses = [
        column("most", {"rollup": {"from": "flat", "agg": "max", "column": "flagged"}}, nullable=True),
        column("place", {"siblings": {"agg": "rank", "order_by": "most desc"}}),
        column("last_meter", {"rollup": {"from": "flat", "agg": "max", "column": "next_meter"}}, nullable=True),
    ]
    return schema(
        table("house", rows, *houses),
        child("flat", "house", *flats, fanout="0..9"),
        child("meter", "flat", *meters, fanout="0..7"),
        child("visit", "house", fanout={"poisson": "place % 3"}),
    )


@pytest.fixture(scope="module")
def whole() -> dict[str, pl.DataFrame]:
    plan = plan_of(tower())
    return {name: table_of(plan, name) for name in plan.tables}


@pytest.mark.parametrize(("block_rows", "wide"), [(1, 2), (7, 2), (7, 1_000_000), (20, 2)])
def test_figures_do_not_depend_on_how_rows_are_cut(
    block_rows: int, wide: int, whole: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grain, "WIDE_PARENT", wide)
    plan = plan_of(tower())
    for name, frame in whole.items():
        assert table_of(plan, name, block_rows=block_rows).equals(frame), name


def test_figures_at_every_depth_are_those_of_the_rows(whole: dict[str, pl.DataFrame]) -> None:
    meter, flat, house = whole["meter"], whole["flat"], whole["house"]
    below = meter.group_by("flat_id").agg(
        pl.col("meter_id").min().alias("least"), pl.col("meter_id").max().alias("largest"),
        (pl.col("flag") & (pl.col("rank") <= 3)).sum().cast(pl.Int64).alias("n"),
        pl.col("flag").sum().cast(pl.Int64).alias("flags"), pl.len().cast(pl.Int64).alias("all"),
    )  # fmt: skip
    told = (
        flat.join(below, on="flat_id", how="left")
        .sort("flat_id")
        .with_columns(pl.col("n", "flags", "all").fill_null(0))
    )
    assert told["first_meter"].equals(told["least"].alias("first_meter"))
    assert told["flagged"].equals(told["n"].alias("flagged"))
    assert told["next_meter"].equals(
        told.select(pl.col("least").shift(-1).over("house_id").alias("next_meter"))["next_meter"]
    )
    old = pl.col("kind") == "old"
    assert told["by_kind"].equals(told.select(pl.when(old).then("flags").otherwise("all").alias("by_kind"))["by_kind"])
    sums = pl.col("n").sum().over("house_id")
    assert told["cased"].equals(told.select(pl.when(old).then("largest").otherwise(sums).alias("cased"))["cased"])
    best = told.group_by("house_id").agg(pl.col("n").max().alias("best"))
    ranked = house.join(best, on="house_id", how="left").sort("house_id")
    assert ranked["most"].equals(ranked["best"].alias("most"))
    order = ranked.sort("best", "house_id", descending=[True, False], nulls_last=True)
    assert order["place"].to_list() == list(range(1, 31))
    counts = dict(whole["visit"]["house_id"].value_counts().iter_rows())
    assert not [
        one for one, place in house.select("house_id", "place").iter_rows() if place % 3 == 0 and counts.get(one)
    ]
