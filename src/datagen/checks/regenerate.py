"""Makes a small part of a data set again from its schema and compares it with the files: are these really those values?

Blocks of root rows are picked by their addresses, about one in a hundred and at least so many that every table with rows
is looked at, and are made again with all their descendants. Tables by SQL and streams that are put in order at the end are
made again whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datagen.checks.remake import made_again
from datagen.checks.verify import batches
from datagen.engine.grain import Grain, Walk, grains, totals, tree
from datagen.engine.run import Run
from datagen.engine.spoil import row_places
from datagen.errors import Finding
from datagen.kernel import draws
from datagen.kernel.address import root_addresses, salt_of
from datagen.plan.model import Plan, TablePlan
from datagen.structures import with_json

if TYPE_CHECKING:
    import polars as pl

    from datagen.sinks.manifest import Manifest, TableEntry

SHARE = 0.01
BLOCK_ROWS = 8_192  # expected rows of the widest table of a block: small, so that 1 % is not one block of a few
MOST_FINDINGS = 20


@dataclass(slots=True)
class Compared:
    """What was looked at: blocks and rows by table, and where they differ."""

    rows: dict[str, int] = field(default_factory=dict)
    blocks: int = 0
    findings: list[Finding] = field(default_factory=list)


def same_schema(plan: Plan, schema_hash: str, manifest: Manifest, directory: Path) -> list[Finding]:
    """Why a data set cannot be made again from this plan: another schema, seed or number of rows."""
    where = os.fspath(directory)
    found: list[Finding] = []
    if schema_hash != manifest.schema_hash:
        hint = "give the schema as it was, with the same --set, --params and --scenario"
        spelled = (f"a schema with the hash {schema_hash[:16]}…", f"{manifest.schema_hash[:16]}…, as published")
        found.append(Finding("verify.other_schema", path=where, found=spelled[0], expected=spelled[1], hint=hint))
    if plan.seed != manifest.seed:
        found.append(Finding("verify.other_seed", path=where, found=f"seed {plan.seed}", expected=f"{manifest.seed}"))
    if not found and plan.fingerprint != manifest.fingerprint:
        hint = "give the same --scale; an update of Datagen with another data version makes other values"
        found.append(
            Finding(
                "verify.other_plan", path=where, found=f"plan {plan.fingerprint}", expected=manifest.fingerprint,
                hint=hint,
            )
        )  # fmt: skip
    return found


def compare(plan: Plan, directory: Path, manifest: Manifest, *, share: float = SHARE) -> Compared:
    """Make `share` of the blocks again and compare them with the files. The plan must be that of the data set."""
    entries = {entry.name: entry for entry in manifest.tables}
    run = counted(plan)
    compared = Compared(rows=dict.fromkeys(entries, 0))
    reading = Reading(directory, manifest.format)
    for root in plan.roots:
        below = {table.id for table in tree(plan, root)} & set(entries)
        if not below:
            continue
        wanted = {name for name in below if entries[name].rows}
        for place, piece in enumerate(picked(plan, run, root, share)):
            if place >= most_blocks(run, root, share) and all(compared.rows[name] for name in wanted):
                break
            compared.blocks += 1
            for block in Walk(run, piece.grain, piece.offsets).blocks(frozenset(below)):
                name = block.table.id
                if name in below and block.rows:
                    again, first = block.frame(), int(row_places(block)[0])
                    written = reading.rows(entries[name], first, again.height)
                    _compare(entries[name], directory, again, written, compared)
                    compared.rows[name] += block.rows
            if len(compared.findings) >= MOST_FINDINGS:
                return compared
    if not compared.findings:  # what is read from tables that differ would differ, too
        _compare_derived(plan, directory, manifest, reading, compared)
    return compared


def _compare_derived(plan: Plan, directory: Path, manifest: Manifest, reading: Reading, compared: Compared) -> None:
    """Compare all rows of the tables that are made from whole tables."""
    entries = {entry.name: entry for entry in manifest.tables if entry.name in plan.derived}
    for name, first, frame in made_again(plan, directory, manifest, entries):
        entry = entries[name]
        compared.rows[name] += frame.height
        if frame.height:
            _compare(entry, directory, frame, reading.rows(entry, first, frame.height), compared)
        if len(compared.findings) >= MOST_FINDINGS:
            return
    for name, entry in entries.items():
        if compared.rows[name] != entry.rows and not compared.findings:
            found = _finding(directory, f"{entry.rows:,} rows of {name}", f"{compared.rows[name]:,} rows")
            compared.findings.append(found)


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of root rows as a grain of its own, and the row numbers at which its tables begin."""

    grain: Grain
    offsets: dict[str, int]


