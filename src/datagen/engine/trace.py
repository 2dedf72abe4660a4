"""How one value came to be: the base draw, then every step behind it; or how a parent got its number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from datagen.columns import to_series
from datagen.contracts import Values
from datagen.engine.block import BLOCK_ROWS, TableBlock
from datagen.engine.chosen import taken
from datagen.engine.grain import Walk, grains, tree
from datagen.engine.run import Run
from datagen.engine.spoil import written
from datagen.errors import Finding, UsageError, did_you_mean, listed, quoted
from datagen.plan.explain import spell_time
from datagen.plan.graph import COUNTS
from datagen.plan.model import ColumnPlan, DerivedPlan, Plan, TablePlan
from datagen.rows._stream import EmitOf, Merging, own_column
from datagen.rows._traced import rate_steps


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what acts, what the value is behind it, and by what it was multiplied, where that can be said."""

    text: str
    value: Any
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class Emitted:
    """Where a row of a stream comes from: the id of its emit, and the row of its source, from 1."""

    id: str
    of: str
    row: int

    def __str__(self) -> str:
        return f"event of emit {self.id}, of row {self.row} of {self.of}"


@dataclass(frozen=True, slots=True)
class Traced:
    """The way of one value. rows: steps to the number of rows of the parent, where the table's rows come from one."""

    table: str
    column: str | None
    row: int
    key: Any
    parent: str | None
    parent_row: int | None
    steps: tuple[Step, ...]
    reads: dict[str, Any]
    rows: tuple[Step, ...]
    value: Any
    emit: Emitted | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON-ready facts."""
        return {
            "table": self.table,
            "column": self.column,
            "row": self.row,
            "key": self.key,
            "parent": None if self.parent is None else {"table": self.parent, "row": self.parent_row},
            "emit": None if self.emit is None else {"id": self.emit.id, "of": self.emit.of, "row": self.emit.row},
            "reads": self.reads,
            "steps": [{"step": one.text, "value": one.value, "factor": one.factor} for one in self.steps],
            "rows_of_the_parent": [{"step": one.text, "value": one.value, "factor": one.factor} for one in self.rows],
            "value": self.value,
        }

    def __str__(self) -> str:
        name = self.table if self.column is None else f"{self.table}.{self.column}"
        below = "" if self.parent is None else f", below row {self.parent_row} of {self.parent}"
        lines = [f"{name}, row {self.row} (key {_shown(self.key)}){below}", ""]
        if self.emit is not None:
            lines[1:1] = [str(self.emit)]
        if self.rows:
            lines += [f"rows of {self.table} below row {self.parent_row} of {self.parent}", *_lines(self.rows), ""]
        if self.steps:
            lines += [f"{name}", *_lines(self.steps)]
        if self.reads:
            lines += ["", "it reads", *(f"  {read}  {_shown(value)}" for read, value in self.reads.items())]
        return "\n".join(lines).rstrip()


def trace(plan: Plan, reference: str, row: int) -> Traced:
    """The way of `table.column` in a row (from 1); of `table` alone, of its number of rows.

    Raises UsageError for a name that is none, or a row that is not there.
    """
    stream = _sorted(plan, reference)
    if stream is not None:
        return _of_event(plan, stream, _column_of(stream.table, reference.partition(".")[2]), row)
    table, column = _named(plan, reference)
    run = Run(plan)
    total = run.total(table.id)
    _refuse_no_row(table, row, total)
    block, place = _block(run, table, row - 1)
    return _traced(block, place, column, total)


def _refuse_no_row(table: TablePlan, row: int, total: int) -> None:
    if not 1 <= row <= total:
        found = f"row {row:,} of {table.id}"
        expected = f"a row from 1 to {total:,}" if total else f"{table.id} has no rows"
        raise UsageError(Finding("trace.no_such_row", found=found, expected=expected))


def _traced(block: TableBlock, place: int, column: ColumnPlan | None, total: int) -> Traced:
    table, row = block.table, int(block.row_number[place]) + 1
    steps, value = ((), None) if column is None else _column_steps(block, place, column)
    source = _source(block, place)
    rows: tuple[Step, ...] = ()
    parent_row = None
    if block.parent is not None and block.parent_index is not None and table.counts is not None:
        above = int(block.parent_index[place])
        parent_row = int(block.parent.row_number[above]) + 1
        if column is None or column.name == table.time_column:
            told = rate_steps(table.counts, block.parent, above)
            rows = tuple(
                Step(text, _plain(number), _plain(number) if text.startswith("x ") else None) for text, number in told
            )
    return Traced(
        table.id,
        None if column is None else column.name,
        row,
        row if table.pk is None else _told(block.column(table.pk), place, table.columns[table.pk]),
        table.parent,
        parent_row,
        tuple(steps),
        {} if column is None else _reads_of(block, place, column),
        rows,
        value if column is not None else rows[-1].value if rows else total,
        None if source is None else _emitted(*source),
    )


def _of_event(plan: Plan, stream: DerivedPlan, column: ColumnPlan | None, row: int) -> Traced:
    """The way of a value in a stream that is put in order at the end: as in its piece, then what is done to it in order."""
    from datagen.engine.trace_sorted import in_order

    table = stream.table
    with in_order(plan, stream) as events:
        _refuse_no_row(table, row, events.rows)
        piece, number = events.origin(row - 1)
        block, place = events.block(row - 1)
        run = Run(plan)
        run.total(piece)  # makes the offsets known
        inner, at = _block(run, plan.tables[piece], number)
        own = None if column is None or column.by_row_number else inner.table.columns.get(column.name)
        told = _traced(inner, at, own, events.rows)
        steps, value = list(told.steps), told.value
        if column is not None:
            value = _told(block.column(column.name), place, column)
            if column.by_row_number:
                steps = [Step("its place in the order of all events", value)]
            elif own is None:
                steps = [Step("left out by its emit", None)]
            done, value = _spoiled(block, place, block.table.columns[column.name], value)
            steps += done
        key = row if table.pk is None else _told(block.column(table.pk), place, table.columns[table.pk])
        name = None if column is None else column.name
        reads = {_outside(plan, text): read for text, read in told.reads.items()}
        return replace(
            told, table=table.id, column=name, row=row, key=key, steps=tuple(steps), reads=reads, value=value,
            rows=told.rows if name in (None, table.time_column) else (),
        )  # fmt: skip


def _outside(plan: Plan, name: str) -> str:
    """`log.weight` for a column of a piece of the log."""
    head, _, tail = name.partition(".")
    found = next((one for one in plan.derived.values() if one.sorting is not None and head in one.reads), None)
    return name if found is None else f"{found.table.id}.{tail}"


def _source(block: TableBlock, place: int) -> tuple[EmitOf, Any, int] | None:
    """The emit of a row of a stream, its rows, and the place among them; None for rows of other tables."""
    merging: Merging | None = getattr(block.table.counts, "merging", None)
    return None if merging is None else merging.source_of(block, place)


def _emitted(one: EmitOf, rows: Any, at: int) -> Emitted:
    return Emitted(one.table.split(":", 1)[1], one.source, int(rows.parent.row_number[rows.parent_index[at]]) + 1)


def _emit_steps(block: TableBlock, place: int, column: ColumnPlan) -> list[Step]:
    """How the emit of a row made the value that its stream shows, where an emit fills the column."""
    source = _source(block, place)
    if source is None or column.name not in source[0].columns:
        return []
    one, rows, at = source
    what = one.columns[column.name]
    if what is None:
        return [Step("left out by its emit", None)]
    if what[0] == "constant":
        return [Step("as its emit says", what[1])]
    if what[0] == "own":
        own = rows.table.columns[own_column(what, column.name)]
        return [Step(f"in its emit, {step.text}", step.value, step.factor) for step in _column_steps(rows, at, own)[0]]
    above, index = rows.ancestor(what[1])
    taken_over = above.table.columns[what[2]]
    row = at if index is None else int(index[at])
    text = f"taken over from {what[1]}.{what[2]}, row {int(above.row_number[row]) + 1}"
    return [Step(text, _told(above.column(what[2]), row, taken_over))]


def _reads_of(block: TableBlock, place: int, column: ColumnPlan) -> dict[str, Any]:
    """Values that a column reads; of one that an emit makes, those that the emit reads."""
    source = _source(block, place)
    what = None if source is None else source[0].columns.get(column.name)
    if source is None or what is None or what[0] != "own":
        return {} if what is not None else _reads(block, place, column)
    _, rows, at = source
    return _reads(rows, at, rows.table.columns[own_column(what, column.name)])


def _named(plan: Plan, reference: str) -> tuple[TablePlan, ColumnPlan | None]:
    head, _, tail = reference.partition(".")
    tables = {table.id.lower(): table for table in plan.tables.values()}
    table = tables.get(head.lower())
    derived = next((name for name in plan.derived if name.lower() == head.lower()), None)
    if derived is not None:
        found, hint = f"{derived}, which is made by SQL", "trace the tables that its SELECT reads"
        raise UsageError(Finding("trace.unknown_name", found=found, expected="a table made row by row", hint=hint))
    if table is None:
        known = tuple(name for name in plan.all_tables if name not in plan.inner)
        hint = did_you_mean(head, known)
        expected = f"table.column, or a table: {listed(known, most=20)}"
        raise UsageError(Finding("trace.unknown_name", found=quoted(reference), expected=expected, hint=hint))
    return table, _column_of(table, tail)


def _column_of(table: TablePlan, name: str) -> ColumnPlan | None:
    """The column of that name; None where there is no name."""
    columns = {column.name.lower(): column for column in table.columns.values()}
    column = columns.get(name.lower())
    if column is None and name:
        names = tuple(table.columns)
        expected = f"a column of {table.id}: {listed(names, most=20)}"
        hint = did_you_mean(name, names)
        raise UsageError(
            Finding("trace.unknown_name", found=quoted(f"{table.id}.{name}"), expected=expected, hint=hint)
        )
    return column


def _sorted(plan: Plan, reference: str) -> DerivedPlan | None:
    """The stream of that name, if it is put in order at the end."""
    head = reference.partition(".")[0].lower()
    return next((one for name, one in plan.derived.items() if name.lower() == head and one.sorting is not None), None)


def _block(run: Run, table: TablePlan, number: int) -> tuple[TableBlock, int]:
    """The block that holds a row, as a run makes it, and the row's place in it."""
    root = table
    while root.parent is not None:
        root = run.plan.tables[root.parent]
    numbered = [one.id for one in tree(run.plan, root) if one.id in run.plan.numbered]
    if table.parent is None and not numbered:
        first = number - number % BLOCK_ROWS
        last = min(first + BLOCK_ROWS, run.total(table.id))
        return TableBlock(run, table, np.arange(first, last, dtype=np.int64)), number - first
    for one in numbered:
        run.total(one)  # makes the offsets known
    own = [grain for grain in grains(run.plan) if grain.root == root.id]
    grain = max((one for one in own if run.offsets[one.number][table.id] <= number), key=lambda one: one.number)
    for block in Walk(run, grain, dict(run.offsets[grain.number])).blocks(frozenset({table.id})):
        if block.table.id == table.id and block.rows and int(block.row_number[-1]) >= number:
            return block, number - int(block.row_number[0])
    raise AssertionError(f"row {number} of {table.id} lies in no block")


