"""The rows of a stream: those of its emits, put in order inside each row of the table that owns them.

Order: the owner's rows, then the columns of `order_by`, then the emit's name, then the row's address. A row keeps the
address that it has as an emit's row; its place in the order is its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from datagen.columns import gathered, take
from datagen.contracts import Block, ColumnType, Fill, Only, Values
from datagen.rows._contract import BoundRows, RowScope, whole
from datagen.rows._text_order import text_ranks

Ints = NDArray[np.int64]

EMITTED = "emitted"  # the process of a stream's columns
PLACE = "place of the emit"  # what fills it: the emit's place among the names of all emits of the stream


class EmitOf(BaseModel):
    """One emit of a stream: its hidden table, its source, and where the stream's columns come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    source: str
    columns: dict[str, list[Any] | None]


class StreamSpec(BaseModel):
    """A stream as `plan.emits` gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    emits: list[EmitOf]
    order_by: list[str]
    time: str
    beside: list[str] = []  # tables of the emits of its other pieces, where it is one of several


class StreamRows:
    """Makes the rows of a stream out of those of its emits."""

    SPEC = StreamSpec
    FILLS: Mapping[str, Any] = {}

    def __init__(self, spec: StreamSpec, scope: RowScope) -> None:
        self.spec, self.scope = spec, scope

    def reads(self) -> Iterable[Any]:
        found: list[Any] = []
        for one in self.spec.emits:
            found += [Only(*node) for node in self.scope.counts_down(one.table)]
        return found

    def bind(self) -> BoundRows | None:
        scope = self.scope
        rows = sum(scope.expected_rows(one.table) for one in self.spec.emits)
        names = dict.fromkeys(name for one in self.spec.emits for name in one.columns)
        types = {name: type_of(self.spec, name, scope.find_target) or "string" for name in names}
        emits = tuple(sorted([*(one.table for one in self.spec.emits), *self.spec.beside]))
        merging = Merging(scope.own, tuple(self.spec.emits), tuple(self.spec.order_by), types, emits)
        return StreamCounts(
            merging=merging,
            expected=rows / max(scope.expected_rows(scope.parent), 1.0),
            description=f"the events of {len(self.spec.emits)} emits in order",
            fills={f"{EMITTED} {name}": merging.fill(name) for name in names} | {PLACE: merging.place_of_emit},
            guessed=any(self._guessed(one.table) for one in self.spec.emits),
        )

    def _guessed(self, table: str) -> bool:
        """Whether the number of rows of an emit, or of a table between it and the stream's owner, is a guess."""
        between = [self.scope.rows_of(name) for name, _ in self.scope.counts_down(table)]
        return any(rows is None or rows.guessed for rows in between)


@dataclass(frozen=True, slots=True)
class StreamCounts:
    """Events per row of the owner."""

    merging: Merging
    expected: float
    description: str
    fills: Mapping[str, Fill]
    guessed: bool
    largest: float = float("inf")

    def __call__(self, parent: Block) -> Ints:
        found = np.zeros(parent.rows, dtype=np.int64)
        for one in self.merging.emits:
            found += parent.count_below(one.table)
        return found

    def addresses(self, block: Block) -> NDArray[np.uint64]:
        """(n,) the addresses of rows of the stream: those of the emits' rows."""
        parent, _ = block.ancestor(self.merging.owner(block))
        return self.merging.of(parent).addresses[self.merging.places(block)]


@dataclass(slots=True)
class Merged:
    """The emits' rows below one block of owners. order: of their concatenation; begins: of each owner's rows in it.

    emits: (n,) the place of each row's emit, in order.
    """

    pieces: Sequence[tuple[EmitOf, Block]]
    order: Ints
    emits: Ints
    begins: Ints
    addresses: NDArray[np.uint64]
    columns: dict[str, Values] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merging:
    """How the rows of the emits become those of the stream."""

    stream: str
    emits: tuple[EmitOf, ...]
    order_by: tuple[str, ...]
    types: Mapping[str, ColumnType]
    names: tuple[str, ...]  # the tables of all emits of the stream, in order

    def owner(self, block: Block) -> str:
        """The table that the stream is sorted by first."""
        table: Any = block
        name: str = table.table.parent
        return name

    def of(self, parent: Block) -> Merged:
        """The rows below one block of owners, in order."""
        found: Merged = whole(parent, f"{self.stream} merged", lambda: self._made(parent))
        return found

    def places(self, block: Block) -> Ints:
        """(n,) places of the stream's rows in the order of their owners' block."""
        parent, index = block.ancestor(self.owner(block))
        assert index is not None  # a stream has an owner
        return self.of(parent).begins[index] + block.ordinal

    def fill(self, name: str) -> Fill:
        """What fills a column of the stream."""

        def fill(block: Block) -> Values:
            parent, _ = block.ancestor(self.owner(block))
            merged = self.of(parent)
            values = merged.columns.get(name)
            if values is None:
                values = merged.columns[name] = take(self.column(merged.pieces, name), merged.order)
            places = self.places(block)
            if len(places) == len(values):
                return values  # the block holds all of them, in order
            return take(values, places)

        return fill

    def source_of(self, block: Block, place: int) -> tuple[EmitOf, Block, int]:
        """The emit of one row of the stream, a block of its rows, and the row's place in that."""
        parent, _ = block.ancestor(self.owner(block))
        merged = self.of(parent)
        at = int(merged.order[self.places(block)[place]])
        for one, rows in merged.pieces:
            if at < rows.rows:
                return one, rows, at
            at -= rows.rows
        raise AssertionError(f"row {place} of {self.stream} comes from no emit")

    def place_of_emit(self, block: Block) -> Values:
        """(n,) the place of each row's emit among all emits of the stream."""
        parent, _ = block.ancestor(self.owner(block))
        return Values("int", self.of(parent).emits[self.places(block)])

    def column(self, pieces: Sequence[tuple[EmitOf, Block]], name: str) -> Values:
        """One column of the stream over the emits' rows, one emit after the other."""
        found = [(_values(one.columns.get(name), name, block), block.rows) for one, block in pieces]
        return gathered(found, self.types[name])

    def _made(self, parent: Block) -> Merged:
        pieces: list[tuple[EmitOf, Block]] = []
        owners: list[Ints] = []
        for one in sorted(self.emits, key=lambda emit: emit.table):
            for block, index in parent.below(one.table):
                if block.rows:
                    pieces.append((one, block))
                    owners.append(index)
        rows = sum(len(one) for one in owners)
        if not rows:
            none = np.zeros(0, dtype=np.int64)
            return Merged(pieces, none, none, np.zeros(parent.rows, dtype=np.int64), none.astype(np.uint64))
        owner = np.concatenate(owners)
        addresses = np.concatenate([block.address for _, block in pieces])
        places = {name: place for place, name in enumerate(self.names)}  # not of blocks
        emit = np.repeat([places[one.table] for one, _ in pieces], [block.rows for _, block in pieces])
        keys = [_ranks(self.column(pieces, name)) for name in self.order_by]
        order = sorted_by([owner, *keys, emit], addresses)
        counts = np.bincount(owner, minlength=parent.rows)
        return Merged(pieces, order, emit[order], np.cumsum(counts) - counts, addresses[order])


