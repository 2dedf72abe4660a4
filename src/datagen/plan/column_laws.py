"""What a document declares of single columns that their files must show: shares of listed values, laws, ends, decimals.

A column that segments, trends or experiments change has its law only where the files tell by how much each of its values
was multiplied (see `datagen.plan.moved`). Each law is worked out when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.generators._weights import Weights
from datagen.plan.binding import Binding
from datagen.plan.fanout import LawCounts
from datagen.plan.model import ColumnPlan, TablePlan
from datagen.plan.moved import Moved, moved_law
from datagen.plan.names import ColumnDraft, ancestors
from datagen.plan.segments import kept_shares_of, texts_of_values
from datagen.plan.value_checks import hops_between

Floats = NDArray[np.float64]
Creation = tuple[tuple[tuple[str, str, str], ...], str]
TOGETHER = ("clustered", "at_least")  # keys of a choice that tie the rows of a parent to each other


@dataclass(frozen=True, slots=True)
class ColumnLaw:
    """What is declared of one column, or of the number of rows below each row of a parent.

    shares: of each value of a closed list, as texts; numbers (k,): sorted and equally likely, in the column's own
    decimals; low, high: no value is beyond; decimals: places behind the point; exact: shares are kept to the row.
    parent: of a law of the number of rows, the table whose rows have them. picked: the weights of the rows of the table
    that a key points to, for so many of them. when: SQL over the row, without which there is no value; filled: with it
    there is one. formula: SQL of the value over the row. moved: the law of a column whose values are moved row by row.
    creations: of a time, when what the row belongs to was created: the way there, and the column.
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
    picked: Callable[[int], Sequence[float]] | None = None
    when: str | None = None
    filled: bool = True
    formula: str | None = None
    moved: Moved | None = None
    creations: tuple[Creation, ...] = ()
    text: str = ""  # as declared
    loc: tuple[str | int, ...] = ()


def column_laws(binding: Binding, tables: Mapping[str, TablePlan]) -> tuple[ColumnLaw, ...]:
    """The laws of all written columns, then those of fan-outs, in the order of the tables."""
    found: list[ColumnLaw] = []
    for table in tables.values():
        if table.hidden or table.kind == "emit":
            continue
        for column in table.visible:
            if column.structure is None and (law := _of_column(binding, tables, table, column)) is not None:
                found.append(law)
        found += _of_rows(table)
    return tuple(found)


def _of_column(
    binding: Binding, tables: Mapping[str, TablePlan], table: TablePlan, column: ColumnPlan
) -> ColumnLaw | None:
    draft = binding.tables[table.id].columns[column.name]
    node = (table.id, column.name)
    kept = len(column.changes) == len(binding.modifiers.get(node, ())) and draft.process is None
    facts: dict[str, Any] = {}
    if column.type == "float" and column.seal.decimals is not None:
        facts["decimals"] = column.seal.decimals
    if kept and not column.changes:
        facts |= _listed(binding, draft, column)
        if column.word == "expression":
            facts["formula"] = over_row(binding, table, column, draft.params.get("code"))
    if kept and column.word == "distribution" and column.type in ("int", "float"):
        facts["low"], facts["high"] = _ends(binding, node, column)
        numbers = binding.foreseen[node]() if node in binding.foreseen and as_drawn(column) else None
        facts["numbers"] = None if numbers is None else _written(numbers, column)
    if column.word == "distribution" and facts.get("numbers") is None and column.type in ("int", "float"):
        facts["moved"] = moved_law(binding, tables, column) if as_drawn(column) else None
    spec = binding.drafting.specs[node]
    if not kept and column.word == "distribution" and keeps_its_sign(binding, draft, column, spec):
        facts["low"] = 0.0
    facts["when"] = over_row(binding, table, column, spec.get("when"))
    facts["creations"] = _creations(binding, tables, column) or None
    facts = {key: value for key, value in facts.items() if value is not None}
    if not facts:
        return None
    filled = not spec.get("nullable") and not column.spoils and not binding.generators[node].leaves_open()
    law = ColumnLaw(table.id, column.name, column.type, text=column.base, filled=filled, loc=column.loc)
    return replace(law, **facts)


