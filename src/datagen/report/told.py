"""What was declared, beside what was seen: expected rows, laws, planted effects, metrics, checks and the document itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen.report.distributions import add_declared
from datagen.report.files import Files, plain
from datagen.sinks.disk import disk_errors

if TYPE_CHECKING:
    from datagen.plan.model import Plan
    from datagen.schema.tree import Document

SUMMARY = "run_summary.json"
LONGEST = 400_000  # characters of a document that are put into the page


def add_summary(profile: dict[str, Any], directory: Path) -> None:
    """Metrics and imperfections as the run has told them beside the data."""
    path = directory / SUMMARY
    if not path.is_file():
        return
    with disk_errors("reading", path):
        summary = json.loads(path.read_bytes())
    profile["metrics"] = [{"name": name, "value": value} for name, value in summary.get("metrics", {}).items()]
    profile["asked_imperfections"] = summary.get("imperfections", [])


def add_plan(profile: dict[str, Any], plan: Plan, document: Document) -> None:
    """What a plan says of its tables and metrics, with nothing of what is hidden in the data."""
    profile["description"] = str(document.root.get("description") or "")
    for one in profile["tables"]:
        made = plan.tables.get(one["table"])
        one["expected_rows"] = None if made is None else round(made.expected_rows)
        one["line"] = None if made is None else document.place(made.loc).line
    bounds = {metric.name: metric for metric in plan.metrics}
    for one in profile.get("metrics", []):
        if (metric := bounds.get(one["name"])) is not None:
            one |= {"bounds": metric.bounds, "description": metric.description, "line": metric.line}
            low, high, value = metric.low, metric.high, one["value"]
            one["kept"] = None if not metric.bounds else (
                value is not None and (low is None or value >= low) and (high is None or value <= high)
            )  # fmt: skip
    profile["notes"] = [
        *plan.notes,
        *(": ".join(filter(None, (one.get("decision"), one.get("reason")))) for one in plan.assumptions),
    ]


def add_answers(profile: dict[str, Any], plan: Plan, document: Document, files: Files) -> None:
    """What an analyst would have to find: laws, planted effects, and the document itself."""
    add_declared(profile["distributions"], _laws(plan))
    profile["effects"] = list(_effects(plan, document, files))
    text = document.text[:LONGEST]
    profile["document"] = {
        "name": Path(document.path).name if document.path else "the document",
        "text": text,
        "whole": len(text) == len(document.text),
    }


def add_checks(profile: dict[str, Any], results: Sequence[Mapping[str, Any]], score: Mapping[str, Any] | None) -> None:
    """The results of checks and the score. Each: code, place, about, status, measured, expected, tolerance, declared_at."""
    profile["findings"] = [dict(one) for one in results]
    profile["score"] = None if score is None else dict(score)


def _effects(plan: Plan, document: Document, files: Files) -> Any:
    """What is planted in the written tables: what it should measure, and what it does."""
    for effect in plan.effects:
        if any(table not in files.entries for table in (effect.table, *(table for table, _ in effect.columns))):
            continue
        [row] = files.ask(effect.sql)
        value = row[0]
        measured = None if value is None or not math.isfinite(value) else float(value)
        yield {
            "id": effect.id, "statement": effect.statement, "statistic": effect.statistic, "expected": plain(effect.expected),
            "absent": plain(effect.absent), "error": None if effect.standard_error is None else plain(effect.standard_error),
            "measured": None if measured is None else plain(measured), "visible": effect.visible,
            "line": document.place(effect.loc).line if effect.loc else None,
        }  # fmt: skip


def _laws(plan: Plan) -> dict[tuple[str, str], dict[str, Any]]:
    """What is declared of the values of columns: shares of listed ones, the chance of an interval of numbers."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for law in plan.laws():
        if law.parent is not None:
            continue
        if law.shares is not None:
            found[law.table, law.column] = {"shares": dict(law.shares), "text": law.text}
        elif law.numbers is not None and len(law.numbers):
            numbers = law.numbers

            def chance(low: float, high: float, numbers: Any = numbers) -> float:
                return float(np.searchsorted(numbers, high, "left") - np.searchsorted(numbers, low, "left")) / len(
                    numbers
                )

            found[law.table, law.column] = {"chance": chance, "text": law.text}
    return found
