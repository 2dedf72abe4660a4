"""Verifying: a published data set passes in every format, and each change of it is named."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from datagen.checks.verify import table_sums, verify
from datagen.errors import Finding, UsageError
from datagen.kernel.content_hash import ColumnSum, TableSums, root_hash
from datagen.sinks.manifest import FORMATS, NAME, ColumnEntry, Manifest, TableEntry, write_manifest, write_text
from datagen.sinks.writer import open_writer, part_name

UTC = datetime.UTC
COLUMNS = (
    ColumnEntry("id", "int"),
    ColumnEntry("text", "string", nullable=True),
    ColumnEntry("word", "string", nullable=True),
    ColumnEntry("number", "float", nullable=True),
    ColumnEntry("flag", "bool", nullable=True),
    ColumnEntry("at", "datetime", nullable=True),
    ColumnEntry("at_us", "datetime", nullable=True, precision="us"),
    ColumnEntry("day", "date", nullable=True),
)
TEXTS = ["", None, "a,b", 'q"q', "cr\rlf\n", " ", "null", "žluťoučký kůň úpěl ďábelské ódy", "007", "\\N", "'", "x\ty"]
NUMBERS = [0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 1e16, 1e22, None, 2.2250738585072011e-308, -1 / 3]


def frame(rows: int = 600) -> pl.DataFrame:
    rng = np.random.Generator(np.random.PCG64(3))
    edges = [
        datetime.datetime(1, 1, 1),
        None,
        datetime.datetime(9999, 12, 31, 23, 59, 59),
        datetime.datetime(1970, 1, 1),
    ]
    at = [edges[k % 4] if k % 3 else datetime.datetime(2024, 1, 1) + datetime.timedelta(hours=k) for k in range(rows)]
    fine = [t if t is None else t.replace(microsecond=k % 999_999) for k, t in enumerate(at)]
    numbers = pl.Series(rng.integers(0, 1 << 63, rows)).reinterpret(signed=True).to_numpy().view(np.float64)
    floats = [NUMBERS[k % 10] if k % 2 else float(v) if np.isfinite(v) else 1.0 for k, v in enumerate(numbers)]
    kind = pl.Datetime("us")
    return pl.DataFrame(
        {
            "id": np.arange(rows) * 3 - 2**62,
            "text": [TEXTS[k % len(TEXTS)] for k in range(rows)],
            "word": pl.Series(
                [TEXTS[k % 5] for k in range(rows)], dtype=pl.Enum([t for t in TEXTS[:5] if t is not None])
            ),
            "number": floats,
            "flag": [(True, None, False)[k % 3] for k in range(rows)],
            "at": pl.Series(at, dtype=kind).cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
            "at_us": pl.Series(fine, dtype=kind).cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
            "day": [None if t is None else t.date() for t in at],
        }
    )


def write(directory: Path, format: str, parts: int = 3) -> Manifest:
    data = frame()
    writer = open_writer(format, directory, precisions={"at_us": "us"})
    sums = TableSums({column.name: ColumnSum(column.type) for column in COLUMNS})
    sums.add(np.arange(data.height), data)
    size = -(-data.height // parts)
    blocks = [data[k * size : (k + 1) * size] for k in range(parts)]
    names = [part_name("t", format, k if parts > 1 else None) for k in range(parts)]
    files = tuple(writer.write_part([block], name) for block, name in zip(blocks, names, strict=True))
    hexes = {name: column.hex for name, column in sums.columns.items()}
    table = TableEntry("t", data.height, COLUMNS, files, ("id",), sums=hexes)
    side = (write_text(directory, "assumptions.md", "none\n"),)
    write_text(directory, "log.jsonl", "{}\n")
    manifest = Manifest("all types", 1, "s", "f", format, "structural", root_hash({"t": sums}), (table,), side)
    write_manifest(manifest, directory)
    return manifest


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code.removeprefix("verify.") for finding in findings]


@pytest.mark.parametrize("format", FORMATS)
def test_every_value_of_every_type_is_recognised(format: str, tmp_path: Path) -> None:
    write(tmp_path, format)
    assert verify(tmp_path) == []


def test_the_content_hash_does_not_see_formats_parts_or_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datagen.checks.verify.BATCH", 41)
    hashes = set()
    for format in FORMATS:
        for parts in (1, 4):
            directory = tmp_path / f"{format}{parts}"
            directory.mkdir()
            manifest = write(directory, format, parts)
            hashes |= {manifest.content_hash, root_hash({"t": table_sums(directory, manifest.tables[0], format)})}
    assert len(hashes) == 1


def swap(directory: Path) -> None:
    one, other = directory / "t" / "part-00000.csv", directory / "t" / "part-00001.csv"
    one.rename(directory / "x")
    other.rename(one)
    (directory / "x").rename(other)


def flip(directory: Path) -> None:
    path = directory / "t" / "part-00001.csv"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def link(directory: Path) -> None:
    path = directory / "t" / "part-00001.csv"
    path.rename(directory.parent / "elsewhere.csv")
    path.symlink_to(directory.parent / "elsewhere.csv")


def link_folder(directory: Path) -> None:
    (directory / "t").rename(directory.parent / "elsewhere")
    (directory / "t").symlink_to(directory.parent / "elsewhere")


def append(directory: Path) -> None:
    with (directory / "t" / "part-00002.csv").open("a") as file:
        file.write("\n")


CHANGES: list[tuple[Callable[[Path], object], list[str], str]] = [
    (flip, ["changed_file"], "part-00001.csv has the checksum"),
    (append, ["changed_file"], "part-00002.csv has"),
    (lambda d: (d / "t" / "part-00000.csv").unlink(), ["missing_file"], "no file t/part-00000.csv"),
    (lambda d: shutil.rmtree(d / "t"), ["missing_file"] * 3, "no file t/part-00002.csv"),
    (link, ["missing_file"], "no file t/part-00001.csv"),
    (link_folder, ["missing_file"] * 3 + ["extra_file"], "not part of the data set: t"),
    (lambda d: (d / "assumptions.md").write_text("noNe\n"), ["changed_file"], "assumptions.md"),
    (lambda d: (d / "assumptions.md").unlink(), ["missing_file"], "assumptions.md"),
    (lambda d: (d / "log.jsonl").unlink(), [], ""),
    (lambda d: (d / "t" / "part-00003.csv").write_text("x"), ["extra_file"], "t/part-00003.csv"),
    (lambda d: (d / "mine").mkdir(), ["extra_file"], "mine"),
]


@pytest.mark.parametrize(("change", "expected", "says"), CHANGES)
def test_each_change_is_named(change: Callable[[Path], object], expected: list[str], says: str, tmp_path: Path) -> None:
    directory = tmp_path / "set"
    directory.mkdir()
    write(directory, "csv")
    change(directory)
    findings = verify(directory)
    assert codes(findings) == expected
    assert says in " | ".join(finding.found for finding in findings)


def test_a_data_set_behind_a_link_and_an_odd_name_is_verified(tmp_path: Path) -> None:
    for format in FORMATS:
        odd = tmp_path / f"it's [{format}] *?"
        odd.mkdir()
        write(odd, format)
        (tmp_path / format).symlink_to(odd)
        assert verify(tmp_path / format) == verify(odd) == []


def test_swapped_files_are_two_changed_files(tmp_path: Path) -> None:
    write(tmp_path, "csv")
    swap(tmp_path)
    assert codes(verify(tmp_path)) == ["changed_file"] * 2


@pytest.mark.parametrize("format", FORMATS)
def test_values_that_were_never_right_are_found_by_column(format: str, tmp_path: Path) -> None:
    """The checksums agree, because the files were written wrong: only the values give it away."""
    manifest = write(tmp_path, format)
    table = manifest.tables[0]
    wrong = frame().with_columns(number=pl.col("number").fill_null(0.0), text=pl.col("text").fill_null(""))
    files = []
    for k, file in enumerate(table.files):
        (tmp_path / file.name).unlink()
        writer = open_writer(format, tmp_path, precisions={"at_us": "us"})
        files.append(writer.write_part([wrong[k * 200 : (k + 1) * 200]], file.name))
    write_manifest(replace(manifest, tables=(replace(table, files=tuple(files)),)), tmp_path)
    findings = verify(tmp_path)
    assert codes(findings) == ["values"] * 2
    assert [finding.found.split(" have ")[0] for finding in findings] == [
        "the values of t.text",
        "the values of t.number",
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_a_manifest_that_was_changed_gives_itself_away(format: str, tmp_path: Path) -> None:
    manifest = write(tmp_path, format)
    table = manifest.tables[0]
    changed = {
        "rows": replace(manifest, tables=(replace(table, rows=601),)),
        "content_hash": replace(manifest, content_hash="0" * 64),
        "values": replace(manifest, tables=(replace(table, sums={**table.sums, "id": "0" * 32}),)),
    }
    for code, other in changed.items():
        write_manifest(other, tmp_path)
        assert codes(verify(tmp_path)) == [code]
    columns = (replace(COLUMNS[0], type="date"), *COLUMNS[1:])
    write_manifest(replace(manifest, tables=(replace(table, columns=columns),)), tmp_path)
    assert set(codes(verify(tmp_path))) <= {"unreadable", "values", "content_hash"}
    assert verify(tmp_path)


def test_what_is_not_a_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no manifest"):
        verify(tmp_path)
    write(tmp_path, "csv")
    (tmp_path / NAME).write_text("{")
    with pytest.raises(UsageError, match="not a JSON document"):
        verify(tmp_path)


def test_an_empty_table_is_verified_too(tmp_path: Path) -> None:
    for format in FORMATS:
        directory = tmp_path / format
        directory.mkdir()
        columns = (ColumnEntry("a", "int"), ColumnEntry("b", "datetime"))
        sums = TableSums({column.name: ColumnSum(column.type) for column in columns})
        empty = pl.DataFrame(schema={"a": pl.Int64, "b": pl.Datetime("us", "UTC")})
        file = open_writer(format, directory).write_part([empty], part_name("t", format))
        table = TableEntry("t", 0, columns, (file,), sums={name: c.hex for name, c in sums.columns.items()})
        root = root_hash({"t": sums})
        write_manifest(Manifest("empty", 1, "s", "f", format, "structural", root, (table,)), directory)
        assert verify(directory) == []
