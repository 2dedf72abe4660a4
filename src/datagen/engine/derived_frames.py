"""Derived tables as frames: what they read is made whole in a temporary directory, and their SQL is run over it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from datagen.engine.derived import make_derived, staged_tables
from datagen.engine.executor import Job, execute
from datagen.engine.memory import share_out
from datagen.engine.options import default_memory
from datagen.engine.work import empty_frame
from datagen.plan.model import Plan
from datagen.plan.needed import narrowed

if TYPE_CHECKING:
    import polars as pl


def derived_frames(
    plan: Plan, names: Iterable[str], *, rows: int | None = None, memory: int | None = None
) -> dict[str, pl.DataFrame]:
    """The named derived tables, or their first `rows`. memory: bytes for DuckDB."""
    import polars as pl

    wanted = frozenset(names)
    with tempfile.TemporaryDirectory(prefix="datagen-") as scratch:
        place = Path(scratch)
        job = Job("parquet", place, tables=wanted, staged=staged_tables(plan, "parquet", wanted))
        made = execute(narrowed(plan, job.staged), job)
        make_derived(plan, job, made, memory=share_out(memory or default_memory()).queries)
        return {
            name: pl.concat(
                [
                    empty_frame(plan.all_tables[name]),
                    *(pl.read_parquet(place / file.name, n_rows=rows) for file in made.files[name]),
                ]
            ).head(rows if rows is not None else made.rows[name])
            for name in plan.derived if name in wanted
        }  # fmt: skip
