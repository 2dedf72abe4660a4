"""Making a part of a data set again: it covers every table, and finds values that were changed with their manifest."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from datagen import api
from datagen.checks.regenerate import compare
from datagen.engine.options import Options
from datagen.sinks.manifest import read_manifest

SCHEMA = {
    "name": "shop",
    "tables": [
        {"name": "users", "rows": 40_000, "columns": {"age": {"uniform": {"low": 18, "high": 90}, "type": "int"}}},
        {"name": "visits", "parents": ["users"], "fanout": {"poisson": 1}, "columns": {"n": {"sequence": 1}}},
        {"name": "pages", "parents": ["visits"], "fanout": 2, "columns": {"length": {"exponential": 30}}},
        {"name": "plans", "rows": 3, "columns": {"price": {"uniform": {"low": 1, "high": 9}, "type": "int"}}},
        {"name": "nothing", "rows": 0, "columns": {"price": {"uniform": {"low": 1, "high": 9}, "type": "int"}}},
    ],
}


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_a_share_of_every_table_is_made_again_and_the_same(format: str, tmp_path: Path) -> None:
    prepared = api.prepare(SCHEMA)
    made = api.generate(prepared, tmp_path / "out", Options(format=format))
    compared = compare(prepared.bind(), tmp_path / "out", read_manifest(tmp_path / "out"))
    assert compared.findings == []
    for table, rows in made.rows.items():
        assert compared.rows[table] <= rows
        assert compared.rows[table] > 0 or rows == 0
    # blocks of 8,192 rows of the widest table: one of twelve is far from all of them
    assert compared.rows["pages"] < made.rows["pages"] / 4


def test_all_of_it_is_made_again_when_asked_for(tmp_path: Path) -> None:
    prepared = api.prepare(SCHEMA)
    made = api.generate(prepared, tmp_path / "out")
    compared = compare(prepared.bind(), tmp_path / "out", read_manifest(tmp_path / "out"), share=1.0)
    assert compared.findings == []
    assert compared.rows == dict(made.rows)


def test_a_changed_value_is_shown_with_its_key(tmp_path: Path) -> None:
    prepared = api.prepare(SCHEMA)
    api.generate(prepared, tmp_path / "out")
    path = tmp_path / "out" / "users.parquet"
    frame = pl.read_parquet(path).with_columns(
        pl.when(pl.col("users_id") == 12_345).then(pl.lit(99)).otherwise(pl.col("age")).alias("age")
    )
    frame.write_parquet(path)
    compared = compare(prepared.bind(), tmp_path / "out", read_manifest(tmp_path / "out"), share=1.0)
    (finding,) = compared.findings
    assert finding.code == "verify.regenerated"
    assert "users.age" in finding.found
    assert "users_id 12345) 99" in finding.found


def test_another_plan_is_seen_in_the_values(tmp_path: Path) -> None:
    api.generate(api.prepare(SCHEMA), tmp_path / "out")
    other = api.prepare(SCHEMA, seed=7).bind()
    found = compare(other, tmp_path / "out", read_manifest(tmp_path / "out")).findings
    assert {finding.code for finding in found} == {"verify.regenerated"}


def test_tables_without_parents_alone_are_made_again_too(tmp_path: Path) -> None:
    prepared = api.prepare({**SCHEMA, "tables": [SCHEMA["tables"][0], SCHEMA["tables"][3]]})  # type: ignore[index]
    made = api.generate(prepared, tmp_path / "out")
    compared = compare(prepared.bind(), tmp_path / "out", read_manifest(tmp_path / "out"), share=1.0)
    assert compared.findings == []
    assert compared.rows == dict(made.rows)