def sources_of(spec: StreamSpec, name: str) -> list[tuple[EmitOf, list[Any]]]:
    """The emits that fill a column, and from where."""
    return [(one, source) for one in spec.emits if (source := one.columns.get(name)) is not None]


def own_column(source: list[Any], name: str) -> str:
    """The column of an emit's own table that fills one of the stream: of the same name, unless another is named."""
    found: str = source[1] if len(source) > 1 else name
    return found


def type_of(spec: StreamSpec, name: str, find: Callable[[str], Any]) -> ColumnType | None:
    """The type that the emits give a column: theirs if they agree, float of ints and floats; else None."""
    types: set[ColumnType | None] = set()
    for one, source in sources_of(spec, name):
        if source[0] == "constant":
            known: dict[type, ColumnType] = {bool: "bool", int: "int", float: "float"}
            types.add(known.get(type(source[1]), "string"))
        else:
            found = find(
                f"{one.table}.{own_column(source, name)}" if source[0] == "own" else f"{source[1]}.{source[2]}"
            )
            types.add(None if found is None else found.type)
    if types == {"int", "float"}:
        return "float"
    return types.pop() if len(types) == 1 else None


def sorted_by(keys: Sequence[Ints], addresses: NDArray[np.uint64]) -> Ints:
    """(n,) places in the order of whole-number keys, the first one first; rows that are equal in all go by address."""
    packed: Ints | None = np.zeros(len(addresses), dtype=np.int64)
    room = 62
    for key in keys:
        low = int(key.min())
        bits = (int(key.max()) - low).bit_length()
        room -= bits
        if room < 0 or packed is None:
            packed = None
            break
        packed = (packed << bits) | (key - low)
    if packed is None:
        return np.lexsort([addresses, *reversed(keys)]).astype(np.int64)
    order = np.argsort(packed, kind="stable")
    ranked = packed[order]
    same = np.flatnonzero(ranked[1:] == ranked[:-1])
    if len(same):
        tied = np.unique(np.concatenate([same, same + 1]))
        rows = order[tied]
        order[tied] = rows[np.lexsort([addresses[rows], packed[rows]])]
    return order.astype(np.int64, copy=False)


def _values(source: list[Any] | None, name: str, block: Block) -> Values | None:
    if source is None:
        return None
    match source[0]:
        case "own":
            return block.column(own_column(source, name))
        case "constant":
            return _constant(source[1], block.rows)
        case _:
            above, index = block.ancestor(source[1])
            values = above.column(source[2])
            owner: Any = above
            if values.picks is None and owner.table.pk == source[2]:
                values = values.changed(picks=above.row_number)
            return values if index is None else take(values, index)


def _constant(value: Any, rows: int) -> Values:
    from datagen.contracts import Dictionary

    if isinstance(value, bool):
        return Values("bool", np.full(rows, value))
    if isinstance(value, int):
        return Values("int", np.full(rows, value, dtype=np.int64))
    if isinstance(value, float):
        return Values("float", np.full(rows, value))
    return Values("category", np.zeros(rows, dtype=np.uint8), dictionary=Dictionary([str(value)]))


def _ranks(values: Values) -> Ints:
    """(n,) whole numbers in the order of the values; nulls come last."""
    if values.kind in ("text", "category"):
        ranks = text_ranks(values)
    elif values.kind == "float":
        bits = np.asarray(values.array, dtype=np.float64).view(np.int64)
        ranks = np.where(bits < 0, np.int64(-(2**63)) - bits, bits)
    else:
        ranks = np.asarray(values.array, dtype=np.int64)
    if values.valid is not None:
        top = int(ranks[values.valid].max()) + 1 if values.valid.any() else 0
        ranks = np.where(values.valid, ranks, top)
    return ranks
