"""The written files as a locked database sees them: tables, and what sort of thing each column is.

What a column is follows from its type, its keys, its number of values and its role, which the manifest tells as a data
dictionary would; nothing here knows how a value was made.
"""

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from datagen.checks.database import locked_database, table_source
from datagen.checks.unreadable import UnreadableError, unpackable
from datagen.errors import Finding, UsageError, listed
from datagen.sinks.manifest import Manifest, TableEntry, read_manifest
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

Kind = Literal["key", "number", "category", "time", "text", "nested"]
FEW = 12  # values of a column that groups are made by
MANY = 40  # values of a column that are shown one by one
ROW = "#row"  # a column that no schema has: the place of a row in a table without a key of one column
FAR = 3  # keys to follow from a row
PLACES = frozenset(
    {"position", "stage_index", "period", "level", "journey", "is_current"}
)  # roles of numbers that count
PROCESS = frozenset(
    {"state", "previous_state", "stage", "is_current", "period"}
)  # roles of columns with pictures of their own


@dataclass(frozen=True, slots=True)
class Column:
    """A written column. distinct: its values, exact where there are at most `MANY`, else estimated."""

    table: str
    name: str
    type: str
    kind: Kind
    nulls: int
    distinct: int
    exact: bool
    role: str | None = None
    low: Any = None
    high: Any = None

    @property
    def sql(self) -> str:
        return identifier(self.name)


@dataclass(frozen=True, slots=True)
class Way:
    """From the rows of a table to one row of another each: (table, key column, next table, its column) hops."""

    home: str
    hops: tuple[tuple[str, str, str, str], ...] = ()

    @property
    def end(self) -> str:
        return self.hops[-1][2] if self.hops else self.home

    @property
    def alias(self) -> str:
        return f"a{len(self.hops)}" if self.hops else "t"

    @property
    def joins(self) -> str:
        """SQL from the rows, `t`, outwards to `a1`, `a2`, …"""
        text = f"{identifier(self.home)} t"
        for place, (_, key, table, column) in enumerate(self.hops):
            left = f"a{place}" if place else "t"
            on = f"{left}.{identifier(key)} = a{place + 1}.{identifier(column)}"
            text += f" join {identifier(table)} a{place + 1} on {on}"
        return text


