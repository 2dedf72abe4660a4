"""A DuckDB for SQL of a document: a process of its own, one thread, no files but those it is given, limits of memory and time."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datagen.errors import Finding, MachineError, SchemaError
from datagen.sql.grammar import Fault
from datagen.sql.process import Answer, Process, TooMuchError, give_back, take
from datagen.sql.process import QueryError as QueryError
from datagen.sql.spelling import identifier, literal

PLAN_MEMORY = 256 << 20  # bytes, for reading and binding a text
PLAN_SECONDS = 20.0
RUN_SECONDS = 1800.0  # of one query; it bounds what never ends, and nothing that does end depends on it
ROOM = 256 << 20  # bytes beyond the limit of memory that are no reason to stop
LONGEST = 100_000  # characters of a text
CELL = 16  # bytes of a value in memory, about
ROOMY = 8  # times that tables fit into the memory before they are held there: what is made of them has to fit as well
SQL_TYPES = {
    "int": "BIGINT", "float": "DOUBLE", "string": "VARCHAR", "bool": "BOOLEAN", "datetime": "TIMESTAMP", "date": "DATE",
}  # fmt: skip


class Database:
    """A database in a process of its own (`sql/process.py`), asked like a connection of DuckDB."""

    def __init__(self, process: Process, memory: int) -> None:
        self.process = process
        self.memory = memory
        self.seconds = RUN_SECONDS

    def execute(self, text: str, given: Sequence[str] = ()) -> Answer:
        """Run one statement. Raises QueryError, SchemaError "sql.too_long", MachineError "sql.memory"."""
        try:
            return self.process.ask("run", text, list(given)) if given else self.process.ask("run", text)
        except TooMuchError as error:
            raise too_much(error.what, self.seconds, self.memory) from error


def too_much(what: str, seconds: float, memory: int) -> SchemaError | MachineError:
    """What to say of a query that has taken too much "time" or "memory"."""
    if what == "memory":
        found = f"a query that does not fit into {memory / 1e6:,.0f} MB"
        hint = "give more with --memory, or make the query smaller"
        return MachineError(Finding("sql.memory", found=found, hint=hint))
    found = f"a query that has not ended after {seconds:,.0f} s"
    return SchemaError(Finding("sql.too_long", found=found, expected="a query that ends"))


@contextmanager
def sql_database(
    directory: Path | None = None, *, readable: Sequence[Path] = (), memory: int = PLAN_MEMORY, cells: int = 0
) -> Iterator[Database]:
    """An empty database that reads files below `readable` only; what does not fit into memory goes to `directory`.

    One thread: floats are added up in the order of the rows, and rows keep their order. memory: bytes that DuckDB counts.
    It does not count long texts: the system lets the process have no more than twice as much, and `limits` end it before.
    cells: values that it will be given. Tables that fit into the memory many times are held there, others in a file of the
    directory, which takes longer; without a directory all is in memory.
    """
    small = cells * CELL * ROOMY <= memory
    place = ":memory:" if directory is None or small else os.fspath(directory / "work-database")
    config = {
        "threads": 1,
        "memory_limit": f"{memory // 1024}KiB",
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }
    settings = ["TimeZone = 'UTC'"]
    if directory is not None:
        settings.append(f"temp_directory = {literal(os.fspath(directory / 'spill-over'))}")
    if readable:
        listed = ", ".join(literal(os.fspath(path)) for path in readable)
        settings.append(f"allowed_directories = [{listed}]")
    settings += ["enable_external_access = false", "lock_configuration = true"]
    process = take()
    try:
        try:
            process.ask("open", place, config, [f"SET {setting}" for setting in settings], 2 * memory + ROOM)
        except QueryError as error:
            found = f"a database for queries: {first_line(error)}"
            raise MachineError(Finding("disk.error", path=place, found=found)) from error
        except TooMuchError as error:
            found = "a process for queries that ended before it had its database"
            hint = "was it killed? Else give more with --memory"
            raise MachineError(Finding("sql.memory", found=found, hint=hint)) from error
        yield Database(process, memory)
    finally:
        give_back(process)


@contextmanager
def limits(database: Database, seconds: float) -> Iterator[None]:
    """Queries inside are ended after so many seconds, or when their process has grown by far more than its memory.

    Raises SchemaError "sql.too_long", MachineError "sql.memory".
    """
    process = database.process
    process.until, process.most = time.monotonic() + seconds, process.resident() + database.memory + ROOM
    database.seconds = seconds
    try:
        yield
    finally:
        process.until = process.most = None


def parsed(connection: Database, text: str) -> Any | Fault:
    """The tree of the one query in a text as DuckDB reads it, or what is wrong with it."""
    if len(text) > LONGEST:
        return Fault("sql.too_large", f"{len(text):,} characters", f"at most {LONGEST:,}")
    if "\0" in text:
        return Fault("sql.syntax", "a text with the character U+0000", "one SELECT")
    try:
        [row] = connection.execute("select json_serialize_sql(?)", [text]).fetchall()
        facts = json.loads(row[0])
    except (QueryError, RecursionError) as error:
        return Fault("sql.syntax", first_line(error), "one SELECT")
    if facts["error"]:
        if facts["error_type"] == "not implemented":
            return Fault("sql.not_select", "a statement that is no SELECT", "one SELECT … ORDER BY …")
        hint = "a name that is a word of SQL stands in double quotes"
        return Fault("sql.syntax", _with_place(facts, text), "one SELECT as DuckDB reads it", hint)
    if len(facts["statements"]) != 1:
        return Fault("sql.not_select", f"{len(facts['statements'])} statements", "one SELECT")
    return facts["statements"][0]["node"]


def written(connection: Database, tree: Any) -> str:
    """The text of a tree as DuckDB writes it. What runs is this text, so it is parsed and checked again by the caller."""
    whole = {"error": False, "statements": [{"node": tree, "named_param_map": []}]}
    [row] = connection.execute("select json_deserialize_sql(?::json)", [json.dumps(whole)]).fetchall()
    return str(row[0])


def create_table(connection: Database, name: str, types: Mapping[str, str]) -> None:
    """An empty table. types: of its columns, as the document names them."""
    columns = ", ".join(f"{identifier(column)} {SQL_TYPES[kind]}" for column, kind in types.items())
    connection.execute(f"create table {identifier(name)} ({columns})")


def out_of_memory(directory: Path, memory: int, error: BaseException, who: str) -> MachineError:
    """What to say where DuckDB has no room: on the disk, or in memory."""
    text = str(error)
    if os.strerror(errno.ENOSPC) in text or "max_temp_directory_size" in text:
        found = f"no space left on the device for {who}"
        return MachineError(Finding("disk.full", path=os.fspath(directory), found=found, hint="free some space"))
    found = f"{who} does not fit into {memory / 1e6:,.0f} MB"
    return MachineError(Finding("sql.memory", found=found, hint="give more with --memory, or make the query smaller"))


def first_line(error: BaseException) -> str:
    """What DuckDB says is wrong, in its first line, without the sort of error before it."""
    line = str(error).strip().split("\n")[0]
    head, colon, rest = line.partition(": ")
    return rest if colon and head.endswith("Error") else line


def _with_place(facts: Mapping[str, Any], text: str) -> str:
    message = str(facts["error_message"]).split("\n")[0]
    place = str(facts.get("position", ""))
    if not place.isdigit():
        return message
    before = text.encode()[: int(place)].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"{message} (line {line}, column {column} of the SQL)"
