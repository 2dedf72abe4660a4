"""Experiments on streams: an effect on a stream acts in its emits, on their rates and on the values that they make.

`table: events` names all emits of a stream that it can act on, `events.ping` one of them by its id, and for values
`events.amount` or `events.ping.amount` the column that they fill. What the emits take over from their sources belongs to those.
"""

from __future__ import annotations

from typing import Any

from datagen.errors import did_you_mean, listed
from datagen.plan.behaviors import path_to
from datagen.plan.binding import Binding
from datagen.plan.emits import BETWEEN
from datagen.plan.names import ColumnDraft, TableDraft
from datagen.plan.told import told_name
from datagen.schema.tree import Seq


def pieces_of(binding: Binding, name: str) -> list[TableDraft]:
    """The table of a stream, or of its pieces; none for a name that is no stream."""
    return [
        table for table in binding.tables.values()
        if binding.drafting.kinds[table.id] == "stream" and told_name(table.id).lower() == name.lower()
    ]  # fmt: skip


def emits_of(binding: Binding, pieces: list[TableDraft]) -> list[tuple[TableDraft, Any]]:
    """The tables of the emits of a stream, and what each of them says of the stream's columns."""
    from datagen.rows._stream import StreamSpec

    specs = [StreamSpec.model_validate(binding.drafting.nodes[one.id]["stream"]) for one in pieces]
    return [(binding.tables[emit.table], emit) for spec in specs for emit in spec.emits]


def rates_named(binding: Binding, named: str, unit: TableDraft, loc: Any) -> list[TableDraft] | None:
    """The emits whose rates `stream` or `stream.emit` names, None where that is no stream. Faults go to the binding."""
    head, _, emit = named.partition(".")
    pieces = pieces_of(binding, head)
    if not pieces:
        return None
    emits = [table for table, _ in emits_of(binding, pieces)]
    if emit:
        return _one(binding, emits, emit, named, (*loc, "table"))
    known = [one for one in emits if _leads(binding, one, unit) and "fanout" in binding.drafting.nodes[one.id]]
    if not known:
        binding.refuse(
            "experiment.not_reached", (*loc, "table"),
            found=f"{named}, of whose emits none has a fanout and a source that belongs to a {unit.id}",
            expected="an emit with a fanout, or the table whose rows emit",
        )  # fmt: skip
    return known


def values_named(binding: Binding, named: str, unit: TableDraft, loc: Any) -> list[ColumnDraft] | None:
    """The columns of emits that `stream.column` or `stream.emit.column` names, None where that is no stream's own affair."""
    head, _, rest = named.partition(".")
    pieces = pieces_of(binding, head)
    emit, _, name = rest.rpartition(".")
    column = next((named_one for one in pieces if (named_one := one.column(name)) is not None), None)
    if not pieces or (column is not None and column.word != "process" and not emit):
        return None
    at = (*loc, "table")
    if column is None:
        known = tuple(dict.fromkeys(one for piece in pieces for one in piece.columns))
        binding.refuse(
            "ref.unknown_column", at, found=f"'{named}'", expected=f"a column of {head}: {listed(known)}",
            hint=did_you_mean(name, known),
        )  # fmt: skip
        return []
    emits = emits_of(binding, pieces)
    if emit:
        wanted = {table.id for table in _one(binding, [table for table, _ in emits], emit, named, at)}
        emits = [(table, spec) for table, spec in emits if table.id in wanted]
    found: list[ColumnDraft] = []
    for table, spec in emits:
        source = spec.columns.get(column.name)
        if source is None or not _leads(binding, table, unit):
            continue
        if source[0] == "own":
            found.append(table.columns[column.name])
        elif source[0] == "above":
            binding.refuse(
                "experiment.taken_over", at,
                found=f"{named}, which emit {_own_name(table)} takes over from {source[1]}.{source[2]}",
                expected=f"table: {source[1]}.{source[2]}, or the column of an emit that makes it itself",
                hint=f"{head}.<id of an emit>.{column.name}",
            )  # fmt: skip
            return []
    if not found:
        binding.refuse(
            "experiment.not_reached", at, found=f"{named}, which no emit of a row of {unit.id} makes",
            expected="a column to which an emit gives an expression or a generator",
        )  # fmt: skip
    return found


