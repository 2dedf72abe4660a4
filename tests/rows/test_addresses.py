"""Rows made at a rate are functions of their parents' addresses: blocks, workers, other parents and columns, and a
longer window leave them where they are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datagen import api
from datagen.engine.options import Options
from tests.rows.documents import KINDS, OF_THE_WINDOW, shop
from tests.rows.once import made, plan_of
from tests.support import table_of

END = datetime(2025, 1, 1)  # of the window of the shop
ORDER = ["customer_id", "ordered_at", "amount"]


@pytest.mark.parametrize("rows", [40, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_any_size_hold_the_same_rows(kind: str, rows: int) -> None:
    document = shop(kind, rows=rows)
    assert made(document, "order").height > rows
    for block_rows in (7, 300):
        for table in ("order", "customer"):
            assert_frame_equal(table_of(plan_of(document), table, block_rows=block_rows), made(document, table))


@pytest.mark.parametrize("kind", KINDS)
def test_more_customers_leave_the_rows_of_the_others_alone(kind: str) -> None:
    if kind == "total":
        pytest.skip("the trend of the total is shared by all customers")
    few, many = made(shop(kind, rows=80), "order"), made(shop(kind, rows=200), "order")
    assert_frame_equal(many.filter(pl.col("customer_id") <= 80).select(ORDER), few.select(ORDER))
    assert many.height > few.height


@pytest.mark.parametrize("kind", KINDS)
def test_a_further_column_changes_nothing(kind: str) -> None:
    document = shop(kind)
    more = shop(kind)
    for node in more["nodes"]:
        node["columns"].insert(1, {"name": "note", "generator": {"faker": {"method": "word"}}})
    assert_frame_equal(made(more, "order").drop("note"), made(document, "order"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OF_THE_WINDOW])
def test_a_longer_window_only_appends(kind: str) -> None:
    longer = {"start": "2024-01-01", "end": "2025-06-30"}
    short = made(shop(kind), "order").select("customer_id", "ordered_at")
    long = made(shop(kind, timeframe=longer), "order").select("customer_id", "ordered_at")
    assert long.height > short.height or kind == "edges"
    if kind == "clamped":  # whoever comes to stand at an end of the clamp gets the number and new times
        free = (
            sizes(short)
            .join(sizes(long), on="customer_id")
            .filter(pl.all_horizontal(pl.col("len", "len_right").is_between(3, 25, closed="none")))
        )
        assert free.height > 20
        short, long = (frame.join(free, on="customer_id", how="semi") for frame in (short, long))
    # the week that the end of the year cuts is counted by its share
    end = datetime(2024, 12, 30) if kind == "uniform" else END
    short, long = (frame.filter(pl.col("ordered_at") < end).sort(frame.columns) for frame in (short, long))
    assert_frame_equal(long, short)


def sizes(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.group_by("customer_id").len()


@pytest.mark.parametrize("kind", KINDS)
def test_times_rise_within_a_customer_and_lie_in_his_life_and_the_window(kind: str) -> None:
    plan = plan_of(shop(kind))
    orders, customers = table_of(plan, "order"), table_of(plan, "customer")
    both = orders.join(customers, on="customer_id")
    assert both.filter(pl.col("ordered_at") < pl.col("created_at")).height == 0
    assert orders["ordered_at"].max() < END
    steps = orders.with_columns((pl.col("ordered_at") - pl.col("ordered_at").shift()).over("customer_id").alias("step"))
    assert steps.filter(pl.col("step") < pl.duration()).height == 0
    assert orders["ordered_at"].dt.microsecond().max() == 0  # whole seconds
    if kind == "edges":
        assert both.filter(pl.col("ordered_at") >= pl.col("left_at")).height == 0


def test_workers_make_the_same_files(tmp_path: Path) -> None:
    document = shop("segments", rows=20_000)
    document["nodes"][0]["vintage_behavior"] = KINDS["two ages"][0]["vintage_behavior"]
    found = []
    for workers in (1, 2):
        directory = tmp_path / str(workers)
        api.generate(api.prepare(document), directory, Options(format="parquet", workers=workers))
        written = directory / "order"
        found.append(pl.read_parquet(written / "*.parquet" if written.is_dir() else written.with_suffix(".parquet")))
    assert_frame_equal(*found)
    assert found[0].height > 100_000
