"""Reads the truth set of a data set: planted effects, placebos and labels, refused where they tell of other data."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.errors import Finding, UsageError, did_you_mean, listed, quoted
from datagen.sinks.manifest import CELLS, Manifest, TableEntry, read_manifest
from datagen.sinks.truth import ANSWERS, LABELS, truth_place

if TYPE_CHECKING:
    import polars as pl

_KEY, _DIRTY, _TOLD = " key", " dirty", " told"  # names that no column has


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth set of one data set. effects, placebos: as the answer key holds them, see `datagen.plan.effects`."""

    directory: Path
    manifest: Manifest
    answers: Mapping[str, Any]

    @property
    def effects(self) -> list[dict[str, Any]]:
        """What is planted."""
        found: list[dict[str, Any]] = self.answers["effects"]
        return found

    @property
    def placebos(self) -> list[dict[str, Any]]:
        """What nothing connects."""
        found: list[dict[str, Any]] = self.answers["placebos"]
        return found

    @property
    def anomalies(self) -> list[dict[str, Any]]:
        """Planted oddities: in the rows of a table, or in a column; `from` included, `until` excluded."""
        found: list[dict[str, Any]] = self.answers["anomalies"]
        return found

    @property
    def labelled(self) -> tuple[str, ...]:
        """The tables that have labels."""
        return tuple(table.name for table in self.manifest.tables if _lies_in(LABELS, table))

    @property
    def imperfections(self) -> pl.DataFrame:
        """The ledger: what was done to which cell, all as texts: table, key, column, kind, clean_value, dirty_value.

        In the order of the tables and their rows. A row that was written twice has the kind `duplicates` and no column.
        """
        import polars as pl

        files = [file for table in self.manifest.tables if not _lies_in(LABELS, table) for file in table.files]
        if not files:
            return pl.DataFrame(schema=dict.fromkeys(CELLS, pl.String))
        return pl.concat([pl.read_parquet(self.directory / file.name, glob=False) for file in files])

    def labels(self, table: str) -> pl.DataFrame:
        """The labels of a table, one row per row, by its primary key (else by `row_number`, from 1)."""
        import polars as pl

        known = {one.name: one for one in self.manifest.tables if _lies_in(LABELS, one)}
        if table not in known:
            hint = did_you_mean(table, known)
            expected = f"a table with labels: {listed(tuple(known), most=20)}" if known else "no table has labels"
            raise UsageError(Finding("truth.no_labels", found=quoted(table), expected=expected, hint=hint))
        return pl.concat([pl.read_parquet(self.directory / file.name, glob=False) for file in known[table].files])


def read(
    directory: str | os.PathLike[str], data: str | os.PathLike[str] | None = None, *, content_hash: str | None = None
) -> Truth:  # fmt: skip
    """The truth set in a directory, of the data in another (else the one of the same name without `.truth`).

    content_hash: of the data, where they are not at hand; then nothing is looked for.
    Raises UsageError where there is none, where it tells of other data, or where its answer key was changed.
    """
    place = Path(directory)
    manifest = read_manifest(place)
    if manifest.truth_of is None:
        found = "a data set, not a truth set"
        hint = f"its truth set would be {truth_place(place)}"
        expected = "a directory that `datagen generate --truth` has published"
        raise UsageError(
            Finding("truth.not_a_truth_set", path=os.fspath(place), found=found, expected=expected, hint=hint)
        )
    beside = Path(data) if data is not None else place.with_name(place.name.removesuffix(".truth"))
    content = read_manifest(beside).content_hash if content_hash is None else content_hash
    if content != manifest.truth_of:
        raise UsageError(
            Finding(
                "truth.other_data", path=os.fspath(place),
                found=f"the truth of data with the content hash {manifest.truth_of}",
                expected=f"that of {beside if content_hash is None else 'the data'}, {content}",
                hint="make both again with datagen generate --truth",
            )
        )  # fmt: skip
    return Truth(place, manifest, _answers(place, manifest))


def _lies_in(folder: str, table: TableEntry) -> bool:
    return any(file.name.startswith(f"{folder}/") for file in table.files)


def spoil(clean: pl.DataFrame, ledger: pl.DataFrame, key: str) -> pl.DataFrame:
    """The frame of a clean table with its part of a ledger of imperfections in it: the table as it was written.

    key: the column by which the ledger names rows, the primary key. The ledger holds the rows of this table only.
    """
    import polars as pl

    spoiled = clean.with_columns(pl.col(key).cast(pl.String).alias(_KEY))
    for column in [name for name in clean.columns if name in ledger.get_column("column").to_list()]:
        told = ledger.filter(pl.col("column") == column).select(
            pl.col("key").alias(_KEY), pl.col("dirty_value").alias(_DIRTY), pl.lit(True).alias(_TOLD)
        )
        kind: Any = clean.schema[column]
        if isinstance(kind, pl.Enum) and told.get_column(_DIRTY).count():
            kind = pl.String  # texts that are none of its categories
        dirty = pl.col(_DIRTY)
        if kind == pl.Boolean:
            dirty = dirty == "true"
        elif isinstance(kind, pl.Datetime):
            dirty = dirty.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us")
        elif kind == pl.Date:
            dirty = dirty.str.to_date("%Y-%m-%d")
        else:
            dirty = dirty.cast(kind)
        joined = spoiled.join(told, on=_KEY, how="left", maintain_order="left")
        value = pl.when(pl.col(_TOLD)).then(dirty).otherwise(pl.col(column).cast(kind)).alias(column)
        spoiled = joined.with_columns(value).drop(_DIRTY, _TOLD)
    twice = ledger.filter(pl.col("kind") == "duplicates").get_column("key")
    times = pl.when(pl.col(_KEY).is_in(twice.implode())).then(2).otherwise(1)
    places = spoiled.select(pl.int_range(pl.len()).repeat_by(times).explode()).to_series()
    return spoiled.drop(_KEY)[places]


def _answers(place: Path, manifest: Manifest) -> Mapping[str, Any]:
    facts = next((file for file in manifest.side_files if file.name == ANSWERS), None)
    raw = (place / ANSWERS).read_bytes() if facts is not None and (place / ANSWERS).is_file() else b""
    if facts is None or hashlib.sha256(raw).hexdigest() != facts.sha256:
        found = f"{ANSWERS} is missing or not what was published"
        raise UsageError(Finding("truth.changed", path=os.fspath(place), found=found, expected="the file as published"))
    answers: Mapping[str, Any] = json.loads(raw)
    return answers
