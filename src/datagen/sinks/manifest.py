"""The manifest: what a published data set is, file by file and column by column, so that anyone can check it later.

`manifest.json` holds no clock and no host: the same schema, seed and data version give the same manifest. What changes
from run to run (time, machine, versions of libraries) is in `run.json`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from datagen.errors import Finding, MachineError, UsageError
from datagen.sinks.disk import disk_errors
from datagen.structures import check_tree
from datagen.version import DATA_VERSION, __version__

NAME = "manifest.json"
FORMAT_VERSION = 1
LARGEST = 64 << 20  # bytes; a manifest of 100,000 files is half of that
FORMATS = ("parquet", "csv", "ndjson", "csv.gz", "ndjson.gz")
TYPES = ("int", "float", "string", "bool", "datetime", "date", "nested")
RUN_FILES = ("run.json", "log.jsonl")  # beside the manifest, different in every run
CELLS = (
    "table",
    "key",
    "column",
    "kind",
    "clean_value",
    "dirty_value",
)  # columns of the ledger of imperfections, all texts
PROFILE = "data_profile.html"
SUMMARY = "run_summary.json"
SIDE_FILES = (SUMMARY, "assumptions.md", "generation_notes.md", PROFILE)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file. name: its path in the data set, with slashes; sha256 in hexadecimal."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    """One column. type: int, float, string, bool, datetime, date or nested; precision: of a datetime, s, ms or us.

    structure: of a nested one, what it holds (see `datagen.structures`).
    """

    name: str
    type: str
    nullable: bool = False
    role: str | None = None
    precision: str | None = None
    structure: Any = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`column` of this table holds values of `to_column` of `table`.

    agree: (column here, column there) that have the same value in a row and in the row it points to.
    """

    column: str
    table: str
    to_column: str
    agree: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table, its rows in the order of its files. unique: groups of columns that repeat in no two rows.

    sums: 32 hexadecimal digits per column, see `datagen.kernel.content_hash`.
    """

    name: str
    rows: int
    columns: tuple[ColumnEntry, ...]
    files: tuple[FileFacts, ...] = ()
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    sums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole data set."""

    name: str
    seed: int
    schema_hash: str
    fingerprint: str  # of the plan
    format: str  # csv, parquet, ndjson
    gate: str  # structural, all, none
    content_hash: str
    tables: tuple[TableEntry, ...]
    side_files: tuple[FileFacts, ...] = ()
    packs: Mapping[str, str] = field(default_factory=dict)
    program_version: str = __version__
    data_version: int = DATA_VERSION
    format_version: int = FORMAT_VERSION
    complete: bool = True
    clean: bool = False  # made without the imperfections that the schema declares
    truth_of: str | None = None  # of a truth set: the content hash of the data that it tells of

    @property
    def files(self) -> tuple[FileFacts, ...]:
        """Every file that the manifest answers for."""
        return (*(file for table in self.tables for file in table.files), *self.side_files)

    def as_dict(self) -> dict[str, Any]:
        """The manifest as JSON-ready facts, those that say nothing left out of columns."""
        facts = {"program": "datagen", **asdict(self)}
        for table in facts["tables"]:
            table["columns"] = [{k: v for k, v in column.items() if v is not None} for column in table["columns"]]
            table["foreign_keys"] = [{k: v for k, v in key.items() if v != ()} for key in table["foreign_keys"]]
        if not self.clean:
            del facts["clean"]
        if self.truth_of is None:
            del facts["truth_of"]
        return facts


def write_manifest(manifest: Manifest, directory: Path) -> None:
    """Write `manifest.json`, the last file of a data set."""
    write_text(directory, NAME, json.dumps(manifest.as_dict(), ensure_ascii=False, indent=1) + "\n")


