"""Says whether a data set is what was published: every file, every byte, every value.

Two proofs stand beside each other. The checksum of a file finds any change of its bytes. The content hash is computed
again from the values that a reader finds in the files, and so it also finds a file that was never right, and stays the
same for a data set that was written in another format.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datagen.errors import Finding, listed
from datagen.kernel.content_hash import ColumnSum, TableSums, root_hash
from datagen.sinks.disk import disk_errors
from datagen.sinks.gzipped import unpacked, whole
from datagen.sinks.manifest import NAME, Manifest, TableEntry, read_manifest
from datagen.sinks.target import foreign
from datagen.structures import dtype_of, with_json

if TYPE_CHECKING:
    import polars as pl

BATCH = 262_144  # rows of a Parquet file in memory at a time: one row group of ours


def verify(directory: Path) -> list[Finding]:
    """What differs from the manifest; empty when nothing does.

    Raises UsageError where there is no data set, MachineError where the disk cannot be read.
    """
    import polars as pl

    manifest = read_manifest(directory)
    findings, sound = _check_files(directory, manifest)
    sums = {}
    for table in manifest.tables:
        if all(file.name in sound for file in table.files):
            try:
                sums[table.name] = table_sums(directory, table, manifest.format)
            except (pl.exceptions.PolarsError, ValueError) as error:
                first = str(error).strip().split("\n")[0]
                findings.append(_finding("verify.unreadable", directory, f"table {table.name}: {first}"))
    return findings + _check_sums(directory, manifest, sums)


def table_sums(directory: Path, table: TableEntry, format: str) -> TableSums:
    """The sums of a table's columns, computed from its files alone."""
    sums = TableSums({column.name: ColumnSum(column.type) for column in table.columns})
    first = 0
    for file in table.files:
        for frame in batches(directory / file.name, table, format):
            sums.add(np.arange(first, first + frame.height), frame)
            first += frame.height
    return sums


def _check_files(directory: Path, manifest: Manifest) -> tuple[list[Finding], set[str]]:
    """Compare what is there with the manifest, by name, size and checksum; also the names of those that agree."""
    findings = []
    sound = set()
    base = directory.resolve()  # the data set may be reached by a link, but none may lead out of it
    for file in manifest.files:
        path = directory / file.name
        with disk_errors("reading", path):
            if not path.is_file() or path.is_symlink() or path.parent.resolve() != (base / file.name).parent:
                findings.append(_finding("verify.missing_file", path, f"no file {file.name}"))
                continue
            size, digest = _checksum(path)
        if size != file.bytes:
            found = f"{file.name} has {size:,} bytes"
            findings.append(_finding("verify.changed_file", path, found, f"{file.bytes:,} bytes"))
        elif digest != file.sha256:
            found = f"{file.name} has the checksum {digest[:16]}…"
            findings.append(_finding("verify.changed_file", path, found, f"{file.sha256[:16]}…, as published"))
        else:
            sound.add(file.name)
    with disk_errors("reading", directory):
        strange = [name for name in foreign(directory, manifest) if name not in {file.name for file in manifest.files}]
    if strange:
        found = f"not part of the data set: {listed(strange)}"
        findings.append(_finding("verify.extra_file", directory, found, f"only what {NAME} lists"))
    return findings, sound


def _checksum(path: Path) -> tuple[int, str]:
    with path.open("rb", buffering=0) as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return os.fstat(stream.fileno()).st_size, digest


def _check_sums(directory: Path, manifest: Manifest, sums: dict[str, TableSums]) -> list[Finding]:
    """Compare sums with those of the manifest, column by column, and the hash made of all of them."""
    findings = []
    for table in manifest.tables:
        if table.name not in sums:
            continue
        columns = sums[table.name].columns
        rows = next(iter(columns.values())).rows if columns else 0
        if rows != table.rows:
            found = f"table {table.name} has {rows:,} rows"
            findings.append(_finding("verify.rows", directory, found, f"{table.rows:,} rows"))
            continue
        for name, column in columns.items():
            if column.hex != table.sums.get(name):
                found = f"the values of {table.name}.{name} have the sum {column.hex}"
                expected = f"{table.sums.get(name, 'no sum')}, as published"
                findings.append(_finding("verify.values", directory, found, expected))
    if not findings and len(sums) == len(manifest.tables) and root_hash(sums) != manifest.content_hash:
        found = f"the content hash is {root_hash(sums)}"
        findings.append(_finding("verify.content_hash", directory, found, manifest.content_hash))
    return findings


def batches(path: Path, table: TableEntry, format: str) -> Iterator[pl.DataFrame]:
    """The rows of one file, in order, a part at a time, in the types that were declared."""
    import polars as pl

    if format == "parquet":
        lazy = pl.scan_parquet(path, glob=False)
        rows = lazy.select(pl.len()).collect().item()
        for start in range(0, rows, BATCH):
            yield with_json(lazy.slice(start, BATCH).collect())
        return
    types = {"int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "date": pl.Date}
    kinds = {column.name: types.get(column.type, pl.String) for column in table.columns}  # times are parsed below
    if unpacked(format) == "ndjson":
        kinds |= {column.name: dtype_of(column.structure, plain=True) for column in table.columns if column.structure}
    # a part of text is read whole: it is never larger than what a worker holds while it writes one
    raw = whole(path)  # not by name: names with * or [ would be taken for patterns
    frame = pl.read_csv(raw, schema=kinds) if unpacked(format) == "csv" else pl.read_ndjson(raw, schema=kinds)
    times = [frame.get_column(column.name) for column in table.columns if column.type == "datetime"]
    frame = with_json(frame)
    yield frame.with_columns(texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us") for texts in times)


def _finding(code: str, path: Path, found: str, expected: str = "") -> Finding:
    return Finding(code, path=os.fspath(path), found=found, expected=expected)
