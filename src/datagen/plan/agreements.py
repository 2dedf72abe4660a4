"""Pairs of keys that agree: what a row and the row that its key points to have in common, by construction.

A lookup with `same`, `within` or `where: candidate.x = y` picks rows that have this row's value there, and a key of a
table further up stands in the rows between alike. `plan` shows such pairs as held, and the structural check looks at them in
the written files.
"""

from __future__ import annotations

from collections.abc import Iterator

from datagen.plan.binding import Binding
from datagen.plan.model import ConstraintPlan, Plan, TablePlan
from datagen.plan.names import ColumnDraft, TableDraft, ancestors, find_table, picks_another

KIND = "agreement"
Found = tuple[str, str, str]  # column of the row, column of the row that is pointed to, why they agree


def find_agreements(binding: Binding) -> list[ConstraintPlan]:
    """Every pair of columns that agree along a key of another table's primary key."""
    found = []
    for table in binding.tables.values():
        for key in table.columns.values():
            if key.points_to is None or key.points_to[1] != binding.tables[key.points_to[0]].pk:
                continue
            other = binding.tables[key.points_to[0]]
            told: set[tuple[str, str]] = set()
            for own, theirs, why in (*_picked(binding, table, key, other), *_further_up(binding, table, key, other)):
                if (own, theirs) in told or own == key.name:
                    continue
                told.add((own, theirs))
                facts = {"table": table.id, "column": own, "key": key.name, "to_table": other.id, "to_column": theirs}
                text = f"{table.id}.{own} = {other.id}.{theirs} along {key.name}"
                found.append(ConstraintPlan(KIND, text, "held", why, facts, key.loc))
    return found


def agreeing(plan: Plan, table: TablePlan, key: str) -> tuple[tuple[str, str], ...]:
    """(column, column of the row pointed to) that agree along a key in the files: where both are written as they are."""
    found = []
    for one in plan.constraints:
        facts = one.facts
        if one.kind != KIND or (facts["table"], facts["key"]) != (table.id, key):
            continue
        other = plan.tables[facts["to_table"]]
        looked = (table.columns[facts["column"]], table.columns[key], other.columns[facts["to_column"]])
        if not any(column.hidden or column.spoils for column in looked):
            found.append((facts["column"], facts["to_column"]))
    return tuple(found)


def _picked(binding: Binding, table: TableDraft, key: ColumnDraft, other: TableDraft) -> Iterator[Found]:
    """What the picked row has in common with the row that picks it."""
    params = key.params
    plain = key.word == "lookup" and params.get("on") is None and params.get("else") is None and "by" not in params
    if not plain:
        return
    same, within, where = (params.get(word) for word in ("same", "within", "where"))
    if isinstance(same, str):
        own, theirs = table.column(same), other.column(same)
        if own is not None and theirs is not None:
            yield own.name, theirs.name, f"{key.name} picks among the rows of the same {own.name}"
    above = find_table(binding.tables, within) if isinstance(within, str) else None
    if above is not None:
        sides = _key_of(binding, table, above, key.name), _key_of(binding, other, above, "")
        if sides[0] is not None and sides[1] is not None:
            yield sides[0], sides[1], f"{key.name} picks among the rows of the same {above.id}"
    if isinstance(where, str):
        from datagen.generators._candidate_condition import equalities

        for candidate, name in equalities(where):
            own, theirs = table.column(name), other.column(candidate)
            if own is not None and theirs is not None:
                yield own.name, theirs.name, f"{key.name} picks rows where this holds"


def _key_of(binding: Binding, table: TableDraft, above: TableDraft, but: str) -> str | None:
    """The column of a table in which the primary key of a row of `above` stands, which the table belongs or points to."""
    found = [
        column.name
        for column in table.columns.values()
        if column.points_to == (above.id, above.pk) and column.name != but and _unconditional(binding, column)
    ]
    if above.id in ancestors(binding.tables, table):
        return next((name for name in found if _is_of_row(binding, table.columns[name])), None)
    return found[0] if len(found) == 1 else None


def _further_up(binding: Binding, table: TableDraft, key: ColumnDraft, other: TableDraft) -> Iterator[Found]:
    """Keys that stand in this row and in the one it points to: of a table above both, or copied along the key."""
    chain = ancestors(binding.tables, table)
    for column in table.columns.values():
        if column.points_to is None or column is key or not _unconditional(binding, column):
            continue
        goal = binding.tables[column.points_to[0]]
        if column.points_to[1] != goal.pk:
            continue
        on = column.params.get("on") if column.word == "lookup" and "by" not in column.params else None
        if on is not None and str(on.get("this_key")).lower() == key.name.lower():
            theirs = other.column(str(column.params.get("from")).partition(".")[2])
            if theirs is not None and theirs.points_to == column.points_to:
                yield column.name, theirs.name, f"copied along {key.name}"
        own_row = other.id in chain and _is_of_row(binding, key) and _is_of_row(binding, column)
        if own_row and goal.id in ancestors(binding.tables, other):
            upper = _key_of(binding, other, goal, "")
            if upper is not None:
                yield column.name, upper, f"both are of the row of {goal.id} above"


def _is_of_row(binding: Binding, column: ColumnDraft) -> bool:
    """Whether a column is a key of the very row above."""
    made = column.makers
    plain = bool(made) and all(word == "lookup" and params.get("on") is None for word, params in made)
    return plain and not picks_another(binding.tables, column)


def _unconditional(binding: Binding, column: ColumnDraft) -> bool:
    return binding.drafting.specs[column.table, column.name].get("when") is None
