"""Everything that the report shows, as plain JSON-ready facts, section by section."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from datagen.report.activity import rows_over_time, seasons
from datagen.report.cohorts import cohorts
from datagen.report.comparisons import comparisons
from datagen.report.distributions import distributions
from datagen.report.files import Files, plain
from datagen.report.funnels import funnels
from datagen.report.growth import trends
from datagen.report.imperfections import imperfections
from datagen.report.states import states
from datagen.report.tables import tables

FACTS_VERSION = 1
SECTIONS: Mapping[str, Callable[[Files], Any]] = {
    "tables": tables, "distributions": distributions, "rows_over_time": rows_over_time, "seasons": seasons,
    "trends": trends, "cohorts": cohorts, "funnels": funnels, "states": states, "comparisons": comparisons,
}  # fmt: skip


def profile(files: Files, *, blind: bool) -> dict[str, Any]:
    """What the files alone tell. blind: the seed, from which everything follows, is left out too."""
    manifest = files.manifest
    header = {
        "name": manifest.name, "format": manifest.format, "content_hash": manifest.content_hash,
        "rows": sum(table.rows for table in manifest.tables), "tables": len(manifest.tables),
        "columns": sum(len(table.columns) for table in manifest.tables),
        "bytes": sum(file.bytes for table in manifest.tables for file in table.files),
        "first": plain(files.first), "last": plain(files.last),
    }  # fmt: skip
    if not blind:
        header |= {"seed": manifest.seed, "clean": manifest.clean, "gate": manifest.gate}
    found = {name: section(files) for name, section in SECTIONS.items()}
    return {
        "facts_version": FACTS_VERSION, "blind": blind, "header": header,
        **found, "imperfections": imperfections(files, found["distributions"]),
    }  # fmt: skip
