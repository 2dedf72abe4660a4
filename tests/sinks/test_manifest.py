"""The manifest: it comes back as it was written, tells no time, and a spoiled one is refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_data_set

from datagen.errors import DatagenError, UsageError
from datagen.sinks.manifest import LARGEST, NAME, Manifest, parse_manifest, read_manifest, run_summary, write_manifest


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    directory = tmp_path_factory.mktemp("set")
    return directory, small_data_set.write(directory)


def test_a_manifest_comes_back_as_it_was(published: tuple[Path, Manifest]) -> None:
    directory, manifest = published
    assert read_manifest(directory) == manifest
    assert [file.name for file in manifest.files] == [
        "customers.csv",
        "orders/part-00000.csv",
        "orders/part-00001.csv",
        "run_summary.json",
    ]


def test_the_same_data_set_has_the_same_manifest(published: tuple[Path, Manifest], tmp_path: Path) -> None:
    small_data_set.write(tmp_path)
    assert (tmp_path / NAME).read_bytes() == (published[0] / NAME).read_bytes()
    write_manifest(published[1], tmp_path)
    assert (tmp_path / NAME).read_bytes() == (published[0] / NAME).read_bytes()


def test_the_manifest_is_json_that_people_can_read(published: tuple[Path, Manifest]) -> None:
    facts = json.loads((published[0] / NAME).read_text())
    assert (facts["program"], facts["format_version"], facts["complete"]) == ("datagen", 1, True)
    orders = facts["tables"][1]
    assert orders["columns"][2] == {"name": "amount", "type": "float", "nullable": False, "role": "measure"}
    assert orders["foreign_keys"] == [{"column": "customer_id", "table": "customers", "to_column": "customer_id"}]
    assert set(orders["files"][0]) == {"name", "rows", "bytes", "sha256"}
    assert len(orders["sums"]["amount"]) == 32


def test_the_summary_counts_rows_per_table(published: tuple[Path, Manifest]) -> None:
    assert json.loads(run_summary(published[1].tables)) == {"tables": {"customers": 20, "orders": 100}}


SPOILED: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("not a manifest of Datagen", lambda m: m.pop("program")),
    ("not a manifest of Datagen", lambda m: m.update(program="other")),
    ("format 2, this program reads 1", lambda m: m.update(format_version=2)),
    ("not complete", lambda m: m.update(complete=False)),
    ("seed", lambda m: m.update(seed="1")),
    ("content_hash", lambda m: m.pop("content_hash")),
    ("surprise", lambda m: m.update(surprise=1)),
    ("tables", lambda m: m.pop("tables")),
    ("of the wrong kind", lambda m: m.update(tables=5)),
    ("of the wrong kind", lambda m: m.update(tables=[5])),
    ("rows", lambda m: m["tables"][0].update(rows="20")),
    ("sums", lambda m: m["tables"][0].update(sums=[])),
    ("'type'", lambda m: m["tables"][0].update(columns=[{"name": "x"}])),
    ("column type 'decimal'", lambda m: m["tables"][0]["columns"][0].update(type="decimal")),
    ("column type", lambda m: m["tables"][0]["columns"][0].update(type=["int"])),
    ("name is not of type str", lambda m: m["tables"][0].update(name=5)),
    ("not a column", lambda m: m["tables"][0].update(primary_key=["nothing"])),
    ("not a column", lambda m: m["tables"][0].update(unique=[["customer_id", "nothing"]])),
    ("format 'xlsx'", lambda m: m.update(format="xlsx")),
    ("sha256", lambda m: m["tables"][0]["files"][0].update(sha256=7)),
    ("bytes", lambda m: m["tables"][0]["files"][0].update(bytes=None)),
    ("leaves the data set", lambda m: m["tables"][0]["files"][0].update(name="../../etc/passwd")),
    ("leaves the data set", lambda m: m["tables"][0]["files"][0].update(name="/etc/passwd")),
    ("leaves the data set", lambda m: m["side_files"][0].update(name="a/b/c")),
    ("leaves the data set", lambda m: m["side_files"][0].update(name="")),
]


@pytest.mark.parametrize(("found", "spoil"), SPOILED)
def test_a_spoiled_manifest_is_refused(
    published: tuple[Path, Manifest], found: str, spoil: Callable[[dict[str, Any]], object]
) -> None:
    facts = published[1].as_dict()
    facts = json.loads(json.dumps(facts))
    spoil(facts)
    with pytest.raises(UsageError, match=found) as caught:
        parse_manifest(json.dumps(facts).encode(), Path(NAME))
    assert caught.value.findings[0].code.startswith("manifest.")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"program": "datagen"}'])
def test_what_is_not_a_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(UsageError):
        parse_manifest(raw, Path(NAME))


def test_every_cut_and_every_changed_byte_is_read_or_refused(published: tuple[Path, Manifest]) -> None:
    raw = (published[0] / NAME).read_bytes()
    for place in range(0, len(raw), 3):
        for spoiled in (raw[:place], raw[:place] + b"\x00" + raw[place + 1 :], raw[:place] + b"9" + raw[place + 1 :]):
            try:
                parse_manifest(spoiled, Path(NAME))
            except DatagenError as error:
                assert len(error.findings) == 1  # noqa: PT017  # most are refused, some still say something


def test_a_missing_or_huge_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no manifest"):
        read_manifest(tmp_path)
    with pytest.raises(UsageError, match="no such directory"):
        read_manifest(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="no such directory"):
        read_manifest(tmp_path / "file")
    with (tmp_path / NAME).open("wb") as file:
        file.truncate(LARGEST + 2)
    with pytest.raises(UsageError, match="more than 64 MiB"):
        read_manifest(tmp_path)
