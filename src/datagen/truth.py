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
from datagen.sinks.manifest import Manifest, read_manifest
from datagen.sinks.truth import ANSWERS, truth_place

if TYPE_CHECKING:
    import polars as pl


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
        return tuple(table.name for table in self.manifest.tables)

    def labels(self, table: str) -> pl.DataFrame:
        """The labels of a table, one row per row, by its primary key (else by `row_number`, from 1)."""
        import polars as pl

        known = {one.name: one for one in self.manifest.tables}
        if table not in known:
            hint = did_you_mean(table, known)
            expected = f"a table with labels: {listed(tuple(known), most=20)}" if known else "no table has labels"
            raise UsageError(Finding("truth.no_labels", found=quoted(table), expected=expected, hint=hint))
        return pl.concat([pl.read_parquet(self.directory / file.name, glob=False) for file in known[table].files])


def read(directory: str | os.PathLike[str], data: str | os.PathLike[str] | None = None) -> Truth:
    """The truth set in a directory, of the data in another (else the one of the same name without `.truth`).

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
    content = read_manifest(beside).content_hash
    if content != manifest.truth_of:
        raise UsageError(
            Finding(
                "truth.other_data", path=os.fspath(place),
                found=f"the truth of data with the content hash {manifest.truth_of}",
                expected=f"that of {beside}, {content}", hint="make both again with datagen generate --truth",
            )
        )  # fmt: skip
    return Truth(place, manifest, _answers(place, manifest))


def _answers(place: Path, manifest: Manifest) -> Mapping[str, Any]:
    facts = next((file for file in manifest.side_files if file.name == ANSWERS), None)
    raw = (place / ANSWERS).read_bytes() if facts is not None and (place / ANSWERS).is_file() else b""
    if facts is None or hashlib.sha256(raw).hexdigest() != facts.sha256:
        found = f"{ANSWERS} is missing or not what was published"
        raise UsageError(Finding("truth.changed", path=os.fspath(place), found=found, expected="the file as published"))
    answers: Mapping[str, Any] = json.loads(raw)
    return answers
