"""`same` and `within` of a lookup: which values of this row and of the candidates must agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from datagen.contracts import NUMBERS, Block, Reader, Scope, Values

Node = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Key:
    """A value that both sides have. mine: of the rows of a block; theirs: of all candidates; reads: what they look at.

    of: the ancestor whose rows all have one value, where the value is that ancestor's key.
    """

    mine: Callable[[Block], Values]
    theirs: Callable[[Block], Values]
    reads: tuple[str | Node, ...]
    of: str | None = None


def same_key(scope: Scope, name: str, table: str) -> Key | None:
    """The column of that name on both sides; None after a refusal."""
    own, their = scope.target(f"{scope.table}.{name}", "same"), scope.target(f"{table}.{name}", "same")
    if own is None or their is None:
        return None
    if own.name == scope.column:
        scope.refuse(
            "lookup.itself",
            "same",
            found=f"`same: {name}` on the column {own.name} itself",
            expected="another column of this row, that is there before the pick",
        )
        return None
    if own.type != their.type:
        scope.refuse(
            "lookup.key_type",
            "same",
            found=f"{scope.table}.{own.name} of type {own.type}, {table}.{their.name} of type {their.type}",
            expected="one type on both sides",
        )
        return None
    return column_key(scope, scope.read(own.name, "same"), own.name, table, their.name, _ancestor_of(scope, own))


def column_key(scope: Scope, reader: Reader, name: str, table: str, column: str, of: str | None = None) -> Key:
    """A name of this row and a column of the candidates."""
    return Key(reader, lambda block: block.whole(table, column), (name, (table, column)), of)


def _ancestor_of(scope: Scope, own: Any) -> str | None:
    """The ancestor that a column of this row is the very key of."""
    there = own.points_to is not None and own.points_to[0] in scope.ancestors
    return own.points_to[0] if there and own.params.get("on") is None and not scope.picks_another(own.name) else None


def within_key(scope: Scope, ancestor: str, table: str) -> Key | None:
    """The row of an ancestor above both sides, or that both point to; None after a refusal."""
    name = scope.find_table(ancestor)
    if name is None or name in (scope.table, table):
        is_own = (
            "" if name is None else f", which is {'this table' if name == scope.table else 'the table looked into'}"
        )
        scope.refuse(
            "lookup.within",
            "within",
            found=f"`within: {ancestor}`{is_own}",
            expected=f"a table above {scope.table} and {table}, or that both point to",
        )
        return None
    mine, theirs = _side(scope, scope.table, name), _side(scope, table, name)
    if mine is None or theirs is None:
        return None

    def of_rows(block: Block) -> Values:
        return _numbers(block, name) if mine == "" else _picks(block.column(mine))

    def of_candidates(block: Block) -> Values:
        if theirs:
            return _picks(block.whole(table, theirs))
        found = [_numbers(one, name).array for one in block.blocks_of(table)]
        return Values("int", np.concatenate(found) if found else np.zeros(0, dtype=np.int64))

    own_reads: tuple[str | Node, ...] = (mine,) if mine else ((name, NUMBERS),)
    their_reads: tuple[str | Node, ...] = ((table, theirs),) if theirs else ((table, NUMBERS),)
    return Key(of_rows, of_candidates, own_reads + their_reads, name if mine == "" else None)


def _side(scope: Scope, table: str, ancestor: str) -> str | None:
    """The column of a table that points to a row of the ancestor, "" where it is above the table; None after a refusal."""
    if ancestor in scope.ancestors_of(table):
        return ""
    keys = [name for name in scope.keys_to(table, ancestor) if (table, name) != (scope.table, scope.column)]
    if len(keys) == 1:
        return keys[0]
    many = f"several columns that point to {ancestor}: {', '.join(keys)}"
    scope.refuse(
        "lookup.within",
        "within",
        found=f"{table} with " + (many if keys else f"no column that points to {ancestor}"),
        expected=f"one way from {table} to a row of {ancestor}",
        hint=f"`same: {keys[0]}` says which column" if keys else f"a column {{ref: {ancestor}}} in {table}",
    )
    return None


def _numbers(block: Block, ancestor: str) -> Values:
    above, index = block.ancestor(ancestor)
    return Values("int", above.row_number if index is None else above.row_number[index])


def _picks(values: Values) -> Values:
    assert values.picks is not None  # a column that points to rows knows them
    valid = values.picks >= 0
    return Values("int", values.picks, None if valid.all() else valid)
