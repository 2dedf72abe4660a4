"""Proves on the written files that keys are keys: types, row counts, nulls, unique columns and foreign keys.

A second implementation: SQL over the files, which knows nothing of how they were made. Every answer is a proof, none is
a sample, and the cheapest proof is tried first:

- one pass over a table counts rows and values and finds the span of its integer keys; in Parquet files it reads the keys
  alone, because the footer says of every other column how many nulls it has (a file without that is read whole); in
  text files, which are read whole for every look, it also counts the different values of the other keys;
- a key that counts up by one through all its Parquet files is compared with the numbers of their rows;
- other integers are unique when a bitmap over their span has as many bits set as there are values; for a key of text
  files that may count up by one that happens in the pass over the table;
- a foreign key into an unbroken span of integers holds when its smallest and largest value do, else by an anti-join.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.checks.database import first_line, first_value, locked_database, row_of, source
from datagen.errors import Finding, listed, quoted
from datagen.sinks.gzipped import unpacked
from datagen.sinks.manifest import ForeignKey, TableEntry
from datagen.sql.spelling import identifier, literal

if TYPE_CHECKING:
    import duckdb

EXAMPLES = 5
WIDEST_BITMAP = 900_000_000  # bits; DuckDB's bitstring_agg refuses a little more
FILES_AT_ONCE = 32  # in one query
MEMORY = 512 << 20
PARQUET_TYPES = {
    "int": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT"),
    "float": ("DOUBLE", "FLOAT"),
    "string": ("VARCHAR", "ENUM"),
    "bool": ("BOOLEAN",),
    "datetime": ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_MS"),
    "date": ("DATE",),
    "nested": (),  # structures and lists of any kind
}


def check_structure(
    directory: Path,
    tables: Sequence[TableEntry],
    format: str,
    *,
    memory: int = MEMORY,
    threads: int = 2,
    copied: frozenset[str] = frozenset(),
    tally: Tally | None = None,
) -> list[Finding]:
    """What is wrong with the structure of staged or published files; empty when all of it holds.

    tables: as declared, with the files and row counts that the run has noted; memory: bytes; copied: tables whose
    rows may stand twice, their keys are not looked at here; tally: what else is counted on the way. Raises MachineError
    when the machine is too small. A table that cannot be read hides the faults of its keys.
    """
    found: dict[str, list[Finding]] = {entry.name: [] for entry in tables}
    with locked_database(directory, memory=memory, threads=threads) as database:
        seen: dict[str, _Table] = {}
        for entry in tables:
            table = _Table(database, directory, entry, format, memory // (8 * (threads + 1)), tally or Tally())
            table.repeating = entry.name in copied
            table.guarded(partial(table.examine, _referenced(entry, tables)), found[entry.name])
            if table.readable:
                seen[entry.name] = table
        for table in seen.values():
            if table.repeating:
                continue
            table.guarded(table.check_keys, found[table.entry.name])
        for table in seen.values():
            for key in table.entry.foreign_keys:
                parent = seen.get(key.table)
                if parent is not None and parent.readable and table.readable:
                    table.guarded(partial(table.check_foreign_key, key, parent), found[table.entry.name])
                    table.guarded(partial(table.check_agreement, key, parent), found[table.entry.name])
                elif parent is None and all(other.name != key.table for other in tables):
                    what = f"{table.entry.name}.{key.column} refers to {key.table}, which was not written"
                    found[table.entry.name].append(Finding("structure.foreign_key", path=str(directory), found=what))
    return [finding for entry in tables for finding in found[entry.name]]


@dataclass(slots=True)
class Tally:
    """Rows that meet a condition, counted in the pass over the table. asked: by table, conditions in SQL on a row `t0`."""

    asked: dict[str, list[str]] = field(default_factory=dict)
    found: dict[tuple[str, str], int] = field(default_factory=dict)  # by table and condition


@dataclass(slots=True)
class _Span:
    """Smallest and largest value of an integer column; unbroken when every integer between occurs exactly once."""

    low: int
    high: int
    unbroken: bool = False

    @property
    def width(self) -> int:
        return self.high - self.low + 1


@dataclass(slots=True)
class _Table:
    """One table and what a look at its files has told."""

    database: duckdb.DuckDBPyConnection
    directory: Path
    entry: TableEntry
    format: str
    bitmap_bytes: int  # the largest bitmap that fits
    tally: Tally
    repeating: bool = False  # rows may stand twice
    readable: bool = False
    rows: int = 0
    present: dict[str, int] = field(default_factory=dict)  # values that are not null, per column
    spans: dict[str, _Span] = field(
        default_factory=dict
    )  # of integer columns that are keys, or refer, or are referred to
    different: dict[tuple[str, ...], tuple[int, int]] = field(
        default_factory=dict
    )  # of keys: the rows that have all columns, and their different values, or hashes of several columns

    @property
    def kinds(self) -> dict[str, str]:
        return {column.name: column.type for column in self.entry.columns}

    @property
    def files(self) -> list[Path]:
        return [self.directory / file.name for file in self.entry.files]

    @property
    def source(self) -> str:
        return source(self.files, self.format, self.kinds)

    def guarded(self, check: Callable[[], list[Finding]], findings: list[Finding]) -> None:
        """Add what a check finds; files that DuckDB cannot read are a finding in place of all others of the table.

        Some reads of a broken file go well: what they said of it means nothing then.
        """
        import _duckdb as duckdb

        try:
            findings += check()
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            first = str(error).strip().split("\n")[0]
            found = f"{self.entry.name}: {first}"
            self.readable = False
            findings[:] = [self._finding("structure.unreadable", found, "files that hold what the manifest declares")]

    def examine(self, referenced: set[str]) -> list[Finding]:
        """One pass over the whole table: can it be read, is it what was declared, how many rows and nulls has it."""
        missing = [file.name for file in self.entry.files if not (self.directory / file.name).is_file()]
        if missing or not self.entry.files:
            return [self._finding("structure.file_missing", f"no file {name}") for name in missing or ["at all"]]
        findings = self._check_columns()
        if findings:
            return findings
        keys = {column for group in self._groups() for column in group}
        keys |= {key.column for key in self.entry.foreign_keys} | referenced
        self._count(keys)
        self.readable = True
        return self._check_rows() + self._check_nulls()

    def check_keys(self) -> list[Finding]:
        """Whether primary key and unique columns repeat in no two rows."""
        findings = []
        for group in self._groups():
            if not self._is_unique(group):
                code = "structure.primary_key" if group == self.entry.primary_key else "structure.unique"
                repeats = self._repeats(group)
                values, rows = row_of(self.database, f'SELECT count(*), sum(" times") FROM ({repeats})')
                what = f"{self.entry.name}.{'+'.join(group)}"
                columns = ", ".join(f"#{place + 1}" for place in range(len(group)))
                examples = self._examples(f"SELECT {columns} FROM ({repeats}) ORDER BY ALL LIMIT {EXAMPLES}")
                found = f"{what}: {values:,} values stand in {rows:,} rows: {examples}"
                findings.append(self._finding(code, found, "no value twice"))
        return findings

    def check_foreign_key(self, key: ForeignKey, parent: _Table) -> list[Finding]:
        """Whether every value of a column occurs in the column it refers to."""
        what = f"{self.entry.name}.{key.column}"
        own, other = self.spans.get(key.column), parent.spans.get(key.to_column)
        if not self.present[key.column]:
            return []
        if own and other and other.unbroken and other.low <= own.low and own.high <= other.high:
            return []
        kinds = self.kinds[key.column], parent.kinds[key.to_column]
        if kinds[0] != kinds[1]:
            expected = f"{kinds[1]}, the type of {key.table}.{key.to_column}"
            return [self._finding("structure.foreign_key", f"{what} is of type {kinds[0]}", expected)]
        column, target = identifier(key.column), identifier(key.to_column)
        orphans = (
            f"FROM {self.source} AS child ANTI JOIN {parent.source} AS parent ON child.{column} = parent.{target} "
            f"WHERE child.{column} IS NOT NULL"
        )
        (total,) = row_of(self.database, f"SELECT count(*) {orphans}")
        if not total:
            return []
        examples = self._examples(f"SELECT DISTINCT child.{column} {orphans} ORDER BY ALL LIMIT {EXAMPLES}")
        found = f"{what} points nowhere in {total:,} rows: {examples}"
        return [self._finding("structure.foreign_key", found, f"values of {key.table}.{key.to_column}")]

    def check_agreement(self, key: ForeignKey, parent: _Table) -> list[Finding]:
        """Whether columns that agree along a key have one value in a row and in the row it points to."""
        if not key.agree or not self.present[key.column]:
            return []
        column, target = identifier(key.column), identifier(key.to_column)
        joined = f"FROM {self.source} AS child JOIN {parent.source} AS parent ON child.{column} = parent.{target}"
        apart = [f"child.{identifier(own)} IS DISTINCT FROM parent.{identifier(their)}" for own, their in key.agree]
        totals = row_of(self.database, f"SELECT {', '.join(f'count(*) FILTER ({one})' for one in apart)} {joined}")
        findings = []
        for (own, their), one, total in zip(key.agree, apart, totals, strict=True):
            if not total:
                continue
            pair = f"child.{identifier(own)}, parent.{identifier(their)}"
            examples = self._examples(f"SELECT DISTINCT {pair} {joined} WHERE {one} ORDER BY ALL LIMIT {EXAMPLES}")
            found = f"{self.entry.name}.{own} differs from {key.table}.{their} along {key.column} in {total:,} rows: {examples}"
            findings.append(
                self._finding("structure.agreement", found, f"{own} of the row and {their} of the row alike")
            )
        return findings

    def _groups(self) -> list[tuple[str, ...]]:
        """The columns, or groups of them, that repeat in no two rows; the primary key first."""
        groups = [self.entry.primary_key] if self.entry.primary_key else []
        return groups + [group for group in self.entry.unique if group not in groups]

    def _check_columns(self) -> list[Finding]:
        """Whether each file has the declared columns in their order, and in Parquet of the declared types."""
        expected = list(self.kinds)
        findings = []
        if unpacked(self.format) == "csv":
            for file in self.files:
                header = first_line(file)
                if header != ",".join(expected):
                    found = f"{self._short(file)} begins with {quoted(header)}"
                    findings.append(self._finding("structure.columns", found, "the header " + ",".join(expected)))
        if self.format == "parquet":
            names = "[" + ", ".join(literal(str(file)) for file in self.files) + "]"
            rows = (
                self._described()
                if "nested" in self.kinds.values()
                else self.database.execute(
                    "SELECT file_name, list(name ORDER BY column_id), list(duckdb_type ORDER BY column_id) "
                    f"FROM parquet_schema({names}) WHERE column_id > 0 GROUP BY file_name ORDER BY file_name"
                ).fetchall()
            )
            for path, columns, types in rows:
                name = self._short(Path(path))
                if columns != expected:
                    found = f"{name} has the columns {listed(columns)}"
                    findings.append(self._finding("structure.columns", found, listed(expected)))
                    continue
                for column, declared, kind in zip(columns, self.kinds.values(), types, strict=True):
                    if declared == "nested" and kind.endswith((")", "[]")):
                        continue  # STRUCT(…) or a list
                    if kind not in PARQUET_TYPES[declared]:
                        found = f"{name}: {column} is of type {kind}"
                        wanted = f"{declared}, that is {' or '.join(PARQUET_TYPES[declared])}"
                        findings.append(self._finding("structure.type", found, wanted))
        return findings

    def _described(self) -> list[tuple[str, list[str], list[str]]]:
        """(file, columns, types) of Parquet files whose schema has more entries than columns."""
        found = []
        for file in self.files:  # a loop over files
            rows = self.database.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(file))})").fetchall()
            types = ["ENUM" if str(row[1]).startswith("ENUM") else str(row[1]) for row in rows]
            found.append((str(file), [str(row[0]) for row in rows], types))
        return found

    def _count(self, keys: set[str]) -> None:
        """Fill `rows`, `present` and `spans`: one pass over the key, where it is in order, and one over the rest."""
        told = {name: present for name, present in self._told_by_footers().items() if name not in keys}
        guess = self._counting_up(keys)
        if guess and self.format == "parquet" and self._in_order(*guess):
            key, span = guess
            self.spans[key], told[key], guess = replace(span, unbroken=True), span.width, None
        counted = [name for name in self.kinds if name not in told]
        integers = [name for name in counted if name in keys and self.kinds[name] == "int"]
        wanted = ["count(*)", *(f"count({identifier(name)})" for name in counted)]
        for name in integers:
            wanted += [f"min({identifier(name)})", f"max({identifier(name)})"]
        if guess:
            key, span = guess
            column = identifier(key)
            inside = f"CASE WHEN {column} BETWEEN {span.low} AND {span.high} THEN {column} END"
            wanted.append(_set_bits(inside, span))
        groups = self._counted_on_the_way()
        for group in groups:
            wanted += [f"{count} FILTER (WHERE {_all_present(group)})" for count in _different(group)]
        row = self._with_tally(wanted)
        self.rows = row.pop(0)
        self.present = told | {name: row.pop(0) for name in counted}
        for name in integers:
            low, high = row.pop(0), row.pop(0)
            if low is not None:
                self.spans[name] = _Span(low, high)
        met = row.pop(0) if guess else None
        for group in groups:
            self.different[group] = row.pop(0), row.pop(0)
        if guess:
            # as many values as integers in the span, none outside, every bit set: each of them occurs exactly once
            unbroken = self.spans.get(key) == span and self.present[key] == met == span.width
            if unbroken:
                self.spans[key].unbroken = True

    def _counted_on_the_way(self) -> list[tuple[str, ...]]:
        """The keys whose different values the pass over the table counts, because no span of integers may tell."""
        if self.format == "parquet" or self.repeating:
            return []  # of Parquet files a second look reads the keys alone
        return [group for group in self._groups() if len(group) > 1 or self.kinds[group[0]] != "int"]

    def _with_tally(self, wanted: Sequence[str]) -> list[Any]:
        """The wanted figures of the table; the tally is filled on the way, where the database can read its conditions."""
        import _duckdb as duckdb

        conditions = list(self.tally.asked.get(self.entry.name, ()))
        counts = [f"count(*) FILTER (WHERE {condition})" for condition in conditions]
        try:
            row = list(row_of(self.database, f"SELECT {', '.join([*wanted, *counts])} FROM {self.source} AS t0"))
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            if not conditions:
                raise
            return list(
                row_of(self.database, f"SELECT {', '.join(wanted)} FROM {self.source}")
            )  # who asked will ask again
        self.tally.found |= zip(((self.entry.name, one) for one in conditions), row[len(wanted) :], strict=True)
        return row[: len(wanted)]

    def _in_order(self, key: str, span: _Span) -> bool:
        """Whether a key is its row's number in the table plus a constant, and there are as many rows as numbers."""
        rows = [file.rows for file in self.entry.files]
        starts = [span.low + before for before in accumulate(rows, initial=0)]
        looks = [
            f"SELECT count(*) = {held} AND coalesce(bool_and({identifier(key)} IS NOT DISTINCT FROM file_row_number + "
            f"{start}), true) AS sound FROM read_parquet({literal(str(file))}, file_row_number = true)"
            for file, held, start in zip(self.files, rows, starts[:-1], strict=True)
        ]
        return starts[-1] == span.high + 1 and all(
            row_of(self.database, f"SELECT bool_and(sound) FROM ({' UNION ALL '.join(several)})")[0]
            for several in (looks[at : at + FILES_AT_ONCE] for at in range(0, len(looks), FILES_AT_ONCE))
        )

    def _told_by_footers(self) -> dict[str, int]:
        """Values that are not null, for the columns of which every piece of every Parquet file says so."""
        if self.format != "parquet" or "nested" in self.kinds.values():
            return {}  # of structures and lists the footers speak piece by piece
        names = "[" + ", ".join(literal(str(file)) for file in self.files) + "]"
        pieces = self.database.execute(
            "SELECT column_id, sum(num_values - stats_null_count)::BIGINT, count(*) - count(stats_null_count) "
            f"FROM parquet_metadata({names}) GROUP BY column_id"
        ).fetchall()
        columns = list(self.kinds)  # files with others, or in another order, have been refused before
        return {columns[place]: present for place, present, silent in pieces if not silent}

    def _counting_up(self, keys: set[str]) -> tuple[str, _Span] | None:
        """The key that may count up by one, with its span: guessed from the first row, still to be proved."""
        key, rows = self.entry.primary_key, self.entry.rows
        if len(key) != 1 or key[0] not in keys or self.kinds[key[0]] != "int" or not 0 < rows <= self._widest():
            return None
        first = self.files[0]
        if self.format == "parquet":
            if any(name.lower() == "file_row_number" for name in self.kinds):
                return None  # the database would take the one for the other
            reader = f"read_parquet({literal(str(first))}, file_row_number = true) WHERE file_row_number = 0"
            found = self.database.execute(f"SELECT {identifier(key[0])} FROM {reader}").fetchone()
            value = found[0] if found else None
        else:
            value = first_value(first, self.format, key[0])
        if value is None or value + rows > 1 << 63:
            return None
        return key[0], _Span(value, value + rows - 1)

    def _check_rows(self) -> list[Finding]:
        """Whether each file, and the table, has as many rows as were noted when it was written."""
        planned = sum(file.rows for file in self.entry.files)
        findings = []
        if planned != self.entry.rows:
            found = f"the files of {self.entry.name} were written with {planned:,} rows"
            findings.append(self._finding("structure.row_count", found, f"{self.entry.rows:,} rows, as planned"))
        if self.rows != planned:
            for file in self.entry.files:  # a loop over files, when something is wrong anyway
                reader = source([self.directory / file.name], self.format, self.kinds)
                (rows,) = row_of(self.database, f"SELECT count(*) FROM {reader}")
                if rows != file.rows:
                    found = f"{file.name} holds {rows:,} rows"
                    findings.append(self._finding("structure.row_count", found, f"{file.rows:,} rows"))
        return findings

    def _check_nulls(self) -> list[Finding]:
        findings = []
        for column in self.entry.columns:
            nulls = self.rows - self.present[column.name]
            key = column.name in self.entry.primary_key
            if nulls and (key or not column.nullable):
                found = f"{self.entry.name}.{column.name} is null in {nulls:,} of {self.rows:,} rows"
                if self.entry.primary_key and not key:
                    keys = ", ".join(identifier(name) for name in self.entry.primary_key)
                    where = f"{self.source} WHERE {identifier(column.name)} IS NULL"
                    examples = self._examples(f"SELECT {keys} FROM {where} ORDER BY ALL LIMIT {EXAMPLES}")
                    found += f": {'+'.join(self.entry.primary_key)} {examples}"
                expected = "a value in every row of a primary key" if key else "a value in every row"
                findings.append(self._finding("structure.null", found, expected))
        return findings

    def _is_unique(self, group: tuple[str, ...]) -> bool:
        columns = ", ".join(identifier(name) for name in group)
        if len(group) == 1:
            present = self.present[group[0]]
            span = self.spans.get(group[0])
            if span is not None:
                if span.unbroken or span.width < present:
                    return span.unbroken
                if span.width <= min(self._widest(), 64 * present):
                    (bits,) = row_of(self.database, f"SELECT {_set_bits(columns, span)} FROM {self.source}")
                    span.unbroken = bits == present == span.width
                    return bool(bits == present)
        rows, different = self.different.get(group) or row_of(
            self.database, f"SELECT {', '.join(_different(group))} FROM {self.source} WHERE {_all_present(group)}"
        )
        if rows == different or len(group) == 1:
            return bool(rows == different)
        # different hashes are different values; equal ones are looked at again
        return not row_of(self.database, f"SELECT count(*) FROM ({self._repeats(group)})")[0]

    def _repeats(self, group: tuple[str, ...]) -> str:
        """SQL for the values that occur more than once, and how often (a column name that no schema can have)."""
        columns = ", ".join(identifier(name) for name in group)
        return (
            f'SELECT {columns}, count(*) AS " times" FROM {self.source} WHERE {_all_present(group)} '
            f"GROUP BY {columns} HAVING count(*) > 1"
        )

    def _widest(self) -> int:
        return min(WIDEST_BITMAP, 8 * self.bitmap_bytes)

    def _examples(self, query: str) -> str:
        rows = self.database.execute(query).fetchall()
        return ", ".join(_shown(row[0]) if len(row) == 1 else f"({', '.join(map(_shown, row))})" for row in rows)

    def _short(self, file: Path) -> str:
        return file.relative_to(self.directory).as_posix()

    def _finding(self, code: str, found: str, expected: str = "") -> Finding:
        return Finding(code, path=str(self.directory), found=found, expected=expected)


def _shown(value: Any) -> str:
    """A value as a message shows it; a time as it stands in a CSV file."""
    if isinstance(value, date):
        return f"{value.isoformat()}Z" if isinstance(value, datetime) else value.isoformat()
    return quoted(value)


def _set_bits(value: str, span: _Span) -> str:
    """SQL for the number of different integers of an expression in a span: each sets one bit of a bitmap."""
    return f"bit_count(bitstring_agg({value}, {span.low}, {span.high}))"


def _different(group: tuple[str, ...]) -> tuple[str, str]:
    """SQL for the number of rows, and of the different values of a key in them; of several columns their hashes."""
    columns = ", ".join(identifier(name) for name in group)
    return "count(*)", f"count(DISTINCT {columns if len(group) == 1 else f'hash({columns})'})"


def _all_present(group: tuple[str, ...]) -> str:
    return " AND ".join(f"{identifier(name)} IS NOT NULL" for name in group)


def _referenced(entry: TableEntry, tables: Sequence[TableEntry]) -> set[str]:
    """The columns of a table that foreign keys of any table refer to."""
    return {key.to_column for table in tables for key in table.foreign_keys if key.table == entry.name}
