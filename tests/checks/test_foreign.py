"""`check` on data of somebody else's: each fault is one finding that says place, found, expected and what to do."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.checks.broken import judged, linked, publish

from datagen.checks.unreadable import why
from datagen.errors import UsageError

LIST: dict[str, Any] = {
    "name": "list",
    "tables": [
        {"name": "people", "rows": 5, "columns": {"name": {"choices": ["a", "b"]}, "age": {"uniform": {"low": 1, "high": 9}, "type": "int"}}},
    ],
}  # fmt: skip
COLUMNS = "columns: people_id, name, age"
THERE = "the table people is there, in people.parquet, .csv or .ndjson"
READ = "the files of people can be read"
Write = Callable[[Path, bytes], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(LIST, tmp_path_factory.mktemp("whole") / "list")


def file(name: str, change: Callable[[bytes], bytes]) -> Write:
    """The table under another name, with other bytes."""
    return lambda place, raw: (place / name).write_bytes(change(raw)) and None


def both(place: Path, raw: bytes) -> None:
    (place / "people.csv").write_bytes(raw)
    (place / "people.ndjson").write_text('{"people_id": 1, "name": "a", "age": 3}\n')


def objects(last: str) -> Write:
    return file("people.ndjson", lambda raw: ('{"people_id": 1, "name": "a", "age": 3}\n' + last + "\n").encode())


CASES: list[tuple[str, Write, str, str, str, str]] = [
    ("capital letters", file("people.csv", lambda raw: raw.replace(b"people_id,name,age", b"PEOPLE_ID,Name,AGE")), "structure.columns", "people: people.csv names them PEOPLE_ID, Name, AGE", COLUMNS, "names are spelled as the schema spells them: small and capital letters differ"),
    ("semicolons", file("people.csv", lambda raw: raw.replace(b",", b";")), "structure.columns", "people: people.csv has one column, people_id;name;age: its columns are separated by semicolons", COLUMNS, "separate them by commas"),
    ("no header", file("people.csv", lambda raw: raw.partition(b"\n")[2].replace(b"a", b"xyz")), "structure.columns", "people: people.csv begins with", COLUMNS, "the first line of a CSV file names its columns"),
    ("other data", file("people.csv", lambda raw: b"a,b\n" + b"1,2\n" * 5), "structure.columns", "people: people.csv has none of them, but a, b", COLUMNS, "are these the data of another schema?"),
    ("two formats", both, "structure.table", "people: people.csv and people.ndjson: the table in two formats", THERE, "csv was judged: remove the others"),
    ("a list", objects("[2]"), "structure.unreadable", "people: people.ndjson: line 2 is a list, not an object: [2]", READ, 'every line is one object, such as {"id": 1, "name": "Ada"}'),
    ("no JSON", objects("hello"), "structure.unreadable", "people: people.ndjson: line 2 is no JSON", READ, 'every line is one object, such as {"id": 1, "name": "Ada"}'),
    ("packed", file("people.csv.zip", bytes), "structure.table", "people: no files that can be read, but people.csv.zip", THERE, "unpack it: unzip people.csv.zip"),
    ("half packed", file("people.csv.gz", lambda raw: gzip.compress(raw)[:-12]), "structure.unreadable", "people: people.csv.gz: this is no gzip, or not all of it", READ, "pack it again with gzip"),
    ("not packed", file("people.csv.gz", bytes), "structure.unreadable", "people: people.csv.gz: this is no gzip, or not all of it", READ, "pack it again with gzip"),
    ("packed under a plain name", file("people.csv", gzip.compress), "structure.unreadable", "people: people.csv: this is packed with gzip", READ, "name it people.csv.gz"),
    ("packed and in capitals", file("PEOPLE.csv.gz", gzip.compress), "structure.table", "people: no files that can be read, but PEOPLE.csv.gz", THERE, "name it people.csv.gz: names are spelled as the schema spells them"),
    ("another name", file("People.csv", bytes), "structure.table", "people: no files that can be read, but People.csv", THERE, "name it people.csv: names are spelled as the schema spells them"),
    ("another format", file("people.xlsx", bytes), "structure.table", "people: no files that can be read, but people.xlsx", THERE, "write it as people.parquet, people.csv or people.ndjson"),
    ("no Parquet", file("people.parquet", bytes), "structure.unreadable", "people: people.parquet: this is no Parquet file", READ, "write it again as Parquet"),
]  # fmt: skip


def test_a_line_without_end_is_quoted_in_part() -> None:
    line = "x," * 5_000
    for said in (f"CSV Error on Line: 2; Original Line: {line}; Expected Number of Columns: 3 Found: 5001", line):
        told, _ = why(ValueError(said), (Path("people.csv"),))
        assert told.startswith("people.csv: ")
        assert len(told) < 600


@pytest.mark.parametrize(
    ("write", "code", "found", "expected", "hint"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_fault_of_foreign_data_is_one_finding(
    whole: Path, tmp_path: Path, write: Write, code: str, found: str, expected: str, hint: str
) -> None:
    place = linked(whole, tmp_path / "list")
    raw = (place / "people.csv").read_bytes()
    for path in place.iterdir():
        path.unlink()
    write(place, raw)
    failed = judged(place, LIST).report.failed
    [finding] = [one.finding() for one in failed if one.code != "structure.row_count"]
    assert (finding.code, finding.expected, finding.hint) == (code, expected, hint)
    assert finding.found.startswith(found)


def test_a_manifest_that_is_none_says_what_to_do(whole: Path, tmp_path: Path) -> None:
    place = linked(whole, tmp_path / "list")
    (place / "manifest.json").unlink()
    (place / "manifest.json").write_text("hello")
    with pytest.raises(UsageError) as refused:
        judged(place, LIST)
    [finding] = refused.value.findings
    assert (finding.code, finding.path) == ("manifest.invalid", str(place / "manifest.json"))
    assert finding.expected == "a manifest that `datagen generate` has written"
    assert "remove it and judge the files" in finding.hint
