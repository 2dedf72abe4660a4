"""Looks at shares that a document declares of whole tables: values left out, rows written twice, rows below each parent."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from datagen.checks.chance import Figure, Point
from datagen.checks.database import row_of
from datagen.checks.declared import DeclaredTable
from datagen.checks.rules import unlisted
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.column_laws import ColumnLaw
    from datagen.plan.model import Plan, TablePlan

LEAST_CLUSTERS = 50  # with fewer the standard error is itself a guess
MISSPELT = 0.1  # of the misspelt values: a slip may make another value of the list
MEAN_ROWS = 0.02  # of the expected rows: representative parents stand for all of them


class Rates:
    """Looks at rates in opened tables. columns: those that are there, by table."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, plan: Plan, declared: Mapping[str, DeclaredTable],
        columns: Mapping[str, Collection[str]],
    ) -> None:  # fmt: skip
        self.database, self.plan, self.declared, self.columns = database, plan, declared, columns

    def figures(self, table: DeclaredTable, laws: Sequence[ColumnLaw]) -> Iterator[Figure]:
        """Every rate of one table. laws: of its columns."""
        there = self.columns[table.name]
        if table.copied is not None and table.primary_key in there:
            yield self._copies(table)
        for column in table.nulled:
            if column in there:
                yield self._missing(table, column)
        for law in laws:
            if law.listed is not None and table.spoiled.get(law.column) and law.column in there:
                yield self._misspelt(table, law)
        if table.name in self.plan.tables and not self.plan.tables[table.name].spoiled:
            yield from self._fanout(table, self.plan.tables[table.name])

    def _copies(self, table: DeclaredTable) -> Figure:
        rows, keys = row_of(
            self.database,
            f"select count(*), count(distinct {identifier(str(table.primary_key))}) from {identifier(table.name)}",
        )
        rate, exact = table.copied or 0.0, self.plan.all_tables[table.name].copies
        error = math.sqrt(rate * (1 - rate) / max(keys, 1)) if exact is None or not exact.exact else 0.0
        points = [Point((rows - keys) / keys, rate, error, 1.0 / keys)] if keys else []
        return Figure(
            "imperfection.rate", "behaviour", table.name, f"{rate:g} of the rows of {table.name} stand twice", points,
            practice="one row",
        )  # fmt: skip

    def _missing(self, table: DeclaredTable, column: str) -> Figure:
        made = self.plan.all_tables[table.name].columns[column]
        rate, place = table.nulled[column], f"{table.name}.{column}"
        about = f"{rate:g} of the values of {place} are left out"
        if made.seal.nullable:
            reason = "values that were never there and values left out look alike"
            return Figure("imperfection.rate", "behaviour", place, about, unjudged=reason)
        rows, nulls = row_of(
            self.database, f"select count(*), count(*) - count({identifier(column)}) from {identifier(table.name)}"
        )
        drawn = table.copied is not None or not all(spoil.exact for spoil in made.spoils if spoil.nulls)
        error = math.sqrt(rate * (1 - rate) / max(rows, 1)) if drawn else 0.0
        points = [Point(nulls / rows, rate, error, 1.0 / rows)] if rows else []
        return Figure("imperfection.rate", "behaviour", place, about, points, practice="one row")

    def _misspelt(self, table: DeclaredTable, law: ColumnLaw) -> Figure:
        """Values of a closed list that errors of recording have made something else."""
        rate, column, place = table.spoiled[law.column], identifier(law.column), f"{table.name}.{law.column}"
        strange = unlisted(law, column)
        rows, wrong = row_of(
            self.database,
            f"select count({column}), count(*) filter (where {column} is not null and {strange}) from {identifier(table.name)}",
        )
        about = f"{rate:g} of the values of {place} are misspelt"
        points = [Point(wrong / rows, rate, math.sqrt(rate * (1 - rate) / rows), MISSPELT * rate)] if rows else []
        practice = f"{100 * MISSPELT:g} % of them may look like another value"
        return Figure("imperfection.rate", "behaviour", place, about, points, practice=practice)

    def _fanout(self, table: DeclaredTable, made: TablePlan) -> Iterator[Figure]:
        """The mean number of rows below each row of the driving parent, with families of rows as units of chance."""
        parent = None if made.parent is None else self.declared.get(made.parent)
        if parent is None or made.counts is None or made.rows_guessed or table.rows is not None:
            return
        above = self.plan.tables[parent.name]
        way = self._way(table, parent)
        if way is None or not above.expected_rows or parent.copied is not None:
            return
        key, roots = way
        counted = f"select {identifier(key)} as k, count(*) as n from {identifier(table.name)} group by 1"
        families = (
            f"select c, count(*) as p, sum(coalesce(n, 0)) as s from ({roots}) as roots "
            f"left join ({counted}) as counted on roots.id = counted.k group by c"
        )
        expected = made.expected_rows / above.expected_rows
        clusters, mean, error = row_of(
            self.database,
            f"with families as ({families}), whole as (select sum(s) / sum(p) as m, sum(p)::double as parents from families) "
            "select count(*), any_value(m), sqrt(sum((s - m * p) ** 2)) / any_value(parents) from families, whole",
        )
        about = f"{expected:.4g} rows of {table.name} per row of {parent.name} on average"
        reason = "" if clusters >= LEAST_CLUSTERS else f"fewer than {LEAST_CLUSTERS} families of rows"
        points = [Point(mean, expected, error, MEAN_ROWS * expected)] if mean is not None and not reason else []
        yield Figure(
            "fanout.rows", "relations", table.name, about, points, reason, f"{100 * MEAN_ROWS:g} % of the rows",
            measured=mean, expected=expected,
        )  # fmt: skip

    def _way(self, table: DeclaredTable, parent: DeclaredTable) -> tuple[str, str] | None:
        """(key column, SQL of (root key c, parent key id) for every parent row); None where no written key leads there."""
        key = self._key(table, parent)
        if key is None or parent.primary_key is None:
            return None
        source, last, place = f"{identifier(parent.name)} as t0", parent, 0
        while (made := self.plan.tables[last.name]).parent is not None:
            above = self.declared.get(made.parent)
            up = None if above is None else self._key(last, above)
            if above is None or up is None or above.primary_key is None:
                break
            place += 1
            on = f"t{place - 1}.{identifier(up)} = t{place}.{identifier(above.primary_key)}"
            source += f" join {identifier(above.name)} as t{place} on {on}"
            last = above
        root, own = identifier(str(last.primary_key)), identifier(parent.primary_key)
        return key, f"select t{place}.{root} as c, t0.{own} as id from {source}"

    def _key(self, table: DeclaredTable, parent: DeclaredTable) -> str | None:
        """The one written column by which rows belong to rows of a parent."""
        keys = [
            key.column for key in table.foreign_keys if (key.table, key.to_column) == (parent.name, parent.primary_key)
        ]
        there = len(keys) == 1 and keys[0] in self.columns.get(table.name, ()) and not table.nulled.get(keys[0])
        return keys[0] if there and parent.primary_key in self.columns.get(parent.name, ()) else None
