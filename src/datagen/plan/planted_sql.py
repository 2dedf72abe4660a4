"""The SQL of planted effects: how a table joins an entity in the written files, and what segments are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from datagen.plan.behaviors import Factors
from datagen.plan.binding import Binding
from datagen.plan.names import TableDraft, picks_another


def keys_between(binding: Binding, table: TableDraft, entity: str) -> tuple[str, str] | None:
    """(key in the table, key of the entity) by which rows join; None when there is no such pair."""
    pk = binding.tables[entity].pk
    for column in table.columns.values():
        if column.points_to == (entity, pk) and not picks_another(binding.tables, column):
            return column.name, str(pk)
    return None


def join_to(binding: Binding, table: TableDraft, entity: str, *, rows: str | None = None) -> str | None:
    """SQL that joins a table to an entity along its driving parents or a lookup, as `t` and `e`. rows: SQL of only some."""
    rows = rows or f'"{table.id}" as t'
    direct = keys_between(binding, table, entity)
    if direct is not None:
        return f'{rows} join "{entity}" as e on t."{direct[0]}" = e."{direct[1]}"'
    path = [table]
    while path[-1].parent is not None and path[-1].id != entity:
        path.append(binding.tables[path[-1].parent])
    if path[-1].id != entity:
        return None
    text, left = rows, "t"
    for place, (child, above) in enumerate(pairwise(path)):
        pair = keys_between(binding, child, above.id)
        if pair is None:
            return None
        name = "e" if above.id == entity else f"a{place}"
        text += f' join "{above.id}" as {name} on {left}."{pair[0]}" = {name}."{pair[1]}"'
        left = name
    return text


def reference_of(one: Factors, shares: Mapping[str, float]) -> str | None:
    """The value that others are compared with: the commonest with factor 1."""
    plain = [value for value in shares if one.by_value.get(value, 1.0) == 1.0]
    return max(plain, key=lambda value: shares[value]) if plain else None


def is_written(binding: Binding, table: str, column: str) -> bool:
    """Whether a column is in the written files."""
    node = binding.drafting.nodes[table]
    return not node.get("hidden") and not binding.drafting.specs[table, column].get("hidden")


def quoted_text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
