"""Imperfections take exact numbers of values, whatever the blocks and workers, and every value at most once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen import api
from datagen.engine.chosen import last_of_smallest, quotas
from datagen.engine.options import Options
from datagen.plan.spoils import clean
from tests.imperfections.documents import CODES, PEOPLE, TWO, table
from tests.support import made, plan_of, table_of


def twins(columns: dict[str, Any], **more: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The table `people` as it is written, and clean."""
    plan = plan_of(table(columns, **more))
    return table_of(plan, "people"), table_of(clean(plan), "people")


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.04, 0.5, 0.9999, 1.0])
@pytest.mark.parametrize("rows", [0, 1, 7, 1003])
def test_the_number_of_missing_values_is_exact(rate: float, rows: int) -> None:
    dirty, _ = twins({"x": {"normal": {"mean": 0, "std": 1}, "imperfections": {"missing": {"rate": rate}}}}, rows=rows)
    assert dirty.get_column("x").null_count() == int(np.floor(rate * rows + 0.5))


def test_the_rate_is_of_the_values_that_are_there() -> None:
    columns = {
        "x": {
            "uniform": {"low": 0, "high": 1},
            "when": "row_number % 4 = 0",
            "imperfections": {"missing": "10%", "outliers": "20%"},
        }
    }
    dirty, pure = twins(columns, rows=4000)
    there = pure.get_column("x").is_not_null()
    assert there.sum() == 1000
    assert (there & dirty.get_column("x").is_null()).sum() == 100
    assert (dirty.get_column("x") != pure.get_column("x")).sum() == 200


def test_several_imperfections_never_meet_in_a_cell() -> None:
    columns = {"x": {"faker": "city", "imperfections": [{"typos": "60%"}, {"missing": "40%"}]}}
    dirty, pure = twins(columns, rows=1000)
    assert dirty.get_column("x").null_count() == 400
    assert (dirty.get_column("x") != pure.get_column("x")).sum() == 600


def test_quotas_never_take_more_than_there_is() -> None:
    assert quotas([0.5, 0.5], 7) == [4, 3]
    assert quotas([0.1, 0.2], 100) == [10, 20]


def test_each_on_its_own_is_near_the_rate_and_not_exact() -> None:
    found = [
        made({**table({"x": {"normal": {"mean": 0, "std": 1}, "imperfections": {"missing": {"rate": 0.3, "exact": False}}}}), "seed": seed}, "people").get_column("x").null_count()
        for seed in range(8)
    ]  # fmt: skip
    error = np.sqrt(4000 * 0.3 * 0.7)
    assert len(set(found)) > 1
    assert all(abs(one - 1200) < 4 * error for one in found)  # 4 standard errors of a binomial


@pytest.mark.parametrize("document", [TWO, CODES], ids=["two", "codes"])
@pytest.mark.parametrize("rows", [1, 7])
def test_the_cut_of_blocks_does_not_show(document: dict[str, Any], rows: int, tmp_path: Path) -> None:
    hashes = []
    for size in (rows, 65_536):
        made = api.generate(
            api.prepare(document), tmp_path / str(size), Options(block_rows=size, truth=True, format="csv")
        )
        key = tmp_path / f"{size}.truth" / "imperfections.parquet"
        hashes.append((made.content_hash, pl.read_parquet(key).hash_rows().to_list()))
    assert hashes[0] == hashes[1]


def test_workers_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen.engine.grain.GRAIN_ROWS", 400)
    one, other = (
        api.generate(api.prepare(TWO), tmp_path / str(workers), Options(workers=workers, truth=True))
        for workers in (1, 2)
    )
    assert one.content_hash == other.content_hash
    assert other.answer_key == one.answer_key
    files = [(tmp_path / f"{n}.truth" / "imperfections.parquet").read_bytes() for n in (1, 2)]
    assert files[0] == files[1]


def test_other_columns_and_imperfections_do_not_move() -> None:
    more = {name: {**one} for name, one in PEOPLE.items()}
    more["extra"] = {"faker": "name", "imperfections": {"typos": "50%"}}
    assert made(table(PEOPLE), "people").equals(made(table(more), "people").drop("extra"))
    less = {**PEOPLE, "ok": {"bernoulli": 0.3}}
    assert made(table(PEOPLE), "people").drop("ok").equals(made(table(less), "people").drop("ok"))


def test_what_reads_a_spoiled_column_reads_the_clean_one() -> None:
    columns = {
        "n": {"type": "int", "uniform": {"low": 1, "high": 99}, "imperfections": {"outliers": "40%", "missing": "30%"}},
        "double": {"expression": "n * 2"},
    }
    dirty, pure = twins(columns)
    assert dirty.get_column("double").equals(pure.get_column("double"))
    assert dirty.get_column("n").null_count() == 1200


@pytest.mark.parametrize("wanted", [0, 1, 777, 5000])
def test_the_last_row_is_the_same_in_memory_and_in_bins(wanted: int) -> None:
    numbers = np.arange(5000, dtype=np.int64)
    keys = np.sin(numbers * 12.9898) * 43758.5453 % 1.0 - 0.5
    keys[::7] = 0.25  # many alike: the row decides
    pieces = [(keys[at : at + 600], numbers[at : at + 600]) for at in range(0, 5000, 600)]
    found = [last_of_smallest(lambda: iter(pieces), lambda: wanted, keep=keep) for keep in (True, False)]
    assert found[0] == found[1]
    assert int(((keys < found[0].key) | ((keys == found[0].key) & (numbers <= found[0].row))).sum()) == wanted
