"""Fills in what joins tables: `ref: customers` becomes a lookup of its key, a fact gets the key of its driving parent.

Runs when every table has its columns and its primary key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datagen.errors import did_you_mean, listed, quoted
from datagen.schema.expand_columns import LOOKUP_KEYS, generator_params, short_forms
from datagen.schema.expand_nodes import WITHOUT_OWN_ROWS
from datagen.schema.expand_reading import (
    Reading,
    carry,
    each,
    item_mark,
    key_mark,
    made,
    mark_of,
    rewritten,
    value_mark,
)
from datagen.schema.model_values import described
from datagen.schema.tree import Map, Mark, Seq

UNKNOWN = "$"  # a parameter of the document that has no value yet
BUILT_IN_KEYS: Mapping[str, str] = {"places": "place"}


@dataclass(frozen=True, slots=True)
class Target:
    """A table that others may point to."""

    id: str
    pk: str | None


def with_references(nodes: Seq, reading: Reading) -> Seq:
    """The tables with every `ref` resolved, references to driving parents added, bare keys made by a sequence."""
    targets = {name: Target(name, pk) for name, pk in BUILT_IN_KEYS.items()}
    for node in nodes:
        if isinstance(node, Map) and isinstance(node.get("id"), str):
            pk = node.get("pk")
            targets[node["id"].lower()] = Target(node["id"], pk if isinstance(pk, str) else None)
    return each(nodes, lambda node, _: _node(node, targets, reading) if isinstance(node, Map) else node)


def _node(node: Map, targets: Mapping[str, Target], reading: Reading) -> Map:
    columns = node.get("columns")
    if isinstance(columns, Seq):
        columns = each(
            columns, lambda column, _: _column(column, targets, reading) if isinstance(column, Map) else column
        )
        node = rewritten(node, {"columns": lambda _, mark: columns})
    kind = node.get("kind")
    if isinstance(kind, str) and kind in WITHOUT_OWN_ROWS:
        return node
    if kind != "vocab":
        node = _with_parent_key(node, targets, reading)
    return _with_made_key(node)


def _column(column: Map, targets: Mapping[str, Target], reading: Reading) -> Map:
    """`{ref: customers, where: …}` as a lookup of the key of customers."""
    if "ref" not in column or "generator" in column or short_forms(column, reading) != ["ref"]:
        return column
    written = column["ref"]
    if isinstance(written, str) and written.startswith("$"):
        return column  # a parameter that has no value yet
    if not isinstance(written, str):
        reading.report(
            "ref.not_a_table",
            value_mark(column, "ref"),
            found=described(written),
            expected="a table, or a column as table.column",
            hint="the keys of a lookup stand beside `ref`",
        )
        return column
    table, _, field = written.partition(".")
    target = targets.get(table.lower())
    if target is None:
        known = [other.id for other in targets.values() if other.id not in BUILT_IN_KEYS]
        reading.report(
            "ref.unknown_table",
            value_mark(column, "ref"),
            found=quoted(table),
            expected=f"a table: {listed(known)}" if known else "a table of this document",
            hint=did_you_mean(table, known),
        )
        return column
    field = field or target.pk or ""
    if not field:
        reading.report(
            "ref.no_key",
            value_mark(column, "ref"),
            found=f"'{target.id}', which has no primary key to refer to",
            expected=f"a column: `ref: {target.id}.column`",
        )
        return column
    place = value_mark(column, "ref")
    lookup = made(place, {"from": f"{target.id}.{field}"})
    for key in column:
        if key in LOOKUP_KEYS:
            carry(lookup, column, key)
    generator = Map(place)
    lookup = generator_params("lookup", lookup, place, reading)
    generator.put("lookup", lookup, key_mark=key_mark(column, "ref"), value_mark=place)
    result = Map(column.mark)
    if "name" not in column:
        result.put("name", field, key_mark=key_mark(column, "ref"), value_mark=place)
    for key in column:
        if key == "ref":
            result.put("generator", generator, key_mark=key_mark(column, "ref"), value_mark=place)
        elif key not in LOOKUP_KEYS:
            carry(result, column, key)
    return result


def _named(columns: Any, name: str) -> tuple[int, Map] | None:
    """The column of that name, whatever its case, with its place."""
    for place, column in enumerate(columns or ()):
        if isinstance(column, Map) and isinstance(column.get("name"), str) and column["name"].lower() == name.lower():
            return place, column
    return None


def _lookup_source(column: Any) -> str | None:
    """What a column looks up directly, not through another key, as lower-case `table.column`."""
    if not isinstance(column, Map):
        return None
    generator = column.get("generator")
    params = generator.get("lookup") if isinstance(generator, Map) else None
    source = params.get("from") if isinstance(params, Map) and not params.get("on") else None
    waiting = any(isinstance(text, str) and text.startswith("$") for text in (column.get("ref"), generator, source))
    return UNKNOWN if waiting else source.lower() if isinstance(source, str) else None


def _with_parent_key(node: Map, targets: Mapping[str, Target], reading: Reading) -> Map:
    """The table with a reference to its driving parent, its second column when it had none."""
    parents, columns = node.get("parents"), node.get("columns")
    driving = parents[0] if isinstance(parents, Seq) and parents else None
    target = targets.get(driving.lower()) if isinstance(driving, str) else None
    own = node.get("id")
    if target is None or target.pk is None or not isinstance(own, str) or own.lower() == target.id.lower():
        return node
    if not isinstance(columns, (Seq, type(None))) or not isinstance(parents, Seq):
        return node
    source = f"{target.id}.{target.pk}"
    if any(_lookup_source(column) in (source.lower(), UNKNOWN) for column in columns or ()):
        return node
    mark = item_mark(parents, 0)
    generator = made(mark, {"lookup": made(mark, {"from": source})})
    there = _named(columns, target.pk)
    full = Seq(columns.mark if columns is not None else node.mark)
    for place, column in enumerate(columns or ()):
        if there is not None and place == there[0]:
            column = _with_generator(column, generator)
            if column is None:
                _report_taken(there[1], own, source, reading)
                return node
        full.add(column, mark=item_mark(columns, place) if columns is not None else node.mark)
    if there is None:
        reference = made(mark, {"name": target.pk, "generator": generator})
        full.insert(min(1, len(full)), reference)
        full.item_marks.insert(min(1, len(full) - 1), mark)
    return _with_columns(node, full)


def _report_taken(column: Map, own: str, source: str, reading: Reading) -> None:
    table = source.partition(".")[0]
    reading.report(
        "reference.name_taken",
        value_mark(column, "name"),
        found=f"column {quoted(column['name'])} of {own}, which is no lookup of {source}, the driving parent's key",
        expected="a reference to the driving parent",
        hint=f"rename the column, or give the reference a name of its own: {{name: {table}_key, ref: {table}}}",
    )


def _with_generator(column: Map, generator: Map) -> Map | None:
    """The column made by `generator`; None when it says already how it is made."""
    if "generator" in column or "ref" in column:
        return None
    result = Map(column.mark)
    for key in column:
        carry(result, column, key)
    result.put("generator", generator, key_mark=column.mark, value_mark=mark_of(generator, column.mark))
    return result


def _with_made_key(node: Map) -> Map:
    """A primary key that says nothing of its values, or only that they are whole numbers, counts 1, 2, 3 …"""
    pk, columns = node.get("pk"), node.get("columns")
    there = _named(columns, pk) if isinstance(pk, str) and isinstance(columns, Seq) else None
    if there is None or not isinstance(columns, Seq):
        return node
    place, key = there
    if "generator" in key or "ref" in key or "role" in key or key.get("type", "int") != "int":
        return node
    mark: Mark = value_mark(key, "name")
    counted = _with_generator(key, made(mark, {"sequence": made(mark, {})}))
    full = Seq(columns.mark)
    for other, column in enumerate(columns):
        full.add(counted if other == place else column, mark=item_mark(columns, other))
    return _with_columns(node, full)


def _with_columns(node: Map, columns: Seq) -> Map:
    result = Map(node.mark)
    for key in node:
        carry(result, node, key, columns if key == "columns" else node[key])
    if "columns" not in result:
        result.put("columns", columns, key_mark=node.mark, value_mark=node.mark)
    return result
