"""What of a plan is told to people: the tables of emits, which nobody wrote, go under the name of their stream."""

from __future__ import annotations

from datagen.plan.below import counted_from_below
from datagen.plan.emits import BETWEEN
from datagen.plan.memory import Kept, kept_columns
from datagen.plan.model import ConstraintPlan, Plan, TablePlan


def told_name(table: str) -> str:
    """The name under which a table is told: of an emit's that of its stream."""
    return table.split(BETWEEN, 1)[0]


def told_tables(plan: Plan) -> tuple[TablePlan, ...]:
    """The tables that were declared, but for those made by SQL."""
    inner, by_sql = plan.inner, plan.by_sql
    return tuple(table for name, table in plan.all_tables.items() if name not in inner and name not in by_sql)


def emits_of(plan: Plan, stream: str) -> dict[str, TablePlan]:
    """The tables of a stream's emits by the emit's own name, in the order written."""
    inner = plan.inner
    return {
        name.split(BETWEEN, 1)[1]: plan.tables[name]
        for name in plan.tables
        if name in inner and told_name(name) == stream and plan.tables[name].kind == "emit"
    }


def told_constraints(plan: Plan) -> tuple[ConstraintPlan, ...]:
    """The constraints between declared tables: an order that one emit keeps is none of the whole stream."""
    return tuple(one for one in plan.constraints if not any(f"{table}." in one.text for table in plan.inner))


def told_kept(plan: Plan) -> tuple[Kept, ...]:
    """The columns kept in memory, those of emits as columns of their stream."""
    found: dict[tuple[str, str], float] = {}
    for one in kept_columns(plan):
        node = (told_name(one.table), one.column)
        found[node] = found.get(node, 0.0) + one.bytes
    return tuple(Kept(table, column, size) for (table, column), size in found.items())


def told_counted(plan: Plan) -> dict[str, tuple[str, ...]]:
    """By table, the columns made once more to count its rows; what the emits of a stream need is what the stream needs."""
    found: dict[str, dict[str, None]] = {}
    for table, nodes in counted_from_below(plan).items():
        names = (f"{told_name(other)}.{column}" for other, column in nodes)
        found.setdefault(told_name(table), {}).update(dict.fromkeys(names))
    return {table: tuple(sorted(names)) for table, names in found.items()}
