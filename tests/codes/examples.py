"""Runs the examples of the catalogue: makes a whole document of a fragment, and says which findings it gets."""

from __future__ import annotations

import textwrap

from datagen.codes import Explanation
from datagen.engine.derived_frames import derived_frames
from datagen.errors import DatagenError, Finding
from datagen.plan.prepare import prepare
from datagen.schema.load import load_text
from datagen.schema.tree import Document
from tests.support import table_of

HEAD = "timeframe: {start: 2024-01-01, days: 60}\n"
RUNNABLE = ("column", "tables", "document", "text")


def document_of(shape: str, fragment: str) -> str:
    """The text of a whole document that holds the fragment."""
    if shape == "column":
        return f"{HEAD}tables:\n  - name: users\n    rows: 200\n    columns:\n{textwrap.indent(fragment, ' ' * 6)}\n"
    if shape == "tables":
        return f"{HEAD}tables:\n{textwrap.indent(fragment, '  ')}\n"
    return fragment


def findings_of(one: Explanation, fragment: str) -> tuple[Finding, ...]:
    """What is said about an example: at planning, and for `when: run` while rows are made."""
    try:
        document = load_text(document_of(one.shape, fragment))
    except DatagenError as error:
        return error.findings
    return findings_of_document(one, document)


def findings_of_document(one: Explanation, document: Document) -> tuple[Finding, ...]:
    """The same of a whole document."""
    try:
        plan = prepare(document).bind()
        if one.when == "run":
            for table in plan.tables:
                table_of(plan, table)
            derived_frames(plan, plan.derived)
    except DatagenError as error:
        return error.findings
    return plan.findings
