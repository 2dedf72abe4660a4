"""Published data sets to be broken: copies whose other files are the same on the disk, edited as frames, and judged."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from datagen import api
from datagen.checks.result import Result
from datagen.engine.options import Options

Edit = Callable[[pl.DataFrame], pl.DataFrame]
TIMES = "%Y-%m-%dT%H:%M:%S%.fZ"


def publish(document: Mapping[str, Any] | str, place: Path, format: str = "csv", **overrides: Any) -> Path:
    """A whole data set, as it was made."""
    api.generate(api.prepare(document, **overrides), place, Options(format=format))
    return place


def linked(data: Path, place: Path) -> Path:
    """A copy of a data set that shares its files: an edit must write a new one."""
    for path in sorted(data.rglob("*")):
        there = place / path.relative_to(data)
        if path.is_file():
            there.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, there)
    return place


def edited(data: Path, place: Path, table: str, edit: Edit) -> Path:
    """A copy in which one table of texts was changed. Columns are texts, nulls are nulls."""
    linked(data, place)
    path = place / f"{table}.csv"
    frame = pl.read_csv(path, infer_schema=False)
    path.unlink()
    edit(frame).write_csv(path)
    return place


def judged(place: Path, schema: Mapping[str, Any] | str | None = None, **more: Any) -> api.Checked:
    """The report on a directory."""
    prepared = None if schema is None else api.prepare(schema, **more.pop("overrides", {}))
    return api.check(place, prepared, memory=400_000_000, **more)


def failures(checked: api.Checked) -> dict[tuple[str, str], Result]:
    """The failed checks, by code and place."""
    return {(one.code, one.place): one for one in checked.report.failed}
