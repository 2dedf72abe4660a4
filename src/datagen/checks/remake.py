"""Makes the tables again that are made from whole tables, by SQL or by putting a stream in order, and compares every value.

What SQL reads is taken from the files, which are what the manifest says by then; what is in no file, and the events of
streams, is made again from the schema.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from datagen.checks.verify import batches
from datagen.engine.derived import chosen, make_derived, staged_tables
from datagen.engine.executor import Job, Made, execute
from datagen.engine.memory import share_out
from datagen.engine.options import default_memory
from datagen.plan.model import Plan
from datagen.plan.needed import narrowed
from datagen.sinks.disk import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from datagen.sinks.manifest import Manifest, TableEntry


def made_again(
    plan: Plan, directory: Path, manifest: Manifest, names: Iterable[str], memory: int | None = None
) -> Iterator[tuple[str, int, pl.DataFrame]]:
    """(table, first row, frame) of the named derived tables, piece by piece; a table without rows gives one empty frame."""
    import polars as pl

    wanted, entries = frozenset(names), {entry.name: entry for entry in manifest.tables}
    if not wanted:
        return
    with tempfile.TemporaryDirectory(prefix="datagen-") as scratch:
        place = Path(scratch)
        sources = staged_tables(plan, "csv", wanted)  # all that is read, whatever is published of it
        written = {
            name for name in sources
            if name in entries and (manifest.format == "parquet" or not _has_structures(plan, name))
        }  # fmt: skip
        job = Job("parquet", place, tables=wanted, staged=sources - written)
        made = execute(narrowed(plan, job.staged), job) if job.staged else Made()
        for name in sorted(written):
            made.staged[name] = _as_parquet(directory, manifest.format, entries[name], place / "sources")
        readable = (directory,) if manifest.format == "parquet" else ()
        make_derived(plan, job, made, memory=share_out(memory or default_memory()).queries, readable=readable)
        for name in chosen(plan, wanted):
            first = 0
            for file in made.files.get(name, ()):
                entry = replace(entries[name], files=made.files[name])
                for frame in batches(place / file.name, entry, "parquet"):
                    yield name, first, frame
                    first += frame.height
            if not first and name in wanted:
                yield name, 0, pl.DataFrame()


def _has_structures(plan: Plan, name: str) -> bool:
    """Whether text files hold a column of a table in another form than SQL has read it in."""
    return any(column.structure is not None for column in plan.tables[name].visible)


def _as_parquet(directory: Path, format: str, entry: TableEntry, place: Path) -> tuple[Path, ...]:
    """The files of a table as Parquet, those of other formats written anew."""
    import polars as pl

    if format == "parquet":
        return tuple((directory / file.name).resolve() for file in entry.files)
    found = []
    with disk_errors("making a directory", place):
        place.mkdir(exist_ok=True)
    for file in entry.files:
        path = place / (file.name.replace("/", ".") + ".parquet")
        with disk_errors("writing", path):
            pl.concat(list(batches(directory / file.name, entry, format))).write_parquet(path, compression="lz4")
        found.append(path)
    return tuple(found)
