"""Where an analyst finds the rows of a table in the written files: under its own name, or, of an emit, in its stream."""

from __future__ import annotations

from dataclasses import dataclass, replace

from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.emits import BETWEEN
from datagen.plan.names import TableDraft
from datagen.plan.planted_sql import is_written, join_to, quoted_text
from datagen.plan.told import told_name
from datagen.plan.trials_of_streams import emits_of, pieces_of


@dataclass(frozen=True, slots=True)
class FoundRows:
    """The rows of a table in the files. rows: SQL of them, as `t`; id: in the ids of effects; words: in sentences."""

    table: str
    id: str
    words: str
    rows: str
    time: str | None
    shown: frozenset[str]  # the columns that are written
    keyed: tuple[TableDraft, ...]  # whose keys lead to entities

    @property
    def only(self) -> str:
        """Of which rows of the written table they are, "" for all of it."""
        return "" if self.table == self.id else f" of {self.id}"

    def has(self, *columns: str | None) -> bool:
        """Whether columns are written."""
        return all(column in self.shown for column in columns)

    def joined(self, binding: Binding, entity: str) -> str | None:
        """SQL that joins them to an entity, as `e`; None where no key leads there."""
        for one in self.keyed:
            text = join_to(binding, one, entity, rows=self.rows)
            if text is not None:
                return text
        return None


def found_rows(binding: Binding, table: TableDraft) -> FoundRows | None:
    """None for the rows of an emit that the files do not tell apart, and of those that its rate alone does not count."""
    if table.emits:
        return _of_emit(binding, table)
    shown = frozenset(name for name in table.columns if is_written(binding, table.id, name))
    return FoundRows(
        table.id, table.id, f"{table.id} rows", f'"{table.id}" as t', time_column_of(table), shown, (table,)
    )


def _of_emit(binding: Binding, emit: TableDraft) -> FoundRows | None:
    """They are told apart where a column holds a text in all emits, another one in each."""
    stream = told_name(emit.id)
    pieces = pieces_of(binding, stream)
    told = emits_of(binding, pieces)
    mine = next((spec for table, spec in told if table is emit), None)
    if mine is None or not pieces or binding.fanned(emit.id) is None:
        return None
    later = binding.drafting.derived.get(stream)
    node = binding.drafting.nodes[stream] if later is None else later[0]
    if node.get("hidden"):
        return None
    shown = frozenset(str(one["name"]) for one in node["columns"] if not one.get("hidden"))
    for column, value in mine.columns.items():
        texts = [spec.columns.get(column) for _, spec in told]
        constant = all(one is not None and one[0] == "constant" for one in texts)
        if column in shown and constant and texts.count(value) == 1 and value is not None:
            name = emit.id.split(BETWEEN, 1)[1]
            rows = f"""(select * from "{stream}" where "{column}"::varchar = {quoted_text(str(value[1]))}) as t"""
            filled = frozenset(one for one in shown if mine.columns.get(one))
            return FoundRows(
                stream, f"{stream}.{name}", f"{stream} rows of {name}", rows, time_column_of(pieces[0]), filled,
                tuple(replace(one, columns={key: own for key, own in one.columns.items() if key in filled}) for one in pieces),
            )  # fmt: skip
    return None
