"""The page beside the data: whether a run writes it, and what is said where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from datagen.errors import Finding, MachineError
from datagen.sinks.manifest import PROFILE, Manifest, write_text

if TYPE_CHECKING:
    from datagen.engine.options import Options
    from datagen.plan.model import Plan
    from datagen.plan.prepare import Prepared

MOST_PROFILED = 20_000_000  # rows


def profiled(plan: Plan, options: Options) -> bool:
    """Whether a run writes `data_profile.html`: as its options say, else where the document names metrics."""
    return bool(plan.metrics) if options.profile is None else options.profile


def lay_profile(
    plan: Plan, prepared: Prepared, manifest: Manifest, directory: Path, memory: int, *, asked: bool
) -> tuple[Manifest, list[Finding]]:
    """Write `data_profile.html` beside data that are not published yet: the manifest that answers for it, too, or why not.

    It holds no answers: no planted effect, no law, no document. Of more than MOST_PROFILED rows there is none unless it was
    asked for, and none where memory does not suffice: the data are worth more than their picture.
    """
    from datagen.report.report import Declared, report

    rows = sum(table.rows for table in manifest.tables)
    why = f"{rows:,} rows, more than {MOST_PROFILED:,}" if rows > MOST_PROFILED and not asked else ""
    if not why:
        try:  # one thread: the same page in every run
            made = report(directory, told=Declared(plan, prepared, answers=False), manifest=manifest, memory=memory)
        except MachineError as error:
            if error.findings[0].code != "check.memory":
                raise
            why = error.findings[0].found
    if why:
        hint = "datagen report makes one, given time and --memory"
        return manifest, [Finding("report.left_out", severity="warning", found=f"no {PROFILE}: {why}", hint=hint)]
    facts = write_text(directory, PROFILE, made.html)
    return replace(manifest, side_files=(*manifest.side_files, facts)), []
