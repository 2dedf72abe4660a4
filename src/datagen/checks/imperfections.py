"""Looks at declared imperfections in the written files: as many as their rates say, where the ledger says, and no others.

A second implementation, by SQL over the files and the ledger of imperfections: it knows the rates and nothing of how rows
were taken. Of a table whose rows stand twice it also proves the keys, over the rows without their copies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datagen.checks.database import SQL_TYPES, locked_database, row_of, source
from datagen.errors import Finding
from datagen.sql.spelling import identifier, literal

if TYPE_CHECKING:
    import duckdb

    from datagen.sinks.manifest import TableEntry

ERRORS = 6.0  # standard errors of a binomial that `exact: false` may be off: one data set in 500 million is further


@dataclass(frozen=True, slots=True)
class Declared:
    """What one column was declared to suffer. rates: (kind, rate, exact) in order; nullable: null before as well."""

    column: str
    rates: tuple[tuple[str, float, bool], ...]
    nullable: bool


@dataclass(frozen=True, slots=True)
class SpoiledTable:
    """The imperfections of a table. copies: (rate, exact) of rows that stand twice; unique: columns that never repeat."""

    table: str
    columns: tuple[Declared, ...] = ()
    copies: tuple[float, bool] | None = None
    unique: tuple[tuple[str, ...], ...] = ()


def check_imperfections(
    directory: Path, tables: Sequence[TableEntry], declared: Sequence[SpoiledTable], files: Mapping[str, Sequence[Path]],
    format: str, *, memory: int, threads: int,
) -> list[Finding]:  # fmt: skip
    """Every imperfection that came out other than declared. files: the ledger of each table. Empty when all is right."""
    known = {entry.name: entry for entry in tables}
    findings: list[Finding] = []
    if not any(one.table in known for one in declared):
        return findings
    with locked_database(directory, memory=memory, threads=threads) as database:
        for one in declared:
            if one.table in known:
                findings += _Look(
                    database, directory, known[one.table], one, format, files.get(one.table, ())
                ).findings()
    return findings


def ledger_of(files: Sequence[Path]) -> str:
    """SQL for the ledger of one table."""
    if not files:
        names = ", ".join(
            f"null::varchar as {name}" for name in ("key", '"column"', "kind", "clean_value", "dirty_value")
        )
        return f"(select {names} where false)"
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"


@dataclass(frozen=True, slots=True)
class _Look:
    database: duckdb.DuckDBPyConnection
    directory: Path
    entry: TableEntry
    declared: SpoiledTable
    format: str
    files: Sequence[Path]

    @property
    def kinds(self) -> dict[str, str]:
        return {column.name: column.type for column in self.entry.columns}

    @property
    def rows(self) -> str:
        return source([self.directory / file.name for file in self.entry.files], self.format, self.kinds)

    @property
    def key(self) -> str:
        return identifier(self.entry.primary_key[0])

    @property
    def number(self) -> str:
        """SQL for the number of rows without their copies, which are proved to be alike."""
        return "count(*)" if self.declared.copies is None else f"count(distinct {self.key})"

    @property
    def ledger(self) -> str:
        return ledger_of(self.files)

    def findings(self) -> list[Finding]:
        found = self._copies() if self.declared.copies is not None else []
        for column in self.declared.columns:
            found += self._column(column)
        for group in self.declared.unique:
            found += self._unique(group)
        return found

    def _copies(self) -> list[Finding]:
        """Whether so many rows stand twice, none three times, each like its copy, and those that the ledger names."""
        assert self.declared.copies is not None
        rate, exact = self.declared.copies
        rows, keys = row_of(self.database, f"select count(*), count(distinct {self.key}) from {self.rows}")
        (whole,) = row_of(self.database, f"select count(*) from (select distinct * from {self.rows})")
        found = self._number("duplicates", None, rows - keys, [(rate, exact)], 0, keys)
        if whole != keys:
            found.append(
                self._other(f"{whole - keys:,} copies differ from their originals", "rows that stand twice, alike")
            )
        (wrong,) = row_of(
            self.database,
            f"with seen as (select cast({self.key} as varchar) as key, count(*) as times from {self.rows} group by all), "
            f"told as (select key from {self.ledger} where kind = 'duplicates') "
            "select count(*) from seen full join told using (key) "
            "where seen.times is distinct from (case when told.key is null then 1 else 2 end)",
        )
        if wrong:
            found.append(
                self._other(f"{wrong:,} keys stand more or less often than the ledger says", "once, copied twice")
            )
        return found

    def _column(self, one: Declared) -> list[Finding]:
        column, kind = identifier(one.column), SQL_TYPES[self.kinds[one.column]]
        name = literal(one.column)
        there, nulls = row_of(
            self.database,
            f"select {self.number} filter (where {column} is not null), {self.number} filter (where {column} is null) "
            f"from {self.rows}",
        )
        (left_out,) = row_of(
            self.database, f'select count(*) from {self.ledger} where "column" = {name} and dirty_value is null'
        )
        values = there + left_out
        found: list[Finding] = []
        before = 0
        for word in dict.fromkeys(word for word, _, _ in one.rates):
            rates = [(rate, exact) for kind_, rate, exact in one.rates if kind_ == word]
            (number,) = row_of(
                self.database, f'select count(*) from {self.ledger} where "column" = {name} and kind = {literal(word)}'
            )
            found += self._number(word, one.column, number, rates, before, values)
            before += number
        if not one.nullable and nulls != left_out:
            found.append(
                self._other(f"{one.column} is null in {nulls:,} rows", f"{left_out:,} rows, as the ledger says")
            )
        (wrong,) = row_of(
            self.database,
            f'select count(*) from (select * from {self.ledger} where "column" = {name}) as told '
            f"left join {self.rows} as seen on cast(seen.{self.key} as varchar) = told.key "
            f"where seen.{self.key} is null or seen.{column} is distinct from cast(told.dirty_value as {kind}) "
            "or told.clean_value is not distinct from told.dirty_value",
        )
        if wrong:
            expected = "the spoiled values of the ledger, none of them as it was"
            found.append(self._other(f"{wrong:,} spoiled cells of {one.column} hold something else", expected))
        return found

    def _unique(self, group: tuple[str, ...]) -> list[Finding]:
        """Whether columns repeat in no two rows, leaving out copies and spoiled cells."""
        columns = ", ".join(identifier(name) for name in group)
        there = " and ".join(f"{identifier(name)} is not null" for name in group)
        spoiled = spoiled_rows(self.key, self.files, group)
        rows, different = row_of(
            self.database,
            f"select {self.number}, count(distinct ({columns})) from {self.rows} where {there} and not {spoiled}",
        )
        if rows == different:
            return []
        found = f"{self.entry.name}.{'+'.join(group)}: {rows - different:,} values stand more than once"
        return [Finding("structure.unique", path=str(self.directory), found=found, expected="no value twice")]

    def _number(
        self, kind: str, column: str | None, found: int, rates: Sequence[tuple[float, bool]], before: int, values: int
    ) -> list[Finding]:
        """Whether so many were spoiled as the rates say; before: of the same column, by other imperfections."""
        asked = 0
        for rate, _ in rates:
            asked += min(math.floor(rate * values + 0.5), values - before - asked)
        exact = all(one for _, one in rates)
        mean = sum(rate for rate, _ in rates)
        slack = 0.0 if exact else ERRORS * math.sqrt(max(values * mean * (1 - mean), 1.0))
        if abs(found - asked) <= slack:
            return []
        what = self.entry.name if column is None else f"{self.entry.name}.{column}"
        expected = f"{asked:,}" + ("" if exact else f", give or take {slack:,.0f}") + f": {mean:g} of {values:,}"
        return [
            Finding(
                "imperfection.quota", path=str(self.directory), found=f"{kind} of {what}: {found:,}", expected=expected
            )
        ]

    def _other(self, found: str, expected: str) -> Finding:
        return Finding(
            "imperfection.cell", path=str(self.directory), found=f"{self.entry.name}: {found}", expected=expected
        )


def spoiled_rows(key: str, files: Sequence[Path], columns: Sequence[str]) -> str:
    """The SQL condition of rows of which one of the columns is spoiled."""
    names = ", ".join(literal(name) for name in columns)
    return f'(cast({key} as varchar) in (select key from {ledger_of(files)} where "column" in ({names})))'
