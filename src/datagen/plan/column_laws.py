"""What a document declares of single columns that their files must show: shares of listed values, laws, ends, decimals.

Only what nothing else moves is told: a column that segments, trends or experiments change has no law of its own in the
files, and what is planted in it is an effect (see `datagen.plan.planted`). Each law is worked out when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.plan.binding import Binding
from datagen.plan.fanout import LawCounts
from datagen.plan.model import ColumnPlan, TablePlan
from datagen.plan.segments import kept_shares_of, texts_of_values

Floats = NDArray[np.float64]
TOGETHER = ("clustered", "at_least")  # keys of a choice that tie the rows of a parent to each other


@dataclass(frozen=True, slots=True)
class ColumnLaw:
    """What is declared of one column, or of the number of rows below each row of a parent.

    shares: of each value of a closed list, as texts; numbers (k,): sorted and equally likely, in the column's own
    decimals; low, high: no value is beyond; decimals: places behind the point; exact: shares are kept to the row.
    parent: of a law of the number of rows, the table whose rows have them.
    """

    table: str
    column: str
    type: str
    shares: Mapping[str, float] | None = None
    listed: tuple[str, ...] | None = None
    numbers: Floats | None = None
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    parent: str | None = None
    text: str = ""  # as declared
    loc: tuple[str | int, ...] = ()


def column_laws(binding: Binding, tables: Mapping[str, TablePlan]) -> tuple[ColumnLaw, ...]:
    """The laws of all written columns, then those of fan-outs, in the order of the tables."""
    found: list[ColumnLaw] = []
    for table in tables.values():
        if table.hidden or table.kind == "emit":
            continue
        for column in table.visible:
            if column.structure is None and (law := _of_column(binding, table, column)) is not None:
                found.append(law)
        found += _of_rows(table)
    return tuple(found)


def _of_column(binding: Binding, table: TablePlan, column: ColumnPlan) -> ColumnLaw | None:
    draft = binding.tables[table.id].columns[column.name]
    node = (table.id, column.name)
    kept = len(column.changes) == len(binding.modifiers.get(node, ())) and draft.process is None
    tied = any(draft.params.get(key) is not None for key in TOGETHER)
    scope = binding.scope_of(draft, column_type=column.type)
    tell = partial(ColumnLaw, table.id, column.name, column.type, text=column.base, loc=column.loc)
    law = tell(decimals=column.seal.decimals if column.type == "float" else None)
    if draft.process is None and not draft.modifiers and column.word == "choice":
        texts = texts_of_values(binding, draft)
        law = tell(
            listed=None if texts is None or not kept else tuple(texts),
            shares=kept_shares_of(binding, draft) if kept and not tied else None, decimals=law.decimals,
        )  # fmt: skip
    elif column.word == "distribution" and column.type in ("int", "float"):
        low, high = _ends(binding, node, scope, column) if kept else (None, None)
        foreseen = binding.foreseen.get(node)
        numbers = foreseen() if kept and foreseen is not None else None
        law = tell(
            numbers=None if numbers is None else _written(numbers, column), low=low, high=high, decimals=law.decimals
        )
    empty = (law.shares, law.listed, law.numbers, law.low, law.high, law.decimals)
    return None if all(fact is None for fact in empty) else law


def _ends(binding: Binding, node: tuple[str, str], scope: Any, column: ColumnPlan) -> tuple[float | None, float | None]:
    """The smallest and the largest number that a column can hold, as written; None where it is open."""
    modifiers = [word for word, _ in binding.tables[node[0]].columns[node[1]].modifiers]
    if modifiers and modifiers[-1] == "clamp":
        ends: Any = binding.modifiers[node][-1].ends  # type: ignore[attr-defined]  # a clamp
    elif not modifiers:
        ends = binding.generators[node].support(scope)
    else:
        ends = None
    if ends is None:
        return None, None
    low, high = (float(end) if math.isfinite(end) else None for end in ends)
    places = 0 if column.type == "int" else column.seal.decimals
    if places is not None:  # the last cast rounds
        low, high = (None if end is None else round(end, places) for end in (low, high))
    return low, high


def _written(numbers: Floats, column: ColumnPlan) -> Floats:
    rounded = np.rint(numbers) if column.type == "int" else numbers
    if column.type == "float" and column.seal.decimals is not None:
        rounded = np.round(numbers, column.seal.decimals)
    return np.sort(rounded, kind="stable")


def _of_rows(table: TablePlan) -> Iterator[ColumnLaw]:
    """The law of the number of rows per parent, where all parents share it."""
    counts: Any = table.counts
    if (
        not isinstance(counts, LawCounts)
        or counts.volume is not None
        or not counts.draw.constant
        or table.parent is None
    ):
        return
    u = (np.arange(4_000) + 0.5) / 4_000
    numbers = counts.draw.quantile(u, None)
    if not counts.draw.discrete:
        v = (np.arange(len(u)) * 0.6180339887498949) % 1.0  # evenly spread, and not in the order of u
        numbers = np.floor(numbers + v)
    numbers = np.clip(numbers, max(counts.clamp[0], 0.0), counts.clamp[1])
    text = f"{counts.description} rows per row of {table.parent}"
    yield ColumnLaw(
        table.id, "", "int", numbers=np.sort(numbers, kind="stable"), parent=table.parent, text=text, loc=table.loc
    )
