"""Tables made from whole tables are made again, and a value that was changed with its manifest is found."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.cli.running import call

from datagen import api
from datagen.checks.regenerate import compare
from datagen.checks.verify import verify
from datagen.engine.options import Options
from datagen.kernel.content_hash import ColumnSum, TableSums, root_hash
from datagen.sinks.manifest import NAME, read_manifest

SCHEMA: dict[str, Any] = {
    "name": "shop",
    "timeframe": {"start": "2025-01-01", "days": 30},
    "tables": [
        {"name": "users", "rows": 300, "pk": "user_id", "columns": {"user_id": {}, "joined": {"datetime_series": {}}}},
        {"name": "shops", "rows": 9, "pk": "shop_id", "columns": {"shop_id": {}, "opened": {"datetime_series": {}}}},
        {"name": "secret", "rows": 50, "hidden": True, "columns": {"weight": {"uniform": {"low": 0, "high": 1}}}},
        {
            "name": "log", "kind": "stream", "order_by": ["at"], "duplicates": {"rate": "5%"},
            "columns": {"log_id": {}, "at": {"type": "datetime", "role": "time"}, "user_id": {}, "shop_id": {}},
            "emits": [{"of": "users", "at": "joined"}, {"of": "shops", "at": "opened"}],
        },
        {"name": "daily", "kind": "derived", "sql": "select cast(joined as date) as day, count(*) as users, sum(user_id) / 7.0 as figure from users group by all order by day"},
        {"name": "weights", "kind": "derived", "sql": "select count(*) as n, sum(weight) as total from secret order by n"},
        {"name": "ranks", "kind": "derived", "sql": "select max(log_id) as last, (select max(figure) from daily) as most from log order by last"},
    ],
}  # fmt: skip
DERIVED = ("log", "daily", "weights", "ranks")


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_all_their_rows_are_made_again(tmp_path: Path, format: str) -> None:
    prepared = api.prepare(SCHEMA)
    made = api.generate(prepared, tmp_path / "out", Options(format=format))
    compared = compare(prepared.bind(), tmp_path / "out", read_manifest(tmp_path / "out"))
    assert compared.findings == []
    assert {name: compared.rows[name] for name in DERIVED} == {name: made.rows[name] for name in DERIVED}


def tamper(place: Path, table: str, column: str, value: Any) -> None:
    """Change one value of a table, and everything in the manifest that tells of it."""
    path = place / f"{table}.parquet"
    frame = pl.read_parquet(path)
    kind = frame.schema[column]
    changed = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(value).cast(kind)).otherwise(pl.col(column))
    frame = frame.with_columns(changed.alias(column))
    frame.write_parquet(path)
    facts = json.loads((place / NAME).read_text())
    entries = {entry["name"]: entry for entry in facts["tables"]}
    raw = path.read_bytes()
    entries[table]["files"][0] |= {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
    sums = TableSums({one["name"]: ColumnSum(one["type"]) for one in entries[table]["columns"]})
    import numpy as np

    sums.add(np.arange(frame.height, dtype=np.int64), frame)
    entries[table]["sums"] = {name: total.hex for name, total in sums.columns.items()}
    whole = {}
    for entry in read_manifest(place).tables:
        whole[entry.name] = TableSums({one.name: ColumnSum(one.type) for one in entry.columns})
        read = pl.read_parquet(place / entry.files[0].name)
        whole[entry.name].add(np.arange(read.height, dtype=np.int64), read)
    facts["content_hash"] = root_hash(whole)
    (place / NAME).write_text(json.dumps(facts, indent=1) + "\n")


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("daily", "users", 77), ("weights", "total", 1.5), ("log", "user_id", 999), ("ranks", "last", 3)],
)
def test_a_value_that_was_changed_with_its_manifest_is_found(
    tmp_path: Path, table: str, column: str, value: Any
) -> None:
    prepared = api.prepare(SCHEMA)
    api.generate(prepared, tmp_path / "out", Options(gate="none"))
    tamper(tmp_path / "out", table, column, value)
    assert verify(tmp_path / "out") == []  # the files are what the manifest says
    compared = compare(prepared.bind(), tmp_path / "out", read_manifest(tmp_path / "out"))
    assert {one.code for one in compared.findings} == {"verify.regenerated"}
    assert any("1 of" in one.found and f"{table}.{column}" in one.found for one in compared.findings)


def test_the_labels_of_a_sorted_stream_are_made_again(tmp_path: Path) -> None:
    schema = json.loads(json.dumps(SCHEMA))
    schema["tables"][3]["columns"]["hint"] = {"bernoulli": 0.3, "hidden": True}
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(schema))
    assert call("generate", path, "--output", tmp_path / "out", "--truth").code == 0
    for place in (tmp_path / "out", tmp_path / "out.truth"):
        done = call("verify", place, "--regenerate", path)
        assert done.code == 0, done.err
        assert "the same values" in done.out