def _column_steps(block: TableBlock, place: int, column: ColumnPlan) -> tuple[Sequence[Step], Any]:
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        values = column.fill(block)
        steps = _emit_steps(block, place, column)
        base = Step(f"base: {column.base or column.word}", _told(values, place, column))
        steps += [base] if not steps or column.changes else []
        told = getattr(column.fill, "told", None)  # of a choice among several ways, which one it was
        if told is not None:
            steps.append(Step(told(block, place), base.value))
        names = [*column.steps, *(["a further step"] * (len(column.changes) - len(column.steps)))]
        for text, change in zip(names, column.changes, strict=False):
            after = change(block, values)
            steps.append(Step(text, _told(after, place, column), _factor(values, after, place)))
            values = after
    if column.when is not None:
        holds = column.when(block)
        kept = bool(holds.array[place]) and (holds.valid is None or bool(holds.valid[place]))
        steps.append(Step("when its condition holds", kept))
    value = _told(block.column(column.name), place, column)
    steps.append(Step(f"as {column.written_type}{_rounded(column)}", value))
    done, value = _spoiled(block, place, column, value)
    return [*steps, *done], value


def _spoiled(block: TableBlock, place: int, column: ColumnPlan, value: Any) -> tuple[list[Step], Any]:
    """The errors of recording that a value is written with, and the value as it is written."""
    if not column.spoils:
        return [], value
    done = [spoil for spoil, mask in zip(column.spoils, taken(block, column), strict=True) if mask[place]]
    value = _told(written(block, column.name), place, column)
    return [Step(f"written with an error of recording: {spoil.text}", value) for spoil in done], value


