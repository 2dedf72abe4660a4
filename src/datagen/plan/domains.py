"""How many different values a column can have, so that unique ones that are too few are refused before a row is made."""

from __future__ import annotations

from collections.abc import Sequence

from datagen.plan.binding import Binding
from datagen.plan.graph import Node
from datagen.plan.model import ConstraintPlan


def refuse_few_tuples(binding: Binding, constraint: ConstraintPlan) -> None:
    """Refuse several columns that must be unique together where their tuples are fewer than the rows."""
    table, names = constraint.facts["table"], constraint.facts["columns"]
    sizes = [domain_size(binding, (table, name)) for name in names]
    rows = binding.expected_rows(table)
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes) or _product(known) >= rows:
        return
    binding.refuse(
        "unique.domain_too_small",
        constraint.loc,
        found=f"{' × '.join(f'{size:,}' for size in known)} = {_product(known):,} possible values < {rows:,.0f} rows",
        expected="at least as many values as rows",
        hint="widen a column, drop the constraint, or make fewer rows",
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
