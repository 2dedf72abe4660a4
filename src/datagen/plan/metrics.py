"""`metrics`: named figures, each one SELECT that gives one number over the written tables; with bounds they are checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datagen.errors import did_you_mean, listed, quoted
from datagen.plan.derived import bind_derived, type_of
from datagen.plan.derived_constraints import constraints_of_derived
from datagen.plan.model import ConstraintPlan, DerivedPlan, MetricPlan, TablePlan
from datagen.plan.queries import bind_query, read_query
from datagen.plan.targets import targets_of_derived
from datagen.schema.weights import share
from datagen.sql.database import Database, create_table, sql_database
from datagen.sql.grammar import Fault, columns_named

if TYPE_CHECKING:
    from datagen.plan.binding import Binding

NUMBERS = ("int", "float", "bool")


def bind_queries(
    binding: Binding, tables: Mapping[str, TablePlan]
) -> tuple[dict[str, DerivedPlan], tuple[ConstraintPlan, ...], tuple[MetricPlan, ...]]:
    """The derived tables, the constraints on them, and the metrics: all that is made or measured by SQL."""
    with sql_database() as database:
        for table in tables.values():
            create_table(database, table.id, {column.name: column.type for column in table.visible})
        derived = bind_derived(binding, database, tables)
        constraints = (*constraints_of_derived(binding, derived), *targets_of_derived(binding, derived))
        return derived, constraints, bind_metrics(binding, database, tables, derived)


def bind_metrics(
    binding: Binding, database: Database, tables: Mapping[str, TablePlan], derived: Mapping[str, DerivedPlan]
) -> tuple[MetricPlan, ...]:
    """The metrics of a document, bound to the tables that are written. Faults go to the binding.

    database: of empty tables, all that the document makes.
    """
    declared = binding.document.root.get("metrics") or {}
    if not declared or set(derived) != set(binding.drafting.derived):
        return ()  # what is wrong with the tables is told already
    every = {**tables, **{name: one.table for name, one in derived.items()}}
    shown = {name: table for name, table in every.items() if not table.hidden}
    made: list[MetricPlan] = []
    for name, metric in declared.items():
        at = ("metrics", name, "sql")
        read = read_query(database, metric["sql"], {one.lower(): one for one in shown}, needs_order=False)
        if isinstance(read, list):
            for fault in read:
                _say(binding, name, fault, every)
            continue
        seen = {table: {one.name: one.type for one in every[table].visible} for table in read.reads}
        hidden = {
            table: {one.name: one.type for one in every[table].columns.values() if one.hidden} for table in read.reads
        }
        query = bind_query(database, read, seen, hidden)
        if isinstance(query, Fault):
            _say(binding, name, query, every)
            continue
        if len(query.columns) != 1 or type_of(query.columns[0][1]) not in NUMBERS:
            columns = [f"{column} ({kind.lower()})" for column, kind in query.columns]
            binding.refuse(
                "metric.not_a_number",
                at,
                found=f"{name}: columns {listed(columns)}",
                expected="one column of numbers",
            )
            continue
        ends = [None if metric.get(end) is None else share(metric[end]) for end in ("min", "max")]
        if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
            binding.refuse(
                "metric.bounds", ("metrics", name, "max"), found=f"{name}: min {ends[0]:g}, max {ends[1]:g}",
                expected="a max that is not below the min",
            )  # fmt: skip
            continue
        if not _solvable(binding, name, metric, ends):
            continue
        mark = binding.document.place(("metrics", name))
        where = (binding.document.path, mark.line, mark.column, mark.json_path)
        made.append(
            MetricPlan(
                name,
                query.text,
                query.reads,
                str(metric.get("description") or ""),
                ends[0],
                ends[1],
                *where,
                columns=columns_named(read.tree),
            )
        )
    return tuple(made)


def _solvable(binding: Binding, name: str, metric: Mapping[str, Any], ends: Sequence[float | None]) -> bool:
    """Whether a metric says what to tune, and until when. Faults go to the binding."""
    written = metric.get("solve_for")
    if written is None:
        return True
    at: tuple[str | int, ...] = ("metrics", name, "solve_for")
    if ends == [None, None]:
        binding.refuse(
            "metric.solve_bounds", at, key=True, found=f"solve_for of {name} without min and max",
            expected="min, max or both: the parameter is tuned until the figure lies there",
        )  # fmt: skip
        return False
    param = written if isinstance(written, str) else written["param"]
    params = binding.document.root.get("params") or {}
    known = {one.lower(): value for one, value in params.items()}
    value = known.get(param.lower())
    numbers = [one for one, of in params.items() if isinstance(of, int | float) and not isinstance(of, bool)]
    taken = [
        other for other, one in (binding.document.root.get("metrics") or {}).items()
        if other != name and _tuned(one).lower() == param.lower()
    ]  # fmt: skip
    if isinstance(value, bool) or not isinstance(value, int | float) or taken:
        found = f"'{param}', which is no parameter" if param.lower() not in known else f"'{param}', which is {value!r}"
        binding.refuse(
            "metric.solve_param", at, found=f"'{param}', tuned for {taken[0]} too" if taken else found,
            expected=f"a parameter with a number, for one metric: {listed(numbers)}" if numbers
            else "params with a number to tune",
            hint=did_you_mean(param, numbers) if not taken else "",
        )  # fmt: skip
        return False
    low, high = (None, None) if isinstance(written, str) else (written.get("low"), written.get("high"))
    if value == 0 and (low is None or high is None):
        binding.refuse(
            "metric.solve_range", at, found=f"{param} of 0 without low and high", expected="low and high to look between",
        )  # fmt: skip
        return False
    ends_of = [None if one is None else share(one) for one in (low, high)]
    if ends_of[0] is not None and ends_of[1] is not None and ends_of[0] >= ends_of[1]:
        binding.refuse(
            "metric.solve_range", at, found=f"low {ends_of[0]:g}, high {ends_of[1]:g}", expected="a low below the high",
        )  # fmt: skip
        return False
    return True


def _tuned(metric: Mapping[str, Any]) -> str:
    written = metric.get("solve_for")
    return "" if written is None else str(written if isinstance(written, str) else written.get("param", ""))


def _say(binding: Binding, name: str, fault: Fault, tables: Mapping[str, TablePlan]) -> None:
    """What is wrong, with the name of the metric; a table that is hidden is told as that."""
    hidden = [table for table, one in tables.items() if one.hidden and fault.found.lower() == quoted(table).lower()]
    hint = f"{hidden[0]} is hidden, and metrics are measured in the written files" if hidden else fault.hint
    binding.refuse(
        fault.code, ("metrics", name, "sql"), found=f"{name}: {fault.found}", expected=fault.expected, hint=hint
    )
