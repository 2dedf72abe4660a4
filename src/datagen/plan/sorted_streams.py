"""Streams that are put in order when all tables are made: from their pieces to one table, and who may read its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen.contracts import NUMBERS, Block, ColumnType, Values
from datagen.errors import listed
from datagen.kernel.address import table_key
from datagen.plan import graph
from datagen.plan.estimate import memory_bytes
from datagen.plan.model import ColumnPlan, DerivedPlan, Seal, Sorting, TablePlan
from datagen.plan.names import PathReader, TableDraft, uncounted
from datagen.plan.sorted_emits import PIECE, SORTED
from datagen.plan.spoils import copies_as_declared

if TYPE_CHECKING:
    from datagen.plan.binding import Binding

OVER_SIBLINGS = ("siblings", "series")  # generators over the rows of a driving parent
BY_SIBLINGS = ("clustered",)  # keys that mean something within one
EMIT_PLACE, ADDRESS = " emit", " address"  # columns that go with the rows of pieces; no user's has a blank
TOP = np.uint64(1 << 63)  # signed numbers with it flipped are in the order of the addresses


def refuse_reads_of_ranks(binding: Binding) -> None:
    """Refuse whatever reads the rank of an event, or the place of its row, before the events are put in order."""
    pieces = {name: binding.drafting.nodes[name] for name in binding.tables if PIECE in binding.drafting.nodes[name]}
    ranks = {(name, binding.tables[name].pk) for name in pieces}
    for node, needs in binding.reads.items():
        for table, column in dict.fromkeys(needs):
            if node == (table, column) or (table, column) not in ranks:
                continue
            stream = pieces[table][PIECE]
            _refuse(binding, node, f"{stream}.{column}, the rank of an event in the order of the whole stream")
        if node[0] in pieces and node not in ranks and _numbered(binding, node):
            stream = pieces[node[0]][PIECE]
            _refuse(
                binding, node, f"the number of a row in {stream}.{node[1]}, which the order of the whole stream gives"
            )


def refuse_siblings(binding: Binding) -> None:
    """Refuse figures over the rows of a parent where a stream's rows have none in common, or are in another order there."""
    for table in binding.tables.values():
        for column in table.columns.values():
            for word, params in column.makers:
                keys = [key for key in BY_SIBLINGS if params.get(key) is not None]
                placed = word == "siblings" and str(params.get("order_by", "")).lower().split()[:1] == ["ordinal"]
                name = "ordinal" if placed else word if word in OVER_SIBLINGS else keys[0] if keys else None
                if name is not None and (fault := uncounted(table, name)) is not None:
                    binding.refuse(fault.code, column.loc, **fault.facts)


def _numbered(binding: Binding, node: graph.Node) -> bool:
    """Whether a column of a piece is made of the number of its row."""
    made = binding.generators.get(node)
    return bool(made is not None and made.BY_ROW_NUMBER) or (node[0], NUMBERS) in binding.reads[node]


def _refuse(binding: Binding, node: graph.Node, found: str) -> None:
    binding.refuse(
        "stream.rank_read", binding.loc_of(node), found=found,
        expected="SQL to read it: a derived table, or a metric",
        hint="an order_by that begins with the key of a table above all sources gives ranks row by row",
    )  # fmt: skip


def bind_sorted(
    binding: Binding, tables: Mapping[str, TablePlan], name: str, node: Mapping[str, Any], loc: tuple[str | int, ...]
) -> DerivedPlan | None:
    """The stream as the table that its pieces are put together to. Faults go to the binding."""
    facts = node[SORTED]
    pieces = [tables[piece] for piece in facts["pieces"] if piece in tables]
    if len(pieces) < len(facts["pieces"]):
        return None
    columns = _columns(binding, name, node, pieces, loc, facts)
    if columns is None:
        return None
    table = TablePlan(
        id=name, kind="stream", key=table_key(binding.seed, name), pk=pieces[0].pk, parent=None, parents=(), rows=None,
        counts=None, columns=columns, hidden=bool(node.get("hidden", False)),
        expected_rows=sum(one.expected_rows for one in pieces), rows_guessed=any(one.rows_guessed for one in pieces),
        largest_rows=sum(one.largest_rows for one in pieces), time_column=facts["time"],
        row_bytes=sum(memory_bytes(column) for column in columns.values()),
        copies=copies_as_declared(binding, name, node, loc, pieces[0].id), loc=loc,
    )  # fmt: skip
    mark = binding.document.place((*loc, "columns"))
    where = (binding.document.path, mark.line, mark.column, mark.json_path)
    sorting = Sorting(tuple(facts["order_by"]), table.pk if facts["ranked"] else None)
    return DerivedPlan(table, "", tuple(facts["pieces"]), *where, sorting=sorting)