def _rounded(column: ColumnPlan) -> str:
    if column.type == "datetime":
        return f", to {column.seal.precision}"
    return f" of {column.seal.decimals} decimals" if column.seal.decimals is not None else ""


def _factor(before: Values, after: Values, place: int) -> float | None:
    """By what a number was multiplied; None for what is no number, and where that says nothing."""
    one, other = (_number(values, place) for values in (before, after))
    return None if one is None or other is None or one == 0 else _plain(other / one)


def _number(values: Values, place: int) -> float | None:
    if values.kind not in ("int", "float") or (values.valid is not None and not values.valid[place]):
        return None
    return float(values.array[place])


def _reads(block: TableBlock, place: int, column: ColumnPlan) -> dict[str, Any]:
    """Values that the column reads, of the row itself and of those above it."""
    found: dict[str, Any] = {}
    for table, name in column.reads:
        if name in COUNTS:
            continue
        above: Any = block
        while above is not None and above.table.id != table:
            above = above.parent
        if above is not None:
            owner, index = block.ancestor(table)
            at = place if index is None else int(index[place])
            found[f"{table}.{name}"] = _told(owner.column(name), at, owner.table.columns[name])
    return found


def _told(values: Values, place: int, column: ColumnPlan) -> Any:
    """One value as JSON knows it."""
    if values.valid is not None and not values.valid[place]:
        return None
    if values.kind == "time":
        text = spell_time(int(values.array[place]))
        return text[:10] if column.type == "date" else text
    if values.kind in ("text", "category"):
        return to_series(values, column.name, "string").gather([place]).cast(str).item()
    found = values.array[place].item()
    return _plain(found) if isinstance(found, float) else found


def _plain(number: float) -> Any:
    """A number of at most 10 digits; what is not finite as a text."""
    if not np.isfinite(number):
        return str(number)
    short = float(f"{number:.10g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short


def _lines(steps: Sequence[Step]) -> list[str]:
    width = max(len(step.text) for step in steps)
    lines = []
    for step in steps:
        times = "" if step.factor is None or step.text.startswith("x ") else f"  (x {step.factor:.6g})"
        lines.append(f"  {step.text:<{width}}  {_shown(step.value)}{times}")
    return lines


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
