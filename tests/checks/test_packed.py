"""Data sets packed with gzip: the same content as plain ones for every command, and broken ones are told."""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.cli.running import SHOP, call, shop

from datagen.sinks.manifest import read_manifest

TEXT = f"""{SHOP}\
  - {{name: spent, sql: "select customers_id, sum(amount) as total from orders group by 1 order by 1"}}
"""


def files(directory: Path) -> dict[str, bytes]:
    """What the files of the tables hold, unpacked, by table."""
    return {
        path.name.split(".")[0]: gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in directory.iterdir()
        if ".csv" in path.name
    }


def other_sum(packed: bytes) -> bytes:
    """The same with a wrong checksum in it, before the length at the end."""
    return packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]


def test_a_packed_data_set_is_that_of_plain_files_for_every_command(tmp_path: Path) -> None:
    path = shop(tmp_path, TEXT)
    for format in ("csv", "csv.gz", "ndjson.gz"):
        assert call("generate", path, "-o", tmp_path / format, "-f", format).code == 0
    assert call("generate", path, "-o", tmp_path / "again", "-f", "csv.gz", "--workers", 1).code == 0
    manifests = {name: read_manifest(tmp_path / name) for name in ("csv", "csv.gz", "ndjson.gz")}
    assert len({one.content_hash for one in manifests.values()}) == 1
    assert files(tmp_path / "csv") == files(tmp_path / "csv.gz")
    assert sorted(files(tmp_path / "csv.gz")) == ["customers", "orders", "spent"]
    for packed in (tmp_path / "csv.gz").glob("*.gz"):
        assert packed.read_bytes() == (tmp_path / "again" / packed.name).read_bytes()
    for name in ("csv.gz", "ndjson.gz"):
        assert call("verify", tmp_path / name, "--regenerate", path).code == 0
        assert call("check", tmp_path / name, "--min-score", 95).code == 0
    assert call("report", tmp_path / "csv.gz", "-o", tmp_path / "page.html").code == 0


def test_a_schema_may_ask_for_packed_files(tmp_path: Path) -> None:
    path = shop(tmp_path, SHOP.replace("name: shop", "metadata: {name: shop, format: csv.gz}"))
    assert call("generate", path, "-o", tmp_path / "out").code == 0
    assert (tmp_path / "out" / "orders.csv.gz").is_file()
    assert "did you mean 'csv.gz'?" in call("generate", path, "-o", tmp_path / "other", "-f", "csv.gs").err


def test_packed_files_that_are_broken_are_told(tmp_path: Path) -> None:
    path = shop(tmp_path)
    out = tmp_path / "out"
    assert call("generate", path, "-o", out, "-f", "csv.gz").code == 0
    orders = out / "orders.csv.gz"
    whole = orders.read_bytes()
    for broken in (
        whole[:-20],
        whole[:200],
        b"",
        b"order_id,amount\n1,2\n",
        whole[:20] + b"\0" * 40 + whole[60:],
        other_sum(whole),
    ):
        orders.write_bytes(broken)
        assert call("verify", out).codes[:1] == ["verify.changed_file"]
        told = call("check", out, "--json")
        assert told.code == 1
        assert "orders.csv.gz" in told.out
        assert call("report", out, "-o", tmp_path / "page.html").codes == ["report.unreadable"]
    orders.unlink()
    assert call("report", out, "-o", tmp_path / "page.html").codes == ["report.unreadable"]
