"""How many different values a column can have, so that unique ones that are too few are refused before a row is made."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from datagen.plan.binding import Binding
from datagen.plan.graph import Node
from datagen.plan.model import ConstraintPlan
from datagen.plan.names import ColumnDraft, ancestors, picks_another

ALWAYS_UNIQUE = ("sequence", "uuid")
SOME_PAIRS, CERTAIN_PAIRS = 0.01, 10.0  # of equal rows; e^-10 is the chance that ten expected pairs are none


def refuse_few_tuples(binding: Binding, constraint: ConstraintPlan) -> None:
    """Refuse several columns that must be unique together where tuples are too few, or chance makes some the same."""
    table, names = constraint.facts["table"], constraint.facts["columns"]
    sizes = [domain_size(binding, (table, name)) for name in names]
    rows = binding.expected_rows(table)
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        return
    if _product(known) >= rows:
        _refuse_equal_tuples(binding, constraint, rows, dict(zip(names, known, strict=True)))
        return
    binding.refuse(
        "unique.domain_too_small",
        constraint.loc,
        found=f"{' × '.join(f'{size:,}' for size in known)} = {_product(known):,} possible values < {rows:,.0f} rows",
        expected="at least as many values as rows",
        hint="widen a column, drop the constraint, or make fewer rows",
    )


def picked_once(binding: Binding, constraint: ConstraintPlan) -> str:
    """Why columns are unique together: a lookup with `unique: ancestor` beside that ancestor's key; "" where not."""
    table = binding.tables[constraint.facts["table"]]
    columns = [table.columns[name] for name in constraint.facts["columns"]]
    keys = {column.points_to[0].lower() for column in columns if column.points_to and _key_of_ancestor(binding, column)}
    for column in columns:
        below = column.params.get("unique") if column.word == "lookup" and not column.modifiers else None
        if isinstance(below, str) and below.lower() in keys and column.points_to is not None:
            target = binding.plans[column.points_to]
            if column.params.get("else") is None and (target.unique or target.name == binding.tables[target.table].pk):
                return f"{column.name} is picked once below one {below}"
    return ""


def _refuse_equal_tuples(binding: Binding, constraint: ConstraintPlan, rows: float, sizes: Mapping[str, int]) -> None:
    """Refuse tuples that nothing keeps apart where chance alone makes some of them equal; warn where it may."""
    table = constraint.facts["table"]
    columns = [binding.tables[table].columns[name] for name in sizes]
    if any(binding.plans[table, column.name].unique or column.word == "sequence" for column in columns):
        return
    above = [column for column in columns if _key_of_ancestor(binding, column)]
    if above and any(_key_of_pair(binding, column) for column in columns):
        return  # a grid has every pair once
    pairs = rows * (rows - 1) / 2
    if above:
        siblings = _pairs_of_siblings(binding, table)
        parent = binding.tables[table].parent
        if siblings is None or any(column.points_to is None or column.points_to[0] != parent for column in above):
            return
        pairs = siblings
    # columns weighted or tied to each other make more equal tuples, never fewer
    others = [size for column, size in zip(columns, sizes.values(), strict=True) if column not in above]
    equal = pairs / _product(others)
    if equal < SOME_PAIRS:
        return
    of_each = f" of each {binding.tables[table].parent}" if above else ""
    binding.refuse(
        "unique.expected_duplicates",
        constraint.loc,
        found=f"at least {equal:,.3g} pairs of equal rows expected among {rows:,.0f}: "
        f"{' × '.join(f'{size:,}' for size in others)} values for the rows{of_each}, picked by chance",
        expected="columns that cannot repeat together",
        hint="make one of them a sequence, or drop the constraint",
        severity="error" if equal >= CERTAIN_PAIRS else "warning",
    )


def _key_of_ancestor(binding: Binding, column: ColumnDraft) -> bool:
    """Whether a column is the key of the very parent, or of one above it."""
    chain = ancestors(binding.tables, binding.tables[column.table])
    return _is_own(binding, column) and column.points_to is not None and column.points_to[0] in chain


def _key_of_pair(binding: Binding, column: ColumnDraft) -> bool:
    """Whether a column is the key of the row that a row of a grid stands for."""
    each = binding.tables[column.table].each
    return _is_own(binding, column) and column.points_to is not None and column.points_to[0] == each


def _is_own(binding: Binding, column: ColumnDraft) -> bool:
    plain = column.word == "lookup" and column.params.get("on") is None
    return plain and not picks_another(binding.tables, column)


def _pairs_of_siblings(binding: Binding, table: str) -> float | None:
    """Expected pairs of rows with the same driving parent; None where nobody can tell."""
    parent, counts = binding.tables[table].parent, binding.counts.get(table)
    if parent is None or counts is None or counts.guessed:
        return None
    pairs: float | None = counts.expected_pairs()
    return None if pairs is None else binding.expected_rows(parent) * pairs


def refuse_repeating_target(binding: Binding, constraint: ConstraintPlan, unique: Container[Node]) -> None:
    """Refuse a foreign key to a column that nothing keeps from repeating: no database would accept it."""
    node = (constraint.facts["to_table"], constraint.facts["to_column"])
    target = binding.tables[node[0]].columns[node[1]]
    if node in unique or (target.word in ALWAYS_UNIQUE and not target.modifiers):
        return
    name = ".".join(node)
    binding.refuse(
        "fk.target_repeats",
        (*constraint.loc, "to"),
        found=f"{name}, whose values may stand in several rows",
        expected=f"a column of unique values: {binding.tables[node[0]].pk or 'a primary key'}",
        hint=f"say `unique: true` on {name}, or drop the constraint: a lookup needs none",
    )


def domain_size(binding: Binding, node: Node) -> int | None:
    """At most so many different values of a column; None where nobody can tell, or nulls may stand in for more."""
    table, name = node
    column, plan = binding.tables[table].columns[name], binding.plans[node]
    if column.modifiers or plan.seal.nullable:
        return None
    if plan.points_to is not None:
        return binding.drafting.rows[plan.points_to[0]]
    scope = binding.scope_of(column, column_type=plan.type)
    values = binding.generators[node].listed(scope)
    if values is not None:
        return len(set(values))
    support = binding.generators[node].support(scope) if plan.type == "int" else None
    if support is not None and support[1] - support[0] < 2**53:
        return int(support[1] - support[0]) + 1
    return None


def _product(sizes: Sequence[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product