def measures_named(binding: Binding, named: str, unit: TableDraft, loc: Any) -> list[ColumnDraft] | None:
    """The amounts of a stream that is named without a column, None where that is no stream."""
    pieces = pieces_of(binding, named)
    if not pieces:
        return None
    columns = {column.name: column for piece in pieces for column in piece.columns.values()}
    marked = [column for column in columns.values() if column.role == "measure"]
    floats = [column for column in columns.values() if column.type == "float" and column.points_to is None]
    found = marked or (floats if len(floats) == 1 else [])
    if not found:
        binding.refuse(
            "experiment.not_reached", (*loc, "table"), found=f"no single amount in {named}",
            expected=f"{named}.column, or a column with role: measure",
        )  # fmt: skip
    return in_emits(binding, found, unit, loc)


def in_emits(binding: Binding, columns: list[ColumnDraft], unit: TableDraft, loc: Any) -> list[ColumnDraft]:
    """Columns with those of streams as the columns of the emits that make them, each once."""
    found: dict[tuple[str, str], ColumnDraft] = {}
    for column in columns:
        emitted = binding.drafting.kinds[column.table] == "stream" and column.word == "process"
        named = f"{told_name(column.table)}.{column.name}"
        for one in (values_named(binding, named, unit, loc) or ()) if emitted else (column,):
            found[one.table, one.name] = one
    return list(found.values())


def untimed(binding: Binding, table: TableDraft, since: int | None) -> str:
    """Why an effect cannot act on the number of events of an emit, "" where it can."""
    one, node = binding.emitting[table.id], binding.drafting.nodes[table.id]
    who = f"emit {_own_name(table)} of {told_name(table.id)}"
    if one.source.filling is not None:
        return f"{who}, whose source draws the total of its events first"
    if "fanout" not in node:
        return f"{who}, one event of each row of {table.parent}"
    if since is not None and not one.in_time:
        return f"{who}, whose events are counted once per row, whatever the time"
    return ""


def show_outcomes(binding: Binding, made: dict[tuple[str, str], list[str]], loc: Any) -> None:
    """Give streams the hidden columns of what their emits would make under each arm. made: names by emit's column."""
    wanted: dict[tuple[str, str], dict[str, None]] = {}  # by stream and column
    for (table, column), added in made.items():
        if table in binding.tables and binding.tables[table].emits:
            wanted.setdefault((told_name(table), column), {}).update(dict.fromkeys(added))
    for (stream, column), names in wanted.items():
        pieces = pieces_of(binding, stream)
        for name in names:  # of arms
            for piece in pieces:
                _add_outcome(binding, piece, column, name, {t for t, c in made if c == column}, loc)


def _add_outcome(binding: Binding, piece: TableDraft, column: str, name: str, changed: set[str], loc: Any) -> None:
    own = piece.columns.get(column)
    if own is None:
        return
    spec = binding.drafting.specs[piece.id, column]
    kept = {key: spec[key] for key in ("decimals", "precision") if spec.get(key) is not None}
    piece.columns[name] = ColumnDraft(piece.id, name, "process", {}, loc, (), own.type, None)
    binding.drafting.specs[piece.id, name] = {"name": name, "type": own.type, "hidden": True, **kept}
    binding.modifiers[piece.id, name] = []
    for emit in binding.drafting.nodes[piece.id]["stream"]["emits"]:
        source = emit["columns"].get(column)
        if source is not None and source[0] == "own":
            mark, source = emit.mark, Seq(emit.mark)
            source.add("own", mark=mark)
            source.add(name if emit["table"] in changed else column, mark=mark)
        if column in emit["columns"]:
            emit["columns"].put(name, source)


def _one(binding: Binding, emits: list[TableDraft], emit: str, named: str, at: Any) -> list[TableDraft]:
    """The emit of an id."""
    known = {_own_name(table).lower(): table for table in emits}
    if emit.lower() in known:
        return [known[emit.lower()]]
    names = tuple(_own_name(table) for table in emits)
    binding.refuse(
        "experiment.not_reached", at, found=f"'{named}'", expected=f"the id of an emit: {listed(names)}",
        hint=did_you_mean(emit, names),
    )  # fmt: skip
    return []


def _own_name(table: TableDraft) -> str:
    return table.id.split(BETWEEN, 1)[1]


def _leads(binding: Binding, table: TableDraft, unit: TableDraft) -> bool:
    """Whether the rows of an emit belong to a unit."""
    return path_to(binding, binding.tables[table.parent or ""], unit.id, "") is not None