def _columns(
    binding: Binding, name: str, node: Mapping[str, Any], pieces: list[TablePlan], loc: tuple[str | int, ...],
    facts: Mapping[str, Any],
) -> dict[str, ColumnPlan] | None:  # fmt: skip
    made: dict[str, ColumnPlan] = {}
    before = len(binding.findings)
    written = {column["name"] for column in node["columns"]}
    outcomes = dict.fromkeys(name for piece in pieces for name in piece.columns if name not in written)
    for place, spec in enumerate([*node["columns"], *({"name": name, "hidden": True} for name in outcomes)]):
        at = (*loc, "columns", place) if place < len(written) else loc
        found = [piece.columns[spec["name"]] for piece in pieces if spec["name"] in piece.columns]
        types = {one.type for one in found}
        type_: ColumnType = "float" if types == {"int", "float"} else found[0].type
        if len(types) > 1 and type_ != "float":
            binding.refuse(
                "stream.types", at,
                found=f"{spec['name']} of several types in its emits: {listed(sorted(types))}",
                expected="one type in all of them",
            )  # fmt: skip
            continue
        for spoil in found[0].spoils:
            reader = None if spoil.leaning is None else spoil.leaning.reader
            path = reader.path if isinstance(reader, PathReader) else None
            if path is not None and (path.hops or path.ancestor):
                binding.refuse(
                    "stream.sorted_leaning", (*at, "imperfections"),
                    found=f"{spec['name']}, whose errors depend on {path.name}, a value of another row",
                    expected="a column of the stream itself",
                    hint=f"add {path.name.split('.')[-1]} to the columns of {name}",
                )  # fmt: skip
        rank = facts["ranked"] and spec["name"] == pieces[0].pk
        pointed = {one.points_to for one in found}
        seal = Seal(
            type_, found[0].seal.decimals, found[0].seal.precision,
            any(one.seal.nullable for one in found) or len(found) < len(pieces),
        )  # fmt: skip
        made[spec["name"]] = replace(
            found[0], table=name, seal=seal, fill=found[0].fill if rank else no_fill, changes=(), when=None,
            labels={} if rank else dict.fromkeys(found[0].labels, no_fill), hidden=bool(spec.get("hidden", False)),
            points_to=pointed.pop() if len(pointed) == 1 else None, unique=bool(spec.get("unique", False)) or rank,
            by_row_number=rank, reads=tuple(dict.fromkeys(read for one in found for read in one.reads)), loc=at,
        )  # fmt: skip
    if binding.has_errors(since=before):
        return None
    return made


def with_passage(tables: Mapping[str, TablePlan], derived: Mapping[str, DerivedPlan]) -> dict[str, TablePlan]:
    """The tables, pieces of streams with what their rows are put in order by, and without the rank that they get there."""
    found = dict(tables)
    for one in derived.values():
        rank = None if one.sorting is None else one.sorting.rank
        for name in one.reads if one.sorting is not None else ():
            piece = found[name]
            columns = {
                column.name: replace(column, hidden=column.name == rank, spoils=()) for column in piece.columns.values()
            }
            from datagen.rows._stream import PLACE

            for extra, fill in ((EMIT_PLACE, getattr(piece.counts, "fills", {})[PLACE]), (ADDRESS, _address)):
                columns[extra] = ColumnPlan(name, extra, Seal("int"), "process", fill)
            found[name] = replace(piece, columns=columns)
    return found


def _address(block: Block) -> Values:
    return Values("int", (block.address ^ TOP).view(np.int64))


def no_fill(block: Block) -> Values:
    """Values of a sorted stream lie in the file that its rows were put in order in; the engine reads them there."""
    raise AssertionError(f"a column of {block} is read from sorted rows")


def piece_of(tables: Mapping[str, TableDraft], stream: str) -> TableDraft | None:
    """The piece of a stream that has just one, under the name of the stream."""
    found = [table for table in tables.values() if table.piece is not None and table.piece.lower() == stream.lower()]
    return found[0] if len(found) == 1 else None
