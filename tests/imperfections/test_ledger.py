"""Clean data and the ledger of imperfections make the data as they were written, to the byte; and nothing else differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from datagen import api, truth
from datagen.checks.verify import batches, verify
from datagen.engine.options import Options
from datagen.sinks.manifest import Manifest, TableEntry, read_manifest
from datagen.sinks.writer import open_writer
from tests.cli.running import call
from tests.imperfections.documents import CODES, TWO


def generate(document: Any, target: Path, **options: Any) -> api.Generated:
    return api.generate(api.prepare(document), target, Options(**options))


def frame_of(directory: Path, manifest: Manifest, entry: TableEntry) -> pl.DataFrame:
    return pl.concat(
        [frame for file in entry.files for frame in batches(directory / file.name, entry, manifest.format)]
    )


@pytest.mark.parametrize("format", ["csv", "parquet", "ndjson"])
@pytest.mark.parametrize("document", [TWO, CODES, "survey"], ids=["two", "codes", "survey"])
def test_clean_data_and_the_ledger_are_the_data_as_written(document: Any, format: str, tmp_path: Path) -> None:
    dirty, clean = tmp_path / "dirty", tmp_path / "clean"
    generate(document, dirty, format=format, truth=True)
    generate(document, clean, format=format, clean=True)
    ledger = truth.read(f"{dirty}.truth").imperfections
    entries, written = read_manifest(clean), {one.name: one for one in read_manifest(dirty).tables}
    for entry in entries.tables:
        key = entry.primary_key[0]
        told = ledger.filter(pl.col("table") == entry.name)
        assert told.height
        frame = truth.spoil(frame_of(clean, entries, entry), told, key)
        precisions: Any = {one.name: one.precision for one in entry.columns if one.precision is not None}
        with open_writer(format, tmp_path, precisions=precisions).open_part(f"{entry.name}.{format}") as part:
            part.append(frame)
            facts = part.close()
        [file] = written[entry.name].files
        assert facts.sha256 == file.sha256


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.cast({name: pl.String for name, kind in frame.schema.items() if isinstance(kind, pl.Enum)})


def test_a_ledger_with_one_cell_less_does_not_make_them(tmp_path: Path) -> None:
    generate(TWO, tmp_path / "dirty", format="parquet", truth=True)
    generate(TWO, tmp_path / "clean", format="parquet", clean=True)
    ledger = truth.read(tmp_path / "dirty.truth").imperfections.filter(pl.col("table") == "people")
    clean, dirty = (plain(pl.read_parquet(tmp_path / one / "people.parquet")) for one in ("clean", "dirty"))
    assert truth.spoil(clean, ledger, "people_id").equals(dirty)
    assert not truth.spoil(clean, ledger[1:], "people_id").equals(dirty)


def test_the_ledger_has_every_cell_once_and_none_as_it_was(tmp_path: Path) -> None:
    generate(TWO, tmp_path / "dirty", truth=True)
    ledger = truth.read(tmp_path / "dirty.truth").imperfections
    assert ledger.select("table", "key", "column").is_duplicated().sum() == 0
    cells = ledger.filter(pl.col("column").is_not_null())
    assert cells.filter(pl.col("clean_value").eq_missing(pl.col("dirty_value"))).height == 0
    assert cells.filter(pl.col("clean_value").is_null()).height == 0


def test_the_twin_differs_in_its_values_and_says_so(tmp_path: Path) -> None:
    dirty = generate(TWO, tmp_path / "dirty")
    clean = generate(TWO, tmp_path / "clean", clean=True)
    assert clean.content_hash != dirty.content_hash
    one, other = read_manifest(tmp_path / "clean"), read_manifest(tmp_path / "dirty")
    assert (one.clean, other.clean) == (True, False)
    assert (one.seed, one.schema_hash, one.fingerprint) == (other.seed, other.schema_hash, other.fingerprint)
    assert [table.rows for table in one.tables] == [700, clean.rows["visits"]]
    assert dirty.rows["people"] == 714
    sums = [
        {(table.name, name): total for table in entry.tables for name, total in table.sums.items()}
        for entry in (one, other)
    ]
    assert sums[0] != sums[1]


def test_a_schema_without_imperfections_is_its_own_twin(tmp_path: Path) -> None:
    plain = {"name": "plain", "tables": [{"name": "a", "rows": 9, "columns": {"x": {"normal": {"mean": 0, "std": 1}}}}]}
    assert generate(plain, tmp_path / "a", clean=True).content_hash == generate(plain, tmp_path / "b").content_hash
    assert (tmp_path / "a" / "manifest.json").read_bytes() == (tmp_path / "b" / "manifest.json").read_bytes()


def test_nothing_of_the_ledger_is_left_in_the_data(tmp_path: Path) -> None:
    generate(TWO, tmp_path / "data", format="csv")
    assert not [path.name for path in (tmp_path / "data").iterdir() if "imperfections" in path.name]
    assert verify(tmp_path / "data") == []


def test_a_table_called_imperfections_keeps_its_name(tmp_path: Path) -> None:
    document = {
        "name": "odd",
        "tables": [
            {
                "name": "imperfections", "rows": 50,
                "columns": {"x": {"uniform": {"low": 1, "high": 2}, "imperfections": {"missing": "10%"}}, "y": {"normal": {"mean": 0, "std": 1}, "hidden": True}},
            }
        ],
    }  # fmt: skip
    generate(document, tmp_path / "odd", truth=True)
    answers = truth.read(tmp_path / "odd.truth")
    assert answers.imperfections.height == 5
    assert answers.labels("imperfections").height == 50
    assert verify(tmp_path / "odd.truth") == []


def test_the_answer_key_tells_what_was_asked_and_found(tmp_path: Path) -> None:
    generate(TWO, tmp_path / "data", truth=True)
    told = truth.read(tmp_path / "data.truth").answers["imperfections"]
    by_kind = {(one["table"], one["column"], one["kind"]): one for one in told}
    assert by_kind["people", None, "duplicates"]["asked"] == by_kind["people", None, "duplicates"]["found"] == 14
    assert by_kind["people", "seen", "late"]["asked"] == by_kind["people", "seen", "late"]["found"] == 140
    assert all(one["asked"] == one["found"] for one in told if one["exact"])
    assert {one["exact"] for one in told} == {True, False}


@pytest.mark.parametrize("options", [{}, {"clean": True}], ids=["dirty", "clean"])
def test_blocks_made_again_are_those_of_the_files(options: dict[str, bool], tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(TWO, sort_keys=False))
    flags = ["--clean"] if options else []
    ran = call("generate", tmp_path / "two.yaml", "-o", tmp_path / "out", *flags)
    assert ran.code == 0, ran.err
    again = call("verify", tmp_path / "out", "--regenerate", tmp_path / "two.yaml")
    assert again.code == 0, again.err
