"""Tells where in the document a column or table stands that was refused while rows were made, when only its name was known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from datagen.errors import Finding, SchemaError
from datagen.schema.tree import Document, Map, Seq


@contextmanager
def placing(document: Document) -> Iterator[None]:
    """Gives findings that name a column as `table.column`, or a table, the line and the path of it."""
    try:
        yield
    except SchemaError as error:
        if all(finding.line is not None for finding in error.findings):
            raise
        raise SchemaError(placed(finding, document) for finding in error.findings) from error


def placed(finding: Finding, document: Document) -> Finding:
    """The finding with the place of the column it names; itself where it has a place, or names none."""
    named = finding.json_path.partition(" by ")[0]  # a branch of a fan-out stands behind its table
    table, column, *_ = [*named.split("."), ""]  # a field of a column stands behind it
    nodes = document.root.get("nodes")
    if finding.line is not None or not isinstance(nodes, Seq):
        return finding
    for n, node in enumerate(nodes):
        if isinstance(node, Map) and node.get("id") == named:  # of the table as a whole
            return _moved(finding, document, ("nodes", n))
        columns = node.get("columns") if isinstance(node, Map) and node.get("id") == table else None
        for c, one in enumerate(columns if isinstance(columns, Seq) else ()):
            if isinstance(one, Map) and one.get("name") == column:
                return _moved(finding, document, ("nodes", n, "columns", c))
        if columns is not None or (isinstance(node, Map) and node.get("id") == table):  # a hidden column, of counts
            return _moved(finding, document, ("nodes", n))
    return finding


def _moved(finding: Finding, document: Document, loc: tuple[str | int, ...]) -> Finding:
    mark = document.place(loc)
    return finding.moved(path=document.path, line=mark.line, column=mark.column, json_path=mark.json_path)
