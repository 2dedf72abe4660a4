"""Effects that are planted in the emits of a stream: how the written stream tells the rows of one emit."""

from __future__ import annotations

from dataclasses import dataclass

from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.emits import BETWEEN, COUNTING, EMIT
from datagen.plan.names import TableDraft
from datagen.plan.planted_sql import keys_between, quoted_text
from datagen.plan.told import told_name
from datagen.plan.trials_of_streams import emits_of, pieces_of


@dataclass(frozen=True, slots=True)
class WrittenEmit:
    """The rows of an emit in the written files. join: SQL that joins them, as `t`, to an entity, as `e`."""

    stream: str
    name: str
    join: str
    time: str | None
    shown: frozenset[str]  # the columns of the stream that are written


def written_emit(binding: Binding, emit: TableDraft, entity: str) -> WrittenEmit | None:
    """Where the rows of an emit are found whose rate alone says how many there are; None where the files do not tell them.

    They do where a column holds a text in all emits, another one in each, and a key names the entity.
    """
    if any(key in binding.drafting.nodes[emit.id].get(EMIT, {}) for key in COUNTING):
        return None
    stream = told_name(emit.id)
    pieces = pieces_of(binding, stream)
    told = emits_of(binding, pieces)
    mine = next((spec for table, spec in told if table is emit), None)
    piece = next((one for one in pieces if keys_between(binding, one, entity) is not None), None)
    if mine is None or piece is None:
        return None
    key = keys_between(binding, piece, entity)
    later = binding.drafting.derived.get(stream)
    node = binding.drafting.nodes[stream] if later is None else later[0]
    hidden = {str(column["name"]) for column in node["columns"] if column.get("hidden")}
    if key is None or node.get("hidden") or key[0] in hidden:
        return None
    for column, value in mine.columns.items():
        texts = [spec.columns.get(column) for _, spec in told]
        constant = all(one is not None and one[0] == "constant" for one in texts)
        if column not in hidden and constant and texts.count(value) == 1 and value is not None:
            rows = f"""t."{column}"::varchar = {quoted_text(str(value[1]))}"""
            join = f'"{stream}" as t join "{entity}" as e on t."{key[0]}" = e."{key[1]}" and {rows}'
            shown = frozenset(str(one["name"]) for one in node["columns"]) - hidden
            return WrittenEmit(stream, emit.id.split(BETWEEN, 1)[1], join, time_column_of(piece), shown)
    return None
