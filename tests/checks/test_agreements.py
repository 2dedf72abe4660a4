"""Keys that agree: the plan lists the pairs, the manifest carries them, and one row that breaks a pair is found in the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support import plan_of

from datagen import api
from datagen.checks.structural import check_structure
from datagen.engine.options import Options
from datagen.plan.explain import as_text
from datagen.schema.load import load_text
from datagen.sinks.manifest import Manifest, read_manifest

DOCUMENT = """
timeframe: {start: 2024-01-01, end: 2024-12-31}
tables:
  - {name: account, rows: 30}
  - name: team
    parents: [account]
    fanout: 2
    columns: {account_id: {ref: account}, floor: {uniform: {low: 1, high: 3, integers: true}}}
  - name: user
    parents: [team]
    fanout: 5
    columns:
      account_id: {lookup: {from: account.account_id}}
      team_id: {ref: team}
      boss_id: {lookup: {from: user.user_id, same: team_id}, nullable: true}
      floor: {uniform: {low: 1, high: 3, integers: true}}
  - name: task
    parents: [account]
    fanout: 20
    columns:
      account_id: {ref: account}
      floor: {uniform: {low: 1, high: 3, integers: true}}
      user_id: {ref: user, same: account_id}
      team_id: {lookup: {from: user.team_id, on: {this_key: user_id}}}
      reader_id: {ref: user, within: account}
      near_id: {ref: team, where: candidate.floor = floor and account_id = candidate.account_id, else: null, nullable: true}
      far_id: {ref: team, where: candidate.floor <> floor, nullable: true, when: floor > 1}
"""
HELD = {
    ("team", "", "", ""): False,
    ("user", "account_id", "team_id", "account_id"): True,  # both are of the account above
    ("user", "team_id", "boss_id", "team_id"): True,
    ("task", "account_id", "user_id", "account_id"): True,
    ("task", "team_id", "user_id", "team_id"): True,  # copied
    ("task", "account_id", "reader_id", "account_id"): True,
    ("task", "floor", "near_id", "floor"): True,
    ("task", "account_id", "near_id", "account_id"): True,
    ("task", "floor", "far_id", "floor"): False,
}


def published(folder: Path, format: str = "parquet", **keys: Any) -> Manifest:
    api.generate(api.prepare(load_text(DOCUMENT, path="tasks.yaml")), folder, Options(format=format, workers=1), **keys)
    return read_manifest(folder)


def test_the_plan_lists_every_pair_as_held() -> None:
    plan = plan_of(DOCUMENT)
    found = {
        tuple(one.facts[key] for key in ("table", "column", "key", "to_column")): one.status
        for one in plan.constraints if one.kind == "agreement"
    }  # fmt: skip
    assert found == {pair: "held" for pair, held in HELD.items() if held}
    text = as_text(plan)
    assert (
        "held    agreement   task.account_id = user.account_id along user_id (user_id picks among the rows of the same"
        in text
    )


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_a_row_that_breaks_a_pair_is_found(format: str, tmp_path: Path) -> None:
    manifest = published(tmp_path / "out", format)
    assert check_structure(tmp_path / "out", manifest.tables, format) == []
    path = tmp_path / "out" / f"task.{format}"
    read: Any = {"parquet": pl.read_parquet, "csv": pl.read_csv, "ndjson": pl.read_ndjson}[format]
    frame: pl.DataFrame = read(path)
    writers = {
        "parquet": pl.DataFrame.write_parquet,
        "csv": pl.DataFrame.write_csv,
        "ndjson": pl.DataFrame.write_ndjson,
    }
    write: Any = writers[format]
    for column, other in (("user_id", 150), ("reader_id", 150), ("team_id", 60), ("account_id", 30)):
        damaged = pl.when(pl.col("task_id") == 3).then(pl.lit(other)).otherwise(pl.col(column)).alias(column)
        write(frame.with_columns(damaged), path)
        findings = check_structure(tmp_path / "out", manifest.tables, format)
        assert {one.code for one in findings} == {"structure.agreement"}, column
        assert all("in 1 rows" in one.found for one in findings)
        assert any(f"{column} " in one.found or f"along {column}" in one.found for one in findings)


def test_a_null_beside_a_key_is_found(tmp_path: Path) -> None:
    manifest = published(tmp_path / "out")
    path = tmp_path / "out" / "task.parquet"
    emptied = pl.when(pl.col("task_id") == 3).then(None).otherwise(pl.col("team_id")).alias("team_id")
    pl.read_parquet(path).with_columns(emptied).write_parquet(path)
    loose = [
        replace(one, columns=tuple(replace(column, nullable=True) for column in one.columns)) for one in manifest.tables
    ]
    [finding] = check_structure(tmp_path / "out", loose, "parquet")
    assert finding.found.startswith("task.team_id differs from user.team_id along user_id in 1 rows: (null, ")


def test_what_is_spoiled_or_hidden_is_not_asked_for(tmp_path: Path) -> None:
    text = DOCUMENT.replace(
        "floor: {uniform: {low: 1, high: 3, integers: true}}\n      user_id",
        "floor: {uniform: {low: 1, high: 3, integers: true}, imperfections: {missing: {rate: 0.2}}}\n      user_id",
    )
    text = text.replace(
        "team_id: {lookup: {from: user.team_id, on: {this_key: user_id}}}",
        "team_id: {lookup: {from: user.team_id, on: {this_key: user_id}}, hidden: true}",
    )
    assert text.count("missing") == text.count("hidden") == 1
    document = load_text(text, path="tasks.yaml")
    api.generate(api.prepare(document), tmp_path / "out", Options(format="csv", workers=1))
    keys = {
        key.column: key.agree
        for one in read_manifest(tmp_path / "out").tables
        for key in one.foreign_keys
        if one.name == "task"
    }
    assert keys["user_id"] == (("account_id", "account_id"),)
    assert keys["near_id"] == (("account_id", "account_id"),)
    assert keys["account_id"] == keys["far_id"] == ()
