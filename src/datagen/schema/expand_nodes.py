"""Brings tables to `{id, kind, pk, rows, parents, columns, …}`: what can be told from the rest is filled in.

The kind comes from the keys, the primary key from the columns, the rows of a vocabulary from its values.
"""

from __future__ import annotations

import json
import re
from typing import Any

from datagen.errors import listed, quoted
from datagen.schema.expand_columns import columns_of
from datagen.schema.expand_fanout import fanout_of, rows_of
from datagen.schema.expand_modifiers import imperfection_params, modifiers_of
from datagen.schema.expand_processes import PROCESS_KEYS, process_steps, with_process_columns
from datagen.schema.expand_reading import (
    Reading,
    carry,
    item_mark,
    key_mark,
    made,
    mark_of,
    rewritten,
    value_mark,
    without,
)
from datagen.schema.model_values import NAME
from datagen.schema.tree import Map, Mark, Seq

DEFAULT_ROWS = 1000
# Tables whose rows and keys come from other tables as a whole.
WITHOUT_OWN_ROWS = frozenset({"derived", "stream", "graph"})


def node_of(value: Map, reading: Reading) -> Map:
    """One table in its one form, except for what needs the keys of other tables (see `expand_references`)."""
    node = _named(value, reading)
    node = _with_fanout(node, reading)
    node = rewritten(
        node,
        {
            "columns": lambda written, _: columns_of(written, reading),
            "modifiers": lambda written, _: modifiers_of(written, reading),
            "fanout": lambda written, mark: fanout_of(written, mark, reading),
            "rows": lambda written, _: rows_of(written, reading),
            "duplicates": lambda written, mark: None if written is None else imperfection_params(written, mark),
            **process_steps(reading),
        },
    )
    kind = node.get("kind") if "kind" in node else _kind(node)
    first_field: str | None = None
    if kind == "vocab" and "data" in node:
        first_field = _first_field(node)
        node = _with_data_columns(node, reading)
    found: dict[str, tuple[Any, Mark]] = {}
    if "kind" not in node:
        found["kind"] = (kind, node.mark)
    if kind == "graph":
        node = _with_ends(node)
        node, pk = _with_key(node, kind, None)
        if pk is not None:
            found["pk"] = pk
    if isinstance(kind, str) and kind not in WITHOUT_OWN_ROWS:
        node = with_process_columns(node)
        node, pk = _with_key(node, kind, first_field)
        if pk is not None:
            found["pk"] = pk
        rows = _rows(node, kind)
        if rows is not None:
            found["rows"] = (rows, node.mark)
    return _in_order(node, found)


def _with_ends(node: Map) -> Map:
    """A graph with the columns of both ends of its edges, added where nobody names them."""
    columns = node.get("columns")
    if not isinstance(columns, (Seq, type(None))):
        return node
    full = Seq(columns.mark if isinstance(columns, Seq) else node.mark)
    told = {role for column in _columns(node) if isinstance(role := column.get("role"), str)}
    names = {str(column.get("name")).lower() for column in _columns(node) if "generator" not in column}
    for end in ("source", "target"):
        if end not in told and end not in names:
            full.add(made(node.mark, {"name": end, "role": end}), mark=node.mark)
    for place, column in enumerate(columns or ()):
        role = column["name"].lower() if isinstance(column, Map) and isinstance(column.get("name"), str) else ""
        if role in ("source", "target") and role not in told and "generator" not in column:
            column = made(node.mark, {**column, "role": role})
        full.add(column, mark=item_mark(columns, place) if isinstance(columns, Seq) else node.mark)
    result = Map(node.mark)
    for key in node:
        carry(result, node, key, full if key == "columns" else node[key])
    if "columns" not in result:
        result.put("columns", full, key_mark=node.mark, value_mark=node.mark)
    return result


def _named(node: Map, reading: Reading) -> Map:
    if "name" not in node:
        return node
    if "id" in node:
        reading.report(
            "node.two_names",
            key_mark(node, "name"),
            found=f"id {quoted(node['id'])} and name {quoted(node['name'])}",
            expected="'id' or 'name', which mean the same",
        )
        return node
    result = Map(node.mark)
    for key in node:
        carry(result, node, key, to="id" if key == "name" else key)
    return result


