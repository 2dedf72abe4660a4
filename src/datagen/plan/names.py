"""Names that read other values: a column of the row, of its driving parent or an ancestor, of the row a key points to.

A name is resolved once, to a reader: a function of the block. `draft` tables are known before any column is bound, so that
dependencies can be ordered first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from datagen.contracts import Block, ColumnType, Values
from datagen.errors import did_you_mean, listed
from datagen.plan.sorted_emits import NOTHING, PLACES

if TYPE_CHECKING:
    from datagen.plan.model import ColumnPlan


@dataclass(slots=True)
class ColumnDraft:
    """A column before it is bound: what is known of it from the document alone."""

    table: str
    name: str
    word: str
    params: Mapping[str, Any]
    loc: tuple[str | int, ...]
    modifiers: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    known_type: ColumnType | None = None
    role: str | None = None
    infer: Callable[[ColumnDraft], ColumnType | None] | None = None  # how to find the type when it is first asked for
    points_to: tuple[str, str] | None = None  # (table, column) its values are keys of
    plan: ColumnPlan | None = None
    texts: Callable[[ColumnDraft], list[str] | None] | None = None  # every value as text, when there is a closed list
    shares: Callable[[ColumnDraft], Mapping[str, float] | None] | None = None  # of its values, where they are known
    process: str | None = None  # the role in which the table's row maker fills it

    @property
    def type(self) -> ColumnType | None:
        """The declared type, else the inferred one; None while it cannot be told."""
        if self.known_type is None and self.infer is not None:
            infer, self.infer = self.infer, None  # a type that needs itself stays unknown
            self.known_type = infer(self)
        return self.known_type

    @property
    def makers(self) -> list[tuple[str, Mapping[str, Any]]]:
        """(word, parameters) of every generator that makes values of the column: of a case, those of its branches."""
        return makers_of(self.word, self.params)

    @property
    def follows_key(self) -> bool:
        """Whether lookups make the column that choose no row: of a table above they give that very row's value."""
        made = self.makers
        return bool(made) and all(
            word == "lookup" and params.get("on") is None and not chooses(params) and not params.get("unique")
            for word, params in made
        )

    @property
    def may_leave_bounds(self) -> bool:
        """Whether a modifier can move the value out of an interval that its draw was cut to."""
        kept = {"seasonality", "trend", "time_jitter", "effect"} if self.type in ("datetime", "date", None) else set()
        return any(word not in kept for word, _ in self.modifiers)


