"""Rewrites a document from every short form and second spelling into the one canonical tree that the rest reads.

Each entry of the canonical tree keeps the place of what the user wrote, so an error found on it names the user's own
line. What is not understood stays where it is, for the floors above to refuse; only contradictions that the rewriting
alone can see are reported here, and such an entry stays as written. Expanding a canonical tree gives it back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from datagen.errors import Finding, quoted
from datagen.schema.expand_nodes import node_of
from datagen.schema.expand_processes import with_conversion_columns
from datagen.schema.expand_reading import Reading, Words, carry, each, is_version_1, key_mark, rewritten, value_mark
from datagen.schema.expand_references import with_references
from datagen.schema.tree import Document, Map, Seq

__all__ = ["Words", "expand", "told_once"]


# Keys that only a short form has.
SHORT_KEYS = frozenset({"tables", "name", "per_parent", "ref", "choices", "choices_ref", "distribution"})


def expand(document: Document, words: Words) -> tuple[Document, list[Finding]]:
    """The canonical document, and what contradicts itself in the written one.

    words: the generators, modifiers and laws of the language, and which parameter a bare value stands for. The document
    given is not changed; parts that need no rewriting are shared with it.
    """
    reading = Reading(words, document.path, is_version_1(document.root))
    root = _tables_as_nodes(document.root, reading)
    root = _named(root, reading)
    root = rewritten(root, {"nodes": lambda nodes, _: _nodes(nodes, reading)})
    return replace(document, root=root), reading.findings


def told_once(contradictions: list[Finding], found: list[Finding], words: Words) -> list[Finding]:
    """All findings of a document, contradictions first, without those that only follow from one.

    contradictions: what `expand` found; found: what the validation of the canonical tree found. A short form that a
    contradiction left where it was is an unknown key there.
    """
    errors = [finding for finding in contradictions if finding.severity == "error"]
    paths = {finding.json_path for finding in errors}
    objects = {_split(path)[0] for path in paths}
    short = {*words.generators, *words.laws, *words.modifiers, *SHORT_KEYS}

    def follows(finding: Finding) -> bool:
        holder, key = _split(finding.json_path)
        unknown = finding.code == "language.unknown_key" and holder in objects and key in short
        return unknown or finding.json_path in paths

    return [*contradictions, *(finding for finding in found if not follows(finding))]


def _split(path: str) -> tuple[str, str]:
    """The path of an object and the key in it."""
    holder, _, key = path.rpartition(".")
    return holder, key


def _tables_as_nodes(root: Map, reading: Reading) -> Map:
    if "tables" not in root:
        return root
    if "nodes" in root:
        reading.report(
            "schema.tables_and_nodes",
            key_mark(root, "tables"),
            found="both 'nodes' and 'tables', which mean the same",
            expected="one list of tables",
        )
        return root
    result = Map(root.mark)
    for key in root:
        carry(result, root, key, to="nodes" if key == "tables" else key)
    return result


def _named(root: Map, reading: Reading) -> Map:
    """`name: shop` at the top is `metadata: {name: shop}`."""
    metadata = root.get("metadata")
    if "name" not in root or not isinstance(metadata, (Map, type(None))):
        return root
    if metadata is not None and "name" in metadata:
        reading.report(
            "schema.two_names",
            key_mark(root, "name"),
            found=f"name {quoted(root['name'])} and metadata.name {quoted(metadata['name'])}",
            expected="one of them",
        )
        return root
    full = Map(value_mark(root, "name"))
    carry(full, root, "name")
    if isinstance(metadata, Map):
        full.mark = metadata.mark
        for key in metadata:
            carry(full, metadata, key)
    result = Map(root.mark)
    for key in root:
        if key == "metadata" or (key == "name" and metadata is None):
            result.put("metadata", full, key_mark=key_mark(root, key), value_mark=value_mark(root, key))
        elif key != "name":
            carry(result, root, key)
    return result


def _nodes(nodes: Any, reading: Reading) -> Any:
    if not isinstance(nodes, Seq):
        return nodes
    nodes = with_conversion_columns(nodes)
    each_alone = each(nodes, lambda node, _: node_of(node, reading) if isinstance(node, Map) else node)
    return with_references(each_alone, reading)