class Files:
    """A published data set, open for questions. Every figure is an exact aggregate unless it says `about`."""

    def __init__(self, manifest: Manifest, database: duckdb.DuckDBPyConnection) -> None:
        self.manifest = manifest
        self.database = database
        self.entries: Mapping[str, TableEntry] = {table.name: table for table in manifest.tables}
        self._read: dict[str, int] = {}
        self.columns: Mapping[str, Mapping[str, Column]] = {
            name: self._look_at(one) for name, one in self.entries.items()
        }
        times = [self.time_of(name) for name in self.entries]
        own = [one for one in times if one is not None]
        told = [one for one in own if one.role in ("time", "created")] or own
        self.first = min((moment(one.low) for one in told), default=None)
        self.last = max((moment(one.high) for one in told), default=None)

    def ask(self, text: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.database.execute(text, values).fetchall() if values else self.database.execute(text).fetchall()

    def one(self, text: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """The only row of a query."""
        [row] = self.ask(text, values)
        return row

    def span(self, time: Column) -> tuple[datetime.datetime, datetime.datetime]:
        """From when to when the data go, as far as a column of times tells too."""
        low, high = moment(time.low), moment(time.high)
        return min(low, self.first or low), max(high, self.last or high)

    def rows(self, table: str) -> int:
        return self.entries[table].rows

    def other_rows(self) -> str:
        """The tables with more or fewer rows than their manifest says: no share and no end of theirs would be right."""
        wrong = {name: rows for name, rows in self._read.items() if rows != self.rows(name)}
        return listed([f"{name}: {rows:,} rows, not {self.rows(name):,}" for name, rows in wrong.items()], most=5)

    def key_of(self, table: str) -> str | None:
        """The one column that names a row."""
        entry = self.entries[table]
        return entry.primary_key[0] if len(entry.primary_key) == 1 else None

    def time_of(self, table: str) -> Column | None:
        """When a row happened or began: by its role, else the first column with times in it."""
        times = [column for column in self.columns[table].values() if column.kind == "time" and column.low is not None]
        told = [column for role in ("time", "created") for column in times if column.role == role]
        return next(iter((*told, *times)), None)

    def born(self, table: str) -> Column | None:
        """When a row of an entity came to be."""
        times = [column for column in self.columns[table].values() if column.kind == "time" and column.low is not None]
        told = [column for column in times if column.role == "created"]
        return next(iter((*told, *(column for column in times if not column.nulls))), None)

    def ways(self, table: str) -> list[Way]:
        """The rows themselves, then every table that keys lead to, by the shortest way."""
        found, waiting, reached = [Way(table)], [Way(table)], {table}
        while waiting:
            way = waiting.pop(0)
            for key in self.entries[way.end].foreign_keys if len(way.hops) < FAR else ():
                if key.table not in reached and key.table in self.entries:
                    reached.add(key.table)
                    further = Way(table, (*way.hops, (way.end, key.column, key.table, key.to_column)))
                    found.append(further)
                    waiting.append(further)
        return found

    def segments(self, table: str) -> list[Column]:
        """Columns with few values by which somebody would group rows."""
        return [
            column for column in self.columns[table].values()
            if column.kind == "category" and 2 <= column.distinct <= FEW and column.exact and column.role not in PROCESS | PLACES
        ]  # fmt: skip

    def measures(self, table: str) -> list[Column]:
        """Columns of numbers that somebody would average."""
        return [
            column for column in self.columns[table].values()
            if column.type in ("int", "float") and column.kind != "key" and column.role not in PLACES and column.distinct > 1
        ]  # fmt: skip

    def _look_at(self, entry: TableEntry) -> dict[str, Column]:
        name = identifier(entry.name)
        asked = ["count(*)"]
        for one in entry.columns:
            column = identifier(one.name)
            ends = one.type in ("int", "float", "datetime", "date")
            asked += [
                f"count({column})", f"approx_count_distinct({column})",
                f"min({column})" if ends else "null", f"max({column})" if ends else "null",
            ]  # fmt: skip
        row = self.one(f"select {', '.join(asked)} from {name}")
        self._read[entry.name] = row[0]
        keys = {*entry.primary_key, *(group[0] for group in entry.unique if len(group) == 1)}
        away = {key.column for key in entry.foreign_keys}
        found = {}
        for place, one in enumerate(entry.columns):
            count, about, low, high = row[1 + 4 * place : 5 + 4 * place]
            distinct, exact = about, False
            if (one.name,) in entry.unique:
                distinct, exact = count, True  # the gate has proved it
            elif about <= 2 * MANY and one.type != "nested":
                [distinct] = self.one(f"select count(distinct {identifier(one.name)}) from {name}")
                exact = True
            kind = _kind(one.type, distinct, exact, is_key=one.name in keys, leads_away=one.name in away)
            found[one.name] = Column(
                entry.name, one.name, one.type, kind, row[0] - count, int(distinct), exact, one.role, low, high
            )
        return found


def _kind(type: str, distinct: int, exact: bool, *, is_key: bool, leads_away: bool) -> Kind:
    if type == "nested":
        return "nested"
    if type in ("datetime", "date"):
        return "time"
    if is_key or (leads_away and not (type == "string" and exact and distinct <= FEW)):
        return "key"
    if type == "bool" or (type == "string" and exact and distinct <= MANY):
        return "category"
    return "text" if type == "string" else "number"


@contextmanager
def open_files(
    directory: Path, *, manifest: Manifest | None = None, memory: int, threads: int = 1
) -> Iterator[Files]:  # fmt: skip
    """A published data set for questions, in bounded memory; text files are read once.

    manifest: of files that are not published yet. memory: bytes. Raises UsageError where there is no data set or where it
    cannot be read as its manifest says, MachineError for the machine.
    """
    import _duckdb as duckdb

    manifest = manifest or read_manifest(directory)
    if manifest.truth_of is not None:
        found = "a truth set, not a data set"
        raise UsageError(
            Finding("report.truth_set", path=os.fspath(directory), found=found, hint="report on the data beside it")
        )
    place = directory.resolve()
    with (
        tempfile.TemporaryDirectory(prefix="datagen-report-") as scratch,
        locked_database(place, memory=memory, threads=threads, scratch=Path(scratch) / "scratch") as database,
    ):
        try:
            for table in manifest.tables:
                unpackable([place / file.name for file in table.files])
                what = "view" if manifest.format == "parquet" else "table"
                reader = table_source(place, table, manifest.format)
                number = "" if len(table.primary_key) == 1 else f", row_number() over () as {identifier(ROW)}"
                database.execute(f"create {what} {identifier(table.name)} as select *{number} from {reader}")
            files = Files(manifest, database)  # reads every value once, so that what cannot be read shows here
        except duckdb.OutOfMemoryException:
            raise  # the database says how
        except (duckdb.Error, UnreadableError) as error:
            raise _unreadable(directory, str(error).strip().split("\n")[0][:300]) from error
        if changed := files.other_rows():
            raise _unreadable(directory, changed)
        yield files


def _unreadable(directory: Path, line: str) -> UsageError:
    expected = "files as their manifest describes them"
    hint = f"datagen verify {directory} says which file was changed"
    return UsageError(Finding("report.unreadable", path=os.fspath(directory), found=line, expected=expected, hint=hint))


def moment(value: datetime.date) -> datetime.datetime:
    """A time of a query; of a date its midnight."""
    if isinstance(value, datetime.datetime):
        return value
    return datetime.datetime(value.year, value.month, value.day)


def plain(value: Any) -> Any:
    """A value of a query as JSON holds it: times as ISO texts, floats rounded to 8 digits."""
    if isinstance(value, float):
        return float(f"{value:.8g}") if value == value and abs(value) != float("inf") else None
    if value is None or isinstance(value, int | str | bool):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def names(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns]
