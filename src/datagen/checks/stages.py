"""The gate `all`: the made tables are judged stage by stage before anything is published, and the whole by its score.

A stage is what refers to nothing but earlier stages. A table that is not what was declared, or a row that breaks a rule,
ends the run at its stage; laws, rates, effects and goals are judged when all tables are known, by the score they leave.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datagen.checks.judge import judging, stages_of
from datagen.checks.layout import missing_tables
from datagen.checks.result import Result
from datagen.checks.score import Score, score_of
from datagen.errors import Finding, SchemaError, listed
from datagen.sinks.run_log import RunLog

if TYPE_CHECKING:
    from datagen.plan.model import Plan
    from datagen.schema.tree import Document

MOST_FINDINGS = 20
TOLD_ANYWAY = ("metric.missed", "target.missed")  # by every gate
HINT = "--gate structural publishes all the same, and says what the constraints miss"


@dataclass(frozen=True, slots=True)
class Passed:
    """What the gate let through: the score, and as warnings the checks that failed without costing too much of it."""

    score: Score
    findings: tuple[Finding, ...]


def pass_stages(
    plan: Plan, document: Document, directory: Path, written: Collection[str], format: str,
    *, least: float, memory: int, threads: int, log: RunLog, rows: Mapping[str, int],
) -> Passed:  # fmt: skip
    """Judge the files of a run. least: points of the score; written: tables; rows: of each; memory: bytes.

    Raises SchemaError with what failed, the stage in which it did, and why that ends the run.
    """
    done: list[Result] = []
    with judging(
        directory, plan, document, written=written, same=True, format=format, memory=memory, threads=threads
    ) as looking:
        done += missing_tables(looking.declared, looking.found, directory)
        stages = stages_of(looking.declared, plan)
        for place, names in enumerate(stages, start=1):
            started = time.perf_counter()
            found = looking.stage(names)
            done += found
            wrong = [one for one in done if not one.passed]
            log.stage(
                "check", time.perf_counter() - started, sum(rows.get(name, 0) for name in names), number=place,
                tables=list(names), checks=len(found), failed=len(wrong),
            )  # fmt: skip
            if wrong:
                what = f"stage {place} of {len(stages)} ({listed(names)}): {len(wrong)} of {len(found):,} checks failed"
                last = Finding("gate.stage", path=document.path, found=f"{what}; nothing was published", hint=HINT)
                raise SchemaError([*_told(wrong, document), last])
        started = time.perf_counter()
        found = looking.whole()
    found += looking.metrics()
    done += found
    score, wrong = score_of(done), [one for one in done if not one.passed]
    log.stage(
        "score", time.perf_counter() - started, sum(rows.values()), checks=len(found), failed=len(wrong),
        score=score.total,
    )  # fmt: skip
    if score.total < least:
        said = f"the quality score of all tables is {score.total:g} of 100; nothing was published"
        last = Finding("gate.score", path=document.path, found=said, expected=f"at least {least:g}", hint=HINT)
        raise SchemaError([*_told(wrong, document), last])
    told = [one for one in _told(wrong, document) if one.code not in TOLD_ANYWAY]
    return Passed(score, tuple(one.moved(severity="warning") for one in told))


def _told(wrong: list[Result], document: Document) -> list[Finding]:
    """The failures at the lines of their declarations: the files that they lie in are taken away."""
    ranked = sorted(wrong, key=lambda one: (not one.structural, -one.distance))
    findings = [one.finding() for one in ranked[:MOST_FINDINGS]]
    return [one if one.path else one.moved(path=document.path) for one in findings]