def _creations(binding: Binding, tables: Mapping[str, TablePlan], column: ColumnPlan) -> tuple[Creation, ...]:
    """When the driving parents of rows in time were created, for the time column of such rows."""
    scope = binding.row_scopes.get(column.table)
    if scope is None or scope.filled.get("time") != column.name or column.spoils or column.changes:
        return ()
    found: list[Creation] = []
    for name in ancestors(binding.tables, binding.tables[column.table]):
        created = tables[name].columns.get(binding.behaviors.created.get(name, ""))
        hops = hops_between(tables, column.table, name)
        way = (
            []
            if hops is None
            else [
                tables[start].columns[key]
                for start, (key, _, _) in zip((column.table, *(hop[1] for hop in hops)), hops, strict=False)
            ]
        )
        if created is None or hops is None or created.hidden or created.spoils or any(one.spoils for one in way):
            continue
        found.append((hops, created.name))
    return tuple(found)


def keeps_its_sign(binding: Binding, draft: ColumnDraft, column: ColumnPlan, spec: Mapping[str, Any]) -> bool:
    """Whether a number that is never below 0 is only ever multiplied by what is not below 0 either.

    Factors of segments, ages and experiments are refused below 0; of modifiers only those count that cannot be.
    """
    if column.type not in ("int", "float") or spec.get("anomalies") or draft.process is not None:
        return False
    for word, args in draft.modifiers:
        if word != "seasonality" and not (word == "trend" and args.get("type") in (None, "exponential")):
            return False
    ends = binding.generators[(draft.table, draft.name)].support(binding.scope_of(draft, column_type=column.type))
    return ends is not None and ends[0] >= 0


def _listed(binding: Binding, draft: ColumnDraft, column: ColumnPlan) -> dict[str, Any]:
    """The values of a closed list and their shares, or how they are picked from the rows of another table."""
    params = draft.params
    node = (draft.table, draft.name)
    drawn = as_drawn(column) and not any(params.get(key) is not None for key in TOGETHER)
    if column.word == "bernoulli":
        share = params.get("p")
        known = isinstance(share, int | float) and column.type == "bool" and not binding.trials.values.get(node)
        return (
            {"shares": {"true": float(share), "false": 1.0 - float(share)}}
            if known and drawn and share is not None
            else {}
        )
    if column.word != "choice":
        return {}
    if params.get("choices") is not None:
        texts = texts_of_values(binding, draft)
        nulls = any(one is None for one in params["choices"])
        shares = kept_shares_of(binding, draft) if drawn and not nulls else None
        return {"listed": None if texts is None else tuple(texts), "shares": shares}
    target = binding.tables[column.points_to[0]].columns[column.points_to[1]] if column.points_to is not None else None
    weights = Weights(params.get("weights"), params.get("weights_kind"))
    if target is None or not drawn or weights.equal or column.unique or target.name != binding.tables[target.table].pk:
        return {}
    return {"picked": weights.of} if target.word == "sequence" and target.type == "int" else {}


def as_drawn(column: ColumnPlan) -> bool:
    """Whether what is written follows the law: nothing was changed afterwards, or left out by what it is."""
    return all(spoil.nulls and spoil.leaning is None for spoil in column.spoils)


def over_row(binding: Binding, table: TablePlan, column: ColumnPlan, text: Any) -> str | None:
    """An expression that can be worked out again from the written columns of its row; None where it reads anything else.

    The language of expressions is that of DuckDB, so that the text itself is the SQL.
    """
    if not isinstance(text, str) or column.spoils:
        return None
    names = binding.scope_of(binding.tables[table.id].columns[column.name]).names_in(text)
    sound = {one.name.lower() for one in table.visible if not one.spoils}
    return undivided_by_zero(text) if names and all(name.lower() in sound for name in names) else None


def undivided_by_zero(text: str) -> str:
    """The same expression for a database whose divisions by zero are infinite, or errors, and not null."""
    if not set("/%") & set(text) and "mod" not in text.lower():
        return text
    from sqlglot import exp, parse_one

    def guarded(node: exp.Expression) -> exp.Expression:
        if isinstance(node, (exp.Div, exp.IntDiv, exp.Mod)):
            node.set("expression", exp.func("nullif", exp.paren(node.expression.copy()), exp.Literal.number(0)))
        return node

    return parse_one(text, dialect="duckdb").transform(guarded).sql(dialect="duckdb")


def _ends(binding: Binding, node: tuple[str, str], column: ColumnPlan) -> tuple[float | None, float | None]:
    """The smallest and the largest number that a column can hold, as written; None where it is open."""
    modifiers = [word for word, _ in binding.tables[node[0]].columns[node[1]].modifiers]
    if modifiers and modifiers[-1] == "clamp":
        ends: Any = binding.modifiers[node][-1].ends  # type: ignore[attr-defined]  # a clamp
    elif not modifiers:
        draft = binding.tables[node[0]].columns[node[1]]
        ends = binding.generators[node].support(binding.scope_of(draft, column_type=column.type))
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