def _with_fanout(node: Map, reading: Reading) -> Map:
    """`per_parent: {min: 1, max: 3}` is a fan-out."""
    if "per_parent" not in node:
        return node
    if "fanout" in node:
        reading.report(
            "fanout.two_meanings",
            key_mark(node, "per_parent"),
            found="'fanout' and 'per_parent', which both say how many rows",
            expected="one of them",
        )
        return node
    result = Map(node.mark)
    for key in node:
        carry(result, node, key, to="fanout" if key == "per_parent" else key)
    return result


def _kind(node: Map) -> str:
    """The kind of a table that does not say it."""
    if "sql" in node:
        return "derived"
    if "emits" in node:
        return "stream"
    if "data" in node:
        return "vocab"
    if node.get("parents") or any(key in node for key in ("fanout", *PROCESS_KEYS)):
        return "fact"
    return "vocab" if any(_word(column) == "enum_list" for column in _columns(node)) else "entity"


def _columns(node: Map) -> list[Map]:
    columns = node.get("columns")
    return [column for column in columns if isinstance(column, Map)] if isinstance(columns, Seq) else []


def _word(column: Map) -> str | None:
    """The generator of an expanded column."""
    generator = column.get("generator")
    return next(iter(generator), None) if isinstance(generator, Map) else None


def _values(column: Map) -> Seq | None:
    """The values of a column made by `enum_list`."""
    params = column["generator"]["enum_list"] if _word(column) == "enum_list" else None
    values = params.get("values") if isinstance(params, Map) else None
    return values if isinstance(values, Seq) else None


def _with_key(node: Map, kind: str, first_field: str | None) -> tuple[Map, tuple[str, Mark] | None]:
    """The primary key of a table that does not name one, added as its first column when no column can be it.

    first_field: the only field that may be the key of a vocabulary written as rows.
    """
    name, columns = node.get("id"), node.get("columns")
    if "pk" in node or "data" in node or not isinstance(columns, (Seq, type(None))):
        return node, None  # rows that could not be read may yet hold the key
    if not isinstance(name, str) or not re.match(NAME, name):
        return node, None
    if "columns" in node and not columns:
        return node, None  # an empty list is refused as the user wrote it
    named = [(column, column["name"]) for column in _columns(node) if isinstance(column.get("name"), str)]
    own = f"{name}_id"
    for column, column_name in named:
        if column_name.lower() == own.lower():
            return node, (column_name, value_mark(column, "name"))
    for column, column_name in named:
        unmade = "generator" not in column and "ref" not in column and "role" not in column
        if column_name.lower() == "id" and (unmade or _word(column) in ("sequence", "uuid")):
            return node, (column_name, value_mark(column, "name"))
    if kind == "vocab":
        for column, column_name in named:
            values = _values(column)
            if values is not None and _distinct(values) and first_field in (None, column_name):
                return node, (column_name, value_mark(column, "name"))
    key = made(node.mark, {"name": own, "type": "int", "generator": made(node.mark, {"sequence": made(node.mark, {})})})
    full = Seq(columns.mark if isinstance(columns, Seq) else node.mark)
    full.add(key, mark=node.mark)
    for place, column in enumerate(columns or ()):
        full.add(column, mark=item_mark(columns, place) if isinstance(columns, Seq) else node.mark)
    result = Map(node.mark)
    for entry in node:
        carry(result, node, entry, full if entry == "columns" else node[entry])
    if "columns" not in result:
        result.put("columns", full, key_mark=node.mark, value_mark=node.mark)
    return result, (own, node.mark)


def _distinct(values: Seq) -> bool:
    return None not in values and len({json.dumps(value, sort_keys=True, default=str) for value in values}) == len(
        values
    )


def _rows(node: Map, kind: str) -> int | None:
    """Rows of a table that neither says them nor has a parent to follow."""
    if "rows" in node or node.get("parents"):
        return None
    if kind == "vocab":
        listed_values = [values for column in _columns(node) if (values := _values(column)) is not None]
        if listed_values:
            return max(len(values) for values in listed_values)
        return None  # the plan asks for the values
    return DEFAULT_ROWS


