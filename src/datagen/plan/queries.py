"""SQL of a document made ready: parsed, checked, bound to empty tables of the right types, before a row is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datagen.errors import MachineError, SchemaError, did_you_mean, listed
from datagen.sql.database import (
    PLAN_SECONDS,
    Database,
    QueryError,
    first_line,
    limits,
    parsed,
    written,
)
from datagen.sql.grammar import Fault, look, ordered, with_total_order

_UNKNOWN = re.compile(r'(?:Referenced column|does not have a column named) "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT that may run. text: as DuckDB writes it, its order made total; columns: (name, DuckDB's type)."""

    text: str
    reads: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A query that is read and checked, but not bound yet: the tables it reads may not be known."""

    tree: Any
    reads: tuple[str, ...]


def read_query(database: Database, text: str, tables: Mapping[str, str], *, needs_order: bool) -> Read | list[Fault]:
    """The tree of a text, or all that is wrong with it. tables: their names in lower case, as they are spelled."""
    try:
        with limits(database, PLAN_SECONDS):
            tree = parsed(database, text)
        if isinstance(tree, Fault):
            return [tree]
        seen = look(tree, tables)
    except RecursionError:
        return [Fault("sql.too_large", "a query nested too deeply", "fewer levels")]
    if needs_order and not seen.faults and not ordered(tree):
        hint = "end it with ORDER BY and the columns that make up the key"
        seen.faults.append(Fault("sql.no_order", "a SELECT without ORDER BY", "rows in a stated order", hint))
    return seen.faults or Read(tree, tuple(seen.reads))


def bind_query(
    database: Database, read: Read, tables: Mapping[str, Mapping[str, str]],
    hidden: Mapping[str, Mapping[str, str]],
) -> Query | Fault:  # fmt: skip
    """The query bound to the tables of the database, or what does not fit.

    tables: columns and types of those it reads; hidden: columns of them that are not written, with their types.
    """
    try:
        with limits(database, PLAN_SECONDS):
            text = written(database, read.tree)
            columns = _described(database, text)
            if ordered(read.tree):
                text = written(database, with_total_order(read.tree, len(columns)))
                columns = _described(database, text)
            again = parsed(database, text)
            if isinstance(again, Fault) or look(again, {name.lower(): name for name in tables}).faults:
                return Fault("sql.syntax", "a query that DuckDB does not read as it writes it", "a plainer SELECT")
            return Query(text, read.reads, tuple(columns))
    except QueryError as error:
        if error.no_memory:
            return Fault("sql.too_large", first_line(error), "a query that can be planned in little memory")
        return _said(error, tables, hidden)
    except (SchemaError, MachineError) as error:
        one = error.findings[0]
        return Fault(one.code, one.found, one.expected, one.hint)


def _described(database: Database, text: str) -> list[tuple[str, str]]:
    return [(str(row[0]), str(row[1])) for row in database.execute(f"describe {text}").fetchall()]


def _said(error: QueryError, tables: Mapping[str, Mapping[str, str]], hidden: Mapping[str, Mapping[str, str]]) -> Fault:
    """What DuckDB says, in the words of the document."""
    match = _UNKNOWN.search(str(error))
    if match is None:
        return Fault("sql.bind", first_line(error), "a query that fits the tables and the types of their columns")
    name = match[1].split(".")[-1]
    owners = [table for table, columns in hidden.items() if name.lower() in map(str.lower, columns)]
    if owners:
        found = f"'{name}', which is hidden in {listed(owners)}"
        return Fault("sql.unknown_column", found, "a column that is not hidden", "hidden columns are made, not written")
    known = tuple(dict.fromkeys(column for columns in tables.values() for column in columns))
    where = listed(tuple(tables)) if tables else "the query"
    return Fault("sql.unknown_column", f"'{name}'", f"a column of {where}: {listed(known)}", did_you_mean(name, known))
