"""Describes a data set that was made: its tables for the manifest, the side files, and the facts of the run."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.packs import pack_versions
from datagen.plan.agreements import agreeing
from datagen.plan.explain import assumptions, generation_notes, spell_time
from datagen.plan.model import Plan, TablePlan
from datagen.plan.spoils import may_repeat, unique_groups
from datagen.schema.tree import Document
from datagen.sinks.manifest import ColumnEntry, ForeignKey, Manifest, TableEntry, run_summary, write_text
from datagen.sinks.run_log import peak_memory
from datagen.version import __version__

if TYPE_CHECKING:
    from datagen.engine.executor import Made

LIBRARIES = ("numpy", "scipy", "polars", "duckdb", "pydantic", "sqlglot")


def table_entries(plan: Plan, made: Made) -> tuple[TableEntry, ...]:
    """The written tables as the manifest and the structural check describe them."""
    return tuple(_entry(plan, made, plan.all_tables[name]) for name in made.files)


def _entry(plan: Plan, made: Made, table: TablePlan) -> TableEntry:
    columns = tuple(
        ColumnEntry(
            column.name, column.written_type, column.seal.nullable or any(spoil.nulls for spoil in column.spoils), column.role,
            column.seal.precision if column.type == "datetime" else None, column.structure,
        )
        for column in table.visible
    )  # fmt: skip
    shown = {column.name for column in table.visible}
    keys = tuple(
        replace(key, agree=agreeing(plan, table, key.column) if _is_pk(plan, key) else ()) for key in foreign_keys(plan, table)
        if key.column in shown and key.table in made.files and not plan.all_tables[key.table].columns[key.to_column].hidden
    )  # fmt: skip
    groups = (group for group in unique_groups(plan, table) if not may_repeat(table, group))
    unique = tuple(group for group in groups if set(group) <= shown)
    return TableEntry(
        name=table.id, rows=made.rows[table.id], columns=columns, files=made.files[table.id],
        primary_key=(table.pk,) if table.pk is not None and table.pk in shown else (), unique=unique,
        foreign_keys=keys, sums={column: total.hex for column, total in made.sums[table.id].columns.items()},
    )  # fmt: skip


def _is_pk(plan: Plan, key: ForeignKey) -> bool:
    """Whether a key points to the primary key of a table that the engine makes."""
    return key.table in plan.tables and plan.tables[key.table].pk == key.to_column


def foreign_keys(plan: Plan, table: TablePlan) -> tuple[ForeignKey, ...]:
    """Keys of a table: declared ones, and columns picked from another table's key."""
    found: dict[tuple[str, str, str], ForeignKey] = {}
    for constraint in plan.constraints:
        if constraint.kind == "foreign_key" and constraint.facts["table"] == table.id:
            key = (constraint.facts["column"], constraint.facts["to_table"], constraint.facts["to_column"])
            found[key] = ForeignKey(*key)
    for column in table.columns.values():
        if column.points_to is not None and column.points_to[1] == plan.tables[column.points_to[0]].pk:
            found.setdefault((column.name, *column.points_to), ForeignKey(column.name, *column.points_to))
    return tuple(found.values())


def schema_hash(document: Document) -> str:
    """64 hexadecimal digits of a canonical document, the same for every spelling of it."""
    canonical = json.dumps(document.root, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(canonical.encode(), digest_size=32).hexdigest()


def manifest_of(
    plan: Plan, document: Document, made: Made, entries: tuple[TableEntry, ...],
    *, format: str, gate: str, directory: Path, metrics: Mapping[str, float | None] | None = None,
) -> Manifest:  # fmt: skip
    """The manifest, with the side files that it answers for, which are written on the way."""
    facts = summary_facts(plan, made, metrics or {})
    side = (
        write_text(directory, "run_summary.json", run_summary(entries, **facts)),
        write_text(directory, "assumptions.md", assumptions(plan, document)),
        write_text(
            directory, "generation_notes.md", generation_notes(plan, made.rows, metrics or {}, facts["imperfections"])
        ),
    )
    fills = (column.fill for table in plan.tables.values() for column in table.columns.values())
    return Manifest(
        name=plan.name, seed=plan.seed, schema_hash=schema_hash(document), fingerprint=plan.fingerprint,
        format=format, gate=gate, content_hash=made.content_hash, tables=entries, side_files=side,
        packs=pack_versions(fills),
    )  # fmt: skip


def summary_facts(plan: Plan, made: Made, metrics: Mapping[str, float | None]) -> dict[str, Any]:
    """What `run_summary.json` tells besides rows: nothing of it differs between two runs of the same schema."""
    frame = plan.timeframe
    window = None if frame is None else {"start": spell_time(frame.start), "end": spell_time(frame.end)}
    return {
        "seed": plan.seed,
        "timeframe": window,
        "params": dict(plan.params),
        "metrics": dict(metrics),
        **({"solved": [one.facts for one in plan.solved]} if plan.solved else {}),
        "imperfections": [
            {
                "table": table,
                "column": column,
                "kind": kind,
                "asked": rate_of(plan, table, column, kind),
                "found": number,
            }
            for (table, column, kind), number in sorted(made.cells.items(), key=str)
        ],
        "content_hash": made.content_hash,
    }


def rate_of(plan: Plan, table: str, column: str | None, kind: str) -> float | None:
    """The declared rate of an imperfection; None where several of one kind share a column."""
    made = plan.all_tables[table]
    if column is None:
        return None if made.copies is None else made.copies.rate
    rates = [spoil.rate for spoil in made.columns[column].spoils if spoil.kind == kind]
    return rates[0] if len(rates) == 1 else None


def run_facts(made: Made, seconds: Mapping[str, float], memory: int, schema: Mapping[str, Any] | None = None) -> str:
    """The text of run.json: what differs from run to run. memory: the limit in bytes; schema: where it came from."""
    facts = {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds["total"])),
        "schema": schema,
        "seconds": {stage: round(value, 4) for stage, value in seconds.items()},
        "workers": made.workers,
        "memory_limit": memory,
        "peak_memory_kib": peak_memory(),
        "host": platform.node(),
        "platform": platform.platform(),
        "python": sys.version.split()[0],
        "datagen": __version__,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
    return json.dumps(facts, indent=1, default=str) + "\n"