def write_text(directory: Path, name: str, text: str) -> FileFacts:
    """Write one side file, or write it anew; gives its facts, with no rows."""
    path = directory / name
    raw = text.encode()
    with disk_errors("writing", path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            done = 0
            while done < len(raw):
                done += os.write(descriptor, raw[done:])
        finally:
            os.close(descriptor)
    return FileFacts(name, 0, len(raw), hashlib.sha256(raw).hexdigest())


def run_summary(tables: tuple[TableEntry, ...], **facts: Any) -> str:
    """The text of `run_summary.json`: rows per table, and what else is told of the run."""
    summary = {"tables": {table.name: table.rows for table in tables}, **facts}
    return json.dumps(summary, ensure_ascii=False, indent=1, default=str) + "\n"


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a published data set.

    Raises UsageError where there is none or where it is not one of ours, MachineError where it cannot be read.
    """
    path = directory / NAME
    try:
        with disk_errors("reading", path), path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except MachineError as error:
        if not isinstance(error.__cause__, (FileNotFoundError, NotADirectoryError)):
            raise
        found = f"no {NAME}" if directory.is_dir() else "no such directory"
        expected = "a directory that `datagen generate` has published"
        finding = Finding("manifest.missing", path=os.fspath(directory), found=found, expected=expected)
        raise UsageError(finding) from None
    return parse_manifest(raw, path)


def parse_manifest(raw: bytes, path: Path) -> Manifest:
    """The manifest in some bytes. Raises UsageError with what is wrong with them."""

    def refused(found: str, code: str = "manifest.invalid", hint: str = "") -> UsageError:
        way_out = "make the data again, or remove it and judge the files: datagen check DIR --schema SCHEMA"
        expected = "a manifest that `datagen generate` has written"
        return UsageError(Finding(code, path=os.fspath(path), found=found, expected=expected, hint=hint or way_out))

    if len(raw) > LARGEST:
        raise refused(f"more than {LARGEST >> 20} MiB")
    try:
        facts = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise refused(f"not a JSON document: {error}") from None
    if not isinstance(facts, dict) or facts.pop("program", None) != "datagen":
        raise refused("not a manifest of Datagen")
    version = facts.get("format_version")
    if version != FORMAT_VERSION:
        hint = "update the program"
        raise refused(f"format {version!r}, this program reads {FORMAT_VERSION}", "manifest.format_version", hint)
    try:
        manifest = _manifest(facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise refused(f"a part is missing or of the wrong kind: {error}") from None
    if not manifest.complete:
        raise refused("the data set is not complete")
    for file in manifest.files:
        if not inside(file.name):
            raise refused(f"the file name {file.name!r} leaves the data set")
    return manifest


def inside(name: str) -> bool:
    """Whether a file name of a manifest stays in the directory: one or two plain names, `orders/part-00000.csv`."""
    pieces = name.split("/")
    return len(pieces) <= 2 and all(piece and not piece.startswith(".") and "\0" not in piece for piece in pieces)


def _manifest(facts: dict[str, Any]) -> Manifest:
    facts["tables"] = tuple(_table(table) for table in facts["tables"])
    facts["side_files"] = tuple(_file(file) for file in facts["side_files"])
    manifest = Manifest(**facts)
    _expect(manifest, name=str, seed=int, content_hash=str, data_version=int, complete=bool, clean=bool)
    if manifest.truth_of is not None:
        _expect(manifest, truth_of=str)
    if manifest.format not in FORMATS:
        raise ValueError(f"format {manifest.format!r}")
    return manifest


def _table(facts: dict[str, Any]) -> TableEntry:
    facts["columns"] = tuple(ColumnEntry(**column) for column in facts["columns"])
    facts["files"] = tuple(_file(file) for file in facts["files"])
    facts["primary_key"] = tuple(facts["primary_key"])
    facts["unique"] = tuple(tuple(group) for group in facts["unique"])
    facts["foreign_keys"] = tuple(
        ForeignKey(**{**key, "agree": tuple((str(own), str(their)) for own, their in key.get("agree", ()))})
        for key in facts["foreign_keys"]
    )
    table = TableEntry(**facts)
    _expect(table, name=str, rows=int, sums=dict)
    for column in table.columns:
        _expect(column, name=str, nullable=bool)
        if column.type not in TYPES:
            raise ValueError(f"column type {column.type!r}")
        if column.structure is not None:
            check_tree(column.structure)
    for key in table.foreign_keys:
        _expect(key, column=str, table=str, to_column=str)
    names = {column.name for column in table.columns}
    if not names.issuperset([*table.primary_key, *(name for group in table.unique for name in group)]):
        raise ValueError(f"a key of table {table.name!r} that is not a column")
    return table


def _file(facts: dict[str, Any]) -> FileFacts:
    file = FileFacts(**facts)
    _expect(file, name=str, rows=int, bytes=int, sha256=str)
    return file


def _expect(entry: object, **kinds: type) -> None:
    for name, kind in kinds.items():
        if type(getattr(entry, name)) is not kind:
            raise TypeError(f"{name} is not of type {kind.__name__}")
