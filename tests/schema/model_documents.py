"""What tests of the models share: documents from YAML, canonical or in short forms, and what is found in them."""

from __future__ import annotations

from pathlib import Path

from language import Language

from datagen.errors import Finding
from datagen.schema.expand import expand
from datagen.schema.load import load_text
from datagen.schema.model import Schema, validate
from datagen.schema.tree import Document

FIXTURES = Path(__file__).parent / "fixtures"

WORDS = Language()


def document(text: str) -> Document:
    """A document as written."""
    return load_text(text, path="schema.yaml")


def checked(text: str) -> tuple[Schema | None, list[Finding]]:
    """What a canonical document in YAML validates to."""
    return validate(document(text), WORDS)


def expanded(text: str) -> tuple[Document, Schema | None, list[Finding]]:
    """The canonical document of one in short forms, and what it validates to."""
    tree, faults = expand(document(text), WORDS)
    assert faults == []
    schema, findings = validate(tree, WORDS)
    return tree, schema, findings


def only(findings: list[Finding]) -> Finding:
    """The one finding there is."""
    assert len(findings) == 1, findings
    return findings[0]


def fault(text: str) -> Finding:
    """The one fault of a canonical document."""
    schema, findings = checked(text)
    assert schema is None
    return only(findings)


def table(inside: str, columns: str = "[{name: x, generator: {sequence: {}}}]") -> str:
    """A document of one table with further keys, each on a line of its own."""
    return f"nodes:\n  - id: customer\n    kind: entity\n    columns: {columns}\n    {inside}\n"


def column(inside: str) -> str:
    """A document of one column, whose keys stand on line 6."""
    return f"nodes:\n  - id: customer\n    kind: entity\n    columns:\n      - name: x\n        {inside}\n"
