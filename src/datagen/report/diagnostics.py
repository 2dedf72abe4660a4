"""What makes a data set unfit for what it is for, with the cause and the knob: outcomes that are all alike, too few events,
a latent variable that was left out.

Each is a general rule over the plan and the figures; the knobs are the parameters that the document itself names there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen.plan.model import ColumnPlan, Plan, TablePlan
    from datagen.plan.prepare import Prepared

LEAST_EVENTS = 1_000  # rows of what happens, all tables together, below which models learn little
LEAST_ROWS = 50  # of outcomes, before all alike means anything
MOST_ROWS = 200_000  # of a table whose hidden outcomes are made again to be counted
NAME = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
Facts = dict[str, Any]


def diagnostics(profile: Mapping[str, Any], plan: Plan, prepared: Prepared) -> list[Facts]:
    """`code, found, cause, hint` of everything that stands in the way of using the data."""
    knobs = Knobs(prepared)
    return [*_one_sided(profile, plan, knobs), *_too_few(profile, plan, knobs), *_left_out(plan, knobs)]


class Knobs:
    """The parameters that parts of a document name, followed to those that a user sets."""

    def __init__(self, prepared: Prepared) -> None:
        root = prepared.written.root
        self.params: Mapping[str, Any] = root.get("params") or {}
        tables = root.get("tables") or root.get("nodes") or ()
        self.tables: dict[str, Any] = {
            str(one.get("name") or one.get("id")): one for one in tables if isinstance(one, Mapping)
        }
        self.timeframe = root.get("timeframe")

    def of_column(self, table: str, column: str) -> Any:
        """What the document says of a column; None where it has another name there."""
        columns = self.tables.get(table, {}).get("columns") or {}
        if isinstance(columns, Mapping):
            return columns.get(column)
        named = (one for one in columns if isinstance(one, Mapping))
        return next((one for one in named if (one.get("name") or one.get("id")) == column), None)

    def named(self, value: Any) -> list[str]:
        """The settable parameters that a part of the document depends on, in order."""
        found: dict[str, None] = {}
        self._gather(value, found, set())
        return list(found)

    def _gather(self, value: Any, found: dict[str, None], seen: set[str]) -> None:
        if isinstance(value, Mapping):
            for one in value.values():
                self._gather(one, found, seen)
        elif isinstance(value, list | tuple):
            for one in value:
                self._gather(one, found, seen)
        elif isinstance(value, str):
            for braced, bare in NAME.findall(value):
                name = braced or bare
                if name in self.params and name not in seen:
                    seen.add(name)
                    declared = self.params[name]
                    if isinstance(declared, Mapping) and "expression" in declared:
                        self._gather(declared["expression"], found, seen)
                    else:
                        found[name] = None

    def said(self, names: list[str], plan: Plan) -> str:
        """`--set churn_base_rate=… (now 0)`, or nothing."""
        told = {name: plan.params.get(name) for name in names}
        return ", ".join(f"--set {name}=… (now {now})" for name, now in told.items() if isinstance(now, int | float))


def _one_sided(profile: Mapping[str, Any], plan: Plan, knobs: Knobs) -> Iterator[Facts]:
    """Outcomes of chance that all came out the same, in the files or behind them."""
    seen = {(one["table"], one["column"]): one for one in profile["distributions"]}
    for table in plan.tables.values():
        for column in table.columns.values():
            if column.word != "bernoulli" or table.hidden or table.kind in ("stream", "emit"):
                continue
            share, rows = _share(plan, table, column, seen.get((table.id, column.name)))
            if share not in (0.0, 1.0) or rows < LEAST_ROWS:
                continue
            names = knobs.named(knobs.of_column(table.id, column.name))
            all_or_none = "all" if share == 1.0 else "none"
            yield {
                "code": "report.one_sided",
                "found": f"{table.id}.{column.name} is true for {all_or_none} of {rows:,} rows ({share:.0%})",
                "cause": f"its chance came out as {share:.0%} everywhere: nothing can be learnt about it",
                "hint": knobs.said(names, plan) or f"change the chance of {table.id}.{column.name}",
            }


def _share(
    plan: Plan, table: TablePlan, column: ColumnPlan, seen: Mapping[str, Any] | None
) -> tuple[float | None, int]:
    """The share of true values, and of how many rows; a hidden column of a table without parents is made again."""
    if seen is not None and "values" in seen:
        rows = seen["rows"] - seen["nulls"]
        true = sum(one["rows"] for one in seen["values"] if one["value"].lower() in ("true", "1"))
        return (true / rows if rows else None), rows
    if not column.hidden or table.parent is not None or not table.rows or table.rows > MOST_ROWS:
        return None, 0
    from datagen.engine.run import Run

    values = [block.column(column.name) for block in Run(plan).blocks_of(table.id)]
    rows = sum(len(one) for one in values)
    true = sum(int(one.array[one.valid].sum() if one.valid is not None else one.array.sum()) for one in values)
    return (true / rows if rows else None), rows


def _too_few(profile: Mapping[str, Any], plan: Plan, knobs: Knobs) -> Iterator[Facts]:
    """Rows with a time below rows of entities: what happens."""
    rows = {one["table"]: one["rows"] for one in profile["tables"]}
    timed = {one["table"] for one in profile["rows_over_time"]}
    events = [
        one["table"] for one in profile["tables"] if one["foreign_keys"] and (one["table"] in timed or not one["rows"])
    ]
    if not events or (total := sum(rows[name] for name in events)) >= LEAST_EVENTS:
        return
    roots = [table.id for table in plan.roots if not table.hidden]
    names = knobs.named([knobs.tables.get(name, {}).get("rows") for name in roots] + [knobs.timeframe])
    yield {
        "code": "report.too_few_events",
        "found": f"{total:,} rows of what happens ({', '.join(events[:5])})",
        "cause": f"a model learns little from fewer than {LEAST_EVENTS:,}",
        "hint": knobs.said(names, plan) or "--scale 10 makes ten times as many rows of tables without parents",
    }


def _left_out(plan: Plan, knobs: Knobs) -> Iterator[Facts]:
    """Columns that a parameter hides, and on which what can be seen depends."""
    for table in plan.tables.values():
        for column in table.columns.values():
            written = knobs.of_column(table.id, column.name)
            switch = written.get("hidden") if isinstance(written, Mapping) else None
            if not column.hidden or table.hidden or not isinstance(switch, str):
                continue
            node = (table.id, column.name)
            readers = [f"{other}.{name}" for (other, name), reads in plan.reads.items() if node in reads]
            if readers:
                yield {
                    "code": "report.latent_left_out",
                    "found": f"{table.id}.{column.name} is not in the files, and {len(readers)} columns follow it",
                    "cause": "a parameter hides it: no model can use it, nor be compared with one that does",
                    "hint": knobs.said(knobs.named(switch), plan),
                }