def counted(plan: Plan) -> Run:
    """A run that knows the rows of every table."""
    run = Run(plan)
    for table in plan.tables:
        run.total(table)
    return run


def most_blocks(run: Run, root: TablePlan, share: float) -> int:
    """How many blocks of a root table are looked at."""
    return max(1, round(len(_starts(run, root)) * share))


def picked(plan: Plan, run: Run, root: TablePlan, share: float) -> Iterator[Piece]:
    """Blocks of a root table in an order that their addresses give."""
    starts = _starts(run, root)
    order = np.argsort(
        draws.bits(root_addresses(root.key, np.arange(len(starts))), salt_of("regenerate", plan.seed)), kind="stable"
    )
    for number in order.tolist():
        grain, first, last = starts[number]
        before = totals(run, Grain(grain.number, root.id, grain.first, first))
        begun = run.offsets.get(grain.number, {root.id: grain.first})  # tables without parents need not be counted
        offsets = {name: start + before.get(name, 0) for name, start in begun.items()}
        yield Piece(Grain(grain.number, root.id, first, last), offsets)


def _starts(run: Run, root: TablePlan) -> list[tuple[Grain, int, int]]:
    """Every block of root rows as (grain, first row, last row exclusive)."""
    widest = max(table.planned_rows for table in tree(run.plan, root)) / max(root.rows or 1, 1)
    size = max(1, int(BLOCK_ROWS / max(widest, 1.0)))
    found = []
    for grain in grains(run.plan):
        if grain.root == root.id:
            found += [(grain, at, min(at + size, grain.last)) for at in range(grain.first, grain.last, size)]
    return found


class Reading:
    """Reads rows of tables by their numbers; the part that was read last stays in memory."""

    def __init__(self, directory: Path, format: str) -> None:
        self.directory = directory
        self.format = format
        self._last: tuple[str, pl.DataFrame] | None = None

    def rows(self, entry: TableEntry, first: int, number: int) -> pl.DataFrame:
        """Rows `first` and on of a table; fewer where the files end."""
        import polars as pl

        pieces: list[pl.DataFrame] = []
        start = 0
        for file in entry.files:
            low, high = max(first, start), min(first + number, start + file.rows)
            if low < high:
                pieces.append(self._part(entry, file.name, low - start, high - low))
            start += file.rows
        return pl.concat(pieces) if pieces else pl.DataFrame()

    def _part(self, entry: TableEntry, name: str, first: int, number: int) -> pl.DataFrame:
        import polars as pl

        if self.format == "parquet":
            return plain(pl.scan_parquet(self.directory / name, glob=False).slice(first, number).collect())
        if self._last is None or self._last[0] != name:
            self._last = (name, plain(pl.concat(list(batches(self.directory / name, entry, self.format)))))
        return self._last[1].slice(first, number)


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with Enums, structures and lists as texts."""
    import polars as pl

    frame = with_json(frame)
    return frame.cast({name: pl.String for name, kind in frame.schema.items() if isinstance(kind, pl.Enum)})


def _compare(entry: TableEntry, directory: Path, made: pl.DataFrame, written: pl.DataFrame, compared: Compared) -> None:
    """Note the first difference of every column of a block."""
    made = plain(made)
    if written.height != made.height or written.columns != made.columns:
        found = f"{written.height:,} rows of {entry.name} with the columns {', '.join(written.columns)[:100]}"
        expected = f"{made.height:,} rows with the columns {', '.join(made.columns)[:100]}"
        compared.findings.append(_finding(directory, found, expected))
        return
    for name in made.columns:
        here, there = made.get_column(name), written.get_column(name).cast(made.schema[name])
        differ = here.ne_missing(there)
        if differ.any():
            at = int(differ.arg_max() or 0)
            key = f" ({entry.primary_key[0]} {made.get_column(entry.primary_key[0])[at]})" if entry.primary_key else ""
            found = f"{int(differ.sum()):,} of {made.height:,} values of {entry.name}.{name}; first{key} {there[at]!r}"
            compared.findings.append(_finding(directory, found[:200], f"{here[at]!r}"[:200]))


def _finding(directory: Path, found: str, expected: str) -> Finding:
    return Finding("verify.regenerated", path=os.fspath(directory), found=found, expected=expected)
