"""Where the key of a table's effect is known before the table has rows: at an ancestor or at a row to be picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datagen.contracts import Reader, Scope

if TYPE_CHECKING:
    from datagen.modifiers.effect import Effect


@dataclass(frozen=True, slots=True)
class Key:
    """One local key of an effect on a table.

    name: under which both a row and its driving parent read it; constant: an expression that is the same in every row;
    picked: the column of this table that picks the row, in `table`, whose `column` is the key.
    """

    name: str = ""
    constant: str = ""
    picked: str = ""
    table: str = ""
    column: str = ""

    def way(self, scope: Scope) -> str | Reader:
        """How to read it: a name, or a reader."""
        return scope.expression(self.constant, "on") if self.constant else self.name


def row_ways(effect: Effect, scope: Scope) -> dict[str, str | Reader]:
    """Local keys that are no column of the table itself: how its rows read them."""
    ways: dict[str, str | Reader] = {}
    for local in effect.on:
        if "." in local or scope.find_target(f"{scope.table}.{local}") is None:
            key = key_of(local, scope)
            if key is not None and key.name:
                ways[local] = key.name
    return ways


def key_of(local: str, scope: Scope) -> Key | None:
    """Where a key is known before the rows are, or None when it is not. `scope` is that of a column of the table."""
    own = scope.find_target(f"{scope.table}.{local}") if "." not in local else None
    if own is not None:
        return _key_of_column(own, scope)
    if "." not in local:
        name = f"{scope.ancestors[0]}.{local}" if scope.ancestors else ""
        return Key(name=name) if name and scope.type_of(name) is not None else None
    head, tail = local.split(".", 1)
    column = scope.find_target(f"{scope.table}.{head}")
    if column is None:
        return Key(name=local) if scope.type_of(local) is not None else None
    key = _key_of_column(column, scope)
    if key is None or column.points_to is None or "." in tail:
        return None
    target = scope.find_target(f"{column.points_to[0]}.{tail}")
    return None if target is None else _along(key, target, scope)


def _key_of_column(own: Any, scope: Scope) -> Key | None:
    """A column's value is known before the row when it is copied from an ancestor or a picked row, or constant."""
    if own.modifiers or "by" in own.params:
        return None
    if own.word != "lookup":
        code = _constant(own, scope)
        return Key(constant=code) if code else None
    target = scope.find_target(str(own.params.get("from", "")))
    if target is None or target.table == scope.table:
        return None
    on = own.params.get("on")
    if on is None:
        if target.table in scope.ancestors and not scope.picks_another(own.name):
            return Key(name=f"{target.table}.{target.name}")
        return Key(picked=own.name, table=target.table, column=target.name)
    through = scope.find_target(f"{scope.table}.{on.get('this_key')}")
    key = None if through is None else _key_of_column(through, scope)
    return None if key is None else _along(key, target, scope)


def _along(key: Key, target: Any, scope: Scope) -> Key | None:
    """The key that stands in another column of the row that a known key points to."""
    if key.picked:
        return Key(picked=key.picked, table=key.table, column=target.name) if key.table == target.table else None
    ancestor, _, column = key.name.partition(".")
    name = f"{target.table}.{target.name}" if target.table == ancestor else f"{ancestor}.{column}.{target.name}"
    return Key(name=name) if scope.type_of(name) is not None else None


def _constant(own: Any, scope: Scope) -> str:
    """The expression of a column that has one value, "" of any other."""
    if own.word == "expression":
        code = str(own.params.get("code", ""))
        return "" if scope.names_in(code) else code
    choices = own.params.get("choices") if own.word == "choice" else None
    if isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], str):
        return "'" + choices[0].replace("'", "''") + "'"
    return ""