def _in_order(node: Map, found: dict[str, tuple[Any, Mark]]) -> Map:
    """The table with `id, kind, pk, rows` in front and the rest as written."""
    result = Map(node.mark)
    for key in ("id", "kind", "pk", "rows"):
        if key in node:
            carry(result, node, key)
        elif key in found:
            value, mark = found[key]
            result.put(key, value, key_mark=node.mark, value_mark=mark)
    for key in node:
        if key not in result:
            carry(result, node, key)
    return result


def _with_data_columns(node: Map, reading: Reading) -> Map:
    """A vocabulary written as rows, as columns of values; the rows stay where they contradict something."""
    data = node["data"]
    if not isinstance(data, Seq) or not all(isinstance(row, Map) for row in data):
        return node
    columns = node.get("columns")
    faults = _data_faults(node, data, reading)
    if faults or not isinstance(columns, (Seq, type(None))):
        return node
    full = Seq(columns.mark if isinstance(columns, Seq) else data.mark)
    fields: list[str] = list(data[0])
    for place, column in enumerate(columns or ()):
        field = column.get("name") if isinstance(column, Map) else None
        mark = item_mark(columns, place) if isinstance(columns, Seq) else data.mark
        if field in fields:
            column = _with_values(column, field, data)
            fields.remove(field)
        full.add(column, mark=mark)
    for field in fields:
        mark = key_mark(data[0], field)
        open_ = {"nullable": True} if any(row[field] is None for row in data) else {}
        column = _with_values(made(mark, {"name": field, **open_}), field, data)
        full.add(column, mark=mark)
    result = Map(node.mark)
    for key in node:
        if key == "columns" or (key == "data" and "columns" not in node):
            result.put("columns", full, key_mark=key_mark(node, key), value_mark=value_mark(node, key))
        elif key != "data":
            carry(result, node, key)
    return result


def _first_field(node: Map) -> str | None:
    data = node["data"]
    return next(iter(data[0]), None) if isinstance(data, Seq) and data and isinstance(data[0], Map) else None


def _data_faults(node: Map, data: Seq, reading: Reading) -> bool:
    before = len(reading.findings)
    if not data:
        reading.report("vocab.no_rows", value_mark(node, "data"), found="no rows", expected="at least one row")
        return True
    fields = list(data[0])
    for place, row in enumerate(data):
        missing = [field for field in fields if field not in row]
        extra = [field for field in row if field not in fields]
        if missing or extra:
            parts = [f"without {listed(missing)}"] if missing else []
            parts += [f"with {listed(extra)}, which the first row has not"] if extra else []
            reading.report(
                "vocab.rows_differ",
                item_mark(data, place),
                found=f"row {place + 1} {' and '.join(parts)}",
                expected=f"the keys of the first row: {listed(fields)}",
                hint="write null where a row has no value",
            )
    for column in _columns(node):
        if column.get("name") in fields and ("generator" in column or "ref" in column):
            reading.report(
                "vocab.two_sources",
                key_mark(column, "generator" if "generator" in column else "ref"),
                found=f"column {quoted(column['name'])} with a generator and with values under 'data'",
                expected="one of them",
            )
    rows = node.get("rows", len(data))
    if rows != len(data):
        reading.report(
            "vocab.rows_length",
            value_mark(node, "rows"),
            found=f"rows = {quoted(rows)} and {len(data):,} rows under 'data'",
            expected=f"{len(data)}, or no 'rows'",
        )
    return len(reading.findings) > before


def _with_values(column: Map, field: str, data: Seq) -> Map:
    """The column with the values of one field, in row order."""
    values = Seq(data.mark)
    for row in data:
        values.add(row[field], mark=value_mark(row, field))
    mark = key_mark(data[0], field)
    generator = made(mark, {"enum_list": made(mark, {"values": values})})
    result = without(column, ())
    result.put("generator", generator, key_mark=mark, value_mark=mark_of(values, mark))
    return result
