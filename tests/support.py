"""What tests share: schemas from text to plans, and whole tables made in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from hypothesis import settings

from datagen.engine.block import BLOCK_ROWS, TableBlock
from datagen.engine.grain import Walk, grains
from datagen.engine.run import Run
from datagen.engine.work import empty_frame
from datagen.errors import Finding, SchemaError
from datagen.plan.model import Plan
from datagen.plan.prepare import Overrides, prepare
from datagen.schema.load import from_object, load_text


def plan_of(schema: str | Mapping[str, Any], **overrides: Any) -> Plan:
    """The plan of a YAML or JSON text or a Python object."""
    document = load_text(schema, path="schema.yaml") if isinstance(schema, str) else from_object(dict(schema))
    return prepare(document, Overrides(**overrides)).bind()


def findings_of(schema: str | Mapping[str, Any], **overrides: Any) -> tuple[Finding, ...]:
    """What is wrong with a schema: the findings of its refusal, or the warnings of its plan."""
    try:
        return plan_of(schema, **overrides).findings
    except SchemaError as error:
        return error.findings


def codes_of(schema: str | Mapping[str, Any], **overrides: Any) -> list[str]:
    """The codes of the errors in a schema."""
    return [finding.code for finding in findings_of(schema, **overrides) if finding.severity == "error"]


def blocks_of(plan: Plan, table: str, *, block_rows: int = BLOCK_ROWS, run: Run | None = None) -> list[TableBlock]:
    """Every block of a table, in row order."""
    run = run or Run(plan)
    root = plan.tables[table]
    while root.parent is not None:
        root = plan.tables[root.parent]
    for one in plan.tables:
        run.total(one)
    return [
        block
        for grain in grains(plan) if grain.root == root.id
        for block in Walk(run, grain, dict(run.offsets.get(grain.number, {root.id: grain.first})), block_rows=block_rows).blocks(frozenset({table}))
        if block.table.id == table
    ]  # fmt: skip


def table_of(plan: Plan, table: str, *, block_rows: int = BLOCK_ROWS) -> pl.DataFrame:
    """A whole table, texts as String."""
    frames = [plain(block.frame()) for block in blocks_of(plan, table, block_rows=block_rows)]
    return pl.concat(frames) if frames else empty_frame(plan.tables[table])


def made(schema: str | Mapping[str, Any], table: str, **overrides: Any) -> pl.DataFrame:
    """A whole table of a schema."""
    return table_of(plan_of(schema, **overrides), table)


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with Enums as texts."""
    return frame.cast({name: pl.String for name, kind in frame.schema.items() if isinstance(kind, pl.Enum)})


def examples(number: int) -> int:
    """How many of the examples of a property test the profile draws: all of them under `--hypothesis-profile=full`."""
    return -(-number * settings.default.max_examples // 100)