def makers_of(word: str, params: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """The generators behind a generator; what is not as it should be is left out, and refused where it stands."""
    if word != "case":
        return [(word, params)] if isinstance(params, Mapping) else []
    cases = params.get("cases") if isinstance(params, Mapping) else None
    found: list[tuple[str, Mapping[str, Any]]] = []
    for branch in cases if isinstance(cases, list | tuple) else ():
        inner = branch.get("generator", branch) if isinstance(branch, Mapping) else {}
        for own, written in inner.items() if isinstance(inner, Mapping) else ():
            if own != "when" and isinstance(written, Mapping) and not null_branch(own, written):
                found += makers_of(own, written)
    return found


CHOOSING = ("same", "within", "where", "weights")  # what a lookup says only of rows among which it picks


def chooses(params: Mapping[str, Any]) -> bool:
    """Whether the parameters of a lookup, or of one of its branches, say which rows may be picked."""
    if any(params.get(key) is not None for key in CHOOSING) or isinstance(params.get("unique"), str):
        return True
    by = params.get("by")
    branches = [branch for one in by.values() for branch in one.values()] if isinstance(by, Mapping) else []
    return any(isinstance(branch, Mapping) and chooses(branch) for branch in branches)


def null_branch(word: str, params: Mapping[str, Any]) -> bool:
    """Whether a branch of a case says that there is no value."""
    return word == "expression" and str(params.get("code")).strip().lower() == "null"


@dataclass(slots=True)
class TableDraft:
    """A table before it is bound. Column names are looked up without regard to case."""

    id: str
    pk: str | None
    parent: str | None
    loc: tuple[str | int, ...]
    columns: dict[str, ColumnDraft] = field(default_factory=dict)
    each: str | None = None  # the table of whose rows every parent has one row here
    emits: bool = False  # rows that their parent emits: names are read in the parent's row first
    piece: str | None = None  # the stream whose events it holds until all of them are put in order
    known: str | None = None  # and what its rows know of the rows beside them, see `plan.sorted_emits`

    def column(self, name: str) -> ColumnDraft | None:
        found = self.columns.get(name)
        if found is None:
            wanted = name.lower()
            found = next((column for key, column in self.columns.items() if key.lower() == wanted), None)
        return found


def picks_another(tables: Mapping[str, TableDraft], column: ColumnDraft) -> bool:
    """Whether a lookup into a table above gives any row that its keys allow, and not the one that the row belongs to."""
    looked = [params for word, params in column.makers if word == "lookup" and params.get("on") is None]
    limited, once = any(map(chooses, looked)), any(params.get("unique") is True for params in looked)
    if column.points_to is None or not (limited or once):
        return False
    table, above = tables[column.table], column.points_to[0]
    return key_beside(tables, table, column.name, above) or (limited and above not in (table.parent, table.each))


def key_beside(tables: Mapping[str, TableDraft], table: TableDraft, column: str, above: str) -> bool:
    """Whether a table has, beside a column, the very key of its row above."""
    wanted = (above, tables[above].pk)
    return any(one.points_to == wanted and one.follows_key for one in table.columns.values() if one.name != column)


ROW_NAMES: Mapping[str, ColumnType] = {"ordinal": "int", "sibling_count": "int", "row_number": "int"}
WINDOW_NAMES = ("timeframe.start", "timeframe.end")


@dataclass(frozen=True, slots=True)
class Path:
    """A resolved name: hops from the row to where the value stands. `ancestor` first, then keys to follow, then a column.

    paired: the table whose row a row of a grid (the row itself, or that ancestor) stands for; the way begins there.
    """

    name: str
    ancestor: str | None  # None: the row itself
    hops: tuple[tuple[str, str, str], ...]  # (table, key column in it, table it points to)
    table: str
    column: str
    paired: str | None = None

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        """Every (table, column) that is looked at on the way."""
        return (*((table, key) for table, key, _ in self.hops), (self.table, self.column))


@dataclass(frozen=True, slots=True)
class NameFault:
    """Why a name could not be resolved."""

    code: str
    found: str
    expected: str = ""
    known: tuple[str, ...] = ()
    hint: str = ""
    wrong: str = ""  # the word that is no name, for a did-you-mean

    @property
    def facts(self) -> dict[str, Any]:
        """What a finding says of it."""
        names = f": {listed(self.known)}" if self.known else ""
        hint = self.hint or did_you_mean(self.wrong, self.known)
        return {"found": self.found, "expected": self.expected + names, "hint": hint}


def declared(tables: Mapping[str, TableDraft]) -> tuple[str, ...]:
    """The names of the tables that a user wrote; those of emits are told as part of their stream."""
    return tuple(dict.fromkeys(table.piece or name for name, table in tables.items() if not table.emits))


def find_table(tables: Mapping[str, TableDraft], name: str) -> TableDraft | None:
    """A table by its id, without regard to case; a stream that is put in order at the end, by its one piece."""
    found = tables.get(name)
    found = found or next((table for key, table in tables.items() if key.lower() == name.lower()), None)
    if found is None:
        pieces = [one for one in tables.values() if one.piece is not None and one.piece.lower() == name.lower()]
        found = pieces[0] if len(pieces) == 1 else None
    return found


def find_column(tables: Mapping[str, TableDraft], reference: str) -> ColumnDraft | NameFault:
    """The column that `table.column` names, without regard to case."""
    head, _, tail = reference.partition(".")
    table = find_table(tables, head)
    if table is None:
        return NameFault(
            "ref.unknown_table", f"'{reference}'", "`table.column` with a table", declared(tables), wrong=head
        )
    column = table.column(tail) if tail else None
    if column is None:
        expected = f"`{table.id}.column`, a column of {table.id}"
        return NameFault("ref.unknown_column", f"'{reference}'", expected, tuple(table.columns), wrong=tail)
    return column


def ancestors(tables: Mapping[str, TableDraft], table: TableDraft) -> dict[str, TableDraft]:
    """Driving parent, its driving parent, and so on, by id."""
    found: dict[str, TableDraft] = {}
    step = table.parent
    while step is not None and step not in found and step in tables:
        found[step] = tables[step]
        step = tables[step].parent
    return found


def resolve(tables: Mapping[str, TableDraft], table: TableDraft, name: str) -> Path | NameFault:
    """The path of a dotted name as a row of `table` understands it."""
    head, *rest = name.split(".")
    if table.emits and table.parent is not None and tables[table.parent].column(head) is not None:
        path = resolve(tables, tables[table.parent], name)
        return path if isinstance(path, NameFault) else replace(path, ancestor=path.ancestor or table.parent)
    own = table.column(head)
    if not rest:
        if own is None:
            known = (*table.columns, *ROW_NAMES)
            return NameFault("ref.unknown_column", f"'{name}'", f"a column of {table.id}", known)
        return Path(name, None, (), table.id, own.name)
    chain = ancestors(tables, table)
    above = find_table(chain, head)
    follows = own is not None and own.points_to is not None
    if above is None and not follows:
        for grid in (table, *chain.values()):
            if grid.each is not None and grid.each.lower() == head.lower():
                start = None if grid is table else grid.id
                found = _follow(tables, name, start, (), tables[grid.each], rest)
                return found if isinstance(found, NameFault) else replace(found, paired=grid.each)
    if above is not None and follows:
        return NameFault(
            "ref.ambiguous",
            f"'{name}' could be the table {above.id} or the row that column {head} points to",
            hint=f"rename the column {head}",
        )
    if above is not None:
        return _follow(tables, name, above.id, (), above, rest)
    if own is not None and own.points_to is not None:
        target = tables[own.points_to[0]]
        return _follow(tables, name, None, ((table.id, own.name, target.id),), target, rest)
    keys = tuple(f"{column.name}." for column in table.columns.values() if column.points_to)
    if own is not None:
        return NameFault(
            "ref.not_a_key",
            f"'{name}': column {head} points to no other table",
            "a key made by a lookup, or an ancestor's name, before the dot",
            hint=f"keys of {table.id}: {', '.join(keys) or 'none'}",
        )
    return NameFault(
        "ref.unknown_table",
        f"'{name}'",
        f"an ancestor of {table.id} or one of its keys before the dot",
        (*chain, *((table.each,) if table.each else ()), *(key.rstrip(".") for key in keys)),
    )


def _follow(
    tables: Mapping[str, TableDraft],
    name: str,
    ancestor: str | None,
    hops: tuple[tuple[str, str, str], ...],
    table: TableDraft,
    rest: list[str],
) -> Path | NameFault:
    for key in rest[:-1]:
        column = table.column(key)
        if column is None:
            return NameFault(
                "ref.unknown_column", f"'{key}' in '{name}'", f"a column of {table.id}", tuple(table.columns)
            )
        if column.points_to is None:
            return NameFault(
                "ref.not_a_key", f"'{key}' in '{name}': it points to no other table", f"a key of {table.id}"
            )
        target = tables[column.points_to[0]]
        hops = (*hops, (table.id, column.name, target.id))
        table = target
    column = table.column(rest[-1])
    if column is None:
        return NameFault(
            "ref.unknown_column", f"'{rest[-1]}' in '{name}'", f"a column of {table.id}", tuple(table.columns)
        )
    return Path(name, ancestor, hops, table.id, column.name)


@dataclass(frozen=True, slots=True)
class PathReader:
    """Reads a resolved name: from the row or its ancestor, along keys, to the column."""

    path: Path
    type: ColumnType

    def __call__(self, block: Block) -> Values:
        from datagen.columns import take

        path = self.path
        here, index = (block, None) if path.ancestor is None else block.ancestor(path.ancestor)
        first = path.hops[0][1] if path.hops else path.column
        keys = here.column(first) if path.paired is None else here.gather(path.paired, first, here.ordinal)
        if not path.hops:
            values = keys
        else:
            for (_, _, table), column in zip(path.hops, (*(hop[1] for hop in path.hops[1:]), path.column), strict=True):
                if keys.picks is None:
                    raise AssertionError(f"{path.name}: {table} is reached by a key without row numbers")
                keys = block.gather(table, column, keys.picks, keys.valid)
            values = keys
        return values if index is None else take(values, index)


@dataclass(frozen=True, slots=True)
class FunctionReader:
    """Reads something that is computed from the block itself: an ordinal, a constant, an expression."""

    function: Callable[[Block], Values]
    type: ColumnType

    def __call__(self, block: Block) -> Values:
        return self.function(block)


@dataclass(frozen=True, slots=True)
class ReaderWhere:
    """A name read along a path, null in rows where a condition does not hold."""

    reader: PathReader
    condition: Callable[[Block], Values]

    @property
    def path(self) -> Path:
        return self.reader.path

    @property
    def type(self) -> ColumnType:
        return self.reader.type

    def __call__(self, block: Block) -> Values:
        from datagen.columns import where_true

        values, kept = self.reader(block), where_true(self.condition(block))
        return values.changed(valid=kept if values.valid is None else kept & values.valid)


def uncounted(table: TableDraft, name: str) -> NameFault | None:
    """Why rows of a stream that is put in order at the end do not know a figure over those of the same parent."""
    if table.known == NOTHING and name != "row_number":
        return NameFault(
            "stream.no_siblings",
            f"{name} in {table.piece}, whose sources share no table",
            "no figure over the rows of one parent: the rows of this stream have none in common",
            hint=f"write it into a source and take it over, or count over {table.piece} in SQL: a derived table",
        )
    if table.known not in (None, PLACES) and name == "ordinal":
        return NameFault(
            "stream.ordinal",
            f"ordinal in {table.piece}, whose rows are counted by their time inside {table.parent}",
            "an order_by that begins with the time, of columns that the emits fill",
            hint="siblings: {agg: rank, order_by: …} counts in an order of its own",
        )
    return None


def row_name(name: str) -> FunctionReader:
    """`ordinal` (from 1), `row_number` (from 1) or `sibling_count`."""
    if name == "ordinal":
        return FunctionReader(lambda block: Values("int", block.ordinal + 1), "int")
    if name == "row_number":
        return FunctionReader(lambda block: Values("int", block.row_number + 1), "int")
    return FunctionReader(lambda block: Values("int", block.sibling_count), "int")


def constant_reader(value: int | float | bool | str, type: ColumnType) -> FunctionReader:
    """The same value in every row. Times are given as microseconds."""
    import numpy as np

    if type == "string":
        from datagen.contracts import Dictionary

        dictionary = Dictionary([str(value)])
        return FunctionReader(
            lambda block: Values("category", np.zeros(block.rows, dtype=np.uint8), dictionary=dictionary), "string"
        )
    kind: Any = {"datetime": "time", "date": "time"}.get(type, type)
    dtype = {"int": np.int64, "float": np.float64, "bool": np.bool_, "time": np.int64}[kind]
    return FunctionReader(lambda block: Values(kind, np.full(block.rows, value, dtype=dtype)), type)
