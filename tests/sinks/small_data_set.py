"""Small whole data sets to publish in tests: two tables, one of them in two parts, side files and a manifest."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from datagen.errors import DatagenError, render
from datagen.sinks.manifest import (
    NAME,
    ColumnEntry,
    ForeignKey,
    Manifest,
    TableEntry,
    read_manifest,
    run_summary,
    write_manifest,
    write_text,
)
from datagen.sinks.part import PartFile
from datagen.sinks.publish import Stage

CUSTOMERS = (ColumnEntry("customer_id", "int"), ColumnEntry("name", "string", nullable=True))
ORDERS = (
    ColumnEntry("order_id", "int"),
    ColumnEntry("customer_id", "int"),
    ColumnEntry("amount", "float", role="measure"),
)
FOREIGN_KEYS = (ForeignKey("customer_id", "customers", "customer_id"),)


def write(directory: Path, *, seed: int = 1, format: str = "csv") -> Manifest:
    """Write the data set; another seed gives other values."""
    import numpy as np
    import polars as pl

    from datagen.kernel.content_hash import ColumnSum, TableSums, root_hash
    from datagen.sinks.writer import open_writer, part_name

    customers = pl.DataFrame({"customer_id": np.arange(1, 21), "name": [f"Name {seed}", None] * 10})
    orders = pl.DataFrame(
        {"order_id": np.arange(1, 101), "customer_id": np.arange(100) % 20 + 1, "amount": np.arange(100) / 4 + seed}
    )
    writer = open_writer(format, directory)
    sums, tables = {}, []
    for name, columns, frame, parts in (("customers", CUSTOMERS, customers, 1), ("orders", ORDERS, orders, 2)):
        sums[name] = TableSums({column.name: ColumnSum(column.type) for column in columns})
        sums[name].add(np.arange(frame.height), frame)
        size = frame.height // parts
        files = tuple(
            writer.write_part([frame[k * size : (k + 1) * size]], part_name(name, format, k if parts > 1 else None))
            for k in range(parts)
        )
        keys = FOREIGN_KEYS if name == "orders" else ()
        hexes = {column: total.hex for column, total in sums[name].columns.items()}
        tables.append(TableEntry(name, frame.height, columns, files, (columns[0].name,), foreign_keys=keys, sums=hexes))
    side = (write_text(directory, "run_summary.json", run_summary(tuple(tables))),)
    write_text(directory, "run.json", "{}\n")
    manifest = Manifest("small", seed, "schema", "plan", format, "structural", root_hash(sums), tuple(tables), side)
    write_manifest(manifest, directory)
    return manifest


class Copy:
    """A data set in memory, to be written again through the same calls as a run, without the libraries of values."""

    def __init__(self, source: Path) -> None:
        self.manifest = read_manifest(source)
        self.bytes = {file.name: (source / file.name).read_bytes() for file in self.manifest.files}

    def write(self, directory: Path) -> None:
        for table in self.manifest.tables:
            for facts in table.files:
                file = PartFile(directory, facts.name)
                file.write(self.bytes[facts.name])
                file.close(facts.rows)
        write_text(directory, "run_summary.json", self.bytes["run_summary.json"].decode())
        write_text(directory, "run.json", "{}\n")
        write_manifest(self.manifest, directory)


def publish(source: Path, target: Path | str) -> Stage:
    """Publish a copy of a data set, and give the stage for its notes."""
    copy = Copy(source)
    with Stage(target) as stage:
        copy.write(stage.path)
        stage.publish()
    return stage


def seed_of(directory: Path) -> int:
    """Which data set is there; fails unless it is whole."""
    manifest = read_manifest(directory)
    for file in manifest.files:
        assert hashlib.sha256((directory / file.name).read_bytes()).hexdigest() == file.sha256, file.name
    names = {p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file()}
    assert names == {NAME, "run.json", *(file.name for file in manifest.files)}
    return manifest.seed


def refusal(target: Path | str) -> str:
    """The code with which a target is refused, after a look that nothing was made or changed."""
    parent = Path(os.path.abspath(target)).parent
    before = sorted(os.listdir(parent)) if parent.is_dir() else None
    import pytest

    with pytest.raises(DatagenError) as caught, Stage(target):
        raise AssertionError("entered")
    assert (sorted(os.listdir(parent)) if parent.is_dir() else None) == before
    assert len(caught.value.findings) == 1
    return caught.value.findings[0].code


if __name__ == "__main__":  # SOURCE TARGET: publish a copy, as a command would
    try:
        stage = publish(Path(sys.argv[1]), sys.argv[2])
    except DatagenError as error:
        for finding in error.findings:
            print(render(finding), file=sys.stderr)
        sys.exit(error.exit_code)
    for note in stage.notes:
        print(render(note), file=sys.stderr)
