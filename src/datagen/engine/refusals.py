"""One refusal for one document: what stops a run in some block is told as it is in any cut and from any number of workers.

A block says what is wrong with its own rows, and which block is made first depends on the cut. So the first part of the
data that is refused is gone through once more, in blocks of the usual size: of all its columns the first in the order of the
plan is told, with the rows of all blocks added up and the first of them as the example.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from datagen.engine.grain import Grain, Walk, grains, tree
from datagen.engine.ledger import Ledger, taken
from datagen.engine.looked_at import counted, in_all
from datagen.engine.run import Run
from datagen.errors import SchemaError
from datagen.plan.graph import closure

if TYPE_CHECKING:
    from datagen.engine.block import TableBlock
    from datagen.plan.model import Plan


def refused_counts(plan: Plan, error: SchemaError) -> SchemaError:
    """The refusal of a run whose rows cannot be counted."""
    from datagen.engine.grain import totals

    run = Run(plan)
    try:
        taken(plan, grains(plan), lambda cut, tables: {one.number: totals(run, one, tables) for one in cut}, run.know)
    except SchemaError as alike:
        return alike
    return error


def refused_rows(
    plan: Plan, ledger: Ledger, left: Sequence[Grain], tables: Collection[str], error: SchemaError
) -> SchemaError:
    """The refusal of a run whose rows cannot be made. left: grains that were not done; tables: those that are made."""
    for grain in left:
        found = _refused_grain(plan, ledger, grain, tables)
        if found is not None:
            wider = [one for one in grains(plan) if one.root == grain.root]
            return _told(*found, ledger.rows, last=grain.number == wider[-1].number)
    return error


def _refused_grain(plan: Plan, ledger: Ledger, grain: Grain, tables: Collection[str]) -> tuple[SchemaError, int] | None:
    """(what is wrong in a grain, how many rows its blocks count), None where nothing is."""
    order = {node: place for place, node in enumerate(plan.order)}
    here = [table for table in tree(plan, plan.tables[grain.root]) if table.id in tables]
    needed = closure([(table.id, column.name) for table in here for column in table.visible], plan.reads)
    first: SchemaError | None = None
    place, rows = len(order), 0
    for block in _blocks(plan, ledger, grain, tables):
        for column in sorted(block.table.columns, key=lambda name: order[block.table.id, name]):
            node = block.table.id, column
            if node not in needed or order[node] > place:
                continue
            try:
                block.column(column)
            except SchemaError as error:
                if order[node] < place:
                    first, place, rows = error, order[node], 0
                rows += counted(error.findings[0])
                break
    if first is not None:
        return first, rows
    for block in _blocks(plan, ledger, grain, tables):  # errors of recording, behind all columns
        try:
            block.frame()
        except SchemaError as error:
            return error, 0
    return None


def _blocks(plan: Plan, ledger: Ledger, grain: Grain, tables: Collection[str]) -> Iterator[TableBlock]:
    run = Run(plan, ledger.rows, ledger.offsets)
    return Walk(run, grain, dict(ledger.offsets[grain.number])).blocks(frozenset(tables))


def _told(error: SchemaError, number: int, rows: Mapping[str, int], *, last: bool) -> SchemaError:
    """The refusal with the rows of all blocks. rows: of the tables."""
    [finding, *others] = error.findings
    if number:
        finding = in_all(finding, number, rows.get(finding.json_path.partition(".")[0]), last=last)
    return SchemaError([finding, *others])
