"""Streams in one order over all their sources: lowered to pieces, streams inside the tables that share rows, sorted at the end.

A stream whose `order_by` does not begin with the key of a table that all sources share has no owner in whose rows it could
be ordered block by block. Its events are made as a hidden stream below every such table (a piece); when all tables are made,
the pieces are put in order together and numbered (`datagen.engine.sorting`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen.schema.expand_reading import carry, without
from datagen.schema.tree import Map, Mark, Seq

SORTED = "sorted"  # the kind of a stream that is put in order at the end, and what it is put together from
PIECE = "piece"  # of which stream a table is a piece
KNOWN = "known"  # what the rows of a piece know of the rows beside them, one of the three below
PLACES, SIBLINGS, NOTHING = "places", "siblings", "nothing"
PIECE_MARK = "::"  # in the names of pieces, which no user's table can have
LATER = ("constraints", "unique")  # keys of a column that are looked at in the sorted stream


@dataclass(frozen=True, slots=True)
class Group:
    """Sources that are, or are below, rows of one table: in its rows their events are put in order."""

    owner: Map
    sources: tuple[str, ...]


def groups_of(chains: Sequence[Sequence[Map]]) -> list[Group]:
    """The sources by the table at their top. chains: each source with the tables above it, upwards."""
    found: list[Group] = []
    for top in {id(chain[-1]): chain[-1] for chain in chains}.values():
        mine = [chain for chain in chains if chain[-1] is top]
        owner = next(one for one in mine[0] if all(any(one is other for other in chain) for chain in mine))
        found.append(Group(owner, tuple(dict.fromkeys(str(chain[0]["id"]) for chain in mine))))
    return found


def piece_name(stream: str, owner: str) -> str:
    """The name of the piece of a stream that lies below a table."""
    return f"{stream}{PIECE_MARK}{owner}"


def with_pieces(
    node: Map, key: Map | None, groups: Sequence[Group], emits: Sequence[dict[str, Any]], order_by: Sequence[str],
    time: str,
) -> list[Map]:  # fmt: skip
    """The stream to be sorted, and its pieces. emits: {table, source, columns}, columns as `plan.emits` finds them."""
    names = [piece_name(str(node["id"]), str(group.owner["id"])) for group in groups]
    written = [column for column in node["columns"] if isinstance(column, Map)]
    ranked = key is not None and ("generator" not in key or list(key["generator"]) == ["sequence"])
    filled = [
        {name for one in emits if one["source"] in group.sources for name, from_ in one["columns"].items() if from_}
        for group in groups
    ]
    filled_all = len(groups) == 1 and all(name in filled[0] for name in order_by)
    inside = list(order_by) if filled_all and order_by[0] == time else [time]
    knows = NOTHING if len(groups) > 1 else PLACES if inside == list(order_by) else SIBLINGS
    pieces = []
    for place, group in enumerate(groups):
        kept = [
            column for column in written
            if column is key or "generator" in column or str(column["name"]) in filled[place]
            or (place == 0 and not any(str(column["name"]) in one for one in filled))
        ]  # fmt: skip
        pieces.append(_piece(node, names[place], group, key, kept, emits, time, inside, first=place == 0))
    of_others = {name: [one["table"] for one in emits if one["source"] not in group.sources]
                 for name, group in zip(names, groups, strict=True)}  # fmt: skip
    for piece in pieces:
        piece.put(KNOWN, knows)
        piece["stream"].put("beside", tree_of(of_others[str(piece["id"])], node.mark))
    facts = {"pieces": names, "order_by": list(order_by), "time": time, "ranked": ranked}
    result = Map(node.mark)
    for name, value in node.items():
        if name not in ("emits", "order_by", "kind"):
            carry(result, node, name, value)
    result.put("kind", SORTED)
    if key is not None:
        result.put("pk", key["name"])
    result.put(SORTED, tree_of(facts, node.mark))
    return [result, *pieces]


def _piece(
    node: Map, name: str, group: Group, key: Map | None, columns: Sequence[Map], emits: Sequence[dict[str, Any]],
    time: str, order_by: list[str], *, first: bool,
) -> Map:  # fmt: skip
    mine = [one for one in emits if one["source"] in group.sources]
    kept = {str(column["name"]) for column in columns}
    result, own = Map(node.mark), Seq(node.mark)
    result.put("id", name)
    result.put("kind", "stream")
    result.put("hidden", True)
    result.put(PIECE, str(node["id"]))
    parents = Seq(node.mark)
    parents.add(group.owner["id"], mark=node.mark)
    result.put("parents", parents)
    for column in columns:
        # errors of recording are drawn once, over the rows of all pieces
        bare = without(column, (*LATER, "hidden", *(() if first else ("imperfections",))))
        if column is key and "generator" not in key:
            bare.put("generator", tree_of({"sequence": {}}, key.mark))
        own.add(bare, mark=column.mark)
    result.put("columns", own)
    if key is not None:
        result.put("pk", key["name"])
    spec = {
        "emits": [
            {**one, "columns": {column: from_ for column, from_ in one["columns"].items() if column in kept}}
            for one in mine
        ],
        "order_by": order_by,
        "time": time,
    }
    result.put("stream", tree_of(spec, node.mark))
    return result


def tree_of(value: Any, mark: Mark) -> Any:
    """Plain dicts and lists as a tree, all of it at one place."""
    if isinstance(value, Mapping) and not isinstance(value, Map):
        result = Map(mark)
        for key, inner in value.items():
            result.put(key, tree_of(inner, mark))
        return result
    if isinstance(value, list) and not isinstance(value, Seq):
        items = Seq(mark)
        for inner in value:
            items.add(tree_of(inner, mark), mark=mark)
        return items
    return value
