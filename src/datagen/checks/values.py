"""Looks at declared ranges, inequalities, enums and patterns in the written files, by SQL: what no generator promises.

Nulls satisfy every value constraint. A pattern must match the whole value (RE2 syntax).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.checks.database import locked_database, row_of, table_source
from datagen.checks.imperfections import ledger_of, spoiled_rows
from datagen.errors import Finding
from datagen.sql.spelling import identifier, literal

if TYPE_CHECKING:
    import duckdb

    from datagen.sinks.manifest import TableEntry

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Hop:
    """From a row to the one row of another table that its key names."""

    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True, slots=True)
class ValueCheck:
    """One constraint to look at. `hops` lead from the rows of `table` to those of the other side of an inequality.

    facts by kind: range {min, max}; enum {values} or {enum_ref: (table, column)}; pattern {regex};
    inequality {op, other} with `column op other`, where other is a column at the end of the hops.
    """

    kind: str
    text: str
    table: str
    column: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    hops: tuple[Hop, ...] = ()
    place: Mapping[str, Any] = field(default_factory=dict)  # path, line, column, json_path of the declaration


def check_values(
    directory: Path,
    tables: Sequence[TableEntry],
    checks: Sequence[ValueCheck],
    format: str,
    *,
    memory: int,
    threads: int,
    ledger: Mapping[str, Sequence[Path]] | None = None,
    counted: Mapping[tuple[str, str], int] | None = None,
) -> list[Finding]:
    """Every constraint that some row breaks, with the number of such rows and up to five keys. Empty when all hold.

    ledger: of imperfections, the files of each table; nothing is asked of the cells in it. counted: the rows of a table
    that meet a condition, as far as they are known: files in which none breaks a constraint are not read again.
    """
    plain = plain_conditions(checks, ledger or {})
    left = [check for place, check in enumerate(checks) if (counted or {}).get(plain.get(place, ("", ""))) != 0]
    if not left:
        return []
    known = {table.name: table for table in tables}
    findings: list[Finding] = []
    with locked_database(directory, memory=memory, threads=threads) as database:
        for check in left:
            findings.extend(_check_one(database, directory, known, check, format, ledger or {}))
    return findings


def plain_conditions(checks: Sequence[ValueCheck], ledger: Mapping[str, Sequence[Path]]) -> dict[int, tuple[str, str]]:
    """By the place of a check that looks at one row alone: its table, and in SQL on `t0` which rows break it."""
    return {
        place: (check.table, broken_rows(check, str, "t0", ledger))
        for place, check in enumerate(checks)
        if check.table not in ledger and not check.hops and "enum_ref" not in check.facts
    }


def _check_one(
    database: duckdb.DuckDBPyConnection,
    directory: Path,
    tables: Mapping[str, TableEntry],
    check: ValueCheck,
    format: str,
    ledger: Mapping[str, Sequence[Path]],
) -> list[Finding]:
    def rows_of(name: str) -> str:
        return table_source(directory, tables[name], format)

    table = tables[check.table]
    joins, last = "", "t0"
    for place, hop in enumerate(check.hops, start=1):
        on = f"{last}.{identifier(hop.column)} = t{place}.{identifier(hop.to_column)}"
        joins += f" join {rows_of(hop.to_table)} as t{place} on {on}"
        last = f"t{place}"
    broken = f"({broken_rows(check, rows_of, last, ledger)})"
    sides = [("t0", check.table, check.column)]
    if check.kind == "inequality":
        sides.append((last, check.hops[-1].to_table if check.hops else check.table, check.facts["other"]))
    for alias, name, column in sides:
        if name in ledger:
            by = f"{alias}.{identifier(tables[name].primary_key[0])}"
            broken += f" and not {spoiled_rows(by, ledger[name], (column,))}"
    key = table.primary_key[0] if table.primary_key else check.column
    keys = f"select t0.{identifier(key)} as k from {rows_of(check.table)} as t0{joins} where {broken}"
    sql = f"select count(*), list(k)[:{EXAMPLES}] from ({keys})"
    count, examples = row_of(database, sql)
    if not count:
        return []
    shown = ", ".join(str(example) for example in (examples or ())[:EXAMPLES])
    return [
        Finding(
            code=f"value.{check.kind}",
            found=f"{count:,} of {table.rows:,} rows of {check.table} break it ({key} {shown})",
            expected=check.text,
            hint="the constraint is looked at, not steered: change the generator so that it cannot leave it",
            **check.place,
        )
    ]


def broken_rows(check: ValueCheck, rows_of: Any, last: str, ledger: Mapping[str, Sequence[Path]]) -> str:
    """The SQL condition of rows that break a constraint; null is no break."""
    column, facts = f"t0.{identifier(check.column)}", check.facts
    match check.kind:
        case "range":
            sides = [f"{column} < {_number(facts['min'])}"] if facts["min"] is not None else []
            sides += [f"{column} > {_number(facts['max'])}"] if facts["max"] is not None else []
            return " or ".join(sides) or "false"
        case "inequality":
            return f"not ({column} {facts['op']} {last}.{identifier(facts['other'])})"
        case "pattern":
            return f"not regexp_full_match(cast({column} as varchar), {literal(facts['regex'])})"
        case _:
            if "enum_ref" in facts:
                other, name = facts["enum_ref"]
                allowed = f"select {identifier(name)} from {rows_of(other)} where {identifier(name)} is not null"
                if other in ledger:  # values that are spoiled there are allowed all the same
                    clean = f'select clean_value from {ledger_of(ledger[other])} where "column" = {literal(name)}'
                    told = f"cast({column} as varchar) in ({clean})"
                    return f"{column} is not null and {column} not in ({allowed}) and not ({told})"
                return f"{column} is not null and {column} not in ({allowed})"
            listed = ", ".join(literal(str(value)) for value in facts["values"])
            return (
                f"{column} is not null and cast({column} as varchar) not in ({listed})"
                if listed
                else f"{column} is not null"
            )


def _number(value: Any) -> str:
    return literal(value) if isinstance(value, str) else repr(value)
